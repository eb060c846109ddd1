"""Quotes: from the schedule where it is the land office's own price, else from what the office demands."""

from datetime import date
from typing import Final

from nagorik import FeeDue, Form, Money, Quote, QuoteLine, QuoteRequest, Source
from nagorik_land.data import FEES, RULES, TEXTS
from nagorik_land.forms import DevelopmentTaxForm, KhatianCopyForm
from nagorik_toolkit import FeeBasis, demanded_quote, refuse, until_midnight

NO_VAT: Final = Money(poisha=0)
EXEMPT: Final = "exempt"
"""The schedule's word for land without tax."""
TO_LIMIT: Final = "agricultural-to-limit"
ABOVE_LIMIT: Final = "agricultural-above-limit"


def basis(service: str, form: Form, on: date) -> FeeBasis:
    """What the price depends on, of a service that has a schedule. A holding's arrears the office alone knows."""
    schedule = FEES[service]
    match form:
        case DevelopmentTaxForm():
            return FeeBasis(
                schedule,
                due_at("application"),
                {"land": lambda: kind_of(form, on), "parts": lambda: form.area.parts},
                agency_adds=True,
                checks=(lambda: refuse_year_to_come(form, on),),
            )
        case KhatianCopyForm():
            return FeeBasis(schedule, due_at("application"), {"delivery": lambda: form.delivery})
        case _:
            return FeeBasis(schedule, {stage: due_at(stage) for stage in schedule.stages})


def kind_of(form: DevelopmentTaxForm, on: date) -> str:
    """The schedule's word for the land: its use and its area, or for farmland in a village the family's holdings."""
    if form.use != "agricultural" or form.area_class != "rural" or form.family_area is None:
        return f"{form.area_class}-{form.use}"
    # Above the exemption all of the land is taxed, at the rate of the band that the family's holdings lie in.
    rules = RULES.on(on)
    if form.family_area.acres <= rules["exempt-acres"].as_decimal:
        return EXEMPT
    return TO_LIMIT if form.family_area.acres <= rules["lower-rate-acres"].as_decimal else ABOVE_LIMIT


def refuse_year_to_come(form: DevelopmentTaxForm, on: date) -> None:
    """Ask nobody to pay for a fiscal year that has not begun.

    Raises:
        InputRejected: At the year, with its first day.
    """
    first = form.fiscal_year.first_day
    if first > on:
        refuse([TEXTS.field_problem("/form/fiscal_year", "land.year-not-begun", day=first)])


def due_at(stage: str) -> FeeDue:
    """When a stage is paid: a mutation's notices and its DCR after it is filed, everything else before."""
    return FeeDue.AFTER_SUBMISSION if stage in {"notice", "dcr"} else FeeDue.BEFORE_SUBMISSION


def demanded(request: QuoteRequest, lines: tuple[QuoteLine, ...], source: Source) -> Quote:
    """A quote of what a land office demands, good for the day.

    Interest grows by the day, a fiscal year begins at midnight, and a circular is in force from a day on.
    """
    due, valid_for = due_at(request.stage), until_midnight(request.at)
    return demanded_quote(request, lines, due=due, valid_for=valid_for, source=source)
