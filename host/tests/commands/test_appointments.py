"""Appointments at the counter: listed, chosen, booked by a worker, and looked up after a lost answer."""

from datetime import UTC, datetime, timedelta

import pytest
from host_site import Desk

from nagorik import Accepted, AgencyRejected, AgencyStatus, OutcomeUnknown, Slot, SlotBooking, Slots, Text
from nagorik.model.status import HeldAppointment
from nagorik_platform import PluginConfiguration

pytestmark = pytest.mark.long

PLACE = Text(en="Savar office", bn="সাভার কার্যালয়")
MONDAY = datetime(2026, 11, 30, 3, tzinfo=UTC)
OFFERED = tuple(
    Slot(id=f"S-{hour}", starts_at=at, ends_at=at + timedelta(hours=1), place=PLACE, free=1)
    for hour in (9, 10)
    for at in [MONDAY + timedelta(hours=hour - 9)]
)
FULL = Text(en="The hall is closed on Monday.", bn="সোমবার হল বন্ধ।")


class Visit(Desk):
    """An application whose office waits for the citizen, and what the office is asked and answers."""

    def __init__(self, place, answers) -> None:
        settings = PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
        super().__init__(place, {"office": settings})
        self.asked, self.booked, self.answer = [], [], SlotBooking(booked=True, reference="APT-7")
        self.held: HeldAppointment | None = None
        answers.SUBMIT = lambda request, context: Accepted(reference="V-1", status=self.status())
        answers.STATUS, answers.SLOTS, answers.BOOK = self.status, self.slots, self.book

    def status(self) -> AgencyStatus:
        return AgencyStatus(state="awaiting_appearance", raw="COME", appointment=self.held)

    def slots(self, request) -> Slots:
        self.asked.append(request)
        return Slots(slots=OFFERED)

    def book(self, request):
        self.booked.append((request.agency_reference, request.slot.id))
        return self.answer


@pytest.fixture
def visit(place, answers) -> Visit:
    return Visit(place, answers)


@pytest.fixture
def waiting(visit, take_in) -> str:
    application = take_in("office.visit", {"shop": "12"})
    visit.work(timedelta(minutes=1))
    return application


def booking(ready, application):
    return ready("track", application, "--json").document["booking"]


def test_free_appointments_are_listed_and_one_is_booked_by_a_worker(ready, visit, waiting):
    listed = ready("act", waiting, "slots")
    assert all(part in listed.out for part in ("S-9", "৩০ নভেম্বর ২০২৬, সকাল ৯:০০", PLACE.en))
    (asked,) = visit.asked
    assert (asked.agency_reference, asked.latest - asked.earliest) == ("V-1", timedelta(days=30))
    assert ready("act", waiting, "book", "--slot", "S-11").code == 2
    assert ready("act", waiting, "book", "--slot", "S-10").code == 0
    assert (booking(ready, waiting)["state"], visit.booked) == ("wanted", [])
    visit.work(timedelta(minutes=1))
    shown = booking(ready, waiting)
    assert (shown["state"], shown["slot"]["id"], shown["reference"]) == ("booked", "S-10", "APT-7")
    assert visit.booked == [("V-1", "S-10")]
    page = ready("track", waiting).out
    assert "The agency booked the appointment: 30 November 2026, 10:00 am, Savar office." in page


@pytest.mark.parametrize("answer", [SlotBooking(booked=False), AgencyRejected("closed", reason=FULL)])
def test_refused_appointment_goes_back_to_the_citizen_with_the_agencys_words(ready, visit, waiting, answer):
    visit.answer = answer
    ready("act", waiting, "book", "--slot", "S-9")
    visit.work(timedelta(minutes=1))
    page = ready("track", waiting).out
    assert ("Choose another one." in page, FULL.bn in page) == (True, isinstance(answer, AgencyRejected))
    visit.answer = SlotBooking(booked=True)
    ready("act", waiting, "book", "--slot", "S-10")
    visit.work(timedelta(minutes=1))
    shown = ready("track", waiting, "--json").document
    assert (shown["booking"]["state"], shown["refusals"]) == ("booked", [])


def test_lost_booking_is_looked_up_by_the_status_and_not_sent_again(ready, visit, waiting):
    visit.answer = OutcomeUnknown(step="book", because="read-timeout")
    ready("act", waiting, "book", "--slot", "S-9")
    visit.work(timedelta(seconds=1))
    assert booking(ready, waiting)["state"] == "unknown"
    other = ready("act", waiting, "book", "--slot", "S-10")
    assert (other.code, "It is being looked up" in other.err) == (2, True)
    visit.held = HeldAppointment(starts_at=MONDAY, place=PLACE, reference="APT-8")
    visit.work(timedelta(days=2))
    shown = booking(ready, waiting)
    assert (shown["state"], shown["reference"], shown["held"]["place"]["en"]) == ("booked", "APT-8", PLACE.en)
    assert visit.booked == [("V-1", "S-9")]


def test_appointment_that_the_agency_gives_by_itself_is_shown(ready, visit, waiting):
    visit.held = HeldAppointment(starts_at=MONDAY, place=PLACE)
    visit.work(timedelta(days=2))
    shown = booking(ready, waiting)
    assert (shown["state"], shown["slot"]["id"], shown["slot"]["place"]["bn"]) == ("booked", None, PLACE.bn)
