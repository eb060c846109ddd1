"""Lists are told whole, however long they are."""

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from nagorik_testing.contract.checks.answers.told_result import entries_of, grown, money_of
from nagorik_testing.contract.checks.answers.variations import copies
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, named
from nagorik_toolkit.form_validation import Location

FURTHER: Final = 24
"""Entries that a list is made longer by."""


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
    return wrong


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
