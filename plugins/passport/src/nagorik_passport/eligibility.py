"""Who may apply for which booklet, with which document and how fast, as far as it can be told without asking.

The rules of the day are applied when a citizen asks, when a price is named and once more when the application is
filed: in between somebody may have a birthday, and a circular its first day.
"""

from contextlib import suppress
from datetime import date
from typing import Final

from nagorik import (
    ApplicationRequest,
    Criterion,
    EligibilityDecision,
    EligibilityRequest,
    FieldProblem,
    Form,
    Nid,
    PersonName,
    Verdict,
)
from nagorik_passport.data import CRITERIA, RULES, TEXTS
from nagorik_passport.forms import ApplicationForm, NewPassportForm, PassportLookUpForm, ReissueForm, VerificationForm
from nagorik_passport.wire import CHANGE
from nagorik_toolkit import (
    OWN_CHECK,
    FieldMissing,
    age_on,
    birth_problem,
    contradictions,
    eligibility_question,
    is_about,
    is_birth_registration,
    refuse,
    refuse_failed,
)

SMALLEST: Final = (48, 5)
"""Pages and years of the booklet that everybody may have."""

QUESTIONS: Final = frozenset({"passport.verification", "passport.status", CHANGE})
"""The services that are about a passport or an application that there is already."""


def decide(request: EligibilityRequest) -> EligibilityDecision:
    """Every criterion of the service with its verdict; those about choices once there is a form."""
    form = request.form
    if request.service in QUESTIONS:
        return EligibilityDecision(criteria=(_own_application(request), *contradictions(request)))
    booklet = _booklet(form, request.applicant.birth_date, request.on)
    criteria = [_identity_document(request), booklet, _photograph(request)]
    if isinstance(form, ApplicationForm):
        criteria += [_delivery(form, request.on), _own_name(request), _own_application(request)]
    if request.service == "passport.new":
        criteria.append(_first_passport(request))
    return EligibilityDecision(criteria=(*criteria, *contradictions(request, *_nids(request))))


def _nids(request: EligibilityRequest) -> tuple[Nid | None, ...]:
    """What is given as an NID number: by the form once there is one."""
    form = request.form
    return (
        (form.nid, form.father_nid, form.mother_nid)
        if isinstance(form, ApplicationForm)
        else (request.applicant.nid,)
    )


def _first_passport(request: EligibilityRequest) -> Criterion:
    """Who had a passport applies for a reissue; without the form nobody has said so."""
    first = not request.form.had_passport if isinstance(request.form, NewPassportForm) else None
    return CRITERIA.criterion("first-passport", first, source=RULES.on(request.on)["first-passport"].source)


def check_today(request: ApplicationRequest) -> None:
    """Refuse what the rules of the day of ``request`` do not allow, before anything is sent.

    Raises:
        InputRejected: At the field of each such choice.
    """
    asked, form = eligibility_question(request), request.form
    assert isinstance(form, ApplicationForm)  # noqa: S101 - asked of who applies for a passport only
    judged = [
        (_document_field(asked), _identity_document(asked)),
        (_booklet_field(form), _booklet(form, asked.applicant.birth_date, asked.on)),
        (_DELIVERY, _delivery(form, asked.on)),
    ]
    impossible = [(_IMPOSSIBLE[found.id], found) for found in contradictions(asked, *_nids(asked))]
    refuse_failed("passport", (*judged, *impossible))


def refuse_delivery(form: ApplicationForm, on: date) -> None:
    """Refuse a delivery that there is not where and for what the form applies.

    Raises:
        InputRejected: At the delivery.
    """
    refuse_failed("passport", [(_DELIVERY, _delivery(form, on))])


def refuse_booklet(form: ApplicationForm, on: date) -> None:
    """Refuse a booklet that is not for the age of whom the form is about; the smallest is for everybody.

    Raises:
        InputRejected: At the pages or the validity.
    """
    if (form.pages, form.validity_years) != SMALLEST:
        refuse_failed("passport", [(_booklet_field(form), _booklet(form, form.birth_date, on))])


def refuse_impossible_birth(form: ApplicationForm, on: date) -> None:
    """Refuse a date of birth that nobody can have, where one is given: the smallest booklet is for every age.

    Raises:
        InputRejected: At the date.
    """
    with suppress(FieldMissing):
        problem = birth_problem(form.birth_date, on)
        if problem is not None:
            pointer = _IMPOSSIBLE["birth-date"]
            refuse([FieldProblem(pointer=pointer, code="passport.birth-date", text=problem)])


def _age(born: date, on: date) -> int | None:
    """Whole years, on the day in Dhaka; ``None`` for a birth date that has not come."""
    return age_on(born, on) if born <= on else None


def _identity_document(request: EligibilityRequest) -> Criterion:
    """Under 18 the birth registration and a parent's NID, from 21 on the NID, in between either."""
    age, form, rules = _age(request.applicant.birth_date, request.on), request.form, RULES.on(request.on)
    filled = form if isinstance(form, ApplicationForm) else None
    nid = filled.nid if filled else request.applicant.nid
    if nid is not None and is_birth_registration(nid, request.applicant.birth_registration):
        nid = None  # which ``contradictions`` tells
    registration = filled.birth_registration if filled else request.applicant.birth_registration
    young, old = rules["birth-registration-only-to"], rules["nid-from"]
    lacking = False if filled else None
    """What is not in the form is not given; what the platform has not been told of may be at hand."""
    bounds = {"adult": young.as_int + 1, "last": old.as_int - 1}
    if age is None or age <= young.as_int:
        # For a birth to come, which no document can be of, it cannot be told; that it is one is told beside it.
        parents = bool(filled and (filled.father_nid or filled.mother_nid))
        given = None if age is None else True if registration and parents else lacking
        code, source = "identity.minor", young.source
    elif age < old.as_int:
        given = True if nid or registration else lacking
        code, source = "identity.either", young.source
    else:
        given = True if nid else lacking
        if not nid and registration and filled and filled.place == "mission":
            given = None  # missions may take a birth registration; whether this one does is not known
        code = "identity.nid-at-mission" if filled and filled.place == "mission" else "identity.nid"
        source = old.source
    wanted = TEXTS.text(code, **{name: bounds[name] for name in TEXTS.placeholders(code)})
    return CRITERIA.criterion("identity-document", given, source=source, wanted=wanted)


def _booklet(form: Form | None, born: date, on: date) -> Criterion:
    """Every booklet between the two ages, the smallest outside them."""
    age, rules = _age(born, on), RULES.on(on)
    low, high = rules["any-booklet-from"], rules["any-booklet-to"]
    free = age is not None and low.as_int <= age <= high.as_int
    source = low.source if age is None or age < low.as_int else high.source
    bounds = {"low": low.as_int, "high": high.as_int}
    pages, years = SMALLEST
    if free:
        what = TEXTS.text("booklet.any", **bounds)
    elif isinstance(form, ApplicationForm) and (form.pages, form.validity_years) == SMALLEST:
        what = TEXTS.text("booklet.smallest", pages=pages, years=years)
    else:
        holds = False if form is not None else None
        return CRITERIA.criterion("booklet", holds, source=source, pages=pages, years=years, **bounds)
    return CRITERIA.criterion("booklet", Verdict.PASS, source=source, what=what)


def _photograph(request: EligibilityRequest) -> Criterion:
    """No condition, but something to bring along."""
    age, rule = _age(request.applicant.birth_date, request.on), RULES.on(request.on)["own-photograph-to"]
    small = age is not None and age <= rule.as_int
    return CRITERIA.criterion(
        "photograph",
        Verdict.PASS,
        source=rule.source,
        what=TEXTS.text("photograph.own", **{"from": rule.as_int + 1}) if small else TEXTS.text("photograph.office"),
    )


def _delivery(form: ApplicationForm, on: date) -> Criterion:
    """Super express has conditions of its own; how long each takes is counted from the enrolment."""
    rules = RULES.on(on)
    days = rules[f"working-days-{form.delivery}"]
    if form.delivery != "super-express":
        if form.place == "mission":
            time, source = TEXTS.text("delivery.time-at-mission"), rules["mission-times"].source
        else:
            time, source = TEXTS.text("delivery.time", days=days.as_int), days.source
        return CRITERIA.criterion("delivery", Verdict.PASS, source=source, time=time)
    collection = rules["super-express-collection"].source
    if form.place == "mission":
        return CRITERIA.criterion(
            "delivery", Verdict.FAIL, source=collection, why=TEXTS.text("super-express.mission")
        )
    if isinstance(form, ReissueForm):
        if form.permanent_address_changed:
            return CRITERIA.criterion(
                "delivery", Verdict.FAIL, source=collection, why=TEXTS.text("super-express.address")
            )
        time = TEXTS.text("delivery.time-collected-at-agargaon", days=days.as_int)
        return CRITERIA.criterion("delivery", Verdict.PASS, source=collection, time=time)
    # The portal contradicts itself: only for holders of an earlier passport, says one sentence, and another asks
    # new applicants for a police clearance of their own.
    police = rules["police-verification"]
    if police.as_bool:
        why = TEXTS.text("super-express.clearance")
    else:
        assert police.effective_from is not None  # noqa: S101 - it was asked for until then
        why = TEXTS.text("super-express.no-clearance", since=police.effective_from)
    return CRITERIA.criterion("delivery", None, source=police.source, why=why)


def _own_name(request: EligibilityRequest) -> Criterion:
    """The name in the form is the applicant's, because the challan is compared with it letter by letter."""
    form, known = request.form, request.applicant.name
    assert isinstance(form, ApplicationForm)  # noqa: S101 - asked with a form only
    if known.en is None:
        return CRITERIA.criterion("own-name", None, source=OWN_CHECK)
    same = PersonName(en=form.full_name).same_text(PersonName(en=known.en))
    return CRITERIA.criterion("own-name", same, source=OWN_CHECK)


def _own_application(request: EligibilityRequest) -> Criterion:
    """The birth date and the numbers are the applicant's, as far as two spellings of a number can be compared."""
    form, applicant = request.form, request.applicant
    same: bool | None = None
    if isinstance(form, ApplicationForm):
        registration = form.birth_registration
        same = is_about(applicant, birth_date=form.birth_date, nid=form.nid, birth_registration=registration)
    elif isinstance(form, VerificationForm | PassportLookUpForm):
        same = is_about(applicant, birth_date=form.birth_date)
    return CRITERIA.criterion("own-application", same, source=OWN_CHECK)


def _document_field(request: EligibilityRequest) -> str:
    form, age = request.form, _age(request.applicant.birth_date, request.on)
    if not isinstance(form, ApplicationForm) or age is None or age > _registration_only(request):
        return "/form/nid"
    return "/form/father_nid" if form.birth_registration else "/form/birth_registration"


def _booklet_field(form: ApplicationForm) -> str:
    return "/form/pages" if form.validity_years == SMALLEST[1] else _VALIDITY


def _registration_only(request: EligibilityRequest) -> int:
    return RULES.on(request.on)["birth-registration-only-to"].as_int


_IMPOSSIBLE: Final = {"birth-date": "/form/birth_date", "nid-number": "/form/nid"}
_VALIDITY: Final = "/form/validity_years"
_DELIVERY: Final = "/form/delivery"
