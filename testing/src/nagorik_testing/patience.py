"""How long a client waits for an answer, on the simulator's clock."""

import math
from collections.abc import Mapping
from typing import Final

import httpx

from nagorik.clock import Clock

_BEYOND: Final = 0.000_001
"""Seconds past a deadline, so that no rounding leaves a part of it."""


class Patience:
    """The time limits of one request, as httpx hands them to its transport, counted on a simulated clock.

    Attributes:
        connect: Seconds for a connection to stand; ``None`` for no limit.
        read: Seconds of one silence; ``None`` for no limit.
    """

    def __init__(self, clock: Clock, limits: Mapping[str, float | None]) -> None:
        """Begin to wait.

        Args:
            clock: The simulator's.
            limits: The request's ``timeout`` extension; its ``total``, which httpx does not know, is the limit of the
                whole exchange.
        """
        self._clock = clock
        self.connect = limits.get("connect")
        self.read = limits.get("read")
        total = limits.get("total")
        self._end = None if total is None else clock.monotonic() + total

    async def without_a_connection(self) -> None:
        """Let the time pass that the client gives a connection."""
        await self._clock.sleep(self.connect or 0.0)

    async def without_a_word(self) -> httpx.ReadTimeout:
        """Let the time pass that the client bears in silence; what its transport raises then."""
        await self._clock.sleep(self.read or 0.0)
        return _silence()

    async def silence(self, seconds: float) -> None:
        """Let the client wait, up to its own limit.

        Raises:
            ReadTimeout: The client's limit for one silence came first.
            TimeoutError: The client's limit for the whole exchange came first, which it keeps on the loop's clock
                in life; the simulated clock moves without the loop.
        """
        limit = self.read
        left = math.inf if self._end is None else max(self._end - self._clock.monotonic(), 0.0)
        if seconds > left and (limit is None or left <= limit):
            await self._clock.sleep(left + _BEYOND)
            raise TimeoutError
        if limit is not None and seconds > limit:
            await self._clock.sleep(limit)
            raise _silence()
        await self._clock.sleep(seconds)


def _silence() -> httpx.ReadTimeout:
    return httpx.ReadTimeout("simulated: no answer in time")
