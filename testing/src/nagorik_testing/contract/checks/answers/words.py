"""What decides a fact decides it by a word that the agency has, by our reference, on its day and at any hour."""

import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from nagorik import AgencyStatus, NagorikError, Operation, PaymentState, Rejected
from nagorik.values import Money, dhaka_date, to_ascii_digits
from nagorik_testing.contract.checks.answers.observer import A_WHILE, Leaf, VariedAnswer
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.results import KIND, Facts, PlainResult, place_of
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    instant_of,
    other_number,
    resembling,
    unheard_of,
    value_at,
)
from nagorik_testing.contract.checks.inspection import UNHEARD_OF, with_value, written
from nagorik_testing.contract.observation.chance import Chance, turned_to
from nagorik_testing.contract.wiretap import places_of
from nagorik_testing.wire.codec import JsonFormat
from nagorik_toolkit.texts import day_text

_NOTHING: Final[Facts] = frozenset()
_NOTHING_TAKEN: Final[Facts] = frozenset({("state", PaymentState.PENDING), ("state", PaymentState.EXPIRED)})
"""Where the platform was to take the money and does not: none moves without it, so this is no guess."""


def _facts(result: PlainResult | None) -> Facts:
    return _NOTHING if result is None else result.facts


def kindred_words(package: str) -> Mapping[str, frozenset[str]]:
    """For each word of a plugin's wire models, those that the plugin says may stand in its place.

    Read off the ``Literal`` and ``StrEnum`` types of the fields of every model in the plugin's loaded modules.
    """
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for name, module in list(sys.modules.items()):
        for model in vars(module).values() if f"{name}.".startswith(f"{package}.") else ():
            if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == name:
                for each in model.model_fields.values():
                    for words in _groups(each.annotation):
                        found.update({word: found[word] | words for word in words})
    return found


def _groups(annotation: Any) -> Iterator[frozenset[str]]:
    is_enum = isinstance(annotation, type) and issubclass(annotation, Enum)
    if is_enum or get_origin(annotation) is Literal:
        words = [member.value for member in annotation] if is_enum else get_args(annotation)
        yield frozenset(word for word in words if isinstance(word, str))
    for part in get_args(annotation):
        yield from _groups(part)


async def unknown_words(leaf: Leaf) -> AsyncIterator[str]:
    """A word that the agency does not have decides nothing, neither by itself nor as a genuine one does."""
    strange = unheard_of(leaf.value) if isinstance(leaf.value, str) else None
    if strange is None:
        return
    result = await leaf.put(strange)
    async for place in _taken_for_alike(leaf, strange, _facts(result)):
        yield f"with a word that only resembles a known one decides {place}"
    guessed, usual = _facts(result), leaf.usual.facts
    if leaf.operation is Operation.COMPLETE_PAYMENT:
        guessed -= _NOTHING_TAKEN
    missing = await leaf.missing() if guessed else None
    guessed -= _facts(missing)
    wrong = guessed if missing is not None else guessed - usual
    if leaf.is_new("unknown words", guessed & usual):
        for word in sorted(leaf.words - {leaf.value}):
            other = await leaf.put(word)
            wrong |= _NOTHING if other is None else (guessed & usual) - other.facts
    for place in sorted({place_of(place) for place, _ in wrong}):
        yield f"with a word that is not known decides {place}"


_CODE: Final = re.compile(r"[A-Z]{2,}(?:[_-][A-Z]+)*|[a-z]{2,}(?:[_-][a-z]+)*")
"""A word of a machine's, such as ``PAID`` or ``in_review``: no name and no sentence is written so."""
_GATEWAYS_CODE: Final = re.compile(rf"{_CODE.pattern}|[A-Z][a-z]+")
"""A gateway's may be written like a name, ``Completed``: nothing is decided there by whose name it is."""
_OF_GATEWAYS: Final = frozenset(
    {Operation.QUERY_PAYMENT, Operation.COMPLETE_PAYMENT, Operation.REFUND_PAYMENT, Operation.LIST_PAYMENTS}
)
_WHOLE: Final = 2
"""Of the words that resemble one, as many hold it; the others are cut, as an abbreviation is."""


async def _taken_for_alike(leaf: Leaf, strange: str, unknown: Facts) -> AsyncIterator[str]:
    """What a word decides, and so does another that only holds it, though a strange one of its length does not.

    Where the word decides nothing, another that the agency has for it may: ``PENDING`` confirms nothing, and ``PAID``
    does.
    """
    code = _GATEWAYS_CODE if leaf.operation in _OF_GATEWAYS else _CODE
    if not isinstance(leaf.value, str) or not code.fullmatch(leaf.value) or not leaf.is_new("alike", leaf.value):
        return
    for word in (leaf.value, *sorted(filter(code.fullmatch, leaf.words - {leaf.value}))):
        decided = _facts(await leaf.put(word)) - unknown
        kindred = leaf.answer.kindred.get(word, frozenset())
        for like in sorted({*resembling(word)[:_WHOLE]} - kindred) if decided else ():
            kept = decided & _facts(await leaf.put(like))
            kept -= _facts(await leaf.put((strange * len(like))[: len(like)])) if kept else _NOTHING
            for place in sorted({place_of(place) for place, _ in kept}):
                yield place
        if decided:
            return


async def words_in_raw(answer: VariedAnswer) -> AsyncIterator[str]:
    """A status with a word that is not known, or only resembles a known one, has no state, and the word in raw."""
    usual, key = answer.usual.returned, ("raw", answer.play.rig.offer)
    if not isinstance(usual, AgencyStatus) or key in answer.tried:
        return
    answer.tried.add(key)
    places = [
        Leaf(answer, at, value)
        for at, value in answer.document.leaves()
        if isinstance(value, str) and len(value) > 1 and value in usual.raw
    ]
    decisive: list[Leaf] = []
    for word in (UNHEARD_OF, f"NOT {usual.raw}") if places else ():
        states = [(leaf, await _status(leaf, word)) for leaf in places]
        if any(status is None for _, status in states):
            yield "status: a word that is not known is refused"
            return
        decisive = [leaf for leaf, status in states if status is not None and status.state is None]
        if not decisive:
            taken = sorted({status.state.value for _, status in states if status is not None and status.state})
            yield f"status: a word that is not known is taken for {', '.join(taken)}"
        elif not any(status is not None and status.state is None and word in status.raw for _, status in states):
            yield "status: a word that is not known is not kept in raw"
    for leaf in decisive:
        for word in resembling(str(leaf.value)):
            status = await _status(leaf, word)
            if status is not None and status.state is not None and status.state is usual.state:
                yield f"{leaf.name} with a word that only resembles a known one is taken for {status.state.value}"
                return


async def _status(leaf: Leaf, word: str) -> AgencyStatus | None:
    result = await leaf.put(word)
    return result.returned if result is not None and isinstance(result.returned, AgencyStatus) else None


async def refusals(leaf: Leaf) -> AsyncIterator[str]:
    """Two words that each refuse what was asked for are reported apart."""
    words = sorted(leaf.answer.kindred.get(str(leaf.value), frozenset()) | leaf.words)
    if not isinstance(leaf.value, str) or unheard_of(leaf.value) is None or not leaf.is_new("refusals", *words):
        return
    reasons: set[object] = set()
    for word in words:
        result = await leaf.put(word)
        if result is None or not isinstance(result.returned, Rejected):
            continue
        reason = frozenset(result.values.items())
        if reason in reasons:
            yield ": two words that refuse are reported alike"
            return
        reasons.add(reason)


async def together(leaf: Leaf) -> AsyncIterator[str]:
    """A flag that is reported by itself is reported beside another one, too, in a sentence of the same kind."""
    usual, document = leaf.usual.returned, leaf.answer.document
    more = await leaf.put(not leaf.value) if isinstance(leaf.value, bool) and isinstance(usual, Rejected) else None
    if more is None or not isinstance(usual, Rejected) or not more.is_like(leaf.usual):
        return
    for at, flag in document.leaves():
        if at[:-1] == leaf.at[:-1] and at != leaf.at and isinstance(flag, bool):
            content = with_value(document.content, at, not flag)
            other = replace(document, body=document.put(at, not flag), content=content)
            alone = await leaf.answer.give(other.put(leaf.at, not leaf.value))
            end = None if alone is None else alone.returned
            if isinstance(end, Rejected) and end.reason_code == usual.reason_code and end.reason != usual.reason:
                yield "is reported by itself and not beside another"
                return


async def of_another(leaf: Leaf) -> AsyncIterator[str]:
    """What decides by our reference decides by ours alone: with another's it is reported as if there were none."""
    rig = leaf.answer.play.rig
    ours = {rig.references.client_reference, str(rig.references.idempotency_key), rig.payment}
    if not isinstance(leaf.value, str) or leaf.value not in ours or other_number(leaf.value) == leaf.value:
        return
    decided = leaf.usual.facts - _facts(await leaf.missing())
    if decided and leaf.is_new("of another", decided):
        wrong = decided & _facts(await leaf.put(other_number(leaf.value)))
        for place in sorted({place_of(place) for place, _ in wrong}):
            yield f"of somebody else is reported as ours, in {place}"


@dataclass(slots=True)
class DocumentsShown:
    """Of one offer, its responses, and the leaves that bring documents.

    For a response in which a document goes with the agency's word alone, nothing is compared: which word brings what,
    the agency does not say in its response.
    """

    _answers: list[VariedAnswer] = field(default_factory=list)
    _bringing: list[tuple[Leaf, frozenset[object]]] = field(default_factory=list)

    def note(self, answer: VariedAnswer) -> None:
        """Keep what was reported of a response that is not final: of a final one, a document may be left out."""
        if not any(value is True and place.endswith("final") for place, value in answer.usual.values.items()):
            self._answers.append(answer)

    async def look(self, leaf: Leaf) -> None:
        """Keep a leaf without which a document is not reported, and all else is as it was."""
        kinds = leaf.usual.documents
        if not kinds or leaf.value in (None, False, "") or not leaf.is_new("documents", *kinds):
            return
        result = await (leaf.put(value=False) if isinstance(leaf.value, bool) else leaf.missing())
        if result is not None and all(place.endswith(KIND) for place, _ in result.facts ^ leaf.usual.facts):
            self._bringing.append((leaf, kinds - result.documents))

    def wrong(self) -> Iterator[str]:
        """The leaves that bring a document in one response and not in another."""
        for leaf, brought in self._bringing:
            for answer in self._answers:
                same = (answer.label, answer.play.operation) == (leaf.answer.label, leaf.operation)
                shown = same and value_at(answer.document.content, leaf.at) == leaf.value
                if shown and not brought <= answer.usual.documents:
                    yield f"{leaf.operation.value}: {written(leaf.at)} brings a document beside one word alone"
                    break


_STEPS: Final = (-DAY, 0 * DAY, DAY)
_MONTHS: Final = (text for month in range(1, 13) for text in day_text(date(2026, month, 1)).model_dump().values())
_IN_A_DAY: Final = re.compile("|".join(["[0-9]+", *sorted({re.escape(text.split()[1]) for text in _MONTHS})]))
"""What days are written with: sentences that differ in nothing else are the same sentence."""


async def on_its_day(leaf: Leaf) -> AsyncIterator[str]:
    """A day that is today is reported like one of tomorrow, or like one of yesterday, as the simulator says."""
    instant = instant_of(leaf.value)
    if instant is None or instant.timed or not leaf.is_new("on its day"):
        return
    today = dhaka_date(leaf.answer.play.rig.clock.now())
    walls = [datetime(day.year, day.month, day.day) for day in (today + step for step in _STEPS)]  # noqa: DTZ001 - days
    past, now, to_come = [_without_days(await leaf.put(instant.write(wall))) for wall in walls]
    if leaf.answer.is_over or past == to_come or now not in (past, to_come):
        return
    meant = leaf.answer.play.rig.simulator.turning_days.get(str(leaf.at[-1]))
    if meant is None:
        yield "decides what is reported, and the simulator does not say whether it is the first day or the last"
    elif meant != ("first" if now == past else "last"):
        yield f"that is today is reported like {'one that is over' if meant == 'last' else 'one to come'}"


def _without_days(result: PlainResult | None) -> object:
    """What is reported, without any day; ``None`` where it is refused."""
    return None if result is None else frozenset((at, _dayless(value)) for at, value in result.values.items())


def _dayless(value: object) -> object:
    if isinstance(value, date | int | Money) and not isinstance(value, bool):
        return type(value)
    return (
        _IN_A_DAY.sub("", to_ascii_digits(value)) if isinstance(value, str) and not isinstance(value, Enum) else value
    )


_OF_THE_ASKING: Final = frozenset({"as_of", "issued_at", "expires_at", "check_after"})
"""What is reported of the asking itself and not of the agency: it goes with the clock."""
_OF_THE_HOST: Final = frozenset({Operation.QUOTE, Operation.DELIVERABLE})
"""Operations whose results the platform names anew each time: a quote, a document that is kept."""


def by_the_clock(operation: Operation, places: frozenset[str]) -> list[str]:
    """The places of a result in which nothing may go with the clock, and something does."""
    if operation in _OF_THE_HOST:
        return []
    return sorted({place_of(place) for place in places if place.rpartition(".")[2] not in _OF_THE_ASKING})


async def undated(leaf: Leaf) -> AsyncIterator[str]:
    """Where the agency names no day or hour, none is reported by the clock."""
    if instant_of(leaf.value) is None or leaf.operation in _OF_THE_HOST:
        return
    answer, document = leaf.answer, leaf.answer.document
    empty = [document.put(leaf.at, None)] if isinstance(document.format, JsonFormat) else []
    for body in (document.without(leaf.at), *empty):
        before = await answer.give_now(body)
        if before is not None:
            answer.play.rig.advance(A_WHILE)
            after = await answer.give_now(body)
            places = frozenset() if after is None else before.differs(after)
            for place in by_the_clock(leaf.operation, places):
                yield f"is not named, and {place} is reported by the clock"


_FRESH_EACH_TIME: Final = re.compile(
    r"signature|nonce|salt|boundary|timestamp|h?mac$|(?:request|message|trace|correlation)[_-]?id", re.IGNORECASE
)
"""In the name of a place: what an agency wants to be another each time."""
_TURNS: Final = (Chance.LOWEST, Chance.HIGHEST, Chance.LOWEST)
"""What differs between the first and the last of them does so by nature, such as the name of a kept document."""


async def left_to_chance(play: AnswerPlay, package: str) -> list[str]:
    """What is sent or reported otherwise where the plugin draws otherwise."""
    ends: list[dict[str, object]] = []
    for chance in _TURNS:
        with turned_to(chance, package):
            try:
                result = PlainResult.of(await play.replay.again(play.call, play.kept))
            except NagorikError as error:
                end: dict[str, object] = {"how it ends": error.code}
            else:
                end = {f"{at}, reported,": value for at, value in result.values.items()}
        sent = places_of(play.replay.asked, play.rig.simulator.codec)
        ends.append(end | {f"{at}, sent,": value for at, value in sent.items()})
    lowest, highest, again = ends
    differing = (
        at for at in {*lowest, *highest} if lowest.get(at) != highest.get(at) and lowest.get(at) == again.get(at)
    )
    places = sorted({place_of(place) for place in differing if not _FRESH_EACH_TIME.search(place)})
    return [f"{play.operation.value}: {place} is left to chance" for place in places]
