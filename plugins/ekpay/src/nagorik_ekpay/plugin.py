"""ekPay: a payer's page for each payment, and a status that alone says whether money was taken."""

from nagorik import (
    CallContext,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    StartPaymentRequest,
    hookimpl,
)
from nagorik_ekpay import wire
from nagorik_ekpay.dates import dates_to_ask
from nagorik_ekpay.settings import EkpaySettings

Context = CallContext[EkpaySettings]


@hookimpl
async def nagorik_start_payment(request: StartPaymentRequest, context: Context) -> PaymentStarted:
    """Nothing is paid until the payer has been to the page. What announcing a payment twice does is not published."""
    session = wire.to_session(request, context.settings, context.clock.now())
    answer = await context.http.write("session", "POST", wire.MERCHANT_API, json=session, expect=wire.SessionAnswer)
    return wire.to_started(answer, request, context.settings)


@hookimpl
async def nagorik_query_payment(request: QueryPaymentRequest, context: Context) -> PaymentReport:
    """Asked for each date on which it may have been paid, until it is paid on one of them."""
    found: list[PaymentReport | None] = []
    for day in dates_to_ask(request.started_at, context.clock.now()):
        question = wire.to_question(request, day)
        answer = await context.http.read("status", "POST", wire.GET_STATUS, json=question, expect=wire.StatusAnswer)
        report = wire.to_report(answer, request)
        if report is not None and report.state is PaymentState.CAPTURED:
            return report
        found.append(report)
    return wire.to_one_report(found) or wire.to_report_of_nothing(request, context.clock.now())


@hookimpl
async def nagorik_parse_payment_notice(request: PaymentNoticeRequest) -> PaymentNotice:
    """A hint and no more: how ``dgtl_sign`` is made is not published, so anybody may write a notice."""
    return PaymentNotice(payment=wire.noticed_payment(request.headers, request.body))
