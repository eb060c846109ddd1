"""A paper that a field of the agency's answer brings is told wherever that field says so, whatever stands beside it.

For an answer in which a paper goes with the agency's word alone, nothing is compared: which word brings what, the
agency does not say in its answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import Operation
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import Facts, Told, anywhere, facts_of
from nagorik_testing.contract.checks.answers.variations import AnswerDocument, value_at
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold, VariedAnswer, label_of
from nagorik_testing.contract.checks.inspection import written
from nagorik_toolkit.form_validation import Location

_PAPERS: Final = "deliverables.kind"


class _ShownAnswer(NamedTuple):
    """One answer of a play, and the papers that were told of it."""

    play: AnswerPlay
    number: int
    document: AnswerDocument
    kinds: frozenset[object]


class _Bringing(NamedTuple):
    """A field of an answer that brings a paper: to which call, in which answer and place, and what it says then."""

    service: str
    operation: Operation
    label: str
    place: Location
    value: JsonValue


@dataclass(slots=True)
class PapersShown:
    """Of one offer, the answers of the agency's, and the fields that bring papers."""

    _answers: list[_ShownAnswer] = field(default_factory=list)
    _brought: dict[_Bringing, set[object]] = field(default_factory=dict)

    def note(self, play: AnswerPlay, number: int, document: AnswerDocument, told: Told) -> None:
        """Keep what was told of an answer; of a final one, a paper that nobody needs any more may be left out."""
        if not any(value is True for place, value in told.items() if place.rpartition(".")[2] == "final"):
            self._answers.append(_ShownAnswer(play, number, document, _kinds(told)))

    async def look(self, varied: VariedAnswer) -> None:
        """Find the fields of an answer without which a paper is not told, and all else is as it was."""
        kinds = _kinds(varied.usual.told)
        if not kinds:
            return
        usual = _apart_from_papers(varied.usual.result, varied.usual.told)
        for at, value in varied.document.leaves():
            if value in (None, False, "") or not varied.is_new(TellingRule.PAPERS, at, kinds):
                continue
            none: JsonValue = False
            flagged = isinstance(value, bool)
            end = await (varied.put(at, none) if flagged else varied.ends(varied.document.without(at)))
            if end is None or _apart_from_papers(end.result, end.told) != usual:
                continue
            if lost := kinds - _kinds(end.told):
                key = _Bringing(varied.play.rig.offer, varied.play.operation, varied.label, at, value)
                self._brought.setdefault(key, set()).update(lost)

    def untold(self) -> Iterator[Untold]:
        """The papers that an answer shows and that are not told of it."""
        for play, number, document, kinds in self._answers:
            call = play.rig.offer, play.operation, label_of(play, number)
            for (*brings, place, value), brought in self._brought.items():
                if call == tuple(brings) and value_at(document.content, place) == value and not brought <= kinds:
                    where = f"{play.operation.value}: {written(place)}"
                    yield Untold(
                        TellingRule.PAPERS, f"{where} brings a paper beside one word, and not beside another"
                    )


def _kinds(told: Told) -> frozenset[object]:
    return frozenset(value for place, value in told.items() if anywhere(place).endswith(_PAPERS))


def _apart_from_papers(result: object, told: Told) -> Facts:
    return frozenset(fact for fact in facts_of(result, told) if not fact[0].endswith(_PAPERS))
