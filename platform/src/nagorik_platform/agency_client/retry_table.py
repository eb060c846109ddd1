"""What follows from a failed attempt: a table of (idempotency class, failure, history), and how long to wait.

A plugin's author cannot choose another policy; the class that its manifest declares selects one. The rows:

=====================  =======================  ================  =======================  ==================
failure                read, safe               native key        client reference, none   may be processed
=====================  =======================  ================  =======================  ==================
never sent             again                    again             again                    no
429                    again                    again             again                    no
401                    fresh token              fresh token       fresh token              no
answer lost            again                    again, same key   unknown                  yes
502, 503, 504          again                    again, same key   unknown                  yes
4xx page, not JSON     as its status            again, same key   unknown                  yes
500, other 5xx         fails                    again, same key   unknown                  yes
breaks the contract    fails                    unknown           unknown                  yes
refused, invalid       fails                    fails             fails                    no
=====================  =======================  ================  =======================  ==================

Once an attempt of a native write may have been processed, only an answer that speaks of the application itself
(400, 422, or what the plugin recognised as the agency's own) settles it; any other end is unknown. The wait before
the next attempt is the agency's word for it, or full jitter. A token is fresh if its login began after the first
401; a second one is final then.
"""

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from nagorik.operations import Idempotency

FIRST: Final = 0.2
"""Upper bound of the first wait, in seconds; it doubles with each attempt."""
LONGEST: Final = 20.0
"""Upper bound of every wait that the agency did not ask for, in seconds."""
DAY: Final = 86_400.0
"""No agency is believed that asks for a longer wait than this, in seconds."""


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read seconds to wait off a ``Retry-After`` header, between 0 and one day; ``None`` for nothing usable.

    Takes whole seconds and HTTP dates (RFC 9110, 10.2.3). A date in the past is not usable.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), DAY)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    seconds = (when - now).total_seconds()
    return min(seconds, DAY) if seconds > 0 else None


def full_jitter(attempt: int, rng: random.Random) -> float:
    """Draw a wait in seconds after the ``attempt``-th failure (from 1): from 0 to the exponential bound."""
    return rng.uniform(0.0, min(LONGEST, FIRST * math.ldexp(1.0, min(attempt - 1, 30))))


class Failure(StrEnum):
    """Why an attempt did not bring what was asked for. The value is the ``because`` of an error."""

    NAME_NOT_FOUND = "name-not-found"
    NAME_LOOKUP = "name-lookup-failed"
    """The name server does not answer: it says nothing of the agency's."""
    CONNECTION_REFUSED = "connection-refused"
    UNREACHABLE = "network-unreachable"
    NO_SOCKET = "no-free-socket"
    """This machine or process has no more to open."""
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_ISSUER = "certificate-issuer-unknown"
    CERTIFICATE_WRONG_HOST = "certificate-wrong-host"
    CERTIFICATE = "certificate-refused"
    """For another reason than the four above."""
    CLIENT_CERTIFICATE = "client-certificate-refused"
    """The agency does not take the platform's own: it says so in place of an answer, and has heard nothing."""
    TLS = "tls-failed"
    CONNECT = "connect-failed"
    """For another reason than those above."""
    CONNECT_TIMEOUT = "connect-timeout"
    POOL_TIMEOUT = "pool-timeout"
    NOT_ADMITTED = "not-admitted"
    """The platform itself did not send it: closed, circuit open, no place, no token."""
    READ_TIMEOUT = "read-timeout"
    WRITE_TIMEOUT = "write-timeout"
    RESET = "connection-reset"
    PROTOCOL = "protocol-error"
    DEADLINE = "deadline"
    BODY = "document-unreadable"
    """A document could not be read to its end, or changed, while it was sent. It says nothing of the agency's."""
    SPOOL = "file-not-kept"
    """This machine's disk has no room for the file that came. It says nothing of the agency's."""
    TOO_LARGE = "response-too-large"
    UNEXPECTED = "unexpected-failure"
    """An exception that was not foreseen."""
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


class RetryDecision(StrEnum):
    """What to do after a failed attempt."""

    AGAIN = "again"
    """Wait, then try again with the same key; at the end of the budget, as ``decide_at_end`` says."""
    FRESH_TOKEN = "fresh-token"  # noqa: S105 - a decision, not a password
    """Take another token and try again, until one was refused whose login began after the first refusal."""
    FAIL = "fail"
    """Raise the failure's own error: it is known what happened."""
    UNKNOWN = "unknown"
    """Raise ``OutcomeUnknown``."""


NOT_SENT: Final = frozenset(
    {Failure.NAME_NOT_FOUND, Failure.NAME_LOOKUP, Failure.CONNECTION_REFUSED, Failure.UNREACHABLE, Failure.NO_SOCKET}
    | {Failure.CERTIFICATE_EXPIRED, Failure.CERTIFICATE_NOT_YET_VALID, Failure.CERTIFICATE_ISSUER}
    | {Failure.CERTIFICATE_WRONG_HOST, Failure.CERTIFICATE, Failure.CLIENT_CERTIFICATE, Failure.TLS}
    | {Failure.CONNECT, Failure.CONNECT_TIMEOUT, Failure.POOL_TIMEOUT}
)
"""What alone proves that nothing reached the agency."""
LOST: Final = frozenset({Failure.READ_TIMEOUT, Failure.WRITE_TIMEOUT, Failure.RESET, Failure.PROTOCOL})
"""The answer is missing; the request may have been processed."""
BROKEN: Final = frozenset(
    {Failure.STATUS, Failure.CONTENT, Failure.UNEXPECTED, Failure.TOO_LARGE, Failure.DEADLINE, Failure.BODY}
    | {Failure.SPOOL}
)
"""Something came or happened that says nothing about the effect, and that another attempt would not change."""
MAYBE_PROCESSED: Final = LOST | BROKEN | {Failure.GATEWAY, Failure.SERVER}
OF_THE_HOST: Final = frozenset({Failure.BODY, Failure.SPOOL})
"""The host's own trouble: the agency is as well as it was."""
UNANSWERED: Final = NOT_SENT | LOST | {Failure.DEADLINE, Failure.GATEWAY, Failure.SERVER, Failure.UNEXPECTED}
"""No word of the agency's own; counts towards an outage."""
VIOLATIONS: Final = frozenset({Failure.STATUS, Failure.CONTENT, Failure.TOO_LARGE})
"""The agency answered and broke its contract; counts towards opening the circuit."""
ABOUT_THE_APPLICATION: Final = frozenset({Failure.INVALID, Failure.MAPPED})
"""Settles a native write even when an earlier attempt may have been processed."""


def decide(kind: Idempotency, failure: Failure, *, in_doubt: bool, refreshed: bool) -> RetryDecision:
    """Decide what follows ``failure`` of a call of class ``kind`` (a read is ``SAFE``).

    Args:
        kind: The class of the call.
        failure: Why its last attempt failed.
        in_doubt: Whether an earlier attempt may have had its effect.
        refreshed: Whether a fresh token was refused, or there can be no token.
    """
    is_repeatable = kind in {Idempotency.SAFE, Idempotency.NATIVE}
    if failure is Failure.UNAUTHENTICATED and not refreshed:
        return RetryDecision.FRESH_TOKEN
    if failure in NOT_SENT or failure is Failure.RATE_LIMITED:
        return RetryDecision.AGAIN
    if is_repeatable and (failure in LOST or failure is Failure.GATEWAY):
        return RetryDecision.AGAIN
    if kind is Idempotency.NATIVE and failure is Failure.SERVER:
        return RetryDecision.AGAIN
    return decide_at_end(kind, failure, in_doubt=in_doubt)


def decide_at_end(kind: Idempotency, failure: Failure, *, in_doubt: bool) -> RetryDecision:
    """Decide how a call ends whose last attempt failed with ``failure``: ``FAIL`` or ``UNKNOWN``."""
    is_unknown = failure in MAYBE_PROCESSED or (in_doubt and failure not in ABOUT_THE_APPLICATION)
    return RetryDecision.UNKNOWN if is_unknown and kind is not Idempotency.SAFE else RetryDecision.FAIL
