"""A form that is filled in to the last field, or no further than it must be, with long texts, or ambiguous days."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, cycle, product
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form
from nagorik_testing.contract.checks.inspection import leaves
from nagorik_testing.contract.form_fields import (
    choices_at,
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

FilledForm = dict[str, JsonValue]
WordsByPlace = dict[Location, tuple[str, ...]]
"""The words with which fields are filled in, none of which stands in another."""

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
) -> FilledForm:
    """The example with each field filled in that was left empty and that is no choice; where it can be, unlike all.

    Args:
        model: The form.
        example: As it is filled in.
        others: As this form and others are filled in; what they say is tried before anything is invented.
    """
    schema, full = form_schema(model), dict(example)
    said = [member for other in others for member in _members(dict(other))]
    for _ in range(2):  # what is inside a part that was left empty is seen only once that is there
        for place, described, value in list(fields_of(schema, schema, full, ())):
            if value not in (None, [], "") or choices_at(schema, described):
                continue
            used, known = [one for _, one in leaves(full)], properties_of(schema, described)
            objects = (one for _, one in said if known and isinstance(one, dict))
            parts = [{name: one for name, one in part.items() if name in known} for part in objects]
            named = [one for at, one in said if at[-1] == place[-1] and not isinstance(one, dict)]
            found = [*parts, *others_at(others, place), *named, *invented(schema, described)]
            given = (placed(full, place, one) for one in sorted(found, key=lambda one: one in used))
            full = next((filled for filled in given if is_valid(model, filled)), full)
    return full


def filled_no_further(
    model: type[Form], example: Mapping[str, JsonValue], *, keep: Collection[Location] = ()
) -> FilledForm:
    """The example without whatever can be left out of it, but for what stands at the places to ``keep``."""
    bare = dict(example)
    for place in optional_parts(bare):
        if not any(kept[: len(place)] == place for kept in keep) and is_valid(model, left := without(bare, place)):
            bare = left
    return bare


def with_other_choices(
    model: type[Form], form: Mapping[str, JsonValue]
) -> Iterator[tuple[frozenset[Location], FilledForm]]:
    """A filled form with another choice in one field, for each choice that there is, and where that was chosen.

    Where a choice goes with another one alone, such as a plan for cars with a car, both are changed.
    """
    choices = choices_in(model, form)
    for place, choice in choices:
        chosen = placed(form, place, choice)
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
        for choice in choices_at(schema, described)
        if choice != value
    ]


def optional_parts(form: Mapping[str, JsonValue]) -> list[Location]:
    """Where each field and each group of fields of a filled form stands that might be left out, outer ones first."""
    return [place for place, _ in _members(dict(form))]


def without(form: FilledForm, place: Location) -> FilledForm:
    """A form without one of its ``optional_parts``; the same where that is gone already."""
    first, *rest = place
    if not rest:
        return {name: value for name, value in form.items() if name != first}
    inner = form.get(str(first))
    return {**form, str(first): without(inner, tuple(rest))} if isinstance(inner, dict) else form


def with_long_texts(
    model: type[Form],
    example: Mapping[str, JsonValue],
    *,
    bangla: bool = False,
    only: Location | None = None,
    longest: int = LONGEST,
    signs: Sequence[str] = (" ",),
) -> tuple[FilledForm, WordsByPlace]:
    """The example with texts as long as the form takes them, and the words of each, which stand in no other.

    A field that takes no text of such words, such as a number's, stays as it is; so do all but ``only`` one. The
    words are parted by ``signs``, one after another. Where the longest text is wanted, a list of texts has as many
    entries as the form takes, each of one word.
    """
    schema, form, written_words = form_schema(model), dict(example), WordsByPlace()
    for number, (place, described, value) in enumerate(fields_of(schema, schema, dict(example), ())):
        if only not in {None, place} or choices_at(schema, described):
            continue
        for words, filled in _long(schema, described, value, longest=longest, signs=signs, of=(number, bangla)):
            if words and is_valid(model, given := placed(form, place, filled)):
                form, written_words[place] = given, words
                break
    return form, written_words


def _long(
    schema: dict[str, Any],
    described: Any,
    value: JsonValue,
    *,
    longest: int,
    signs: Sequence[str],
    of: tuple[int, bool],
) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    """What a field of texts is tried with, the longest first."""
    kinds = kinds_of(schema, described)
    bounds = {kind["maxLength"] for kind in kinds if "maxLength" in kind}
    for length in sorted({*_LENGTHS, *bounds}, reverse=True):
        if length <= longest and isinstance(value, str | None) and any(one.get("type") == "string" for one in kinds):
            words = tuple(_words(*of, length))
            yield words, "".join(chain.from_iterable(zip(words, cycle(signs), strict=False))).rstrip("".join(signs))
    for kind in kinds if longest == LONGEST else ():
        inner = kinds_of(schema, kind.get("items") or {})
        if any(each.get("type") == "string" for each in inner) and not any(choices_of(each) for each in inner):
            counts = range(min(kind.get("maxItems", _ENTRIES), _ENTRIES), 1, -1)
            for words in (tuple(_words(*of, 7 * count)) for count in counts):
                yield words, [*words]


def _words(field: int, bangla: bool, length: int) -> Iterator[str]:  # noqa: FBT001 - of one field, in one script
    """Words of six letters for ``length`` signs with the blanks between them; each is made once."""
    syllables = [consonant + vowel for vowel in _VOWELS[bangla] for consonant in _CONSONANTS[bangla]]
    for number in range((length + 1) // 7):
        rest, first = divmod(field * (LONGEST // 7 + 1) + number, len(syllables))
        third, second = divmod(rest, len(syllables))
        yield (syllables[first] + syllables[second] + syllables[third % len(syllables)]).capitalize()


def days_to_swap(
    model: type[Form], example: Mapping[str, JsonValue]
) -> Iterator[tuple[Location, tuple[date, ...], list[FilledForm]]]:
    """For each day that the form asks for, three days, and the forms with them, at the first year that it takes.

    The first can be read in one way alone; the month of each other is the day of the third.
    """
    schema = form_schema(model)
    for place, described, value in fields_of(schema, schema, dict(example), ()):
        usual = day_in(value)
        if usual is None and not any(kind.get("format") == "date" for kind in kinds_of(schema, described)):
            continue
        for away, (one, other) in product((0, -1, 1, -2, -5, -10, -20), ((5, 4), (3, 2), (2, 1), (9, 8), (11, 10))):
            year = (usual.year if usual else 2025) + away
            days = (date(year, one, 27), date(year, one, other), date(year, other, one))
            forms = [placed(example, place, day.isoformat()) for day in days]
            if all(is_valid(model, form) for form in forms):
                yield place, days, forms
                break


def _members(document: JsonValue, at: Location = ()) -> Iterator[tuple[Location, JsonValue]]:
    """Every member of an object and of those within it, outer ones first."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*at, name), value
            yield from _members(value, (*at, name))
