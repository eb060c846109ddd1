"""What lies between a client and answers that a test has written: time limits, and bodies that break off."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import httpx

from nagorik_testing.clock import SimulatedClock

SECONDS: Final = "nagorik.seconds"
"""The extension of a response that says how long it takes."""

_BODILESS: Final = frozenset({204, 304})
_LIMITS: Final[tuple[tuple[type[httpx.TimeoutException], str], ...]] = (
    (httpx.ConnectTimeout, "connect"),
    (httpx.ReadTimeout, "read"),
    (httpx.WriteTimeout, "write"),
    (httpx.PoolTimeout, "pool"),
)


def late(seconds: float, response: httpx.Response) -> httpx.Response:
    """The response, ``seconds`` after its request on the simulated clock; past the read limit it never arrives."""
    response.extensions[SECONDS] = seconds
    return response


class StrictTransport(httpx.AsyncBaseTransport):
    """Carries requests to a handler in the same process, with the limits of a network on the simulated clock.

    A request's own time limits hold: what the handler and ``late`` take counts against the read limit, and a
    timeout that the handler raises takes as long as its limit. A body that is shorter or longer than its
    ``Content-Length`` breaks off as on a wire.
    """

    def __init__(self, handler: Callable[[httpx.Request], Awaitable[httpx.Response]], clock: SimulatedClock) -> None:
        self._handler = handler
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request, or raise what httpx raises where the connection fails."""
        limits: dict[str, float | None] = request.extensions.get("timeout") or {}
        began = self._clock.monotonic()
        try:
            response = await self._handler(request)
        except httpx.TimeoutException as failure:
            limit = next((limits.get(name) for kind, name in _LIMITS if isinstance(failure, kind)), None)
            await self._wait_until(began + (limit or 0.0))
            raise
        ready = self._clock.monotonic() + float(response.extensions.get(SECONDS, 0.0))
        limit = limits.get("read")
        if limit is not None and ready - began > limit:
            await self._wait_until(began + limit)
            raise httpx.ReadTimeout("simulated: no answer in time")
        await self._wait_until(ready)
        length = None if request.method == "HEAD" else _length(response)
        return httpx.Response(
            response.status_code,
            headers=response.headers.raw,
            stream=response.stream if length is None else _Measured(response.stream, length),
            extensions=response.extensions,
        )

    async def _wait_until(self, instant: float) -> None:
        left = instant - self._clock.monotonic()
        if left > 0:
            await self._clock.sleep(left)


class _Measured(httpx.AsyncByteStream):
    """A body that fails where it is not as long as its header said."""

    def __init__(self, stream: httpx.AsyncByteStream | httpx.SyncByteStream, length: int) -> None:
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("the handler answered with a synchronous stream")
        self._stream = stream
        self._length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for piece in self._stream:
            received += len(piece)
            if received > self._length:
                break
            yield piece
        if received != self._length:
            raise httpx.RemoteProtocolError(f"simulated: {received} bytes came of a body of {self._length}")

    async def aclose(self) -> None:
        await self._stream.aclose()


def _length(response: httpx.Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if told.isdigit() and response.status_code not in _BODILESS else None
