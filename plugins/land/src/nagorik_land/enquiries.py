"""The two questions that leave nothing at a land office: which khatians there are, and how a mutation stands.

What is wanted is the answer itself, so it ends with the question: nothing is filed, paid or followed. On the wire
both are modelled; ``simulator/WIRE.md`` describes them.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Choices,
    ContractViolation,
    Form,
    Label,
    Rejected,
    SubmitRequest,
    Text,
    WireModel,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik_land import statuses
from nagorik_land.data import TEXTS
from nagorik_land.fields import KhatianKind, MouzaPlace, RecordNumber
from nagorik_land.wire import Standing
from nagorik_toolkit import NidNumber, OneLine, answered, number_of


class KhatianSearchForm(Form):
    """Which khatians of a mouza are meant: by their own number, by a plot in them, or by both."""

    place: Annotated[
        MouzaPlace,
        Label(
            en="Where the land is",
            bn="জমির অবস্থান",
            help_en="Down to the mouza.",
            help_bn="মৌজা পর্যন্ত লিখুন।",
        ),
    ]
    survey: KhatianKind
    khatian_number: Annotated[
        RecordNumber | None,
        Label(
            en="Khatian number",
            bn="খতিয়ান নম্বর",
            help_en="Leave it blank to search by the plot (dag) number.",
            help_bn="দাগ নম্বর দিয়ে খুঁজতে চাইলে খালি রাখুন।",
        ),
    ] = None
    plot_number: Annotated[
        RecordNumber | None,
        Label(
            en="Plot (dag) number",
            bn="দাগ নম্বর",
            help_en="Leave it blank to search by the khatian number.",
            help_bn="খতিয়ান নম্বর দিয়ে খুঁজতে চাইলে খালি রাখুন।",
        ),
    ] = Field(default=None, validate_default=True)

    @field_validator("plot_number")
    @classmethod
    def _has_a_number(cls, plot_number: str | None, info: ValidationInfo) -> str | None:
        if plot_number is None and info.data.get("khatian_number", "refused") is None:
            raise TEXTS.problem("land.search-needs-number")
        return plot_number


_APPLICATION_NUMBER: Final = re.compile(r"[0-9A-Z]+(-[0-9A-Z]+)*")


def _application_number(value: str) -> str:
    number = to_ascii_digits(value).upper()
    if not _APPLICATION_NUMBER.fullmatch(number):
        raise TEXTS.problem("land.application-number-shape")
    return number


class MutationStatusForm(Form):
    """A mutation that was applied for elsewhere, by what the portal asks for: division, number and NID."""

    division: Annotated[
        Literal["barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"],
        Choices(
            {
                "barishal": Text(en="Barishal", bn="বরিশাল"),
                "chattogram": Text(en="Chattogram", bn="চট্টগ্রাম"),
                "dhaka": Text(en="Dhaka", bn="ঢাকা"),
                "khulna": Text(en="Khulna", bn="খুলনা"),
                "mymensingh": Text(en="Mymensingh", bn="ময়মনসিংহ"),
                "rajshahi": Text(en="Rajshahi", bn="রাজশাহী"),
                "rangpur": Text(en="Rangpur", bn="রংপুর"),
                "sylhet": Text(en="Sylhet", bn="সিলেট"),
            }
        ),
        Label(
            en="Division",
            bn="বিভাগ",
            help_en="The division in which the land is.",
            help_bn="জমি যে বিভাগে।",
        ),
    ]
    application_number: Annotated[
        str,
        OneLine(40),
        AfterValidator(_application_number),
        Label(
            en="Application number",
            bn="আবেদন নম্বর",
            help_en="The number that you got when you applied, not the case number.",
            help_bn="আবেদনের সময় যে নম্বর পেয়েছেন। কেস নম্বর নয়।",
        ),
    ]
    nid: Annotated[
        NidNumber,
        Label(
            en="NID number",
            bn="এনআইডি নম্বর",
            help_en="The one that the application was made with. 10, 13 or 17 digits.",
            help_bn="যে নম্বর দিয়ে আবেদন করা হয়েছে। ১০, ১৩ বা ১৭ অঙ্ক।",
        ),
    ]


KHATIAN_SEARCH: Final = "/sim/land/porcha/v1/enquiries"
MUTATION_STATUS: Final = "/sim/land/mutation/v1/enquiries"

KHATIANS: Final = "khatian-numbers"
"""The kind of what a search brings; its reference is the numbers of all khatians that were told, with commas."""
STANDING: Final = "mutation-standing"
"""The kind of what a question about a mutation brings; its reference is the office's own word."""


def _in_ascii_digits(written: object) -> object:
    return to_ascii_digits(written) if isinstance(written, str) else written


EnquiryNumber = Annotated[str, Field(alias="enquiryNo", pattern=r"^[A-Za-z0-9-]+$", max_length=40)]


class FoundKhatian(WireModel):
    """One khatian of a mouza, without whose it is: nobody asked for that."""

    number: Annotated[str, BeforeValidator(_in_ascii_digits), Field(alias="khatianNo", min_length=1, max_length=24)]


class FoundKhatians(WireModel):
    """The khatians that fit."""

    enquiry: EnquiryNumber
    khatians: tuple[FoundKhatian, ...] = Field(max_length=200)
    complete: bool
    """Whether these are all that fit."""


class FoundMutation(WireModel):
    """The application with a number and an NID."""

    enquiry: EnquiryNumber
    case: Standing | None
    """How it stands; ``None`` where no application has both."""


def to_khatian_search(form: KhatianSearchForm) -> dict[str, str | None]:
    """Which khatians are looked for."""
    return {
        "survey": form.survey.upper(),
        "district": form.place.district,
        "upazila": form.place.upazila,
        "mouza": form.place.mouza,
        "khatianNo": form.khatian_number,
        "dagNo": form.plot_number,
    }


def to_status_question(request: SubmitRequest, form: MutationStatusForm) -> dict[str, str]:
    """Which application is meant. In a body, not in an address: addresses are written to logs."""
    return {
        "division": form.division.upper(),
        "applicationId": form.application_number,
        "nid": number_of(form.nid, request.applicant.birth_date),
    }


def khatians(found: FoundKhatians) -> Accepted | Rejected:
    """The khatians' numbers. That none fits is an answer, not an error.

    Raises:
        ContractViolation: None is told, and yet these are not all.
    """
    if not found.khatians and not found.complete:
        raise ContractViolation("no-khatian-and-yet-more")
    if not found.khatians:
        return Rejected(reason_code="land.khatian-not-found", reason=TEXTS.text("land.khatian-not-found"))
    numbers = ", ".join(dict.fromkeys(khatian.number for khatian in found.khatians))
    code = "land.khatians-found" if found.complete else "land.more-khatians"
    told = TEXTS.text(code, numbers=Text(bn=to_bangla_digits(numbers), en=numbers))
    return Accepted(reference=found.enquiry, status=answered(KHATIANS, "FOUND", reference=numbers, reason=told))


def standing(found: FoundMutation) -> Accepted | Rejected:
    """The office's word for the mutation, and what it means for the citizen.

    The question is answered, whatever the word: the mutation itself is followed where it was filed. The word stands
    before what an officer wrote, since a host shows the one and not the other.
    """
    if found.case is None:
        return Rejected(reason_code="land.case-not-found", reason=TEXTS.text("land.case-not-found"))
    told = statuses.read("land.mutation", found.case, word_in_remark=True)
    status = answered(STANDING, told.raw, reference=told.raw, reason=_meaning(told), remark=told.remark)
    return Accepted(reference=found.enquiry, status=status)


_MEANINGS: Final[Mapping[ApplicationState | None, str]] = {
    ApplicationState.SUBMITTED: "case.received",
    ApplicationState.IN_REVIEW: "case.in-review",
    ApplicationState.APPROVED: "case.approved",
    ApplicationState.ISSUED: "case.ready",
}


def _meaning(told: AgencyStatus) -> Text:
    """What a word of the office says to somebody who cannot act here."""
    if told.fee_due is not None or told.payment_confirmed is False:
        return TEXTS.text("case.fee-due")
    return told.reason or TEXTS.text(_MEANINGS.get(told.state, "case.word-not-known"))
