"""The texts of a form: the forms within it, and what its options are called."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, get_args

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
    match schema:
        case {"oneOf": [{"const": str()}, *_] as options}:
            yield {
                one["const"]: Text(bn=one.get("x-title-bn") or "-", en=one.get("title") or "-")
                for one in options
                if isinstance(one.get("const"), str)
            }
        case dict():
            for value in schema.values():
                yield from titled_choices(value)
        case list():
            for value in schema:
                yield from titled_choices(value)


def untitled_choices(schema: object, at: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Of every field whose options have no titles: where it is, and its options.

    A number is its own title, and so is a blood group.
    """
    if isinstance(schema, list):
        for value in schema:
            yield from untitled_choices(value, at)
    elif isinstance(schema, dict):
        options = tuple(filter(_wants_title, schema.get("enum", ())))
        if options and "oneOf" not in schema:
            yield at, options
        for key, value in schema.items():
            if key in _HOLDERS and isinstance(value, dict):
                for name, inner in value.items():
                    yield from untitled_choices(inner, name)
            elif key != "enum":
                yield from untitled_choices(value, at)


def _wants_title(option: object) -> bool:
    return isinstance(option, str) and not option.isdigit() and not _BLOOD_GROUP.fullmatch(option)
