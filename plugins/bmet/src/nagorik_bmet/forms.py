"""What a worker fills in for each service."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from nagorik import Choices, Form, Label, Text, to_ascii_digits
from nagorik_bmet.data import TEXTS
from nagorik_toolkit import BirthDate, FormDay, Line, Mobile, OneLine, Passport

LONGEST_NUMBER: Final = 30


def _number(written: object) -> object:
    """In ASCII digits and capitals; what BMET's numbers look like is published nowhere."""
    if not isinstance(written, str):
        return written
    number = to_ascii_digits(written.strip()[: LONGEST_NUMBER + 1]).upper()
    if len(number) > LONGEST_NUMBER or not number.isascii() or not number.replace("-", "").isalnum():
        raise TEXTS.problem("form.bmet-number")
    return number


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    if len(given) != len({one.casefold() for one in given}):
        raise TEXTS.problem("form.twice")
    return given


BmetNumber = Annotated[
    str,
    BeforeValidator(_number),
    Label(
        en="BMET number",
        bn="বিএমইটি নম্বর",
        help_en="As on the registration card.",
        help_bn="নিবন্ধন কার্ডে যেমন আছে।",
    ),
]
RegisteredOn = Annotated[
    FormDay,
    Label(
        en="Day of the registration",
        bn="নিবন্ধনের তারিখ",
        help_en="As on the registration card: year-month-day. A registration is good for some years.",
        help_bn="নিবন্ধন কার্ডে যেমন আছে: বছর-মাস-দিন। নিবন্ধন কয়েক বছর কার্যকর থাকে।",
    ),
]
Occupation = Annotated[
    Literal["domestic-work", "care", "construction", "manufacturing", "driving", "agriculture", "other"],
    Choices(
        {
            "domestic-work": Text(en="Domestic work", bn="গৃহকর্ম"),
            "care": Text(en="Care", bn="সেবাদান (কেয়ারগিভার)"),
            "construction": Text(en="Construction", bn="নির্মাণ"),
            "manufacturing": Text(en="Factory work", bn="কারখানার কাজ"),
            "driving": Text(en="Driving", bn="গাড়ি চালনা"),
            "agriculture": Text(en="Agriculture", bn="কৃষিকাজ"),
            "other": Text(en="Other", bn="অন্যান্য"),
        }
    ),
    Label(
        en="Occupation abroad",
        bn="বিদেশে পেশা",
        help_en="Women who go as domestic workers have age limits of their own.",
        help_bn="নারী গৃহকর্মীদের জন্য আলাদা বয়সসীমা আছে।",
    ),
]
"""Unverified: which occupations BMET lists is not known."""
Centre = Annotated[
    Literal["dhaka", "chattogram", "rajshahi", "khulna"],
    Choices(
        {
            "dhaka": Text(en="TTC Dhaka", bn="টিটিসি, ঢাকা"),
            "chattogram": Text(en="TTC Chattogram", bn="টিটিসি, চট্টগ্রাম"),
            "rajshahi": Text(en="TTC Rajshahi", bn="টিটিসি, রাজশাহী"),
            "khulna": Text(en="TTC Khulna", bn="টিটিসি, খুলনা"),
        }
    ),
    Label(
        en="Training centre (TTC)",
        bn="প্রশিক্ষণ কেন্দ্র (টিটিসি)",
        help_en="Where you will attend for three days.",
        help_bn="যেখানে তিন দিন উপস্থিত থাকবেন।",
    ),
]
"""A few of about 70 centres: BMET's list with its codes is not public."""
Paper = Annotated[
    Literal["visa", "contract", "pdo-certificate", "bank-account", "medical-report"],
    Choices(
        {
            "visa": Text(en="Visa", bn="ভিসা"),
            "contract": Text(en="Contract of employment", bn="চাকরির চুক্তিপত্র"),
            "pdo-certificate": Text(en="Certificate of the orientation", bn="ওরিয়েন্টেশনের (পিডিও) সনদ"),
            "bank-account": Text(en="Bank account of your own", bn="নিজের ব্যাংক হিসাব"),
            "medical-report": Text(en="Medical report", bn="মেডিকেল রিপোর্ট"),
        }
    ),
]
Country = Annotated[str, OneLine(60)]
Skill = Annotated[str, OneLine(80)]


class WorkerForm(Form):
    """What every application has."""

    birth_date: BirthDate


class RegistrationForm(WorkerForm):
    """A worker who wants to go abroad."""

    passport_no: Passport
    mobile: Mobile
    occupation: Occupation
    skills: Annotated[
        tuple[Skill, ...],
        Field(max_length=10),
        AfterValidator(_each_once),
        Label(
            en="Skills",
            bn="দক্ষতা",
            help_en="Up to ten, such as welding or Arabic; none is needed.",
            help_bn="সর্বোচ্চ দশটি, যেমন ওয়েল্ডিং বা আরবি ভাষা; না থাকলেও চলে।",
        ),
    ] = ()
    countries: Annotated[
        tuple[Country, ...],
        Field(min_length=1, max_length=5),
        AfterValidator(_each_once),
        Label(
            en="Countries",
            bn="দেশ",
            help_en="Where you would like to work, one to five.",
            help_bn="যেসব দেশে কাজ করতে চান, এক থেকে পাঁচটি।",
        ),
    ]


class OrientationForm(WorkerForm):
    """A seat in the course; the batch is chosen once the fee is paid."""

    bmet_number: BmetNumber
    registered_on: RegisteredOn
    centre: Centre


class ClearanceForm(WorkerForm):
    """A clearance, or a correction of the card."""

    card: Annotated[
        Literal["new", "correction"],
        Choices(
            {
                "new": Text(en="New clearance", bn="নতুন ছাড়পত্র"),
                "correction": Text(en="Correction of a card", bn="কার্ড সংশোধন"),
            }
        ),
        Label(
            en="What is wanted",
            bn="কী চান",
            help_en="What each costs is shown before you pay.",
            help_bn="কোনটির ফি কত, টাকা দেওয়ার আগেই দেখানো হয়।",
        ),
    ] = "new"
    bmet_number: BmetNumber
    registered_on: RegisteredOn
    passport_no: Passport
    occupation: Occupation
    country: Annotated[
        Country,
        Label(en="Country", bn="দেশ", help_en="As on the visa.", help_bn="ভিসায় যেমন আছে।"),
    ]
    employer: Annotated[
        Line,
        Label(
            en="Employer",
            bn="নিয়োগকর্তা",
            help_en="As in the contract of employment.",
            help_bn="চাকরির চুক্তিপত্রে যেমন আছে।",
        ),
    ]
    recruiting_agency: Annotated[
        Line | None,
        Label(
            en="Recruiting agency",
            bn="রিক্রুটিং এজেন্সি",
            help_en="Name and licence number (RL). Leave it empty if you go by yourself.",
            help_bn="নাম ও লাইসেন্স নম্বর (আরএল)। নিজে গেলে খালি রাখুন।",
        ),
    ] = None
    papers: Annotated[
        tuple[Paper, ...],
        Field(max_length=5),
        AfterValidator(_each_once),
        Label(
            en="Papers at hand",
            bn="যেসব কাগজ আছে",
            help_en="All five are needed for a clearance.",
            help_bn="ছাড়পত্রের জন্য পাঁচটিই লাগে।",
        ),
    ]
    correction: Annotated[
        Line | None,
        Label(
            en="What is wrong on the card",
            bn="কার্ডে কী ভুল",
            help_en="For a correction: what stands there, and what should.",
            help_bn="সংশোধনের জন্য: কী লেখা আছে এবং কী হবে।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("correction")
    @classmethod
    def _correction_is_described(cls, correction: str | None, info: ValidationInfo) -> str | None:
        if correction is None and info.data.get("card") == "correction":
            raise TEXTS.problem("form.correction-needed")
        return correction
