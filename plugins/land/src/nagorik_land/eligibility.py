"""Who may apply, as far as it can be told without asking a land office.

No source names an age or another condition of the person. Whether a right is proved, disputed or already recorded is
for the land office to decide; it would leave every citizen without an answer, and so is no criterion here.
"""

from nagorik import Criterion, EligibilityDecision, EligibilityRequest, Nid
from nagorik_land.data import CRITERIA, RULES
from nagorik_land.enquiries import MutationStatusForm
from nagorik_land.forms import DevelopmentTaxForm, HoldingRegistrationForm, MutationForm
from nagorik_toolkit import OWN_CHECK, contradictions, is_about


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    rules = RULES.on(request.on)
    criteria: list[Criterion] = []
    if request.service != "land.mutation-status":
        what = "mouza-identified" if request.service == "land.khatian-search" else "land-identified"
        criteria.append(CRITERIA.given(what, request.form, source=rules["land-identified"].source))
    if request.service in {"land.holding-registration", "land.mutation-status"}:
        criteria.append(_own_application(request))
    if request.service == "land.mutation":
        criteria.append(_evidence(request))
    if request.service == "land.development-tax":
        criteria.append(_year_begun(request))
    return EligibilityDecision(criteria=(*criteria, *contradictions(request, *_nids(request))))


def _nids(request: EligibilityRequest) -> tuple[Nid, ...]:
    form = request.form
    return (form.nid,) if isinstance(form, HoldingRegistrationForm | MutationStatusForm) else ()


def _own_application(request: EligibilityRequest) -> Criterion:
    """The portals tell and register under an NID number alone, so it has to be the applicant's own."""
    form, applicant = request.form, request.applicant
    same: bool | None = None
    if isinstance(form, HoldingRegistrationForm):
        same = is_about(applicant, birth_date=form.birth_date, nid=form.nid)
    elif isinstance(form, MutationStatusForm):
        same = is_about(applicant, birth_date=applicant.birth_date, nid=form.nid)
    return CRITERIA.criterion("own-application", same, source=OWN_CHECK)


def _evidence(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["evidence-of-acquisition"]
    named = (form.deed_date is None or form.deed_date <= request.on) if isinstance(form, MutationForm) else None
    return CRITERIA.criterion("evidence-of-acquisition", named, source=rule.source)


def _year_begun(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["tax-year"]
    if not isinstance(form, DevelopmentTaxForm):
        return CRITERIA.criterion("year-begun", None, source=rule.source)
    first = form.fiscal_year.first_day
    return CRITERIA.criterion("year-begun", first <= request.on, source=rule.source, day=first)
