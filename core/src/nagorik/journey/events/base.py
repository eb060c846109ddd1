"""What all events of a journal have."""

from enum import StrEnum

from pydantic import AwareDatetime

from nagorik.privacy import Model


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
