"""Logging in at the partner service: one partner, tokens of 12 hours, a password that can expire."""

import random
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from nagorik_nid.simulator.envelope import success, trimmed_content_of
from nagorik_testing import Ledger, Refusal, SimulatedClock, TokenEndpoint, bearer, text_in

USERNAME: Final = "nagorik-simulated-partner"
FIRST_PASSWORD: Final = "simulated-password-1"  # noqa: S105 - opens nothing but the simulator
TOKEN_LIFE: Final = timedelta(hours=12)
"""As the Commission's document says."""


class LoginEndpoint:
    """Who may use the service.

    Attributes:
        tokens: The living tokens; ``revoke_all`` kills them, as a restart of the service does.
        password_expired: While it is, a login still passes and every call with its token is denied.
    """

    def __init__(self, clock: SimulatedClock, ledger: Ledger, rng: random.Random) -> None:
        self._ledger = ledger
        self.tokens = TokenEndpoint(clock, rng, life=TOKEN_LIFE)
        self.password = FIRST_PASSWORD
        self.password_expired = False

    async def login(self, request: Request) -> Response:
        """``POST /auth/login``."""
        content = await trimmed_content_of(request)
        if (text_in(content, "username"), text_in(content, "password")) != (USERNAME, self.password):
            raise Refusal(401, "password", "Bad credentials")
        self._ledger.record("login", f"login-{self.logins + 1}")
        token, refresh = self.tokens.issue(), self.tokens.random_token()
        return success({"username": USERNAME, "access_token": token, "refresh_token": refresh})

    async def logout(self, request: Request) -> Response:
        """``POST /auth/logout``."""
        self.tokens.check(request)
        self.tokens.revoke(bearer(request))
        return success({})

    async def change_password(self, request: Request) -> Response:
        """``POST /common/change-user-password``; ends the expiry."""
        self.tokens.check(request)
        content = await trimmed_content_of(request)
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

    def check(self, request: Request) -> None:
        """Let a request pass that carries a living token, unless the password has expired.

        Raises:
            Refusal: 401.
        """
        self.tokens.check(request)
        if self.password_expired:
            raise Refusal(401, "authorization", "Access is denied")

    @property
    def logins(self) -> int:
        """How many logins succeeded."""
        return self._ledger.effect_counts["login"]
