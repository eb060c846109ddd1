"""Other values for one field of a filled form: valid ones, which a citizen might as well have filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from nagorik import Form
from nagorik_testing.contract.checks.inspection import written
from nagorik_testing.contract.form_fields import (
    NUMBERS,
    choices_at,
    day_in,
    fields_of,
    filled_in,
    invented,
    items_of,
    others_at,
    placed,
)
from nagorik_toolkit.form_validation import Location, form_schema

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
        return named(self.place)


def named(place: Location) -> str:
    """A place as a report names it: without numbers."""
    return written(tuple(step for step in place if not isinstance(step, int)))


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

    def valid(place: Location, described: Any, value: JsonValue) -> Iterator[Variation]:
        seen, choices = [None, filled_in(model, example)], choices_at(schema, described)
        for candidate in choices or _candidates(schema, described, value, others_at(others, place)):
            if (filled := filled_in(model, given := placed(example, place, candidate))) not in seen:
                seen.append(filled)
                yield Variation(place, given, bool(choices))

    found = (tuple(islice(valid(*field), VALUES_OF_A_FIELD)) for field in fields_of(schema, schema, example, ()))
    return tuple(filter(None, found))


def forget_variations() -> None:
    """Let the next who asks seek them anew."""
    _variations_of.cache_clear()


def _candidates(
    schema: dict[str, Any], described: Any, value: JsonValue, elsewhere: Sequence[JsonValue]
) -> Iterator[JsonValue]:
    if isinstance(value, str):
        yield from _near(value)
    if isinstance(value, list):
        for more in (*value, *invented(schema, items_of(schema, described))):
            longer = [*value, *(_near(more) if isinstance(more, str) else ())][: len(value) + 1]
            # The order in which a citizen names things is theirs.
            yield from (longer, longer[::-1], [*value, more], [more, *value])
    if isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, value - 1, value + 10, *(number for number in NUMBERS if number != value))
    yield from elsewhere
    yield from invented(schema, described)


def _near(text: str) -> Iterator[JsonValue]:
    """Texts that differ from one in a sign: at the end, where what is cut short is noticed, or in a digit."""
    if (day := day_in(text)) is not None:
        # The fourth of May, written with its month first, is another day.
        others = (day + timedelta(days=days) for days in (1, -1, -400, 400, 30, -30))
        yield from (other.isoformat() for other in (*islice(others, 2), day.replace(month=5, day=4), *others))
        return
    for place in reversed([found.start() for found in _DIGIT.finditer(text)]):
        yield from (text[:place] + digit + text[place + 1 :] for digit in "374" if text[place] != digit)
    bangla = any("\u0980" <= sign <= "\u09ff" for sign in text)
    yield from (
        (f"{text} ক", f"{text}খ", f"গ {text}") if bangla else (f"{text} X", f"{text}A", f"X{text}", f"{text}X")
    )
