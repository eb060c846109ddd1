"""What a citizen writes into a form, rightly in another script or wrongly in every way."""

import re
import unicodedata
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from functools import reduce
from typing import Any, Final

from pydantic import BaseModel, JsonValue

from nagorik import Form, InputRejected
from nagorik.manifest import AnyOffer
from nagorik.values import Money, to_bangla_digits
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, form_of, leaves, written, wrong_scripts
from nagorik_testing.contract.form_fields import filled_in, placed, value_at
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
    given = {
        f"{what} in {written(place)}": placed(example, place, value)
        for place, _ in leaves(example)
        for what, value in HOSTILE.items()
    }
    for left_out in example:
        given[f"{left_out} left out"] = {name: value for name, value in example.items() if name != left_out}
    return [f"{where}: {problem}" for where, form in given.items() for problem in _judged(model, form)]


def _judged(model: type[Form], given: dict[str, JsonValue]) -> Iterator[str]:
    kept = deepcopy(given)
    try:
        validate_form(model, given)
    except InputRejected as refused:
        if MARK in str(refused.to_problem()):
            yield "the refusal repeats it"
        for problem in refused.fields:
            if not f"{problem.pointer}/".startswith("/form/"):
                yield f"the refusal points at {problem.pointer}"
            yield from wrong_scripts(f"the problem {problem.code}", problem.text)
    except Exception as error:  # noqa: BLE001 - a form's validators may raise anything
        yield f"{type(error).__name__} instead of InputRejected"
    if given != kept:
        yield "what was handed in is changed"


@check("form/one-encoding")
async def _one_encoding(subject: Subject, offer: AnyOffer) -> list[str]:
    model, example = await _material(subject, offer)
    usual, typed = validate_form(model, example), list[tuple[dict[str, JsonValue], Location, JsonValue, str]]()
    for place, value in leaves(example):
        if _is_number(model, example, usual, place):
            typed.append((example, place, to_bangla_digits(str(value)), "in Bangla digits"))
    texts = [(place, example) for place, value in leaves(example) if isinstance(value, str)]
    for place, form in (*texts, *_with_all_letters(model, example)):
        text = str(value_at(form, place))
        others = {unicodedata.normalize("NFD", text), reduce(_in_one_code_point, _ONE_CODE_POINT, text)} - {text}
        typed += [(form, place, other, "in the other encoding of its letters") for other in sorted(others)]
    if not typed:
        raise NotConcerned("its form holds no number, no date, and no letter that has two encodings")
    wrong: list[str] = []
    for form, place, value, how in typed:
        filled = filled_in(model, placed(form, place, value))
        end = "refused" if filled is None else "taken for something else"
        wrong += [f"{written(place)} {how} is {end}"] if filled != validate_form(model, form) else []
    return list(dict.fromkeys(wrong))


def _is_number(model: type[Form], example: dict[str, JsonValue], usual: Form, place: Location) -> bool:
    """Whether a number or a date stands in a place, as text or, where a page may send it so, as a number."""
    value, read = value_at(example, place), _read_at(usual, place)
    if not isinstance(value, str) or not re.search("[0-9]", value):
        counted = isinstance(value, int) and not isinstance(value, bool)
        return counted and filled_in(model, placed(example, place, str(value))) == usual
    if isinstance(read, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(read, date | int | Money | BaseModel) and not isinstance(read, Form)


def _read_at(filled: Form, place: Location) -> object:
    """What a form made of what was written in a place."""
    here: Any = filled
    for step in place:
        here = here[step] if isinstance(step, int) else getattr(here, step, None)
    return here


def _with_all_letters(
    model: type[Form], example: dict[str, JsonValue]
) -> Iterator[tuple[Location, dict[str, JsonValue]]]:
    """The form with each letter that has two encodings in a text, those among them that the example leaves empty."""
    texts = {place for place, value in leaves(example) if isinstance(value, str)}
    varied = (field[0] for field in variations_of(model, example) if not field[0].is_choice)
    texts |= {one.place for one in varied if isinstance(value_at(one.form, one.place), str)}
    for place in sorted(texts, key=written):
        filled = filled_in(model, given := placed(example, place, LETTERS))
        if filled is not None and isinstance(_read_at(filled, place), str):
            yield place, given


def _in_one_code_point(text: str, letter: tuple[str, str]) -> str:
    return text.replace(*letter)


async def _material(subject: Subject, offer: AnyOffer) -> tuple[type[Form], dict[str, JsonValue]]:
    model = form_of(subject, offer)
    async with open_rig(subject, offer.id) as rig:
        return model, example_form(rig)
