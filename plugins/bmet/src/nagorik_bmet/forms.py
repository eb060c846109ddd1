"""What a worker fills in for each service."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from nagorik import Choices, Form, Label, Text, to_bangla_digits
from nagorik_bmet.data import TEXTS
from nagorik_bmet.fields import (
    BmetNumber,
    CardNumber,
    Centre,
    Country,
    Occupation,
    Paper,
    RegisteredOn,
    Skill,
    each_once,
)
from nagorik_toolkit import BirthDate, Line, Mobile, Passport

MOST_SKILLS: Final = 10
MOST_COUNTRIES: Final = 5


def _bangla(number: int) -> str:
    return to_bangla_digits(str(number))


class WorkerForm(Form):
    """What every form has: whose it is."""

    birth_date: BirthDate


class RegistrationForm(WorkerForm):
    """A worker who wants to go abroad."""

    passport_no: Passport
    mobile: Mobile
    occupation: Occupation
    skills: Annotated[
        tuple[Skill, ...],
        Field(max_length=MOST_SKILLS),
        AfterValidator(each_once),
        Label(
            en="Skills",
            bn="দক্ষতা",
            help_en=f"Up to {MOST_SKILLS}, such as welding or Arabic. You can leave this blank.",
            help_bn=f"সর্বোচ্চ {_bangla(MOST_SKILLS)}টি, যেমন ঝালাই (ওয়েল্ডিং) বা আরবি ভাষা। না থাকলে খালি রাখুন।",
        ),
    ] = ()
    countries: Annotated[
        tuple[Country, ...],
        Field(min_length=1, max_length=MOST_COUNTRIES),
        AfterValidator(each_once),
        Label(
            en="Countries",
            bn="দেশ",
            help_en=f"Where you would like to work: at least one, up to {MOST_COUNTRIES}.",
            help_bn=f"যেসব দেশে কাজ করতে চান: অন্তত একটি, সর্বোচ্চ {_bangla(MOST_COUNTRIES)}টি।",
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
                "correction": Text(en="Card correction", bn="কার্ড সংশোধন"),
            }
        ),
        Label(
            en="Service you need",
            bn="কোন সেবা নিতে চান",
            help_en="You see the fee before you pay.",
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
            help_en="As in the employment contract.",
            help_bn="চাকরির চুক্তিপত্রে যেমন আছে।",
        ),
    ]
    recruiting_agency: Annotated[
        Line | None,
        Label(
            en="Recruiting agency",
            bn="রিক্রুটিং এজেন্সি",
            help_en="Name and licence number (RL). Leave this blank if you go on your own.",
            help_bn="নাম ও লাইসেন্স নম্বর (আরএল)। নিজে গেলে খালি রাখুন।",
        ),
    ] = None
    papers: Annotated[
        tuple[Paper, ...],
        Field(max_length=5),
        AfterValidator(each_once),
        Label(
            en="Documents you have",
            bn="যেসব কাগজপত্র আছে",
            help_en="You need all of them for a new clearance.",
            help_bn="নতুন ছাড়পত্রের জন্য সবগুলো লাগে।",
        ),
    ]
    correction: Annotated[
        Line | None,
        Label(
            en="What is wrong on the card",
            bn="কার্ডে কী ভুল",
            help_en="For a correction: what the card says, and what it should say.",
            help_bn="সংশোধনের জন্য: কার্ডে কী লেখা আছে এবং কী হবে।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("correction")
    @classmethod
    def _correction_is_described(cls, correction: str | None, info: ValidationInfo) -> str | None:
        if correction is None and info.data.get("card") == "correction":
            raise TEXTS.problem("form.correction-needed")
        return correction


class CardVerificationForm(WorkerForm):
    """The card that is asked about. BMET is modelled to answer only to who knows the date of birth."""

    card: Annotated[
        Literal["registration", "smart-card"],
        Choices(
            {
                "registration": Text(en="Registration card", bn="নিবন্ধন কার্ড"),
                "smart-card": Text(en="Smart card", bn="স্মার্ট কার্ড"),
            }
        ),
        Label(
            en="Card",
            bn="কার্ড",
            help_en="You get the registration card when you register, the smart card with the clearance.",
            help_bn="নিবন্ধন করলে নিবন্ধন কার্ড, আর ছাড়পত্রের সঙ্গে স্মার্ট কার্ড দেওয়া হয়।",
        ),
    ]
    card_number: CardNumber


class ClearanceVerificationForm(WorkerForm):
    """The passport whose clearance is asked about.

    Its number is what BMET's own page asks for; the date of birth beside it is modelled, so that a slip in the number
    tells nothing of somebody else.
    """

    passport_no: Passport
