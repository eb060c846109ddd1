"""How the calls of an application itself end: eligibility, price, filing, status, corrections, withdrawals."""

from datetime import timedelta
from typing import Final

from nagorik.errors import (
    AgencyRejected,
    ContractViolation,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    Outcome,
)
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.status import AgencyStatus, ApplicationState, FetchedDeliverable, Flag
from nagorik.model.submission import (
    Accepted,
    CannotTell,
    DefinitelyAbsent,
    Found,
    Pending,
    Rejected,
    Withdrawal,
    past_lookup_grace,
)
from nagorik.operations import Operation
from nagorik_platform.lifecycle.attempts.retry import (
    close,
    close_refused,
    next_poll,
    postpone_status,
    retry_at,
    retry_later,
)
from nagorik_platform.lifecycle.events import (
    UNCHANGED,
    Actor,
    CorrectionSent,
    DeliverableFetched,
    EligibilityDecided,
    Postponed,
    QuoteReceived,
    StatusReceived,
    WithdrawalSettled,
)
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.refusals import refusal_of
from nagorik_platform.lifecycle.reports import apply_reference, apply_status, follow_status, is_old
from nagorik_platform.lifecycle.rules.holds import INPUT_REJECTED, LOOK_UPS_BEFORE_A_PERSON
from nagorik_platform.lifecycle.state import Attempt, Party, ServiceCapabilities
from nagorik_platform.lifecycle.tables import application_targets


def eligibility_decided(
    writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, decision: EligibilityDecision
) -> None:
    """Keep the decision; the rules act on it."""
    close(writer, attempt, decision.eligibility.value, settled=True)
    writer.add(EligibilityDecided(at=writer.now, decision=decision))


def quoted(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, quote: Quote) -> None:
    """Keep a price that can be used.

    A price of another stage would be paid without ever settling the one that is due, and a price that has lapsed
    already would be asked for again at once and without end: both are as good as no answer.
    """
    if quote.stage != writer.progress.stage:
        retry_later(writer, attempt, "quote-of-another-stage", ContractViolation("quote-of-another-stage"))
    elif quote.is_expired(writer.now):
        retry_later(writer, attempt, "quote-already-lapsed")
    else:
        close(writer, attempt, "quoted", settled=True)
        writer.add(QuoteReceived(at=writer.now, quote=quote))


LOST_BEFORE_A_PERSON: Final = timedelta(days=3)
"""Age of a lost filing at which a look-up that settles nothing, for whatever reason, makes it a person's case."""


def accepted(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, answer: Accepted | Found
) -> None:
    """The agency holds the application; if it said so by itself before, the status beside the answer is old."""
    known = writer.progress.is_filed
    close(writer, attempt, "accepted", settled=True)
    postpone_status(writer)
    if apply_reference(writer, capabilities, answer.reference, "accepted") and not known:
        apply_status(writer, capabilities, answer.status, asked_at=attempt.began_at)


def refused(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, rejected: Rejected) -> None:
    """The agency refused it at intake, unless it has reported meanwhile that it holds it."""
    stands = writer.progress.state is ApplicationState.SUBMITTING
    close(writer, attempt, "rejected", settled=True, refusal=refusal_of(rejected) if stands else None)
    if stands:
        writer.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, rejected.reason_code)


def pending(writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, answer: Pending) -> None:
    """Taken in; without a number it is as good as a lost answer until the agency can be asked by one."""
    until = writer.now + timedelta(seconds=answer.check_after)
    close(writer, attempt, "pending", settled=True, not_before=until)
    if answer.reference is not None:
        writer.add(Postponed(at=writer.now, operation=Operation.STATUS, until=until))
        apply_reference(writer, capabilities, answer.reference, "pending")
    elif writer.progress.state is ApplicationState.SUBMITTING:
        writer.add(Postponed(at=writer.now, operation=Operation.FIND, until=until))
        writer.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.AGENCY, "pending-without-reference")


def submit_failed(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, error: NagorikError
) -> None:
    """What an error says of an attempt to file, and of one that was lost before it."""
    if isinstance(error, DuplicateApplication):
        close(writer, attempt, error.code, settled=True)
        apply_reference(writer, capabilities, error.reference, error.code)
        return
    if writer.progress.state is not ApplicationState.SUBMITTING:
        # The agency reported by itself that it holds the application: the lost or failed answer no longer matters.
        close(writer, attempt, error.code, settled=True)
        return
    lost_before = writer.progress.filing_unknown
    retry_later(writer, attempt, error.code, error)
    if error.outcome is Outcome.UNKNOWN or (lost_before and error.outcome is Outcome.NOT_SENT):
        until = retry_at(writer.progress.id, error, 0, writer.now)
        writer.add(Postponed(at=writer.now, operation=Operation.FIND, until=until))
        writer.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.CORE, error.code)
    elif lost_before:
        # This attempt was refused, which says nothing of the one that was lost.
        writer.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, error.code)
    elif isinstance(error, AgencyRejected):
        writer.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, error.reason_code)
    else:
        writer.move(ApplicationState.READY, Actor.CORE, error.code)
        if isinstance(error, InputRejected):
            writer.hold(Party.CITIZEN, INPUT_REJECTED)


def absent(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, answer: DefinitelyAbsent
) -> None:
    """Nothing there: believed once the service's look-up grace has passed since the answer was lost.

    It is counted from the loss and not from the sending, because a request may reach the agency for as long as
    somebody waits for its answer.
    """
    progress = writer.progress
    lost_at = progress.lost_at or progress.sent_at or progress.opened_at
    if progress.state is not ApplicationState.SUBMISSION_UNKNOWN:
        close(writer, attempt, "absent", settled=True)
    elif past_lookup_grace(answer, lost_at, capabilities.lookup_grace):
        close(writer, attempt, "absent", settled=True)
        writer.move(ApplicationState.SUBMITTING, Actor.AGENCY, "definitely-absent")
    else:
        retry_later(writer, attempt, "absent-too-early")


def inconclusive(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, answer: CannotTell) -> None:
    """The look-up settles nothing."""
    _look_up_inconclusive(writer, attempt, answer.because, None)


def look_up_failed(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, error: NagorikError) -> None:
    """The look-up failed; an agency that cannot be reached is waited for, though not for ever."""
    _look_up_inconclusive(writer, attempt, error.code, error)


def _look_up_inconclusive(writer: JournalWriter, attempt: Attempt, result: str, error: NagorikError | None) -> None:
    if writer.progress.state is not ApplicationState.SUBMISSION_UNKNOWN:
        close(writer, attempt, result, settled=True)
        return
    retry_later(writer, attempt, result, error)
    answered_in_vain = error is None or error.outcome is Outcome.REJECTED
    if answered_in_vain and writer.progress.backoff(Operation.FIND).failures >= LOOK_UPS_BEFORE_A_PERSON:
        writer.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, "look-up-settles-nothing")
    elif writer.now - (writer.progress.lost_at or writer.progress.opened_at) >= LOST_BEFORE_A_PERSON:
        writer.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, "lost-for-long")


FAILURES_BEFORE_STALE: Final = 5
"""Failed status calls in a row, after which the status shown is flagged as possibly out of date."""


def status_answered(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, status: AgencyStatus
) -> None:
    """The agency says how the application stands; most often, as it did before."""
    progress = writer.progress
    old = is_old(progress, status, attempt.began_at)
    result = "outdated" if old else UNCHANGED if status == progress.status else "reported"
    again = next_poll(writer, 0 if old else progress.age(writer.now))
    close(writer, attempt, result, settled=True, not_before=again)
    if result == "reported":
        writer.add(StatusReceived(at=writer.now, status=status))
    if not old:
        follow_status(writer, capabilities, status, attempt.began_at)


def status_failed(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, error: NagorikError) -> None:
    """What is shown may be out of date once the agency could not be asked for a while."""
    retry_later(writer, attempt, error.code, error)
    if writer.progress.backoff(Operation.STATUS).failures >= FAILURES_BEFORE_STALE:
        writer.flags(raised=frozenset({Flag.STALE_STATUS}))


def fetched(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, answer: FetchedDeliverable) -> None:
    """What was asked for is in the document store; something else would be fetched again without end."""
    if answer.deliverable.kind != attempt.deliverable:
        retry_later(writer, attempt, "another-deliverable", ContractViolation("another-deliverable"))
        return
    close(writer, attempt, "fetched", settled=True)
    writer.add(DeliverableFetched(at=writer.now, deliverable=answer.deliverable, document=answer.document))


def corrected(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, status: AgencyStatus
) -> None:
    """The agency has the correction, and says how the application stands now."""
    close(writer, attempt, "corrected", settled=True)
    writer.add(CorrectionSent(at=writer.now))
    postpone_status(writer)
    apply_status(writer, capabilities, status, asked_at=attempt.began_at)


def correction_failed(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, error: NagorikError
) -> None:
    """A lost correction is not sent again unless twice is once: the status tells whether it arrived."""
    lost = error.outcome is Outcome.UNKNOWN and not capabilities.repeats(Operation.ANSWER_CORRECTION)
    rejected = error.outcome is Outcome.REJECTED
    if not (lost or rejected):
        retry_later(writer, attempt, error.code, error)
        return
    close_refused(writer, attempt, error, settled=rejected)
    if writer.progress.state is ApplicationState.CORRECTION_REQUESTED:
        writer.add(CorrectionSent(at=writer.now, lost=lost))
        if rejected:
            writer.hold(Party.CITIZEN, INPUT_REJECTED)


def withdrawn(writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, answer: Withdrawal) -> None:
    """The agency's word on the withdrawal; if it decided before, its decision wins."""
    close(writer, attempt, "withdrawn" if answer.withdrawn else "refused", settled=True)
    postpone_status(writer)
    apply_status(writer, capabilities, answer.status, asked_at=attempt.began_at)
    if answer.withdrawn and answer.status.state is None:
        _follow_withdrawal(writer)
    if writer.progress.state is ApplicationState.WITHDRAWN:
        writer.add(WithdrawalSettled(at=writer.now, outcome="withdrawn"))
    elif answer.withdrawn and ApplicationState.WITHDRAWN in application_targets(writer.progress.state):
        # Withdrawn, says the answer, but not the status beside it: a later status tells.
        writer.add(WithdrawalSettled(at=writer.now, outcome="unknown"))
    else:
        writer.add(WithdrawalSettled(at=writer.now, outcome="refused"))


def _follow_withdrawal(writer: JournalWriter) -> None:
    """The word for the state is not known, but the withdrawal itself is."""
    if ApplicationState.WITHDRAWN in application_targets(writer.progress.state):
        writer.move(ApplicationState.WITHDRAWN, Actor.AGENCY, "withdrawn")


def withdrawal_failed(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, error: NagorikError
) -> None:
    """A lost withdrawal is not sent again unless twice is once: the status tells."""
    lost = error.outcome is Outcome.UNKNOWN and not capabilities.repeats(Operation.WITHDRAW)
    rejected = error.outcome is Outcome.REJECTED
    if not (lost or rejected):
        retry_later(writer, attempt, error.code, error)
        return
    close_refused(writer, attempt, error, settled=rejected)
    writer.add(WithdrawalSettled(at=writer.now, outcome="refused" if rejected else "unknown"))
