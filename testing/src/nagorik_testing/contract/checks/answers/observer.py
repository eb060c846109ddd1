"""Observer of responses: each genuine one is given again with one leaf changed, and the results are compared.

A leaf that changes nothing that is reported says nothing, and a changed response that the plugin refuses is refused
rightly: neither is a finding.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import NagorikError, Operation, PluginFault
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.results import PlainResult, place_of, without_references
from nagorik_testing.contract.checks.answers.variations import AnswerDocument, unheard_of
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.contract.wiretap import WireExchange
from nagorik_toolkit.form_validation import Location

VIOLATIONS_IN_A_ROW: Final = 2
"""After as many refusals the genuine response is given once, so that no circuit opens."""
_BY_SERVICE: Final = frozenset({Operation.ELIGIBILITY, Operation.QUOTE})
A_WHILE: Final = timedelta(seconds=90)
"""Between two calls that are answered alike."""


class _KnownResult(NamedTuple):
    """What came of one response, and what was asked for it."""

    result: PlainResult | None
    asked: list[WireExchange]


@dataclass(slots=True, repr=False)
class VariedAnswer:
    """One response of a play, varied.

    Attributes:
        play: The call.
        number: Which of its responses is varied.
        document: That response.
        usual: What is reported of the genuine one.
        unsteady: Places of the result that differ from call to call.
        words: The words that genuine responses have in each place.
        kindred: For a word, those that the plugin's own models let stand in its place.
        tried: What was looked at closely already, in any response of the plugin's agency.
        reported: Places with another value in which the result is another.
        zones: How the leaves without an offset are read: as Dhaka's time, or as UTC.
        is_over: Whether nothing more can be learned: the plugin broke down twice, or refuses the genuine response.
    """

    play: AnswerPlay
    number: int
    document: AnswerDocument
    usual: PlainResult
    unsteady: frozenset[str]
    words: Mapping[str, set[str]]
    kindred: Mapping[str, frozenset[str]]
    tried: set[object]
    reported: set[Location] = field(default_factory=set)
    zones: set[str] = field(default_factory=set)
    is_over: bool = False
    _known: dict[bytes, _KnownResult] = field(default_factory=dict)
    _refused: int = 0
    _faults: int = 0

    async def give(self, body: bytes) -> PlainResult | None:
        """What is reported of another response, which is given once; ``None`` where the plugin refuses it."""
        if body not in self._known:
            result = await self.give_now(body)
            if self.is_over:
                return result
            self._known[body] = _KnownResult(result, self.play.replay.asked)
        result, self.play.replay.asked = self._known[body]
        return result

    async def give_now(self, body: bytes) -> PlainResult | None:
        """As ``give``, at this hour, whatever was reported of it before."""
        if self._refused >= VIOLATIONS_IN_A_ROW:
            await self._give_genuine()
        if self.is_over:
            return None
        play = self.play
        try:
            result = await play.replay.again(play.call, play.kept, self.number, body)
        except PluginFault:
            self._faults += 1
            self.is_over = self._faults > 1
            await self._give_genuine()
            return None
        except NagorikError:
            self._refused += 1
            return None
        self._refused = 0
        return PlainResult.of(result, self.unsteady)

    async def _give_genuine(self) -> None:
        """Give the genuine response, at an hour at which the agency is open."""
        self._refused = 0
        self.play.rig.advance(timedelta(0))
        try:
            await self.play.replay.again(self.play.call, self.play.kept)
        except NagorikError:
            self.is_over = True

    @property
    def label(self) -> str:
        """What was asked, without references."""
        return self.play.kept[self.number].label

    @property
    def shape(self) -> object:
        """What responses have in common that are read by the same code, whichever service they are for."""
        places = frozenset(place_of(written(at)) for at, value in self.document.leaves() if value is not None)
        several = frozenset(place_of(written(at)) for at, entries in self.document.lists() if len(entries) > 1)
        service = self.play.rig.offer if self.play.operation in _BY_SERVICE else ""
        reported = frozenset(map(place_of, self.usual.values)), type(self.usual.returned)
        return service, self.label, self.play.operation, self.number, places, several, reported


class Leaf(NamedTuple):
    """One leaf of a response."""

    answer: VariedAnswer
    at: Location
    value: JsonValue

    @property
    def operation(self) -> Operation:
        """The call that reads it."""
        return self.answer.play.operation

    @property
    def usual(self) -> PlainResult:
        """What is reported of the genuine response."""
        return self.answer.usual

    @property
    def name(self) -> str:
        """The operation and the leaf's place in the response, which hold no value."""
        return f"{self.operation.value}: {without_references(written(self.at)) or 'the response'}"

    @property
    def words(self) -> set[str]:
        """The words that genuine responses have in this place."""
        return self.answer.words.get(_word_place(self.operation, self.at), set())

    async def put(self, value: JsonValue) -> PlainResult | None:
        """What is reported where the leaf has another value; ``None`` where that is refused or cannot be written."""
        try:
            body = self.answer.document.put(self.at, value)
        except ValueError:
            return None
        result = await self.answer.give(body)
        if result is not None and not result.is_like(self.usual):
            self.answer.reported.add(self.at)
        return result

    async def missing(self) -> PlainResult | None:
        """What is reported of the response without the leaf; ``None`` where that is refused."""
        return await self.answer.give(self.answer.document.without(self.at))

    def is_new(self, rule: str, *places: object) -> bool:
        """Whether a rule looks at a leaf with these places for the first time, so that it is worth it."""
        key = self.answer.label, self.operation, rule, place_of(written(self.at)), frozenset(places)
        known = key in self.answer.tried
        self.answer.tried.add(key)
        return not known


LeafRule = Callable[[Leaf], AsyncIterator[str]]
"""Looks at one leaf; each text says one thing that is wrong, and holds no value of a response."""


def _word_place(operation: Operation, at: Location) -> str:
    return f"{operation} {place_of(written(at))}"


def vocabulary(plays: Sequence[AnswerPlay]) -> dict[str, set[str]]:
    """The words that were seen in each place of the responses."""
    words: dict[str, set[str]] = {}
    for play in plays:
        for kept in play.kept:
            document = kept.document(play.rig.simulator.codec)
            for at, value in () if document is None else document.leaves():
                if isinstance(value, str) and unheard_of(value) is not None:
                    words.setdefault(_word_place(play.operation, at), set()).add(value)
    return words


async def given_twice(play: AnswerPlay) -> tuple[PlainResult, frozenset[str]] | None:
    """What is reported steadily of the same responses a moment later, and the places in which it differs.

    ``None`` where the responses hold good for one request alone, by a nonce or an hour.
    """
    results: list[object] = []
    for _ in range(2):
        try:
            results.append(await play.replay.again(play.call, play.kept))
        except NagorikError:
            return None
        play.rig.advance(A_WHILE)
    one, other = map(PlainResult.of, results)
    unsteady = one.differs(other)
    return PlainResult.of(results[0], unsteady), unsteady
