"""The cases that reconciliations found, and our payments. A case that has ended is kept and found again."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from nagorik import Money, PaymentState
from nagorik_host.reconciliation.matching import BookEntry, OurPayment, PaymentDifference
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import CASE_WAITS, payment_cases, payments
from nagorik_host.vault import Erased, Vault
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN

CaseStanding = Literal["asked", "waiting", "agreed", "decided"]

_PLACE: Final = "payment-case"
_AT_ONCE: Final = 500
"""Ids that one statement names."""


def case_id(vault: Vault, gateway: str, found: PaymentDifference) -> str:
    """The id of the case that a difference is."""
    return str(UUID(vault.lookup(_PLACE, f"{gateway}\n{found.subject}")[:32], version=4))


def read_case(transaction: Transaction, identity: str) -> Row[Any] | None:
    """A case, locked until the transaction ends."""
    query = select(payment_cases).where(payment_cases.c.id == identity).with_for_update()
    return transaction.connection.execute(query).one_or_none()


def standing_of(case: Row[Any]) -> CaseStanding:
    """What a case waits for, or how it ended."""
    return case.result or ("asked" if case.opened_at is None else "waiting")


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
    c = payment_cases.c
    query = select(c.id, c.payment).where(c.opened_at.is_(None), c.ended_at.is_(None)).order_by(c.id)
    asked = transaction.connection.execute(query.with_for_update()).all()
    ended = [identity for identity, payment in asked if payment in agreed]
    for identity in ended:
        _change(transaction, identity, now, ended_at=now, result="agreed")
    return len(ended)


def close_case(
    transaction: Transaction, identity: str, *, officer: str, reason: str, now: datetime
) -> Row[Any] | None:
    """End a case on a named officer's word; ``None`` where there is no case by this id, or it has ended."""
    found = read_case(transaction, identity)
    if found is None or found.ended_at is not None:
        return None
    _change(transaction, identity, now, ended_at=now, result="decided", officer=officer, reason=reason)
    return found


def find_case(transaction: Transaction, vault: Vault, identity: str) -> tuple[Row[Any], Mapping[str, Any]] | None:
    """A case, and what it is found by at the gateway: ``reference`` and ``line``; empty once it was erased."""
    case = read_case(transaction, identity)
    if case is None:
        return None
    try:
        return case, json.loads(vault.data_key(case.data_key, case.id).open(case.sealed, _PLACE))
    except Erased:
        return case, {}


def count_payment_cases(transaction: Transaction) -> int:
    """How many wait for an officer."""
    return transaction.connection.scalar(select(func.count()).select_from(payment_cases).where(CASE_WAITS)) or 0


def list_payment_cases(transaction: Transaction, limit: int) -> Sequence[Row[Any]]:
    """Those that wait for an officer, the longest first, at most ``limit``."""
    query = select(payment_cases).where(CASE_WAITS).order_by(payment_cases.c.opened_at, payment_cases.c.id)
    return transaction.connection.execute(query.limit(limit)).all()


def gateways_taken(transaction: Transaction, first: datetime, before: datetime) -> list[str]:
    """The gateways through which payments of ours were taken within a time, installed still or not."""
    p = payments.c
    taken = p.captured_at >= first, p.captured_at < before, p.state.not_in([*MONEY_NOT_TAKEN])
    return list(transaction.connection.scalars(select(p.gateway).distinct().where(*taken)))


def payments_around(transaction: Transaction, gateway: str, first: datetime, before: datetime) -> list[OurPayment]:
    """Our payments of a gateway that were begun or taken within a time."""
    within = (and_(at >= first, at < before) for at in (payments.c.opened_at, payments.c.captured_at))
    return _payments(transaction, payments.c.gateway == gateway, or_(*within))


def payments_named(transaction: Transaction, entries: Iterable[BookEntry]) -> list[OurPayment]:
    """Our payments that entries of the gateway's books name, at any time and through any gateway."""
    ids = sorted({entry.payment for entry in entries if entry.payment is not None})
    parts = (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
    return [one for part in parts for one in _payments(transaction, payments.c.id.in_(part))]


def _change(transaction: Transaction, identity: str, now: datetime, **values: object) -> None:
    transaction.connection.execute(update(payment_cases).where(payment_cases.c.id == identity).values(**values))
    transaction.record_row(payment_cases, identity, at=now)


def _payments(transaction: Transaction, *conditions: ColumnElement[bool]) -> list[OurPayment]:
    p, taken = payments.c, func.coalesce(payments.c.taken_poisha, payments.c.poisha)
    query = select(p.id, p.application, p.gateway, p.state, taken, p.currency, p.captured_at).where(*conditions)
    return [
        OurPayment(name, application, gateway, PaymentState(state), Money(poisha=poisha, currency=currency), at)
        for name, application, gateway, state, poisha, currency, at in transaction.connection.execute(query)
    ]
