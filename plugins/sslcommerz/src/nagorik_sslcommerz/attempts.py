"""What became of a payment: the attempts under its ``tran_id``, and the validation of the one that was paid.

A payer may try several times under one ``tran_id``, and a page that is open in two tabs can be paid twice. The
attempt that was paid decides. Whatever does not agree with what was asked for is no payment that counts: it is money
that a person has to look at.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StrictInt, model_validator

from nagorik import (
    LONGEST_REMARK,
    ContractViolation,
    Money,
    PaymentReport,
    PaymentState,
    WireModel,
)
from nagorik_toolkit import DhakaSecond, StrictAmount, WrittenAmount

VALIDATIONS: Final = "/validator/api/validationserverAPI.php"
TRANSACTIONS: Final = "/validator/api/merchantTransIDvalidationAPI.php"
PAID: Final = frozenset({"VALID", "VALIDATED"})
"""Paid: validated never, or before."""

_Open = Literal[PaymentState.PENDING, PaymentState.FAILED, PaymentState.CANCELLED, PaymentState.EXPIRED]
UNPAID: Final[Mapping[str, _Open]] = MappingProxyType(
    {
        "PENDING": PaymentState.PENDING,
        "FAILED": PaymentState.FAILED,
        "CANCELLED": PaymentState.CANCELLED,
        "UNATTEMPTED": PaymentState.EXPIRED,
        "EXPIRED": PaymentState.EXPIRED,
    }
)
"""The words for an attempt without money. Of a word that stands in neither table nothing is known."""
CURRENCY: Final = "BDT"
SAFE: Final = frozenset({"0", 0})
"""The one risk level at which the gateway itself lets a payment count; documented as a number, sent as text."""

FAST_CLOCK: Final = timedelta(days=1)
"""How far the gateway's clock may be ahead of the platform's for its times to be believed."""
LONGEST_ID: Final = 200
"""Characters of an id of the gateway's, at most: a bound of this plugin's, far above every published example."""
LONGEST_RAW: Final = 200
"""Characters of the gateway's own words that a report takes."""


def _blank_second(written: object) -> object:
    return None if isinstance(written, str) and not written.strip(" 0-:") else written


def _blank_list(written: object) -> object:
    return [] if written in (None, "") else written


GatewaySecond = Annotated[DhakaSecond | None, BeforeValidator(_blank_second)]
"""An instant of the gateway's, on the clocks in Dhaka; none where it writes blanks or zeros."""

_AMOUNT: Final = StrictAmount(digits=9)
"""So few digits that a thousand amounts can be added up."""


def _to_taka(written: WrittenAmount | None) -> Money | None:
    """An amount that is written as documented, or a whole number; a number with a point is none."""
    try:
        return _AMOUNT.read(written)
    except ValueError:
        return None


class SslCommerzAttempt(WireModel):
    """One attempt, or one session without any, as the gateway tells it."""

    status: str = Field(min_length=1)
    tran_id: str = Field(max_length=LONGEST_ID)
    val_id: str | None = Field(default=None, max_length=LONGEST_ID)
    bank_tran_id: str | None = Field(default=None, max_length=LONGEST_ID)
    amount: WrittenAmount | None = None
    currency: str | None = None
    currency_type: str | None = None
    currency_amount: WrittenAmount | None = None
    tran_date: GatewaySecond = None
    risk_level: str | StrictInt | None = None
    error: str | None = None
    """Why it failed, in the gateway's own words."""

    @property
    def is_paid(self) -> bool:
        """Whether the gateway says that money was taken."""
        return self.status in PAID

    @property
    def taken(self) -> Money | None:
        """What was taken, in taka; ``None`` where it is in another currency, or no amount can be read."""
        return _to_taka(self.amount) if self.currency == CURRENCY else None

    @property
    def as_asked(self) -> bool:
        """Whether it was asked for in taka, and the amount that was asked for is the one that was taken."""
        asked = _to_taka(self.currency_amount) if self.currency_type == CURRENCY else None
        return asked is not None and asked == self.taken

    def is_ahead_of(self, now: datetime) -> bool:
        """Whether it is dated in a future that no clock running fast explains."""
        return self.tran_date is not None and self.tran_date > now + FAST_CLOCK

    @property
    def facts(self) -> tuple[object, ...]:
        """What two tellings of one payment have in common: all but its word, which turns from valid to validated."""
        told = (self.val_id, self.bank_tran_id, self.tran_date, self.currency_type, self.currency)
        return (*told, self.taken, self.as_asked, str(self.risk_level))


class FoundAttempts(WireModel):
    """Every attempt under one ``tran_id``."""

    connected: Literal["DONE"] = Field(alias="APIConnect")
    number: int = Field(alias="no_of_trans_found", ge=0)
    attempts: Annotated[tuple[SslCommerzAttempt, ...], BeforeValidator(_blank_list)] = Field(
        default=(), alias="element", max_length=1000
    )

    @model_validator(mode="after")
    def _all_are_there(self) -> "FoundAttempts":
        if self.number != len(self.attempts):
            raise ValueError("as many attempts are listed as were found")
        return self


class SessionState(SslCommerzAttempt):
    """What became of one session."""

    connected: Literal["DONE"] = Field(alias="APIConnect")
    session_key: str = Field(alias="sessionkey")


class OrderValidation(WireModel):
    """What the validator says of a ``val_id``; of one that it does not know, hardly anything."""

    connected: str | None = Field(default=None, alias="APIConnect")
    status: str = Field(min_length=1)
    tran_id: str | None = Field(default=None, max_length=LONGEST_ID)
    val_id: str | None = Field(default=None, max_length=LONGEST_ID)
    bank_tran_id: str | None = Field(default=None, max_length=LONGEST_ID)
    amount: WrittenAmount | None = None
    currency: str | None = None
    currency_type: str | None = None
    currency_amount: WrittenAmount | None = None
    tran_date: GatewaySecond = None
    risk_level: str | StrictInt | None = None

    @property
    def attempt(self) -> SslCommerzAttempt:
        """What it says, as the list of attempts would say it."""
        told: dict[str, Any] = {
            name: getattr(self, name) for name in SslCommerzAttempt.model_fields if name != "error"
        }
        return SslCommerzAttempt(**{**told, "tran_id": self.tran_id or ""})


def of_transaction(attempts: Sequence[SslCommerzAttempt], tran_id: str) -> tuple[SslCommerzAttempt, ...]:
    """The attempts, once each.

    Raises:
        ContractViolation: One of them is another transaction's.
    """
    if any(attempt.tran_id != tran_id for attempt in attempts):
        raise ContractViolation("another-transaction")
    return tuple(dict.fromkeys(attempts))


def first_unknown(attempts: Sequence[SslCommerzAttempt]) -> SslCommerzAttempt | None:
    """One of whose word nothing is known: it may say that the money beside it went back."""
    return next((attempt for attempt in attempts if not attempt.is_paid and attempt.status not in UNPAID), None)


def paid_among(attempts: Sequence[SslCommerzAttempt]) -> list[SslCommerzAttempt]:
    """The attempts that took money: one by its ``val_id``, however often it is listed with the same facts."""
    paid: dict[object, SslCommerzAttempt] = {}
    for number, attempt in enumerate(attempts):
        if attempt.is_paid:
            paid.setdefault(attempt.facts if attempt.val_id else number, attempt)
    return list(paid.values())


def to_unpaid_report(attempts: Sequence[SslCommerzAttempt]) -> PaymentReport:
    """Of attempts without money: unknown where one is, pending where one is open, else how the last one ended."""
    if not attempts:
        return PaymentReport(state=PaymentState.UNKNOWN)
    unknown = first_unknown(attempts)
    if unknown is not None:
        return PaymentReport(state=PaymentState.UNKNOWN, raw=unknown.status[:LONGEST_RAW])
    open_still = next((attempt for attempt in attempts if UNPAID[attempt.status] is PaymentState.PENDING), None)
    if open_still is not None:
        return PaymentReport(state=PaymentState.PENDING, raw=open_still.status)
    last = _last(attempts)
    return PaymentReport(
        state=UNPAID[last.status], raw=last.status, remark=(last.error or "")[:LONGEST_REMARK] or None
    )


def _last(attempts: Sequence[SslCommerzAttempt]) -> SslCommerzAttempt:
    """The latest; the last in the list where not all are dated."""
    dated = [(attempt.tran_date, number) for number, attempt in enumerate(attempts) if attempt.tran_date is not None]
    return attempts[max(dated)[1]] if len(dated) == len(attempts) else attempts[-1]


def to_doubtful_report(attempts: Sequence[SslCommerzAttempt], now: datetime, raw: str | None = None) -> PaymentReport:
    """Money was taken, and a person has to look before it counts; the amount is all that was taken, if that is known.

    Whoever looks finds each attempt at the gateway by the ``val_id`` that stands beside its word.
    """
    one_told_in_two_ways = len({attempt.val_id or number for number, attempt in enumerate(attempts)}) < len(attempts)
    amounts = [None if one_told_in_two_ways else attempt.taken for attempt in attempts]
    known = [amount for amount in amounts if amount is not None]
    first = attempts[0]
    words = raw or ", ".join(f"{attempt.status} {attempt.val_id or ''}".strip() for attempt in attempts)
    return PaymentReport(
        state=PaymentState.UNDER_INVESTIGATION,
        amount=Money(poisha=sum(amount.poisha for amount in known)) if len(known) == len(amounts) else None,
        reference=first.bank_tran_id or None,
        captured_at=None if first.is_ahead_of(now) else first.tran_date,
        raw=words[:LONGEST_RAW],
    )


def to_paid_report(attempt: SslCommerzAttempt, validation: OrderValidation, now: datetime) -> PaymentReport:
    """One paid attempt with its validation; unknown where the validator does not say that it was paid."""
    if validation.connected != "DONE" or validation.status not in PAID:
        return PaymentReport(state=PaymentState.UNKNOWN, raw=f"{attempt.status}, {validation.status}"[:LONGEST_RAW])
    told = validation.attempt
    in_time = not (attempt.is_ahead_of(now) or told.is_ahead_of(now))
    if not (in_time and _agree(attempt, told) and attempt.as_asked and told.as_asked and told.bank_tran_id):
        return to_doubtful_report([attempt], now, f"{attempt.status}, {validation.status}: differs")
    if not {attempt.risk_level, told.risk_level} <= SAFE:
        return to_doubtful_report([told], now, f"{validation.status}, risk {told.risk_level}")
    return PaymentReport(
        state=PaymentState.CAPTURED,
        amount=told.taken,
        reference=told.bank_tran_id,
        captured_at=told.tran_date,
        raw=validation.status,
    )


def _agree(attempt: SslCommerzAttempt, told: SslCommerzAttempt) -> bool:
    """Whether a validation is of this attempt: its transaction, its two ids, its amount in its currency."""
    same = ("tran_id", "val_id", "bank_tran_id")
    return all(getattr(attempt, name) == getattr(told, name) for name in same) and attempt.taken == told.taken
