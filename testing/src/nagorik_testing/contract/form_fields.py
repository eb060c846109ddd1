"""A form's fields, read off its schema: where they stand, what they may be, and values for them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form, InputRejected
from nagorik_testing.contract.checks.inspection import with_value
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_toolkit.form_validation import Location, validate_form

SERIALS: Final = (11, 97, 4243)
"""Citizens of whom numbers and names are taken."""
NUMBERS: Final = (1, 2, 3, 5, 10, 12, 24, 32, 48, 64, 100, 150, 1000)
"""What a number is tried as: counts, sizes and terms that forms ask for."""


def is_valid(model: type[Form], given: dict[str, JsonValue]) -> bool:
    """Whether the form takes it."""
    try:
        validate_form(model, given)
    except InputRejected:
        return False
    return True


def fields_of(
    schema: dict[str, Any], described: Any, value: JsonValue, at: Location
) -> Iterator[tuple[Location, Any, JsonValue]]:
    """Every field of a filled form and every one that was left empty, with its description."""
    resolved = _resolved(schema, described)
    if isinstance(value, dict):
        properties = properties_of(schema, resolved)
        for name in dict.fromkeys((*value, *properties)):
            yield from fields_of(schema, properties.get(name, {}), value.get(name), (*at, name))
        return
    if isinstance(value, list):
        items = items_of(schema, resolved)
        for number, item in enumerate(value):
            yield from fields_of(schema, items, item, (*at, number))
    if at:
        yield at, resolved, value


def invented(schema: dict[str, Any], described: Any, depth: int) -> Iterator[JsonValue]:
    """Values for a field of which no value is known."""
    for kind in kinds_of(schema, described):
        choices = choices_of(kind)
        match kind.get("type"):
            case _ if choices:
                yield from choices
            case "boolean":
                yield from (True, False)
            case "integer" | "number":
                yield from NUMBERS
            case "array":
                yield from ([one] for one in invented(schema, kind.get("items", {}), depth + 1))
            case "object" if depth < 3:  # noqa: PLR2004 - no form goes deeper
                yield from _invented_object(schema, kind, depth)
            case "string" | None:
                yield from _texts()


def _invented_object(schema: dict[str, Any], kind: dict[str, Any], depth: int) -> Iterator[JsonValue]:
    properties = properties_of(schema, kind)
    names = [name for name in properties if name in kind.get("required", ())] or list(properties)
    columns = [list(invented(schema, properties[name], depth + 1)) for name in names]
    for row in zip_longest(*columns):
        yield {
            name: one if one is not None else column[0]
            for name, one, column in zip(names, row, columns, strict=True)
            if column
        }


def _texts() -> Iterator[str]:
    people = [SyntheticCitizens().citizen(serial) for serial in SERIALS]
    for person in people:
        numbers = (person.full_nid, person.smart_nid, person.birth_registration)
        names = (person.name.bn, person.name.en)
        yield from (*(number.value for number in numbers), person.phone.e164, *(name for name in names if name))
        yield from (person.birth_date.isoformat(), f"A0000{person.alias[-4:]}")
    yield from ("2026-12-31", "2027-06-30", "2026-27", "2025-26", "1234", "0.0500", "500", "12", "1207")


def day_in(text: str) -> date | None:
    """The day that a text is, written as YYYY-MM-DD; ``None`` if it is none."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-24") else None
    except ValueError:
        return None


def kinds_of(schema: dict[str, Any], described: Any) -> list[dict[str, Any]]:
    """What a value may be, one after another, ``null`` left out."""
    resolved = _resolved(schema, described)
    options = resolved.get("anyOf") or resolved.get("oneOf")
    if options is None:
        return [] if resolved.get("type") == "null" else [resolved]
    return [kind for option in options for kind in kinds_of(schema, option)]


def choices_of(kind: Mapping[str, Any]) -> list[JsonValue]:
    """The values of which a kind is one; none where it is anything else."""
    if kind.get("type") == "boolean":
        return [True, False]
    return list(kind.get("enum", ())) or ([kind["const"]] if "const" in kind else [])


def items_of(schema: dict[str, Any], described: Any) -> Any:
    """The description of a list's entries."""
    return next((kind["items"] for kind in kinds_of(schema, described) if "items" in kind), {})


def properties_of(schema: dict[str, Any], described: Any) -> dict[str, Any]:
    """The descriptions of an object's members, by name."""
    found: dict[str, Any] = {}
    for kind in kinds_of(schema, described):
        found |= kind.get("properties", {})
    return found


def _resolved(schema: dict[str, Any], described: Any) -> dict[str, Any]:
    reference = described.get("$ref")
    if reference is None:
        return dict(described)
    target: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **{name: part for name, part in described.items() if name != "$ref"}}


def others_at(others: Sequence[Mapping[str, JsonValue]], place: Location) -> list[JsonValue]:
    """What others have in a place."""
    return [found for other in others if (found := value_at(other, place)) is not None]


def value_at(document: Mapping[str, JsonValue], place: Location) -> JsonValue:
    """What stands in a place; ``None`` where there is none."""
    here: Any = document
    for step in place:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return None
    found: JsonValue = here
    return found


def placed(document: dict[str, JsonValue], place: Location, value: JsonValue) -> dict[str, JsonValue]:
    """A copy with another value in one place, which may be of a field that was left empty."""
    *above, last = place
    holder: Any = document
    for step in above:
        holder = holder[step]
    if isinstance(holder, dict) and last not in holder:
        copy = (
            with_value(document, tuple(above), {**holder, str(last): value})
            if above
            else {**document, str(last): value}
        )
    else:
        copy = with_value(document, place, value)
    return dict(copy) if isinstance(copy, dict) else document
