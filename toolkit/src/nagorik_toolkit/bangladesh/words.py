"""Amounts in words, as a money receipt carries them beside the figures."""

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from nagorik.data_files import parse_document, read_data_file
from nagorik.values import Money, NationalDataError

_CRORE: Final = 10_000_000
_LAKH: Final = 100_000
_THOUSAND: Final = 1_000
_HUNDRED: Final = 100


def amount_in_words(money: Money, language: Literal["bn", "en"]) -> str:
    """``এক হাজার একশত সত্তর টাকা মাত্র``, ``one thousand one hundred seventy taka only``; poisha where there are any.

    Counted by lakh and crore, in both languages; above a crore crores, the crores are counted so again.

    Raises:
        NationalDataError: ``money.currency`` for an amount that is not in BDT.
    """
    if money.currency != "BDT":
        raise NationalDataError("money.currency")
    taka, poisha = divmod(money.poisha, 100)
    joined = " " if language == "bn" else " and "
    units = ("টাকা", "পয়সা") if language == "bn" else ("taka", "poisha")
    parts = [
        f"{number_in_words(number, language)} {unit}"
        for number, unit, told in ((taka, units[0], taka or not poisha), (poisha, units[1], poisha))
        if told
    ]
    return f"{joined.join(parts)} {'মাত্র' if language == 'bn' else 'only'}"


def number_in_words(number: int, language: Literal["bn", "en"]) -> str:
    """A whole number of zero or more, as it is read aloud: ``তেইশ লাখ``, ``twenty-three lakh``.

    Raises:
        ValueError: It is below zero.
    """
    if number < 0:
        raise ValueError("a number below zero has no words here")
    words, thousand, lakh, crore = _words(language)
    if number < _HUNDRED:
        return words[number]
    crores, rest = divmod(number, _CRORE)
    lakhs, rest = divmod(rest, _LAKH)
    thousands, rest = divmod(rest, _THOUSAND)
    hundreds, rest = divmod(rest, _HUNDRED)
    parts = [f"{number_in_words(crores, language)} {crore}"] if crores else []
    parts += [f"{words[count]} {unit}" for count, unit in ((lakhs, lakh), (thousands, thousand)) if count]
    if hundreds:
        parts.append(f"{words[hundreds]}শত" if language == "bn" else f"{words[hundreds]} hundred")
    return " ".join([*parts, words[rest]] if rest else parts)


@cache
def _words(language: Literal["bn", "en"]) -> tuple[Sequence[str], str, str, str]:
    """The words for 0 to 99, and for a thousand, a lakh and a crore."""
    raw = parse_document(read_data_file("nagorik_toolkit.bangladesh", "words.toml"), "words.toml")[language]
    return raw["below_hundred"], raw["thousand"], raw["lakh"], raw["crore"]
