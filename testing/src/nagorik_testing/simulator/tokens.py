"""What an agency gives out for a while: bearer tokens, and addresses of documents that soon stop working."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik.clock import Clock
from nagorik_testing.simulator.handlers import Refusal


@dataclass(frozen=True, slots=True)
class LoginLimit:
    """How many logins an agency allows in any stretch of time as long as ``period``."""

    logins: int
    period: timedelta


class TokenEndpoint:
    """Who may use an interface, and for how long."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        *,
        life: timedelta,
        limit: LoginLimit | None = None,
        token_of: Callable[[Request], str] | None = None,
    ) -> None:
        """Begin without a token.

        Args:
            clock: The agency's time.
            rng: From which tokens are drawn.
            life: How long a token is good.
            limit: How many are issued in a while; any number if not given.
            token_of: Where a request carries its token, such as ``cookie_named("session")``; ``bearer`` if not given.
        """
        self._clock = clock
        self._rng = rng
        self._life = life
        self._limit = limit
        self._token_of = token_of or bearer
        self._issued: list[datetime] = []
        self._tokens: dict[str, datetime] = {}

    def random_token(self) -> str:
        """Text that looks like a token and opens nothing."""
        return f"simulated-{self._rng.getrandbits(128):032x}"

    def issue(self) -> str:
        """A new token, good from now on.

        Raises:
            Refusal: 429, beyond the limit.
        """
        now = self._clock.now()
        if self._limit is not None:
            self._issued = [at for at in self._issued if now - at < self._limit.period]
            if len(self._issued) >= self._limit.logins:
                raise Refusal(429, "login", "too many logins")
        self._issued.append(now)
        token = self.random_token()
        self._tokens[token] = now + self._life
        return token

    def check(self, request: Request) -> None:
        """Let a request pass that carries a living token; the ``guard`` of ``routes_of``.

        Raises:
            Refusal: 401.
        """
        expires = self._tokens.get(self._token_of(request))
        if expires is None or expires <= self._clock.now():
            raise Refusal(401, "authorization", "Access is denied")

    def revoke(self, token: str) -> None:
        """Kill one token."""
        self._tokens.pop(token, None)

    def revoke_all(self) -> None:
        """Kill every token, as a restart of the service does."""
        self._tokens.clear()


def bearer(request: Request) -> str:
    """The token that a request carries; empty where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def cookie_named(name: str) -> Callable[[Request], str]:
    """What reads a session's token from the cookie ``name``; it gives an empty text where there is no such cookie."""
    return lambda request: request.cookies.get(name, "")


_EXPIRED: Final = (
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
)


class TemporaryLinks:
    """Hands out addresses below ``path``, and what lies behind them while they work."""

    def __init__(self, clock: Clock, rng: random.Random, *, path: str, life: timedelta) -> None:
        self._clock = clock
        self._rng = rng
        self._path = path
        self._life = life
        self._handed_out: dict[str, tuple[datetime, bytes, str]] = {}

    def hand_out(self, content: bytes, media_type: str, request: Request) -> str:
        """An address on the origin that the request came to, which needs no token."""
        token = f"{self._rng.getrandbits(128):032x}"
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
