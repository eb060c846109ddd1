"""How BRTA says that an application stands, and what it has issued so far."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, Deliverable
from nagorik_brta import wire
from nagorik_brta.data import STATUSES

DELIVERABLES: Final = MappingProxyType(
    {
        "LEARNER": Deliverable(kind="learner-licence", interim=True, delivery="download"),
        "TEST_RESULT": Deliverable(kind="driving-test-result", delivery="none"),
        "E_LICENCE": Deliverable(kind="e-licence", interim=True, delivery="download"),
        "SMART_CARD": Deliverable(kind="smart-card", delivery="post"),
        "ACKNOWLEDGEMENT": Deliverable(kind="registration-acknowledgement", interim=True, delivery="download"),
        "PLATE": Deliverable(kind="number-plate", delivery="counter"),
        "TAX_TOKEN": Deliverable(kind="tax-token", delivery="download"),
        "FITNESS": Deliverable(kind="fitness-certificate", delivery="download"),
    }
)
"""BRTA's words for what it has issued. The e-licence is one thing, and the card that comes by post is another."""

CODES: Final = MappingProxyType({deliverable.kind: word for word, deliverable in DELIVERABLES.items()})


def read(told: wire.Standing) -> AgencyStatus:
    """How an application stands. Something issued under a word that is not known is left out."""
    status = STATUSES.status(told.status, remark=told.remarks, at=told.updated_on, sequence=told.sequence)
    issued = tuple(DELIVERABLES[word] for word in told.issued if word in DELIVERABLES)
    return status.model_copy(update={"deliverables": issued})
