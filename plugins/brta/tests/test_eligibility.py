from datetime import date, timedelta
from typing import Any

import pytest

from nagorik.model.application import Applicant
from nagorik.model.eligibility import Eligibility, EligibilityDecision, EligibilityRequest
from nagorik.values import BirthRegistrationNumber
from nagorik_brta.data import DATA
from nagorik_brta.forms import PersonForm
from nagorik_brta.plugin import PLUGIN
from nagorik_brta.simulator import BrtaSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_toolkit import LookupAnswer, validate_form

TODAY = date(2026, 11, 24)
CITIZEN = SyntheticCitizens().citizen(7)
FORMS = PLUGIN.forms


class Counter:
    """Where BRTA is asked about a test."""

    def __init__(self, *, passed: bool | None) -> None:
        self.http = self
        self.result = {True: "PASSED", False: "FAILED", None: "NOT_FOUND"}[passed]

    async def read(self, *_: object, **__: object) -> LookupAnswer:
        return LookupAnswer(number="ENQ-1", result=self.result)


async def decide_on(request: EligibilityRequest, *, passed: bool | None = None) -> EligibilityDecision:
    context: Any = Counter(passed=passed)
    return await PLUGIN.nagorik_check_eligibility(request, context)


async def decide(
    service: str,
    *,
    born: date | None = None,
    on: date = TODAY,
    passed: bool | None = None,
    blank: bool = False,
    **more: Any,
) -> EligibilityDecision:
    applicant: Applicant = CITIZEN.applicant()
    given = {**BrtaSimulator().example(service, CITIZEN).form, **more}
    if born is not None:
        # Without numbers: those of the citizen hold another year.
        applicant = applicant.model_copy(update={"birth_date": born, "identifiers": ()})
        given |= {"birth_date": born.isoformat(), "nid": "0099000007"}
    form = None if blank else validate_form(FORMS[service], given)
    request = EligibilityRequest(service=service, on=on, applicant=applicant, form=form)
    return await decide_on(request, passed=passed)


def verdicts(decision: EligibilityDecision) -> dict[str, str]:
    return {criterion.id: criterion.verdict.value for criterion in decision.criteria}


@pytest.mark.parametrize(("kind", "age"), [("non-professional", 18), ("professional", 21)])
@pytest.mark.parametrize("service", ["brta.learner", "brta.smart-card", "brta.renewal"])
async def test_age_at_each_boundary(service: str, kind: str, age: int) -> None:
    birthday = date(2026, 11, 24)
    born = birthday.replace(year=birthday.year - age)
    told = {
        days: verdicts(await decide(service, born=born, on=birthday + timedelta(days=days), kind=kind))["licence-age"]
        for days in (-1, 0, 1)
    }
    assert told == {-1: "fail", 0: "pass", 1: "pass"}


async def test_born_on_29_february() -> None:
    told = [
        verdicts(await decide("brta.learner", born=date(2008, 2, 29), on=day))["licence-age"]
        for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert told[0] == "fail"
    assert told[2] == "pass"


@pytest.mark.parametrize(("years", "verdict"), [(17, "fail"), (18, "cannot-tell"), (20, "cannot-tell"), (21, "pass")])
async def test_before_there_is_a_form_the_kind_is_not_known(years: int, verdict: str) -> None:
    born = date(TODAY.year - years, 1, 1)
    assert verdicts(await decide("brta.learner", born=born, blank=True))["licence-age"] == verdict


async def test_birth_date_to_come_is_no_age() -> None:
    assert verdicts(await decide("brta.learner", born=date(2027, 1, 1), blank=True))["licence-age"] == "fail"


async def test_everything_is_named_and_the_usual_learner_may_apply() -> None:
    decision = await decide("brta.learner")
    assert verdicts(decision) == dict.fromkeys(("licence-age", "education", "medical", "own-application"), "pass")
    assert decision.eligibility is Eligibility.ELIGIBLE
    for criterion in decision.criteria:
        assert any("\u0980" <= letter <= "\u09ff" for letter in criterion.text.bn)


@pytest.mark.parametrize(("field", "criterion"), [("class_viii_passed", "education"), ("medically_fit", "medical")])
async def test_what_a_learner_lacks(field: str, criterion: str) -> None:
    lacking: dict[str, Any] = {field: False}
    assert verdicts(await decide("brta.learner", **lacking))[criterion] == "fail"


@pytest.mark.parametrize("service", FORMS)
async def test_before_there_is_a_form_nothing_unknown_passes(service: str) -> None:
    decision = await decide(service, blank=True)
    assert set(verdicts(decision).values()) <= {"cannot-tell", "pass"}
    assert verdicts(decision).keys() == verdicts(await decide(service)).keys()
    assert decision.eligibility is Eligibility.INDETERMINATE


@pytest.mark.parametrize(
    ("kind", "negative", "verdict"),
    [
        ("non-professional", None, "pass"),
        ("professional", True, "pass"),
        ("professional", False, "fail"),
        ("professional", None, "cannot-tell"),
    ],
)
async def test_dope_test_is_for_professionals(kind: str, negative: bool | None, verdict: str) -> None:
    decision = await decide("brta.smart-card", passed=True, kind=kind, dope_test_negative=negative)
    assert verdicts(decision)["dope-test"] == verdict


@pytest.mark.parametrize(
    ("service", "field", "criterion"),
    [
        ("brta.duplicate", "not_seized", "traffic-clearance"),
        ("brta.transfer", "papers_signed", "signed-papers"),
    ],
)
@pytest.mark.parametrize(("has", "verdict"), [(True, "pass"), (False, "fail")])
async def test_papers_of_others_are_what_the_applicant_says(
    service: str, field: str, criterion: str, has: bool, verdict: str
) -> None:
    said: dict[str, Any] = {field: has}
    decision = await decide(service, **said)
    assert verdicts(decision) == {"nid-age": "pass", criterion: verdict, "own-application": "pass"}


@pytest.mark.parametrize(("born", "verdict"), [(CITIZEN.birth_date.isoformat(), "pass"), ("1991-01-01", "fail")])
async def test_licence_that_is_checked_is_the_applicants(born: str, verdict: str) -> None:
    assert verdicts(await decide("brta.licence-check", birth_date=born)) == {"own-licence": verdict}


@pytest.mark.parametrize(("passed", "verdict"), [(True, "pass"), (False, "fail"), (None, "cannot-tell")])
async def test_passed_test_is_what_brta_says(passed: bool | None, verdict: str) -> None:
    assert verdicts(await decide("brta.smart-card", passed=passed))["passed-test"] == verdict


@pytest.mark.parametrize(("days", "verdict"), [(91, "fail"), (90, "pass"), (89, "pass"), (0, "pass"), (-30, "pass")])
async def test_instalment_is_payable_in_the_last_90_days(days: int, verdict: str) -> None:
    expires = TODAY + timedelta(days=days)
    assert verdicts(await decide("brta.tax-token", token_expires_on=expires.isoformat()))["token-window"] == verdict


async def test_first_day_of_an_instalment_is_told_in_both_languages() -> None:
    expires = TODAY + timedelta(days=91)
    window = (await decide("brta.tax-token", token_expires_on=expires.isoformat())).criteria[0]
    assert "from 25 November 2026" in window.text.en
    assert "২৫ নভেম্বর ২০২৬ থেকে" in window.text.bn


@pytest.mark.parametrize(
    ("registered", "verdict"),
    [
        ("2016-11-24", "pass"),
        ("2016-11-25", "fail"),
        ("2016-02-29", "pass"),
    ],
)
async def test_free_token_after_ten_years(registered: str | None, verdict: str) -> None:
    decision = await decide("brta.tax-token", plan="after-ten-years", registered_on=registered)
    assert verdicts(decision)["free-token"] == verdict


@pytest.mark.parametrize(("on", "verdict"), [(date(2026, 2, 28), "fail"), (date(2026, 3, 1), "pass")])
async def test_ten_years_after_29_february_are_on_1_march(on: date, verdict: str) -> None:
    decision = await decide("brta.tax-token", on=on, plan="after-ten-years", registered_on="2016-02-29")
    assert verdicts(decision)["free-token"] == verdict


@pytest.mark.parametrize("plan", ["two-years", "ten-years"])
@pytest.mark.parametrize(
    ("registered", "verdict"), [("2010-01-01", "fail"), ("2016-11-24", "fail"), ("2016-11-25", "pass")]
)
async def test_nobody_pays_for_a_token_that_is_free(plan: str, registered: str, verdict: str) -> None:
    decision = await decide("brta.tax-token", plan=plan, registered_on=registered, token_expires_on="2026-12-31")
    assert verdicts(decision)["free-token"] == verdict
    if verdict == "fail":
        assert decision.eligibility is Eligibility.INELIGIBLE
        text = next(one.text for one in decision.criteria if one.id == "free-token")
        assert "Choose the free renewal" in text.en


async def test_a_car_is_not_told_of_a_motorcycle_of_its_own() -> None:
    decision = await decide("brta.tax-token", vehicle="car", plan="other", weight_kg=None)
    text = next(one.text for one in decision.criteria if one.id == "free-token")
    assert "your motorcycle" not in text.en
    assert "do not apply to this vehicle" in text.en


async def test_free_token_has_no_days_of_payment_and_can_be_eligible() -> None:
    decision = await decide("brta.tax-token", plan="after-ten-years", registered_on="2010-01-01")
    assert decision.eligibility is Eligibility.ELIGIBLE


async def test_token_that_ended_says_that_a_fine_is_not_known() -> None:
    window = (await decide("brta.tax-token", token_expires_on="2010-12-31")).criteria[0]
    assert window.verdict.value == "pass"
    assert "fine" in window.text.en
    assert "জরিমানা" in window.text.bn


@pytest.mark.parametrize(
    ("kind", "expires", "eligible"),
    [
        ("non-professional", "2036-11-24", True),
        ("non-professional", "2036-11-25", False),
        ("non-professional", "2090-01-01", False),
        ("professional", "2031-11-24", True),
        ("professional", "2031-11-25", False),
    ],
)
async def test_no_licence_is_valid_for_longer_than_one_is_given(kind: str, expires: str, eligible: bool) -> None:
    decision = await decide("brta.renewal", kind=kind, expires_on=expires)
    assert (decision.eligibility is Eligibility.ELIGIBLE) is eligible
    assert ("licence-term" in verdicts(decision)) is not eligible


@pytest.mark.parametrize(("years", "verdict"), [(5, "fail"), (15, "fail"), (16, "pass"), (17, "pass")])
@pytest.mark.parametrize("blank", [True, False])
@pytest.mark.parametrize("service", ["brta.registration", "brta.transfer", "brta.duplicate"])
async def test_nobody_has_an_nid_number_at_five(service: str, years: int, verdict: str, blank: bool) -> None:
    decision = await decide(service, born=date(TODAY.year - years, 1, 1), blank=blank)
    assert verdicts(decision)["nid-age"] == verdict


async def test_before_there_is_a_form_nothing_is_said_of_one() -> None:
    request = EligibilityRequest(service="brta.registration", on=TODAY, applicant=CITIZEN.applicant(), form=None)
    decision = await decide_on(request)
    assert decision.eligibility is Eligibility.INDETERMINATE
    assert verdicts(decision)["own-application"] == "cannot-tell"


@pytest.mark.parametrize("service", [name for name, form in FORMS.items() if issubclass(form, PersonForm)])
async def test_ones_own_birth_registration_number_is_no_nid(service: str) -> None:
    registration = BirthRegistrationNumber(value=CITIZEN.full_nid.value)
    applicant = CITIZEN.applicant().model_copy(update={"identifiers": (registration,)})
    form = validate_form(FORMS[service], dict(BrtaSimulator().example(service, CITIZEN).form))
    decision = await decide_on(EligibilityRequest(service=service, on=TODAY, applicant=applicant, form=form))
    assert verdicts(decision)["nid-number"] == "fail"


@pytest.mark.parametrize("born", [date(2030, 1, 1), date(1890, 1, 1), date(1, 1, 1)])
@pytest.mark.parametrize("service", FORMS)
async def test_nobody_unborn_and_nobody_of_136_applies(service: str, born: date) -> None:
    decision = await decide(service, born=born, blank=True)
    assert decision.eligibility is Eligibility.INELIGIBLE
    assert verdicts(decision)["birth-date"] == "fail"


@pytest.mark.parametrize("service", FORMS)
@pytest.mark.parametrize("blank", [True, False])
async def test_every_criterion_says_where_it_is_from(service: str, blank: bool) -> None:
    assert all(criterion.source is not None for criterion in (await decide(service, blank=blank)).criteria)


@pytest.mark.parametrize(("vehicle", "verdict"), [("motorcycle", "fail"), ("car", "pass"), ("other", "pass")])
async def test_motorcycles_need_no_fitness(vehicle: str, verdict: str) -> None:
    decision = await decide("brta.fitness", vehicle=vehicle)
    assert verdicts(decision) == {"needs-fitness": verdict}
    assert decision.criteria[0].source is not None
    assert decision.criteria[0].source.verified


async def test_application_of_somebody_else() -> None:
    other = SyntheticCitizens().citizen(8)
    form: dict[str, Any] = {"birth_date": other.birth_date.isoformat(), "nid": other.full_nid.value}
    assert verdicts(await decide("brta.learner", **form))["own-application"] == "fail"


async def test_brta_is_asked_about_the_test_and_about_nothing_else(desk: Any) -> None:
    async def told(number: str) -> str:
        form = desk.form("brta.smart-card", learner_number=number)
        decision = await desk.platform.check_eligibility("brta.smart-card", desk.citizen.applicant(), form=form)
        return verdicts(decision)["passed-test"]

    assert await told("SIM-LL-0007") == "pass"
    assert await told("SIM-LL-0008") == "cannot-tell"  # somebody else's
    assert await told("DHK-12345") == "cannot-tell"
    assert len(desk.simulator.ledger.requests()) == 3
    await desk.platform.check_eligibility("brta.learner", desk.citizen.applicant(), form=desk.form())
    assert len(desk.simulator.ledger.requests()) == 3


@pytest.mark.parametrize(("serial", "verdict"), [(9001, "fail"), (9101, "fail"), (9301, "cannot-tell")])
async def test_whoever_has_not_passed_may_not_have_the_card(desk: Any, serial: int, verdict: str) -> None:
    desk.citizen = SyntheticCitizens().citizen(serial)
    form = desk.form("brta.smart-card")
    decision = await desk.platform.check_eligibility("brta.smart-card", desk.citizen.applicant(), form=form)
    assert verdicts(decision)["passed-test"] == verdict


@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rules_and_only_what_brta_published_is_verified(day: date) -> None:
    verified = {name for name in DATA.rules.names() if DATA.rules.on(day)[name].source.verified}
    assert verified == {"tax-token-window", "tax-token-free-after", "motorcycle-fitness"}
