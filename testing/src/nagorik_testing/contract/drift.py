"""Whether an agency still answers as it did: two recordings compared, field by field."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue
from pydantic_core import from_json

from nagorik import Operation
from nagorik_testing.simulator.exchanges import BYTE_ORDER_MARK, Exchange
from nagorik_testing.simulator.scrubbing import EMPTY, is_data_key, is_shape, shape_label
from nagorik_testing.wire.codec import JSON, Codec, Format, JsonFormat

ROOT: Final = "$"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NOBODY: Final = "login"
"""Stands for the operation of a request that belongs to none."""


class Drift(StrEnum):
    """What has changed."""

    OPERATION_FAILS = "operation-fails"
    REQUEST_GONE = "request-gone"
    REQUEST_NEW = "request-new"
    STATUS = "status"
    CONTENT_TYPE = "content-type"
    FIELD_GONE = "field-gone"
    FIELD_NEW = "field-new"
    TYPE = "type"
    FORMAT = "format"
    WORD_NEW = "word-new"


@dataclass(frozen=True, slots=True)
class DriftChange:
    """One difference between what was recorded and what the agency answers now.

    Attributes:
        drift: What has changed.
        operation: The plugin's operation, or ``login``.
        request: Method and path template.
        place: The JSON path, such as ``$.lines[].amount``; ``-`` where the whole answer is meant.
        was: As recorded.
        now: As it is.
        breaking: Whether the plugin may misread the answer, or may no longer get one.
    """

    drift: Drift
    operation: str
    request: str
    place: str
    was: str
    now: str
    breaking: bool = True


_UNKNOWN_WORD: Final = "word()"
_STRANGE: Final = "a word that the plugin does not know"
_MARKED: Final = " with a byte order mark or not in UTF-8"
_DATA_KEY: Final = "<key>"
_FREE_TEXT: Final = "text"
_STRUCTURE: Final = ("@xmlns", "@element")
"""What names a document, and is no word in it."""


@dataclass(slots=True)
class _FieldProfile:
    """One place of the answers to one kind of request.

    Attributes:
        count: In how many of the objects around it, or answers, it is.
        objects: How many objects were at it.
        around: The place of the objects that it is a field of; empty for none.
        several: Whether it came more than once in one object where the format writes one as it writes several.
    """

    count: int = 0
    objects: int = 0
    several: bool = False
    around: str = ""
    types: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @property
    def summary(self) -> str:
        return " or ".join(sorted(self.formats | self.words | (self.types - {"text"})))


@dataclass(slots=True)
class _Profile:
    """All answers to one kind of request."""

    count: int = 0
    statuses: set[int] = field(default_factory=set)
    content_types: set[str] = field(default_factory=set)
    places: dict[str, _FieldProfile] = field(default_factory=dict)

    def always(self, place: str) -> bool:
        """Whether a place is in each of the objects around it, and in each answer where it is in no object."""
        entry = self.places[place]
        around = self.places.get(entry.around) if entry.around else None
        return entry.count == (self.count if around is None else around.objects)

    def has_around(self, entry: _FieldProfile) -> bool:
        """Whether there is an object that a place could be in."""
        return not entry.around or entry.around not in self.places or self.places[entry.around].objects > 0

    def note(self, place: str, value: JsonValue, *, around: str = "", again: bool = False, one: bool = False) -> None:
        """Take a value down, with everything in it.

        Args:
            place: Where it is.
            value: It.
            around: The object that it is a field of.
            again: Whether the same object has it already.
            one: Whether one of it is written as several are, and only their number tells which it is.
        """
        if one and isinstance(value, list):
            for number, part in enumerate(value):
                self.note(place, part, around=around, again=again or number > 0, one=one)
            if place in self.places:
                self.places[place].several |= len(value) > 1
            return
        entry = self.places.setdefault(place, _FieldProfile(around=around))
        entry.count += not again
        _note(entry, value)
        if isinstance(value, dict):
            entry.objects += 1
            seen: set[str] = set()
            for name, part in value.items():
                below = _field_place(place, name)
                self.note(below, part, around=place, again=below in seen, one=one)
                seen.add(below)
        elif isinstance(value, list):
            for part in value:
                self.note(f"{place}[]", part)


def _field_place(place: str, name: str) -> str:
    if is_data_key(name):
        return f"{place}.{_DATA_KEY}"
    return f"{place}.{name}" if "." not in name or name.startswith("@{") else f'{place}["{name}"]'


_Key = tuple[str, str]


def compare(
    recorded: Sequence[Exchange],
    seen: Sequence[Exchange],
    *,
    called: Collection[Operation],
    failed: Mapping[str, str] = NOTHING,
    words: Collection[str],
    codec: Codec = JSON,
) -> tuple[DriftChange, ...]:
    """What has changed, in the recording's order.

    Args:
        recorded: What the agency answered then.
        seen: What it answers now.
        called: The operations that were tried now wherever they are offered; of others, nothing is missed.
        failed: Operations that end in an error now, each with what that is.
        words: Words that the plugin knows, which are new to the recording alone.
        codec: What the agency speaks.
    """
    then, now = _profiles(recorded, codec.answers), _profiles(seen, codec.answers)
    names = {operation.value for operation in called}
    changes = [
        DriftChange(Drift.OPERATION_FAILS, name, "-", "-", "a result", wrong) for name, wrong in failed.items()
    ]
    for key, profile in then.items():
        operation, request = key
        if key in now:
            changes += _differences(key, profile, now[key], frozenset(words))
        elif operation in names:
            changes.append(DriftChange(Drift.REQUEST_GONE, operation, request, "-", "asked", "not asked any more"))
    for operation, request in now.keys() - then.keys():
        changes.append(
            DriftChange(Drift.REQUEST_NEW, operation, request, "-", "not recorded", "asked", breaking=False)
        )
    return tuple(changes)


def _profiles(exchanges: Iterable[Exchange], answers: Format) -> dict[_Key, _Profile]:
    found: dict[_Key, _Profile] = {}
    for exchange in exchanges:
        operation = exchange.operation.value if exchange.operation is not None else NOBODY
        profile = found.setdefault((operation, exchange.request.line), _Profile())
        profile.count += 1
        profile.statuses.add(exchange.response.status)
        label = exchange.response.all_headers.get("content-type", "none")
        marked = exchange.response.body.startswith(BYTE_ORDER_MARK)
        profile.content_types.add(f"{label}{_MARKED}" if marked else label)
        content, is_json = _content(exchange.response.body.removeprefix(BYTE_ORDER_MARK), answers)
        profile.note(ROOT, content, one=not is_json)
    return found


def _content(body: str, answers: Format) -> tuple[JsonValue, bool]:
    """What an answer holds, and whether it is JSON, whatever it is labelled as; nothing where it cannot be read."""
    try:
        return from_json(body), True
    except ValueError:
        if isinstance(answers, JsonFormat) or not body:
            return None, True
    try:
        return answers.outline(body.encode("utf-8")), False
    except ValueError:
        return None, True


def _note(entry: _FieldProfile, value: JsonValue) -> None:
    entry.types.add(_type_of(value))
    if isinstance(value, str):
        if not value:
            entry.formats.add(EMPTY)
        elif is_shape(value):
            entry.formats.add(shape_label(value))
        else:
            entry.words.add(value)


def _type_of(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
        case _:
            return "list"


def _differences(key: _Key, then: _Profile, now: _Profile, words: frozenset[str]) -> Iterator[DriftChange]:
    operation, request = key
    if strange := now.statuses - then.statuses:
        yield DriftChange(Drift.STATUS, operation, request, "-", _all(then.statuses), _all(strange))
    if new_types := now.content_types - then.content_types:
        media = {_media(each) for each in new_types} - {_media(each) for each in then.content_types}
        types = _all(then.content_types), _all(new_types)
        yield DriftChange(Drift.CONTENT_TYPE, operation, request, "-", *types, breaking=bool(media))
    yield from _of_fields(key, then, now, words)


def _of_fields(key: _Key, then: _Profile, now: _Profile, words: frozenset[str]) -> Iterator[DriftChange]:
    """What has changed in the document; below a place that is gone or of another type, nothing more is said."""
    operation, request = key
    settled: list[str] = []
    for place, was in then.places.items():
        if _below(place, settled):
            continue
        found = now.places.get(place)
        required = then.always(place) and not place.endswith(("[]", _DATA_KEY))
        if found is None:
            settled.append(place)
            # A list may be empty today or an object null, and what was not always there need not be.
            if required and now.has_around(was):
                yield DriftChange(Drift.FIELD_GONE, operation, request, place, was.summary, "gone")
            continue
        if required and not now.always(place):
            yield DriftChange(Drift.FIELD_GONE, operation, request, place, "always there", "not always there")
        if strange_types := found.types - was.types:
            # Whoever reads a number reads an integer, too.
            breaking = not (strange_types == {"integer"} and "number" in was.types)
            if breaking:
                settled.append(place)
            types = _all(was.types), _all(strange_types)
            yield DriftChange(Drift.TYPE, operation, request, place, *types, breaking=breaking)
            continue
        if found.several and not was.several:
            yield DriftChange(Drift.TYPE, operation, request, place, "one", "several", breaking=False)
        yield from _of_text(key, place, was, found, words)
    yield from _of_new_fields(key, then, now, settled)


def _of_new_fields(key: _Key, then: _Profile, now: _Profile, settled: Sequence[str]) -> Iterator[DriftChange]:
    """What is there that was not; a namespace where there was none hides an element from whoever looked without."""
    new: list[str] = []
    for place, found in now.places.items():
        if place not in then.places and not _below(place, [*settled, *new]):
            new.append(place)
            told = place, "not there", found.summary
            yield DriftChange(Drift.FIELD_NEW, *key, *told, breaking=place.endswith(_STRUCTURE))


def _of_text(
    key: _Key, place: str, was: _FieldProfile, now: _FieldProfile, words: frozenset[str]
) -> Iterator[DriftChange]:
    """What has changed in a string. Where free text was seen, any other may follow it, but no numbers alone."""
    operation, request = key
    if EMPTY in now.formats - was.formats and "null" in was.types - now.types:
        yield DriftChange(Drift.TYPE, operation, request, place, "null", EMPTY)
    if was.formats == {EMPTY} and not was.words:
        return  # of what it may hold, nothing was seen
    new_formats = now.formats - was.formats
    if any(shape.startswith(_FREE_TEXT) for shape in was.formats):
        others = new_formats - {EMPTY}
        if others and not any(shape.startswith(_FREE_TEXT) for shape in now.formats):
            yield DriftChange(Drift.FORMAT, operation, request, place, was.summary, _all(others), breaking=False)
        return
    if was.words and new_formats == {_UNKNOWN_WORD}:
        yield DriftChange(Drift.WORD_NEW, operation, request, place, was.summary, _STRANGE)
    elif new_formats:
        yield DriftChange(Drift.FORMAT, operation, request, place, was.summary, _all(new_formats))
    if new_words := now.words - was.words:
        known = new_words <= words and not place.endswith(_STRUCTURE)
        drift = Drift.WORD_NEW if was.words else Drift.FORMAT
        yield DriftChange(drift, operation, request, place, was.summary, _all(new_words), breaking=not known)


def _below(place: str, others: Sequence[str]) -> bool:
    return any(place.startswith((f"{other}.", f"{other}[")) for other in others)


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip()


def _all(values: Iterable[object]) -> str:
    return " or ".join(sorted(str(value) for value in values))
