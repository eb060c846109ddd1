"""Is a card valid, and how far is a clearance? Looked up at BMET: nothing is filed, so each may be asked again.

BMET's own page looks a clearance up by the passport's number; by what a card is looked up is not known. The interface
is modelled throughout: ``simulator/WIRE.md``, docs/reference/agencies.md#bmet-look-ups.
"""

from datetime import date
from typing import Any, Final, Literal

from pydantic import Field

from nagorik import (
    Accepted,
    AgencySettings,
    CallContext,
    ContractViolation,
    Rejected,
    SubmitRequest,
    Text,
    WireModel,
)
from nagorik_bmet.data import TEXTS
from nagorik_bmet.forms import CardVerificationForm, ClearanceVerificationForm
from nagorik_bmet.wire import API
from nagorik_toolkit import IsoDay, answered, wire_word

CARD_VALIDITY: Final = "card-validity"
"""The kind of what a valid card brings; its reference is the last day of validity, where BMET names one."""
CLEARANCE: Final = "clearance"
"""The kind of what a clearance brings that has been given; its reference is the clearance's number."""
CLEARANCE_PROGRESS: Final = "clearance-progress"
"""The kind of what one brings that has not; BMET's word is the status's."""


class CardEnquiry(WireModel):
    """What BMET says of a card."""

    number: str = Field(alias="enquiryNo", pattern=r"^[A-Za-z0-9-]+$")
    result: Literal["VALID", "EXPIRED", "NOT_FOUND"]
    valid_until: IsoDay | None = Field(default=None, alias="validUntil")


class ClearanceEnquiry(WireModel):
    """What BMET says of a passport's clearance."""

    number: str = Field(alias="enquiryNo", pattern=r"^[A-Za-z0-9-]+$")
    result: Literal["READY", "IN_PROCESS", "FINGERPRINTS_MISSING", "NOT_FOUND"]
    clearance_number: str | None = Field(default=None, alias="clearanceNo", min_length=1)


async def look_up(request: SubmitRequest, context: CallContext[AgencySettings]) -> Accepted | Rejected:
    """What BMET answers; that there is nothing, or nothing that holds, is an answer and no error."""
    if isinstance(request.form, CardVerificationForm):
        return await _card(request.form, request.on, context)
    return await _clearance(request.form_as(ClearanceVerificationForm), context)


async def _card(form: CardVerificationForm, today: date, context: CallContext[AgencySettings]) -> Accepted | Rejected:
    enquiry = await context.http.write(
        "cards.verify", "POST", f"{API}/verifications/cards", json=to_card_question(form), expect=CardEnquiry
    )
    match enquiry.result:
        case "NOT_FOUND":
            return _no("bmet.card-not-found")
        case "EXPIRED":
            return _no(f"bmet.{form.card}-expired")
    until = enquiry.valid_until
    if until is None:
        sentence = TEXTS.text(f"card.{form.card}-valid")
    elif until < today:
        raise ContractViolation("valid-without-a-day-to-come")
    else:
        sentence = TEXTS.text(f"card.{form.card}-valid-until", until=until)
    reference = None if until is None else until.isoformat()
    return _answer(enquiry.number, enquiry.result, CARD_VALIDITY, reference, sentence)


async def _clearance(form: ClearanceVerificationForm, context: CallContext[AgencySettings]) -> Accepted | Rejected:
    enquiry = await context.http.write(
        "clearances.verify",
        "POST",
        f"{API}/verifications/clearances",
        json=to_clearance_question(form),
        expect=ClearanceEnquiry,
    )
    match enquiry.result:
        case "NOT_FOUND":
            return _no("bmet.clearance-not-found")
        case "READY":
            kind, reference = CLEARANCE, enquiry.clearance_number
        case _:
            kind, reference = CLEARANCE_PROGRESS, None
    sentence = TEXTS.text(f"clearance.{enquiry.result.lower().replace('_', '-')}")
    return _answer(enquiry.number, enquiry.result, kind, reference, sentence)


def to_card_question(form: CardVerificationForm) -> dict[str, Any]:
    """The card that is asked about."""
    return {"card": wire_word(form.card), "cardNo": form.card_number, "dob": form.birth_date.isoformat()}


def to_clearance_question(form: ClearanceVerificationForm) -> dict[str, Any]:
    """The passport whose clearance is asked about."""
    return {"passportNo": form.passport_no.value, "dob": form.birth_date.isoformat()}


def _no(code: str) -> Rejected:
    return Rejected(reason_code=code, reason=TEXTS.text(code))


def _answer(enquiry: str, word: str, kind: str, reference: str | None, sentence: Text) -> Accepted:
    """All that there is to it: the sentence tells the worker, the deliverable whoever asked for them."""
    return Accepted(reference=enquiry, status=answered(kind, word, reference=reference, reason=sentence))
