"""One pace and one number of calls at a time for all processes: what is asked before each request is sent.

The permit of an application's call is its lease. A call that belongs to no application, such as a portal's question
for slots, inserts a row, which every claim counts with the leases. It goes on once the calls before it leave room.

A request that is late for its instant waits for another. One that may change something goes on only while its worker
holds the application.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from sqlalchemy import String, bindparam, delete, func, insert, or_, select, tuple_

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.leases import HeldApplication, leases_at
from nagorik_host.engine.pace import HORIZON, AgencyPace, PaceSlot, row_of, time_of, within_reach
from nagorik_host.store.clock import LASTS, LEASE_NOW, NOW, UNTIL
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, permits
from nagorik_platform.agency_client.limits import LEASE_LOST, RequestLease

if TYPE_CHECKING:
    # Who only reads the database imports nothing that makes calls.
    from nagorik_platform import Call

GRACE: Final = timedelta(seconds=5)
"""How long after its call's deadline a permit lasts whose process ended before giving it back."""
LOOK: Final = 0.1
"""Seconds between two looks whether there is room."""

_ID, _PLUGIN = bindparam("id_", type_=String), bindparam("target_plugin", type_=String)
_OWN: Final = permits.alias()
_INSERT: Final = insert(permits).from_select(
    ["id", "plugin", "taken_at", "lease_until"],
    select(_ID, _PLUGIN, NOW, UNTIL).where(~select(_OWN).where(_OWN.c.id == _ID).exists()),
)
_BEFORE: Final = (
    select(func.count() + leases_at(_PLUGIN))
    .select_from(permits.join(_OWN, _OWN.c.plugin == permits.c.plugin))
    .where(
        _OWN.c.id == _ID,
        permits.c.lease_until > NOW,
        tuple_(permits.c.taken_at, permits.c.id) < tuple_(_OWN.c.taken_at, _OWN.c.id),
    )
)
_GIVE_BACK: Final = delete(permits).where(or_(permits.c.id == _ID, permits.c.lease_until <= NOW))


@dataclass(slots=True)
class Reservation:
    """What a call of an application was claimed with.

    Attributes:
        plugin: The agency's plugin, whose permit the application's lease is.
        slot: An instant of the agency's time for the first request, if there is one.
        held: The application, where the call may change something at its agency.
        is_used: Whether a request of the call was sent, or was about to be.
    """

    plugin: str
    slot: PaceSlot | None = None
    held: HeldApplication | None = None
    is_used: bool = field(default=False, init=False)


RESERVED: Final[ContextVar[Reservation]] = ContextVar("nagorik_host_reserved")
"""What the present call was claimed with; a task that it starts sees it, too."""


@dataclass(slots=True, repr=False, eq=False)
class Permit:
    """The permit of one call that belongs to no application; its row is inserted before its first request."""

    limiter: "SharedRateLimiter"
    plugin: str
    id: str = ""
    has_room: bool = False

    async def take(self, deadline: Deadline) -> None:
        """Wait for room at the agency, once for all requests of the call; raises as ``SharedRateLimiter.acquire``."""
        self.id = self.id or str(uuid4())
        unit = partial(self._look, lasts=timedelta(seconds=deadline.remaining()) + GRACE)
        while not (self.has_room or await within_reach(self.limiter.database.run(unit))):
            if deadline.remaining() <= LOOK:
                raise AgencyUnavailable(because="queue-full", layer=Layer.CORE)
            await self.limiter.clock.sleep(LOOK)
        self.has_room = True

    def _look(self, transaction: Transaction, *, lasts: timedelta) -> bool:
        """Insert the row, if it is missing; whether the calls before it leave room."""
        # No claim counts meanwhile: it holds the same row.
        agency, clock = row_of(transaction, self.plugin), self.limiter.clock
        if agency.down_since is not None and agency.probe_at > clock.now():
            raise AgencyUnavailable(because="circuit-open", layer=Layer.CORE)
        wanted = {"id_": self.id, "target_plugin": self.plugin, LEASE_NOW: time_of(clock)}
        transaction.connection.execute(_INSERT, {**wanted, LASTS: lasts // MICROSECOND})
        before: int = transaction.connection.execute(_BEFORE, wanted).scalar_one()
        return before < self.limiter.concurrency.get(self.plugin, 1)


PERMIT: Final[ContextVar[Permit | None]] = ContextVar("nagorik_host_permit", default=None)
"""That of the present call, as the outermost policy around it has set it."""


class SharedRateLimiter:
    """The rate limiter where processes share their agencies, a ``nagorik_platform.agency_client.RateLimiter``.

    As a call policy, it gives permits to calls that belong to no application.

    Attributes:
        concurrency: Most calls at a time at each agency, by plugin.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take instants from what ``database`` holds, and wait for them on ``clock``, the time of agencies."""
        self.database, self.clock = database, clock
        self.concurrency: Mapping[str, int] = {}
        self._agencies: dict[str, AgencyPace] = {}

    def pace(self, plugin: str, per_second: float) -> AgencyPace:
        """An agency's time, as far as this process has taken it; ``per_second`` is what its manifest says."""
        if plugin not in self._agencies:
            self._agencies[plugin] = AgencyPace(self.database, self.clock, plugin, per_second)
        return self._agencies[plugin]

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """As ``RateLimiter.acquire``: wait for a permit where the call has none, then for an instant.

        The commit of the intent says that the worker holds the application for the first request, if that is sent in
        time; for any other the database is asked at the last moment.

        Raises:
            RateLimited: The agency's time is taken up to the deadline.
            AgencyUnavailable: ``database-away``: it cannot be reached; ``lease-lost``: another worker may
                hold the application; ``queue-full``: as many calls are under way as the agency bears;
                ``circuit-open``: the agency is down.
        """
        reservation, permit, pace = RESERVED.get(Reservation("")), PERMIT.get(), self.pace(plugin, per_second)
        first, held, stretch = None, reservation.held, 0.0
        if plugin == reservation.plugin:
            first, reservation.slot, reservation.is_used = reservation.slot, None, True
        elif permit is not None:
            await permit.take(deadline)
        slot = first
        while True:
            slot = slot or await pace.take(deadline, stretch)
            await pace.sleep(pace.early(slot), deadline)
            if held is not None and slot is not first:
                asked = held.lease.elapsed()
                if not await within_reach(self.database.run_unbound(held.holds)):
                    raise AgencyUnavailable(because=LEASE_LOST, layer=Layer.CORE)
                held.note_held(asked)
            late = pace.late(slot)
            if late <= slot.lasts:
                return held
            if deadline.remaining() <= 0:
                raise RateLimited(layer=Layer.CORE)
            if slot is not first:
                # This process has too much to do, and not only the commit of the intent took that long.
                stretch = min(max(stretch, 2 * late), HORIZON.total_seconds())
            slot = None

    @asynccontextmanager
    async def nagorik_call_policy(self, call: "Call") -> AsyncIterator[None]:
        """Around every call: what one plugin asks of another has a permit of its own."""
        permit = Permit(self, call.plugin)
        token = PERMIT.set(permit)
        try:
            yield
        finally:
            PERMIT.reset(token)
            if permit.id:
                # Rows whose time is over are deleted, too; where the database is away, the row's end does that.
                wanted = {"id_": permit.id, LEASE_NOW: time_of(self.clock)}
                with suppress(DatabaseUnavailable):
                    await self.database.run_unbound(lambda one: one.connection.execute(_GIVE_BACK, wanted))
