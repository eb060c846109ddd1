"""The rules at each boundary: the day before, the day, the day after."""

from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from nagorik.context import CallContext
from nagorik.errors import InputRejected
from nagorik.manifest import parse_manifest
from nagorik.model.eligibility import Criterion, Eligibility, EligibilityDecision, EligibilityRequest, Verdict
from nagorik.model.submission import NotAsked, WhyNotAsked
from nagorik.privacy import Form
from nagorik_bmet.data import DATA
from nagorik_bmet.forms import ClearanceForm, OrientationForm, RegistrationForm
from nagorik_bmet.plugin import PAPERS, PLUGIN
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import validate_form

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
CITIZEN = SyntheticCitizens().citizen(7)
PASS, FAIL, CANNOT_TELL = Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL
MODELS: dict[str, type[Form]] = {
    "bmet.registration": RegistrationForm,
    "bmet.orientation": OrientationForm,
    "bmet.clearance": ClearanceForm,
}


class Nobody:
    """Stands for a call's context in which nobody can be asked."""

    async def ask(self, service: str, form: Any) -> NotAsked:
        return NotAsked(because=WhyNotAsked.NOT_INSTALLED)


def years_ago(years: int, on: date = TODAY) -> date:
    return on.replace(year=on.year - years)


async def decided(
    service: str, born: date, *, filled: bool = True, on: date = TODAY, sex: str | None = "male", **more: Any
) -> EligibilityDecision:
    given = {**BmetSimulator().example(service, CITIZEN).form, "birth_date": born.isoformat(), **more}
    form = validate_form(MODELS[service], given) if filled else None
    applicant = CITIZEN.applicant().model_copy(update={"birth_date": born, "sex": sex})
    request = EligibilityRequest(service=service, on=on, applicant=applicant, form=form)
    context: CallContext[Any] = Nobody()  # type: ignore[assignment]
    return await PLUGIN.nagorik_check_eligibility(request, context)


async def judged(service: str, born: date, **more: Any) -> dict[str, Criterion]:
    return {criterion.id: criterion for criterion in (await decided(service, born, **more)).criteria}


@pytest.mark.parametrize("service", MODELS)
@pytest.mark.parametrize(
    ("born", "verdict"), [(years_ago(18) + DAY, FAIL), (years_ago(18), PASS), (years_ago(18) - DAY, PASS)]
)
async def test_workers_are_18(service: str, born: date, verdict: Verdict) -> None:
    for filled in (True, False):
        assert (await judged(service, born, filled=filled))["working-age"].verdict is verdict


@pytest.mark.parametrize(
    ("day", "verdict"), [(date(2026, 2, 28), FAIL), (date(2026, 3, 1), PASS), (date(2028, 2, 29), PASS)]
)
async def test_a_leap_day_child_is_18_on_the_first_of_march(day: date, verdict: Verdict) -> None:
    assert (await judged("bmet.registration", date(2008, 2, 29), on=day))["working-age"].verdict is verdict


@pytest.mark.parametrize("service", ["bmet.registration", "bmet.clearance"])
@pytest.mark.parametrize(
    ("born", "verdict"),
    [
        (years_ago(25) + DAY, FAIL),
        (years_ago(25), PASS),
        (years_ago(25) - DAY, PASS),
        (years_ago(45), PASS),
        (years_ago(46) + DAY, PASS),
        (years_ago(46), FAIL),
        (years_ago(46) - DAY, FAIL),
    ],
)
async def test_women_domestic_workers_are_25_to_45(service: str, born: date, verdict: Verdict) -> None:
    found = await judged(service, born, sex="female", occupation="domestic-work")
    assert found["domestic-work"].verdict is verdict
    assert found["domestic-work"].source is not None
    assert not found["domestic-work"].source.verified


@pytest.mark.parametrize(
    ("sex", "filled", "occupation", "verdict"),
    [
        ("male", True, "domestic-work", PASS),
        ("male", False, "domestic-work", PASS),
        ("female", True, "construction", PASS),
        ("female", False, "construction", CANNOT_TELL),
        (None, True, "domestic-work", CANNOT_TELL),
        (None, True, "construction", PASS),
        (None, False, "construction", CANNOT_TELL),
    ],
)
async def test_whom_the_limits_are_about(sex: str | None, filled: bool, occupation: str, verdict: Verdict) -> None:
    found = await judged("bmet.registration", years_ago(50), sex=sex, filled=filled, occupation=occupation)
    assert found["domestic-work"].verdict is verdict
    within = await judged("bmet.registration", years_ago(30), sex=sex, filled=filled, occupation=occupation)
    assert within["domestic-work"].verdict is PASS


@pytest.mark.parametrize("service", ["bmet.orientation", "bmet.clearance"])
@pytest.mark.parametrize(
    ("registered", "verdict"),
    [
        (years_ago(2) - DAY, FAIL),
        (years_ago(2), FAIL),
        (years_ago(2) + DAY, PASS),
        (TODAY, PASS),
        (TODAY + DAY, FAIL),
        (date(2199, 12, 31), FAIL),
    ],
)
async def test_a_registration_is_good_for_two_years(service: str, registered: date, verdict: Verdict) -> None:
    found = await judged(service, years_ago(30), registered_on=registered.isoformat())
    assert found["registration-valid"].verdict is verdict


@pytest.mark.parametrize(
    ("on", "verdict"), [(date(2026, 2, 27), PASS), (date(2026, 2, 28), PASS), (date(2026, 3, 1), FAIL)]
)
async def test_a_registration_of_a_leap_day(on: date, verdict: Verdict) -> None:
    found = await judged("bmet.orientation", years_ago(30), registered_on="2024-02-29", on=on)
    assert found["registration-valid"].verdict is verdict


async def test_a_card_is_corrected_though_the_registration_has_ended_and_no_passport_is_asked_for() -> None:
    found = await judged(
        "bmet.clearance", years_ago(30), card="correction", correction="নাম", registered_on="2020-01-01"
    )
    assert {"registration-valid", "passport"}.isdisjoint(found)
    assert FAIL not in {criterion.verdict for criterion in found.values()}
    assert (await judged("bmet.clearance", years_ago(30), registered_on="2020-01-01"))[
        "registration-valid"
    ].verdict is FAIL


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1), date(1, 1, 1)])
@pytest.mark.parametrize("service", MODELS)
async def test_nobody_unborn_and_nobody_of_136_applies(service: str, born: date) -> None:
    decision = await decided(service, born, filled=False)
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert {criterion.id: criterion.verdict for criterion in decision.criteria}["birth-date"] is FAIL


@pytest.mark.parametrize("service", MODELS)
@pytest.mark.parametrize("filled", [True, False])
async def test_every_criterion_says_where_it_is_from(service: str, filled: bool) -> None:
    decision = await decided(service, years_ago(30), filled=filled)
    assert all(criterion.source is not None for criterion in decision.criteria)


@pytest.mark.parametrize("missing", PAPERS)
async def test_each_paper_is_a_criterion(missing: str) -> None:
    rest = [paper for paper in PAPERS if paper != missing]
    found = await judged("bmet.clearance", years_ago(30), papers=rest)
    assert {paper: found[paper].verdict for paper in PAPERS} == {
        missing: FAIL,
        **dict.fromkeys(rest, PASS),
    }
    for card, verdict in (("new", FAIL), ("correction", CANNOT_TELL)):
        found = await judged("bmet.clearance", years_ago(30), papers=rest, card=card, correction="নাম")
        assert found[missing].verdict is verdict


@pytest.mark.parametrize("service", MODELS)
async def test_before_a_form_nothing_that_it_would_tell_is_passed(service: str) -> None:
    found = await judged(service, years_ago(30), filled=False)
    assert found.keys() == (await judged(service, years_ago(30))).keys()
    told_by_form = found.keys() - {"working-age", "domestic-work"}
    assert {found[name].verdict for name in told_by_form} == {CANNOT_TELL}


async def test_form_of_somebody_else_fails() -> None:
    given = {**BmetSimulator().example("bmet.registration", CITIZEN).form, "birth_date": "1990-01-01"}
    form = validate_form(RegistrationForm, given)
    request = EligibilityRequest(service="bmet.registration", on=TODAY, applicant=CITIZEN.applicant(), form=form)
    context: Any = Nobody()
    decision = await PLUGIN.nagorik_check_eligibility(request, context)
    assert {one.id: one.verdict for one in decision.criteria}["own-application"] is FAIL
    assert decision.eligibility is Eligibility.INELIGIBLE


@pytest.mark.parametrize("born", [TODAY, TODAY + DAY, date(9000, 1, 1), date(1, 1, 1)])
async def test_every_birth_date_is_answered(born: date) -> None:
    assert (await decided("bmet.registration", born, filled=False)).criteria


def test_every_paper_is_among_the_documents() -> None:
    manifest = parse_manifest(files("nagorik_bmet").joinpath("plugin.toml").read_bytes())
    [clearance] = [service for service in manifest.services if service.id == "bmet.clearance"]
    assert set(PAPERS) <= {document.kind for document in clearance.documents}


@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rules_and_none_is_called_verified(day: date) -> None:
    assert {DATA.rules.on(day)[name].source.verified for name in DATA.rules.names()} == {False}


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (CITIZEN.birth_date - DAY, "bmet.birth-date"),
        (CITIZEN.birth_date, "bmet.working-age"),
        (years_ago(-200), "bmet.birth-date"),
    ],
)
def test_no_price_is_told_for_a_day_of_birth_that_cannot_be(on: date, code: str) -> None:
    form = validate_form(RegistrationForm, dict(BmetSimulator().example("bmet.registration", CITIZEN).form))
    with pytest.raises(InputRejected) as refused:
        PLUGIN.basis("bmet.registration", form, on).refuse_forbidden()
    assert [(problem.pointer, problem.code) for problem in refused.value.fields] == [("/form/birth_date", code)]
