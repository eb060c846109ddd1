"""What happened to an application itself."""

from typing import Annotated, Literal

from nagorik.journey.events.base import Actor, JournalEvent
from nagorik.journey.progress import Hold
from nagorik.model.consent import Consent
from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.states import ApplicationState, Flag
from nagorik.privacy import PERSONAL


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
    at_once: bool = False
    """Whether somebody's act makes what was put off worth trying at once."""


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


class BooksRestored(JournalEvent):
    """The books went back to how they were some time ago: what was written since is not known any more."""

    kind: Literal["books-restored"] = "books-restored"
    officer: str
    """Who restored them."""
    reason: Annotated[str, PERSONAL]
    """The officer's reason, in their words."""
