"""Between the forms and the portal's interface, as it is modelled: BRTA publishes none.

``simulator/WIRE.md`` describes it. Days are DD-MM-YYYY and times are Dhaka's. No number of a citizen or a vehicle
stands in an address; a document's address carries a session (``;jsessionid=``) and is never written down.
"""

from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from nagorik import (
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
from nagorik_brta.data import TEXTS
from nagorik_brta.forms import (
    FitnessForm,
    LearnerForm,
    PersonForm,
    RegistrationForm,
    RenewalForm,
    SmartCardForm,
    TaxTokenForm,
    VehicleForm,
)
from nagorik_toolkit import DhakaTime, PostalAddress, TakaAmount

API: Final = "/sim/brta/bsp/api"
DAY: Final = "%d-%m-%Y"

Minute = Annotated[datetime, DhakaTime("%d-%m-%Y %H:%M")]

KINDS: Final = MappingProxyType(
    {
        "brta.learner": "LEARNER",
        "brta.smart-card": "SMART_CARD",
        "brta.renewal": "RENEWAL",
        "brta.registration": "REGISTRATION",
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
        "expiresOn": "/form/expires_on",
        "registrationNo": "/form/registration_number",
        "engineCc": "/form/engine_cc",
        "weightKg": "/form/weight_kg",
        "plan": "/form/plan",
        "office": "/form/office",
    }
)
"""Where the citizen filled in what the portal calls by these names."""


# What the portal answers


class Standing(WireModel):
    """How an application stands."""

    status: str = Field(min_length=1)
    updated_on: Minute | None = Field(default=None, alias="updatedOn")
    remarks: str | None = None
    sequence: int | None = Field(default=None, ge=0)
    issued: tuple[str, ...] = ()
    """Words for what has been issued so far."""


class Filed(Standing):
    """An application that the portal holds."""

    number: str = Field(alias="applicationNo", pattern=r"^BSP-[0-9]{4,20}$")
    """Goes into the path of what is asked next."""


class Matches(WireModel):
    """What the portal holds under one client reference."""

    items: tuple[Filed, ...]
    complete: bool
    """Whether the search saw everything."""


class FeeAnswer(WireModel):
    """What the portal's calculator says."""

    total: TakaAmount


class PaymentTaken(WireModel):
    """What the portal says to a payment."""

    verified: bool


class TestResult(WireModel):
    """What BRTA says of the test under a learner's licence."""

    result: Literal["PASSED", "FAILED", "NOT_YET", "NOT_FOUND"]


class OfferedSlot(WireModel):
    """A day and time that is free."""

    id: str = Field(pattern=r"^[A-Za-z0-9:-]+$", max_length=40)
    start: Minute
    end: Minute
    free: int = Field(ge=0)


class OfferedSlots(WireModel):
    """The free appointments, in order of time."""

    place: str
    place_bn: str = Field(alias="placeBn")
    slots: tuple[OfferedSlot, ...]


class Booking(WireModel):
    """An appointment taken, or gone."""

    booked: bool
    number: str | None = Field(default=None, alias="bookingNo")


class DocumentAddress(WireModel):
    """Where a document can be fetched for some minutes, by whoever has the address."""

    href: str = Field(pattern=r"^/sim/brta/bsp/api/documents/[a-z-]+;jsessionid=[0-9A-F]{32}\.server[0-9]+$")


class Notice(WireModel):
    """The portal's notice of its hours; names nobody, so it serves to see whether the portal answers."""

    open: str
    close: str


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """The portal's own errors, as far as the model has them."""
    document = answer.document
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    if answer.status < 300:  # noqa: PLR2004 - a success with an error in it says neither
        return ContractViolation("error-with-success-status")
    pointer = FORM_FIELDS.get(str(error.get("field")))
    if answer.status in {400, 422} and pointer is not None:
        code = "portal.field-refused"
        return InputRejected([FieldProblem(pointer=pointer, code=code, text=TEXTS.text(code))])
    return None


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
            question["kind"] = _word(form.kind)
        case RenewalForm():
            question |= {"kind": _word(form.kind), "expiresOn": day(form.expires_on)}
        case RegistrationForm():
            question["engineCc"] = form.engine_cc
        case TaxTokenForm():
            question |= {"vehicle": _word(form.vehicle), "plan": _word(form.plan), "weightKg": form.weight_kg}
        case FitnessForm():
            question["vehicle"] = _word(form.vehicle)
    return {name: str(value) for name, value in question.items() if value is not None}


def to_application(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    return {
        "service": KINDS[request.service],
        "clientReference": client_reference,
        "documents": [{"kind": document.kind, "sha256": document.sha256} for document in request.documents],
        **_details(request.form),
    }


def to_test_question(form: SmartCardForm) -> dict[str, str]:
    """Whose test is asked about; BRTA tells it to who knows the date of birth."""
    return {"learnerNo": form.learner_number, "dob": day(form.birth_date), "kind": _word(form.kind)}


def to_payment(receipt: PaymentReceipt) -> dict[str, str]:
    """A payment as the portal is told of it; its reference makes a second telling harmless."""
    return {
        "reference": receipt.reference,
        "amount": receipt.amount.plain(),
        "paidOn": day(dhaka_date(receipt.captured_at)),
    }


def to_days(request: SlotsRequest) -> dict[str, str]:
    """The days between which appointments are asked for."""
    return {"from": day(dhaka_date(request.earliest)), "to": day(dhaka_date(request.latest))}


def _details(form: object) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if isinstance(form, PersonForm):
        details = {"dob": day(form.birth_date), "nid": _number(form.nid, form.birth_date)}
    if isinstance(form, VehicleForm):
        details = {"registrationNo": form.registration_number, "vehicle": _word(form.vehicle)}
    if isinstance(form, PersonForm | VehicleForm):
        details["mobile"] = form.mobile.e164
    match form:
        case LearnerForm():
            details |= {
                "kind": _word(form.kind),
                "categories": [_word(category) for category in form.categories],
                "classViii": form.class_viii_passed,
                "medicallyFit": form.medically_fit,
                "office": form.office,
            }
        case SmartCardForm():
            details |= {
                "kind": _word(form.kind),
                "learnerNo": form.learner_number,
                "dopeTestNegative": form.dope_test_negative,
                "address": _one_line(form.delivery_address),
            }
        case RenewalForm():
            details |= {
                "kind": _word(form.kind),
                "licenceNo": form.licence_number,
                "expiresOn": day(form.expires_on),
                "address": _one_line(form.delivery_address),
            }
        case RegistrationForm():
            details |= {"engineCc": form.engine_cc, "chassisNo": form.chassis_number, "office": form.office}
        case TaxTokenForm():
            registered = form.registered_on
            details |= {
                "plan": _word(form.plan),
                "weightKg": form.weight_kg,
                "expiresOn": day(form.token_expires_on),
                "registeredOn": day(registered) if registered else None,
            }
        case FitnessForm():
            details["office"] = form.office
    return {name: value for name, value in details.items() if value is not None}


def _word(choice: str) -> str:
    return choice.upper().replace("-", "_")


def _number(nid: Nid, birth_date: date) -> str:
    """10 digits as they are, 13 with the year of birth before them, or 17."""
    return nid.value if nid.kind == "smart" else nid.full(birth_date).value


def _one_line(address: PostalAddress) -> str:
    return ", ".join((address.home, address.upazila, address.district, address.division, address.postcode))
