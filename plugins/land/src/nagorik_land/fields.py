"""The fields that the land offices' forms share: numbers, areas, and where the land is."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from nagorik import Choices, Form, Label, Text, to_ascii_digits
from nagorik_land.data import TEXTS
from nagorik_toolkit import AcreArea, Address, LandArea, Line, OneLine

_LETTER: Final = "[A-Z\u0985-\u09b9]\u09bc?"
_NUMBER: Final = re.compile(rf"[0-9]{{1,12}}({_LETTER})?([/-]([0-9]{{1,6}}({_LETTER})?|{_LETTER}))?")
"""A letter may follow either part, as in ৪৫ক and ১২৩/ক; how many numbers have one is published nowhere."""


def _number(value: str) -> str:
    number = to_ascii_digits(value).upper()
    if not _NUMBER.fullmatch(number):
        raise TEXTS.problem("land.number-shape")
    return number


def _some(area: LandArea) -> LandArea:
    if not area.parts:
        raise TEXTS.problem("land.no-area")
    return area


RecordNumber = Annotated[str, OneLine(24), AfterValidator(_number)]
"""The number of a khatian, plot, sheet or holding: digits, ASCII inside, a letter where the paper has one, and a part
behind a slash or a dash."""
PlotArea = Annotated[AcreArea, AfterValidator(_some)]

KhatianNumber = Annotated[
    RecordNumber,
    Label(
        en="Khatian number",
        bn="খতিয়ান নম্বর",
        help_en="As on the khatian.",
        help_bn="খতিয়ানে যেমন আছে।",
    ),
]


KhatianKind = Annotated[
    Literal["cs", "sa", "rs", "bs", "brs", "bds", "city", "diara", "peti", "mutation"],
    Choices(
        {
            "cs": Text(en="CS (Cadastral Survey)", bn="সিএস (ক্যাডাস্ট্রাল সার্ভে)"),
            "sa": Text(en="SA (State Acquisition)", bn="এসএ (স্টেট অ্যাকুইজিশন)"),
            "rs": Text(en="RS (Revisional Survey)", bn="আরএস (রিভিশনাল সার্ভে)"),
            "bs": Text(en="BS (Bangladesh Survey)", bn="বিএস (বাংলাদেশ সার্ভে)"),
            "brs": Text(en="BRS (Bangladesh Revisional Survey)", bn="বিআরএস (বাংলাদেশ রিভিশনাল সার্ভে)"),
            "bds": Text(en="BDS (Bangladesh Digital Survey)", bn="বিডিএস (বাংলাদেশ ডিজিটাল সার্ভে)"),
            "city": Text(en="City survey", bn="সিটি জরিপ"),
            "diara": Text(en="Diara survey", bn="দিয়ারা জরিপ"),
            "peti": Text(en="Peti survey", bn="পেটি জরিপ"),
            "mutation": Text(en="Mutation khatian", bn="নামজারি খতিয়ান"),
        }
    ),
    Label(
        en="Kind of khatian",
        bn="খতিয়ানের ধরন",
        help_en="The survey that is named on the khatian.",
        help_bn="খতিয়ানে যে জরিপের নাম আছে।",
    ),
]
"""The survey that a khatian was drawn up in, or a mutation. The codes are modelled: what the portals call them is not
known. Which survey was held where is not checked."""


class MouzaPlace(Address):
    """A mouza by its name; the JL number is not known to everybody who looks for a khatian."""

    mouza: Annotated[
        Line,
        Label(
            en="Mouza",
            bn="মৌজা",
            help_en="Its name as on the khatian.",
            help_bn="খতিয়ানে যেমন লেখা আছে।",
        ),
    ]


class Place(MouzaPlace):
    """Where the land lies. The upazila names the land office, in which alone a case number is unique."""

    jl_number: Annotated[
        RecordNumber,
        Label(
            en="JL number",
            bn="জেএল নম্বর",
            help_en="The mouza's number, beside its name on the khatian.",
            help_bn="খতিয়ানে মৌজার নামের পাশে থাকে।",
        ),
    ]


class LandForm(Form):
    """What every application has."""

    place: Annotated[
        Place,
        Label(
            en="Where the land is",
            bn="জমির অবস্থান",
            help_en="As on the khatian.",
            help_bn="খতিয়ানে যেমন আছে।",
        ),
    ]


class Plot(Form):
    """One plot, or a part of it."""

    number: Annotated[
        RecordNumber,
        Label(
            en="Plot (dag) number",
            bn="দাগ নম্বর",
            help_en="As on the khatian.",
            help_bn="খতিয়ানে যেমন আছে।",
        ),
    ]
    area: PlotArea


def _each_once(plots: tuple[Plot, ...]) -> tuple[Plot, ...]:
    if len({plot.number for plot in plots}) != len(plots):
        raise TEXTS.problem("land.plot-twice")
    return plots


Plots = Annotated[
    tuple[Plot, ...],
    Field(min_length=1, max_length=30),
    AfterValidator(_each_once),
    Label(
        en="Plots and areas",
        bn="দাগ নম্বর ও জমির পরিমাণ",
        help_en="Each plot, with your area in it.",
        help_bn="প্রতিটি দাগ, আর সেই দাগে আপনার জমির পরিমাণ।",
    ),
]
