"""Where an application stands: its states, what its agency reports, what was issued, appointments, health."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik.model.application import ApplicationRequest, DocumentReference
from nagorik.privacy import PERSONAL, SECRET, Code, Model, Several
from nagorik.values import Money
from nagorik.values.sentences import Text


class ApplicationState(StrEnum):
    """Where an application is on its way from the citizen to the delivered deliverable."""

    DRAFT = "draft"
    READY = "ready"
    AWAITING_PAYMENT = "awaiting_payment"
    SUBMITTING = "submitting"
    SUBMISSION_UNKNOWN = "submission_unknown"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    CORRECTION_REQUESTED = "correction_requested"
    AWAITING_APPEARANCE = "awaiting_appearance"
    APPROVED = "approved"
    ISSUED = "issued"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    REJECTED_AT_INTAKE = "rejected_at_intake"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVOKED = "revoked"
    MANUAL_REVIEW = "manual_review"
    CLOSED = "closed"


class Flag(StrEnum):
    """What else is true of an application, whatever its state."""

    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_UNDER_INVESTIGATION = "payment_under_investigation"
    REFUND_DUE = "refund_due"
    ADVICE_UNCONFIRMED = "advice_unconfirmed"
    THIRD_PARTY_VERIFICATION = "third_party_verification"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    IDENTITY_MISMATCH = "identity_mismatch"
    BIOMETRIC_CONFLICT = "biometric_conflict"
    IN_PRODUCTION = "in_production"
    AGENCY_SUSPENDED = "agency_suspended"
    SLA_BREACHED = "sla_breached"
    DEADLINE_FROZEN = "deadline_frozen"
    STALE_STATUS = "stale_status"


class PaymentState(StrEnum):
    """Where a payment is. Captured is the payer's fact, confirmed the agency's; the citizen sees both."""

    QUOTED = "quoted"
    INITIATED = "initiated"
    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    ADVISED = "advised"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    UNDER_INVESTIGATION = "under_investigation"
    REFUND_REQUESTED = "refund_requested"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    REFUND_MANUAL = "refund_manual"
    DISPUTED = "disputed"


class Deliverable(Model):
    """One thing that the agency has issued (CPSV-AP's ``Output``)."""

    kind: Code
    """One of the deliverables that the service's manifest lists."""
    interim: bool = False
    """Whether it stands in until the final one is made, like an e-paper licence before the card."""
    delivery: Literal["download", "counter", "post", "none"]
    """How it reaches the citizen; ``none`` where the answer itself is what was asked for."""
    reference: Annotated[str | None, PERSONAL] = None
    """The agency's number of it."""


class DeliverableRequest(ApplicationRequest):
    """Fetch a deliverable that can be downloaded."""

    agency_reference: Annotated[str, PERSONAL]
    deliverable: Deliverable


class FetchedDeliverable(Model):
    """A deliverable that is now in the host's document store."""

    deliverable: Deliverable
    document: DocumentReference


class HeldAppointment(Model):
    """An appointment that an application has at its agency."""

    starts_at: AwareDatetime
    place: Text | None = None
    reference: Annotated[str | None, PERSONAL] = None
    """The agency's number of it."""


LONGEST_RAW: Final = 400
LONGEST_REMARK: Final = 2000


class AgencyStatus(Model):
    """The agency's word for an application's state, and what the plugin makes of it."""

    state: ApplicationState | None
    """The normalised state; ``None`` where the plugin does not know the agency's word. It never guesses."""
    raw: Annotated[str, Field(max_length=LONGEST_RAW), PERSONAL]
    """The agency's own word for the state, as received."""
    remark: Annotated[str | None, Field(max_length=LONGEST_REMARK), PERSONAL] = None
    """What an officer wrote beside it, such as why an application is rejected: the agency's text, in its language."""
    at: AwareDatetime | None = None
    """When the agency says that it entered this state."""
    sequence: Annotated[int | None, Field(ge=0), PERSONAL] = None
    """Order among the agency's reports, where it gives one; a lower one than seen is old news."""
    event: Annotated[str | None, PERSONAL] = None
    """The agency's id of this report, where it gives one; one seen before changes nothing."""
    flags: frozenset[Flag] = frozenset()
    """What else the agency says is true at present."""
    reason: Annotated[Text | None, PERSONAL] = None
    """Why, for a rejection or a correction, in the plugin's own words for the agency's code."""
    fee_due: Code | None = None
    """The stage of the service's fees that must be paid now, if any."""
    fee_amount: Money | None = None
    """What the agency says here that it comes to, if it does; what is paid is the price, which is asked for."""
    payment_confirmed: bool | None = None
    """Whether the agency holds the latest payment; ``None`` where it does not say. An agency that can be told of
    payments is believed to hold those that it was told of; beside ``fee_due`` it is not believed of that fee."""
    deliverables: Several[Deliverable] = ()
    """What has been issued so far."""
    appointment: HeldAppointment | None = None
    """The one that the application has, if it has any. Where ``book-slot`` is of the class ``client-reference``, the
    status always has it: by it, a booking whose answer was lost is looked up."""
    final: bool = False
    """Whether the agency will say nothing more, so that asking again is useless."""


class StatusRequest(ApplicationRequest):
    """How does this application stand?"""

    agency_reference: Annotated[str, PERSONAL]
    client_reference: Annotated[str, PERSONAL]


class CallbackRequest(Model):
    """A message that claims to come from the agency."""

    service: str
    headers: Annotated[dict[str, str], SECRET]
    body: Annotated[bytes, PERSONAL] = Field(max_length=1_000_000)


class CallbackReport(Model):
    """What a message from the agency says, once its origin is proved."""

    agency_reference: Annotated[str, PERSONAL]
    status: AgencyStatus


class SlotsRequest(ApplicationRequest):
    """Which appointments are free?"""

    agency_reference: Annotated[str | None, PERSONAL] = None
    earliest: AwareDatetime
    latest: AwareDatetime


class Slot(Model):
    """One appointment that can be taken."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: Text
    free: int = Field(ge=0)
    """Places left when the agency was asked."""


class Slots(Model):
    """The free appointments, in order of time."""

    slots: tuple[Slot, ...] = Field(max_length=5000)


class BookSlotRequest(ApplicationRequest):
    """Take this appointment."""

    client_reference: Annotated[str, PERSONAL]
    agency_reference: Annotated[str | None, PERSONAL] = None
    slot: Slot


class SlotBooking(Model):
    """An appointment taken, or gone to someone else first."""

    booked: bool
    reference: Annotated[str | None, PERSONAL] = None


class HealthState(StrEnum):
    """What the agency's own probe says."""

    UP = "up"
    DEGRADED = "degraded"
    CLOSED = "closed"


class HealthRequest(Model):
    """Is the agency answering?"""


class Health(Model):
    """The agency's answer."""

    state: HealthState
    until: AwareDatetime | None = None
    """When it opens again, for a closed agency that says so."""
