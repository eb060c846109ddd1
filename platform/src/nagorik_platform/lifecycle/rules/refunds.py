"""What money owes by itself: superseded payments are dropped, and unused money goes back."""

from collections.abc import Container, Iterator

from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.state import Payment, Progress
from nagorik_platform.lifecycle.tables import ENDED_WITHOUT_RESULT, MONEY_TAKEN, state_without_fee


def advance_money(state: Progress, context: RuleContext) -> e.Events:
    """One duty of one payment, if there is any; otherwise the end of a fee's demand that is met."""
    in_flight = state.attempt.payment if state.attempt is not None else None
    doubled = {payment.id for payment in _paid_twice(state)}
    for payment in state.payments:
        moved = _duty(payment, state, context, doubled) if payment.id != in_flight else None
        if moved is not None:
            yield moved
            return
    yield from _end_fee_demand(state, context)


def _duty(payment: Payment, state: Progress, context: RuleContext, doubled: Container[str]) -> e.PaymentMoved | None:
    if payment.state is P.QUOTED:
        return _drop_superseded(payment, state, context)
    if payment.state is P.REFUND_FAILED:
        return context.payment_moved(payment, P.REFUND_MANUAL, e.Actor.CORE, "refund-failed")
    if payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING}:
        return _leave_to_a_person(payment, context)
    if payment.id in doubled:
        return _give_back(payment, context, "paid-twice")
    if _is_of_another_price(payment, state):
        return _give_back(payment, context, "price-changed")
    if state.state in ENDED_WITHOUT_RESULT | {S.CLOSED}:
        return _give_back(payment, context, "application-ended")
    return _confirm_delivered(payment, state, context) if state.state is S.DELIVERED else None


def _drop_superseded(payment: Payment, state: Progress, context: RuleContext) -> e.PaymentMoved | None:
    """A payment that definitely was not announced goes with its quote, its gateway, and the wish to pay it."""
    quote = state.quote
    if quote is None or quote.id != payment.quote or state.state is not S.AWAITING_PAYMENT:
        return context.payment_moved(payment, P.CANCELLED, e.Actor.CORE, "superseded")
    if context.capabilities.gateway not in {None, payment.gateway}:
        return context.payment_moved(payment, P.CANCELLED, e.Actor.CORE, "gateway-changed")
    if quote.is_expired(context.now):
        return context.payment_moved(payment, P.EXPIRED, e.Actor.CORE, "quote-lapsed")
    return None


def _paid_twice(progress: Progress) -> Iterator[Payment]:
    """Payments of a stage beyond the one that the agency holds, may hold, was shown, or got first."""
    kept: dict[str, Payment] = {}
    for payment in sorted(progress.payments, key=_distance_to_agency):
        if payment.state in MONEY_TAKEN and kept.setdefault(payment.stage, payment) is not payment:
            yield payment


def _is_of_another_price(payment: Payment, state: Progress) -> bool:
    """Whether money was given for a price that is not the one which an application is to be filed at."""
    quote = state.quote
    return (
        payment.state is P.CAPTURED
        and not payment.decided
        and state.state in {S.DRAFT, S.READY, S.AWAITING_PAYMENT}
        and not state.is_filed
        and quote is not None
        and quote.stage == payment.stage
        and quote.id != payment.quote
        and quote.total != payment.agency_share
    )


def _distance_to_agency(payment: Payment) -> int:
    if payment.state is P.CONFIRMED:
        return 0
    if payment.state is P.ADVISED or payment.advice_lost_at is not None:
        return 1
    return 2 if payment.is_shown else 3


def _give_back(payment: Payment, context: RuleContext, code: str) -> e.PaymentMoved | None:
    """Money that the agency does not hold goes back; money that it may hold is a person's case."""
    if payment.state is P.ADVISED or (payment.state is P.CAPTURED and payment.advice_lost_at is not None):
        return context.payment_moved(payment, P.UNDER_INVESTIGATION, e.Actor.CORE, "advised-but-unconfirmed")
    if payment.state is not P.CAPTURED:
        return None
    refundable = context.capabilities.offers(Operation.REFUND_PAYMENT) and payment.refund_requested_at is None
    return context.payment_moved(payment, P.REFUND_REQUESTED if refundable else P.REFUND_MANUAL, e.Actor.CORE, code)


def _leave_to_a_person(payment: Payment, context: RuleContext) -> e.PaymentMoved | None:
    """A refund that no gateway makes, or that may have been ordered where asking for it could order a second one."""
    capabilities = context.capabilities
    if not capabilities.offers(Operation.REFUND_PAYMENT):
        return context.payment_moved(payment, P.REFUND_MANUAL, e.Actor.CORE, "no-refunds")
    can_ask = payment.refund_reference is not None or capabilities.repeats_after_look_up(Operation.REFUND_PAYMENT)
    if payment.refund_ordered_at is None or can_ask:
        return None
    return context.payment_moved(payment, P.REFUND_MANUAL, e.Actor.CORE, "refund-unknown")


def _confirm_delivered(payment: Payment, state: Progress, context: RuleContext) -> e.PaymentMoved | None:
    """An agency that cannot be informed of payments and has delivered was content with its receipts."""
    can_advise = context.capabilities.offers(Operation.ADVISE_PAYMENT)
    if can_advise or payment.state not in {P.CAPTURED, P.ADVISED}:
        return None
    if state.status is not None and state.status.payment_confirmed is False:
        return context.payment_moved(payment, P.UNDER_INVESTIGATION, e.Actor.CORE, "delivered-but-unconfirmed")
    return context.payment_moved(payment, P.CONFIRMED, e.Actor.AGENCY, "delivered")


def _end_fee_demand(state: Progress, context: RuleContext) -> e.Events:
    if state.fee_due is None or not state.is_confirmed(state.fee_due):
        return
    if state.state is not S.AWAITING_PAYMENT:
        yield e.FeeSettled(at=context.now)
    elif state.attempt is None:
        yield e.FeeSettled(at=context.now)
        yield context.moved(state_without_fee(state.status), e.Actor.AGENCY, "fee-confirmed")
