"""Appointments."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from nagorik.model.request import ApplicationRequest
from nagorik.model.text import Text
from nagorik.privacy import PERSONAL, Model


class SlotsRequest(ApplicationRequest):
    """Which appointments are free?"""

    agency_reference: Annotated[str | None, PERSONAL] = None
    earliest: AwareDatetime
    latest: AwareDatetime


class Slot(Model):
    """One appointment that can be taken."""

    id: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: Text
    free: int = Field(ge=0)
    """Places left when the agency was asked."""


class Slots(Model):
    """The free appointments, in order of time."""

    slots: tuple[Slot, ...]


class BookSlotRequest(ApplicationRequest):
    """Take this appointment."""

    client_reference: Annotated[str, PERSONAL]
    agency_reference: Annotated[str | None, PERSONAL] = None
    slot: Slot


class SlotBooking(Model):
    """An appointment taken, or gone to someone else first."""

    booked: bool
    reference: Annotated[str | None, PERSONAL] = None
