"""What an operator does about an agency that cannot be reached, by why it cannot."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nagorik.errors import ContractViolation, CredentialsRejected
from nagorik_platform.agency_client.retry_table import Failure

_MEANWHILE: Final = "It is probed now and then; its queue waits and drains at its pace."
_CERTIFICATE: Final = "Nothing is sent until its certificate is good: never switch the check off."

_NEW_ONES: Final = "put them into its settings, then: nagorik settings reload."
_SELDOM: Final = (
    "Until then they are tried three times more on the first day and once on each other, since some agencies lock an"
    " account; the queue waits and loses nothing. If the agency takes the same ones again: nagorik agencies"
    " --try-again ID. সংস্থা এই প্ল্যাটফর্মের পরিচয় গ্রহণ করেনি। সেটিংসে নতুন পাসওয়ার্ড বা সনদ বসিয়ে nagorik settings reload"
    " চালান; সংস্থা আগেরটিই আবার মেনে নিলে nagorik agencies --try-again ID। এর মধ্যে দিনে কয়েকবারের বেশি চেষ্টা করা হয় না,"
    " যাতে অ্যাকাউন্ট বন্ধ না হয়; আবেদনগুলো অপেক্ষায় থাকে, কিছুই হারায় না।"
)

_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Failure.NAME_NOT_FOUND: "Its name is not known. Compare base_url in the settings with what the agency says.",
        Failure.NAME_LOOKUP: "This machine's resolver does not answer. Look at its DNS settings and its network.",
        Failure.CONNECTION_REFUSED: "Nobody listens at its port. Call the agency; if it has moved, change base_url.",
        Failure.UNREACHABLE: "There is no way to its network. Look at this machine's routes, firewall and VPN.",
        Failure.NO_SOCKET: "This machine has no more sockets or open files. Raise their limit.",
        Failure.CERTIFICATE_EXPIRED: f"Ask the agency to renew its certificate. {_CERTIFICATE}",
        Failure.CERTIFICATE_NOT_YET_VALID: f"Look at this machine's clock, then call the agency. {_CERTIFICATE}",
        Failure.CERTIFICATE_ISSUER: f"Ask the agency which authority signs for it. {_CERTIFICATE}",
        Failure.CERTIFICATE_WRONG_HOST: f"Compare base_url with the name in the agency's certificate. {_CERTIFICATE}",
        Failure.CERTIFICATE: f"Call the agency. {_CERTIFICATE}",
        Failure.CLIENT_CERTIFICATE: "It does not take this platform's certificate. Compare the settings client_*,"
        " then ask the agency which one it has registered.",
        Failure.TLS: "Its port does not speak TLS as this machine does. Compare base_url, then call the agency.",
        Failure.CONNECT_TIMEOUT: "It does not answer, or a firewall is silent. Call the agency; look at the VPN.",
        ContractViolation.code: "It answers what nobody expects. Look at its page, then tell the plugin's owner.",
    }
)
_OF_CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CredentialsRejected.code: "It does not accept this platform's credentials. Compare them with what it has"
        f" issued; ask it for others if need be, {_NEW_ONES}",
        "credentials-expired": "This platform's credentials there, or its certificate, have ended. Ask the agency for"
        f" new ones, {_NEW_ONES}",
        "credentials-revoked": f"It has revoked this platform's credentials. Ask why, and for new ones; {_NEW_ONES}",
        "credentials-wrong": "It does not know this platform's credentials. Compare them with what it has issued,"
        f" {_NEW_ONES}",
        "credentials-address-not-allowed": "It lets nobody in from this machine's address. Ask the agency to add it,"
        " then: nagorik agencies --try-again ID.",
    }
)


def outage_hint(cause: str) -> str:
    """What to do about an outage that began with ``cause``."""
    if cause in _OF_CREDENTIALS:
        return f"{_OF_CREDENTIALS[cause]} {_SELDOM}"
    known = _HINTS.get(cause)
    return f"{known} {_MEANWHILE}" if known else _MEANWHILE
