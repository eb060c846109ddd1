"""What an agency said, and what it was told."""

from typing import Annotated, Literal

from nagorik.journey.events.base import JournalEvent
from nagorik.model.artefact import Artefact
from nagorik.model.document import DocumentReference
from nagorik.model.status import AgencyStatus
from nagorik.operations import Operation
from nagorik.privacy import PERSONAL


class ReferenceReceived(JournalEvent):
    """The agency's reference became known."""

    kind: Literal["reference-received"] = "reference-received"
    reference: Annotated[str, PERSONAL]


class ReferenceDoubted(JournalEvent):
    """A reference was reported that cannot be this application's: another is known, or nothing was filed."""

    kind: Literal["reference-doubted"] = "reference-doubted"
    reference: Annotated[str, PERSONAL]


class StatusReceived(JournalEvent):
    """The agency reported, by answer or by callback."""

    kind: Literal["status-received"] = "status-received"
    status: AgencyStatus


class ArtefactFetched(JournalEvent):
    """An artefact is now in the document store."""

    kind: Literal["artefact-fetched"] = "artefact-fetched"
    artefact: Artefact
    document: DocumentReference


class CorrectionGiven(JournalEvent):
    """The citizen corrected the form."""

    kind: Literal["correction-given"] = "correction-given"


class CorrectionSent(JournalEvent):
    """The correction left for the agency."""

    kind: Literal["correction-sent"] = "correction-sent"
    lost: bool = False
    """Whether the answer was lost, so that the status has to tell."""


class WithdrawalWanted(JournalEvent):
    """The citizen wants the application taken back."""

    kind: Literal["withdrawal-wanted"] = "withdrawal-wanted"


class WithdrawalSettled(JournalEvent):
    """The withdrawal was sent; the agency's own decision wins if it came first.

    After a lost answer the outcome is ``unknown`` and the agency's status tells.
    """

    kind: Literal["withdrawal-settled"] = "withdrawal-settled"
    outcome: Literal["withdrawn", "refused", "unknown"]


class LookedUp(JournalEvent):
    """What became of a lost correction or withdrawal is settled: by a late enough status, or by a person."""

    kind: Literal["looked-up"] = "looked-up"
    operation: Literal[Operation.ANSWER_CORRECTION, Operation.WITHDRAW]
