"""Inputs of a step: the end of an attempt, a report, or a person's decision."""

from dataclasses import dataclass
from typing import Literal

from nagorik.errors import NagorikError
from nagorik.model.application import Consent, DocumentReference
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import AgencyStatus, ApplicationState, FetchedDeliverable, PaymentState, Slot, SlotBooking
from nagorik.model.submission import SubmissionResult, SubmissionSearch, Withdrawal

Result = (
    EligibilityDecision
    | (Quote | PaymentStarted | PaymentReport | RefundReport | PaymentAdvice)
    | (SubmissionResult | SubmissionSearch | AgencyStatus | Withdrawal | SlotBooking | FetchedDeliverable)
)


@dataclass(frozen=True, slots=True, repr=False)
class CallAnswered:
    """The attempt in flight was answered."""

    result: Result


@dataclass(frozen=True, slots=True, repr=False)
class CallFailed:
    """The attempt in flight ended in an error, which says what is known of its effect."""

    error: NagorikError


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The process that made the attempt is gone; how far it came is not known."""


@dataclass(frozen=True, slots=True, repr=False)
class Reported:
    """The agency sent a report by itself; its origin is proved."""

    agency_reference: str
    status: AgencyStatus


@dataclass(frozen=True, slots=True)
class Noticed:
    """A message that claims to come from the gateway named this payment; a hint to ask the gateway, and no more."""

    payment: str


@dataclass(frozen=True, slots=True, repr=False)
class ConsentGranted:
    """The citizen gave a new consent."""

    consent: Consent


@dataclass(frozen=True, slots=True, repr=False)
class CitizenActed:
    """The citizen did what only they can do.

    ``go-on``: apply although eligibility is not known. ``corrected``: the draft has been changed.
    ``pay``: a fee is due, and the gateway to pay it by is chosen now, as the capabilities of the step have it.
    ``pay-again``: try to pay once more. ``withdraw``: take the application back. ``received``: what was issued has
    reached the citizen. ``book``: take the appointment ``slot``.

    ``documents`` were handed in with a correction ``by`` the person who acts for the citizen, else whom the consent
    names.
    """

    action: Literal["go-on", "corrected", "pay", "pay-again", "withdraw", "received", "book"]
    documents: tuple[DocumentReference, ...] = ()
    by: str | None = None
    slot: Slot | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """A named officer decided what only a person can decide.

    ``to`` is the state of an application in manual review, or of one that waits for a person and is thereby taken
    into manual review; ``None`` lets it go on as it is. ``agency_reference`` makes a reference known that only the
    officer has. ``payment`` and ``payment_to`` settle a payment that nothing else can settle.
    """

    officer: str
    reason: str
    to: ApplicationState | None = None
    agency_reference: str | None = None
    payment: str | None = None
    payment_to: PaymentState | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Nothing happened but the passing of time."""


Input = CallAnswered | CallFailed | Interrupted | Reported | Noticed | ConsentGranted | CitizenActed | Decided | Due
