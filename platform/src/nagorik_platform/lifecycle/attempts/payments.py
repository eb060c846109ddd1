"""Paying, telling the agency of it, and giving it back."""

from nagorik.errors import NagorikError, Outcome
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import ApplicationState, PaymentState
from nagorik.operations import Operation
from nagorik_platform.lifecycle.attempts.retry import close, close_refused, payment_of, retry_later
from nagorik_platform.lifecycle.events import Actor, AdviceLost
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.rules.holds import PAYMENT_ENDED
from nagorik_platform.lifecycle.state import Attempt, Party, Payment, ServiceCapabilities


def started(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, answer: PaymentStarted) -> None:
    """The gateway knows of the payment."""
    payment = payment_of(writer, attempt)
    close(writer, attempt, "started", settled=True)
    writer.move_payment(payment.id, PaymentState.INITIATED, Actor.GATEWAY, "started", reference=answer.reference)


def start_failed(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, error: NagorikError) -> None:
    """A payment whose announcement was lost is unknown, whatever the gateway's idempotency class.

    So a payment that is still quoted definitely was not announced, and can be dropped without leaving a payer who
    pays for nothing. It stays unknown whatever becomes of a repetition: a refusal is of that one alone, and the payer
    may pay what the first has opened.
    """
    payment = payment_of(writer, attempt)
    if payment.state is PaymentState.UNKNOWN:
        retry_later(writer, attempt, error.code, error)
    elif error.outcome in {Outcome.UNKNOWN, Outcome.ALREADY_THERE}:
        close(writer, attempt, error.code, settled=False)
        writer.move_payment(payment.id, PaymentState.UNKNOWN, Actor.CORE, error.code)
    elif error.outcome is Outcome.REJECTED:
        close_refused(writer, attempt, error, settled=True)
        _ended_unpaid(writer, payment, PaymentState.FAILED, error.code)
    else:
        retry_later(writer, attempt, error.code, error)


def reported(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, report: PaymentReport) -> None:
    """What the gateway says is taken as far as the payment's table knows the move."""
    payment = payment_of(writer, attempt)
    if report.state is PaymentState.CAPTURED:
        _captured(writer, attempt, payment, report)
    elif report.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
        retry_later(writer, attempt, report.state.value)
        if writer.could_move_payment(payment.id, report.state):
            writer.move_payment(payment.id, report.state, Actor.GATEWAY, "reported", reference=report.reference)
    else:
        close(writer, attempt, report.state.value, settled=True)
        _ended_unpaid(writer, payment, report.state, "reported", report.reference)


def _ended_unpaid(
    writer: JournalWriter, payment: Payment, to: PaymentState, code: str, reference: str | None = None
) -> None:
    if writer.could_move_payment(payment.id, to):
        writer.move_payment(payment.id, to, Actor.GATEWAY, code, reference=reference)
    progress = writer.progress
    if progress.state is ApplicationState.AWAITING_PAYMENT and not progress.is_paid(progress.stage):
        writer.hold(Party.CITIZEN, PAYMENT_ENDED[to])


def _captured(writer: JournalWriter, attempt: Attempt, payment: Payment, report: PaymentReport) -> None:
    """Money was taken: exactly what was asked, or a case for a person."""
    as_asked = report.amount == payment.amount
    close(writer, attempt, "captured" if as_asked else "amount-mismatch", settled=True)
    to = PaymentState.CAPTURED if as_asked else PaymentState.UNDER_INVESTIGATION
    if writer.could_move_payment(payment.id, to):
        writer.move_payment(
            payment.id,
            to,
            Actor.GATEWAY,
            "reported" if as_asked else "amount-mismatch",
            reference=report.reference,
            taken=None if as_asked else report.amount,
            captured_at=report.captured_at or writer.now,
            payer_name=report.payer_name,
        )


def advised(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, advice: PaymentAdvice) -> None:
    """The agency was told; it may have confirmed by itself meanwhile."""
    payment = payment_of(writer, attempt)
    if not advice.confirmed:
        retry_later(writer, attempt, "unconfirmed")
        if payment.state is PaymentState.CAPTURED:
            writer.move_payment(payment.id, PaymentState.ADVISED, Actor.CORE, "advised")
        return
    close(writer, attempt, "confirmed", settled=True)
    if writer.could_move_payment(payment.id, PaymentState.CONFIRMED):
        writer.move_payment(payment.id, PaymentState.CONFIRMED, Actor.AGENCY, "advised")


def advice_failed(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, error: NagorikError) -> None:
    """After a lost answer the agency may hold the money, even where it can safely be told again."""
    payment = payment_of(writer, attempt)
    open_still = payment.state in {PaymentState.CAPTURED, PaymentState.ADVISED}
    if error.outcome is Outcome.REJECTED:
        close_refused(writer, attempt, error, settled=True)
        if open_still:
            writer.move_payment(payment.id, PaymentState.UNDER_INVESTIGATION, Actor.AGENCY, error.code)
        return
    retry_later(writer, attempt, error.code, error)
    if open_still and error.outcome is Outcome.UNKNOWN:
        writer.add(AdviceLost(at=writer.now, payment=payment.id))


def refunded(writer: JournalWriter, _: ServiceCapabilities, attempt: Attempt, report: RefundReport) -> None:
    """Accepted by a gateway is not refunded: it is asked again until it has said how it ended."""
    payment = payment_of(writer, attempt)
    if report.state is PaymentState.REFUND_PENDING:
        retry_later(writer, attempt, report.state.value)
    else:
        close(writer, attempt, report.state.value, settled=True)
    if writer.could_move_payment(payment.id, report.state):
        writer.move_payment(payment.id, report.state, Actor.GATEWAY, "reported")


def refund_failed(
    writer: JournalWriter, capabilities: ServiceCapabilities, attempt: Attempt, error: NagorikError
) -> None:
    """Whether or not the gateway moved money, a second order could move it twice: a person looks."""
    payment = payment_of(writer, attempt)
    unsure = error.outcome is Outcome.UNKNOWN and not capabilities.repeats(Operation.REFUND_PAYMENT)
    if unsure or error.outcome is Outcome.REJECTED:
        close_refused(writer, attempt, error, settled=True)
        writer.move_payment(payment.id, PaymentState.REFUND_MANUAL, Actor.CORE, error.code)
    else:
        retry_later(writer, attempt, error.code, error)
