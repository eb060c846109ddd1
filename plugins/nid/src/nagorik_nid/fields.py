"""The fields that the forms share: what a citizen writes, brought to one form, with its label in both languages."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationInfo, field_validator

from nagorik.bangladesh import (
    Area,
    BirthRegistrationNumber,
    DateStyle,
    MobileNumber,
    NationalDataError,
    Nid,
    find_district,
    find_division,
    looks_replaced,
    normalise,
    parse_date,
)
from nagorik.bangladesh.text import has_control_characters
from nagorik.forms import Label
from nagorik.privacy import Form
from nagorik_nid.texts import problem


def read_day(value: object) -> object:
    """A day as the EC writes it, YYYY-MM-DD, in Bangla or ASCII digits; never a time stamp or a number."""
    if type(value) is date:
        return value
    try:
        return parse_date(value, DateStyle.ISO)
    except NationalDataError as error:
        raise error.for_pydantic() from None


def _whole_text(value: str) -> str:
    try:
        text = normalise(value)
    except NationalDataError as error:
        raise error.for_pydantic() from None
    if not text or looks_replaced(text) or has_control_characters(text):
        raise problem("nid.text-unreadable")
    return text


def check_area(find: Callable[[str], Area], name: str) -> str:
    """``name`` as it was written, if it is an area's; how the EC itself spells it is not known."""
    try:
        find(name)
    except NationalDataError as error:
        raise error.for_pydantic() from None
    return name


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_whole_text)]

BirthDate = Annotated[
    date,
    BeforeValidator(read_day),
    Label(
        en="Date of birth",
        bn="জন্মতারিখ",
        help_en="As on the card or birth certificate: year-month-day, such as 1990-01-31.",
        help_bn="কার্ড বা জন্ম সনদে যেমন আছে: বছর-মাস-দিন, যেমন ১৯৯০-০১-৩১।",
    ),
]
NidNumber = Annotated[
    Nid,
    Label(
        en="NID number",
        bn="এনআইডি নম্বর",
        help_en="10 digits on a smart card, 13 or 17 on a laminated one. Not the birth registration number.",
        help_bn="স্মার্ট কার্ডে ১০ অঙ্ক, লেমিনেটেড কার্ডে ১৩ বা ১৭ অঙ্ক। জন্ম নিবন্ধন নম্বর নয়।",
    ),
]
BirthRegistration = Annotated[
    BirthRegistrationNumber,
    Label(
        en="Birth registration number",
        bn="জন্ম নিবন্ধন নম্বর",
        help_en="The 17 digits on the birth certificate.",
        help_bn="জন্ম নিবন্ধন সনদের ১৭ অঙ্কের নম্বর।",
    ),
]
NAME: Final = Label(
    en="Name",
    bn="নাম",
    help_en="Letter for letter as on the card or birth certificate, without titles.",
    help_bn="কার্ড বা জন্ম সনদে যেমন আছে হুবহু তেমন, কোনো উপাধি ছাড়া।",
)
FATHER: Final = Label(
    en="Father's name",
    bn="পিতার নাম",
    help_en="As on the card or certificate.",
    help_bn="কার্ড বা সনদে যেমন আছে।",
)
MOTHER: Final = Label(
    en="Mother's name",
    bn="মাতার নাম",
    help_en="As on the card or certificate.",
    help_bn="কার্ড বা সনদে যেমন আছে।",
)
SPOUSE: Final = Label(
    en="Husband's or wife's name",
    bn="স্বামী বা স্ত্রীর নাম",
    help_en="As on the card.",
    help_bn="কার্ডে যেমন আছে।",
)
Mobile = Annotated[
    MobileNumber,
    Label(
        en="Mobile number",
        bn="মোবাইল নম্বর",
        help_en="Where the Election Commission sends its messages.",
        help_bn="নির্বাচন কমিশন এই নম্বরে বার্তা পাঠাবে।",
    ),
]
BloodGroup = Literal["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]
Delivery = Annotated[
    Literal["regular", "urgent"],
    Label(
        en="Delivery",
        bn="সরবরাহের ধরন",
        help_en="Urgent costs more; how many days either takes is published nowhere.",
        help_bn="জরুরি হলে ফি বেশি; কোনটিতে কত দিন লাগে তা কোথাও প্রকাশিত নেই।",
    ),
]


class Address(Form):
    """An area, down to the upazila or thana."""

    division: Annotated[
        Line,
        Label(
            en="Division",
            bn="বিভাগ",
            help_en="In Bangla or English.",
            help_bn="বাংলা বা ইংরেজিতে।",
        ),
    ]
    district: Annotated[
        Line,
        Label(
            en="District",
            bn="জেলা",
            help_en="In Bangla or English; it must lie in the division.",
            help_bn="বাংলা বা ইংরেজিতে; জেলাটি ওই বিভাগের হতে হবে।",
        ),
    ]
    # Not looked up: the geographical data know no metropolitan thanas, which are on the EC's list.
    upazila: Annotated[
        Line,
        Label(
            en="Upazila or thana",
            bn="উপজেলা বা থানা",
            help_en="In a city, the thana.",
            help_bn="শহরে হলে থানার নাম।",
        ),
    ]

    @field_validator("division")
    @classmethod
    def _division_exists(cls, division: str) -> str:
        return check_area(find_division, division)

    @field_validator("district")
    @classmethod
    def _district_lies_in_division(cls, district: str, info: ValidationInfo) -> str:
        division = info.data.get("division")
        within = find_division(division) if division else None
        return check_area(lambda name: find_district(name, division=within), district)


class HomeAddress(Address):
    """An address that a voter area can be found by."""

    union_or_ward: Annotated[
        Line,
        Label(
            en="Union or ward",
            bn="ইউনিয়ন বা ওয়ার্ড",
            help_en="In a municipality or city, the ward number.",
            help_bn="পৌরসভা বা সিটি করপোরেশন হলে ওয়ার্ড নম্বর।",
        ),
    ]
    home: Annotated[
        Line,
        Label(
            en="Village or road, and house",
            bn="গ্রাম বা রাস্তা এবং বাসা",
            help_en="As on the utility bill or holding-tax receipt.",
            help_bn="ইউটিলিটি বিল বা হোল্ডিং ট্যাক্সের রসিদে যেমন আছে।",
        ),
    ]
