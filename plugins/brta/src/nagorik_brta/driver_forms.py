"""What a driver fills in: for the learner's licence, the licence itself, its renewal and its duplicate."""

from typing import Annotated

from pydantic import Field, field_validator

from nagorik import Label
from nagorik_brta.data import TEXTS
from nagorik_brta.fields import CardAddress, Category, Kind, MedicallyFit, Office, PersonForm
from nagorik_brta.identifiers import LearnerNumber, LicenceNumber
from nagorik_toolkit import FormDay


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
