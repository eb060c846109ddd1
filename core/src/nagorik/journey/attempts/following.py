"""After filing: the status, what is issued, corrections and withdrawals."""

from typing import Final

from nagorik.errors import ContractViolation, NagorikError, Outcome
from nagorik.journey.attempts.closing import ask_later, end, next_poll, try_again
from nagorik.journey.events import (
    UNCHANGED,
    Actor,
    ArtefactFetched,
    CorrectionSent,
    StatusReceived,
    WithdrawalSettled,
)
from nagorik.journey.holds import INPUT_REJECTED
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Party
from nagorik.journey.record import Record
from nagorik.journey.reports import follow_status, is_old, take_status
from nagorik.lifecycle import application_targets
from nagorik.model.artefact import FetchedArtefact
from nagorik.model.states import ApplicationState, Flag
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import Withdrawal
from nagorik.operations import Operation

FAILURES_BEFORE_STALE: Final = 5
"""Failed status calls in a row, after which the status shown is flagged as possibly out of date."""


def status_told(record: Record, plan: Plan, attempt: Attempt, status: AgencyStatus) -> None:
    """The agency says how the application stands; most often, as it did before."""
    progress = record.progress
    old = is_old(progress, status, attempt.began_at)
    result = "outdated" if old else UNCHANGED if status == progress.status else "reported"
    again = next_poll(record, 0 if old else progress.age(record.now))
    end(record, attempt, result, settled=True, not_before=again)
    if result == "reported":
        record.add(StatusReceived(at=record.now, status=status))
    if not old:
        follow_status(record, plan, status, attempt.began_at)


def no_status(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """What is shown may be out of date once the agency could not be asked for a while."""
    try_again(record, attempt, error.code, error)
    if record.progress.wait(Operation.STATUS).failures >= FAILURES_BEFORE_STALE:
        record.flags(raised=frozenset({Flag.STALE_STATUS}))


def fetched(record: Record, _: Plan, attempt: Attempt, answer: FetchedArtefact) -> None:
    """What was asked for is in the document store; something else would be fetched again without end."""
    if answer.artefact.kind != attempt.artefact:
        try_again(record, attempt, "another-artefact", ContractViolation("another-artefact"))
        return
    end(record, attempt, "fetched", settled=True)
    record.add(ArtefactFetched(at=record.now, artefact=answer.artefact, document=answer.document))


def corrected(record: Record, plan: Plan, attempt: Attempt, status: AgencyStatus) -> None:
    """The agency has the correction, and says how the application stands now."""
    end(record, attempt, "corrected", settled=True)
    record.add(CorrectionSent(at=record.now))
    ask_later(record)
    take_status(record, plan, status, asked_at=attempt.began_at)


def not_corrected(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    """A lost correction is not sent again unless twice is once: the status tells whether it arrived."""
    lost = error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.ANSWER_CORRECTION)
    rejected = error.outcome is Outcome.REJECTED
    if not (lost or rejected):
        try_again(record, attempt, error.code, error)
        return
    end(record, attempt, error.code, settled=rejected)
    if record.progress.state is ApplicationState.CORRECTION_REQUESTED:
        record.add(CorrectionSent(at=record.now, lost=lost))
        if rejected:
            record.hold(Party.CITIZEN, INPUT_REJECTED)


def withdrawn(record: Record, plan: Plan, attempt: Attempt, answer: Withdrawal) -> None:
    """The agency's word on the withdrawal; if it decided before, its decision wins."""
    end(record, attempt, "withdrawn" if answer.withdrawn else "refused", settled=True)
    ask_later(record)
    take_status(record, plan, answer.status, asked_at=attempt.began_at)
    if answer.withdrawn and answer.status.state is None:
        _follow_withdrawal(record)
    if record.progress.state is ApplicationState.WITHDRAWN:
        record.add(WithdrawalSettled(at=record.now, outcome="withdrawn"))
    elif answer.withdrawn and ApplicationState.WITHDRAWN in application_targets(record.progress.state):
        # Withdrawn, says the answer, but not the status beside it: a later status tells.
        record.add(WithdrawalSettled(at=record.now, outcome="unknown"))
    else:
        record.add(WithdrawalSettled(at=record.now, outcome="refused"))


def _follow_withdrawal(record: Record) -> None:
    """The word for the state is not known, but the withdrawal itself is."""
    if ApplicationState.WITHDRAWN in application_targets(record.progress.state):
        record.move(ApplicationState.WITHDRAWN, Actor.AGENCY, "withdrawn")


def not_withdrawn(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    """A lost withdrawal is not sent again unless twice is once: the status tells."""
    lost = error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.WITHDRAW)
    rejected = error.outcome is Outcome.REJECTED
    if not (lost or rejected):
        try_again(record, attempt, error.code, error)
        return
    end(record, attempt, error.code, settled=rejected)
    record.add(WithdrawalSettled(at=record.now, outcome="refused" if rejected else "unknown"))
