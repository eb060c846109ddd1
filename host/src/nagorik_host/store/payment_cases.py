"""The cases that reconciliations found: where a gateway's books and ours differ, and what became of each.

A case begins as a question to the gateway, where asking may settle it, or at once with an officer. It is kept when it
has ended: the same difference, found again, is no second case.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from nagorik import Money, PaymentState
from nagorik_host.reconciliation.matching import BookEntry, OurPayment, PaymentDifference
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import CASE_WAITS, payment_cases, payments
from nagorik_host.vault import Erased, Vault
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN

AGREED: Final = "agreed"
DECIDED: Final = "decided"
CaseStanding = Literal["asked", "waiting", "agreed", "decided"]

_PLACE: Final = "payment-case"
_AT_ONCE: Final = 500
"""Ids that one statement names."""


class NoSuchCase(Exception):
    """The database holds no case by this id, or it has ended."""


class PaymentCase(NamedTuple):
    """A case, as its table has it; nothing in it leads to the payer."""

    id: str
    gateway: str
    day: str
    kind: str
    payment: str | None
    application: str | None
    poisha: int | None
    currency: Literal["BDT", "USD"]
    found_at: datetime
    opened_at: datetime | None
    ended_at: datetime | None
    result: str | None
    officer: str | None
    reason: str | None

    @property
    def theirs(self) -> Money | None:
        """What the gateway's books say was taken."""
        return Money(poisha=self.poisha, currency=self.currency) if self.poisha is not None else None

    @property
    def standing(self) -> CaseStanding:
        """What the case waits for, or how it ended."""
        if self.ended_at is not None:
            return "decided" if self.result == DECIDED else "agreed"
        return "asked" if self.opened_at is None else "waiting"


def case_id(vault: Vault, gateway: str, found: PaymentDifference) -> str:
    """The id of the case that a difference is."""
    return str(UUID(vault.lookup(_PLACE, f"{gateway}\n{found.subject}")[:32], version=4))


def read_case(transaction: Transaction, identity: str) -> PaymentCase | None:
    """A case, locked until the transaction ends; ``None`` where there is none by this id."""
    query = select(payment_cases).where(payment_cases.c.id == identity).with_for_update()
    row = transaction.connection.execute(query).one_or_none()
    return _case(row) if row is not None else None


def add_case(
    transaction: Transaction,
    vault: Vault,
    identity: str,
    found: PaymentDifference,
    *,
    gateway: str,
    day: date,
    asked: bool,
    now: datetime,
) -> None:
    """Keep a difference that was found first at ``now``; where it is not ``asked`` about, it waits for an officer.

    Raises:
        IntegrityError: Another process found it at the same time.
    """
    key, wrapped = vault.make_data_key(identity)
    ours, theirs = found.ours, found.theirs
    sealed = {"reference": theirs.reference, "line": theirs.line} if theirs is not None else {}
    transaction.connection.execute(
        insert(payment_cases).values(
            id=identity,
            gateway=gateway,
            day=day.isoformat(),
            kind=found.kind.value,
            payment=ours and ours.id,
            application=ours and ours.application,
            poisha=theirs and theirs.amount.poisha,
            currency=theirs and theirs.amount.currency,
            found_at=now,
            asked_at=now if asked else None,
            opened_at=None if asked else now,
            data_key=wrapped,
            sealed=key.seal(json.dumps(sealed).encode(), _PLACE),
        )
    )
    transaction.record_row(payment_cases, identity, at=now)


def hand_over(transaction: Transaction, identity: str, now: datetime) -> None:
    """Let a case wait for an officer, whether it was asked about or had ended in agreement."""
    _change(transaction, identity, now, opened_at=now, ended_at=None, result=None)


def end_agreed(transaction: Transaction, agreed: Collection[str], now: datetime) -> int:
    """End what was asked about payments whose books agree by now; how many cases that ends."""
    ended = 0
    for part in _parts(agreed):
        query = select(payment_cases.c.id).where(
            payment_cases.c.payment.in_(part),
            payment_cases.c.opened_at.is_(None),
            payment_cases.c.ended_at.is_(None),
        )
        for identity in transaction.connection.scalars(query.order_by(payment_cases.c.id).with_for_update()).all():
            _change(transaction, identity, now, ended_at=now, result=AGREED)
            ended += 1
    return ended


def close_case(transaction: Transaction, identity: str, *, officer: str, reason: str, now: datetime) -> PaymentCase:
    """End a case on a named officer's word.

    Raises:
        NoSuchCase: There is no case by this id, or it has ended.
    """
    found = read_case(transaction, identity)
    if found is None or found.ended_at is not None:
        raise NoSuchCase
    _change(transaction, identity, now, ended_at=now, result=DECIDED, officer=officer, reason=reason)
    return found


def find_case(transaction: Transaction, vault: Vault, identity: str) -> tuple[PaymentCase, Mapping[str, Any]] | None:
    """A case, and what it is found by at the gateway: ``reference`` and ``line``; empty once it was erased."""
    row = transaction.connection.execute(select(payment_cases).where(payment_cases.c.id == identity)).one_or_none()
    if row is None:
        return None
    try:
        return _case(row), json.loads(vault.data_key(row.data_key, row.id).open(row.sealed, _PLACE))
    except Erased:
        return _case(row), {}


def count_payment_cases(transaction: Transaction) -> int:
    """How many wait for an officer."""
    return transaction.connection.scalar(select(func.count()).select_from(payment_cases).where(CASE_WAITS)) or 0


def list_payment_cases(transaction: Transaction, limit: int) -> list[PaymentCase]:
    """Those that wait for an officer, the longest first, at most ``limit``."""
    query = select(payment_cases).where(CASE_WAITS).order_by(payment_cases.c.opened_at, payment_cases.c.id)
    return [_case(row) for row in transaction.connection.execute(query.limit(limit))]


def payments_taken(transaction: Transaction, gateway: str, first: datetime, before: datetime) -> list[OurPayment]:
    """Our payments of a gateway whose money was taken within a time, as far as is known by now."""
    return _payments(transaction, payments.c.gateway == gateway, *_taken_within(first, before))


def gateways_taken(transaction: Transaction, first: datetime, before: datetime) -> list[str]:
    """The gateways through which payments of ours were taken within a time, installed still or not."""
    query = select(payments.c.gateway).distinct().where(*_taken_within(first, before))
    return list(transaction.connection.scalars(query))


def payments_begun(transaction: Transaction, gateway: str, first: datetime, before: datetime) -> list[OurPayment]:
    """Our payments of a gateway that were begun within a time."""
    p = payments.c
    return _payments(transaction, p.gateway == gateway, p.opened_at >= first, p.opened_at < before)


def payments_named(transaction: Transaction, entries: Iterable[BookEntry]) -> list[OurPayment]:
    """Our payments that entries of the gateway's books name, at any time and through any gateway."""
    named = _parts({entry.payment for entry in entries if entry.payment is not None})
    return [one for part in named for one in _payments(transaction, payments.c.id.in_(part))]


def _taken_within(first: datetime, before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Without those of which a person has found since that no money was taken."""
    p = payments.c
    return p.captured_at >= first, p.captured_at < before, p.state.not_in([*MONEY_NOT_TAKEN])


def _change(transaction: Transaction, identity: str, now: datetime, **values: object) -> None:
    transaction.connection.execute(update(payment_cases).where(payment_cases.c.id == identity).values(**values))
    transaction.record_row(payment_cases, identity, at=now)


def _parts(ids: Collection[str]) -> Iterable[Sequence[str]]:
    ordered = sorted(ids)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))


def _case(row: Row[Any]) -> PaymentCase:
    return PaymentCase(*(getattr(row, name) for name in PaymentCase._fields))


def _payments(transaction: Transaction, *conditions: ColumnElement[bool]) -> list[OurPayment]:
    return [
        OurPayment(
            id=row.id,
            application=row.application,
            gateway=row.gateway,
            state=PaymentState(row.state),
            amount=Money(poisha=row.poisha if row.taken_poisha is None else row.taken_poisha, currency=row.currency),
            captured_at=row.captured_at,
        )
        for row in transaction.connection.execute(select(payments).where(*conditions))
    ]
