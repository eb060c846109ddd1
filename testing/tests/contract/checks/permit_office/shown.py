"""Hooks that read what the office shows, each wrong in one way; and hooks that are right in another way."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from nagorik import (
    Accepted,
    AgencyStatus,
    Deliverable,
    Text,
    WireModel,
    hookimpl,
)
from nagorik.values import dhaka_time, to_bangla_digits
from permit_office.forgetful import FIRST
from permit_office.overlooking import AsksWhetherGood
from permit_office.plugin import Context, Filed, Hooks, status_of
from permit_office.untruthful import RECEIVED, NamesTheDay, Reporting

LETTERS_OF_A_LINE = 40
SLIP = Deliverable(kind="permit", interim=True, delivery="download")
VISIT = Deliverable(kind="permit", delivery="none")


class Booked(Filed):
    booked_under: str | None = Field(default=None, alias="bookedUnder")


class TellsBookings(Hooks):
    """Right: a visit is this application's where it was booked under its reference."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        shown = await context.http.read("status", "GET", path, expect=Booked)
        if not self.is_ours(shown.booked_under, request.client_reference):
            return status_of(shown)
        return status_of(shown).model_copy(update={"deliverables": (VISIT,), "final": True})

    def is_ours(self, booked_under: str | None, client_reference: str) -> bool:
        return booked_under == client_reference


class TellsAnyBooking(TellsBookings):
    def is_ours(self, booked_under, client_reference):
        return booked_under is not None


class TellsBookingsOfPlatforms(TellsBookings):
    """Compares how platforms begin their references."""

    def is_ours(self, booked_under, client_reference):
        return booked_under is not None and booked_under.partition("-")[0] == client_reference.partition("-")[0]


class WithSlip(Filed):
    slip: bool = False
    slip_word: str | None = Field(default=None, alias="slipWord")


class TellsOfSlips(Hooks):
    """Right: the slip is there when the office says so."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}"
        shown = await context.http.read("status", "GET", path, expect=WithSlip)
        right = status_of(shown)
        if not self.is_told(shown, right):
            return right
        return right.model_copy(update={"deliverables": (SLIP, *right.deliverables)})

    def is_told(self, shown: WithSlip, right: AgencyStatus) -> bool:
        return shown.slip


class TellsOfSlipsOnReview(TellsOfSlips):
    def is_told(self, shown, right):
        return shown.slip and right.raw == "REVIEW"


class ReadsSlipWordsAtFiling(TellsOfSlips):
    """Reads the office's word for the slip, as long as nothing else has happened."""

    def is_told(self, shown, right):
        return shown.slip_word == "MADE OUT" and right.raw == "RECEIVED"


class TellsOfSlipsByState(TellsOfSlips):
    """Right: which papers go with which word is in the plugin's table."""

    def is_told(self, shown, right):
        return right.raw == "REVIEW"


class ForgetsSlipsAtTheEnd(TellsOfSlips):
    """Right: nobody needs the slip who has the permit."""

    def is_told(self, shown, right):
        return shown.slip and not right.final


class NamesTheHour(NamesTheDay):
    """Right: says in its reason since which hour that is so, on the clocks in Dhaka."""

    def say(self, right):
        clock = self.clock(right.at) if right.at else "?"
        return right.model_copy(update={"reason": Text(bn=f"{to_bangla_digits(clock)} থেকে", en=f"Since {clock}")})

    def clock(self, at: datetime) -> str:
        return f"{dhaka_time(at):%H:%M}"


class NamesTheHourOfTwelve(NamesTheHour):
    """Right: as people say it."""

    def clock(self, at):
        return f"{dhaka_time(at):%I:%M %p}"


class NamesTheHourInUtc(NamesTheHour):
    def clock(self, at):
        return f"{at.astimezone(UTC):%H:%M}"


class NamesTheHourOfTwelveInUtc(NamesTheHour):
    def clock(self, at):
        return f"{at.astimezone(UTC):%I:%M %p}"


class Permit(WireModel):
    no: str


class Permits(WireModel):
    permits: tuple[Permit, ...]


class NamesPermits(Hooks):
    """Right: names all that there are, in a sentence."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        parts = self.parts(self.content(request), [])
        answer = await context.http.write("file", "POST", "/permits", parts=parts, expect=Permits)
        said = self.said([permit.no for permit in answer.permits])
        reason = Text(bn=f"অনুমতি: {to_bangla_digits(said)}", en=f"Permits: {said}")
        return Accepted(reference="Q-1", status=RECEIVED.model_copy(update={"reason": reason, "final": True}))

    def said(self, numbers: list[str]) -> str:
        return ", ".join(numbers)


class NamesTheFirstPermits(NamesPermits):
    def said(self, numbers):
        return ", ".join(numbers[:FIRST])


class NamesPermitsInALine(NamesPermits):
    def said(self, numbers):
        return ", ".join(numbers)[:LETTERS_OF_A_LINE]


class NamesTheFirstPermitsAndHowManyMore(NamesPermits):
    """Right: nobody takes the first ones for all."""

    def said(self, numbers):
        rest = len(numbers) - FIRST
        return ", ".join(numbers[:FIRST]) + (f" and {rest} more" if rest > 0 else "")


class BeginsTheDayAfter(AsksWhetherGood):
    def is_good(self, answer, today):
        return super().is_good(answer, today) and today > answer.last


class BeginsOnTheDay(AsksWhetherGood):
    """Right of a day from which something is good."""

    def is_good(self, answer, today):
        return super().is_good(answer, today) and today >= answer.last


class AnswersQuestions(Reporting):
    """Right: says since when what was asked about is so."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        answer = await super().nagorik_submit(request, context)
        if request.service != "permits.question":
            return answer
        status = answer.status.model_copy(update={"final": True, **self.left_out()})
        return Accepted(reference=answer.reference, status=status)

    def left_out(self) -> dict[str, None]:
        return {}


class AnswersWithoutADay(AnswersQuestions):
    def left_out(self):
        return {"at": None}
