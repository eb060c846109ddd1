"""The portal on a socket: one process, stopped gracefully."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import socket
from typing import Final

import uvicorn

from nagorik_portal.portal import Portal
from nagorik_portal.web import create_app

GRACE: Final = 10
"""Seconds in which requests under way have to end once the server stops."""


class PortalServer(uvicorn.Server):
    """A server that leaves signals to its caller, and says when it has begun."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Serve by ``config``."""
        super().__init__(config)
        self.begun = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the caller stops the server and closes the host."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.begun.set()

    def stop(self) -> None:
        """Take no more requests, let those under way end, and return from ``serve``."""
        self.should_exit = True


def make_server(portal: Portal, host: str, port: int) -> PortalServer:
    """A server of the portal, not started; it logs nothing of its own."""
    config = uvicorn.Config(
        create_app(portal),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return PortalServer(config)


@asynccontextmanager
async def serving(portal: Portal, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve within a block; yields the address, such as ``http://127.0.0.1:8000``. With port 0, any free one.

    Raises:
        OSError: Nothing can be served there.
    """
    server = make_server(portal, host, port)
    with socket() as listening:
        listening.bind((host, port))
        task = asyncio.create_task(server.serve([listening]))
        begun = asyncio.create_task(server.begun.wait())
        await asyncio.wait([task, begun], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield f"http://{host}:{listening.getsockname()[1]}"
        finally:
            begun.cancel()
            server.stop()
            await task
