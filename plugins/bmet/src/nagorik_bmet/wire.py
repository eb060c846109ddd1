"""Between the forms and BMET's interface, as it is modelled: BMET publishes none.

``simulator/WIRE.md`` describes it. Days are YYYY-MM-DD, times are Dhaka's. No address holds a number of a worker.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field

from nagorik import (
    AdvisePaymentRequest,
    AgencyStatus,
    ApplicationRequest,
    ApplicationState,
    BookSlotRequest,
    CorrectionRequest,
    DeliverableRequest,
    PaymentReceipt,
    Slot,
    SlotsRequest,
    StatusRequest,
    Text,
    WireModel,
    dhaka_date,
)
from nagorik_bmet.data import STATUSES, TEXTS
from nagorik_bmet.forms import ClearanceForm, OrientationForm, RegistrationForm
from nagorik_toolkit import (
    BookingNumber,
    DhakaMinute,
    DhakaSecond,
    TakaAmount,
    field_error_reader,
    filled,
    hashes_of,
    wire_word,
)

API: Final = "/sim/bmet/v1"

Filed = AdvisePaymentRequest | BookSlotRequest | CorrectionRequest | DeliverableRequest | SlotsRequest | StatusRequest
"""What is asked about an application that BMET holds."""

COLLECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bmet.registration": f"{API}/registrations",
        "bmet.orientation": f"{API}/pdo-bookings",
        "bmet.clearance": f"{API}/clearances",
    }
)

FORM_FIELDS: Final = MappingProxyType(
    {
        "dob": "/form/birth_date",
        "passportNo": "/form/passport_no",
        "mobile": "/form/mobile",
        "occupation": "/form/occupation",
        "skills": "/form/skills",
        "countries": "/form/countries",
        "bmetNo": "/form/bmet_number",
        "cardNo": "/form/card_number",
        "registeredOn": "/form/registered_on",
        "ttcCode": "/form/centre",
        "card": "/form/card",
        "country": "/form/country",
        "employer": "/form/employer",
        "recruitingAgency": "/form/recruiting_agency",
        "papers": "/form/papers",
        "correction": "/form/correction",
    }
)
"""Where the worker filled in what BMET calls by these names."""

read_error = field_error_reader(FORM_FIELDS, TEXTS, "bmet.field-refused")
"""BMET's own errors, as far as the model has them."""


# What BMET answers


class Standing(WireModel):
    """How an application stands."""

    reference: str = Field(pattern=r"^[A-Z]{3}-[0-9]{4,20}$")
    """Goes into the path of what is asked next."""
    status: str = Field(min_length=1)
    updated_at: DhakaSecond | None = Field(default=None, alias="updatedAt")
    remarks: str | None = None
    sequence: int | None = Field(default=None, ge=0)
    number: str | None = None
    """The number of what has been issued: the BMET number, a certificate's, a card's."""

    def read(self) -> AgencyStatus:
        """As the platform says it: what has been issued carries its number; a query says whether BMET told more."""
        status = STATUSES.status(self.status, remark=self.remarks, at=self.updated_at, sequence=self.sequence)
        numbered = tuple(one.model_copy(update={"reference": self.number}) for one in status.deliverables)
        updated: dict[str, object] = {"deliverables": numbered}
        if status.state is ApplicationState.CORRECTION_REQUESTED and status.remark is None:
            updated["reason"] = TEXTS.text("status.query-without-remark")
        return status.model_copy(update=updated)


class ServiceFee(WireModel):
    """What BMET asks for."""

    total: TakaAmount


class PaymentTaken(WireModel):
    """What BMET says to a payment."""

    confirmed: bool


class Batch(WireModel):
    """A batch of the course, of three days in a row."""

    id: str = Field(pattern=r"^[A-Za-z0-9:-]+$", max_length=40)
    begins: DhakaMinute
    ends: DhakaMinute
    seats: int = Field(ge=0)


class Batches(WireModel):
    """The batches of a training centre, in order of time."""

    centre: str
    centre_bn: str = Field(alias="centreBn")
    items: tuple[Batch, ...]

    def slots(self) -> Iterator[Slot]:
        """As the platform shows them."""
        place = Text(bn=self.centre_bn, en=self.centre)
        for batch in self.items:
            yield Slot(id=batch.id, starts_at=batch.begins, ends_at=batch.ends, place=place, free=batch.seats)


class Seat(WireModel):
    """A seat taken, or a batch that is full."""

    booked: bool
    number: BookingNumber | None = Field(default=None, alias="seatNo")


class Centres(WireModel):
    """The list of training centres; names nobody, so it serves to see whether BMET answers."""

    items: tuple[str, ...] = Field(min_length=1)


# What BMET is told


def path_of(request: Filed) -> str:
    """Where an application that BMET holds is."""
    return f"{COLLECTIONS[request.service]}/{request.agency_reference}"


def to_application(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    return {"clientReference": client_reference, **to_details(request)}


def to_details(request: ApplicationRequest) -> dict[str, Any]:
    """What an application says: all of it when it is filed, and again as corrected."""
    form = request.form
    details: dict[str, Any] = {}
    if isinstance(form, RegistrationForm):
        details = {
            "passportNo": form.passport_no.value,
            "dob": form.birth_date.isoformat(),
            "mobile": form.mobile.e164,
            "occupation": wire_word(form.occupation),
            "skills": list(form.skills),
            "countries": list(form.countries),
        }
    elif isinstance(form, OrientationForm):
        details = {
            "bmetNo": form.bmet_number,
            "registeredOn": form.registered_on.isoformat(),
            "dob": form.birth_date.isoformat(),
            "ttcCode": wire_word(form.centre),
        }
    else:
        clearance = request.form_as(ClearanceForm)
        details = {
            "card": wire_word(clearance.card),
            "bmetNo": clearance.bmet_number,
            "registeredOn": clearance.registered_on.isoformat(),
            "dob": clearance.birth_date.isoformat(),
            "passportNo": clearance.passport_no.value,
            "occupation": wire_word(clearance.occupation),
            "country": clearance.country,
            "employer": clearance.employer,
            "recruitingAgency": clearance.recruiting_agency,
            "papers": [wire_word(paper) for paper in clearance.papers],
            "correction": clearance.correction,
        }
    return filled({**details, "documents": hashes_of(request.documents)})


def to_price_question(request: ApplicationRequest) -> dict[str, str]:
    """What is to be priced."""
    asked = {"service": wire_word(request.service.partition(".")[2])}
    return {**asked, "card": wire_word(request.form.card)} if isinstance(request.form, ClearanceForm) else asked


def to_payment(receipt: PaymentReceipt) -> dict[str, str]:
    """A payment, by its own number."""
    return {
        "reference": receipt.reference,
        "amount": receipt.amount.plain(),
        "paidOn": dhaka_date(receipt.captured_at).isoformat(),
    }
