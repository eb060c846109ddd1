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
    members,
    others_at,
    placed,
    properties_of,
)
from nagorik_toolkit.form_validation import Location, form_schema

FilledForm = dict[str, JsonValue]
WordsByPlace = dict[Location, tuple[str, ...]]
"""The words with which fields are filled in; no word stands in two fields."""

LONGEST: Final = 4_000
"""Characters of the longest text that a field is given."""
SHORT: Final = 30
"""Characters of a text that no plugin refuses for its length."""
SIGNS: Final = (", ", "/", " (", "; ", ". ")
"""Between words; each begins another part of an address or a sentence."""
_LENGTHS: Final = (LONGEST, 2000, 1000, 500, 300, 255, 200, 160, 120, 100, 80, 60, 50, 40, 30, 20)
_ENTRIES: Final = 12
"""Of the longest list of texts that a field is given."""
_CONSONANTS: Final = {True: "কগজটডতদনপবমলসহ", False: "bdfghjklmnprst"}
_VOWELS: Final = {True: "ািুেো", False: "aiueo"}


def filled_to_the_last(
    model: type[Form], example: Mapping[str, JsonValue], others: Sequence[Mapping[str, JsonValue]] = ()
) -> FilledForm:
    """Fill in each field that the example leaves empty and that is no choice; if possible with a new value.

    Args:
        model: The form.
        example: As it is filled in.
        others: As this form and others are filled in; their values are tried before invented ones.
    """
    schema, full = form_schema(model), dict(example)
    known = [member for other in others for member in members(dict(other))]
    for _ in range(2):  # the fields of an empty group are seen only once the group is there
        for place, described, value in list(fields_of(schema, schema, full, ())):
            if value not in (None, [], "") or choices_at(schema, described):
                continue
            used, within = [one for _, one in leaves(full)], properties_of(schema, described)
            objects = (one for _, one in known if within and isinstance(one, dict))
            parts = [{name: one for name, one in part.items() if name in within} for part in objects]
            alike = [one for at, one in known if at[-1] == place[-1] and not isinstance(one, dict)]
            found = [*parts, *others_at(others, place), *alike, *invented(schema, described)]
            given = (placed(full, place, one) for one in sorted(found, key=lambda one: one in used))
            full = next((filled for filled in given if is_valid(model, filled)), full)
    return full


def filled_no_further(
    model: type[Form], example: Mapping[str, JsonValue], *, keep: Collection[Location] = ()
) -> FilledForm:
    """The example without all that can be left out of it, except at the places to ``keep``."""
    bare = dict(example)
    for place in optional_parts(bare):
        if not any(kept[: len(place)] == place for kept in keep) and is_valid(model, left := without(bare, place)):
            bare = left
    return bare


def with_other_choices(
    model: type[Form], form: Mapping[str, JsonValue]
) -> Iterator[tuple[frozenset[Location], FilledForm]]:
    """A filled form with another choice in one field, for each choice that there is, and where that was chosen.

    Where a choice is valid with another one alone, such as a plan for cars with a car, both are changed.
    """
    schema = form_schema(model)
    choices = [
        (place, choice)
        for place, described, value in fields_of(schema, schema, dict(form), ())
        for choice in choices_at(schema, described)
        if choice != value
    ]
    for place, choice in choices:
        chosen = placed(form, place, choice)
        both = ((other, placed(chosen, other, beside)) for other, beside in choices if other != place)
        valid = ((other, given) for other, given in chain([(place, chosen)], both) if is_valid(model, given))
        yield from ((frozenset({place, other}), given) for other, given in [*valid][:1])


def optional_parts(form: Mapping[str, JsonValue]) -> list[Location]:
    """Where each field and each group of fields of a filled form stands that might be left out, outer ones first."""
    return [place for place, _ in members(dict(form))]


def without(form: FilledForm, place: Location) -> FilledForm:
    """A form without one of its ``optional_parts``; the same where that is gone already."""
    first, *rest = place
    if not rest:
        return {name: value for name, value in form.items() if name != first}
    inner = form.get(str(first))
    return {**form, str(first): without(inner, tuple(rest))} if isinstance(inner, dict) else form


def with_words(
    model: type[Form],
    form: Mapping[str, JsonValue],
    *,
    bangla: bool = False,
    signs: Sequence[str] = (" ",),
    longest: int = SHORT,
    only: Location | None = None,
) -> tuple[FilledForm, WordsByPlace]:
    """A form with texts of words that stand in no other field, as long as it takes them, and the words of each.

    The first word is in capitals; with ``SIGNS``, the second ends in digits, after a letter with two encodings. A field that takes no such text is left.

    Args:
        model: The form.
        form: As it is filled in.
        bangla: Whether the words are in Bangla or in Latin letters.
        signs: Between words, one after another.
        longest: Characters of a text, at most. A list has an entry for each word.
        only: The one field that is filled in so; all if it is left out.
    """
    schema, filled, by_place = form_schema(model), dict(form), WordsByPlace()
    for number, (place, described, value) in enumerate(fields_of(schema, schema, dict(form), ())):
        if only not in {None, place} or choices_at(schema, described):
            continue
        digits = "" if len(signs) == 1 else "\u0995\u09cb১২" if bangla else "12"
        for length, entries in _sizes(schema, described, value):
            words = [*_words(number, min(length, longest), bangla=bangla)][:entries]
            words[1:2] = [word + digits for word in words[1:2]]
            text = "".join(chain(*zip(words, cycle(signs), strict=False))).rstrip("".join(signs))
            if words and is_valid(model, given := placed(filled, place, words if entries else text)):
                filled, by_place[place] = given, (*words,)
                break
    return filled, by_place


def _sizes(schema: dict[str, Any], described: Any, value: JsonValue) -> Iterator[tuple[int, int | None]]:
    """In which sizes a field of texts is tried, the largest first: characters, and the entries of a list."""
    for kind in kinds_of(schema, described):
        inner = kinds_of(schema, kind.get("items") or {})
        if any(each.get("type") == "string" for each in inner) and not any(choices_of(each) for each in inner):
            yield LONGEST, min(kind.get("maxItems", _ENTRIES), _ENTRIES)
        elif kind.get("type") == "string" and isinstance(value, str | None):
            yield from ((length, None) for length in sorted({*_LENGTHS, kind.get("maxLength", SHORT)}, reverse=True))


def _words(field: int, length: int, *, bangla: bool) -> Iterator[str]:
    """Words of six letters for ``length`` characters with the blanks between them; each is made once."""
    syllables = [consonant + vowel for vowel in _VOWELS[bangla] for consonant in _CONSONANTS[bangla]]
    for number in range((length + 1) // 7):
        rest, first = divmod(field * (LONGEST // 7 + 1) + number, len(syllables))
        third, second = divmod(rest, len(syllables))
        word = syllables[first] + syllables[second] + syllables[third % len(syllables)]
        yield word.capitalize() if number else word.upper()


def with_days(
    model: type[Form], example: Mapping[str, JsonValue]
) -> Iterator[tuple[Location, tuple[date, date], list[FilledForm]]]:
    """For each day that the form asks for, two days of the first year that it takes, and the forms with them.

    The first can be read in one way alone; of the second, the month is the greater number.
    """
    schema = form_schema(model)
    for place, described, value in fields_of(schema, schema, dict(example), ()):
        usual = day_in(value)
        if usual is None and not any(kind.get("format") == "date" for kind in kinds_of(schema, described)):
            continue
        for away, month in product((0, -1, 1, -2, -5, -10, -20), (5, 3, 9, 11)):
            year = (usual.year if usual else 2025) + away
            days = date(year, month, 27), date(year, month, month - 1)
            forms = [placed(example, place, day.isoformat()) for day in days]
            if all(is_valid(model, form) for form in forms):
                yield place, days, forms
                break
