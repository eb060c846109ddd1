"""What is taken, and what is refused at its field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik import EligibilityRequest
from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik_passport.forms import (
    ApplicationForm,
    AppointmentChangeForm,
    NewPassportForm,
    PassportStatusForm,
    ReissueForm,
    VerificationForm,
)
from nagorik_passport.plugin import PLUGIN
from nagorik_passport.simulator import PassportSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import form_schema, validate_form

CITIZEN = SyntheticCitizens().citizen(7)
MODELS: Mapping[str, type[Form]] = {
    "passport.new": NewPassportForm,
    "passport.reissue": ReissueForm,
    "passport.verification": VerificationForm,
    "passport.status": PassportStatusForm,
    "passport.appointment-change": AppointmentChangeForm,
}


def filled(service: str, **more: JsonValue) -> Any:
    return validate_form(MODELS[service], {**PassportSimulator().example(service, CITIZEN).form, **more})


def refusal(service: str, **more: JsonValue) -> dict[str, str]:
    with pytest.raises(InputRejected) as refused:
        filled(service, **more)
    return {problem.pointer: problem.code for problem in refused.value.fields}


@pytest.mark.parametrize("service", MODELS)
def test_every_field_has_a_label_and_help_in_both_languages(service: str) -> None:
    schema = form_schema(MODELS[service])
    for name, field in schema["properties"].items():
        assert field["title"], name
        assert field["x-title-bn"], name
        assert field["description"], name
        assert field["x-description-bn"], name


@pytest.mark.parametrize(("pages", "years"), [(48, 5), ("48", "10"), ("৪৮", "৫"), (" ৬৪ ", "১০")])
def test_booklet_in_digits_of_either_script(pages: JsonValue, years: JsonValue) -> None:
    form = filled("passport.new", pages=pages, validity_years=years)
    assert (form.pages, form.validity_years) == (
        int(str(pages).strip().translate(BANGLA)),
        int(str(years).translate(BANGLA)),
    )


BANGLA = str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789")


@pytest.mark.parametrize("pages", [32, "48.0", 48.5, True, None, "আটচল্লিশ", [48]])
def test_other_booklets_do_not_exist(pages: JsonValue) -> None:
    assert "/form/pages" in refusal("passport.new", pages=pages)


@pytest.mark.parametrize("number", ["a00000007", "A 0000 0007", "A০০০০০০০৭"])
def test_passport_number_as_people_write_it(number: str) -> None:
    assert filled("passport.verification", passport_no=number).passport_no.value == "A00000007"


@pytest.mark.parametrize("number", ["12345678", "A1234", "AAA1234567", "", 17, "19909910000000007"])
def test_what_is_no_passport_number(number: JsonValue) -> None:
    assert set(refusal("passport.verification", passport_no=number)) == {"/form/passport_no"}


@pytest.mark.parametrize("title", ["Dr", "Dr.", "ENGR", "Late"])
def test_titles_are_refused_in_names(title: str) -> None:
    assert refusal("passport.new", given_name=f"{title} Namuna")["/form/given_name"] == "form.no-titles"


@pytest.mark.parametrize("name", ["Drishti", "Lateef"])
def test_names_that_begin_like_titles_are_names(name: str) -> None:
    assert filled("passport.new", given_name=name).given_name == name


def test_name_of_one_word_is_a_surname() -> None:
    assert filled("passport.new", given_name=None, surname="NOMUNA").full_name == "NOMUNA"
    assert filled("passport.new").full_name == CITIZEN.name.en


@pytest.mark.parametrize("name", ["নমুনা", "12345", "?????"])
def test_names_are_in_english_letters(name: str) -> None:
    assert "/form/surname" in refusal("passport.new", surname=name)


def test_birth_registration_number_of_another_year_is_refused_at_its_field() -> None:
    number = f"{CITIZEN.birth_date.year + 1}{CITIZEN.birth_registration.value[4:]}"
    assert refusal("passport.new", birth_registration=number) == {
        "/form/birth_registration": "form.registration-year"
    }
    assert refusal("passport.new", nid=number) == {"/form/nid": "nid.birth-year-mismatch"}


def test_lost_passport_needs_a_diary() -> None:
    assert refusal("passport.reissue", reason="lost") == {"/form/gd_reference": "form.gd-needed"}
    diary = "নমুনা থানা, জিডি নং ১২, ১ নভেম্বর ২০২৬"
    assert filled("passport.reissue", reason="lost", gd_reference=diary).gd_reference == diary


def test_present_address_is_needed_in_bangladesh_only() -> None:
    assert refusal("passport.new", present_address=None) == {"/form/present_address": "form.address-needed"}
    abroad = filled("passport.new", present_address=None, place="mission", office="Doha")
    assert isinstance(abroad, ApplicationForm)
    assert abroad.present_address is None


@pytest.mark.parametrize("service", ["passport.new", "passport.reissue"])
def test_a_name_that_is_too_long_as_a_whole_is_refused_at_its_field(service: str) -> None:
    longest = {"given_name": "A" * 100, "surname": "B" * 99}
    assert len(filled(service, **longest).full_name) == 200
    assert refusal(service, **(longest | {"given_name": "A" * 199})) == {"/form/surname": "form.name-too-long"}


async def test_the_rules_take_every_name_that_the_form_takes() -> None:
    form = filled("passport.new", given_name="A" * 100, surname="B" * 99)
    applicant = PassportSimulator().example("passport.new", CITIZEN).applicant
    request = EligibilityRequest(service="passport.new", applicant=applicant, form=form, on=date(2026, 11, 24))
    assert next(one for one in PLUGIN.judge(request) if one.id == "own-name").verdict == "fail"


@pytest.mark.parametrize("name", ["RAHIM123", "RAHIM@#", "R4HIM", "-RAHIM", "RAHIM_"])
def test_digits_and_signs_within_a_name_are_refused(name: str) -> None:
    assert refusal("passport.new", surname=name) == {"/form/surname": "form.name-signs"}


@pytest.mark.parametrize("name", ["DR.RAHIM", "MD DR RAHIM", "Engr. RAHIM", "RAHIM LATE", "LATE.MD RAHIM"])
def test_title_is_found_wherever_it_stands(name: str) -> None:
    assert refusal("passport.new", surname=name) == {"/form/surname": "form.no-titles"}


@pytest.mark.parametrize("name", ["MD. RAHIM", "D'COSTA", "RAHIM-UL ISLAM", "DRISTY", "LATIF", "NAGORIK 7"])
def test_names_that_people_have_are_taken(name: str) -> None:
    assert filled("passport.new", surname=name).surname == name


def test_one_number_is_not_two_documents() -> None:
    number = CITIZEN.full_nid.value
    assert refusal("passport.new", birth_registration=number) == {"/form/birth_registration": "form.same-as-nid"}
    given = {"birth_registration": CITIZEN.birth_registration.value, "father_nid": CITIZEN.birth_registration.value}
    assert refusal("passport.new", **given) == {"/form/father_nid": "form.is-birth-registration"}


def test_whether_there_was_a_passport_is_asked() -> None:
    form = {
        key: value
        for key, value in PassportSimulator().example("passport.new", CITIZEN).form.items()
        if key != "had_passport"
    }
    with pytest.raises(InputRejected) as refused:
        validate_form(NewPassportForm, form)
    assert [problem.pointer for problem in refused.value.fields] == ["/form/had_passport"]


def test_each_kind_of_delivery_is_called_by_its_own_name() -> None:
    (titles,) = (
        {option["const"]: option["title"] for option in described["oneOf"]}
        for name, described in NewPassportForm.model_json_schema()["properties"].items()
        if name == "delivery"
    )
    assert titles == {"regular": "Regular", "express": "Express", "super-express": "Super express"}
