"""The EC's partner service, from its own document: how to log in, what its errors say, and the verification.

The document's samples have stray blanks around keys and values, a ``verified`` that is now a boolean and now a
string, and errors without a message; what is read here is made for that. The photograph, the 17-digit ``pin`` and the
number that a verification answers with are not even read: the citizen gave the number, and the photograph's address
is good for 120 seconds only.
"""

from typing import Any, Final

from pydantic import Field, model_validator

from nagorik import (
    AgencyHttp,
    AgencyRejected,
    AgencyResponse,
    Clock,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    InputRejected,
    NagorikError,
    Text,
    Token,
    WireModel,
)
from nagorik_nid.data import DATA
from nagorik_nid.forms import VerificationForm
from nagorik_nid.settings import NidSettings
from nagorik_toolkit import Address, filled, number_of

TOKEN_SECONDS: Final = 12 * 60 * 60
"""How long a token is good for, says the document, which forbids to log in for each call."""

FORM_FIELDS: Final = {
    "nid10Digit": "/form/nid",
    "nid17Digit": "/form/nid",
    "dateOfBirth": "/form/birth_date",
    "nameEn": "/form/name/en",
    "name": "/form/name/bn",
    "father": "/form/father_name",
    "mother": "/form/mother_name",
    "spouse": "/form/spouse_name",
    "permanentAddress": "/form/permanent_address",
    "presentAddress": "/form/present_address",
    "documents": "/documents",
}
"""Where the citizen filled in what the EC calls by these names."""

RECORD_FIELDS: Final = frozenset(
    {"dateOfBirth", "nameEn", "name", "father", "mother", "spouse", "permanentAddress", "presentAddress"}
)
"""What can be held against the EC's records; the sentences name these alone."""


class PartnerModel(WireModel):
    """Base of the answers: the blanks around their keys and values are taken off."""

    @model_validator(mode="before")
    @classmethod
    def _without_stray_blanks(cls, document: object) -> object:
        return trimmed(document)


class _Session(PartnerModel):
    access_token: str = Field(min_length=1)


class _SessionData(PartnerModel):
    data: _Session


class LoginAnswer(PartnerModel):
    """What a login brings."""

    success: _SessionData


class _Evidence(PartnerModel):
    request_id: str = Field(alias="requestId", pattern=r"^[A-Za-z0-9-]+$", max_length=64)


class _EvidenceData(PartnerModel):
    data: _Evidence


class Verification(PartnerModel):
    """What the EC says to a verification, a mismatch included."""

    verified: bool
    success: _EvidenceData | None = None
    results: dict[str, bool | dict[str, bool]] = Field(default_factory=dict, alias="fieldVerificationResult")

    @property
    def differing(self) -> tuple[str, ...]:
        """The EC's names of the fields that do not agree."""
        return tuple(
            name
            for name, same in self.results.items()
            if not (all(same.values()) if isinstance(same, dict) else same)
        )


async def login(http: AgencyHttp, settings: NidSettings, _clock: Clock) -> Token:
    """A token for all calls of the next hours."""
    answer = await http.read(
        "login",
        "POST",
        f"{settings.partner_service}/auth/login",
        json={"username": settings.username.get_secret_value(), "password": settings.password.get_secret_value()},
        expect=LoginAnswer,
    )
    return Token(answer.success.data.access_token, expires_in=TOKEN_SECONDS)


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """The EC's own errors, as far as its document explains them."""
    document = trimmed(answer.document)
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    field, told = str(error.get("field")), (error.get("field"), error.get("message"))
    match answer.status:
        case status if status < 300:  # noqa: PLR2004 - a success with an error in it says neither
            return ContractViolation("error-with-success-status")
        case 400 if field in FORM_FIELDS:
            return InputRejected([DATA.texts.field_problem(FORM_FIELDS[field], "nid.field-refused")])
        case 401 if "Access is denied" in told:
            # What every call answers once the password has expired. The document names no other cause; a token that
            # is merely old is replaced before this reaches anybody.
            return CredentialsRejected(CredentialProblem.EXPIRED)
        case 403 if "SLA is not Assigned" in told:
            return CredentialsRejected(CredentialProblem.NOT_PERMITTED)
        case 403 if any(str(part).startswith("Voter is locked") for part in told):
            return AgencyRejected("nid.locked", reason=DATA.texts.text("nid.locked"))
    return None


def to_verification(form: VerificationForm) -> dict[str, Any]:
    """What is to be held against the EC's records: nothing that was not filled in."""
    smart = form.nid.kind == "smart"
    number = number_of(form.nid, form.birth_date)
    given = {
        "dateOfBirth": form.birth_date.isoformat(),
        "nameEn": form.name.en if form.name else None,
        "name": form.name.bn if form.name else None,
        "father": form.father_name,
        "mother": form.mother_name,
        "spouse": form.spouse_name,
        "permanentAddress": _address(form.permanent_address),
        "presentAddress": _address(form.present_address),
    }
    return {
        "identify": {"nid10Digit": number if smart else None, "nid17Digit": None if smart else number},
        "verify": filled(given),
    }


def mismatch(answer: Verification) -> Text:
    """Which fields do not agree, by name only."""
    names = [DATA.texts.text(f"field.{name}") for name in answer.differing if name in RECORD_FIELDS]
    if not names:
        return DATA.texts.text("nid.mismatch-unnamed")
    listed = Text(bn=", ".join(name.bn for name in names), en=", ".join(name.en for name in names))
    return DATA.texts.text("nid.mismatch", fields=listed)


def trimmed(document: object) -> object:
    """``document`` without blanks around its keys and texts."""
    match document:
        case str():
            return document.strip()
        case dict():
            return {str(key).strip(): trimmed(value) for key, value in document.items()}
        case list():
            return [trimmed(part) for part in document]
        case _:
            return document


def _address(address: Address | None) -> dict[str, str] | None:
    if address is None:
        return None
    return {"division": address.division, "district": address.district, "upozila": address.upazila}
