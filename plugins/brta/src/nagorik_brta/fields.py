"""Fields that more than one of BRTA's forms has, and the choices in them."""

from typing import Annotated, Literal

from nagorik import Choices, Form, Label, Text
from nagorik_brta.identifiers import LicenceNumber, RegistrationNumber
from nagorik_toolkit import BirthDate, Line, Mobile, NidOfBirthYear, PostalAddress, WholeNumber

Kind = Annotated[
    Literal["non-professional", "professional"],
    Choices(
        {
            "non-professional": Text(en="Non-professional", bn="অপেশাদার"),
            "professional": Text(en="Professional", bn="পেশাদার"),
        }
    ),
    Label(
        en="Kind of licence",
        bn="লাইসেন্সের ধরন",
        help_en="Professional: you drive for a living; the age limit is higher. Non-professional: your own vehicle.",
        help_bn="পেশাদার: জীবিকার জন্য চালালে; বয়সসীমা বেশি। অপেশাদার: নিজের গাড়ি চালালে।",
    ),
]
Category = Annotated[
    Literal["motorcycle", "light", "three-wheeler"],
    Choices(
        {
            "motorcycle": Text(en="Motorcycle", bn="মোটরসাইকেল"),
            "light": Text(en="Light vehicle", bn="হালকা মোটরযান"),
            "three-wheeler": Text(en="Three-wheeler", bn="থ্রি-হুইলার"),
        }
    ),
]
"""What a learner is offered, one or any two of them: docs/reference/agencies.md#brta-fees."""
Vehicle = Annotated[
    Literal["motorcycle", "car", "other"],
    Choices(
        {
            "motorcycle": Text(en="Motorcycle", bn="মোটরসাইকেল"),
            "car": Text(en="Private car", bn="প্রাইভেট কার"),
            "other": Text(en="Other vehicle", bn="অন্য গাড়ি"),
        }
    ),
    Label(
        en="Vehicle",
        bn="গাড়ি",
        help_en="As in the registration papers.",
        help_bn="রেজিস্ট্রেশনের কাগজপত্রে যেমন আছে।",
    ),
]
EngineCc = Annotated[
    int,
    WholeNumber(1, 9_999),
    Label(
        en="Engine capacity (cc)",
        bn="ইঞ্জিনের ক্ষমতা (সিসি)",
        help_en="As in the papers; the fee depends on it.",
        help_bn="কাগজপত্রে যেমন আছে; ফি এর ওপর নির্ভর করে।",
    ),
]
WeightKg = Annotated[
    int,
    WholeNumber(1, 9_999),
    Label(
        en="Weight (kg)",
        bn="ওজন (কেজি)",
        help_en="For a motorcycle: as in the papers.",
        help_bn="মোটরসাইকেলের জন্য: কাগজপত্রে যেমন আছে।",
    ),
]
MedicallyFit = Annotated[
    bool,
    Label(
        en="I have a medical certificate that I am fit to drive",
        bn="গাড়ি চালানোর উপযুক্ততার চিকিৎসা সনদ আমার আছে",
        help_en="From a registered doctor; attach it.",
        help_bn="নিবন্ধিত চিকিৎসকের দেওয়া; সনদটি যুক্ত করুন।",
    ),
]
CardAddress = Annotated[
    PostalAddress,
    Label(
        en="Address for the card",
        bn="কার্ড পাঠানোর ঠিকানা",
        help_en="The card comes here by post.",
        help_bn="কার্ড ডাকে এই ঠিকানায় আসবে।",
    ),
]
Office = Annotated[
    Line,
    Label(
        en="BRTA circle",
        bn="বিআরটিএ সার্কেল",
        help_en="The office that you will go to.",
        help_bn="যে অফিসে যাবেন।",
    ),
]


OwnLicenceNumber = Annotated[
    LicenceNumber,
    Label(
        en="Driving licence number",
        bn="ড্রাইভিং লাইসেন্সের নম্বর",
        help_en="As on the card, such as DK1234567CL0001.",
        help_bn="কার্ডে যেমন আছে, যেমন DK1234567CL0001।",
    ),
]
PlateNumber = Annotated[
    RegistrationNumber,
    Label(
        en="Registration number",
        bn="রেজিস্ট্রেশন নম্বর",
        help_en="In Bangla as on the plate: area, one letter, two digits, four digits.",
        help_bn="নম্বর প্লেটে যেমন আছে, যেমন ঢাকা মেট্রো-গ-১২-৩৪৫৬।",
    ),
]


class PersonForm(Form):
    """A citizen with an NID, without which the portal opens no account."""

    birth_date: BirthDate
    nid: NidOfBirthYear
    mobile: Mobile
