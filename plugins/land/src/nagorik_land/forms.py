"""What a citizen fills in for each service; labels and options are in ``forms.toml``."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator

from nagorik import to_ascii_digits, to_bangla_digits
from nagorik_land.data import DATA
from nagorik_toolkit import (
    AcreArea,
    Address,
    BirthDate,
    FiscalYear,
    FormDay,
    LabelledForm,
    LandArea,
    Line,
    Mobile,
    NidNumber,
    NidOfBirthYear,
    OneLine,
    PostalAddress,
    TaxYear,
    wire_word,
)

_LETTER: Final = "[A-Z\u0985-\u09b9]\u09bc?"
_NUMBER: Final = re.compile(rf"[0-9]{{1,12}}({_LETTER})?([/-]([0-9]{{1,6}}({_LETTER})?|{_LETTER}))?")
"""A letter may follow either part, as in ৪৫ক and ১২৩/ক; how many numbers have one is published nowhere."""
_APPLICATION_NUMBER: Final = re.compile(r"[0-9A-Z]+(-[0-9A-Z]+)*")

DayWriter = Callable[[date], str]


def _of_shape(shape: re.Pattern[str], code: str) -> AfterValidator:
    def read(value: str) -> str:
        number = to_ascii_digits(value).upper()
        if not shape.fullmatch(number):
            raise DATA.texts.problem(code)
        return number

    return AfterValidator(read)


def _some(area: LandArea) -> LandArea:
    if not area.parts:
        raise DATA.texts.problem("land.no-area")
    return area


RecordNumber = Annotated[str, OneLine(24), _of_shape(_NUMBER, "land.number-shape")]
"""The number of a khatian, plot, sheet or holding: digits, ASCII inside, a letter where the paper has one, and a part
behind a slash or a dash."""
PlotArea = Annotated[AcreArea, AfterValidator(_some)]
KhatianKind = Literal["cs", "sa", "rs", "bs", "brs", "bds", "city", "diara", "peti", "mutation"]
"""The survey that a khatian was drawn up in, or a mutation. The codes are modelled: what the portals call them is not
known. Which survey was held where is not checked."""


class AcreForm(LabelledForm):
    """Areas go out as acres with four places in Bangla digits, ``০.১২৫০``, and a fiscal year as ``2026-27``."""

    def wire_value(self, field: str, day: DayWriter = date.isoformat) -> JsonValue:
        """One field as the offices are sent it."""
        match getattr(self, field):
            case LandArea() as area:
                return to_bangla_digits(area.plain("acre"))
            case FiscalYear() as year:
                return year.label
            case _:
                return super().wire_value(field, day)


class MouzaPlace(Address, LabelledForm):
    """A mouza by its name; the JL number is not known to everybody who looks for a khatian."""

    mouza: Line


class Place(MouzaPlace):
    """Where the land lies. The upazila names the land office, in which alone a case number is unique."""

    jl_number: RecordNumber


class PlacedForm(AcreForm):
    """Land in a mouza."""

    place: MouzaPlace

    def to_wire(self, day: DayWriter = date.isoformat) -> dict[str, Any]:
        """The parts of the place stand among the other fields, without the division, which the district names."""
        sent = super().to_wire(day)
        place: dict[str, Any] = sent.pop("place")
        del place["division"]
        return place | sent


class LandForm(PlacedForm):
    """What every application has."""

    place: Place


class Plot(AcreForm):
    """One plot, or a part of it."""

    number: RecordNumber
    area: PlotArea


def _each_once(plots: tuple[Plot, ...]) -> tuple[Plot, ...]:
    if len({plot.number for plot in plots}) != len(plots):
        raise DATA.texts.problem("land.plot-twice")
    return plots


Plots = Annotated[tuple[Plot, ...], Field(min_length=1, max_length=30), AfterValidator(_each_once)]


class MutationForm(LandForm):
    """Land that has come to the applicant."""

    khatian_number: RecordNumber
    plots: Plots
    recorded_owner: Line
    acquisition: Literal["purchase", "inheritance", "gift", "decree"]
    deed_number: RecordNumber | None = None
    deed_date: FormDay | None = Field(default=None, validate_default=True)
    mobile: Mobile

    @field_validator("deed_date")
    @classmethod
    def _has_a_deed(cls, deed_date: date | None, info: ValidationInfo) -> date | None:
        acquisition, number = info.data.get("acquisition"), info.data.get("deed_number")
        if acquisition not in {None, "inheritance"} and (deed_date is None or number is None):
            raise DATA.texts.problem("land.deed-needed")
        return deed_date


class OrderForm(LandForm):
    """An order to a record room."""

    address: PostalAddress | None = None
    mobile: Mobile

    @property
    def delivery(self) -> Literal["counter", "post"]:
        """How it is to reach the citizen."""
        return "counter" if self.address is None else "post"

    def to_wire(self, day: DayWriter = date.isoformat) -> dict[str, Any]:
        """With how it is to reach the citizen, which the price depends on."""
        return super().to_wire(day) | {"delivery": wire_word(self.delivery)}


class KhatianCopyForm(OrderForm):
    """A certified copy of a khatian."""

    survey: KhatianKind
    khatian_number: RecordNumber


class MouzaMapForm(OrderForm):
    """A sheet of a mouza's map."""

    sheet_number: RecordNumber


class DevelopmentTaxForm(LandForm):
    """A holding whose tax for a fiscal year is paid."""

    holding_number: RecordNumber
    fiscal_year: TaxYear
    area: PlotArea
    area_class: Literal["rural", "district-town", "municipality", "city"]
    use: Literal["agricultural", "orchard-or-tea", "residential", "commercial", "industrial"]
    family_area: PlotArea | None = Field(default=None, validate_default=True)

    @field_validator("family_area")
    @classmethod
    def _family_has_this_land_too(cls, family_area: LandArea | None, info: ValidationInfo) -> LandArea | None:
        area = info.data.get("area")
        if info.data.get("use") != "agricultural":
            return family_area
        if family_area is None:
            raise DATA.texts.problem("land.family-area-needed")
        if area is not None and family_area < area:
            raise DATA.texts.problem("land.family-area-too-small")
        return family_area


class HoldingRegistrationForm(LandForm):
    """Land that is entered under its owner's name, so that its tax can be paid."""

    birth_date: BirthDate
    nid: NidOfBirthYear
    mobile: Mobile
    survey: KhatianKind
    khatian_number: RecordNumber
    plots: Plots
    holding_number: RecordNumber | None = None


class KhatianSearchForm(PlacedForm):
    """Which khatians of a mouza are meant: by their own number, by a plot in them, or by both."""

    survey: KhatianKind
    khatian_number: RecordNumber | None = None
    plot_number: RecordNumber | None = Field(default=None, validate_default=True)

    @field_validator("plot_number")
    @classmethod
    def _has_a_number(cls, plot_number: str | None, info: ValidationInfo) -> str | None:
        if plot_number is None and info.data.get("khatian_number", "refused") is None:
            raise DATA.texts.problem("land.search-needs-number")
        return plot_number


class MutationStatusForm(LabelledForm):
    """A mutation that was applied for elsewhere, by what the portal asks for: division, number and NID."""

    division: Literal["barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"]
    application_number: Annotated[str, OneLine(40), _of_shape(_APPLICATION_NUMBER, "land.application-number-shape")]
    nid: NidNumber
