"""Days, numbers, references and remarks are told: what an agency says and nobody passes on, nobody ever learns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import JsonValue
from pydantic_core import from_json

from nagorik import Operation
from nagorik.values import dhaka_date, to_ascii_digits
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.told_result import normalised, texts_of, without_references
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    WrittenInstant,
    instant_of,
    next_sign,
    number_of,
    value_at,
    with_number,
)
from nagorik_testing.contract.checks.answers.varied import TellingRule, VariedAnswer
from nagorik_testing.contract.checks.inspection import leaves, written
from nagorik_toolkit.form_validation import Location

_REMARK: Final = "অনুগ্রহ করে নীল খামটি আনুন"
"""What an officer writes in a test."""
AT_ONCE: Final = timedelta(minutes=2)
"""An instant as near as this to the moment of asking is the answer's own date, as the number of a letter is."""

_OF_AN_APPLICATION: Final = frozenset(
    {
        Operation.SUBMIT,
        Operation.FIND,
        Operation.STATUS,
        Operation.ANSWER_CORRECTION,
        Operation.WITHDRAW,
        Operation.CALLBACK,
    }
)
"""Operations whose results say how an application stands: what one of them tells, no other has to."""


class ShownResource(NamedTuple):
    """What of the agency's an operation asks about.

    Attributes:
        operation: One of those that tell the same.
        resource: The last word of the path that holds no number.
        question: The service whose question is answered, where nothing is asked afterwards: what that answer does not
            tell, whoever asked it never learns. Empty for everything else.
        result: How the operation ended, where a field may say something of one of its ends alone.
    """

    operation: Operation
    resource: str
    question: str = ""
    result: str = ""

    @classmethod
    def by(cls, varied: VariedAnswer) -> "ShownResource":
        """What an answer shows."""
        operation, rig = varied.play.operation, varied.play.rig
        one = Operation.STATUS if operation in _OF_AN_APPLICATION else operation
        ends = operation is Operation.SUBMIT and Operation.STATUS not in rig.platform.service(rig.offer).operations
        return cls(one, varied.label.rpartition("/")[2], rig.offer if ends else "")

    @property
    def whatever_came(self) -> "ShownResource":
        """The same, however the operation ended."""
        return self._replace(result="")


@dataclass(slots=True)
class LeavesTold:
    """Of each field of the answers, whether anything follows from it.

    Attributes:
        told: What is shown of which something is told. Of what is only looked at on the way to something else, such
            as a payment before it is given back, nothing has to be.
        heeded: Fields from which something follows: what is told, what is sent next, or that the answer is refused.
        idle: Fields that hold a day, a number, a reference, or a yes or no, from which nothing followed, by their
            places.
        yes_or_no: Those of them that hold a yes or no: one that counts in another answer is read there.
        remarks: Names of fields that are told as what an officer wrote.
        passed_on: Fields whose text is told.
        held_back: Fields whose text is not told, by their places.
    """

    told: set[ShownResource] = field(default_factory=set)
    heeded: set[tuple[ShownResource, str]] = field(default_factory=set)
    idle: dict[tuple[ShownResource, str], str] = field(default_factory=dict)
    yes_or_no: set[tuple[ShownResource, str]] = field(default_factory=set)
    remarks: set[str] = field(default_factory=set)
    passed_on: set[tuple[ShownResource, str]] = field(default_factory=set)
    held_back: dict[tuple[ShownResource, str], str] = field(default_factory=dict)

    def left_out(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The places from which nothing ever follows, as a report names them, each with the names it may go by."""
        for (shown, name), place in self.idle.items():
            followed = {(shown, name), (shown.whatever_came, name)} & self.heeded
            elsewhere = (shown, name) in self.yes_or_no and self._counts_elsewhere(shown, name)
            if shown.whatever_came in self.told and not followed and not elsewhere:
                yield place, frozenset(_names(shown, name))
        for (shown, name), place in self.held_back.items():
            if name in self.remarks and (shown, name) not in self.passed_on:
                yield place, frozenset(_names(shown, name))

    def _counts_elsewhere(self, shown: ShownResource, name: str) -> bool:
        return any(name == other and shown.resource != one.resource for one, other in self.heeded)

    @property
    def names_heeded(self) -> frozenset[str]:
        """The names that fields from which something follows go by."""
        return frozenset(known for shown, name in self.heeded for known in _names(shown, name))


def _names(shown: ShownResource, name: str) -> Iterator[str]:
    """A field by itself; in the answer to a question, with the service besides."""
    yield name
    if shown.question:
        yield f"{shown.question}: {name}"


async def look_for_left_out(varied: VariedAnswer, at: Location, value: JsonValue, leaves_told: LeavesTold) -> None:
    """Note whether anything follows from a leaf that holds a day, a number, a reference, or a yes or no."""
    place = without_references(written(at))
    leaf = ShownResource.by(varied), place.rpartition(".")[2]
    if at in varied.told_of:
        leaves_told.told.add(leaf[0])
        leaves_told.heeded.add(leaf)
    await _look_for_remark(varied, at, value, leaves_told)
    if isinstance(value, bool):
        await _look_for_yes(varied, at, value, leaves_told)
        return
    if leaf in leaves_told.heeded:
        return
    other = _another(value)
    if other is None or _is_known(varied.play, value) or _is_count(varied.document.content, at, value):
        return
    if await _follows(varied, at, other) or await _follows_from_the_first(varied, at):
        leaves_told.heeded.add(leaf)
    else:
        of = f" of {leaf[0].question}" if leaf[0].question else ""
        leaves_told.idle.setdefault(leaf, f"{varied.play.operation.value}{of}: {place}")


async def _look_for_yes(varied: VariedAnswer, at: Location, value: bool, leaves_told: LeavesTold) -> None:  # noqa: FBT001 - a leaf
    """Note whether anything follows from a yes or no.

    That the other one is refused says something of this end alone: "none, and not all of them" is an error, and
    "these, and not all of them" has to be told. Whether a search saw everything says nothing of what it found.
    """
    if varied.play.operation is Operation.FIND:
        return
    shown, place = ShownResource.by(varied), without_references(written(at))
    leaf = shown._replace(result=type(varied.usual.result).__name__), place.rpartition(".")[2]
    end = await varied.put(at, not value)
    if end is None:
        leaves_told.heeded.add(leaf)
    elif not varied.is_usual(end):
        leaves_told.told.add(shown)
        leaves_told.heeded.add((shown, leaf[1]))
    else:
        leaves_told.yes_or_no.add(leaf)
        leaves_told.idle.setdefault(leaf, f"{varied.play.operation.value}: {place}")


async def _look_for_remark(varied: VariedAnswer, at: Location, value: JsonValue, leaves_told: LeavesTold) -> None:
    """Note whether a text is told, and whether it is told as an officer's remark; one that is empty here, too.

    Held back it can be in the answer to a question alone: of a status, status/whole-remarks tells.
    """
    is_text = value is None or (isinstance(value, str) and instant_of(value) is None and number_of(value) is None)
    if varied.play.operation not in _OF_AN_APPLICATION or not is_text:
        return
    place = without_references(written(at))
    leaf = ShownResource.by(varied), place.rpartition(".")[2]
    if leaf in leaves_told.passed_on or not varied.is_new(TellingRule.TEXT, at, ("remark", value is None)):
        return
    end = await varied.put(at, _REMARK)
    if end is None:
        return
    places = [where for where, text in texts_of(end.told).items() if normalised(_REMARK) in text]
    if places:
        leaves_told.passed_on.add(leaf)
    elif varied.play.operation is Operation.SUBMIT:
        leaves_told.held_back.setdefault(leaf, f"{varied.play.operation.value}: {place}")
    if any(where.rpartition(".")[2] == "remark" and end.told[where] == _REMARK for where in places):
        leaves_told.remarks.add(leaf[1])


async def _follows(varied: VariedAnswer, at: Location, other: JsonValue) -> bool:
    """Whether something else is told, sent next or refused with another value in one place."""
    end = await varied.put(at, other)
    return end is None or not varied.is_usual(end) or _is_passed_on(varied.play, str(other))


async def _follows_from_the_first(varied: VariedAnswer, at: Location) -> bool:
    """As ``_follows``, in the first entry of a list: that its last ones are not told is another fault."""
    first = tuple(0 if isinstance(step, int) else step for step in at)
    other = None if first == at else _another(value_at(varied.document.content, first))
    return other is not None and await _follows(varied, first, other)


def _another(value: JsonValue) -> JsonValue:
    """Another day, number or reference; ``None`` where the leaf holds none."""
    instant, number = instant_of(value), number_of(value)
    if instant is not None:
        return instant.write(instant.wall - DAY)
    if number is not None:
        return with_number(value, number + 1)
    if isinstance(value, str) and value.strip() and " " not in value.strip():
        return next_sign(value)
    return None


def _is_count(document: JsonValue, at: Location, value: JsonValue) -> bool:
    """Whether a number says how many entries stand beside it; one entry is written as no list in some formats."""
    beside, number = value_at(document, at[:-1]), number_of(value)
    if number is None or not isinstance(beside, dict):
        return False
    return any(
        isinstance(each, list | dict) and number == (len(each) if isinstance(each, list) else 1)
        for each in beside.values()
    )


def _is_passed_on(play: AnswerPlay, other: str) -> bool:
    """Whether what is sent next holds the other value, as it did not hold it before."""
    before = b"".join(kept.sent for kept in play.kept)
    return any(other.encode() in each.sent for each in play.replay.asked) and other.encode() not in before


def _is_known(play: AnswerPlay, value: JsonValue) -> bool:
    """Whether the host knows it already: from what it sent, from the application, or from its clock."""
    instant = instant_of(value)
    if instant is not None and _is_now(instant, play):
        return True
    text = to_ascii_digits(str(value)).strip()
    sent = (each for kept in play.kept for each in (kept.sent.decode("utf-8", "replace"), kept.path))
    if len(text) > 1 and any(text in to_ascii_digits(each) for each in sent):
        return True
    known = _known_of(play)
    return text in known if instant is None else instant.wall.date() in known


def _is_now(instant: WrittenInstant, play: AnswerPlay) -> bool:
    if not instant.timed:
        return instant.wall.date() == dhaka_date(play.at)
    return any(abs(reading - play.at) <= AT_ONCE for reading in (instant.in_dhaka, instant.in_utc))


def _known_of(play: AnswerPlay) -> frozenset[str | date]:
    """What the host itself knows of an application or a payment: its texts, and its days."""
    rig, references = play.rig, play.rig.references
    known: set[str | date] = {rig.payment, references.client_reference, references.agency_reference or ""}
    if any(offer.id == rig.offer for offer in rig.platform.services):
        known |= _said_in(rig.draft.model_dump_json(exclude={"consent", "documents"}))
    return frozenset(known)


@lru_cache(maxsize=64)
def _said_in(document: str) -> frozenset[str | date]:
    return frozenset(_said(from_json(document)))


def _said(document: JsonValue) -> Iterator[str | date]:
    for _, value in leaves(document):
        if isinstance(value, str):
            yield to_ascii_digits(value)
            if (day := instant_of(value)) is not None:
                yield day.wall.date()
