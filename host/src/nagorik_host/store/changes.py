"""Changes of applications' standing, for those who follow them: each page goes on where the last one ended.

A unit of the host's database leaves a row for each application whose standing it changes. Rows get their places in
the order of changes when they are read: by then they are committed, and a transaction that commits later has later
places. A place is at least the instant at which it was given, so that places of a restored copy are later, too.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.listings import PlaceInvalid
from nagorik_host.store.schema import changes, microseconds
from nagorik_platform.lifecycle import Progress

PLACED_TOGETHER: Final = 10_000
"""Most rows that one reading gives places to."""
DROPPED_TOGETHER: Final = 5_000
"""Most rows that one transaction drops."""
_LOCK: Final = 0x6E61676F72696B03
_CURSOR: Final = re.compile(r"[0-9]{1,17}")

_C: Final = changes.c
_IS_NEW: Final = _C.place.is_(None)
_NEW: Final = select(_C.id).where(_IS_NEW).limit(1)
_NUMBERED: Final = (
    select(_C.id, func.row_number().over(order_by=_C.id).label("number"))
    .where(_IS_NEW)
    .order_by(_C.id)
    .limit(PLACED_TOGETHER)
    .subquery()
)
_PLACE: Final = (
    update(changes)
    .where(_C.id == _NUMBERED.c.id)
    .values(place=bindparam("before", type_=_C.place.type) + _NUMBERED.c.number)
)


class ApplicationChange(NamedTuple):
    """An application came into another standing: state, hold, flags, or the state of a payment or of a booking.

    Attributes:
        cursor: Its place, to go on after.
        application: The application's id.
        owner: Who took it in, as ``Host.apply`` has it.
        revision: The ``ApplicationView.revision`` that it had then; a later change of it has a higher one.
        state: The state that it had then.
        at: When it changed, an aware instant.
    """

    cursor: str
    application: str
    owner: str | None
    revision: int
    state: str
    at: datetime


class ChangePage(NamedTuple):
    """Some changes, the earliest first, and the cursor that the next page goes on after, be this one empty or not."""

    changes: tuple[ApplicationChange, ...]
    next: str


def standing(progress: Progress) -> tuple[object, ...]:
    """What of an application is a change to those who follow it."""
    payments = tuple((one.id, one.state) for one in progress.payments)
    booking = progress.booking.state if progress.booking is not None else None
    return progress.state, progress.hold, progress.flags, payments, booking


def row_of(progress: Progress, owner: str | None, entries: int, at: datetime) -> Mapping[str, Any]:
    """The row of a change that left an application so."""
    state = progress.state.value
    return {"application": progress.id, "owner": owner, "revision": entries, "state": state, "at": at}


def list_changes(
    transaction: Transaction, *, after: str | None, owner: str | None, limit: int, now: datetime
) -> ChangePage:
    """At most ``limit`` changes after a cursor, the earliest first, from the earliest kept if there is no cursor.

    Raises:
        PlaceInvalid: ``after`` is no cursor.
    """
    if after is not None and _CURSOR.fullmatch(after) is None:
        raise PlaceInvalid("after takes the cursor that a page of changes ended with")
    _give_places(transaction, now)
    mine = [_C.owner == owner] if owner is not None else []
    columns = _C.place, _C.application, _C.owner, _C.revision, _C.state, _C.at
    query = select(*columns).where(_C.place > int(after or 0), *mine).order_by(_C.place).limit(limit)
    rows = transaction.connection.execute(query).all()
    found = tuple(ApplicationChange(str(place), *others) for place, *others in rows)
    return ChangePage(found, found[-1].cursor if found else after or "0")


def _give_places(transaction: Transaction, now: datetime) -> None:
    """Give places to rows without one; of two that do so at a time, the second waits for the first."""
    if transaction.connection.scalar(_NEW) is None:
        return
    if transaction.connection.dialect.name == "postgresql":
        transaction.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    last = transaction.connection.scalar(select(func.max(_C.place))) or 0
    transaction.connection.execute(_PLACE, {"before": max(last, microseconds(now))})


def drop_old_changes(transaction: Transaction, before: datetime) -> int:
    """Drop changes from before an instant, at most ``DROPPED_TOGETHER``; returns how many."""
    old = select(_C.id).where(_C.at < before).limit(DROPPED_TOGETHER)
    return transaction.connection.execute(delete(changes).where(_C.id.in_(old))).rowcount
