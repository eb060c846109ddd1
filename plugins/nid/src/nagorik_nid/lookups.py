"""Questions that leave nothing behind: an application that was filed elsewhere, and where a smart card is given out.

Modelled, not the EC's own: its site answers both behind a captcha, and no interface for partners is published
(docs/reference/agencies.md#nid-lookups).
``simulator/WIRE.md`` describes the model.
"""

from datetime import date
from typing import Final, Literal

from pydantic import Field

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    ContractViolation,
    Rejected,
    WireModel,
    dhaka_date,
)
from nagorik_nid.data import STATUSES, TEXTS
from nagorik_nid.forms import NidApplicationStatusForm, SmartCardStatusForm
from nagorik_nid.wire import API, day
from nagorik_toolkit import DhakaMinute, IsoDay, answered, filled, number_of

APPLICATION_LOOKUP: Final = f"{API}/lookups/application"
CARD_LOOKUP: Final = f"{API}/lookups/card"


class NidLookup(WireModel):
    """What every answer has."""

    number: str = Field(alias="lookupNo", pattern=r"^[A-Za-z0-9-]+$", max_length=40)


class NidApplicationLookup(NidLookup):
    """How an application stands, in the words that an application filed here has too."""

    result: Literal["FOUND", "NOT_FOUND"]
    status: str | None = Field(default=None, min_length=1)
    updated_at: DhakaMinute | None = Field(default=None, alias="updatedAt")
    remarks: str | None = None


class SmartCardLookup(NidLookup):
    """When and where a smart card is given out."""

    result: Literal["SCHEDULED", "NOT_SCHEDULED", "NOT_FOUND"]
    on: IsoDay | None = Field(default=None, alias="distributionOn")
    place: str | None = Field(default=None, min_length=1, max_length=200)


def to_application_question(form: NidApplicationStatusForm) -> dict[str, str]:
    """What the EC has to know to find an application."""
    return {"formNumber": form.form_number, "dob": day(form.birth_date)}


def to_card_question(form: SmartCardStatusForm) -> dict[str, str]:
    """What the EC has to know to find a card: the numbers that were given, of which the NID number goes first."""
    nid = number_of(form.nid, form.birth_date) if form.nid else None
    return filled({"nid": nid, "formNumber": form.form_number, "dob": day(form.birth_date)})


def application_found(answer: NidApplicationLookup) -> Accepted | Rejected:
    """What the citizen is told of the application; a word that nobody knows is told as such.

    Raises:
        ContractViolation: It was found, and the answer does not say how it stands.
    """
    if answer.result == "NOT_FOUND":
        return Rejected(reason_code="nid.application-not-found", reason=TEXTS.text("nid.application-not-found"))
    if answer.status is None or answer.updated_at is None:
        raise ContractViolation("found-without-status")
    kind = "application-status"
    stands = STATUSES.status(answer.status, remark=answer.remarks, deliverable=kind)
    told = TEXTS.text(sentence_of(stands), since=dhaka_date(answer.updated_at))
    return Accepted(reference=answer.number, status=answered(kind, stands.raw, reason=told, remark=stands.remark))


def card_found(answer: SmartCardLookup, today: date) -> Accepted | Rejected:
    """What the citizen is told of the card. That no date is set is an answer, too.

    Raises:
        ContractViolation: A date is set, and the answer does not say which, or where.
    """
    if answer.result == "NOT_FOUND":
        return Rejected(reason_code="nid.card-not-found", reason=TEXTS.text("nid.card-not-found"))
    if answer.result == "NOT_SCHEDULED":
        reason = TEXTS.text("card.not-scheduled")
    elif answer.on is None or answer.place is None:
        raise ContractViolation("scheduled-without-date-and-place")
    else:
        reason = TEXTS.text("card.scheduled" if answer.on >= today else "card.past", day=answer.on)
    status = answered("card-status", answer.result, reason=reason, remark=answer.place)
    return Accepted(reference=answer.number, status=status)


def sentence_of(stands: AgencyStatus) -> str:
    """The code of the sentence for how an application stands."""
    if stands.state is None:
        return "application.unknown-word"
    if stands.state is ApplicationState.SUBMITTED and stands.payment_confirmed is False:
        return "application.draft"
    if stands.state is ApplicationState.ISSUED:
        return f"application.issued-{stands.deliverables[0].delivery}"
    return f"application.{stands.state.value.replace('_', '-')}"
