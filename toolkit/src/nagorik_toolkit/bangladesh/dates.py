"""Ages, and dates as portals write them. The caller names the style; nothing is guessed from the text.

``03/04/2025`` is a day in April to one portal and a day in March to another, so there is no parser that tries
one style after another. Two-digit years are refused in every style.
"""

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from nagorik.values.sentences import NationalDataError
from nagorik.values.text import refuse_invisible, to_ascii_digits
from nagorik.values.time import dhaka_date, plain_date


def age_on(birth_date: date, day: date) -> int:
    """Whole years completed on ``day``; the birthday itself counts.

    Someone born on 29 February has the birthday on 1 March of a common year. That is an assumption: no rule of
    an agency is known that says so, and the other reading makes the person a day older on 28 February.

    Raises:
        NationalDataError: ``age.birth-in-future`` where ``birth_date`` is after ``day``, ``date.not-a-date`` for
            a datetime.
    """
    born, on = plain_date(birth_date), plain_date(day)
    if born > on:
        raise NationalDataError("age.birth-in-future")
    birthday_to_come = (on.month, on.day) < (born.month, born.day)
    return on.year - born.year - birthday_to_come


def years_after(day: date, years: int) -> date:
    """The anniversary of ``day`` after whole years, zero or more: the day on which ``age_on`` counts ``years``.

    1 March where that year has no 29 February, for the same reason; no day is later than the calendar's last.
    """
    began = plain_date(day)
    year = began.year + years
    if year > date.max.year:
        return date.max
    if (began.month, began.day) == _LEAP_DAY and not isleap(year):
        return date(year, 3, 1)
    return began.replace(year=year)


def age_at(birth_date: date, instant: datetime) -> int:
    """Whole years completed at an aware ``instant``, by the date it is in Dhaka then.

    Dhaka is at UTC+6: from 18:00 UTC on it is the next day there.

    Raises:
        NationalDataError: as ``age_on``; ``time.naive`` for an instant without an offset.
    """
    return age_on(birth_date, dhaka_date(instant))


_LEAP_DAY: Final = (2, 29)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_INPUT: Final = 32


class DateStyle(StrEnum):
    """How a date is written, with the portals that write it so (docs/reference/agencies.md#time)."""

    ISO = "YYYY-MM-DD"
    """Election Commission."""
    DAY_MONTH_YEAR = "DD/MM/YYYY"
    """BDRIS, e-passport."""
    DAY_NAME_YEAR = "DD-Mon-YYYY"
    """Bangladesh Railway; English month names of three letters, in any case."""


_PATTERNS: Final = {
    DateStyle.ISO: re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    DateStyle.DAY_MONTH_YEAR: re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})"),
    DateStyle.DAY_NAME_YEAR: re.compile(r"(?P<day>[0-9]{2})-(?P<month>[A-Za-z]{3})-(?P<year>[0-9]{4})"),
}


def parse_date(text: object, style: DateStyle) -> date:
    """Read a date written in ``style``, in Bangla or ASCII digits; blanks around it are ignored.

    Raises:
        NationalDataError: ``date.not-text``, ``date.style`` where the text is not in that style (two-digit
            years included), ``date.no-such-day`` where it is but the calendar has no such day; ``invisible.*``.
    """
    if not isinstance(text, str):
        raise NationalDataError("date.not-text")
    written = text.strip()[: _LONGEST_INPUT + 1]
    refuse_invisible(written)
    found = _PATTERNS[style].fullmatch(to_ascii_digits(written))
    if found is None:
        raise NationalDataError("date.style")
    name = found["month"]
    try:
        month = _MONTHS.index(name.title()) + 1 if name.isalpha() else int(name)
        return date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        raise NationalDataError("date.no-such-day") from None


def format_date(day: date, style: DateStyle) -> str:
    """Write ``day`` in ``style`` with ASCII digits, in every locale of the machine.

    Raises:
        NationalDataError: ``date.not-a-date`` for anything but a plain date.
    """
    day = plain_date(day)
    if style is DateStyle.ISO:
        return day.isoformat()
    if style is DateStyle.DAY_MONTH_YEAR:
        return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
    return f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year:04d}"


_STYLED: Final = {
    DateStyle.ISO: "date.iso",
    DateStyle.DAY_MONTH_YEAR: "date.day-month-year",
    DateStyle.DAY_NAME_YEAR: "date.day-name-year",
}
_SHAPES: Final = {
    DateStyle.DAY_MONTH_YEAR: r"^[0-9০-৯]{2}/[0-9০-৯]{2}/[0-9০-৯]{4}$",
    DateStyle.DAY_NAME_YEAR: r"^[0-9০-৯]{2}-[A-Za-z]{3}-[0-9০-৯]{4}$",
}


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """``Annotated[date, WrittenDay(style)]`` reads a day in that style only, in Bangla or ASCII digits.

    Numbers, instants and days that do not exist are refused with the codes of ``parse_date``, another style with one
    that says how the day is written here: ``date.iso``, ``date.day-month-year``, ``date.day-name-year``.
    """

    style: DateStyle

    def read(self, written: object) -> object:
        """The day; a plain ``date`` is passed on."""
        if type(written) is date:
            return written
        try:
            return parse_date(written, self.style)
        except NationalDataError as error:
            raise NationalDataError(_STYLED[self.style] if error.code == "date.style" else error.code) from None

    def write(self, day: date) -> str:
        """As it is read."""
        return format_date(day, self.style)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read before pydantic does, and write in JSON as it was read."""
        return core_schema.no_info_before_validator_function(
            self.read,
            core_schema.date_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """JSON Schema's ``date`` is the ISO style; the others are text of a pattern."""
        if self.style is DateStyle.ISO:
            return {"type": "string", "format": "date"}
        return {"type": "string", "pattern": _SHAPES[self.style]}


IsoDay = Annotated[date, WrittenDay(DateStyle.ISO)]
"""``2026-01-31``."""
DayMonthYear = Annotated[date, WrittenDay(DateStyle.DAY_MONTH_YEAR)]
"""``31/01/2026``."""
