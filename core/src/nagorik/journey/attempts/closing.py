"""Writing down that an attempt is over, and when there is to be another."""

from datetime import datetime

from nagorik.errors import InputRejected, NagorikError
from nagorik.journey.errors import UnexpectedAnswer
from nagorik.journey.events import AttemptEnded, Postponed
from nagorik.journey.holds import INPUT_REJECTED
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Party, Payment
from nagorik.journey.record import Record
from nagorik.journey.schedule import poll_at, retry_at
from nagorik.model.states import ApplicationState
from nagorik.operations import OPERATIONS, Operation

_CITIZEN_CAN_CORRECT = frozenset({ApplicationState.DRAFT, ApplicationState.READY})


def end(record: Record, attempt: Attempt, result: str, *, settled: bool, not_before: datetime | None = None) -> None:
    """The attempt is over; ``settled`` if it has done what it was for."""
    announced = OPERATIONS[attempt.operation].writes
    record.add(
        AttemptEnded(
            at=record.now,
            operation=attempt.operation,
            payment=None if announced else attempt.payment,
            artefact=None if announced else attempt.artefact,
            began_at=None if announced else attempt.began_at,
            result=result,
            settled=settled,
            not_before=not_before,
        )
    )


def try_again(record: Record, attempt: Attempt, result: str, error: NagorikError | None = None) -> None:
    """The attempt settled nothing; the operation is worth another try later."""
    progress = record.progress
    failures = progress.wait(attempt.operation, attempt.subject).failures
    end(record, attempt, result, settled=False, not_before=retry_at(progress.id, error, failures, record.now))


def failed(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """A failure that changes nothing but the time of the next try; bad input goes to whoever can correct it."""
    try_again(record, attempt, error.code, error)
    if isinstance(error, InputRejected):
        can_correct = record.progress.state in _CITIZEN_CAN_CORRECT
        record.hold(Party.CITIZEN if can_correct else Party.PERSON, INPUT_REJECTED)


def ask_later(record: Record) -> None:
    """The agency has just said something: its status is worth asking for a little later."""
    record.add(Postponed(at=record.now, operation=Operation.STATUS, until=next_poll(record, 0)))


def next_poll(record: Record, age: float) -> datetime:
    """When to ask for the status of an application that is ``age`` seconds old."""
    progress = record.progress
    return poll_at(progress.id, age, progress.events, record.now)


def payment_of(record: Record, attempt: Attempt) -> Payment:
    """The payment that the attempt is about."""
    if attempt.payment is None:
        raise UnexpectedAnswer(f"{attempt.operation.value} names no payment")
    return record.progress.payment(attempt.payment)
