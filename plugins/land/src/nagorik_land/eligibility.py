"""Who may apply, as far as it can be told without asking a land office.

No source names an age or another condition of the person. Whether a right is proved, disputed or already recorded is
for the land office to decide; it would leave every citizen without an answer, and so is no criterion here.
"""

from nagorik import Criterion, EligibilityDecision, EligibilityRequest
from nagorik_land.data import CRITERIA, RULES
from nagorik_land.forms import DevelopmentTaxForm, MutationForm
from nagorik_toolkit import contradictions, day_text


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    rules = RULES.on(request.on)
    criteria = [CRITERIA.given("land-identified", request.form, source=rules["land-identified"].source)]
    if request.service == "land.mutation":
        criteria.append(_evidence(request))
    if request.service == "land.development-tax":
        criteria.append(_year_begun(request))
    return EligibilityDecision(criteria=(*criteria, *contradictions(request)))


def _evidence(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["evidence-of-acquisition"]
    named = (form.deed_date is None or form.deed_date <= request.on) if isinstance(form, MutationForm) else None
    return CRITERIA.criterion("evidence-of-acquisition", named, source=rule.source)


def _year_begun(request: EligibilityRequest) -> Criterion:
    form, rule = request.form, RULES.on(request.on)["tax-year"]
    if not isinstance(form, DevelopmentTaxForm):
        return CRITERIA.criterion("year-begun", None, source=rule.source)
    first = form.fiscal_year.first_day
    return CRITERIA.criterion("year-begun", first <= request.on, source=rule.source, day=day_text(first))
