"""Filing, finding, correcting and taking back an application, and asking another service about its citizen."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from nagorik.model.application import ApplicationRequest
from nagorik.model.payment import PaymentReceipt
from nagorik.model.status import AgencyStatus
from nagorik.privacy import PERSONAL, Code, Model, Several
from nagorik.values.sentences import Text


class SubmitRequest(ApplicationRequest):
    """File this application."""

    client_reference: Annotated[str, PERSONAL]
    """The platform's own reference, the same for every attempt; put it where the agency can be searched for it."""
    receipts: Several[PaymentReceipt] = ()
    """Payments captured so far."""


class Accepted(Model):
    """The agency holds the application."""

    reference: Annotated[str, Field(min_length=1, max_length=200), PERSONAL]
    """The agency's reference."""
    status: AgencyStatus


class Rejected(Model):
    """The agency refused the application at intake."""

    reason_code: Code
    """The plugin's stable word for the reason."""
    reason: Annotated[Text, PERSONAL]
    """For the citizen, in the plugin's own words."""


class Pending(Model):
    """The agency took the application in and will say later what becomes of it."""

    reference: Annotated[str | None, Field(min_length=1, max_length=200), PERSONAL] = None
    """The agency's reference, if it gave one already."""
    check_after: float = Field(default=60.0, ge=0, le=86_400)
    """Seconds after which asking is worth while, up to a day; an agency that says more is asked after a day."""


SubmissionResult = Accepted | Rejected | Pending


class FindRequest(ApplicationRequest):
    """Did this application reach the agency? Asked after a lost answer, before anything else."""

    client_reference: Annotated[str, PERSONAL]
    sent_at: AwareDatetime
    """When the attempt whose answer was lost began."""


class Found(Model):
    """The agency holds it."""

    reference: Annotated[str, Field(min_length=1, max_length=200), PERSONAL]
    status: AgencyStatus


class DefinitelyAbsent(Model):
    """The agency was asked and does not hold it. An empty answer that may be incomplete is not this."""

    as_of: AwareDatetime
    """The instant for which the agency's answer holds."""


class CannotTell(Model):
    """The agency's answer does not settle it."""

    because: Code
    """Such as ``search-incomplete``."""


SubmissionSearch = Found | DefinitelyAbsent | CannotTell


class CorrectionRequest(ApplicationRequest):
    """Answer the agency's demand for a correction with the corrected form and documents."""

    client_reference: Annotated[str, PERSONAL]
    agency_reference: Annotated[str, PERSONAL]


class WithdrawRequest(ApplicationRequest):
    """Take the application back at the citizen's wish."""

    client_reference: Annotated[str, PERSONAL]
    agency_reference: Annotated[str, PERSONAL]


class Withdrawal(Model):
    """What the agency says to a withdrawal; its own decision wins if it came first."""

    withdrawn: bool
    status: AgencyStatus


class WhyNotAsked(StrEnum):
    """Why a question has no answer. None of them says anything about the citizen."""

    NO_CONSENT = "no-consent"
    """The citizen has not allowed this question, or not for now. Nothing was sent."""
    NOT_INSTALLED = "not-installed"
    """No installed plugin offers the service."""
    NOT_ASKABLE = "not-askable"
    """The service's submit is not of the class ``safe``, or it offers none: asking could have an effect."""
    QUARANTINED = "suspended"
    """The service's plugin is kept out."""
    NESTED = "nested"
    """This call answers a question itself; questions do not chain."""
    INPUT = "input"
    """What was filled in does not fit the other service's form. Nothing was sent."""
    CLOSED = "closed"
    """The agency is outside its hours."""
    UNAVAILABLE = "unavailable"
    """The agency or its plugin cannot answer now, or not within this call's time."""
    REFUSED = "refused"
    """The agency refused the question itself, which is not the answer no."""
    UNDECIDED = "undecided"
    """The agency will answer later."""
    OUTCOME_UNKNOWN = "outcome-unknown"
    """The question may have arrived; its answer was lost."""


class NotAsked(Model):
    """There is no answer, so a criterion that rests on it cannot be told."""

    because: WhyNotAsked


AskedAnswer = Accepted | Rejected | NotAsked
