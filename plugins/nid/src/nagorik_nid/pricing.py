"""What the price of an application depends on."""

from datetime import date, timedelta
from typing import Final

from nagorik import Form
from nagorik_nid.data import RULES
from nagorik_nid.forms import CorrectedField, CorrectionForm, ReissueForm

PRINTED: Final[frozenset[CorrectedField]] = frozenset(
    {"name-bn", "name-en", "father-name", "mother-name", "spouse-name", "birth-date", "blood-group", "address"}
)
"""What stands on the card itself. No document lists it: read off a card, and so checked against the EC's total."""


def choice(form: Form, attempt: int) -> dict[str, int | str]:
    """The dimensions of the service's schedule; a service that is free has none."""
    match form:
        case CorrectionForm():
            return {"item": _corrected_item(form), "attempt": attempt}
        case ReissueForm():
            return {"delivery": form.delivery, "attempt": attempt}
        case _:
            return {}


def validity(day: date) -> timedelta:
    """How long a quote of ``day`` holds."""
    return RULES.on(day)["quote-validity"].as_duration


def _corrected_item(form: CorrectionForm) -> str:
    fields = {change.field for change in form.changes}
    if fields <= PRINTED:
        return "printed"
    return "both" if fields & PRINTED else "other"
