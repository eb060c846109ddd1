"""Who may apply, as far as it can be told without asking the EC.

What the EC alone knows (a locked voter, a person registered twice) is no criterion here: it would leave every citizen
without an answer, and the EC decides it anyway.
"""

from datetime import date

from nagorik import Applicant, Criterion, EligibilityDecision, EligibilityRequest, Nid, Verdict
from nagorik_nid.data import CRITERIA
from nagorik_nid.forms import CardForm, NewVoterForm, NidForm
from nagorik_toolkit import is_about


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    if request.service == "nid.new-voter":
        criteria = [_voter_age(request), _no_card_yet(request), _birth_registration(request)]
    else:
        criteria = [_holds_card(request)]
    if request.form is not None:
        criteria.append(_own_application(request))
    return EligibilityDecision(criteria=tuple(criteria))


def _voter_age(request: EligibilityRequest) -> Criterion:
    voter = CRITERIA.age("voter-age", request, at_least="voter-age")
    early = CRITERIA.age("voter-age", request, at_least="pre-registration-age")
    if voter.verdict is Verdict.FAIL and early.verdict is Verdict.PASS:
        # Whether the office registers somebody before 18 rests on hearsay: the citizen asks before going there.
        return CRITERIA.criterion("voter-age", None, source=early.source)
    return voter if voter.verdict is Verdict.PASS else early


def _no_card_yet(request: EligibilityRequest) -> Criterion:
    return CRITERIA.criterion("no-card-yet", request.applicant.nid is None)


def _birth_registration(request: EligibilityRequest) -> Criterion:
    form = request.form
    number = form.birth_registration if isinstance(form, NewVoterForm) else request.applicant.birth_registration
    if number is None:
        return CRITERIA.criterion("birth-registration", None)
    agrees = number.consistent_with(request.applicant.birth_date)
    return CRITERIA.criterion("birth-registration", agrees)


def _holds_card(request: EligibilityRequest) -> Criterion:
    nid = request.form.nid if isinstance(request.form, CardForm) else request.applicant.nid
    if nid is None:
        # The host may just not have been told the number.
        return CRITERIA.criterion("holds-card", None)
    contradicts = nid.consistent_with(request.applicant.birth_date) is False or is_birth_registration(
        nid, request.applicant
    )
    return CRITERIA.criterion("holds-card", not contradicts)


def is_birth_registration(nid: Nid, applicant: Applicant) -> bool:
    """Whether what is given as an NID number is the applicant's own birth registration number.

    Both may have 17 digits of one layout; only what the applicant carries as the other type gives it away.
    """
    registration = applicant.birth_registration
    return registration is not None and registration.value == nid.value


def _own_application(request: EligibilityRequest) -> Criterion:
    """The form is about the applicant, as far as two spellings of a number can be compared."""
    form, applicant = request.form, request.applicant
    registration = form.birth_registration if isinstance(form, NewVoterForm) else None
    same = not isinstance(form, NidForm) or is_about(
        applicant, birth_date=form.birth_date, birth_registration=registration
    )
    if isinstance(form, CardForm) and applicant.nid is not None:
        same = same and _may_be_same(form.nid, applicant.nid, applicant.birth_date)
    return CRITERIA.criterion("own-application", same)


def _may_be_same(one: Nid, other: Nid, birth_date: date) -> bool:
    numbers = {nid.with_birth_year(birth_date) if nid.kind == "legacy" else nid for nid in (one, other)}
    # Only the EC knows which number of 10 digits is which of 17.
    return len(numbers) == 1 or len({nid.kind for nid in numbers}) > 1
