"""An agency's hours, in Dhaka."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, strategies as st

from nagorik.errors import AgencyClosed
from nagorik.manifest import Window
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.hours import DHAKA, next_opening, open_at

OFFICE = Window(days="sun-thu", open=time(9), close=time(17), holidays="closed")
NIGHT = (Window(days="sun-sat", open=time(22), close=time(0)), Window(days="sun-sat", open=time(0), close=time(2)))
DAYS = ["sun-thu", "sat", "fri", "mon,wed", "thu-sat", "sun-sat"]


def dhaka(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=DHAKA)


@st.composite
def window(draw):
    start = draw(st.integers(0, 1438))
    end = draw(st.integers(start + 1, 1440))
    return Window(
        days=draw(st.sampled_from(DAYS)),
        open=time(start // 60, start % 60),
        close=time(0) if end == 1440 else time(end // 60, end % 60),
        holidays=draw(st.sampled_from(["open", "closed"])),
    )


windows = st.lists(window(), min_size=1, max_size=3)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001


def every_fifth(day: date) -> bool:
    return day.toordinal() % 5 == 0


@given(windows, instants)
def test_the_next_opening_is_open_and_nothing_before_it_is(given_windows, instant):
    opening = next_opening(given_windows, instant, every_fifth)
    assert opening is not None
    assert opening >= instant
    assert open_at(given_windows, opening, every_fifth)
    if opening > instant:
        assert not open_at(given_windows, instant, every_fifth)
        assert not open_at(given_windows, opening - timedelta(microseconds=1), every_fifth)
        for part in range(1, 20):
            assert not open_at(given_windows, instant + (opening - instant) * part / 20, every_fifth)


@given(windows, instants)
def test_hours_are_those_of_the_wall_clock_in_dhaka(given_windows, instant):
    local = instant.astimezone(DHAKA)
    minute = local.hour * 60 + local.minute
    expected = any(
        local.weekday() in w.weekdays
        and not (w.holidays == "closed" and every_fifth(local.date()))
        and w.open.hour * 60 + w.open.minute <= minute < ((w.close.hour * 60 + w.close.minute) or 1440)
        for w in given_windows
    )
    assert open_at(given_windows, instant, every_fifth) == expected


@pytest.mark.parametrize(
    ("instant", "open_then"),
    [
        (dhaka(24, 9), True),
        (dhaka(24, 8, 59), False),
        (dhaka(24, 16, 59), True),
        (dhaka(24, 17), False),
        (dhaka(27, 12), False),
    ],
)
def test_opening_is_included_and_closing_is_not(instant, open_then):
    assert open_at([OFFICE], instant) is open_then


@pytest.mark.parametrize(("hour", "open_then"), [(23, True), (0, True), (1, True), (2, False), (21, False)])
def test_a_window_over_midnight_is_two(hour, open_then):
    assert open_at(NIGHT, dhaka(24, hour)) is open_then


def test_no_windows_mean_always():
    assert open_at([], dhaka(27, 3))
    assert next_opening([], dhaka(27, 3)) == dhaka(27, 3)


def test_an_agency_that_never_opens_has_no_next_opening():
    assert next_opening([OFFICE], dhaka(24, 3), lambda _day: True) is None


async def test_a_closed_agency_is_not_called(world):
    client = world.client(manifest={"windows": [{"days": "sun-thu", "open": "13:00", "close": "17:00"}]})
    http = world.bind(Idempotency.NONE, client=client)
    with pytest.raises(AgencyClosed) as caught:
        await world.ask(http, Idempotency.NONE)
    assert caught.value.until == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert http.ledger.requests == 0
    world.clock.elapsed += 3600
    world.agency.will(world.filed())
    await world.ask(world.bind(client=client))


async def test_a_public_holiday_closes_the_windows_that_say_so(world):
    # 16 December, Victory Day, by the platform's own calendar.
    world.clock.elapsed += timedelta(days=22).total_seconds()
    hours = {"days": "sun-thu", "open": "09:00", "close": "17:00"}
    client = world.client(manifest={"windows": [{**hours, "holidays": "closed"}]})
    with pytest.raises(AgencyClosed) as caught:
        await world.ask(world.bind(client=client))
    assert caught.value.until == datetime(2026, 12, 17, 3, 0, tzinfo=UTC)
    world.agency.will(world.filed())
    await world.ask(world.bind(manifest={"windows": [{**hours, "holidays": "open"}]}))
