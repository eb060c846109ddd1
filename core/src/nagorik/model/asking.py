"""What one agency's plugin learns when it asks another agency through the platform."""

from enum import StrEnum

from nagorik.model.submission import Accepted, Rejected
from nagorik.privacy import Model


class WhyNotAsked(StrEnum):
    """Why a question has no answer. None of them says anything about the citizen."""

    NO_CONSENT = "no-consent"
    """The citizen has not allowed this question, or not for now. Nothing was sent."""
    NOT_INSTALLED = "not-installed"
    """No installed plugin offers the service."""
    NOT_ASKABLE = "not-askable"
    """The service's submit is not of the class ``safe``, or it offers none: asking could have an effect."""
    SUSPENDED = "suspended"
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
