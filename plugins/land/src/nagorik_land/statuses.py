"""How a land office says that an application stands."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable, dhaka_date
from nagorik_land import wire
from nagorik_land.data import STATUSES, TEXTS

DELIVERABLES: Final = MappingProxyType({"land.khatian-copy": "khatian-copy", "land.mouza-map": "mouza-map"})
"""What a service issues where its words and its papers do not tell."""


def read(service: str, told: wire.Standing) -> AgencyStatus:
    """How an application for ``service`` stands.

    A case number means nothing without its office, so the remark names both.
    """
    case = f"{told.case_number}, {told.office}" if told.case_number and told.office else None
    status = STATUSES.status(
        told.status,
        remark=": ".join(filter(None, (case, told.remarks))),
        at=told.updated_at,
        sequence=told.sequence,
        deliverable=DELIVERABLES.get(service),
    )
    more: dict[str, object] = {}
    if told.papers:
        more["deliverables"] = tuple(
            Deliverable(kind=paper.kind, delivery="download", reference=paper.number) for paper in told.papers
        )
    if status.state is ApplicationState.AWAITING_APPEARANCE:
        more["reason"] = (
            TEXTS.text("land.hearing", day=dhaka_date(told.hearing))
            if told.hearing
            else TEXTS.text("land.hearing-undated")
        )
    return status.model_copy(update=more)
