"""The texts of a form: the forms within it, and what its options are called."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from nagorik import Form, Text

_BLOOD_GROUP: Final = re.compile(r"(?:A|B|AB|O)[+-]")
"""People write it in Latin letters in either language."""
_HOLDERS: Final = ("properties", "$defs")
"""Where a JSON Schema has other schemas by their names."""


def forms_within(model: type[Form]) -> Iterator[type[Form]]:
    """A form and every form within it."""
    seen: list[type[Form]] = []
    waiting: list[object] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Form) and kind not in seen:
            seen.append(kind)
            yield kind
            waiting += [field.annotation for field in kind.model_fields.values()]
        waiting += get_args(kind)


def titled_choices(schema: object) -> Iterator[Mapping[str, Text]]:
    """Of every field of a form's JSON Schema whose options are titled: the title of each option."""
    for _, one in _schemas(schema):
        match one:
            case {"oneOf": [{"const": str()}, *_] as options}:
                yield {
                    one["const"]: Text(bn=one.get("x-title-bn") or "-", en=one.get("title") or "-")
                    for one in options
                    if isinstance(one.get("const"), str)
                }


def untitled_choices(schema: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Of every field whose options have no titles: where it is, and its options.

    A number is its own title, and so is a blood group.
    """
    for at, one in _schemas(schema):
        options = tuple(option for option in one.get("enum", ()) if isinstance(option, str))
        wanting = tuple(option for option in options if not (option.isdigit() or _BLOOD_GROUP.fullmatch(option)))
        if wanting and "oneOf" not in one:
            yield at, wanting


def _schemas(schema: object, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """A JSON Schema and every one inside it, each with the name of its field."""
    if isinstance(schema, list):
        for value in schema:
            yield from _schemas(value, at)
    elif isinstance(schema, dict):
        yield at, schema
        for key, value in schema.items():
            is_held = key in _HOLDERS and isinstance(value, dict)
            for name, inner in value.items() if is_held else [(at, value)]:
                yield from _schemas(inner, name)
