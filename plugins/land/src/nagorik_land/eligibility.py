"""Who may apply, as far as it can be told without asking a land office.

No source names an age or another condition of the person. Whether a right is proved, disputed or already recorded is
for the land office to decide; it would leave every citizen without an answer, and so is no criterion here.
"""

from nagorik import Criterion, EligibilityDecision, EligibilityRequest
from nagorik_land.data import CRITERIA
from nagorik_land.forms import DevelopmentTaxForm, MutationForm


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    criteria = [CRITERIA.given("land-identified", request.form)]
    if request.service == "land.mutation":
        criteria.append(_evidence(request))
    if request.service == "land.development-tax":
        criteria.append(_year_begun(request))
    return EligibilityDecision(criteria=tuple(criteria))


def _evidence(request: EligibilityRequest) -> Criterion:
    form = request.form
    if not isinstance(form, MutationForm):
        return CRITERIA.criterion("evidence-of-acquisition", None)
    return CRITERIA.criterion("evidence-of-acquisition", form.deed_date is None or form.deed_date <= request.on)


def _year_begun(request: EligibilityRequest) -> Criterion:
    form = request.form
    if not isinstance(form, DevelopmentTaxForm):
        return CRITERIA.criterion("year-begun", None)
    first = form.fiscal_year.first_day
    return CRITERIA.criterion("year-begun", first <= request.on, day=first)
