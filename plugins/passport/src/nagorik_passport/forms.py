"""What a citizen fills in for each service."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from nagorik import BirthRegistrationNumber, Form, Label, Nid
from nagorik_passport.data import TEXTS
from nagorik_passport.fields import (
    LONGEST_FULL_NAME,
    ApplicationNumber,
    Delivery,
    GivenName,
    MissionGroup,
    Pages,
    Place,
    ReissueReason,
    Staff,
    Surname,
    ValidityYears,
)
from nagorik_toolkit import (
    BirthDate,
    BirthRegistration,
    GeneralDiary,
    Line,
    Mobile,
    NidNumber,
    NidOfBirthYear,
    Passport,
    PostalAddress,
    is_birth_registration,
)


class VerificationForm(Form):
    """The passport that is asked about; the department answers only to who knows the date of birth."""

    passport_no: Passport
    birth_date: BirthDate


class PassportLookUpForm(Form):
    """An application that was filed elsewhere; the portal answers only to who knows the date of birth."""

    application_no: ApplicationNumber
    birth_date: BirthDate


class PassportStatusForm(PassportLookUpForm):
    """The application whose status is asked for."""


class AppointmentChangeForm(PassportLookUpForm):
    """The application whose appointment is to be changed."""


class ApplicationForm(Form):
    """What both kinds of application have."""

    birth_date: BirthDate
    given_name: GivenName | None = None
    surname: Surname
    nid: Annotated[
        NidOfBirthYear | None,
        Label(
            en="NID number",
            bn="এনআইডি নম্বর",
            help_en="Adults need it. Up to a certain age a birth registration will do. 10, 13 or 17 digits.",
            help_bn="প্রাপ্তবয়স্কদের লাগে; নির্দিষ্ট বয়স পর্যন্ত এর বদলে জন্ম নিবন্ধন নম্বর দেওয়া যায়। ১০, ১৩ বা ১৭ অঙ্ক।",
        ),
    ] = None
    birth_registration: Annotated[
        BirthRegistration | None,
        Label(
            en="Birth registration number",
            bn="জন্ম নিবন্ধন নম্বর",
            help_en="Children need it. The 17 digits on the online certificate in English.",
            help_bn="শিশু-কিশোরদের লাগে। অনলাইন জন্ম নিবন্ধন সনদের (ইংরেজি) ১৭ অঙ্কের নম্বর।",
        ),
    ] = None
    father_nid: Annotated[
        NidNumber | None,
        Label(
            en="Father's NID number",
            bn="পিতার এনআইডি নম্বর",
            help_en="For a child, give this or the mother's NID number.",
            help_bn="শিশু-কিশোর হলে এটি অথবা মাতার এনআইডি নম্বর দিন।",
        ),
    ] = None
    mother_nid: Annotated[
        NidNumber | None,
        Label(
            en="Mother's NID number",
            bn="মাতার এনআইডি নম্বর",
            help_en="For a child, give this or the father's NID number.",
            help_bn="শিশু-কিশোর হলে এটি অথবা পিতার এনআইডি নম্বর দিন।",
        ),
    ] = None
    pages: Pages
    validity_years: ValidityYears
    delivery: Delivery = "regular"
    staff: Staff = "none"
    place: Place = "bangladesh"
    office: Annotated[
        Line,
        Label(
            en="Passport office or mission",
            bn="পাসপোর্ট অফিস বা মিশন",
            help_en="The office for your present address. For super express, any office in Bangladesh.",
            help_bn="বর্তমান ঠিকানার অফিস। অতীব জরুরি হলে দেশের যেকোনো অফিস।",
        ),
    ]
    mission_group: MissionGroup = "general"
    mobile: Mobile
    present_address: Annotated[
        PostalAddress | None,
        Label(
            en="Present address",
            bn="বর্তমান ঠিকানা",
            help_en="In Bangladesh. If you apply at a mission, you can leave it blank.",
            help_bn="বাংলাদেশের ঠিকানা। মিশনে আবেদন করলে না দিলেও চলে।",
        ),
    ] = Field(default=None, validate_default=True)
    permanent_address: Annotated[
        PostalAddress,
        Label(
            en="Permanent address",
            bn="স্থায়ী ঠিকানা",
            help_en="As on the NID card or birth certificate.",
            help_bn="এনআইডি কার্ড বা জন্ম নিবন্ধন সনদে যেমন আছে।",
        ),
    ]

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
            raise TEXTS.problem("form.name-too-long", most=LONGEST_FULL_NAME)
        return surname

    @field_validator("birth_registration")
    @classmethod
    def _registration_is_of_the_birth_year(
        cls, number: BirthRegistrationNumber | None, info: ValidationInfo
    ) -> BirthRegistrationNumber | None:
        born = info.data.get("birth_date")
        if number is not None and born is not None and not number.consistent_with(born):
            raise TEXTS.problem("form.registration-year")
        nid = info.data.get("nid")
        if nid is not None and is_birth_registration(nid, number):
            raise TEXTS.problem("form.same-as-nid")
        return number

    @field_validator("father_nid", "mother_nid")
    @classmethod
    def _is_no_birth_registration(cls, nid: Nid | None, info: ValidationInfo) -> Nid | None:
        if nid is not None and is_birth_registration(nid, info.data.get("birth_registration")):
            raise TEXTS.problem("form.is-birth-registration")
        return nid

    @field_validator("present_address")
    @classmethod
    def _office_follows_from_an_address(
        cls, address: PostalAddress | None, info: ValidationInfo
    ) -> PostalAddress | None:
        if address is None and info.data.get("place") == "bangladesh":
            raise TEXTS.problem("form.address-needed")
        return address


class NewPassportForm(ApplicationForm):
    """A first passport."""

    had_passport: Annotated[
        bool,
        Label(
            en="Have you had a passport before?",
            bn="আগে কি আপনার পাসপোর্ট ছিল?",
            help_en="Of any kind, even one that has expired or was lost. If so, you need a reissue.",
            help_bn="যেকোনো ধরনের, মেয়াদোত্তীর্ণ বা হারানো হলেও। থাকলে রি-ইস্যু করতে হয়।",
        ),
    ]


class ReissueForm(ApplicationForm):
    """A passport after an earlier one."""

    previous_passport: Annotated[
        Passport,
        Label(
            en="Number of the earlier passport",
            bn="আগের পাসপোর্টের নম্বর",
            help_en="As on its photo page. Show the earlier passport at the office unless it is lost.",
            help_bn="ছবিযুক্ত পাতায় যেমন আছে। হারিয়ে না গেলে আগের পাসপোর্টটি অফিসে দেখাতে হবে।",
        ),
    ]
    reason: ReissueReason
    gd_reference: Annotated[
        GeneralDiary | None,
        # Not a number alone: GD numbers are unique only within a police station and a period.
        Label(
            en="General diary (GD)",
            bn="সাধারণ ডায়েরি (জিডি)",
            help_en="For a lost passport: its number and date, and the police station. Bring the original.",
            help_bn="পাসপোর্ট হারালে: জিডির নম্বর ও তারিখ এবং থানার নাম। মূল কপি সঙ্গে আনুন।",
        ),
    ] = Field(default=None, validate_default=True)
    permanent_address_changed: Annotated[
        bool,
        Label(
            en="Has the permanent address changed?",
            bn="স্থায়ী ঠিকানা কি বদলেছে?",
            help_en="Since the earlier passport. You can use super express only if it has not changed.",
            help_bn="আগের পাসপোর্টের পর। ঠিকানা বদলালে অতীব জরুরি সেবা পাওয়া যায় না।",
        ),
    ]

    @field_validator("gd_reference")
    @classmethod
    def _lost_passport_has_a_gd(cls, gd_reference: str | None, info: ValidationInfo) -> str | None:
        if gd_reference is None and info.data.get("reason") == "lost":
            raise TEXTS.problem("form.gd-needed")
        return gd_reference
