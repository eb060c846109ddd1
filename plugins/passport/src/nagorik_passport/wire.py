"""Between the forms and the portal's interface, as it is modelled: the department publishes none.

``simulator/WIRE.md`` describes it. Days are DD/MM/YYYY, as the portal shows them, and times are Dhaka's.
"""

from collections.abc import Iterator
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from nagorik import (
    AgencyRejected,
    ApplicationRequest,
    BookSlotRequest,
    PaymentReceipt,
    Slot,
    SlotsRequest,
    Text,
    WireModel,
    dhaka_date,
)
from nagorik_passport.data import TEXTS
from nagorik_passport.forms import ApplicationForm, PassportLookUpForm, ReissueForm, VerificationForm
from nagorik_toolkit import (
    BookingNumber,
    DateStyle,
    DayMonthYear,
    DhakaMinute,
    field_error_reader,
    filled,
    format_date,
    hashes_of,
    number_of,
    wire_word,
)

API: Final = "/sim/epassport/api/v1"
REGISTRATIONS: Final = f"{API}/registrations"
STATUS: Final = f"{API}/application-status"
APPOINTMENTS: Final = f"{API}/appointments"
CHANGE: Final = "passport.appointment-change"
"""The service whose references are numbers of appointments, and not of applications."""

FORM_FIELDS: Final = MappingProxyType(
    {
        "dob": "/form/birth_date",
        "givenName": "/form/given_name",
        "surname": "/form/surname",
        "idNumber": "/form/nid",
        "parentNid": "/form/father_nid",
        "bookletPages": "/form/pages",
        "validityYears": "/form/validity_years",
        "delivery": "/form/delivery",
        "office": "/form/office",
        "previousPassport": "/form/previous_passport",
        "passportNo": "/form/passport_no",
        "oid": "/form/application_no",
        "applicationId": "/form/application_no",
    }
)
"""Where the citizen filled in what the portal calls by these names."""

read_error = field_error_reader(FORM_FIELDS, TEXTS, "portal.field-refused", statuses={422})
"""The portal's own errors, as far as the model has them."""

MISMATCHES: Final = MappingProxyType(
    {
        "NAME_MISMATCH": "payment.name-mismatch",
        "AMOUNT_MISMATCH": "payment.amount-mismatch",
        "REFERENCE_MISMATCH": "payment.reference-mismatch",
    }
)
"""What the portal may find wrong with a challan."""

PAID: Final = MappingProxyType(
    {"UNPAID": False, "PENDING": False, "VERIFIED": True, **dict.fromkeys(MISMATCHES, False)}
)
"""The portal's words for a payment; a word that is not among them says nothing."""


# What the portal answers


class PortalAppointment(WireModel):
    """The appointment that an application has, or had."""

    number: str = Field(alias="appointmentNo", pattern=r"^[A-Za-z0-9-]+$", max_length=60)
    """Goes into the path of what is asked about the appointment."""
    office: str
    office_bn: str = Field(alias="officeBn")
    start: DhakaMinute
    client_reference: str | None = Field(default=None, alias="clientReference")
    """Under which it was booked; ``None`` for one that was not booked through a platform."""

    @property
    def place(self) -> Text:
        """As the platform shows it."""
        return Text(bn=self.office_bn, en=self.office)


class Standing(WireModel):
    """How an application stands."""

    status: str = Field(min_length=1)
    updated_on: DhakaMinute | None = Field(default=None, alias="updatedOn")
    payment: str | None = Field(default=None, alias="paymentStatus")
    remarks: str | None = None
    sequence: int | None = Field(default=None, ge=0)
    delivery_slip: bool = Field(default=False, alias="deliverySlip")
    """Whether the slip has been made out, with which the passport is collected."""
    enrolled_on: DayMonthYear | None = Field(default=None, alias="enrolledOn")
    """From which the department counts its working days."""
    appointment: PortalAppointment | None = None


class Registration(Standing):
    """An application that the portal holds."""

    reference: str = Field(alias="oid", pattern=r"^OID[0-9]{4,20}$")
    """The Online Registration ID; goes into the path of what is asked next."""


class ChallanTaken(WireModel):
    """What the portal says to a challan: ``PENDING`` until it has compared it with the treasury's book."""

    verification: str

    @property
    def confirmed(self) -> bool:
        """Whether the treasury's book has it.

        Raises:
            AgencyRejected: Its name, amount or number does not match.
        """
        code = MISMATCHES.get(self.verification)
        if code is not None:
            raise AgencyRejected(code, reason=TEXTS.text(code))
        return PAID.get(self.verification) is True


class OfficeSlot(WireModel):
    """An appointment that is free at the office of the application."""

    id: str = Field(pattern=r"^[A-Za-z0-9:-]+$", max_length=40)
    start: DhakaMinute
    end: DhakaMinute
    free: int = Field(ge=0)


class OfficeSlots(WireModel):
    """The free appointments, in order of time."""

    office: str
    office_bn: str = Field(alias="officeBn")
    slots: tuple[OfficeSlot, ...]

    def offered(self) -> Iterator[Slot]:
        """As the platform shows them."""
        place = Text(bn=self.office_bn, en=self.office)
        for slot in self.slots:
            yield Slot(id=slot.id, starts_at=slot.start, ends_at=slot.end, place=place, free=slot.free)


class Appointment(WireModel):
    """An appointment taken, or gone."""

    booked: bool
    number: BookingNumber | None = Field(default=None, alias="appointmentNo")


class Enquiry(WireModel):
    """What the department says of a passport."""

    number: str = Field(alias="enquiryNo", pattern=r"^[A-Za-z0-9-]+$")
    result: Literal["VALID", "EXPIRED", "CANCELLED", "NOT_FOUND"]
    expires_on: Annotated[DayMonthYear | None, Field(alias="expiresOn")] = None


class FeePage(WireModel):
    """The portal's page of fees; names nobody, so it serves to see whether the portal answers."""

    last_updated: str = Field(alias="lastUpdated")


# What the portal is told


def question(request: ApplicationRequest, oid: str) -> dict[str, str]:
    """The portal tells how an application stands to who knows the date of birth."""
    return {"oid": oid, "dob": day_of_birth(request)}


def to_look_up(request: ApplicationRequest) -> dict[str, str]:
    """The same question about an application filed elsewhere, by whichever of its two numbers was given.

    It goes in a body: the citizen gave the number, and addresses stand in the logs of every proxy on the way.
    """
    number = request.form_as(PassportLookUpForm).application_no
    return {"oid" if number.startswith("OID") else "applicationId": number, "dob": day_of_birth(request)}


def day(value: date) -> str:
    """A day as the portal writes it."""
    return format_date(value, DateStyle.DAY_MONTH_YEAR)


def day_of_birth(request: ApplicationRequest) -> str:
    """As the portal writes it."""
    form = request.form
    asked = form if isinstance(form, PassportLookUpForm) else request.form_as(ApplicationForm)
    return day(asked.birth_date)


def to_registration(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    kind = "REISSUE" if isinstance(request.form, ReissueForm) else "NEW"
    return {"kind": kind, "clientReference": client_reference, **to_details(request)}


def to_details(request: ApplicationRequest) -> dict[str, Any]:
    """What an application says: all of it when it is filed, and again as corrected."""
    form = request.form_as(ApplicationForm)
    parent = form.father_nid or form.mother_nid
    number = number_of(form.nid, form.birth_date) if form.nid else None
    details: dict[str, Any] = {
        "givenName": form.given_name,
        "surname": form.surname,
        "dob": day_of_birth(request),
        "idType": "NID" if number else "BRC",
        "idNumber": number or (form.birth_registration.value if form.birth_registration else None),
        "birthRegistration": form.birth_registration.value if form.birth_registration else None,
        "parentNid": parent.value if parent else None,
        "bookletPages": form.pages,
        "validityYears": form.validity_years,
        "delivery": wire_word(form.delivery),
        "staff": form.staff == "noc-prl",
        "place": form.place.upper(),
        "office": form.office,
        "mobile": form.mobile.e164,
        "presentAddress": form.present_address.one_line if form.present_address else None,
        "permanentAddress": form.permanent_address.one_line,
        "documents": hashes_of(request.documents),
    }
    if isinstance(form, ReissueForm):
        details["previousPassport"] = form.previous_passport.value
        details["reason"] = form.reason.upper()
        details["generalDiary"] = form.gd_reference
        details["permanentAddressChanged"] = form.permanent_address_changed
    return filled(details)


def to_challan(receipt: PaymentReceipt) -> dict[str, str | None]:
    """The challan as the portal compares it with the treasury's book and with the applicant's name.

    The payer's name is the gateway's, and never filled in from the application: it is what is to be compared.
    """
    return {
        "challanNo": receipt.reference,
        "amount": receipt.amount.plain(),
        "payerName": receipt.payer_name,
        "paidOn": day(dhaka_date(receipt.captured_at)),
    }


def slots_path(request: SlotsRequest) -> str:
    """Where the free appointments are: the application's own, or those that another may be exchanged for."""
    if request.service == CHANGE:
        return f"{APPOINTMENTS}/{request.agency_reference}/slots"
    return f"{REGISTRATIONS}/{request.agency_reference}/appointments"


def booking_path(request: BookSlotRequest) -> str:
    """Where one is booked."""
    if request.service == CHANGE:
        return f"{APPOINTMENTS}/{request.agency_reference}"
    return f"{REGISTRATIONS}/{request.agency_reference}/appointments"


def to_booking(request: BookSlotRequest) -> dict[str, str]:
    """The appointment that is chosen, under our reference: by it the portal shows later whose booking it was."""
    return {"slotId": request.slot.id, "clientReference": request.client_reference}


def to_enquiry(form: VerificationForm) -> dict[str, str]:
    """The passport that is asked about."""
    return {"passportNo": form.passport_no.value, "dob": day(form.birth_date)}
