"""How all processes together treat an agency: never faster than it can bear, and gently while it is down.

Whoever claims applications has places and instants of the agency's time for them first, in a transaction that does
nothing else, so that no number of processes is faster than one and none waits for another's work. While an agency is
down its queue is left alone but for a probe now and then; when it answers again, the queue drains at the agency's
rate, however long it has grown.
"""

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, bindparam, case, func, select

from nagorik.manifest import Circuit, Manifest
from nagorik_host.engine.health import AgencyRules, HealthTracker
from nagorik_host.engine.instants import HORIZON, ensure_row, farthest, interval_of
from nagorik_host.engine.reach import FAILURES_OF_AN_OUTAGE
from nagorik_host.store.clock import ENDS_WITHIN, HELD_AT_MOST, LEASE_NOW, is_held
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import IN_QUEUE, MICROSECOND, agencies, applications, places
from nagorik_platform.agency_client.circuit import CircuitRules

_AFTER: Final = MICROSECOND
"""A horizon is reached by whoever looks after it, not at it."""

_FIRST_DUE: Final = select(func.min(applications.c.due_at)).where(
    applications.c.target_plugin == agencies.c.plugin, IN_QUEUE
)
_IS_OWN: Final = places.c.worker == bindparam("worker")
_PLACES: Final = (
    select(
        places.c.plugin,
        func.sum(case((_IS_OWN, places.c.held), else_=0)).label("held"),
        func.sum(case((_IS_OWN, places.c.wanted), else_=0)).label("wanted"),
        func.sum(places.c.held).label("held_by_all"),
        func.sum(case((_IS_OWN, 0), (places.c.wanted > 0, 1), else_=0)).label("others_wanting"),
    )
    .where(is_held(places.c.held_until))
    .group_by(places.c.plugin)
    .subquery()
)


def _queue_states(first_due: Select[Any]) -> Select[Any]:
    return (
        select(
            agencies,
            first_due.scalar_subquery().label("due_at"),
            _PLACES.c.held,
            _PLACES.c.wanted,
            _PLACES.c.held_by_all,
            _PLACES.c.others_wanting,
        )
        .join(_PLACES, _PLACES.c.plugin == agencies.c.plugin, isouter=True)
        .where(agencies.c.plugin.in_(bindparam("names", expanding=True)))
    )


# Each agency's first row is read off the index, however many wait behind it.
_QUEUE_STATES: Final = _queue_states(_FIRST_DUE)
_QUEUE_STATES_WITHIN: Final = _queue_states(
    _FIRST_DUE.where(applications.c.plugin_version.not_in(bindparam("beyond", expanding=True)))
)


_RULES: Final = AgencyRules(CircuitRules.of(Circuit(), FAILURES_OF_AN_OUTAGE), has_login=False)


@dataclass(frozen=True, slots=True)
class AgencyLimits:
    """What one agency can bear, as its plugin's manifest says."""

    per_second: float
    concurrency: int
    rules: AgencyRules = _RULES

    @classmethod
    def of(cls, manifest: Manifest) -> "AgencyLimits":
        """The limits of a plugin's agency."""
        return cls(manifest.limits.per_second, manifest.limits.concurrency, AgencyRules.of(manifest))

    @property
    def interval(self) -> timedelta:
        """Time of the agency that one request takes up."""
        return interval_of(self.per_second)


class QueueState(NamedTuple):
    """What an agency's queue looks like.

    Attributes:
        plugin: The agency's plugin.
        due_at: When its first application falls due, if any does.
        free_at: From when on a call is granted.
        is_down: Whether it is taken to be down, and no more than a probe is granted.
        held: How many places the worker that looks holds there.
        wanted: How many more it has said that it has use for.
        held_by_all: How many all workers hold together.
        others_wanting: How many other workers have said that they have use for more.
    """

    plugin: str
    due_at: datetime | None
    free_at: datetime
    is_down: bool
    held: int
    wanted: int
    held_by_all: int
    others_wanting: int = 0


class AgencyScheduler:
    """Knows when agencies may be called.

    Attributes:
        health: How they fare.
    """

    def __init__(self, limits: Mapping[str, AgencyLimits], *, rng: random.Random | None = None) -> None:
        """Treat the agencies of these plugins.

        Args:
            limits: By plugin id.
            rng: Spreads the probes of several processes; seed it for a test.
        """
        self._limits = limits
        self.health = HealthTracker({name: one.rules for name, one in limits.items()}, rng=rng)

    def limits(self, plugin: str) -> AgencyLimits:
        """What an agency can bear."""
        return self._limits[plugin]

    def queue_states(
        self,
        transaction: Transaction,
        plugins: Iterable[str],
        now: datetime,
        *,
        worker: str = "",
        lease_now: datetime | None = None,
        held_at_most: timedelta = ENDS_WITHIN,
        beyond: Collection[str] = (),
    ) -> list[QueueState]:
        """When each agency's first application falls due, and from when on a call to it is granted.

        As far as can be told now, without waiting for anybody who is changing it. At one that is left to workers
        with other credentials, nothing falls due here until it is this worker's again.

        Args:
            transaction: Of the host's database.
            plugins: The agencies' plugins.
            now: The time.
            worker: Who looks.
            lease_now: The time by which places are held, where that is not the database's to say.
            held_at_most: For how long from now on places can be held; what is held for longer is not.
            beyond: Releases beyond what is installed here; what is pinned to them does not count.
        """
        wanted: dict[str, Any] = {"names": list(plugins), "worker": worker, LEASE_NOW: lease_now}
        wanted[HELD_AT_MOST] = held_at_most // MICROSECOND
        if beyond:
            within = wanted | {"beyond": list(beyond)}
            found = transaction.connection.execute(_QUEUE_STATES_WITHIN, within).all()
        else:
            found = transaction.connection.execute(_QUEUE_STATES, wanted).all()
        for row in found:
            self.health.note_failures(row.plugin, row.failures)
        return [
            QueueState(
                row.plugin,
                self._due_at(row, now),
                self._free_at(row, now, is_simulated=lease_now is not None),
                row.down_since is not None,
                int(row.held or 0),
                int(row.wanted or 0),
                int(row.held_by_all or 0),
                int(row.others_wanting or 0),
            )
            for row in found
        ]

    def _due_at(self, row: Row[Any], now: datetime) -> datetime | None:
        due_at: datetime | None = row.due_at
        left_until = self.health.left_until(row, now)
        return due_at if due_at is None or left_until is None else max(due_at, left_until)

    def ensure_rows(self, transaction: Transaction, plugins: Iterable[str], now: datetime | None) -> None:
        """Have a row for each of these agencies."""
        for plugin in sorted(plugins):
            ensure_row(transaction, plugin, now)

    def _free_at(self, row: Row[Any], now: datetime, *, is_simulated: bool) -> datetime:
        paced_to: datetime = row.paced_to
        opens = max(now, paced_to - HORIZON + _AFTER)
        # Farther than anybody takes an agency's time: whoever asks for some mends it, but for a simulated clock.
        is_wrong = opens - now > farthest(self._limits[row.plugin].interval) and not is_simulated
        paced = now if is_wrong else opens
        # A probe takes an instant as any other call does.
        return paced if row.down_since is None else max(paced, self.health.probe_at(row, now))
