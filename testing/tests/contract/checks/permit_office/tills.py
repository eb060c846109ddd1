"""Tills that number, list, date and end payments in ways of their own; hooks that heed it, and that do not."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik import (
    AgencyRejected,
    ContractViolation,
    ListedPayment,
    Money,
    NagorikError,
    PaymentAdvice,
    PaymentList,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    RefundReport,
    Text,
    WireModel,
    hookimpl,
)
from nagorik.values import dhaka_date
from nagorik_testing import (
    DocumentResponse,
    ExampleMessage,
    PaymentPage,
    SparseAnswer,
    content_of,
    render_payment_page,
)
from permit_office.offices import WaitingTill
from permit_office.payments import Completes, Listed, TwoStepTill
from permit_office.plugin import PAID, STATES, Bill, Context, Hooks, Refund, status_of
from permit_office.simulator import DESK, PermitOffice

# Words


class ReadsPaymentsBy(Hooks):
    """Takes a word for the first known one that is like it."""

    def is_like(self, word: str, known: str) -> bool:
        return word == known

    def report(self, bill: Bill) -> PaymentReport:
        known = next((one for one in PAID if self.is_like(bill.word, one)), bill.word)
        return super().report(bill.model_copy(update={"word": known})).model_copy(update={"raw": bill.word})


class ReadsWhatBegins(ReadsPaymentsBy):
    def is_like(self, word, known):
        return word.startswith(known)


class ReadsWhatHolds(ReadsPaymentsBy):
    def is_like(self, word, known):
        return word.endswith(known)


class ReadsShortWords(ReadsPaymentsBy):
    """Knows a word by its beginning."""

    def is_like(self, word, known):
        return known.startswith(word)


class ReadsInAnyCase(ReadsPaymentsBy):
    """Right: blanks around a word, and its case, are nothing of it."""

    def is_like(self, word, known):
        return word.strip().upper() == known


class ReadsStatesBy(Hooks):
    def is_like(self, word: str, known: str) -> bool:
        return word == known

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> Any:
        filed = await self.ask(context, request.agency_reference)
        known = next((one for one in STATES if self.is_like(filed.word, one)), filed.word)
        return status_of(filed.model_copy(update={"word": known})).model_copy(update={"raw": filed.word})


class ReadsStatesThatBegin(ReadsStatesBy):
    def is_like(self, word, known):
        return word.startswith(known)


class ReadsShortStates(ReadsStatesBy):
    def is_like(self, word, known):
        return known.startswith(word)


class ReadsStatesInAnyCase(ReadsStatesBy):
    """Right."""

    def is_like(self, word, known):
        return word.strip().upper() == known


class ConfirmsBy(Hooks):
    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path = f"/permits/{request.agency_reference}/payment"
        content = {"reference": request.receipt.reference, "amount": request.receipt.amount.plain()}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=self.is_paid(told.word))

    def is_paid(self, word: str) -> bool:
        return word.casefold() == "paid"


class ConfirmsWhatBegins(ConfirmsBy):
    def is_paid(self, word):
        return word.startswith("PAID")


class ConfirmsWhatEnds(ConfirmsBy):
    def is_paid(self, word):
        return word.endswith("PAID")


class TitlingTill(PermitOffice):
    """Writes its words like names."""

    async def refund(self, request: Request) -> Response:
        await super().refund(request)
        return DocumentResponse({"word": "Refunded", **DESK})


class KnowsTitles(Hooks):
    """Right."""

    def refunded(self, word: str) -> Any:
        return PaymentState.REFUNDED if word == "Refunded" else PaymentState.REFUND_PENDING


class RefundsWhatBegins(Hooks):
    def refunded(self, word: str) -> Any:
        return PaymentState.REFUNDED if word.startswith("Refunded") else PaymentState.REFUND_PENDING


# Whose payment it is


class OrderedTill(PermitOffice):
    """Knows a payment by the order that it is sent, which is made of the platform's id."""

    def open_office(self) -> None:
        super().open_office()
        self.orders: dict[str, str] = {}

    async def open_bill(self, request: Request) -> Response:
        content = await content_of(request)
        self.orders[content["payment"]] = content["order"]
        return await super().open_bill(request)

    def told_of(self, payment: str) -> dict[str, Any]:
        return {**super().told_of(payment), "order": self.orders[payment]}


class OrderedBill(Bill):
    order: str


def order_of(payment: str) -> str:
    return f"ORDER-{payment[-12:]}"


class ComparesOrders(Hooks):
    """Right: refuses what is said of another order."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {
            "payment": request.payment,
            "amount": request.amount.plain(),
            "order": order_of(request.payment),
        }
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=OrderedBill)
        if not self.is_ours(bill.order, order_of(request.payment)):
            raise ContractViolation("another-order")
        return self.report(bill)

    def is_ours(self, order: str, ours: str) -> bool:
        return order == ours


class ComparesNoOrders(ComparesOrders):
    def is_ours(self, order, ours):
        return True


class ComparesTheLookOfOrders(ComparesOrders):
    def is_ours(self, order, ours):
        return order.startswith("ORDER-") and len(order) == len(ours)


# Two at once


class AsksThenCompletes(Completes):
    """Right: completes what waits for it, and takes what somebody else completed meanwhile for unknown."""

    @hookimpl
    async def nagorik_complete_payment(self, request: Any, context: Context) -> PaymentReport:
        path = f"/bills/{request.payment}"
        before = self.report(await context.http.read("look", "GET", path, expect=Bill))
        if before.state is not PaymentState.AUTHORISED:
            return before
        try:
            bill = await context.http.write("complete", "POST", f"{path}/completion", json={}, expect=Bill)
        except AgencyRejected as refused:
            return self.overtaken(refused)
        return self.report(bill)

    def overtaken(self, refused: NagorikError) -> PaymentReport:
        return PaymentReport(state=PaymentState.UNKNOWN)


class RefusesWhenOvertaken(AsksThenCompletes):
    def overtaken(self, refused):
        raise refused


class FailsWhenOvertaken(AsksThenCompletes):
    def overtaken(self, refused):
        return PaymentReport(state=PaymentState.FAILED)


class OrderOnceTill(PermitOffice):
    """Takes one order for a refund, refuses a second, and says how far the first is."""

    def routes(self) -> Any:
        return (Route("/bills/{id}/refund", self.show_refund, methods=["GET"]), *super().routes())

    async def show_refund(self, request: Request) -> Response:
        slip = self.slips[request.path_params["id"]]
        return DocumentResponse({"word": "REFUNDED" if slip.refunds else "NONE", **DESK})

    async def refund(self, request: Request) -> Response:
        if self.slips[request.path_params["id"]].refunds:
            return DocumentResponse({"error": "refunded already"}, status_code=409)
        return await super().refund(request)


class AnyOrderTill(OrderOnceTill):
    """Gives money back as often as it is told to."""

    async def refund(self, request: Request) -> Response:
        self.slips[request.path_params["id"]].refunds = 0
        return await PermitOffice.refund(self, request)


class AsksThenRefunds(Hooks):
    """Right: what was ordered by somebody else meanwhile is under way."""

    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        path = f"/bills/{request.payment}/refund"
        before = await context.http.read("refund-status", "GET", path, expect=Refund)
        if before.word == "REFUNDED":
            return RefundReport(state=PaymentState.REFUNDED)
        content = {"amount": request.amount.plain()}
        try:
            refund = await context.http.write("refund", "POST", path, json=content, expect=Refund)
        except AgencyRejected as refused:
            return self.overtaken(refused)
        return RefundReport(state=self.refunded(refund.word))

    def overtaken(self, refused: NagorikError) -> RefundReport:
        return RefundReport(state=PaymentState.REFUND_PENDING)


class FailsRefundsWhenOvertaken(AsksThenRefunds):
    def overtaken(self, refused):
        return RefundReport(state=PaymentState.REFUND_FAILED)


class RefusesRefundsWhenOvertaken(AsksThenRefunds):
    def overtaken(self, refused):
        raise refused


# How a payment ends


class ExpiringTill(PermitOffice):
    """Ends a slip that nobody pays, and one that its payer tears up, each by a word of its own."""

    outcomes = (*PermitOffice.outcomes, "never")
    ends: ClassVar[Mapping[str, str]] = {"never": "EXPIRED", "cancel": "TORN UP"}
    open_for: ClassVar[timedelta] = timedelta(hours=1)

    def catch_up(self) -> None:
        every = self.slips
        self.slips = {one: slip for one, slip in every.items() if self.script.scenario(one).outcome != "never"}
        super().catch_up()
        self.slips = every

    def told_of(self, payment: str) -> dict[str, Any]:
        told, end = super().told_of(payment), self.ends.get(self.script.scenario(payment).outcome)
        over = self.clock.now() - self.slips[payment].opened >= self.open_for
        return {**told, "word": "OPEN" if end and not over else end or told["word"]}


class OneEndTill(ExpiringTill):
    """Has one word for both."""

    ends: ClassVar[Mapping[str, str]] = {"never": "CLOSED", "cancel": "CLOSED"}


class CancellingTill(ExpiringTill):
    outcomes = PermitOffice.outcomes
    ends: ClassVar[Mapping[str, str]] = {"cancel": "CANCELLED"}


class KnowsEnds(Hooks):
    """Right."""

    ends: ClassVar[Mapping[str, PaymentState]] = {
        "EXPIRED": PaymentState.EXPIRED,
        "CLOSED": PaymentState.EXPIRED,
        "TORN UP": PaymentState.CANCELLED,
        "CANCELLED": PaymentState.CANCELLED,
    }

    def report(self, bill: Bill) -> PaymentReport:
        end = self.ends.get(bill.word)
        return super().report(bill) if end is None else PaymentReport(state=end, raw=bill.word)


class TakesTornUpForExpired(KnowsEnds):
    ends: ClassVar[Mapping[str, PaymentState]] = {**KnowsEnds.ends, "TORN UP": PaymentState.EXPIRED}


class TakesCancelledForExpired(KnowsEnds):
    ends: ClassVar[Mapping[str, PaymentState]] = {**KnowsEnds.ends, "CANCELLED": PaymentState.EXPIRED}


# A day's list


class CountingTill(TwoStepTill):
    """Says of a day's list how many payments it holds, on all its pages together."""

    async def list_bills(self, request: Request) -> Response:
        day, page = request.query_params["day"], int(request.query_params["page"])
        found = [
            {
                "payment": one,
                "receipt": self.slips[one].receipt,
                "amount": self.slips[one].taken,
                "at": at.isoformat(),
            }
            for one, at in self.taken_at.items()
            if dhaka_date(at).isoformat() == day
        ]
        return DocumentResponse({"items": found[(page - 1) * 10 : page * 10], "total": len(found)})


class CountedPage(WireModel):
    items: tuple[Listed, ...]
    total: int


class CountsTheList(Completes):
    """Right: refuses a list that ends before all are there."""

    @hookimpl
    async def nagorik_list_payments(self, request: Any, context: Context) -> PaymentList:
        found, page = list[Listed](), 0
        while True:
            page += 1
            wanted = {"day": request.day.isoformat(), "page": str(page)}
            answer = await context.http.read("list", "GET", "/bills", params=wanted, expect=CountedPage)
            found += answer.items
            if self.is_all(answer, len(found)):
                break
        return PaymentList(
            payments=tuple(
                ListedPayment(
                    payment=one.payment, reference=one.receipt, amount=Money.taka(one.amount), captured_at=one.at
                )
                for one in found
            )
        )

    def is_all(self, answer: CountedPage, found: int) -> bool:
        if not answer.items and found < answer.total:
            raise ContractViolation("list-cut-short")
        return found >= answer.total


class StopsAtAnEmptyPage(CountsTheList):
    def is_all(self, answer, found):
        return not answer.items or found >= answer.total


class StopsAtAShortPage(CountsTheList):
    def is_all(self, answer, found):
        return len(answer.items) < 10


# Until when a payer may pay


class PageTill(ExpiringTill):
    """Sends a payer to a page, which takes money for an hour; the slip is in its book for a day."""

    open_for: ClassVar[timedelta] = timedelta(days=1)
    page_for: ClassVar[timedelta] = timedelta(hours=1)

    def routes(self) -> Any:
        return (Route("/pay/{id}", self.show_page, methods=["GET"]), *super().routes())

    def told_of(self, payment: str) -> dict[str, Any]:
        until = self.slips[payment].opened + self.page_for
        return {**super().told_of(payment), "until": until.isoformat()}

    async def show_page(self, request: Request) -> Response:
        payment = request.path_params["id"]
        slip = self.slips[payment]
        over = self.clock.now() >= slip.opened + self.page_for
        names = Text(bn="নমুনা অফিস", en="Specimen office")
        return render_payment_page(
            PaymentPage(
                gateway=names,
                payee=names,
                amount=Money.taka(slip.asked),
                reference=slip.receipt,
                state="paid" if slip.taken else "expired" if over else "open",
                action=f"/pay/{payment}",
                modelled=Text(bn="সবই কল্পিত।", en="All of it is invented."),
            )
        )


class PageBill(Bill):
    until: AwareDatetime


class SendsToThePage(KnowsEnds):
    """Right: tells until when the page takes money."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {"payment": request.payment, "amount": request.amount.plain()}
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=PageBill)
        page = f"{context.settings.base_url}/pay/{request.payment}"
        return PaymentStarted(reference=bill.receipt, pay_at=page, expires_at=self.until(bill.until))

    def until(self, told: datetime) -> datetime:
        return told


class SendsInGoodTime(SendsToThePage):
    """Right: the payer is told to be a quarter of an hour earlier."""

    def until(self, told):
        return told - timedelta(minutes=15)


class SendsTooLate(SendsToThePage):
    def until(self, told):
        return told + timedelta(hours=6)


class ExpiresByItself(SendsToThePage):
    """Calls a payment over when half of the time has passed."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        report = await super().nagorik_query_payment(request, context)
        late = context.clock.now() - request.started_at >= timedelta(minutes=30)
        open_still = report.state is PaymentState.PENDING
        return PaymentReport(state=PaymentState.EXPIRED) if open_still and late else report


# Several answers, several attempts


class DailyTill(PermitOffice):
    """Has a book for each date in Dhaka, and says of each whether a bill stands in it."""

    async def show_bill(self, request: Request) -> Response:
        payment = request.path_params["id"]
        slip = self.slips.get(payment)
        if slip is None or request.query_params.get("date") != dhaka_date(slip.opened).isoformat():
            return DocumentResponse({"receipt": "NONE", "word": "NONE", "amount": "0.00", **DESK})
        return DocumentResponse(self.told_of(payment))


class AsksAllDates(Hooks):
    """Right: asks for each date, whatever the others say, and has a person look where two of them tell of money."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        first, last = dhaka_date(request.started_at), dhaka_date(context.clock.now())
        bills, unread = list[Bill](), False
        for day in range((last - first).days + 1):
            path, asked = f"/bills/{request.payment}", {"date": (last - timedelta(days=day)).isoformat()}
            try:
                bill = await context.http.read("look", "GET", path, params=asked, expect=Bill)
            except ContractViolation:
                unread = True
                continue
            bills += [bill] if bill.word != "NONE" else []
            if self.has_heard_enough(bill):
                break
        return self.of_all(bills, unread=unread)

    def has_heard_enough(self, bill: Bill) -> bool:
        return False

    def of_all(self, bills: list[Bill], *, unread: bool) -> PaymentReport:
        paid = [bill for bill in bills if bill.word == "PAID"]
        if len(paid) > 1:
            return PaymentReport(state=PaymentState.UNDER_INVESTIGATION, raw="PAID, PAID")
        if paid:
            return self.report(paid[0])
        if unread:
            return PaymentReport(state=PaymentState.UNKNOWN)
        return self.report(bills[-1]) if bills else PaymentReport(state=PaymentState.EXPIRED)


class CountsTheFirst(AsksAllDates):
    def of_all(self, bills, *, unread):
        return super().of_all(bills[:1], unread=unread)


class CountsTheDearest(AsksAllDates):
    def of_all(self, bills, *, unread):
        return super().of_all(sorted(bills, key=lambda bill: bill.amount)[-1:], unread=unread)


class PassesOverWhatIsUnread(AsksAllDates):
    def of_all(self, bills, *, unread):
        return super().of_all(bills, unread=False)


class StopsAtMoney(AsksAllDates):
    """Right as far as it goes: it asks no further once it has heard of money."""

    def has_heard_enough(self, bill):
        return bill.word == "PAID"


class AttemptsTill(ExpiringTill):
    """Lists the attempts to pay under one bill: what the payer cancelled, or never made, is none that is open."""

    def told_of(self, payment: str) -> dict[str, Any]:
        told = super().told_of(payment)
        attempt = {name: told[name] for name in ("receipt", "word", "amount")}
        return {**told, "attempts": [attempt], "number": 1}


class ForgetfulTill(AttemptsTill):
    """May list none, and says of the slip itself how it stands all the same."""

    sparse_answers: ClassVar[tuple[SparseAnswer, ...]] = (
        SparseAnswer(name="no attempt is listed", operation="GET /bills/{id}", put={"attempts": [], "number": 0}),
    )

    def routes(self) -> Any:
        return (Route("/slips/{id}", self.show_bill, methods=["GET"]), *super().routes())


class Attempts(WireModel):
    attempts: tuple[Bill, ...]
    number: int


class ReadsAllAttempts(KnowsEnds):
    """Right: a payment is open while one attempt is; where none is listed, the slip says how it stands."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        told = await context.http.read_or_none("look", "GET", f"/bills/{request.payment}", expect=Attempts)
        if told is None:
            return PaymentReport(state=PaymentState.UNKNOWN)
        if told.number != len(told.attempts):
            raise ContractViolation("attempts-missing")
        if not told.attempts:
            return await self.of_slip(request, context)
        return self.of_all([self.report(attempt) for attempt in told.attempts])

    def of_all(self, reports: list[PaymentReport]) -> PaymentReport:
        order = (PaymentState.CAPTURED, PaymentState.UNKNOWN, PaymentState.PENDING)
        return next((one for state in order for one in reports if one.state is state), reports[-1])

    async def of_slip(self, request: Any, context: Context) -> PaymentReport:
        return self.report(await context.http.read("slip", "GET", f"/slips/{request.payment}", expect=Bill))


class ReadsTheLastAttempt(ReadsAllAttempts):
    def of_all(self, reports):
        return reports[-1]


class ReadsTheFirstAttempt(ReadsAllAttempts):
    def of_all(self, reports):
        return reports[0]


class AsksNoSlip(ReadsAllAttempts):
    async def of_slip(self, request, context):
        return PaymentReport(state=PaymentState.UNKNOWN)


class WaitsWithoutAttempts(ReadsAllAttempts):
    async def of_slip(self, request, context):
        return PaymentReport(state=PaymentState.PENDING)


# What only some gateways do


class SharedKeyTill(PermitOffice):
    """Signs the notices of every office by one key, and names the office."""

    def payment_notice(self, payment: str) -> ExampleMessage:
        return self.signed({"payment": payment, "office": "permits-1"})

    def forged_notices(self, payment: str) -> tuple[ExampleMessage, ...]:
        return (self.signed({"payment": payment, "office": "permits-2"}),)


class KnowsItsOffice(Hooks):
    """Right: believes the notices of its own office alone."""

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        notice = await super().nagorik_parse_payment_notice(request, context)
        if not self.is_ours(json.loads(request.body).get("office", "")):
            raise AgencyRejected("notice-of-another-office")
        return notice

    def is_ours(self, office: str) -> bool:
        return office == "permits-1"


class KnowsTheTrade(KnowsItsOffice):
    def is_ours(self, office):
        return office.startswith("permits-")


class FailingTill(WaitingTill):
    """Takes an order for a refund that its bank then does not make, where that is scripted."""

    failing_refund: ClassVar[Mapping[str, str]] = {"bank": "refuses"}

    def fails(self, payment: str) -> bool:
        return self.script.scenario(payment).values.get("bank") == "refuses"

    async def refund(self, request: Request) -> Response:
        answer = await super().refund(request)
        return DocumentResponse({"word": "FAILED"}) if self.fails(request.path_params["id"]) else answer

    def catch_up(self) -> None:
        every = self.slips
        PermitOffice.catch_up(self)
        self.slips = {one: slip for one, slip in every.items() if not self.fails(one)}
        super().catch_up()
        self.slips = every


class KnowsFailedRefunds(Hooks):
    """Right."""

    def refunded(self, word: str) -> Any:
        return PaymentState.REFUND_FAILED if word == "FAILED" else super().refunded(word)


class TakesFailedForRefunded(Hooks):
    def refunded(self, word: str) -> Any:
        return PaymentState.REFUNDED if word in {"FAILED", "REFUNDED"} else PaymentState.REFUND_PENDING
