"""The machine's own clock, by which a host's calls are made."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Final

_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The machine's own clock; its monotonic time is the running event loop's and what the machine was suspended."""

    _suspended = 0.0

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The event loop's time in seconds, on whose scale timeouts are counted, without its gaps.

        A loop's time stands still while the machine sleeps, where the system counts that apart (Linux); then a call
        would have its time left an hour later, when another worker has long had its application.
        """
        if _BOOTTIME is not None:
            # Read in this order, the difference is never too much, whatever comes in between.
            since_boot, awake = time.clock_gettime(_BOOTTIME), time.clock_gettime(time.CLOCK_MONOTONIC)
            self._suspended = max(self._suspended, since_boot - awake)
        return asyncio.get_running_loop().time() + self._suspended

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task for ``seconds``."""
        await asyncio.sleep(seconds)
