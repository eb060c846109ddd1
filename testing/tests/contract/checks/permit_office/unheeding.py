"""Hooks that do not heed what the agency says beside its answer, or heed it too long; and some that are right."""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

from nagorik import (
    AgencyStatus,
    CannotTell,
    DefinitelyAbsent,
    EligibilityDecision,
    Found,
    NagorikError,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Slots,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik.values import Money
from nagorik_toolkit.bangladesh import age_on
from permit_office.plugin import Bill, Context, Filed, Hooks, Matches, criterion, status_of

LAG = timedelta(days=90)


class Searched(WireModel):
    items: tuple[Filed, ...]
    complete: bool


class HeedsCompleteness(Hooks):
    """Right: says that it cannot tell."""

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked, query = context.clock.now(), {"clientReference": request.client_reference}
        found = await context.http.read("search", "GET", "/permits", params=query, expect=Searched)
        for filed in found.items:
            return Found(reference=filed.number, status=status_of(filed))
        return self.none(found, asked)

    def none(self, found: Searched, asked: datetime) -> Any:
        return DefinitelyAbsent(as_of=asked) if found.complete else CannotTell(because="search-incomplete")


class AbsentBefore(HeedsCompleteness):
    """Right: knows how far behind the search is."""

    def none(self, found, asked):
        return DefinitelyAbsent(as_of=asked - (timedelta() if found.complete else LAG))


class AbsentInAnyCase(HeedsCompleteness):
    def none(self, found, asked):
        return DefinitelyAbsent(as_of=asked)


class Kept(Hooks):
    """Keeps verdicts."""

    def __init__(self) -> None:
        self.verdicts: dict[object, EligibilityDecision] = {}

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        key = self.key(request)
        if key not in self.verdicts:
            self.verdicts[key] = await super().nagorik_check_eligibility(request)
        return self.verdicts[key]

    def key(self, request: Any) -> object:
        raise NotImplementedError


class KeptByNumber(Kept):
    def key(self, request):
        return request.applicant.nid.value if request.applicant.nid else None


class OnceEligible(Kept):
    """Keeps what is good news."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        decision = await super().nagorik_check_eligibility(request)
        if decision.criteria[0].verdict is not Verdict.PASS:
            del self.verdicts[self.key(request)]
        return decision

    def key(self, request):
        return request.applicant.nid.value if request.applicant.nid else None


class KeptForDays(Kept):
    def key(self, request):
        return request.applicant.nid, request.applicant.birth_date


@lru_cache
def _age(born: Any, on: Any) -> int:
    return age_on(born, on) if born <= on else 0


class KeptAges(Hooks):
    """Right: keeps nothing but sums, which are the same for everybody."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        grown = Verdict.PASS if _age(request.applicant.birth_date, request.on) >= 18 else Verdict.FAIL
        return EligibilityDecision(criteria=(criterion("age", grown),))


class FiledWithFee(Filed):
    fee: str | None
    paid: bool


class TellsFee(Hooks):
    """Right: says of the fee what the office says."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        filed = await context.http.read("status", "GET", path, expect=FiledWithFee)
        return status_of(filed).model_copy(update=self.fee(filed))

    def fee(self, filed: FiledWithFee) -> dict[str, Any]:
        due = {"fee_due": "application", "fee_amount": Money.taka(filed.fee)} if filed.fee else {}
        return {"payment_confirmed": filed.paid, **due}


class AlwaysPaid(TellsFee):
    def fee(self, filed):
        return {**super().fee(filed), "payment_confirmed": True}


class AsksAgain(TellsFee):
    def fee(self, filed):
        return {**super().fee(filed), "fee_due": "application"}


class InventsFee(TellsFee):
    def fee(self, filed):
        return {**super().fee(filed), **({"fee_amount": Money.taka("999.00")} if filed.fee else {})}


class FeeOfNoStage(TellsFee):
    def fee(self, filed):
        return {**super().fee(filed), "fee_due": None}


class BillWithPayer(Bill):
    payer: str | None = None


class NamesPayer(Hooks):
    """Right: tells the till who pays, and the platform who paid."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {"payment": request.payment, "amount": request.amount.plain(), "payer": request.payer.name}
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=BillWithPayer)
        return self.report(bill).model_copy(update={"payer_name": self.payer(bill)})

    def payer(self, bill: BillWithPayer) -> str | None:
        return bill.payer


class HidesPayer(NamesPayer):
    def payer(self, bill):
        return None


class ShortensPayer(NamesPayer):
    def payer(self, bill):
        return bill.payer and bill.payer.split(" ")[0]


class SaysWhenItWasPaid(Hooks):
    """Right: passes on when the till took the money."""

    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill).model_copy(update={"captured_at": bill.paid_at})


class PaidNowIfUnsaid(Hooks):
    """Takes the time at which it asks for the one at which it was paid, where the till names none."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read("look", "GET", f"/bills/{request.payment}", expect=Bill)
        return self.report(bill).model_copy(update={"captured_at": bill.paid_at or context.clock.now()})


class PaidNow(Hooks):
    """Takes the time at which it asks for the one at which it was paid."""

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        report = await super().nagorik_query_payment(request, context)
        captured = report.state is PaymentState.CAPTURED
        return report.model_copy(
            update={"captured_at": context.clock.now() - timedelta(days=1) if captured else None}
        )


class PaidWithoutNumber(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill).model_copy(update={"reference": None})


class BegunWithoutNumber(Hooks):
    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        return (await super().nagorik_start_payment(request, context)).model_copy(update={"reference": None})


class NumberedByNobody(Hooks):
    """Right: goes by the platform's own number throughout."""

    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill).model_copy(update={"reference": None})

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        return (await super().nagorik_start_payment(request, context)).model_copy(update={"reference": None})


class KeepsTheWord(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        return super().report(bill).model_copy(update={"raw": None})


class LeavesFullOut(Hooks):
    """Right: the office shows what is full, too."""

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        shown = await super().nagorik_list_slots(request, context)
        return Slots(slots=tuple(slot for slot in shown.slots if slot.free))


class GuessesOnePlace(Hooks):
    """Takes what is shown for what can be had."""

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        shown = await super().nagorik_list_slots(request, context)
        return Slots(slots=tuple(slot.model_copy(update={"free": slot.free or 1}) for slot in shown.slots))


class AsksNowhere(Hooks):
    """Asks at an address that the simulator does not have, and goes on."""

    async def ask(self, context: Context, number: str) -> Filed:
        with suppress(NagorikError):
            await context.http.read("old-permit", "GET", "/permits-of-old", expect=Filed)
        return await super().ask(context, number)


class OwnReasons(Hooks):
    """Right: the office says no more than its word."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = status_of(await self.ask(context, request.agency_reference))
        wanted = right.raw in {"PAPERS MISSING", "REFUSED"}
        return right.model_copy(update={"reason": self.reason(right.raw) if wanted else None})

    def reason(self, word: str) -> Text:
        return Text(bn=f"কারণ: {word}", en=f"The reason is {word.lower()}.")


class OneReason(OwnReasons):
    def reason(self, word):
        return Text(bn="আবেদন ঠিক নেই।", en="Something is wrong.")


class OneReasonInOneLanguage(OwnReasons):
    def reason(self, word):
        return Text(bn=f"কারণ: {word}", en="Something is wrong.")


class CachesByAddress(Hooks):
    """Keeps what the office answers by its address, whoever is asked about."""

    kept: ClassVar[dict[str, Matches]] = {}

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked = context.clock.now()
        if "/permits" not in self.kept:
            query = {"clientReference": request.client_reference}
            self.kept["/permits"] = await context.http.read("search", "GET", "/permits", params=query, expect=Matches)
        for filed in self.kept["/permits"].items:
            return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=asked)
