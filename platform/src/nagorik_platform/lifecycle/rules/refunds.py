"""What money owes by itself: superseded payments are dropped, money that nobody should hold goes back."""

from collections.abc import Iterator

from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.lifecycle.events import Actor, FeeSettled
from nagorik_platform.lifecycle.journal_writer import JournalWriter
from nagorik_platform.lifecycle.state import Payment, Progress, ServiceCapabilities
from nagorik_platform.lifecycle.tables import ENDED_WITHOUT_RESULT, MONEY_TAKEN


def apply_money_rules(writer: JournalWriter, capabilities: ServiceCapabilities) -> bool:
    """Apply one rule to one payment, if any applies, and say whether one did.

    A payment that the call in flight is about is left alone: its answer must meet the state that it was asked in.
    """
    progress = writer.progress
    in_flight = progress.attempt.payment if progress.attempt is not None else None
    doubled = {payment.id for payment in _paid_twice(progress)}
    for payment in progress.payments:
        if payment.id == in_flight:
            continue
        if payment.state is P.QUOTED:
            done = _drop_superseded(writer, capabilities, payment)
        elif payment.state is P.REFUND_FAILED:
            done = _move(writer, payment, P.REFUND_MANUAL, "refund-failed")
        elif payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING}:
            done = not capabilities.offers(Operation.REFUND_PAYMENT) and _move(
                writer, payment, P.REFUND_MANUAL, "no-refunds"
            )
        elif payment.id in doubled:
            done = _give_back(writer, capabilities, payment, "paid-twice")
        elif progress.state in ENDED_WITHOUT_RESULT | {S.CLOSED}:
            done = _give_back(writer, capabilities, payment, "application-ended")
        else:
            done = progress.state is S.DELIVERED and _confirm_delivered(writer, capabilities, payment)
        if done:
            return True
    return _end_fee_demand(writer)


def _move(writer: JournalWriter, payment: Payment, to: P, code: str, actor: Actor = Actor.CORE) -> bool:
    writer.move_payment(payment.id, to, actor, code)
    return True


def _drop_superseded(writer: JournalWriter, capabilities: ServiceCapabilities, payment: Payment) -> bool:
    """A payment that definitely was not announced goes with its quote, its gateway, and the wish to pay it."""
    progress = writer.progress
    quote = progress.quote
    if quote is None or quote.id != payment.quote or progress.state is not S.AWAITING_PAYMENT:
        return _move(writer, payment, P.CANCELLED, "superseded")
    if capabilities.gateway is not None and capabilities.gateway != payment.gateway:
        return _move(writer, payment, P.CANCELLED, "gateway-changed")
    return quote.is_expired(writer.now) and _move(writer, payment, P.EXPIRED, "quote-lapsed")


def _paid_twice(progress: Progress) -> Iterator[Payment]:
    """Payments of a stage beyond the one that the agency holds, may hold, or got first."""
    kept: dict[str, Payment] = {}
    for payment in sorted(progress.payments, key=_nearness_to_agency):
        if payment.state in MONEY_TAKEN and kept.setdefault(payment.stage, payment) is not payment:
            yield payment


def _nearness_to_agency(payment: Payment) -> int:
    if payment.state is P.CONFIRMED:
        return 0
    return 1 if payment.state is P.ADVISED or payment.advice_lost_at is not None else 2


def _give_back(writer: JournalWriter, capabilities: ServiceCapabilities, payment: Payment, code: str) -> bool:
    """Money that the agency does not hold goes back; money that it may hold is a person's case."""
    if payment.state is P.ADVISED or (payment.state is P.CAPTURED and payment.advice_lost_at is not None):
        return _move(writer, payment, P.UNDER_INVESTIGATION, "advised-but-unconfirmed")
    if payment.state is not P.CAPTURED:
        return False
    refundable = capabilities.offers(Operation.REFUND_PAYMENT)
    return _move(writer, payment, P.REFUND_REQUESTED if refundable else P.REFUND_MANUAL, code)


def _confirm_delivered(writer: JournalWriter, capabilities: ServiceCapabilities, payment: Payment) -> bool:
    """An agency that cannot be told of payments and has delivered was content with its receipts."""
    can_advise = capabilities.offers(Operation.ADVISE_PAYMENT)
    if can_advise or payment.state not in {P.CAPTURED, P.ADVISED}:
        return False
    status = writer.progress.status
    if status is not None and status.payment_confirmed is False:
        return _move(writer, payment, P.UNDER_INVESTIGATION, "delivered-but-unconfirmed")
    return _move(writer, payment, P.CONFIRMED, "delivered", Actor.AGENCY)


def _end_fee_demand(writer: JournalWriter) -> bool:
    progress = writer.progress
    if progress.fee_due is None or not progress.is_confirmed(progress.fee_due):
        return False
    if progress.state is not S.AWAITING_PAYMENT:
        writer.add(FeeSettled(at=writer.now))
        return True
    if progress.attempt is not None:
        return False
    writer.add(FeeSettled(at=writer.now))
    writer.move(S.SUBMITTED, Actor.AGENCY, "fee-confirmed")
    return True
