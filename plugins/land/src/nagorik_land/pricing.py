"""Quotes: from the schedule where it is the land office's own price, else from what the office demands."""

from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5

from nagorik import FeeDue, Money, Quote, QuoteLine, QuoteRequest, Source, dhaka_time, dhaka_zone

NO_VAT: Final = Money(poisha=0)

_NAMESPACE: Final = UUID("3f2a2f9c-9d0f-5a55-8a53-5d4b1b0c7a61")


def until_midnight(at: datetime) -> timedelta:
    """How long a price of ``at`` holds: to the end of the day in Dhaka.

    Interest grows by the day, a fiscal year begins at midnight, and a circular is in force from a day on.
    """
    tomorrow = dhaka_time(at).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), dhaka_zone()) - at


def due_at(stage: str) -> FeeDue:
    """When a stage is paid: a mutation's second one after its approval, everything else before it is filed."""
    return FeeDue.AFTER_SUBMISSION if stage == "dcr" else FeeDue.BEFORE_SUBMISSION


def demanded(request: QuoteRequest, lines: tuple[QuoteLine, ...], source: Source) -> Quote:
    """A quote of what a land office demands. The same question at the same instant gives the same quote."""
    total = Money(poisha=sum(line.amount.poisha + line.vat.poisha for line in lines))
    # As with the core's quotes no number of the citizen goes into the id, which is seen in logs.
    applicant = request.applicant
    parts = (
        request.service,
        request.stage,
        request.at.isoformat(timespec="microseconds"),
        applicant.name.bn or "",
        applicant.name.en or "",
        applicant.birth_date.isoformat(),
        total.plain(),
    )
    return Quote(
        id=str(uuid5(_NAMESPACE, "\x1f".join(parts))),
        stage=request.stage,
        lines=lines,
        total=total,
        due=due_at(request.stage),
        issued_at=request.at,
        expires_at=request.at + until_midnight(request.at),
        source=source,
    )
