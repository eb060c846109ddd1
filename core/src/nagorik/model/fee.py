"""What is to be paid, and where its figures come from."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, model_validator

from nagorik.model.application import ApplicationRequest
from nagorik.privacy import PERSONAL, Code, Model, PublicId, Several
from nagorik.values import Money
from nagorik.values.sentences import Sentence, Text


class Source(Model):
    """A citation, dated, that says whether anyone checked it."""

    title: Sentence
    """The act, circular, page or document."""
    as_of: date | None = None
    """The day of the document, or on which the page was read."""
    verified: bool
    """Whether the figure was checked against the agency's own publication."""


class FeeDue(StrEnum):
    """When in an application's life a fee falls due. The plugin says it; no order is built in."""

    BEFORE_SUBMISSION = "before-submission"
    AFTER_SUBMISSION = "after-submission"


class QuoteRequest(ApplicationRequest):
    """What does this application cost, and when is it due?"""

    at: AwareDatetime
    """The instant of the question."""
    stage: str = "application"
    """Which of a service's payments is asked about, as a status named it; ``application`` is the first."""
    agency_reference: Annotated[str | None, PERSONAL] = None
    """The agency's reference, once there is one."""


class LineNature(StrEnum):
    """What kind of money a line of a quote is, as a receipt tells it."""

    FEE = "fee"
    TAX = "tax"
    VAT = "vat"
    PENALTY = "penalty"
    GATEWAY_CHARGE = "gateway-charge"
    CENTRE_CHARGE = "centre-charge"


class QuoteLine(Model):
    """One part of a quote."""

    code: Code
    """Stable, such as ``reissue-regular``."""
    text: Annotated[Text, PERSONAL]
    """What it is for; a plugin may name the citizen's plot or vehicle in it."""
    amount: Money
    """Before VAT."""
    vat: Money
    """VAT on this line; zero where none is due."""
    nature: LineNature = LineNature.FEE
    payee: Text | None = None
    """Whose money it is; ``None`` where it is the agency's whose service it is."""

    @property
    def total(self) -> Money:
        """What the payer gives for this line."""
        return self.amount + self.vat


class Quote(Model):
    """The price of one stage of an application, good until it expires."""

    id: PublicId
    """Unique; the payment names it."""
    stage: Code = "application"
    lines: Several[QuoteLine]
    total: Money
    """What is to be paid: the lines with their VAT, after the agency's rounding."""
    unpriced: Several[Text] = ()
    """Costs that are due too and whose amount is not known: with any, ``total`` is the least that it comes to."""
    due: FeeDue
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    """After this instant the price is asked for again."""
    source: Source

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if any(part.currency != self.total.currency for line in self.lines for part in (line.amount, line.vat)):
            raise ValueError("a quote has one currency")
        listed = sum(line.amount.poisha + line.vat.poisha for line in self.lines)
        if listed != self.total.poisha:
            raise ValueError("the total is the sum of the lines and their VAT; put rounding into a line")
        return self

    def is_expired(self, at: datetime) -> bool:
        """Whether the price may no longer be used at ``at``."""
        return at >= self.expires_at
