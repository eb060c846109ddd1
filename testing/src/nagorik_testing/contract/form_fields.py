"""A form's fields, read off its schema: where they stand, what they may be, and values for them."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import reduce
from itertools import chain, zip_longest
from operator import getitem
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_toolkit.form_validation import Location, validate_form

SERIALS: Final = (11, 97, 4243)
"""Citizens of whom numbers and names are taken."""
NUMBERS: Final = (1, 2, 3, 5, 10, 12, 24, 32, 48, 64, 100, 150, 1000)
"""What a number is tried as: counts, sizes and terms that forms ask for."""


def filled_in(model: type[Form], given: Mapping[str, JsonValue]) -> Form | None:
    """The form as it is filled in; ``None`` where it refuses that, or crashes, which form/hostile-input finds."""
    try:
        return validate_form(model, dict(given))
    except Exception:  # noqa: BLE001 - a form's validators may raise anything
        return None


def is_valid(model: type[Form], given: Mapping[str, JsonValue]) -> bool:
    """Whether the form takes it."""
    return filled_in(model, given) is not None


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
        for number, item in enumerate(value):
            yield from fields_of(schema, items_of(schema, resolved), item, (*at, number))
    if at:
        yield at, resolved, value


def invented(schema: dict[str, Any], described: Any, depth: int = 0) -> Iterator[JsonValue]:
    """Values for a field of which no value is known."""
    for kind in kinds_of(schema, described):
        match kind.get("type"):
            case _ if choices := choices_of(kind):
                yield from choices
            case "integer" | "number":
                yield from NUMBERS
            case "array":
                yield from ([one] for one in invented(schema, kind.get("items", {}), depth + 1))
            case "object" if depth < 3:  # noqa: PLR2004 - no form goes deeper
                properties = properties_of(schema, kind)
                names = [name for name in properties if name in kind.get("required", ())] or list(properties)
                columns = {name: list(invented(schema, properties[name], depth + 1)) for name in names}
                for row in zip_longest(*columns.values()):
                    filled = zip(columns.items(), row, strict=True)
                    yield {name: column[0] if one is None else one for (name, column), one in filled if column}
            case "string" | None:
                yield from _texts()


def _texts() -> Iterator[str]:
    for person in (SyntheticCitizens().citizen(serial) for serial in SERIALS):
        numbers = (person.full_nid, person.smart_nid, person.birth_registration)
        names = (name for name in (person.name.bn, person.name.en) if name)
        yield from (*(number.value for number in numbers), person.phone.e164, *names)
        yield from (person.birth_date.isoformat(), f"A0000{person.alias[-4:]}")
    yield from ("2026-12-31", "2027-06-30", "2026-27", "2025-26", "1234", "0.0500", "500", "12", "1207")


def day_in(text: JsonValue) -> date | None:
    """The day that a text is, written as YYYY-MM-DD; ``None`` if it is none."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == len("2026-11-24") else None
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


def choices_at(schema: dict[str, Any], described: Any) -> list[JsonValue]:
    """The choices of a field, whichever of its kinds has them, each once."""
    return list(dict.fromkeys(chain.from_iterable(map(choices_of, kinds_of(schema, described)))))


def items_of(schema: dict[str, Any], described: Any) -> Any:
    """The description of a list's entries."""
    return next((kind["items"] for kind in kinds_of(schema, described) if "items" in kind), {})


def properties_of(schema: dict[str, Any], described: Any) -> dict[str, Any]:
    """The descriptions of an object's members, by name."""
    return dict(chain.from_iterable(kind.get("properties", {}).items() for kind in kinds_of(schema, described)))


def _resolved(schema: dict[str, Any], described: Any) -> dict[str, Any]:
    steps = described.get("$ref", "").removeprefix("#").split("/")[1:]
    target = reduce(getitem, steps, schema) if steps else {}
    return {**target, **{name: part for name, part in described.items() if name != "$ref"}}


def others_at(others: Sequence[Mapping[str, JsonValue]], place: Location) -> list[JsonValue]:
    """What others have in a place."""
    return [found for other in others if (found := value_at(other, place)) is not None]


def value_at(document: Mapping[str, JsonValue], place: Location) -> JsonValue:
    """What stands in a place; ``None`` where there is none."""
    here: Any = document
    try:
        found: JsonValue = reduce(getitem, place, here)
    except (KeyError, IndexError, TypeError):
        return None
    return found


def placed(document: Mapping[str, JsonValue], place: Location, value: JsonValue) -> dict[str, JsonValue]:
    """A copy with another value in one place, which may be of a field that was left empty."""
    copy: Any = deepcopy(dict(document))
    reduce(getitem, place[:-1], copy)[place[-1]] = value
    found: dict[str, JsonValue] = copy
    return found


def members(document: JsonValue, at: Location = ()) -> Iterator[tuple[Location, JsonValue]]:
    """Every member of an object and of those within it, outer ones first."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*at, name), value
            yield from members(value, (*at, name))
