"""Reading a response that is not the one asked for: which failure it is, and which error reports it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    InputRejected,
    Layer,
    NagorikError,
    Outcome,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.http import AgencyResponse, AnswerReader, ErrorReader
from nagorik_platform.agency_client.retry_table import OF_THE_HOST, Failure, parse_retry_after
from nagorik_platform.contract_errors import known_error

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LOGIN: Final = re.compile(r"(?<![a-z0-9])(?:log-?[io]n|sign-?in|sso|oauth2?|auth)(?![a-z0-9])")
"""Words of their own, so that ``/authority/receipts/7`` is no login."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that did not bring what was asked for.

    ``error`` is raised when the outcome is known, ``because`` is the code of an unknown one; ``retry_after`` counts
    the seconds that the agency asks to wait.
    """

    failure: Failure
    error: NagorikError
    because: str
    retry_after: float | None = None


def from_transport(failure: Failure) -> FailedAttempt:
    """A failure below HTTP."""
    if failure is Failure.CONTENT:
        return broken("content-encoding")
    layer = Layer.CORE if failure in OF_THE_HOST else Layer.TRANSPORT
    error: NagorikError = AgencyUnavailable(because=failure.value, layer=layer)
    if failure is Failure.UNEXPECTED:
        error = ContractViolation(failure.value, layer=layer)
    return FailedAttempt(failure, error, failure.value)


def broken(detail: str) -> FailedAttempt:
    """An answer of the right status that cannot be read."""
    return FailedAttempt(Failure.CONTENT, ContractViolation(detail), Failure.CONTENT.value)


def from_plugin(answer: AgencyResponse, error_reader: ErrorReader) -> FailedAttempt | None:
    """What the plugin makes of an answer; ``None`` when it leaves it to the client."""
    try:
        # What a manifest names need not keep to the type.
        read = cast("object", error_reader(answer))
    except Exception:  # noqa: BLE001 - a plugin's code may raise anything, with anything in its text
        return broken("error-reader-raised")
    if read is None:
        return None
    error = known_error(read) if isinstance(read, BaseException) else None
    if error is None:
        return broken("error-reader-wrong-result")
    because = error.code
    match error:
        case OutcomeUnknown():
            # As a server's failure: a native key is the way to learn more.
            failure, because = Failure.SERVER, error.because
        case ContractViolation() | PluginFault():
            failure = Failure.CONTENT
        case CredentialsRejected(kind=CredentialProblem.EXPIRED):
            failure = Failure.UNAUTHENTICATED
        case CredentialsRejected(kind=kind) if answer.status == 401 and kind is not CredentialProblem.NOT_PERMITTED:  # noqa: PLR2004
            # Who is known and not permitted is not permitted with another token either.
            failure = Failure.UNAUTHENTICATED
        case NagorikError(outcome=Outcome.REJECTED | Outcome.ALREADY_THERE):
            failure = Failure.MAPPED
        case _:
            failure = Failure.MAPPED_NOT_SENT
    return FailedAttempt(failure, error, because)


def from_intermediary(answer: AgencyResponse, reader: AnswerReader[Any]) -> FailedAttempt | None:
    """Recognise a refusal of a write that is a page of a proxy, which may come after the agency has processed it.

    A refusal that is empty, or in the format that the agency speaks, is the agency's own, and so is any 401.
    """
    status = answer.status
    if status not in range(400, 500) or status == 401 or not answer.body or reader.recognises(answer):  # noqa: PLR2004
        return None
    code = f"http-{status}-not-{reader.format}"
    return FailedAttempt(Failure.GATEWAY, AgencyUnavailable(because=code), code)


def from_status(answer: AgencyResponse, host: bytes, now: datetime) -> FailedAttempt:
    """What a status outside the expected ones says, when the plugin has nothing to say about it."""
    status = answer.status
    code = f"http-{status}"
    match status:
        case 400 | 422:
            return FailedAttempt(Failure.INVALID, InputRejected((), layer=Layer.AGENCY), code)
        case 401:
            return FailedAttempt(Failure.UNAUTHENTICATED, CredentialsRejected(), code)
        case 403:
            return FailedAttempt(Failure.REFUSED, CredentialsRejected(), code)
        case 404 | 409:
            return FailedAttempt(Failure.REFUSED, AgencyRejected(code), code)
        case 429:
            wait = parse_retry_after(answer.headers.get("retry-after"), now)
            return FailedAttempt(Failure.RATE_LIMITED, RateLimited(retry_after=wait), code, wait)
    if status >= 500:  # noqa: PLR2004
        wait = parse_retry_after(answer.headers.get("retry-after"), now)
        failure = Failure.GATEWAY if status in {502, 503, 504} else Failure.SERVER
        return FailedAttempt(
            failure, AgencyUnavailable(retry_after=wait, because=code, layer=Layer.AGENCY), code, wait
        )
    if status in _REDIRECTS and _leads_to_login(answer.headers.get("location", ""), host):
        return FailedAttempt(Failure.LOGIN_REDIRECT, CredentialsRejected(), code)
    return FailedAttempt(Failure.STATUS, ContractViolation(code), code)


def _leads_to_login(location: str, host: bytes) -> bool:
    """Whether a redirect asks for a login: its path says so, or another host's name.

    One that merely leaves the host does not: it may show the result of a write that was processed.
    """
    try:
        parts = urlsplit(location.lower())
    except ValueError:
        return False
    elsewhere = parts.netloc if parts.netloc.encode("utf-8") != host else ""
    return _LOGIN.search(f"{elsewhere}{parts.path}") is not None
