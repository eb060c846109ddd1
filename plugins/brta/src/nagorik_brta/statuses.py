"""How BRTA says that an application stands, and what it has issued so far."""

from types import MappingProxyType
from typing import Final

from nagorik.model.artefact import Artefact
from nagorik.model.status import AgencyStatus
from nagorik_brta import wire
from nagorik_brta.data import STATUSES

ARTEFACTS: Final = MappingProxyType(
    {
        "LEARNER": Artefact(kind="learner-licence", interim=True, delivery="download"),
        "TEST_RESULT": Artefact(kind="driving-test-result", delivery="none"),
        "E_LICENCE": Artefact(kind="e-licence", interim=True, delivery="download"),
        "SMART_CARD": Artefact(kind="smart-card", delivery="post"),
        "ACKNOWLEDGEMENT": Artefact(kind="registration-acknowledgement", interim=True, delivery="download"),
        "PLATE": Artefact(kind="number-plate", delivery="counter"),
        "TAX_TOKEN": Artefact(kind="tax-token", delivery="download"),
        "FITNESS": Artefact(kind="fitness-certificate", delivery="download"),
    }
)
"""BRTA's words for what it has issued. The e-licence is one thing, and the card that comes by post is another."""

CODES: Final = MappingProxyType({artefact.kind: word for word, artefact in ARTEFACTS.items()})


def read(told: wire.Standing) -> AgencyStatus:
    """How an application stands. Something issued under a word that is not known is left out."""
    status = STATUSES.status(told.status, remark=told.remarks, at=told.updated_on, sequence=told.sequence)
    issued = tuple(ARTEFACTS[word] for word in told.issued if word in ARTEFACTS)
    return status.model_copy(update={"artefacts": issued})
