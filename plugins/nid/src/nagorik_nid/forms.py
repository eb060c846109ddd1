"""What a citizen fills in for each service."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik import (
    BirthRegistrationNumber as Brn,
    Choices,
    Form,
    Label,
    Nid,
    PersonName,
    Text,
    has_bangla_letters,
    has_latin_letters,
)
from nagorik_nid.data import TEXTS
from nagorik_nid.fields import BLOOD_GROUPS, BloodGroup, Collection, Delivery, FormNumber, HomeAddress, WhatIsWrong
from nagorik_toolkit import (
    Address,
    BirthDate,
    BirthRegistration,
    FatherName,
    FormDay,
    GeneralDiary,
    Line,
    Mobile,
    MotherName,
    Name,
    NidOfBirthYear,
    SpouseName,
    check_birth_date,
    day_by_hand,
    is_birth_registration,
)


class NidForm(Form):
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
    permanent_address: Annotated[
        Address | None,
        Label(
            en="Permanent address",
            bn="স্থায়ী ঠিকানা",
            help_en="As in the voter's record.",
            help_bn="ভোটার তথ্যে যেমন আছে।",
        ),
    ] = None
    present_address: Annotated[
        Address | None,
        Label(
            en="Present address",
            bn="বর্তমান ঠিকানা",
            help_en="As in the voter's record.",
            help_bn="ভোটার তথ্যে যেমন আছে।",
        ),
    ] = None


class NidApplicationStatusForm(NidForm):
    """An application that was filed anywhere: at an office, on the EC's site, by another centre."""

    form_number: FormNumber


class SmartCardStatusForm(NidForm):
    """Whose smart card is asked about: by either number or both, of which the EC takes the NID number."""

    nid: NidOfBirthYear | None = None
    form_number: Annotated[
        FormNumber | None,
        Label(
            en="Form number",
            bn="ফরম নম্বর",
            help_en="Only if you have no NID number yet: as on the slip that you got when you applied.",
            help_bn="এনআইডি নম্বর এখনো না থাকলে: আবেদনের সময় পাওয়া স্লিপে যেমন আছে।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("form_number")
    @classmethod
    def _has_one_of_the_numbers(cls, form_number: str | None, info: ValidationInfo) -> str | None:
        # An NID number that was refused is not among the data, and has its own complaint.
        if form_number is None and info.data.get("nid", "refused") is None:
            raise TEXTS.problem("nid.number-needed")
        return form_number


class NewVoterForm(NidForm):
    """A citizen who has no NID number yet. What has to be shown at the office follows unconfirmed lists."""

    birth_registration: BirthRegistration
    name: Name
    father_name: FatherName
    mother_name: MotherName
    father_nid: Annotated[
        Nid | None,
        Label(
            en="Father's NID number",
            bn="পিতার এনআইডি নম্বর",
            help_en="Leave it blank if there is none.",
            help_bn="না থাকলে খালি রাখুন।",
        ),
    ] = None
    mother_nid: Annotated[
        Nid | None,
        Label(
            en="Mother's NID number",
            bn="মাতার এনআইডি নম্বর",
            help_en="Leave it blank if there is none.",
            help_bn="না থাকলে খালি রাখুন।",
        ),
    ] = None
    mobile: Mobile
    present_address: Annotated[
        HomeAddress,
        Label(
            en="Present address",
            bn="বর্তমান ঠিকানা",
            help_en="You will be a voter of this area.",
            help_bn="আপনি এই এলাকার ভোটার হবেন।",
        ),
    ]
    permanent_address: Annotated[
        HomeAddress,
        Label(
            en="Permanent address",
            bn="স্থায়ী ঠিকানা",
            help_en="Your permanent home.",
            help_bn="যেখানে আপনার স্থায়ী বাড়ি।",
        ),
    ]
    blood_group: Annotated[
        BloodGroup | None,
        Label(
            en="Blood group",
            bn="রক্তের গ্রুপ",
            help_en="From a blood test report. Leave it blank if you have none.",
            help_bn="রক্ত পরীক্ষার রিপোর্ট দেখে লিখুন; না থাকলে খালি রাখুন।",
        ),
    ] = None

    @field_validator("birth_registration")
    @classmethod
    def _is_of_the_birth_year(cls, number: Brn, info: ValidationInfo) -> Brn:
        born = info.data.get("birth_date")
        if born is not None and not number.consistent_with(born):
            raise TEXTS.problem("nid.brn-year-mismatch")
        return number

    @field_validator("father_nid", "mother_nid")
    @classmethod
    def _is_no_birth_registration(cls, nid: Nid | None, info: ValidationInfo) -> Nid | None:
        if nid is not None and is_birth_registration(nid, info.data.get("birth_registration")):
            raise TEXTS.problem("nid.is-birth-registration")
        return nid

    @field_validator("name")
    @classmethod
    def _is_in_both_languages(cls, name: PersonName) -> PersonName:
        if name.bn is None or name.en is None:
            raise TEXTS.problem("nid.name-in-both")
        return name


class Change(Form):
    """One thing to correct."""

    field: WhatIsWrong
    value: Annotated[
        Line,
        Label(
            en="What it should be",
            bn="সঠিক তথ্য",
            help_en="Exactly as in your papers; a date such as 31/01/1990.",
            help_bn="কাগজপত্রে যেমন আছে হুবহু তেমন; তারিখ হলে যেমন ৩১/০১/১৯৯০।",
        ),
    ]

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
    if group not in BLOOD_GROUPS:
        raise TEXTS.problem("nid.blood-group")
    return group


def _name_in(written: str, *, bangla: bool) -> str:
    """A name in one script, without digits in its words; a number that is a word of its own is let through."""
    numbered = any(not word.isdigit() and any(sign.isdigit() for sign in word) for word in written.split())
    if numbered or not (has_bangla_letters(written) or has_latin_letters(written)):
        raise TEXTS.problem("nid.name-letters")
    # The checks of a whole name, which a name of one's own passes too; constructed, since a line is clean already.
    name = PersonName.model_construct(bn=written) if bangla else PersonName.model_construct(en=written)
    name.check_whole()
    return written


class CorrectionForm(CardForm):
    """What the card or its record should say."""

    changes: Annotated[
        tuple[Change, ...],
        Field(min_length=1, max_length=10),
        Label(
            en="Corrections",
            bn="সংশোধন",
            help_en="List everything that is wrong now: each later application costs more.",
            help_bn="সব ভুল একবারেই লিখুন; পরে আবার আবেদন করলে ফি বেশি লাগবে।",
        ),
    ]

    @field_validator("changes")
    @classmethod
    def _each_thing_once(cls, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        corrected = [change.field for change in changes if change.field != "other"]
        if len(corrected) != len(set(corrected)):
            raise TEXTS.problem("nid.corrected-twice")
        return changes


class ReissueForm(CardForm):
    """A card that has to be printed again."""

    reason: Annotated[
        Literal["lost", "damaged"],
        Choices(
            {
                "lost": Text(en="Lost", bn="হারিয়ে গেছে"),
                "damaged": Text(en="Damaged", bn="নষ্ট হয়েছে"),
            }
        ),
        Label(
            en="Reason",
            bn="কারণ",
            help_en="Lost, or damaged.",
            help_bn="হারিয়ে গেছে, অথবা নষ্ট হয়েছে।",
        ),
    ]
    gd_reference: Annotated[
        # Not demanded of a lost card since September 2025: see the conditions in docs/reference/agencies.md.
        GeneralDiary | None,
        # Not a number alone: GD numbers are unique only within a police station and a period.
        Label(
            en="General diary (GD)",
            bn="সাধারণ ডায়েরি (জিডি)",
            help_en="Not required. If you have one: its number and date, and the police station.",
            help_bn="আবশ্যক নয়। করে থাকলে জিডির নম্বর ও তারিখ এবং থানার নাম লিখুন।",
        ),
    ] = None
    delivery: Delivery = "regular"
    collection: Collection = "download"


class CardRenewalForm(CardForm):
    """A card whose years are over, or will be."""

    issued_on: Annotated[
        FormDay | None,
        Label(
            en="Date of issue",
            bn="কার্ড দেওয়ার তারিখ",
            help_en="As on the card. Leave it blank if you cannot read it.",
            help_bn="কার্ডে যেমন আছে। পড়া না গেলে খালি রাখুন।",
        ),
    ] = None
    delivery: Delivery = "regular"
    collection: Collection = "download"


PrintedCardForm = ReissueForm | CardRenewalForm
"""What has a card printed, so that it has a delivery and is collected."""


class MigrationForm(CardForm):
    """A voter who has moved (Form 13)."""

    new_address: Annotated[
        HomeAddress,
        Label(
            en="New address",
            bn="নতুন ঠিকানা",
            help_en="You will be a voter of this area.",
            help_bn="আপনি এই এলাকার ভোটার হবেন।",
        ),
    ]


def nid_of(form: Form | None) -> Nid | None:
    """The NID number that a form is about; ``None`` where it names none, or there is no form."""
    return form.nid if isinstance(form, CardForm | SmartCardStatusForm) else None
