"""What a serving portal does beside requests: deliver events, and delete what is not kept any longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from uuid import uuid4

import httpx

from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import failure
from nagorik_portal.portal import Portal
from nagorik_portal.subscriptions import DueDelivery, Subscriptions
from nagorik_portal.webhooks import SECONDS, send

PAUSE: Final = 1.0
"""Seconds between two looks for events."""
_SWEEPS_EACH: Final = 600
"""Looks between two sweeps of what is old."""
_log = get_logger("nagorik.portal")


class Deliverer:
    """Delivers events from one process; of several, the one that holds the lease."""

    def __init__(self, portal: Portal, subscriptions: Subscriptions, client: httpx.AsyncClient) -> None:
        """Send by ``client``."""
        self._portal, self._subscriptions, self._client = portal, subscriptions, client
        self._name = str(uuid4())

    async def look(self) -> int:
        """Take up what changed, and send what is due, once; returns how many were sent."""
        if not await self._subscriptions.hold_lease(self._name):
            return 0
        await self._subscriptions.take_up(self._portal.host, self._portal.settings.base_url)
        due = await self._subscriptions.due()
        await asyncio.gather(*map(self._send, due))
        return len(due)

    async def sweep(self) -> None:
        """Delete the history of old deliveries, and drafts that were left with their documents."""
        await self._subscriptions.forget()
        left = await self._portal.drafts.expire(timedelta(days=self._portal.settings.draft_days))
        for draft in left:
            self._portal.documents.remove(draft.content.documents)

    async def _send(self, delivery: DueDelivery) -> None:
        now = self._subscriptions.now()
        problem = await send(
            self._client, delivery.receiver, delivery.webhook, now, allow_private=delivery.allow_private
        )
        await self._subscriptions.ended(delivery, problem)
        if problem is not None:
            _log.warning("event_not_delivered", delivery=delivery.webhook.id, result=problem)


def make_client() -> httpx.AsyncClient:
    """The client that webhooks are sent by: no proxy of the machine's, no redirects, no cookies."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, cookies=jar, timeout=SECONDS)


@asynccontextmanager
async def in_background(portal: Portal) -> AsyncIterator[None]:
    """Deliver and sweep again and again within a block."""
    subscriptions = Subscriptions(portal.host.database, portal.host.vault)
    async with make_client() as client:
        deliverer = Deliverer(portal, subscriptions, client)
        task = asyncio.create_task(_repeat(deliverer))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _repeat(deliverer: Deliverer) -> None:
    for number in range(2**63):
        sent = 0
        try:
            if number % _SWEEPS_EACH == 0:
                await deliverer.sweep()
            sent = await deliverer.look()
        except Exception as error:  # noqa: BLE001 - events are delivered later, and requests are served meanwhile
            _log.error("events_not_delivered", defect=failure(error))
        # One that has much to send goes on at once.
        await asyncio.sleep(0 if sent else PAUSE)
