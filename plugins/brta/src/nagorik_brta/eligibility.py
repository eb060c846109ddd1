"""Who may apply, as far as it can be told; whether a test was passed BRTA alone knows, and is asked."""

from calendar import isleap
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from nagorik import Criterion, EligibilityDecision, EligibilityRequest, Verdict
from nagorik_brta.data import CRITERIA, RULES
from nagorik_brta.forms import (
    FitnessForm,
    LearnerForm,
    PersonForm,
    RenewalForm,
    SmartCardForm,
    TaxTokenForm,
)
from nagorik_toolkit import age_on, is_about


def decide(request: EligibilityRequest, *, passed_test: bool | None = None) -> EligibilityDecision:
    """Every criterion of the service with its verdict; ``passed_test`` is what BRTA said, if anything."""
    criteria = [judge(request) for judge in _JUDGES[request.service]]
    if request.service == "brta.smart-card":
        rule = RULES.on(request.on)["passed-test"]
        criteria.append(CRITERIA.criterion("passed-test", passed_test, source=rule.source))
    return EligibilityDecision(criteria=tuple(criteria))


def _age(request: EligibilityRequest) -> Criterion:
    form = request.form
    kind = form.kind if isinstance(form, LearnerForm | SmartCardForm | RenewalForm) else None
    if kind is not None:
        return CRITERIA.age("licence-age", request, at_least=f"{kind}-age")
    rules = RULES.on(request.on)
    young, old = rules["non-professional-age"], rules["professional-age"]
    born = request.applicant.birth_date
    age = age_on(born, request.on) if born <= request.on else -1
    # Below the lower and above the higher age the kind of licence does not matter.
    verdict = None if young.as_int <= age < old.as_int else age >= old.as_int
    least = old if verdict else young
    return CRITERIA.criterion(
        "licence-age", verdict, source=least.source, at_least=least.as_int, professional=old.as_int
    )


def _education(request: EligibilityRequest) -> Criterion:
    passed = request.form.class_viii_passed if isinstance(request.form, LearnerForm) else None
    return CRITERIA.criterion("education", passed, source=RULES.on(request.on)["education"].source)


def _medical(request: EligibilityRequest) -> Criterion:
    fit = request.form.medically_fit if isinstance(request.form, LearnerForm) else None
    return CRITERIA.criterion("medical", fit, source=RULES.on(request.on)["medical-certificate"].source)


def _dope_test(request: EligibilityRequest) -> Criterion:
    form = request.form
    verdict = None
    if isinstance(form, SmartCardForm):
        verdict = form.kind == "non-professional" or form.dope_test_negative
    return CRITERIA.criterion("dope-test", verdict, source=RULES.on(request.on)["dope-test"].source)


def _own_application(request: EligibilityRequest) -> Criterion:
    """The birth date and the number are the applicant's, as far as two spellings of a number can be compared."""
    form, applicant = request.form, request.applicant
    if not isinstance(form, PersonForm):
        return CRITERIA.criterion("own-application", None if applicant.nid is None else True)
    return CRITERIA.criterion("own-application", is_about(applicant, birth_date=form.birth_date, nid=form.nid))


def _token_window(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["tax-token-window"]
    if not isinstance(form, TaxTokenForm) or form.plan != "two-years":
        return CRITERIA.criterion("token-window", None, source=rule.source)
    first = form.token_expires_on - rule.as_duration
    return CRITERIA.criterion("token-window", request.on >= first, source=rule.source, first=first)


def _free_token(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["tax-token-free-after"]
    if not isinstance(form, TaxTokenForm):
        return CRITERIA.criterion("free-token", None, source=rule.source)
    if form.plan != "after-ten-years":
        return CRITERIA.criterion("free-token", Verdict.PASS, source=rule.source)
    if form.registered_on is None:
        return CRITERIA.criterion("free-token", None, source=rule.source)
    first = _years_after(form.registered_on, rule.as_int)
    return CRITERIA.criterion("free-token", request.on >= first, source=rule.source, first=first)


def _needs_fitness(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["motorcycle-fitness"]
    needs = None if not isinstance(form, FitnessForm) else form.vehicle != "motorcycle" or rule.as_bool
    return CRITERIA.criterion("needs-fitness", needs, source=rule.source)


def _years_after(day: date, years: int) -> date:
    """The same day of the year; 1 March where that year has no 29 February."""
    year = day.year + years
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 3, 1)
    return day.replace(year=year)


Judge = Callable[[EligibilityRequest], Criterion]

_JUDGES: Final[Mapping[str, tuple[Judge, ...]]] = MappingProxyType(
    {
        "brta.learner": (_age, _education, _medical, _own_application),
        "brta.smart-card": (_age, _dope_test, _own_application),
        "brta.renewal": (_age, _own_application),
        "brta.registration": (_own_application,),
        "brta.tax-token": (_token_window, _free_token),
        "brta.fitness": (_needs_fitness,),
    }
)
