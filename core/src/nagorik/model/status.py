"""How an application stands at the agency."""

from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from nagorik.model.artefact import Artefact
from nagorik.model.request import ApplicationRequest
from nagorik.model.states import ApplicationState, Flag
from nagorik.model.text import Text
from nagorik.privacy import PERSONAL, SECRET, Model

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
    reason: Text | None = None
    """Why, for a rejection or a correction, in the plugin's own words for the agency's code."""
    fee_due: str | None = None
    """The stage of the service's fees that must be paid now, if any."""
    payment_confirmed: bool | None = None
    """Whether the agency holds the latest payment; ``None`` where it does not say."""
    artefacts: tuple[Artefact, ...] = ()
    """What has been issued so far."""
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
