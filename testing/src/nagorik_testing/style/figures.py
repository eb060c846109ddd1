"""Figures that stand in a sentence though a rule or a schedule of the same plugin holds them.

A circular then changes the rule, and the sentence goes on telling the old figure. A figure counts as the rule's where
both are the same number of the same thing: years, days, taka. Numbers in words are numbers.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from nagorik.data_files import parse_document, read_file
from nagorik.manifest.fields import Duration
from nagorik.values import to_ascii_digits
from nagorik_testing.style.guide import TextLanguage
from nagorik_testing.style.wordings import TextRole, ToldText
from nagorik_toolkit.bangladesh import number_in_words

_LEAST_IN_WORDS: Final = 3
"""“One day” and “two years” say other things as well."""
_LONGEST_PERIOD: Final = 12
"""Years up to which a number without “age” beside it is rather how long a paper lasts than how old somebody is."""
_ANY_DURATION: Final[TypeAdapter[Any]] = TypeAdapter(Duration)


class Counted(StrEnum):
    """What a figure counts."""

    AGE = "age"
    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"
    HOURS = "hours"
    TAKA = "taka"
    PER_CENT = "per cent"
    KILOBYTES = "kilobytes"
    KILOGRAMS = "kilograms"
    LAND = "land"


_OF_RULES: Final[Mapping[str, Counted]] = {
    "age": Counted.AGE,
    "adult": Counted.AGE,
    "years": Counted.YEARS,
    "months": Counted.MONTHS,
    "days": Counted.DAYS,
    "hours": Counted.HOURS,
    "taka": Counted.TAKA,
    "interest": Counted.PER_CENT,
    "percent": Counted.PER_CENT,
    "kilobytes": Counted.KILOBYTES,
    "weight": Counted.KILOGRAMS,
    "acres": Counted.LAND,
    "bigha": Counted.LAND,
}
"""What a rule counts, by a word of its name. One that ends in a bound and says no more is of an age."""
_BOUNDS: Final = ("from", "to")
_NUMBER: Final = r"(?:[0-9][0-9,]*(?:\.[0-9]+)?)"
_UNITS: Final[Mapping[TextLanguage, Mapping[Counted, str]]] = {
    "en": {
        Counted.YEARS: r"years?\b",
        Counted.MONTHS: r"months?\b",
        Counted.DAYS: r"days?\b",
        Counted.HOURS: r"hours?\b",
        Counted.TAKA: r"taka\b",
        Counted.PER_CENT: r"(?:per cent|percent|%)",
        Counted.KILOBYTES: r"(?:KB|kilobytes?)\b",
        Counted.KILOGRAMS: r"(?:kg|kilograms?)\b",
        Counted.LAND: r"(?:acres?|bigha)\b",
    },
    "bn": {
        Counted.YEARS: "বছর",
        Counted.MONTHS: "মাস",
        Counted.DAYS: "(?:কর্মদিবস|কার্যদিবস|দিন)",
        Counted.HOURS: "ঘণ্টা",
        Counted.TAKA: "টাকা",
        Counted.PER_CENT: "(?:শতাংশ|ভাগ|%)",
        Counted.KILOBYTES: "কিলোবাইট",
        Counted.KILOGRAMS: "(?:কেজি|কিলোগ্রাম)",
        Counted.LAND: "(?:একর|বিঘা)",
    },
}
_JOINED: Final[Mapping[TextLanguage, str]] = {
    "en": "(?: ?[-–/] ?| (?:to|and|or) |, )",
    "bn": "(?: ?[-–/] ?| (?:থেকে|হতে|ও|বা|এবং) |, )",
}
_AGED: Final[Mapping[TextLanguage, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(?:aged?|ages|under|over|turn(?:ed|s)?|than|birthday)(?: the age)?(?: of)?(?: at least)? $"
        r"|(?<=\0)(?: old|-old| of age)\b",
        re.IGNORECASE,
    ),
    "bn": re.compile(unicodedata.normalize("NFC", "বয়স[^,;।]{0,24}$|(?<=\0)[ঀ-৿]* ?বয়স")),
}
"""What makes years an age: words right before the number, or after the unit, whose end ``\\0`` marks."""
_AGE_ALONE: Final = re.compile(
    rf"\b(?:under|over|aged?|ages|turn(?:ed|s)?|older than|younger than|you are|not|at least|from)(?: the age of)? "
    rf"({_NUMBER})(?= (?:yet|and|or|on|to)\b|[.,;:]|$)",
    re.IGNORECASE,
)
_TAKA_BEFORE: Final = re.compile(rf"\b(?:Tk|টাকা)\.? ?({_NUMBER})")
_NEAR: Final = 48
"""Characters before a unit within which its number stands, and what makes it an age."""


@dataclass(frozen=True, slots=True)
class HeldFigure:
    """A number that a rule or a schedule holds."""

    number: Decimal
    counted: Counted | None
    """``None`` where the rule's name does not say: it may count anything but an age."""
    holder: str
    """File and key."""


def held_figures(package: Path) -> list[HeldFigure]:
    """The numbers of a package's rules and the amounts of its schedules.

    Raises:
        DataFileInvalid: A file cannot be read.
    """
    found = list[HeldFigure]()
    for file in sorted(package.glob("*.toml")):
        if file.stem == "rules" or file.stem.endswith("_rules"):
            found += _of_rules(parse_document(read_file(file), file.name), file.name)
        elif file.stem == "fees" or file.stem.endswith("_fees"):
            found += _of_amounts(parse_document(read_file(file), file.name), file.name)
    return found


def _of_rules(document: Mapping[str, Any], file: str) -> Iterator[HeldFigure]:
    for name, entries in document.items():
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                yield from _of_rule(f"{file}: {name}", name, entry)


def _of_rule(holder: str, name: str, entry: Mapping[str, Any]) -> Iterator[HeldFigure]:
    value = entry.get("decimal", entry.get("value"))
    if isinstance(value, int | str) and not isinstance(value, bool) and (number := _decimal(value)) is not None:
        yield HeldFigure(number, _counted_by(name), holder)
    if isinstance(written := entry.get("duration"), str):
        try:
            seconds = int(_ANY_DURATION.validate_python(written).total_seconds())
        except ValidationError:
            return  # nagorik validate tells it
        for counted, length in ((Counted.DAYS, 86400), (Counted.HOURS, 3600)):
            if seconds and seconds % length == 0:
                yield HeldFigure(Decimal(seconds // length), counted, holder)


def _counted_by(name: str) -> Counted | None:
    words = name.split("-")
    said = next((_OF_RULES[word] for word in words if word in _OF_RULES), None)
    return said or (Counted.AGE if words[-1] in _BOUNDS else None)


def _of_amounts(held: Any, file: str, name: str = "") -> Iterator[HeldFigure]:
    if isinstance(held, list):
        for value in held:
            yield from _of_amounts(value, file, name)
    elif isinstance(held, dict):
        here = str(held.get("code", name))
        for key, value in held.items():
            if key == "amount" and isinstance(value, str | int) and (number := _decimal(value)):
                yield HeldFigure(number, Counted.TAKA, f"{file}: {here}")
            else:
                yield from _of_amounts(value, file, here)


def _decimal(written: int | str) -> Decimal | None:
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def repeated_figures(wording: ToldText, held: list[HeldFigure]) -> Iterator[str]:
    """Each figure of a sentence that a rule or a schedule holds, with where it is held.

    Of an option, what its own value says is its name and no figure: ``two-years`` is called "two years".
    """
    if wording.role in {TextRole.FEE_LINE, TextRole.SOURCE}:
        return
    own = _numbers_in(wording.option)
    told = set[tuple[str, str]]()
    for written, number, counted in _figures_of(wording.text, wording.language):
        holder = next((one.holder for one in held if one.number == number and _is_of(one, counted)), None)
        if holder is not None and number not in own and (written, holder) not in told:
            told.add((written, holder))
            yield f"“{written}” repeats {holder}: fill in a place such as {{number}}, or say it without the figure"


def _is_of(figure: HeldFigure, counted: Counted) -> bool:
    if figure.counted is Counted.AGE:
        return counted is Counted.AGE or (counted is Counted.YEARS and figure.number > _LONGEST_PERIOD)
    if figure.counted is None:
        return counted is not Counted.AGE
    return figure.counted is counted


def _figures_of(text: str, language: TextLanguage) -> Iterator[tuple[str, Decimal, Counted]]:
    text = unicodedata.normalize("NFC", text)
    plain = to_ascii_digits(text)
    for counted, unit in _units(language):
        for found in unit.finditer(plain):
            before = plain[max(0, found.start() - _NEAR) : found.start()]
            if (numbers := _number_before(language).search(before)) is None:
                continue
            around = f"{before[: numbers.start()]}\0{plain[found.end() : found.end() + _NEAR]}"
            is_age = counted is Counted.YEARS and _AGED[language].search(around)
            written = text[found.start() - len(before) + numbers.start() : found.end()]
            for number in filter(None, numbers.groups()):
                yield written, _number(number, language), Counted.AGE if is_age else counted
    for pattern, counted in ((_AGE_ALONE, Counted.AGE), (_TAKA_BEFORE, Counted.TAKA)):
        for found in pattern.finditer(plain):
            yield text[found.start() : found.end()], _number(found[1], language), counted


@cache
def _units(language: TextLanguage) -> tuple[tuple[Counted, re.Pattern[str]], ...]:
    return tuple((counted, re.compile(unit, re.IGNORECASE)) for counted, unit in _UNITS[language].items())


@cache
def _number_before(language: TextLanguage) -> re.Pattern[str]:
    """One number, or two that are joined, right before a unit."""
    number = f"{_NUMBER}|{'|'.join(sorted(_words(language), key=len, reverse=True))}"
    begins = r"(?<![A-Za-z0-9{.,-])" if language == "en" else r"(?<![ঀ-৿0-9{.,-])"
    between = r"[ -]?(?:(?:working|calendar|full) )?" if language == "en" else "(?:টি|টা)? ?"
    return re.compile(f"{begins}(?:({number}){_JOINED[language]})?({number}){between}$", re.IGNORECASE)


@cache
def _words(language: TextLanguage) -> Mapping[str, int]:
    return {number_in_words(number, language): number for number in range(_LEAST_IN_WORDS, 101)}


def _number(written: str, language: TextLanguage) -> Decimal:
    if written[0].isdigit():
        return Decimal(written.replace(",", ""))
    return Decimal(_words(language)[written.lower()])


def _numbers_in(option: str) -> frozenset[Decimal]:
    """The numbers that an option's value says, in digits and in English."""
    said = {Decimal(found) for found in re.findall("[0-9]+", option)}
    words = _words("en")
    return frozenset(said | {Decimal(words[word]) for word in option.split("-") if word in words})
