"""Giving money back: ordered once by the merchant's own name for it, then asked about by the gateway's."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, field_validator, model_validator

from nagorik import (
    ContractViolation,
    Layer,
    OutcomeUnknown,
    PaymentState,
    RefundPaymentRequest,
    RefundReport,
    WireModel,
)
from nagorik_sslcommerz.attempts import GatewaySecond
from nagorik_sslcommerz.sessions import both_languages
from nagorik_sslcommerz.transaction_ids import to_refund_trans_id, to_tran_id

ENDS: Final[Mapping[str, Literal[PaymentState.REFUNDED, PaymentState.REFUND_FAILED]]] = MappingProxyType(
    {
        "refunded": PaymentState.REFUNDED,
        "cancelled": PaymentState.REFUND_FAILED,
    }
)
"""How a refund ended. By any other word, such as ``processing``, it was accepted and has not ended."""


def _none_where_unreadable(written: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(written)
    except ValueError:
        return None


class OrderedRefund(WireModel):
    """What the gateway says to an order. ``success`` is that it was accepted, ``processing`` that it was before."""

    connected: Literal["DONE"] = Field(alias="APIConnect")
    status: Literal["success", "failed", "processing"]
    reference: str | None = Field(default=None, alias="refund_ref_id", pattern=r"^[A-Za-z0-9._-]+$", max_length=50)
    bank_tran_id: str | None = None
    tran_id: str | None = Field(default=None, alias="trans_id")

    @field_validator("reference", "bank_tran_id", "tran_id", mode="before")
    @classmethod
    def _none_where_blank(cls, written: object) -> object:
        return written or None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.status == "failed") == (self.reference is not None):
            raise ValueError("a refund that was accepted has a number, and no other")
        return self


class RefundStatus(WireModel):
    """How far the gateway says a refund is."""

    connected: Literal["DONE"] = Field(alias="APIConnect")
    status: str = Field(min_length=1)
    reference: str = Field(alias="refund_ref_id")
    bank_tran_id: str
    tran_id: str
    refunded_on: Annotated[GatewaySecond, WrapValidator(_none_where_unreadable)] = None
    """One that cannot be read does not undo the refund."""


def to_order(request: RefundPaymentRequest) -> dict[str, str]:
    """The order. Its name is the payment's, so that one payment has one refund, however often it is ordered."""
    name = to_refund_trans_id(request.payment)
    return {
        "bank_tran_id": request.reference,
        "refund_trans_id": name,
        "refe_id": name,
        "refund_amount": request.amount.plain(),
        "refund_remarks": both_languages(request.reason),
    }


def to_order_report(order: OrderedRefund, request: RefundPaymentRequest) -> RefundReport:
    """Accepted is not refunded.

    Raises:
        OutcomeUnknown: The answer is about another payment's refund.
    """
    names = {request.reference: order.bank_tran_id, to_tran_id(request.payment): order.tran_id}
    if any(told not in {None, ours} for ours, told in names.items()):
        raise OutcomeUnknown(step="refund", because="another-refund", layer=Layer.GATEWAY)
    refused = order.status == "failed"
    return RefundReport(
        state=PaymentState.REFUND_FAILED if refused else PaymentState.REFUND_PENDING, reference=order.reference
    )


def to_refund_report(status: RefundStatus, request: RefundPaymentRequest) -> RefundReport:
    """How far the refund is that was asked about.

    Raises:
        ContractViolation: The gateway tells of another one.
    """
    told = (status.reference, status.bank_tran_id, status.tran_id)
    if told != (request.refund_reference, request.reference, to_tran_id(request.payment)):
        raise ContractViolation("another-refund")
    ended = ENDS.get(status.status)
    return RefundReport(
        state=ended or PaymentState.REFUND_PENDING,
        reference=status.reference,
        refunded_at=status.refunded_on if ended is PaymentState.REFUNDED else None,
    )
