"""Appointments: given out ahead, held by one, and gone when they are full."""

from datetime import date, timedelta

import pytest
from small_agency import Registry

from nagorik_testing import Refusal, SlotBoard


class Office(Registry):
    def open_office(self):
        super().open_office()
        self.slots = SlotBoard(
            self,
            offices=["savar", "gulshan"],
            times=["10:00", "14:30"],
            capacity=2,
            days_ahead=7,
            holiday={date(2026, 11, 25)}.__contains__,
        )


@pytest.fixture
def office():
    return Office()


def test_slots_are_given_out_from_tomorrow_on_working_days(office):
    written = [slot.written for slot in office.slots.free("savar")]
    days = ["26", "29", "30"]  # Thursday, Sunday, Monday: the 25th is a holiday, Friday and Saturday are free
    assert written[:6] == [f"2026-11-{day}T{begins}" for day in days for begins in ("10:00", "14:30")]
    assert written[6:] == ["2026-12-01T10:00", "2026-12-01T14:30"]


def test_slot_fills_up_and_its_holder_keeps_it(office):
    first = office.slots.free("savar")[0].written
    assert office.slots.take("savar", first, "A-1").free == 1
    assert office.slots.take("savar", first, "A-1").free == 1
    assert office.slots.take("savar", first, "A-2").free == 0
    with pytest.raises(Refusal, match="slot") as refused:
        office.slots.take("savar", first, "A-3")
    assert refused.value.status == 409
    assert office.slots.take("gulshan", first, "A-3").free == 1
    assert office.slots.held("A-2").written == first
    assert office.ledger.effect_counts == {"appointment": 3}


def test_slot_that_is_full_is_given_out_and_not_free(office):
    first = office.slots.free("savar")[0].written
    office.slots.take("savar", first, "A-1")
    office.slots.take("savar", first, "A-2")
    assert (office.slots.given_out("savar")[0].written, office.slots.given_out("savar")[0].free) == (first, 0)
    assert first not in {slot.written for slot in office.slots.free("savar")}


def test_another_slot_gives_the_first_one_back(office):
    first, second = (slot.written for slot in office.slots.free("savar")[:2])
    office.slots.take("savar", first, "A-1")
    office.slots.take("savar", second, "A-1")
    assert [slot.free for slot in office.slots.free("savar")[:2]] == [2, 1]


@pytest.mark.parametrize(
    ("place", "written", "status"),
    [
        ("khulna", "2026-11-26T10:00", 404),
        ("savar", "tomorrow", 400),
        ("savar", "2026-11-26T11:00", 409),
        ("savar", "2026-11-24T14:30", 409),
        ("savar", "2026-11-27T10:00", 409),
        ("savar", "2027-11-25T10:00", 409),
    ],
)
def test_slot_that_is_none_is_refused(office, place, written, status):
    with pytest.raises(Refusal) as refused:
        office.slots.take(place, written, "A-1")
    assert refused.value.status == status
    assert office.ledger.effects() == ()


async def test_officer_lets_strangers_take_every_place(office, reach):
    path = "/_simulator/registry/slots/savar/fill"
    async with reach(office) as client:
        told = await client.post(path, json={"until": "2026-11-30"})
        assert told.json() == {"free": ["2026-12-01T10:00", "2026-12-01T14:30"]}
        assert (await client.post(path, json={"until": "soon"})).status_code == 400
        assert (await client.post(path.replace("savar", "khulna"), json={"until": "2026-11-30"})).status_code == 404
    assert len(office.slots.free("gulshan")) == 8
    office.clock.advance(timedelta(days=7))
    assert len(office.slots.free("savar")) > 2
