"""How BRTA says that an application stands, and what it has issued so far."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, Deliverable
from nagorik_brta import wire
from nagorik_brta.data import STATUSES

LEARNER: Final = "LEARNER"

DELIVERABLES: Final = MappingProxyType(
    {
        LEARNER: Deliverable(kind="learner-licence", interim=True, delivery="download"),
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


def read(standing: wire.Standing) -> AgencyStatus:
    """How an application stands. Something issued under a word that is not known is left out."""
    status = STATUSES.status(
        standing.status, remark=standing.remarks, at=standing.updated_on, sequence=standing.sequence
    )
    issued = tuple(_issued(word, standing) for word in standing.issued if word in DELIVERABLES)
    return status.model_copy(update={"deliverables": issued})


def _issued(word: str, standing: wire.Standing) -> Deliverable:
    """What was issued; a learner's licence with its number, by which the smart card is applied for."""
    numbered = {"reference": standing.learner_number} if word == LEARNER else {}
    return DELIVERABLES[word].model_copy(update=numbered)
