"""What is due at each agency, and what of it is parked because an officer has suspended it.

Each agency has a queue of its own, so that one that is slow or down holds up no other.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, case, func, or_, select, update

from nagorik.operations import OPERATIONS
from nagorik_host.store.clock import LEASE_NOW, has_ended
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, agencies, applications, paces, payloads, suspensions

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
_IS_DUE: Final = (
    applications.c.target_plugin == bindparam("target_plugin"),
    applications.c.due_at <= bindparam("now"),
    IN_QUEUE,
    applications.c.lease.is_(None),
    applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
    applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
    _WITHIN_RELEASE,
)
_DUE: Final = (
    _ROWS.where(*_IS_DUE)
    .order_by(applications.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(of=applications, skip_locked=True)
)
_QUESTIONS_FIRST: Final = case(
    (applications.c.operation.in_([name for name, spec in OPERATIONS.items() if not spec.writes]), 0), else_=1
)
_TO_PROBE: Final = (
    select(applications.c.id)
    .where(*_IS_DUE)
    .order_by(_QUESTIONS_FIRST, applications.c.due_at)
    .limit(bindparam("most"))
)
_AMONG: Final = (
    _ROWS.where(applications.c.id.in_(bindparam("among", expanding=True)), applications.c.lease.is_(None))
    .order_by(_QUESTIONS_FIRST, applications.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(of=applications, skip_locked=True)
)
_REFILL: Final = _DUE.where(
    select(agencies.c.plugin)
    .join(paces, paces.c.plugin == agencies.c.plugin)
    .where(
        agencies.c.plugin == bindparam("target_plugin"),
        agencies.c.down_since.is_(None),
        paces.c.next_at < bindparam("horizon"),
    )
    .exists()
)
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
    return SuspendedOffers(
        plugins=frozenset(row.name for row in found if row.kind == "plugin"),
        services=frozenset(row.name for row in found if row.kind == "service"),
    )


@dataclass(slots=True)
class Queues:
    """The queues of the agencies that one worker calls, read and locked in its transactions.

    Attributes:
        plugins: The agencies' plugins.
        beyond: Releases later than those installed here; what is pinned to them is left to other workers.
    """

    plugins: Sequence[str]
    beyond: set[str]

    def states(self, transaction: Transaction) -> Sequence[Row[Any]]:
        """Each agency's row with ``next_at`` of its pace, and when its first application falls due."""
        return transaction.connection.execute(_QUEUES, self._wanted(self.plugins)).all()

    def lock(self, transaction: Transaction, plugins: Collection[str]) -> Sequence[Row[Any]]:
        """The same of ``plugins``, locked; those that another worker has locked are left out."""
        return transaction.connection.execute(_LOCKED, self._wanted(plugins)).all()

    def expired(self, transaction: Transaction, lease_now: datetime | None) -> Sequence[Row[Any]]:
        """Whole rows whose leases have ended, locked."""
        return transaction.connection.execute(_EXPIRED, self._wanted(self.plugins) | {LEASE_NOW: lease_now}).all()

    def due(
        self,
        transaction: Transaction,
        plugin: str,
        *,
        most: int,
        now: datetime,
        suspended: SuspendedOffers,
        is_probe: bool = False,
    ) -> Sequence[Row[Any]]:
        """Whole rows that are due to call an agency, the longest due first, locked.

        To probe an agency that is down, a question comes before what may have an effect: a lost answer to it harms
        nobody.
        """
        wanted = self._due(plugin, most, now, suspended)
        if is_probe:
            chosen = transaction.connection.scalars(_TO_PROBE, wanted | {"most": 16}).all()
            return transaction.connection.execute(_AMONG, {"among": list(chosen), "most": most}).all()
        return transaction.connection.execute(_DUE, wanted).all()

    def next_of(
        self, transaction: Transaction, plugin: str, *, now: datetime, horizon: datetime, suspended: SuspendedOffers
    ) -> Row[Any] | None:
        """The row that is due longest, locked, unless the agency is down or its pace is taken beyond ``horizon``."""
        wanted = self._due(plugin, 1, now, suspended) | {"horizon": horizon}
        return transaction.connection.execute(_REFILL, wanted).one_or_none()

    def park(self, transaction: Transaction, plugin: str, now: datetime, suspended: SuspendedOffers) -> int:
        """Take a page of what is suspended out of an agency's queue, until it is resumed; how many rows that were."""
        if not suspended.services and not suspended.plugins:
            return 0
        wanted = self._due(plugin, 0, now, suspended) | {"target_plugin_": plugin, "at": now}
        return transaction.connection.execute(_PARK, wanted).rowcount

    def _wanted(self, plugins: Collection[str]) -> dict[str, Any]:
        return {"names": list(plugins), "beyond": list(self.beyond)}

    def _due(self, plugin: str, most: int, now: datetime, suspended: SuspendedOffers) -> dict[str, Any]:
        return {
            "target_plugin": plugin,
            "most": most,
            "now": now,
            "suspended_plugins": list(suspended.plugins),
            "suspended_services": list(suspended.services),
            "beyond": list(self.beyond),
        }
