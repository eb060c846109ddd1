"""One webhook: signed as Standard Webhooks 1.0.0 asks, sent to an address that was checked as it is connected to."""

import asyncio
import hmac
import ipaddress
import socket
from base64 import b64decode, b64encode
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from secrets import token_bytes
from typing import Annotated, Final
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from nagorik import SECRET, Model

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
