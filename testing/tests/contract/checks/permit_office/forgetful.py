"""Hooks that tell less than the office said, or something else; and hooks that tell it in another way."""

from typing import Any

from nagorik import (
    AgencyStatus,
    ApplicationState,
    ContractViolation,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Slot,
    Slots,
    Text,
    hookimpl,
)
from nagorik.values import Money, dhaka_time, format_taka
from permit_office.plugin import Bill, Context, Free, Hooks, Page
from permit_office.untruthful import Advising, Reporting

FIRST = 10
FIRST_LETTERS = 12
LONGEST_PAGE = 20
POISHA_OF_A_TAKA = 100
MONTHS = 12


class CutsRemarks(Reporting):
    def say(self, right):
        reason = right.reason and Text(bn=right.reason.bn[:FIRST_LETTERS], en=right.reason.en)
        return right.model_copy(update={"reason": reason})


class TellsTheFirstSentence(Reporting):
    def say(self, right):
        reason = right.reason and Text(bn=right.reason.bn.partition(";")[0], en=right.reason.en)
        return right.model_copy(update={"reason": reason})


class MixesLanguages(Reporting):
    def say(self, right):
        reason = right.reason and Text(bn=right.reason.en, en=right.reason.bn)
        return right.model_copy(update={"reason": reason})


class TellsBanglaTwice(Reporting):
    def say(self, right):
        reason = right.reason and Text(bn=right.reason.bn, en=right.reason.bn)
        return right.model_copy(update={"reason": reason})


class LosesLetters(Reporting):
    """Writes the remark in the letters of a machine that knows no Bangla."""

    def say(self, right):
        remark = right.reason and right.reason.bn.encode("ascii", "replace").decode()
        return right.model_copy(update={"remark": remark})


class ExplainsRemarks(Reporting):
    """Right: the remark stands in a sentence of the plugin's own, its spaces tidied."""

    def say(self, right):
        said = right.reason and Text(
            bn=f"দপ্তর লিখেছে: {' '.join(right.reason.bn.split())}", en=f"The office wrote: {right.reason.en.strip()}"
        )
        return right.model_copy(update={"reason": said})


class Counting(Hooks):
    """Derives the amount that it reports from the till's."""

    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"amount": right.amount and self.counted(right.amount)})

    def counted(self, amount: Money) -> Money:
        return amount


class CountsWholeTaka(Counting):
    def counted(self, amount):
        return Money(poisha=amount.poisha // POISHA_OF_A_TAKA * POISHA_OF_A_TAKA)


class OverlooksThePoint(Counting):
    """Reads 345.00 as 34500."""

    def counted(self, amount):
        return Money.taka(amount.plain().replace(".", ""))


class TakesNoPoisha(Counting):
    """Right: the till takes no coins, and an answer with poisha is none of its own."""

    def counted(self, amount):
        if amount.poisha % POISHA_OF_A_TAKA:
            raise ContractViolation("poisha-at-the-till")
        return amount


class Instructing(Hooks):
    """Tells the payer how much to bring."""

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {"payment": request.payment, "amount": request.amount.plain()}
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=Bill)
        bn, en = format_taka(request.amount, "bn"), self.in_english(request.amount)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn=f"{bn} দিন", en=f"Pay {en} taka"))

    def in_english(self, amount: Money) -> str:
        return format_taka(amount)


class AsksForWholeTaka(Instructing):
    def in_english(self, amount):
        return format_taka(amount).partition(".")[0]


class Appointing(Hooks):
    """Shows the appointments of the first page."""

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        path, params = f"/permits/{request.agency_reference}/slots", {"page": "1"}
        answer = await context.http.read("slots-1", "GET", path, params=params, expect=Page)
        found = [self.slot(one) for one in self.shown(answer)]
        return Slots(slots=tuple(one for one in found if request.earliest <= one.starts_at < request.latest))

    def shown(self, answer: Page) -> tuple[Free, ...]:
        return answer.slots


class ShowsTheFirstTen(Appointing):
    def shown(self, answer):
        return answer.slots[:FIRST]


class ShowsTheLast(Appointing):
    def shown(self, answer):
        return answer.slots[-1:]


class RefusesLongPages(Appointing):
    """Right: the office's pages are short, and a long one is none of its own."""

    def shown(self, answer):
        if len(answer.slots) > LONGEST_PAGE:
            raise ContractViolation("page-too-long")
        return answer.slots


class ShowsSeatsInFullRooms(Hooks):
    def slot(self, one: Free) -> Slot:
        return super().slot(one.model_copy(update={"free": one.free or 1}))


class RoundsHours(Reporting):
    def say(self, right):
        return right.model_copy(update={"at": right.at and right.at.replace(minute=0, second=0)})


class TakesDaysForMonths(Reporting):
    def say(self, right):
        at = right.at
        if at is not None and at.day <= MONTHS:
            at = at.replace(day=at.month, month=at.day)
        return right.model_copy(update={"at": at})


class TellsDhakaTime(Reporting):
    """Right: the same instant by another clock."""

    def say(self, right):
        return right.model_copy(update={"at": right.at and dhaka_time(right.at)})


class EndsWithUnknownWords(Reporting):
    def say(self, right):
        return right.model_copy(update={"final": right.final or right.state is None})


class ConfirmsAnythingButPending(Advising):
    def confirmed(self, word):
        return word != "PENDING"


class CutsReceipts(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"reference": right.reference and right.reference[:-1]})


class LosesLettersOfReceipts(Hooks):
    """Tells of a receipt what stands behind its last hyphen."""

    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"reference": right.reference and right.reference.rpartition("-")[2]})


class WritesReceiptsWithoutSigns(Hooks):
    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"reference": right.reference and right.reference.replace("-", "")})


class CountsReceipts(Hooks):
    """Takes a number in the place of one for a count."""

    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        return right.model_copy(update={"reference": right.reference and right.reference.lstrip("0")})


class NamesTheTill(Hooks):
    """Right: the till's number stands behind a word of the plugin's own."""

    def report(self, bill: Bill) -> PaymentReport:
        right = super().report(bill)
        captured = right.state is PaymentState.CAPTURED
        return right.model_copy(update={"reference": f"TILL {right.reference}" if captured else right.reference})


class GuessesForStalls(Hooks):
    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        right = await super().nagorik_get_status(request, context)
        if right.state or request.service != "permits.stall":
            return right
        return right.model_copy(update={"state": ApplicationState.REJECTED})
