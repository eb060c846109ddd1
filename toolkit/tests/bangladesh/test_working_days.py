from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from nagorik.data_files import DataFileInvalid
from nagorik.values import NationalDataError
from nagorik_toolkit.bangladesh import DayOverride, WorkingCalendar, calendar

DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2026, 7, 31))
COUNTS = st.integers(min_value=0, max_value=60)
HALF_COUNTS = st.integers(0, 30)  # two of them end in a year whose holidays are known, too


def _override(day: date, *, working: bool) -> DayOverride:
    return DayOverride(day=day, working=working, bn="পরীক্ষা", en="Test", source="made up", verified=False)


@pytest.fixture
def national() -> WorkingCalendar:
    return WorkingCalendar.national()


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2025, 5, 15), True),
        (date(2025, 5, 16), False),
        (date(2025, 5, 17), True),
        (date(2025, 5, 23), False),
        (date(2025, 5, 24), True),
        (date(2025, 5, 31), False),
        (date(2025, 6, 4), True),
        (date(2025, 6, 5), False),
        (date(2025, 6, 11), False),
        (date(2025, 6, 12), False),
        (date(2025, 6, 15), True),
        (date(2025, 9, 5), False),
        (date(2025, 9, 6), False),
        (date(2025, 9, 7), True),
        (date(2025, 5, 11), False),
        (date(2025, 10, 1), False),
        (date(2025, 10, 2), False),
        (date(2025, 12, 16), False),
        (date(2026, 3, 18), False),
        (date(2026, 5, 31), False),
        (date(2026, 10, 21), False),
        (date(2026, 2, 21), False),
        (date(2026, 3, 26), False),
        (date(2026, 3, 25), True),
    ],
)
def test_government_calendar(national: WorkingCalendar, day: date, *, working: bool):
    assert national.is_working_day(day) is working


def test_every_friday_of_a_year_is_closed(national: WorkingCalendar):
    fridays = [date(2026, 1, 2) + timedelta(weeks=week) for week in range(52)]
    assert not [day for day in fridays if national.is_working_day(day)]


def test_sunday_follows_thursday(national: WorkingCalendar):
    assert national.next_working_day(date(2026, 1, 8)) == date(2026, 1, 11)


def test_ten_days_of_eid_are_skipped(national: WorkingCalendar):
    assert national.next_working_day(date(2025, 6, 4)) == date(2025, 6, 15)
    assert national.add_working_days(date(2025, 6, 4), 2) == date(2025, 6, 16)


def test_working_saturday_shortens_the_wait(national: WorkingCalendar):
    bare = WorkingCalendar(years={2025})
    assert bare.add_working_days(date(2025, 5, 15), 1) == date(2025, 5, 18)
    assert national.add_working_days(date(2025, 5, 15), 1) == date(2025, 5, 17)


def test_overrides_go_both_ways_and_the_later_one_decides(national: WorkingCalendar):
    sunday, saturday = date(2026, 1, 11), date(2026, 1, 10)
    changed = national.with_overrides([_override(sunday, working=False), _override(saturday, working=True)])
    assert not changed.is_working_day(sunday)
    assert changed.is_working_day(saturday)
    assert changed.with_overrides([_override(sunday, working=True)]).is_working_day(sunday)
    assert national.is_working_day(sunday)


@pytest.mark.parametrize("year", [2024, 2027, 2030])
def test_year_whose_holidays_are_not_known_is_said_to_be_unknown(national: WorkingCalendar, year: int):
    for ask in (national.is_working_day, national.next_working_day):
        with pytest.raises(NationalDataError) as caught:
            ask(date(year, 5, 4))
        assert caught.value.code == "calendar.unknown-year"


def test_time_limit_that_ends_in_an_unknown_year_is_not_reckoned(national: WorkingCalendar):
    assert national.add_working_days(date(2026, 12, 24), 5) == date(2026, 12, 31)
    for reckon in (
        lambda: national.add_working_days(date(2026, 12, 24), 6),
        lambda: national.working_days_between(date(2026, 12, 24), date(2027, 1, 3)),
    ):
        with pytest.raises(NationalDataError) as caught:
            reckon()
        assert caught.value.code == "calendar.unknown-year"


def test_estimate_is_given_only_where_it_is_asked_for(national: WorkingCalendar):
    estimated = national.estimated()
    assert not estimated.is_working_day(date(2027, 12, 16))
    assert not estimated.is_working_day(date(2027, 1, 1))
    assert estimated.is_working_day(date(2027, 1, 3))
    assert [estimated.is_working_day(day) for day in (date(2025, 12, 31), date(2025, 5, 17))] == [False, True]
    changed = estimated.with_overrides([_override(date(2027, 1, 3), working=False)])
    assert not changed.is_working_day(date(2027, 1, 3))


def test_day_that_is_declared_is_known_whatever_is_known_of_its_year(national: WorkingCalendar):
    day = date(2027, 1, 3)
    assert not national.with_overrides([_override(day, working=False)]).is_working_day(day)


def test_newer_file_counts_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    newer = tmp_path / "days.toml"
    newer.write_text(
        """
        [[year]]
        year = 2027
        as_of = 2026-12-01
        source = "made up"
        verified = false
        [[override]]
        day = 2026-12-16
        working = true
        bn = "পরীক্ষা"
        en = "Test"
        source = "made up"
        verified = false
        """,
        "utf-8",
    )
    monkeypatch.setenv("NAGORIK_WORKING_DAYS", str(newer))
    calendar._national.cache_clear()
    try:
        known = WorkingCalendar.national()
        assert known.years >= {2025, 2026, 2027}
        assert known.is_working_day(date(2026, 12, 16))
        assert not known.is_working_day(date(2025, 12, 16))
        assert known.is_working_day(date(2027, 1, 3))
        newer.write_text("[[override]]\nday = 2026-12-17\n", "utf-8")
        calendar._national.cache_clear()
        with pytest.raises(DataFileInvalid) as caught:
            WorkingCalendar.national()
        assert caught.value.file == "days.toml"
        assert "override.0.working: this field is required" in str(caught.value)
    finally:
        calendar._national.cache_clear()


def test_library_and_the_known_years_agree_but_for_what_the_library_lacks(national: WorkingCalendar):
    estimate = WorkingCalendar(estimates=True)
    days = [date(2025, 1, 1) + timedelta(days=passed) for passed in range(730)]
    assert [day for day in days if national.is_working_day(day) and not estimate.is_working_day(day)] == [
        date(2025, 5, 17),
        date(2025, 5, 24),
    ]


def test_every_override_is_sourced():
    for override in WorkingCalendar.national().overrides:
        assert override.source
        assert override.bn
        assert override.en


def test_override_is_for_a_day_and_not_an_instant():
    with pytest.raises(ValidationError):
        _override(datetime(2026, 1, 1, tzinfo=UTC), working=True)


@pytest.mark.parametrize("count", [-1, 3661, 1.0, True, None, "1"])
def test_count_is_a_bounded_whole_number(national: WorkingCalendar, count: object):
    with pytest.raises(NationalDataError) as caught:
        national.add_working_days(date(2026, 1, 1), count)  # type: ignore[arg-type]
    assert caught.value.code == "calendar.count"


@pytest.mark.parametrize("day", [date(1971, 12, 31), date(2100, 1, 1)])
def test_days_beyond_the_known_years_are_refused(national: WorkingCalendar, day: date):
    with pytest.raises(NationalDataError) as caught:
        national.is_working_day(day)
    assert caught.value.code == "calendar.bounds"


def test_an_instant_is_refused(national: WorkingCalendar):
    with pytest.raises(NationalDataError) as caught:
        national.is_working_day(datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.code == "date.not-a-date"


@given(DAYS, COUNTS)
@settings(deadline=None)
def test_adding_lands_on_a_working_day_with_that_many_between(day: date, count: int):
    national = WorkingCalendar.national()
    end = national.add_working_days(day, count)
    assert national.working_days_between(day, end) == count
    assert national.is_working_day(end) if count else end == day


@given(DAYS, HALF_COUNTS, HALF_COUNTS)
@settings(deadline=None)
def test_adding_in_two_steps_is_adding_at_once(day: date, first: int, second: int):
    national = WorkingCalendar.national()
    at_once = national.add_working_days(day, first + second)
    assert national.add_working_days(national.add_working_days(day, first), second) == at_once


@given(DAYS, COUNTS)
@settings(deadline=None)
def test_a_later_start_never_ends_earlier(day: date, count: int):
    national = WorkingCalendar.national()
    assert national.add_working_days(day, count) <= national.add_working_days(day + timedelta(days=1), count)


def test_no_day_lies_between_when_the_end_comes_first(national: WorkingCalendar):
    assert national.working_days_between(date(2026, 1, 8), date(2026, 1, 1)) == 0
