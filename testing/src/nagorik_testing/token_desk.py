"""Bearer tokens as an agency gives them out."""

import random
from datetime import datetime, timedelta

from starlette.requests import Request

from nagorik.clock import Clock
from nagorik_testing.refusal import Refusal


class TokenDesk:
    """Who may use an interface, and for how long."""

    def __init__(self, clock: Clock, chance: random.Random, *, life: timedelta) -> None:
        self._clock = clock
        self._chance = chance
        self._life = life
        self._tokens: dict[str, datetime] = {}

    def draw(self) -> str:
        """Text that looks like a token and opens nothing."""
        return f"simulated-{self._chance.getrandbits(128):032x}"

    def issue(self) -> str:
        """A new token, good from now on."""
        token = self.draw()
        self._tokens[token] = self._clock.now() + self._life
        return token

    def check(self, request: Request) -> None:
        """Let a request pass that carries a living token; the ``guard`` of ``routes_of``.

        Raises:
            Refusal: 401.
        """
        expires = self._tokens.get(bearer(request))
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
