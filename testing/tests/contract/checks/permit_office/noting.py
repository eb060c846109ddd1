"""Hooks of an office that says much of an application: its case, a note, an hour, a slip, whose booking it is."""

from datetime import datetime
from typing import Annotated, Any

from nagorik import (
    Accepted,
    AgencyStatus,
    Deliverable,
    Flag,
    SlotBooking,
    Text,
    WireModel,
    hookimpl,
)
from nagorik.values import dhaka_time, to_bangla_digits
from nagorik_toolkit import DhakaTime
from permit_office.plugin import Context, Filed, Hooks, status_of
from permit_office.untruthful import Asking

HALL = "main hall"
SLIP = Deliverable(kind="permit", delivery="none", reference="slip")


class Noted(Filed):
    case: str | None = None
    note: str | None = None
    slip: bool = False
    hears: Annotated[datetime, DhakaTime("%Y-%m-%d %H:%M")]
    booked_by: str | None = None


class NumberedSeat(WireModel):
    booked: bool
    seat: str | None = None


class Noting(Hooks):
    """Right: the case before the note, the slip beside the permit, and the hour as the clocks in Dhaka show it."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        told = await context.http.read("status", "GET", f"/permits/{request.agency_reference}", expect=Noted)
        right = status_of(told)
        ours = frozenset({Flag.IN_PRODUCTION}) if self.is_ours(told, request) else frozenset()
        update = {"remark": self.remark(told), "reason": self.hearing(told), "flags": ours}
        return right.model_copy(update={**update, "deliverables": self.issued(told, right)})

    @hookimpl
    async def nagorik_book_slot(self, request: Any, context: Context) -> SlotBooking:
        path, content = f"/permits/{request.agency_reference}/slots", {"slot": request.slot.id}
        seat = await context.http.write("book", "POST", path, json=content, expect=NumberedSeat)
        return SlotBooking(booked=seat.booked, reference=self.seat(seat))

    def remark(self, told: Noted) -> str | None:
        return ": ".join(filter(None, (told.case, told.note))) or None

    def hearing(self, told: Noted) -> Text:
        day, hour = f"{dhaka_time(told.hears):%d/%m/%Y}", self.hour(told)
        bn = to_bangla_digits(f"{day}, {hour}")
        return Text(bn=f"শুনানি {bn}; www.permits.example দেখুন", en=f"The hearing is on {day} at {hour}")

    def hour(self, told: Noted) -> str:
        return f"{dhaka_time(told.hears):%H:%M}"

    def issued(self, told: Noted, right: AgencyStatus) -> tuple[Deliverable, ...]:
        return (*right.deliverables, SLIP) if told.slip else right.deliverables

    def is_ours(self, told: Noted, request: Any) -> bool:
        return told.booked_by == request.client_reference

    def seat(self, seat: NumberedSeat) -> str | None:
        return seat.seat


class HidesTheCase(Noting):
    def remark(self, told):
        return told.note or told.case


class HearsInUtc(Noting):
    def hour(self, told):
        return f"{told.hears:%H:%M}"


class HearsInEnglish(Noting):
    def hearing(self, told):
        right = super().hearing(told)
        return Text(bn=f"{right.bn} ({HALL})", en=right.en)


class QuotesTheHall(Noting):
    """Right: what the office calls it stands within quotes."""

    def hearing(self, told):
        right = super().hearing(told)
        return Text(bn=f"{right.bn} “{HALL}”", en=right.en)


class SlipForThePermit(Noting):
    def issued(self, told, right):
        return (SLIP,) if told.slip else right.deliverables


class TakesAnyBooking(Noting):
    def is_ours(self, told, request):
        return told.booked_by is not None


class KeepsTheSeat(Noting):
    def seat(self, seat):
        return None


class Answered(Filed):
    whole: bool


class TellsWhetherWhole(Asking):
    """Right: says whether this is all that the office has."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        parts = self.parts(self.content(request), [])
        answer = await context.http.write("file", "POST", "/permits", parts=parts, expect=Answered)
        status = status_of(answer).model_copy(update={"reason": self.reason(answer)})
        return Accepted(reference="Q-1", status=status)

    def reason(self, answer: Answered) -> Text:
        return Text(bn="এটুকুই", en="That is all") if answer.whole else Text(bn="আরও আছে", en="There is more")


class TellsAsIfWhole(TellsWhetherWhole):
    def reason(self, answer):
        return Text(bn="এটুকুই", en="That is all")
