"""What is due, and whose turn it is.

Each agency has a queue of its own and places of its own, so that one that is slow or down holds up no other. What a
lost worker had in hand comes first: somebody's money or application may be in question.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select

from nagorik_host.engine.agencies import Agencies
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, switches

_WAITING: Final = (
    select(applications.c.callee).where(applications.c.due_at <= bindparam("now")).group_by(applications.c.callee)
)
_IN_HAND: Final = (
    select(applications.c.callee, func.count().label("number"))
    .where(applications.c.lease.is_not(None))
    .group_by(applications.c.callee)
)
_STOPPED: Final = select(switches.c.kind, switches.c.name)
_ONE: Final = (
    select(applications)
    .where(
        applications.c.id == bindparam("application"),
        applications.c.due_at <= bindparam("now"),
        applications.c.lease.is_(None),
    )
    .with_for_update(skip_locked=True)
)
_ABANDONED: Final = (
    select(applications)
    .where(
        applications.c.lease.is_not(None),
        applications.c.lease_until <= bindparam("now"),
        applications.c.callee.in_(bindparam("callees", expanding=True)),
    )
    .order_by(applications.c.lease_until)
    .limit(bindparam("places"))
    .with_for_update(skip_locked=True)
)
_DUE: Final = (
    select(applications)
    .where(
        applications.c.callee == bindparam("callee"),
        applications.c.due_at <= bindparam("now"),
        applications.c.lease.is_(None),
        applications.c.plugin.not_in(bindparam("stopped_plugins", expanding=True)),
        applications.c.service.not_in(bindparam("stopped_services", expanding=True)),
    )
    .order_by(applications.c.due_at)
    .limit(bindparam("granted"))
    .with_for_update(skip_locked=True)
)
"""Statements are made once: making one costs SQLAlchemy more than running it costs SQLite."""


class Claims:
    """Finds rows for a worker; each is locked until the transaction ends."""

    def __init__(self, agencies: Agencies) -> None:
        """Ask ``agencies`` how many calls may be begun."""
        self._agencies = agencies

    @staticmethod
    def waiting(transaction: Transaction, now: datetime) -> Sequence[str]:
        """The agencies that something is due at."""
        return transaction.connection.scalars(_WAITING, {"now": now}).all()

    @staticmethod
    def in_hand(transaction: Transaction) -> dict[str, int]:
        """How many applications of each agency all workers together have in hand."""
        return {row.callee: row.number for row in transaction.connection.execute(_IN_HAND)}

    def due(self, transaction: Transaction, callee: str, *, places: int, now: datetime) -> Sequence[Row[Any]]:
        """Applications whose time has come to call ``callee``, as many as there are places and the agency can bear.

        Whoever takes them in hand reports with ``Agencies.use`` how many calls came of it.
        """
        granted = self._agencies.grant(transaction, callee, places, now)
        if granted == 0:
            return ()
        stopped = _stopped(transaction)
        if callee in stopped["plugin"]:
            return ()
        wanted = {
            "callee": callee,
            "now": now,
            "stopped_plugins": stopped["plugin"],
            "stopped_services": stopped["service"],
            "granted": granted,
        }
        return transaction.connection.execute(_DUE, wanted).all()

    def one(self, transaction: Transaction, application: str, *, now: datetime) -> Row[Any] | None:
        """The application, if its time has come and nobody has it in hand; a hint that is late finds nothing."""
        wanted = {"application": application, "now": now}
        return transaction.connection.execute(_ONE, wanted).one_or_none()

    @staticmethod
    def abandoned(
        transaction: Transaction, callees: Iterable[str], *, places: int, lease_now: datetime
    ) -> Sequence[Row[Any]]:
        """Applications in the hands of workers that are lost; ``lease_now`` is the machine's own time."""
        wanted = {"now": lease_now, "callees": list(callees), "places": places}
        return transaction.connection.execute(_ABANDONED, wanted).all()


def _stopped(transaction: Transaction) -> dict[str, list[str]]:
    """What an officer has stopped, by kind."""
    stopped: dict[str, list[str]] = {"plugin": [], "service": []}
    for kind, name in transaction.connection.execute(_STOPPED):
        stopped[kind].append(name)
    return stopped
