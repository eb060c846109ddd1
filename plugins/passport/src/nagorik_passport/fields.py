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
_BETWEEN_WORDS: Final = re.compile(r"[ .]+")


def _name(written: str) -> str:
    if has_bangla_letters(written) or not has_latin_letters(written):
        raise NationalDataError("name.en-script")
    if not _SIGNS.fullmatch(written):
        raise TEXTS.problem("form.name-signs")
    if any(word.casefold() in TITLES for word in _BETWEEN_WORDS.split(written)):
        raise TEXTS.problem("form.no-titles")
    return written


def _whole(written: object) -> object:
    digits = to_ascii_digits(written).strip() if isinstance(written, str) else ""
    return int(digits) if digits in {"48", "64", "5", "10"} else written


GivenName = Annotated[
    Line,
    AfterValidator(_name),
    Label(
        en="Given name",
        bn="নামের প্রথম অংশ (Given Name)",
        help_en="In English letters as on the NID card, without titles. Empty for a name of one word.",
        help_bn="এনআইডি কার্ডের মতো ইংরেজি অক্ষরে, উপাধি ছাড়া। নাম এক শব্দের হলে খালি রাখুন।",
    ),
]
Surname = Annotated[
    Line,
    AfterValidator(_name),
    Label(
        en="Surname",
        bn="নামের শেষ অংশ (Surname)",
        help_en="In English letters as on the NID card. The fee has to be paid in exactly this full name.",
        help_bn="এনআইডি কার্ডের মতো ইংরেজি অক্ষরে। ফি হুবহু এই পুরো নামে জমা দিতে হবে।",
    ),
]
Pages = Annotated[
    Literal[48, 64],
    BeforeValidator(_whole),
    Label(
        en="Pages",
        bn="পৃষ্ঠা",
        help_en="48 or 64. For the young and the old only 48.",
        help_bn="৪৮ বা ৬৪। শিশু-কিশোর ও প্রবীণদের জন্য শুধু ৪৮।",
    ),
]
ValidityYears = Annotated[
    Literal[5, 10],
    BeforeValidator(_whole),
    Label(
        en="Validity in years",
        bn="মেয়াদ (বছর)",
        help_en="5 or 10. For the young and the old only 5.",
        help_bn="৫ বা ১০। শিশু-কিশোর ও প্রবীণদের জন্য শুধু ৫।",
    ),
]
Delivery = Annotated[
    Literal["regular", "express", "super-express"],
    Choices(
        {
            "regular": Text(en="Regular", bn="সাধারণ"),
            "express": Text(en="Express", bn="জরুরি"),
            "super-express": Text(en="Super express", bn="অতীব জরুরি"),
        }
    ),
    Label(
        en="Delivery",
        bn="সরবরাহের ধরন",
        help_en="The days count from the enrolment, not from the payment. Super express is collected in Dhaka only.",
        help_bn="দিন গণনা হয় অফিসে ছবি ও আঙুলের ছাপ দেওয়ার পর থেকে। অতীব জরুরি পাসপোর্ট শুধু ঢাকা থেকে নিতে হয়।",
    ),
]
Staff = Annotated[
    Literal["none", "noc-prl"],
    Choices(
        {
            "none": Text(en="No", bn="না"),
            "noc-prl": Text(en="Yes, with an NOC or on PRL", bn="হ্যাঁ, এনওসি আছে বা পিআরএলে আছি"),
        }
    ),
    Label(
        en="Government staff",
        bn="সরকারি কর্মচারী",
        help_en="With an NOC that is on the issuer's website, or on PRL, a faster delivery costs less.",
        help_bn="ওয়েবসাইটে প্রকাশিত এনওসি থাকলে বা পিআরএলে থাকলে দ্রুত সরবরাহের ফি কম।",
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
        en="Group of applicants, at a mission",
        bn="মিশনে আবেদনকারীর ধরন",
        help_en="Workers and students pay less for 48 pages.",
        help_bn="কর্মী ও শিক্ষার্থীদের ৪৮ পৃষ্ঠার ফি কম।",
    ),
]
ReissueReason = Annotated[
    Literal["expired", "full", "damaged", "lost", "data-changed"],
    Choices(
        {
            "expired": Text(en="Expired or expiring", bn="মেয়াদ শেষ বা শেষের পথে"),
            "full": Text(en="No free page", bn="পাতা শেষ"),
            "damaged": Text(en="Damaged", bn="নষ্ট"),
            "lost": Text(en="Lost", bn="হারানো"),
            "data-changed": Text(en="Details to be changed", bn="তথ্য পরিবর্তন"),
        }
    ),
    Label(
        en="Reason",
        bn="কারণ",
        help_en="For a lost passport a general diary (GD) is needed.",
        help_bn="পাসপোর্ট হারালে সাধারণ ডায়েরি (জিডি) লাগে।",
    ),
]
