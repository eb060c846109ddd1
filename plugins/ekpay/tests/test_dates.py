"""Which dates in Dhaka a payment is asked for on, and instants as ekPay writes them, whatever the machine's zone."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from nagorik.values import dhaka_date
from nagorik_ekpay.dates import MOST_DATES, OURS_APART, dates_to_ask, read_paid_at, request_time
from nagorik_ekpay.gateway import gateway_facts

APART = gateway_facts().clocks.span + OURS_APART
INSTANTS = st.datetimes(datetime(2010, 1, 2), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
WITHIN_A_WEEK = st.timedeltas(timedelta(0), timedelta(days=6))


@pytest.fixture(params=["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A machine in another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def at(day: int, hour: int, minute: int) -> datetime:
    """A time on the clocks in Dhaka, in the last days of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=6)


@pytest.mark.usefixtures("machine")
def test_request_is_stamped_with_the_time_in_dhaka() -> None:
    assert request_time(datetime(2026, 11, 30, 18, 0, 5, tzinfo=UTC)) == "2026-12-01 00:00:05 GMT+6"


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("started_at", "now", "days"),
    [
        (at(24, 10, 0), at(24, 10, 5), [24]),
        (at(24, 22, 30), at(24, 22, 45), [24]),
        (at(24, 23, 30), at(24, 23, 45), [24, 25]),
        (at(25, 0, 23), at(25, 3, 32), [24, 25]),  # begun at 23:23 by ekPay's clock, and by ours an hour later
        (at(24, 23, 59), at(24, 23, 59), [24, 25]),
        (at(24, 23, 59), at(25, 0, 1), [24, 25]),
        (at(24, 0, 5), at(24, 0, 10), [23, 24]),
        (at(24, 22, 0), at(26, 9, 0), [24, 25, 26]),
        (at(24, 10, 0), at(23, 10, 0), [24]),  # a clock that was put back
    ],
)
def test_dates_around_midnight(started_at: datetime, now: datetime, days: list[int]) -> None:
    assert dates_to_ask(started_at, now) == tuple(date(2026, 11, day) for day in days)


def test_end_of_a_month_and_of_a_year_and_a_leap_day() -> None:
    assert dates_to_ask(at(30, 23, 55), at(30, 23, 58) + timedelta(minutes=5)) == (
        date(2026, 11, 30),
        date(2026, 12, 1),
    )
    new_year = datetime(2027, 12, 31, 17, 55, tzinfo=UTC)
    assert dates_to_ask(new_year, new_year) == (date(2027, 12, 31), date(2028, 1, 1))
    leap = datetime(2028, 2, 29, 17, 55, tzinfo=UTC)
    assert dates_to_ask(leap, leap) == (date(2028, 2, 29), date(2028, 3, 1))


@given(started_at=INSTANTS, waited=WITHIN_A_WEEK, paid=st.floats(0, 1), skew=st.floats(-1, 1), zone=ZONES)
def test_date_of_the_payment_is_always_among_them(
    started_at: datetime, waited: timedelta, paid: float, skew: float, zone: timezone
) -> None:
    """Whenever it was paid in between, on a clock that is as far from ours as it may be, in whatever zone we are."""
    now, paid_at = started_at + waited, started_at + waited * paid + APART * skew
    assert dhaka_date(paid_at) in dates_to_ask(started_at.astimezone(zone), now.astimezone(zone))


@given(started_at=INSTANTS, waited=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_dates_are_in_order_without_gaps_and_few(started_at: datetime, waited: timedelta) -> None:
    days = dates_to_ask(started_at, started_at + waited)
    assert 1 <= len(days) <= MOST_DATES
    assert list(days) == [days[0] + timedelta(days=step) for step in range(len(days))]
    assert days[0] == dhaka_date(started_at - APART)


@given(instant=INSTANTS, form=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.000", "%Y-%m-%d %H:%M:%S.0"]))
def test_instant_is_read_as_it_was_written_in_dhaka(instant: datetime, form: str) -> None:
    written = (instant.replace(microsecond=0) + timedelta(hours=6)).strftime(form)
    for offset in ("", " GMT+6", " GMT+06:00", "+06:00", "+0600"):
        assert read_paid_at(f" {written}{offset} ", instant) == instant.replace(microsecond=0)


@pytest.mark.usefixtures("machine")
def test_instant_is_read_alike_on_every_machine() -> None:
    assert read_paid_at("2026-12-01 00:30:00", at(30, 23, 0)) == datetime(2026, 11, 30, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *(None, 1, "", "soon", "2026-12-01", "01-12-2026 00:30:00", "2026-13-01 00:30:00", "2026-12-01 24:30:00"),
        *("2026-12-01 00:30:00 GMT", "2026-12-01 00:30:00+05:30", "2026-12-01 00:30:00Z", "2026-12-01 00:30"),
    ],
)
def test_instant_that_is_not_told_for_certain_is_none(written: object) -> None:
    assert read_paid_at(written, at(24, 10, 0)) is None


@pytest.mark.parametrize("written", ["0001-01-01 00:00:00", "0001-01-01 05:59:59", "0000-00-00 00:00:00"])
def test_instant_before_all_that_is_known_is_none(written: str) -> None:
    assert read_paid_at(written, at(24, 10, 0)) is None


def test_instant_of_days_to_come_is_not_believed() -> None:
    now = at(24, 10, 0)
    assert read_paid_at("2026-11-25 10:00:00", now) == at(25, 10, 0)
    assert read_paid_at("2026-11-25 10:00:01", now) is None
    assert read_paid_at("9999-12-31 23:59:59", now) is None
