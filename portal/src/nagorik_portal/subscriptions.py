"""Outgoing events: who is called when a centre's applications change, what was delivered, and how it is sent.

Messages are CloudEvents 1.0, signed as Standard Webhooks 1.0.0 asks.
"""

import asyncio
import hmac
import ipaddress
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from secrets import token_bytes
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field
from sqlalchemy import Row, or_, select

from nagorik import SECRET, Model
from nagorik.clock import Clock
from nagorik_host.host import Host
from nagorik_host.store.changes import ChangePage
from nagorik_host.store.database import Transaction
from nagorik_platform.logs import get_logger
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.cloud_events import cloud_event
from nagorik_portal.records import Rows, add_row, change_rows, seal, unseal
from nagorik_portal.schema import deliveries, subscriptions

DELAYS: Final = tuple(timedelta(seconds=n) for n in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long after each failed attempt the next one follows: ten attempts in 75 hours and a half."""
HISTORY: Final = timedelta(days=90)
"""How long a delivery is kept."""
TOGETHER: Final = 20
"""Deliveries of a subscription that are sent one after the other under one lease."""
SUBSCRIBED: Final = ("id", "centre", "made_at", "ended_at", "ended_as")
DELIVERED: Final = ("id", "subscription", "application", "made_at", "due_at", "attempts", "result")
"""What lists have of each subscription and each delivery."""
_LEASE: Final = timedelta(minutes=10)
_S: Final = subscriptions.c
_D: Final = deliveries.c
_GOES_ON: Final = _S.ended_at.is_(None)
_BAD_URL: Final = (
    "write an address such as https://portal.example/events, without a name or a password in it; http:// needs"
    " --allow-private. ঠিকানা লিখুন, যেমন https://portal.example/events; নাম বা পাসওয়ার্ড ছাড়া। http:// হলে"
    " --allow-private দিতে হবে।"
)
_NOT_THERE: Final = "nothing of this id goes on. এই আইডির কিছু চালু নেই।"
_log = get_logger("nagorik.portal")
SECONDS: Final = 15.0
"""How long a receiver has to answer."""
GONE: Final = "http-410"
"""The receiver wants no more events."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class SubscriptionInvalid(ValueError):
    """A subscription cannot be made or changed so; the text says why, in both languages, without the address."""


class Receiver(Model):
    """Where webhooks go, and what they are signed with: 32 random bytes for each of both ways, in Base64."""

    url: Annotated[str, SECRET]
    symmetric: Annotated[str, SECRET] = Field(default_factory=lambda: _text(token_bytes(32)))
    private: Annotated[str, SECRET] = Field(default_factory=lambda: _text(token_bytes(32)))

    @property
    def secret(self) -> str:
        """``whsec_…``: the receiver's copy verifies ``v1``."""
        return f"whsec_{self.symmetric}"

    @property
    def public(self) -> str:
        """``whpk_…``: verifies ``v1a``."""
        return f"whpk_{_text(self._key.public_key().public_bytes_raw())}"

    def sign(self, identity: str, at: datetime, body: bytes) -> str:
        """The value of ``webhook-signature``: ``v1a`` by ed25519 first, then ``v1`` by HMAC; ``at`` is aware."""
        signed = f"{identity}.{int(at.timestamp())}.".encode() + body
        mac = hmac.digest(b64decode(self.symmetric), signed, "sha256")
        return f"v1a,{_text(self._key.sign(signed))} v1,{_text(mac)}"

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(b64decode(self.private))


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


class Subscriptions(Rows):
    """The subscriptions in a host's database; their times are the machine's."""

    def __init__(self, host: Host, base_url: str = "", clock: Clock | None = None) -> None:
        """Name ``base_url`` as the source of events, and use the machine's clock unless another is given."""
        super().__init__(host.database, host.vault, clock or SystemClock())
        self._host, self._base_url, self._run = host, base_url, host.database.run

    async def subscribe(self, centre: str, url: str, *, allow_private: bool) -> tuple[str, Receiver]:
        """Call ``url`` for each change of a centre's applications from now on; returns the id and the keys.

        With ``allow_private``, it may be ``http://`` and of the own network. Raises ``SubscriptionInvalid``.
        """
        parts = urlsplit(url)
        is_usable = parts.hostname and not parts.fragment and parts.username is None
        if not is_usable or parts.scheme not in ({"https", "http"} if allow_private else {"https"}):
            raise SubscriptionInvalid(_BAD_URL)
        receiver, identity, cursor = Receiver(url=url), str(uuid4()), "0"
        while (page := await self._host.changes(cursor, owner=centre)).changes:
            cursor = page.next
        row = {"id": identity, "centre": centre, "allow_private": int(allow_private), "cursor": cursor}
        row |= seal(self._vault, subscriptions, identity, receiver)
        await self._add(subscriptions, made_at=self._now(), **row)
        return identity, receiver

    async def unsubscribe(self, identity: str) -> None:
        """Call no more, and drop what was not delivered; raises ``SubscriptionInvalid``."""
        if not await self._run(partial(self._end, identity=identity, ended_as="unsubscribed")):
            raise SubscriptionInvalid(_NOT_THERE)

    async def replay(self, delivery: str) -> None:
        """Send a delivery once more, under the same id; raises ``SubscriptionInvalid``."""
        again = (_D.id == delivery) & _D.subscription.in_(select(_S.id).where(_GOES_ON))
        if not await self._change(deliveries, again, due_at=self._now(), attempts=0, result=None):
            raise SubscriptionInvalid(_NOT_THERE)

    async def subscribed(self) -> Sequence[Row[Any]]:
        """All subscriptions by age: the columns of ``SUBSCRIBED``."""
        return await self._rows(select(*(_S[name] for name in SUBSCRIBED)).order_by(_S.made_at))

    async def history(self, subscription: str | None = None, *, limit: int = 50) -> Sequence[Row[Any]]:
        """Deliveries, the last first: the columns of ``DELIVERED``."""
        query = select(*(_D[name] for name in DELIVERED)).order_by(_D.made_at.desc(), _D.id).limit(limit)
        if subscription is not None:
            query = query.where(_D.subscription == subscription)
        return await self._rows(query)

    async def deliver(self, client: httpx.AsyncClient) -> int:
        """Take up what changed and send what is due, once; returns how many were sent.

        A subscription is leased meanwhile: of several processes, one delivers to it.
        """
        going_on = await self._rows(select(_S.id).where(_GOES_ON))
        return sum(await asyncio.gather(*(self._deliver_to(client, one.id) for one in going_on)))

    async def forget(self) -> None:
        """Delete deliveries whose history is not kept any longer."""
        await self._delete(deliveries, _D.made_at < self._now() - HISTORY)

    async def _deliver_to(self, client: httpx.AsyncClient, identity: str) -> int:
        now, is_this = self._now(), _S.id == identity
        free = is_this & _GOES_ON & or_(_S.lease_until.is_(None), _S.lease_until < now)
        if not await self._change(subscriptions, free, lease_until=now + _LEASE):
            return 0
        (row,) = await self._rows(select(subscriptions).where(is_this))
        page = await self._host.changes(row.cursor, owner=row.centre)
        await self._run(partial(self._make, subscription=row, page=page))
        receiver, is_due = unseal(self._vault, subscriptions, row, Receiver), _D.due_at <= self._now()
        due = select(deliveries).where(_D.subscription == identity, is_due).order_by(_D.due_at, _D.id).limit(TOGETHER)
        found, sent = await self._rows(due), 0
        for one in found:
            body, allow = one.body.encode(), bool(row.allow_private)
            problem = await send(client, receiver, one.id, body, self._now(), allow_private=allow)
            await self._run(partial(self._record, delivery=one, problem=problem))
            sent += 1
            if problem is not None:
                _log.warning("event_not_delivered", delivery=one.id, result=problem)
                break  # a receiver that does not answer would use up the lease
        await self._change(subscriptions, is_this, lease_until=None)
        return sent

    def _make(self, unit: Transaction, *, subscription: Row[Any], page: ChangePage) -> None:
        now, is_there = self._now(), (_S.id == subscription.id) & (_S.cursor == subscription.cursor)
        if not page.changes or not change_rows(unit, subscriptions, is_there, now, cursor=page.next):
            return
        for change in page.changes:
            body = json.dumps(cloud_event(change, self._base_url), separators=(",", ":"))
            row = {"subscription": subscription.id, "application": change.application, "body": body, "attempts": 0}
            add_row(unit, deliveries, now, id=str(uuid4()), made_at=now, due_at=now, **row)

    def _record(self, unit: Transaction, *, delivery: Row[Any], problem: str | None) -> None:
        """Record an attempt: it was taken, is tried again later, or is given up; 410 ends the subscription."""
        now, attempts = self._now(), delivery.attempts + 1
        due_at = now + DELAYS[attempts - 1] if problem is not None and attempts <= len(DELAYS) else None
        values = {"attempts": attempts, "due_at": due_at, "result": problem or "delivered"}
        change_rows(unit, deliveries, _D.id == delivery.id, now, **values)
        if problem == GONE:
            self._end(unit, delivery.subscription, "gone")

    def _end(self, unit: Transaction, identity: str, ended_as: str) -> bool:
        now, is_this = self._now(), (_S.id == identity) & _GOES_ON
        ended = {"ended_at": now, "ended_as": ended_as, "data_key": None, "sealed": b""}
        waiting = (_D.subscription == identity) & _D.due_at.is_not(None)
        change_rows(unit, deliveries, waiting, now, due_at=None, result="ended")
        return bool(change_rows(unit, subscriptions, is_this, now, **ended))

    def _now(self) -> Any:
        return self._clock.now()


def make_client() -> httpx.AsyncClient:
    """The client that webhooks are sent by: no proxy of the machine's, no redirects, no cookies."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, cookies=jar, timeout=SECONDS)


async def send(
    client: httpx.AsyncClient, receiver: Receiver, identity: str, body: bytes, at: datetime, *, allow_private: bool
) -> str | None:
    """Send a webhook once; returns ``None`` where it was taken, else why not, such as ``http-500``.

    The name is resolved here, each address is checked, and the connection goes to the checked one. What the receiver
    answers beside its status is not read.
    """
    parts = urlsplit(receiver.url)
    headers = {
        "host": parts.netloc,
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": receiver.sign(identity, at, body),
    }
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)
            addresses = [str(one[4][0]) for one in found]
            if not allow_private and not all(map(is_public, addresses)):
                return "address-refused"
            url = httpx.URL(receiver.url).copy_with(host=addresses[0])
            # The certificate is compared with the name, not with the address.
            named = {"sni_hostname": parts.hostname}
            async with client.stream("POST", url, content=body, headers=headers, extensions=named) as response:
                return None if response.is_success else f"http-{response.status_code}"
    except TimeoutError:
        return "timeout"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        return "not-reached"


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and leads to no other by translation."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found.sixtofour is not None or found.teredo is not None or found in _NAT64:
            return False
    return found.is_global and not found.is_multicast
