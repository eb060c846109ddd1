"""The portal on a socket, and what it does beside requests: deliver events, delete what is not kept any longer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Final

import uvicorn

from nagorik_platform.logs import get_logger
from nagorik_platform.logs.exceptions import describe_exception
from nagorik_portal.drafts import expire_drafts
from nagorik_portal.portal import Portal
from nagorik_portal.subscriptions import Subscriptions, make_client
from nagorik_portal.web import create_app

PAUSE: Final = 1.0
"""Seconds between two looks for events."""
_SWEEPS_EACH: Final = 600
"""Looks between two sweeps of what is old."""
_log = get_logger("nagorik.portal")
GRACE: Final = 10
"""Seconds in which requests under way have to end once the server stops."""


class PortalServer(uvicorn.Server):
    """A server that leaves signals to its caller, who stops it and closes the host."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@asynccontextmanager
async def serving(portal: Portal, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve within a block; yields the address. With port 0, at any free one; raises ``OSError`` where none is.

    Requests under way end at the block's end, within ``GRACE`` seconds. The server logs nothing of its own.
    """
    app, grace = create_app(portal), GRACE
    server = PortalServer(
        uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=grace)
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Connections that come before the server has begun wait in the socket's queue.
    with socket.create_server((host, port), family=family, backlog=2_048) as listening:
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def deliver_and_sweep(portal: Portal) -> None:
    """Deliver events, and delete drafts that were left, again and again."""
    host, subscriptions = portal.host, Subscriptions(portal.host, portal.base_url)
    async with make_client() as client:
        for number in count():
            sent = 0
            try:
                if number % _SWEEPS_EACH == 0:
                    await expire_drafts(host.database, host.vault, portal.documents, host.clock.now())
                sent = await subscriptions.deliver(client)
            except Exception as error:  # noqa: BLE001 - events are delivered later, and requests are served meanwhile
                _log.error("events_not_delivered", failure=describe_exception(error))
            # One that has much to send goes on at once.
            await asyncio.sleep(0 if sent else PAUSE)
