"""Amounts are told to the poisha, and counts and references as they are."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError
from nagorik.values import Money
from nagorik_testing.contract.calls import PRICE
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import (
    Told,
    anywhere,
    money_of,
    normalised,
    numbers_of,
    texts_of,
    told_by,
)
from nagorik_testing.contract.checks.answers.variations import (
    instant_of,
    next_sign,
    number_of,
    other_number,
    with_number,
)
from nagorik_testing.contract.checks.answers.varied import (
    AnswerEnd,
    TellingRule,
    Untold,
    VariedAnswer,
    alone,
    in_one_language,
    named,
)
from nagorik_toolkit.form_validation import Location

A_TAKA: Final = 100
"""In poisha."""


async def told_amounts(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told of an amount with a taka more, and with a poisha more."""
    number, usual = number_of(value), money_of(varied.usual.told)
    if number is None or not usual:
        return []
    hundredths = number == int(number) and int(number) in usual.values() and int(number) * 100 not in usual.values()
    unit, least = (Decimal(100), Decimal(1)) if hundredths else (Decimal(1), Decimal("0.01"))
    more, little = [await varied.put(at, with_number(value, number + step)) for step in (unit, least)]
    if little is None:
        return []
    after = money_of(little.told)
    if more is None:
        alike = after == usual and int(number * (1 if hundredths else 100)) in usual.values()
        return (
            [Untold(TellingRule.MONEY, f"{named(varied, at)} may differ by a poisha and is told alike")]
            if alike
            else []
        )
    moved = {place for place, amount in money_of(more.told).items() if amount - usual.get(place, amount) == A_TAKA}
    if any(after.get(place) != usual[place] + 1 for place in moved):
        return [Untold(TellingRule.MONEY, f"{named(varied, at)} with one poisha more is not told so")]
    return in_one_language(varied, at, little, TellingRule.MONEY)


async def told_price(
    play: AnswerPlay, priced: Callable[[Money], Awaitable[object]], usual: AnswerEnd
) -> list[Untold]:
    """What is told of an amount that the plugin is given, with a poisha more."""
    ends: list[Told] = []
    for extra in (0, 1):
        try:
            result = await play.replay.again(partial(priced, Money(poisha=PRICE.poisha + extra)), play.kept)
        except NagorikError:
            return []
        ends.append({place: value for place, value in told_by(result).items() if place in usual.told})
    return [
        Untold(
            TellingRule.MONEY,
            f"{play.operation.value}: an amount is told to the poisha in one language alone, in {place}",
        )
        for place in alone(*ends)
    ]


async def told_numbers(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told of another count, and of a reference with another last digit."""
    number = number_of(value)
    if number is not None and number == int(number):
        return await _counted(varied, at, value, int(number))
    if isinstance(value, str) and not instant_of(value) and number is None:
        return await _identified(varied, at, value)
    return []


async def _counted(varied: VariedAnswer, at: Location, value: JsonValue, number: int) -> list[Untold]:
    usual = numbers_of(varied.usual.told)
    if number not in usual.values():
        return []
    end = await varied.put(at, with_number(value, Decimal(number + 1)))
    after = {} if end is None else numbers_of(end.told)
    follow = {place for place, told in usual.items() if told == number and after.get(place) == number + 1}
    new = follow and varied.is_new(TellingRule.NUMBERS, at, map(anywhere, follow))
    for another in (0, number + 10_000) if new else ():
        end = await varied.put(at, with_number(value, Decimal(another)))
        if end is None or numbers_of(end.told).keys() != usual.keys():
            continue
        if any(numbers_of(end.told)[place] != another for place in follow):
            return [Untold(TellingRule.NUMBERS, f"{named(varied, at)} is told as another number")]
    return []


async def _identified(varied: VariedAnswer, at: Location, value: str) -> list[Untold]:
    other, own = next_sign(value), normalised(value)
    if other is None or " " in value.strip() or _is_ours(varied.play, value):
        return []
    places = [
        place
        for place, text in texts_of(varied.usual.told).items()
        if own in text or _is_cut(own, text) or (_is_reference(place) and _is_another_spelling(own, text))
    ]
    end = await varied.put(at, other) if places else None
    if end is None:
        return []
    told, usual = texts_of(end.told), texts_of(varied.usual.told)
    gone_along = [place for place in places if _is_reference(place) and told.get(place, usual[place]) != usual[place]]
    if any(_is_part(own, usual[place]) and _is_part(normalised(other), told[place]) for place in gone_along):
        return [Untold(TellingRule.NUMBERS, f"{named(varied, at)} is told in part")]
    if gone_along and (lost := await _loses_signs(varied, at, value, gone_along)) is not None:
        return [Untold(TellingRule.NUMBERS, f"{named(varied, at)} is told without {lost}")]
    alike = [place for place in places if told.get(place) == usual[place]]
    if alike and told.keys() == usual.keys() and await _follows(varied, at, value, alike):
        return [Untold(TellingRule.NUMBERS, f"{named(varied, at)} is told alike with another last digit")]
    return in_one_language(varied, at, end, TellingRule.NUMBERS)


def _is_cut(own: str, text: str) -> bool:
    """Whether a text may be the beginning of a reference that is longer."""
    return own.startswith(text) and len(text) > len(own) // 2 and any(sign.isdigit() for sign in text)


_REFERENCES: Final = frozenset({"reference", "agency_reference"})
_SIGNS_OF_A_PART: Final = 4
"""From which on a part of a reference is no chance."""


def _is_reference(place: str) -> bool:
    """Whether a place holds a number by which the agency or the gateway is asked, whole."""
    return place.rpartition(".")[2] in _REFERENCES


def _is_part(own: str, text: str) -> bool:
    """Whether a text is a part of a number; what stands in an address is not looked at."""
    return "/" not in own and _SIGNS_OF_A_PART <= len(text) < len(own) and text in own


def _is_another_spelling(own: str, text: str) -> bool:
    return _is_part(own, text) or ("/" not in own and text == _without_signs(own))


def _without_signs(number: str) -> str:
    return "".join(sign for sign in number if sign.isalnum())


async def _loses_signs(varied: VariedAnswer, at: Location, value: str, places: Sequence[str]) -> str | None:
    """What is lost of a number that begins with zeros, or has a hyphen in it; ``None`` where it is told whole."""
    for other, cut, lost in (
        (f"00{value[2:]}", lambda own: own.lstrip("0"), "the zeros that it begins with"),
        (f"{value[:2]}-{value[2:]}", _without_signs, "its hyphen"),
    ):
        end = await varied.put(at, other)
        told = {} if end is None else texts_of(end.told)
        own = normalised(other)
        if any(place in told and own != told[place] and cut(own) == told[place] for place in places):
            return lost
    return None


async def _follows(varied: VariedAnswer, at: Location, value: str, places: Sequence[str]) -> bool:
    """Whether what is told in any of these places is the leaf's, and not the same by chance."""
    end = await varied.put(at, other_number(value))
    usual = texts_of(varied.usual.told)
    return end is not None and any(texts_of(end.told).get(place, usual[place]) != usual[place] for place in places)


def _is_ours(play: AnswerPlay, value: str) -> bool:
    """Whether the agency repeats what it was sent."""
    return any(value.encode() in kept.sent or value in kept.path for kept in play.kept)
