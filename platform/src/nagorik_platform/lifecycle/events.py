"""The journal's entries: what happened to an application, in order.

The journal is the truth and ``Progress`` its fold. An event says what happened and never what to do about it.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik.model.application import Acting, Consent, DocumentReference
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote, QuoteLine
from nagorik.model.status import AgencyStatus, ApplicationState, Deliverable, Flag, PaymentState
from nagorik.operations import Operation
from nagorik.privacy import PERSONAL, Model, Several
from nagorik.values import Money
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.state import Booking, GatewayWord, Hold


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


class DocumentsHandedIn(JournalEvent):
    """Papers came in: with the application, or later in place of all that were there of the same kinds."""

    kind: Literal["documents-handed-in"] = "documents-handed-in"
    documents: Several[DocumentReference]
    by: Acting | None = None
    """Who acts for the citizen; ``None`` where the citizen handed them in."""


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
    """The application waits for a person or the agency."""

    kind: Literal["held"] = "held"
    hold: Hold


class Released(JournalEvent):
    """The application no longer waits for a person or the agency."""

    kind: Literal["released"] = "released"
    at_once: bool = False
    """Whether what was put off is to be tried at once."""


class Acknowledged(JournalEvent):
    """The citizen goes on although eligibility is not known."""

    kind: Literal["acknowledged"] = "acknowledged"


class EligibilityDecided(JournalEvent):
    """The service's criteria were applied."""

    kind: Literal["eligibility-decided"] = "eligibility-decided"
    decision: EligibilityDecision


class EligibilityDropped(JournalEvent):
    """The form changed, so the criteria are to be applied again."""

    kind: Literal["eligibility-dropped"] = "eligibility-dropped"


class DatabaseRestored(JournalEvent):
    """The database went back to how it was some time ago: what was written since is not known any more."""

    kind: Literal["database-restored"] = "database-restored"
    officer: str
    """Who restored them."""
    reason: Annotated[str, PERSONAL]
    """The officer's reason, in their words."""


UNCHANGED: Final = "unchanged"
"""The result of a call for the status that was answered with the report that is known: received again, no news."""


class AttemptBegan(JournalEvent):
    """An intent: a call is about to be made. Committed before the call."""

    kind: Literal["attempt-began"] = "attempt-began"
    operation: Operation
    payment: str | None = None
    deliverable: str | None = None


class AttemptEnded(JournalEvent):
    """What is known of the call: answered, or an error's code."""

    kind: Literal["attempt-ended"] = "attempt-ended"
    operation: Operation
    payment: str | None = None
    """The payment that a call that only reads was about."""
    deliverable: str | None = None
    """The kind of the deliverable that it was about."""
    began_at: AwareDatetime | None = None
    """When a call that only reads began; ``None`` for one that ``AttemptBegan`` announced."""
    result: str
    settled: bool = True
    """Whether the operation has done what it was for; if not, it counts as a failure in a row."""
    not_before: AwareDatetime | None = None
    """When the operation is worth another try."""
    refusal: CallRefusal | None = None
    """Why it was refused, where it was and the application stands by that."""


class Postponed(JournalEvent):
    """An operation is not worth trying for a while."""

    kind: Literal["postponed"] = "postponed"
    operation: Operation
    until: AwareDatetime


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
    """The stage that the agency wanted paid is paid, or free, or the agency no longer wants it paid."""

    kind: Literal["fee-settled"] = "fee-settled"
    free: bool = False
    """Whether the price in force is nothing, which holds until it lapses, though the agency may go on demanding."""


class PaymentOpened(JournalEvent):
    """The citizen set out to pay a quote."""

    kind: Literal["payment-opened"] = "payment-opened"
    payment: str
    quote: str
    stage: str
    gateway: str
    amount: Money
    """What the payer is asked for, charges included."""
    charges: tuple[QuoteLine, ...] = ()
    """The host's own charges beside the quote."""


class PaymentMoved(JournalEvent):
    """A payment changed its state."""

    kind: Literal["payment-moved"] = "payment-moved"
    payment: str
    to: PaymentState
    actor: Actor
    code: str
    reference: Annotated[str | None, PERSONAL] = None
    taken: Money | None = None
    """What the gateway took, where that is not what was asked for or known before."""
    captured_at: AwareDatetime | None = None
    payer_name: Annotated[str | None, PERSONAL] = None
    refund_reference: Annotated[str | None, PERSONAL] = None
    """What the gateway calls the refund."""
    remark: Annotated[str | None, PERSONAL] = None
    """Why, in the gateway's own words."""
    refunded_at: AwareDatetime | None = None
    """When the payer had the money back, where the gateway says so."""
    contested: GatewayWord | None = None
    """What the gateway said, where an officer is to look at it."""
    officer: str | None = None
    reason: Annotated[str | None, PERSONAL] = None


class AdviceLost(JournalEvent):
    """The answer to a payment's advice was lost: the agency may or may not know of the payment."""

    kind: Literal["advice-lost"] = "advice-lost"
    payment: str


class AdviceAbsent(JournalEvent):
    """A status asked for late enough says that the agency does not know of a payment whose advice was lost."""

    kind: Literal["advice-absent"] = "advice-absent"
    payment: str


class RefundLost(JournalEvent):
    """The answer to the order of a payment's refund was lost: the gateway may or may not give the money back."""

    kind: Literal["refund-lost"] = "refund-lost"
    payment: str


class PaymentNoticed(JournalEvent):
    """A message that claims to come from the gateway named a payment: the gateway is to be asked."""

    kind: Literal["payment-noticed"] = "payment-noticed"
    payment: str


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


class DeliverableFetched(JournalEvent):
    """A deliverable is now in the document store."""

    kind: Literal["deliverable-fetched"] = "deliverable-fetched"
    deliverable: Deliverable
    document: DocumentReference


class CorrectionGiven(JournalEvent):
    """The citizen corrected the form."""

    kind: Literal["correction-given"] = "correction-given"


class CorrectionSent(JournalEvent):
    """The correction left for the agency."""

    kind: Literal["correction-sent"] = "correction-sent"
    lost: bool = False
    """Whether the answer was lost, so that the status has to show it."""


class WithdrawalWanted(JournalEvent):
    """The citizen wants the application taken back."""

    kind: Literal["withdrawal-wanted"] = "withdrawal-wanted"


class WithdrawalSettled(JournalEvent):
    """The withdrawal was sent; the agency's own decision wins if it came first."""

    kind: Literal["withdrawal-settled"] = "withdrawal-settled"
    outcome: Literal["withdrawn", "refused", "unknown"]


class BookingChanged(JournalEvent):
    """The citizen chose an appointment, or it became known what became of that; ``None`` drops what was open."""

    kind: Literal["booking-changed"] = "booking-changed"
    booking: Booking | None


class LookedUp(JournalEvent):
    """What became of a lost correction or withdrawal is settled: by a late enough status, or by a person."""

    kind: Literal["looked-up"] = "looked-up"
    operation: Literal[Operation.ANSWER_CORRECTION, Operation.WITHDRAW]


OfApplication = Opened | ConsentGiven | DocumentsHandedIn | Moved | FlagsChanged | Held | Released | Acknowledged
OfEligibility = EligibilityDecided | EligibilityDropped
OfFees = QuoteReceived | QuoteDropped | FeeDemanded | FeeSettled
OfPayments = PaymentOpened | PaymentMoved | AdviceLost | AdviceAbsent | RefundLost | PaymentNoticed
OfCalls = AttemptBegan | AttemptEnded | Postponed | DatabaseRestored
OfAgency = ReferenceReceived | ReferenceDoubted | StatusReceived | DeliverableFetched
OfCitizen = CorrectionGiven | CorrectionSent | WithdrawalWanted | WithdrawalSettled | BookingChanged | LookedUp
Event = Annotated[
    OfApplication | OfEligibility | OfFees | OfPayments | OfCalls | OfAgency | OfCitizen, Field(discriminator="kind")
]
Events = Iterator[Event]
