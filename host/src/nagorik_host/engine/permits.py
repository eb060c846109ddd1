"""Permits: how many calls are under way at an agency, over all processes.

The permit of an application's call is its lease. A call that belongs to no application, such as a portal's question
for slots, inserts a row, which every claim counts with the leases. The row is counted from when it is inserted, and
the call goes on once the calls before it leave room: claims never keep it waiting for longer than that.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, func, insert, literal, or_, select, union_all

from nagorik import AgencyUnavailable
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.instants import row_of, time_of
from nagorik_host.engine.pace import UNKNOWN
from nagorik_host.store.clock import LASTS, LEASE_NOW, NOW, UNTIL
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, applications, permits

if TYPE_CHECKING:
    # Who only reads the database imports nothing that makes calls.
    from nagorik_platform import Call

GRACE: Final = timedelta(seconds=5)
"""How long after its call's deadline a permit lasts whose process ended before giving it back."""
_LOOK: Final = 0.05
_LONGEST_LOOK: Final = 0.5
"""Seconds between two looks whether there is room; they double."""

WISH: Final = timedelta(seconds=2)
"""How long a worker's wish for a place lasts that it does not repeat."""

_UNDER_WAY: Final = union_all(
    select(
        applications.c.target_plugin.label("plugin"), applications.c.lease.label("worker"), literal(0).label("waits")
    ).where(applications.c.lease.is_not(None)),
    select(permits.c.plugin, permits.c.worker, literal(1)).where(permits.c.lease_until > NOW),
).subquery()
_COUNT: Final = (
    select(_UNDER_WAY, func.count().label("number"))
    .where(_UNDER_WAY.c.plugin.in_(bindparam("names", expanding=True)))
    .group_by(*_UNDER_WAY.c)
)
_LEASED: Final = (
    select(func.count())
    .select_from(applications)
    .where(applications.c.lease.is_not(None), applications.c.target_plugin == bindparam("plugin"))
    .scalar_subquery()
)
_OWN: Final = permits.alias()
_BEFORE: Final = (
    select(func.count() + _LEASED)
    .select_from(permits)
    .join(_OWN, _OWN.c.plugin == permits.c.plugin)
    .where(
        _OWN.c.id == bindparam("id_"),
        permits.c.lease_until > NOW,
        or_(
            permits.c.taken_at < _OWN.c.taken_at,
            and_(permits.c.taken_at == _OWN.c.taken_at, permits.c.id < _OWN.c.id),
        ),
    )
)
_TAKE: Final = insert(permits).values(taken_at=NOW, lease_until=UNTIL)
_GIVE_BACK: Final = delete(permits).where(or_(permits.c.id == bindparam("id_"), permits.c.lease_until <= NOW))


_DROP: Final = delete(permits).where(
    permits.c.worker == bindparam("worker_"), permits.c.plugin.in_(bindparam("names", expanding=True))
)


class UnderWay(NamedTuple):
    """The calls under way at one agency, as one worker counts them.

    Attributes:
        number: Leases of applications and permits of other calls, and places that other workers wish for.
        own: Leases of this worker.
        workers: The other workers that hold leases or wish for a place.
        has_wish: Whether this worker wishes for a place.
    """

    number: int = 0
    own: int = 0
    workers: frozenset[str] = frozenset()
    has_wish: bool = False

    def share(self, concurrency: int) -> int:
        """How many places are this worker's, if all that have use for some have as many."""
        return max(1, concurrency // (1 + len(self.workers)))


def count_under_way(
    transaction: Transaction, plugins: Collection[str], worker: str, now: datetime | None
) -> dict[str, UnderWay]:
    """Count the calls under way at each of these agencies for one worker; ``now`` is a simulated time."""
    counted = dict.fromkeys(plugins, UnderWay())
    for row in transaction.connection.execute(_COUNT, {"names": list(plugins), LEASE_NOW: now}):
        found, is_own = counted[row.plugin], row.worker == worker
        counted[row.plugin] = UnderWay(
            found.number + (0 if is_own and row.waits else row.number),
            found.own + (row.number if is_own and not row.waits else 0),
            found.workers if is_own or row.worker is None else found.workers | {row.worker},
            found.has_wish or (is_own and bool(row.waits)),
        )
    return counted


def wish(transaction: Transaction, plugin: str, worker: str, number: int, now: datetime | None) -> None:
    """Ask other workers to leave ``number`` places of an agency to this one, in place of what it asked for before.

    While a worker has places and more is due, it hands each on to the next application: it would keep them for ever.
    """
    drop_wishes(transaction, worker, [plugin])
    for _ in range(number):
        taken = {"id": str(uuid4()), "plugin": plugin, "worker": worker, LASTS: WISH // MICROSECOND, LEASE_NOW: now}
        transaction.connection.execute(_TAKE, taken)


def drop_wishes(transaction: Transaction, worker: str, plugins: Collection[str]) -> None:
    """Leave the places of these agencies to others."""
    transaction.connection.execute(_DROP, {"worker_": worker, "names": list(plugins)})


class Permit:
    """The permit of one call that belongs to no application; its row is inserted before its first request."""

    def __init__(self, office: "PermitOffice", plugin: str) -> None:
        self._office = office
        self._plugin = plugin
        self._id: str | None = None
        self._taking = asyncio.Lock()

    async def take(self, plugin: str, deadline: Deadline) -> None:
        """Wait for room at the agency, once for all requests of the call.

        Raises:
            AgencyUnavailable: ``queue-full``: there was none before the deadline; ``circuit-open``: the agency is
                down; ``pace-unknown``: the database cannot be reached.
        """
        async with self._taking:
            if plugin == self._plugin and self._id is None:
                self._id = str(uuid4())
                await self._office.take(self._id, plugin, deadline)

    async def give_back(self) -> None:
        """Delete the row, if there is one; where the database is away, its end does that."""
        if self._id is not None:
            with suppress(DatabaseUnavailable):
                await self._office.give_back(self._id)


PERMIT: Final[ContextVar[Permit | None]] = ContextVar("nagorik_host_permit", default=None)
"""That of the present call, as the outermost policy around it has set it."""


class PermitOffice:
    """Gives permits to calls that belong to no application; a call policy of the host's platform."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Count in ``database``; of no agency before ``use``.

        Args:
            database: The host's.
            clock: The time of agencies.
        """
        self._database = database
        self._clock = clock
        self._concurrency: Mapping[str, int] = {}
        self._health: HealthTracker | None = None

    def use(self, concurrency: Mapping[str, int], health: HealthTracker) -> None:
        """Bound the calls at these agencies, by plugin, and refuse those at agencies that are down."""
        self._concurrency, self._health = concurrency, health

    def nagorik_call_policy(self, call: "Call") -> AbstractAsyncContextManager[None]:
        """Around every call: what one plugin asks of another has a permit of its own."""
        return self._around(call.plugin)

    @asynccontextmanager
    async def _around(self, plugin: str) -> AsyncIterator[None]:
        permit = Permit(self, plugin)
        token = PERMIT.set(permit)
        try:
            yield
        finally:
            PERMIT.reset(token)
            await permit.give_back()

    async def take(self, identity: str, plugin: str, deadline: Deadline) -> None:
        """As ``Permit.take``."""
        pause, unit = _LOOK, partial(self._insert, identity=identity, plugin=plugin, seconds=deadline.remaining())
        while not await self._run(unit):
            unit = partial(self._has_room, identity=identity, plugin=plugin)
            if pause >= deadline.remaining():
                raise AgencyUnavailable(because="queue-full", layer=Layer.CORE)
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)

    async def give_back(self, identity: str) -> None:
        """As ``Permit.give_back``; rows whose time is over are deleted, too."""
        wanted = {"id_": identity, LEASE_NOW: time_of(self._clock)}
        await self._database.run_unbound(lambda transaction: transaction.connection.execute(_GIVE_BACK, wanted))

    async def _run(self, unit: Any) -> bool:
        try:
            room: bool = await self._database.run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        return room

    def _insert(self, transaction: Transaction, *, identity: str, plugin: str, seconds: float) -> bool:
        # No claim counts meanwhile: it holds the same row.
        row, now = row_of(transaction, plugin, time_of(self._clock)), self._clock.now()
        if self._health is not None and row.down_since is not None and self._health.probe_at(row, now) > now:
            raise AgencyUnavailable(because="circuit-open", layer=Layer.CORE)
        lasts = timedelta(seconds=seconds) + GRACE
        taken = {"id": identity, "plugin": plugin, LASTS: lasts // MICROSECOND, LEASE_NOW: time_of(self._clock)}
        transaction.connection.execute(_TAKE, taken)
        return self._has_room(transaction, identity=identity, plugin=plugin)

    def _has_room(self, transaction: Transaction, *, identity: str, plugin: str) -> bool:
        before = transaction.connection.scalar(
            _BEFORE, {"id_": identity, "plugin": plugin, LEASE_NOW: time_of(self._clock)}
        )
        return (before or 0) < self._concurrency.get(plugin, 1)
