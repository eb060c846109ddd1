"""What happened to an application's fees and payments."""

from typing import Annotated, Literal

from pydantic import AwareDatetime

from nagorik.bangladesh import Money
from nagorik.journey.events.base import Actor, JournalEvent
from nagorik.model.fee import Quote
from nagorik.model.states import PaymentState
from nagorik.privacy import PERSONAL


class QuoteReceived(JournalEvent):
    """A price for the stage that is due."""

    kind: Literal["quote-received"] = "quote-received"
    quote: Quote


class QuoteDropped(JournalEvent):
    """The price lapsed, was settled or no longer fits."""

    kind: Literal["quote-dropped"] = "quote-dropped"


class FeeDemanded(JournalEvent):
    """The agency wants a stage of the fees paid now."""

    kind: Literal["fee-demanded"] = "fee-demanded"
    stage: str


class FeeSettled(JournalEvent):
    """The stage that the agency wanted paid is paid, or free, or the agency no longer wants it paid."""

    kind: Literal["fee-settled"] = "fee-settled"
    free: bool = False
    """Whether the price in force is nothing, which holds until it lapses, though the agency may go on demanding."""


class PaymentOpened(JournalEvent):
    """The citizen set out to pay a quote."""

    kind: Literal["payment-opened"] = "payment-opened"
    payment: str
    quote: str
    stage: str
    gateway: str
    amount: Money


class PaymentMoved(JournalEvent):
    """A payment changed its state."""

    kind: Literal["payment-moved"] = "payment-moved"
    payment: str
    to: PaymentState
    actor: Actor
    code: str
    reference: Annotated[str | None, PERSONAL] = None
    taken: Money | None = None
    """What the gateway took, where that is not what was asked for."""
    captured_at: AwareDatetime | None = None
    payer_name: Annotated[str | None, PERSONAL] = None
    officer: str | None = None
    reason: Annotated[str | None, PERSONAL] = None


class AdviceLost(JournalEvent):
    """The answer to a payment's advice was lost: the agency may or may not know of the payment."""

    kind: Literal["advice-lost"] = "advice-lost"
    payment: str


class AdviceAbsent(JournalEvent):
    """A status asked for late enough says that the agency does not know of a payment whose advice was lost."""

    kind: Literal["advice-absent"] = "advice-absent"
    payment: str


class PaymentNoticed(JournalEvent):
    """A message that claims to come from the gateway named a payment: the gateway is to be asked."""

    kind: Literal["payment-noticed"] = "payment-noticed"
    payment: str
