"""Lists are told whole, however long they are: as lists, as sums, and as the numbers in a sentence."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from nagorik.values import to_ascii_digits
from nagorik_testing.contract.checks.answers.told_result import (
    Told,
    entries_of,
    grown,
    money_of,
    normalised,
    texts_of,
)
from nagorik_testing.contract.checks.answers.variations import copies, instant_of
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, named
from nagorik_testing.contract.checks.inspection import leaves, with_value
from nagorik_toolkit.form_validation import Location

FURTHER: Final = 24
"""Entries that a list is made longer by."""
_FIRST_NUMBER: Final = 4107
"""Of the numbers by which entries are told apart in a sentence: neither a year nor a count."""
_SHORT: Final = 3
"""Digits of a number that is made no longer; one of fewer digits has not enough for so many entries."""
_DIGITS: Final = re.compile(r"[0-9]+")


async def told_lists(varied: VariedAnswer, at: Location, entries: Sequence[JsonValue]) -> list[Untold]:
    """What is told of a list with further entries, and of one of its entries by itself."""
    wrong: list[Untold] = []
    usual = entries_of(varied.usual.result)
    one = await varied.put(at, [*entries, *copies(entries[-1], 1)])
    money = money_of(varied.usual.told)
    if one is not None:
        lists = {place for place, more in grown(usual, entries_of(one.result)).items() if more == 1}
        sums = {
            place: amount - money[place]
            for place, amount in money_of(one.told).items()
            if place in money and amount != money[place]
        }
        many = await varied.put(at, [*entries, *copies(entries[-1], FURTHER)]) if lists or sums else None
        if many is not None:
            longer = grown(usual, entries_of(many.result))
            after = money_of(many.told)
            if any(longer.get(place) != FURTHER for place in lists):
                wrong.append(
                    Untold(TellingRule.LISTS, f"{named(varied, at)}: of a longer list not every entry is told")
                )
            elif any(after.get(place, 0) - money[place] != more * FURTHER for place, more in sums.items()):
                wrong.append(
                    Untold(TellingRule.LISTS, f"{named(varied, at)}: of a longer list not every entry is counted")
                )
    if len(entries) > 1 and await _hides(varied, at, entries):
        wrong.append(
            Untold(TellingRule.LISTS, f"{named(varied, at)}: an entry is told by itself and not beside others")
        )
    return wrong or await _told_in_sentences(varied, at, entries)


async def _told_in_sentences(varied: VariedAnswer, at: Location, entries: Sequence[JsonValue]) -> list[Untold]:
    """Of entries that are told by their numbers in one text, whether that of a longer list leaves some out unsaid."""
    usual = _plain(varied.usual.told).values()
    for inner, value in leaves(entries[0]):
        genuine = value if isinstance(value, str) and not instant_of(value) else ""
        if not _DIGITS.search(genuine) or not any(_holds(text, _plain_text(genuine)) for text in usual):
            continue
        pair, longer = _numbered(genuine, 2), _numbered(genuine, FURTHER)
        few = await varied.put(at, [with_value(entries[0], inner, number) for number in pair])
        both = [] if few is None else [place for place, text in _plain(few.told).items() if _all_in(text, pair)]
        many = await varied.put(at, [with_value(entries[0], inner, number) for number in longer]) if both else None
        for place in both:
            text = "" if many is None else _plain(many.told).get(place, "")
            told = sum(_holds(text, _plain_text(number)) for number in longer)
            if many is not None and told < FURTHER and not _says_how_many(text, told):
                return [Untold(TellingRule.LISTS, f"{named(varied, at)}: of a longer list not every entry is told")]
    return []


def _numbered(genuine: str, how_many: int) -> list[str]:
    """Numbers in the style of a genuine one, each another."""
    run = list(_DIGITS.finditer(genuine))[-1]
    first = _FIRST_NUMBER % 10**_SHORT if len(run[0]) == _SHORT else _FIRST_NUMBER
    numbers = (f"{number:0{len(run[0])}d}" for number in range(first, first + how_many))
    return [f"{genuine[: run.start()]}{number}{genuine[run.end() :]}" for number in numbers]


def _plain(told: Told) -> dict[str, str]:
    return {place: to_ascii_digits(text) for place, text in texts_of(told).items()}


def _plain_text(text: str) -> str:
    return normalised(to_ascii_digits(text))


def _holds(text: str, number: str) -> bool:
    """Whether a text holds a number, and not as a part of a longer one."""
    return re.search(rf"(?<![0-9]){re.escape(number)}(?![0-9])", text) is not None


def _all_in(text: str, numbers: Sequence[str]) -> bool:
    return all(_holds(text, _plain_text(number)) for number in numbers)


def _says_how_many(text: str, told: int) -> bool:
    """Whether a text that leaves some out says how many there are, or how many more."""
    return any(_holds(text, str(count)) for count in (FURTHER, FURTHER - told))


async def _hides(varied: VariedAnswer, at: Location, entries: Sequence[JsonValue]) -> bool:
    whole = entries_of(varied.usual.result)
    for entry in (entries[0], entries[-1]):
        alone = await varied.put(at, [entry])
        if alone is None or type(alone.result) is not type(varied.usual.result):
            continue
        for place, told in entries_of(alone.result).items():
            if len(told) == 1 and whole.get(place) and told[0] not in whole[place]:
                return True
    return False


async def told_by_flag(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """Whether what is issued by one yes of the agency's takes the place of what is issued without it."""
    if not isinstance(value, bool):
        return []
    other = await varied.put(at, not value)
    if other is None:
        return []
    by_yes, by_no = (varied.usual, other) if value else (other, varied.usual)
    told, without = entries_of(by_yes.result), entries_of(by_no.result)
    for place, entries in told.items():
        lost = [entry for entry in without.get(place, ()) if entry not in entries]
        if place.rpartition(".")[2] == "deliverables" and lost and entries:
            return [
                Untold(TellingRule.LISTS, f"{named(varied, at)}: what it issues is told in the place of the rest")
            ]
    return []
