"""A form's fields, read from its JSON Schema: what is typed becomes the form's JSON, and the other way round.

An input is named by its place, such as ``new_address.division`` or ``changes.0.value``; a date has three inputs,
``birth_date.day`` and so on, and each option of a field of several values has one of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import JsonValue

from nagorik import Text, to_ascii_digits
from nagorik.privacy import mask_tail
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_portal.desk.wording import text
from nagorik_toolkit.bangladesh import DateStyle, parse_date
from nagorik_toolkit.texts import day_text

Kind = Literal["text", "number", "date", "choice", "several", "group", "list"]
Typed = Mapping[str, str]
"""What stands in the inputs of a page, by their names."""
DATE_PARTS: Final = ("day", "month", "year")
COUNT: Final = "count"
"""The input that says how many entries a list has."""
_MASKED: Final = ("Nid", "BirthRegistrationNumber")
_BARE: Final = ("value", "e164")
_YES_NO: Final = (True, False)


class _Blank:
    """Stands where nothing was typed."""


BLANK: Final = _Blank()


@dataclass(frozen=True, slots=True)
class Option:
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
        most: The most entries of a list.
    """

    key: str
    kind: Kind
    label: Text
    hint: Text | None = None
    options: tuple[Option, ...] = ()
    members: tuple["Field", ...] = ()
    required: bool = True
    nullable: bool = False
    masked: bool = False
    default: JsonValue = None
    most: int = 200

    def read(self, typed: Typed, at: str) -> JsonValue | _Blank:
        """The value at ``at`` as JSON, as far as it was typed; ``BLANK`` where nothing was.

        What cannot be read is handed on as it was typed, so that the form itself says what is wrong with it.
        """
        match self.kind:
            case "group":
                values = {member.key: member.read(typed, f"{at}.{member.key}") for member in self.members}
                filled = {key: value for key, value in values.items() if not isinstance(value, _Blank)}
                return filled or BLANK
            case "list":
                entries = [self.members[0].read(typed, f"{at}.{index}") for index in range(self.count(typed, at))]
                return [{} if isinstance(one, _Blank) else one for one in entries if one is not BLANK] or BLANK
            case "several":
                return [option.value for option in self.options if f"{at}.{option.word}" in typed] or BLANK
            case "date":
                return _read_date([to_ascii_digits(typed.get(f"{at}.{part}", "")).strip() for part in DATE_PARTS])
            case "choice":
                word = typed.get(at, "")
                return next((one.value for one in self.options if one.word == word), word or BLANK)
            case "number":
                digits = to_ascii_digits(typed.get(at, "")).strip()
                return int(digits) if digits.isdecimal() and len(digits) < 16 else digits or BLANK  # noqa: PLR2004
        return typed.get(at, "").strip() or BLANK

    def value(self, typed: Typed, at: str) -> JsonValue | _Blank:
        """As ``read``; of what was left blank, what the form takes for it, if it takes anything."""
        found = self.read(typed, at)
        if not isinstance(found, _Blank):
            return found
        return None if self.nullable else BLANK if self.required else self.default

    def write(self, value: JsonValue, at: str) -> dict[str, str]:
        """What stands in the inputs for a value of the form."""
        match self.kind, value:
            case "group", dict():
                parts = (one.write(value[one.key], f"{at}.{one.key}") for one in self.members if one.key in value)
                return {name: word for part in parts for name, word in part.items()}
            case "list", list():
                parts = (self.members[0].write(one, f"{at}.{index}") for index, one in enumerate(value))
                return {f"{at}.{COUNT}": str(len(value))} | {
                    name: word for part in parts for name, word in part.items()
                }
            case "several", list():
                return {f"{at}.{option.word}": option.word for option in self.options if option.value in value}
            case "date", str():
                year, _, rest = value.partition("-")
                month, _, day = rest.partition("-")
                return dict(zip((f"{at}.{part}" for part in DATE_PARTS), (day, month, year), strict=True))
            case _, dict():
                bare = next((str(value[name]) for name in _BARE if name in value), "")
                return {at: bare}
            case _, bool():
                return {at: str(value).lower()}
        return {} if value is None else {at: str(value)}

    def count(self, typed: Typed, at: str) -> int:
        """How many entries of a list the page has, at least one."""
        written = typed.get(f"{at}.{COUNT}", "")
        return min(max(int(written) if written.isascii() and written.isdigit() else 1, 1), self.most)

    def answers(self, value: JsonValue, label: Text | None = None) -> Iterator[tuple[Text, object]]:
        """Each part of a value with its label, as a summary shows it."""
        match self.kind, value:
            case "group", dict():
                for member in self.members:
                    if value.get(member.key) is not None:
                        yield from member.answers(value[member.key])
            case "list", list():
                for number, one in enumerate(value, start=1):
                    yield from self.members[0].answers(one, text("form.entry", label=self.label, number=number))
            case "several", list():
                yield from ((label or self.label, one.label) for one in self.options if one.value in value)
            case _:
                yield label or self.label, self._answer(value)

    def _answer(self, value: JsonValue) -> object:
        if value is None:
            return text("form.not-known")
        if self.kind == "choice":
            return next((one.label for one in self.options if one.value == value), str(value))
        if self.kind == "date":
            return _day(str(value))
        written = next(iter(self.write(value, "").values()), "")
        return mask_tail(written) if self.masked else written


def read_fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of a form by its JSON Schema, in the form's order."""
    return _members(schema, schema)


def _members(described: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Field, ...]:
    required = described.get("required", ())
    return tuple(_field(key, one, schema, required=key in required) for key, one in described["properties"].items())


def _field(key: str, described: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool) -> Field:
    may_be = alternatives(described, schema)
    typed = [one for one in may_be if one.get("type", "null") != "null"]
    chosen = next((one for one in may_be if "enum" in one), typed[0])
    names = {str(one.get("$ref", "")).rpartition("/")[2] for one in may_be}
    fits = {
        "key": key,
        "label": _label(key, described),
        "hint": _hint(described),
        "required": required,
        "nullable": any(one.get("type") == "null" for one in may_be),
        "masked": bool(names.intersection(_MASKED)),
        "default": described.get("default"),
    }
    match chosen:
        case {"enum": list()}:
            return Field(kind="choice", options=_options(chosen), **fits)
        case {"type": "boolean"}:
            options = tuple(Option(value, text("form.yes" if value else "form.no")) for value in _YES_NO)
            return Field(kind="choice", options=options, **fits)
        case {"type": "object"}:
            return Field(kind="group", members=_members(chosen, schema), **fits)
        case {"type": "array", "items": {"enum": list()} as items}:
            return Field(kind="several", options=_options(items), **fits)
        case {"type": "array", "items": items}:
            entry = _field(
                key, {"title": fits["label"].en, "x-title-bn": fits["label"].bn, **items}, schema, required=True
            )
            return Field(kind="list", members=(entry,), most=chosen.get("maxItems", 200), **fits)
        case {"type": "string", "format": "date"}:
            return Field(kind="date", **fits)
        case {"type": "integer"}:
            return Field(kind="number", **fits)
    return Field(kind="text", **fits)


def _options(chosen: Mapping[str, Any]) -> tuple[Option, ...]:
    titles = {one["const"]: title_of(one) for one in chosen.get("oneOf", ())}
    return tuple(Option(value, titles.get(value) or _plain(value)) for value in chosen["enum"])


def _plain(value: JsonValue) -> Text:
    return text("form.number", number=value) if isinstance(value, int) else Text(en=str(value), bn=str(value))


def _label(key: str, described: Mapping[str, Any]) -> Text:
    if key in {"bn", "en"}:
        return text(f"form.in-{key}")
    return title_of(described) or Text(en=key, bn=key)


def _hint(described: Mapping[str, Any]) -> Text | None:
    return title_of({"title": described.get("description"), "x-title-bn": described.get("x-description-bn")})


def _read_date(parts: list[str]) -> JsonValue | _Blank:
    day, month, year = parts
    if not any(parts):
        return BLANK
    if all(part.isdecimal() for part in parts) and len(year) == 4:  # noqa: PLR2004 - a whole year
        return f"{year}-{month:0>2}-{day:0>2}"
    return f"{day}/{month}/{year}"


def _day(value: str) -> object:
    try:
        return day_text(parse_date(value, DateStyle.ISO))
    except ValueError:
        return value
