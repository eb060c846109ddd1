"""Paying, telling the agency of it, and giving it back."""

from nagorik.errors import NagorikError, Outcome
from nagorik.journey.attempts.closing import end, payment_of, try_again
from nagorik.journey.events import Actor, AdviceLost
from nagorik.journey.holds import PAYMENT_ENDED
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Attempt, Party, Payment
from nagorik.journey.record import Record
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.states import ApplicationState, PaymentState
from nagorik.operations import Operation


def started(record: Record, _: Plan, attempt: Attempt, answer: PaymentStarted) -> None:
    """The gateway knows of the payment."""
    payment = payment_of(record, attempt)
    end(record, attempt, "started", settled=True)
    record.move_payment(payment.id, PaymentState.INITIATED, Actor.GATEWAY, "started", reference=answer.reference)


def not_started(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """A payment whose announcement was lost is unknown, whatever the gateway's idempotency class.

    So a payment that is still quoted definitely was not announced, and can be dropped without leaving a payer who
    pays for nothing. It stays unknown whatever becomes of a repetition: a refusal is of that one alone, and the payer
    may pay what the first has opened.
    """
    payment = payment_of(record, attempt)
    if payment.state is PaymentState.UNKNOWN:
        try_again(record, attempt, error.code, error)
    elif error.outcome in {Outcome.UNKNOWN, Outcome.ALREADY_THERE}:
        end(record, attempt, error.code, settled=False)
        record.move_payment(payment.id, PaymentState.UNKNOWN, Actor.CORE, error.code)
    elif error.outcome is Outcome.REJECTED:
        end(record, attempt, error.code, settled=True)
        _ended_unpaid(record, payment, PaymentState.FAILED, error.code)
    else:
        try_again(record, attempt, error.code, error)


def reported(record: Record, _: Plan, attempt: Attempt, report: PaymentReport) -> None:
    """What the gateway says is taken as far as the payment's table knows the move."""
    payment = payment_of(record, attempt)
    if report.state is PaymentState.CAPTURED:
        _captured(record, attempt, payment, report)
    elif report.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
        try_again(record, attempt, report.state.value)
        if record.could_move_payment(payment.id, report.state):
            record.move_payment(payment.id, report.state, Actor.GATEWAY, "reported", reference=report.reference)
    else:
        end(record, attempt, report.state.value, settled=True)
        _ended_unpaid(record, payment, report.state, "reported", report.reference)


def _ended_unpaid(
    record: Record, payment: Payment, to: PaymentState, code: str, reference: str | None = None
) -> None:
    if record.could_move_payment(payment.id, to):
        record.move_payment(payment.id, to, Actor.GATEWAY, code, reference=reference)
    progress = record.progress
    if progress.state is ApplicationState.AWAITING_PAYMENT and not progress.is_paid(progress.stage):
        record.hold(Party.CITIZEN, PAYMENT_ENDED[to])


def _captured(record: Record, attempt: Attempt, payment: Payment, report: PaymentReport) -> None:
    """Money was taken: exactly what was asked, or a case for a person."""
    as_asked = report.amount == payment.amount
    end(record, attempt, "captured" if as_asked else "amount-mismatch", settled=True)
    to = PaymentState.CAPTURED if as_asked else PaymentState.UNDER_INVESTIGATION
    if record.could_move_payment(payment.id, to):
        record.move_payment(
            payment.id,
            to,
            Actor.GATEWAY,
            "reported" if as_asked else "amount-mismatch",
            reference=report.reference,
            taken=None if as_asked else report.amount,
            captured_at=report.captured_at or record.now,
            payer_name=report.payer_name,
        )


def advised(record: Record, _: Plan, attempt: Attempt, advice: PaymentAdvice) -> None:
    """The agency was told; it may have confirmed by itself meanwhile."""
    payment = payment_of(record, attempt)
    if not advice.confirmed:
        try_again(record, attempt, "unconfirmed")
        if payment.state is PaymentState.CAPTURED:
            record.move_payment(payment.id, PaymentState.ADVISED, Actor.CORE, "advised")
        return
    end(record, attempt, "confirmed", settled=True)
    if record.could_move_payment(payment.id, PaymentState.CONFIRMED):
        record.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "advised")


def not_advised(record: Record, _: Plan, attempt: Attempt, error: NagorikError) -> None:
    """After a lost answer the agency may hold the money, even where it can safely be told again."""
    payment = payment_of(record, attempt)
    open_still = payment.state in {PaymentState.CAPTURED, PaymentState.ADVISED}
    if error.outcome is Outcome.REJECTED:
        end(record, attempt, error.code, settled=True)
        if open_still:
            record.move_payment(payment.id, PaymentState.UNDER_INVESTIGATION, Actor.AGENCY, error.code)
        return
    try_again(record, attempt, error.code, error)
    if open_still and error.outcome is Outcome.UNKNOWN:
        record.add(AdviceLost(at=record.now, payment=payment.id))


def refunded(record: Record, _: Plan, attempt: Attempt, report: RefundReport) -> None:
    """Accepted by a gateway is not refunded: it is asked again until it has said how it ended."""
    payment = payment_of(record, attempt)
    if report.state is PaymentState.REFUND_PENDING:
        try_again(record, attempt, report.state.value)
    else:
        end(record, attempt, report.state.value, settled=True)
    if record.could_move_payment(payment.id, report.state):
        record.move_payment(payment.id, report.state, Actor.GATEWAY, "reported")


def not_refunded(record: Record, plan: Plan, attempt: Attempt, error: NagorikError) -> None:
    """Whether or not the gateway moved money, a second order could move it twice: a person looks."""
    payment = payment_of(record, attempt)
    unsure = error.outcome is Outcome.UNKNOWN and not plan.repeats(Operation.REFUND_PAYMENT)
    if unsure or error.outcome is Outcome.REJECTED:
        end(record, attempt, error.code, settled=True)
        record.move_payment(payment.id, PaymentState.REFUND_MANUAL, Actor.CORE, error.code)
    else:
        try_again(record, attempt, error.code, error)
