"""What the till says. Modelled; amounts are text in taka, ``345.00``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik import (
    ListedPayment,
    Money,
    PaymentReport,
    PaymentState,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
    Text,
    WireModel,
)
from nagorik_toolkit import StrictAmount, money_text

PAYMENTS: Final = "/sim/cashdesk/v1/payments"

PaymentWord = Literal[
    PaymentState.PENDING, PaymentState.CAPTURED, PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.UNKNOWN
]

STATES: Final[Mapping[str, PaymentWord]] = MappingProxyType(
    {
        "OPEN": PaymentState.PENDING,
        "PAID": PaymentState.CAPTURED,
        "CANCELLED": PaymentState.CANCELLED,
        "EXPIRED": PaymentState.EXPIRED,
    }
)
"""A word that is not here is unknown: whether there was money is then learned by asking again, or by a person."""


TillAmount = Annotated[Money, StrictAmount()]


class PaymentSlip(WireModel):
    """A slip that the payer takes to the counter."""

    receipt_no: str = Field(alias="receiptNo", pattern=r"^[A-Za-z0-9-]+$", max_length=40)
    """The payer reads it, so it is held to what a slip's number looks like."""


class PaymentEntry(WireModel):
    """What the till's book says of a payment."""

    state: str = Field(min_length=1)
    amount: TillAmount | None = None
    paid_at: AwareDatetime | None = Field(default=None, alias="paidAt")
    receipt_no: str | None = Field(default=None, alias="receiptNo", pattern=r"^[A-Za-z0-9-]+$", max_length=40)
    payer_name: str | None = Field(default=None, alias="payerName")


class TillPayment(WireModel):
    """A payment in the till's list of a day."""

    payment_id: str = Field(alias="paymentId", min_length=1, max_length=40)
    receipt_no: str = Field(alias="receiptNo", pattern=r"^[A-Za-z0-9-]+$", max_length=40)
    amount: TillAmount
    refunded: TillAmount
    paid_at: AwareDatetime = Field(alias="paidAt")


class PaymentsPage(WireModel):
    """A page of what the till took on a day."""

    items: tuple[TillPayment, ...]
    total: int = Field(ge=0)
    """Of all pages together."""


class Refund(WireModel):
    """What the till says to an order to give money back."""

    state: Literal["REFUNDED", "REFUND_PENDING"]
    refunded_at: AwareDatetime | None = Field(default=None, alias="refundedAt")


def to_payment(request: StartPaymentRequest) -> dict[str, Any]:
    """The payment as the till opens it; the slip prints both languages."""
    opened = {
        "paymentId": request.payment,
        "amount": request.amount.plain(),
        "currency": request.amount.currency,
        "purpose": f"{request.purpose.bn} / {request.purpose.en}",
    }
    return opened if request.payer.name is None else opened | {"payerName": request.payer.name}


def to_refund(request: RefundPaymentRequest) -> dict[str, str]:
    """The order to give money back."""
    return {"amount": request.amount.plain(), "reason": f"{request.reason.bn} / {request.reason.en}"}


def instructions(slip: PaymentSlip, request: StartPaymentRequest) -> Text:
    """What the payer does, since there is no page to go to."""
    number, amount = slip.receipt_no, money_text(request.amount)
    return Text(
        bn=f"কাউন্টারে স্লিপ নম্বর {number} বলুন, নগদ {amount.bn} দিন এবং রসিদ নিন।",
        en=f"At the counter, give slip number {number}, pay {amount.en} in cash and take the receipt.",
    )


def to_report(payment: PaymentEntry) -> PaymentReport:
    """The book's entry as the platform takes it; money is reported only where it was taken."""
    state = STATES.get(payment.state, PaymentState.UNKNOWN)
    captured = state is PaymentState.CAPTURED
    return PaymentReport(
        state=state,
        amount=payment.amount if captured else None,
        reference=payment.receipt_no,
        captured_at=payment.paid_at if captured else None,
        payer_name=payment.payer_name,
        raw=payment.state[:200],
    )


def to_refund_report(refund: Refund, request: RefundPaymentRequest) -> RefundReport:
    """A refund that is ordered is pending until the operator has handed the money out."""
    done = refund.state == "REFUNDED"
    return RefundReport(
        state=PaymentState.REFUNDED if done else PaymentState.REFUND_PENDING,
        reference=request.reference,
        refunded_at=refund.refunded_at if done else None,
    )


def to_listed(payment: TillPayment) -> ListedPayment:
    """An entry of the till's list as the platform takes it."""
    return ListedPayment(
        payment=payment.payment_id,
        reference=payment.receipt_no,
        amount=payment.amount,
        refunded=payment.refunded,
        captured_at=payment.paid_at,
    )
