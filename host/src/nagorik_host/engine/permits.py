"""Permits: how many calls are under way at an agency, over all processes.

The permit of an application's call is its lease. A call that belongs to no application, such as a portal's question
for slots, inserts a row, which every claim counts with the leases. The row is counted from when it is inserted, and
the call goes on once the calls before it leave room: claims never keep it waiting for longer than that.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import String, bindparam, delete, func, insert, or_, select, tuple_

from nagorik import AgencyUnavailable
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.instants import row_of, time_of
from nagorik_host.engine.leases import leases_at
from nagorik_host.engine.pace import within_reach
from nagorik_host.store.clock import LASTS, LEASE_NOW, NOW, UNTIL
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, permits

if TYPE_CHECKING:
    # Who only reads the database imports nothing that makes calls.
    from nagorik_platform import Call

GRACE: Final = timedelta(seconds=5)
"""How long after its call's deadline a permit lasts whose process ended before giving it back."""
_LOOK: Final = 0.05
_LONGEST_LOOK: Final = 0.5
"""Seconds between two looks whether there is room; they double."""

_OWN: Final = permits.alias()
_BEFORE: Final = (
    select(func.count() + leases_at(bindparam("target_plugin", type_=String)))
    .select_from(permits.join(_OWN, _OWN.c.plugin == permits.c.plugin))
    .where(
        _OWN.c.id == bindparam("id_"),
        permits.c.lease_until > NOW,
        tuple_(permits.c.taken_at, permits.c.id) < tuple_(_OWN.c.taken_at, _OWN.c.id),
    )
)
_TAKE: Final = insert(permits).values(taken_at=NOW, lease_until=UNTIL)
_GIVE_BACK: Final = delete(permits).where(or_(permits.c.id == bindparam("id_"), permits.c.lease_until <= NOW))


class Permit:
    """The permit of one call that belongs to no application; its row is inserted before its first request."""

    def __init__(self, office: "PermitOffice", plugin: str) -> None:
        self.id = str(uuid4())
        self.plugin = plugin
        self.is_taken = False
        self._office = office
        self._taking = asyncio.Lock()

    async def take(self, plugin: str, deadline: Deadline) -> None:
        """Wait for room at the agency, once for all requests of the call.

        Raises:
            AgencyUnavailable: ``queue-full``: there was none before the deadline; ``circuit-open``: the agency is
                down; ``pace-unknown``: the database cannot be reached.
        """
        async with self._taking:
            if plugin == self.plugin and not self.is_taken:
                self.is_taken = True
                await self._office.take(self, deadline)


PERMIT: Final[ContextVar[Permit | None]] = ContextVar("nagorik_host_permit", default=None)
"""That of the present call, as the outermost policy around it has set it."""


class PermitOffice:
    """Gives permits to calls that belong to no application; a call policy of the host's platform."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Count in ``database``, by the agencies' ``clock``; of no agency before ``use``."""
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
            if permit.is_taken:
                # Rows whose time is over are deleted, too; where the database is away, the row's end does that.
                wanted = {"id_": permit.id, LEASE_NOW: time_of(self._clock)}
                with suppress(DatabaseUnavailable):
                    await self._database.run_unbound(lambda one: one.connection.execute(_GIVE_BACK, wanted))

    async def take(self, permit: Permit, deadline: Deadline) -> None:
        """As ``Permit.take``."""
        pause, unit = _LOOK, partial(self._insert, permit=permit, seconds=deadline.remaining())
        while not await within_reach(self._database.run(unit)):
            unit = partial(self._has_room, permit=permit)
            if pause >= deadline.remaining():
                raise AgencyUnavailable(because="queue-full", layer=Layer.CORE)
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)

    def _insert(self, transaction: Transaction, permit: Permit, seconds: float) -> bool:
        # No claim counts meanwhile: it holds the same row.
        row, now = row_of(transaction, permit.plugin, time_of(self._clock)), self._clock.now()
        if self._health is not None and row.down_since is not None and self._health.probe_at(row, now) > now:
            raise AgencyUnavailable(because="circuit-open", layer=Layer.CORE)
        taken = {"id": permit.id, "plugin": permit.plugin, LEASE_NOW: time_of(self._clock)}
        lasts = timedelta(seconds=seconds) + GRACE
        transaction.connection.execute(_TAKE, taken | {LASTS: lasts // MICROSECOND})
        return self._has_room(transaction, permit)

    def _has_room(self, transaction: Transaction, permit: Permit) -> bool:
        wanted = {"id_": permit.id, "target_plugin": permit.plugin, LEASE_NOW: time_of(self._clock)}
        before: int = transaction.connection.scalar(_BEFORE, wanted) or 0
        return before < self._concurrency.get(permit.plugin, 1)
