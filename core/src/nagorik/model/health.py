"""How an agency's system is."""

from enum import StrEnum

from pydantic import AwareDatetime

from nagorik.privacy import Model


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
