"""Who may register, attend and leave. Only the passport is asked for elsewhere; everything else is told from here.

The rules of the day are applied when a worker asks, when a price is named and once more on filing.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from nagorik import (
    ApplicationRequest,
    CallContext,
    Criterion,
    EligibilityDecision,
    EligibilityRequest,
    FieldProblem,
    Form,
    Verdict,
)
from nagorik_bmet.data import CRITERIA, RULES
from nagorik_bmet.forms import ClearanceForm, OrientationForm, RegistrationForm, WorkerForm
from nagorik_bmet.passport import valid_passport
from nagorik_toolkit import (
    OWN_CHECK,
    birth_problem,
    contradictions,
    eligibility_question,
    refuse,
    refuse_failed,
    years_after,
)

VERIFICATIONS: Final = frozenset({"bmet.card-verification", "bmet.clearance-verification"})
"""The services that look something up: whoever it is about may ask."""
PAPERS: Final = ("visa", "contract", "pdo-certificate", "bank-account", "medical-report")

_FIELDS: Final = {
    "working-age": "/form/birth_date",
    "domestic-work": "/form/occupation",
    "registration-valid": "/form/registered_on",
    "own-application": "/form/birth_date",
    "birth-date": "/form/birth_date",
    **dict.fromkeys(PAPERS, "/form/papers"),
}
"""Where each is put right."""


async def decide(request: EligibilityRequest, context: CallContext[Any]) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    criteria = _told_from_here(request)
    if request.service not in {"bmet.orientation", *VERIFICATIONS} and not _is_correction(request.form):
        criteria.append(await valid_passport(request, context))
    return EligibilityDecision(criteria=tuple(criteria))


def _is_correction(form: Form | None) -> bool:
    """A card is corrected: no source wants a registration that holds, or months of a passport, for that."""
    return isinstance(form, ClearanceForm) and form.card == "correction"


def check_today(request: ApplicationRequest) -> None:
    """Refuse what the rules of the day of ``request`` do not allow, before anything is sent.

    Raises:
        InputRejected: At the field of each such entry.
    """
    refuse_failed("bmet", ((_FIELDS[found.id], found) for found in _told_from_here(eligibility_question(request))))


def form_checks(form: Form, on: date) -> tuple[Callable[[], None], ...]:
    """What the form alone decides of that, for the price: each refuses at its own field."""

    def refuse_age() -> None:
        if isinstance(form, WorkerForm):
            problem = birth_problem(form.birth_date, on)
            if problem is not None:
                refuse([FieldProblem(pointer=_FIELDS["birth-date"], code="bmet.birth-date", text=problem)])
            age = CRITERIA.age_of("working-age", form.birth_date, on, at_least="working-age-from")
            refuse_failed("bmet", [(_FIELDS[age.id], age)])

    def refuse_registration() -> None:
        if isinstance(form, OrientationForm | ClearanceForm) and not _is_correction(form):
            refuse_failed("bmet", [(_FIELDS["registration-valid"], _registration(form, on))])

    def refuse_papers() -> None:
        if isinstance(form, ClearanceForm) and not _is_correction(form):
            refuse_failed("bmet", ((_FIELDS[name], _paper(name, form, on)) for name in PAPERS))

    return refuse_age, refuse_registration, refuse_papers


def _told_from_here(request: EligibilityRequest) -> list[Criterion]:
    if request.service in VERIFICATIONS:
        return [_own_application(request), *contradictions(request)]
    criteria = [CRITERIA.age("working-age", request, at_least="working-age-from"), _own_application(request)]
    if request.service != "bmet.orientation":
        criteria.append(_domestic_work(request))
    if request.service != "bmet.registration" and not _is_correction(request.form):
        criteria.append(_registration(request.form, request.on))
    if request.service == "bmet.clearance":
        criteria += [_paper(name, request.form, request.on) for name in PAPERS]
    return [*criteria, *contradictions(request)]


def _own_application(request: EligibilityRequest) -> Criterion:
    form = request.form
    same = form.birth_date == request.applicant.birth_date if isinstance(form, WorkerForm) else None
    return CRITERIA.criterion("own-application", same, source=OWN_CHECK)


def _domestic_work(request: EligibilityRequest) -> Criterion:
    """Whom the limits are about depends on sex and occupation; who is within them need not be asked for either."""
    rules = RULES.on(request.on)
    low, high = rules["domestic-work-from"], rules["domestic-work-to"]
    within = CRITERIA.age("domestic-work", request, at_least="domestic-work-from", at_most="domestic-work-to")
    form, sex = request.form, request.applicant.sex
    occupation = form.occupation if isinstance(form, RegistrationForm | ClearanceForm) else None
    if within.verdict is Verdict.PASS or sex in {"male", "other"} or occupation not in {None, "domestic-work"}:
        holds: bool | None = True
    else:
        holds = False if sex == "female" and occupation else None
    bounds = {"at_least": low.as_int, "at_most": high.as_int}
    return CRITERIA.criterion("domestic-work", holds, source=low.source, **bounds)


def _registration(form: Form | None, on: date) -> Criterion:
    """Good to the day before its anniversary, 1 March for one of 29 February; one of a day to come does not hold."""
    rule = RULES.on(on)["registration-years"]
    holds: bool | None = None
    if isinstance(form, OrientationForm | ClearanceForm):
        begun = form.registered_on <= on
        holds = begun and on < years_after(form.registered_on, rule.as_int)
    return CRITERIA.criterion("registration-valid", holds, source=rule.source, years=rule.as_int)


def _paper(name: str, form: Form | None, on: date) -> Criterion:
    """Whether the worker says that it is at hand; a card that is corrected has its papers at BMET already."""
    rule = RULES.on(on)["clearance-papers"]
    holds: bool | None = None
    if isinstance(form, ClearanceForm):
        holds = True if name in form.papers else False if form.card == "new" else None
    return CRITERIA.criterion(name, holds, source=rule.source)
