"""The fields that are the EC's own; those that most agencies have are in ``nagorik_toolkit.fields``."""

import re
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator

from nagorik import Choices, Label, Text, to_ascii_digits
from nagorik_nid.data import TEXTS
from nagorik_toolkit import Address, Line, OneLine

_FORM_NUMBER: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9-]+")


def _form_number(written: str) -> str:
    """A form number without blanks, its digits in ASCII. No more of its shape is known."""
    number = to_ascii_digits(written).replace(" ", "")
    if not _FORM_NUMBER.fullmatch(number):
        raise TEXTS.problem("nid.form-number")
    return number


BloodGroupName = Literal["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]
BLOOD_GROUPS: Final[frozenset[str]] = frozenset(get_args(BloodGroupName))
BloodGroup = Annotated[
    BloodGroupName,
    Choices(
        {
            "A+": Text(en="A positive", bn="এ পজিটিভ"),
            "A-": Text(en="A negative", bn="এ নেগেটিভ"),
            "B+": Text(en="B positive", bn="বি পজিটিভ"),
            "B-": Text(en="B negative", bn="বি নেগেটিভ"),
            "AB+": Text(en="AB positive", bn="এবি পজিটিভ"),
            "AB-": Text(en="AB negative", bn="এবি নেগেটিভ"),
            "O+": Text(en="O positive", bn="ও পজিটিভ"),
            "O-": Text(en="O negative", bn="ও নেগেটিভ"),
        }
    ),
]
Delivery = Annotated[
    Literal["regular", "urgent"],
    Choices(
        {
            "regular": Text(en="Regular", bn="সাধারণ"),
            "urgent": Text(en="Urgent", bn="জরুরি"),
        }
    ),
    Label(
        en="Delivery",
        bn="বিতরণের ধরন",
        help_en="Urgent costs more and takes fewer working days.",
        help_bn="জরুরি হলে ফি বেশি, তবে কর্মদিবস কম লাগে।",
    ),
]
Collection = Annotated[
    Literal["download", "office"],
    Choices(
        {
            "download": Text(en="I download it", bn="নিজে ডাউনলোড করব"),
            "office": Text(en="From the election office", bn="নির্বাচন অফিস থেকে নেব"),
        }
    ),
    Label(
        en="How the card is collected",
        bn="কার্ড কীভাবে নেবেন",
        help_en="As a file to download, or printed at the election office.",
        help_bn="ফাইল হিসেবে ডাউনলোড করে, অথবা ছাপা কার্ড নির্বাচন অফিস থেকে।",
    ),
]
FormNumber = Annotated[
    str,
    OneLine(40),
    AfterValidator(_form_number),
    Label(
        en="Form number",
        bn="ফরম নম্বর",
        help_en="As on the slip that you got when you applied.",
        help_bn="আবেদনের সময় পাওয়া স্লিপে যেমন আছে।",
    ),
]
"""The number of a form that was filled in anywhere; letters, digits and hyphens, at least one of them a digit."""
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
WhatIsWrong = Annotated[
    CorrectedField,
    Choices(
        {
            "name-bn": Text(en="Own name, in Bangla", bn="নিজের নাম (বাংলা)"),
            "name-en": Text(en="Own name, in English", bn="নিজের নাম (ইংরেজি)"),
            "father-name": Text(en="Father's name", bn="পিতার নাম"),
            "mother-name": Text(en="Mother's name", bn="মাতার নাম"),
            "spouse-name": Text(en="Husband's or wife's name", bn="স্বামী বা স্ত্রীর নাম"),
            "marital-status": Text(en="Marital status", bn="বৈবাহিক অবস্থা"),
            "birth-date": Text(en="Date of birth", bn="জন্মতারিখ"),
            "blood-group": Text(en="Blood group", bn="রক্তের গ্রুপ"),
            "address": Text(en="Address", bn="ঠিকানা"),
            "other": Text(en="Something else", bn="অন্যান্য"),
        }
    ),
    Label(
        en="What is wrong",
        bn="কোন তথ্য ভুল",
        help_en="Choose one. Add another entry for each further mistake.",
        help_bn="একটি বেছে নিন। আরও ভুল থাকলে প্রতিটি আলাদা করে যোগ করুন।",
    ),
]


class HomeAddress(Address):
    """An address that a voter area can be found by."""

    union_or_ward: Annotated[
        Line,
        Label(
            en="Union or ward",
            bn="ইউনিয়ন বা ওয়ার্ড",
            help_en="In a municipality or city, the ward number.",
            help_bn="পৌরসভা বা সিটি কর্পোরেশন হলে ওয়ার্ড নম্বর।",
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
