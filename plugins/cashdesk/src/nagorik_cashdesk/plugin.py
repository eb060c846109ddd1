"""Cash at the counter: a slip is opened, the payer pays the operator, the till's book says whether it was paid."""

from nagorik import (
    AgencySettings,
    CallContext,
    ContractViolation,
    ListPaymentsRequest,
    PaymentList,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
    hookimpl,
)
from nagorik_cashdesk import wire
from nagorik_cashdesk.wire import PAYMENTS

Context = CallContext[AgencySettings]


@hookimpl
async def nagorik_start_payment(request: StartPaymentRequest, context: Context) -> PaymentStarted:
    """Nothing is paid until the operator has taken the money."""
    slip = await context.http.write("open", "POST", PAYMENTS, json=wire.to_payment(request), expect=wire.PaymentSlip)
    return PaymentStarted(reference=slip.receipt_no, instructions=wire.instructions(slip, request))


@hookimpl
async def nagorik_query_payment(request: QueryPaymentRequest, context: Context) -> PaymentReport:
    """A payment that is not in the book may still be on its way there: that is unknown, never failed."""
    payment = await context.http.read_or_none(
        "look-up", "GET", f"{PAYMENTS}/{request.payment}", expect=wire.PaymentEntry
    )
    if payment is None:
        return PaymentReport(state=PaymentState.UNKNOWN)
    return wire.to_report(payment)


@hookimpl
async def nagorik_list_payments(request: ListPaymentsRequest, context: Context) -> PaymentList:
    """Page after page, as many as the till says that there are: a list that is cut short is refused."""
    found: list[wire.TillPayment] = []
    total, page = 1, 0
    while len(found) < total:
        page += 1
        asked = {"day": request.day.isoformat(), "page": str(page)}
        read = await context.http.read("list", "GET", PAYMENTS, params=asked, expect=wire.PaymentsPage)
        if not read.items and read.total > len(found):
            raise ContractViolation("list-cut-short")
        found += read.items
        total = read.total
    return PaymentList(payments=tuple(wire.to_listed(one) for one in found))


@hookimpl
async def nagorik_refund_payment(request: RefundPaymentRequest, context: Context) -> RefundReport:
    """Ordered again while it is pending, which the till answers with how far it is."""
    refund = await context.http.write(
        "refund", "POST", f"{PAYMENTS}/{request.payment}/refund", json=wire.to_refund(request), expect=wire.Refund
    )
    return wire.to_refund_report(refund, request)
