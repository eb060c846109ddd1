"""How the EC says that an application stands."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus
from nagorik_nid import wire
from nagorik_nid.data import STATUSES

PAYMENTS: Final = MappingProxyType({"NONE": False, "PENDING": False, "CONFIRMED": True})
"""The EC's words for a payment; a word that is not among them says nothing."""

DELIVERABLES: Final = MappingProxyType(
    {
        "nid.new-voter": "nid-card",
        "nid.correction": "nid-card",
        "nid.reissue": "nid-card",
        "nid.renewal": "nid-card",
        "nid.migration": "voter-area-confirmation",
    }
)


def read(service: str, standing: wire.Standing) -> AgencyStatus:
    """How an application for ``service`` stands. A word on the payment goes before what the state implies."""
    status = STATUSES.status(
        standing.status,
        remark=standing.remarks,
        at=standing.updated_at,
        sequence=standing.sequence,
        deliverable=DELIVERABLES[service],
    )
    if not standing.payment_status:
        return status
    return status.model_copy(update={"payment_confirmed": PAYMENTS.get(standing.payment_status)})
