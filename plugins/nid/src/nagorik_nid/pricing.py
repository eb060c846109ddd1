"""What the price of an application depends on, and where there is none but the EC's own."""

from datetime import date, timedelta
from typing import Final

from nagorik import FeeDue, Form, Money, Quote, QuoteLine, QuoteRequest
from nagorik_nid.data import FEES, RULES, TEXTS
from nagorik_nid.forms import CorrectionForm, ReissueForm
from nagorik_toolkit import NotPriced, demanded_quote

NO_VAT: Final = Money(poisha=0)


def published(request: QuoteRequest, attempt: int) -> Quote | None:
    """The price by the published ladders; ``None`` where none has this choice."""
    try:
        return FEES[request.service].quote(
            request,
            due=FeeDue.BEFORE_SUBMISSION,
            valid_for=validity(request.on),
            **choice(request.form, attempt, request.on),
        )
    except NotPriced:
        return None


def demanded(request: QuoteRequest, total: Money) -> Quote:
    """What the EC demands, as it is: how it comes about is published nowhere."""
    line = QuoteLine(code="not-compared", text=TEXTS.text("price.not-compared"), amount=total, vat=NO_VAT)
    source = RULES.on(request.on)["price-as-demanded"].source
    due, valid_for = FeeDue.BEFORE_SUBMISSION, validity(request.on)
    return demanded_quote(request, (line,), due=due, valid_for=valid_for, source=source)


def choice(form: Form, attempt: int, day: date) -> dict[str, int | str]:
    """The dimensions of the service's schedule; a service that is free has none."""
    match form:
        case CorrectionForm():
            return {"item": _corrected_item(form, day), "attempt": attempt}
        case ReissueForm():
            return {"delivery": form.delivery, "attempt": attempt}
        case _:
            return {}


def validity(day: date) -> timedelta:
    """How long a quote of ``day`` holds."""
    return RULES.on(day)["quote-validity"].as_duration


def _corrected_item(form: CorrectionForm, day: date) -> str:
    on_the_card = RULES.on(day)["printed-on-card"].as_text.split(", ")
    printed = {change.field in on_the_card for change in form.changes}
    if printed == {True, False}:
        return "both"
    return "printed" if printed == {True} else "other"
