"""The platform's token at one agency: obtained once for all calls that need it, and renewed before it expires."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Final

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer, NagorikError, PluginFault
from nagorik.http import Token
from nagorik_platform.agency_client.headers import raw_headers
from nagorik_platform.contract_errors import known_error
from nagorik_platform.tracebacks import type_name

EARLY: Final = 30.0
"""Seconds before its end at which a token is renewed, or a tenth of its life if that is less."""
LEAST: Final = 1.0
"""Seconds after a login in which no call asks for another, unless the agency refuses the token: one whose end is
written so near that each call would log in is often good for longer."""


class TokenCache:
    """Keeps one token for all calls; however many miss it at once, one login runs."""

    def __init__(
        self, obtain: Callable[[], Awaitable[object]], clock: Clock, *, plugin: str, key_header: str
    ) -> None:
        self._obtain = obtain
        self._key_header = key_header
        self._clock = clock
        self._plugin = plugin
        self._token: Token | None = None
        self._renew_at = math.inf
        self._running: asyncio.Task[Token | NagorikError] | None = None

    async def current(self, deadline: Deadline) -> Token:
        """A token that is believed good, logging in when there is none.

        Raises:
            NagorikError: What the login ended in; ``AgencyUnavailable`` when it does not end before ``deadline``.
        """
        token = self._token
        if token is not None and self.holds(token):
            return token
        return await self._log_in(deadline)

    def holds(self, token: Token) -> bool:
        """Whether ``token`` is the one that is believed good at this moment."""
        return self._token is token and self._clock.monotonic() < self._renew_at

    def invalidate(self, token: Token) -> None:
        """The agency refused ``token``; the next call logs in, unless another has done so meanwhile."""
        if self._token is token:
            self._token = None

    def close(self) -> None:
        """Stop a login that is running."""
        if self._running is not None:
            self._running.cancel()

    async def _log_in(self, deadline: Deadline) -> Token:
        # The login is a task of its own, so that the call that happened to start it may be cancelled
        # without taking the others' login with it.
        if self._running is None:
            # It is nobody's call: what a host knows of the one that happened to start it says nothing of the others.
            self._running = asyncio.get_running_loop().create_task(self._renew(), context=Context())
            self._running.add_done_callback(self._finished)
        task = self._running
        await asyncio.wait({task}, timeout=deadline.remaining())
        if not task.done() or task.cancelled():
            raise AgencyUnavailable(because="login-pending", layer=Layer.CORE)
        result = task.result()
        if isinstance(result, Token):
            return result
        raise result.copy()

    async def _renew(self) -> Token | NagorikError:
        started = self._clock.monotonic()
        try:
            token = await self._obtain()
        except Exception as error:  # noqa: BLE001 - a plugin's login may raise anything; its text may hold secrets
            fault = PluginFault("login-raised", plugin=self._plugin, exception=type_name(error))
            return known_error(error) or fault
        # A subclass could say another thing each time that it is asked for its header.
        if type(token) is not Token or not self._may_travel(token):
            return PluginFault("login-wrong-result", plugin=self._plugin)
        self._token = token
        life = _life(token, self._clock)
        self._renew_at = max(started + life - min(EARLY, life / 10), self._clock.monotonic() + LEAST)
        return token

    def _may_travel(self, token: Token) -> bool:
        """Whether its header is one that a plugin may add."""
        name, value = token.as_header()
        headers = {name.decode("ascii"): value.decode("ascii")}
        return raw_headers(headers, reserved=self._key_header, of_a_token=True) is not None

    def _finished(self, task: asyncio.Task[Token | NagorikError]) -> None:
        if self._running is task:
            self._running = None

    def __repr__(self) -> str:
        return f"<TokenCache {self._plugin}>"


def _life(token: Token, clock: Clock) -> float:
    """Seconds that a token is good for, infinite if nobody says."""
    until = math.inf if token.expires_at is None else (token.expires_at - clock.now()).total_seconds()
    life = min(until, math.inf if token.expires_in is None else token.expires_in)
    # One that has ended as it is handed out was written by a clock that is behind. It is good until it is refused;
    # else each call would log in.
    return life if life > 0 else math.inf
