"""What follows from a failed attempt: a table of (idempotency class, failure, history), and nothing else.

A plugin's author cannot choose another policy; the class that its manifest declares selects one. The rows:

=====================  =======================  ================  =======================  ==================
failure                read, safe               native key        client reference, none   may be processed
=====================  =======================  ================  =======================  ==================
never sent             again                    again             again                    no
429                    again                    again             again                    no
401                    fresh token, once        fresh token       fresh token              no
answer lost            again                    again, same key   unknown                  yes
502, 503, 504          again                    again, same key   unknown                  yes
4xx page, not JSON     as its status            again, same key   unknown                  yes
500, other 5xx         fails                    again, same key   unknown                  yes
breaks the contract    fails                    unknown           unknown                  yes
refused, invalid       fails                    fails             fails                    no
=====================  =======================  ================  =======================  ==================

Once an attempt of a native write may have been processed, only an answer that speaks of the application itself
(400, 422, or what the plugin recognised as the agency's own) settles it; any other end is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nagorik.operations import Idempotency


class Failure(StrEnum):
    """Why an attempt did not bring what was asked for. The value is the ``because`` of an error."""

    CONNECT = "connect-failed"
    CONNECT_TIMEOUT = "connect-timeout"
    POOL_TIMEOUT = "pool-timeout"
    NOT_ADMITTED = "not-admitted"
    """The platform itself did not send it: closed, circuit open, no place, no token."""
    READ_TIMEOUT = "read-timeout"
    WRITE_TIMEOUT = "write-timeout"
    RESET = "connection-reset"
    PROTOCOL = "protocol-error"
    DEADLINE = "deadline"
    TOO_LARGE = "response-too-large"
    UNEXPECTED = "unexpected-failure"
    """An exception that nobody foresaw."""
    RATE_LIMITED = "http-429"
    UNAUTHENTICATED = "http-401"
    GATEWAY = "http-gateway"
    """502, 503 and 504; and a refusal of a write in a page that is not the agency's own."""
    SERVER = "http-server"
    """500 and every other 5xx."""
    REFUSED = "http-refused"
    """403, 404, 409: a definite no, unless an earlier attempt may have been processed."""
    INVALID = "http-invalid"
    """400, 422: the agency read the request and found it wrong."""
    LOGIN_REDIRECT = "login-redirect"
    STATUS = "http-unforeseen"
    """A status that the contract does not know."""
    CONTENT = "contract-violation"
    """The expected status with an answer that cannot be read."""
    MAPPED = "mapped"
    """The plugin recognised the agency's own error, and it speaks of this application."""
    MAPPED_NOT_SENT = "mapped-not-sent"
    """The plugin recognised the agency's own error, and it says that this attempt had no effect."""


class Verdict(StrEnum):
    """What to do after a failed attempt."""

    AGAIN = "again"
    """Wait, then try again with the same key; at the end of the budget, as ``History.end`` says."""
    FRESH_TOKEN = "fresh-token"  # noqa: S105 - a verdict, not a password
    """Log in and try again, once in a call."""
    FAIL = "fail"
    """Raise the failure's own error: it is known what happened."""
    UNKNOWN = "unknown"
    """Raise ``OutcomeUnknown``."""


NOT_SENT: Final = frozenset({Failure.CONNECT, Failure.CONNECT_TIMEOUT, Failure.POOL_TIMEOUT})
"""What alone proves that nothing reached the agency."""
LOST: Final = frozenset({Failure.READ_TIMEOUT, Failure.WRITE_TIMEOUT, Failure.RESET, Failure.PROTOCOL})
"""The answer is missing; the request may have been processed."""
BROKEN: Final = frozenset({Failure.STATUS, Failure.CONTENT, Failure.UNEXPECTED, Failure.TOO_LARGE, Failure.DEADLINE})
"""Something came or happened that says nothing about the effect, and that another attempt would not change."""
MAYBE_PROCESSED: Final = LOST | BROKEN | {Failure.GATEWAY, Failure.SERVER}
UNANSWERED: Final = NOT_SENT | LOST | {Failure.DEADLINE, Failure.GATEWAY, Failure.SERVER, Failure.UNEXPECTED}
"""No word of the agency's own; counts towards an outage."""
VIOLATIONS: Final = frozenset({Failure.STATUS, Failure.CONTENT, Failure.TOO_LARGE})
"""The agency answered and broke its contract; counts towards opening the circuit."""
ABOUT_THE_APPLICATION: Final = frozenset({Failure.INVALID, Failure.MAPPED})
"""Settles a native write even when an earlier attempt may have been processed."""


@dataclass(frozen=True, slots=True)
class History:
    """What earlier attempts of the same call leave behind.

    Attributes:
        maybe_processed: Whether an earlier attempt may have had its effect.
        refreshed: Whether a fresh token was already obtained.
    """

    maybe_processed: bool = False
    refreshed: bool = False


def _row(
    failures: frozenset[Failure], safe: Verdict, native: Verdict, once: Verdict
) -> dict[tuple[Idempotency, Failure], Verdict]:
    classes = {
        Idempotency.SAFE: safe,
        Idempotency.NATIVE: native,
        Idempotency.CLIENT_REFERENCE: once,
        Idempotency.NONE: once,
    }
    return {(kind, failure): verdict for failure in failures for kind, verdict in classes.items()}


_AGAIN, _FAIL, _UNKNOWN = Verdict.AGAIN, Verdict.FAIL, Verdict.UNKNOWN

TABLE: Final[Mapping[tuple[Idempotency, Failure], Verdict]] = MappingProxyType(
    _row(NOT_SENT | {Failure.RATE_LIMITED}, _AGAIN, _AGAIN, _AGAIN)
    | _row(frozenset({Failure.UNAUTHENTICATED}), *(Verdict.FRESH_TOKEN,) * 3)
    | _row(LOST | {Failure.GATEWAY}, _AGAIN, _AGAIN, _UNKNOWN)
    | _row(frozenset({Failure.SERVER}), _FAIL, _AGAIN, _UNKNOWN)
    | _row(BROKEN, _FAIL, _UNKNOWN, _UNKNOWN)
    | _row(
        frozenset({Failure.REFUSED, Failure.INVALID, Failure.LOGIN_REDIRECT, Failure.NOT_ADMITTED})
        | {Failure.MAPPED, Failure.MAPPED_NOT_SENT},
        _FAIL,
        _FAIL,
        _FAIL,
    )
)
"""The verdict on each failure of a first attempt."""


def decide(kind: Idempotency, failure: Failure, history: History) -> Verdict:
    """What to do after ``failure`` of a call of class ``kind`` (a read is ``SAFE``)."""
    verdict = TABLE[kind, failure]
    if verdict is Verdict.FRESH_TOKEN and history.refreshed:
        verdict = Verdict.FAIL
    return end(kind, failure, history) if verdict is Verdict.FAIL else verdict


def end(kind: Idempotency, failure: Failure, history: History) -> Verdict:
    """How a call ends whose last attempt failed with ``failure``: ``FAIL`` or ``UNKNOWN``."""
    if kind is Idempotency.SAFE:
        return Verdict.FAIL
    if failure in MAYBE_PROCESSED:
        return Verdict.UNKNOWN
    if history.maybe_processed and failure not in ABOUT_THE_APPLICATION:
        return Verdict.UNKNOWN
    return Verdict.FAIL


def after(failure: Failure, history: History) -> History:
    """The history once ``failure`` has happened."""
    return History(maybe_processed=history.maybe_processed or failure in MAYBE_PROCESSED, refreshed=history.refreshed)
