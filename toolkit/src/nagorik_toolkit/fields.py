"""Fields that the forms of most agencies have: checked, in one form, and labelled in both languages.

A form that needs other words of help puts a label of its own around a field, and the outer one is shown::

    mobile: Annotated[Mobile, Label(en="Mobile number", bn="মোবাইল নম্বর", help_en="…", help_bn="…")]
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Final
from unicodedata import category, normalize

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from nagorik.forms import Label
from nagorik.privacy import Form
from nagorik.values import BirthRegistrationNumber, MobileNumber, NationalDataError, Nid, PersonName, clean_line
from nagorik.values.money import group_by_lakh
from nagorik.values.sentences import Text, read_sentences
from nagorik.values.text import to_ascii_digits, to_bangla_digits
from nagorik_toolkit.bangladesh import (
    Area,
    DateStyle,
    FiscalYear,
    IsoDay,
    LandArea,
    PassportNumber,
    find_district,
    find_division,
    find_upazila,
    parse_date,
    read_postcode,
)

LONGEST_LINE: Final = 200
LARGEST_NUMBER: Final = 10**12
"""The largest whole number of a form; no form asks for one that is larger."""
_LONGEST_NUMBER: Final = 32
_DIGITS_AND_COMMAS: Final = re.compile(r"[0-9,]*[0-9][0-9,]*")
_GROUPED: Final = re.compile(r"[0-9]{1,2}(,[0-9]{2})*,[0-9]{3}|[0-9]{1,3}(,[0-9]{3})+")
_DAY_BY_HAND: Final = re.compile(
    r"(?P<day>[0-9]{1,2})(?P<between>[/.-])(?P<month>[0-9]{1,2})(?P=between)(?P<year>[0-9]{4})"
)
_DAY_OF_A_CARD: Final = re.compile(
    r"(?P<day>[0-9]{1,2})(?P<between> +|[/.-])(?P<month>[A-Za-z]{3})(?P=between)(?P<year>[0-9]{4})"
)
_LONGEST_DAY: Final = 32
_WORDS_OF_A_DIARY: Final = frozenset(
    normalize("NFC", word)
    for word in (
        *("gd", "gde", "no", "nr", "num", "number", "general", "diary", "entry", "date", "dated", "of", "the"),
        *("জি", "ডি", "জিডি", "নং", "নম্বর", "সাধারণ", "ডায়েরি", "ডায়েরী", "ডায়রি", "ডায়রী", "তারিখ"),
    )
)
"""What a diary is called, which names neither its station nor its day."""
_NUMBER_AND_DATE: Final = 4
FIRST_DAY: Final = date(1800, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""The days of a form: no deed, birth or term lies outside, and reckoning some years from one ends at a day."""

FIRST_BIRTH: Final = date(1900, 1, 1)
"""The first date of birth that a form takes: no applicant was born before. Whether one lies in the future, or
too long ago on the day of the application, is decided by ``contradictions``, which knows that day."""


@dataclass(frozen=True, slots=True)
class OneLine:
    """``Annotated[str, OneLine(80)]``: a line of text, NFC, single spaces, no letters lost, not empty.

    The limit counts what was typed, in code points, before blanks are taken off.
    """

    max_length: int = LONGEST_LINE

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Clean the text after its length is known to be bearable."""
        return core_schema.no_info_after_validator_function(
            clean_line, core_schema.str_schema(max_length=self.max_length)
        )


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """``Annotated[int, WholeNumber(1, 9_999)]``: a whole number as people write it, in digits of either language.

    Commas may stand as in 1,20,000 or as in 120,000, and nowhere else: 1,5 is no number with a comma left out. A
    sign, a decimal point and words are refused; so is a number from a program that is not whole, and a truth value.
    Bounds belong to the number, and the error names both.

    Attributes:
        least: The least that is accepted, zero or more.
        most: The most that is accepted, ``LARGEST_NUMBER`` at most.
    """

    least: int = 0
    most: int = LARGEST_NUMBER

    def __post_init__(self) -> None:
        """Refuse bounds that no number is within.

        Raises:
            ValueError: They are out of order, or out of reach.
        """
        if not 0 <= self.least <= self.most <= LARGEST_NUMBER:
            raise ValueError(f"bounds are in order, and between 0 and {LARGEST_NUMBER}")

    def read(self, written: object) -> int:
        """The number that was written.

        Raises:
            PydanticCustomError: ``whole-number.text``, ``whole-number.grouping`` or ``whole-number.bounds``, with a
                sentence in both languages; never what was written.
        """
        number = written if type(written) is int else _read_number(written)
        if not self.least <= number <= self.most:
            raise _problem("whole-number.bounds", least=self.least, most=self.most)
        return number

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read it, and describe it as an integer within the bounds."""
        return core_schema.no_info_before_validator_function(
            self.read, core_schema.int_schema(strict=True, ge=self.least, le=self.most)
        )


def _read_number(written: object) -> int:
    digits = to_ascii_digits(written).strip() if isinstance(written, str) and len(written) <= _LONGEST_NUMBER else ""
    if not _DIGITS_AND_COMMAS.fullmatch(digits):
        raise _problem("whole-number.text")
    if "," in digits and not _GROUPED.fullmatch(digits):
        raise _problem("whole-number.grouping")
    return int(digits.replace(",", ""))


def filled_sentence(code: str, **numbers: int) -> Text:
    """One of the toolkit's own sentences, with the numbers in its places."""
    text = _sentences()[code]
    english, bangla = text.en, text.bn
    for name, number in numbers.items():
        grouped = group_by_lakh(str(number))
        english = english.replace(f"{{{name}}}", grouped)
        bangla = bangla.replace(f"{{{name}}}", to_bangla_digits(grouped))
    return Text(bn=bangla, en=english)


def _problem(code: str, **numbers: int) -> PydanticCustomError:
    text = filled_sentence(code, **numbers)
    return PydanticCustomError(code, "{en}", {"bn": text.bn, "en": text.en})


@cache
def _sentences() -> Mapping[str, Text]:
    return read_sentences("nagorik_toolkit", "form_messages.toml")


def _of_the_birth_year(nid: Nid, info: ValidationInfo) -> Nid:
    born = info.data.get("birth_date")
    if born is not None and nid.consistent_with(born) is False:
        raise NationalDataError("nid.birth-year-mismatch")
    return nid


def day_by_hand(written: str) -> date:
    """A day as people write it, ``31/1/1990``, ``31-1-1990``, ``31.1.1990``, or as a card has it, ``31 Jan 1990``.

    The day comes first, as everywhere in Bangladesh; ISO, ``1990-01-31``, is recognised by its year of four
    digits, which comes first. So nothing is guessed. Digits are Bangla or ASCII, and the strokes between are of one
    kind.

    Raises:
        NationalDataError: ``date.day-month-year`` for what is written otherwise, with a year of two digits too;
            ``date.no-such-day`` for what the calendar does not have; ``invisible.*``.
    """
    text = to_ascii_digits(written).strip() if len(written) <= _LONGEST_DAY else ""
    if (parts := _DAY_BY_HAND.fullmatch(text)) is not None:
        return parse_date(f"{parts['day']:0>2}/{parts['month']:0>2}/{parts['year']}", DateStyle.DAY_MONTH_YEAR)
    if (parts := _DAY_OF_A_CARD.fullmatch(text)) is not None:
        return parse_date(f"{parts['day']:0>2}-{parts['month']}-{parts['year']}", DateStyle.DAY_NAME_YEAR)
    try:
        return parse_date(written, DateStyle.ISO)
    except NationalDataError as error:
        raise NationalDataError("date.day-month-year" if error.code == "date.style" else error.code) from None


def _read_day(written: object) -> object:
    return day_by_hand(written) if isinstance(written, str) else written


def _within_reach(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise NationalDataError("date.out-of-reach")
    return day


def check_birth_date(day: date) -> date:
    """The day, if an applicant of today may have been born on it.

    Raises:
        PydanticCustomError: ``birth-date.too-early`` before ``FIRST_BIRTH``, with a sentence in both languages.
    """
    if day < FIRST_BIRTH:
        raise _problem("birth-date.too-early")
    return day


def _names_a_diary(reference: str) -> str:
    """A number with the words of a station or month, or with a date of three numbers; no number is unique alone."""
    signs = [(category(sign)[0], sign) for sign in normalize("NFC", reference.casefold())]
    words = "".join(sign if kind in "LM" else " " for kind, sign in signs).split()
    numbers = "".join(sign if kind == "N" else " " for kind, sign in signs).split()
    named = any(len(word) > 1 and word not in _WORDS_OF_A_DIARY for word in words)
    if not numbers or not (named or len(numbers) >= _NUMBER_AND_DATE):
        raise _problem("general-diary.shape")
    return reference


def _fiscal_year(value: object) -> object:
    return value if isinstance(value, FiscalYear) else FiscalYear.parse(value)


def _acres(value: object) -> object:
    return value if isinstance(value, LandArea) else LandArea.parse(value, "acre")


def _decimals(value: object) -> object:
    return value if isinstance(value, LandArea) else LandArea.parse(value, "decimal")


Line = Annotated[str, OneLine()]
"""A line of up to 200 characters, without a label; ``Annotated[str, OneLine(80)]`` for another limit."""
GeneralDiary = Annotated[Line, AfterValidator(_names_a_diary)]
"""A general diary (GD), without a label: its number, with its date or the police station.

A number alone is no reference, and neither is ``GD 55`` or ``55/2026``: it is unique within a station and a month.
No further shape of it is published, so that no other is asked for."""

FormDay = Annotated[IsoDay, BeforeValidator(_read_day), AfterValidator(_within_reach)]
"""A day from 1800 to 2199, without a label: as ``day_by_hand`` reads it, or in ISO 8601, which JSON has.

In Bangla or ASCII digits. An agency's answer may hold other days, for which there is ``IsoDay``."""
BirthDate = Annotated[
    FormDay,
    AfterValidator(check_birth_date),
    Label(
        en="Date of birth",
        bn="জন্মতারিখ",
        help_en="As on the NID card or birth certificate: day/month/year, such as 31/01/1990.",
        help_bn="এনআইডি কার্ড বা জন্ম সনদে যেমন আছে: দিন/মাস/বছর, যেমন ৩১/০১/১৯৯০।",
    ),
]
NidNumber = Annotated[
    Nid,
    Label(
        en="NID number",
        bn="এনআইডি নম্বর",
        help_en="10 digits on a smart card, 13 or 17 on a laminated one. Not the birth registration number.",
        help_bn="স্মার্ট কার্ডে ১০ অঙ্ক, ল্যামিনেট করা (কাগজের) কার্ডে ১৩ বা ১৭ অঙ্ক। জন্ম নিবন্ধন নম্বর নয়।",
    ),
]
NidOfBirthYear = Annotated[NidNumber, AfterValidator(_of_the_birth_year)]
"""An NID number that does not contradict ``birth_date``, which the form has before it.

Also what gives a 17-digit birth registration number away, as far as anything does: neither its length nor its layout
differs from those of an NID number.
"""
BirthRegistration = Annotated[
    BirthRegistrationNumber,
    Label(
        en="Birth registration number",
        bn="জন্ম নিবন্ধন নম্বর",
        help_en="The 17 digits on the birth certificate.",
        help_bn="জন্ম নিবন্ধন সনদের ১৭ অঙ্কের নম্বর।",
    ),
]
Passport = Annotated[
    PassportNumber,
    Label(
        en="Passport number",
        bn="পাসপোর্ট নম্বর",
        help_en="Letters and digits as on the passport's page with the photograph.",
        help_bn="পাসপোর্টের ছবিযুক্ত পাতায় অক্ষর ও অঙ্ক যেমন আছে।",
    ),
]
Name = Annotated[
    PersonName,
    Label(
        en="Name",
        bn="নাম",
        help_en="Letter for letter as on the NID card or birth certificate, without titles.",
        help_bn="এনআইডি কার্ড বা জন্ম সনদে যেমন আছে হুবহু তেমন, কোনো উপাধি ছাড়া।",
    ),
]
FatherName = Annotated[
    Line,
    Label(
        en="Father's name",
        bn="পিতার নাম",
        help_en="As on the card or certificate.",
        help_bn="কার্ড বা সনদে যেমন আছে।",
    ),
]
MotherName = Annotated[
    Line,
    Label(
        en="Mother's name",
        bn="মাতার নাম",
        help_en="As on the card or certificate.",
        help_bn="কার্ড বা সনদে যেমন আছে।",
    ),
]
SpouseName = Annotated[
    Line,
    Label(
        en="Husband's or wife's name",
        bn="স্বামী বা স্ত্রীর নাম",
        help_en="As on the card.",
        help_bn="কার্ডে যেমন আছে।",
    ),
]
Mobile = Annotated[
    MobileNumber,
    Label(
        en="Mobile number",
        bn="মোবাইল নম্বর",
        help_en="The agency sends its messages there.",
        help_bn="সংস্থা এই নম্বরে বার্তা পাঠাবে।",
    ),
]
Postcode = Annotated[
    str,
    BeforeValidator(read_postcode),
    Label(
        en="Postcode",
        bn="পোস্ট কোড",
        help_en="Four digits, such as 1207.",
        help_bn="চার অঙ্ক, যেমন ১২০৭।",
    ),
]
"""Four digits; whether the post office has such a code is not looked up."""
TaxYear = Annotated[
    FiscalYear,
    BeforeValidator(_fiscal_year),
    PlainSerializer(lambda year: year.label, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9০-৯]{4}-[0-9০-৯]{2}$"}),
    Label(
        en="Fiscal year",
        bn="অর্থবছর",
        help_en="From July to June, such as 2025-26.",
        help_bn="জুলাই থেকে জুন, যেমন ২০২৫-২৬।",
    ),
]
"""A fiscal year, written 2025-26."""
AcreArea = Annotated[
    LandArea,
    BeforeValidator(_acres),
    PlainSerializer(lambda area: area.plain("acre"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string"}),
    Label(
        en="Area of land in acres",
        bn="জমির পরিমাণ (একর)",
        help_en="As in the khatian, such as 0.1250.",
        help_bn="খতিয়ানে যেমন আছে, যেমন ০.১২৫০।",
    ),
]
DecimalArea = Annotated[
    LandArea,
    BeforeValidator(_decimals),
    PlainSerializer(lambda area: area.plain("decimal"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string"}),
    Label(
        en="Area of land in decimals",
        bn="জমির পরিমাণ (শতাংশ)",
        help_en="Such as 12.50; an acre is 100 decimals.",
        help_bn="যেমন ১২.৫০; এক একরে ১০০ শতাংশ।",
    ),
]


class Address(Form):
    """An area, down to the upazila or thana. Names stay as they were written: agencies spell them in their way."""

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
    # Not refused where it is unknown: the geographical data have no metropolitan thanas, and a thana may have the
    # name of an upazila elsewhere, as Mirpur has.
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
        find_division(division)
        return division

    @field_validator("district")
    @classmethod
    def _district_lies_in_division(cls, district: str, info: ValidationInfo) -> str:
        division = info.data.get("division")
        find_district(district, division=find_division(division) if division else None)
        return district

    @property
    def district_area(self) -> Area:
        """The district, for a plugin's list of the agency's own codes."""
        return find_district(self.district, division=find_division(self.division))

    @property
    def upazila_area(self) -> Area | None:
        """The upazila; ``None`` where the district has no upazila of that name, as for a thana."""
        try:
            return find_upazila(self.upazila, district=self.district_area)
        except NationalDataError:
            return None


class PostalAddress(Address):
    """An address that a letter reaches."""

    home: Annotated[
        Line,
        Label(
            en="Village or road, and house",
            bn="গ্রাম বা রাস্তা এবং বাসা",
            help_en="As on the utility bill or holding-tax receipt.",
            help_bn="ইউটিলিটি বিল বা হোল্ডিং ট্যাক্সের রসিদে যেমন আছে।",
        ),
    ]
    postcode: Postcode

    @property
    def one_line(self) -> str:
        """As on an envelope, from the house to the postcode."""
        return ", ".join((self.home, self.upazila, self.district, self.division, self.postcode))
