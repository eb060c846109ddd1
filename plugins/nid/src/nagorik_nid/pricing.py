"""What the price of an application depends on."""

from datetime import date, timedelta
from typing import Final

from nagorik import FeeDue, Form
from nagorik_nid.data import FEES, RULES
from nagorik_nid.forms import CorrectedField, CorrectionForm, ReissueForm
from nagorik_toolkit import FeeBasis

PRINTED: Final[frozenset[CorrectedField]] = frozenset(
    {"name-bn", "name-en", "father-name", "mother-name", "spouse-name", "birth-date", "blood-group", "address"}
)
"""What stands on the card itself. No document lists it: read off a card, and so checked against the EC's total."""


def basis(service: str, form: Form, _: date) -> FeeBasis:
    """What a price depends on, but for the attempt, which the EC alone counts; a service that is free has nothing."""
    schedule, due = FEES[service], FeeDue.BEFORE_SUBMISSION
    match form:
        case CorrectionForm():
            return FeeBasis(schedule, due, {"item": lambda: _corrected_item(form)})
        case ReissueForm():
            return FeeBasis(schedule, due, {"delivery": lambda: form.delivery})
        case _:
            return FeeBasis(schedule, due)


def counted(form: Form, attempt: int) -> dict[str, int | str]:
    """What the EC has to say for the price of this form: the number of the attempt, where there is a ladder."""
    return {"attempt": attempt} if isinstance(form, CorrectionForm | ReissueForm) else {}


def validity(day: date) -> timedelta:
    """How long a quote of ``day`` holds."""
    return RULES.on(day)["quote-validity"].as_duration


def _corrected_item(form: CorrectionForm) -> str:
    fields = {change.field for change in form.changes}
    if fields <= PRINTED:
        return "printed"
    return "both" if fields & PRINTED else "other"
