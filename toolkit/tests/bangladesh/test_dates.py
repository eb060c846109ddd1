from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from nagorik.values import NationalDataError, dhaka_date, dhaka_time, dhaka_zone, to_bangla_digits
from nagorik_toolkit.bangladesh import (
    DateStyle,
    FiscalYear,
    age_at,
    age_on,
    format_date,
    parse_date,
    years_after,
)

DATES = st.dates(min_value=date(1900, 1, 1), max_value=date(2198, 12, 31))


def _code(function, *arguments: object) -> str:
    with pytest.raises(NationalDataError) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("2025-04-03", DateStyle.ISO),
        ("২০২৫-০৪-০৩", DateStyle.ISO),
        (" 2025-04-03", DateStyle.ISO),  # the Election Commission's own samples have such blanks
        ("03/04/2025", DateStyle.DAY_MONTH_YEAR),
        ("০৩/০৪/২০২৫", DateStyle.DAY_MONTH_YEAR),
        ("03-Apr-2025", DateStyle.DAY_NAME_YEAR),
        ("03-APR-2025", DateStyle.DAY_NAME_YEAR),
    ],
)
def test_date_is_read_in_the_style_that_is_named(text: str, style: DateStyle):
    assert parse_date(text, style) == date(2025, 4, 3)


@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("03/04/25", DateStyle.DAY_MONTH_YEAR, "date.style"),
        ("25-04-03", DateStyle.ISO, "date.style"),
        ("2025-4-3", DateStyle.ISO, "date.style"),
        (f"2025-04-03{' ' * 30}2026-04-03", DateStyle.ISO, "date.style"),
        ("03/04/2025", DateStyle.ISO, "date.style"),
        ("2025-04-03", DateStyle.DAY_MONTH_YEAR, "date.style"),
        ("03-04-2025", DateStyle.DAY_MONTH_YEAR, "date.style"),
        ("٢٠٢٥-٠٤-٠٣", DateStyle.ISO, "date.style"),
        ("2025-04-03T00:00", DateStyle.ISO, "date.style"),
        ("04/13/2025", DateStyle.DAY_MONTH_YEAR, "date.no-such-day"),
        ("29/02/2025", DateStyle.DAY_MONTH_YEAR, "date.no-such-day"),
        ("0000-01-01", DateStyle.ISO, "date.no-such-day"),
        ("03-Avr-2025", DateStyle.DAY_NAME_YEAR, "date.no-such-day"),
        (date(2025, 4, 3), DateStyle.ISO, "date.not-text"),
    ],
)
def test_date_in_any_other_form_is_refused(text: object, style: DateStyle, code: str):
    assert _code(parse_date, text, style) == code


@given(DATES, st.sampled_from(DateStyle))
def test_written_date_reads_back(day: date, style: DateStyle):
    assert parse_date(format_date(day, style), style) == day
    assert parse_date(to_bangla_digits(format_date(day, style)), style) == day


def test_an_instant_is_not_a_date():
    assert _code(format_date, datetime(2025, 1, 1, tzinfo=UTC), DateStyle.ISO) == "date.not-a-date"


@pytest.mark.parametrize(
    ("instant", "offset"),
    [
        ("2009-07-01T00:00:00+00:00", 7),
        ("2010-02-01T00:00:00+00:00", 6),
        ("2009-06-01T00:00:00+00:00", 6),
        ("2026-01-01T00:00:00+00:00", 6),
    ],
)
def test_summer_time_of_2009_is_honoured(instant: str, offset: int):
    assert dhaka_time(datetime.fromisoformat(instant)).utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-01T17:59:59+00:00", date(2026, 3, 1)),
        ("2026-03-01T18:00:00+00:00", date(2026, 3, 2)),
        ("2009-07-01T17:00:00+00:00", date(2009, 7, 2)),
        ("2026-03-02T00:00:00+06:00", date(2026, 3, 2)),
        ("2026-03-01T23:00:00-05:00", date(2026, 3, 2)),
    ],
)
def test_date_in_dhaka_changes_at_its_own_midnight(instant: str, day: date):
    assert dhaka_date(datetime.fromisoformat(instant)) == day


@pytest.mark.parametrize("instant", [datetime(2026, 1, 1), date(2026, 1, 1), "2026-01-01", 0, None])  # noqa: DTZ001
def test_time_without_an_offset_is_refused(instant: object):
    assert _code(dhaka_date, instant) == "time.naive"


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_same_instant_has_one_date_whatever_its_offset(instant: datetime):
    elsewhere = instant.astimezone(timezone(timedelta(hours=-9)))
    assert dhaka_date(instant) == dhaka_date(elsewhere) == instant.astimezone(dhaka_zone()).date()


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2025, 6, 30), "2024-25"),
        (date(2025, 7, 1), "2025-26"),
        (date(2026, 6, 30), "2025-26"),
        (date(1999, 7, 1), "1999-00"),
    ],
)
def test_fiscal_year_begins_on_1_july(day: date, label: str):
    assert FiscalYear.containing(day).label == label


@given(DATES)
def test_fiscal_year_holds_its_day_and_reads_back(day: date):
    if day < date(1900, 7, 1):
        return
    year = FiscalYear.containing(day)
    assert year.first_day <= day <= year.last_day
    assert (year.last_day - year.first_day).days in {364, 365}
    assert FiscalYear.parse(year.label) == FiscalYear.parse(to_bangla_digits(year.label)) == year
    assert str(year) == year.label


def test_fiscal_years_follow_one_another():
    assert FiscalYear.parse("2024-25") < FiscalYear.parse("2025-26")
    assert FiscalYear.parse("2024-25").last_day + timedelta(days=1) == FiscalYear.parse("2025-26").first_day


@pytest.mark.parametrize("text", ["2025-27", "2025-2027", "2025", "25-26", "2025 26", "", None, 2025, "٢٠٢٥-٢٦"])
def test_fiscal_year_in_any_other_form_is_refused(text: object):
    assert _code(FiscalYear.parse, text) == "fiscal-year.text"


def test_fiscal_year_outside_its_bounds_is_refused():
    assert _code(FiscalYear.parse, "1899-00") == "fiscal-year.bounds"
    assert _code(FiscalYear.containing, date(2200, 7, 1)) == "fiscal-year.bounds"


@pytest.mark.parametrize("years", [18, 20, 65])
def test_age_turns_on_the_birthday(years: int):
    born = date(1960, 7, 15)
    birthday = date(1960 + years, 7, 15)
    assert age_on(born, birthday - timedelta(days=1)) == years - 1
    assert age_on(born, birthday) == years
    assert age_on(born, birthday + timedelta(days=1)) == years
    assert age_on(born, date(1960 + years + 1, 7, 14)) == years


@pytest.mark.parametrize("years", [18, 20, 65])
def test_age_turns_at_midnight_in_dhaka(years: int):
    born = date(1960, 7, 15)
    midnight = datetime(1960 + years, 7, 14, 18, tzinfo=UTC)
    if midnight.year == 2009:
        midnight -= timedelta(hours=1)
    assert age_at(born, midnight - timedelta(seconds=1)) == years - 1
    assert age_at(born, midnight) == years


def test_leapling_has_the_birthday_on_1_march_of_a_common_year():
    born = date(2008, 2, 29)
    assert age_on(born, date(2026, 2, 28)) == 17
    assert age_on(born, date(2026, 3, 1)) == 18
    assert age_on(born, date(2028, 2, 28)) == 19
    assert age_on(born, date(2028, 2, 29)) == 20


def test_newborn_is_zero_and_the_unborn_are_refused():
    assert age_on(date(2026, 1, 1), date(2026, 1, 1)) == 0
    assert _code(age_on, date(2026, 1, 2), date(2026, 1, 1)) == "age.birth-in-future"


def test_age_takes_dates_and_aware_instants_only():
    assert _code(age_on, datetime(2000, 1, 1, tzinfo=UTC), date(2026, 1, 1)) == "date.not-a-date"
    assert _code(age_on, date(2000, 1, 1), "2026-01-01") == "date.not-a-date"
    assert _code(age_at, date(2000, 1, 1), datetime(2026, 1, 1)) == "time.naive"  # noqa: DTZ001


@given(DATES, DATES)
def test_age_grows_by_one_in_a_year(born: date, day: date):
    if born > day or (day.month, day.day) == (2, 29):
        return
    assert age_on(born, day.replace(year=day.year + 1)) == age_on(born, day) + 1


@pytest.mark.parametrize(
    ("day", "years", "after"),
    [
        (date(2016, 2, 28), 10, date(2026, 2, 28)),
        (date(2016, 2, 29), 10, date(2026, 3, 1)),
        (date(2016, 2, 29), 4, date(2020, 2, 29)),
        (date(2016, 2, 29), 84, date(2100, 3, 1)),
        (date(2016, 2, 29), 0, date(2016, 2, 29)),
        (date(9999, 1, 1), 1, date(9999, 12, 31)),
    ],
)
def test_anniversary_is_the_day_on_which_an_age_is_reached(day: date, years: int, after: date) -> None:
    assert years_after(day, years) == after
    if years and after.year < 9999:
        assert (age_on(day, after), age_on(day, after - timedelta(days=1))) == (years, years - 1)
