"""A simulator on a real socket of this machine, for true timeouts and broken connections."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import httpx
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from nagorik.clock import Clock
from nagorik_testing.simulator.admin import with_admin
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.connection import CONNECTION, Drop
from nagorik_testing.simulator.loopback_clock import MARK, Caller, LoopbackClock, NeverSent

LOOPBACK: Final = "127.0.0.1"

_LOG: Final = logging.getLogger(__name__)
_SILENT: Final = logging.Logger("uvicorn.silenced", logging.CRITICAL + 1)

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``struct linger``: on, for no time at all, which makes the kernel send RST."""


@asynccontextmanager
async def serve(
    simulator: Simulator, *, port: int = 0, admin: bool = True, loopback_clock: LoopbackClock | None = None
) -> AsyncIterator[str]:
    """Serve a simulator on 127.0.0.1 inside the running event loop, until the block ends.

    No other address can be asked for, no signal is handled and no request is logged. Connections that are still open
    at the end are reset.

    Args:
        simulator: What is served.
        port: The port; 0 for a free one.
        admin: Whether ``/_simulator`` is served too.
        loopback_clock: Whose transports wait on the simulator's clock; every other client waits on its own.

    Yields:
        The base URL, ``http://127.0.0.1:PORT``.

    Raises:
        OSError: When the port is taken.
    """
    app = with_admin(simulator) if admin else simulator.app
    config = uvicorn.Config(
        cast("ASGI3Application", app),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
    )
    config.load()
    state = ServerState()
    # uvicorn's Server takes the process's signals and polls for its end; its protocol alone needs neither.
    server = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, app, loopback_clock, simulator.clock), host=LOOPBACK, port=port
    )
    try:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in tuple(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the connections learn that they are lost
        tasks = tuple(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which tells the application of its connection."""

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        app: ASGIApp,
        loopback_clock: LoopbackClock | None,
        clock: Clock,
    ) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.logger = _SILENT  # an aborted connection is no error here
        self._loopback_clock = loopback_clock
        self._clock = clock
        self._simulator_app = app
        self.app = cast("ASGI3Application", self._serve)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        mark = next((value for name, value in headers if name == MARK), None)
        caller = None if self._loopback_clock is None else self._loopback_clock.caller(mark)
        connection = _Socket(self.transport, self._clock, receive, caller)
        unmarked = [(name, value) for name, value in headers if name != MARK]
        try:
            await self._simulator_app(
                {**scope, "headers": unmarked, "extensions": {CONNECTION: connection}}, receive, send
            )
        except (_ClientGone, ClientDisconnect):
            return
        except Exception:
            _LOG.exception("simulator_failed")
            raise


class _ClientGone(Exception):
    """Ends the ASGI application of a client that gave up."""


class _Socket:
    def __init__(self, transport: asyncio.Transport, clock: Clock, receive: Receive, caller: Caller | None) -> None:
        self._transport = transport
        self._clock = clock
        self._receive = receive
        self._caller = caller
        self.is_login = caller is not None and caller.is_login

    async def drop(self, how: Drop) -> None:
        if how == "closed":
            self._transport.close()  # after what is written has gone out
        elif how == "half-closed":
            self._transport.write_eof()
        elif how == "silent":
            if self._caller is not None:
                self._caller.abort(await self._caller.timeouts.wait_for_read())
        elif how == "reset" or self._caller is None:
            await self._reset()
        else:
            if how != "refused":
                await self._caller.timeouts.wait_for_connection()
            self._caller.abort(NeverSent(how))
        await self.gone()

    async def wait(self, seconds: float, *, real: bool) -> None:
        if real:
            await asyncio.sleep(seconds)
        elif self._caller is None:
            await self._clock.sleep(seconds)
        else:
            await self._wait_on_clock(self._caller, seconds)

    async def gone(self) -> None:
        message: Message = {"type": "http.request"}
        while message["type"] != "http.disconnect":
            message = await self._receive()

    async def _wait_on_clock(self, caller: Caller, seconds: float) -> None:
        try:
            await caller.timeouts.wait(seconds)
        except (httpx.ReadTimeout, TimeoutError) as reason:
            caller.abort(reason.with_traceback(None))
        else:
            return
        await self.gone()
        raise _ClientGone

    async def _reset(self) -> None:
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()
