"""Filing an application, and finding out whether it was filed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from nagorik.model.payment import PaymentReceipt
from nagorik.model.request import ApplicationRequest
from nagorik.model.status import AgencyStatus
from nagorik.model.text import Text
from nagorik.privacy import PERSONAL, Model


class SubmitRequest(ApplicationRequest):
    """File this application."""

    client_reference: Annotated[str, PERSONAL]
    """The platform's own reference, the same for every attempt; put it where the agency can be searched for it."""
    receipts: tuple[PaymentReceipt, ...] = ()
    """Payments captured so far."""


class Accepted(Model):
    """The agency holds the application."""

    reference: Annotated[str, Field(min_length=1, max_length=200), PERSONAL]
    """The agency's reference."""
    status: AgencyStatus


class Rejected(Model):
    """The agency refused the application at intake."""

    reason_code: str
    """The plugin's stable word for the reason."""
    reason: Text
    """For the citizen, in the plugin's own words."""


class Pending(Model):
    """The agency took the application in and will say later what becomes of it."""

    reference: Annotated[str | None, PERSONAL] = None
    """The agency's reference, if it gave one already."""
    check_after: float = Field(default=60.0, ge=0)
    """Seconds after which asking is worth while."""


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

    because: str
    """A code, such as ``search-incomplete``."""


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


def settled(absent: DefinitelyAbsent, sent_at: datetime, settle_seconds: float) -> bool:
    """Whether an absence was observed late enough after the attempt to be believed."""
    return (absent.as_of - sent_at).total_seconds() >= settle_seconds


def search_result(matches: Sequence[Found], *, complete: bool, asked_at: datetime) -> SubmissionSearch:
    """What a search by the client reference amounts to, at an agency that does not notice doubles.

    Args:
        matches: Everything that it found.
        complete: Whether the agency says that there is nothing more to find.
        asked_at: The instant before the search was sent, aware.
    """
    match matches:
        case [only]:
            return only
        case []:
            return DefinitelyAbsent(as_of=asked_at) if complete else CannotTell(because="search-incomplete")
        case _:
            # Which of them is the citizen's, a person has to find out.
            return CannotTell(because="several-applications")
