"""What a citizen writes into a form, rightly in another script or wrongly in every way."""

import re
import unicodedata
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from typing import Final

from pydantic import BaseModel, JsonValue

from nagorik import Form, InputRejected
from nagorik.manifest import AnyOffer
from nagorik.values import Money, to_bangla_digits
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import (
    example_form,
    form_of,
    leaves,
    with_value,
    written,
    wrong_scripts,
)
from nagorik_testing.contract.form_fields import is_valid, placed, value_at
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_toolkit.form_validation import Location, validate_form

MARK: Final = "Q7Z9"
"""Stands in every hostile text, and in no sentence of a plugin's own."""
HOSTILE: Final[dict[str, JsonValue]] = {
    "nothing": None,
    "a number": 4_242_424_242,
    "a number beyond doubles": 19_901_234_567_890_123,
    "scientific notation": "1.99e16",
    "seventeen digits": "99999999999999999",
    "a list": [MARK],
    "a table": {MARK: MARK},
    "control characters": f"{MARK}\x00\x1b[2J\u202e",
    "joiners": f"\u200d{MARK}\u200c",
    "100 kB": MARK * 25_000,
    "replaced letters": f"????? {MARK}",
    "a lone surrogate": f"{MARK}\ud800",
    "a year of two digits": "01/02/03",
}
"""What arrives in a field, by what it is."""
_ONE_CODE_POINT: Final = (("\u09a1\u09bc", "\u09dc"), ("\u09a2\u09bc", "\u09dd"), ("\u09af\u09bc", "\u09df"))
"""Letters with a nukta as two code points, which is NFC's way, and as one, which is what keyboards send."""
LETTERS: Final = unicodedata.normalize("NFC", "বড়ো আষাঢ় সময়")
"""Words with each of them, and with a vowel that has two encodings."""
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 -]{4,}[0-9]")
"""A text that is a number of somebody or something, and no number of a house."""


@check("form/hostile-input")
async def _hostile_input(subject: Subject, offer: AnyOffer) -> list[str]:
    model, example = await _material(subject, offer)
    wrong: list[str] = []
    for place, _ in leaves(example):
        for what, value in HOSTILE.items():
            wrong += _refusal(model, example, place, what, value)
    for key in example:
        rest = {name: value for name, value in example.items() if name != key}
        wrong += _judged(model, rest, f"{key} left out")[1]
    return wrong


def _refusal(
    model: type[Form], example: dict[str, JsonValue], place: Location, what: str, value: JsonValue
) -> list[str]:
    given = with_value(example, place, value)
    assert isinstance(given, dict)  # noqa: S101 - the place is inside the form
    where = f"{what} in {written(place)}"
    kept = deepcopy(given)
    refused, wrong = _judged(model, given, where)
    if given != kept:
        wrong.append(f"{where}: what was handed in is changed")
    shown = str(refused.to_problem()) if refused is not None else ""
    if MARK in shown:
        wrong.append(f"{where}: the refusal repeats it")
    return wrong


def _judged(model: type[Form], given: dict[str, JsonValue], where: str) -> tuple[InputRejected | None, list[str]]:
    try:
        validate_form(model, given)
    except InputRejected as refused:
        wrong = [
            f"{where}: the refusal points at {problem.pointer}"
            for problem in refused.fields
            if problem.pointer != "/form" and not problem.pointer.startswith("/form/")
        ]
        for problem in refused.fields:
            wrong += wrong_scripts(f"the problem {problem.code}", problem.text)
        return refused, wrong
    except Exception as error:  # noqa: BLE001 - a form's validators may raise anything
        return None, [f"{where}: {type(error).__name__} instead of InputRejected"]
    return None, []


@check("form/bangla-digits")
async def _bangla_digits(subject: Subject, offer: AnyOffer) -> list[str]:
    model, example = await _material(subject, offer)
    usual = _accepted(model, example)
    places = [
        (place, value)
        for place, value in leaves(example)
        if _is_number(usual, place, value) or _is_counted(model, example, usual, place, value)
    ]
    if not places:
        raise NotConcerned("its form holds no number and no date")
    return _same_for(
        model, example, usual, [(place, to_bangla_digits(str(value))) for place, value in places], "in Bangla digits"
    )


def _is_number(usual: Form, place: Location, value: JsonValue) -> bool:
    """Whether a text with digits is read as something else than text, so that its digits mean a number or a date."""
    if not (isinstance(value, str) and any("0" <= letter <= "9" for letter in value)):
        return False
    here = _read_at(usual, place)
    if isinstance(here, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(here, date | int | Money) or (isinstance(here, BaseModel) and not isinstance(here, Form))


def _is_counted(
    model: type[Form], example: dict[str, JsonValue], usual: Form, place: Location, value: JsonValue
) -> bool:
    """Whether a number of the example may be written as a page sends it: as text."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    given = with_value(example, place, str(value))
    return isinstance(given, dict) and is_valid(model, given) and _accepted(model, given) == usual


def _read_at(filled: Form, place: Location) -> object:
    """What a form made of what was written in a place."""
    here: object = filled
    for step in place:
        here = (
            here[step] if isinstance(here, list | tuple) and isinstance(step, int) else getattr(here, str(step), None)
        )
    return here


@check("form/one-encoding")
async def _same_letters(subject: Subject, offer: AnyOffer) -> list[str]:
    model, example = await _material(subject, offer)
    usual = _accepted(model, example)
    texts = [(place, value) for place, value in leaves(example) if isinstance(value, str)]
    variants = [(place, form(value)) for place, value in texts for form in (_decomposed, _in_one_code_point)]
    changed = [(place, value) for place, value in variants if (place, value) not in texts]
    free = list(_with_all_letters(model, example))
    if not (changed or free):
        raise NotConcerned("its form takes no letter that has two encodings")
    how = "in the other encoding of its letters"
    wrong = _same_for(model, example, usual, changed, how)
    for place, given in free:
        variants = [(place, form(LETTERS)) for form in (_decomposed, _in_one_code_point)]
        wrong += _same_for(model, given, _accepted(model, given), variants, how)
    return list(dict.fromkeys(wrong))


def _with_all_letters(
    model: type[Form], example: dict[str, JsonValue]
) -> Iterator[tuple[Location, dict[str, JsonValue]]]:
    """The form with each letter that has two encodings in a text, those among them that the example leaves empty."""
    written_in = {place for place, value in leaves(example) if isinstance(value, str)}
    for field in variations_of(model, example):
        first = field[0]
        if not first.is_choice and isinstance(value_at(first.form, first.place), str):
            written_in.add(first.place)
    for place in sorted(written_in, key=written):
        given = placed(example, place, LETTERS)
        if is_valid(model, given) and isinstance(_read_at(_accepted(model, given), place), str):
            yield place, given


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _in_one_code_point(text: str) -> str:
    for two, one in _ONE_CODE_POINT:
        text = text.replace(two, one)
    return text


def _same_for(
    model: type[Form], example: dict[str, JsonValue], usual: Form, changes: list[tuple[Location, str]], how: str
) -> list[str]:
    wrong = []
    for place, value in changes:
        given = with_value(example, place, value)
        try:
            filled = validate_form(model, given if isinstance(given, dict) else {})
        except InputRejected:
            wrong.append(f"{written(place)} {how} is refused")
            continue
        if filled != usual:
            wrong.append(f"{written(place)} {how} is taken for something else")
    return wrong


def _accepted(model: type[Form], example: dict[str, JsonValue]) -> Form:
    return validate_form(model, example)


async def _material(subject: Subject, offer: AnyOffer) -> tuple[type[Form], dict[str, JsonValue]]:
    model = form_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        return model, example_form(rig)
