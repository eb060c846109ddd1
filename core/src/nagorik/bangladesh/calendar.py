"""The civil calendar: the date in Dhaka and the fiscal year."""

import re
from datetime import date
from functools import total_ordering
from typing import Final, Self

from pydantic import Field, StrictInt, field_validator

from nagorik.bangladesh.digits import to_ascii_digits
from nagorik.bangladesh.errors import NationalDataError
from nagorik.bangladesh.time import plain_date
from nagorik.bangladesh.value import SelfCheckedValue

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
