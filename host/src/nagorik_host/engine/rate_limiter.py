"""One pace for all processes: each request waits for an instant of its agency's time, and is sent at it.

A request that is late for its instant was overtaken, and waits for another. One that may change something goes on
only while its application is in its worker's hands.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.instants import NOTHING
from nagorik_host.engine.leases import HeldApplication
from nagorik_host.engine.pace import UNKNOWN, AgencyPace, DatabaseTime, PaceSlot
from nagorik_host.store.database import Database, DatabaseUnavailable
from nagorik_platform.agency_client.limits import LEASE_LOST, RequestLease

FARTHEST: Final = timedelta(seconds=1)
"""How much of an agency's time one that is late takes up, at most, so that nobody overtakes it."""


@dataclass(slots=True)
class Reservation:
    """The instant that a call was taken in hand with, for the first of its requests.

    Attributes:
        plugin: The agency's plugin.
        slot: The instant.
        held: The application in the worker's hands, where the call may change something at its agency.
    """

    plugin: str
    slot: PaceSlot
    held: HeldApplication | None = None
    _used: bool = field(default=False, init=False)

    def redeem(self, plugin: str) -> PaceSlot | None:
        """The instant, if it is one of this agency's and nobody has used it."""
        if self._used or plugin != self.plugin:
            return None
        self._used = True
        return self.slot

    @property
    def is_used(self) -> bool:
        """Whether a request of the call was sent, or was about to be."""
        return self._used


RESERVED: Final[ContextVar[Reservation | None]] = ContextVar("nagorik_host_reserved", default=None)
"""What the present call was granted; a task that it starts sees it, too."""


class SharedRateLimiter:
    """The rate limiter where processes share their agencies, a ``nagorik_platform.agency_client.RateLimiter``."""

    def __init__(self, database: Database, clock: Clock, *, is_asked: bool = False) -> None:
        """Take instants from what ``database`` holds, and wait for them on ``clock``.

        Args:
            database: The host's.
            clock: The time of agencies.
            is_asked: Whether it is known that requests ask this one; otherwise it shows by the first that does.
        """
        self._database = database
        self._clock = clock
        self._time = DatabaseTime()
        self._agencies: dict[str, AgencyPace] = {}
        self.is_asked = is_asked
        """Whether requests ask it, and not one that a host's program has put in its place."""

    def pace(self, plugin: str, per_second: float) -> AgencyPace:
        """An agency's time, as far as this process has taken it; ``per_second`` is what its manifest says."""
        pace = self._agencies.get(plugin)
        if pace is None:
            pace = self._agencies[plugin] = AgencyPace(self._database, self._clock, plugin, per_second, self._time)
        return pace

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """As ``RateLimiter.acquire``: wait for the call's own instant, or for one more of the agency's time.

        A call that may change something goes on only while its application is in its worker's hands. The commit of
        the intent says so for the first request, if that is sent in time; for any other the database is asked at the
        last moment. Until when that is so is returned, and grows with each heartbeat of the worker.

        Raises:
            RateLimited: The agency's time is taken up to the deadline.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached; ``lease-lost``: the application may
                be in another worker's hands.
        """
        self.is_asked = True
        reservation, pace = RESERVED.get(), self.pace(plugin, per_second)
        held = reservation.held if reservation is not None else None
        slot = reservation.redeem(plugin) if reservation is not None else None
        first = slot is not None
        lead, stretch = NOTHING, NOTHING
        while True:
            if slot is None:
                slot = await (pace.take_alone(deadline, lead, stretch) if lead else pace.take(deadline))
            early = pace.early(slot)
            if early > 0:
                if early >= deadline.remaining():
                    pace.give_back([slot])
                    raise RateLimited(retry_after=early, layer=Layer.CORE)
                await self._clock.sleep(early)
            if held is not None and not first:
                await self._hold(held)
            late = pace.late(slot)
            pace.note_use(late)
            if late <= slot.tolerance:
                return held
            if deadline.remaining() <= 0:
                raise RateLimited(layer=Layer.CORE)
            # The commit took that long, or this process has too much to do. Who then is late for an instant that was
            # ahead takes up a stretch of the agency's time, in which nobody else sends anything.
            twice = min(timedelta(seconds=2 * late), FARTHEST)
            stretch = twice if lead else stretch
            lead = max(lead, twice)
            slot, first = None, False

    async def _hold(self, held: HeldApplication) -> None:
        asked = held.lease.elapsed()
        try:
            holds = await self._database.run_unbound(held.holds)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        if not holds:
            raise AgencyUnavailable(because=LEASE_LOST, layer=Layer.CORE)
        held.note_held(asked)
