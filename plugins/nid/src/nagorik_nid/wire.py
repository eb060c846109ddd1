"""The interface for applications, between the forms and the model of it that the simulator speaks.

Modelled, not the EC's own: ``simulator/WIRE.md`` describes it. All times on the wire are Dhaka's.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field

from nagorik import ApplicationRequest, PaymentReceipt, WireModel
from nagorik_nid.data import STATUSES
from nagorik_nid.fields import CorrectedField, HomeAddress
from nagorik_nid.forms import (
    CardForm,
    CardRenewalForm,
    CorrectionForm,
    MigrationForm,
    NewVoterForm,
    NidForm,
    PrintedCardForm,
    ReissueForm,
)
from nagorik_toolkit import DateStyle, DhakaMinute, TakaAmount, format_date, hashes_of, number_of

API: Final = "/sim/nid/v1"
APPLICATIONS: Final = f"{API}/applications"

TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nid.new-voter": "NEW_VOTER",
        "nid.correction": "CORRECTION",
        "nid.reissue": "REISSUE",
        "nid.renewal": "RENEWAL",
        "nid.migration": "MIGRATION",
    }
)

FIELDS: Final[Mapping[CorrectedField, str]] = MappingProxyType(
    {
        "name-bn": "name",
        "name-en": "nameEn",
        "father-name": "father",
        "mother-name": "mother",
        "spouse-name": "spouse",
        "marital-status": "maritalStatus",
        "birth-date": "dateOfBirth",
        "blood-group": "bloodGroup",
        "address": "address",
        "other": "other",
    }
)


# What the EC answers


class FeeQuote(WireModel):
    """What an application costs: only the EC knows how often this NID number has applied before."""

    attempt: int = Field(ge=1)
    total: TakaAmount


class Standing(WireModel):
    """How an application stands; the answer to its filing says no more than the word."""

    status: str = Field(min_length=1)
    updated_at: DhakaMinute | None = Field(default=None, alias="updatedAt")
    remarks: str | None = None
    payment_status: str | None = Field(default=None, alias="paymentStatus")
    sequence: int | None = Field(default=None, ge=0)


class Filed(Standing):
    """An application that the EC holds."""

    reference: str = Field(alias="applicationId", pattern=r"^[A-Za-z0-9-]+$", max_length=40)
    """Goes into the path of what is asked next, so it is held to what a path takes."""


class AdviceTaken(WireModel):
    """What the EC says to a payment reference: ``PENDING`` until the payment has reached it."""

    status: str

    @property
    def confirmed(self) -> bool:
        """Whether the payment has reached it."""
        meaning = STATUSES.meaning_of(self.status)
        return meaning is not None and meaning.payment_confirmed is True


class WithdrawalAnswer(Standing):
    """How an application stands after somebody wanted it back."""

    withdrawn: bool


# What the EC is told


def day(value: date) -> str:
    """A day as the EC writes it."""
    return format_date(value, DateStyle.ISO)


def birth_date_of(request: ApplicationRequest) -> dict[str, str]:
    """The EC tells of an application to who knows the date of birth."""
    return {"dob": day(request.form_as(NidForm).birth_date)}


def to_fee_question(request: ApplicationRequest) -> dict[str, str]:
    """What the EC has to know to price an application. In the body: addresses are written to logs."""
    form = request.form
    question = {"type": TYPES[request.service], "delivery": _delivery(form)}
    if isinstance(form, CardForm):
        question["nid"] = number_of(form.nid, form.birth_date)
    if isinstance(form, CorrectionForm):
        question["fields"] = ",".join(FIELDS[change.field] for change in form.changes)
    return question


def to_application(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    form = request.form_as(NidForm)
    application: dict[str, Any] = {
        "type": TYPES[request.service],
        "dob": day(form.birth_date),
        "delivery": _delivery(form),
        "clientReference": client_reference,
        **to_additions(request),
    }
    match form:
        case CardForm():
            application["nid"] = number_of(form.nid, form.birth_date)
        case NewVoterForm():
            application["applicant"] = _person(form)
    if isinstance(form, PrintedCardForm):
        application["collection"] = form.collection.upper()
    return application


def to_additions(request: ApplicationRequest) -> dict[str, Any]:
    """What an application says and proves: all of it when it is filed, and again as corrected."""
    form = request.form
    changes = _new_voter_changes(form) if isinstance(form, NewVoterForm) else _changes(form)
    return {"changes": changes, "documents": hashes_of(request.documents)}


def to_payment(receipt: PaymentReceipt) -> dict[str, str]:
    """The payment as the EC is told of it; its reference is what makes a second telling harmless."""
    return {
        "reference": receipt.reference,
        "amount": receipt.amount.plain(),
        "paidAt": receipt.captured_at.isoformat(),
    }


def _delivery(form: object) -> str:
    return form.delivery.upper() if isinstance(form, PrintedCardForm) else "REGULAR"


def _changes(form: object) -> list[dict[str, str]]:
    match form:
        case CorrectionForm():
            return [{"field": FIELDS[change.field], "to": change.value} for change in form.changes]
        case MigrationForm():
            return [{"field": "voterArea", "to": _one_line(form.new_address)}]
        case CardRenewalForm():
            issued = [{"field": "issuedOn", "to": day(form.issued_on)}] if form.issued_on else []
            return [{"field": "card", "to": "RENEWAL"}, *issued]
        case ReissueForm(gd_reference=None):
            return [{"field": "card", "to": form.reason.upper()}]
        case ReissueForm():
            return [
                {"field": "card", "to": form.reason.upper()},
                {"field": "generalDiary", "to": str(form.gd_reference)},
            ]
        case _:
            return []


def _new_voter_changes(form: NewVoterForm) -> list[dict[str, str]]:
    """All that a new voter said, again: the EC has no card of theirs that could be compared."""
    return [{"field": field, "to": value} for field, value in _person(form).items() if value]


def _person(form: NewVoterForm) -> dict[str, str | None]:
    return {
        "birthRegistration": form.birth_registration.value,
        "name": form.name.bn,
        "nameEn": form.name.en,
        "father": form.father_name,
        "fatherNid": form.father_nid.value if form.father_nid else None,
        "mother": form.mother_name,
        "motherNid": form.mother_nid.value if form.mother_nid else None,
        "mobile": form.mobile.e164,
        "bloodGroup": form.blood_group,
        "presentAddress": _one_line(form.present_address),
        "permanentAddress": _one_line(form.permanent_address),
    }


def _one_line(address: HomeAddress) -> str:
    return ", ".join(
        (address.home, address.union_or_ward, address.upazila, address.district, address.division),
    )
