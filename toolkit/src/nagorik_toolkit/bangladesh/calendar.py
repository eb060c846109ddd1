"""The civil calendar: the fiscal year, and the days on which an office works."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache, total_ordering
from typing import Final, Self

from pydantic import Field, StrictInt, field_validator

from nagorik.data_files import parse_document, read_data_file
from nagorik.privacy import Model, SelfCheckedValue
from nagorik.values.sentences import NationalDataError
from nagorik.values.text import to_ascii_digits
from nagorik.values.time import plain_date

_LABEL: Final = re.compile(r"(?P<start>[0-9]{4})-(?P<end>[0-9]{2})")
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
        """Read ``2025-26``, in Bangla or ASCII digits.

        Raises:
            NationalDataError: ``fiscal-year.text`` where it is not so written or the years do not follow.
        """
        found = _LABEL.fullmatch(to_ascii_digits(text)) if isinstance(text, str) else None
        if found is None or (int(found["start"]) + 1) % 100 != int(found["end"]):
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


class WorkingCalendar(Model):
    """Which days are working days: an override decides before holiday and weekend, a later one before an earlier.

    Holidays come from the ``holidays`` library. Its days that follow the moon are estimates until the government
    names them; it lacks the Buddhist and Hindu holidays, days declared by executive order and working Saturdays.
    ``national`` adds those of 2025 and 2026 that are known; for another year, give them as overrides, or
    a time limit comes out too short.
    """

    overrides: tuple[DayOverride, ...] = Field(default=())
    """In order of precedence, the last first."""

    @classmethod
    def national(cls) -> Self:
        """The calendar with the overrides in ``working_days.toml``."""
        return cls(overrides=_national_overrides())

    def with_overrides(self, overrides: Iterable[DayOverride]) -> Self:
        """This calendar with further days changed, over those it has."""
        return type(self)(overrides=(*self.overrides, *overrides))

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open on ``day``, a date in Dhaka.

        Raises:
            NationalDataError: ``calendar.bounds`` outside 1972 to 2099, ``date.not-a-date`` for a datetime.
        """
        day = _within_bounds(day)
        for override in reversed(self.overrides):
            if override.day == day:
                return override.working
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
def _national_overrides() -> tuple[DayOverride, ...]:
    raw = parse_document(read_data_file("nagorik_toolkit.bangladesh", "working_days.toml"), "working_days.toml")
    return tuple(DayOverride(**entry) for entry in raw["override"])
