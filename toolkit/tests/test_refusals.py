"""Input that is refused, by a plugin or by its agency, is told at the field where it was filled in."""

import json
from datetime import date

import pytest

from nagorik import (
    AgencyResponse,
    Applicant,
    ApplicationRequest,
    ContractViolation,
    Criterion,
    Form,
    InputRejected,
    Layer,
    PersonName,
    Text,
    Verdict,
)
from nagorik_toolkit import eligibility_question, field_error_reader, parse_texts, refuse, refuse_failed

TEXTS = parse_texts(
    """
["x.refused"]
en = "The agency does not take it."
bn = "সংস্থা এটি গ্রহণ করেনি।"
["x.year"]
en = "Not before {day}."
bn = "{day}-এর আগে নয়।"
""".encode()
)
READ = field_error_reader({"dob": "/form/birth_date"}, TEXTS, "x.refused")
SENTENCE = Text(en="No.", bn="না।")


def answer(status: int, document: object) -> AgencyResponse:
    return AgencyResponse(status, [], json.dumps(document).encode())


def criterion(name: str, verdict: Verdict) -> Criterion:
    return Criterion(id=name, verdict=verdict, text=SENTENCE)


def test_nothing_is_refused_where_there_is_no_problem() -> None:
    refuse([])
    refuse_failed("x", [("/form/a", criterion("a", Verdict.PASS)), ("/form/b", criterion("b", Verdict.CANNOT_TELL))])


def test_every_problem_is_told_at_once_by_the_plugin() -> None:
    day = date(2026, 7, 1)
    with pytest.raises(InputRejected) as caught:
        refuse([TEXTS.field_problem("/form/a", "x.refused"), TEXTS.field_problem("/form/b", "x.year", day=day)])
    assert caught.value.layer is Layer.PLUGIN
    assert [(found.pointer, found.code, found.text.en) for found in caught.value.fields] == [
        ("/form/a", "x.refused", "The agency does not take it."),
        ("/form/b", "x.year", "Not before 1 July 2026."),
    ]


def test_criteria_that_fail_are_refused_at_their_fields() -> None:
    judged = [("/form/a", criterion("adult", Verdict.FAIL)), ("/form/b", criterion("paper", Verdict.PASS))]
    with pytest.raises(InputRejected) as caught:
        refuse_failed("x", judged)
    assert [(found.pointer, found.code, found.text) for found in caught.value.fields] == [
        ("/form/a", "x.adult", SENTENCE)
    ]


def test_application_raises_the_question_of_its_own_day() -> None:
    applicant = Applicant(name=PersonName(en="NAMUNA NAGORIK"), birth_date=date(1990, 1, 1))
    request = ApplicationRequest(service="x.y", on=date(2026, 7, 1), applicant=applicant, form=Form())
    asked = eligibility_question(request)
    assert (asked.service, asked.on, asked.applicant, asked.form) == ("x.y", request.on, applicant, request.form)


@pytest.mark.parametrize("status", [400, 422])
def test_field_that_the_agency_refuses_is_told_where_it_was_filled_in(status: int) -> None:
    error = READ(answer(status, {"error": {"field": "dob", "message": "1990-01-01 is no date"}}))
    assert isinstance(error, InputRejected)
    assert [(found.pointer, found.code) for found in error.fields] == [("/form/birth_date", "x.refused")]
    assert "1990" not in str(error.details())


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"error": {"field": "elsewhere"}}),
        (400, {"error": {"message": "no field"}}),
        (400, {"error": "a text"}),
        (400, ["a list"]),
        (400, None),
        (403, {"error": {"field": "dob"}}),
        (503, {"error": {"field": "dob"}}),
        (200, {"status": "OK"}),
    ],
)
def test_what_names_no_field_of_the_form_is_left_to_the_client(status: int, document: object) -> None:
    assert READ(answer(status, document)) is None


@pytest.mark.parametrize("document", [{"error": None}, {"error": ""}, {"errors": []}, {"success": True}])
def test_success_without_an_error_is_left_to_the_client(document: object) -> None:
    assert READ(answer(200, document)) is None


@pytest.mark.parametrize(
    "document", [{"error": {"field": "dob"}}, {"error": {}}, {"error": "text"}, {"errors": ["x"]}, {"success": False}]
)
def test_success_with_an_error_in_it_says_neither(document: object) -> None:
    error = READ(answer(200, document))
    assert isinstance(error, ContractViolation)
    assert error.detail == "error-with-success-status"


def test_agency_has_its_own_status_for_bad_input() -> None:
    read = field_error_reader({"dob": "/form/birth_date"}, TEXTS, "x.refused", statuses={409})
    refused = {"error": {"field": "dob"}}
    assert isinstance(read(answer(409, refused)), InputRejected)
    assert read(answer(400, refused)) is None
