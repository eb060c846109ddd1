"""What the owner of a vehicle fills in: for its registration, its transfer, its tax token and its fitness."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik import Choices, Form, Label, Text
from nagorik_brta.data import TEXTS
from nagorik_brta.fields import EngineCc, Office, PersonForm, PlateNumber, Vehicle, WeightKg
from nagorik_toolkit import FormDay, Line, Mobile, WholeNumber


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

    registration_number: PlateNumber
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
            help_en="As on the token.",
            help_bn="টোকেনে যেমন আছে।",
        ),
    ]
    registered_on: Annotated[
        FormDay | None,
        Label(
            en="Date of registration",
            bn="রেজিস্ট্রেশনের তারিখ",
            help_en="For a motorcycle, as in its papers. After some years the token is free.",
            help_bn="মোটরসাইকেলের জন্য, কাগজপত্রে যেমন আছে। কয়েক বছর পর টোকেন বিনামূল্যে।",
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


class TransferForm(PersonForm, VehicleForm):
    """Who has bought a registered vehicle, or inherited it."""

    engine_cc: Annotated[
        int,
        WholeNumber(1, 99_999),
        Label(
            en="Engine capacity (cc)",
            bn="ইঞ্জিনের ক্ষমতা (সিসি)",
            help_en="As in the registration papers; the fee depends on it.",
            help_bn="রেজিস্ট্রেশনের কাগজপত্রে যেমন আছে; ফি এর ওপর নির্ভর করে।",
        ),
    ]
    acquired_by: Annotated[
        Literal["purchase", "inheritance"],
        Choices(
            {
                "purchase": Text(en="I bought it", bn="কিনেছি"),
                "inheritance": Text(en="I inherited it", bn="ওয়ারিশ হিসেবে পেয়েছি"),
            }
        ),
        Label(
            en="How you got the vehicle",
            bn="গাড়িটি কীভাবে পেয়েছেন",
            help_en="Which papers you need depends on it.",
            help_bn="কোন কাগজপত্র লাগবে, তা এর ওপর নির্ভর করে।",
        ),
    ]
    papers_signed: Annotated[
        bool,
        Label(
            en="I have the papers signed by the seller or the heirs",
            bn="বিক্রেতা বা ওয়ারিশদের স্বাক্ষর করা কাগজপত্র আমার আছে",
            help_en="If bought: forms TO and TTO, sale receipt and affidavit. If inherited: the heirs' affidavit.",
            help_bn="কিনলে: টিও ও টিটিও ফরম, বিক্রয় রসিদ ও হলফনামা। ওয়ারিশ হলে: ওয়ারিশদের হলফনামা।",
        ),
    ]
    office: Annotated[
        Line,
        Label(
            en="BRTA circle",
            bn="বিআরটিএ সার্কেল",
            help_en="The office that inspects the vehicle. Ask there whether the seller must come too.",
            help_bn="যে অফিসে গাড়ি পরিদর্শন হবে। বিক্রেতাকেও যেতে হবে কি না, সেখানে খোঁজ নিন।",
        ),
    ]
