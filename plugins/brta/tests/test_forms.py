from datetime import date
from typing import Any

import pytest

from nagorik import EligibilityRequest
from nagorik.errors import InputRejected
from nagorik_brta.conditions import years_late
from nagorik_brta.plugin import PLUGIN
from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

FORMS = PLUGIN.forms
HOSTILE = ["", " ", "x" * 100_000, "'; DROP TABLE", "<script>", "\x00", "१२", -1, 1.5, True, None, [], {}]


def filled(service: str, **more: Any) -> Any:
    given = {**BrtaSimulator().example(service, SyntheticCitizens().citizen(7)).form, **more}
    return validate_form(FORMS[service], {name: value for name, value in given.items() if value != "left-out"})


def problems(service: str, **more: Any) -> dict[str, str]:
    with pytest.raises(InputRejected) as refused:
        filled(service, **more)
    for problem in refused.value.fields:
        assert problem.text.en
        assert any("\u0980" <= letter <= "\u09ff" for letter in problem.text.bn)
    return {problem.pointer: problem.code for problem in refused.value.fields}


@pytest.mark.parametrize("service", FORMS)
def test_example_is_a_form(service: str) -> None:
    assert filled(service)


def test_numbers_may_be_typed_in_bangla_digits() -> None:
    assert filled("brta.registration", engine_cc="১৫০").engine_cc == 150
    assert filled("brta.tax-token", weight_kg=" ৮৯ ").weight_kg == 89
    assert filled("brta.renewal", licence_number="dk১২৩৪৫৬৭cl০০০১").licence_number == "DK1234567CL0001"
    assert str(filled("brta.renewal", expires_on="২০২৬-১২-৩১").expires_on) == "2026-12-31"


def test_a_birth_registration_number_of_17_digits_is_no_nid() -> None:
    number = f"1971{SyntheticCitizens().citizen(7).birth_registration.value[4:]}"
    assert problems("brta.learner", nid=number) == {"/form/nid": "nid.birth-year-mismatch"}


@pytest.mark.parametrize(
    ("service", "more", "pointer", "code"),
    [
        ("brta.learner", {"categories": []}, "/form/categories", None),
        ("brta.learner", {"categories": ["light", "motorcycle", "three-wheeler"]}, "/form/categories", None),
        ("brta.learner", {"categories": ["heavy"]}, "/form/categories/0", "literal_error"),
        ("brta.learner", {"categories": ["light", "medium"]}, "/form/categories/1", "literal_error"),
        ("brta.tax-token", {"registered_on": "left-out"}, "/form/registered_on", "form.registered-on-needed"),
        ("brta.learner", {"categories": ["light", "light"]}, "/form/categories", "form.category-twice"),
        ("brta.learner", {"categories": ["light", "aeroplane"]}, "/form/categories/1", None),
        ("brta.learner", {"class_viii_passed": "left-out"}, "/form/class_viii_passed", None),
        ("brta.smart-card", {"learner_number": "??"}, "/form/learner_number", "form.learner-number"),
        ("brta.renewal", {"licence_number": "DK1"}, "/form/licence_number", "form.licence-number"),
        ("brta.renewal", {"expires_on": "31.12.26"}, "/form/expires_on", "date.day-month-year"),
        ("brta.duplicate", {"gd_reference": "left-out"}, "/form/gd_reference", None),
        ("brta.duplicate", {"gd_reference": "১২৩৪"}, "/form/gd_reference", "general-diary.shape"),
        ("brta.duplicate", {"not_seized": "left-out"}, "/form/not_seized", None),
        ("brta.licence-check", {"licence_number": "DK1"}, "/form/licence_number", "form.licence-number"),
        ("brta.transfer", {"acquired_by": "gift"}, "/form/acquired_by", "literal_error"),
        ("brta.transfer", {"engine_cc": 100_000}, "/form/engine_cc", "whole-number.bounds"),
        ("brta.transfer", {"papers_signed": "left-out"}, "/form/papers_signed", None),
        ("brta.registration", {"engine_cc": "150cc"}, "/form/engine_cc", "whole-number.text"),
        ("brta.registration", {"engine_cc": 0}, "/form/engine_cc", "whole-number.bounds"),
        ("brta.registration", {"engine_cc": "1,50"}, "/form/engine_cc", "whole-number.grouping"),
        ("brta.tax-token", {"weight_kg": "left-out"}, "/form/weight_kg", "form.weight-needed"),
        ("brta.tax-token", {"plan": "other"}, "/form/plan", "form.plan-for-others"),
        ("brta.tax-token", {"vehicle": "car"}, "/form/plan", "form.plan-for-motorcycles"),
        (
            "brta.fitness",
            {"registration_number": "Dhaka 12"},
            "/form/registration_number",
            "form.registration-number",
        ),
    ],
)
def test_wrong_entry_is_told_at_its_field(service: str, more: dict[str, Any], pointer: str, code: str | None) -> None:
    told = problems(service, **more)
    assert list(told) == [pointer]
    assert code in {None, told[pointer]}


def test_car_is_not_weighed() -> None:
    assert filled("brta.tax-token", vehicle="car", plan="other", weight_kg="left-out").weight_kg is None


def told(service: str, name: str, hostile: object) -> tuple[Any, ...]:
    try:
        filled(service, **{name: hostile})
    except InputRejected as refused:
        return tuple(refused.fields)
    return ()


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("service", FORMS)
def test_hostile_input_is_refused_or_taken_and_never_repeated(service: str, hostile: object) -> None:
    for name in FORMS[service].model_fields:
        for problem in told(service, name, hostile):
            assert problem.pointer.startswith("/form/")
            assert not isinstance(hostile, str) or len(hostile) < 3 or hostile not in repr(problem)


@pytest.mark.parametrize("day", ["0001-01-01", "1799-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("service", "field"),
    [
        ("brta.tax-token", "token_expires_on"),
        ("brta.tax-token", "registered_on"),
        ("brta.renewal", "expires_on"),
        ("brta.learner", "birth_date"),
    ],
)
def test_a_day_that_no_reckoning_can_start_from_is_refused_at_its_field(service: str, field: str, day: str) -> None:
    assert problems(service, **{field: day}) == {f"/form/{field}": "date.out-of-reach"}


@pytest.mark.parametrize("day", [date(1800, 1, 1), date(2199, 12, 31)])
async def test_the_rules_take_every_day_that_the_form_takes(day: date) -> None:
    given = SyntheticCitizens().citizen(7)
    for plan, vehicle in (("two-years", "motorcycle"), ("after-ten-years", "motorcycle"), ("other", "car")):
        form = filled("brta.tax-token", token_expires_on=str(day), registered_on=str(day), plan=plan, vehicle=vehicle)
        about = {"service": "brta.tax-token", "applicant": given.applicant(), "form": form}
        assert PLUGIN.judge(EligibilityRequest(on=date(2026, 11, 24), **about))
    renewal = filled("brta.renewal", expires_on=str(day))
    assert years_late(renewal.expires_on, date(2026, 11, 24)) >= 0
