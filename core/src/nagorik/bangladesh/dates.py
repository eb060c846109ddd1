"""Dates as portals write them. The caller names the style; nothing is guessed from the text.

``03/04/2025`` is a day in April to one portal and a day in March to another, so there is no parser that tries
one style after another. Two-digit years are refused in every style.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Final

from nagorik.bangladesh.digits import to_ascii_digits
from nagorik.bangladesh.errors import NationalDataError
from nagorik.bangladesh.time import plain_date

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_INPUT: Final = 32


class DateStyle(StrEnum):
    """How a date is written, with the portals that write it so (facts §15)."""

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
            years included), ``date.no-such-day`` where it is but the calendar has no such day.
    """
    if not isinstance(text, str):
        raise NationalDataError("date.not-text")
    found = _PATTERNS[style].fullmatch(to_ascii_digits(text[: _LONGEST_INPUT + 1].strip()))
    if found is None:
        raise NationalDataError("date.style")
    written = found["month"]
    try:
        month = _MONTHS.index(written.title()) + 1 if written.isalpha() else int(written)
        return date(int(found["year"]), month, int(found["day"]))
    except ValueError:
        raise NationalDataError("date.no-such-day") from None


def format_date(day: date, style: DateStyle) -> str:
    """Write ``day`` in ``style`` with ASCII digits, whatever the machine's locale.

    Raises:
        NationalDataError: ``date.not-a-date`` for anything but a plain date.
    """
    day = plain_date(day)
    if style is DateStyle.ISO:
        return day.isoformat()
    if style is DateStyle.DAY_MONTH_YEAR:
        return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
    return f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year:04d}"
