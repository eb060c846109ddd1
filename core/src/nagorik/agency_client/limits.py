"""What an agency can bear: calls in flight, and calls started per second."""

import asyncio
from dataclasses import dataclass

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer, RateLimited


@dataclass(slots=True)
class RateLimiter:
    """The generic cell rate algorithm (GCRA), on the platform's clock.

    Fifteen lines of our own because aiolimiter knows the event loop's clock only, so that neither a simulated
    clock nor a training host could hold it, and because it cannot say beforehand how long a wait would be.

    Attributes:
        per_second: Calls started per second on average, above 0.
        burst: Calls that an idle limiter lets through at once, at least 1.
        due: The theoretical arrival time of the next call, in seconds of the clock's monotonic scale.
    """

    per_second: float
    burst: float
    due: float = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until a call may start at ``now``; 0.0 means at once. Reserves nothing."""
        tolerance = (self.burst - 1) / self.per_second
        return max(0.0, max(self.due, now) - tolerance - now)

    def reserve(self, now: float) -> float:
        """Take the next place and return the seconds to wait for it."""
        waiting = self.wait(now)
        self.due = max(self.due, now) + 1 / self.per_second
        return waiting


class Gate:
    """Lets a request through when the agency can bear it, and never makes it wait past its deadline."""

    def __init__(self, *, concurrency: int, per_second: float, clock: Clock) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._rate = RateLimiter(per_second=per_second, burst=max(1.0, per_second))
        self._clock = clock

    async def enter(self, deadline: Deadline) -> None:
        """Take one of the agency's places; the caller gives it back with ``leave``.

        Raises:
            AgencyUnavailable: ``queue-full``: no place came free before the deadline.
            RateLimited: The next start that the rate allows lies past the deadline.
        """
        if self._slots.locked():
            await self._queue(deadline)
        else:
            await self._slots.acquire()
        try:
            await self._pace(deadline)
        except BaseException:
            self._slots.release()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()

    async def _queue(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._slots.acquire()
        except TimeoutError:
            in_time = False
        else:
            in_time = True
        if not in_time:
            raise AgencyUnavailable(because="queue-full", layer=Layer.CORE)

    async def _pace(self, deadline: Deadline) -> None:
        now = self._clock.monotonic()
        waiting = self._rate.wait(now)
        if waiting > 0 and waiting >= deadline.remaining():
            raise RateLimited(retry_after=waiting, layer=Layer.CORE)
        self._rate.reserve(now)
        if waiting > 0:
            await self._clock.sleep(waiting)
