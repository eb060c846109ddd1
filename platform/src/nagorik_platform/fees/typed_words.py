"""What a person types for a field of a form or a dimension of a schedule, as these take it.

A form says by its JSON Schema what a field is. A word is taken by its value or by its title in either language, a
number in Bangla or ASCII digits, a day also as ``31/12/2026``. Whether the value is right is the form's to say.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from nagorik.values import to_ascii_digits
from nagorik.values.sentences import Text
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_toolkit.fees import Dimension, Word

_Schema = Mapping[str, Any]

_LONGEST_NUMBER: Final = 12
_DAY: Final = re.compile(r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})")
_YES: Final = Text(en="Yes", bn="হ্যাঁ")
_NO: Final = Text(en="No", bn="না")


@dataclass(frozen=True)
class FieldChoice:
    """One of the values that a field can have, and what it is called where it has a title."""

    value: JsonValue
    title: Text | None = None


class TypedField(NamedTuple):
    """A field as its form's schema describes it, behind references and unions its ``parts``.

    ``choices`` are all values that it can have, empty where there is no end of them; ``items`` those of an entry.
    """

    name: str
    label: Text
    choices: tuple[FieldChoice, ...]
    items: tuple[FieldChoice, ...]
    parts: tuple[_Schema, ...]

    def read(self, written: str) -> JsonValue:
        """The value that is meant; other text stays text, for the form to refuse."""
        text = written.strip()
        kinds = {part.get("type") for part in self.parts}
        if "array" in kinds and not text.startswith("["):
            inner = tuple(part["items"] for part in self.parts if isinstance(part.get("items"), Mapping))
            entry = self._replace(choices=self.items, items=(), parts=inner)
            return [entry.read(one) for one in text.split(",")]
        if kinds & {"array", "object"} and text.startswith(("[", "{")):
            try:
                document: JsonValue = json.loads(text)
            except (ValueError, RecursionError):
                return text
            return document
        chosen = _chosen(text, self.choices)
        if chosen is not None:
            return chosen.value
        plain = to_ascii_digits(text)
        if "integer" in kinds and plain.isdecimal() and len(plain) <= _LONGEST_NUMBER:
            return int(plain)
        day = _DAY.fullmatch(plain) if any(part.get("format") == "date" for part in self.parts) else None
        return f"{day['year']}-{int(day['month']):02d}-{int(day['day']):02d}" if day else text


def typed_fields(schema: _Schema) -> dict[str, TypedField]:
    """The fields of a form, by the keys under which its document holds them."""
    return {name: _field(name, described, schema) for name, described in schema.get("properties", {}).items()}


def read_dimension(dimension: Dimension, written: str) -> int | str | None:
    """A dimension's value as the schedule is asked, of a span its lowest number; ``None`` where it is not allowed."""
    word = _folded(written)
    if word in dimension.labels:
        allowed = dimension.values[dimension.labels.index(word)]
        return allowed.word if isinstance(allowed, Word) else allowed.low
    given: int | str = int(word) if word.isdecimal() and len(word) <= _LONGEST_NUMBER else word
    return given if any(value.admits(given) for value in dimension.values) else None


def _field(name: str, described: _Schema, schema: _Schema) -> TypedField:
    parts = tuple(alternatives(described, schema))
    label = next((title for part in parts if (title := title_of(part)) is not None), Text(en=name, bn=name))
    entries = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
    items = [inner for entry in entries for inner in alternatives(entry, schema)]
    return TypedField(name, label, _choices(parts), _choices(items), parts)


def _choices(parts: Sequence[_Schema]) -> tuple[FieldChoice, ...]:
    found: dict[JsonValue, Text | None] = {}
    for part in parts:
        titles = {one["const"]: title_of(one) for one in part.get("oneOf", ()) if "const" in one}
        values = [*part.get("enum", ()), *([part["const"]] if "const" in part else [])]
        found |= {value: titles.get(value) for value in values}
        if part.get("type") == "boolean":
            found |= {True: _YES, False: _NO}
    return tuple(FieldChoice(value, title) for value, title in found.items())


def _chosen(text: str, choices: Sequence[FieldChoice]) -> FieldChoice | None:
    word = _folded(text)
    for choice in choices:
        titles = [] if choice.title is None else [choice.title.en, choice.title.bn]
        if word in {_folded(name) for name in (_said(choice.value), *titles)}:
            return choice
    return None


def _folded(written: str) -> str:
    """As words are compared: Bangla letters that Unicode has in two spellings in one, digits in ASCII."""
    return to_ascii_digits(unicodedata.normalize("NFC", written)).strip().casefold()


def _said(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
