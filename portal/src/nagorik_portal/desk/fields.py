"""A form's fields, read from its JSON Schema: what is typed becomes the form's JSON, and the other way round.

An input is named by its place, such as ``new_address.division`` or ``changes.0.value``; a date has three inputs,
``birth_date.day`` and so on, and each option of a field of several values has one of its own.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from pydantic import JsonValue

from nagorik import Text, to_ascii_digits
from nagorik.privacy import mask_tail
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_portal.desk.wording import text
from nagorik_toolkit.bangladesh import DateStyle, parse_date
from nagorik_toolkit.texts import day_text

Typed = Mapping[str, str]
"""What stands in the inputs of a page, by their names."""
DATE_PARTS: Final = ("day", "month", "year")
BLANK: Final = object()
"""Stands where nothing was typed."""
MOST_ENTRIES: Final = 200
_MASKED: Final = {"Nid", "BirthRegistrationNumber"}
_LONGEST_NUMBER: Final = 15
_LENGTH_OF_YEAR: Final = 4


class Option(NamedTuple):
    """One of the values that a field can have."""

    value: JsonValue
    label: Text

    @property
    def word(self) -> str:
        """The option in a form of HTML."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        key: Its name in the form.
        members: Of a group its fields; of a list the one field that each entry is.
        nullable: Whether the form takes null for what is not known.
        masked: Whether it holds an identity number, of which a summary shows the end alone.
    """

    key: str
    kind: Literal["text", "number", "date", "choice", "several", "group", "list"]
    label: Text
    hint: Text | None = None
    options: tuple[Option, ...] = ()
    members: tuple["Field", ...] = ()
    required: bool = True
    nullable: bool = False
    masked: bool = False
    default: JsonValue = None

    def value(self, typed: Typed, at: str) -> Any:
        """The value at ``at`` as JSON; of what was left blank, what the form takes for it, or ``BLANK``.

        What cannot be read is handed on as it was typed, so that the form itself says what is wrong with it.
        """
        found = self._read(typed, at)
        blank = None if self.nullable else BLANK if self.required else self.default
        return blank if found is BLANK else found

    def _read(self, typed: Typed, at: str) -> Any:
        match self.kind:
            case "group":
                values = {member.key: member._read(typed, f"{at}.{member.key}") for member in self.members}
                return {key: value for key, value in values.items() if value is not BLANK} or BLANK
            case "list":
                (member,) = self.members
                entries = [member._read(typed, f"{at}.{index}") for index in range(self.count(typed, at))]
                while entries and entries[-1] is BLANK:
                    entries.pop()
                return [one if one is not BLANK else {} if member.members else "" for one in entries] or BLANK
            case "several":
                return [option.value for option in self.options if f"{at}.{option.word}" in typed] or BLANK
            case "date":
                return _read_date([to_ascii_digits(typed.get(f"{at}.{part}", "")).strip() for part in DATE_PARTS])
        word = typed.get(at, "").strip()
        if self.kind == "choice":
            return next((one.value for one in self.options if one.word == word), word or BLANK)
        digits = to_ascii_digits(word)
        is_number = self.kind == "number" and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER
        return int(digits) if is_number else word or BLANK

    def write(self, value: JsonValue, at: str) -> dict[str, str]:
        """What stands in the inputs for a value of the form."""
        match self.kind, value:
            case "group", dict():
                inner = [one.write(value.get(one.key), f"{at}.{one.key}") for one in self.members]
                return {name: word for part in inner for name, word in part.items()}
            case "list", list():
                inner = [self.members[0].write(one, f"{at}.{index}") for index, one in enumerate(value)]
                return {f"{at}.count": str(len(value)), **{name: word for one in inner for name, word in one.items()}}
            case "several", list():
                return {f"{at}.{option.word}": option.word for option in self.options if option.value in value}
            case "date", str():
                year, month, day = (*value.split("-", 2), "", "")[:3]
                return {f"{at}.day": day, f"{at}.month": month, f"{at}.year": year}
            case _, dict():
                return {at: str(value.get("value") or value.get("e164") or "")}
        return {} if value is None else {at: Option(value, self.label).word}

    def count(self, typed: Typed, at: str) -> int:
        """How many entries of a list the page has, at least one."""
        count = typed.get(f"{at}.count", "")[:4]
        return min(max(int(count) if count.isdecimal() else 1, 1), MOST_ENTRIES)

    def answers(self, value: JsonValue, label: Text | None = None) -> Iterator[tuple[Text, object]]:
        """Each part of a value with its label, as a summary shows it."""
        label = label or self.label
        match self.kind, value:
            case "group", dict():
                for member in self.members:
                    if value.get(member.key) is not None:
                        part = text("form.part", label=label, part=member.label)
                        yield from member.answers(value[member.key], part)
            case "list", list():
                for number, one in enumerate(value, start=1):
                    yield from self.members[0].answers(one, text("form.entry", label=label, number=number))
            case "several", list():
                yield from ((label, one.label) for one in self.options if one.value in value)
            case _:
                yield label, self._answer(value)

    def _answer(self, value: JsonValue) -> object:
        shown = next(iter(self.write(value, "").values()), "")
        option = next((one.label for one in self.options if one.value == value), None)
        if value is None or option is not None:
            return option or text("form.not-known")
        if self.kind == "date":
            with suppress(ValueError):
                return day_text(parse_date(value, DateStyle.ISO))
            return value
        return mask_tail(shown) if self.masked else shown


def read_fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form by its JSON Schema, in the form's order."""
    return _members(schema, schema)


def _members(described: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Field, ...]:
    required = described.get("required", ())
    return tuple(_field(key, one, schema, required=key in required) for key, one in described["properties"].items())


def _field(key: str, described: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool) -> Field:
    may_be = alternatives(described, schema)
    # Of several, a bare value comes first; options may stand behind a reference.
    kinds = [one for one in may_be if one.get("type", "null") != "null"]
    chosen = next((one for one in may_be if "enum" in one), kinds[0])
    label = text(f"form.in-{key}") if key in {"bn", "en"} else title_of(described) or Text(en=key, bn=key)
    help_text = {"title": described.get("description"), "x-title-bn": described.get("x-description-bn")}
    common: dict[str, Any] = {
        "key": key,
        "label": label,
        "hint": title_of(help_text),
        "required": required,
        "nullable": any(one.get("type") == "null" for one in may_be),
        "masked": any(str(one.get("$ref", "")).rpartition("/")[2] in _MASKED for one in may_be),
        "default": described.get("default"),
    }
    match chosen:
        case {"enum": list()}:
            return Field(kind="choice", options=_options(chosen), **common)
        case {"type": "boolean"}:
            yes_no = (Option(value=True, label=text("form.yes")), Option(value=False, label=text("form.no")))
            return Field(kind="choice", options=yes_no, **common)
        case {"type": "object"}:
            return Field(kind="group", members=_members(chosen, schema), **common)
        case {"type": "array", "items": {"enum": list()} as items}:
            return Field(kind="several", options=_options(items), **common)
        case {"type": "array", "items": items}:
            entry = _field(key, {"title": label.en, "x-title-bn": label.bn, **items}, schema, required=True)
            return Field(kind="list", members=(entry,), **common)
        case {"type": "string", "format": "date"}:
            return Field(kind="date", **common)
    return Field(kind="number" if chosen["type"] == "integer" else "text", **common)


def _options(chosen: Mapping[str, Any]) -> tuple[Option, ...]:
    titles = {one["const"]: title_of(one) for one in chosen.get("oneOf", ())}
    plain = {one: text("form.number", number=one) for one in chosen["enum"] if isinstance(one, int)}
    return tuple(
        Option(one, titles.get(one) or plain.get(one) or Text(en=str(one), bn=str(one))) for one in chosen["enum"]
    )


def _read_date(parts: list[str]) -> Any:
    day, month, year = parts
    if all(part.isdecimal() for part in parts) and len(year) == _LENGTH_OF_YEAR:
        return f"{year}-{month:0>2}-{day:0>2}"
    return f"{day}/{month}/{year}" if any(parts) else BLANK
