"""Who may apply for which booklet, with which document and how fast, as far as it can be said without asking."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final

from nagorik import Criterion, PersonName, Verdict
from nagorik_passport.data import DATA
from nagorik_passport.forms import ApplicationForm
from nagorik_toolkit import (
    OWN_CHECK,
    EligibilityCase,
    EligibilityCheck,
    age_on,
    is_birth_registration,
    own_application,
)

NEW, REISSUE = "passport.new", "passport.reissue"
APPLIED: Final = frozenset({NEW, REISSUE})
"""The others are about a passport or an application that there is already."""


def age(case: EligibilityCase) -> int | None:
    """Whole years of the applicant or, for a price, of whom the form is about; ``None`` for a birth to come."""
    born = case.applicant.birth_date if case.applicant else case.field("birth_date")
    return age_on(born, case.on) if isinstance(born, date) and born <= case.on else None


def is_smallest(case: EligibilityCase) -> bool:
    """Whether the booklet is the one that everybody may have."""
    smallest = (case.rules["smallest-booklet-pages"].as_int, case.rules["smallest-booklet-years"].as_int)
    return (case.field("pages"), case.field("validity_years")) == smallest


def identity_document(name: str, case: EligibilityCase) -> Criterion:
    """Under 18 the birth registration and a parent's NID, from 21 on the NID, in between either."""
    years, rules = age(case), case.rules
    form = case.form if isinstance(case.form, ApplicationForm) else None
    known = form or case.applicant
    nid, registration = (known.nid, known.birth_registration) if known else (None, None)
    if nid is not None and case.applicant and is_birth_registration(nid, case.applicant.birth_registration):
        nid = None  # which ``contradictions`` says
    young, old = rules["birth-registration-only-to"], rules["nid-from"]
    lacking = False if form else None
    """What is not in the form is not given; what the platform has not been given may be at hand."""
    bounds = {"adult": young.as_int + 1, "last": old.as_int - 1}
    if years is None or years <= young.as_int:
        # For a birth to come, which no document can be of, it cannot be said; that it is one is said beside it.
        parents = form is not None and bool(form.father_nid or form.mother_nid)
        given = None if years is None else True if registration and parents else lacking
        code, source = "identity.minor", young.source
    elif years < old.as_int:
        given = True if nid or registration else lacking
        code, source = "identity.either", young.source
    else:
        at_mission = form is not None and form.place == "mission"
        # Missions may take a birth registration; whether this one does is not known.
        given = True if nid else None if registration and at_mission else lacking
        code, source = "identity.nid-at-mission" if at_mission else "identity.nid", old.source
    wanted = DATA.texts.text(code, **{place: bounds[place] for place in DATA.texts.placeholders(code)})
    return case.criteria.criterion(name, given, source=source, wanted=wanted)


def document_field(case: EligibilityCase) -> str:
    """Where the document that is missing is given."""
    years = age(case)
    if years is None or years > case.rules["birth-registration-only-to"].as_int:
        return "nid"
    return "father_nid" if case.field("birth_registration") else "birth_registration"


def booklet(name: str, case: EligibilityCase) -> Criterion:
    """Every booklet between the two ages, the smallest outside them."""
    years, rules = age(case), case.rules
    low, high = rules["any-booklet-from"], rules["any-booklet-to"]
    source = low.source if years is None or years < low.as_int else high.source
    bounds = {"low": low.as_int, "high": high.as_int}
    smallest = {"pages": rules["smallest-booklet-pages"].as_int, "years": rules["smallest-booklet-years"].as_int}
    if years is not None and low.as_int <= years <= high.as_int:
        what = DATA.texts.text("booklet.any", **bounds)
    elif is_smallest(case):
        what = DATA.texts.text("booklet.smallest", **smallest)
    else:
        holds = False if case.form is not None else None
        return case.criteria.criterion(name, holds, source=source, **smallest, **bounds)
    return case.criteria.criterion(name, Verdict.PASS, source=source, what=what)


def booklet_field(case: EligibilityCase) -> str:
    """Where another booklet is chosen; nowhere for the price of the smallest, which is for every age."""
    if case.applicant is None and is_smallest(case):
        return ""
    shortest = case.rules["smallest-booklet-years"].as_int
    return "pages" if case.field("validity_years") == shortest else "validity_years"


def photograph(name: str, case: EligibilityCase) -> Criterion:
    """No condition, but something to bring along."""
    years, rule = age(case), case.rules["own-photograph-to"]
    if years is not None and years <= rule.as_int:
        what = DATA.texts.text("photograph.own", **{"from": rule.as_int + 1})
    else:
        what = DATA.texts.text("photograph.office")
    return case.criteria.criterion(name, Verdict.PASS, source=rule.source, what=what)


def delivery(name: str, case: EligibilityCase) -> Criterion:
    """Super express has conditions of its own; how long each takes is counted from the enrolment."""
    rules, chosen, at_mission = case.rules, case.field("delivery"), case.field("place") == "mission"
    days, collection = rules[f"working-days-{chosen}"], rules["super-express-collection"].source
    judged, text = partial(case.criteria.criterion, name), DATA.texts.text
    if chosen != "super-express":
        if at_mission:
            return judged(Verdict.PASS, source=rules["mission-times"].source, time=text("delivery.time-at-mission"))
        return judged(Verdict.PASS, source=days.source, time=text("delivery.time", days=days.as_int))
    if at_mission:
        return judged(Verdict.FAIL, source=collection, why=text("super-express.mission"))
    if case.service == REISSUE:
        if case.field("permanent_address_changed"):
            return judged(Verdict.FAIL, source=collection, why=text("super-express.address"))
        time = text("delivery.time-collected-at-agargaon", days=days.as_int)
        return judged(Verdict.PASS, source=collection, time=time)
    # The portal contradicts itself: only for holders of an earlier passport, says one sentence, and another asks
    # new applicants for a police clearance of their own, which there was until a day.
    police = rules["police-verification"]
    if police.as_bool or police.effective_from is None:
        why = text("super-express.clearance")
    else:
        why = text("super-express.no-clearance", since=police.effective_from)
    return judged(None, source=police.source, why=why)


def own_name(name: str, case: EligibilityCase) -> Criterion:
    """The name in the form is the applicant's, because the challan is compared with it letter by letter."""
    known, same = case.applicant.name.en if case.applicant else None, None
    if known is not None and isinstance(case.form, ApplicationForm):
        same = PersonName(en=case.form.full_name).same_text(PersonName(en=known))
    return case.criteria.criterion(name, same, source=OWN_CHECK)


def first_passport(name: str, case: EligibilityCase) -> Criterion:
    """Who had a passport applies for a reissue; without the form this is not known."""
    had = case.field("had_passport")
    holds = None if had is None else not had
    return case.criteria.criterion(name, holds, source=case.rules["first-passport"].source)


def is_filled_in(case: EligibilityCase) -> bool:
    """What is about the choices waits for the form."""
    return case.form is not None


def is_filled_in_or_asked(case: EligibilityCase) -> bool:
    """What is looked up is one's own, and that is said before there is a form."""
    return case.form is not None or case.service not in APPLIED


def at(field: str, field_of: Callable[[EligibilityCase], str]) -> Callable[[EligibilityCase], bool]:
    """The cases that are put right at one field."""
    return lambda case: field_of(case) == field


CHECKS: Final = (
    *(
        EligibilityCheck("identity-document", field, identity_document, APPLIED, where=at(field, document_field))
        for field in ("nid", "birth_registration", "father_nid")
    ),
    *(
        EligibilityCheck("booklet", field, booklet, APPLIED, priced=True, where=at(field, booklet_field))
        for field in ("pages", "validity_years")
    ),
    EligibilityCheck("photograph", "birth_date", photograph, APPLIED, sentences={"pass"}),
    EligibilityCheck("delivery", "delivery", delivery, APPLIED, priced=True, where=is_filled_in),
    EligibilityCheck("own-name", "surname", own_name, APPLIED, where=is_filled_in),
    EligibilityCheck("own-application", "birth_date", own_application, where=is_filled_in_or_asked),
    EligibilityCheck("first-passport", "had_passport", first_passport, {NEW}, priced=True),
)
