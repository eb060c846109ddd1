"""Paying through a gateway, and telling the agency that it was paid."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from nagorik.model.application import ApplicationRequest, Payer
from nagorik.model.status import LONGEST_REMARK, PaymentState
from nagorik.payer_pages import PayerUrl
from nagorik.privacy import PERSONAL, SECRET, Model, Several
from nagorik.values import Money
from nagorik.values.sentences import Text


class PaymentReceipt(Model):
    """Proof that a gateway took the payer's money."""

    payment: str
    """The platform's id of the payment."""
    quote: str
    """The quote that was paid."""
    stage: str
    gateway: str
    """The gateway's id."""
    reference: Annotated[str, PERSONAL]
    """The gateway's reference, as the agency wants to see it."""
    amount: Money
    captured_at: AwareDatetime
    payer_name: Annotated[str | None, PERSONAL] = None
    """Who paid, as the gateway holds it; some agencies compare it with the applicant."""


class GatewayRequest(Model):
    """A request to a payment gateway about one payment."""

    gateway: str
    """The gateway's id."""
    payment: str
    """The platform's id of the payment: unique for each attempt to pay."""


class StartPaymentRequest(GatewayRequest):
    """Begin to take ``amount`` from the payer."""

    amount: Money
    purpose: Text
    payer: Payer = Payer()
    return_url: Annotated[str | None, PERSONAL] = None
    """Where the payer's browser comes back to, which proves nothing. Ends with the payment's id."""
    notice_url: Annotated[str | None, PERSONAL] = None
    """Where the gateway posts its notices of this payment. Ends with the payment's id."""


class PaymentStarted(Model):
    """The gateway knows of the payment; nothing is paid yet."""

    reference: Annotated[str | None, PERSONAL] = None
    """The gateway's own id of the payment."""
    pay_at: Annotated[PayerUrl | None, SECRET] = None
    """Where the payer goes to pay; carries a token. On a host of the manifest's ``payer_hosts``, or the gateway's."""
    instructions: Annotated[Text | None, PERSONAL] = None
    """What the payer has to do where there is no page to go to; names the gateway's reference."""
    expires_at: AwareDatetime | None = None
    """When the gateway takes no more money for this payment, where it says so."""


class QueryPaymentRequest(GatewayRequest):
    """What became of this payment?"""

    reference: Annotated[str | None, PERSONAL] = None
    started_at: AwareDatetime
    """When it was begun: some gateways ask for the day."""


class CompletePaymentRequest(GatewayRequest):
    """Take the money that the payer has agreed to give."""

    reference: Annotated[str, PERSONAL]
    amount: Money
    """What was asked for."""
    started_at: AwareDatetime


class PaymentReport(Model):
    """What the gateway says of a payment, now."""

    state: Literal[
        PaymentState.PENDING,
        PaymentState.AUTHORISED,
        PaymentState.CAPTURED,
        PaymentState.FAILED,
        PaymentState.EXPIRED,
        PaymentState.CANCELLED,
        PaymentState.UNKNOWN,
        PaymentState.UNDER_INVESTIGATION,
    ]
    """Unknown where the gateway cannot say: never a failure. Authorised where the payer has agreed and the gateway
    waits to be told to take the money. Under investigation where it took the money and itself asks that somebody
    looks before the payment counts."""
    amount: Money | None = None
    """What was captured."""
    reference: Annotated[str | None, PERSONAL] = None
    captured_at: AwareDatetime | None = None
    payer_name: Annotated[str | None, PERSONAL] = None
    raw: Annotated[str | None, PERSONAL] = Field(default=None, max_length=200)
    """The gateway's own word for the state."""
    remark: Annotated[str | None, Field(max_length=LONGEST_REMARK), PERSONAL] = None
    """Why, in the gateway's own words and language, such as that the balance is too small; the payer reads it."""


class RefundPaymentRequest(GatewayRequest):
    """Give ``amount`` of a captured payment back."""

    reference: Annotated[str, PERSONAL]
    amount: Money
    reason: Text
    refund_reference: Annotated[str | None, PERSONAL] = None
    """What the gateway called this refund when it was ordered before."""


class RefundReport(Model):
    """What became of a refund. Accepted by a gateway is not refunded."""

    state: Literal[
        PaymentState.REFUND_PENDING,
        PaymentState.REFUNDED,
        PaymentState.REFUND_FAILED,
        PaymentState.REFUND_MANUAL,
    ]
    reference: Annotated[str | None, PERSONAL] = None
    """What the gateway calls the refund; handed back when it is asked again."""
    refunded_at: AwareDatetime | None = None
    """When the payer had the money back; where the gateway does not say, it is when the platform learned of it."""


class ListPaymentsRequest(Model):
    """Which payments did the gateway take on ``day``?"""

    gateway: str
    day: date
    """In Asia/Dhaka."""


class ListedPayment(Model):
    """One payment in the gateway's own books."""

    payment: Annotated[str | None, PERSONAL] = None
    """The platform's id of it, where the gateway keeps it."""
    reference: Annotated[str, PERSONAL]
    amount: Money
    """What was taken."""
    refunded: Money | None = None
    """What of it was given back so far."""
    captured_at: AwareDatetime


class PaymentList(Model):
    """All payments that the gateway took on a day: complete, or the call fails."""

    payments: Several[ListedPayment] = ()


class PaymentNoticeRequest(Model):
    """A message that claims to come from the gateway."""

    gateway: str
    headers: Annotated[dict[str, str], SECRET]
    body: Annotated[bytes, PERSONAL] = Field(max_length=1_000_000)


class PaymentNotice(Model):
    """Which payment a message is about. It is a hint to ask the gateway, and proves nothing by itself."""

    payment: str


class AdvisePaymentRequest(ApplicationRequest):
    """Tell the agency that this application's fee was paid; asked again until the agency confirms."""

    client_reference: Annotated[str, PERSONAL]
    agency_reference: Annotated[str | None, PERSONAL] = None
    receipt: PaymentReceipt


class PaymentAdvice(Model):
    """What the agency says to the advice."""

    confirmed: bool
    """Whether the agency now holds the payment as its own fact; if not, it is told again later."""
