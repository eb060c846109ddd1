"""What an operator does about an agency that cannot be reached, by why it cannot."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nagorik.errors import ContractViolation, CredentialsRejected
from nagorik_platform.agency_client.retry_table import Failure

_MEANWHILE: Final = "It is probed now and then; its queue waits and drains at its pace."
_SELDOM: Final = (
    "Put the new ones into its settings, then: nagorik settings reload. Until then they are tried three times more on"
    " the first day and once on each other, since some agencies lock an account; nothing is lost. If"
    " the agency takes the same ones again: nagorik agencies --try-again ID. সংস্থা এই প্ল্যাটফর্মের পরিচয় গ্রহণ করেনি।"
    " সেটিংসে নতুন পাসওয়ার্ড বা সনদ বসিয়ে nagorik settings reload চালান; আবেদনগুলো অপেক্ষায় থাকে, কিছুই হারায় না।"
)
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Failure.NAME_NOT_FOUND: "Its name is not known. Compare base_url in the settings with what the agency says.",
        Failure.NAME_LOOKUP: "This machine's resolver does not answer. Look at its DNS settings and its network.",
        Failure.CONNECTION_REFUSED: "Its port is closed. Call the agency; if it has moved, change base_url.",
        Failure.UNREACHABLE: "There is no way to its network. Look at this machine's routes, firewall and VPN.",
        Failure.NO_SOCKET: "This machine has no more sockets or open files. Raise their limit.",
        Failure.CERTIFICATE_EXPIRED: "Ask the agency to renew its certificate. Never switch the check off.",
        Failure.CERTIFICATE_NOT_YET_VALID: "Look at this machine's clock, then call the agency for its certificate.",
        Failure.CERTIFICATE_ISSUER: "Ask which authority signs its certificate. Never switch the check off.",
        Failure.CERTIFICATE_WRONG_HOST: "Compare base_url with the name in the agency's certificate.",
        Failure.CERTIFICATE: "Call the agency about its certificate. Never switch the check off.",
        Failure.CLIENT_CERTIFICATE: "Compare the settings client_* with the certificate that is registered there.",
        Failure.TLS: "Its port does not speak TLS as this machine does. Compare base_url, then call the agency.",
        Failure.CONNECT_TIMEOUT: "It does not answer, or a firewall is silent. Call the agency; look at the VPN.",
        ContractViolation.code: "Its response has another form. Report it to the plugin's owner.",
    }
)
_OF_CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        CredentialsRejected.code: "Compare this platform's credentials there with what the agency has issued.",
        "credentials-expired": "This platform's credentials there, or its certificate, have ended. Ask for new ones.",
        "credentials-revoked": "The agency has revoked this platform's credentials. Ask why, and for new ones.",
        "credentials-wrong": "The agency does not know these credentials. Compare them with what it issued.",
        "credentials-address-not-allowed": "Ask the agency to let this machine's address in.",
    }
)


def outage_hint(cause: str) -> str:
    """What to do about an outage that began with ``cause``."""
    if cause in _OF_CREDENTIALS:
        return f"{_OF_CREDENTIALS[cause]} {_SELDOM}"
    return " ".join(filter(None, (_HINTS.get(cause), _MEANWHILE)))
