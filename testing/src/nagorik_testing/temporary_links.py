"""Addresses of documents that soon stop working, as object stores give them out."""

import random
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik.clock import Clock

_EXPIRED: Final = (
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
)


class TemporaryLinks:
    """Hands out addresses below ``path``, and what lies behind them while they work."""

    def __init__(self, clock: Clock, chance: random.Random, *, path: str, life: timedelta) -> None:
        self._clock = clock
        self._chance = chance
        self._path = path
        self._life = life
        self._handed_out: dict[str, tuple[datetime, bytes, str]] = {}

    def hand_out(self, content: bytes, media_type: str, request: Request) -> str:
        """An address on the origin that the request came to, which needs no token."""
        token = f"{self._chance.getrandbits(128):032x}"
        self._handed_out[token] = (self._clock.now() + self._life, content, media_type)
        return f"{request.url.scheme}://{request.url.netloc}{self._path}/{token}"

    def route(self) -> Route:
        """``GET`` of such an address; an expired one is refused in XML, as an object store does it."""
        return Route(f"{self._path}/{{token}}", self._fetch, methods=["GET"])

    async def _fetch(self, request: Request) -> Response:
        expires, content, media_type = self._handed_out.get(request.path_params["token"], (None, b"", ""))
        if expires is None or expires <= self._clock.now():
            return Response(_EXPIRED, status_code=403, media_type="application/xml")
        return Response(content, media_type=media_type)
