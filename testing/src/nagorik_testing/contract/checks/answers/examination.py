"""Holds what a plugin tells against the agency's answers: every leaf of every shape of answer, by every rule."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, Operation
from nagorik_testing.contract.checks.answers.chance import left_to_chance
from nagorik_testing.contract.checks.answers.instants import told_hours, told_instants, told_small_hours
from nagorik_testing.contract.checks.answers.left_out import LeavesTold, look_for_left_out
from nagorik_testing.contract.checks.answers.lists import told_by_flag, told_lists
from nagorik_testing.contract.checks.answers.numbers import told_amounts, told_numbers, told_price
from nagorik_testing.contract.checks.answers.ours import told_of_another
from nagorik_testing.contract.checks.answers.papers_shown import PapersShown
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.refusals import kindred_words, told_refusals, told_together
from nagorik_testing.contract.checks.answers.texts import (
    told_beside,
    told_in_english,
    told_texts,
    told_words,
)
from nagorik_testing.contract.checks.answers.told_result import anywhere, told_by
from nagorik_testing.contract.checks.answers.turning_days import told_on_its_day
from nagorik_testing.contract.checks.answers.variations import AnswerDocument, instant_of, unheard_of
from nagorik_testing.contract.checks.answers.varied import (
    AnswerEnd,
    TellingRule,
    Untold,
    VariedAnswer,
    label_of,
    named,
)
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.wire.codec import JsonFormat
from nagorik_toolkit.form_validation import Location

_OF_A_FORM: Final = frozenset({Operation.SUBMIT, Operation.ANSWER_CORRECTION})
_BY_SERVICE: Final = frozenset({Operation.ELIGIBILITY, Operation.QUOTE})


@dataclass(slots=True, repr=False)
class AnswerExamination:
    """Holds the plays of a plugin's offers against what is told; each shape of an answer once.

    Attributes:
        package: The plugin's, whose draws are turned.
        seen: Shapes that were looked at already, whichever offer they were an answer to.
        tried: Leaves that were looked at closely already, each with where it is told.
        leaves: Of each leaf, whether anything follows from it.
    """

    package: str
    seen: set[object] = field(default_factory=set)
    tried: set[object] = field(default_factory=set)
    leaves: LeavesTold = field(default_factory=LeavesTold)
    _kindred: Mapping[str, frozenset[str]] = field(default_factory=dict)

    async def of(self, plays: Sequence[AnswerPlay]) -> list[Untold]:
        """What is told wrongly of these plays."""
        words, self._kindred = _vocabulary(plays), self._kindred or kindred_words(self.package)
        found: list[Untold] = []
        papers = PapersShown()
        for play in plays:
            found += await self._of_play(play, words, papers)
        return list(dict.fromkeys([*found, *papers.untold()]))

    async def _of_play(self, play: AnswerPlay, words: dict[str, set[str]], papers: PapersShown) -> list[Untold]:
        ends: list[AnswerEnd] = []
        for _ in range(2):
            try:
                result = await play.replay.again(play.call, play.kept)
            except NagorikError:
                return []  # answers that hold good for one request alone, by a nonce or an hour
            ends.append(AnswerEnd(result, told_by(result)))
            play.rig.advance(A_WHILE)
        one, other = ends[0].told, ends[1].told
        unsteady = frozenset(place for place in {*one, *other} if one.get(place) != other.get(place))
        usual = AnswerEnd(ends[0].result, {place: value for place, value in one.items() if place not in unsteady})
        found = [*_unsteady(play, unsteady), *told_in_english(play, usual.told)]
        # What is made of a form is made for each service; everything else is read and asked by the same code.
        of_form = play.operation in _BY_SERVICE or play.operation in _OF_A_FORM
        what = play.rig.offer if of_form or not play.kept else label_of(play, -1)
        kind = "chance", what, play.operation, type(usual.result)
        if kind not in self.seen:
            self.seen.add(kind)
            found += await left_to_chance(play, self.package)
        for number, kept in enumerate(play.kept):
            document = kept.document(play.rig.simulator.codec)
            if document is None:
                continue
            papers.note(play, number, document, usual.told)
            shape = _shape(play, number, document, usual)
            if shape in self.seen:
                continue
            self.seen.add(shape)
            varied = VariedAnswer(play, number, document, usual, unsteady, words, self._kindred, self.tried)
            found += [untold async for untold in _examined(varied, self.leaves)]
            await papers.look(varied)
        if play.priced is not None and (play.operation, play.rig.offer) not in self.seen:
            self.seen.add((play.operation, play.rig.offer))
            found += await told_price(play, play.priced, usual)
        return found


def _shape(play: AnswerPlay, number: int, document: AnswerDocument, usual: AnswerEnd) -> object:
    places = frozenset(anywhere(written(at)) for at, value in document.leaves() if value is not None)
    told = frozenset(anywhere(place) for place in usual.told)
    several = frozenset(anywhere(written(at)) for at, entries in document.lists() if len(entries) > 1)
    # What is asked at one address is read by the same code, whichever service it is for; a price is made up for each.
    service = play.rig.offer if play.operation in _BY_SERVICE else ""
    return service, label_of(play, number), play.operation, number, places, several, told, type(usual.result)


def _vocabulary(plays: Sequence[AnswerPlay]) -> dict[str, set[str]]:
    """The words that were seen in each place of the answers."""
    words: dict[str, set[str]] = {}
    for play in plays:
        for kept in play.kept:
            document = kept.document(play.rig.simulator.codec)
            for at, value in () if document is None else document.leaves():
                if isinstance(value, str) and unheard_of(value) is not None:
                    words.setdefault(f"{play.operation} {anywhere(written(at))}", set()).add(value)
    return words


_OF_THE_ASKING: Final = frozenset({"as_of", "issued_at", "expires_at", "check_after"})
"""What is told of the asking itself and not of the agency: it goes with the clock."""
_OF_THE_HOST: Final = frozenset({Operation.QUOTE, Operation.DELIVERABLE})
"""Operations whose results the platform names anew each time: a quote, a document that is kept."""
A_WHILE: Final = timedelta(seconds=90)
"""Between two calls that are answered alike."""


def _astray(places: Collection[str]) -> list[str]:
    """The places of what is told in which nothing may go with the clock."""
    return sorted({anywhere(place) for place in places if place.rpartition(".")[2] not in _OF_THE_ASKING})


def _unsteady(play: AnswerPlay, places: Collection[str]) -> list[Untold]:
    """What is told otherwise of the same answers, given a moment later."""
    if play.operation in _OF_THE_HOST:
        return []
    astray = _astray(places)
    return [
        Untold(TellingRule.STEADY, f"{play.operation.value}: {place} is told otherwise of the same answers")
        for place in astray
    ]


async def _unsteady_without(varied: VariedAnswer, at: Location, value: JsonValue) -> list[Untold]:
    """What is told otherwise a moment later where the agency names no day or hour in one place."""
    if instant_of(value) is None or varied.play.operation in _OF_THE_HOST:
        return []
    document = varied.document
    empty = [document.put(at, None)] if isinstance(document.format, JsonFormat) else []
    for body in (document.without(at), *empty):
        before = await varied.ends_now(body)
        if before is None:
            continue
        varied.play.rig.advance(A_WHILE)
        after = await varied.ends_now(body)
        if after is None:
            continue
        one, other = before.told, after.told
        astray = _astray({place for place in {*one, *other} if one.get(place) != other.get(place)})
        if astray:
            return [
                Untold(TellingRule.STEADY, f"{named(varied, at)} is not named, and {place} is told by the clock")
                for place in astray
            ]
    return []


async def _examined(varied: VariedAnswer, told: LeavesTold) -> AsyncIterator[Untold]:
    for at, value in varied.document.leaves():
        if varied.is_over:
            return
        for rule in _RULES:
            for untold in await rule(varied, at, value):
                yield untold
        await look_for_left_out(varied, at, value, told)
    for at, entries in varied.document.lists():
        if varied.is_over:
            return
        for untold in await told_lists(varied, at, entries):
            yield untold


_RULES: Final = (
    told_texts,
    told_words,
    told_refusals,
    told_together,
    told_amounts,
    told_numbers,
    told_instants,
    told_small_hours,
    told_hours,
    told_on_its_day,
    told_by_flag,
    told_beside,
    told_of_another,
    _unsteady_without,
)
