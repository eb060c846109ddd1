"""Is there a passport that is valid for long enough? Ask the plugin that offers ``passport.verification``.

This plugin knows no other plugin: the platform finds it, checks that the worker consented, and brings the answer.
"""

import calendar
from datetime import date
from typing import Any, Final

from nagorik import Accepted, CallContext, Criterion, EligibilityRequest, NotAsked, Rejected, Verdict
from nagorik_bmet.data import DATA
from nagorik_bmet.forms import ClearanceForm, RegistrationForm
from nagorik_toolkit import PassportNumber

VERIFICATION: Final = "passport.verification"
VALIDITY: Final = "passport-validity"
"""The kind of what the answer brings; its reference is the last day of validity."""


async def valid_passport(request: EligibilityRequest, context: CallContext[Any]) -> Criterion:
    """The criterion; without a clear answer its verdict is ``cannot-tell``, and the worker reads why."""
    form, rule = request.form, DATA.rules.on(request.on)["passport-months"]
    months, source = rule.as_int, rule.source
    if not isinstance(form, RegistrationForm | ClearanceForm):
        why = DATA.texts.text("passport.to-be-given")
        return DATA.criteria.criterion("passport", None, source=source, months=months, why=why)
    answer = await context.ask(VERIFICATION, question(form.passport_no, form.birth_date))
    match answer:
        case NotAsked(because=because):
            why = DATA.texts.text(f"passport.{because.value}")
            return DATA.criteria.criterion("passport", None, source=source, months=months, why=why)
        case Rejected(reason=why):
            return DATA.criteria.criterion("passport", Verdict.FAIL, source=source, months=months, why=why)
        case _:
            until = last_day(answer)
    if until is None:
        why = DATA.texts.text("passport.answer-unclear")
        return DATA.criteria.criterion("passport", None, source=source, months=months, why=why)
    if until < months_later(request.on, months):
        why = DATA.texts.text("passport.too-soon", until=until)
        return DATA.criteria.criterion("passport", Verdict.FAIL, source=source, months=months, why=why)
    return DATA.criteria.criterion("passport", Verdict.PASS, source=source, months=months, until=until)


def question(number: PassportNumber, born: date) -> dict[str, Any]:
    """What the passport office's form wants."""
    return {"passport_no": number.value, "birth_date": born.isoformat()}


def last_day(answer: Accepted) -> date | None:
    """The last day of validity, where the answer names exactly one that can be read."""
    named = [deliverable.reference for deliverable in answer.status.deliverables if deliverable.kind == VALIDITY]
    try:
        return date.fromisoformat(named[0]) if len(named) == 1 and named[0] else None
    except ValueError:
        return None


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where the month is shorter; no day is later than the last."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
