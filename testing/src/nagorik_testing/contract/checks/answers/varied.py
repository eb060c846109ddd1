"""One answer of an agency, varied: what a plugin tells of it, and how what is told wrongly is named.

A leaf that changes nothing that is told says nothing, and an altered answer that the plugin refuses is refused
rightly: neither is a finding.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import NagorikError, PluginFault
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import Told, anywhere, told_by, without_references
from nagorik_testing.contract.checks.answers.variations import AnswerDocument
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.contract.wiretap import WireExchange
from nagorik_toolkit.form_validation import Location

VIOLATIONS_IN_A_ROW: Final = 2
"""After as many refusals the genuine answer is given once, so that no circuit opens."""


class TellingRule(StrEnum):
    """What is held to be true; each is the id of its check."""

    TEXT = "told/text"
    MONEY = "told/money"
    LISTS = "told/lists"
    INSTANTS = "told/instants"
    WORDS = "told/unheard-of"
    NUMBERS = "told/numbers"
    STEADY = "told/steady"
    REFUSALS = "told/refusals"
    CHANCE = "robustness/no-chance"
    OURS = "told/ours"
    PAPERS = "told/papers"
    TURNING_DAYS = "told/on-its-day"


@dataclass(frozen=True, slots=True)
class Untold:
    """One thing that is told wrongly; no value of an answer is in it."""

    rule: TellingRule
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class AnswerEnd:
    """What came of one answer."""

    result: object
    told: Told


class _KnownEnd(NamedTuple):
    """What came of one answer, and what was asked for it."""

    end: AnswerEnd | None
    asked: list[WireExchange]


@dataclass(slots=True, repr=False)
class VariedAnswer:
    """One answer of a play, varied.

    Attributes:
        play: The call.
        number: Which of its answers is varied.
        document: That answer.
        usual: What is told of the genuine one.
        unsteady: Places of what is told that differ from call to call.
        words: The words that genuine answers have in each place.
        kindred: For a word, those that the plugin's own models let stand in its place.
        tried: Leaves that were looked at closely already, each with where it is told.
        is_over: Whether nothing more can be learned: the plugin broke down twice, or refuses the genuine answer now.
    """

    play: AnswerPlay
    number: int
    document: AnswerDocument
    usual: AnswerEnd
    unsteady: frozenset[str]
    words: dict[str, set[str]]
    kindred: Mapping[str, frozenset[str]]
    tried: set[object]
    told_of: set[Location] = field(default_factory=set)
    """Places with another value in which something else is told."""
    zones: dict[str, str] = field(default_factory=dict)
    """How the leaves without an offset are read that were looked at already: as Dhaka's time, or as UTC."""
    is_over: bool = False
    _known: dict[bytes, _KnownEnd] = field(default_factory=dict)
    _refused: int = 0
    _faults: int = 0

    async def ends(self, body: bytes) -> AnswerEnd | None:
        """What is told of another answer; ``None`` where the plugin refuses it.

        Several rules give the same answer, and it is given once: ``told/steady`` sees to it that it is told alike.
        """
        if body not in self._known:
            end = await self.ends_now(body)
            if self.is_over:
                return end
            self._known[body] = _KnownEnd(end, self.play.replay.asked)
        known = self._known[body]
        self.play.replay.asked = known.asked
        return known.end

    async def ends_now(self, body: bytes) -> AnswerEnd | None:
        """As ``ends``, of an answer that is given at this hour, whatever was told of it before."""
        if self._refused >= VIOLATIONS_IN_A_ROW:
            await self._again()
        if self.is_over:
            return None
        play = self.play
        try:
            result = await play.replay.again(play.call, play.kept, self.number, body)
        except PluginFault:
            self._faults += 1
            if self._faults > 1:
                self.is_over = True
            await self._again()
            return None
        except NagorikError:
            self._refused += 1
            return None
        self._refused = 0
        told = told_by(result)
        return AnswerEnd(result, {place: value for place, value in told.items() if place not in self.unsteady})

    async def _again(self) -> None:
        """Give the genuine answer, at an hour at which the agency is open."""
        self._refused = 0
        self.play.rig.advance(timedelta(0))
        try:
            await self.play.replay.again(self.play.call, self.play.kept)
        except NagorikError:
            self.is_over = True

    def is_new(self, rule: TellingRule, at: Location, places: Iterable[object]) -> bool:
        """Whether a leaf is told in these places for the first time, so that a closer look is worth it."""
        key = (self.label, self.play.operation, rule, anywhere(written(at)), frozenset(places))
        if key in self.tried:
            return False
        self.tried.add(key)
        return True

    @property
    def label(self) -> str:
        """What was asked, without references."""
        return label_of(self.play, self.number)

    def is_usual(self, end: AnswerEnd) -> bool:
        """Whether the same is told as of the genuine answer."""
        return end.told == self.usual.told and type(end.result) is type(self.usual.result)

    async def put(self, at: Location, value: JsonValue) -> AnswerEnd | None:
        """As ``ends``, of the answer with another value in one place."""
        try:
            body = self.document.put(at, value)
        except ValueError:
            return None
        end = await self.ends(body)
        if end is not None and not self.is_usual(end):
            self.told_of.add(at)
        return end


def label_of(play: AnswerPlay, number: int) -> str:
    """What was asked: the name of the route, without the parts of its path that stand for references."""
    return re.sub(r"/\{[^/]*", "", play.kept[number].operation)


def named(varied: VariedAnswer, at: Location) -> str:
    """The operation and the place of a leaf in its answer, which hold no value."""
    return f"{varied.play.operation.value}: {without_references(written(at)) or 'the answer'}"


def alone(one: Told, other: Told) -> list[str]:
    """Texts that changed in one language alone."""
    changed = {place for place in {*one, *other} if one.get(place) != other.get(place)}
    found = []
    for place in changed:
        if place.endswith((".bn", ".en")):
            twin = place[:-2] + ("en" if place.endswith("bn") else "bn")
            if twin in one and twin in other and twin not in changed:
                found.append(anywhere(place[:-3]))
    return sorted(set(found))


def in_one_language(varied: VariedAnswer, at: Location, end: AnswerEnd, rule: TellingRule) -> list[Untold]:
    """What of a number, an amount or a day changed in one language of a text alone."""
    return [
        Untold(rule, f"{named(varied, at)} is told in one language alone, in {place}")
        for place in alone(varied.usual.told, end.told)
    ]
