"""Filing, and finding out whether it was filed."""

from datetime import timedelta
from typing import Final

from nagorik.errors import AgencyRejected, DuplicateApplication, InputRejected, NagorikError, Outcome
from nagorik.journey.attempts.closing import ask_later, end, try_again
from nagorik.journey.events import Actor, Postponed
from nagorik.journey.holds import INPUT_REJECTED, LOOK_UPS_BEFORE_A_PERSON
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Party
from nagorik.journey.record import Record
from nagorik.journey.reports import take_reference, take_status
from nagorik.journey.schedule import retry_at
from nagorik.model.states import ApplicationState
from nagorik.model.submission import (
    Accepted,
    CannotTell,
    DefinitelyAbsent,
    Found,
    Pending,
    Rejected,
    settled,
)
from nagorik.operations import Operation

LOST_BEFORE_A_PERSON: Final = timedelta(days=3)
"""Age of a lost filing at which a look-up that settles nothing, for whatever reason, makes it a person's case."""


def accepted(record: Record, plan: Plan, attempt: Attempt, answer: Accepted | Found) -> None:
    """The agency holds the application; if it said so by itself before, the status beside the answer is old."""
    known = record.progress.is_filed
    end(record, attempt, "accepted", settled=True)
    ask_later(record)
    if take_reference(record, plan, answer.reference, "accepted") and not known:
        take_status(record, plan, answer.status, asked_at=attempt.began_at)


def refused(record: Record, _: Plan, attempt: Attempt, rejected: Rejected) -> None:
    """The agency refused it at intake, unless it has reported meanwhile that it holds it."""
    end(record, attempt, "rejected", settled=True)
    if record.progress.state is ApplicationState.SUBMITTING:
        record.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, rejected.reason_code)


def pending(record: Record, plan: Plan, attempt: Attempt, answer: Pending) -> None:
    """Taken in; without a number it is as good as a lost answer until the agency can be asked by one."""
    until = record.now + timedelta(seconds=answer.check_after)
    end(record, attempt, "pending", settled=True, not_before=until)
    if answer.reference is not None:
        record.add(Postponed(at=record.now, operation=Operation.STATUS, until=until))
        take_reference(record, plan, answer.reference, "pending")
    elif record.progress.state is ApplicationState.SUBMITTING:
        record.add(Postponed(at=record.now, operation=Operation.FIND, until=until))
        record.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.AGENCY, "pending-without-reference")


def not_submitted(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    """What an error says of an attempt to file, and of one that was lost before it."""
    if isinstance(error, DuplicateApplication):
        end(record, attempt, error.code, settled=True)
        take_reference(record, plan, error.reference, error.code)
        return
    if record.progress.state is not ApplicationState.SUBMITTING:
        # The agency reported by itself that it holds the application: the lost or failed answer no longer matters.
        end(record, attempt, error.code, settled=True)
        return
    lost_before = record.progress.filing_unknown
    try_again(record, attempt, error.code, error)
    if error.outcome is Outcome.UNKNOWN or (lost_before and error.outcome is Outcome.NOT_SENT):
        until = retry_at(record.progress.id, error, 0, record.now)
        record.add(Postponed(at=record.now, operation=Operation.FIND, until=until))
        record.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.CORE, error.code)
    elif lost_before:
        # This attempt was refused, which says nothing of the one that was lost.
        record.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, error.code)
    elif isinstance(error, AgencyRejected):
        record.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, error.reason_code)
    else:
        record.move(ApplicationState.READY, Actor.CORE, error.code)
        if isinstance(error, InputRejected):
            record.hold(Party.CITIZEN, INPUT_REJECTED)


def absent(record: Record, plan: Plan, attempt: Attempt, answer: DefinitelyAbsent) -> None:
    """Nothing there: believed once the service's settle time has passed since the answer was lost.

    It is counted from the loss and not from the sending, because a request may reach the agency for as long as
    somebody waits for its answer.
    """
    progress = record.progress
    lost_at = progress.lost_at or progress.sent_at or progress.opened_at
    if progress.state is not ApplicationState.SUBMISSION_UNKNOWN:
        end(record, attempt, "absent", settled=True)
    elif settled(answer, lost_at, plan.settle):
        end(record, attempt, "absent", settled=True)
        record.move(ApplicationState.SUBMITTING, Actor.AGENCY, "definitely-absent")
    else:
        try_again(record, attempt, "absent-too-early")


def could_not_tell(record: Record, _: Plan, attempt: Attempt, answer: CannotTell) -> None:
    """The look-up settles nothing."""
    _looked_in_vain(record, attempt, answer.because, None)


def not_found_out(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """The look-up failed; an agency that cannot be reached is waited for, though not for ever."""
    _looked_in_vain(record, attempt, error.code, error)


def _looked_in_vain(record: Record, attempt: Attempt, result: str, error: NagorikError | None) -> None:
    if record.progress.state is not ApplicationState.SUBMISSION_UNKNOWN:
        end(record, attempt, result, settled=True)
        return
    try_again(record, attempt, result, error)
    answered_in_vain = error is None or error.outcome is Outcome.REJECTED
    if answered_in_vain and record.progress.wait(Operation.FIND).failures >= LOOK_UPS_BEFORE_A_PERSON:
        record.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, "look-up-settles-nothing")
    elif record.now - (record.progress.lost_at or record.progress.opened_at) >= LOST_BEFORE_A_PERSON:
        record.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, "lost-for-long")
