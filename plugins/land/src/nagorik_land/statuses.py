"""How a land office says that an application stands."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable, Text, dhaka_date, to_bangla_digits
from nagorik_land import wire
from nagorik_land.data import STATUSES, TEXTS
from nagorik_toolkit import day_text

DELIVERABLES: Final = MappingProxyType({"land.khatian-copy": "khatian-copy", "land.mouza-map": "mouza-map"})
"""What a service issues where its words and its papers do not tell."""

HOLDING_NUMBER: Final = "holding-number"
"""The kind of what a registration brings; its reference is the number."""


def read(service: str, standing: wire.Standing) -> AgencyStatus:
    """How an application for ``service`` stands.

    A case number means nothing without its office, so the remark names both.
    """
    case = f"{standing.case_number}, {standing.office}" if standing.case_number and standing.office else None
    status = STATUSES.status(
        standing.status,
        remark=": ".join(filter(None, (case, standing.remarks))),
        at=standing.updated_at,
        sequence=standing.sequence,
        deliverable=DELIVERABLES.get(service),
    )
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
            TEXTS.text("land.hearing", day=day_text(dhaka_date(standing.hearing)))
            if standing.hearing
            else TEXTS.text("land.hearing-undated")
        )
    return status.model_copy(update=more)
