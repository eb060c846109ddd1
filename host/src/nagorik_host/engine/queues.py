"""The statements by which a claim finds what is due at each agency, and how many calls are under way there.

Each agency has a queue of its own, so that one that is slow or down holds up no other. Statements are made once:
making one costs SQLAlchemy more than running it costs SQLite.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, func, or_, select

from nagorik.operations import OPERATIONS
from nagorik_host.engine.leases import leases_at
from nagorik_host.store.clock import DatabaseNow, Later, has_ended, lasts
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import Instant, agencies, applications, paces, payloads, permits, suspensions, workers

AGENCY_NOW: Final = "agency_now"
"""The parameter for a simulated time of the agencies."""
_MOST_EXPIRED: Final = 100
"""Most applications of lost workers that one claim takes from them."""
_SUSPENDED: Final = select(suspensions.c.kind, suspensions.c.name)
_NOW: Final = func.coalesce(bindparam(AGENCY_NOW, type_=Instant), DatabaseNow(), type_=Instant)


def _permits_at(plugin: ColumnElement[str]) -> ColumnElement[int]:
    """How many calls of no application are, or wait to be, under way at an agency."""
    return select(func.count()).where(permits.c.plugin == plugin, permits.c.lease_until > _NOW).scalar_subquery()


_IS_NAMED: Final = agencies.c.plugin.in_(bindparam("names", expanding=True))
_OF_RELEASE: Final = applications.c.plugin_version.not_in(bindparam("beyond", expanding=True))
_CALLABLE: Final = (
    applications.c.due_at.is_not(None),
    applications.c.plugin.not_in(bindparam("suspended_plugins", expanding=True)),
    applications.c.service.not_in(bindparam("suspended_services", expanding=True)),
    _OF_RELEASE,
)
_OTHERS: Final = select(func.count()).where(workers.c.id != bindparam("worker"), lasts(workers.c.lease_until))
STATES: Final = (
    select(
        agencies,
        paces.c.next_at,
        select(func.min(applications.c.due_at))
        .where(applications.c.target_plugin == agencies.c.plugin, *_CALLABLE)
        .scalar_subquery()
        .label("due_at"),
        (leases_at(agencies.c.plugin) + _permits_at(agencies.c.plugin)).label("under_way"),
        _OTHERS.scalar_subquery().label("others"),
    )
    .join(paces, paces.c.plugin == agencies.c.plugin)
    .where(_IS_NAMED)
    .order_by(agencies.c.plugin)
)
"""Each agency's row, when its first application falls due, its calls under way, and how many other workers live."""
LOCKED: Final = (
    select(agencies.c.plugin).where(_IS_NAMED).order_by(agencies.c.plugin).with_for_update(skip_locked=True)
)
_ROWS: Final = (
    select(applications, payloads.c.draft)
    .join(payloads, payloads.c.application == applications.c.id, isouter=True)
    .with_for_update(of=applications, skip_locked=True)
)
"""Applications with what the citizen handed in, which is gone where it was erased."""
EXPIRED: Final = (
    _ROWS.where(
        applications.c.lease.is_not(None),
        or_(has_ended(applications.c.lease_until), applications.c.lease_until.is_(None)),
        applications.c.target_plugin.in_(bindparam("names", expanding=True)),
        _OF_RELEASE,
    )
    .order_by(applications.c.lease_until)
    .limit(_MOST_EXPIRED)
)
_TARGET: Final = bindparam("target_plugin", type_=String)
_MOST: Final = bindparam("most", type_=BigInteger)
_DUE: Final = _ROWS.where(
    applications.c.target_plugin == _TARGET,
    applications.c.due_at <= bindparam("now"),
    applications.c.lease.is_(None),
    *_CALLABLE,
).order_by(applications.c.due_at)
DUE: Final = _DUE.limit(_MOST)
"""What is due at one agency, the longest due first."""
QUESTIONS: Final = DUE.where(
    applications.c.operation.in_([name for name, spec in OPERATIONS.items() if not spec.writes])
)
REFILL: Final = _DUE.limit(Later(0, _MOST - _permits_at(_TARGET)))
"""As ``DUE``, less the places that calls of no application may wait for."""


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
