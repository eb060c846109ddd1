"""What is due at each agency and how many calls are under way there.

Each agency has a queue of its own, so that one that is slow or down holds up no other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Row, Select, String, bindparam, func, or_, select

from nagorik.operations import OPERATIONS
from nagorik_host.engine.leases import leases_at
from nagorik_host.engine.pace import HORIZON
from nagorik_host.engine.plugins import is_beyond
from nagorik_host.store.clock import LEASE_NOW, NOW, Later, has_ended, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import agencies, applications, paces, payloads, permits, suspensions, workers

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
_CALLABLE: Final = (
    applications.c.due_at.is_not(None),
    applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
    applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
    _WITHIN_RELEASE,
)
_FIRST_DUE: Final = (
    select(func.min(applications.c.due_at))
    .where(applications.c.target_plugin == agencies.c.plugin, *_CALLABLE)
    .scalar_subquery()
)
_QUEUES: Final = (
    select(agencies, paces.c.next_at, _FIRST_DUE.label("due_at"))
    .join(paces, paces.c.plugin == agencies.c.plugin)
    .where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
    .order_by(agencies.c.plugin)
)
_LOCKED: Final = (
    select(agencies)
    .where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
    .order_by(agencies.c.plugin)
    .with_for_update(skip_locked=True)
)
_DUE_AT_ALL: Final = (
    _ROWS.where(
        applications.c.target_plugin == bindparam("target_plugin"),
        applications.c.due_at <= bindparam("now"),
        applications.c.lease.is_(None),
        *_CALLABLE,
    )
    .order_by(applications.c.due_at)
    .with_for_update(of=applications, skip_locked=True)
)
_DUE: Final = _DUE_AT_ALL.limit(bindparam("most"))
_QUESTIONS: Final = _DUE.where(
    applications.c.operation.in_([name for name, spec in OPERATIONS.items() if not spec.writes])
)


def _permits(plugin: ColumnElement[str]) -> ColumnElement[int]:
    """How many other calls are, or wait to be."""
    return select(func.count()).where(permits.c.plugin == plugin, permits.c.lease_until > NOW).scalar_subquery()


_TARGET: Final = bindparam("target_plugin", type_=String)
_IS_OWN: Final = applications.c.lease == bindparam("worker")
_COUNTED: Final = select(
    agencies.c.plugin,
    (leases_at(agencies.c.plugin) + _permits(agencies.c.plugin)).label("number"),
    leases_at(agencies.c.plugin, _IS_OWN).label("own"),
).where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
_OTHERS: Final = select(func.count()).where(workers.c.id != bindparam("worker"), lasts(workers.c.lease_until))
_MOST: Final = bindparam("most", type_=BigInteger)
_OVER: Final = Later(
    0,
    _MOST + leases_at(_TARGET) + _permits(_TARGET) - bindparam("concurrency", type_=BigInteger),
    _MOST + leases_at(_TARGET, _IS_OWN) - bindparam("share", type_=BigInteger),
)
_IS_OPEN: Final = select(paces.c.plugin).where(paces.c.plugin == _TARGET, paces.c.next_at < bindparam("horizon"))
_REFILL: Final = _DUE_AT_ALL.where(_IS_OPEN.exists()).limit(Later(0, _MOST - _OVER))


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


class UnderWay(NamedTuple):
    """The calls under way at an agency: those of all workers with those of no application, and this worker's own."""

    number: int
    own: int


class Queues:
    """The queues of the agencies that one worker calls, as its transactions read and lock them."""

    def __init__(self, plugins: Collection[str], releases: Mapping[str, str]) -> None:
        """Leave alone what is pinned to later releases than these, by plugin."""
        self._plugins = sorted(plugins)
        self._releases = releases
        self._beyond: set[str] = set()

    def states(self, transaction: Transaction, suspended: SuspendedOffers) -> Sequence[Row[Any]]:
        """Each agency's row with ``next_at`` of its pace, and when its first application falls due."""
        wanted = {"names": self._plugins, "beyond": list(self._beyond), **_suspended(suspended)}
        return transaction.connection.execute(_QUEUES, wanted).all()

    @staticmethod
    def lock(transaction: Transaction, plugins: Collection[str]) -> Sequence[Row[Any]]:
        """The rows of agencies, locked; those that another worker has locked are left out."""
        return transaction.connection.execute(_LOCKED, {"names": list(plugins)}).all()

    @staticmethod
    def counted(
        transaction: Transaction, plugins: Collection[str], worker: str, now: datetime | None
    ) -> dict[str, UnderWay]:
        """The calls under way at each of these agencies for one worker; ``now`` is a simulated time."""
        wanted = {"names": list(plugins), "worker": worker, LEASE_NOW: now}
        return {name: UnderWay(number, own) for name, number, own in transaction.connection.execute(_COUNTED, wanted)}

    @staticmethod
    def others(transaction: Transaction, worker: str, lease_now: datetime | None) -> int:
        """How many other workers were heard of within their leases."""
        return transaction.connection.scalar(_OTHERS, {"worker": worker, LEASE_NOW: lease_now}) or 0

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

        No row where the agency's pace is taken up to the horizon.
        """
        wanted = _due(plugin, freed, now, suspended) | {"horizon": now + HORIZON}
        return self._rows(transaction, _REFILL, {**wanted, **bounds})

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
        **_suspended(suspended),
    }


def _suspended(suspended: SuspendedOffers) -> dict[str, list[str]]:
    return {"suspended_plugins": list(suspended.plugins), "suspended_services": list(suspended.services)}
