"""What a fault needs of the connection that a request came by, and how long the client at its end waits."""

import math
from collections.abc import Mapping
from typing import Final, Literal, Protocol

import httpx

from nagorik.clock import Clock
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL

CONNECTION: Final = "nagorik.connection"
"""The ASGI scope's extension that holds the ``Connection``."""

Drop = Literal["refused", "connect-timeout", "pool-timeout", "reset", "closed", "half-closed", "silent"]


def is_logging_in() -> bool:
    """Whether what runs now is the plugin's ``login``, so that the request which is being sent is one of its."""
    call = PLUGIN_CALL.get()
    return call is not None and call.operation == "login"


class Connection(Protocol):
    """The way back to one client.

    Attributes:
        is_login: Whether the request is one that the plugin's ``login`` sent; false where the client cannot say.
    """

    is_login: bool

    async def drop(self, how: Drop) -> None:
        """End the connection, or fall silent, without sending anything further; nothing may be sent after it."""
        ...

    async def wait(self, seconds: float, *, real: bool) -> None:
        """Let the client wait: on the simulator's clock, or on the machine's where ``real``."""
        ...

    async def gone(self) -> None:
        """Return when the client has gone, without ever a word to it."""
        ...


_BEYOND: Final = 0.000_001
"""Seconds past a deadline, so that no rounding leaves a part of it."""


class ClientTimeouts:
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

    async def wait_for_connection(self) -> None:
        """Let the time pass that the client gives a connection."""
        await self._clock.sleep(self.connect or 0.0)

    async def wait_for_read(self) -> httpx.ReadTimeout:
        """Let the time pass that the client bears in silence; what its transport raises then."""
        await self._clock.sleep(self.read or 0.0)
        return _read_timeout()

    async def wait(self, seconds: float) -> None:
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
            raise _read_timeout()
        await self._clock.sleep(seconds)


def _read_timeout() -> httpx.ReadTimeout:
    return httpx.ReadTimeout("simulated: no answer in time")
