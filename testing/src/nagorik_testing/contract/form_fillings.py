"""A form that is filled in to the last field, or no further than required, with other choices or with long texts."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, cycle
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form
from nagorik_testing.contract.checks.inspection import leaves
from nagorik_testing.contract.form_fields import (
    choices_at,
    choices_of,
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

LONGEST: Final = 4_000
"""Characters of the longest text that a field is given."""
SHORT: Final = 30
"""Characters of a text that no plugin refuses for its length."""
SIGNS: Final = (", ", "/", " (", "; ", ". ")
"""Between words; each begins another part of an address or a sentence."""
PARTING: Final = re.compile(r"[\s,/();.]")
"""What stands between words that are sent in parts."""
_LENGTHS: Final = (LONGEST, 2000, 1000, 500, 300, 255, 200, 160, 120, 100, 80, 60, 50, 40, 30, 20)
_ENTRIES: Final = 12
"""Of the longest list of texts that a field is given."""
_CONSONANTS: Final = {True: "কগজটডতদনপবমলসহ", False: "bdfghjklmnprst"}
_VOWELS: Final = {True: "ািুেো", False: "aiueo"}
_DIGITS: Final = {True: "\u0995\u09cb১২", False: "12"}
"""In Bangla after a letter with two encodings."""


def refilled(
    model: type[Form],
    form: Mapping[str, JsonValue],
    candidates: Callable[[Location, Any, JsonValue], Iterable[JsonValue]],
) -> FilledForm:
    """A form with the first valid candidate in each field; a field that takes no candidate is left as it is.

    Args:
        model: The form.
        form: As it is filled in.
        candidates: Other values for a field: by its place, its description in the schema and its value.
    """
    schema, filled = form_schema(model), dict(form)
    for place, described, value in list(fields_of(schema, schema, filled, ())):
        given = (placed(filled, place, one) for one in candidates(place, described, value))
        filled = next((one for one in given if is_valid(model, one)), filled)
    return filled


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

    def found(place: Location, described: Any, value: JsonValue) -> list[JsonValue]:
        if value not in (None, [], "") or choices_at(schema, described):
            return []
        within = properties_of(schema, described)
        objects = (one for _, one in known if within and isinstance(one, dict))
        parts = [{name: one for name, one in part.items() if name in within} for part in objects]
        alike = [one for at, one in known if at[-1] == place[-1] and not isinstance(one, dict)]
        values = [*parts, *others_at(others, place), *alike, *invented(schema, described)]
        return sorted(values, key=lambda one: one in used)

    for _ in range(2):  # the fields of an empty group are seen only once the group is there
        used = [one for _, one in leaves(full)]
        full = refilled(model, full, found)
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
) -> FilledForm:
    """A form with texts of words that stand in no other field, as long as it takes them.

    The first word is in capitals, and with ``SIGNS`` the second ends in digits. A list has an entry for each word.

    Args:
        model: The form.
        form: As it is filled in.
        bangla: Whether the words are in Bangla or in Latin letters.
        signs: Between words, one after another.
        longest: Characters of a text, at most.
        only: The one field that is filled in so; all if it is left out.
    """
    schema, numbers = form_schema(model), count()

    def texts(place: Location, described: Any, value: JsonValue) -> Iterator[JsonValue]:
        number = next(numbers)
        if only not in {None, place} or choices_at(schema, described):
            return
        for kind in kinds_of(schema, described):
            inner = kinds_of(schema, kind.get("items") or {})
            if any(each.get("type") == "string" for each in inner) and not any(map(choices_of, inner)):
                yield list[JsonValue](_words(number, longest, bangla=bangla))[: kind.get("maxItems", _ENTRIES)]
            elif kind.get("type") == "string" and isinstance(value, str | None):
                for length in sorted({*_LENGTHS, kind.get("maxLength", SHORT)}, reverse=True):
                    words = [*_words(number, min(length, longest), bangla=bangla)]
                    words[1:2] = [word + _DIGITS[bangla] * (len(signs) > 1) for word in words[1:2]]
                    yield "".join(chain(*zip(words, cycle(signs), strict=False))).rstrip("".join(signs))

    return refilled(model, form, texts)


def _words(field: int, length: int, *, bangla: bool) -> Iterator[str]:
    """Words of six letters for ``length`` characters with the blanks between them; each is made once."""
    syllables = [consonant + vowel for vowel in _VOWELS[bangla] for consonant in _CONSONANTS[bangla]]
    for number in range((length + 1) // 7):
        rest, first = divmod(field * (LONGEST // 7 + 1) + number, len(syllables))
        third, second = divmod(rest, len(syllables))
        word = syllables[first] + syllables[second] + syllables[third % len(syllables)]
        yield word.capitalize() if number else word.upper()


def texts_of(model: type[Form], form: Mapping[str, JsonValue]) -> dict[Location, list[str]]:
    """The words of each text of a filled form, and the entries of each list of texts."""
    schema, found = form_schema(model), dict[Location, list[str]]()
    for place, _, value in fields_of(schema, schema, dict(form), ()):
        texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        found[place] = [word for text in texts for word in PARTING.split(text) if word]
    return found
