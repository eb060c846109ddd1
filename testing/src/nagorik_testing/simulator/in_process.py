"""A simulator without a socket: an httpx transport that runs it, and breaks as a network does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Final

import httpx
from starlette.types import ASGIApp, Message

from nagorik_platform import PluginConfiguration
from nagorik_testing.exceptions import SimulatorFailed
from nagorik_testing.simulator.admin import with_admin
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.connection import CONNECTION, ClientTimeouts, Drop, is_logging_in

_EXCEPTIONS: Final[dict[Drop, tuple[type[httpx.TransportError], str]]] = {
    "refused": (httpx.ConnectError, "simulated: connection refused"),
    "connect-timeout": (httpx.ConnectTimeout, "simulated: no connection in time"),
    "pool-timeout": (httpx.PoolTimeout, "simulated: no free connection in time"),
    "reset": (httpx.ReadError, "simulated: connection reset"),
    "closed": (httpx.RemoteProtocolError, "simulated: connection closed"),
    "half-closed": (httpx.RemoteProtocolError, "simulated: connection half closed"),
}

_HOST: Final = "127.0.0.1"
"""The host that requests name; nothing leaves for it."""


def in_process_configurations(simulators: Iterable[Simulator]) -> dict[str, PluginConfiguration]:
    """What a platform is told so that its plugins reach these simulators without a socket, by plugin id."""
    return {
        simulator.plugin_id: PluginConfiguration(
            settings=simulator.settings(f"http://{_HOST}"),
            egress=frozenset({_HOST}),
            transport_factory=partial(SimulatorTransport, simulator),
        )
        for simulator in simulators
    }


OPERATION: Final = "nagorik.operation"
"""The extension of a request that holds the name of the simulator's route that takes it."""


class NamingTransport(httpx.AsyncBaseTransport):
    """Writes ``OPERATION`` on each request before another transport carries it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, simulator: Simulator) -> None:
        self._inner = inner
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Name a request, and pass it on."""
        body = await request.aread()
        request.extensions[OPERATION] = self._simulator.operation_of(_scope(request), body)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the other."""
        await self._inner.aclose()


class SimulatorTransport(httpx.AsyncBaseTransport):
    """Carries requests to a simulator in the same process, whatever host they name.

    A time limit of the request counts on the simulator's clock, so that a test of timeouts takes no time. For
    ``AgencyClient``, pass ``functools.partial(SimulatorTransport, simulator)`` as its ``transport_factory``; for a
    platform, ``in_process_configurations`` is the whole configuration.
    """

    def __init__(self, simulator: Simulator, *, admin: bool = False) -> None:
        """Make a transport.

        Args:
            simulator: Where requests go.
            admin: Whether ``/_simulator`` is served too.
        """
        self._simulator = simulator
        self._app: ASGIApp = with_admin(simulator) if admin else simulator.app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request, or raise what httpx raises where the connection fails.

        Raises:
            SimulatorFailed: When the simulator itself fails. A client classes every other exception than an
                ``AssertionError`` as a failure of the agency, and the defect would pass for one.
        """
        limits = request.extensions.get("timeout", {})
        connection = _InProcess(ClientTimeouts(self._simulator.clock, limits), is_login=is_logging_in())
        body = await request.aread()
        received = False

        async def receive() -> Message:
            nonlocal received
            if received:
                return {"type": "http.disconnect"}
            received = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            scope = {**_scope(request), "extensions": {CONNECTION: connection}}
            await self._app(scope, receive, connection.send)
        except _BrokenOff as end:
            if not connection.started:
                raise end.reason from None
        except Exception as error:
            raise SimulatorFailed(f"the simulator of {self._simulator.plugin_id} failed") from error
        return httpx.Response(connection.status, headers=connection.headers, stream=_InProcessStream(connection))


class _BrokenOff(Exception):
    """Ends the ASGI application of a connection that is gone."""

    def __init__(self, reason: httpx.TransportError | TimeoutError) -> None:
        super().__init__()
        self.reason = reason


class _InProcess:
    """One request's connection. What comes after the headers is kept and happens while the body is read."""

    def __init__(self, timeouts: ClientTimeouts, *, is_login: bool) -> None:
        self.timeouts = timeouts
        self.is_login = is_login
        self.started = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes | float | httpx.TransportError] = []
        """Pieces of the body, seconds of silence between them, and what breaks it off."""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status, self.headers = True, message["status"], list(message.get("headers", []))
        else:
            self.parts.append(message.get("body", b""))

    async def drop(self, how: Drop) -> None:
        raise _BrokenOff(await self._end(how))

    async def _end(self, how: Drop) -> httpx.TransportError:
        if how == "silent":
            return await self.timeouts.wait_for_read()
        if how in {"connect-timeout", "pool-timeout"}:
            await self.timeouts.wait_for_connection()
        kind, text = _EXCEPTIONS[how]
        reason = kind(text)
        if self.started:
            self.parts.append(reason)
        return reason

    async def gone(self) -> None:
        await asyncio.Event().wait()  # the client's own cancellation ends it, since both are one task

    async def wait(self, seconds: float, *, real: bool) -> None:  # noqa: ARG002 - nothing waits for real in process
        if self.started:
            self.parts.append(seconds)
            return
        try:
            await self.timeouts.wait(seconds)
        except (httpx.ReadTimeout, TimeoutError) as reason:
            raise _BrokenOff(reason) from None


class _InProcessStream(httpx.AsyncByteStream):
    def __init__(self, connection: _InProcess) -> None:
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._connection.parts:
            if isinstance(part, bytes):
                yield part
            elif isinstance(part, float):
                await self._connection.timeouts.wait(part)
            else:
                raise part


def _scope(request: httpx.Request) -> dict[str, object]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }
