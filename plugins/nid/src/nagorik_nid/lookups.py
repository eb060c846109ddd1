"""Questions that leave nothing behind: an application that was filed elsewhere, and where a smart card is given out.

Modelled, not the EC's own: its site answers both behind a captcha, and no interface for partners is published
(docs/reference/agencies.md#nid-lookups).
"""

from datetime import date
from typing import Literal

from pydantic import Field

from nagorik import Accepted, AgencyStatus, ApplicationState, ContractViolation, Rejected
from nagorik_nid.data import DATA
from nagorik_toolkit import IsoDay, LookupAnswer, answered


class ApplicationFound(LookupAnswer):
    """How an application stands, in the words that an application filed here has too, and since when."""

    result: Literal["FOUND", "NOT_FOUND"]
    status: str | None = Field(default=None, min_length=1)
    since: IsoDay | None = None
    remarks: str | None = None


class CardFound(LookupAnswer):
    """When and where a smart card is given out."""

    result: Literal["SCHEDULED", "NOT_SCHEDULED", "NOT_FOUND"]
    on: IsoDay | None = Field(default=None, alias="distributionOn")
    place: str | None = Field(default=None, min_length=1, max_length=200)


def application_found(answer: ApplicationFound) -> Accepted | Rejected:
    """How the application stands, for the citizen; a word that the table does not have is said to be unknown.

    Raises:
        ContractViolation: It was found, and the answer does not say how it stands, or since when.
    """
    if answer.result == "NOT_FOUND":
        return Rejected(reason_code="nid.application-not-found", reason=DATA.texts.text("nid.application-not-found"))
    if answer.status is None or answer.since is None:
        raise ContractViolation("found-without-status")
    kind = "application-status"
    stands = DATA.statuses.status(answer.status, remark=answer.remarks, deliverable=kind)
    reason = DATA.texts.text(sentence_of(stands), since=answer.since)
    return Accepted(reference=answer.number, status=answered(kind, stands.raw, reason=reason, remark=stands.remark))


def card_found(answer: CardFound, today: date) -> Accepted | Rejected:
    """When and where the card is given out, for the citizen. That no date is set is an answer, too.

    Raises:
        ContractViolation: A date is set, and the answer does not say which, or where.
    """
    if answer.result == "NOT_FOUND":
        return Rejected(reason_code="nid.card-not-found", reason=DATA.texts.text("nid.card-not-found"))
    if answer.result == "NOT_SCHEDULED":
        reason = DATA.texts.text("card.not-scheduled")
    elif answer.on is None or answer.place is None:
        raise ContractViolation("scheduled-without-date-and-place")
    else:
        reason = DATA.texts.text("card.scheduled" if answer.on >= today else "card.past", day=answer.on)
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
