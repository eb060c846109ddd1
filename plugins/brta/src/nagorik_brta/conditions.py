"""The conditions of licences and vehicles that are BRTA's own, each as a criterion."""

from datetime import date, timedelta

from nagorik import Criterion, Verdict
from nagorik_brta.data import DATA
from nagorik_brta.forms import FitnessForm, RenewalForm, TaxTokenForm
from nagorik_toolkit import EligibilityCase, age, age_on, at_hand, years_after


def licence_age(name: str, case: EligibilityCase) -> Criterion:
    """Whether the applicant is old enough for the kind of licence.

    Before there is a form the kind is not known: it does not matter below the lower and above the higher age.
    """
    if case.form is not None:
        return age(at_least=f"{case.field('kind')}-age")(name, case)
    young, old = age(at_least="non-professional-age")(name, case), age(at_least="professional-age")(name, case)
    if young.verdict is old.verdict:
        return young if young.verdict is Verdict.FAIL else old
    lower, higher = case.rules["non-professional-age"], case.rules["professional-age"]
    return case.criteria.criterion(name, None, source=lower.source, at_least=lower.as_int, professional=higher.as_int)


def dope_test(name: str, case: EligibilityCase) -> Criterion:
    """Whether the drug test is negative; a non-professional licence needs none."""
    if case.field("kind") == "non-professional":
        return case.criteria.criterion(name, Verdict.PASS, source=case.rules["dope-test"].source)
    return at_hand("dope_test_negative", "dope-test")(name, case)


def is_term_impossible(case: EligibilityCase) -> bool:
    """Whether a licence is valid for longer than any is given for: the day was misread."""
    form = case.form
    if not isinstance(form, RenewalForm):
        return False
    return form.expires_on > years_after(case.on, case.rules[f"{form.kind}-years"].as_int)


def impossible_term(name: str, case: EligibilityCase) -> Criterion:
    """Refuse such a term; of any other nothing is said."""
    rule = case.rules[f"{case.field('kind')}-years"]
    return case.criteria.criterion(name, Verdict.FAIL, source=rule.source, years=rule.as_int)


def token_window(name: str, case: EligibilityCase) -> Criterion:
    """Whether a tax token can be paid today.

    Only an instalment has a window; whether it costs more once the token has ended is published nowhere.
    """
    form, rule = case.form, case.rules["tax-token-window"]
    if isinstance(form, TaxTokenForm) and form.plan == "after-ten-years":
        what = DATA.texts.text("token.nothing-to-pay")
        return case.criteria.criterion(name, Verdict.PASS, source=rule.source, what=what)
    if not isinstance(form, TaxTokenForm) or form.plan != "two-years":
        return case.criteria.criterion(name, None, source=rule.source)
    first, days = form.token_expires_on - rule.as_duration, rule.as_duration // timedelta(days=1)
    what = DATA.texts.text("token.ended" if form.token_expires_on < case.on else "token.payable")
    return case.criteria.criterion(name, case.on >= first, source=rule.source, first=first, days=days, what=what)


def free_token(name: str, case: EligibilityCase) -> Criterion:
    """Whether the plan fits the age of the registration: a free token is not paid for, and not had too early."""
    form, rule = case.form, case.rules["tax-token-free-after"]
    years = rule.as_int
    if isinstance(form, TaxTokenForm) and form.vehicle != "motorcycle":
        why = DATA.texts.text("token.no-motorcycle")
        return case.criteria.criterion(name, Verdict.PASS, source=rule.source, why=why)
    if not isinstance(form, TaxTokenForm) or form.registered_on is None:
        return case.criteria.criterion(name, None, source=rule.source, years=years)
    first = years_after(form.registered_on, years)
    is_free, wanted_free = first <= case.on, form.plan == "after-ten-years"
    if is_free is wanted_free:
        why = DATA.texts.text("token.fits-the-age")
    elif is_free:
        why = DATA.texts.text("token.free-already", first=first)
    else:
        why = DATA.texts.text("token.not-free-yet", first=first, years=years)
    return case.criteria.criterion(name, is_free is wanted_free, source=rule.source, why=why)


def needs_fitness(name: str, case: EligibilityCase) -> Criterion:
    """Whether the vehicle needs a fitness certificate."""
    form, rule = case.form, case.rules["motorcycle-fitness"]
    needs = form.vehicle != "motorcycle" or rule.as_bool if isinstance(form, FitnessForm) else None
    return case.criteria.criterion(name, needs, source=rule.source)


def years_late(expires_on: date, today: date) -> int:
    """Years for which a renewal costs more: after the days of grace, each that has begun since the expiry.

    A licence that ended on 29 February has its anniversary on 1 March of a common year, as ``renewal-grace`` says
    among the rules.
    """
    if today <= expires_on + DATA.rules.on(today)["renewal-grace"].as_duration:
        return 0
    return age_on(expires_on, today - timedelta(days=1)) + 1
