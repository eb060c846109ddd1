"""The journal's entries: what happened to an application, in order.

The journal is the truth and ``Progress`` its fold. An event says what happened and never what to do about it.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from nagorik.bangladesh import Money
from nagorik.journey.progress import Hold
from nagorik.model.artefact import Artefact
from nagorik.model.consent import Consent
from nagorik.model.document import DocumentReference
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.states import ApplicationState, Flag, PaymentState
from nagorik.model.status import AgencyStatus
from nagorik.operations import Operation
from nagorik.privacy import PERSONAL, Model


class Actor(StrEnum):
    """On whose word something changed."""

    CORE = "core"
    CITIZEN = "citizen"
    AGENCY = "agency"
    GATEWAY = "gateway"
    PERSON = "person"


class JournalEvent(Model):
    """Base of all events."""

    at: AwareDatetime


class Opened(JournalEvent):
    """A citizen began an application. Always the first event."""

    kind: Literal["opened"] = "opened"
    id: str
    service: str
    plugin_version: str
    client_reference: Annotated[str, PERSONAL]
    idempotency_key: Annotated[str, PERSONAL]
    consent: Consent | None = None


class ConsentGiven(JournalEvent):
    """The citizen gave a consent, which replaces any earlier one."""

    kind: Literal["consent-given"] = "consent-given"
    consent: Consent


class Moved(JournalEvent):
    """The application changed its state."""

    kind: Literal["moved"] = "moved"
    to: ApplicationState
    actor: Actor
    code: str
    """Why, as a stable code."""
    inferred: bool = False
    """Whether the step was not seen but must have happened between two reports."""
    officer: str | None = None
    """Who decided, if a person did."""
    reason: Annotated[str | None, PERSONAL] = None
    """The person's reason, in their words."""


class FlagsChanged(JournalEvent):
    """Flags were raised or lowered."""

    kind: Literal["flags-changed"] = "flags-changed"
    raised: frozenset[Flag] = frozenset()
    lowered: frozenset[Flag] = frozenset()


class Held(JournalEvent):
    """The application waits for somebody."""

    kind: Literal["held"] = "held"
    hold: Hold


class Released(JournalEvent):
    """The application no longer waits for somebody."""

    kind: Literal["released"] = "released"


class Acknowledged(JournalEvent):
    """The citizen goes on although eligibility could not be told."""

    kind: Literal["acknowledged"] = "acknowledged"


class EligibilityDecided(JournalEvent):
    """The service's criteria were applied."""

    kind: Literal["eligibility-decided"] = "eligibility-decided"
    decision: EligibilityDecision


class EligibilityDropped(JournalEvent):
    """The form changed, so the criteria are to be applied again."""

    kind: Literal["eligibility-dropped"] = "eligibility-dropped"


class QuoteReceived(JournalEvent):
    """A price for the stage that is due."""

    kind: Literal["quote-received"] = "quote-received"
    quote: Quote


class QuoteDropped(JournalEvent):
    """The price lapsed, was settled or no longer fits."""

    kind: Literal["quote-dropped"] = "quote-dropped"


class FeeDemanded(JournalEvent):
    """The agency wants a stage of the fees paid now."""

    kind: Literal["fee-demanded"] = "fee-demanded"
    stage: str


class FeeSettled(JournalEvent):
    """The stage that the agency wanted paid is paid."""

    kind: Literal["fee-settled"] = "fee-settled"


class PaymentOpened(JournalEvent):
    """The citizen set out to pay a quote."""

    kind: Literal["payment-opened"] = "payment-opened"
    payment: str
    quote: str
    stage: str
    gateway: str
    amount: Money


class PaymentMoved(JournalEvent):
    """A payment changed its state."""

    kind: Literal["payment-moved"] = "payment-moved"
    payment: str
    to: PaymentState
    actor: Actor
    code: str
    reference: Annotated[str | None, PERSONAL] = None
    captured_at: AwareDatetime | None = None
    payer_name: Annotated[str | None, PERSONAL] = None
    officer: str | None = None


class AdviceLost(JournalEvent):
    """The answer to a payment's advice was lost: the agency may or may not know of the payment."""

    kind: Literal["advice-lost"] = "advice-lost"
    payment: str


class AttemptBegan(JournalEvent):
    """An intent: a call is about to be made. Committed before the call."""

    kind: Literal["attempt-began"] = "attempt-began"
    operation: Operation
    payment: str | None = None


class AttemptEnded(JournalEvent):
    """What is known of the call: answered, or an error's code."""

    kind: Literal["attempt-ended"] = "attempt-ended"
    operation: Operation
    result: str
    settled: bool
    """Whether the operation has done what it was for; if not, it counts as a failure in a row."""
    not_before: AwareDatetime | None = None
    """When the next operation is worth trying."""


class ReferenceReceived(JournalEvent):
    """The agency's reference became known."""

    kind: Literal["reference-received"] = "reference-received"
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
    """The correction left for the agency, with whatever outcome; the status will tell."""

    kind: Literal["correction-sent"] = "correction-sent"


class WithdrawalWanted(JournalEvent):
    """The citizen wants the application taken back."""

    kind: Literal["withdrawal-wanted"] = "withdrawal-wanted"


class WithdrawalSettled(JournalEvent):
    """The withdrawal was sent; the agency's own decision wins if it came first.

    After a lost answer the outcome is ``unknown`` and the agency's status tells.
    """

    kind: Literal["withdrawal-settled"] = "withdrawal-settled"
    outcome: Literal["withdrawn", "refused", "unknown"]


Event = Annotated[
    Opened
    | ConsentGiven
    | Moved
    | FlagsChanged
    | Held
    | Released
    | Acknowledged
    | EligibilityDecided
    | EligibilityDropped
    | QuoteReceived
    | QuoteDropped
    | FeeDemanded
    | FeeSettled
    | PaymentOpened
    | PaymentMoved
    | AdviceLost
    | AttemptBegan
    | AttemptEnded
    | ReferenceReceived
    | StatusReceived
    | ArtefactFetched
    | CorrectionGiven
    | CorrectionSent
    | WithdrawalWanted
    | WithdrawalSettled,
    Field(discriminator="kind"),
]
