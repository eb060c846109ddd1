"""A simulator on a real socket of this machine, for true timeouts and broken connections."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from nagorik.clock import Clock
from nagorik_testing.admin import with_admin
from nagorik_testing.connection import CONNECTION, Drop
from nagorik_testing.simulator import Simulator

LOOPBACK: Final = "127.0.0.1"

_LOG: Final = logging.getLogger(__name__)
_SILENT: Final = logging.Logger("uvicorn.silenced", logging.CRITICAL + 1)

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""``struct linger``: on, for no time at all, which makes the kernel send RST."""


@asynccontextmanager
async def serve(simulator: Simulator, *, port: int = 0, admin: bool = True) -> AsyncIterator[str]:
    """Serve a simulator on 127.0.0.1 inside the running event loop, until the block ends.

    No other address can be asked for, no signal is handled and no request is logged. Connections that are still open
    at the end are reset.

    Args:
        simulator: What is served.
        port: The port; 0 for a free one.
        admin: Whether ``/_simulator`` is served too.

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
        lambda: _Protocol(config, state, app, simulator.clock), host=LOOPBACK, port=port
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

    def __init__(self, config: uvicorn.Config, state: ServerState, app: ASGIApp, clock: Clock) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.logger = _SILENT  # an aborted connection is no error here
        self._clock = clock
        self._simulator_app = app
        self.app = cast("ASGI3Application", self._serve)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = _Socket(self.transport, self._clock, receive)
        try:
            await self._simulator_app({**scope, "extensions": {CONNECTION: connection}}, receive, send)
        except Exception:
            _LOG.exception("simulator_failed")
            raise


class _Socket:
    def __init__(self, transport: asyncio.Transport, clock: Clock, receive: Receive) -> None:
        self._transport = transport
        self._clock = clock
        self._receive = receive

    async def drop(self, how: Drop) -> None:
        if how == "closed":
            self._transport.close()  # after what is written has gone out
        elif how == "half-closed":
            self._transport.write_eof()
        elif how != "silent":
            await self._reset()
        await self._until_gone()

    async def wait(self, seconds: float, *, real: bool) -> None:
        if real:
            await asyncio.sleep(seconds)
        else:
            await self._clock.sleep(seconds)

    async def _reset(self) -> None:
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    async def _until_gone(self) -> None:
        message: Message = {"type": "http.request"}
        while message["type"] != "http.disconnect":
            message = await self._receive()
