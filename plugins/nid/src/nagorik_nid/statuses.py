"""What the EC's words for an application's state mean. Its interface is modelled, and so are the words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from nagorik.model.artefact import Artefact
from nagorik.model.states import ApplicationState
from nagorik.model.status import AgencyStatus
from nagorik_nid import wire
from nagorik_nid.texts import text


class Meaning(NamedTuple):
    """What one word says."""

    state: ApplicationState | None
    paid: bool | None = True
    """Whether an application in this state has been paid for."""
    collected: Literal["download", "counter"] | None = None
    """Where what was issued waits for the citizen."""
    reason: str | None = None
    """The code of the sentence that tells the citizen why."""
    final: bool = False
    """Whether nothing more is to come."""


_UNKNOWN: Final = Meaning(None, paid=None)

MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "DRAFT": Meaning(ApplicationState.SUBMITTED, paid=False),
        "PAID": Meaning(ApplicationState.SUBMITTED),
        "SUBMITTED": Meaning(ApplicationState.SUBMITTED),
        "DOCUMENT_REVIEW": Meaning(ApplicationState.IN_REVIEW),
        "ADDITIONAL_DOCS": Meaning(ApplicationState.CORRECTION_REQUESTED, reason="nid.additional-docs"),
        "HEARING": Meaning(ApplicationState.AWAITING_APPEARANCE),
        "APPROVED": Meaning(ApplicationState.APPROVED),
        "REJECTED": Meaning(ApplicationState.REJECTED, reason="nid.rejected", final=True),
        "READY_TO_DOWNLOAD": Meaning(ApplicationState.ISSUED, collected="download"),
        "PRINTED": Meaning(ApplicationState.ISSUED, collected="counter"),
        "HANDED_OVER": Meaning(ApplicationState.DELIVERED, final=True),
        # Taken back before or after paying: the word does not tell which.
        "WITHDRAWN": Meaning(ApplicationState.WITHDRAWN, paid=None, final=True),
    }
)
"""An application that is not paid for stays a draft at the EC, but it is filed: the EC has given it a number."""

_PAYMENTS: Final = MappingProxyType({"NONE": False, "PENDING": False, "CONFIRMED": True})

DELIVERABLES: Final = MappingProxyType(
    {
        "nid.new-voter": "nid-card",
        "nid.correction": "nid-card",
        "nid.reissue": "nid-card",
        "nid.migration": "voter-area-confirmation",
    }
)


def meaning_of(word: str) -> Meaning:
    """What ``word`` says; of a word that is not known here, nothing."""
    return MEANINGS.get(word, _UNKNOWN)


def read(service: str, told: wire.Standing) -> AgencyStatus:
    """What the EC says of an application for ``service``."""
    meaning = meaning_of(told.status)
    return AgencyStatus(
        state=meaning.state,
        raw=": ".join(filter(None, (told.status, told.remarks)))[:400],
        at=told.updated_at,
        sequence=told.sequence,
        reason=text(meaning.reason) if meaning.reason else None,
        payment_confirmed=_PAYMENTS.get(told.payment_status) if told.payment_status else meaning.paid,
        artefacts=(Artefact(kind=DELIVERABLES[service], delivery=meaning.collected),) if meaning.collected else (),
        final=meaning.final,
    )
