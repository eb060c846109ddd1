"""bKash's checkout: a payment is created, its payer agrees at bKash's page, the platform executes it, and then asks.

Money moves by the execution alone, once for a payment. Whatever is not sure after it is asked about; nothing is
executed or created anew on a guess. A payer's coming back says ``success`` before any money has moved.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from nagorik import (
    AgencyRejected,
    CompletePaymentRequest,
    ContractViolation,
    InputRejected,
    Layer,
    NagorikError,
    OutcomeUnknown,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
    Text,
    hookimpl,
)
from nagorik_bkash import notices, wire
from nagorik_bkash.codes import SENTENCES, CodeMeaning, code_in, word_of
from nagorik_bkash.settings import Context

_NOTHING_DONE: Final = frozenset(
    {CodeMeaning.REFUSED, CodeMeaning.DECLINED, CodeMeaning.NO_SUCH, CodeMeaning.CANCELLED, CodeMeaning.STATE}
)
"""What a write that creates or gives back ends in for good."""
_FURTHEST_AHEAD: Final = timedelta(days=1)
_VERIFIED: Final = frozenset({"complete", "completed"})
"""Published clients write it in both ways."""


@hookimpl
async def nagorik_start_payment(request: StartPaymentRequest, context: Context) -> PaymentStarted:
    """Nothing is paid by it: the payer has to agree, and the platform to execute."""
    if request.amount.currency != wire.CURRENCY:
        raise AgencyRejected("bkash.currency", reason=wire.TEXTS.text("bkash.currency"), layer=Layer.PLUGIN)
    if request.return_url is None:
        raise InputRejected([wire.TEXTS.field_problem("/return_url", "bkash.return-url-missing")], layer=Layer.PLUGIN)
    try:
        created = await context.http.write(
            "create",
            "POST",
            f"{wire.CHECKOUT}/create",
            json=wire.to_payment(request, request.return_url),
            headers=wire.app_key(context.settings),
            expect=wire.CreatedPayment,
        )
    except AgencyRejected as refused:
        raise _refusal(refused.reason_code, "bkash.refused") from None
    if created.meaning is not CodeMeaning.DONE:
        raise _write_refused("create", created, "bkash.refused")
    page = created.page_within(context.settings)
    if not created.is_of(request) or page is None:
        # Nobody is sent to pay what was not asked for.
        raise _unknown("create", "another-payment")
    return PaymentStarted(
        reference=created.payment_id,
        pay_at=page,
        instructions=wire.TEXTS.text("bkash.instructions"),
        expires_at=context.clock.now() + context.settings.payment_lifetime,
    )


@hookimpl
async def nagorik_query_payment(request: QueryPaymentRequest, context: Context) -> PaymentReport:
    """By bKash's own number alone: without it bKash cannot be asked, and nothing is known."""
    numbers = wire.split_reference(request.reference or "")
    if numbers is None:
        return PaymentReport(state=PaymentState.UNKNOWN)
    return _report(await _status(numbers[0], request.payment, context), numbers[0], request, context)


@hookimpl
async def nagorik_complete_payment(request: CompletePaymentRequest, context: Context) -> PaymentReport:
    """Ask, then execute once. An answer that leaves room for doubt leaves the outcome unknown; the platform asks.

    An execution takes what bKash holds, and names no amount: it is held against what was asked for before.
    """
    numbers = wire.split_reference(request.reference)
    if numbers is None:
        raise ContractViolation("bkash-reference")
    held = await _status(numbers[0], request.payment, context)
    before = _report(held, numbers[0], request, context)
    if before.state is not PaymentState.AUTHORISED:
        return before
    if (held.amount, held.currency) != (request.amount, wire.CURRENCY):
        raise ContractViolation("another-amount", layer=Layer.GATEWAY)
    try:
        answer = await _executed(numbers[0], context)
    except (AgencyRejected, InputRejected):
        # A refusal that is none of bKash's codes is believed where the payment, asked anew, still waits for us.
        now = await _asked_again(numbers[0], "refused-without-code", request, context)
        if now.state is PaymentState.AUTHORISED:
            raise
        return now
    if answer.meaning in {CodeMeaning.DECLINED, CodeMeaning.CANCELLED}:
        return await _declined(numbers[0], answer, request, context)
    if answer.meaning is not CodeMeaning.DONE:
        raise _unknown("execute", word_of(answer.code))
    if not _is_of(answer, numbers[0], request.payment):
        raise _unknown("execute", "another-payment")
    report = _report(answer, numbers[0], request, context)
    if report.state is not PaymentState.CAPTURED:
        raise _unknown("execute", "not-completed")
    return report


@hookimpl
async def nagorik_refund_payment(request: RefundPaymentRequest, context: Context) -> RefundReport:
    """Asked first, so that an order that is repeated gives nothing back twice; bKash refuses the second, too."""
    payment_id, transaction = await _numbers_of(request, context)
    before = await context.http.read(
        "refund-status",
        "POST",
        f"{wire.CHECKOUT}/payment/refund",
        json=wire.to_refund_question(payment_id, transaction),
        headers=wire.app_key(context.settings),
        expect=wire.RefundAnswer,
    )
    if before.meaning is CodeMeaning.DONE:
        return _refund_report(before, transaction, request, context.clock.now())
    if before.meaning is CodeMeaning.UNAVAILABLE:
        raise wire.closed()
    if before.meaning is not CodeMeaning.NO_SUCH or request.refund_reference is not None:
        # A refund that has a number and is not found is nothing to order again.
        raise ContractViolation(f"refund-status-{word_of(before.code)}")
    try:
        ordered = await context.http.write(
            "refund",
            "POST",
            f"{wire.CHECKOUT}/payment/refund",
            json=wire.to_refund(request, payment_id, transaction),
            headers=wire.app_key(context.settings),
            expect=wire.RefundAnswer,
        )
    except AgencyRejected as refused:
        raise _refusal(refused.reason_code, "bkash.refund-refused") from None
    if ordered.meaning is CodeMeaning.DONE:
        return _refund_report(ordered, transaction, request, context.clock.now())
    if ordered.meaning is CodeMeaning.ALREADY:
        return RefundReport(state=PaymentState.REFUND_PENDING)
    raise _write_refused("refund", ordered, "bkash.refund-refused")


@hookimpl
async def nagorik_parse_payment_notice(request: PaymentNoticeRequest, context: Context) -> PaymentNotice:
    """A payer's coming back, or a notice through Amazon SNS; its amount and status are not even read."""
    return await notices.read(request, context)


async def _status(payment_id: str, payment: str, context: Context) -> wire.PaymentAnswer:
    """The payment as bKash has it, and no other's."""
    answer = await context.http.read(
        "status",
        "POST",
        f"{wire.CHECKOUT}/payment/status",
        json={"paymentID": payment_id},
        headers=wire.app_key(context.settings),
        expect=wire.PaymentAnswer,
    )
    if answer.meaning is CodeMeaning.UNAVAILABLE:
        raise wire.closed()
    if answer.meaning is CodeMeaning.DONE and not _is_of(answer, payment_id, payment):
        raise ContractViolation("another-payment")
    return answer


def _is_of(answer: wire.PaymentAnswer, payment_id: str, payment: str) -> bool:
    """Whether an answer is about this payment: by its number at bKash, and by ours."""
    return (answer.payment_id, answer.invoice) == (payment_id, payment)


def _report(
    answer: wire.PaymentAnswer,
    payment_id: str,
    request: QueryPaymentRequest | CompletePaymentRequest,
    context: Context,
) -> PaymentReport:
    """A payment as the platform takes it; money is reported only where bKash says that it took it, in taka."""
    if answer.names_another(payment_id, request.payment):
        return PaymentReport(state=PaymentState.UNKNOWN, raw=answer.code)
    match answer.meaning:
        case CodeMeaning.DONE:
            word = answer.status or ""
        case CodeMeaning.CANCELLED:
            return PaymentReport(state=PaymentState.CANCELLED, remark=answer.remark, raw=answer.code)
        case CodeMeaning.DECLINED:
            return PaymentReport(state=PaymentState.FAILED, remark=answer.remark, raw=answer.code)
        case _:
            return PaymentReport(state=PaymentState.UNKNOWN, raw=answer.code)
    match word.casefold():
        case "completed" if answer.currency == wire.CURRENCY and answer.amount is not None and answer.payment_id:
            return PaymentReport(
                state=PaymentState.CAPTURED,
                amount=answer.amount,
                reference=wire.joined_reference(answer.payment_id, answer.transaction),
                captured_at=_believed(answer.executed_at, context.clock.now()),
                raw=word,
            )
        case "initiated" if not answer.claims_success:
            return PaymentReport(state=_unexecuted(answer, request.started_at, context), raw=word)
    return PaymentReport(state=PaymentState.UNKNOWN, raw=word[:200])


def _believed(told: datetime | None, now: datetime) -> datetime | None:
    """When money moved; ``None`` where it is dated further ahead than two clocks and a wrong zone explain."""
    return told if told is not None and told - now <= _FURTHEST_AHEAD else None


def _unexecuted(
    answer: wire.PaymentAnswer, started_at: datetime, context: Context
) -> Literal[PaymentState.AUTHORISED, PaymentState.PENDING, PaymentState.EXPIRED]:
    """How a payment stands that was not executed: no money has moved, and none will unless the platform says so."""
    if answer.verification in _VERIFIED:
        return PaymentState.AUTHORISED
    lapsed = context.clock.now() - started_at >= context.settings.payment_lifetime
    return PaymentState.EXPIRED if lapsed else PaymentState.PENDING


async def _executed(payment_id: str, context: Context) -> wire.PaymentAnswer:
    """What bKash says to an execution: a refusal with another HTTP status, too, is read by its code.

    Raises:
        AgencyRejected: It was refused by its HTTP status alone, which whoever stands between may have done.
        InputRejected: As above.
    """
    try:
        return await context.http.write(
            "execute",
            "POST",
            f"{wire.CHECKOUT}/execute",
            json={"paymentID": payment_id},
            headers=wire.app_key(context.settings),
            expect=wire.PaymentAnswer,
        )
    except AgencyRejected as refused:
        code = code_in(refused.reason_code)
        if code is None:
            raise
    return wire.PaymentAnswer(status_code=code, message=SENTENCES[code])


async def _asked_again(
    payment_id: str, because: str, request: CompletePaymentRequest, context: Context
) -> PaymentReport:
    """How the payment stands after an execution that was refused."""
    try:
        now = await _status(payment_id, request.payment, context)
    except NagorikError:
        raise _unknown("execute", because) from None
    return _report(now, payment_id, request, context)


async def _declined(
    payment_id: str, answer: wire.PaymentAnswer, request: CompletePaymentRequest, context: Context
) -> PaymentReport:
    """A refusal is believed once bKash, asked anew, does not call the payment completed: an earlier try may be."""
    now = await _asked_again(payment_id, word_of(answer.code), request, context)
    if now.state in {PaymentState.CAPTURED, PaymentState.UNKNOWN}:
        return now
    return _report(answer, payment_id, request, context)


async def _numbers_of(request: RefundPaymentRequest, context: Context) -> tuple[str, str]:
    """The payment's number and the transaction's; bKash is asked for the second where it is not in the reference."""
    payment_id, transaction = wire.split_reference(request.reference) or (None, None)
    if payment_id is not None and transaction is None:
        answer = await _status(payment_id, request.payment, context)
        transaction = answer.transaction if answer.meaning is CodeMeaning.DONE else None
    if payment_id is None or transaction is None:
        raise AgencyRejected("bkash.no-transaction", reason=wire.TEXTS.text("bkash.refund-refused"))
    return payment_id, transaction


def _refund_report(
    answer: wire.RefundAnswer, transaction: str, request: RefundPaymentRequest, now: datetime
) -> RefundReport:
    """Done where this transaction's whole amount went back; another amount is a person's to look at."""
    if answer.original != transaction:
        raise ContractViolation("another-payment")
    if request.refund_reference not in {None, answer.refund}:
        # Two refunds of one payment: which of them the payer has, only a person can find out.
        raise ContractViolation("another-refund")
    if (answer.status or "").casefold() != "completed":
        return RefundReport(state=PaymentState.REFUND_PENDING, reference=answer.refund)
    whole = answer.amount == request.amount and answer.currency in {None, wire.CURRENCY}
    if not whole:
        return RefundReport(state=PaymentState.REFUND_MANUAL, reference=answer.refund)
    return RefundReport(
        state=PaymentState.REFUNDED,
        reference=answer.refund,
        refunded_at=_believed(answer.completed_at, now),
    )


def _write_refused(step: str, answer: wire.CodedAnswer, text: str) -> NagorikError:
    """What a code means that was answered to a write which creates or gives back."""
    if answer.meaning is CodeMeaning.UNAVAILABLE:
        return wire.closed()
    if answer.meaning in _NOTHING_DONE:
        return _refusal(word_of(answer.code), text)
    return _unknown(step, word_of(answer.code))


def _unknown(step: str, because: str) -> OutcomeUnknown:
    """What bKash itself leaves unknown."""
    return OutcomeUnknown(step=step, because=because, layer=Layer.GATEWAY)


def _refusal(reason_code: str, text: str) -> AgencyRejected:
    """A refusal in our words, with bKash's beside them: the sentence that it publishes for the code, in English."""
    code = code_in(reason_code)
    if code is None:
        reason = wire.TEXTS.text(text)
    else:
        words = SENTENCES[code].rstrip(".")
        reason = wire.TEXTS.text(f"{text}-because", words=Text(bn=words, en=words))
    return AgencyRejected(reason_code, reason=reason, layer=Layer.GATEWAY)
