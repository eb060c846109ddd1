"""A form's fields, read from its JSON Schema: what is typed becomes the form's JSON, and the other way round.

An input is named by its place, such as ``new_address.division`` or ``changes.0.value``; a date has three inputs,
``birth_date.day`` and so on, and each option of a field of several values has one of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from pydantic import JsonValue

from nagorik import FieldProblem, Text, to_ascii_digits
from nagorik.privacy import mask_tail
from nagorik_platform.form_schemas import alternatives, title_of
from nagorik_portal.desk.visits import PageError, Visit
from nagorik_portal.desk.wording import text
from nagorik_toolkit.bangladesh import DateStyle, parse_date
from nagorik_toolkit.texts import day_text

Typed = Mapping[str, str]
"""What stands in the inputs of a page, by their names."""
DATE_PARTS: Final = ("day", "month", "year")
BLANK: Final = object()
"""Stands where nothing was typed."""
FORM: Final = "/form"
"""Begins the pointers of problems."""
_MOST_ENTRIES: Final = 200
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
    """One field; ``members`` are a group's fields, or the one field that each entry of a list is.

    ``nullable``: the form takes null for what is not known. ``masked``: a summary shows the end of its number alone.
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
        """The value at ``at`` as JSON, or as typed; of a blank field what the form takes for it, or ``BLANK``."""
        blank = None if self.nullable else BLANK if self.required else self.default
        return blank if (found := self._read(typed, at)) is BLANK else found

    def _read(self, typed: Typed, at: str) -> Any:
        match self.kind:
            case "group":
                values = {one.key: one._read(typed, f"{at}.{one.key}") for one in self.members}
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
        digits = to_ascii_digits(word) if self.kind == "number" else ""
        number = int(digits) if digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else word or BLANK
        return next((one.value for one in self.options if one.word == word), number)

    def write(self, value: JsonValue, at: str) -> dict[str, str]:
        """What stands in the inputs for a value of the form."""
        match self.kind, value:
            case "group", dict():
                parts = [one.write(value.get(one.key), f"{at}.{one.key}") for one in self.members]
                return {name: word for part in parts for name, word in part.items()}
            case "list", list():
                parts = [self.members[0].write(one, f"{at}.{index}") for index, one in enumerate(value)]
                return {f"{at}.count": str(len(value)), **{name: one[name] for one in parts for name in one}}
            case "several", list():
                return {f"{at}.{option.word}": option.word for option in self.options if option.value in value}
            case "date", str():
                written = [*reversed(value.split("-", 2)), "", ""]
                return {f"{at}.{part}": one for part, one in zip(DATE_PARTS, written, strict=False)}
            case _, dict():
                value = value.get("value") or value.get("e164")
        return {} if value is None else {at: Option(value, self.label).word}

    def count(self, typed: Typed, at: str) -> int:
        """How many entries of a list the page has, at least one."""
        count = typed.get(f"{at}.count", "")[:4]
        return min(max(int(count) if count.isdecimal() else 1, 1), _MOST_ENTRIES)

    def answers(self, value: JsonValue, label: Text | None = None) -> Iterator[tuple[Text, object]]:
        """Each part of a value with its label, as a summary shows it."""
        label = label or self.label
        match self.kind, value:
            case "group", dict():
                for one in self.members:
                    if value.get(one.key) is not None:
                        yield from one.answers(value[one.key], text("form.part", label=label, part=one.label))
            case "list" | "several", list():
                entry = self.members[0] if self.members else self
                for number, part in enumerate(value, start=1):
                    said = text("form.entry", label=label, number=number) if self.members else label
                    yield from entry.answers(part, said)
            case _:
                yield label, self._answer(value)

    def _answer(self, value: JsonValue) -> object:
        option = next((one.label for one in self.options if one.value == value), None)
        if value is None or option is not None:
            return option or text("form.not-known")
        if self.kind == "date":
            with suppress(ValueError):
                return day_text(parse_date(value, DateStyle.ISO))
        shown = next(iter(self.write(value, "").values()), "") if self.kind != "date" else str(value)
        return mask_tail(shown) if self.masked else shown


def read_fields(schema: Mapping[str, Any], within: Mapping[str, Any] | None = None) -> tuple[Field, ...]:
    """The fields of a form by its JSON Schema, or those of an object ``within`` it, in the form's order."""
    described = schema if within is None else within
    required = described.get("required", ())
    return tuple(_field(key, one, schema, required=key in required) for key, one in described["properties"].items())


def inputs_of(fields: Sequence[Field], held: Mapping[str, JsonValue]) -> dict[str, str]:
    """What stands in the inputs of fields for what a form holds."""
    parts = [one.write(held[one.key], one.key) for one in fields if one.key in held]
    return {name: word for part in parts for name, word in part.items()}


def values_of(fields: Sequence[Field], typed: Typed) -> dict[str, JsonValue]:
    """What was typed, as the form takes it."""
    found = {one.key: one.value(typed, one.key) for one in fields}
    return {key: value for key, value in found.items() if value is not BLANK}


def _field(key: str, described: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool = True) -> Field:
    may_be = alternatives(described, schema)
    # Of several, a bare value comes first; options may stand behind a reference.
    chosen = next((one for one in may_be if "enum" in one), None)
    chosen = chosen or next(one for one in may_be if one.get("type", "null") != "null")
    label = text(f"form.in-{key}") if key in {"bn", "en"} else title_of(described) or Text(en=key, bn=key)
    hint = title_of({"title": described.get("description"), "x-title-bn": described.get("x-description-bn")})
    nullable = any(one.get("type") == "null" for one in may_be)
    masked = any(str(one.get("$ref", "")).rpartition("/")[2] in _MASKED for one in may_be)
    common: dict[str, Any] = {"label": label, "hint": hint, "required": required, "nullable": nullable}
    common |= {"masked": masked, "default": described.get("default")}
    match chosen:
        case {"enum": list()}:
            return Field(key, "choice", options=_options(chosen), **common)
        case {"type": "boolean"}:
            yes_no = (Option(value=True, label=text("form.yes")), Option(value=False, label=text("form.no")))
            return Field(key, "choice", options=yes_no, **common)
        case {"type": "object"}:
            return Field(key, "group", members=read_fields(schema, chosen), **common)
        case {"type": "array", "items": {"enum": list()} as items}:
            return Field(key, "several", options=_options(items), **common)
        case {"type": "array", "items": items}:
            entry = _field(key, {"title": label.en, "x-title-bn": label.bn, **items}, schema)
            return Field(key, "list", members=(entry,), **common)
    is_date, is_number = chosen.get("format") == "date", chosen["type"] == "integer"
    return Field(key, "date" if is_date else "number" if is_number else "text", **common)


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


# As the templates below fields/ draw them: names, ids, what stands in the inputs, and what is wrong.


def field_views(
    visit: Visit,
    fields: Sequence[Field],
    typed: Typed,
    problems: Iterable[FieldProblem] = (),
    *,
    has_heading: bool = False,
) -> tuple[list[dict[str, Any]], list[PageError]]:
    """The fields of a page, and each problem at the first input that it belongs to.

    The label of a field that is alone is the page's heading, unless the page has one.
    """
    said: dict[str, Text] = {}
    for problem in problems:
        said.setdefault(problem.pointer.removeprefix(f"{FORM}/").replace("/", "."), problem.text)
    views = [_view(visit, field, field.key, typed, said) for field in fields]
    if len(views) == 1 and not has_heading:
        views[0] |= {"is_heading": True, "size": "l"}
    inputs = {view["at"]: view["first"] for one in views for view in _within(one)}
    other = views[0]["first"] if views else "main-content"
    return views, [PageError(inputs.get(at, other), sentence) for at, sentence in said.items()]


def _within(view: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield view
    for member in view["members"]:
        yield from _within(member)


def _view(
    visit: Visit, field: Field, at: str, typed: Typed, said: Mapping[str, Text], number: int | None = None
) -> dict[str, Any]:
    identity, members, items = at.replace(".", "-"), [], []
    blank_is_known = field.nullable and field.key not in {"bn", "en"} and not field.options
    hints = [field.hint, text("form.if-known") if blank_is_known else None]
    hint = " ".join(visit.say(one) for one in hints if one is not None)
    error = {"text": visit.say(said[at])} if at in said else None
    if field.kind == "group":
        members = [_view(visit, one, f"{at}.{one.key}", typed, said) for one in field.members]
    elif field.kind == "list":
        entries = range(field.count(typed, at))
        members = [_view(visit, field.members[0], f"{at}.{one}", typed, said, one + 1) for one in entries]
    elif field.kind == "date":
        items = [_part(visit, part, at, typed, error) for part in DATE_PARTS]
    else:
        items = _items(visit, field, at, typed)
    label = field.label if number is None else text("form.entry", label=field.label, number=number)
    return {
        "kind": field.kind,
        "at": at,
        "id": identity,
        "first": members[0]["first"] if members else f"{identity}-day" if field.kind == "date" else identity,
        "label": visit.say(label),
        "size": "s",
        "hint": {"text": hint} if hint else None,
        "error": error,
        "described_by": " ".join([f"{identity}-hint"] * bool(hint) + [f"{identity}-error"] * bool(error)) or None,
        "value": typed.get(at, ""),
        "items": items,
        "members": members,
        "inputmode": "numeric" if field.kind == "number" or field.masked else None,
    }


def _items(visit: Visit, field: Field, at: str, typed: Typed) -> list[dict[str, object]]:
    default = next((option.word for option in field.options if option.value == field.default), "")
    chosen, options = typed.get(at, default), [(one.word, one.label) for one in field.options]
    options += [("", text("form.not-known"))] if field.nullable and field.kind == "choice" else []
    is_one = field.kind != "several"
    return [
        {
            "value": word,
            "name": at if is_one else f"{at}.{word}",
            "text": visit.say(label),
            "checked": word == chosen if is_one else f"{at}.{word}" in typed,
        }
        for word, label in options
    ]


def _part(visit: Visit, part: str, at: str, typed: Typed, error: object) -> dict[str, object]:
    classes = f"govuk-input--width-{4 if part == 'year' else 2}{' govuk-input--error' if error else ''}"
    shown = {"id": f"{at.replace('.', '-')}-{part}", "label": visit.t(f"form.{part}"), "classes": classes}
    return {"name": f"{at}.{part}", "value": typed.get(f"{at}.{part}", ""), **shown}
