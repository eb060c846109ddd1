"""What is due, and whose turn it is.

Each agency has a queue of its own and places of its own, so that one that is slow or down holds up no other. What a
lost worker had in hand comes first: somebody's money or application may be in question.

What an officer has stopped is set aside when its turn comes, and put back when it may go on: however much a stop
holds back, a look passes over no more of it than a page, and over each application once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, or_, select, update

from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, applications, payloads, switches

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
        IN_QUEUE,
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


PAGE: Final = 1000
"""Most applications that a look sets aside at one agency, or puts back of one service."""

_FIRST_DUE: Final = (
    select(applications.c.id, applications.c.service, applications.c.plugin)
    .where(applications.c.callee == bindparam("callee_"), applications.c.due_at <= bindparam("now"), IN_QUEUE)
    .order_by(applications.c.due_at)
    .limit(bindparam("page"))
    .subquery()
)
_SET_ASIDE: Final = (
    update(applications)
    .where(
        applications.c.id.in_(
            select(_FIRST_DUE.c.id).where(
                or_(
                    _FIRST_DUE.c.service.in_(bindparam("stopped_services", expanding=True)),
                    _FIRST_DUE.c.plugin.in_(bindparam("stopped_plugins", expanding=True)),
                )
            )
        ),
        applications.c.lease.is_(None),
    )
    .values(aside_at=bindparam("at"))
)
_ASIDE: Final = applications.c.aside_at.is_not(None)
_FIRST_ASIDE: Final = select(func.min(applications.c.service)).where(_ASIDE)
_NEXT_ASIDE: Final = _FIRST_ASIDE.where(applications.c.service > bindparam("service"))
_PAGE_ASIDE: Final = (
    select(applications.c.id).where(_ASIDE, applications.c.service == bindparam("service_")).limit(bindparam("page"))
)
_PUT_BACK: Final = update(applications).where(applications.c.id.in_(_PAGE_ASIDE)).values(aside_at=None)


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


def set_aside(transaction: Transaction, callee: str, *, now: datetime, stops: Stopped) -> bool:
    """Set aside what is stopped of the first that are due to call ``callee``; whether all of a page was."""
    if not stops.services and not stops.plugins:
        return False
    wanted: dict[str, Any] = {
        "callee_": callee,
        "now": now,
        "at": now,
        "page": PAGE,
        "stopped_plugins": list(stops.plugins),
        "stopped_services": list(stops.services),
    }
    return transaction.connection.execute(_SET_ASIDE, wanted).rowcount == PAGE


def put_back(transaction: Transaction, stops: Stopped) -> None:
    """Put applications back in their queues that are not stopped any more, a page of each service."""
    service: str | None = transaction.connection.scalar(_FIRST_ASIDE)
    while service is not None:
        if service not in stops.services and service.partition(".")[0] not in stops.plugins:
            transaction.connection.execute(_PUT_BACK, {"service_": service, "page": PAGE})
        service = transaction.connection.scalar(_NEXT_ASIDE, {"service": service})


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
