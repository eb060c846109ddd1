"""What the gateway keeps: sessions, the attempts to pay in each, and refunds; and how it writes them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from string import ascii_letters, digits
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from nagorik import Money, dhaka_time
from nagorik_testing import PaymentAct, Scenario

DURATIONS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "pay": timedelta(minutes=1),
        "fail": timedelta(minutes=1),
        "cancel": timedelta(minutes=1),
        "again": timedelta(minutes=5),
        "late": timedelta(hours=1),
        "expire": timedelta(days=1),
        "refund": timedelta(days=3),
    }
)
"""How long things take where nothing is scripted. The gateway documents none of them: all are modelled."""
PAID_WORDS: Final = frozenset({"VALID", "VALIDATED"})
RISKS: Final = MappingProxyType({"0": "Safe", "1": "Risk"})
CHARGE_PER_MILLE: Final = 25
"""What the gateway keeps of a payment, modelled: a store's own contract says it."""
IGNORED_RESPONSE_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "redirectGatewayURL": "the payer is sent to GatewayPageURL, where every way to pay is offered",
        "initiated_on": "when the platform itself ordered the refund",
        "r_flag": "how the gateway's own page treats one way to pay",
        "is_direct_pay_enable": "how the gateway's own page treats saved cards",
        "store_amount": "what the store is settled, which is between the platform and the gateway",
        "card_no": "the payer's card, masked: nobody at the platform has a use for it",
        "currency_rate": "a payment in another currency than taka is looked at by a person whatever its rate",
        "base_fair": "an airline's, and nothing is said of it here",
        "emi_instalment": "payment by instalments is not asked for",
        "emi_amount": "payment by instalments is not asked for",
        "discount_amount": "what counts is the amount that was taken",
        "discount_percentage": "what counts is the amount that was taken",
    }
)
"""Fields of its answers that are told nobody, each with the reason."""
_ALGORITHMS: Final = {"verify_sign": "md5", "verify_sign_sha2": "sha256"}
_SIGNS: Final = ascii_letters + digits


def written_at(at: datetime) -> str:
    """An instant as the gateway writes it: on the clocks in Dhaka, without an offset."""
    return f"{dhaka_time(at):%Y-%m-%d %H:%M:%S}"


def drawn(random: Random, at: datetime, length: int = 16) -> str:
    """A number of the gateway's: the second on the clocks in Dhaka, and signs by chance."""
    return f"{dhaka_time(at):%y%m%d%H%M%S}" + "".join(random.choices(_SIGNS, k=length))


@dataclass(slots=True)
class PaymentAttempt:
    """One attempt to pay in a session, or what became of a session without any."""

    status: str
    at: datetime
    amount: Money
    bank_tran_id: str = ""
    val_id: str = ""
    risk: str = "0"
    error: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether money was taken."""
        return self.status in PAID_WORDS


@dataclass(slots=True)
class SslCommerzSession:
    """One session: one page on which one payer may try several times."""

    key: str
    form: Mapping[str, str]
    asked: Money
    opened_at: datetime
    scenario: Scenario
    attempts: list[PaymentAttempt] = field(default_factory=list)
    ended: str | None = None
    """``CANCELLED`` or ``EXPIRED`` once the payer has left, or the time is over."""
    ended_at: datetime | None = None
    acted: set[str] = field(default_factory=set)
    """What of the script is done."""
    pages: int = 0
    """How often its page was opened."""
    pressed: dict[str, tuple[PaymentAct, PaymentAttempt]] = field(default_factory=dict)
    """What was done on a page, and what came of it."""

    @property
    def tran_id(self) -> str:
        """The merchant's id of the transaction; several sessions may have it."""
        return self.form["tran_id"]

    def after(self, stage: str) -> timedelta:
        """How long a stage takes in this session."""
        return self.scenario.durations.get(stage, DURATIONS[stage])

    @property
    def shown(self) -> list[PaymentAttempt]:
        """The attempts as they are told; of a session without any, what it is waiting for or how it ended."""
        if self.attempts:
            return self.attempts
        return [PaymentAttempt(self.ended or "PENDING", self.ended_at or self.opened_at, self.asked)]

    @property
    def last(self) -> PaymentAttempt:
        """What is told of the session by itself: the payment if there is one, else the last attempt."""
        return next((attempt for attempt in self.attempts if attempt.is_paid), self.shown[-1])


@dataclass(slots=True)
class SslCommerzRefund:
    """One refund, from its order on."""

    reference: str
    name: str
    """What the merchant calls it: ``refund_trans_id``, or ``refe_id`` where an older client sends that alone."""
    session: SslCommerzSession
    attempt: PaymentAttempt
    amount: Money
    ordered_at: datetime
    due: datetime
    cancelled: bool = False
    done_at: datetime | None = None

    @property
    def status(self) -> str:
        """The gateway's word for how far it is."""
        if self.done_at is None:
            return "processing"
        return "cancelled" if self.cancelled else "refunded"


def record_of(session: SslCommerzSession, attempt: PaymentAttempt) -> dict[str, JsonValue]:
    """An attempt as questions and validations tell it; every value is text."""
    charge = Money(poisha=attempt.amount.poisha * CHARGE_PER_MILLE // 1000) if attempt.is_paid else Money.taka(0)
    return {
        "status": attempt.status,
        "tran_date": written_at(attempt.at),
        "tran_id": session.tran_id,
        "val_id": attempt.val_id,
        "amount": attempt.amount.plain(),
        "store_amount": (attempt.amount - charge).plain(),
        "currency": "BDT",
        "bank_tran_id": attempt.bank_tran_id,
        "card_type": "VISA-Simulated Bank" if attempt.bank_tran_id else "",
        "card_no": "411111XXXXXX1111" if attempt.bank_tran_id else "",
        "card_issuer": "SIMULATED BANK" if attempt.bank_tran_id else "",
        "card_brand": "VISA" if attempt.bank_tran_id else "",
        "card_issuer_country": "Bangladesh" if attempt.bank_tran_id else "",
        "card_issuer_country_code": "BD" if attempt.bank_tran_id else "",
        "currency_type": session.form["currency"],
        "currency_amount": attempt.amount.plain(),
        "currency_rate": "1.0000",
        "base_fair": "0.00",
        **{name: session.form.get(name, "") for name in ("value_a", "value_b", "value_c", "value_d")},
        "emi_instalment": "0",
        "emi_amount": "0.00",
        "discount_amount": "0.00",
        "discount_percentage": "0.00",
        "discount_remarks": "",
        "risk_level": attempt.risk,
        "risk_title": RISKS[attempt.risk],
        "error": attempt.error,
    }


_POSTED: Final = (
    "amount",
    "bank_tran_id",
    "base_fair",
    "card_brand",
    "card_issuer",
    "card_issuer_country",
    "card_issuer_country_code",
    "card_no",
    "card_type",
    "currency",
    "currency_amount",
    "currency_rate",
    "currency_type",
    "error",
    "risk_level",
    "risk_title",
    "status",
    "store_amount",
    "tran_date",
    "tran_id",
    "value_a",
    "value_b",
    "value_c",
    "value_d",
)


def notice_of(session: SslCommerzSession, attempt: PaymentAttempt, store: str, password: str) -> dict[str, str]:
    """An attempt as the gateway posts it to ``ipn_url`` and has the payer's browser post it to the merchant.

    One that nobody has begun yet is told as ``UNATTEMPTED``; what was not paid has no ``val_id``. Both are modelled.
    """
    told = {**record_of(session, attempt)}
    if attempt.status == "PENDING":
        told["status"] = "UNATTEMPTED"
    fields = {name: str(told[name]) for name in _POSTED} | {"store_id": store}
    if attempt.is_paid:
        # It is VALID whenever it is posted; only an answer of the validator ever says VALIDATED.
        fields |= {"val_id": attempt.val_id, "status": "VALID"}
    signed = {field: _signature(fields, password, algorithm) for field, algorithm in _ALGORITHMS.items()}
    return {**dict(sorted(fields.items())), **signed, "verify_key": ",".join(sorted(fields))}


def _signature(fields: Mapping[str, str], password: str, algorithm: str) -> str:
    """Sign as the gateway publishes it: the fields and the password's digest by name, as one line of text."""
    pairs = [*fields.items(), ("store_passwd", hashlib.new(algorithm, password.encode()).hexdigest())]
    text = "&".join("=".join(pair) for pair in sorted(pairs))
    return hashlib.new(algorithm, text.encode()).hexdigest()
