"""The platform's token at one agency: obtained once for all that need it, and renewed before it expires.

``TokenCache`` is one process's; ``TokenStore`` gives it tokens. ``LocalTokenStore`` serves a process that shares its
agencies with no other: it logs in, as often as the agency allows. A host gives one that its processes share.
"""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Set
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Protocol

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from nagorik.clock import Clock, Deadline
from nagorik.data_files import DataFileInvalid, read_file
from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    CredentialProblem,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    Layer,
    NagorikError,
    PluginFault,
    RateLimited,
)
from nagorik.http import Token
from nagorik.manifest import Limits
from nagorik_platform.agency_client.headers import RawHeaders, raw_headers
from nagorik_platform.contract_errors import known_error
from nagorik_platform.tracebacks import type_name

EARLY: Final = 30.0
"""Seconds before its end at which a token is renewed, or a tenth of its life if that is less."""
LEAST: Final = 1.0
"""Seconds after a login in which no call asks for another, unless the agency refuses the token."""
REFUSED_PAUSES: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
"""Time without a login after an agency has refused the credentials once, twice, and so on. Some lock an account after
a few refusals."""
REFUSALS_REMEMBERED: Final = timedelta(days=2)
"""Time for which refusals count, though the credentials were let in since: longer than the longest pause."""
CLOSING: Final = 5.0
"""Seconds that a cancelled login has to end."""
LETS_NOBODY_IN: Final = frozenset(CredentialProblem) - {
    CredentialProblem.NOT_PERMITTED,
    CredentialProblem.UNSPECIFIED,
}
"""Refusals of the platform's credentials that every call is sure to meet."""
_SAY_NOT_WHO: Final = frozenset({"connect_timeout", "read_timeout", "transport"})
"""Settings that say nothing of who logs in where."""
_FILES: Final = ("client_certificate", "client_key", "certificate_authority")


@dataclass(slots=True, repr=False)
class LoginAttempt:
    """A login under way, as the store that counts logins sees it.

    Attributes:
        count_again: Counts one more login; raises ``RateLimited`` where the agency allows no more now.
        began: When it was counted, on the client's monotonic clock; its deadline counts from then.
    """

    count_again: Callable[[], Awaitable[None]]
    began: float
    _sent: Counter[str] = field(default_factory=Counter)

    @property
    def has_reached(self) -> bool:
        """Whether any of its requests may have reached the agency."""
        return self._sent.total() > 0

    async def begin(self, request: str) -> None:
        """Count a request, by its method and address. One that may have reached the agency before is one more login.

        Raises:
            RateLimited: The agency allows no more logins now; the request is not to be sent.
        """
        if self._sent[request]:
            await self.count_again()
        self._sent[request] += 1

    def withdraw(self, request: str) -> None:
        """Take back a request that has begun and provably did not reach the agency."""
        self._sent[request] -= 1


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token, and for how long it is used.

    Attributes:
        token: The token.
        renew_in: Seconds until it is renewed; infinite where it is good until it is refused.
        login: The unique name of the login that brought it.
        began: When that login began, on the client's monotonic clock, or before; it may be another process's.
    """

    token: Token
    renew_in: float
    login: str = ""
    began: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class LoginTerms:
    """Who logs in where, and how.

    Attributes:
        plugin: The agency's plugin.
        settings: The settings that the token belongs to, as text. It holds secrets: keep no more of it than a hash.
        limits: What the agency can bear: how many logins in how long, and how long one may take.
        log_in: Logs in at the agency; raises ``NagorikError`` and nothing else.
    """

    plugin: str
    settings: str
    limits: Limits
    log_in: Callable[[LoginAttempt], Awaitable[IssuedToken]]


@dataclass(frozen=True, slots=True)
class RefusedCredentials:
    """How an agency took the credentials that one plugin's settings hold.

    Attributes:
        count: How often it has refused them, as far as that counts still.
        kind: Why it refused them at last; ``None`` where it has let them in since.
    """

    count: int = 0
    kind: CredentialProblem | None = None

    def holds_off(self, since: timedelta) -> NagorikError | None:
        """Why no login may be sent, ``since`` after the last refusal; ``None`` if one may."""
        if self.kind is None or since >= refused_pause(self.count):
            return None
        return CredentialsRejected(self.kind, layer=Layer.CORE)

    def refused(self, kind: CredentialProblem, since: timedelta) -> "RefusedCredentials":
        """Count another refusal, ``since`` after the last. A success between them makes nothing good."""
        counts = self.kind is not None or since < REFUSALS_REMEMBERED
        return RefusedCredentials(self.count + 1 if counts else 1, kind)

    def let_in(self) -> "RefusedCredentials":
        """Note that they are let in."""
        return replace(self, kind=None)


def refused_pause(count: int) -> timedelta:
    """Time without a login after ``count`` refusals, at least one."""
    return REFUSED_PAUSES[min(max(count, 1), len(REFUSED_PAUSES)) - 1]


def refusal_of(error: BaseException, attempt: LoginAttempt) -> CredentialProblem | None:
    """Why an agency refused the credentials, if that is what a login ended in and the agency has seen them."""
    return error.kind if isinstance(error, CredentialsRejected) and attempt.has_reached else None


class TokenStore(Protocol):
    """Gives a process its tokens: one that another has obtained with the same settings, or a login's."""

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:
        """Give a token that is believed good, other than that of the login ``stale``, logging in if necessary.

        Raises:
            RateLimited: The agency allows no more logins before ``retry_after`` seconds; no login was sent.
            CredentialsRejected: With ``Layer.CORE``, the agency refused these credentials lately; no login was sent.
            NagorikError: What the login ended in, here or in the process that was waited for.
        """
        ...

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """Note that the agency refuses, at calls, the token that a login brought: it refuses the credentials.

        However many calls are refused with one token, that is one refusal. The next ``obtain`` raises it.
        """
        ...


class LocalTokenStore:
    """Logs in for one process that shares its agencies with no other, no more often than each allows.

    A login is counted from its end: it reached the agency at some moment before that. Refused credentials
    are remembered for as long as the process lives.
    """

    def __init__(self, clock: Clock) -> None:
        """Count logins by ``clock``."""
        self._clock = clock
        self._ended: dict[str, list[float]] = {}
        self._refused: dict[str, tuple[RefusedCredentials, float]] = {}

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:  # noqa: ARG002 - it keeps no token
        """As ``TokenStore.obtain``."""
        most, period = terms.limits.logins, terms.limits.login_period.total_seconds()
        own, began, identity = list[float](), self._clock.monotonic(), terms.plugin + terms.settings
        standing, since = self._standing(identity)
        if (held_off := standing.holds_off(since)) is not None:
            raise held_off

        async def count() -> None:
            now = self._clock.monotonic()
            ended = self._ended[terms.plugin] = [at for at in self._ended.get(terms.plugin, ()) if now - at < period]
            counted = sorted([*ended, *own])
            if most is not None and len(counted) >= most:
                raise login_limit_reached(counted[-most] + period - now)
            own.append(now)

        await count()
        attempt = LoginAttempt(count, began)
        try:
            issued = await terms.log_in(attempt)
        except CredentialsRejected as error:
            if (kind := refusal_of(error, attempt)) is not None:
                self._refuse(identity, kind)
            raise
        finally:
            if attempt.has_reached:
                self._ended[terms.plugin] += [self._clock.monotonic()] * len(own)
        if identity in self._refused:
            known, refused_at = self._refused[identity]
            self._refused[identity] = known.let_in(), refused_at
        return issued

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:  # noqa: ARG002
        """As ``TokenStore.refused``."""
        self._refuse(terms.plugin + terms.settings, kind)

    def _standing(self, identity: str) -> tuple[RefusedCredentials, timedelta]:
        now = self._clock.monotonic()
        standing, refused_at = self._refused.get(identity, (RefusedCredentials(), now))
        return standing, timedelta(seconds=now - refused_at)

    def _refuse(self, identity: str, kind: CredentialProblem) -> None:
        standing, since = self._standing(identity)
        self._refused[identity] = standing.refused(kind, since), self._clock.monotonic()


def login_limit_reached(seconds: float) -> RateLimited:
    """Make the error of a login that may not be sent before so many seconds; the agency has said nothing."""
    return RateLimited(retry_after=max(seconds, LEAST), layer=Layer.CORE)


def settings_as_text(settings: BaseModel) -> str:
    """Write a plugin's settings, as far as a token belongs to them; the same in each process. It holds secrets.

    A file of TLS counts by its content: another certificate at the same path is another's.
    """
    values = {name: value for name, value in _fields(settings).items() if name not in _SAY_NOT_WHO}
    for name in _FILES:
        if values.get(name) is not None:
            with suppress(DataFileInvalid):  # which the client reports
                values[name] = sha256(read_file(values[name])).hexdigest()
    return _canonical(values)


def _canonical(value: Any) -> str:
    return json.dumps(value, default=_plain, sort_keys=True)


def _fields(model: BaseModel) -> dict[str, Any]:
    """The fields themselves: a model's own dump may leave some out."""
    return {name: getattr(model, name) for name in type(model).model_fields} | (model.model_extra or {})


def _plain(value: Any) -> Any:
    """What JSON has no form for, in an order that is the same in each process."""
    match value:
        case Secret() | SecretStr() | SecretBytes():
            return value.get_secret_value()
        case BaseModel():
            return _fields(value)
        case Mapping():
            return dict(value)
        case Set():
            return sorted(map(_canonical, value))
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return str(value)


class TokenCache:
    """Keeps one token for all calls of a process; however many miss it at once, one asks for another."""

    def __init__(
        self,
        obtain: Callable[[LoginAttempt], Awaitable[object]],
        clock: Clock,
        *,
        plugin: str,
        key_header: str,
        limits: Limits,
        settings: BaseModel,
        store: TokenStore,
    ) -> None:
        self._obtain = obtain
        self._key_header = key_header
        self._clock = clock
        self._plugin = plugin
        self._store = store
        self._terms = LoginTerms(plugin, settings_as_text(settings), limits, self._logged_in)
        self._issued: IssuedToken | None = None
        self._renew_at = -math.inf
        self._refused_at = math.inf
        """When a token was refused, if no call was let in since."""
        self._running: asyncio.Task[IssuedToken | NagorikError] | None = None

    async def current(self, deadline: Deadline) -> IssuedToken:
        """Give a token that is believed good, obtaining one when there is no such token.

        Raises:
            NagorikError: What the login ended in; ``AgencyUnavailable`` when it does not end before ``deadline``.
        """
        issued = self._issued
        if issued is not None and self.holds(issued):
            return issued
        # The login is a task of its own, so that the call that happened to start it may be cancelled
        # without taking the others' login with it.
        task = self._running
        if task is None or task.done():
            task = self._running = asyncio.get_running_loop().create_task(self._renew(), context=Context())
        await asyncio.wait({task}, timeout=deadline.remaining())
        if not task.done() or task.cancelled():
            raise AgencyUnavailable(because="login-pending", layer=Layer.CORE)
        result = task.result()
        if isinstance(result, IssuedToken):
            return result
        raise result.copy()

    def holds(self, issued: IssuedToken) -> bool:
        """Whether ``issued`` is the token that is believed good at this moment."""
        return self._issued is issued and self._clock.monotonic() < self._renew_at

    def accepted(self) -> None:
        """Note that the agency let in a request with its token."""
        self._refused_at = math.inf

    def invalidate(self, issued: IssuedToken) -> bool:
        """Note that the agency refused a token, so that the next call asks for another.

        Whether its login began after another token was refused, with no call let in since: then another login would
        bring no better token.
        """
        is_fresh = issued.began >= self._refused_at
        self._refused_at = min(self._refused_at, self._clock.monotonic())
        if self._issued is issued:
            self._renew_at = -math.inf
        return is_fresh

    async def refused(self, issued: IssuedToken, kind: CredentialProblem) -> None:
        """Note that the agency refuses the credentials that brought a token."""
        if self._issued is issued:
            self._issued = None  # however many calls it is refused at, that is one refusal
            await self._store.refused(self._terms, issued.login, kind)

    async def aclose(self) -> None:
        """Stop a login that is running, and wait until others may log in."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running}, timeout=CLOSING)

    async def _renew(self) -> IssuedToken | NagorikError:
        stale = self._issued.login if self._issued is not None else None
        try:
            issued = await self._store.obtain(self._terms, stale)
        except NagorikError as error:
            return error
        self._issued = issued
        self._renew_at = self._clock.monotonic() + issued.renew_in
        return issued

    async def _logged_in(self, attempt: LoginAttempt) -> IssuedToken:
        """Log in at the agency; raises ``NagorikError`` and nothing else."""
        started = self._clock.monotonic()
        token: object
        try:
            token = await self._obtain(attempt)
        except Exception as error:  # noqa: BLE001 - a plugin's login may raise anything; its text may hold secrets
            fault = PluginFault("login-raised", plugin=self._plugin, exception=type_name(error))
            token = known_error(error) or fault
        if isinstance(token, NagorikError):
            raise _refused_login(token, attempt)
        # A subclass could say another thing each time that it is asked for its header.
        if type(token) is not Token or _header_of(token, self._key_header) is None:
            raise PluginFault("login-wrong-result", plugin=self._plugin)
        life, now = _life(token, self._clock), self._clock.monotonic()
        return IssuedToken(token, max(started + life - min(EARLY, life / 10) - now, LEAST), began=attempt.began)


def _header_of(token: Token, key_header: str) -> RawHeaders | None:
    """Its header, if a plugin may add it."""
    name, value = token.as_header()
    return raw_headers({name.decode("ascii"): value.decode("ascii")}, reserved=key_header, of_a_token=True)


def _refused_login(error: NagorikError, attempt: LoginAttempt) -> NagorikError:
    """What a login ended in. A refusal is one of the credentials, and never of the application that waits for it."""
    if isinstance(error, AgencyClosed) and attempt.has_reached:
        return AgencyClosed(error.until, layer=Layer.AGENCY)  # its own word, and not the manifest's hours
    refused = isinstance(error, AgencyRejected | DuplicateApplication | InputRejected)
    if refused or (isinstance(error, CredentialsRejected) and error.kind is CredentialProblem.UNSPECIFIED):
        return CredentialsRejected(CredentialProblem.WRONG, layer=error.layer)
    if isinstance(error, CredentialsRejected) and error.kind is CredentialProblem.NOT_PERMITTED:
        # At a call, it is about one operation; at a login, about all of them.
        return CredentialsRejected(CredentialProblem.REVOKED, layer=error.layer)
    return error


def _life(token: Token, clock: Clock) -> float:
    """Seconds that a token is good for, infinite if it does not say."""
    until = math.inf if token.expires_at is None else (token.expires_at - clock.now()).total_seconds()
    life = min(until, math.inf if token.expires_in is None else token.expires_in)
    # One that has ended as it is handed out was written by a clock that is behind. It is good until it is refused;
    # else each call would log in.
    return life if life > 0 else math.inf
