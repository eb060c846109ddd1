"""Time as the platform sees it: one clock, passed in, so that a test or a training host can hold it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", None)


class Clock(Protocol):
    """Tells the time and waits.

    ``now`` is an aware UTC instant and may jump; ``monotonic`` is seconds from an arbitrary origin and never
    goes back. Everything that waits for an agency waits through ``sleep``.
    """

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin, never decreasing; call it inside a running event loop."""

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` (0 or more) of this clock's time."""


class SystemClock:
    """The machine's own clock; its monotonic time is the running event loop's and what the machine was suspended."""

    _suspended = 0.0

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The event loop's time in seconds, on whose scale timeouts are counted, without its gaps.

        A loop's time stands still while the machine sleeps, where the system counts that apart (Linux); then a call
        would have the rest of its time left in an hour in which its application has long been somebody else's.
        """
        if _BOOTTIME is not None:
            # Read in this order, the difference is never too much, whatever comes in between.
            since_boot, awake = time.clock_gettime(_BOOTTIME), time.clock_gettime(time.CLOCK_MONOTONIC)
            self._suspended = max(self._suspended, since_boot - awake)
        return asyncio.get_running_loop().time() + self._suspended

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task for ``seconds``."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment on a clock's monotonic scale after which a call's answer is no longer waited for."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """A deadline ``seconds`` from now on ``clock``."""
        return cls(clock=clock, at=clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed."""
        return max(0.0, self.at - self.clock.monotonic())
