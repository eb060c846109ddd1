"""The fields that are the passport's own; those that most agencies have are in ``nagorik_toolkit.fields``."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator

from nagorik import Choices, Label, NationalDataError, Text, has_bangla_letters, has_latin_letters, to_ascii_digits
from nagorik_passport.data import TEXTS
from nagorik_toolkit import Line

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
        raise TEXTS.problem("form.name-signs")
    if any(word.casefold() in TITLES for word in _BETWEEN_WORDS.split(written)):
        raise TEXTS.problem("form.no-titles")
    return written


def _application_number(written: str) -> str:
    number = "".join(to_ascii_digits(written).split()).upper()
    if not _APPLICATION_NUMBER.fullmatch(number):
        raise TEXTS.problem("form.application-number")
    return number


def _whole(written: object) -> object:
    digits = to_ascii_digits(written).strip() if isinstance(written, str) else ""
    return int(digits) if digits in {"48", "64", "5", "10"} else written


GivenName = Annotated[
    Line,
    AfterValidator(_name),
    Label(
        en="Given name",
        bn="নামের প্রথম অংশ (গিভেন নেম)",
        help_en="In English letters as on the NID card, without titles. If you have one name only, leave this blank.",
        help_bn="এনআইডি কার্ডের মতো ইংরেজি অক্ষরে, উপাধি ছাড়া। নাম এক শব্দের হলে খালি রাখুন।",
    ),
]
Surname = Annotated[
    Line,
    AfterValidator(_name),
    Label(
        en="Surname",
        bn="নামের শেষ অংশ (সারনেম)",
        help_en="In English letters as on the NID card. Pay the fee in exactly this full name.",
        help_bn="এনআইডি কার্ডের মতো ইংরেজি অক্ষরে। ফি হুবহু এই পুরো নামে জমা দিতে হবে।",
    ),
]
ApplicationNumber = Annotated[
    Line,
    AfterValidator(_application_number),
    Label(
        en="Application number",
        bn="আবেদনের নম্বর",
        help_en="The Online Registration ID, such as OID1000001234, or the Application ID on the delivery slip.",
        help_bn="অনলাইন রেজিস্ট্রেশন আইডি, যেমন OID1000001234, অথবা ডেলিভারি স্লিপে লেখা অ্যাপ্লিকেশন আইডি।",
    ),
]
Pages = Annotated[
    Literal[48, 64],
    BeforeValidator(_whole),
    Label(
        en="Pages",
        bn="পৃষ্ঠা",
        help_en="48 or 64. If you are under or over certain ages, you can choose only the smaller number.",
        help_bn="৪৮ বা ৬৪। নির্দিষ্ট বয়সের নিচে বা ওপরে শুধু কম পৃষ্ঠার পাসপোর্ট পাওয়া যায়।",
    ),
]
ValidityYears = Annotated[
    Literal[5, 10],
    BeforeValidator(_whole),
    Label(
        en="Validity in years",
        bn="মেয়াদ (বছর)",
        help_en="5 or 10. If you are under or over certain ages, you can choose only the shorter validity.",
        help_bn="৫ বা ১০। নির্দিষ্ট বয়সের নিচে বা ওপরে শুধু কম মেয়াদের পাসপোর্ট পাওয়া যায়।",
    ),
]
Delivery = Annotated[
    Literal["regular", "express", "super-express"],
    Choices(
        {
            "regular": Text(en="Regular", bn="নিয়মিত"),
            "express": Text(en="Express", bn="জরুরি"),
            "super-express": Text(en="Super express", bn="অতীব জরুরি"),
        }
    ),
    Label(
        en="Delivery",
        bn="বিতরণের ধরন",
        help_en="The days count from your photo and fingerprints, not from the payment. "
        "You can collect a super express passport only at Agargaon, Dhaka.",
        help_bn="দিন গণনা হয় ছবি ও আঙুলের ছাপ দেওয়ার পর থেকে, ফি জমা থেকে নয়। অতীব জরুরি পাসপোর্ট শুধু ঢাকার আগারগাঁও থেকে নিতে হয়।",
    ),
]
Staff = Annotated[
    Literal["none", "noc-prl"],
    Choices(
        {
            "none": Text(en="No", bn="না"),
            "noc-prl": Text(
                en="Yes, I have an NOC or am on post-retirement leave (PRL)",
                bn="হ্যাঁ, অনাপত্তিপত্র (এনওসি) আছে, বা অবসর-উত্তর ছুটিতে (পিআরএল) আছি",
            ),
        }
    ),
    Label(
        en="Government staff",
        bn="সরকারি কর্মচারী",
        help_en="Faster delivery costs less if your NOC is on the issuer's website, or if you are on PRL.",
        help_bn="ওয়েবসাইটে প্রকাশিত অনাপত্তিপত্র (এনওসি) থাকলে, বা অবসর-উত্তর ছুটিতে (পিআরএল) থাকলে দ্রুত বিতরণের ফি কম।",
    ),
]
Place = Annotated[
    Literal["bangladesh", "mission"],
    Choices(
        {
            "bangladesh": Text(en="Office in Bangladesh", bn="দেশের পাসপোর্ট অফিস"),
            "mission": Text(en="Mission abroad", bn="বিদেশে বাংলাদেশ মিশন"),
        }
    ),
    Label(
        en="Where you apply",
        bn="কোথায় আবেদন করবেন",
        help_en="A mission takes its fee itself, in dollars.",
        help_bn="মিশন নিজে ডলারে ফি নেয়।",
    ),
]
MissionGroup = Annotated[
    Literal["general", "worker-or-student"],
    Choices(
        {
            "general": Text(en="General", bn="সাধারণ"),
            "worker-or-student": Text(en="Worker or student", bn="কর্মী বা শিক্ষার্থী"),
        }
    ),
    Label(
        en="Applicant group, at a mission",
        bn="মিশনে আবেদনকারীর ধরন",
        help_en="Workers and students pay less for the smaller passport.",
        help_bn="কর্মী ও শিক্ষার্থীদের কম পৃষ্ঠার পাসপোর্টের ফি কম।",
    ),
]
ReissueReason = Annotated[
    Literal["expired", "full", "damaged", "lost", "data-changed"],
    Choices(
        {
            "expired": Text(en="Expired or expiring", bn="মেয়াদ শেষ বা শেষের পথে"),
            "full": Text(en="No pages left", bn="পাতা শেষ"),
            "damaged": Text(en="Damaged", bn="নষ্ট হয়েছে"),
            "lost": Text(en="Lost", bn="হারিয়ে গেছে"),
            "data-changed": Text(en="Details to change", bn="তথ্য পরিবর্তন"),
        }
    ),
    Label(
        en="Reason for the reissue",
        bn="রি-ইস্যুর কারণ",
        help_en="For a lost passport you need a general diary (GD).",
        help_bn="পাসপোর্ট হারালে সাধারণ ডায়েরি (জিডি) লাগে।",
    ),
]
