"""A citizen's own National ID and birth registration numbers, found in what somebody wrote freely."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from nagorik.values import Identifier

_APART: Final = r"[\W_]{0,3}"
"""What people write between the digits of one number: spaces, hyphens, and signs that cannot be seen."""
_MASK: Final = "*"
_YEAR_DIGITS: Final = 4
_FULL_DIGITS: Final = 17


def holds_own_number(text: str, identifiers: Iterable[Identifier]) -> bool:
    """Whether one of the numbers stands in ``text``: in digits of any script, spaced, hyphenated or as they are."""
    return mask_own_numbers(text, identifiers) != text


def mask_own_numbers(text: str, identifiers: Iterable[Identifier]) -> str:
    """``text`` with an asterisk for each digit of the numbers, wherever they stand in it, as ``holds_own_number``."""
    masked = text
    # Letter for letter, so that a place in the one is the same place in the other.
    plain = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    for number in sorted(_numbers(identifiers), key=len, reverse=True):
        for found in re.finditer(_APART.join(number), plain):
            stars = "".join(_MASK if letter.isdecimal() else letter for letter in found[0])
            masked = masked[: found.start()] + stars + masked[found.end() :]
    return masked


def _numbers(identifiers: Iterable[Identifier]) -> set[str]:
    """The numbers, and of those that begin with the year of birth what follows it: an NID is written either way."""
    numbers = {identifier.value for identifier in identifiers}
    return numbers | {number[_YEAR_DIGITS:] for number in numbers if len(number) == _FULL_DIGITS}
