"""What a citizen fills in for each service; labels and options are in ``forms.toml``."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator

from nagorik import (
    BirthRegistrationNumber as Brn,
    Nid,
    PersonName,
    has_bangla_letters,
    has_latin_letters,
    to_ascii_digits,
)
from nagorik_nid.data import DATA
from nagorik_toolkit import (
    Address,
    BirthDate,
    BirthRegistration,
    FatherName,
    FormDay,
    GeneralDiary,
    LabelledForm,
    Line,
    Mobile,
    MotherName,
    Name,
    NidOfBirthYear,
    OneLine,
    SpouseName,
    check_birth_date,
    day_by_hand,
    is_birth_registration,
)

_FORM_NUMBER: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9-]+")


def _form_number(written: str) -> str:
    """A form number without blanks, its digits in ASCII. No more of its shape is known."""
    number = to_ascii_digits(written).replace(" ", "")
    if not _FORM_NUMBER.fullmatch(number):
        raise DATA.texts.problem("nid.form-number")
    return number


FormNumber = Annotated[str, OneLine(40), AfterValidator(_form_number)]
"""The number of a form that was filled in anywhere; letters, digits and hyphens, at least one of them a digit."""
BloodGroup = Literal["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]
Delivery = Literal["regular", "urgent"]
CardCollection = Literal["download", "office"]
CorrectedField = Literal[
    "name-bn",
    "name-en",
    "father-name",
    "mother-name",
    "spouse-name",
    "marital-status",
    "birth-date",
    "blood-group",
    "address",
    "other",
]
"""The kinds of correction that the NIDW's site names, the person's own name in each of its languages."""


class HomeAddress(Address, LabelledForm):
    """An address that a voter area can be found by."""

    union_or_ward: Line
    home: Line


class NidForm(LabelledForm):
    """What every form of the EC has: it answers about an application only to who knows the date of birth."""

    birth_date: BirthDate


class CardForm(NidForm):
    """A form about a card that exists."""

    nid: NidOfBirthYear


class VerificationForm(CardForm):
    """What is held against the EC's records; only what is filled in is compared."""

    name: Name | None = None
    father_name: FatherName | None = None
    mother_name: MotherName | None = None
    spouse_name: SpouseName | None = None
    permanent_address: Address | None = None
    present_address: Address | None = None


class NidApplicationStatusForm(NidForm):
    """An application that was filed anywhere: at an office, on the EC's site, by another centre."""

    form_number: FormNumber


class SmartCardStatusForm(NidForm):
    """Whose smart card is asked about: by either number or both, of which the EC takes the NID number."""

    nid: NidOfBirthYear | None = None
    form_number: FormNumber | None = Field(default=None, validate_default=True)

    @field_validator("form_number")
    @classmethod
    def _has_one_of_the_numbers(cls, form_number: str | None, info: ValidationInfo) -> str | None:
        # An NID number that was refused is not among the data, and has its own complaint.
        if form_number is None and info.data.get("nid", "refused") is None:
            raise DATA.texts.problem("nid.number-needed")
        return form_number


class NewVoterForm(NidForm):
    """A citizen who has no NID number yet. What has to be shown at the office follows unconfirmed lists."""

    birth_registration: BirthRegistration
    name: Name
    father_name: FatherName
    mother_name: MotherName
    father_nid: Nid | None = None
    mother_nid: Nid | None = None
    mobile: Mobile
    present_address: HomeAddress
    permanent_address: HomeAddress
    blood_group: BloodGroup | None = None

    @field_validator("birth_registration")
    @classmethod
    def _is_of_the_birth_year(cls, number: Brn, info: ValidationInfo) -> Brn:
        born = info.data.get("birth_date")
        if born is not None and not number.consistent_with(born):
            raise DATA.texts.problem("nid.brn-year-mismatch")
        return number

    @field_validator("father_nid", "mother_nid")
    @classmethod
    def _is_no_birth_registration(cls, nid: Nid | None, info: ValidationInfo) -> Nid | None:
        if nid is not None and is_birth_registration(nid, info.data.get("birth_registration")):
            raise DATA.texts.problem("nid.is-birth-registration")
        return nid

    @field_validator("name")
    @classmethod
    def _is_in_both_languages(cls, name: PersonName) -> PersonName:
        if name.bn is None or name.en is None:
            raise DATA.texts.problem("nid.name-in-both")
        return name

    def wire_value(self, field: str, day: Callable[[date], str] = date.isoformat) -> JsonValue:
        """The name in both languages. A parent's number is of another year, so it goes as it is; so does a group."""
        match getattr(self, field):
            case PersonName() as name:
                return {"bn": name.bn, "en": name.en}
            case Nid() as parents:
                return parents.value
        return self.blood_group if field == "blood_group" else super().wire_value(field, day)


class Change(LabelledForm):
    """One thing to correct."""

    field: CorrectedField
    value: Line

    @field_validator("value")
    @classmethod
    def _fits_the_field(cls, value: str, info: ValidationInfo) -> str:
        """What the EC would refuse after the fee is paid is refused before."""
        match info.data.get("field"):
            case "birth-date":
                return str(check_birth_date(day_by_hand(value)))
            case "blood-group":
                return _blood_group(value)
            case "name-bn":
                return _name_in(value, bangla=True)
            case "name-en":
                return _name_in(value, bangla=False)
            case "father-name" | "mother-name" | "spouse-name":
                return _name_in(value, bangla=has_bangla_letters(value))
            case _:
                return value


def _blood_group(written: str) -> str:
    group = written.upper().replace(" ", "").removesuffix("VE")
    if group not in get_args(BloodGroup):
        raise DATA.texts.problem("nid.blood-group")
    return group


def _name_in(written: str, *, bangla: bool) -> str:
    """A name in one script, without digits in its words; a number that is a word of its own is let through."""
    numbered = any(not word.isdigit() and any(sign.isdigit() for sign in word) for word in written.split())
    if numbered or not (has_bangla_letters(written) or has_latin_letters(written)):
        raise DATA.texts.problem("nid.name-letters")
    # The checks of a whole name, which a name of one's own passes too; constructed, since a line is clean already.
    name = PersonName.model_construct(bn=written) if bangla else PersonName.model_construct(en=written)
    name.check_whole()
    return written


class CorrectionForm(CardForm):
    """What the card or its record should say."""

    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=10)]

    @field_validator("changes")
    @classmethod
    def _each_thing_once(cls, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        corrected = [change.field for change in changes if change.field != "other"]
        if len(corrected) != len(set(corrected)):
            raise DATA.texts.problem("nid.corrected-twice")
        return changes


class ReissueForm(CardForm):
    """A card that has to be printed again."""

    reason: Literal["lost", "damaged"]
    gd_reference: GeneralDiary | None = None
    delivery: Delivery = "regular"
    collection: CardCollection = "download"


class CardRenewalForm(CardForm):
    """A card whose years are over, or will be."""

    issued_on: FormDay | None = None
    delivery: Delivery = "regular"
    collection: CardCollection = "download"


class MigrationForm(CardForm):
    """A voter who has moved (Form 13)."""

    new_address: HomeAddress
