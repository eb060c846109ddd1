"""The payments of the simulated gateway: what a merchant creates, a payer agrees to and the merchant executes."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from nagorik import Money, dhaka_time
from nagorik_testing import Ledger, Scenario

WALLET: Final = "01770618575"
"""Whose wallet pays, where the payer reference is no mobile number: a sandbox wallet that bKash publishes."""
MERCHANT: Final = "Nagorik (simulated merchant)"
SHORT_CODE: Final = "50000"
_ID_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
_TRX_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TRX_LENGTH: Final = 10


class CheckoutState(StrEnum):
    """How far a payment is."""

    OPEN = "open"
    AGREED = "agreed"
    """The payer has given number, code and PIN; no money has moved."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CodeRaised(Exception):
    """Ends an operation with one of the gateway's codes, and what it still says of the payment."""

    def __init__(self, code: str, **beside: JsonValue) -> None:
        super().__init__(code)
        self.code = code
        self.beside = beside


@dataclass(slots=True)
class Reversal:
    """Money that was given back."""

    trx: str
    amount: Money
    at: datetime


@dataclass(slots=True)
class BkashCheckout:
    """One payment."""

    payment_id: str
    key: str
    """Opens its page, with the id."""
    origin: str
    """Where the gateway was reached when it was created."""
    invoice: str
    payer_reference: str
    callback: str
    written: str
    """The amount as the merchant wrote it."""
    asked: Money
    intent: str
    created_at: datetime
    scenario: Scenario
    state: CheckoutState = CheckoutState.OPEN
    trx: str | None = None
    executed_at: datetime | None = None
    reversal: Reversal | None = None

    @property
    def wallet(self) -> str:
        """The mobile number that pays."""
        digits = self.payer_reference
        return digits if digits.isascii() and digits.isdigit() and len(digits) == len(WALLET) else WALLET

    def callback_url(self, status: str) -> str:
        """Where the payer's browser is sent: the merchant's address, with the payment's id and how it went."""
        joint = "&" if "?" in self.callback else "?"
        return f"{self.callback}{joint}paymentID={self.payment_id}&status={status}&signature={self.key[:10]}"

    @property
    def came_back_with(self) -> str:
        """The status of the browser's return as the payment stands."""
        words = {CheckoutState.FAILED: "failure", CheckoutState.CANCELLED: "cancel"}
        return words.get(self.state, "success")


@dataclass(slots=True)
class CheckoutBook:
    """All payments, by their ids and transactions."""

    rng: random.Random
    ledger: Ledger
    by_id: dict[str, BkashCheckout] = field(default_factory=dict)
    by_trx: dict[str, BkashCheckout] = field(default_factory=dict)

    def find(self, payment_id: object) -> BkashCheckout:
        """One payment.

        Raises:
            CodeRaised: 2002, there is none of this id.
        """
        found = self.by_id.get(payment_id) if isinstance(payment_id, str) else None
        if found is None:
            raise CodeRaised("2002")
        return found

    def of_invoice(self, invoice: str) -> BkashCheckout | None:
        """The latest payment of a merchant's invoice number."""
        return next((one for one in reversed(self.by_id.values()) if one.invoice == invoice), None)

    def open(self, checkout: BkashCheckout) -> None:
        """Keep a payment that was created."""
        self.by_id[checkout.payment_id] = checkout
        self.ledger.record(
            "checkout", checkout.payment_id, client_reference=checkout.invoice, amount=checkout.asked.plain()
        )

    def new_id(self, now: datetime) -> str:
        """An id as the gateway makes them: ``TR0011``, a few letters, the milliseconds."""
        letters = "".join(self.rng.choices(_ID_LETTERS, k=7))
        return f"TR0011{letters}{int(now.timestamp() * 1000)}"

    def new_trx(self) -> str:
        """A transaction's number: ten letters and digits."""
        return "".join(self.rng.choices(_TRX_LETTERS, k=_TRX_LENGTH))

    def execute(self, checkout: BkashCheckout, now: datetime) -> None:
        """Take the money, once.

        Raises:
            CodeRaised: 2060 before the payer has agreed; 2062 or 2117 where it was taken; 2069, 2023, 2056.
        """
        match checkout.state:
            case CheckoutState.OPEN:
                raise CodeRaised("2060")
            case CheckoutState.CANCELLED:
                raise CodeRaised("2069")
            case CheckoutState.FAILED:
                raise CodeRaised("2056")
            case CheckoutState.COMPLETED:
                raise CodeRaised(checkout.scenario.values.get("repeated", "2062"))
        if checkout.scenario.outcome == "decline-fail":
            checkout.state = CheckoutState.FAILED
            raise CodeRaised("2023")
        checkout.state, checkout.executed_at, checkout.trx = CheckoutState.COMPLETED, now, self.new_trx()
        self.by_trx[checkout.trx] = checkout
        self.ledger.record(
            "capture", checkout.trx, client_reference=checkout.invoice, amount=checkout.asked.plain(), at=now
        )

    def reverse(self, checkout: BkashCheckout, amount: Money, now: datetime) -> Reversal:
        """Give money back, once for a payment.

        Raises:
            CodeRaised: 2034 where some was given back before; 2026 where it is more than was taken.
        """
        if checkout.reversal is not None:
            raise CodeRaised("2034")
        if amount > checkout.asked:
            raise CodeRaised("2026")
        checkout.reversal = Reversal(self.new_trx(), amount, now)
        self.by_trx[checkout.reversal.trx] = checkout
        self.ledger.record(
            "refund", checkout.reversal.trx, client_reference=checkout.invoice, amount=amount.plain(), at=now
        )
        return checkout.reversal


def bkash_time(at: datetime) -> str:
    """``2019-08-07T11:15:56:336 GMT+0600``: a colon before the milliseconds, which is no ISO 8601."""
    local = dhaka_time(at)
    return f"{local:%Y-%m-%dT%H:%M:%S}:{local.microsecond // 1000:03d} GMT+0600"


def after(checkout: BkashCheckout, stage: str, usual: timedelta) -> timedelta:
    """How long a stage takes for a payment."""
    return checkout.scenario.durations.get(stage, usual)
