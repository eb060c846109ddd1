"""What is taken, and what is refused at its field."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import JsonValue

from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik_bmet.forms import (
    ClearanceForm,
    OrientationForm,
    RegistrationForm,
)
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import form_schema, validate_form

CITIZEN = SyntheticCitizens().citizen(7)
MODELS: dict[str, type[Form]] = {
    "bmet.registration": RegistrationForm,
    "bmet.orientation": OrientationForm,
    "bmet.clearance": ClearanceForm,
}


def filled(service: str, **more: JsonValue) -> Any:
    return validate_form(MODELS[service], {**BmetSimulator().example(service, CITIZEN).form, **more})


def refusal(service: str, **more: JsonValue) -> dict[str, str]:
    with pytest.raises(InputRejected) as refused:
        filled(service, **more)
    return {problem.pointer: problem.code for problem in refused.value.fields}


@pytest.mark.parametrize("service", MODELS)
def test_every_field_has_a_label_and_help_in_both_languages(service: str) -> None:
    for name, field in form_schema(MODELS[service])["properties"].items():
        assert all(field[key] for key in ("title", "x-title-bn", "description", "x-description-bn")), name


def test_bangla_digits_are_read() -> None:
    form = filled("bmet.clearance", bmet_number="bm০০০০০০০৭", registered_on="২০২৬-০১-৩১", passport_no="A০০০০০০০৭")
    assert (form.bmet_number, form.registered_on, form.passport_no.value) == (
        "BM00000007",
        date(2026, 1, 31),
        "A00000007",
    )


@pytest.mark.parametrize("number", ["", " ", "-", "BM 1", "বিএম১", "<script>", "A" * 31, f"{'A' * 30} 1", "BM\n1"])
def test_what_is_no_bmet_number(number: str) -> None:
    assert refusal("bmet.orientation", bmet_number=number) == {"/form/bmet_number": "form.bmet-number"}


def test_longest_numbers_and_names_are_taken_whole() -> None:
    number, country = "B" * 30, "দ" * 60
    assert filled("bmet.orientation", bmet_number=f" {number} ").bmet_number == number
    assert filled("bmet.registration", countries=[country]).countries == (country,)
    assert "/form/countries/0" in refusal("bmet.registration", countries=[f"{country}দ"])


@pytest.mark.parametrize("number", [17, None, ["BM1"], {"a": 1}])
def test_a_bmet_number_is_text(number: JsonValue) -> None:
    assert set(refusal("bmet.orientation", bmet_number=number)) == {"/form/bmet_number"}


@given(st.text(alphabet="Ab-০1", min_size=1, max_size=30).filter(lambda number: number.strip("-")))
def test_letters_digits_and_dashes_are_kept_in_one_spelling(written: str) -> None:
    number = filled("bmet.orientation", bmet_number=written).bmet_number
    assert number == written.upper().replace("০", "0")


@pytest.mark.parametrize("number", ["19909910000000007", "12345678", "", 17])
def test_another_number_in_the_passports_field(number: JsonValue) -> None:
    assert set(refusal("bmet.registration", passport_no=number)) == {"/form/passport_no"}


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"countries": []}, "/form/countries"),
        ({"countries": ["কাতার", "কাতার"]}, "/form/countries"),
        ({"countries": ["Qatar", "QATAR"]}, "/form/countries"),
        ({"countries": [f"দেশ {n}" for n in range(6)]}, "/form/countries"),
        ({"countries": "কাতার"}, "/form/countries"),
        ({"countries": ["কাতার", ""]}, "/form/countries/1"),
        ({"skills": ["ক" * 81]}, "/form/skills/0"),
        ({"skills": [f"দক্ষতা {n}" for n in range(11)]}, "/form/skills"),
        ({"occupation": "astronaut"}, "/form/occupation"),
        ({"mobile": "12"}, "/form/mobile"),
        ({"birth_date": "1990-31-01"}, "/form/birth_date"),
    ],
)
def test_refused_at_its_field(more: dict[str, Any], pointer: str) -> None:
    assert set(refusal("bmet.registration", **more)) == {pointer}


@pytest.mark.parametrize("papers", [["visa", "visa"], ["letter"], "visa", [None], None])
def test_papers_come_from_the_list_and_once(papers: JsonValue) -> None:
    assert all(pointer.startswith("/form/papers") for pointer in refusal("bmet.clearance", papers=papers))


def test_a_correction_says_what_is_wrong() -> None:
    assert refusal("bmet.clearance", card="correction") == {"/form/correction": "form.correction-needed"}
    assert filled("bmet.clearance", card="correction", correction="নামের বানান").card == "correction"
    assert filled("bmet.clearance").correction is None


def test_the_help_names_the_bounds_that_hold() -> None:
    skills = form_schema(RegistrationForm)["properties"]["skills"]
    assert len(filled("bmet.registration", skills=[f"দক্ষতা {n}" for n in range(10)]).skills) == 10
    assert ("10" in skills["description"], "১০" in skills["x-description-bn"]) == (True, True)
