"""What the owner of a vehicle fills in: for its registration, its tax token and its fitness certificate."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik import Choices, Form, Label, Text
from nagorik_brta.data import TEXTS
from nagorik_brta.fields import EngineCc, Office, PersonForm, Vehicle, WeightKg
from nagorik_brta.identifiers import RegistrationNumber
from nagorik_toolkit import FormDay, Line, Mobile


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
