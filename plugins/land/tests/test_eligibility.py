from datetime import date, timedelta
from typing import Any

import pytest

from nagorik.errors import InputRejected
from nagorik.model.application import ApplicationRequest
from nagorik.model.eligibility import Eligibility, EligibilityDecision, EligibilityRequest
from nagorik.privacy import Form
from nagorik_land.data import DATA
from nagorik_land.forms import (
    DevelopmentTaxForm,
    HoldingRegistrationForm,
    KhatianCopyForm,
    KhatianSearchForm,
    MouzaMapForm,
    MutationForm,
    MutationStatusForm,
)
from nagorik_land.plugin import PLUGIN
from nagorik_land.simulator import LandSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

TODAY = date(2026, 11, 24)
CITIZEN = SyntheticCitizens().citizen(5)
FORMS: dict[str, type[Form]] = {
    "land.mutation": MutationForm,
    "land.khatian-copy": KhatianCopyForm,
    "land.mouza-map": MouzaMapForm,
    "land.development-tax": DevelopmentTaxForm,
    "land.holding-registration": HoldingRegistrationForm,
    "land.khatian-search": KhatianSearchForm,
    "land.mutation-status": MutationStatusForm,
}
OWN = ("land.holding-registration", "land.mutation-status")
"""Where the offices go by the NID number."""


async def decide(request: EligibilityRequest) -> EligibilityDecision:
    context: Any = None
    return await PLUGIN.nagorik_check_eligibility(request, context)


async def asked(service: str, on: date = TODAY, *, with_form: bool = True, **changes: Any) -> EligibilityDecision:
    example = LandSimulator().example(service, CITIZEN)
    form = validate_form(FORMS[service], {**example.form, **changes}) if with_form else None
    return await decide(EligibilityRequest(service=service, on=on, applicant=example.applicant, form=form))


def verdicts(decision: EligibilityDecision) -> dict[str, str]:
    return {criterion.id: criterion.verdict.value for criterion in decision.criteria}


@pytest.mark.parametrize("service", FORMS)
async def test_nothing_is_passed_before_there_is_a_form(service: str) -> None:
    decision = await asked(service, with_form=False)
    assert set(verdicts(decision).values()) == {"cannot-tell"}
    assert decision.eligibility is Eligibility.INDETERMINATE


@pytest.mark.parametrize("service", FORMS)
async def test_the_criteria_are_the_same_with_and_without_a_form(service: str) -> None:
    assert set(verdicts(await asked(service))) == set(verdicts(await asked(service, with_form=False)))
    assert (await asked(service)).eligibility is Eligibility.ELIGIBLE


@pytest.mark.parametrize(("days", "verdict"), [(-1, "pass"), (0, "pass"), (1, "fail")])
async def test_a_deed_is_not_of_a_day_to_come(days: int, verdict: str) -> None:
    decision = await asked("land.mutation", deed_date=(TODAY + timedelta(days=days)).isoformat())
    assert verdicts(decision)["evidence-of-acquisition"] == verdict


async def test_inheritance_without_a_deed_may_be_filed() -> None:
    decision = await asked("land.mutation", acquisition="inheritance", deed_number=None, deed_date=None)
    assert decision.eligibility is Eligibility.ELIGIBLE


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (date(2026, 6, 30), "fail"),
        (date(2026, 7, 1), "pass"),
        (date(2027, 6, 30), "pass"),
        (date(2027, 7, 1), "pass"),
    ],
)
async def test_a_fiscal_year_begins_on_the_first_of_july(on: date, verdict: str) -> None:
    decision = await asked("land.development-tax", on, fiscal_year="2026-27")
    assert verdicts(decision)["year-begun"] == verdict


async def test_who_comes_too_early_is_told_the_day() -> None:
    decision = await asked("land.development-tax", date(2026, 6, 30))
    text = next(criterion.text for criterion in decision.criteria if criterion.id == "year-begun")
    assert "1 July 2026" in text.en
    assert "১ জুলাই ২০২৬" in text.bn


@pytest.mark.parametrize("born", [date(1926, 1, 1), date(2008, 2, 29), TODAY])
@pytest.mark.parametrize("service", [service for service in FORMS if service not in OWN])
async def test_no_age_is_known_to_matter(service: str, born: date) -> None:
    example = LandSimulator().example(service, CITIZEN)
    form = validate_form(FORMS[service], example.form)
    applicant = example.applicant.model_copy(update={"birth_date": born})
    decision = await decide(EligibilityRequest(service=service, on=TODAY, applicant=applicant, form=form))
    assert decision.eligibility is Eligibility.ELIGIBLE


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1)])
@pytest.mark.parametrize("service", FORMS)
async def test_nobody_unborn_and_nobody_of_136_applies(service: str, born: date) -> None:
    example = LandSimulator().example(service, CITIZEN)
    applicant = example.applicant.model_copy(update={"birth_date": born})
    decision = await decide(EligibilityRequest(service=service, on=TODAY, applicant=applicant, form=None))
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert verdicts(decision)["birth-date"] == "fail"


@pytest.mark.parametrize("service", FORMS)
async def test_every_criterion_says_where_it_is_from(service: str) -> None:
    decision = await asked(service)
    assert all(criterion.source is not None for criterion in decision.criteria)


@pytest.mark.parametrize("day", [date(1996, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rules_and_none_is_verified(day: date) -> None:
    assert {DATA.rules.on(day)[name].source.verified for name in DATA.rules.names()} == {False}


async def test_an_application_of_another_s_nid_is_not_asked_about() -> None:
    other = SyntheticCitizens().citizen(6).full_nid.value
    decision = await asked("land.mutation-status", nid=other)
    assert verdicts(decision)["own-application"] == "fail"


@pytest.mark.parametrize("service", OWN)
async def test_numbers_of_two_kinds_cannot_be_compared(service: str) -> None:
    decision = await asked(service, nid=CITIZEN.smart_nid.value)
    assert verdicts(decision)["own-application"] == "pass"


async def test_a_holding_is_registered_under_one_s_own_date_of_birth() -> None:
    decision = await asked("land.holding-registration", nid=CITIZEN.smart_nid.value, birth_date="1950-01-01")
    assert verdicts(decision)["own-application"] == "fail"


@pytest.mark.parametrize("service", OWN)
async def test_a_birth_registration_number_is_no_nid(service: str) -> None:
    decision = await asked(service, nid=CITIZEN.birth_registration.value)
    assert verdicts(decision)["nid-number"] == "fail"
    assert decision.eligibility is Eligibility.INELIGIBLE


@pytest.mark.parametrize("service", FORMS)
async def test_every_service_says_which_land_but_the_one_that_goes_by_a_number(service: str) -> None:
    identified = {"land-identified", "mouza-identified"} & set(verdicts(await asked(service)))
    others = {"land.khatian-search": {"mouza-identified"}, "land.mutation-status": set[str]()}
    assert identified == others.get(service, {"land-identified"})


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1)])
def test_an_applicant_who_cannot_be_is_refused_at_a_form_without_a_date_of_birth(born: date) -> None:
    example = LandSimulator().example("land.mutation", CITIZEN)
    form: Any = validate_form(MutationForm, dict(example.form))
    applicant = example.applicant.model_copy(update={"birth_date": born})
    request = ApplicationRequest(service="land.mutation", on=TODAY, applicant=applicant, form=form)
    with pytest.raises(InputRejected) as refused:
        PLUGIN.refuse_forbidden(request)
    assert [(problem.pointer, problem.code) for problem in refused.value.fields] == [("/form", "land.birth-date")]
