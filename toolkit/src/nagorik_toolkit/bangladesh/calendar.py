"""The civil calendar: the fiscal year, and the days on which an office works."""

import os
import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache, total_ordering
from pathlib import Path
from typing import Final, Self

from pydantic import Field, StrictInt, field_validator

from nagorik.data_files import parse_model, read_data_file, read_file
from nagorik.privacy import Model, SelfCheckedValue
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import refuse_invisible, to_ascii_digits
from nagorik.values.time import plain_date

_LABEL: Final = re.compile(
    r"(?:FY\s*|(?:অর্থ\s?বছর)\s*[:-]?\s*)?(?P<start>[0-9]{4})\s*[-\u2010-\u2013/]\s*(?P<end>[0-9]{4}|[0-9]{2})(?:\s*অর্থ\s?বছর)?",
    re.IGNORECASE,
)
_LONGEST_LABEL: Final = 40
_FIRST_MONTH: Final = 7
_EARLIEST: Final = 1900
_LATEST: Final = 2199


@total_ordering
class FiscalYear(SelfCheckedValue):
    """A fiscal year, 1 July to 30 June, written by both its calendar years: 2025-26."""

    start: StrictInt = Field(description="The calendar year in which it begins, 1900 to 2199.")

    @field_validator("start", mode="before")
    @classmethod
    def _check(cls, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not _EARLIEST <= value <= _LATEST:
            raise NationalDataError("fiscal-year.bounds").for_pydantic()
        return value

    @classmethod
    def containing(cls, day: date) -> Self:
        """The fiscal year that ``day`` (a date in Dhaka) lies in."""
        plain = plain_date(day)
        return cls._starting(plain.year - (plain.month < _FIRST_MONTH))

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read ``2025-26``, ``2025-2026`` or ``2025/26``, in Bangla or ASCII digits, with blanks and its name around.

        Raises:
            NationalDataError: ``fiscal-year.text`` where it is not so written or the years do not follow;
                ``invisible.*`` for a character that cannot be seen.
        """
        if not isinstance(text, str) or len(text) > _LONGEST_LABEL:
            raise NationalDataError("fiscal-year.text")
        written = to_ascii_digits(text).strip()
        refuse_invisible(written)
        found = _LABEL.fullmatch(written)
        if found is None or str(int(found["start"]) + 1)[-len(found["end"]) :] != found["end"]:
            raise NationalDataError("fiscal-year.text")
        return cls._starting(int(found["start"]))

    @classmethod
    def _starting(cls, start: int) -> Self:
        if not _EARLIEST <= start <= _LATEST:
            raise NationalDataError("fiscal-year.bounds")
        return cls(start=start)

    @property
    def label(self) -> str:
        """``2025-26``, in ASCII digits."""
        return f"{self.start}-{(self.start + 1) % 100:02d}"

    @property
    def first_day(self) -> date:
        """1 July."""
        return date(self.start, _FIRST_MONTH, 1)

    @property
    def last_day(self) -> date:
        """30 June of the next calendar year."""
        return date(self.start + 1, _FIRST_MONTH - 1, 30)

    def __lt__(self, other: "FiscalYear") -> bool:
        return self.start < other.start

    def __str__(self) -> str:
        return self.label


WEEKEND: Final = frozenset({4, 5})
"""Friday and Saturday, as ``date.weekday()`` counts; the offices' weekend today, not that of every past year."""

FIRST_YEAR: Final = 1972
LAST_YEAR: Final = 2099
LONGEST_WAIT: Final = 3660
"""Working days that ``add_working_days`` counts at most: about fifteen years."""


class DayOverride(Model):
    """One day on which offices do other than the weekend and the list of holidays say."""

    day: date
    """The date in Dhaka."""
    working: bool
    """True where offices are open, false where they are closed."""
    bn: str
    """The occasion in Bangla."""
    en: str
    """The occasion in English."""
    source: str
    """The page or notification that says so."""
    verified: bool
    """Whether the government's own notification was read, not only a report of it."""

    @field_validator("day", mode="before")
    @classmethod
    def _refuse_an_instant(cls, value: object) -> object:
        try:
            return value if isinstance(value, str) else plain_date(value)
        except NationalDataError as error:
            raise error.for_pydantic() from None


class KnownYear(Model):
    """A year whose list of holidays is known."""

    year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    """The calendar year."""
    as_of: date
    """The day up to which changes of the list were looked for."""
    source: str
    """The notification or the pages that the list was taken from."""
    verified: bool
    """Whether the government's own notification was read, not only a report of it."""


class WorkingDaysFile(Model):
    """The content of a file of working days."""

    year: tuple[KnownYear, ...] = ()
    """The years of which the file, or one before it, has every holiday and every working Saturday."""
    override: tuple[DayOverride, ...] = ()
    """In order of precedence, the last first."""


class WorkingCalendar(Model):
    """Which days are working days: an override decides before the weekend, and a later one before an earlier.

    The government notifies its holidays year by year, some at a few days' notice. Of a year whose list is not known
    here nothing is said, so that no time limit comes out too short; ``estimated`` is for what may be wrong.
    """

    overrides: tuple[DayOverride, ...] = Field(default=())
    """In order of precedence, the last first."""
    years: frozenset[int] = Field(default=frozenset())
    """The years whose holidays and working Saturdays are all among the overrides."""
    estimates: bool = Field(default=False)
    """Whether days of other years are taken from the ``holidays`` library."""

    @classmethod
    def national(cls) -> Self:
        """The calendar in ``working_days.toml``, and over it the file that ``NAGORIK_WORKING_DAYS`` names, if any.

        Raises:
            DataFileInvalid: One of them cannot be used.
        """
        days, years = _national()
        return cls(overrides=days, years=years)

    def estimated(self) -> Self:
        """This calendar, with an estimate for years that are not known.

        The ``holidays`` library has the national days and the Muslim holidays, those that follow the moon by
        reckoning; it lacks the other holidays, days by executive order and working Saturdays.
        """
        return type(self)(overrides=self.overrides, years=self.years, estimates=True)

    def with_overrides(self, overrides: Iterable[DayOverride]) -> Self:
        """This calendar with further days changed, over those it has."""
        return type(self)(overrides=(*self.overrides, *overrides), years=self.years, estimates=self.estimates)

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open on ``day``, a date in Dhaka.

        Raises:
            NationalDataError: ``calendar.unknown-year`` where the holidays of its year are not known and not
                estimated; ``calendar.bounds`` outside 1972 to 2099, ``date.not-a-date`` for a datetime.
        """
        day = _within_bounds(day)
        for override in reversed(self.overrides):
            if override.day == day:
                return override.working
        if day.year in self.years:
            return day.weekday() not in WEEKEND
        if not self.estimates:
            raise NationalDataError("calendar.unknown-year")
        return day.weekday() not in WEEKEND and day not in _public_holidays(day.year)

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        return self.add_working_days(day, 1)

    def add_working_days(self, day: date, count: int) -> date:
        """The day on which ``count`` working days have passed since ``day``; ``day`` itself is not counted.

        A time limit of 15 working days that starts on ``day`` ends on the day that this returns. With a count
        of 0 it is ``day`` itself, working or not.

        Raises:
            NationalDataError: ``calendar.count`` for a count that is not an int from 0 to 3660; as
                ``is_working_day``.
        """
        left, day = _count(count), _within_bounds(day)
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after ``start`` and up to ``end``; 0 where ``end`` is not after ``start``."""
        days = (_within_bounds(end) - _within_bounds(start)).days
        return sum(self.is_working_day(start + timedelta(days=passed)) for passed in range(1, days + 1))


def _count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= LONGEST_WAIT:
        raise NationalDataError("calendar.count")
    return count


def _within_bounds(day: date) -> date:
    if not FIRST_YEAR <= plain_date(day).year <= LAST_YEAR:
        raise NationalDataError("calendar.bounds")
    return day


@cache
def _public_holidays(year: int) -> frozenset[date]:
    import holidays  # slow to import, and most processes never ask

    return frozenset(holidays.country_holidays("BD", years=year, expand=False))


@cache
def _national() -> tuple[tuple[DayOverride, ...], frozenset[int]]:
    name = "working_days.toml"
    parts = [parse_model(read_data_file("nagorik_toolkit.bangladesh", name), name, WorkingDaysFile)]
    if newer := os.environ.get("NAGORIK_WORKING_DAYS"):
        path = Path(newer)
        parts.append(parse_model(read_file(path), path.name, WorkingDaysFile))
    days = tuple(day for part in parts for day in part.override)
    return days, frozenset(each.year for part in parts for each in part.year)
