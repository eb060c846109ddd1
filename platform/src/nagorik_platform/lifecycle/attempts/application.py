"""How the calls of an application itself end: eligibility, price, filing, status, corrections, withdrawals."""

from datetime import timedelta
from typing import Final, Literal

from nagorik import errors
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.status import AgencyStatus, ApplicationState, FetchedDeliverable, Flag, SlotBooking
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Rejected, Withdrawal
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.attempts import retry
from nagorik_platform.lifecycle.refusals import refusal_of
from nagorik_platform.lifecycle.reports import adopt_reference, follow_status, is_old, read_status
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.rules.holds import CORRECTION_REFUSED, INPUT_REJECTED, LOOK_UPS_BEFORE_A_PERSON
from nagorik_platform.lifecycle.state import Hold, Party, Progress
from nagorik_platform.lifecycle.tables import application_targets

LOST_BEFORE_A_PERSON: Final = timedelta(days=3)
"""Age of a lost filing at which a look-up that settles nothing makes it a person's case."""
FILINGS_BEFORE_A_PERSON: Final = 5
"""Filings in a row of which the answer was lost and which then had not arrived, after which a person looks."""
FAILURES_BEFORE_STALE: Final = 5
"""Failed status calls in a row, after which the status shown is flagged as possibly out of date."""


def eligibility_decided(ended: retry.Ended[EligibilityDecision], _: Progress, context: RuleContext) -> e.Events:
    """Keep the decision; the rules act on it."""
    yield retry.close(ended.attempt, context, ended.end.eligibility.value, settled=True)
    yield e.EligibilityDecided(at=context.now, decision=ended.end)


def quoted(ended: retry.Ended[Quote], state: Progress, context: RuleContext) -> e.Events:
    """Keep a price that can be used; any other is as good as no answer."""
    attempt, quote = ended.attempt, ended.end
    unusable = _unusable(quote, state, context)
    if unusable is not None:
        yield retry.retry_later(attempt, state, context, unusable, errors.ContractViolation(unusable))
    else:
        yield retry.close(attempt, context, "quoted", settled=True)
        yield e.QuoteReceived(at=context.now, quote=quote)


def _unusable(quote: Quote, state: Progress, context: RuleContext) -> str | None:
    """Why a price cannot be used."""
    if quote.stage != state.stage:
        return "quote-of-another-stage"
    if quote.is_expired(context.now):
        return "quote-already-lapsed"
    if quote.total.poisha > 0 and any(one.currency != quote.total.currency for one in state.spending()):
        return "quote-in-another-currency"
    return None


# Filing, and looking up what became of it


def accepted(ended: retry.Ended[Accepted | Found], _: Progress, context: RuleContext) -> e.Events:
    """The agency holds the application."""
    yield retry.close(ended.attempt, context, "accepted", settled=True)


def adopt_answered_reference(ended: retry.Ended[Accepted | Found], state: Progress, context: RuleContext) -> e.Events:
    """Take in the reference that an answer gives."""
    return adopt_reference(ended.end.reference, "accepted", state, context)


def read_first_status(ended: retry.Ended[Accepted | Found], state: Progress, context: RuleContext) -> e.Events:
    """Follow the status beside a reference that is news; if the agency said so by itself before, it is old."""
    if state.is_filed and not ended.before.is_filed:
        yield from read_status(ended.end.status, ended.attempt.began_at, state, context)


def refused(ended: retry.Ended[Rejected], state: Progress, context: RuleContext) -> e.Events:
    """The agency refused it at intake, unless it has reported meanwhile that it holds it."""
    stands = state.state is ApplicationState.SUBMITTING
    refusal = refusal_of(ended.end) if stands else None
    yield retry.close(ended.attempt, context, "rejected", settled=True, refusal=refusal)
    if stands:
        yield context.moved(ApplicationState.REJECTED_AT_INTAKE, e.Actor.AGENCY, ended.end.reason_code)


def pending(ended: retry.Ended[Pending], state: Progress, context: RuleContext) -> e.Events:
    """Taken in; without a number it is as good as a lost answer until the agency can be asked by one."""
    answer = ended.end
    until = context.now + timedelta(seconds=answer.check_after)
    yield retry.close(ended.attempt, context, "pending", settled=True, not_before=until)
    if answer.reference is not None:
        yield e.Postponed(at=context.now, operation=Operation.STATUS, until=until)
        yield from adopt_reference(answer.reference, "pending", state, context)
    elif state.state is ApplicationState.SUBMITTING:
        yield e.Postponed(at=context.now, operation=Operation.FIND, until=until)
        yield context.moved(ApplicationState.SUBMISSION_UNKNOWN, e.Actor.AGENCY, "pending-without-reference")


def submit_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """What an error says of an attempt to file, and of one that was lost before it."""
    attempt, error = ended.attempt, ended.end
    if isinstance(error, errors.DuplicateApplication):
        yield retry.close(attempt, context, error.code, settled=True)
        yield from adopt_reference(error.reference, error.code, state, context)
    elif state.state is not ApplicationState.SUBMITTING:
        # The agency reported by itself that it holds the application: the lost or failed answer no longer matters.
        yield retry.close(attempt, context, error.code, settled=True)
    else:
        yield retry.retry_later(attempt, state, context, error.code, error)
        yield from _not_filed(error, state, context)


def _not_filed(error: errors.NagorikError, state: Progress, context: RuleContext) -> e.Events:
    lost_before = state.filing_unknown
    if error.outcome is errors.Outcome.UNKNOWN or (lost_before and error.outcome is errors.Outcome.NOT_SENT):
        until = retry.retry_at(state.id, error, 0, context.now)
        yield e.Postponed(at=context.now, operation=Operation.FIND, until=until)
        yield context.moved(ApplicationState.SUBMISSION_UNKNOWN, e.Actor.CORE, error.code)
    elif lost_before:
        # This attempt was refused, which says nothing of the one that was lost.
        yield context.moved(ApplicationState.MANUAL_REVIEW, e.Actor.CORE, error.code)
    elif isinstance(error, errors.AgencyRejected):
        yield context.moved(ApplicationState.REJECTED_AT_INTAKE, e.Actor.AGENCY, error.reason_code)
    else:
        yield context.moved(ApplicationState.READY, e.Actor.CORE, error.code)
        if isinstance(error, errors.InputRejected):
            yield e.Held(at=context.now, hold=Hold(party=Party.CITIZEN, code=INPUT_REJECTED))


def absent(ended: retry.Ended[DefinitelyAbsent], state: Progress, context: RuleContext) -> e.Events:
    """Believe that nothing is there once the service's look-up grace has passed since the loss."""
    attempt, lost_at = ended.attempt, state.lost_at or state.sent_at or state.opened_at
    if state.state is not ApplicationState.SUBMISSION_UNKNOWN:
        yield retry.close(attempt, context, "absent", settled=True)
    elif (ended.end.as_of - lost_at).total_seconds() >= context.capabilities.lookup_grace:
        yield retry.close(attempt, context, "absent", settled=True)
        if state.lost_in_a_row + 1 >= FILINGS_BEFORE_A_PERSON:
            yield context.moved(ApplicationState.MANUAL_REVIEW, e.Actor.CORE, "filed-in-vain")
        else:
            yield context.moved(ApplicationState.SUBMITTING, e.Actor.AGENCY, "definitely-absent")
    else:
        yield retry.retry_later(attempt, state, context, "absent-too-early")


def inconclusive(ended: retry.Ended[CannotTell], state: Progress, context: RuleContext) -> e.Events:
    """The look-up settles nothing."""
    return _look_up_inconclusive(ended, state, context, ended.end.because, None)


def look_up_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """The look-up failed; an agency that cannot be reached is waited for, though not for ever."""
    return _look_up_inconclusive(ended, state, context, ended.end.code, ended.end)


def _look_up_inconclusive(
    ended: retry.Ended[object], state: Progress, context: RuleContext, result: str, error: errors.NagorikError | None
) -> e.Events:
    attempt = ended.attempt
    if state.state is not ApplicationState.SUBMISSION_UNKNOWN:
        yield retry.close(attempt, context, result, settled=True)
        return
    yield retry.retry_later(attempt, state, context, result, error)
    answered_in_vain = error is None or error.outcome is errors.Outcome.REJECTED
    if answered_in_vain and retry.failures_with(attempt, state) >= LOOK_UPS_BEFORE_A_PERSON:
        yield context.moved(ApplicationState.MANUAL_REVIEW, e.Actor.CORE, "look-up-settles-nothing")
    elif context.now - (state.lost_since or state.lost_at or state.opened_at) >= LOST_BEFORE_A_PERSON:
        yield context.moved(ApplicationState.MANUAL_REVIEW, e.Actor.CORE, "lost-for-long")


# What the agency says, and what it gives


def status_answered(ended: retry.Ended[AgencyStatus], state: Progress, context: RuleContext) -> e.Events:
    """The agency says how the application stands; most often, as it did before."""
    status = ended.end
    old = is_old(state, status, ended.attempt.began_at)
    result = "outdated" if old else e.UNCHANGED if status == state.status else "reported"
    again = retry.next_poll(state, context, 0 if old else state.age(context.now))
    yield retry.close(ended.attempt, context, result, settled=True, not_before=again)
    if result == "reported":
        yield e.StatusReceived(at=context.now, status=status)
    if not old:
        yield from follow_status(status, ended.attempt.began_at, state, context)


def status_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """What is shown may be out of date once the agency could not be asked for a while."""
    yield retry.retry_later(ended.attempt, state, context, ended.end.code, ended.end)
    if retry.failures_with(ended.attempt, state) >= FAILURES_BEFORE_STALE:
        yield from context.flags_changed(state, raised=frozenset({Flag.STALE_STATUS}))


def read_answered_status(
    ended: retry.Ended[AgencyStatus | Withdrawal], state: Progress, context: RuleContext
) -> e.Events:
    """Follow the status in the answer to a write."""
    status = ended.end.status if isinstance(ended.end, Withdrawal) else ended.end
    return read_status(status, ended.attempt.began_at, state, context)


def fetched(ended: retry.Ended[FetchedDeliverable], state: Progress, context: RuleContext) -> e.Events:
    """What was asked for is in the document store; something else would be fetched again without end."""
    attempt, answer = ended.attempt, ended.end
    if answer.deliverable.kind != attempt.deliverable:
        error = errors.ContractViolation("another-deliverable")
        yield retry.retry_later(attempt, state, context, "another-deliverable", error)
        return
    yield retry.close(attempt, context, "fetched", settled=True)
    yield e.DeliverableFetched(at=context.now, deliverable=answer.deliverable, document=answer.document)


# Correcting, booking and withdrawing


def _end_of_write(
    ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext
) -> tuple[e.AttemptEnded, Literal["refused", "unknown"] | None]:
    """A lost write is not sent again unless twice is once: the status shows whether it arrived."""
    attempt, error = ended.attempt, ended.end
    if error.outcome is errors.Outcome.REJECTED:
        return retry.close_refused(attempt, context, error, settled=True), "refused"
    if error.outcome is errors.Outcome.UNKNOWN and not context.capabilities.repeats(attempt.operation):
        return retry.close_refused(attempt, context, error, settled=False), "unknown"
    return retry.retry_later(attempt, state, context, error.code, error), None


def corrected(ended: retry.Ended[AgencyStatus], _: Progress, context: RuleContext) -> e.Events:
    """The agency has the correction."""
    yield retry.close(ended.attempt, context, "corrected", settled=True)
    yield e.CorrectionSent(at=context.now)


def correction_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """A refusal goes back to the citizen."""
    end, outcome = _end_of_write(ended, state, context)
    yield end
    if outcome is not None and state.state is ApplicationState.CORRECTION_REQUESTED:
        yield e.CorrectionSent(at=context.now, lost=outcome == "unknown")
        if outcome == "refused":
            code = INPUT_REJECTED if isinstance(ended.end, errors.InputRejected) else CORRECTION_REFUSED
            yield from context.held(state, Party.CITIZEN, code)


def slot_answered(ended: retry.Ended[SlotBooking], state: Progress, context: RuleContext) -> e.Events:
    """The appointment is the citizen's, or was gone already: they choose another."""
    booked, reference = ended.end.booked, ended.end.reference
    yield retry.close(ended.attempt, context, "booked" if booked else "slot-gone", settled=True)
    yield from context.booking_became(state, "booked" if booked else "refused", reference)


def booking_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """A refusal goes back to the citizen; of a lost booking, the status is asked once it can be believed."""
    end, outcome = _end_of_write(ended, state, context)
    yield end
    if outcome is not None:
        yield from context.booking_became(state, outcome)
    if outcome == "unknown":
        until = context.now + timedelta(seconds=context.capabilities.lookup_grace)
        yield e.Postponed(at=context.now, operation=Operation.STATUS, until=until)


def withdrawal_answered(ended: retry.Ended[Withdrawal], _: Progress, context: RuleContext) -> e.Events:
    """The agency's word on the withdrawal; if it decided before, its decision wins."""
    yield retry.close(ended.attempt, context, "withdrawn" if ended.end.withdrawn else "refused", settled=True)


def follow_withdrawal(ended: retry.Ended[Withdrawal], state: Progress, context: RuleContext) -> e.Events:
    """The word for the state may not be known, but the withdrawal itself is."""
    unread = ended.end.withdrawn and ended.end.status.state is None
    if unread and ApplicationState.WITHDRAWN in application_targets(state.state):
        yield context.moved(ApplicationState.WITHDRAWN, e.Actor.AGENCY, "withdrawn")


def conclude_withdrawal(ended: retry.Ended[Withdrawal], state: Progress, context: RuleContext) -> e.Events:
    """What is known of the withdrawal once the status beside it has been followed."""
    if state.state is ApplicationState.WITHDRAWN:
        yield e.WithdrawalSettled(at=context.now, outcome="withdrawn")
    elif ended.end.withdrawn and ApplicationState.WITHDRAWN in application_targets(state.state):
        # Withdrawn, says the answer, but not the status beside it: a later status tells.
        yield e.WithdrawalSettled(at=context.now, outcome="unknown")
    else:
        yield e.WithdrawalSettled(at=context.now, outcome="refused")


def withdrawal_failed(ended: retry.Ended[errors.NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """The application goes on."""
    end, outcome = _end_of_write(ended, state, context)
    yield end
    if outcome is not None:
        yield e.WithdrawalSettled(at=context.now, outcome=outcome)
