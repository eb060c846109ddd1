"""One wire for agencies that publish no interface; ``reference_interface.json`` describes it.

The agency's responses, version 1. Days are ``YYYY-MM-DD``, instants RFC 3339 with an offset, amounts taka as text
with two places. The document in OpenAPI 3.1 lies beside this module, in the wheel: ``interface_document`` reads it.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik.data_files import read_data_file
from nagorik.http import WireModel
from nagorik.model.status import HeldAppointment, Slot
from nagorik.values.sentences import Sentence, Text
from nagorik_toolkit.bangladesh import IsoDay
from nagorik_toolkit.wire_fields import BookingNumber, TakaAmount

INTERFACE_FILE: Final = "reference_interface.json"
BIRTH_DATE_HEADER: Final = "Applicant-Birth-Date"
"""The second factor of a reading: addresses are written to logs, and headers are not."""

PaymentStandingWord = Literal["UNPAID", "PENDING", "TAKEN", "MISMATCH"]


@cache
def interface_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    document: dict[str, Any] = json.loads(read_data_file("nagorik_toolkit", INTERFACE_FILE))
    return document


class PaymentStanding(WireModel):
    """What has become of a payment at the agency."""

    state: PaymentStandingWord
    reason: str | None = None
    """The agency's word for what does not match, such as ``NAME``."""
    reference: str | None = None
    """The payment's own, where the agency repeats it."""

    @property
    def taken(self) -> bool:
        """Whether the agency holds the money."""
        return self.state == "TAKEN"


class IssuedDocument(WireModel):
    """Something that has been issued."""

    kind: str = Field(min_length=1)
    """As the manifest's ``deliverables`` name it."""
    number: str = Field(min_length=1, max_length=60)


class Appointment(WireModel):
    """The appointment that an application has."""

    number: BookingNumber | None = None
    start: AwareDatetime
    place: Sentence
    place_bn: Sentence = Field(alias="placeBn")
    client_reference: str | None = Field(default=None, alias="clientReference")
    """Under which it was booked, so that a booking whose answer was lost shows."""

    def held(self) -> HeldAppointment:
        """As a status has it."""
        return HeldAppointment(
            starts_at=self.start, place=Text(bn=self.place_bn, en=self.place), reference=self.number
        )


class Standing(WireModel):
    """How an application stands."""

    reference: str = Field(pattern=r"^[A-Za-z0-9-]{4,40}$")
    """Goes into the path of later requests."""
    client_reference: str | None = Field(default=None, alias="clientReference")
    """Under which it was filed; a search says it of each application that it found."""
    status: str = Field(min_length=1)
    """The agency's word for the state."""
    updated_at: AwareDatetime | None = Field(default=None, alias="updatedAt")
    sequence: int | None = Field(default=None, ge=0)
    """Order among the agency's reports on this application."""
    remarks: str | None = None
    payment: PaymentStanding | None = None
    """Of the latest payment; ``None`` where the status alone says it."""
    issued: tuple[IssuedDocument, ...] = ()
    appointment: Appointment | None = None


class WithdrawalTaken(Standing):
    """How an application stands after a withdrawal was asked for."""

    withdrawn: bool


class DemandedPrice(WireModel):
    """What a stage of an application costs."""

    total: TakaAmount


class OfferedTime(WireModel):
    """One appointment that can be taken."""

    id: str = Field(pattern=r"^[A-Za-z0-9:-]+$", max_length=40)
    start: AwareDatetime
    end: AwareDatetime
    free: int = Field(ge=0)


class OfferedTimes(WireModel):
    """The appointments at an application's place, in order of time."""

    place: Sentence
    place_bn: Sentence = Field(alias="placeBn")
    slots: tuple[OfferedTime, ...] = Field(max_length=5000)

    def offered(self) -> Iterator[Slot]:
        """As the platform shows them."""
        place = Text(bn=self.place_bn, en=self.place)
        for slot in self.slots:
            yield Slot(id=slot.id, starts_at=slot.start, ends_at=slot.end, place=place, free=slot.free)


class Booked(WireModel):
    """An appointment taken, or gone."""

    booked: bool
    number: BookingNumber | None = None
    reference: str | None = None
    """Of the application, where the agency repeats it."""


class LookupAnswer(WireModel):
    """What the agency knows of something that there is already."""

    number: str = Field(pattern=r"^[A-Za-z0-9-]+$", max_length=60)
    """The agency's number of the enquiry."""
    result: str = Field(min_length=1)
    valid_until: IsoDay | None = Field(default=None, alias="validUntil")
    """The last day on which it holds."""
    issued: Annotated[str | None, Field(min_length=1, max_length=60)] = None
    """The number of what the enquiry is about."""


class OfficeOpen(WireModel):
    """Whether the agency answers; it names no citizen."""

    open: bool
