"""What the price of an application depends on, and where there is none but the EC's own."""

from datetime import date, timedelta
from typing import Final

from nagorik import FeeDue, Form, Money, Quote, QuoteLine, QuoteRequest
from nagorik_nid.data import FEES, RULES, TEXTS
from nagorik_nid.forms import CardRenewalForm, CorrectionForm, ReissueForm
from nagorik_toolkit import FeeBasis, NotPriced, demanded_quote

NO_VAT: Final = Money(poisha=0)


def basis(service: str, form: Form, day: date) -> FeeBasis:
    """What a price depends on, but for the attempt, which the EC alone counts; a service that is free has nothing."""
    schedule, due = FEES[service], FeeDue.BEFORE_SUBMISSION
    match form:
        case CorrectionForm():
            return FeeBasis(schedule, due, {"item": lambda: _corrected_item(form, day)})
        case ReissueForm() | CardRenewalForm():
            return FeeBasis(schedule, due, {"delivery": lambda: form.delivery})
        case _:
            return FeeBasis(schedule, due)


def counted(form: Form, attempt: int) -> dict[str, int | str]:
    """What the EC has to say for the price of this form: the number of the attempt, where there is a ladder."""
    return {"attempt": attempt} if isinstance(form, CorrectionForm | ReissueForm) else {}


def published(request: QuoteRequest, attempt: int) -> Quote | None:
    """The price by the published ladders; ``None`` where none has this choice."""
    found = basis(request.service, request.form, request.on)
    try:
        return found.quote(request, valid_for=validity(request.on), **counted(request.form, attempt))
    except NotPriced:
        return None


def demanded(request: QuoteRequest, total: Money) -> Quote:
    """What the EC demands, as it is: how it comes about is published nowhere."""
    line = QuoteLine(code="not-compared", text=TEXTS.text("price.not-compared"), amount=total, vat=NO_VAT)
    source = RULES.on(request.on)["price-as-demanded"].source
    due, valid_for = FeeDue.BEFORE_SUBMISSION, validity(request.on)
    return demanded_quote(request, (line,), due=due, valid_for=valid_for, source=source)


def validity(day: date) -> timedelta:
    """How long a quote of ``day`` holds."""
    return RULES.on(day)["quote-validity"].as_duration


def _corrected_item(form: CorrectionForm, day: date) -> str:
    on_the_card = RULES.on(day)["printed-on-card"].as_text.split(", ")
    printed = {change.field in on_the_card for change in form.changes}
    if printed == {True, False}:
        return "both"
    return "printed" if printed == {True} else "other"
