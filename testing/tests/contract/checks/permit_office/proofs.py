"""Tills that say whose payment it is, in which currency, and on which date; hooks that heed it, and that do not."""

from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from nagorik import ContractViolation, PaymentNotice, PaymentReport, PaymentState, hookimpl
from nagorik.values import Money, dhaka_date
from nagorik_testing import DocumentResponse
from permit_office.plugin import Bill, Context, Hooks
from permit_office.simulator import PermitOffice


class NumberedBill(Bill):
    payment: str
    currency: str


class NumberedTill(PermitOffice):
    """Says whose payment it is, and in which currency."""

    def told_of(self, payment: str) -> dict[str, Any]:
        return {**super().told_of(payment), "payment": payment, "currency": "BDT"}


class ReadsWhoseItIs(Hooks):
    """Right: an answer about another payment is refused, dollars are told as dollars, and rupees are refused."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        path = f"/bills/{request.payment}"
        bill = await context.http.read_or_none("look", "GET", path, expect=NumberedBill)
        if bill is None:
            return PaymentReport(state=PaymentState.UNKNOWN)
        if bill.payment != request.payment:
            raise ContractViolation("another-payment")
        return self.in_its_currency(self.report(bill), bill.currency)

    def in_its_currency(self, report: PaymentReport, currency: str) -> PaymentReport:
        if report.amount is None:
            return report
        if currency not in {"BDT", "USD"}:
            raise ContractViolation("currency")
        return report.model_copy(update={"amount": Money(poisha=report.amount.poisha, currency=currency)})


class DoubtsOthersPayments(ReadsWhoseItIs):
    """Right: what is about another payment, or in another currency, is unknown."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        try:
            return await super().nagorik_query_payment(request, context)
        except ContractViolation:
            return PaymentReport(state=PaymentState.UNKNOWN)


class TakesAnyCurrencyForTaka(ReadsWhoseItIs):
    def in_its_currency(self, report, currency):
        return report


class TakesRupeesForTaka(ReadsWhoseItIs):
    """Knows dollars, and takes whatever else there is for taka."""

    def in_its_currency(self, report, currency):
        return super().in_its_currency(report, currency if currency == "USD" else "BDT")


class BelievesNotices(Hooks):
    """Takes a payment that a notice has named for paid."""

    noticed: ClassVar[set[str]] = set()

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        notice = await super().nagorik_parse_payment_notice(request, context)
        self.noticed.add(notice.payment)
        return notice

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=Bill)
        paid = bill.model_copy(update={"word": "PAID"}) if request.payment in self.noticed else bill
        return self.report(paid)


class GivesUpByItself(Hooks):
    """Calls a payment over that the till still waits for."""

    def report(self, bill: Bill) -> PaymentReport:
        told = super().report(bill)
        return PaymentReport(state=PaymentState.EXPIRED) if told.state is PaymentState.PENDING else told


class DatedTill(PermitOffice):
    """Finds a bill that is paid by the date in Dhaka on which it was paid, and an open one by that of its opening."""

    async def show_bill(self, request: Request) -> Response:
        slip = self.slips.get(request.path_params["id"])
        kept_at = slip and (slip.opened + timedelta(minutes=1) if slip.taken else slip.opened)
        if kept_at is None or request.query_params.get("date") != dhaka_date(kept_at).isoformat():
            return DocumentResponse({"error": "unknown"}, status_code=404)
        return await super().show_bill(request)


class AsksEachDate(Hooks):
    """Right: asks for each date since the payment was begun."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        first, last = dhaka_date(request.started_at), dhaka_date(context.clock.now())
        for date in self.dates(first, last):
            path, asked = f"/bills/{request.payment}", {"date": date.isoformat()}
            bill = await context.http.read_or_none("look", "GET", path, params=asked, expect=Bill)
            if bill is not None:
                return self.report(bill)
        return PaymentReport(state=PaymentState.UNKNOWN)

    def dates(self, first: Any, last: Any) -> Any:
        return [first + timedelta(days=day) for day in range((last - first).days + 1)]


class AsksForTheFirstDate(AsksEachDate):
    def dates(self, first, last):
        return [first]


class AsksForToday(AsksEachDate):
    def dates(self, first, last):
        return [last]
