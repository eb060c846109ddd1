"""Who may apply, as far as it can be told without asking the EC.

What the EC alone knows (a locked voter, a person registered twice) is no criterion here: it would leave every citizen
without an answer, and the EC decides it anyway.
"""

from datetime import date

from nagorik import Criterion, EligibilityDecision, EligibilityRequest, Nid, Verdict
from nagorik_nid.data import CRITERIA, RULES, TEXTS
from nagorik_nid.forms import (
    CardRenewalForm,
    CorrectionForm,
    NewVoterForm,
    NidApplicationStatusForm,
    NidForm,
    PrintedCardForm,
    SmartCardStatusForm,
    nid_of,
)
from nagorik_toolkit import (
    OWN_CHECK,
    age_on,
    birth_problem,
    contradictions,
    is_about,
    is_birth_registration,
    years_after,
)


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict."""
    form = request.form
    number = request.applicant.nid if form is None else nid_of(form)
    card_age = CRITERIA.age("card-age", request, at_least="pre-registration-age")
    match request.service:
        case "nid.new-voter":
            criteria = [_voter_age(request), _no_card_yet(request), _birth_registration(request)]
            number = None
        case "nid.application-status":
            criteria = [_form_number(request)]
            number = None
        case "nid.card-status":
            criteria = [_card_number(request), card_age]
        case "nid.renewal":
            criteria = [_holds_card(request), card_age, _card_validity(request)]
        case _:
            criteria = [_holds_card(request), card_age]
    if isinstance(form, PrintedCardForm):
        criteria.append(_delivery(request, form))
    if form is not None:
        criteria.append(_own_application(request))
    if isinstance(form, CorrectionForm):
        criteria += _impossible_correction(request, form)
    return EligibilityDecision(criteria=(*criteria, *contradictions(request, number)))


def _voter_age(request: EligibilityRequest) -> Criterion:
    """Whether the office registers somebody before 18 rests on hearsay: the citizen asks before going there."""
    rules, born = RULES.on(request.on), request.applicant.birth_date
    voter, early = rules["voter-age"], rules["pre-registration-age"]
    age = age_on(born, request.on) if born <= request.on else -1
    verdict = True if age >= voter.as_int else None if age >= early.as_int else False
    source = voter.source if verdict else early.source
    return CRITERIA.criterion("voter-age", verdict, source=source, voter=voter.as_int, early=early.as_int)


def _no_card_yet(request: EligibilityRequest) -> Criterion:
    source = RULES.on(request.on)["one-registration"].source
    return CRITERIA.criterion("no-card-yet", request.applicant.nid is None, source=source)


def _birth_registration(request: EligibilityRequest) -> Criterion:
    form, source = request.form, RULES.on(request.on)["birth-registration-needed"].source
    number = form.birth_registration if isinstance(form, NewVoterForm) else request.applicant.birth_registration
    agrees = None if number is None else number.consistent_with(request.applicant.birth_date)
    return CRITERIA.criterion("birth-registration", agrees, source=source)


def _holds_card(request: EligibilityRequest) -> Criterion:
    """A number that is none, or that the host was not told, says nothing of whether there is a card."""
    source, applicant = RULES.on(request.on)["card-needed"].source, request.applicant
    nid = applicant.nid if request.form is None else nid_of(request.form)
    if nid is None or is_birth_registration(nid, applicant.birth_registration):
        return CRITERIA.criterion("holds-card", None, source=source)
    holds = nid.consistent_with(applicant.birth_date) is not False
    return CRITERIA.criterion("holds-card", holds, source=source)


def _form_number(request: EligibilityRequest) -> Criterion:
    number = request.form.form_number if isinstance(request.form, NidApplicationStatusForm) else None
    return CRITERIA.given("form-number", number, source=RULES.on(request.on)["application-lookup"].source)


def _card_number(request: EligibilityRequest) -> Criterion:
    """Either number finds a card; without a form the applicant's NID number will do."""
    form = request.form
    numbers = (form.nid, form.form_number) if isinstance(form, SmartCardStatusForm) else (request.applicant.nid,)
    return CRITERIA.given("card-number", *numbers, source=RULES.on(request.on)["card-lookup"].source)


def _card_validity(request: EligibilityRequest) -> Criterion:
    """When the card's years are over. The law lets it be renewed before and after that, and names no earliest day."""
    form, rules, born = request.form, RULES.on(request.on), request.applicant.birth_date
    years, least = rules["card-validity-years"], rules["pre-registration-age"]
    issued = form.issued_on if isinstance(form, CardRenewalForm) else None
    if issued is None:
        return CRITERIA.criterion("card-validity", None, source=years.source, years=years.as_int)
    if issued > request.on or issued < years_after(born, least.as_int):
        return CRITERIA.criterion("card-validity", Verdict.FAIL, source=least.source, least=least.as_int)
    ends = years_after(issued, years.as_int)
    if ends <= request.on:
        when = TEXTS.text("card-validity.over", years=years.as_int, ends=ends)
    else:
        when = TEXTS.text("card-validity.early", ends=ends)
    return CRITERIA.criterion("card-validity", Verdict.PASS, source=years.source, when=when)


def _delivery(request: EligibilityRequest, form: PrintedCardForm) -> Criterion:
    """No condition: how long it takes, and who says so."""
    days = RULES.on(request.on)[f"working-days-{form.delivery}"]
    return CRITERIA.criterion("delivery", Verdict.PASS, source=days.source, days=days.as_int)


def _impossible_correction(request: EligibilityRequest, form: CorrectionForm) -> tuple[Criterion, ...]:
    """A date of birth that a card cannot have. Told only where it is so: the fee would be lost."""
    least = RULES.on(request.on)["pre-registration-age"]
    written = next((change.value for change in form.changes if change.field == "birth-date"), None)
    if written is None:
        return ()
    born = date.fromisoformat(written)
    problem = birth_problem(born, request.on)
    if problem is None and age_on(born, request.on) < least.as_int:
        problem = TEXTS.text("nid.corrected-too-young", at_least=least.as_int)
    if problem is None:
        return ()
    return (Criterion(id="corrected-birth-date", verdict=Verdict.FAIL, text=problem, source=least.source),)


def _own_application(request: EligibilityRequest) -> Criterion:
    """The form is about the applicant, as far as two spellings of a number can be compared."""
    form, applicant = request.form, request.applicant
    registration = form.birth_registration if isinstance(form, NewVoterForm) else None
    same = not isinstance(form, NidForm) or is_about(
        applicant, birth_date=form.birth_date, birth_registration=registration
    )
    nid = nid_of(form)
    if nid is not None and applicant.nid is not None:
        same = same and _may_be_same(nid, applicant.nid, applicant.birth_date)
    return CRITERIA.criterion("own-application", same, source=OWN_CHECK)


def _may_be_same(one: Nid, other: Nid, birth_date: date) -> bool:
    numbers = {nid.with_birth_year(birth_date) if nid.kind == "legacy" else nid for nid in (one, other)}
    # Only the EC knows which number of 10 digits is which of 17.
    return len(numbers) == 1 or len({nid.kind for nid in numbers}) > 1
