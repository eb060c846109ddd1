"""How a land office says that an application stands."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable, Text, dhaka_date, to_bangla_digits
from nagorik_land import wire
from nagorik_land.data import STATUSES, TEXTS

DELIVERABLES: Final = MappingProxyType({"land.khatian-copy": "khatian-copy", "land.mouza-map": "mouza-map"})
"""What a service issues where its words and its papers do not tell."""

_ANOTHER_DESK: Final = "of-another-desk"
"""Stands in for what a record room's word issues where a service issues no such thing: it means nothing then."""
HOLDING_NUMBER: Final = "holding-number"
"""The kind of what a registration brings; its reference is the number."""


def read(service: str, standing: wire.Standing, *, word_in_remark: bool = False) -> AgencyStatus:
    """How an application for ``service`` stands.

    A case number means nothing without its office, so the remark names both. It begins with the office's word where
    ``word_in_remark`` asks for that.
    """
    case = f"{standing.case_number}, {standing.office}" if standing.case_number and standing.office else None
    said = ": ".join(filter(None, (case, standing.remarks)))
    status = STATUSES.status(
        standing.status,
        remark="; ".join(filter(None, (standing.status if word_in_remark else None, said))),
        at=standing.updated_at,
        sequence=standing.sequence,
        deliverable=DELIVERABLES.get(service, _ANOTHER_DESK),
    )
    if any(deliverable.kind == _ANOTHER_DESK for deliverable in status.deliverables):
        return status.model_copy(update={"state": None, "deliverables": (), "payment_confirmed": None})
    more: dict[str, object] = {}
    if standing.holding_number:
        number = Deliverable(kind=HOLDING_NUMBER, delivery="none", reference=standing.holding_number)
        more["deliverables"] = (number,)
        written = Text(bn=to_bangla_digits(standing.holding_number), en=standing.holding_number)
        more["reason"] = TEXTS.text("land.holding-registered", number=written)
    if standing.papers:
        more["deliverables"] = tuple(
            Deliverable(kind=paper.kind, delivery="download", reference=paper.number) for paper in standing.papers
        )
    if status.state is ApplicationState.AWAITING_APPEARANCE:
        more["reason"] = (
            TEXTS.text("land.hearing", day=dhaka_date(standing.hearing))
            if standing.hearing
            else TEXTS.text("land.hearing-undated")
        )
    return status.model_copy(update=more)
