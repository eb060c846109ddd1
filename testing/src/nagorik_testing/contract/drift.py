"""Whether an agency still answers as it did: two recordings compared, field by field."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue
from pydantic_core import from_json

from nagorik import Operation
from nagorik_testing.simulator.exchanges import Exchange
from nagorik_testing.simulator.scrubbing import is_shape, shape_label
from nagorik_testing.wire.codec import JSON, Codec, Format, JsonFormat, media_type_of

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


@dataclass(slots=True)
class _FieldProfile:
    count: int = 0
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
        profile.content_types.add(exchange.response.all_headers.get("content-type", "none"))
        here: set[str] = set()
        for place, value in _contents(exchange, answers):
            entry = profile.places.setdefault(place, _FieldProfile())
            entry.count += place not in here
            here.add(place)
            _note(entry, value)
    return found


def _contents(exchange: Exchange, answers: Format) -> Iterator[tuple[str, JsonValue]]:
    """Every value of an answer with its path."""
    label = exchange.response.all_headers.get("content-type", "")
    try:
        if isinstance(answers, JsonFormat) or not answers.takes(media_type_of(label)):
            yield from _places(ROOT, from_json(exchange.response.body), several="[]")
        else:
            # One element is written as several are, and only their number tells which it is.
            yield from _places(ROOT, answers.read(exchange.response.body.encode("utf-8"), label), several="")
    except ValueError:
        yield ROOT, None


def _places(place: str, value: JsonValue, *, several: str) -> Iterator[tuple[str, JsonValue]]:
    if several or not isinstance(value, list):
        yield place, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _places(f"{place}.{name}", part, several=several)
    elif isinstance(value, list):
        for part in value:
            yield from _places(f"{place}{several}", part, several=several)


def _note(entry: _FieldProfile, value: JsonValue) -> None:
    entry.types.add(_type_of(value))
    if isinstance(value, str):
        if is_shape(value):
            entry.formats.add(shape_label(value))
        else:
            entry.words.add(value)


def _type_of(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
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
        if found is None:
            settled.append(place)
            # A list may be empty today, and what was not always there need not be.
            if was.count == then.count and not place.endswith("[]"):
                yield DriftChange(Drift.FIELD_GONE, operation, request, place, was.summary, "gone")
            continue
        if was.count == then.count and found.count < now.count:
            yield DriftChange(Drift.FIELD_GONE, operation, request, place, "always there", "not always there")
        if strange_types := found.types - was.types:
            settled.append(place)
            yield DriftChange(Drift.TYPE, operation, request, place, _all(was.types), _all(strange_types))
            continue
        yield from _of_text(key, place, was, found, words)
    new: list[str] = []
    for place, found in now.places.items():
        if place not in then.places and not _below(place, [*settled, *new]):
            new.append(place)
            yield DriftChange(Drift.FIELD_NEW, operation, request, place, "not there", found.summary, breaking=False)


def _of_text(
    key: _Key, place: str, was: _FieldProfile, now: _FieldProfile, words: frozenset[str]
) -> Iterator[DriftChange]:
    """What has changed in a string. Where free text was seen, any other may follow it."""
    if any(shape.startswith("text") for shape in was.formats):
        return
    operation, request = key
    if new_formats := now.formats - was.formats:
        yield DriftChange(Drift.FORMAT, operation, request, place, was.summary, _all(new_formats))
    if new_words := now.words - was.words:
        known = new_words <= words
        drift = Drift.WORD_NEW if was.words else Drift.FORMAT
        yield DriftChange(drift, operation, request, place, was.summary, _all(new_words), breaking=not known)


def _below(place: str, others: Sequence[str]) -> bool:
    return any(place.startswith((f"{other}.", f"{other}[")) for other in others)


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip()


def _all(values: Iterable[object]) -> str:
    return " or ".join(sorted(str(value) for value in values))
