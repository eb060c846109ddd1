"""What the forms of BMET's services have in common."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from nagorik import Choices, Label, Text, to_ascii_digits
from nagorik_bmet.data import TEXTS
from nagorik_toolkit import FormDay, OneLine

LONGEST_NUMBER: Final = 30


def _number(written: object) -> object:
    """In ASCII digits and capitals; what BMET's numbers look like is published nowhere."""
    if not isinstance(written, str):
        return written
    number = to_ascii_digits(written.strip()[: LONGEST_NUMBER + 1]).upper()
    if len(number) > LONGEST_NUMBER or not number.isascii() or not number.replace("-", "").isalnum():
        raise TEXTS.problem("form.bmet-number")
    return number


def each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    """The entries of a list, if none is there twice, in whatever case.

    Raises:
        PydanticCustomError: ``form.twice``.
    """
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
CardNumber = Annotated[
    str,
    BeforeValidator(_number),
    Label(
        en="Card number",
        bn="কার্ড নম্বর",
        help_en="As on the card.",
        help_bn="কার্ডে যেমন আছে।",
    ),
]
RegisteredOn = Annotated[
    FormDay,
    Label(
        en="Date of registration",
        bn="নিবন্ধনের তারিখ",
        help_en="As on the registration card.",
        help_bn="নিবন্ধন কার্ডে যেমন আছে।",
    ),
]
Occupation = Annotated[
    Literal["domestic-work", "care", "construction", "manufacturing", "driving", "agriculture", "other"],
    Choices(
        {
            "domestic-work": Text(en="Domestic work", bn="গৃহকর্ম"),
            "care": Text(en="Care work", bn="সেবাযত্ন (কেয়ারগিভার)"),
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
        help_en="There is a separate age rule for women domestic workers.",
        help_bn="নারী গৃহকর্মীদের জন্য বয়সের আলাদা নিয়ম আছে।",
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
        help_en="Where you will take the course.",
        help_bn="যেখানে কোর্সটি করবেন।",
    ),
]
"""A few of about 70 centres: BMET's list with its codes is not public."""
Paper = Annotated[
    Literal["visa", "contract", "pdo-certificate", "bank-account", "medical-report"],
    Choices(
        {
            "visa": Text(en="Visa", bn="ভিসা"),
            "contract": Text(en="Employment contract", bn="চাকরির চুক্তিপত্র"),
            "pdo-certificate": Text(en="Orientation (PDO) certificate", bn="ওরিয়েন্টেশনের (পিডিও) সনদ"),
            "bank-account": Text(en="Your own bank account", bn="নিজের ব্যাংক হিসাব"),
            "medical-report": Text(en="Medical report", bn="মেডিকেল রিপোর্ট"),
        }
    ),
]
Country = Annotated[str, OneLine(60)]
Skill = Annotated[str, OneLine(80)]
