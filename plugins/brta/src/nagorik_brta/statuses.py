"""How BRTA says that an application stands, and what it has issued so far."""

from types import MappingProxyType
from typing import Final

from nagorik import AgencyStatus, ApplicationState, Deliverable, Text, dhaka_date
from nagorik_brta import wire
from nagorik_brta.data import STATUSES, TEXTS

LEARNER: Final = "LEARNER"

DELIVERABLES: Final = MappingProxyType(
    {
        LEARNER: Deliverable(kind="learner-licence", interim=True, delivery="download"),
        "TEST_RESULT": Deliverable(kind="driving-test-result", delivery="none"),
        "E_LICENCE": Deliverable(kind="e-licence", interim=True, delivery="download"),
        "SMART_CARD": Deliverable(kind="smart-card", delivery="post"),
        "ACKNOWLEDGEMENT": Deliverable(kind="registration-acknowledgement", interim=True, delivery="download"),
        "PLATE": Deliverable(kind="number-plate", delivery="counter"),
        "TRANSFER_SLIP": Deliverable(kind="transfer-slip", interim=True, delivery="download"),
        "CERTIFICATE": Deliverable(kind="registration-certificate", delivery="counter"),
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
    return status.model_copy(update={"deliverables": issued, "reason": _reason(status, standing)})


def _reason(status: AgencyStatus, standing: wire.Standing) -> Text | None:
    """The table's sentence, but with the day of a test that is to come, and with the remark where there is one."""
    meaning = STATUSES.meaning_of(standing.status)
    if standing.test_at is not None and meaning is not None and meaning.reason == "status.test-day-open":
        return TEXTS.text("status.test-day", day=dhaka_date(standing.test_at))
    if status.state is ApplicationState.REJECTED and status.remark:
        return TEXTS.text("status.rejected")
    return status.reason


def _issued(word: str, standing: wire.Standing) -> Deliverable:
    """What was issued; a learner's licence with its number, by which the smart card is applied for."""
    numbered = {"reference": standing.learner_number} if word == LEARNER else {}
    return DELIVERABLES[word].model_copy(update=numbered)
