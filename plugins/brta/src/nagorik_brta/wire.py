"""Between the forms and the portal's interface, as it is modelled: BRTA publishes none.

``simulator/WIRE.md`` describes it. Days are DD-MM-YYYY and times are Dhaka's. No number of a citizen or a vehicle
stands in an address; a document's address carries a session (``;jsessionid=``) and is never written down.
"""

from collections.abc import Iterator
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from nagorik import (
    ApplicationRequest,
    PaymentReceipt,
    Slot,
    Text,
    WireModel,
    dhaka_date,
)
from nagorik_brta.data import TEXTS
from nagorik_brta.driver_forms import LearnerForm, LicenceCheckForm, RenewalForm, SmartCardForm
from nagorik_brta.vehicle_forms import FitnessForm, RegistrationForm, TaxTokenForm, TransferForm
from nagorik_toolkit import (
    BookingNumber,
    DhakaTime,
    TakaAmount,
    field_error_reader,
    filled,
    wire_word,
)

API: Final = "/sim/brta/bsp/api"
APPLICATIONS: Final = f"{API}/applications"
DAY: Final = "%d-%m-%Y"

Minute = Annotated[datetime, DhakaTime("%d-%m-%Y %H:%M")]
Midnight = Annotated[datetime, DhakaTime(DAY)]
"""A day, as the instant at which it begins in Dhaka."""

KINDS: Final = MappingProxyType(
    {
        "brta.learner": "LEARNER",
        "brta.smart-card": "SMART_CARD",
        "brta.renewal": "RENEWAL",
        "brta.duplicate": "DUPLICATE",
        "brta.registration": "REGISTRATION",
        "brta.transfer": "TRANSFER",
        "brta.tax-token": "TAX_TOKEN",
        "brta.fitness": "FITNESS",
    }
)

FORM_FIELDS: Final = MappingProxyType(
    {
        "dob": "/form/birth_date",
        "nid": "/form/nid",
        "mobile": "/form/mobile",
        "categories": "/form/categories",
        "learnerNo": "/form/learner_number",
        "licenceNo": "/form/licence_number",
        "generalDiary": "/form/gd_reference",
        "expiresOn": "/form/expires_on",
        "tokenExpiresOn": "/form/token_expires_on",
        "registrationNo": "/form/registration_number",
        "engineCc": "/form/engine_cc",
        "weightKg": "/form/weight_kg",
        "plan": "/form/plan",
        "office": "/form/office",
    }
)
"""Where the citizen filled in what the portal calls by these names."""

read_error = field_error_reader(FORM_FIELDS, TEXTS, "portal.field-refused")
"""The portal's own errors, as far as the model has them."""


# What the portal answers


class Standing(WireModel):
    """How an application stands."""

    status: str = Field(min_length=1)
    updated_on: Minute | None = Field(default=None, alias="updatedOn")
    remarks: str | None = None
    sequence: int | None = Field(default=None, ge=0)
    test_at: Minute | None = Field(default=None, alias="testOn")
    """When the test is held, while it is to come."""
    issued: tuple[str, ...] = ()
    """Words for what has been issued so far."""
    learner_number: str | None = Field(default=None, alias="learnerNo", min_length=1, max_length=60)
    """The number of the learner's licence, which a smart card is applied for with."""


class Filed(Standing):
    """An application that the portal holds."""

    reference: str = Field(alias="applicationNo", pattern=r"^BSP-[0-9]{4,20}$")
    """Goes into the path of what is asked next."""


class FeeAnswer(WireModel):
    """What the portal's calculator says."""

    total: TakaAmount


class PaymentTaken(WireModel):
    """What the portal says to a payment."""

    confirmed: bool = Field(alias="verified")


class TestResult(WireModel):
    """What BRTA says of the test under a learner's licence."""

    result: Literal["PASSED", "FAILED", "NOT_YET", "NOT_FOUND"]


class LicenceCheck(WireModel):
    """What BRTA says of a licence; a check has a number of its own."""

    number: str = Field(alias="checkNo", pattern=r"^[A-Za-z0-9-]+$")
    result: Literal["VALID", "EXPIRED", "NOT_FOUND"]
    expires_on: Midnight | None = Field(default=None, alias="expiresOn")


class FreeSlot(WireModel):
    """A day and time that is free."""

    id: str = Field(pattern=r"^[A-Za-z0-9:-]+$", max_length=40)
    start: Minute
    end: Minute
    free: int = Field(ge=0)


class FreeSlots(WireModel):
    """The free appointments, in order of time."""

    place: str
    place_bn: str = Field(alias="placeBn")
    slots: tuple[FreeSlot, ...]

    def offered(self) -> Iterator[Slot]:
        """As the platform shows them."""
        place = Text(bn=self.place_bn, en=self.place)
        for slot in self.slots:
            yield Slot(id=slot.id, starts_at=slot.start, ends_at=slot.end, place=place, free=slot.free)


class Booking(WireModel):
    """An appointment taken, or gone."""

    booked: bool
    number: BookingNumber | None = Field(default=None, alias="bookingNo")


class DocumentAddress(WireModel):
    """Where a document can be fetched for some minutes, by whoever has the address."""

    href: str = Field(pattern=r"^/sim/brta/bsp/api/documents/[a-z-]+;jsessionid=[0-9A-F]{32}\.server[0-9]+$")


class Notice(WireModel):
    """The portal's notice of its hours; names nobody, so it serves to see whether the portal answers."""

    open: str
    close: str


# What the portal is told


def day(value: date) -> str:
    """A day as the portal writes it."""
    return f"{value:{DAY}}"


def to_fee_question(request: ApplicationRequest) -> dict[str, str]:
    """What the calculator has to know; no number of a citizen or a vehicle is among it."""
    form = request.form
    question: dict[str, object] = {"service": KINDS[request.service]}
    match form:
        case LearnerForm():
            question["categories"] = len(form.categories)
        case SmartCardForm():
            question["kind"] = wire_word(form.kind)
        case RenewalForm():
            question |= {"kind": wire_word(form.kind), "expiresOn": day(form.expires_on)}
        case RegistrationForm():
            question["engineCc"] = form.engine_cc
        case TransferForm():
            question |= {"vehicle": wire_word(form.vehicle), "engineCc": form.engine_cc}
        case TaxTokenForm():
            question |= {"vehicle": wire_word(form.vehicle), "plan": wire_word(form.plan), "weightKg": form.weight_kg}
        case FitnessForm():
            question["vehicle"] = wire_word(form.vehicle)
    return {name: str(value) for name, value in filled(question).items()}


def to_test_question(form: SmartCardForm) -> dict[str, str]:
    """Whose test is asked about; BRTA tells it to who knows the date of birth."""
    return {"learnerNo": form.learner_number, "dob": day(form.birth_date), "kind": wire_word(form.kind)}


def to_licence_question(form: LicenceCheckForm) -> dict[str, str]:
    """Whose licence is asked about."""
    return {"licenceNo": form.licence_number, "dob": day(form.birth_date)}


def to_payment(receipt: PaymentReceipt) -> dict[str, str]:
    """A payment as the portal is told of it; its reference makes a second telling harmless."""
    return {
        "reference": receipt.reference,
        "amount": receipt.amount.plain(),
        "paidOn": day(dhaka_date(receipt.captured_at)),
    }
