"""One webhook: signed as Standard Webhooks 1.0.0 asks, sent to an address that was checked as it is connected to."""

import asyncio
import hmac
import ipaddress
import socket
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from nagorik import SECRET, Model

SECONDS: Final = 15.0
"""How long a receiver has to answer."""
GONE: Final = "http-410"
"""The receiver wants no more events."""
_CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_SYMMETRIC, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"


class Receiver(Model):
    """Where webhooks go, and what they are signed with; all of it is secret."""

    url: Annotated[str, SECRET]
    symmetric: Annotated[str, SECRET]
    """``whsec_…``: the receiver's copy verifies ``v1``."""
    private: Annotated[str, SECRET]
    """``whsk_…``: signs ``v1a``."""

    @property
    def public(self) -> str:
        """``whpk_…``: verifies ``v1a``."""
        raw = _private_key(self).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return _PUBLIC + b64encode(raw).decode()


class Webhook(NamedTuple):
    """A message; its id is the same in each attempt."""

    id: str
    body: bytes


def make_receiver(url: str, symmetric: bytes) -> Receiver:
    """A receiver with a new pair of keys, and 24 to 64 random bytes as the symmetric one."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    keys = {
        "symmetric": _SYMMETRIC + b64encode(symmetric).decode(),
        "private": _PRIVATE + b64encode(private).decode(),
    }
    return Receiver(url=url, **keys)


def signature(receiver: Receiver, webhook: Webhook, at: datetime) -> str:
    """The value of ``webhook-signature``: ``v1a`` by ed25519 first, then ``v1`` by HMAC; ``at`` is aware."""
    signed = f"{webhook.id}.{int(at.timestamp())}.".encode() + webhook.body
    secret = b64decode(receiver.symmetric.removeprefix(_SYMMETRIC))
    both = {"v1a": _private_key(receiver).sign(signed), "v1": hmac.digest(secret, signed, "sha256")}
    return " ".join(f"{version},{b64encode(one).decode()}" for version, one in both.items())


async def send(
    client: httpx.AsyncClient, receiver: Receiver, webhook: Webhook, at: datetime, *, allow_private: bool
) -> str | None:
    """Send a webhook once; returns ``None`` where it was taken, else why not, such as ``http-500``.

    The name is resolved here, each address is checked, and the connection goes to the checked one. No redirect is
    followed, and what the receiver answers beside its status is not read.
    """
    parts = urlsplit(receiver.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    headers = {
        "host": parts.netloc.rpartition("@")[2],
        "content-type": _CONTENT_TYPE,
        "webhook-id": webhook.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(receiver, webhook, at),
    }
    try:
        async with asyncio.timeout(SECONDS):
            addresses = await _addresses(host, port)
            if not addresses:
                return "unknown-host"
            if not allow_private and not all(map(is_public, addresses)):
                return "address-refused"
            url = httpx.URL(receiver.url).copy_with(host=addresses[0])
            # The certificate is compared with the name, not with the address.
            request = client.build_request(
                "POST", url, content=webhook.body, headers=headers, extensions={"sni_hostname": host}
            )
            response = await client.send(request, stream=True, follow_redirects=False)
            await response.aclose()
    except TimeoutError:
        return "timeout"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        return "not-reached"
    return None if response.is_success else f"http-{response.status_code}"


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and leads to no other by translation."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found.sixtofour is not None or found.teredo is not None or found in _NAT64:
            return False
    return found.is_global and not found.is_multicast


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(one[4][0]) for one in found]


def _private_key(receiver: Receiver) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(receiver.private.removeprefix(_PRIVATE)))
