"""What a response says is reported as it is: texts, amounts, numbers, references, instants and lists."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError
from nagorik.values import Money, dhaka_date, dhaka_time, dhaka_zone
from nagorik_testing.contract.calls import PRICE
from nagorik_testing.contract.checks.answers.observer import Leaf
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.results import PlainResult, normalised, place_of
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    HOUR,
    MINUTE,
    WrittenInstant,
    copies,
    instant_of,
    is_bangla,
    long_texts,
    next_sign,
    number_of,
    numbered,
    other_number,
    with_number,
)
from nagorik_testing.contract.checks.inspection import leaves, with_value, written
from nagorik_testing.wire.codec import JsonFormat

_LANGUAGE: Final = re.compile(r"[-_]?(?:bn|en|bangla|english)$", re.IGNORECASE)
"""At the end of a name."""
TWO_LANGUAGES: Final = (".bn", ".en")
A_TAKA: Final = 100
"""In poisha."""


def _one_language(before: PlainResult, after: PlainResult) -> Iterator[str]:
    """Places of texts that changed in one language alone."""
    changed = before.differs(after)
    for place in sorted(changed):
        twin = f"{place[:-2]}{'en' if place.endswith('bn') else 'bn'}"
        known = twin in before.values and twin in after.values
        if place.endswith(TWO_LANGUAGES) and known and twin not in changed:
            yield f"is reported in one language alone, in {place_of(place[:-3])}"


async def texts(leaf: Leaf) -> AsyncIterator[str]:
    """A text is reported whole where a part of it is, and in its own language."""
    value = leaf.value
    if not isinstance(value, str) or not value.strip() or instant_of(value) or number_of(value) is not None:
        return
    for number, long in enumerate(long_texts(value)):
        result = await leaf.put(long.text)
        if result is None:
            continue
        whole, words = normalised(long.text), [normalised(word) for word in long.words]
        places = [place for place, text in result.texts.items() if whole in text]
        if any(whole not in text and any(word in text for word in words) for text in result.texts.values()):
            yield "is reported in part"
            return
        if any(_is_misplaced(leaf, value, result, place, whole) for place in places):
            yield "is reported in the place of the other language"
            return
        if not places or (number == 0 and not leaf.is_new("texts", *map(place_of, places))):
            return


def _is_misplaced(leaf: Leaf, genuine: str, result: PlainResult, place: str, whole: str) -> bool:
    """Whether a text stands in the other language's place, and what belongs there is not reported."""
    own, other = TWO_LANGUAGES if is_bangla(genuine) else reversed(TWO_LANGUAGES)
    if not place.endswith(other):
        return False
    twin = f"{place[: -len(other)]}{own}"
    if twin in result.texts and whole not in result.texts[twin]:
        return is_bangla(leaf.usual.texts.get(twin, "")) is not is_bangla(genuine)
    for at, text in leaf.answer.document.leaves():
        same = at[:-1] == leaf.at[:-1] and at != leaf.at and _stem(at[-1]) == _stem(leaf.at[-1])
        if same and isinstance(text, str) and text.strip() and is_bangla(text) is not is_bangla(genuine):
            return not any(normalised(text) in each for each in leaf.usual.texts.values())
    return False


def _stem(name: object) -> str:
    return _LANGUAGE.sub("", str(name))


_DIGITS: Final = re.compile(r"[0-9০-৯]{2}|[0-9০-৯]/")
"""In what may be a number or a reference."""


async def beside(leaf: Leaf) -> AsyncIterator[str]:
    """A text hides no number or reference that is reported where the agency writes no text."""
    answer = leaf.answer
    if not isinstance(leaf.value, str) or leaf.at not in answer.reported:
        return
    numbers = {
        place_of(written(at)): normalised(text)
        for at, text in answer.document.leaves()
        if at != leaf.at and isinstance(text, str) and _DIGITS.search(text) and not instant_of(text)
    }
    if not isinstance(answer.document.format, JsonFormat) or not leaf.is_new("beside", *numbers):
        return
    result = await leaf.put(None)
    alone, with_it = (" ".join(each.texts.values()) for each in (result or leaf.usual, leaf.usual))
    for place, number in numbers.items():
        if number in alone and number not in with_it:
            yield f"is reported in the place of {place}"


_LATIN: Final = re.compile(r"[A-Za-z]+")
_NO_WORD: Final = re.compile(
    r"“[^”]*”|‘[^’]*’|\"[^\"]*\"|\b[\w.@+-]*[A-Za-z0-9]\.[A-Za-z]{2,}\S*|\b[A-Z]+\b|\S*[0-9]\S*"
)
"""Quoted words, addresses of the web, abbreviations and codes, which a Bangla text may hold."""


def english_in_bangla(play: AnswerPlay, usual: PlainResult) -> Iterator[str]:
    """Places of a Bangla text that hold an English word which neither the agency nor the citizen wrote."""
    heard = b" ".join(part for kept in play.kept for part in (kept.content, kept.sent)).decode("utf-8", "replace")
    known = set(_LATIN.findall(heard))
    for place, text in usual.values.items():
        if isinstance(text, str) and place.endswith(".bn") and set(_LATIN.findall(_NO_WORD.sub(" ", text))) - known:
            yield f"{play.operation.value}: the Bangla text in {place_of(place)} holds English words"


async def amounts(leaf: Leaf) -> AsyncIterator[str]:
    """An amount is reported to the poisha."""
    number, usual = number_of(leaf.value), leaf.usual.money
    if number is None or not usual:
        return
    in_poisha = number == int(number) and int(number) in usual.values() and int(number) * 100 not in usual.values()
    least = Decimal(1) if in_poisha else Decimal("0.01")
    more, little = [await leaf.put(with_number(leaf.value, number + step)) for step in (least * A_TAKA, least)]
    if little is None:
        return
    if more is None:
        if little.money == usual and int(number / least) in usual.values():
            yield "may differ by a poisha and is reported alike"
        return
    moved = {place for place, amount in more.money.items() if amount - usual.get(place, amount) == A_TAKA}
    if any(little.money.get(place) != usual[place] + 1 for place in moved):
        yield "with one poisha more is not reported so"
    for text in _one_language(leaf.usual, little):
        yield text


async def price(
    play: AnswerPlay, priced: Callable[[Money], Awaitable[object]], usual: PlainResult
) -> AsyncIterator[str]:
    """An amount that the plugin is given is reported to the poisha in both languages."""
    ends: list[PlainResult] = []
    for extra in (0, 1):
        try:
            result = await play.replay.again(partial(priced, Money(poisha=PRICE.poisha + extra)), play.kept)
        except NagorikError:
            return
        ends.append(PlainResult.of(result, PlainResult.of(result).values.keys() - usual.values.keys()))
    for text in _one_language(*ends):
        yield f"{play.operation.value}: an amount {text}"


async def counts(leaf: Leaf) -> AsyncIterator[str]:
    """A whole number is reported as it is, be it none or many."""
    number, usual = number_of(leaf.value), leaf.usual.numbers
    if number is None or number not in usual.values():
        return
    results = [await leaf.put(with_number(leaf.value, other)) for other in (number + 1, Decimal(0), number + 10_000)]
    more, *others = results
    follow = [at for at, one in usual.items() if one == number and more and more.numbers.get(at) == number + 1]
    for other, result in zip((0, number + 10_000), others, strict=True):
        if result and result.numbers.keys() == usual.keys() and any(result.numbers[at] != other for at in follow):
            yield "is reported as another number"
            return


_REFERENCES: Final = frozenset({"reference", "agency_reference"})
"""Places that hold a number by which the agency or the gateway is asked, whole."""
_SIGNS_OF_A_PART: Final = 4
"""From which on a part of a reference is no chance."""


async def references(leaf: Leaf) -> AsyncIterator[str]:
    """A number or a reference is reported whole, with its zeros and its hyphens."""
    value = leaf.value
    other = next_sign(value) if isinstance(value, str) and " " not in value.strip() else None
    if not isinstance(value, str) or other is None or instant_of(value) or number_of(value) is not None:
        return
    if any(value.encode() in kept.sent or value in kept.path for kept in leaf.answer.play.kept):
        return  # the agency repeats what it was sent
    usual = leaf.usual.texts
    places = [place for place, text in usual.items() if _may_hold(place, normalised(value), text)]
    result = await leaf.put(other) if places else None
    if result is None:
        return
    followed = await leaf.put(other_number(value))
    for place in places:
        follows = followed is not None and followed.texts.get(place, usual[place]) != usual[place]
        if follows and result.texts.keys() == usual.keys() and result.texts[place] == usual[place]:
            yield "is reported alike with another last digit"
            return
    for another in (other, f"00{value[2:]}", f"{value[:2]}-{value[2:]}"):
        changed = (await leaf.put(another) or leaf.usual).texts
        others = [changed[at] for at in filter(_is_reference, places) if changed.get(at, usual[at]) != usual[at]]
        if any(normalised(another) not in text for text in others):
            yield "is reported in part"
            return
    for text in _one_language(leaf.usual, result):
        yield text


def _is_reference(place: str) -> bool:
    return place.rpartition(".")[2] in _REFERENCES


def _may_hold(place: str, own: str, text: str) -> bool:
    """Whether a text may show a reference: the whole of it, its beginning, or as a reference another part of it."""
    begins = own.startswith(text) and len(text) > len(own) // 2 and any(sign.isdigit() for sign in text)
    part = "/" not in own and len(text) >= _SIGNS_OF_A_PART and (text in own or text == re.sub(r"\W|_", "", own))
    return own in text or begins or (part and _is_reference(place))


async def lists(leaf: Leaf) -> AsyncIterator[str]:
    """A list is reported whole, however long it is: as a list, as a sum, and as the numbers in a sentence."""
    entries, usual = leaf.value, leaf.usual
    if not isinstance(entries, list):
        return
    one = await leaf.put([*entries, *copies(entries[-1], 1)])
    longer = _growth(usual, one) if one is not None else {}
    single = {place for place, more in longer.items() if more == 1}
    sums = {} if one is None else {at: more - usual.money[at] for at, more in one.money.items() if at in usual.money}
    many = await leaf.put([*entries, *copies(entries[-1], FURTHER)]) if single or any(sums.values()) else None
    if many is not None:
        longer = _growth(usual, many)
        if any(longer.get(place) != FURTHER for place in single):
            yield NOT_EVERY_ENTRY
        elif any(many.money.get(at, 0) - usual.money[at] != more * FURTHER for at, more in sums.items() if more):
            yield ": of a longer list not every entry is counted"
    for entry in (entries[0], entries[-1]) if len(entries) > 1 else ():
        alone = await leaf.put([entry])
        if alone is None or type(alone.returned) is not type(usual.returned):
            continue
        shown = ((place, each) for place, each in alone.lists.items() if len(each) == 1 and usual.lists.get(place))
        if any(each[0] not in usual.lists[place] for place, each in shown):
            yield ": an entry is reported by itself and not beside others"
    async for text in _in_sentences(leaf, entries):
        yield text


FURTHER: Final = 24
"""Entries that a list is made longer by."""
NOT_EVERY_ENTRY: Final = ": of a longer list not every entry is reported"
_FIRST_NUMBERS: Final = {3: 107}
"""Of the numbers by which entries are known in a sentence, by how many digits they have: no year and no count."""


def _growth(usual: PlainResult, other: PlainResult) -> dict[str, int]:
    return {place: len(entries) - len(usual.lists.get(place, ())) for place, entries in other.lists.items()}


async def _in_sentences(leaf: Leaf, entries: list[JsonValue]) -> AsyncIterator[str]:
    """Of entries whose numbers stand in one text, a longer list leaves out some without a word."""
    for at, value in leaves(entries[0]):
        digits = re.findall(r"[0-9]+", value) if isinstance(value, str) and not instant_of(value) else []
        if (
            not isinstance(value, str)
            or not digits
            or not any(_holds(leaf.usual, at, value) for at in leaf.usual.texts)
        ):
            continue
        pair, longer = (numbered(value, many, _FIRST_NUMBERS.get(len(digits[-1]), 4107)) for many in (2, FURTHER))
        few, many = [
            await leaf.put([with_value(entries[0], at, each) for each in each_of]) for each_of in (pair, longer)
        ]
        if few is None or many is None:
            continue
        for place in few.texts:
            shown = sum(_holds(many, place, number) for number in longer)
            said = any(_holds(many, place, str(count)) for count in (FURTHER, FURTHER - shown))
            if all(_holds(few, place, number) for number in pair) and shown < FURTHER and not said:
                yield NOT_EVERY_ENTRY
                return


def _holds(result: PlainResult, place: str, number: str) -> bool:
    """Whether a text holds a number, and not as a part of a longer one."""
    return re.search(rf"(?<![0-9]){re.escape(normalised(number))}(?![0-9])", result.texts.get(place, "")) is not None


async def flags(leaf: Leaf) -> AsyncIterator[str]:
    """What one yes of the agency issues does not take the place of what is issued without it."""
    other = await leaf.put(not leaf.value) if isinstance(leaf.value, bool) else None
    if other is None:
        return
    by_yes, by_no = (leaf.usual, other) if leaf.value else (other, leaf.usual)
    for place, entries in by_yes.lists.items():
        if place.endswith("deliverables") and any(each not in entries for each in by_no.lists.get(place, ())):
            yield ": what it issues is reported in the place of the rest"


async def instants(leaf: Leaf) -> AsyncIterator[str]:
    """A day or an instant is reported as it is: in its zone, to the minute, day and month kept apart."""
    instant, usual = instant_of(leaf.value), leaf.usual.days
    result = None if instant is None else await leaf.put(instant.write(instant.wall - DAY))
    if instant is None or result is None:
        return
    for text in _one_language(leaf.usual, result):
        yield text
    pairs = _moved(usual, result.days)
    if pairs:
        places = [place_of(at) for at, day in usual.items() if day != result.days.get(at)]
        async for text in _as_it_is(leaf, instant, pairs, places):
            yield text


async def _as_it_is(leaf: Leaf, instant: WrittenInstant, pairs: "_Pairs", places: list[str]) -> AsyncIterator[str]:
    reported, readings = [one for one, _ in pairs], (instant.in_dhaka, instant.in_utc)
    if any(one - other != DAY for one, other in pairs):
        yield "a day earlier is not reported a day earlier"
    elif instant.timed and any(instant.in_dhaka - one == timedelta(hours=6) for one in reported):
        yield "is reported in another zone"
    elif all(abs(one - reading) >= DAY for one in reported for reading in readings):
        yield "is reported as another day"
    elif leaf.is_new("instants", *places):
        if instant.timed and not instant.has_zone:
            leaf.answer.zones |= {name for name, at in zip(_ZONES, readings, strict=True) if at in reported}
        if len(leaf.answer.zones) == len(_ZONES):
            yield "is reported in another zone than another instant of the same response"
        near = any(abs(one - reading) < HOUR for one in reported for reading in readings)
        async for text in _to_the_minute(leaf, instant, pairs, near=near):
            yield text


_ZONES: Final = ("Dhaka", "UTC")
_Pairs = list[tuple[datetime, datetime]]
"""Instants that are reported no longer, each with the one that is reported in its place."""


def _moved(usual: dict[str, date], after: dict[str, date]) -> _Pairs:
    """The instants that differ; where some are gone, no pair."""
    pairs: _Pairs = []
    for place in {place_of(each) for each in usual} if len(usual) == len(after) else ():
        lost, gained = (
            sorted(_instant(day) for at, day in days.items() if place_of(at) == place) for days in (usual, after)
        )
        for each in list(lost):
            if each in gained:
                gained.remove(each)
                lost.remove(each)
        if len(lost) == len(gained):
            pairs += zip(lost, gained, strict=True)
    return pairs


def _instant(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=dhaka_zone())


async def _to_the_minute(leaf: Leaf, instant: WrittenInstant, pairs: _Pairs, *, near: bool) -> AsyncIterator[str]:
    wall, usual = instant.wall, leaf.usual.days
    by_day = all(dhaka_time(one).time() == datetime.min.time() for one, _ in pairs)
    for step, name in ((HOUR, "an hour"), (MINUTE, "a minute")) if instant.timed and near and not by_day else ():
        result = await leaf.put(instant.write(wall - step))
        now = [] if result is None else _moved(usual, result.days)
        same = result is not None and len(result.days) == len(usual)
        if same and (not now or any(one - other != step for one, other in now)):
            yield f"{name} earlier is not reported {name} earlier"
            break
    for other in (wall.replace(month=5, day=4), wall.replace(month=4, day=5)):
        result = await leaf.put(instant.write(other))
        now = [] if result is None else _moved(usual, result.days)
        days = {dhaka_date(one) - dhaka_date(another) for one, another in now}
        if len(now) == len(pairs) and days - {wall.date() - other.date()}:
            yield "is reported with its day and month confused"
            return


_EVENING_IN_UTC: Final = re.compile(r"(?<![0-9:])(?:16:43(?![0-9])|0?4:43(?::00)? ?p\.?m)")
_EVENING: Final = re.compile(r"(?<![0-9:])(?:22|10):43(?![0-9])")
"""An hour that no clock shows as that of UTC, six hours before, nor as what stands for it on a clock of twelve."""


async def sentences(leaf: Leaf) -> AsyncIterator[str]:
    """A sentence names the hour of Dhaka's clock, and in the small hours the day of Dhaka's calendar."""
    instant = instant_of(leaf.value)
    if instant is None or not instant.timed or leaf.at not in leaf.answer.reported or not leaf.is_new("sentences"):
        return
    noon = dhaka_time(instant.in_dhaka).replace(hour=12, minute=37, second=0, microsecond=0) - 2 * DAY
    results = []
    for hour in (noon, noon.replace(hour=1), noon - DAY, noon.replace(hour=22, minute=43)):
        wall = hour.astimezone(UTC) if instant.has_zone else hour.replace(tzinfo=None)
        results.append(await leaf.put(instant.write(wall)))
    at_noon, at_night, day_before, evening = ({} if each is None else each.texts for each in results)
    if any(text == day_before.get(at) and text != at_noon.get(at) for at, text in at_night.items() if at in at_noon):
        yield "in the small hours is reported as the day before"
    for place, text in evening.items():
        before = leaf.usual.texts.get(place, "")
        if _EVENING_IN_UTC.search(text) and not _EVENING.search(text) and not _EVENING_IN_UTC.search(before):
            yield "is reported in another zone, in a sentence"
            return
