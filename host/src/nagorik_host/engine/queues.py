"""What is due at each agency, and what of it is parked because an officer has suspended it.

Each agency has a queue of its own, so that one that is slow or down holds up no other. What is suspended is parked
when its turn comes, and put back when it may go on: however much a suspension holds back, a poll passes over no more
of it than a page, and over each application once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, case, func, or_, select, update

from nagorik.operations import OPERATIONS
from nagorik_host.store.clock import LEASE_NOW, has_ended
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, UNREADABLE, applications, payloads, suspensions

_ROWS: Final = select(applications, payloads.c.draft).join(
    payloads, payloads.c.application == applications.c.id, isouter=True
)
"""Applications with what the citizen handed in, which is gone where it was erased."""
_SUSPENDED: Final = select(suspensions.c.kind, suspensions.c.name)
_EXPIRED: Final = (
    _ROWS.where(
        applications.c.lease.is_not(None),
        # A lease without an end is none that a worker has taken, and would last for ever.
        or_(has_ended(applications.c.lease_until), applications.c.lease_until.is_(None)),
        applications.c.target_plugin.in_(bindparam("target_plugins", expanding=True)),
        applications.c.plugin_version.not_in(bindparam("beyond", expanding=True)),
    )
    .order_by(applications.c.lease_until)
    .limit(bindparam("concurrency"))
    .with_for_update(of=applications, skip_locked=True)
)

PAGE: Final = 1000
"""Most applications that a poll parks at one agency, or puts back of one service, or chooses a probe from."""
CHOSEN: Final = 50
"""Of these, how many one probe is chosen from: others may have some in hand."""
_IS_DUE: Final = (
    applications.c.target_plugin == bindparam("target_plugin"),
    applications.c.due_at <= bindparam("now"),
    IN_QUEUE,
    applications.c.lease.is_(None),
    applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
    applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
    applications.c.plugin_version.not_in(bindparam("beyond", expanding=True)),
)
_IS_AMONG: Final = applications.c.id.in_(bindparam("among", expanding=True))
_QUESTIONS: Final = frozenset(name for name, spec in OPERATIONS.items() if not spec.writes)
_QUESTIONS_FIRST: Final = case((applications.c.operation.in_(_QUESTIONS), 0), else_=1)


def _due(*, among: bool, to_probe: bool) -> Select[Any]:
    query = _ROWS.where(*_IS_DUE, *([_IS_AMONG] if among else []))
    if to_probe:
        query = query.order_by(_QUESTIONS_FIRST)
    return (
        query.order_by(applications.c.due_at)
        .limit(bindparam("granted"))
        .with_for_update(of=applications, skip_locked=True)
    )


_DUE: Final = _due(among=False, to_probe=False)
_DUE_AMONG: Final = _due(among=True, to_probe=False)
_DUE_TO_PROBE: Final = _due(among=True, to_probe=True)
"""Statements are made once: making one costs SQLAlchemy more than running it costs SQLite."""
_PAGE_DUE: Final = (
    select(applications.c.id, applications.c.operation).where(*_IS_DUE).order_by(applications.c.due_at).limit(PAGE)
)
_PAGE_DUE_AMONG: Final = _PAGE_DUE.where(_IS_AMONG)
_COUNT_DUE: Final = select(func.count()).select_from(
    select(applications.c.id).where(*_IS_DUE).order_by(applications.c.due_at).limit(bindparam("most")).subquery()
)

_UNREADABLE: Final = (
    select(applications.c.id, applications.c.service)
    .where(
        applications.c.target_plugin.in_(bindparam("target_plugins", expanding=True)),
        # Whatever is no number comes after all that are.
        applications.c.due_at >= UNREADABLE,
        IN_QUEUE,
        applications.c.lease.is_(None),
    )
    .limit(bindparam("page"))
    .with_for_update(skip_locked=True)
)
_FIRST_DUE: Final = (
    select(applications.c.id, applications.c.service, applications.c.plugin)
    .where(
        applications.c.target_plugin == bindparam("target_plugin_"),
        applications.c.due_at <= bindparam("now"),
        IN_QUEUE,
    )
    .order_by(applications.c.due_at)
    .limit(bindparam("page"))
    .subquery()
)
_PARK: Final = (
    update(applications)
    .where(
        applications.c.id.in_(
            select(_FIRST_DUE.c.id).where(
                or_(
                    _FIRST_DUE.c.service.in_(bindparam("suspended_services", expanding=True)),
                    _FIRST_DUE.c.plugin.in_(bindparam("suspended_plugins", expanding=True)),
                )
            )
        ),
        applications.c.lease.is_(None),
    )
    .values(parked_at=bindparam("at"))
)
_PARKED: Final = applications.c.parked_at.is_not(None)
_FIRST_PARKED: Final = select(func.min(applications.c.service)).where(_PARKED)
_NEXT_PARKED: Final = _FIRST_PARKED.where(applications.c.service > bindparam("service"))
_PAGE_PARKED: Final = (
    select(applications.c.id).where(_PARKED, applications.c.service == bindparam("service_")).limit(bindparam("page"))
)
_UNPARK: Final = update(applications).where(applications.c.id.in_(_PAGE_PARKED)).values(parked_at=None)


@dataclass(frozen=True, slots=True)
class SuspendedOffers:
    """What an officer has suspended, by plugin and by service."""

    plugins: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def covers(self, *, plugin: str, service: str, target_plugin: str) -> bool:
        """Whether an application may not be worked on now."""
        return service in self.services or bool({plugin, target_plugin} & self.plugins)


def suspended_offers(transaction: Transaction) -> SuspendedOffers:
    """What is suspended now."""
    found = transaction.connection.execute(_SUSPENDED).all()
    return SuspendedOffers(
        plugins=frozenset(row.name for row in found if row.kind == "plugin"),
        services=frozenset(row.name for row in found if row.kind == "service"),
    )


def park_suspended(
    transaction: Transaction, target_plugin: str, *, now: datetime, suspended: SuspendedOffers
) -> bool:
    """Park what is suspended of the first that are due to call ``target_plugin``; whether all of a page was."""
    if not suspended.services and not suspended.plugins:
        return False
    wanted: dict[str, Any] = {
        "target_plugin_": target_plugin,
        "now": now,
        "at": now,
        "page": PAGE,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
    }
    return transaction.connection.execute(_PARK, wanted).rowcount == PAGE


def unpark_resumed(transaction: Transaction, suspended: SuspendedOffers) -> None:
    """Put applications back in their queues that are not suspended any more, a page of each service."""
    service: str | None = transaction.connection.scalar(_FIRST_PARKED)
    while service is not None:
        if service not in suspended.services and service.partition(".")[0] not in suspended.plugins:
            transaction.connection.execute(_UNPARK, {"service_": service, "page": PAGE})
        service = transaction.connection.scalar(_NEXT_PARKED, {"service": service})


def count_due(
    transaction: Transaction,
    target_plugin: str,
    *,
    most: int,
    now: datetime,
    suspended: SuspendedOffers,
    beyond: Collection[str] = (),
) -> int:
    """How many applications that can be worked on here are due to call ``target_plugin``, counted up to ``most``."""
    wanted = {
        "target_plugin": target_plugin,
        "now": now,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
        "most": max(most, 0),
        "beyond": list(beyond),
    }
    return transaction.connection.scalar(_COUNT_DUE, wanted) or 0


def due_rows(
    transaction: Transaction,
    target_plugin: str,
    *,
    most: int,
    now: datetime,
    suspended: SuspendedOffers,
    beyond: Collection[str] = (),
    among: Collection[str] | None = None,
    to_probe: bool = False,
) -> Sequence[Row[Any]]:
    """Rows that are due to call ``target_plugin``, the longest due first, each locked until the transaction ends.

    What is pinned to a release that is ``beyond`` the installed one is passed over. ``among`` limits them to
    applications that a hint was about; a hint that is late finds nothing. To probe an agency that is down, a question
    comes before what may have an effect: a lost answer to it harms nobody, and an open circuit refuses a write that
    could not be sent again.
    """
    wanted: dict[str, Any] = {
        "target_plugin": target_plugin,
        "now": now,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
        "granted": most,
        "beyond": list(beyond),
    }
    if among is not None:
        wanted["among"] = list(among)
    if to_probe:
        # A statement of its own: within the other, PostgreSQL reads the page once for each row that is due where it
        # knows nothing of the table yet, which took seconds for 30,000.
        page = transaction.connection.execute(_PAGE_DUE if among is None else _PAGE_DUE_AMONG, wanted).all()
        chosen = sorted(page, key=lambda row: row.operation not in _QUESTIONS)[:CHOSEN]
        return transaction.connection.execute(_DUE_TO_PROBE, wanted | {"among": [row.id for row in chosen]}).all()
    return transaction.connection.execute(_DUE if among is None else _DUE_AMONG, wanted).all()


def expired_rows(
    transaction: Transaction,
    target_plugins: Iterable[str],
    *,
    concurrency: int,
    lease_now: datetime | None,
    beyond: Collection[str] = (),
) -> Sequence[Row[Any]]:
    """Rows in the hands of workers that are lost, locked; ``lease_now`` is a time in place of the database's.

    What is pinned to a release that is ``beyond`` the installed one is passed over.
    """
    names = list(target_plugins)
    wanted = {LEASE_NOW: lease_now, "target_plugins": names, "concurrency": concurrency, "beyond": list(beyond)}
    return transaction.connection.execute(_EXPIRED, wanted).all()


def unreadable_rows(transaction: Transaction, target_plugins: Iterable[str]) -> Sequence[Row[str, str]]:
    """A page of what is due at no time that there is, by id and service, locked: no worker would ever take it up."""
    wanted = {"target_plugins": list(target_plugins), "page": PAGE}
    return transaction.connection.execute(_UNREADABLE, wanted).all()
