"""Paying, telling the agency of it, and giving it back."""

from itertools import takewhile

from nagorik.errors import ContractViolation, NagorikError, Outcome
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import ApplicationState, PaymentState
from nagorik.operations import Operation
from nagorik_platform.lifecycle import events as e, tables
from nagorik_platform.lifecycle.attempts.retry import Ended, close, close_refused, retry_later
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.rules.holds import CALLS_IN_VAIN_BEFORE_A_PERSON, PAYMENT_ENDED
from nagorik_platform.lifecycle.state import PAYMENT_REFUSED, GatewayWord, Hold, Party, Payment, Progress


def started(ended: Ended[PaymentStarted], _: Progress, context: RuleContext) -> e.Events:
    """The gateway knows of the payment."""
    payment = ended.payment
    yield close(ended.attempt, context, "started", settled=True)
    yield context.payment_moved(
        payment, PaymentState.INITIATED, e.Actor.GATEWAY, "started", reference=ended.end.reference
    )


def start_failed(ended: Ended[NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """A payment whose announcement was lost is unknown, in every idempotency class."""
    error, payment = ended.end, ended.payment
    if payment.state is PaymentState.UNKNOWN:
        yield retry_later(ended.attempt, state, context, error.code, error)
        return
    yield from completion_failed(ended, state, context)
    awaited = state.state is ApplicationState.AWAITING_PAYMENT
    if error.outcome is Outcome.REJECTED and awaited and _is_refused_again(payment, state):
        yield e.Held(at=context.now, hold=Hold(party=Party.PERSON, code=PAYMENT_REFUSED))


def _is_refused_again(payment: Payment, state: Progress) -> bool:
    """Whether the gateway has refused so many payments of a stage in a row that paying again is no way on."""
    before = (one for one in reversed(state.payments) if one.stage == payment.stage and one.id != payment.id)
    refused = sum(1 for _ in takewhile(lambda one: one.state is PaymentState.FAILED and not one.reference, before))
    return refused + 1 >= CALLS_IN_VAIN_BEFORE_A_PERSON


def reported(ended: Ended[PaymentReport], state: Progress, context: RuleContext) -> e.Events:
    """What the gateway says is taken as far as the payment's table knows the move."""
    report, payment = ended.end, ended.payment
    again = context.capabilities.repeats_after_look_up(Operation.COMPLETE_PAYMENT)
    if report.state in {PaymentState.CAPTURED, PaymentState.UNDER_INVESTIGATION}:
        yield from _captured(ended, state, context)
    elif report.state is PaymentState.AUTHORISED and payment.completion_lost_at is not None and not again:
        # Told once to take the money, the gateway says neither that it did nor that it will not: asked on.
        yield retry_later(ended.attempt, state, context, "completion-unknown")
    elif report.state in {PaymentState.PENDING, PaymentState.AUTHORISED, PaymentState.UNKNOWN}:
        yield retry_later(ended.attempt, state, context, report.state.value)
        if report.state in tables.payment_targets(payment.state):
            said = {"reference": report.reference, "remark": report.remark}
            yield context.payment_moved(payment, report.state, e.Actor.GATEWAY, "reported", **said)
    else:
        yield close(ended.attempt, context, report.state.value, settled=True)
        yield from _ended_unpaid(payment, state, context, report.state, "reported", report)


def completed(ended: Ended[PaymentReport], state: Progress, context: RuleContext) -> e.Events:
    """Take in what the gateway says to the completion, or that it is to be asked."""
    report, payment = ended.end, ended.payment
    again = context.capabilities.repeats_after_look_up(Operation.COMPLETE_PAYMENT)
    if report.state is PaymentState.AUTHORISED and again:
        yield retry_later(ended.attempt, state, context, report.state.value)
    elif report.state in {PaymentState.AUTHORISED, PaymentState.UNKNOWN}:
        # It was told, and may still do it: only asking tells.
        yield close(ended.attempt, context, report.state.value, settled=False)
        yield context.payment_moved(payment, PaymentState.UNKNOWN, e.Actor.CORE, "completion-unknown")
    elif report.state is PaymentState.PENDING:
        yield close(ended.attempt, context, report.state.value, settled=True)
        yield context.payment_moved(payment, report.state, e.Actor.GATEWAY, "reported")
    elif report.state in {PaymentState.CAPTURED, PaymentState.UNDER_INVESTIGATION}:
        yield from _captured(ended, state, context)
    else:
        yield close(ended.attempt, context, report.state.value, settled=True)
        yield from _ended_unpaid(payment, state, context, report.state, "reported", report)


def completion_failed(ended: Ended[NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """After a lost answer the gateway may have taken the money: it is asked, and never ordered again unasked."""
    attempt, error, payment = ended.attempt, ended.end, ended.payment
    if error.outcome in {Outcome.UNKNOWN, Outcome.ALREADY_THERE}:
        yield close(attempt, context, error.code, settled=False)
        yield context.payment_moved(payment, PaymentState.UNKNOWN, e.Actor.CORE, error.code)
    elif error.outcome is Outcome.REJECTED:
        yield close_refused(attempt, context, error, settled=True)
        yield from _ended_unpaid(payment, state, context, PaymentState.FAILED, error.code)
    else:
        yield retry_later(attempt, state, context, error.code, error)


def _ended_unpaid(
    payment: Payment,
    state: Progress,
    context: RuleContext,
    to: PaymentState,
    code: str,
    report: PaymentReport | None = None,
) -> e.Events:
    """The gateway took nothing. What it said before is no news: the payer may be paying anew by now."""
    if payment.state in tables.MONEY_TAKEN and (payment.decided or to is not PaymentState.EXPIRED):
        if payment.contested is None or payment.contested.state not in tables.MONEY_NOT_TAKEN:
            yield context.payment_moved(
                payment,
                PaymentState.UNDER_INVESTIGATION,
                e.Actor.GATEWAY,
                "not-taken-after-all",
                remark=report.remark if report is not None else None,
                contested=GatewayWord(state=to),
            )
        return
    if to not in tables.payment_targets(payment.state) or payment.state in tables.MONEY_FOR_A_PERSON:
        return
    reference, remark = (report.reference, report.remark) if report is not None else (None, None)
    yield context.payment_moved(payment, to, e.Actor.GATEWAY, code, reference=reference, remark=remark)
    if state.state is ApplicationState.AWAITING_PAYMENT and not state.is_paid(state.stage):
        yield from context.held(state, Party.CITIZEN, PAYMENT_ENDED[to])


def _captured(ended: Ended[PaymentReport], state: Progress, context: RuleContext) -> e.Events:
    """Money was taken: exactly what was asked, or a case for a person."""
    report, payment = ended.end, ended.payment
    as_asked = report.amount == payment.amount
    believed = report.state is PaymentState.CAPTURED
    code = "reported" if as_asked and believed else "amount-mismatch" if not as_asked else "doubted-by-gateway"
    yield close(ended.attempt, context, "captured" if code == "reported" else code, settled=True)
    found_none = payment.decided and payment.state in tables.MONEY_NOT_TAKEN
    known = found_none or payment.state not in tables.MONEY_ASKED_ABOUT | tables.MONEY_NOT_TAKEN
    if code == "reported" and known:
        code = "taken-after-all" if found_none else "amount-mismatch"
    elif code == "reported" and _is_nobodys(payment, state, context):
        code = "not-demanded"
    to = PaymentState.CAPTURED if code == "reported" else PaymentState.UNDER_INVESTIGATION
    if (not known or _is_news(report, payment)) and to in tables.payment_targets(payment.state):
        yield e.PaymentMoved(
            at=context.now,
            payment=payment.id,
            to=to,
            actor=e.Actor.GATEWAY,
            code=code,
            reference=report.reference,
            taken=report.amount if report.amount != payment.sum else None,
            # A day that has not come would be the day of the receipt, and of the accounts.
            captured_at=min(report.captured_at or context.now, context.now),
            payer_name=report.payer_name,
            remark=report.remark,
            contested=_word(report) if to is PaymentState.UNDER_INVESTIGATION else None,
        )


def _is_nobodys(payment: Payment, state: Progress, context: RuleContext) -> bool:
    """Whether an agency may hold an application, was not shown money, cannot be informed, and asks for no fee."""
    is_there = state.is_filed or state.state in {ApplicationState.SUBMITTING, ApplicationState.SUBMISSION_UNKNOWN}
    return (
        is_there
        and state.state not in tables.ENDED_WITHOUT_RESULT | {ApplicationState.CLOSED}
        and not context.capabilities.offers(Operation.ADVISE_PAYMENT)
        and state.fee_due != payment.stage
        and not state.is_paid(payment.stage)
    )


def _word(report: PaymentReport) -> GatewayWord:
    return GatewayWord(state=report.state, amount=report.amount)


def _is_news(report: PaymentReport, payment: Payment) -> bool:
    """Whether a report of money says something else than is known of it, or than an officer knew who decided."""
    if _word(report) == payment.contested:
        return False
    if payment.state in tables.MONEY_NOT_TAKEN:
        return True
    if payment.state in tables.MONEY_TAKEN and report.state is PaymentState.UNDER_INVESTIGATION:
        return True
    if report.amount is None:
        # A sum that nobody can read may be a second one, unless somebody is looking for it already.
        return payment.state is not PaymentState.UNDER_INVESTIGATION
    return report.amount != payment.sum


def advised(ended: Ended[PaymentAdvice], state: Progress, context: RuleContext) -> e.Events:
    """The agency was informed; it may have confirmed by itself meanwhile."""
    payment = ended.payment
    if not ended.end.confirmed:
        yield retry_later(ended.attempt, state, context, "unconfirmed")
        if payment.state is PaymentState.CAPTURED:
            yield context.payment_moved(payment, PaymentState.ADVISED, e.Actor.CORE, "advised")
        return
    yield close(ended.attempt, context, "confirmed", settled=True)
    if PaymentState.CONFIRMED in tables.payment_targets(payment.state):
        yield context.payment_moved(payment, PaymentState.CONFIRMED, e.Actor.AGENCY, "advised")


def advice_failed(ended: Ended[NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """After a lost answer the agency may hold the money, even where the advice can safely be repeated."""
    attempt, error, payment = ended.attempt, ended.end, ended.payment
    open_still = payment.state in {PaymentState.CAPTURED, PaymentState.ADVISED}
    if error.outcome is Outcome.REJECTED:
        yield close_refused(attempt, context, error, settled=True)
        if open_still:
            yield context.payment_moved(payment, PaymentState.UNDER_INVESTIGATION, e.Actor.AGENCY, error.code)
        return
    yield retry_later(attempt, state, context, error.code, error)
    if open_still and error.outcome is Outcome.UNKNOWN:
        yield e.AdviceLost(at=context.now, payment=payment.id)


def refunded(ended: Ended[RefundReport], state: Progress, context: RuleContext) -> e.Events:
    """Accepted by a gateway is not refunded: it is asked again until it has said how it ended."""
    report, payment = ended.end, ended.payment
    if payment.refund_reference is not None and report.reference not in {None, payment.refund_reference}:
        # Another refund's word says nothing about this one.
        error = ContractViolation("another-refund")
        yield retry_later(ended.attempt, state, context, "another-refund", error)
        return
    if report.state is PaymentState.REFUND_PENDING:
        yield retry_later(ended.attempt, state, context, report.state.value)
    else:
        yield close(ended.attempt, context, report.state.value, settled=True)
    is_news = report.state is not payment.state or report.reference not in {None, payment.refund_reference}
    if is_news and report.state in tables.payment_targets(payment.state):
        yield context.payment_moved(
            payment,
            report.state,
            e.Actor.GATEWAY,
            "reported",
            refund_reference=report.reference,
            refunded_at=report.refunded_at if report.state is PaymentState.REFUNDED else None,
        )


def refund_failed(ended: Ended[NagorikError], state: Progress, context: RuleContext) -> e.Events:
    """A refused order is a person's case; the refusal to repeat a lost order says nothing."""
    attempt, error, payment = ended.attempt, ended.end, ended.payment
    orders = payment.state is PaymentState.REFUND_REQUESTED
    if orders and error.outcome is Outcome.REJECTED:
        yield close_refused(attempt, context, error, settled=True)
        yield context.payment_moved(payment, PaymentState.REFUND_MANUAL, e.Actor.CORE, error.code)
        return
    yield retry_later(attempt, state, context, error.code, error)
    if orders and error.outcome is Outcome.UNKNOWN:
        yield e.RefundLost(at=context.now, payment=payment.id)
