"""Taking in how the attempt in flight ended."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from nagorik.errors import (
    AgencyRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    Outcome,
    OutcomeUnknown,
)
from nagorik.journey.events import (
    Actor,
    AdviceLost,
    ArtefactFetched,
    AttemptEnded,
    CorrectionSent,
    EligibilityDecided,
    QuoteReceived,
    WithdrawalSettled,
)
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Party, Payment
from nagorik.journey.record import Record
from nagorik.journey.reports import take_reference, take_status
from nagorik.journey.schedule import poll_at, retry_at
from nagorik.lifecycle import payment_targets
from nagorik.model.artefact import FetchedArtefact
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.states import ApplicationState, Flag, PaymentState
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import (
    Accepted,
    CannotTell,
    DefinitelyAbsent,
    Found,
    Pending,
    Rejected,
    Withdrawal,
    settled,
)
from nagorik.operations import OPERATIONS, Operation

LOOK_UPS_BEFORE_A_PERSON: Final = 12
"""Look-ups that settle nothing, after which an unknown submission becomes a person's case."""
FAILURES_BEFORE_STALE: Final = 5
"""Failed status calls in a row, after which the status shown is flagged as possibly out of date."""


class UnexpectedAnswer(TypeError):
    """An answer that does not belong to the attempt in flight; a fault of the driver."""


def end_attempt(record: Record, plan: Plan, end: object) -> None:
    """Take in the end of the attempt in flight: a result, or an error that says what is known.

    Raises:
        UnexpectedAnswer: No attempt is in flight, or the result is of another operation.
    """
    attempt = record.progress.attempt
    if attempt is None:
        raise UnexpectedAnswer("no attempt is in flight")
    if isinstance(end, NagorikError):
        _FAILURES.get(attempt.operation, _failed)(record, plan, attempt, end)
        return
    for kind, take in _ANSWERS[attempt.operation].items():
        if isinstance(end, kind):
            take(record, plan, attempt, end)
            return
    raise UnexpectedAnswer(f"{type(end).__name__} does not answer {attempt.operation.value}")


def interrupt_attempt(record: Record, plan: Plan) -> None:
    """Take in that the process which made the attempt is gone: a write's outcome is unknown, a read is made again."""
    attempt = record.progress.attempt
    if attempt is None:
        return
    if OPERATIONS[attempt.operation].writes:
        end_attempt(record, plan, OutcomeUnknown(step=attempt.operation.value, because="interrupted"))
    else:
        _end(record, attempt, "interrupted", settled=False)


def _end(record: Record, attempt: Attempt, result: str, *, settled: bool, not_before: datetime | None = None) -> None:
    record.add(
        AttemptEnded(
            at=record.now,
            operation=attempt.operation,
            result=result,
            settled=settled,
            not_before=not_before,
        )
    )


def _again(record: Record, attempt: Attempt, result: str, error: NagorikError | None = None) -> None:
    """The attempt settled nothing; the operation is worth another try later."""
    progress = record.progress
    not_before = retry_at(progress.id, error, progress.failures, record.now)
    _end(record, attempt, result, settled=False, not_before=not_before)


def _failed(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """A failure that changes nothing but the time of the next try; bad input goes back to the citizen."""
    _again(record, attempt, error.code, error)
    if isinstance(error, InputRejected):
        record.hold(Party.CITIZEN, "input-rejected")


# Before filing


def _eligibility(record: Record, _: Plan, attempt: Attempt, decision: EligibilityDecision) -> None:
    _end(record, attempt, decision.eligibility.value, settled=True)
    record.add(EligibilityDecided(at=record.now, decision=decision))


def _quote(record: Record, _: Plan, attempt: Attempt, quote: Quote) -> None:
    _end(record, attempt, "quoted", settled=True)
    record.add(QuoteReceived(at=record.now, quote=quote))


# Paying


def _payment_of(record: Record, attempt: Attempt) -> Payment:
    if attempt.payment is None:
        raise UnexpectedAnswer(f"{attempt.operation.value} names no payment")
    return record.progress.payment(attempt.payment)


def _started(record: Record, _: Plan, attempt: Attempt, started: PaymentStarted) -> None:
    payment = _payment_of(record, attempt)
    _end(record, attempt, "started", settled=True)
    record.move_payment(payment.id, PaymentState.INITIATED, Actor.GATEWAY, "started", reference=started.reference)


def _not_started(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    payment = _payment_of(record, attempt)
    if error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.START_PAYMENT):
        _end(record, attempt, error.code, settled=False)
        record.move_payment(payment.id, PaymentState.UNKNOWN, Actor.CORE, error.code)
    elif error.outcome is Outcome.REJECTED:
        _end(record, attempt, error.code, settled=True)
        record.move_payment(payment.id, PaymentState.FAILED, Actor.GATEWAY, error.code)
        record.hold(Party.CITIZEN, "payment-failed")
    else:
        _again(record, attempt, error.code, error)


def _payment_report(record: Record, _: Plan, attempt: Attempt, report: PaymentReport) -> None:
    payment = _payment_of(record, attempt)
    if report.state is PaymentState.CAPTURED:
        _captured(record, attempt, payment, report)
    elif report.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
        _again(record, attempt, report.state.value)
        if report.state in payment_targets(payment.state):
            record.move_payment(payment.id, report.state, Actor.GATEWAY, "reported", reference=report.reference)
    else:
        _end(record, attempt, report.state.value, settled=True)
        record.move_payment(payment.id, report.state, Actor.GATEWAY, "reported", reference=report.reference)
        record.hold(Party.CITIZEN, f"payment-{report.state.value}")


def _captured(record: Record, attempt: Attempt, payment: Payment, report: PaymentReport) -> None:
    """Money was taken: exactly what was asked, or a case for a person."""
    as_asked = report.amount == payment.amount
    _end(record, attempt, "captured" if as_asked else "amount-mismatch", settled=True)
    record.move_payment(
        payment.id,
        PaymentState.CAPTURED if as_asked else PaymentState.UNDER_INVESTIGATION,
        Actor.GATEWAY,
        "reported" if as_asked else "amount-mismatch",
        reference=report.reference,
        captured_at=report.captured_at or record.now,
        payer_name=report.payer_name,
    )
    if not as_asked:
        record.hold(Party.PERSON, "payment-amount-mismatch")


def _advised(record: Record, _: Plan, attempt: Attempt, advice: PaymentAdvice) -> None:
    payment = _payment_of(record, attempt)
    if advice.confirmed:
        _end(record, attempt, "confirmed", settled=True)
        if payment.state is not PaymentState.CONFIRMED:  # the agency may have said so by itself meanwhile
            record.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "advised")
        return
    _again(record, attempt, "unconfirmed")
    if payment.state is PaymentState.CAPTURED:
        record.move_payment(payment.id, PaymentState.ADVISED, Actor.CORE, "advised")


def _not_advised(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    payment = _payment_of(record, attempt)
    if error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.ADVISE_PAYMENT):
        _again(record, attempt, error.code, error)
        record.add(AdviceLost(at=record.now, payment=payment.id))
    elif error.outcome is Outcome.REJECTED:
        _end(record, attempt, error.code, settled=True)
        if PaymentState.UNDER_INVESTIGATION in payment_targets(payment.state):
            record.move_payment(payment.id, PaymentState.UNDER_INVESTIGATION, Actor.AGENCY, error.code)
        record.hold(Party.PERSON, "advice-rejected")
    else:
        _again(record, attempt, error.code, error)


def _refunded(record: Record, _: Plan, attempt: Attempt, report: RefundReport) -> None:
    payment = _payment_of(record, attempt)
    if report.state is PaymentState.REFUND_PENDING:
        _again(record, attempt, report.state.value)
    else:
        _end(record, attempt, report.state.value, settled=True)
    if report.state is not payment.state:
        record.move_payment(payment.id, report.state, Actor.GATEWAY, "reported")


def _not_refunded(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    payment = _payment_of(record, attempt)
    unsure = error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.REFUND_PAYMENT)
    if unsure or error.outcome is Outcome.REJECTED:
        # Whether or not the gateway moved money, a second order could move it twice: a person looks.
        _end(record, attempt, error.code, settled=True)
        record.move_payment(payment.id, PaymentState.REFUND_MANUAL, Actor.CORE, error.code)
    else:
        _again(record, attempt, error.code, error)


# Filing


def _accepted(record: Record, plan: Plan, attempt: Attempt, accepted: Accepted | Found) -> None:
    progress = record.progress
    not_before = poll_at(progress.id, 0, progress.events, record.now)
    _end(record, attempt, "accepted", settled=True, not_before=not_before)
    if take_reference(record, accepted.reference, "accepted"):
        if not plan.offers(Operation.ADVISE_PAYMENT):
            _confirm_receipts(record)
        take_status(record, accepted.status)


def _confirm_receipts(record: Record) -> None:
    """The agency took the application with its receipts, and has no other way to be told of them."""
    for payment in record.progress.payments:
        if payment.state is PaymentState.CAPTURED:
            record.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "accepted-with-receipt")


def _refused(record: Record, _: Plan, attempt: Attempt, rejected: Rejected) -> None:
    _end(record, attempt, "rejected", settled=True)
    if record.progress.state is ApplicationState.SUBMITTING:
        record.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, rejected.reason_code)


def _pending(record: Record, _: Plan, attempt: Attempt, pending: Pending) -> None:
    progress = record.progress
    not_before = poll_at(progress.id, 0, progress.events, record.now)
    _end(record, attempt, "pending", settled=pending.reference is not None, not_before=not_before)
    if pending.reference is not None:
        take_reference(record, pending.reference, "pending")
    elif record.progress.state is ApplicationState.SUBMITTING:
        # Taken in without a number: until the agency can be asked by one, it is as good as a lost answer.
        record.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.AGENCY, "pending-without-reference")


def _not_submitted(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    if record.progress.state is not ApplicationState.SUBMITTING:
        # The agency reported by itself that it holds the application: the lost or failed answer no longer matters.
        _end(record, attempt, error.code, settled=True)
        return
    if isinstance(error, DuplicateApplication):
        _end(record, attempt, error.code, settled=True)
        take_reference(record, error.reference, error.code)
        return
    wait = retry_at(record.progress.id, error, record.progress.failures, record.now)
    _end(record, attempt, error.code, settled=False, not_before=wait)
    if error.outcome is Outcome.UNKNOWN or (record.progress.filing_unknown and error.outcome is Outcome.NOT_SENT):
        record.move(ApplicationState.SUBMISSION_UNKNOWN, Actor.CORE, error.code)
    elif record.progress.filing_unknown:
        # This attempt was refused, which says nothing of the one that was lost.
        record.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, error.code)
    elif isinstance(error, AgencyRejected):
        record.move(ApplicationState.REJECTED_AT_INTAKE, Actor.AGENCY, error.reason_code)
    else:
        record.move(ApplicationState.READY, Actor.CORE, error.code)
        if isinstance(error, InputRejected):
            record.hold(Party.CITIZEN, "input-rejected")


def _absent(record: Record, plan: Plan, attempt: Attempt, absent: DefinitelyAbsent) -> None:
    """Nothing there: believed once the service's settle time has passed since the attempt, looked up again before."""
    sent_at = record.progress.sent_at or record.progress.opened_at
    if record.progress.state is not ApplicationState.SUBMISSION_UNKNOWN:
        _end(record, attempt, "absent", settled=True)
    elif settled(absent, sent_at, plan.settle):
        _end(record, attempt, "absent", settled=True)
        record.move(ApplicationState.SUBMITTING, Actor.AGENCY, "definitely-absent")
    else:
        _again(record, attempt, "absent-too-early")


def _unsettled(record: Record, _: Plan, attempt: Attempt, answer: CannotTell) -> None:
    _give_up_looking(record, attempt, answer.because, None)


def _not_found_out(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    _give_up_looking(record, attempt, error.code, error)


def _give_up_looking(record: Record, attempt: Attempt, result: str, error: NagorikError | None) -> None:
    _again(record, attempt, result, error)
    unknown = record.progress.state is ApplicationState.SUBMISSION_UNKNOWN
    answered_in_vain = error is None or error.outcome is Outcome.REJECTED
    if unknown and answered_in_vain and record.progress.failures >= LOOK_UPS_BEFORE_A_PERSON:
        record.move(ApplicationState.MANUAL_REVIEW, Actor.CORE, "look-up-settles-nothing")


# After filing


def _status(record: Record, _: Plan, attempt: Attempt, status: AgencyStatus) -> None:
    progress = record.progress
    not_before = poll_at(progress.id, progress.age(record.now), progress.events, record.now)
    _end(record, attempt, "reported", settled=True, not_before=not_before)
    take_status(record, status)


def _no_status(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    _again(record, attempt, error.code, error)
    if record.progress.failures >= FAILURES_BEFORE_STALE:
        record.flags(raised=frozenset({Flag.STALE_STATUS}))


def _fetched(record: Record, _: Plan, attempt: Attempt, fetched: FetchedArtefact) -> None:
    _end(record, attempt, "fetched", settled=True)
    record.add(ArtefactFetched(at=record.now, artefact=fetched.artefact, document=fetched.document))


def _corrected(record: Record, plan: Plan, attempt: Attempt, status: AgencyStatus) -> None:
    record.add(CorrectionSent(at=record.now))
    _status(record, plan, attempt, status)


def _not_corrected(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    _again(record, attempt, error.code, error)
    if error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.ANSWER_CORRECTION):
        record.add(CorrectionSent(at=record.now))
    elif error.outcome is Outcome.REJECTED:
        record.add(CorrectionSent(at=record.now))
        record.hold(Party.CITIZEN, "input-rejected")


def _withdrawn(record: Record, plan: Plan, attempt: Attempt, answer: Withdrawal) -> None:
    record.add(WithdrawalSettled(at=record.now, outcome="withdrawn" if answer.withdrawn else "refused"))
    _status(record, plan, attempt, answer.status)


def _not_withdrawn(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    _again(record, attempt, error.code, error)
    if error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.WITHDRAW):
        record.add(WithdrawalSettled(at=record.now, outcome="unknown"))
    elif error.outcome is Outcome.REJECTED:
        record.add(WithdrawalSettled(at=record.now, outcome="refused"))


Take = Callable[[Record, Plan, Attempt, Any], None]

_ANSWERS: Final[Mapping[Operation, Mapping[type, Take]]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: {EligibilityDecision: _eligibility},
        Operation.QUOTE: {Quote: _quote},
        Operation.START_PAYMENT: {PaymentStarted: _started},
        Operation.QUERY_PAYMENT: {PaymentReport: _payment_report},
        Operation.REFUND_PAYMENT: {RefundReport: _refunded},
        Operation.ADVISE_PAYMENT: {PaymentAdvice: _advised},
        Operation.SUBMIT: {Accepted: _accepted, Rejected: _refused, Pending: _pending},
        Operation.FIND: {Found: _accepted, DefinitelyAbsent: _absent, CannotTell: _unsettled},
        Operation.STATUS: {AgencyStatus: _status},
        Operation.ARTEFACT: {FetchedArtefact: _fetched},
        Operation.ANSWER_CORRECTION: {AgencyStatus: _corrected},
        Operation.WITHDRAW: {Withdrawal: _withdrawn},
    }
)

_FAILURES: Final[Mapping[Operation, Take]] = MappingProxyType(
    {
        Operation.START_PAYMENT: _not_started,
        Operation.REFUND_PAYMENT: _not_refunded,
        Operation.ADVISE_PAYMENT: _not_advised,
        Operation.SUBMIT: _not_submitted,
        Operation.FIND: _not_found_out,
        Operation.STATUS: _no_status,
        Operation.ANSWER_CORRECTION: _not_corrected,
        Operation.WITHDRAW: _not_withdrawn,
    }
)
