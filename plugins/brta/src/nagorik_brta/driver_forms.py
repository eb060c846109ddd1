"""What a driver fills in: for the learner's licence, the licence, its renewal, its duplicate and its check."""

from typing import Annotated

from pydantic import Field, field_validator

from nagorik import Form, Label
from nagorik_brta.data import TEXTS
from nagorik_brta.fields import CardAddress, Category, Kind, MedicallyFit, Office, OwnLicenceNumber, PersonForm
from nagorik_brta.identifiers import LearnerNumber
from nagorik_toolkit import BirthDate, FormDay, GeneralDiary


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
    licence_number: OwnLicenceNumber
    expires_on: Annotated[
        FormDay,
        Label(
            en="Expiry date of the licence",
            bn="লাইসেন্সের মেয়াদ শেষের তারিখ",
            help_en="As on the card. The fee depends on it.",
            help_bn="কার্ডে যেমন আছে। ফি এর ওপর নির্ভর করে।",
        ),
    ]
    delivery_address: CardAddress


class DuplicateForm(PersonForm):
    """The holder of a licence that was lost."""

    licence_number: OwnLicenceNumber
    gd_reference: Annotated[
        GeneralDiary,
        Label(
            en="General diary (GD)",
            bn="সাধারণ ডায়েরি (জিডি)",
            help_en="Number and date of the GD, and the police station. The GD must give the licence number.",
            help_bn="জিডির নম্বর ও তারিখ এবং থানার নাম। জিডিতে লাইসেন্সের নম্বর থাকতে হবে।",
        ),
    ]
    not_seized: Annotated[
        bool,
        Label(
            en="The traffic police have certified that the licence was not seized",
            bn="লাইসেন্স জব্দ করা হয়নি বলে ট্রাফিক পুলিশ প্রত্যয়ন দিয়েছে",
            help_en="The certificate is written on the GD, with seal and signature; attach it.",
            help_bn="প্রত্যয়ন জিডির ওপর সিল ও স্বাক্ষরসহ দেওয়া হয়; তা যুক্ত করুন।",
        ),
    ]
    delivery_address: CardAddress


class LicenceCheckForm(Form):
    """The licence that is asked about; BRTA answers only to who knows the date of birth."""

    licence_number: OwnLicenceNumber
    birth_date: BirthDate
