"""Who may apply, as far as it can be told; whether a test was passed BRTA alone knows, and is asked."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from nagorik import Criterion, EligibilityDecision, EligibilityRequest, Verdict
from nagorik_brta.data import CRITERIA, RULES, TEXTS
from nagorik_brta.driver_forms import DuplicateForm, LearnerForm, LicenceCheckForm, RenewalForm, SmartCardForm
from nagorik_brta.fields import PersonForm
from nagorik_brta.pricing import free_from
from nagorik_brta.vehicle_forms import FitnessForm, TaxTokenForm, TransferForm
from nagorik_toolkit import OWN_CHECK, age_on, contradictions, is_about, years_after


def decide(request: EligibilityRequest, *, passed_test: bool | None = None) -> EligibilityDecision:
    """Every criterion of the service with its verdict; ``passed_test`` is what BRTA said, if anything."""
    criteria = [judge(request) for judge in _JUDGES[request.service]]
    if request.service == "brta.smart-card":
        rule = RULES.on(request.on)["passed-test"]
        criteria.append(CRITERIA.criterion("passed-test", passed_test, source=rule.source))
    form = request.form
    number = form.nid if isinstance(form, PersonForm) else None
    criteria += contradictions(request, number)
    if isinstance(form, RenewalForm):
        criteria += _impossible_term(request, form)
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
    same = is_about(applicant, birth_date=form.birth_date, nid=form.nid) if isinstance(form, PersonForm) else None
    return CRITERIA.criterion("own-application", same, source=OWN_CHECK)


def _nid_age(request: EligibilityRequest) -> Criterion:
    """An NID number is needed, which nobody has below an age."""
    return CRITERIA.age("nid-age", request, at_least="nid-age")


def _traffic_clearance(request: EligibilityRequest) -> Criterion:
    cleared = request.form.not_seized if isinstance(request.form, DuplicateForm) else None
    return CRITERIA.criterion("traffic-clearance", cleared, source=RULES.on(request.on)["traffic-clearance"].source)


def _signed_papers(request: EligibilityRequest) -> Criterion:
    signed = request.form.papers_signed if isinstance(request.form, TransferForm) else None
    return CRITERIA.criterion("signed-papers", signed, source=RULES.on(request.on)["signed-papers"].source)


def _own_licence(request: EligibilityRequest) -> Criterion:
    form = request.form
    same = is_about(request.applicant, birth_date=form.birth_date) if isinstance(form, LicenceCheckForm) else None
    return CRITERIA.criterion("own-licence", same, source=OWN_CHECK)


def _impossible_term(request: EligibilityRequest, form: RenewalForm) -> tuple[Criterion, ...]:
    """A licence that is valid for longer than any is given for: the day was misread. Told only where it is so."""
    rule = RULES.on(request.on)[f"{form.kind}-years"]
    if form.expires_on <= years_after(request.on, rule.as_int):
        return ()
    return (CRITERIA.criterion("licence-term", Verdict.FAIL, source=rule.source, years=rule.as_int),)


def _token_window(request: EligibilityRequest) -> Criterion:
    """Only an instalment has a window; whether it costs more once the token has ended is published nowhere."""
    form, rule = request.form, RULES.on(request.on)["tax-token-window"]
    if isinstance(form, TaxTokenForm) and form.plan == "after-ten-years":
        what = TEXTS.text("token.nothing-to-pay")
        return CRITERIA.criterion("token-window", Verdict.PASS, source=rule.source, what=what)
    if not isinstance(form, TaxTokenForm) or form.plan != "two-years":
        return CRITERIA.criterion("token-window", None, source=rule.source)
    first = form.token_expires_on - rule.as_duration
    what = TEXTS.text("token.ended" if form.token_expires_on < request.on else "token.payable")
    days = rule.as_duration // timedelta(days=1)
    return CRITERIA.criterion(
        "token-window", request.on >= first, source=rule.source, first=first, days=days, what=what
    )


def _free_token(request: EligibilityRequest) -> Criterion:
    """The plan fits the age of the registration: nobody pays for what is free, and nobody has it too early."""
    form, rule = request.form, RULES.on(request.on)["tax-token-free-after"]
    years = rule.as_int
    if not isinstance(form, TaxTokenForm):
        return CRITERIA.criterion("free-token", None, source=rule.source, years=years)
    if form.vehicle != "motorcycle":
        why = TEXTS.text("token.no-motorcycle")
        return CRITERIA.criterion("free-token", Verdict.PASS, source=rule.source, why=why)
    first = free_from(form, request.on)
    if first is None:
        return CRITERIA.criterion("free-token", None, source=rule.source, years=years)
    is_free, wanted_free = first <= request.on, form.plan == "after-ten-years"
    if is_free is wanted_free:
        why = TEXTS.text("token.fits-the-age")
    elif is_free:
        why = TEXTS.text("token.free-already", first=first)
    else:
        why = TEXTS.text("token.not-free-yet", first=first, years=years)
    return CRITERIA.criterion("free-token", is_free is wanted_free, source=rule.source, why=why)


def _needs_fitness(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["motorcycle-fitness"]
    needs = None if not isinstance(form, FitnessForm) else form.vehicle != "motorcycle" or rule.as_bool
    return CRITERIA.criterion("needs-fitness", needs, source=rule.source)


Judge = Callable[[EligibilityRequest], Criterion]

_JUDGES: Final[Mapping[str, tuple[Judge, ...]]] = MappingProxyType(
    {
        "brta.learner": (_age, _education, _medical, _own_application),
        "brta.smart-card": (_age, _dope_test, _own_application),
        "brta.renewal": (_age, _own_application),
        "brta.duplicate": (_nid_age, _traffic_clearance, _own_application),
        "brta.licence-check": (_own_licence,),
        "brta.registration": (_nid_age, _own_application),
        "brta.transfer": (_nid_age, _signed_papers, _own_application),
        "brta.tax-token": (_token_window, _free_token),
        "brta.fitness": (_needs_fitness,),
    }
)
