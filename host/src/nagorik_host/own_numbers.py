"""The numbers that a citizen and a payer are known by, found in free text."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from nagorik import Applicant, Payer

_APART: Final = r"[\W_]{0,3}"
"""What people write between the digits of one number: spaces, hyphens, and signs that cannot be seen."""
_YEAR_DIGITS: Final = 4
_FULL_DIGITS: Final = 17


def numbers_of(applicant: Applicant, payer: Payer | None = None) -> frozenset[str]:
    """The identity numbers and telephones of the applicant, and the payer's telephone, each as it may be written."""
    numbers = set[str]()
    for one in applicant.identifiers:
        # Many write a number of 17 digits without the year of birth in front.
        numbers |= {one.value, one.value[_YEAR_DIGITS if len(one.value) == _FULL_DIGITS else 0 :]}
    for phone in (applicant.phone, payer.mobile if payer is not None else None):
        if phone is not None:
            numbers |= {phone.e164.removeprefix("+"), phone.local, phone.local.removeprefix("0")}
    return frozenset(numbers)


def holds_own_number(text: str, own: Collection[str]) -> bool:
    """Whether one of the numbers stands in ``text``: in digits of any script, spaced, hyphenated or as they are."""
    return mask_own_numbers(text, own) != text


def mask_own_numbers(text: str, own: Collection[str]) -> str:
    """``text`` with an asterisk for each digit of the numbers, wherever they stand in it, as ``holds_own_number``."""
    masked = text
    # Letter for letter, so that a place in the one is the same place in the other.
    plain = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    for number in sorted(own, key=len, reverse=True):
        for found in re.finditer(_APART.join(number), plain):
            stars = "".join("*" if letter.isdecimal() else letter for letter in found[0])
            masked = masked[: found.start()] + stars + masked[found.end() :]
    return masked
