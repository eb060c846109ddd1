"""Days and instants at which an age, a date or a form's day is decided."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from hypothesis import strategies as st

from nagorik.bangladesh import DateStyle, dhaka_zone, format_date, to_bangla_digits
from nagorik_testing.strategies.writing import BLANKS, Written

_NEAR: Final = timedelta(days=2)
_MOMENTS: Final = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
)
_OFFSETS: Final = (timedelta(0), timedelta(hours=6), timedelta(hours=-5), timedelta(hours=5, minutes=30))


def leap_days(first: int = 1920, last: int = 2096) -> st.SearchStrategy[date]:
    """29 February of a leap year."""
    years = [year for year in range(first, last + 1) if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)]
    return st.sampled_from(years).map(lambda year: date(year, 2, 29))


def birth_dates_around(age: int, on: date) -> st.SearchStrategy[date]:
    """A birth date of somebody who turns ``age`` on the day ``on`` or within two days of it.

    29 February is among them where it is near, and the birth dates on both sides of the boundary always are.
    """
    year = on.year - age
    birthday = on.replace(year=year) if _exists(year, on) else date(year, 2, 28)
    days = st.integers(-_NEAR.days, _NEAR.days)
    return days.map(lambda shift: birthday + timedelta(days=shift))


def instants_at_dhaka_midnight(
    first: date = date(1990, 1, 1), last: date = date(2090, 1, 1)
) -> st.SearchStrategy[tuple[datetime, date]]:
    """An aware instant at, just before or just after a midnight in Dhaka, and the date that it is there.

    Written in UTC and in other offsets, in which the date is often another one. The day of 2009 on which Dhaka's
    clocks went forward at 23:00 has no such midnight and is left out.
    """
    days = st.dates(first, last).filter(lambda day: day not in {date(2009, 6, 19), date(2009, 6, 20)})

    def instant(drawn: tuple[date, timedelta, bool, timedelta]) -> tuple[datetime, date]:
        day, apart, before, offset = drawn
        midnight = datetime.combine(day, time(), dhaka_zone()).astimezone(UTC)
        moment = midnight - apart if before else midnight + apart
        there = day - timedelta(days=1) if before and apart else day
        return moment.astimezone(timezone(offset)), there

    return st.tuples(days, st.sampled_from(_MOMENTS), st.booleans(), st.sampled_from(_OFFSETS)).map(instant)


@st.composite
def written_dates(draw: st.DrawFn, style: DateStyle) -> Written[date]:
    """A date in a portal's style, in either digits, with blanks around it."""
    day = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31)) | leap_days())
    text = format_date(day, style)
    if style is DateStyle.DAY_NAME_YEAR:
        text = draw(st.sampled_from((text, text.upper(), text.lower())))
    text = to_bangla_digits(text) if draw(st.booleans()) else text
    return Written(draw(st.sampled_from(BLANKS)) + text + draw(st.sampled_from(BLANKS)), day)


def _exists(year: int, on: date) -> bool:
    try:
        on.replace(year=year)
    except ValueError:
        return False
    return True
