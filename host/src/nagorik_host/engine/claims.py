"""What is due, and whose turn it is.

Each agency has a queue of its own and places of its own, so that one that is slow or down holds up no other. What a
lost worker had in hand comes first: somebody's money or application may be in question.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from nagorik_host.engine.agencies import Agencies
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications, switches


class Claims:
    """Finds rows for a worker; each is locked until the transaction ends."""

    def __init__(self, agencies: Agencies) -> None:
        """Ask ``agencies`` how many calls may be begun."""
        self._agencies = agencies

    def due(self, transaction: Transaction, callee: str, *, places: int, now: datetime) -> Sequence[Row[Any]]:
        """Applications whose time has come to call ``callee``, as many as there are places and the agency can bear.

        Whoever takes them in hand reports with ``Agencies.use`` how many calls came of it.
        """
        granted = self._agencies.grant(transaction, callee, places, now)
        if granted == 0:
            return ()
        query = _whole_rows().where(
            applications.c.callee == callee, applications.c.due_at <= now, applications.c.lease.is_(None)
        )
        stopped = _stopped(transaction)
        if stopped["plugin"]:
            query = query.where(applications.c.plugin.not_in(stopped["plugin"]))
        if stopped["service"]:
            query = query.where(applications.c.service.not_in(stopped["service"]))
        if callee in stopped["plugin"]:
            return ()
        return transaction.connection.execute(query.order_by(applications.c.due_at).limit(granted)).all()

    def one(self, transaction: Transaction, application: str, *, now: datetime) -> Row[Any] | None:
        """The application, if its time has come and nobody has it in hand; a hint that is late finds nothing."""
        query = _whole_rows().where(
            applications.c.id == application, applications.c.due_at <= now, applications.c.lease.is_(None)
        )
        return transaction.connection.execute(query).one_or_none()

    @staticmethod
    def abandoned(
        transaction: Transaction, callees: Iterable[str], *, places: int, lease_now: datetime
    ) -> Sequence[Row[Any]]:
        """Applications in the hands of workers that are lost; ``lease_now`` is the machine's own time."""
        query = _whole_rows().where(
            applications.c.lease.is_not(None),
            applications.c.lease_until <= lease_now,
            applications.c.callee.in_(list(callees)),
        )
        return transaction.connection.execute(query.order_by(applications.c.lease_until).limit(places)).all()


def _whole_rows() -> Select[Any]:
    return select(applications).with_for_update(skip_locked=True)


def _stopped(transaction: Transaction) -> dict[str, list[str]]:
    """What an officer has stopped, by kind."""
    stopped: dict[str, list[str]] = {"plugin": [], "service": []}
    for kind, name in transaction.connection.execute(select(switches.c.kind, switches.c.name)):
        stopped[kind].append(name)
    return stopped
