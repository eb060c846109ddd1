"""Hooks that break in another way what passes between them and a till, and some that only look so."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from nagorik import (
    AgencyRejected,
    ContractViolation,
    NagorikError,
    PaymentAdvice,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    RefundReport,
    Text,
    hookimpl,
)
from nagorik.values import dhaka_date
from permit_office.plugin import (
    Bill,
    Context,
    Hooks,
    Refund,
)
from permit_office.proofs import NumberedBill, ReadsWhoseItIs


class ComparesHalf(ReadsWhoseItIs):
    """Compares as much of a payment's id as fits into the till's list."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        path = f"/bills/{request.payment}"
        bill = await context.http.read("look", "GET", path, expect=NumberedBill)
        if bill.payment[:8] != request.payment[:8]:
            raise ContractViolation("another-payment")
        return self.in_its_currency(self.report(bill), bill.currency)


class BelievesTheReceipt(ReadsWhoseItIs):
    """The number of the receipt is the right one, and that is enough."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        path = f"/bills/{request.payment}"
        bill = await context.http.read("look", "GET", path, expect=NumberedBill)
        if bill.payment != request.payment and bill.receipt != request.reference:
            raise ContractViolation("another-payment")
        return self.in_its_currency(self.report(bill), bill.currency)


class BreaksOnOthers(ReadsWhoseItIs):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        path = f"/bills/{request.payment}"
        bill = await context.http.read("look", "GET", path, expect=NumberedBill)
        return {request.payment: self.report(bill)}[bill.payment]


class TakesRefusalForNotYet(Hooks):
    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        try:
            return await super().nagorik_advise_payment(request, context)
        except AgencyRejected:
            return PaymentAdvice(confirmed=False)


class TurnsRefusedAway(Hooks):
    """Knows that word alone which it has met."""

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path = f"/permits/{request.agency_reference}/payment"
        content = {"reference": request.receipt.reference, "amount": request.receipt.amount.plain()}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        if told.word == "REFUSED":
            raise AgencyRejected("payment-refused")
        return PaymentAdvice(confirmed=told.word == "PAID")


class Opens(Hooks):
    """Opens a bill as ``named`` and ``asked`` say."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {"payment": self.named(request, context), "amount": self.asked(request)}
        bill = await context.http.write(self.step(), "POST", "/bills", json=content, expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))

    def named(self, request: Any, context: Context) -> str:
        return str(request.payment)

    def asked(self, request: Any) -> str:
        return str(request.amount.plain())

    def step(self) -> str:
        return "open"


class NamesBillsByAmount(Opens):
    def named(self, request, context):
        return f"{request.payment}-{request.amount.poisha}"


class AsksTheFirstAmount(Opens):
    """Sends the amount that it was told first."""

    amounts: ClassVar[dict[str, str]] = {}

    def asked(self, request):
        return self.amounts.setdefault(request.payment, super().asked(request))


class TakesTheOpenBill(Hooks):
    """Takes a bill that is there already for the one that it wants."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        try:
            return await super().nagorik_start_payment(request, context)
        except AgencyRejected:
            bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=Bill)
            return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay there"))


class NamesBillsByTheMinute(Opens):
    def named(self, request, context):
        return f"{request.payment}-{context.clock.now():%Y%m%d%H%M}"


class NamesEachBillAnew(Opens):
    bills: ClassVar[Iterator[int]] = iter(range(10**6))

    def named(self, request, context):
        return f"{request.payment}-{next(self.bills)}"


class ReadsNoticesByHand(Hooks):
    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        try:
            return PaymentNotice(payment=json.loads(request.body)["payment"])
        except (ValueError, KeyError, TypeError):
            raise AgencyRejected("notice-broken") from None


class ProvesWhatIsSigned(Hooks):
    """A signature is held against the key where there is one."""

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        if "x-signature" in {name.lower() for name in request.headers}:
            self.prove(request, context)
        found = json.loads(request.body or b"{}")
        return PaymentNotice(payment=str(found.get("payment")) if isinstance(found, dict) else "-")


class OrdersAnew(Hooks):
    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        path = f"/bills/{request.payment}/refund"
        content = {"amount": request.amount.plain(), "order": self.order(request, context)}
        refund = await context.http.write("refund", "POST", path, json=content, expect=Refund)
        return RefundReport(state=self.refunded(refund.word))

    orders: ClassVar[Iterator[int]] = iter(range(10**6))

    def order(self, request: Any, context: Context) -> str:
        return f"{request.payment}-{next(self.orders)}"


class OrdersByTheDay(OrdersAnew):
    """Of two orders on two days there are two."""

    def order(self, request, context):
        return f"{request.payment}-{dhaka_date(context.clock.now())}"


class OrdersByThePayment(OrdersAnew):
    """Right."""

    def order(self, request, context):
        return f"{request.payment}-1"


class Unknown(Hooks):
    """Knows what it says of a payment that the till does not know."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read_or_none("look", "GET", f"/bills/{request.payment}", expect=Bill)
        return self.missing(request, context) if bill is None else self.report(bill)

    def missing(self, request: Any, context: Context) -> PaymentReport:
        return PaymentReport(state=PaymentState.PENDING)


class MissingIsOver(Unknown):
    """Takes a payment that is not in the book for one whose page was closed."""

    def missing(self, request, context):
        return PaymentReport(state=PaymentState.EXPIRED)


class MissingBillBreaks(Unknown):
    def missing(self, request, context):
        raise KeyError(request.payment)


class GivesUpAfterAnHour(Hooks):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        told = await super().nagorik_query_payment(request, context)
        over = told.state is PaymentState.PENDING and context.clock.now() - request.started_at >= self.patience()
        return told.model_copy(update={"state": self.ended(), "raw": self.word(told)}) if over else told

    def patience(self) -> timedelta:
        return timedelta(hours=1)

    def ended(self) -> PaymentState:
        return PaymentState.CANCELLED

    def word(self, told: PaymentReport) -> str | None:
        return None


class GivesUpInItsWords(GivesUpAfterAnHour):
    """In the till's word for a bill that is open."""

    def word(self, told):
        return told.raw


class NeverBegins(GivesUpInItsWords):
    def patience(self):
        return timedelta()

    def ended(self):
        return PaymentState.EXPIRED


class Noticing(Hooks):
    """Keeps what notices name."""

    noticed: ClassVar[list[str]] = []

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        notice = await super().nagorik_parse_payment_notice(request, context)
        self.noticed.append(notice.payment)
        return notice

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=Bill)
        believed = self.believes(self.noticed.count(request.payment), bill, request, context)
        return self.report(bill.model_copy(update={"word": "PAID"}) if believed else bill)

    def believes(self, notices: int, bill: Bill, request: Any, context: Context) -> bool:
        return notices > 1


class BelievesAfterAWhile(Noticing):
    """The till is slow, and the notice was there first."""

    def believes(self, notices, bill, request, context):
        return bool(notices) and context.clock.now() - request.started_at > timedelta(minutes=10)


class BelievesWhenTheTillIsDown(Hooks):
    noticed: ClassVar[dict[str, PaymentReport]] = {}

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        notice = await super().nagorik_parse_payment_notice(request, context)
        bill = Bill(receipt="B-0001", word="PAID", amount="345.00")
        self.noticed[notice.payment] = self.report(bill)
        return notice

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        try:
            return await super().nagorik_query_payment(request, context)
        except NagorikError:
            if request.payment not in self.noticed:
                raise
            return self.noticed[request.payment]
