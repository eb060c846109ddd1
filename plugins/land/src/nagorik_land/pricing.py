"""Quotes: from the schedule where it is the land office's own price, else from what the office demands."""

from typing import Final

from nagorik import FeeDue, Money, Quote, QuoteLine, QuoteRequest, Source
from nagorik_toolkit import demanded_quote, until_midnight

NO_VAT: Final = Money(poisha=0)


def due_at(stage: str) -> FeeDue:
    """When a stage is paid: a mutation's notices and its DCR after it is filed, everything else before."""
    return FeeDue.AFTER_SUBMISSION if stage in {"notice", "dcr"} else FeeDue.BEFORE_SUBMISSION


def demanded(request: QuoteRequest, lines: tuple[QuoteLine, ...], source: Source) -> Quote:
    """A quote of what a land office demands, good for the day.

    Interest grows by the day, a fiscal year begins at midnight, and a circular is in force from a day on.
    """
    due, valid_for = due_at(request.stage), until_midnight(request.at)
    return demanded_quote(request, lines, due=due, valid_for=valid_for, source=source)
