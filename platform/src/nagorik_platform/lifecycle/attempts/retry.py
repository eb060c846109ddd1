"""Closing an attempt, and when there is to be another: back-off and polling, jittered, the same for the same row.

The jitter comes from a hash of the application and a counter, so that a step stays a pure function while a
thousand applications still do not call an agency in the same second.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from nagorik.errors import AgencyClosed, AgencyUnavailable, InputRejected, NagorikError, RateLimited, Retry
from nagorik.model.status import ApplicationState
from nagorik.operations import OPERATIONS, Operation
from nagorik_platform.lifecycle.events import AttemptEnded, Postponed
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.refusals import Refusal, refusal_of
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED
from nagorik_platform.lifecycle.state import Attempt, Party, Payment, ServiceCapabilities

FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 3600.0
SHORTEST_POLL: Final = 60.0
LONGEST_POLL: Final = 24 * 3600.0
POLL_SHARE_OF_AGE: Final = 0.25
"""An application is asked about every quarter of its age, within the bounds above: some fifty times in a month."""
OPERATOR_RETRY: Final = 900.0
"""Seconds between attempts that only an administrator's or a plugin owner's work will let succeed."""


def retry_at(application: str, error: NagorikError | None, failures: int, now: datetime) -> datetime:
    """When an operation that settled nothing is worth another try.

    An agency's own word (``Retry-After``, opening hours) is a floor; the platform's back-off doubles from 5 s to 1 h.
    """
    if isinstance(error, AgencyClosed):
        return max(error.until, now) + timedelta(seconds=FIRST_RETRY * _jitter(application, failures))
    backoff = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 12))
    if error is not None and error.retry is Retry.NEVER:
        backoff = max(backoff, OPERATOR_RETRY)
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


_CITIZEN_CAN_CORRECT = frozenset({ApplicationState.DRAFT, ApplicationState.READY})


class UnexpectedAnswer(TypeError):
    """An answer that does not belong to the attempt in flight; a fault of the driver."""


def close(
    writer: JournalWriter,
    attempt: Attempt,
    result: str,
    *,
    settled: bool,
    not_before: datetime | None = None,
    refusal: Refusal | None = None,
) -> None:
    """The attempt is over; ``settled`` if it has done what it was for."""
    announced = OPERATIONS[attempt.operation].writes
    writer.add(
        AttemptEnded(
            at=writer.now,
            operation=attempt.operation,
            payment=None if announced else attempt.payment,
            deliverable=None if announced else attempt.deliverable,
            began_at=None if announced else attempt.began_at,
            result=result,
            settled=settled,
            not_before=not_before,
            refusal=refusal,
        )
    )


def close_refused(writer: JournalWriter, attempt: Attempt, error: NagorikError, *, settled: bool) -> None:
    """The attempt is over, and whoever refused it may have said why."""
    close(writer, attempt, error.code, settled=settled, refusal=refusal_of(error))


def retry_later(writer: JournalWriter, attempt: Attempt, result: str, error: NagorikError | None = None) -> None:
    """The attempt settled nothing; the operation is worth another try later."""
    progress = writer.progress
    failures = progress.backoff(attempt.operation, attempt.subject).failures
    again = retry_at(progress.id, error, failures, writer.now)
    close(writer, attempt, result, settled=False, not_before=again, refusal=refusal_of(error))


def close_failed(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, error: NagorikError) -> None:
    """A failure that changes nothing but the time of the next try; bad input goes to whoever can correct it."""
    retry_later(writer, attempt, error.code, error)
    if isinstance(error, InputRejected):
        can_correct = writer.progress.state in _CITIZEN_CAN_CORRECT
        writer.hold(Party.CITIZEN if can_correct else Party.PERSON, INPUT_REJECTED)


def postpone_status(writer: JournalWriter) -> None:
    """The agency has just said something: its status is worth asking for a little later."""
    writer.add(Postponed(at=writer.now, operation=Operation.STATUS, until=next_poll(writer, 0)))


def next_poll(writer: JournalWriter, age: float) -> datetime:
    """When to ask for the status of an application that is ``age`` seconds old."""
    progress = writer.progress
    return poll_at(progress.id, age, progress.events, writer.now)


def payment_of(writer: JournalWriter, attempt: Attempt) -> Payment:
    """The payment that the attempt is about."""
    if attempt.payment is None:
        raise UnexpectedAnswer(f"{attempt.operation.value} names no payment")
    return writer.progress.payment(attempt.payment)
