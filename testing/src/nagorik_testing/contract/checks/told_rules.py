"""What must hold between an agency's answer and what a plugin tells of it, whatever the agency: a leaf is changed, and
what is told is looked at.

A leaf that changes nothing that is told says nothing, and an altered answer that the plugin refuses is refused
rightly: neither is a finding.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, Operation, PluginFault
from nagorik.values import Money, dhaka_date, dhaka_time
from nagorik_testing.contract.checks.answer_plays import AnswerPlay
from nagorik_testing.contract.checks.answer_variations import (
    DAY,
    HOUR,
    MINUTE,
    AnswerDocument,
    LongText,
    WrittenInstant,
    copies,
    in_another_script,
    instant_of,
    is_bangla,
    long_text,
    next_sign,
    number_of,
    other_number,
    unheard_of,
    with_number,
)
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.contract.checks.told_result import (
    Facts,
    Told,
    anywhere,
    days_of,
    entries_of,
    facts_of,
    grown,
    money_of,
    normalised,
    numbers_of,
    texts_of,
    told_by,
)
from nagorik_toolkit.form_validation import Location

FURTHER: Final = 24
"""Entries that a list is made longer by."""
VIOLATIONS_IN_A_ROW: Final = 2
"""After as many refusals the genuine answer is given once, so that no circuit opens."""
_STEPS: Final = re.compile(r"\.\d+(?=\.|$)")


_BY_SERVICE: Final = frozenset({Operation.ELIGIBILITY, Operation.QUOTE})


class Rule(StrEnum):
    """What is held to be true."""

    TEXT = "text"
    MONEY = "money"
    LISTS = "lists"
    INSTANTS = "instants"
    WORDS = "words"
    NUMBERS = "numbers"


@dataclass(frozen=True, slots=True)
class Untold:
    """One thing that is told wrongly; no value of an answer is in it."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class _End:
    """What came of one answer."""

    result: object
    told: Told


@dataclass(slots=True, repr=False)
class _Varied:
    """One answer of a play, varied."""

    play: AnswerPlay
    number: int
    document: AnswerDocument
    usual: _End
    unsteady: frozenset[str]
    words: dict[str, set[str]]
    tried: set[object]
    zones: dict[str, str] = field(default_factory=dict)
    """How the leaves without an offset are read that were looked at already: as Dhaka's time, or as UTC."""
    refused: int = 0
    faults: int = 0

    async def ends(self, body: bytes) -> _End | None:
        """What is told of another answer; ``None`` where the plugin refuses it."""
        if self.refused >= VIOLATIONS_IN_A_ROW:
            await self._again()
        play = self.play
        try:
            result = await play.replay.again(play.call, play.kept, self.number, body)
        except PluginFault:
            self.faults += 1
            await self._again()
            return None
        except NagorikError:
            self.refused += 1
            return None
        self.refused = 0
        told = told_by(result)
        return _End(result, {place: value for place, value in told.items() if place not in self.unsteady})

    async def _again(self) -> None:
        self.refused = 0
        await self.play.replay.again(self.play.call, self.play.kept)

    def is_new(self, rule: Rule, at: Location, places: Iterable[object]) -> bool:
        """Whether a leaf is told in these places for the first time, so that a closer look is worth it."""
        key = (self.label, self.play.operation, rule, anywhere(written(at)), frozenset(places))
        if key in self.tried:
            return False
        self.tried.add(key)
        return True

    @property
    def label(self) -> str:
        """What was asked, without references."""
        return _label(self.play, self.number)

    async def put(self, at: Location, value: JsonValue) -> _End | None:
        """As ``ends``, of the answer with another value in one place."""
        try:
            body = self.document.put(at, value)
        except ValueError:
            return None
        return await self.ends(body)


@dataclass(slots=True, repr=False)
class AnswerExamination:
    """Holds the plays of a plugin's offers against what is told; each shape of an answer once.

    Attributes:
        seen: Shapes that were looked at already, whichever offer they were an answer to.
        tried: Leaves that were looked at closely already, each with where it is told.
    """

    seen: set[object] = field(default_factory=set)
    tried: set[object] = field(default_factory=set)

    async def of(self, plays: Sequence[AnswerPlay]) -> list[Untold]:
        """What is told wrongly of these plays."""
        words = _vocabulary(plays)
        found: list[Untold] = []
        for play in plays:
            found += await self._of_play(play, words)
        return list(dict.fromkeys(found))

    async def _of_play(self, play: AnswerPlay, words: dict[str, set[str]]) -> list[Untold]:
        ends: list[_End] = []
        for _ in range(2):
            try:
                result = await play.replay.again(play.call, play.kept)
            except NagorikError:
                return []  # answers that hold good for one request alone, by a nonce or an hour
            ends.append(_End(result, told_by(result)))
            play.rig.advance(timedelta(seconds=90))
        one, other = ends[0].told, ends[1].told
        unsteady = frozenset(place for place in {*one, *other} if one.get(place) != other.get(place))
        usual = _End(ends[0].result, {place: value for place, value in one.items() if place not in unsteady})
        found: list[Untold] = []
        for number, kept in enumerate(play.kept):
            label = kept.headers.get("content-type", "")
            document = AnswerDocument.read(kept.content, play.rig.simulator.codec.answers, label)
            if document is None or not kept.content:
                continue
            shape = _shape(play, number, document, usual)
            if shape in self.seen:
                continue
            self.seen.add(shape)
            varied = _Varied(play, number, document, usual, unsteady, words, self.tried)
            async for untold in _examined(varied):
                found.append(untold)
        if play.priced is not None and (play.operation, play.rig.offer) not in self.seen:
            self.seen.add((play.operation, play.rig.offer))
            found += await _priced(play, play.priced, usual)
        return found


def _shape(play: AnswerPlay, number: int, document: AnswerDocument, usual: _End) -> object:
    places = frozenset(anywhere(written(at)) for at, value in document.leaves() if value is not None)
    told = frozenset(anywhere(place) for place in usual.told)
    # What is asked at one address is read by the same code, whichever service it is for; a price is made up for each.
    service = play.rig.offer if play.operation in _BY_SERVICE else ""
    return service, _label(play, number), play.operation, number, places, told, type(usual.result)


def _label(play: AnswerPlay, number: int) -> str:
    """What was asked, without references: the steps of its path that hold no digit."""
    kept = play.kept[number]
    steps = [step for step in kept.path.partition("?")[0].split("/") if not re.search(r"[0-9]", step)]
    return f"{kept.method} {'/'.join(steps)}"


def _vocabulary(plays: Sequence[AnswerPlay]) -> dict[str, set[str]]:
    """The words that were seen in each place of the answers."""
    words: dict[str, set[str]] = {}
    for play in plays:
        for kept in play.kept:
            label = kept.headers.get("content-type", "")
            document = AnswerDocument.read(kept.content, play.rig.simulator.codec.answers, label)
            for at, value in () if document is None else document.leaves():
                if isinstance(value, str) and unheard_of(value) is not None:
                    words.setdefault(f"{play.operation} {anywhere(written(at))}", set()).add(value)
    return words


async def _examined(varied: _Varied) -> AsyncIterator[Untold]:
    for at, value in varied.document.leaves():
        if varied.faults > 1:
            return
        for rule in _RULES:
            for untold in await rule(varied, at, value):
                yield untold
    for at, entries in varied.document.lists():
        if varied.faults > 1:
            return
        for untold in await _lists(varied, at, entries):
            yield untold


def _named(varied: _Varied, at: Location) -> str:
    return f"{varied.play.operation.value}: {anywhere(written(at)) or 'the answer'}"


# Texts


async def _texts(varied: _Varied, at: Location, value: JsonValue) -> list[Untold]:
    if not isinstance(value, str) or not value.strip() or instant_of(value) or number_of(value) is not None:
        return []
    wrong: list[Untold] = []
    for long in _long(value):
        end = await varied.put(at, long.text)
        if end is None:
            continue
        told = texts_of(end.told)
        parts = _in_part(told, long)
        if parts:
            wrong.append(Untold(Rule.TEXT, f"{_named(varied, at)} is told in part"))
        elif _in_the_other_language(told, texts_of(varied.usual.told), normalised(long.text), value):
            wrong.append(Untold(Rule.TEXT, f"{_named(varied, at)} is told in the place of the other language"))
        places = [place for place, text in told.items() if normalised(long.text) in text]
        if wrong or not places or not varied.is_new(Rule.TEXT, at, map(anywhere, places)):
            break
    return wrong


def _long(value: str) -> Iterator[LongText]:
    yield long_text(value)
    if not is_bangla(value):
        yield in_another_script(value)


def _in_part(told: dict[str, str], long: LongText) -> bool:
    whole = normalised(long.text)
    words = [normalised(word) for word in long.words]
    return any(whole not in text and any(word in text for word in words) for text in told.values())


def _in_the_other_language(told: dict[str, str], usual: dict[str, str], whole: str, genuine: str) -> bool:
    """Whether a text is told in one language alone, and that is not the one that it is written in."""
    own, other = (".bn", ".en") if is_bangla(genuine) else (".en", ".bn")
    for place, text in told.items():
        if not place.endswith(other) or whole not in text:
            continue
        twin = place[: -len(other)] + own
        if twin in told and whole not in told[twin] and is_bangla(usual.get(twin, "")) is not is_bangla(genuine):
            return True
    return False


# Words


async def _words(varied: _Varied, at: Location, value: JsonValue) -> list[Untold]:
    strange = unheard_of(value) if isinstance(value, str) else None
    if strange is None:
        return []
    end = await varied.put(at, strange)
    if end is None:
        return []
    guessed = facts_of(end.result, end.told)
    usual = facts_of(varied.usual.result, varied.usual.told)
    if not guessed:
        return []
    missing = await varied.ends(varied.document.without(at))
    without: Facts = frozenset() if missing is None else facts_of(missing.result, missing.told)
    wrong = {fact for fact in guessed - usual if fact not in without}
    known = guessed & usual
    if known and missing is not None:
        wrong |= known - without
        known &= without
    if not varied.is_new(Rule.WORDS, at, known):
        known = frozenset()
    for word in sorted(varied.words.get(f"{varied.play.operation} {anywhere(written(at))}", set()) - {value}):
        if not known:
            break
        other = await varied.put(at, word)
        if other is not None:
            decided = known - facts_of(other.result, other.told)
            wrong |= decided - without
            known -= decided
    about = sorted({anywhere(place) for place, _ in wrong})
    return [Untold(Rule.WORDS, f"{_named(varied, at)} with a word that nobody knows decides {what}") for what in about]


# Money


async def _money(varied: _Varied, at: Location, value: JsonValue) -> list[Untold]:
    number, usual = number_of(value), money_of(varied.usual.told)
    if number is None or not usual:
        return []
    hundredths = number == int(number) and int(number) in usual.values() and int(number) * 100 not in usual.values()
    unit, least = (Decimal(100), Decimal(1)) if hundredths else (Decimal(1), Decimal("0.01"))
    more, little = [
        await varied.put(at, with_number(value, number + step)) for step in (unit, least)
    ]
    if little is None:
        return []
    after = money_of(little.told)
    if more is None:
        alike = after == usual and int(number * (1 if hundredths else 100)) in usual.values()
        return [Untold(Rule.MONEY, f"{_named(varied, at)} may differ by a poisha and is told alike")] if alike else []
    moved = {place for place, amount in money_of(more.told).items() if amount - usual.get(place, amount) == 100}
    if any(after.get(place) != usual[place] + 1 for place in moved):
        return [Untold(Rule.MONEY, f"{_named(varied, at)} with one poisha more is not told so")]
    return _one_language(varied, at, little, Rule.MONEY)


async def _priced(
    play: AnswerPlay, priced: Callable[[Money], Awaitable[object]], usual: _End
) -> list[Untold]:
    """What is told and sent of an amount that the plugin is given."""
    amount = Money(poisha=34_500)
    ends: list[Told] = []
    sent: list[list[bytes]] = []
    for extra in (0, 100, 1):
        given = Money(poisha=amount.poisha + extra)
        try:
            result = await play.replay.again(lambda given=given: priced(given), play.kept)
        except NagorikError:
            return []
        ends.append({place: value for place, value in told_by(result).items() if place in usual.told})
        sent.append(list(play.replay.sent))
    wrong = []
    name = play.operation.value
    if sent[1] != sent[0] and sent[2] == sent[0]:
        wrong.append(Untold(Rule.MONEY, f"{name}: two amounts that differ by a poisha are sent alike"))
    for place in _alone(ends[0], ends[2]):
        wrong.append(Untold(Rule.MONEY, f"{name}: an amount is told to the poisha in one language alone, in {place}"))
    return wrong


def _alone(one: Told, other: Told) -> list[str]:
    """Texts that changed in one language alone."""
    changed = {place for place in {*one, *other} if one.get(place) != other.get(place)}
    found = []
    for place in changed:
        if place.endswith((".bn", ".en")):
            twin = place[:-2] + ("en" if place.endswith("bn") else "bn")
            if twin in one and twin in other and twin not in changed:
                found.append(anywhere(place[:-3]))
    return sorted(set(found))


def _one_language(varied: _Varied, at: Location, end: _End, rule: Rule) -> list[Untold]:
    return [
        Untold(rule, f"{_named(varied, at)} is told in one language alone, in {place}")
        for place in _alone(varied.usual.told, end.told)
    ]


# Numbers


async def _numbers(varied: _Varied, at: Location, value: JsonValue) -> list[Untold]:
    number = number_of(value)
    if number is not None and number == int(number):
        return await _counted(varied, at, value, int(number))
    if isinstance(value, str) and not instant_of(value) and number is None:
        return await _identified(varied, at, value)
    return []


async def _counted(varied: _Varied, at: Location, value: JsonValue, number: int) -> list[Untold]:
    usual = numbers_of(varied.usual.told)
    if number not in usual.values():
        return []
    end = await varied.put(at, with_number(value, Decimal(number + 1)))
    after = {} if end is None else numbers_of(end.told)
    follow = {place for place, told in usual.items() if told == number and after.get(place) == number + 1}
    new = follow and varied.is_new(Rule.NUMBERS, at, map(anywhere, follow))
    for another in (0, number + 10_000) if new else ():
        end = await varied.put(at, with_number(value, Decimal(another)))
        if end is None or numbers_of(end.told).keys() != usual.keys():
            continue
        if any(numbers_of(end.told)[place] != another for place in follow):
            return [Untold(Rule.NUMBERS, f"{_named(varied, at)} is told as another number")]
    return []


async def _identified(varied: _Varied, at: Location, value: str) -> list[Untold]:
    other, own = next_sign(value), normalised(value)
    if other is None or " " in value.strip() or _is_ours(varied.play, value):
        return []
    places = [place for place, text in texts_of(varied.usual.told).items() if own in text or _is_cut(own, text)]
    end = await varied.put(at, other) if places else None
    if end is None:
        return []
    told, usual = texts_of(end.told), texts_of(varied.usual.told)
    alike = [place for place in places if told.get(place) == usual[place]]
    if alike and told.keys() == usual.keys() and await _follows(varied, at, value, alike):
        return [Untold(Rule.NUMBERS, f"{_named(varied, at)} is told alike with another last digit")]
    return _one_language(varied, at, end, Rule.NUMBERS)


def _is_cut(own: str, text: str) -> bool:
    """Whether a text may be the beginning of a reference that is longer."""
    return own.startswith(text) and len(text) > len(own) // 2 and any(sign.isdigit() for sign in text)


async def _follows(varied: _Varied, at: Location, value: str, places: Sequence[str]) -> bool:
    """Whether what is told in any of these places is the leaf's, and not the same by chance."""
    end = await varied.put(at, other_number(value))
    usual = texts_of(varied.usual.told)
    return end is not None and any(texts_of(end.told).get(place, usual[place]) != usual[place] for place in places)


def _is_ours(play: AnswerPlay, value: str) -> bool:
    """Whether the agency repeats what it was sent."""
    return any(value.encode() in kept.sent or value in kept.path for kept in play.kept)


# Instants


async def _instants(varied: _Varied, at: Location, value: JsonValue) -> list[Untold]:
    instant = instant_of(value)
    usual = days_of(varied.usual.told)
    if instant is None:
        return []
    end = await varied.put(at, instant.write(instant.wall - DAY))
    if end is None:
        return []
    wrong = _one_language(varied, at, end, Rule.INSTANTS)
    pairs = _moved(usual, days_of(end.told))
    if not pairs:
        return wrong
    name = _named(varied, at)
    if any(later - earlier != DAY for later, earlier in pairs):
        return [Untold(Rule.INSTANTS, f"{name} a day earlier is not told a day earlier")]
    if any(_is_astray(later, instant) for later, _ in pairs):
        return [Untold(Rule.INSTANTS, f"{name} is told in another zone")]
    wrong += _in_one_zone(varied, name, instant, [later for later, _ in pairs])
    if not varied.is_new(Rule.INSTANTS, at, _places_moved(usual, days_of(end.told))):
        return wrong
    wrong += await _to_the_minute(varied, at, instant, pairs)
    return wrong + await _to_the_day(varied, at, instant, pairs)


_Day = date | datetime


def _moved(usual: dict[str, _Day], after: dict[str, _Day]) -> list[tuple[datetime, datetime]]:
    """The instants that are told no longer, each with the one that is told in its place; none where some are gone."""
    if len(usual) != len(after):
        return []
    pairs: list[tuple[datetime, datetime]] = []
    for place in {anywhere(each) for each in usual}:
        before = sorted(_instant(told) for each, told in usual.items() if anywhere(each) == place)
        now = sorted(_instant(told) for each, told in after.items() if anywhere(each) == place)
        lost, gained = list(before), list(now)
        for each in before:
            if each in gained:
                gained.remove(each)
                lost.remove(each)
        if len(lost) == len(gained):
            pairs += zip(lost, gained, strict=True)
    return pairs


def _places_moved(usual: dict[str, _Day], after: dict[str, _Day]) -> set[str]:
    return {anywhere(place) for place in usual if usual[place] != after.get(place)}


def _instant(told: _Day) -> datetime:
    if isinstance(told, datetime):
        return told
    return WrittenInstant(datetime(told.year, told.month, told.day), False, False, str).in_dhaka  # noqa: DTZ001


def _is_astray(told: datetime, instant: WrittenInstant) -> bool:
    """Whether an instant is told the six hours early by which Dhaka is ahead of UTC."""
    return instant.timed and instant.in_dhaka - told == timedelta(hours=6)


def _in_one_zone(varied: _Varied, name: str, instant: WrittenInstant, told: Sequence[datetime]) -> list[Untold]:
    """Whether an answer's instants without an offset are all read alike."""
    if not instant.timed or instant.has_zone:
        return []
    zones = {"Dhaka" for each in told if each == instant.in_dhaka} | {"UTC" for each in told if each == instant.in_utc}
    if len(zones) == 1:
        varied.zones[name] = zones.pop()
    if len(set(varied.zones.values())) > 1:
        varied.zones.clear()
        return [Untold(Rule.INSTANTS, f"{name} is told in another zone than another instant of the same answer")]
    return []


async def _to_the_minute(
    varied: _Varied, at: Location, instant: WrittenInstant, pairs: Sequence[tuple[datetime, datetime]]
) -> list[Untold]:
    readings = (instant.in_dhaka, instant.in_utc)
    near = any(abs(told - reading) < HOUR for told, _ in pairs for reading in readings)
    by_day = all(dhaka_time(told).time() == datetime.min.time() for told, _ in pairs)
    if not instant.timed or not near or by_day:
        return []
    for step, name in ((HOUR, "an hour"), (MINUTE, "a minute")):
        end = await varied.put(at, instant.write(instant.wall - step))
        if end is None:
            continue
        now = _moved(days_of(varied.usual.told), days_of(end.told))
        same = len(days_of(end.told)) == len(days_of(varied.usual.told))
        if same and (not now or any(later - earlier != step for later, earlier in now)):
            return [Untold(Rule.INSTANTS, f"{_named(varied, at)} {name} earlier is not told {name} earlier")]
    return []


async def _to_the_day(
    varied: _Varied, at: Location, instant: WrittenInstant, pairs: Sequence[tuple[datetime, datetime]]
) -> list[Untold]:
    for month, day in ((5, 4), (4, 5)):
        wall = instant.wall.replace(month=month, day=day)
        end = await varied.put(at, instant.write(wall))
        if end is None:
            continue
        now = _moved(days_of(varied.usual.told), days_of(end.told))
        days = {dhaka_date(later) - dhaka_date(earlier) for later, earlier in now}
        if len(now) == len(pairs) and days - {instant.wall.date() - wall.date()}:
            return [Untold(Rule.INSTANTS, f"{_named(varied, at)} is told with its day and month confused")]
    return []


# Lists


async def _lists(varied: _Varied, at: Location, entries: Sequence[JsonValue]) -> list[Untold]:
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
                wrong.append(Untold(Rule.LISTS, f"{_named(varied, at)}: of a longer list not every entry is told"))
            elif any(after.get(place, 0) - money[place] != more * FURTHER for place, more in sums.items()):
                wrong.append(Untold(Rule.LISTS, f"{_named(varied, at)}: of a longer list not every entry is counted"))
    if len(entries) > 1 and await _hides(varied, at, entries):
        wrong.append(Untold(Rule.LISTS, f"{_named(varied, at)}: an entry is told by itself and not beside others"))
    return wrong


async def _hides(varied: _Varied, at: Location, entries: Sequence[JsonValue]) -> bool:
    whole = entries_of(varied.usual.result)
    for entry in (entries[0], entries[-1]):
        alone = await varied.put(at, [entry])
        if alone is None or type(alone.result) is not type(varied.usual.result):
            continue
        for place, told in entries_of(alone.result).items():
            if len(told) == 1 and whole.get(place) and told[0] not in whole[place]:
                return True
    return False


_RULES: Final = (_texts, _words, _money, _numbers, _instants)
