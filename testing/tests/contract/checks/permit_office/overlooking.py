"""Hooks that overlook a part of what they are asked or told, each another; and some that are right otherwise."""

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator

from nagorik import (
    Accepted,
    AgencyRejected,
    ContractViolation,
    EligibilityDecision,
    FieldProblem,
    FormPart,
    InputRejected,
    Quote,
    Rejected,
    Slots,
    Text,
    Token,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik.values import Money, dhaka_date, dhaka_zone
from nagorik_toolkit import age_on, refuse
from nagorik_toolkit.fees import read_schedules, until_midnight
from permit_office.plugin import Context, Hooks, Session, Tariff, criterion, status_of
from permit_office.priced import LATER, Demands, LaterFee
from permit_office.untruthful import RECEIVED, Reporting

SHORT_FILE = 5
"""Papers."""

ONE_DAY = timedelta(days=1)
GROWN = 18
GRACE = timedelta(days=15)
"""As in the rules."""
STAGED = read_schedules(__package__)["staged"]


def midnight(at: datetime) -> datetime:
    """When that day began in Dhaka."""
    return datetime.combine(dhaka_date(at), time(), dhaka_zone())


class AsksByDay(Hooks):
    """Right: asks for whole days, and offers what begins in the time."""

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        asked = request.model_copy(update=self.asked(request))
        found = await super().nagorik_list_slots(asked, context)
        return Slots(slots=tuple(one for one in found.slots if request.earliest <= one.starts_at < request.latest))

    def asked(self, request: Any) -> dict[str, datetime]:
        return {"earliest": midnight(request.earliest), "latest": midnight(request.latest) + ONE_DAY}


class LeavesTheLastDayOut(AsksByDay):
    def asked(self, request):
        return {**super().asked(request), "latest": midnight(request.latest)}


class BeginsTomorrow(AsksByDay):
    def asked(self, request):
        return {**super().asked(request), "earliest": midnight(request.earliest) + ONE_DAY}


class LeavesADayOut(AsksByDay):
    """Asks for so many days, counted from the first."""

    def asked(self, request):
        return {"earliest": request.earliest, "latest": request.latest - ONE_DAY}


class TellsStages(LaterFee):
    """Right where the office says of the latest payment alone whether it has it."""

    def fee(self, filed):
        right = super().fee(filed)
        return {**right, "payment_confirmed": None if filed.fee else filed.paid}


class QuotesByTheSchedule(LaterFee):
    """Takes the second fee from the price list, whatever the office demands."""

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        if request.stage != LATER:
            return await super().nagorik_quote_fees(request, context)
        return STAGED.quote(request, due=self.due(request), valid_for=self.valid(request))


class KeepsTheLastOfAKind(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        by_kind = {paper.kind: paper for paper in self.ordered(request.documents)}
        return [FormPart(kind, paper, filename=kind) for kind, paper in by_kind.items()]

    def ordered(self, documents: Any) -> Any:
        return documents


class KeepsTheFirstOfAKind(KeepsTheLastOfAKind):
    def ordered(self, documents):
        return documents[::-1]


class BreaksAtASecond(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        kinds = [paper.kind for paper in request.documents]
        if len({*kinds}) < len(kinds):
            raise RuntimeError("too many")
        return await super().papers(request, context)


class SendsTheFirstPapers(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return (await super().papers(request, context))[:5]


class BreaksAtTheSixth(Hooks):
    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        if len(request.documents) > SHORT_FILE:
            raise RuntimeError("too many")
        return await super().papers(request, context)


class RefusesThickFiles(Hooks):
    """Right: says that the office takes five papers and no more."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        if len(request.documents) > SHORT_FILE:
            text = Text(bn="পাঁচটির বেশি কাগজ দেওয়া যায় না", en="Hand in five papers at most")
            raise InputRejected([FieldProblem(pointer="/documents", code="permit.too-many", text=text)])
        return await super().papers(request, context)


class TakesOneOfAKind(Hooks):
    """Right: says that the office has room for one of each."""

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        kinds = [paper.kind for paper in request.documents]
        if len({*kinds}) < len(kinds):
            text = Text(bn="প্রতি ধরনের একটি কাগজ দিন", en="Hand in one paper of each kind")
            raise InputRejected([FieldProblem(pointer="/documents", code="permit.one-of-a-kind", text=text)])
        return await super().papers(request, context)


class CutsLongRemarks(Reporting):
    def say(self, right):
        return right.model_copy(update={"reason": self.told(right)})

    def told(self, right: Any) -> Text | None:
        return right.reason and Text(bn=right.reason.bn[:60], en=right.reason.en)


class LosesLatinWords(CutsLongRemarks):
    def told(self, right):
        words = " ".join(word for word in right.reason.bn.split() if not word[0].isascii()) if right.reason else ""
        return Text(bn=words, en=right.reason.en) if words else right.reason


class ExplainsRefusalsAlone(CutsLongRemarks):
    def told(self, right):
        return right.reason if right.raw in {"REFUSED", "PAPERS MISSING"} else None


class NumbersRemarks(CutsLongRemarks):
    """Right: the case's number stands before what was written."""

    def told(self, right):
        return right.reason and Text(bn=f"P-0001: {right.reason.bn}", en=right.reason.en)


class Delivers(Hooks):
    """Right: sends what was chosen, whatever else was."""

    def content(self, request: Any) -> dict[str, str]:
        form = request.form
        return {**super().content(request), "delivery": form.delivery, "collection": form.collection or "any"}


class CollectsTheUrgent(Delivers):
    """Right of a form that keeps of nobody else where they collect it."""

    def content(self, request):
        sent = super().content(request)
        return sent if request.form.delivery == "urgent" else {**sent, "collection": self.collected()}

    def collected(self) -> str:
        return "none"


class SendsTheRestToTheOffice(CollectsTheUrgent):
    def collected(self):
        return "office"


class KnowsTheRoadsOfTheUrgent(Delivers):
    def content(self, request):
        sent = super().content(request)
        return sent if request.form.delivery == "urgent" else {**sent, "road": "-"}


class SendsNotesOfTheRegular(Delivers):
    """Takes a note along where nobody is in a hurry."""

    def content(self, request):
        note = request.form.note if request.form.delivery == "regular" else None
        return {**super().content(request), **({"note": note} if note else {})}


class SendsNotes(Delivers):
    """Right: a note goes along with whatever was chosen, and so does the reason where the form wants one."""

    def content(self, request):
        form = request.form
        said = {"note": form.note, "why": getattr(form, "why", None)}
        return {**super().content(request), **{name: value for name, value in said.items() if value}}


class SendsNotesOfTheUrgent(SendsNotes):
    def content(self, request):
        sent = super().content(request)
        return {name: value for name, value in sent.items() if name != "note" or request.form.delivery == "urgent"}


class NamesOneParent(Delivers):
    """Right: the office has room for one, and what the citizen chose besides has no part in it."""

    def content(self, request):
        parent = request.form.father or request.form.mother
        return {**super().content(request), **({"parent": parent} if parent else {})}


class GoodTo(WireModel):
    result: str
    last: date = Field(alias="goodTo")

    @field_validator("last", mode="before")
    @classmethod
    def _day_first(cls, written: str) -> date:
        day, month, year = written.split("/")
        return date(int(year), int(month), int(day))


class AsksWhetherGood(Hooks):
    """Right: goes by the office's word."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        parts = self.parts(self.content(request), [])
        answer = await context.http.write("file", "POST", "/permits", parts=parts, expect=GoodTo)
        if self.is_good(answer, request.on):
            return Accepted(reference="Q-1", status=RECEIVED)
        return Rejected(reason_code="ended", reason=Text(bn="মেয়াদ শেষ", en="It has ended"))

    def is_good(self, answer: GoodTo, today: date) -> bool:
        return answer.result == "GOOD"


class EndsOnTheLastDay(AsksWhetherGood):
    def is_good(self, answer, today):
        return super().is_good(answer, today) and today < answer.last


class DoubtsTheLastDay(AsksWhetherGood):
    def is_good(self, answer, today):
        if today >= answer.last:
            raise ContractViolation("good-without-a-day-to-come")
        return super().is_good(answer, today)


class EndsWithTheMonthBefore(AsksWhetherGood):
    """Counts whole months, and the one that has begun as over on its last day."""

    def is_good(self, answer, today):
        return super().is_good(answer, today) and (today + ONE_DAY).month <= answer.last.month


class ComparesTheDay(AsksWhetherGood):
    """Right: the last day is a good one."""

    def is_good(self, answer, today):
        return super().is_good(answer, today) and today <= answer.last


class NamesTheDesk(Hooks):
    """Right: sends what the host has set."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        content = {"clientReference": request.client_reference, **self.content(request)}
        filed = await self.file(context, {**content, **self.desk(context.settings)}, [])
        return Accepted(reference=filed.number, status=status_of(filed))

    def desk(self, settings: Any) -> dict[str, str]:
        return {"desk": settings.desk}


class NamesTheMainBranch(NamesTheDesk):
    def desk(self, settings):
        return {"where": "main-branch"}


class ReadsTheDeskForNothing(NamesTheDesk):
    def desk(self, settings):
        return {"desk": settings.desk and "main-desk"}


class NamesTheDeskTwice(NamesTheDesk):
    """Right: hands over all that is set, and takes its own out of that."""

    def desk(self, settings):
        return {"desk": settings.model_dump()["desk"], "counter": f"counter of {settings.desk}"}


class InGrace(Demands):
    """Right: holds the office's sum against its own, the last day of grace among the days of grace."""

    def asked(self, form):
        return f"{super().asked(form)} {form.opened_on}"

    def total(self, request, demand):
        own = Money.taka("250.00" if self.is_late(request.form.opened_on + GRACE, request.on) else "150.00")
        if Money.taka(demand.total) != own:
            raise ContractViolation("fee-differs-from-schedule")
        return own

    def is_late(self, last: date, today: date) -> bool:
        return today > last


class HoldsForTodayInGrace(InGrace):
    """Right: the price holds for today, whenever it is asked for."""

    def valid(self, request):
        return until_midnight(request.at)


class HoldsForAWeekInGrace(InGrace):
    def valid(self, request):
        return timedelta(days=7)


class LateOnTheLastDay(InGrace):
    def is_late(self, last, today):
        return today >= last


class RefusesTheLastDay(InGrace):
    def is_late(self, last, today):
        if today == last:
            refuse([FieldProblem(pointer="/form/opened_on", code="late", text=Text(bn="দেরি", en="Too late"))])
        return super().is_late(last, today)


class BreaksOnTheLastDay(InGrace):
    def is_late(self, last, today):
        return {-1: False, 1: True}[(today > last) - (today < last)]


class RefusesTheLate(InGrace):
    """Right: who is late goes to the counter."""

    def is_late(self, last, today):
        if today > last:
            raise AgencyRejected("ask-at-the-counter")
        return False


async def login_for_a_minute(http: Any, settings: Any, _clock: Any) -> Token:
    return await _login(http, expires_in=60)


async def login_for_hours_in_seconds(http: Any, settings: Any, _clock: Any) -> Token:
    return await _login(http, expires_in=8)


async def login_until_soon(http: Any, settings: Any, clock: Any) -> Token:
    return await _login(http, expires_at=clock.now() + timedelta(hours=1))


async def login_for_most_of_a_session(http: Any, settings: Any, _clock: Any) -> Token:
    """Right: begins anew in good time."""
    return await _login(http, expires_in=6 * 3600)


async def _login(http: Any, **life: Any) -> Token:
    session = await http.read("login", "POST", "/login", json={}, expect=Session)
    return Token(session.token, **life)


class ByRows(Demands):
    """Right: quotes by a table, which is the office's own."""

    rows: ClassVar[dict[str, str]] = {
        "small usual": "150.00",
        "large usual": "250.00",
        "small express": "200.00",
        "large express": "320.00",
    }

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        return self.quoted(request, Money.taka(self.row(self.size(request.form))))

    def size(self, form):
        return f"{form.size} {form.speed}"

    def row(self, chosen: str) -> str:
        return self.rows[chosen]


class MistypesARow(ByRows):
    rows: ClassVar[dict[str, str]] = {**ByRows.rows, "large express": "230.00"}


class HurriesAllForOneSum(ByRows):
    rows: ClassVar[dict[str, str]] = {**ByRows.rows, "large express": "200.00"}


class AddsForEachChoice(ByRows):
    """Takes what the one choice costs more and what the other does for what both do."""

    rows: ClassVar[dict[str, str]] = {**ByRows.rows, "large express": "300.00"}


class DeclinesLargeExpress(ByRows):
    """Right: names no price for it."""

    def row(self, chosen):
        if chosen == "large express":
            raise AgencyRejected("ask-at-the-counter")
        return super().row(chosen)


class HoldsRules(Hooks):
    """Right: who may not apply is refused on filing, too."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        if self.is_held(request.service) and age_on(request.applicant.birth_date, request.on) < GROWN:
            self.refuse_young()
        return await super().nagorik_submit(request, context)

    def is_held(self, service: str) -> bool:
        return True

    def refuse_young(self) -> None:
        refuse([FieldProblem(pointer="/applicant/birth_date", code="age", text=Text(bn="বয়স কম", en="Too young"))])


class HoldsRulesForShops(HoldsRules):
    def is_held(self, service):
        return service == "permits.shop"


class HoldsRulesOnceFiled(HoldsRules):
    """Refuses for one of the services what has been filed."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        filed = await Hooks.nagorik_submit(self, request, context) if request.service != "permits.shop" else None
        right = await super().nagorik_submit(request, context) if filed is None else filed
        if age_on(request.applicant.birth_date, request.on) < GROWN:
            self.refuse_young()
        return right


class WarnsTheYoung(HoldsRules):
    """Finds the rule broken, and files for one of the services all the same."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_submit(request, context)
        except InputRejected:
            if request.service == "permits.shop":
                raise
            return await Hooks.nagorik_submit(self, request, context)


class AsksWhetherTheyMay(Hooks):
    """Right: one word means yes, two mean no, and from the others nothing follows."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any, context: Context) -> EligibilityDecision:
        answer = await context.http.read("may", "GET", "/tariff", expect=Tariff)
        return EligibilityDecision(criteria=(criterion("allowed", self.verdict(answer.name)),))

    def verdict(self, word: str) -> Verdict:
        known = {"MAY": Verdict.PASS, "MAY NOT": Verdict.FAIL, "NOT YET": Verdict.FAIL}
        return known.get(word, Verdict.CANNOT_TELL)


class TakesNotYetForYes(AsksWhetherTheyMay):
    def verdict(self, word):
        return {"MAY NOT": Verdict.FAIL, "NOT YET": Verdict.PASS}.get(word, super().verdict(word))


class FailsTheUnknown(AsksWhetherTheyMay):
    def verdict(self, word):
        return Verdict.PASS if word == "MAY" else Verdict.FAIL


class PassesTheUnheardOf(AsksWhetherTheyMay):
    def verdict(self, word):
        told = super().verdict(word)
        return Verdict.PASS if told is Verdict.CANNOT_TELL and word != "UNKNOWN" else told


class PassesWhomever(AsksWhetherTheyMay):
    def verdict(self, word):
        return Verdict.PASS


class TakesKnownWordsAlone(AsksWhetherTheyMay):
    """Right: a word that nobody knows is against what was agreed."""

    def verdict(self, word):
        if word not in {"MAY", "MAY NOT", "NOT YET", "UNKNOWN"}:
            raise ContractViolation("word-unknown")
        return super().verdict(word)
