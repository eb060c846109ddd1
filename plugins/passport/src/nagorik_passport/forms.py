"""The forms of the passport services; their labels and options are in ``forms.toml``."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from nagorik import (
    BirthRegistrationNumber,
    NationalDataError,
    Nid,
    has_bangla_letters,
    has_latin_letters,
    to_ascii_digits,
)
from nagorik_passport.data import DATA
from nagorik_toolkit import (
    BirthDate,
    BirthRegistration,
    GeneralDiary,
    LabelledForm,
    Line,
    Mobile,
    NidNumber,
    NidOfBirthYear,
    Passport,
    PostalAddress,
    is_birth_registration,
)

LONGEST_FULL_NAME: Final = 200
"""Letters of a whole name, with the blank in it: as many as a ``PersonName`` holds, which it is compared with."""
TITLES: Final = frozenset({"dr", "engr", "late"})
"""Forbidden in a passport's names: docs/reference/agencies.md#passport-conditions."""
_WORD: Final = r"(?:[^\W\d_](?:[^\W\d_]|[.'\u2019-])*|[0-9]+)"
_SIGNS: Final = re.compile(rf"{_WORD}(?: {_WORD})*")
"""Words of letters. A number that is a word of its own is let through: what the department does with one is published
nowhere. One within a word is a slip of the hand."""
_APPLICATION_NUMBER: Final = re.compile(r"OID[0-9]{4,20}|[0-9]{4}-[0-9]{6,12}")
"""An Online Registration ID, or an Application ID, whose shape is unverified: its length is taken wide."""
_BETWEEN_WORDS: Final = re.compile(r"[ .]+")


def _name(written: str) -> str:
    if has_bangla_letters(written) or not has_latin_letters(written):
        raise NationalDataError("name.en-script")
    if not _SIGNS.fullmatch(written):
        raise DATA.texts.problem("form.name-signs")
    if any(word.casefold() in TITLES for word in _BETWEEN_WORDS.split(written)):
        raise DATA.texts.problem("form.no-titles")
    return written


def _application_number(written: str) -> str:
    number = "".join(to_ascii_digits(written).split()).upper()
    if not _APPLICATION_NUMBER.fullmatch(number):
        raise DATA.texts.problem("form.application-number")
    return number


def _whole(written: object) -> object:
    digits = to_ascii_digits(written).strip() if isinstance(written, str) else ""
    return int(digits) if digits in {"48", "64", "5", "10"} else written


NameInEnglish = Annotated[Line, AfterValidator(_name)]


class VerificationForm(LabelledForm):
    """The passport that is asked about; the department answers only to who knows the date of birth."""

    passport_no: Passport
    birth_date: BirthDate


class PassportLookUpForm(LabelledForm):
    """An application that was filed elsewhere; the portal answers only to who knows the date of birth."""

    application_no: Annotated[Line, AfterValidator(_application_number)]
    birth_date: BirthDate


class PassportStatusForm(PassportLookUpForm):
    """The application whose status is asked for."""


class AppointmentChangeForm(PassportLookUpForm):
    """The application whose appointment is to be changed."""


class ApplicationForm(LabelledForm):
    """What both kinds of application have."""

    birth_date: BirthDate
    given_name: NameInEnglish | None = None
    surname: NameInEnglish
    nid: NidOfBirthYear | None = None
    birth_registration: BirthRegistration | None = None
    father_nid: NidNumber | None = None
    mother_nid: NidNumber | None = None
    pages: Annotated[Literal[48, 64], BeforeValidator(_whole)]
    validity_years: Annotated[Literal[5, 10], BeforeValidator(_whole)]
    delivery: Literal["regular", "express", "super-express"] = "regular"
    staff: Literal["none", "noc-prl"] = "none"
    place: Literal["bangladesh", "mission"] = "bangladesh"
    office: Line
    mission_group: Literal["general", "worker-or-student"] = "general"
    mobile: Mobile
    present_address: PostalAddress | None = Field(default=None, validate_default=True)
    permanent_address: PostalAddress

    @property
    def full_name(self) -> str:
        """The name that the passport, and the challan, has to show."""
        return " ".join(filter(None, (self.given_name, self.surname)))

    @field_validator("surname")
    @classmethod
    def _whole_name_can_be_compared(cls, surname: str, info: ValidationInfo) -> str:
        """The challan's name is compared with the whole, which has room for as much as anybody's name."""
        whole = " ".join(filter(None, (info.data.get("given_name"), surname)))
        if len(whole) > LONGEST_FULL_NAME:
            raise DATA.texts.problem("form.name-too-long", most=LONGEST_FULL_NAME)
        return surname

    @field_validator("birth_registration")
    @classmethod
    def _registration_is_of_the_birth_year(
        cls, number: BirthRegistrationNumber | None, info: ValidationInfo
    ) -> BirthRegistrationNumber | None:
        born = info.data.get("birth_date")
        if number is not None and born is not None and not number.consistent_with(born):
            raise DATA.texts.problem("form.registration-year")
        nid = info.data.get("nid")
        if nid is not None and is_birth_registration(nid, number):
            raise DATA.texts.problem("form.same-as-nid")
        return number

    @field_validator("father_nid", "mother_nid")
    @classmethod
    def _is_no_birth_registration(cls, nid: Nid | None, info: ValidationInfo) -> Nid | None:
        if nid is not None and is_birth_registration(nid, info.data.get("birth_registration")):
            raise DATA.texts.problem("form.is-birth-registration")
        return nid

    @field_validator("present_address")
    @classmethod
    def _office_follows_from_an_address(
        cls, address: PostalAddress | None, info: ValidationInfo
    ) -> PostalAddress | None:
        if address is None and info.data.get("place") == "bangladesh":
            raise DATA.texts.problem("form.address-needed")
        return address


class NewPassportForm(ApplicationForm):
    """A first passport."""

    had_passport: bool


class ReissueForm(ApplicationForm):
    """A passport after an earlier one."""

    previous_passport: Passport
    reason: Literal["expired", "full", "damaged", "lost", "data-changed"]
    gd_reference: GeneralDiary | None = Field(default=None, validate_default=True)
    permanent_address_changed: bool

    @field_validator("gd_reference")
    @classmethod
    def _lost_passport_has_a_gd(cls, gd_reference: str | None, info: ValidationInfo) -> str | None:
        if gd_reference is None and info.data.get("reason") == "lost":
            raise DATA.texts.problem("form.gd-needed")
        return gd_reference
