"""Hooks that tell of a payment, open one or give it back otherwise than it was; and some right in another way."""

from datetime import UTC
from typing import Any

from nagorik import PaymentAdvice, PaymentStarted, RefundReport, Text, hookimpl
from nagorik.values import dhaka_date
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


class PartsPayers(Till):
    """Right: this till keeps the first name apart from the rest."""

    def opened(self, request):
        first, _, rest = request.payer.name.partition(" ")
        return {**super().opened(request), "payer": first, "payerSurname": rest}


class TellsOwnNumber(Till):
    def instructions(self, request, bill):
        return Text(bn=f"কাউন্টারে {request.payment} জানান", en=f"Tell {request.payment} at the counter")


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
