"""What was filled in, checked against its form before any hook is called: a problem per field, in both languages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from nagorik.errors import FieldProblem, InputRejected
from nagorik.forms import LABEL_KEYS, Label
from nagorik.privacy import Form
from nagorik.values.sentences import Text, is_blank, read_sentences
from nagorik.values.text import to_bangla_digits
from nagorik_toolkit.labelled_forms import LabelledForm

JSON_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ANY_PROBLEM: Final = "value"
_LONGEST_SENTENCE: Final = 2_000
MOST_ENTRIES: Final = 20_000
"""Entries of all lists and tables of a form together; one with more is refused before anything in it is checked."""
MOST_TOLD: Final = 50
"""Problems of a form that are shown at their fields; of the others the number alone is shown."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")

Location = tuple[str | int, ...]


def validate_form(form: type[Form], data: Mapping[str, JsonValue], *, root: str = "/form") -> Form:
    """Check what was filled in against a service's form. All problems are reported at once, up to 50 of them.

    A number where a date belongs is refused, though pydantic would count it as seconds from 1970.

    Raises:
        InputRejected: With one problem for each field that is wrong; ``root`` begins each pointer. Nothing that was
            filled in is repeated, and no key that the form does not declare: a pointer ends above it.
    """
    given = dict(data)
    too_large = _overflowing(given)
    if too_large is not None:
        raise InputRejected([_told(form, given, (too_large,), "too_long", {}, root)])
    try:
        filled = form.model_validate(given)
    except ValidationError as error:
        found = [(each["loc"], each["type"], each.get("ctx", {})) for each in error.errors(include_input=False)]
        wrong = [each for each in found if not _is_short_of_wrong_entries(each, found, given)]
    else:
        wrong = [(location, "date_parsing", {}) for location in _numbers_as_days(filled, given, ())]
        if not wrong:
            return filled
    problems = list(dict.fromkeys(_told(form, given, *found, root) for found in wrong[:MOST_TOLD]))
    if len(wrong) > MOST_TOLD:
        text, number = _sentences()["more_problems"], str(len(wrong) - MOST_TOLD)
        more = Text(bn=text.bn.replace("{number}", to_bangla_digits(number)), en=text.en.replace("{number}", number))
        problems.append(FieldProblem(pointer=root, code="more_problems", text=more))
    raise InputRejected(problems)


def _overflowing(given: Mapping[str, JsonValue]) -> str | None:
    """Return the field with which a form has more than ``MOST_ENTRIES``; ``None`` if it has not."""
    left = MOST_ENTRIES
    for field, value in given.items():
        waiting: list[JsonValue] = [value]
        while waiting:
            entry = waiting.pop()
            within = entry if isinstance(entry, list) else list(entry.values()) if isinstance(entry, dict) else []
            left -= len(within)
            if left < 0:
                return field
            waiting += within
    return None


def _is_short_of_wrong_entries(
    problem: tuple[Location, str, Mapping[str, Any]], among: Iterable[tuple[Location, str, object]], given: object
) -> bool:
    """Whether a list is called too short only because pydantic does not count its entries that are wrong."""
    location, code, context = problem
    if code != "too_short" or not any(
        len(at) > len(location) and at[: len(location)] == location for at, *_ in among
    ):
        return False
    here = given
    for part in location:
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part]
    return isinstance(here, list) and len(here) >= int(context.get("min_length", 0))


def form_schema(form: type[Form]) -> dict[str, Any]:
    """A form's JSON Schema 2020-12 with titles and help in both languages (``x-title-bn``, ``x-description-bn``)."""
    schema = form.model_json_schema()
    for model in (schema, *schema.get("$defs", {}).values()):
        for described in model.get("properties", {}).values():
            _lift_label(described)
    return {"$schema": JSON_SCHEMA_DIALECT, **schema}


def _lift_label(described: dict[str, Any]) -> None:
    """Bring the label that stands inside a union to the field, where the author of a page looks for it."""
    if "x-title-bn" in described:
        return
    for alternative in described.get("anyOf", ()):
        _lift_label(alternative)
        if "x-title-bn" in alternative:
            described |= {key: alternative[key] for key in LABEL_KEYS if key in alternative}
            return


def find_label(form: type[Form], field: str) -> Label | None:
    """A field's label; ``None`` where the form has no label for it.

    Of several labels the outermost counts, as in the schema; one inside a union counts where there is no outer one.
    """
    found = form.model_fields[field]
    if issubclass(form, LabelledForm) and (written := form.label_of(field)) is not None:
        return written
    label = next((item for item in reversed(found.metadata) if isinstance(item, Label)), None)
    return label or next(_labels_within(found.annotation), None)


def label_of(form: type[Form], field: str) -> Text:
    """A field's title in both languages; its name where the form has no label for it."""
    label = find_label(form, field)
    return Text(bn=label.bn, en=label.en) if label else Text(bn=field, en=field)


def _labels_within(annotation: object) -> Iterator[Label]:
    """The labels inside a union, the outermost first."""
    for part in get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ():
        if get_origin(part) is Annotated:
            yield from (item for item in reversed(get_args(part)[1:]) if isinstance(item, Label))
            part = get_args(part)[0]  # noqa: PLW2901 - what is annotated may be a union again
        yield from _labels_within(part)


def _told(
    form: type[Form], given: JsonValue, location: Location, code: str, context: Mapping[str, Any], root: str
) -> FieldProblem:
    sentence = _own_sentence(context) or _sentences().get(code) or _sentences()[_ANY_PROBLEM]
    place = _place(form, given, location, absent=code == "missing")
    field = _fields(form).get(str(place[0])) if place else None
    if field is not None:
        label = label_of(form, field)
        sentence = Text(bn=f"{label.bn}: {sentence.bn}", en=f"{label.en}: {sentence.en}")
    return FieldProblem(pointer=root + "".join(f"/{_escaped(part)}" for part in place), code=code, text=sentence)


def _own_sentence(context: Mapping[str, Any]) -> Text | None:
    """The sentence that an error brings in both languages, as the errors of ``nagorik.values`` do."""
    bn, en = context.get("bn"), context.get("en")
    if any(not isinstance(said, str) or is_blank(said) or len(said) > _LONGEST_SENTENCE for said in (bn, en)):
        return None
    return Text.model_validate({"bn": bn, "en": en})


def _place(form: type[Form], given: JsonValue, location: Location, *, absent: bool) -> Location:
    """Where in the document a problem lies; ``absent`` says that the last key is the one that is not there.

    pydantic's location also holds names of alternatives, which are not in the document, and keys that the form does
    not declare, which are input. The first key is never an alternative's: there the form's own validator may point
    at a field that was left out.
    """
    declared = _names(form)
    place: list[str | int] = []
    here: object = given
    for number, part in enumerate(location, start=1):
        may_be_absent = number == len(location) and (absent or number == 1)
        if isinstance(here, Mapping) and part in declared and (part in here or may_be_absent):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif isinstance(here, Mapping) and part in here:
            break
        else:
            continue
        place.append(part)
    return tuple(place)


def _numbers_as_days(value: object, given: object, at: Location) -> Iterator[Location]:
    """Where pydantic took a number for an instant since 1970."""
    if isinstance(value, date) and isinstance(given, int | float | str):
        number = not isinstance(given, str) or _NUMBER.fullmatch(given.strip()) is not None
        # Only pydantic's own reading is refused: a validator of the form may know dates that are written so.
        if number and value == _read_as(type(value), given):
            yield at
    elif isinstance(value, BaseModel) and isinstance(given, Mapping):
        for key, name in _fields(type(value)).items():
            if key in given:
                yield from _numbers_as_days(getattr(value, name), given[key], (*at, key))
    elif isinstance(value, list | tuple) and isinstance(given, list):
        for index, (one, raw) in enumerate(zip(value, given, strict=False)):
            yield from _numbers_as_days(one, raw, (*at, index))


def _read_as(kind: type[date], given: object) -> object:
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError:
        return None


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, str]:
    """A model's fields by the keys under which a document holds them."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    """Every key that a model or a model within it declares."""
    seen: set[type[BaseModel]] = set()
    waiting: list[object] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            waiting += [field.annotation for field in kind.model_fields.values()]
        waiting += get_args(kind)
    return frozenset(key for kind in seen for key in _fields(kind))


def _escaped(part: str | int) -> str:
    """One reference token of RFC 6901."""
    return str(part).replace("~", "~0").replace("/", "~1")


@cache
def _sentences() -> Mapping[str, Text]:
    return read_sentences("nagorik_toolkit", "form_messages.toml")
