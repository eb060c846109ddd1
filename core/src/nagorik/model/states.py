"""The states of an application and of a payment, and the flags beside them."""

from enum import StrEnum


class ApplicationState(StrEnum):
    """Where an application is on its way from the citizen to the delivered artefact."""

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
