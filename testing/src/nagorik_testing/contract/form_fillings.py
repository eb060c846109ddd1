"""A form that is filled in to the last field, or no further than it must be, with long texts, or ambiguous days."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, cycle
from typing import Final

from pydantic import JsonValue

from nagorik import Form
from nagorik_testing.contract.checks.inspection import leaves
from nagorik_testing.contract.form_fields import (
    choices_of,
    day_in,
    fields_of,
    invented,
    is_valid,
    kinds_of,
    others_at,
    placed,
    properties_of,
)
from nagorik_toolkit.form_validation import Location, form_schema

LONGEST: Final = 4_000
"""Signs of the longest text that a field is given, whatever the form would take."""
SHORT: Final = 30
"""Signs of a text that no plugin refuses for its length."""
_LENGTHS: Final = (LONGEST, 2000, 1000, 500, 300, 255, 200, 160, 120, 100, 80, 60, 50, 40, 30, 20)
_ENTRIES: Final = 12
"""Of the longest list of texts that a field is given, whatever the form would take."""
_CONSONANTS: Final = {True: "কগজটডতদনপবমলসহ", False: "bdfghjklmnprst"}
_VOWELS: Final = {True: "ািুেো", False: "aiueo"}


def filled_to_the_last(
    model: type[Form], example: Mapping[str, JsonValue], others: Sequence[Mapping[str, JsonValue]] = ()
) -> dict[str, JsonValue]:
    """The example with each field filled in that was left empty and that is no choice; where it can be, unlike all.

    Args:
        model: The form.
        example: As it is filled in.
        others: As this form and others are filled in; what they say is tried before anything is invented.
    """
    schema, full = form_schema(model), dict(example)
    for _ in range(2):  # what is inside a part that was left empty is seen only once that is there
        for place, described, value in list(fields_of(schema, schema, full, ())):
            kinds = kinds_of(schema, described)
            if value not in (None, [], "") or any(choices_of(kind) for kind in kinds):
                continue
            used = [one for _, one in leaves(full)]
            found = [*others_at(others, place), *_under_name(others, place[-1]), *invented(schema, described, 0)]
            known = properties_of(schema, described)
            parts = (part for other in others for part in _objects(dict(other)) if known)
            found = [*({name: one for name, one in part.items() if name in known} for part in parts), *found]
            for candidate in sorted(found, key=lambda one: one in used):
                given = placed(full, place, candidate)
                if is_valid(model, given):
                    full = given
                    break
    return full


def filled_no_further(
    model: type[Form], example: Mapping[str, JsonValue], *, keep: Collection[Location] = ()
) -> dict[str, JsonValue]:
    """The example without whatever can be left out of it, but for what stands at the places to ``keep``."""
    bare = dict(example)
    for place in optional_parts(bare):
        if any(kept[: len(place)] == place for kept in keep):
            continue
        left = without(bare, place)
        if is_valid(model, left):
            bare = left
    return bare


def with_other_choices(
    model: type[Form], form: Mapping[str, JsonValue]
) -> Iterator[tuple[frozenset[Location], dict[str, JsonValue]]]:
    """A filled form with another choice in one field, for each choice that there is, and where that was chosen.

    Where a choice goes with another one alone, such as a plan for cars with a car, both are changed.
    """
    choices = choices_in(model, form)
    for place, choice in choices:
        chosen = placed(dict(form), place, choice)
        both = ((other, placed(chosen, other, beside)) for other, beside in choices if other != place)
        for other, given in chain([(place, chosen)], both):
            if is_valid(model, given):
                yield frozenset({place, other}), given
                break


def choices_in(model: type[Form], form: Mapping[str, JsonValue]) -> list[tuple[Location, JsonValue]]:
    """Every choice that a filled form leaves, whether or not it goes with the rest of it, and where."""
    schema = form_schema(model)
    return [
        (place, choice)
        for place, described, value in fields_of(schema, schema, dict(form), ())
        for choice in dict.fromkeys(choice for kind in kinds_of(schema, described) for choice in choices_of(kind))
        if choice != value
    ]


def optional_parts(form: Mapping[str, JsonValue]) -> list[Location]:
    """Where each field and each group of fields of a filled form stands that might be left out, outer ones first."""
    return list(_places_of_fields(dict(form), ()))


def without(form: dict[str, JsonValue], place: Location) -> dict[str, JsonValue]:
    """A form without one of its ``optional_parts``; the same where that is gone already."""
    first, *rest = place
    if not rest:
        return {name: value for name, value in form.items() if name != first}
    inner = form.get(str(first))
    if not isinstance(inner, dict):
        return form
    return {**form, str(first): without(inner, tuple(rest))}


def with_long_texts(
    model: type[Form],
    example: Mapping[str, JsonValue],
    *,
    bangla: bool,
    only: Location | None = None,
    longest: int = LONGEST,
    signs: Sequence[str] = (" ",),
) -> tuple[dict[str, JsonValue], dict[Location, tuple[str, ...]]]:
    """The example with texts as long as the form takes them, and the words of each, which stand in no other.

    A field that takes no text of such words, such as a number's, stays as it is; so do all but ``only`` one. The
    words are parted by ``signs``, one after another.
    """
    schema, form, written_words = form_schema(model), dict(example), dict[Location, tuple[str, ...]]()
    for number, (place, described, value) in enumerate(fields_of(schema, schema, dict(example), ())):
        kinds = kinds_of(schema, described)
        is_text = any(kind.get("type") == "string" for kind in kinds) and not any(choices_of(kind) for kind in kinds)
        if not is_text or not isinstance(value, str | None) or only not in {None, place}:
            continue
        bounds = {kind["maxLength"] for kind in kinds if kind.get("maxLength", LONGEST) < LONGEST}
        for length in sorted((one for one in {*_LENGTHS, *bounds} if one <= longest), reverse=True):
            words = tuple(_words(number, length, bangla=bangla))
            parted = "".join(chain.from_iterable(zip(words, cycle(signs), strict=False))).rstrip("".join(signs))
            given = placed(form, place, parted)
            if words and is_valid(model, given):
                form, written_words[place] = given, words
                break
    return form, written_words


def with_long_lists(
    model: type[Form], example: Mapping[str, JsonValue]
) -> tuple[dict[str, JsonValue], dict[Location, tuple[str, ...]]]:
    """The example with lists of texts as long as the form takes them, and the entries of each: one word, once."""
    schema, form, entries = form_schema(model), dict(example), dict[Location, tuple[str, ...]]()
    for number, (place, described, _) in enumerate(fields_of(schema, schema, dict(example), ())):
        for kind in kinds_of(schema, described):
            inner = kinds_of(schema, kind.get("items") or {}) if kind.get("type") == "array" else []
            if not any(each.get("type") == "string" for each in inner) or any(choices_of(each) for each in inner):
                continue
            for count in range(min(kind.get("maxItems", _ENTRIES), _ENTRIES), 1, -1):
                words = tuple(_words(number, 7 * count, bangla=False))
                given = placed(form, place, list(words))
                if is_valid(model, given):
                    form, entries[place] = given, words
                    break
    return form, entries


def _words(field: int, length: int, *, bangla: bool) -> Iterator[str]:
    """Words of six letters for ``length`` signs with the blanks between them; each is made once."""
    consonants, vowels = _CONSONANTS[bangla], _VOWELS[bangla]
    syllables = [consonant + vowel for vowel in vowels for consonant in consonants]
    for number in range((length + 1) // 7):
        rest, first = divmod(field * (LONGEST // 7 + 1) + number, len(syllables))
        third, second = divmod(rest, len(syllables))
        yield (syllables[first] + syllables[second] + syllables[third % len(syllables)]).capitalize()


@dataclass(frozen=True, slots=True, repr=False)
class DayForms:
    """Three forms that differ in one day: one that can be read in one way, and two that are each other's swap.

    Attributes:
        place: The field's.
        days: The three days, in that order.
        forms: The three forms.
    """

    place: Location
    days: tuple[date, date, date]
    forms: tuple[dict[str, JsonValue], dict[str, JsonValue], dict[str, JsonValue]]


def days_to_swap(model: type[Form], example: Mapping[str, JsonValue]) -> Iterator[DayForms]:
    """For each day that the form asks for, days whose day and month can be told apart, and can not."""
    schema = form_schema(model)
    for place, described, value in fields_of(schema, schema, dict(example), ()):
        usual = day_in(value) if isinstance(value, str) else None
        if usual is None and not any(kind.get("format") == "date" for kind in kinds_of(schema, described)):
            continue
        for days in _swaps(usual.year if usual else 2025):
            clear, one, other = (placed(dict(example), place, day.isoformat()) for day in days)
            if all(is_valid(model, given) for given in (clear, one, other)):
                yield DayForms(place, days, (clear, one, other))
                break


def _swaps(year: int) -> Iterator[tuple[date, date, date]]:
    for away in (0, -1, 1, -2, -5, -10, -20):
        for one, other in ((5, 4), (3, 2), (2, 1), (9, 8), (11, 10)):
            try:
                yield (
                    date(year + away, one, 27),
                    date(year + away, one, other),
                    date(year + away, other, one),
                )
            except ValueError:
                continue  # a year that is none


def _places_of_fields(document: JsonValue, at: Location) -> Iterator[Location]:
    """Where a member of an object stands, outer ones first."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*at, name)
            yield from _places_of_fields(value, (*at, name))


def _objects(document: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Every object inside another."""
    if isinstance(document, dict):
        for part in document.values():
            if isinstance(part, dict):
                yield part
            yield from _objects(part)


def _under_name(others: Sequence[Mapping[str, JsonValue]], name: str | int) -> list[JsonValue]:
    """What stands under a name, wherever it does."""
    return [value for other in others for place, value in leaves(dict(other)) if place[-1] == name]
