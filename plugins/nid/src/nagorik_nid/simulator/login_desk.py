"""Logging in at the partner service: one partner, tokens of 12 hours, a password that can expire."""

import random
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from nagorik_nid.simulator.envelope import Refusal, access_denied, content_of, success, text_in
from nagorik_testing import Ledger, SimulatedClock

USERNAME: Final = "nagorik-simulated-partner"
FIRST_PASSWORD: Final = "simulated-password-1"  # noqa: S105 - opens nothing but the simulator
TOKEN_LIFE: Final = timedelta(hours=12)
"""As the Commission's document says."""


class LoginDesk:
    """Who may use the service."""

    def __init__(self, clock: SimulatedClock, ledger: Ledger, chance: random.Random) -> None:
        self._clock = clock
        self._ledger = ledger
        self._chance = chance
        self._tokens: dict[str, datetime] = {}
        self.password = FIRST_PASSWORD
        self.password_expired = False
        """While it is, a login still passes and every call with its token is denied."""

    async def login(self, request: Request) -> Response:
        """``POST /auth/login``."""
        content = await content_of(request)
        if (text_in(content, "username"), text_in(content, "password")) != (USERNAME, self.password):
            raise Refusal(401, "password", "Bad credentials")
        token, refresh = (f"simulated-{self._chance.getrandbits(128):032x}" for _ in range(2))
        self._tokens[token] = self._clock.now() + TOKEN_LIFE
        self._ledger.record("login", f"login-{self.logins + 1}")
        return success({"username": USERNAME, "access_token": token, "refresh_token": refresh})

    async def logout(self, request: Request) -> Response:
        """``POST /auth/logout``."""
        self.check(request, even_if_expired=True)
        self._tokens.pop(_bearer(request), None)
        return success({})

    async def change_password(self, request: Request) -> Response:
        """``POST /common/change-user-password``; ends the expiry."""
        self.check(request, even_if_expired=True)
        content = await content_of(request)
        if text_in(content, "currentPassword") != self.password:
            raise Refusal(400, "currentPassword", "does not match")
        new = text_in(content, "newPassword")
        if new == self.password:
            raise Refusal(400, "newPassword", "was used before")
        if text_in(content, "confirmPassword") != new:
            raise Refusal(400, "confirmPassword", "does not match")
        self.password, self.password_expired = new, False
        self._ledger.record("password-change", "password")
        return success({})

    def check(self, request: Request, *, even_if_expired: bool = False) -> None:
        """Let a request pass that carries a living token.

        Raises:
            Refusal: 401.
        """
        expires = self._tokens.get(_bearer(request))
        if expires is None or expires <= self._clock.now() or (self.password_expired and not even_if_expired):
            raise access_denied()

    def revoke_tokens(self) -> None:
        """Kill every token, as a restart of the service does."""
        self._tokens.clear()

    @property
    def logins(self) -> int:
        """How many logins succeeded."""
        return self._ledger.effect_counts["login"]


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
