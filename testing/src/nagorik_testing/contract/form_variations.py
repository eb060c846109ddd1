"""Other values for one field of a filled form: valid ones, which a citizen might as well have filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from nagorik import Form, InputRejected
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.contract.form_fields import (
    NUMBERS,
    choices_of,
    day_in,
    fields_of,
    invented,
    is_valid,
    items_of,
    kinds_of,
    others_at,
    placed,
    value_at,
)
from nagorik_toolkit.form_validation import Location, form_schema, validate_form

VALUES_OF_A_FIELD: Final = 3
"""Other values that one field is given, one after another."""
_DIGIT: Final = re.compile(r"[0-9০-৯]")


@dataclass(frozen=True, slots=True, repr=False)
class Variation:
    """A form in which one field has another value.

    Attributes:
        place: The field's; of a list that one entry was added to, the list's.
        form: The whole form.
        is_choice: Whether the value is one of a few that the form names.
    """

    place: Location
    form: dict[str, JsonValue]
    is_choice: bool = False

    @property
    def name(self) -> str:
        """The field as a report names it: its place without numbers."""
        return written(tuple(step for step in self.place if not isinstance(step, int)))


def variations_of(
    model: type[Form], example: Mapping[str, JsonValue], others: Sequence[Mapping[str, JsonValue]] = ()
) -> list[list[Variation]]:
    """For each field that can be varied by itself, up to three forms with other values of it.

    A field whose every other value is refused beside the values of the rest, such as a division without its district,
    is not among them.

    Args:
        model: The form.
        example: As it is filled in.
        others: As other citizens fill it in.
    """
    return [list(field) for field in _variations_of(model, to_json(dict(example)), to_json([*map(dict, others)]))]


@lru_cache(maxsize=64)
def _variations_of(
    model: type[Form], written_example: bytes, written_others: bytes
) -> tuple[tuple[Variation, ...], ...]:
    """They are sought by trying, and several checks ask for those of the same form."""
    schema, example, others = form_schema(model), from_json(written_example), from_json(written_others)
    usual = validate_form(model, dict(example))
    found: list[tuple[Variation, ...]] = []
    for place, described, value in fields_of(schema, schema, example, ()):
        seen = [usual]
        varied: list[Variation] = []
        is_choice = any(choices_of(kind) for kind in kinds_of(schema, described))
        for candidate in _candidates(schema, described, value, others_at(others, place)):
            given = placed(example, place, candidate)
            try:
                filled = validate_form(model, given)
            except InputRejected:
                continue
            except Exception:  # noqa: BLE001, S112 - a form that crashes is for form/hostile-input to find
                continue
            if filled not in seen:
                seen.append(filled)
                varied.append(Variation(place, given, is_choice))
            if len(varied) == VALUES_OF_A_FIELD:
                break
        if varied:
            found.append(tuple(varied))
    return tuple(found)


def forget_variations() -> None:
    """Let the next who asks seek them anew."""
    _variations_of.cache_clear()


def in_other_contexts(
    model: type[Form], example: Mapping[str, JsonValue], field: Sequence[Variation]
) -> Iterator[tuple[dict[str, JsonValue], dict[str, JsonValue]]]:
    """Pairs of forms that differ in one field alone, each pair with another choice in some other field.

    For a field that only means something beside a choice, such as the country of an application made abroad.
    """
    schema = form_schema(model)
    place = field[0].place
    values = [value_at(variation.form, place) for variation in field]
    values += [one for one in invented(schema, _description(schema, example, place), 0) if one not in values]
    for other, described, value in fields_of(schema, schema, dict(example), ()):
        choices = [choice for kind in kinds_of(schema, described) for choice in choices_of(kind)]
        for choice in choices:
            if other == place or choice == value:
                continue
            context = placed(dict(example), other, choice)
            valid = [given for one in values if is_valid(model, given := placed(context, place, one))]
            if len(valid) > 1:
                yield valid[0], valid[1]


def _description(schema: dict[str, Any], example: Mapping[str, JsonValue], place: Location) -> Any:
    return next(described for at, described, _ in fields_of(schema, schema, dict(example), ()) if at == place)


def _candidates(
    schema: dict[str, Any], described: Any, value: JsonValue, elsewhere: Sequence[JsonValue]
) -> Iterator[JsonValue]:
    choices = [choice for kind in kinds_of(schema, described) for choice in choices_of(kind)]
    if choices:
        yield from (choice for choice in choices if choice != value)
        return
    if isinstance(value, str):
        yield from _near(value)
    if isinstance(value, list):
        items = items_of(schema, described)
        for more in (*value, *invented(schema, items, 0)):
            longer = [*value, *(_near(more) if isinstance(more, str) else ())][: len(value) + 1]
            yield longer
            yield longer[::-1]  # the order in which a citizen names things is theirs
            yield [*value, more]
            yield [more, *value]
    if isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, value - 1, value + 10, *(number for number in NUMBERS if number != value))
    yield from elsewhere
    yield from invented(schema, described, 0)


def _near(text: str) -> Iterator[JsonValue]:
    """Texts that differ from one in a sign: at the end, where what is cut short is noticed, or in a digit."""
    day = day_in(text)
    if day is not None:
        yield from ((day + timedelta(days=days)).isoformat() for days in (1, -1, -400, 400, 30, -30))
        return
    if _DIGIT.search(text):
        for place in reversed([found.start() for found in _DIGIT.finditer(text)]):
            for digit in "374":
                if text[place] != digit:
                    yield text[:place] + digit + text[place + 1 :]
    bangla = any("\u0980" <= sign <= "\u09ff" for sign in text)
    yield from (
        (f"{text} ক", f"{text}খ", f"গ {text}") if bangla else (f"{text} X", f"{text}A", f"X{text}", f"{text}X")
    )
