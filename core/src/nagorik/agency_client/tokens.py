"""The platform's token at one agency: obtained once for all calls that need it, and renewed before it expires."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer, NagorikError, PluginFault

if TYPE_CHECKING:
    from pydantic import BaseModel

    from nagorik.agency_client.agency_http import AgencyHttp

EARLY: Final = 30.0
"""Seconds before its end at which a token is renewed, or a tenth of its life if that is less."""


class Token:
    """What a plugin's ``login`` returns; every request to the agency's base address then carries it.

    Attributes:
        header: The header that it travels in.
    """

    __slots__ = ("_value", "expires_in", "header")

    def __init__(
        self,
        value: SecretStr | str,
        *,
        expires_in: float | None = None,
        scheme: str = "Bearer",
        header: str = "Authorization",
    ) -> None:
        """Make a token.

        Args:
            value: The token itself.
            expires_in: Seconds from now that it is good for; ``None`` until the agency refuses it.
            scheme: What stands before it in the header; empty for nothing.
            header: The header that it travels in.
        """
        secret = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not secret.isascii() or not secret.isprintable() or not secret:
            raise ValueError("a token is printable ASCII")
        self._value = f"{scheme} {secret}".strip().encode("ascii")
        self.header = header
        self.expires_in = expires_in

    def as_header(self) -> tuple[bytes, bytes]:
        """The header's name and value."""
        return self.header.encode("ascii"), self._value

    def __repr__(self) -> str:
        return "<Token •••>"


Login = Callable[["AgencyHttp", "BaseModel"], Awaitable[Token]]
"""A plugin's ``login(http, settings)``: asks the agency for a token through ``http``, which carries none."""


class TokenKeeper:
    """Keeps one token for all calls; however many miss it at once, one login runs."""

    def __init__(self, obtain: Callable[[], Awaitable[object]], clock: Clock, *, plugin: str) -> None:
        self._obtain = obtain
        self._clock = clock
        self._plugin = plugin
        self._token: Token | None = None
        self._renew_at = float("inf")
        self._running: asyncio.Task[Token | NagorikError] | None = None

    async def current(self, deadline: Deadline) -> Token:
        """A token that is believed good, logging in when there is none.

        Raises:
            NagorikError: What the login ended in; ``AgencyUnavailable`` when it does not end before ``deadline``.
        """
        if self._token is not None and self._clock.monotonic() < self._renew_at:
            return self._token
        return await self._log_in(deadline)

    def refuse(self, token: Token) -> None:
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
            self._running = asyncio.get_running_loop().create_task(self._renew())
            self._running.add_done_callback(self._finished)
        task = self._running
        await asyncio.wait({task}, timeout=deadline.remaining())
        if not task.done() or task.cancelled():
            raise AgencyUnavailable(because="login-pending", layer=Layer.CORE)
        result = task.result()
        if isinstance(result, Token):
            return result
        raise twin(result)

    async def _renew(self) -> Token | NagorikError:
        started = self._clock.monotonic()
        try:
            token = await self._obtain()
        except NagorikError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a plugin's login may raise anything; its text may hold secrets
            return PluginFault("login-raised", plugin=self._plugin, exception=type(error).__name__)
        if not isinstance(token, Token):
            return PluginFault("login-wrong-result", plugin=self._plugin)
        self._token = token
        life = token.expires_in
        self._renew_at = float("inf") if life is None else started + life - min(EARLY, life / 10)
        return token

    def _finished(self, task: asyncio.Task[Token | NagorikError]) -> None:
        if self._running is task:
            self._running = None

    def __repr__(self) -> str:
        return f"<TokenKeeper {self._plugin}>"


def twin(error: NagorikError) -> NagorikError:
    """The same error as an object of its own, for a second caller to raise and to annotate."""
    copy = type(error).__new__(type(error))
    copy.__dict__.update(error.__dict__)
    return copy
