"""Between the forms and the portal's interface, as it is modelled: the department publishes none.

``simulator/WIRE.md`` describes it. Days are DD/MM/YYYY, as the portal shows them, and times are Dhaka's.
"""

from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    ApplicationRequest,
    ContractViolation,
    FieldProblem,
    InputRejected,
    NagorikError,
    Nid,
    PaymentReceipt,
    SlotsRequest,
    WireModel,
    dhaka_date,
)
from nagorik_passport.data import TEXTS
from nagorik_passport.forms import ApplicationForm, ReissueForm, VerificationForm
from nagorik_toolkit import DateStyle, DayMonthYear, DhakaMinute, PostalAddress, format_date

API: Final = "/sim/epassport/api/v1"

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
    }
)
"""Where the citizen filled in what the portal calls by these names."""

MISMATCHES: Final = MappingProxyType(
    {
        "NAME_MISMATCH": "payment.name-mismatch",
        "AMOUNT_MISMATCH": "payment.amount-mismatch",
        "REFERENCE_MISMATCH": "payment.reference-mismatch",
    }
)
"""What the portal may find wrong with a challan."""


# What the portal answers


class Standing(WireModel):
    """How an application stands."""

    status: str = Field(min_length=1)
    updated_on: DhakaMinute | None = Field(default=None, alias="updatedOn")
    payment: str | None = Field(default=None, alias="paymentStatus")
    remarks: str | None = None
    sequence: int | None = Field(default=None, ge=0)
    delivery_slip: bool = Field(default=False, alias="deliverySlip")
    """Whether the slip has been made out, with which the passport is collected."""


class Registration(Standing):
    """An application that the portal holds."""

    oid: str = Field(pattern=r"^OID[0-9]{4,20}$")
    """The Online Registration ID; goes into the path of what is asked next."""


class Matches(WireModel):
    """What the portal holds under one client reference."""

    items: tuple[Registration, ...]
    complete: bool
    """Whether the search saw everything."""


class ChallanTaken(WireModel):
    """What the portal says to a challan: ``PENDING`` until it has compared it with the treasury's book."""

    verification: str


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


class Appointment(WireModel):
    """An appointment taken, or gone."""

    booked: bool
    number: str | None = Field(default=None, alias="appointmentNo")


class Enquiry(WireModel):
    """What the department says of a passport."""

    number: str = Field(alias="enquiryNo", pattern=r"^[A-Za-z0-9-]+$")
    result: Literal["VALID", "EXPIRED", "CANCELLED", "NOT_FOUND"]
    expires_on: Annotated[DayMonthYear | None, Field(alias="expiresOn")] = None


class FeePage(WireModel):
    """The portal's page of fees; names nobody, so it serves to see whether the portal answers."""

    last_updated: str = Field(alias="lastUpdated")


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """The portal's own errors, as far as the model has them."""
    document = answer.document
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    if answer.status < 300:  # noqa: PLR2004 - a success with an error in it says neither
        return ContractViolation("error-with-success-status")
    pointer = FORM_FIELDS.get(str(error.get("field")))
    if answer.status == 422 and pointer is not None:  # noqa: PLR2004 - the portal's word for bad input
        code = "portal.field-refused"
        return InputRejected([FieldProblem(pointer=pointer, code=code, text=TEXTS.text(code))])
    return None


def mismatch(taken: ChallanTaken) -> AgencyRejected | None:
    """What the portal has found wrong with a challan, if it has."""
    code = MISMATCHES.get(taken.verification)
    return None if code is None else AgencyRejected(code, reason=TEXTS.text(code))


# What the portal is told


def question(request: ApplicationRequest, oid: str) -> dict[str, str]:
    """The portal tells how an application stands to who knows the date of birth."""
    return {"oid": oid, "dob": day_of_birth(request)}


def day_of_birth(request: ApplicationRequest) -> str:
    """As the portal writes it."""
    return format_date(request.form_as(ApplicationForm).birth_date, DateStyle.DAY_MONTH_YEAR)


def to_registration(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    kind = "REISSUE" if isinstance(request.form, ReissueForm) else "NEW"
    return {"kind": kind, "clientReference": client_reference, **to_details(request)}


def to_details(request: ApplicationRequest) -> dict[str, Any]:
    """What an application says: all of it when it is filed, and again as corrected."""
    form = request.form_as(ApplicationForm)
    parent = form.father_nid or form.mother_nid
    number = _number(form.nid, form) if form.nid else None
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
        "delivery": form.delivery.upper().replace("-", "_"),
        "staff": form.staff == "noc-prl",
        "place": form.place.upper(),
        "office": form.office,
        "mobile": form.mobile.e164,
        "presentAddress": _one_line(form.present_address),
        "permanentAddress": _one_line(form.permanent_address),
        "documents": [{"kind": document.kind, "sha256": document.sha256} for document in request.documents],
    }
    if isinstance(form, ReissueForm):
        details["previousPassport"] = form.previous_passport.value
        details["reason"] = form.reason.upper()
        details["generalDiary"] = form.gd_reference
        details["permanentAddressChanged"] = form.permanent_address_changed
    return {name: value for name, value in details.items() if value is not None}


def to_challan(receipt: PaymentReceipt) -> dict[str, str | None]:
    """The challan as the portal compares it with the treasury's book and with the applicant's name.

    The payer's name is the gateway's, and never filled in from the application: it is what is to be compared.
    """
    return {
        "challanNo": receipt.reference,
        "amount": receipt.amount.plain(),
        "payerName": receipt.payer_name,
        "paidOn": format_date(dhaka_date(receipt.captured_at), DateStyle.DAY_MONTH_YEAR),
    }


def to_days(request: SlotsRequest) -> dict[str, str]:
    """The days between which appointments are asked for."""
    return {
        "from": format_date(dhaka_date(request.earliest), DateStyle.DAY_MONTH_YEAR),
        "to": format_date(dhaka_date(request.latest), DateStyle.DAY_MONTH_YEAR),
    }


def to_enquiry(form: VerificationForm) -> dict[str, str]:
    """The passport that is asked about."""
    return {
        "passportNo": form.passport_no.value,
        "dob": format_date(form.birth_date, DateStyle.DAY_MONTH_YEAR),
    }


def _number(nid: Nid, form: ApplicationForm) -> str:
    """10 digits as they are, 13 with the year of birth before them, or 17."""
    return nid.value if nid.kind == "smart" else nid.full(form.birth_date).value


def _one_line(address: PostalAddress | None) -> str | None:
    if address is None:
        return None
    return ", ".join((address.home, address.upazila, address.district, address.division, address.postcode))
