"""Fields of responses that nothing reads: what the agency says there reaches neither the citizen nor the host."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from pydantic import JsonValue

from nagorik import Operation
from nagorik.values import dhaka_date, to_ascii_digits
from nagorik_testing.contract.checks.answers.observer import Leaf
from nagorik_testing.contract.checks.answers.plays import AnswerPlay
from nagorik_testing.contract.checks.answers.results import without_references
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    instant_of,
    next_sign,
    number_of,
    value_at,
    with_number,
)
from nagorik_testing.contract.checks.inspection import written

AT_ONCE: Final = timedelta(minutes=2)
"""An instant as near as this to the moment of asking is the response's own date, as the number of a letter is."""
_OF_AN_APPLICATION: Final = frozenset(
    {Operation.SUBMIT, Operation.FIND, Operation.ANSWER_CORRECTION, Operation.WITHDRAW, Operation.CALLBACK}
)
"""Operations whose results say how an application stands: what a status reports, they have not to."""


class ResponseField(NamedTuple):
    """A field of the agency's responses.

    Attributes:
        operation: One of those that report the same.
        resource: The last word of the path that holds no number.
        question: The service whose question is answered, where nothing is asked afterwards; empty otherwise.
        name: The field's.
        end: How the operation ended, where the other value of a yes or no is refused in one of its ends alone.
    """

    operation: Operation
    resource: str
    question: str
    name: str
    end: str = ""


@dataclass(slots=True)
class FieldsRead:
    """Of each field of the responses, whether anything follows from it.

    Attributes:
        shown: Operations, resources and questions of which something is reported. What is only looked at on the way
            to something else, such as a payment before it is given back, has to be read by nothing.
        read: Fields from which something follows: what is reported, what is sent next, or a refusal.
        unread: The others that hold a day, a number, a reference, or a yes or no, by their places.
    """

    shown: set[tuple[Operation, str, str]] = field(default_factory=set)
    read: set[ResponseField] = field(default_factory=set)
    unread: dict[ResponseField, str] = field(default_factory=dict)

    def ignored(self) -> dict[str, frozenset[str]]:
        """The places that nothing ever reads, as a report names them, each with the names it may go by."""
        return {
            place: frozenset(_names(one))
            for one, place in self.unread.items()
            if one[:3] in self.shown
            and not {one, one._replace(end="")} & self.read
            and not self._counts_elsewhere(one)
        }

    def _counts_elsewhere(self, one: ResponseField) -> bool:
        return bool(one.end) and any(one.name == other.name and one.resource != other.resource for other in self.read)

    @property
    def names_read(self) -> frozenset[str]:
        """The names of fields from which something follows."""
        return frozenset(name for one in self.read for name in _names(one))

    async def note(self, leaf: Leaf) -> None:
        """Note whether anything follows from a leaf that holds a day, a number, a reference, or a yes or no."""
        place, one, answer = without_references(written(leaf.at)), _field_of(leaf), leaf.answer
        is_flag = isinstance(leaf.value, bool)
        others = [not leaf.value] if is_flag and leaf.operation is not Operation.FIND else _others(leaf.value)
        if leaf.at not in answer.reported and one not in self.read and not _is_known(leaf):
            follows = any([await _follows(leaf, other) for other in others])
            one = one._replace(end=type(leaf.usual.returned).__name__) if is_flag else one
            if follows:
                self.read.add(one)
            elif others:
                of = f" of {one.question}" if one.question and not is_flag else ""
                self.unread.setdefault(one, f"{leaf.operation.value}{of}: {place}")
        if leaf.at in answer.reported:
            self.shown.add(one[:3])
            self.read.add(one._replace(end=""))


def _names(one: ResponseField) -> Iterator[str]:
    """A field by itself; in the answer to a question, with the service besides."""
    yield one.name
    if one.question:
        yield f"{one.question}: {one.name}"


def _field_of(leaf: Leaf) -> ResponseField:
    rig = leaf.answer.play.rig
    operation = Operation.STATUS if leaf.operation in _OF_AN_APPLICATION else leaf.operation
    ends = leaf.operation is Operation.SUBMIT and Operation.STATUS not in rig.platform.service(rig.offer).operations
    name = without_references(written(leaf.at)).rpartition(".")[2]
    return ResponseField(operation, leaf.answer.label.rpartition("/")[2], rig.offer if ends else "", name)


async def _follows(leaf: Leaf, other: JsonValue) -> bool:
    """Whether something else is reported, sent next or refused with another value in one place."""
    result = await leaf.put(other)
    play, text = leaf.answer.play, str(other).encode()
    sent_before = any(text in kept.sent for kept in play.kept)
    passed_on = not sent_before and any(text in each.sent for each in play.replay.asked)
    return result is None or not result.is_like(leaf.usual) or passed_on


def _others(value: JsonValue) -> list[JsonValue]:
    """A day before, a month after, or another number or reference; empty where the leaf holds none of them."""
    instant, number = instant_of(value), number_of(value)
    if instant is not None:
        return [instant.write(instant.wall - DAY), instant.write(instant.wall + 30 * DAY)]
    if number is not None:
        return [with_number(value, number + 1)]
    other = next_sign(value) if isinstance(value, str) and " " not in value.strip() else None
    return [] if other is None else [other]


def _is_known(leaf: Leaf) -> bool:
    """Whether the host knows it already: from what it sent, from the application, from its clock, or by counting."""
    play, value, instant = leaf.answer.play, leaf.value, instant_of(leaf.value)
    if isinstance(value, bool):
        return False
    if instant is not None and not instant.timed and instant.wall.date() == dhaka_date(play.at):
        return True
    if instant is not None and any(abs(at - play.at) <= AT_ONCE for at in (instant.in_dhaka, instant.in_utc)):
        return instant.timed
    beside = value_at(leaf.answer.document.content, leaf.at[:-1])
    entries = (each for each in beside.values() if isinstance(each, list | dict)) if isinstance(beside, dict) else ()
    counts = {len(each) if isinstance(each, list) else 1 for each in entries}  # one entry is no list in some formats
    text = to_ascii_digits(str(value)).strip()
    known = _known_of(play)
    in_known = (len(text) > 1 and text in known) or (instant is not None and instant.wall.date().isoformat() in known)
    return in_known or number_of(value) in counts


def _known_of(play: AnswerPlay) -> str:
    """What the host itself knows of an application or a payment, and what it sent."""
    rig, references = play.rig, play.rig.references
    sent = (text for kept in play.kept for text in (kept.sent.decode("utf-8", "replace"), kept.path))
    known = [rig.payment, references.client_reference, references.agency_reference or "", *sent]
    if any(offer.id == rig.offer for offer in rig.platform.services):
        known.append(rig.draft.model_dump_json(exclude={"consent", "documents"}))
    return to_ascii_digits(" ".join(known))
