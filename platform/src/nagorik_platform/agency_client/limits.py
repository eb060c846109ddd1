"""What an agency can bear: requests in flight, and requests started per second."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer, RateLimited

_RESOLUTION: Final = 1e-7
"""Seconds below which two instants are the same: clocks count microseconds, and floats add errors of their own."""
LEASE_LOST: Final = "lease-lost"
"""Why nothing more is sent of a call whose application others may have taken over; says nothing of the agency."""


class RequestLease(Protocol):
    """What a host holds an application by while a request is made for it."""

    def remaining(self) -> float:
        """Seconds that are left of it; 0.0 or less once others may have taken over, from when nothing is sent."""
        ...


class RateLimiter(Protocol):
    """Hands out the time of agencies, so that no second of it sees more requests than the agency can bear.

    A host whose processes call the same agencies gives the platform one that they share.
    """

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """Wait until one more request may be sent to the agency of ``plugin``; the caller then sends it at once.

        Args:
            plugin: The agency's plugin.
            per_second: The rate that its manifest says.
            deadline: When the request is given up.

        Returns:
            What the request is sent under, where another process may take its application over: nothing is sent once
            that is over.

        Raises:
            RateLimited: Its turn comes no sooner than ``deadline``; nothing is used up.
            AgencyUnavailable: Whether it may be sent is not known.
        """
        ...


@dataclass(slots=True)
class _Start:
    """A request's start, in seconds of the clock's monotonic scale: when it is planned, then when it was."""

    at: float


class LocalRateLimiter:
    """The pace of one process that shares its agencies with no other.

    An idle agency gets a second's worth of requests at once, and each further one when that one of them is a second
    old. aiolimiter and its like let a burst and a second's worth through within one second.
    """

    def __init__(self, clock: Clock) -> None:
        """Wait on ``clock``."""
        self._clock = clock
        self._starts: dict[str, deque[_Start]] = {}

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> None:
        """As ``RateLimiter.acquire``."""
        requests, seconds = burst_window(per_second)
        starts = self._starts.get(plugin)
        if starts is None:
            starts = self._starts[plugin] = deque(maxlen=requests)
        now = self._clock.monotonic()
        # The start that has to be ``seconds`` old; its own request may still be on its way to it, or late.
        before = starts[0] if len(starts) == requests else None
        waiting = 0.0 if before is None else max(0.0, before.at + seconds - now)
        if waiting > 0 and waiting >= deadline.remaining():
            raise RateLimited(retry_after=waiting, layer=Layer.CORE)
        own = _Start(now + waiting)
        starts.append(own)
        if before is not None:
            while (waiting := before.at + seconds - self._clock.monotonic()) > _RESOLUTION:
                await self._clock.sleep(waiting)
        own.at = self._clock.monotonic()


def burst_window(per_second: float) -> tuple[int, float]:
    """Split a rate into a number of requests in any so many seconds, both at least 1; a fraction above 1 is lost."""
    return (int(per_second), 1.0) if per_second >= 1 else (1, 1 / per_second)


class ConcurrencyLimiter:
    """Bounds the requests in flight, and paces them.

    A request takes a place first, then what takes time that a place is held for, such as a login, and its turn last.

    ``wait_turn`` waits until the agency's pace lets one more request be sent, as ``RateLimiter.acquire``.
    """

    def __init__(self, concurrency: int, wait_turn: Callable[[Deadline], Awaitable[RequestLease | None]]) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self.wait_turn = wait_turn

    async def take_place(self, deadline: Deadline) -> None:
        """Take one of the agency's places; the caller gives it back with ``release``.

        Raises:
            AgencyUnavailable: ``queue-full``: no place came free before the deadline.
        """
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._slots.acquire()
        except TimeoutError:
            raise AgencyUnavailable(because="queue-full", layer=Layer.CORE) from None

    def release(self) -> None:
        """Give the place back."""
        self._slots.release()
