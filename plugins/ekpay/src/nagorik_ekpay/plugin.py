"""ekPay: a payer's page for each payment, and a status that alone says whether money was taken."""

from datetime import date

from nagorik import (
    CallContext,
    NagorikError,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
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
    """Asked for each date on which it may have been paid, whatever the others say or fail to say."""
    now = context.clock.now()
    found: list[PaymentReport | NagorikError | None] = []
    for day in dates_to_ask(request.started_at, now):
        try:
            found.append(await _of_date(day, request, context))
        except NagorikError as error:
            found.append(error)
    return wire.to_one_report(found) or wire.to_report_of_nothing(request, now)


async def _of_date(day: date, request: QueryPaymentRequest, context: Context) -> PaymentReport | None:
    question = wire.to_question(request, day)
    answer = await context.http.read("status", "POST", wire.GET_STATUS, json=question, expect=wire.StatusAnswer)
    return wire.to_report(answer, request, context.clock.now())


@hookimpl
async def nagorik_parse_payment_notice(request: PaymentNoticeRequest) -> PaymentNotice:
    """A hint and no more: how ``dgtl_sign`` is made is not published, so anybody may write a notice."""
    return PaymentNotice(payment=wire.noticed_payment(request.headers, request.body))
