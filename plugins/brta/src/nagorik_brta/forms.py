"""What a citizen fills in for each service."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik import Choices, Form, Label, Text
from nagorik_brta.data import TEXTS
from nagorik_brta.identifiers import LearnerNumber, LicenceNumber, RegistrationNumber
from nagorik_toolkit import BirthDate, FormDay, Line, Mobile, NidOfBirthYear, PostalAddress, WholeNumber

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
        help_en="Professional: you drive for a living; the age limit is higher. Non-professional: you drive your own vehicle.",
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


class PersonForm(Form):
    """A citizen with an NID, without which the portal opens no account."""

    birth_date: BirthDate
    nid: NidOfBirthYear
    mobile: Mobile


class LearnerForm(PersonForm):
    """A learner, who sits the test with the same application."""

    kind: Kind
    categories: Annotated[
        tuple[Category, ...],
        Field(min_length=1, max_length=2),
        Label(
            en="Vehicle categories",
            bn="মোটরযানের শ্রেণি",
            help_en="Choose one or two; the fee for two is higher.",
            help_bn="একটি বা দুটি বেছে নিন; দুটি হলে ফি বেশি।",
        ),
    ]
    class_viii_passed: Annotated[
        bool,
        Label(
            en="I have passed class 8 or above",
            bn="আমি অষ্টম শ্রেণি বা তার বেশি পাস করেছি",
            help_en="Attach the certificate.",
            help_bn="সনদটি যুক্ত করুন।",
        ),
    ]
    medically_fit: MedicallyFit
    office: Office

    @field_validator("categories")
    @classmethod
    def _each_once(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if len(categories) != len(set(categories)):
            raise TEXTS.problem("form.category-twice")
        return categories


class SmartCardForm(PersonForm):
    """Somebody who has passed the test."""

    kind: Kind
    learner_number: Annotated[
        LearnerNumber,
        Label(
            en="Learner's licence number",
            bn="লার্নার লাইসেন্সের নম্বর",
            help_en="Of the learner's licence with which you took and passed the test.",
            help_bn="যে লার্নার লাইসেন্সে পরীক্ষা দিয়ে উত্তীর্ণ হয়েছেন।",
        ),
    ]
    dope_test_negative: Annotated[
        bool | None,
        Label(
            en="I have a negative drug test (dope test) report",
            bn="আমার ডোপ টেস্টের নেগেটিভ রিপোর্ট আছে",
            help_en="Needed for a professional licence; attach it. Otherwise leave this blank.",
            help_bn="পেশাদার লাইসেন্সের জন্য লাগে; রিপোর্ট যুক্ত করুন। অন্যথায় খালি রাখুন।",
        ),
    ] = None
    delivery_address: CardAddress


class RenewalForm(PersonForm):
    """The holder of a licence that ends or has ended."""

    kind: Kind
    licence_number: Annotated[
        LicenceNumber,
        Label(
            en="Driving licence number",
            bn="ড্রাইভিং লাইসেন্সের নম্বর",
            help_en="As on the card, such as DK1234567CL0001.",
            help_bn="কার্ডে যেমন আছে, যেমন DK1234567CL0001।",
        ),
    ]
    expires_on: Annotated[
        FormDay,
        Label(
            en="Expiry date of the licence",
            bn="লাইসেন্সের মেয়াদ শেষের তারিখ",
            help_en="As on the card: year-month-day. The fee depends on it.",
            help_bn="কার্ডে যেমন আছে: বছর-মাস-দিন। ফি এর ওপর নির্ভর করে।",
        ),
    ]
    delivery_address: CardAddress


class RegistrationForm(PersonForm):
    """The buyer of a motorcycle."""

    engine_cc: EngineCc
    chassis_number: Annotated[
        Line,
        Label(
            en="Chassis number",
            bn="চেসিস নম্বর",
            help_en="As in the papers of the purchase.",
            help_bn="কেনার কাগজপত্রে যেমন আছে।",
        ),
    ]
    office: Office


class VehicleForm(Form):
    """A vehicle that is registered; who pays for it is not asked."""

    registration_number: Annotated[
        RegistrationNumber,
        Label(
            en="Registration number",
            bn="রেজিস্ট্রেশন নম্বর",
            help_en="In Bangla as on the plate, such as ঢাকা মেট্রো-গ-১২-৩৪৫৬.",
            help_bn="নম্বর প্লেটে যেমন আছে, যেমন ঢাকা মেট্রো-গ-১২-৩৪৫৬।",
        ),
    ]
    vehicle: Vehicle
    mobile: Mobile


class TaxTokenForm(VehicleForm):
    """The next tax token of a vehicle."""

    weight_kg: WeightKg | None = Field(default=None, validate_default=True)
    plan: Annotated[
        Literal["two-years", "ten-years", "after-ten-years", "other"],
        Choices(
            {
                "two-years": Text(en="Two-year instalment", bn="দুই বছরের কিস্তি"),
                "ten-years": Text(en="Ten years at once", bn="একবারে দশ বছর"),
                "after-ten-years": Text(en="Free renewal of an old motorcycle", bn="পুরোনো মোটরসাইকেলের বিনামূল্যে নবায়ন"),
                "other": Text(en="Other vehicle: as BRTA works it out", bn="অন্য গাড়ি: বিআরটিএর হিসাব অনুযায়ী"),
            }
        ),
        Label(
            en="For how many years",
            bn="কত বছরের জন্য",
            help_en="The first three are for motorcycles.",
            help_bn="প্রথম তিনটি মোটরসাইকেলের জন্য।",
        ),
    ]
    token_expires_on: Annotated[
        FormDay,
        Label(
            en="Expiry date of the token",
            bn="টোকেনের মেয়াদ শেষের তারিখ",
            help_en="As on the token: year-month-day.",
            help_bn="টোকেনে যেমন আছে: বছর-মাস-দিন।",
        ),
    ]
    registered_on: Annotated[
        FormDay | None,
        Label(
            en="Date of registration",
            bn="রেজিস্ট্রেশনের তারিখ",
            help_en="For a motorcycle, as in its papers: year-month-day. After some years the token is free.",
            help_bn="মোটরসাইকেলের জন্য, কাগজপত্রে যেমন আছে: বছর-মাস-দিন। কয়েক বছর পর টোকেন বিনামূল্যে।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("weight_kg")
    @classmethod
    def _motorcycles_are_weighed(cls, weight: int | None, info: ValidationInfo) -> int | None:
        if weight is None and info.data.get("vehicle") == "motorcycle":
            raise TEXTS.problem("form.weight-needed")
        return weight

    @field_validator("registered_on")
    @classmethod
    def _age_of_a_motorcycle_is_known(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day is None and info.data.get("vehicle") == "motorcycle":
            raise TEXTS.problem("form.registered-on-needed")
        return day

    @field_validator("plan")
    @classmethod
    def _plan_is_for_the_vehicle(cls, plan: str, info: ValidationInfo) -> str:
        vehicle = info.data.get("vehicle")
        if vehicle is not None and (vehicle == "motorcycle") == (plan == "other"):
            raise TEXTS.problem("form.plan-for-others" if plan == "other" else "form.plan-for-motorcycles")
        return plan


class FitnessForm(VehicleForm):
    """A vehicle whose fitness certificate ends or has ended."""

    office: Office
