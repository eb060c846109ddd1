"""What money owes by itself: superseded payments are dropped, money that nobody should hold goes back."""

from collections.abc import Iterator

from nagorik.journey.events import Actor, FeeSettled
from nagorik.journey.plan import Plan
from nagorik.journey.progress import Payment, Progress
from nagorik.journey.record import Record
from nagorik.lifecycle.groups import ENDED_WITHOUT_RESULT, MONEY_TAKEN
from nagorik.model.states import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation


def settle_money(record: Record, plan: Plan) -> bool:
    """Apply one rule to one payment, if any applies, and say whether one did.

    A payment that the call in flight is about is left alone: its answer must meet the state that it was asked in.
    """
    progress = record.progress
    in_flight = progress.attempt.payment if progress.attempt is not None else None
    doubled = {payment.id for payment in _paid_twice(progress)}
    for payment in progress.payments:
        if payment.id == in_flight:
            continue
        if payment.state is P.QUOTED:
            done = _drop_superseded(record, plan, payment)
        elif payment.state is P.REFUND_FAILED:
            done = _move(record, payment, P.REFUND_MANUAL, "refund-failed")
        elif payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING}:
            done = not plan.offers(Operation.REFUND_PAYMENT) and _move(record, payment, P.REFUND_MANUAL, "no-refunds")
        elif payment.id in doubled:
            done = _give_back(record, plan, payment, "paid-twice")
        elif progress.state in ENDED_WITHOUT_RESULT | {S.CLOSED}:
            done = _give_back(record, plan, payment, "application-ended")
        else:
            done = progress.state is S.DELIVERED and _confirm_delivered(record, plan, payment)
        if done:
            return True
    return _settle_fee(record)


def _move(record: Record, payment: Payment, to: P, code: str, actor: Actor = Actor.CORE) -> bool:
    record.move_payment(payment.id, to, actor, code)
    return True


def _drop_superseded(record: Record, plan: Plan, payment: Payment) -> bool:
    """A payment that definitely was not announced goes with its quote, its gateway, and the wish to pay it."""
    progress = record.progress
    quote = progress.quote
    if quote is None or quote.id != payment.quote or progress.state is not S.AWAITING_PAYMENT:
        return _move(record, payment, P.CANCELLED, "superseded")
    if plan.gateway is not None and plan.gateway != payment.gateway:
        return _move(record, payment, P.CANCELLED, "gateway-changed")
    return quote.is_expired(record.now) and _move(record, payment, P.EXPIRED, "quote-lapsed")


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


def _give_back(record: Record, plan: Plan, payment: Payment, code: str) -> bool:
    """Money that the agency does not hold goes back; money that it may hold is a person's case."""
    if payment.state is P.ADVISED or (payment.state is P.CAPTURED and payment.advice_lost_at is not None):
        return _move(record, payment, P.UNDER_INVESTIGATION, "advised-but-unconfirmed")
    if payment.state is not P.CAPTURED:
        return False
    refundable = plan.offers(Operation.REFUND_PAYMENT)
    return _move(record, payment, P.REFUND_REQUESTED if refundable else P.REFUND_MANUAL, code)


def _confirm_delivered(record: Record, plan: Plan, payment: Payment) -> bool:
    """An agency that cannot be told of payments and has delivered was content with its receipts."""
    told = plan.offers(Operation.ADVISE_PAYMENT)
    if told or payment.state not in {P.CAPTURED, P.ADVISED}:
        return False
    status = record.progress.status
    if status is not None and status.payment_confirmed is False:
        return _move(record, payment, P.UNDER_INVESTIGATION, "delivered-but-unconfirmed")
    return _move(record, payment, P.CONFIRMED, "delivered", Actor.AGENCY)


def _settle_fee(record: Record) -> bool:
    progress = record.progress
    if progress.fee_due is None or not progress.is_confirmed(progress.fee_due):
        return False
    if progress.state is not S.AWAITING_PAYMENT:
        record.add(FeeSettled(at=record.now))
        return True
    if progress.attempt is not None:
        return False
    record.add(FeeSettled(at=record.now))
    record.move(S.SUBMITTED, Actor.AGENCY, "fee-confirmed")
    return True
