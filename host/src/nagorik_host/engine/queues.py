"""What is due at each agency, and what of it is parked because an officer has suspended it.

Each agency has a queue of its own, so that one that is slow or down holds up no other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Row, Select, bindparam, func, or_, select, update

from nagorik.operations import OPERATIONS
from nagorik_host.engine.instants import HORIZON
from nagorik_host.engine.plugins import is_beyond
from nagorik_host.store.clock import LEASE_NOW, NOW, Later, has_ended
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, agencies, applications, paces, payloads, permits, suspensions

PAGE: Final = 1000
"""Most suspended applications that one claim parks at one agency."""
EXPIRED: Final = 100
"""Most applications of lost workers that one claim takes from them."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_ROWS: Final = select(applications, payloads.c.draft).join(
    payloads, payloads.c.application == applications.c.id, isouter=True
)
"""Applications with what the citizen handed in, which is gone where it was erased."""
_SUSPENDED: Final = select(suspensions.c.kind, suspensions.c.name)
_WITHIN_RELEASE: Final = applications.c.plugin_version.not_in(bindparam("beyond", expanding=True))
_EXPIRED: Final = (
    _ROWS.where(
        applications.c.lease.is_not(None),
        or_(has_ended(applications.c.lease_until), applications.c.lease_until.is_(None)),
        applications.c.target_plugin.in_(bindparam("names", expanding=True)),
        _WITHIN_RELEASE,
    )
    .order_by(applications.c.lease_until)
    .limit(EXPIRED)
    .with_for_update(of=applications, skip_locked=True)
)
_FIRST_DUE: Final = (
    select(func.min(applications.c.due_at))
    .where(applications.c.target_plugin == agencies.c.plugin, IN_QUEUE, _WITHIN_RELEASE)
    .scalar_subquery()
)
_QUEUES: Final = (
    select(agencies, paces.c.next_at, _FIRST_DUE.label("due_at"))
    .join(paces, paces.c.plugin == agencies.c.plugin)
    .where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
    .order_by(agencies.c.plugin)
)
_LOCKED: Final = _QUEUES.with_for_update(of=agencies, skip_locked=True)
_DUE_AT_ALL: Final = (
    _ROWS.where(
        applications.c.target_plugin == bindparam("target_plugin"),
        applications.c.due_at <= bindparam("now"),
        IN_QUEUE,
        applications.c.lease.is_(None),
        applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
        applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
        _WITHIN_RELEASE,
    )
    .order_by(applications.c.due_at)
    .with_for_update(of=applications, skip_locked=True)
)
_DUE: Final = _DUE_AT_ALL.limit(bindparam("most"))
_QUESTIONS: Final = _DUE.where(
    applications.c.operation.in_([name for name, spec in OPERATIONS.items() if not spec.writes])
)
_LEASES: Final = (
    select(func.count())
    .where(applications.c.lease.is_not(None), applications.c.target_plugin == bindparam("target_plugin"))
    .scalar_subquery()
)
_PERMITS: Final = (
    select(func.count())
    .where(
        permits.c.plugin == bindparam("target_plugin"),
        permits.c.lease_until > NOW,
        func.coalesce(permits.c.worker, "") != bindparam("worker"),
    )
    .scalar_subquery()
)
_MOST: Final = bindparam("most", type_=BigInteger)
_OVER: Final = Later(0, _MOST + _LEASES + _PERMITS - bindparam("concurrency", type_=BigInteger))
_REFILL: Final = _DUE_AT_ALL.where(
    select(agencies.c.plugin)
    .join(paces, paces.c.plugin == agencies.c.plugin)
    .where(
        agencies.c.plugin == bindparam("target_plugin"),
        agencies.c.down_since.is_(None),
        paces.c.next_at < bindparam("horizon"),
    )
    .exists()
).limit(Later(0, _MOST - _OVER))
_FIRST: Final = (
    select(applications.c.id, applications.c.service, applications.c.plugin)
    .where(
        applications.c.target_plugin == bindparam("target_plugin_"),
        applications.c.due_at <= bindparam("now"),
        IN_QUEUE,
    )
    .order_by(applications.c.due_at)
    .limit(PAGE)
    .subquery()
)
_PARK: Final = (
    update(applications)
    .where(
        applications.c.id.in_(
            select(_FIRST.c.id).where(
                or_(
                    _FIRST.c.service.in_(bindparam("suspended_services", expanding=True)),
                    _FIRST.c.plugin.in_(bindparam("suspended_plugins", expanding=True)),
                )
            )
        ),
        applications.c.lease.is_(None),
    )
    .values(parked_at=bindparam("at"))
)


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
    names = {kind: frozenset(row.name for row in found if row.kind == kind) for kind in ("plugin", "service")}
    return SuspendedOffers(names["plugin"], names["service"])


class Queues:
    """The queues of the agencies that one worker calls, as its transactions read and lock them."""

    def __init__(self, plugins: Collection[str], releases: Mapping[str, str]) -> None:
        """Leave alone what is pinned to later releases than these, by plugin."""
        self._plugins = sorted(plugins)
        self._releases = releases
        self._beyond: set[str] = set()

    def states(self, transaction: Transaction, *, locked: Collection[str] | None = None) -> Sequence[Row[Any]]:
        """Each agency's row with ``next_at`` of its pace, and when its first application falls due.

        Of ``locked``, locked; those that another worker has locked are left out.
        """
        wanted = {"names": self._plugins if locked is None else list(locked), "beyond": list(self._beyond)}
        return transaction.connection.execute(_QUEUES if locked is None else _LOCKED, wanted).all()

    def expired(self, transaction: Transaction, lease_now: datetime | None) -> Sequence[Row[Any]]:
        """Whole rows whose leases have ended, locked."""
        return self._rows(transaction, _EXPIRED, {"names": self._plugins, LEASE_NOW: lease_now})

    def due(
        self,
        transaction: Transaction,
        plugin: str,
        most: int,
        now: datetime,
        suspended: SuspendedOffers,
        *,
        is_probe: bool,
    ) -> Sequence[Row[Any]]:
        """Whole rows that are due to call an agency, the longest due first, locked.

        To probe an agency that is down, a question comes before what may have an effect.
        """
        wanted = _due(plugin, most, now, suspended)
        questions = self._rows(transaction, _QUESTIONS, wanted) if is_probe else ()
        return questions or self._rows(transaction, _DUE, wanted)

    def refill(
        self,
        transaction: Transaction,
        plugin: str,
        freed: int,
        now: datetime,
        suspended: SuspendedOffers,
        bounds: Mapping[str, Any],
    ) -> Sequence[Row[Any]]:
        """As ``due``, as many as places came free, less those that others wait for: within ``bounds``.

        No row where the agency is down, or its pace taken up to the horizon.
        """
        wanted = _due(plugin, freed, now, suspended) | {"horizon": now + HORIZON}
        return self._rows(transaction, _REFILL, {**wanted, **bounds})

    def park(self, transaction: Transaction, plugin: str, now: datetime, suspended: SuspendedOffers) -> int:
        """Take a page of what is suspended out of an agency's queue, until it is resumed; how many rows that were."""
        if not suspended.services and not suspended.plugins:
            return 0
        wanted = _due(plugin, 0, now, suspended) | {"target_plugin_": plugin, "at": now}
        return transaction.connection.execute(_PARK, wanted).rowcount

    def _rows(self, transaction: Transaction, statement: Select[Any], wanted: dict[str, Any]) -> Sequence[Row[Any]]:
        """Rows of releases that are understood here; later ones are left out from when one is met."""
        while True:
            rows = transaction.connection.execute(statement, wanted | {"beyond": list(self._beyond)}).all()
            beyond = {row.plugin_version for row in rows if self._is_beyond(row)}
            if not beyond:
                return rows
            self._beyond |= beyond

    def _is_beyond(self, row: Row[Any]) -> bool:
        installed = self._releases.get(row.plugin, row.plugin_version)
        return installed != row.plugin_version and is_beyond(row.plugin_version, installed)


def _due(plugin: str, most: int, now: datetime, suspended: SuspendedOffers) -> dict[str, Any]:
    return {
        "target_plugin": plugin,
        "most": most,
        "now": now,
        "suspended_plugins": list(suspended.plugins),
        "suspended_services": list(suspended.services),
    }
