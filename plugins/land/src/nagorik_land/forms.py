"""What a citizen fills in for each application."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nagorik import Choices, Label, Text
from nagorik_land.data import TEXTS
from nagorik_land.fields import KhatianKind, KhatianNumber, LandForm, PlotArea, Plots, RecordNumber
from nagorik_toolkit import (
    BirthDate,
    FormDay,
    LandArea,
    Line,
    Mobile,
    NidOfBirthYear,
    PostalAddress,
    TaxYear,
)


class MutationForm(LandForm):
    """Land that has come to the applicant."""

    khatian_number: KhatianNumber
    plots: Plots
    recorded_owner: Annotated[
        Line,
        Label(
            en="Owner in the khatian",
            bn="খতিয়ানে এখন যাঁর নাম আছে",
            help_en="The name that is there now.",
            help_bn="নামটি খতিয়ানে যেমন লেখা আছে।",
        ),
    ]
    acquisition: Annotated[
        Literal["purchase", "inheritance", "gift", "decree"],
        Choices(
            {
                "purchase": Text(en="Bought", bn="কেনা"),
                "inheritance": Text(en="Inherited", bn="উত্তরাধিকার"),
                "gift": Text(en="Gift", bn="দান বা হেবা"),
                "decree": Text(en="Court decree", bn="আদালতের ডিক্রি"),
            }
        ),
        Label(
            en="How you got the land",
            bn="জমি কীভাবে পেয়েছেন",
            help_en="Choose one.",
            help_bn="একটি বেছে নিন।",
        ),
    ]
    deed_number: Annotated[
        RecordNumber | None,
        Label(
            en="Number of the deed or decree",
            bn="দলিল বা ডিক্রির নম্বর",
            help_en="Leave it blank for inherited land.",
            help_bn="উত্তরাধিকার হলে খালি রাখুন।",
        ),
    ] = None
    deed_date: Annotated[
        FormDay | None,
        Label(
            en="Date of the deed or decree",
            bn="দলিল বা ডিক্রির তারিখ",
            help_en="As on the deed or decree.",
            help_bn="দলিল বা ডিক্রিতে যেমন আছে।",
        ),
    ] = Field(default=None, validate_default=True)
    mobile: Mobile

    @field_validator("deed_date")
    @classmethod
    def _has_a_deed(cls, deed_date: date | None, info: ValidationInfo) -> date | None:
        acquisition, number = info.data.get("acquisition"), info.data.get("deed_number")
        if acquisition not in {None, "inheritance"} and (deed_date is None or number is None):
            raise TEXTS.problem("land.deed-needed")
        return deed_date


class OrderForm(LandForm):
    """An order to a record room."""

    address: Annotated[
        PostalAddress | None,
        Label(
            en="Address for the post",
            bn="ডাকযোগে পাঠানোর ঠিকানা",
            help_en="Only if you want it by post. Otherwise you collect it at the counter.",
            help_bn="শুধু ডাকযোগে নিতে চাইলে লিখুন। নইলে কাউন্টার থেকে নিতে হবে।",
        ),
    ] = None
    mobile: Mobile

    @property
    def delivery(self) -> Literal["counter", "post"]:
        """How it is to reach the citizen."""
        return "counter" if self.address is None else "post"


class KhatianCopyForm(OrderForm):
    """A certified copy of a khatian."""

    survey: KhatianKind
    khatian_number: KhatianNumber


class MouzaMapForm(OrderForm):
    """A sheet of a mouza's map."""

    sheet_number: Annotated[
        RecordNumber,
        Label(
            en="Sheet number",
            bn="শিট নম্বর",
            help_en="Write 1 if the mouza has one sheet only.",
            help_bn="মৌজায় একটিই শিট থাকলে ১ লিখুন।",
        ),
    ]


class DevelopmentTaxForm(LandForm):
    """A holding whose tax for a fiscal year is paid."""

    holding_number: Annotated[
        RecordNumber,
        Label(
            en="Holding number",
            bn="হোল্ডিং নম্বর",
            help_en="As on the last tax receipt (dakhila).",
            help_bn="সর্বশেষ দাখিলায় যেমন আছে।",
        ),
    ]
    fiscal_year: TaxYear
    area: PlotArea
    area_class: Annotated[
        Literal["rural", "district-town", "municipality", "city"],
        Choices(
            {
                "rural": Text(en="Rural", bn="গ্রাম (পল্লি এলাকা)"),
                "district-town": Text(en="Municipality of a district town", bn="জেলা সদরের পৌরসভা"),
                "municipality": Text(en="Other municipality", bn="অন্য পৌরসভা"),
                "city": Text(en="City corporation", bn="সিটি কর্পোরেশন"),
            }
        ),
        Label(
            en="Class of the area",
            bn="এলাকার শ্রেণি",
            help_en="The rate differs between villages, municipalities and cities.",
            help_bn="গ্রাম, পৌরসভা ও সিটি কর্পোরেশনে করের হার আলাদা।",
        ),
    ]
    use: Annotated[
        Literal["agricultural", "orchard-or-tea", "residential", "commercial", "industrial"],
        Choices(
            {
                "agricultural": Text(en="Agricultural", bn="কৃষি"),
                "orchard-or-tea": Text(en="Orchard or tea garden", bn="বাগান বা চা বাগান"),
                "residential": Text(en="Residential", bn="আবাসিক"),
                "commercial": Text(en="Commercial", bn="বাণিজ্যিক"),
                "industrial": Text(en="Industrial", bn="শিল্প"),
            }
        ),
        Label(
            en="Use of the land",
            bn="জমির ব্যবহার",
            help_en="What it is used for now.",
            help_bn="বর্তমানে কী কাজে ব্যবহৃত হয়।",
        ),
    ]
    family_area: Annotated[
        PlotArea | None,
        Label(
            en="All agricultural land of the family, in acres",
            bn="পরিবারের মোট কৃষি জমি (একর)",
            help_en="In the whole country, such as 2.5000. Needed for agricultural land.",
            help_bn="সারা দেশে মোট, যেমন ২.৫০০০। কৃষি জমি হলে লাগবে।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("family_area")
    @classmethod
    def _family_has_this_land_too(cls, family_area: LandArea | None, info: ValidationInfo) -> LandArea | None:
        area = info.data.get("area")
        if info.data.get("use") != "agricultural":
            return family_area
        if family_area is None:
            raise TEXTS.problem("land.family-area-needed")
        if area is not None and family_area < area:
            raise TEXTS.problem("land.family-area-too-small")
        return family_area


class HoldingRegistrationForm(LandForm):
    """Land that is entered under its owner's name, so that its tax can be paid."""

    birth_date: BirthDate
    nid: NidOfBirthYear
    mobile: Mobile
    survey: KhatianKind
    khatian_number: KhatianNumber
    plots: Plots
    holding_number: Annotated[
        RecordNumber | None,
        Label(
            en="Holding number",
            bn="হোল্ডিং নম্বর",
            help_en="As on an earlier tax receipt (dakhila). Leave it blank if you have none.",
            help_bn="আগের দাখিলায় যেমন আছে। দাখিলা না থাকলে খালি রাখুন।",
        ),
    ] = None
