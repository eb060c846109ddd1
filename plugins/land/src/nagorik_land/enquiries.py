"""The two questions that leave nothing at a land office: which khatians there are, and how a mutation stands.

What is wanted is the answer itself, so it ends with the question: nothing is filed, paid or followed.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    ContractViolation,
    Rejected,
    Text,
    WireModel,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik_land.data import DATA
from nagorik_toolkit import Standing, answered

KHATIANS: Final = "khatian-numbers"
"""The kind of what a search brings; its reference is the numbers of all khatians that were found, with commas."""
STANDING: Final = "mutation-standing"
"""The kind of what a question about a mutation brings; its reference is the office's own word."""


def _in_ascii_digits(written: object) -> object:
    return to_ascii_digits(written) if isinstance(written, str) else written


EnquiryNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$", max_length=40)]


class FoundKhatian(WireModel):
    """One khatian of a mouza, without its owner: that was not asked for."""

    number: Annotated[str, BeforeValidator(_in_ascii_digits), Field(min_length=1, max_length=24)]


class FoundKhatians(WireModel):
    """The khatians that fit."""

    number: EnquiryNumber
    khatians: tuple[FoundKhatian, ...] = Field(max_length=200)
    complete: bool
    """Whether these are all that fit."""


class FoundMutation(WireModel):
    """The application with a number and an NID."""

    number: EnquiryNumber
    office: str | None = None
    """The land office that has it."""
    case: Standing | None
    """How it stands; ``None`` where no application has both."""


def khatians(found: FoundKhatians) -> Accepted | Rejected:
    """The khatians' numbers. No khatian that fits is an answer, not an error.

    Raises:
        ContractViolation: There is no khatian, and yet these are not all.
    """
    if not found.khatians and not found.complete:
        raise ContractViolation("no-khatian-and-yet-more")
    if not found.khatians:
        return _refused("land.khatian-not-found")
    numbers = ", ".join(dict.fromkeys(khatian.number for khatian in found.khatians))
    code = "land.khatians-found" if found.complete else "land.more-khatians"
    reason = DATA.texts.text(code, numbers=Text(bn=to_bangla_digits(numbers), en=numbers))
    return Accepted(reference=found.number, status=answered(KHATIANS, "FOUND", reference=numbers, reason=reason))


def mutation(number: str, status: AgencyStatus | None) -> Accepted | Rejected:
    """The office's word for the mutation, and what it means for the citizen.

    Any word answers the question: the mutation itself is followed where it was filed.
    """
    if status is None:
        return _refused("land.case-not-found")
    meaning = _meaning(status)
    told = answered(STANDING, status.raw, reference=status.raw, reason=meaning, remark=status.remark)
    return Accepted(reference=number, status=told)


def _refused(code: str) -> Rejected:
    return Rejected(reason_code=code, reason=DATA.texts.text(code))


_MEANINGS: Final[Mapping[ApplicationState | None, str]] = {
    ApplicationState.SUBMITTED: "case.received",
    ApplicationState.IN_REVIEW: "case.in-review",
    ApplicationState.APPROVED: "case.approved",
    ApplicationState.ISSUED: "case.ready",
}


def _meaning(status: AgencyStatus) -> Text:
    """What a word of the office means for a citizen who cannot act here."""
    if status.fee_due is not None or status.payment_confirmed is False:
        return DATA.texts.text("case.fee-due")
    return status.reason or DATA.texts.text(_MEANINGS.get(status.state, "case.word-not-known"))
