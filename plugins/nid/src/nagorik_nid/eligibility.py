"""Who may apply, as far as that can be decided without asking the EC.

What the EC alone knows (a locked voter, a person registered twice) is no criterion here: it would leave every citizen
without an answer, and the EC decides it anyway.
"""

from datetime import date
from typing import Final

from nagorik import BirthRegistrationNumber, Criterion, Nid, Verdict
from nagorik_nid.data import DATA
from nagorik_nid.forms import CorrectionForm
from nagorik_toolkit import (
    EligibilityCase,
    EligibilityCheck,
    age,
    age_on,
    birth_problem,
    is_birth_registration,
    own_application,
    years_after,
)

NEW_VOTER, CORRECTION, REISSUE, RENEWAL = "nid.new-voter", "nid.correction", "nid.reissue", "nid.renewal"
APPLICATION_STATUS, CARD_STATUS = "nid.application-status", "nid.card-status"
FOR_HOLDERS: Final = frozenset({"nid.verification", CORRECTION, REISSUE, RENEWAL, "nid.migration"})
OF_CARD: Final = FOR_HOLDERS | {CARD_STATUS}
GIVEN: Final = ("pass", "cannot-tell")


def voter_age(name: str, case: EligibilityCase) -> Criterion:
    """Decide by two ages. Only hearsay says that the office registers a citizen before 18, so it is to be asked."""
    voter, early = case.rules["voter-age"], case.rules["pre-registration-age"]
    verdict = True if _reached("voter-age", case) else None if _reached("pre-registration-age", case) else False
    source = voter.source if verdict else early.source
    return case.criteria.criterion(name, verdict, source=source, voter=voter.as_int, early=early.as_int)


def no_card_yet(name: str, case: EligibilityCase) -> Criterion:
    """Refuse a second registration of who has a number."""
    without = case.applicant is None or case.applicant.nid is None
    return case.criteria.criterion(name, without, source=case.rules["one-registration"].source)


def birth_registration(name: str, case: EligibilityCase) -> Criterion:
    """Want a birth registration number, of the year of birth."""
    applicant, number = case.applicant, case.field("birth_registration")
    if case.form is None and applicant is not None:
        number = applicant.birth_registration
    agrees = None
    if applicant is not None and isinstance(number, BirthRegistrationNumber):
        agrees = number.consistent_with(applicant.birth_date)
    return case.criteria.criterion(name, agrees, source=case.rules["birth-registration-needed"].source)


def holds_card(name: str, case: EligibilityCase) -> Criterion:
    """Decide by the number: of one that is no NID number, or that the host does not know, nothing follows."""
    source, applicant, nid = case.rules["card-needed"].source, case.applicant, nid_number(case)
    if applicant is None or nid is None or is_birth_registration(nid, applicant.birth_registration):
        return case.criteria.criterion(name, None, source=source)
    return case.criteria.criterion(name, nid.consistent_with(applicant.birth_date) is not False, source=source)


def number_given(name: str, case: EligibilityCase) -> Criterion:
    """Want a number by which the EC finds what is asked about; a card is found by either."""
    nid = nid_number(case) if name == "card-number" else None
    return case.criteria.given(name, nid, case.field("form_number"), source=case.rules[name].source)


def card_validity(name: str, case: EligibilityCase) -> Criterion:
    """Say when the card's years are over. The law has it renewed before and after that, and names no earliest day."""
    years, least = case.rules["card-validity-years"], case.rules["pre-registration-age"]
    issued = case.field("issued_on")
    if not isinstance(issued, date) or case.applicant is None:
        return case.criteria.criterion(name, None, source=years.source, years=years.as_int)
    if issued > case.on or issued < years_after(case.applicant.birth_date, least.as_int):
        return case.criteria.criterion(name, Verdict.FAIL, source=least.source, least=least.as_int)
    ends = years_after(issued, years.as_int)
    if ends <= case.on:
        when = DATA.texts.text("card-validity.over", years=years.as_int, ends=ends)
    else:
        when = DATA.texts.text("card-validity.early", ends=ends)
    return case.criteria.criterion(name, Verdict.PASS, source=years.source, when=when)


def delivery(name: str, case: EligibilityCase) -> Criterion:
    """Say how long it takes, and whose figure that is; it is no condition."""
    days = case.rules[f"working-days-{case.field('delivery')}"]
    return case.criteria.criterion(name, Verdict.PASS, source=days.source, days=days.as_int)


def corrected_day(name: str, case: EligibilityCase) -> Criterion:
    """Refuse a day of birth that a card cannot have; the fee would be lost."""
    least, born = case.rules["pre-registration-age"], _corrected(case)
    problem = birth_problem(born, case.on) if born is not None else None
    if problem is not None:
        return Criterion(id=name, verdict=Verdict.FAIL, text=problem, source=least.source)
    return case.criteria.criterion(name, Verdict.FAIL, source=least.source, at_least=least.as_int)


def is_impossible(case: EligibilityCase) -> bool:
    """Whether no citizen with a card can have been born on the corrected day."""
    born, least = _corrected(case), case.rules["pre-registration-age"].as_int
    return born is not None and (birth_problem(born, case.on) is not None or age_on(born, case.on) < least)


def is_filled(case: EligibilityCase) -> bool:
    """Whether the citizen has begun."""
    return case.form is not None


def nid_number(case: EligibilityCase) -> Nid | None:
    """The NID number that a form is about; before there is one, the applicant's."""
    if case.form is None:
        return case.applicant.nid if case.applicant is not None else None
    number = case.field("nid")
    return number if isinstance(number, Nid) else None


def _corrected(case: EligibilityCase) -> date | None:
    changes = case.form.changes if isinstance(case.form, CorrectionForm) else ()
    return next((date.fromisoformat(change.value) for change in changes if change.field == "birth-date"), None)


def _reached(rule: str, case: EligibilityCase) -> bool:
    return age(at_least=rule)("card-age", case).verdict is Verdict.PASS


CHECKS: Final = (
    EligibilityCheck("voter-age", "birth_date", voter_age, {NEW_VOTER}),
    EligibilityCheck("no-card-yet", "birth_date", no_card_yet, {NEW_VOTER}),
    EligibilityCheck("birth-registration", "birth_registration", birth_registration, {NEW_VOTER}),
    EligibilityCheck("form-number", "form_number", number_given, {APPLICATION_STATUS}, sentences=GIVEN),
    EligibilityCheck("card-number", "nid", number_given, {CARD_STATUS}, sentences=GIVEN),
    EligibilityCheck("holds-card", "nid", holds_card, FOR_HOLDERS),
    EligibilityCheck("card-age", "birth_date", age(at_least="pre-registration-age"), OF_CARD),
    EligibilityCheck("card-validity", "issued_on", card_validity, {RENEWAL}),
    EligibilityCheck("delivery", "delivery", delivery, {REISSUE, RENEWAL}, where=is_filled, sentences=("pass",)),
    EligibilityCheck("own-application", "birth_date", own_application, where=is_filled),
    EligibilityCheck(
        "corrected-birth-date", "changes", corrected_day, {CORRECTION}, where=is_impossible, sentences=("fail",)
    ),
)
"""In the order in which a citizen reads them."""
