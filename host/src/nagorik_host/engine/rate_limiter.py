"""One pace and one number of calls at a time for all processes: what is asked before each request is sent.

A request that is late for its instant waits for another. One that may change something goes on only while its worker
holds the application.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.instants import HORIZON
from nagorik_host.engine.leases import HeldApplication
from nagorik_host.engine.pace import NOTHING, AgencyPace, DatabaseTime, PaceSlot, within_reach
from nagorik_host.engine.permits import PERMIT
from nagorik_host.store.database import Database
from nagorik_platform.agency_client.limits import LEASE_LOST, RequestLease


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
    slot: PaceSlot | None
    held: HeldApplication | None = None
    is_used: bool = field(default=False, init=False)

    def redeem(self, plugin: str) -> PaceSlot | None:
        """The instant, if it is one of this agency's and unused."""
        if plugin != self.plugin:
            return None
        slot, self.slot, self.is_used = self.slot, None, True
        return slot


RESERVED: Final[ContextVar[Reservation | None]] = ContextVar("nagorik_host_reserved", default=None)
"""What the present call was claimed with; a task that it starts sees it, too."""


class SharedRateLimiter:
    """The rate limiter where processes share their agencies, a ``nagorik_platform.agency_client.RateLimiter``."""

    def __init__(self, database: Database, clock: Clock, *, is_asked: bool = False) -> None:
        """Take instants from what ``database`` holds, and wait for them on ``clock``, the time of agencies.

        ``is_asked`` says that requests ask this one, and not one that a host's program has put in its place; else it
        shows by the first that does.
        """
        self.is_asked = is_asked
        self._database = database
        self._clock = clock
        self._time = DatabaseTime()
        self._agencies: dict[str, AgencyPace] = {}

    def pace(self, plugin: str, per_second: float) -> AgencyPace:
        """An agency's time, as far as this process has taken it; ``per_second`` is what its manifest says."""
        pace = self._agencies.get(plugin)
        if pace is None:
            pace = self._agencies[plugin] = AgencyPace(self._database, self._clock, plugin, per_second, self._time)
        return pace

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """As ``RateLimiter.acquire``: wait for a permit where the call has none, then for an instant.

        The commit of the intent says that the worker holds the application for the first request, if that is sent in
        time; for any other the database is asked at the last moment.

        Raises:
            RateLimited: The agency's time is taken up to the deadline.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached; ``lease-lost``: another worker may
                hold the application; ``queue-full``: as many calls are under way as the agency bears.
        """
        self.is_asked = True
        reservation, permit, pace = RESERVED.get(), PERMIT.get(), self.pace(plugin, per_second)
        is_claimed = reservation is not None and reservation.plugin == plugin
        if not is_claimed and permit is not None:
            await permit.take(plugin, deadline)
        held = reservation.held if reservation is not None else None
        slot = reservation.redeem(plugin) if reservation is not None else None
        is_first, stretch = slot is not None, NOTHING
        while True:
            slot = slot or await pace.take(deadline, stretch)
            early = pace.early(slot)
            if early > 0:
                if early >= deadline.remaining():
                    pace.give_back(slot)
                    raise RateLimited(retry_after=early, layer=Layer.CORE)
                await self._clock.sleep(early)
            if held is not None and not is_first:
                await self._hold(held)
            late = pace.late(slot)
            if late <= slot.tolerance:
                return held
            if deadline.remaining() <= 0:
                raise RateLimited(layer=Layer.CORE)
            if not is_first:
                # This process has too much to do, and not only the commit of the intent took that long.
                stretch = min(max(stretch, timedelta(seconds=2 * late)), HORIZON)
            slot, is_first = None, False

    async def _hold(self, held: HeldApplication) -> None:
        asked = held.lease.elapsed()
        if not await within_reach(self._database.run_unbound(held.holds)):
            raise AgencyUnavailable(because=LEASE_LOST, layer=Layer.CORE)
        held.note_held(asked)
