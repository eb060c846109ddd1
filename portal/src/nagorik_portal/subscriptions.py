"""Outgoing events: who is called when a centre's applications change, and how it is sent.

Messages are CloudEvents 1.0, signed as Standard Webhooks 1.0.0 asks.
"""

import asyncio
import hmac
import ipaddress
import json
import socket
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from secrets import token_bytes
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, JsonValue
from sqlalchemy import select

from nagorik import SECRET, Model
from nagorik.clock import Clock
from nagorik_host import ApplicationChange
from nagorik_host.host import Host
from nagorik_platform.logs import get_logger
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.errors import GivenInvalid
from nagorik_portal.records import Rows, add_row, seal, unseal
from nagorik_portal.schema import subscriptions

DELAYS: Final = tuple(timedelta(seconds=n) for n in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""How long after each failed attempt the next one follows: ten attempts in 75 hours and a half."""
TOGETHER: Final = 20
"""Events of a subscription that are sent one after the other under one lease."""
_LEASE: Final = timedelta(minutes=10)
_S: Final = subscriptions.c
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
        self._host, self._base_url = host, base_url

    async def subscribe(self, centre: str, url: str, *, allow_private: bool) -> tuple[str, Receiver]:
        """Call ``url`` for each change of a centre's applications from now on; returns the id and the keys.

        With ``allow_private``, it may be ``http://`` and of the own network. Raises ``GivenInvalid``.
        """
        parts = urlsplit(url)
        is_usable = parts.hostname and not parts.fragment and parts.username is None
        if not is_usable or parts.scheme not in ({"https", "http"} if allow_private else {"https"}):
            raise GivenInvalid(_BAD_URL)
        receiver, identity, now, cursor = Receiver(url=url), str(uuid4()), self._clock.now(), "0"
        while (page := await self._host.changes(cursor, owner=centre)).changes:
            cursor = page.next
        row = {"id": identity, "centre": centre, "allow_private": int(allow_private), "cursor": cursor, "attempts": 0}
        row |= {"idle_until": now, **seal(self._vault, subscriptions, identity, receiver)}
        await self._database.run(lambda unit: add_row(unit, subscriptions, now, **row))
        return identity, receiver

    async def unsubscribe(self, identity: str) -> None:
        """Call a subscription no more, by its id, or all of a centre by the centre's; raises ``GivenInvalid``."""
        if not await self._delete(subscriptions, (_S.id == identity) | (_S.centre == identity)):
            raise GivenInvalid(_NOT_THERE)

    async def deliver(self, client: httpx.AsyncClient) -> int:
        """Send what changed and is due, once; returns how many events were sent.

        A subscription is leased meanwhile: of several processes, one delivers to it.
        """
        found = await self._rows(select(_S.id).where(_S.idle_until <= self._clock.now()))
        return sum(await asyncio.gather(*(self._deliver_to(client, one.id) for one in found)))

    async def _deliver_to(self, client: httpx.AsyncClient, identity: str) -> int:
        now, is_this = self._clock.now(), _S.id == identity
        if not await self._change(subscriptions, is_this & (_S.idle_until <= now), idle_until=now + _LEASE):
            return 0
        (row,) = await self._rows(select(subscriptions).where(is_this))
        receiver, attempts, sent = unseal(self._vault, subscriptions, row, Receiver), row.attempts, 0
        page, idle_until = await self._host.changes(row.cursor, owner=row.centre, limit=TOGETHER), now
        for change in page.changes:
            event, body = f"{identity}-{change.cursor}", json.dumps(cloud_event(change, self._base_url)).encode()
            now, allow = self._clock.now(), bool(row.allow_private)
            problem = await send(client, receiver, event, body, now, allow_private=allow)
            sent += 1
            if problem is not None:
                _log.warning("event_not_delivered", subscription=identity, result=problem)
            if problem == GONE:
                await self._delete(subscriptions, is_this)
                break
            if problem is not None and attempts < len(DELAYS):
                attempts, idle_until = attempts + 1, now + DELAYS[attempts]
                break
            attempts = 0
            if not await self._change(subscriptions, is_this, cursor=change.cursor, attempts=0):
                break  # it was ended meanwhile
        await self._change(subscriptions, is_this, attempts=attempts, idle_until=idle_until)
        return sent


def cloud_event(change: ApplicationChange, base_url: str) -> dict[str, JsonValue]:
    """A change in the structured JSON form of CloudEvents 1.0; ``base_url`` is the portal's.

    Its subject is the application's id; its data are the revision, by which a reader orders events, and the state.
    """
    return {
        "specversion": "1.0",
        "id": change.cursor,
        "source": f"{base_url}/v1/events",
        "type": "nagorik.application.changed",
        "subject": change.application,
        "time": change.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {"revision": change.revision, "state": change.state},
    }


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
