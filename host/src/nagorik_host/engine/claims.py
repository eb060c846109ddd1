"""What is due, and whose turn it is.

Each agency has a queue of its own and places of its own, so that one that is slow or down holds up no other. What a
lost worker had in hand comes first: somebody's money or application may be in question.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, select

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, payloads, switches

_IN_HAND: Final = (
    select(func.count())
    .select_from(applications)
    .where(applications.c.lease.is_not(None), applications.c.callee == bindparam("callee"))
)
_ROWS: Final = select(applications, payloads.c.draft).join(
    payloads, payloads.c.application == applications.c.id, isouter=True
)
"""Applications with what the citizen handed in, which is gone where it was erased."""
_STOPPED: Final = select(switches.c.kind, switches.c.name)
_ABANDONED: Final = (
    _ROWS.where(
        applications.c.lease.is_not(None),
        applications.c.lease_until <= bindparam("now"),
        applications.c.callee.in_(bindparam("callees", expanding=True)),
    )
    .order_by(applications.c.lease_until)
    .limit(bindparam("places"))
    .with_for_update(of=applications, skip_locked=True)
)


def _due(*, among: bool) -> Select[Any]:
    query = _ROWS.where(
        applications.c.callee == bindparam("callee"),
        applications.c.due_at <= bindparam("now"),
        applications.c.lease.is_(None),
        applications.c.plugin.not_in(bindparam("stopped_plugins", expanding=True)),
        applications.c.service.not_in(bindparam("stopped_services", expanding=True)),
    )
    if among:
        query = query.where(applications.c.id.in_(bindparam("among", expanding=True)))
    return (
        query.order_by(applications.c.due_at)
        .limit(bindparam("granted"))
        .with_for_update(of=applications, skip_locked=True)
    )


_DUE: Final = _due(among=False)
_DUE_AMONG: Final = _due(among=True)
"""Statements are made once: making one costs SQLAlchemy more than running it costs SQLite."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What an officer has stopped, by plugin and by service."""

    plugins: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def holds(self, *, plugin: str, service: str, callee: str) -> bool:
        """Whether an application may not be worked on now."""
        return service in self.services or bool({plugin, callee} & self.plugins)


def stopped(transaction: Transaction) -> Stopped:
    """What is stopped now."""
    found = transaction.connection.execute(_STOPPED).all()
    return Stopped(
        plugins=frozenset(row.name for row in found if row.kind == "plugin"),
        services=frozenset(row.name for row in found if row.kind == "service"),
    )


def in_hand(transaction: Transaction, callee: str) -> int:
    """How many applications all workers together have in hand that call this agency."""
    return transaction.connection.scalar(_IN_HAND, {"callee": callee}) or 0


def due(
    transaction: Transaction,
    callee: str,
    *,
    most: int,
    now: datetime,
    stops: Stopped,
    among: Collection[str] | None = None,
) -> Sequence[Row[Any]]:
    """Rows whose time has come to call ``callee``, the longest due first; each is locked until the transaction ends.

    ``among`` limits them to applications that a hint was about; a hint that is late finds nothing.
    """
    wanted: dict[str, Any] = {
        "callee": callee,
        "now": now,
        "stopped_plugins": list(stops.plugins),
        "stopped_services": list(stops.services),
        "granted": most,
    }
    if among is None:
        return transaction.connection.execute(_DUE, wanted).all()
    return transaction.connection.execute(_DUE_AMONG, wanted | {"among": list(among)}).all()


def abandoned(
    transaction: Transaction, callees: Iterable[str], *, places: int, lease_now: datetime
) -> Sequence[Row[Any]]:
    """Rows in the hands of workers that are lost, locked; ``lease_now`` is the machine's own time."""
    wanted = {"now": lease_now, "callees": list(callees), "places": places}
    return transaction.connection.execute(_ABANDONED, wanted).all()
