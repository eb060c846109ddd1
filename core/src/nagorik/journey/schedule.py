"""When to try again and when to ask again: jittered, and the same for the same row.

The jitter comes from a hash of the application and a counter, so that a step stays a pure function while a
thousand applications still do not call an agency in the same second.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from nagorik.errors import AgencyClosed, AgencyUnavailable, NagorikError, RateLimited, Retry

FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 3600.0
SHORTEST_POLL: Final = 60.0
LONGEST_POLL: Final = 24 * 3600.0
POLL_SHARE_OF_AGE: Final = 0.25
"""An application is asked about every quarter of its age, within the bounds above: some fifty times in a month."""
NEEDS_SOMEBODY: Final = 900.0
"""Seconds between attempts that only an administrator's or a plugin owner's work will let succeed."""


def retry_at(application: str, error: NagorikError | None, failures: int, now: datetime) -> datetime:
    """When an operation that settled nothing is worth another try.

    An agency's own word (``Retry-After``, opening hours) is a floor; the platform's back-off doubles from 5 s to 1 h.
    """
    if isinstance(error, AgencyClosed):
        return max(error.until, now) + timedelta(seconds=FIRST_RETRY * _jitter(application, failures))
    backoff = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 12))
    if error is not None and error.retry is Retry.NEVER:
        backoff = max(backoff, NEEDS_SOMEBODY)
    wait = backoff * (0.5 + _jitter(application, failures) / 2)
    if isinstance(error, AgencyUnavailable | RateLimited) and error.retry_after is not None:
        wait = max(wait, error.retry_after)
    return now + timedelta(seconds=wait)


def poll_at(application: str, age: float, counter: int, now: datetime) -> datetime:
    """When to ask for the status of an application that is ``age`` seconds old."""
    interval = min(LONGEST_POLL, max(SHORTEST_POLL, age * POLL_SHARE_OF_AGE))
    return now + timedelta(seconds=interval * (0.5 + _jitter(application, counter) / 2))


def _jitter(application: str, counter: int) -> float:
    """A number in [0, 1) that looks random and is the same for the same arguments."""
    digest = blake2b(f"{application}/{counter}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
