"""Photographs behind addresses that soon stop working."""

import random
import struct
import zlib
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from nagorik_nid.simulator.register import Voter
from nagorik_testing import SimulatedClock

PHOTO_LIFE: Final = timedelta(seconds=120)
"""As the Commission's document says."""
PHOTO_PATH: Final = "/partner-service/photos/{token}"

_EXPIRED: Final = (
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
)
_SIDE: Final = 8


class PhotoStore:
    """Hands out addresses of photographs, and the photographs while the addresses work."""

    def __init__(self, clock: SimulatedClock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._handed_out: dict[str, tuple[datetime, bytes]] = {}

    def address(self, voter: Voter, request: Request) -> str:
        """An address on the origin that the request came to, good for 120 seconds without a token."""
        token = f"{self._chance.getrandbits(128):032x}"
        self._handed_out[token] = (self._clock.now() + PHOTO_LIFE, picture(voter.citizen.alias))
        return f"{request.url.scheme}://{request.url.netloc}{PHOTO_PATH.format(token=token)}"

    async def fetch(self, request: Request) -> Response:
        """``GET`` of such an address; an expired one is refused in XML, as an object store does it."""
        expires, content = self._handed_out.get(request.path_params["token"], (None, b""))
        if expires is None or expires <= self._clock.now():
            return Response(_EXPIRED, status_code=403, media_type="application/xml")
        return Response(content, media_type="image/png")


def picture(alias: str) -> bytes:
    """A small grey pattern as PNG, the same for the same citizen and no face at all."""
    chance = random.Random(alias)  # noqa: S311 - a pattern, not a secret
    rows = b"".join(b"\0" + chance.randbytes(_SIDE) for _ in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
