"""The clock that a simulator on the loopback and a client in the same process share: its timeouts are simulated.

Bytes go over a real socket. What a clock decides cannot: a client that waits for 15 simulated seconds would wait as
long in real ones. So the simulator learns here how long each client waits, lets that much of its own clock pass, and
then the client's limit fires.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Final, TypeVar

import httpx

from nagorik.clock import Clock
from nagorik_platform.agency_client.transport import CONNECTIONS_PER_TRANSPORT, KEEP_ALIVE, shared_tls
from nagorik_testing.simulator.connection import ClientTimeouts, Drop, is_logging_in

MARK: Final = b"x-simulated-client"
"""The request header by which the two ends know each other; the agency's own code does not see it."""
_SOON: Final = 0.02
"""Real seconds in which a connection that cannot stand, or that is not free, is given up."""
_FILLERS: Final = 4
"""Connections that fill a listener's backlog of none."""

T = TypeVar("T")


class Caller:
    """One request of a client that waits for its answer."""

    def __init__(self, timeouts: ClientTimeouts, *, is_login: bool) -> None:
        self.timeouts = timeouts
        self.is_login = is_login
        self._alarm: asyncio.Timeout | None = None
        self._reason: Exception | None = None

    def abort(self, reason: Exception) -> None:
        """Make the client give up, as its own limit would: whatever it waits for ends in ``reason``."""
        self._reason = reason
        if self._alarm is not None:
            self._alarm.reschedule(asyncio.get_running_loop().time())

    async def wait_for(self, step: Awaitable[T]) -> T:
        """The outcome of ``step``, unless the client gives up first.

        Raises:
            Exception: The reason that was given to ``abort``.
        """
        try:
            async with asyncio.timeout(None) as self._alarm:
                if self._reason is not None:
                    self._alarm.reschedule(asyncio.get_running_loop().time())
                return await step
        except TimeoutError:
            if self._reason is None:
                raise
        finally:
            self._alarm = None
        raise self._reason


class NeverSent(Exception):
    """The simulator takes a request for one that never reached it.

    Attributes:
        how: Why it did not.
    """

    def __init__(self, how: Drop) -> None:
        super().__init__(how)
        self.how = how


class LoopbackClock:
    """Everyone who waits for an answer of one simulator on the loopback."""

    def __init__(self, clock: Clock) -> None:
        """Make a clock on which nobody waits.

        Args:
            clock: The simulator's.
        """
        self._clock = clock
        self._callers: dict[bytes, Caller] = {}
        self._marks = count(1)

    def transport(self) -> httpx.AsyncBaseTransport:
        """A transport for an ``AgencyClient``, with the same limits and sockets as the one that it makes itself."""
        return _LoopbackTransport(self)

    def caller(self, mark: bytes | None) -> Caller | None:
        """Who sent a request with this mark, if that is one of this clock's clients and still waits."""
        return None if mark is None else self._callers.get(mark)

    def register(self, request: httpx.Request) -> tuple[bytes, Caller]:
        """A new caller and its mark; it waits until ``deregister``."""
        mark = b"%d" % next(self._marks)
        timeouts = ClientTimeouts(self._clock, request.extensions.get("timeout", {}))
        self._callers[mark] = caller = Caller(timeouts, is_login=is_logging_in())
        return mark, caller

    def deregister(self, mark: bytes) -> None:
        """Nobody waits any longer."""
        self._callers.pop(mark, None)


class _LoopbackTransport(httpx.AsyncBaseTransport):
    def __init__(self, loopback_clock: LoopbackClock) -> None:
        self._loopback_clock = loopback_clock
        self._network = _network(CONNECTIONS_PER_TRANSPORT)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mark, caller = self._loopback_clock.register(request)
        marked = httpx.Request(
            request.method,
            request.url,
            headers=[*request.headers.raw, (MARK, mark)],
            stream=request.stream,
            extensions=request.extensions,
        )
        try:
            response = await caller.wait_for(self._network.handle_async_request(marked))
        except NeverSent as never:
            self._loopback_clock.deregister(mark)
            how = never.how
        except BaseException:
            self._loopback_clock.deregister(mark)
            raise
        else:
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - an asynchronous transport's
            stream = _LoopbackStream(self._loopback_clock, mark, caller, response.stream)
            return httpx.Response(
                response.status_code, headers=response.headers.raw, stream=stream, extensions=response.extensions
            )
        return await _unsent(request, how)

    async def aclose(self) -> None:
        await self._network.aclose()


class _LoopbackStream(httpx.AsyncByteStream):
    def __init__(
        self, loopback_clock: LoopbackClock, mark: bytes, caller: Caller, body: httpx.AsyncByteStream
    ) -> None:
        self._loopback_clock = loopback_clock
        self._mark = mark
        self._caller = caller
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = aiter(self._body)
        while (piece := await self._caller.wait_for(anext(pieces, None))) is not None:
            yield piece

    async def aclose(self) -> None:
        self._loopback_clock.deregister(self._mark)
        await self._body.aclose()


async def _unsent(request: httpx.Request, how: Drop) -> httpx.Response:
    """Send a request where it cannot be sent, so that httpx itself says what is wrong.

    Raises:
        ConnectError: Nobody listens there.
        ConnectTimeout: A connection there never stands.
        PoolTimeout: No connection may be opened.
    """
    lane = _network(0 if how == "pool-timeout" else 1)
    with _dead_end(how) as port:
        elsewhere = httpx.Request(
            request.method,
            request.url.copy_with(port=port),
            headers=request.headers.raw,
            stream=request.stream,
            extensions={"timeout": {"connect": _SOON, "pool": _SOON}},
        )
        try:
            return await lane.handle_async_request(elsewhere)
        finally:
            await lane.aclose()


@contextmanager
def _dead_end(how: Drop) -> Iterator[int]:
    """A port of this machine that refuses, or on which no connection ever stands."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        if how == "connect-timeout":
            # A listener whose backlog is full leaves a further connection waiting.
            listener.listen(0)
            for _ in range(_FILLERS):
                filler = held.enter_context(socket.socket())
                filler.settimeout(0)
                filler.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


def _network(connections: int) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEP_ALIVE
    )
    return httpx.AsyncHTTPTransport(verify=shared_tls(), trust_env=False, limits=limits)
