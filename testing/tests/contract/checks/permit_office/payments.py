"""Hooks that tell of a payment, open one or give it back otherwise than it was; and some right in another way."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from pydantic import AwareDatetime
from starlette.routing import Route

from nagorik import (
    AgencyRejected,
    ListedPayment,
    Money,
    PaymentAdvice,
    PaymentList,
    PaymentReport,
    PaymentStarted,
    RefundReport,
    Text,
    WireModel,
    hookimpl,
)
from nagorik.values import dhaka_date, dhaka_time, dhaka_zone, to_bangla_digits
from nagorik_testing import DocumentResponse, ExampleMessage
from permit_office.plugin import Bill, Context, Hooks, Refund
from permit_office.simulator import PermitOffice


class Advice(Hooks):
    """Right: tells the day in Dhaka, the instant with its offset, the poisha as a number, and both names."""

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path, content = f"/permits/{request.agency_reference}/payment", self.told(request)
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=told.word == "PAID")

    def told(self, request: Any) -> dict[str, Any]:
        receipt = request.receipt
        return {
            "reference": receipt.reference,
            "poisha": receipt.amount.poisha,
            "paidOn": f"{dhaka_date(receipt.captured_at):%d/%m/%Y}",
            "paidAt": receipt.captured_at.astimezone(UTC).isoformat(),
            "payer": receipt.payer_name,
            "applicant": request.applicant.name.en,
        }


class TellsOwnPaymentId(Advice):
    def told(self, request):
        return {**super().told(request), "reference": request.receipt.payment}


class CutsReceiptNumbers(Advice):
    def told(self, request):
        return {**super().told(request), "reference": request.receipt.reference[-5:]}


class TellsWholeTaka(Advice):
    def told(self, request):
        return {**super().told(request), "poisha": request.receipt.amount.poisha // 100 * 100}


class TellsDayInUtc(Advice):
    def told(self, request):
        return {**super().told(request), "paidOn": request.receipt.captured_at.date().isoformat()}


class TellsHourInUtc(Advice):
    def told(self, request):
        return {**super().told(request), "paidAt": f"{request.receipt.captured_at.astimezone(UTC):%Y-%m-%d %H:%M}"}


class NamesApplicantAsPayer(Advice):
    def told(self, request):
        return {**super().told(request), "payer": request.applicant.name.en}


class CutsPayersOfReceipts(Advice):
    def told(self, request):
        return {**super().told(request), "payer": request.receipt.payer_name[:30]}


class Till(Hooks):
    """Right: opens a payment with all that is known of it."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        bill = await context.http.write("open", "POST", "/bills", json=self.opened(request), expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=self.instructions(request, bill))

    def opened(self, request: Any) -> dict[str, Any]:
        return {
            "payment": request.payment,
            "amount": request.amount.plain(),
            "purpose": self.both(request.purpose),
            "payer": request.payer.name,
        }

    def both(self, text: Text) -> str:
        return f"{text.bn} / {text.en}"

    def instructions(self, request: Any, bill: Bill) -> Text:
        return Text(bn=f"কাউন্টারে {bill.receipt} জানান", en=f"Tell {bill.receipt} at the counter")

    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        path, content = f"/bills/{request.payment}/refund", self.given_back(request)
        refund = await context.http.write("refund", "POST", path, json=content, expect=Refund)
        return RefundReport(state=self.refunded(refund.word))

    def given_back(self, request: Any) -> dict[str, Any]:
        return {"amount": request.amount.plain(), "reason": self.both(request.reason)}


class NamesRefunds(Till):
    """Right: asks about a refund by the number that the till gave it."""

    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        path, content = f"/bills/{request.payment}/refund", self.given_back(request)
        if request.refund_reference is not None:
            content["number"] = request.refund_reference
        refund = await context.http.write("refund", "POST", path, json=content, expect=Refund)
        return RefundReport(state=self.refunded(refund.word), reference=refund.number)


class OpensWholeTaka(Till):
    def opened(self, request):
        return {**super().opened(request), "amount": f"{request.amount.poisha // 100}.00"}


class GivesWholeTakaBack(Till):
    def given_back(self, request):
        return {**super().given_back(request), "amount": f"{request.amount.poisha // 100}.00"}


class PrintsEnglishTwice(Till):
    def both(self, text):
        return f"{text.en} / {text.en}"


class GivesBackInEnglish(Till):
    def given_back(self, request):
        return {**super().given_back(request), "reason": request.reason.en}


class SpeaksEnglishAlone(Till):
    """Right: this gateway takes ASCII alone, in both."""

    def both(self, text):
        return text.en


class ForgetsPayer(Till):
    def opened(self, request):
        return {**super().opened(request), "payer": None}


class CutsPayers(Till):
    def opened(self, request):
        return {**super().opened(request), "payer": request.payer.name[:24]}


class CutsShort(Till):
    """So short that nobody's name stands whole."""

    def opened(self, request):
        return {**super().opened(request), "payer": request.payer.name[:8]}


class CallsOneNumber(Till):
    def opened(self, request):
        return {**super().opened(request), "phone": "01999999999"}


class CallsThePayer(Till):
    """Right: the till calls the number of whoever pays."""

    def opened(self, request):
        return {**super().opened(request), "phone": request.payer.mobile.local}


class PartsPayers(Till):
    """Right: this till keeps the first name apart from the rest."""

    def opened(self, request):
        first, _, rest = request.payer.name.partition(" ")
        return {**super().opened(request), "payer": first, "payerSurname": rest}


class TellsOwnNumber(Till):
    def instructions(self, request, bill):
        return Text(bn=f"কাউন্টারে {request.payment} জানান", en=f"Tell {request.payment} at the counter")


class TellsSumAlike(Till):
    def instructions(self, request, bill):
        sum_of = f"{request.amount.poisha // 100:,}"
        return Text(bn=f"{bill.receipt}: {sum_of} টাকা দিন", en=f"{bill.receipt}: pay Tk {sum_of}")


class TellsSumInBangla(Till):
    def instructions(self, request, bill):
        sum_of = to_bangla_digits(request.amount.plain())
        return Text(bn=f"{bill.receipt}: {sum_of} টাকা দিন", en=f"{bill.receipt}: pay Tk {sum_of}")


class TellsSum(Till):
    """Right: the number at the till has the figure of the sum in it."""

    def instructions(self, request, bill):
        number, taka = f"{bill.receipt}-{request.amount.poisha // 100}", request.amount.plain()
        return Text(bn=f"{number}: {to_bangla_digits(taka)} টাকা দিন", en=f"{number}: pay Tk {taka}")


class TellsBothNumbers(Till):
    """Right: the gateway's number stands beside ours."""

    def instructions(self, request, bill):
        both = f"{bill.receipt} ({request.payment})"
        return Text(bn=f"কাউন্টারে {both} জানান", en=f"Tell {both} at the counter")


class NamingTill(PermitOffice):
    """Keeps who pays beside each bill."""

    def open_office(self) -> None:
        super().open_office()
        self.payers: dict[str, Any] = {}

    async def open_bill(self, request: Any) -> Any:
        content = await request.json()
        self.payers[content["payment"]] = content.get("payer")
        return await super().open_bill(request)

    def told_of(self, payment: str) -> dict[str, Any]:
        return {**super().told_of(payment), "payer": self.payers.get(payment)}


class SlipTill(PermitOffice):
    """Prints a number on its slips that ends with the receipt's own."""

    def told_of(self, payment: str) -> dict[str, Any]:
        told = super().told_of(payment)
        return {**told, "slip": f"SLIP-{told['receipt']}"}


class TwoStepTill(PermitOffice):
    """Takes a payer's money only when it is told to, once, and shows what it took on a day, ten to a page."""

    def open_office(self) -> None:
        super().open_office()
        self.agreed: set[str] = set()
        self.taken_at: dict[str, Any] = {}

    def routes(self) -> Any:
        return (
            Route("/bills/{id}/completion", self.complete, methods=["POST"]),
            Route("/bills", self.list_bills, methods=["GET"]),
            *super().routes(),
        )

    def catch_up(self) -> None:
        for payment, slip in self.slips.items():
            paid = self.script.scenario(payment).outcome != "cancel"
            if paid and self.clock.now() - slip.opened >= timedelta(minutes=1):
                self.agreed.add(payment)

    def told_of(self, payment: str) -> dict[str, Any]:
        told = super().told_of(payment)
        waits = payment in self.agreed and self.slips[payment].taken is None
        return told | ({"word": "AGREED"} if waits else {})

    async def complete(self, request: Any) -> Any:
        payment = request.path_params["id"]
        slip = self.slips[payment]
        if payment not in self.agreed or slip.taken is not None:
            return DocumentResponse({"error": "completed already"}, status_code=409)
        self.take(payment)
        return DocumentResponse(self.told_of(payment))

    def take(self, payment: str) -> None:
        slip = self.slips[payment]
        slip.taken = "1.00" if self.script.scenario(payment).outcome == "other-amount" else slip.asked
        self.taken_at[payment] = self.clock.now()
        self.ledger.record("capture", slip.receipt, amount=slip.taken)

    async def list_bills(self, request: Any) -> Any:
        page = int(request.query_params.get("page", "1"))
        found = [
            {"payment": payment, "receipt": slip.receipt, "amount": slip.taken, "at": at.isoformat()}
            for payment, slip in self.slips.items()
            if (at := self.taken_at.get(payment)) is not None
            and dhaka_date(at).isoformat() == request.query_params.get("day", dhaka_date(at).isoformat())
        ]
        shown = found[(page - 1) * 10 : page * 10]
        return DocumentResponse({"items": shown, "more": len(found) > page * 10})


class GreedyTill(TwoStepTill):
    """Takes the money each time that it is told to."""

    async def complete(self, request: Any) -> Any:
        self.take(request.path_params["id"])
        return DocumentResponse(self.told_of(request.path_params["id"]))


class Listed(WireModel):
    payment: str
    receipt: str
    amount: str
    at: AwareDatetime


class Page(WireModel):
    items: tuple[Listed, ...]
    more: bool


class Completes(Hooks):
    """Right: completes by the bill, takes what was completed already for unknown, and reads every page of a day."""

    def report(self, bill: Bill) -> PaymentReport:
        return PaymentReport(state="authorised", raw=bill.word) if bill.word == "AGREED" else super().report(bill)

    @hookimpl
    async def nagorik_complete_payment(self, request: Any, context: Context) -> PaymentReport:
        try:
            path = f"/bills/{request.payment}/completion"
            return self.report(await context.http.write("complete", "POST", path, json={}, expect=Bill))
        except AgencyRejected:
            return await self.completed_already(request, context)

    async def completed_already(self, request: Any, context: Context) -> PaymentReport:
        return PaymentReport(state="unknown")

    @hookimpl
    async def nagorik_list_payments(self, request: Any, context: Context) -> PaymentList:
        found, page, more = [], 1, True
        while more:
            wanted = {**self.asked(request), "page": str(page)}
            answer = await context.http.read("list", "GET", "/bills", params=wanted, expect=Page)
            found += [
                ListedPayment(
                    payment=one.payment,
                    reference=self.receipt(one),
                    amount=self.sum(one),
                    captured_at=self.when(one),
                )
                for one in answer.items
            ]
            page, more = page + 1, answer.more and self.goes_on()
        return PaymentList(payments=tuple(found))

    def asked(self, request: Any) -> dict[str, str]:
        return {"day": request.day.isoformat()}

    def sum(self, one: Listed) -> Money:
        return Money.taka(one.amount)

    def receipt(self, one: Listed) -> str:
        return one.receipt

    def when(self, one: Listed) -> Any:
        return one.at

    def goes_on(self) -> bool:
        return True


class PaysAnew(Completes):
    """Begins another payment where the first was completed already."""

    async def completed_already(self, request, context):
        content = {"payment": f"{request.payment}-again", "amount": request.amount.plain()}
        return self.report(await context.http.write("open", "POST", "/bills", json=content, expect=Bill))


class CompletedIsRefused(Completes):
    async def completed_already(self, request, context):
        raise AgencyRejected("completed-already")


class CompletedIsFailed(Completes):
    async def completed_already(self, request, context):
        return PaymentReport(state="failed")


class CompletedIsCaptured(Completes):
    """Right: it asks what was taken."""

    async def completed_already(self, request, context):
        return self.report(await context.http.read("look", "GET", f"/bills/{request.payment}", expect=Bill))


class ListsOnePage(Completes):
    def goes_on(self):
        return False


class ListsAllDays(Completes):
    def asked(self, request):
        return {}


class ListsNextDay(Completes):
    def asked(self, request):
        return {"day": (request.day + timedelta(days=1)).isoformat()}


class PunctualTill(TwoStepTill):
    """Says of a bill when it was paid."""

    def told_of(self, payment: str) -> dict[str, Any]:
        at = self.taken_at.get(payment)
        return super().told_of(payment) | ({} if at is None else {"paid_at": at.isoformat()})


class CompletesDated(Completes):
    """Right: tells it."""

    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill).model_copy(update={"captured_at": bill.paid_at})


class ListsByTheDay(CompletesDated):
    """Lists what was taken at the midnight before."""

    def when(self, one):
        return dhaka_time(one.at).replace(hour=0, minute=0)


class ListsInUtc(CompletesDated):
    def when(self, one):
        return one.at.astimezone(UTC).replace(tzinfo=dhaka_zone())


class ListsToTheMinute(CompletesDated):
    """Right: the book has no seconds."""

    def when(self, one):
        return one.at.replace(second=0, microsecond=0)


class CutsReceiptsOfTheDay(Completes):
    def receipt(self, one):
        return one.receipt[:-1]


class CutsReceiptsOnceCompleted(Completes):
    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"reference": right.reference and right.reference[:-1]})


class ForgettingTill(TwoStepTill):
    """Strikes what was given back off the list of its day."""

    async def list_bills(self, request: Any) -> Any:
        for payment in [each for each in self.taken_at if self.slips[each].refunds]:
            del self.taken_at[payment]
        return await super().list_bills(request)


class ListsWholeTaka(Completes):
    def sum(self, one):
        return Money.taka(one.amount.partition(".")[0])


class ComesBack(Till):
    """Right: has the payer sent back to where the platform waits, with a word of its own."""

    def back(self, request: Any) -> str:
        return f"{request.return_url}?from=till"

    def opened(self, request):
        return {**super().opened(request), "back": self.back(request), "hook": request.notice_url}


class ComesBackElsewhere(ComesBack):
    def back(self, request):
        return f"https://shop.example/thanks/{request.payment}"


class PaidInAnHour(Hooks):
    """Dates a payment in the hour to come."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        report = await super().nagorik_query_payment(request, context)
        paid = report.state == "captured"
        return report.model_copy(update={"captured_at": context.clock.now() + timedelta(hours=1) if paid else None})


class SigningTill(PermitOffice):
    """Signs what it says of a payment that was made; before that, its notices are hints."""

    def payment_notice(self, payment: str) -> ExampleMessage:
        paid = self.slips[payment].taken is not None
        notice = self.signed({"payment": payment, "word": "PAID" if paid else "OPEN"})
        return notice if paid else replace(notice, headers={"content-type": "application/json"}, signed=False)


class ProvesPaid(Hooks):
    """Right: a notice of an open payment is a hint, and any other one is proved."""

    def prove(self, request: Any, context: Context) -> None:
        if b'"OPEN"' not in request.body:
            self.prove_paid(request, context)

    def prove_paid(self, request: Any, context: Context) -> None:
        super().prove(request, context)


class BelievesPaid(ProvesPaid):
    def prove_paid(self, request, context):
        if "x-signature" not in request.headers:
            raise AgencyRejected("message-not-signed")
