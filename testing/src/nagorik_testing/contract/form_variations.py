"""Other values for one field of a filled form: valid ones, which a citizen might as well have filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any, Final

from pydantic import JsonValue

from nagorik import Form, InputRejected
from nagorik_testing.contract.checks.inspection import leaves, with_value, written
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_toolkit.form_validation import Location, form_schema, validate_form

VALUES_OF_A_FIELD: Final = 3
"""Other values that one field is given, one after another."""
SERIALS: Final = (11, 97, 4243)
"""Citizens of whom numbers and names are taken."""
LONGEST: Final = 4_000
"""Signs of the longest text that a field is given, whatever the form would take."""
_LENGTHS: Final = (LONGEST, 2000, 1000, 500, 300, 255, 200, 160, 120, 100, 80, 60, 50, 40, 30, 20)
_DIGIT: Final = re.compile(r"[0-9০-৯]")
_NUMBERS: Final = (1, 2, 3, 5, 10, 12, 24, 32, 48, 64, 100, 150, 1000)


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
    schema = form_schema(model)
    usual = validate_form(model, dict(example))
    found = []
    for place, described, value in _fields(schema, schema, dict(example), ()):
        seen = [usual]
        varied: list[Variation] = []
        is_choice = any(_choices(kind) for kind in _kinds(schema, described))
        for candidate in _candidates(schema, described, value, _others_at(others, place)):
            given = _placed(dict(example), place, candidate)
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
            found.append(varied)
    return found


def in_other_contexts(
    model: type[Form], example: Mapping[str, JsonValue], field: Sequence[Variation]
) -> Iterator[tuple[dict[str, JsonValue], dict[str, JsonValue]]]:
    """Pairs of forms that differ in one field alone, each pair with another choice in some other field.

    For a field that only means something beside a choice, such as the country of an application made abroad.
    """
    schema = form_schema(model)
    place = field[0].place
    values = [_at(variation.form, place) for variation in field]
    values += [one for one in _invented(schema, _description(schema, example, place), 0) if one not in values]
    for other, described, value in _fields(schema, schema, dict(example), ()):
        choices = [choice for kind in _kinds(schema, described) for choice in _choices(kind)]
        for choice in choices:
            if other == place or choice == value:
                continue
            context = _placed(dict(example), other, choice)
            valid = [given for one in values if is_valid(model, given := _placed(context, place, one))]
            if len(valid) > 1:
                yield valid[0], valid[1]


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
        for place, described, value in list(_fields(schema, schema, full, ())):
            kinds = _kinds(schema, described)
            if value not in (None, [], "") or any(_choices(kind) for kind in kinds):
                continue
            used = [one for _, one in leaves(full)]
            found = [*_others_at(others, place), *_under_name(others, place[-1]), *_invented(schema, described, 0)]
            known = _properties(schema, described)
            parts = (part for other in others for part in _objects(dict(other)) if known)
            found = [*({name: one for name, one in part.items() if name in known} for part in parts), *found]
            for candidate in sorted(found, key=lambda one: one in used):
                given = _placed(full, place, candidate)
                if is_valid(model, given):
                    full = given
                    break
    return full


def filled_no_further(model: type[Form], example: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The example without whatever can be left out of it."""
    bare = dict(example)
    for place in list(_places_of_fields(bare, ())):
        left = _without(bare, place)
        if is_valid(model, left):
            bare = left
    return bare


def with_long_texts(
    model: type[Form],
    example: Mapping[str, JsonValue],
    *,
    bangla: bool,
    only: Location | None = None,
    longest: int = LONGEST,
) -> tuple[dict[str, JsonValue], dict[Location, tuple[str, ...]]]:
    """The example with texts as long as the form takes them, and the words of each, which stand in no other.

    A field that takes no text of such words, such as a number's, stays as it is; so do all but ``only`` one.
    """
    schema, form, written_words = form_schema(model), dict(example), dict[Location, tuple[str, ...]]()
    for number, (place, described, value) in enumerate(_fields(schema, schema, dict(example), ())):
        kinds = _kinds(schema, described)
        is_text = any(kind.get("type") == "string" for kind in kinds) and not any(_choices(kind) for kind in kinds)
        if not is_text or not isinstance(value, str | None) or only not in {None, place}:
            continue
        bounds = {kind["maxLength"] for kind in kinds if kind.get("maxLength", LONGEST) < LONGEST}
        for length in sorted((one for one in {*_LENGTHS, *bounds} if one <= longest), reverse=True):
            words = tuple(_words(number, length, bangla=bangla))
            given = _placed(form, place, " ".join(words))
            if words and is_valid(model, given):
                form, written_words[place] = given, words
                break
    return form, written_words


_CONSONANTS: Final = {True: "কগজটডতদনপবমলসহ", False: "bdfghjklmnprst"}
_VOWELS: Final = {True: "ািুেো", False: "aiueo"}


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
    for place, described, value in _fields(schema, schema, dict(example), ()):
        usual = _day(value) if isinstance(value, str) else None
        if usual is None and not any(kind.get("format") == "date" for kind in _kinds(schema, described)):
            continue
        for days in _swaps(usual.year if usual else 2025):
            clear, one, other = (_placed(dict(example), place, day.isoformat()) for day in days)
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


def _without(document: dict[str, JsonValue], place: Location) -> dict[str, JsonValue]:
    first, *rest = place
    if not rest:
        return {name: value for name, value in document.items() if name != first}
    inner = document.get(str(first))
    if not isinstance(inner, dict):
        return document  # it is gone already
    return {**document, str(first): _without(inner, tuple(rest))}


def _description(schema: dict[str, Any], example: Mapping[str, JsonValue], place: Location) -> Any:
    return next(described for at, described, _ in _fields(schema, schema, dict(example), ()) if at == place)


def is_valid(model: type[Form], given: dict[str, JsonValue]) -> bool:
    """Whether the form takes it."""
    try:
        validate_form(model, given)
    except InputRejected:
        return False
    return True


def _fields(
    schema: dict[str, Any], described: Any, value: JsonValue, at: Location
) -> Iterator[tuple[Location, Any, JsonValue]]:
    """Every field of a filled form and every one that was left empty, with its description."""
    resolved = _resolved(schema, described)
    if isinstance(value, dict):
        properties = _properties(schema, resolved)
        for name in dict.fromkeys((*value, *properties)):
            yield from _fields(schema, properties.get(name, {}), value.get(name), (*at, name))
        return
    if isinstance(value, list):
        items = _items(schema, resolved)
        for number, item in enumerate(value):
            yield from _fields(schema, items, item, (*at, number))
    if at:
        yield at, resolved, value


def _candidates(
    schema: dict[str, Any], described: Any, value: JsonValue, elsewhere: Sequence[JsonValue]
) -> Iterator[JsonValue]:
    choices = [choice for kind in _kinds(schema, described) for choice in _choices(kind)]
    if choices:
        yield from (choice for choice in choices if choice != value)
        return
    if isinstance(value, str):
        yield from _near(value)
    if isinstance(value, list):
        items = _items(schema, described)
        for more in (*value, *_invented(schema, items, 0)):
            yield [*value, *(_near(more) if isinstance(more, str) else ())][: len(value) + 1]
            yield [*value, more]
    if isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, value - 1, value + 10, *(number for number in _NUMBERS if number != value))
    yield from elsewhere
    yield from _invented(schema, described, 0)


def _near(text: str) -> Iterator[JsonValue]:
    """Texts that differ from one in a sign: at the end, where what is cut short is noticed, or in a digit."""
    day = _day(text)
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


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-24") else None
    except ValueError:
        return None


def _invented(schema: dict[str, Any], described: Any, depth: int) -> Iterator[JsonValue]:
    """Values for a field of which no value is known."""
    for kind in _kinds(schema, described):
        choices = _choices(kind)
        match kind.get("type"):
            case _ if choices:
                yield from choices
            case "boolean":
                yield from (True, False)
            case "integer" | "number":
                yield from _NUMBERS
            case "array":
                yield from ([one] for one in _invented(schema, kind.get("items", {}), depth + 1))
            case "object" if depth < 3:  # noqa: PLR2004 - no form goes deeper
                yield from _invented_object(schema, kind, depth)
            case "string" | None:
                yield from _texts()


def _invented_object(schema: dict[str, Any], kind: dict[str, Any], depth: int) -> Iterator[JsonValue]:
    properties = _properties(schema, kind)
    names = [name for name in properties if name in kind.get("required", ())] or list(properties)
    columns = [list(_invented(schema, properties[name], depth + 1)) for name in names]
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


def _kinds(schema: dict[str, Any], described: Any) -> list[dict[str, Any]]:
    """What a value may be, one after another, ``null`` left out."""
    resolved = _resolved(schema, described)
    options = resolved.get("anyOf") or resolved.get("oneOf")
    if options is None:
        return [] if resolved.get("type") == "null" else [resolved]
    return [kind for option in options for kind in _kinds(schema, option)]


def _choices(kind: Mapping[str, Any]) -> list[JsonValue]:
    if kind.get("type") == "boolean":
        return [True, False]
    return list(kind.get("enum", ())) or ([kind["const"]] if "const" in kind else [])


def _items(schema: dict[str, Any], described: Any) -> Any:
    return next((kind["items"] for kind in _kinds(schema, described) if "items" in kind), {})


def _properties(schema: dict[str, Any], described: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in _kinds(schema, described):
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


def _others_at(others: Sequence[Mapping[str, JsonValue]], place: Location) -> list[JsonValue]:
    return [found for other in others if (found := _at(other, place)) is not None]


def _at(document: Mapping[str, JsonValue], place: Location) -> JsonValue:
    """What stands in a place; ``None`` where there is none."""
    here: Any = document
    for step in place:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return None
    found: JsonValue = here
    return found


def _placed(document: dict[str, JsonValue], place: Location, value: JsonValue) -> dict[str, JsonValue]:
    """A copy with another value in one place, which may be of a field that was left empty."""
    *above, last = place
    holder: Any = document
    for step in above:
        holder = holder[step]
    if isinstance(holder, dict) and last not in holder:
        placed = (
            with_value(document, tuple(above), {**holder, str(last): value})
            if above
            else {**document, str(last): value}
        )
    else:
        placed = with_value(document, place, value)
    return dict(placed) if isinstance(placed, dict) else document
