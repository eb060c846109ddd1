import json
from typing import Any

import pytest
from pydantic import ValidationError

from nagorik.errors import InputRejected
from nagorik.privacy import Form
from nagorik_nid.forms import (
    CardRenewalForm,
    Change,
    CorrectionForm,
    HomeAddress,
    MigrationForm,
    NewVoterForm,
    NidApplicationStatusForm,
    ReissueForm,
    SmartCardStatusForm,
    VerificationForm,
)
from nagorik_toolkit import form_schema, validate_form

# District code 99 is nobody's.
FULL, LEGACY, SMART, BRN = "19909910012000001", "9910012000001", "0099000001", "19909910000000001"
CARD = {"birth_date": "1990-01-31", "nid": FULL}
AREA = {"division": "ঢাকা", "district": "Dhaka", "upazila": "সাভার"}
HOME = {**AREA, "union_or_ward": "ওয়ার্ড ১", "home": "নমুনা রোড, বাসা ১"}
VOTER = {
    "birth_date": "1990-01-31",
    "birth_registration": BRN,
    "name": {"bn": "নমুনা নাগরিক", "en": "NAMUNA NAGORIK"},
    "father_name": "নমুনা পিতা",
    "mother_name": "নমুনা মাতা",
    "mobile": "০১৩০০০০০০০১",
    "present_address": HOME,
    "permanent_address": HOME,
}


def problems(form: type[Form], data: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InputRejected) as rejected:
        validate_form(form, data)
    return [(problem.pointer, problem.code) for problem in rejected.value.fields]


def filled(form: type[Form], data: dict[str, Any]) -> Any:
    return validate_form(form, data)


def test_bangla_digits_are_read_and_kept_as_ascii() -> None:
    form = filled(VerificationForm, {"birth_date": "১৯৯০-০১-৩১", "nid": "১৯৯০ ৯৯১০০১২ ০০০০০১"})
    assert (form.birth_date.isoformat(), form.nid.value) == ("1990-01-31", FULL)


@pytest.mark.parametrize("nid", [SMART, LEGACY, FULL])
def test_all_three_kinds_of_number_are_taken(nid: str) -> None:
    assert filled(VerificationForm, CARD | {"nid": nid}).nid.value == nid


@pytest.mark.parametrize(
    ("nid", "code"),
    [
        ("", "identifier.empty"),
        ("123456789", "nid.length"),
        (1234567890, "identifier.not-text"),
        ("1.9909910012E+16", "identifier.scientific"),
        ("٠٠٩٩٠٠٠٠٠١", "identifier.characters"),
        ("0099000001'; --", "identifier.characters"),
        ("9" * 100_000, "identifier.too-long"),
        (None, "identifier.not-text"),
    ],
)
def test_what_is_no_nid_number_is_said_at_its_field(nid: Any, code: str) -> None:
    ((pointer, found),) = problems(VerificationForm, CARD | {"nid": nid})
    assert (pointer.startswith("/form/nid"), found) == (True, code)


def test_birth_registration_number_of_somebody_else_is_given_away_by_its_year_only() -> None:
    other = BRN.replace("1990", "1991", 1)
    assert problems(ReissueForm, CARD | {"reason": "damaged", "nid": other}) == [
        ("/form/nid", "nid.birth-year-mismatch")
    ]
    # Of the right year, the two cannot be told apart by anybody but the EC.
    assert filled(ReissueForm, CARD | {"reason": "damaged", "nid": BRN}).nid.value == BRN


@pytest.mark.parametrize(
    "written", ["31/01/90", "1990-1-31", "90-01-31", "1990-02-30", "1990-01-31T00:00:00", 633744000, True, None, ""]
)
def test_only_a_day_is_a_birth_date(written: Any) -> None:
    assert [pointer for pointer, _ in problems(VerificationForm, CARD | {"birth_date": written})] == [
        "/form/birth_date"
    ]


def test_all_problems_are_told_at_once_with_their_labels_and_without_the_input() -> None:
    with pytest.raises(InputRejected) as rejected:
        validate_form(ReissueForm, {"birth_date": "secret-day", "nid": "secret-number", "reason": "stolen"})
    fields = {problem.pointer: problem.text for problem in rejected.value.fields}
    assert set(fields) == {"/form/birth_date", "/form/nid", "/form/reason"}
    assert fields["/form/reason"].bn.startswith("কারণ: ")
    assert "secret" not in json.dumps(rejected.value.to_problem())


def test_text_is_brought_to_one_form() -> None:
    # য় in two code points and in one; stray blanks of three kinds.
    precomposed, composed = "\u09df", "\u09af\u09bc"
    form = filled(VerificationForm, CARD | {"father_name": f" নমুনা\u00a0\tবিজ{precomposed} "})
    assert form.father_name == f"নমুনা বিজ{composed}"


@pytest.mark.parametrize("text", ["", " ", "\u00a0"])
def test_text_that_says_nothing_is_asked_for(text: str) -> None:
    assert problems(VerificationForm, CARD | {"father_name": text}) == [("/form/father_name", "text.empty")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("নমু\x00না", "invisible.control"),
        ("নমু\u202eনা", "invisible.direction"),
        ("নমু\u200bনা", "invisible.zero-width-space"),
        ("?????", "text.unreadable"),
        ("নমুনা \ufffd", "text.unreadable"),
    ],
)
def test_text_that_is_damaged_is_asked_for_again(text: str, code: str) -> None:
    assert problems(VerificationForm, CARD | {"father_name": text}) == [("/form/father_name", code)]


def test_endless_text_is_refused() -> None:
    assert problems(VerificationForm, CARD | {"mother_name": "ক" * 201})[0][1] == "string_too_long"
    assert problems(VerificationForm, CARD | {"mother_name": "ক" + "\u09bc" * 100})[0][1] == "text.marks"


def test_unknown_field_is_refused() -> None:
    assert problems(VerificationForm, CARD | {"photo": "x"})[0][1] == "extra_forbidden"


def test_lost_card_needs_no_diary_and_may_have_one() -> None:
    without = filled(ReissueForm, CARD | {"reason": "lost"})
    assert (without.gd_reference, without.delivery, without.collection) == (None, "regular", "download")
    lost = filled(ReissueForm, CARD | {"reason": "lost", "gd_reference": "জিডি ১২৩, নমুনা থানা, ০১/১১/২০২৬"})
    assert lost.gd_reference == "জিডি ১২৩, নমুনা থানা, ০১/১১/২০২৬"


def test_one_thing_is_corrected_once_but_several_others_may_be() -> None:
    twice = [{"field": "name-en", "value": "A"}, {"field": "name-en", "value": "B"}]
    assert problems(CorrectionForm, CARD | {"changes": twice}) == [("/form/changes", "nid.corrected-twice")]
    others = [{"field": "other", "value": "A"}, {"field": "other", "value": "B"}]
    assert len(filled(CorrectionForm, CARD | {"changes": others}).changes) == 2
    assert problems(CorrectionForm, CARD | {"changes": []})[0] == ("/form/changes", "too_short")


def test_corrected_birth_date_is_a_date() -> None:
    right = [{"field": "birth-date", "value": "১৯৯১-০১-৩১"}]
    assert filled(CorrectionForm, CARD | {"changes": right}).changes[0].value == "1991-01-31"
    wrong = [{"field": "birth-date", "value": "31 January"}]
    assert problems(CorrectionForm, CARD | {"changes": wrong})[0] == ("/form/changes/0/value", "date.day-month-year")


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [
        ("blood-group", "o+", "O+"),
        ("blood-group", "AB -ve", "AB-"),
        ("name-bn", "নমুনা নাগরিক", "নমুনা নাগরিক"),
        ("name-en", "MD. NAMUNA", "MD. NAMUNA"),
        ("name-en", "NAMUNA NAGORIK 7", "NAMUNA NAGORIK 7"),
        ("father-name", "নমুনা পিতা", "নমুনা পিতা"),
        ("father-name", "NAMUNA PITA", "NAMUNA PITA"),
        ("birth-date", "১৯০০-০১-০১", "1900-01-01"),
        ("birth-date", "৩১/১২/১৯৯০", "1990-12-31"),
        ("birth-date", "31.12.1990", "1990-12-31"),
        ("birth-date", "31 Dec 1990", "1990-12-31"),
    ],
)
def test_correction_as_people_write_it(field: str, written: str, kept: str) -> None:
    assert filled(CorrectionForm, CARD | {"changes": [{"field": field, "value": written}]}).changes[0].value == kept


@pytest.mark.parametrize(
    ("field", "written", "code"),
    [
        ("birth-date", "1800-01-01", "birth-date.too-early"),
        ("birth-date", "31.12.90", "date.day-month-year"),
        ("birth-date", "1990/12/31", "date.day-month-year"),
        ("birth-date", "31/13/1990", "date.no-such-day"),
        ("blood-group", "Z+", "nid.blood-group"),
        ("blood-group", "O", "nid.blood-group"),
        ("name-bn", "NAMUNA", "name.bn-script"),
        ("name-bn", "নমুনা NAMUNA", "name.bn-script"),
        ("name-en", "নমুনা", "name.en-script"),
        ("name-en", "RAHIM123", "nid.name-letters"),
        ("name-en", "Avwg evsjv‡`k", "name.bijoy"),
        ("name-bn", "Avwg evsjv‡`k", "name.bijoy"),
        ("father-name", "Avwg evsjv‡`k", "name.bijoy"),
        ("father-name", "Avwg evsjv‡", "name.characters"),
        ("mother-name", "১২৩", "nid.name-letters"),
        ("spouse-name", "নমুনা NAMUNA", "name.bn-script"),
    ],
)
def test_correction_that_the_commission_would_refuse_is_one_complaint(field: str, written: str, code: str) -> None:
    assert problems(CorrectionForm, CARD | {"changes": [{"field": field, "value": written}]}) == [
        ("/form/changes/0/value", code)
    ]


@pytest.mark.parametrize("field", ["father_nid", "mother_nid"])
def test_ones_own_birth_registration_number_is_no_parent_s_nid(field: str) -> None:
    assert problems(NewVoterForm, VOTER | {field: BRN}) == [(f"/form/{field}", "nid.is-birth-registration")]


def test_new_address_lies_in_one_area() -> None:
    assert filled(MigrationForm, CARD | {"new_address": HOME}).new_address.district == "Dhaka"
    elsewhere = HOME | {"division": "চট্টগ্রাম"}
    assert problems(MigrationForm, CARD | {"new_address": elsewhere}) == [
        ("/form/new_address/district", "area.unknown")
    ]
    nowhere = HOME | {"division": "নমুনা বিভাগ"}
    assert problems(MigrationForm, CARD | {"new_address": nowhere})[0] == (
        "/form/new_address/division",
        "area.unknown",
    )


def test_new_voter_gives_a_number_of_the_birth_year_and_a_name_in_both_languages() -> None:
    form = filled(NewVoterForm, VOTER)
    assert (form.mobile.e164, form.birth_registration.value) == ("+8801300000001", BRN)
    assert problems(NewVoterForm, VOTER | {"birth_date": "1991-01-31"}) == [
        ("/form/birth_registration", "nid.brn-year-mismatch")
    ]
    assert problems(NewVoterForm, VOTER | {"name": {"en": "NAMUNA NAGORIK"}}) == [("/form/name", "nid.name-in-both")]
    assert problems(NewVoterForm, VOTER | {"birth_registration": BRN[1:]})[0][1] == "brn.legacy"


@pytest.mark.parametrize(
    ("written", "kept"), [("0000000042", "0000000042"), (" ০০০০ ০০০০৪২ ", "0000000042"), ("NIDW-0000000042", None)]
)
def test_form_number_as_it_is_on_the_slip(written: str, kept: str | None) -> None:
    form = filled(NidApplicationStatusForm, {"birth_date": "1990-01-31", "form_number": written})
    assert form.form_number == (kept or written)


@pytest.mark.parametrize(
    ("written", "code"),
    [("", "text.empty"), ("slip", "nid.form-number"), ("42/7", "nid.form-number"), ("?0", "nid.form-number")],
)
def test_what_is_no_form_number_is_said_at_its_field(written: str, code: str) -> None:
    form = {"birth_date": "1990-01-31", "form_number": written}
    assert problems(NidApplicationStatusForm, form) == [("/form/form_number", code)]


def test_card_is_asked_about_by_either_number_and_by_one_at_least() -> None:
    born = {"birth_date": "1990-01-31"}
    assert problems(SmartCardStatusForm, born) == [("/form/form_number", "nid.number-needed")]
    assert filled(SmartCardStatusForm, born | {"form_number": "0000000042"}).nid is None
    assert filled(SmartCardStatusForm, CARD).form_number is None
    # An NID number that is wrong is one complaint, not two.
    assert problems(SmartCardStatusForm, born | {"nid": FULL.replace("1990", "1991", 1)}) == [
        ("/form/nid", "nid.birth-year-mismatch")
    ]


ALL_FORMS = [
    VerificationForm,
    NidApplicationStatusForm,
    SmartCardStatusForm,
    NewVoterForm,
    CorrectionForm,
    ReissueForm,
    CardRenewalForm,
    MigrationForm,
]


@pytest.mark.parametrize("form", ALL_FORMS)
def test_every_field_has_title_and_help_in_both_languages(form: type[Form]) -> None:
    for model in (form, Change, HomeAddress):
        for name, schema in form_schema(model)["properties"].items():
            texts = [schema.get(key) for key in ("title", "x-title-bn", "description", "x-description-bn")]
            assert all(texts), f"{model.__name__}.{name}"
            assert any("\u0980" <= letter <= "\u09ff" for letter in texts[1] + texts[3]), f"{model.__name__}.{name}"


@pytest.mark.parametrize(
    ("form", "data"), [(VerificationForm, CARD | {"father_name": "নমুনা পিতা"}), (NewVoterForm, VOTER)]
)
def test_representation_of_a_form_holds_nothing_of_the_citizen(form: type[Form], data: dict[str, Any]) -> None:
    shown = repr(filled(form, data))
    assert not any(personal in shown for personal in ("1990", "নমুনা", "NAMUNA", "99100"))


def test_error_of_the_model_itself_holds_no_input() -> None:
    with pytest.raises(ValidationError) as error:
        VerificationForm.model_validate(CARD | {"nid": "secret-number"})
    assert "secret" not in str(error.value)
