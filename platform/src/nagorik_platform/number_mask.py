"""What an officer may see of other people's words: all but numbers that could be a person's."""

import re
from datetime import date
from typing import Final

from nagorik.privacy import MASK, TOKEN, run_of_digits

_ADDRESS: Final = re.compile(r"\S@\S|eyJ[A-Za-z0-9_-]+\.|://\S*[?#]")
"""A person's e-mail, a JSON web token, an address of the web with more than a page in it."""

_LONG_NUMBER: Final = run_of_digits(9)
"""As an NID, a birth registration or a telephone number has."""
_DAY: Final = re.compile(
    r"(?<!\d)(?<!\d[-/.–])"
    r"(?:(?P<day>\d{1,2})(?P<by>[-/.])(?P<month>\d{1,2})(?P=by)(?P<year>\d{4})"
    r"|(?P<iso_year>\d{4})-(?P<iso_month>\d{1,2})-(?P<iso_day>\d{1,2}))"
    r"(?![-/.–]?\d)"
)
_YEARS: Final = range(1900, 2200)
_AMOUNT: Final = re.compile(r"(?<![\d.,])(?![0০])\d{1,3}(?:(?:,\d{2})*,\d{3}|(?:,\d{3})+)?\.\d{2}(?![.,]?\d)")
"""Money, its thousands or its lakhs apart and its poisha behind the point."""


def is_telling(text: str) -> bool:
    """Whether ``text`` holds a number, an e-mail address, a token or a link that could be a person's.

    A name cannot be recognised: what a plugin says is its own words, and no agency's.
    """
    return mask_numbers(text) != text or bool(_ADDRESS.search(text) or TOKEN.search(text))


def mask_numbers(text: str) -> str:
    """``text`` without numbers that could be a person's: nine digits or more, however they are separated.

    A day that there is stays readable, and so do amounts of money where nothing but amounts stands together.
    """
    return _LONG_NUMBER.sub(lambda found: _without_numbers(found[0]), text)


def _without_numbers(run: str) -> str:
    if not any(char.isdecimal() for char in _AMOUNT.sub("", run)):
        return run
    shown, end = "", 0
    for found in filter(_is_day, _DAY.finditer(run)):
        shown += _LONG_NUMBER.sub(MASK, run[end : found.start()]) + found[0]
        end = found.end()
    return shown + _LONG_NUMBER.sub(MASK, run[end:])


def _is_day(found: re.Match[str]) -> bool:
    year, month, day = (int(found[name] or found[f"iso_{name}"]) for name in ("year", "month", "day"))
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year in _YEARS
