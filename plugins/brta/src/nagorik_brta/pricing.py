"""What an application costs: by the published figures where there are any, else by BRTA's calculator alone."""

from datetime import date, timedelta
from typing import Final

from nagorik import FeeDue, Form, Money, Quote, QuoteLine, QuoteRequest, Source
from nagorik_brta.data import FEES, RULES, TEXTS
from nagorik_brta.driver_forms import LearnerForm, RenewalForm
from nagorik_brta.vehicle_forms import TaxTokenForm
from nagorik_toolkit import (
    FeeBasis,
    NotPriced,
    age_on,
    demanded_quote,
    refuse,
    until_midnight,
    years_after,
)

CALCULATOR: Final = Source(title="BRTA's own calculator, asked for this application", verified=False)
FREE_OF_VAT: Final = Money(poisha=0)
NOT_WEIGHED: Final = 0
"""The kilograms of a vehicle whose weight is not asked for."""


def basis(service: str, form: Form, today: date) -> FeeBasis:
    """What the price depends on, of a service that has a schedule."""
    schedule, due = FEES[service], FeeDue.AFTER_SUBMISSION
    match form:
        case LearnerForm():
            return FeeBasis(schedule, due, {"categories": lambda: len(form.categories)})
        case RenewalForm():
            late = {"kind": lambda: form.kind, "years_late": lambda: years_late(form.expires_on, today)}
            return FeeBasis(schedule, due, late)
        case TaxTokenForm():
            token = {
                "vehicle": lambda: "motorcycle" if form.vehicle == "motorcycle" else "other",
                "plan": lambda: form.plan,
                "weight_kg": lambda: form.weight_kg or NOT_WEIGHED,
            }
            checks = (lambda: refuse_paid_plan_where_free(form, today),)
            return FeeBasis(schedule, due, token, checks=checks)
        case _:
            return FeeBasis.of_fields(schedule, form, due=due)


def years_late(expires_on: date, today: date) -> int:
    """Years that cost more: none up to the end of the days of grace, then each that has begun since the expiry.

    A licence that ended on 29 February has its anniversary on 1 March of a common year, as ``renewal-grace`` says
    among the rules.
    """
    if today <= expires_on + RULES.on(today)["renewal-grace"].as_duration:
        return 0
    return age_on(expires_on, today - timedelta(days=1)) + 1


def refuse_paid_plan_where_free(form: Form, today: date) -> None:
    """Ask nobody to pay for the tax token of a motorcycle that gets it free.

    Raises:
        InputRejected: At the plan, with the day since which it is free.
    """
    if isinstance(form, TaxTokenForm) and form.vehicle == "motorcycle" and form.plan != "after-ten-years":
        first = free_from(form, today)
        if first is not None and first <= today:
            refuse([TEXTS.field_problem("/form/plan", "token.free-already", first=first)])


def free_from(form: TaxTokenForm, today: date) -> date | None:
    """The day from which a motorcycle's token is free; ``None`` where the day of its registration is not given."""
    years = RULES.on(today)["tax-token-free-after"].as_int
    return None if form.registered_on is None else years_after(form.registered_on, years)


def published(request: QuoteRequest) -> Quote | None:
    """The price by the published figures; ``None`` where none is published for this choice, or two contradict."""
    if request.service not in FEES:
        return None
    try:
        return basis(request.service, request.form, request.on).quote(request, valid_for=until_midnight(request.at))
    except NotPriced:
        return None


def calculated(request: QuoteRequest, total: Money) -> Quote:
    """What BRTA's calculator demands, as it is: how it comes about is not known."""
    line = QuoteLine(code="brta-calculator", text=TEXTS.text("fee.calculated"), amount=total, vat=FREE_OF_VAT)
    return demanded_quote(
        request, (line,), due=FeeDue.AFTER_SUBMISSION, valid_for=until_midnight(request.at), source=CALCULATOR
    )
