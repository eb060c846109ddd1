"""The portal on a socket: one process, stopped gracefully."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn

from nagorik_portal.portal import Portal
from nagorik_portal.web import create_app

GRACE: Final = 10
"""Seconds in which requests under way have to end once the server stops."""
_WAITING: Final = 2_048
"""Connections that may wait to be taken."""


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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.begun.set()


@asynccontextmanager
async def serving(portal: Portal, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve within a block; yields the address, such as ``http://127.0.0.1:8000``. With port 0, any free one.

    Requests under way end at the block's end, within ``GRACE`` seconds. The server logs nothing of its own.

    Raises:
        OSError: Nothing can be served there.
    """
    config = uvicorn.Config(
        create_app(portal),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server, family = PortalServer(config), socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=_WAITING) as listening:
        task = asyncio.create_task(server.serve([listening]))
        begun = asyncio.create_task(server.begun.wait())
        await asyncio.wait([task, begun], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        finally:
            begun.cancel()
            server.should_exit = True
            await task
