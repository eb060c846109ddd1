"""The platform's token at one agency: obtained once for all that need it, and renewed before it expires.

``TokenCache`` is one process's; ``TokenStore`` is where it has tokens from. ``LocalTokenStore`` serves a process that
shares its agencies with no other: it logs in, as often as the agency allows. A host gives one that its processes
share.
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
from hashlib import blake2b, sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, Protocol
from uuid import uuid4

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
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.headers import raw_headers
from nagorik_platform.contract_errors import known_error
from nagorik_platform.tracebacks import type_name

EARLY: Final = 30.0
"""Seconds before its end at which a token is renewed, or a tenth of its life if that is less."""
LEAST: Final = 1.0
"""Seconds after a login in which no call asks for another, unless the agency refuses the token: one whose end is
written so near that each call would log in is often good for longer."""
REFUSED_PAUSES: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
"""For how long nobody tries credentials again that an agency has refused once, twice, and so on: four times on the
first day, once on each that follows. Some lock an account after a few; and they become good by somebody's work."""
REFUSALS_REMEMBERED: Final = timedelta(days=2)
"""For how long refusals count after the last of them, though the credentials were let in since: longer than the
longest pause, so that whoever is let in and refused once a day stays at one try a day."""
REFUSED_IN_A_ROW: Final = 5
"""Calls in a row, of which an agency says no more than that it lets nobody in, before that is taken for a refusal of
the credentials: one alone may be of one application."""
CLOSING: Final = 5.0
"""Seconds that a login which is stopped is waited for; a plugin's code need not heed that."""
LETS_NOBODY_IN: Final = frozenset(CredentialProblem) - {
    CredentialProblem.NOT_PERMITTED,
    CredentialProblem.UNSPECIFIED,
}
"""Refusals of the platform's credentials that are sure to meet whoever comes with them."""
_SAY_NOT_WHO: Final = frozenset({"connect_timeout", "read_timeout", "transport"})
"""Settings that say nothing of who logs in where."""
_FILES: Final = ("client_certificate", "client_key", "certificate_authority")


@dataclass(slots=True, repr=False)
class LoginAttempt:
    """A login under way, as the store that counts logins sees it.

    Attributes:
        count_again: Counts one more login; raises ``RateLimited`` where the agency allows no more now.
        began: When it was counted, on the client's monotonic clock. Its deadline counts from then.
    """

    count_again: Callable[[], Awaitable[None]]
    began: float
    _sent: Counter[str] = field(default_factory=Counter)

    @property
    def has_reached(self) -> bool:
        """Whether any of its requests may have reached the agency."""
        return self._sent.total() > 0

    async def begin(self, request: str) -> None:
        """Count a request that is about to be sent. One that may have reached the agency before is one more login.

        Args:
            request: Its method and address. A login of several requests, such as one for a nonce, is one login.

        Raises:
            RateLimited: The agency allows no more logins now; it is not to be sent.
        """
        self._sent[request] += 1
        if self._sent[request] == 1:
            return
        try:
            await self.count_again()
        except BaseException:
            self.withdraw(request)
            raise

    def withdraw(self, request: str) -> None:
        """A request that has begun provably did not reach the agency."""
        self._sent[request] -= 1


@dataclass(frozen=True, slots=True, repr=False)
class IssuedToken:
    """A token, and for how long it is used.

    Attributes:
        token: The token.
        renew_in: Seconds until it is renewed; infinite where it is good until it is refused.
        login: Names the login that brought it; no other has the same name.
        began: When that login began, on the client's monotonic clock, or before; it may be another process's.
        on_trial: Whether the credentials were refused lately. No other login follows where the agency refuses the
            token, too.
    """

    token: Token
    renew_in: float
    login: str = ""
    began: float = math.inf
    on_trial: bool = False


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
        """Why nobody logs in with them now, ``since`` after they were refused at last; ``None`` if somebody may."""
        if self.kind is None or since >= refused_pause(self.count):
            return None
        return CredentialsRejected(self.kind, layer=Layer.CORE)

    def refused(self, kind: CredentialProblem, since: timedelta) -> "RefusedCredentials":
        """As they are refused again, ``since`` after they were refused at last.

        One success in between makes nothing good: an agency may let in, and refuse, in turns.
        """
        return RefusedCredentials(self.count + 1 if self.is_remembered(since) else 1, kind)

    def let_in(self) -> "RefusedCredentials":
        """As they are let in."""
        return replace(self, kind=None)

    def is_remembered(self, since: timedelta) -> bool:
        """Whether they were refused lately, ``since`` after they were at last."""
        return self.count > 0 and (self.kind is not None or since < REFUSALS_REMEMBERED)


def refused_pause(count: int) -> timedelta:
    """For how long nobody tries credentials that were refused ``count`` times, at least once."""
    return REFUSED_PAUSES[min(max(count, 1), len(REFUSED_PAUSES)) - 1]


def refusal_of(error: BaseException, attempt: LoginAttempt) -> CredentialProblem | None:
    """Why an agency refused the credentials, if that is what a login ended in and the agency has seen them."""
    return error.kind if isinstance(error, CredentialsRejected) and attempt.has_reached else None


class TokenStore(Protocol):
    """Where a process has its tokens from: one that another has obtained with the same settings, or a login."""

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:
        """A token that is believed good, logging in where there is none.

        Args:
            terms: Who logs in where.
            stale: The login that brought the token which the agency refused, or which has ended: it is another that
                is wanted.

        Raises:
            RateLimited: The agency allows no more logins before ``retry_after`` seconds; none was sent.
            CredentialsRejected: With ``Layer.CORE``, the agency refused these credentials lately; none was sent.
            NagorikError: What the login ended in, here or in the process that was waited for.
        """
        ...

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """The agency let somebody in, and refuses at calls what that login brought: it refuses the credentials.

        However many calls are refused with one token, that is one refusal. The next ``obtain`` hears of it.

        Args:
            terms: Who logged in where.
            login: The login that brought the token.
            kind: Why the agency refuses it.
        """
        ...


class LocalTokenStore:
    """Logs in for one process that shares its agencies with no other, no more often than each allows.

    A login is counted from its end: it reached the agency at some moment before that. Credentials that were refused
    are remembered for as long as the process lives, by a hash with a key of its own.
    """

    def __init__(self, clock: Clock) -> None:
        """Count logins by ``clock``."""
        self._clock = clock
        self._ended: dict[str, list[float]] = {}
        self._hash_key = token_bytes(32)
        self._refused: dict[bytes, tuple[RefusedCredentials, float]] = {}
        self._brought: dict[bytes, str] = {}
        """By credentials, the last login that brought a token."""

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:  # noqa: ARG002 - it keeps none
        """As ``TokenStore.obtain``."""
        most, period = terms.limits.logins, terms.limits.login_period.total_seconds()
        own, began, identity = list[float](), self._clock.monotonic(), self._identity(terms)
        standing, since = self._standing(identity)
        held_off = standing.holds_off(since)
        if held_off is not None:
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
            kind = refusal_of(error, attempt)
            if kind is not None:
                self._refuse(identity, kind)
            raise
        finally:
            if attempt.has_reached:
                self._ended[terms.plugin] += [self._clock.monotonic()] * len(own)
        if identity in self._refused:
            known, refused_at = self._refused[identity]
            self._refused[identity] = known.let_in(), refused_at
        login = self._brought[identity] = str(uuid4())
        return replace(issued, login=login, on_trial=standing.is_remembered(since))

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """As ``TokenStore.refused``."""
        identity = self._identity(terms)
        if self._brought.get(identity) == login:
            del self._brought[identity]
            self._refuse(identity, kind)

    def _identity(self, terms: LoginTerms) -> bytes:
        return blake2b(f"{terms.plugin}\x00{terms.settings}".encode(), key=self._hash_key).digest()

    def _standing(self, identity: bytes) -> tuple[RefusedCredentials, timedelta]:
        now = self._clock.monotonic()
        standing, refused_at = self._refused.get(identity, (RefusedCredentials(), now))
        return standing, timedelta(seconds=now - refused_at)

    def _refuse(self, identity: bytes, kind: CredentialProblem) -> None:
        standing, since = self._standing(identity)
        self._refused[identity] = standing.refused(kind, since), self._clock.monotonic()


def login_limit_reached(seconds: float) -> RateLimited:
    """Why there is no login before so many seconds; the agency has said nothing, and nothing of the application."""
    return RateLimited(retry_after=max(seconds, LEAST), layer=Layer.CORE)


def settings_as_text(settings: BaseModel) -> str:
    """What a token belongs to of a plugin's settings, the same for the same values in each process. It holds secrets.

    A file of TLS counts by its content: another certificate at the same path is another's.
    """
    values = {name: value for name, value in _fields(settings).items() if name not in _SAY_NOT_WHO}
    if isinstance(settings, AgencySettings):
        values |= {name: _digest(getattr(settings, name)) for name in _FILES}
    return _canonical(values)


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _fields(model: BaseModel) -> dict[str, Any]:
    """The fields themselves: a model's own dump may leave some out."""
    return {name: getattr(model, name) for name in type(model).model_fields} | (model.model_extra or {})


def _plain(value: Any) -> Any:
    """A value as JSON, in an order that is the same in each process."""
    match value:
        case Secret() | SecretStr() | SecretBytes():
            return _plain(value.get_secret_value())
        case BaseModel():
            return _plain(_fields(value))
        case Mapping():
            return {"pairs": sorted([_canonical(key), _canonical(one)] for key, one in value.items())}
        case Set():
            return {"members": sorted(map(_canonical, value))}
        case list() | tuple():
            return [_plain(one) for one in value]
        case bytes():
            return {"bytes": value.hex()}
        case None | bool() | int() | float() | str():
            return value
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({one.name: getattr(value, one.name) for one in fields(value)})
    return str(value)


def _digest(file: Path | None) -> str | None:
    """A hash of a file's content; ``None`` without one, or where it cannot be read, which the client reports."""
    if file is None:
        return None
    with suppress(DataFileInvalid):
        return sha256(read_file(file)).hexdigest()
    return None


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
        self._refused_in_a_row = 0
        self._is_on_trial = False
        """Whether the credentials or the token before were refused lately, and no call has shown it to be good."""
        self._refused_at = math.inf
        """When a token was refused, if no call was let in since."""
        self._running: asyncio.Task[IssuedToken | NagorikError] | None = None

    async def current(self, deadline: Deadline) -> IssuedToken:
        """A token that is believed good, obtaining one when there is none.

        Raises:
            NagorikError: What the login ended in; ``AgencyUnavailable`` when it does not end before ``deadline``.
        """
        issued = self._issued
        if issued is not None and self.holds(issued):
            return issued
        # The login is a task of its own, so that the call that happened to start it may be cancelled
        # without taking the others' login with it.
        task = self._running
        if task is None:
            task = self._running = asyncio.get_running_loop().create_task(self._renew(), context=Context())
            task.add_done_callback(self._finished)
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

    def invalidate(self, issued: IssuedToken) -> None:
        """The agency refused a token; the next call asks for another, unless one has done so meanwhile."""
        if self._issued is issued:
            self._renew_at = -math.inf
            self._refused_at = min(self._refused_at, self._clock.monotonic())

    def accepted(self) -> None:
        """The agency let in a request with its token, whatever it answered."""
        self._refused_in_a_row = 0
        self._is_on_trial, self._refused_at = False, math.inf

    def is_on_trial(self, issued: IssuedToken) -> bool:
        """Whether a token is to show if the credentials are good, and no call has shown it yet."""
        return self._issued is issued and self._is_on_trial

    async def refused(self, issued: IssuedToken, kind: CredentialProblem, *, is_fresh: bool) -> None:
        """The agency refused a request with a token. Where it means the credentials, the store hears of it.

        Args:
            issued: What was sent.
            kind: Why it was refused.
            is_fresh: Whether the agency refuses what a login has just brought.
        """
        self._refused_in_a_row += 1
        is_sure = is_fresh or kind in LETS_NOBODY_IN or self._refused_in_a_row >= REFUSED_IN_A_ROW
        is_sure = is_sure or self.is_on_trial(issued)
        if self._issued is issued and is_sure:
            self._refused_in_a_row = 0
            self.invalidate(issued)
            await self._store.refused(self._terms, issued.login, kind)

    async def aclose(self) -> None:
        """Stop a login that is running, and wait until others may log in."""
        running = self._running
        if running is not None:
            running.cancel()
            await asyncio.wait({running}, timeout=CLOSING)

    async def _renew(self) -> IssuedToken | NagorikError:
        stale = self._issued.login if self._issued is not None else None
        try:
            issued = await self._store.obtain(self._terms, stale)
        except NagorikError as error:
            return error
        self._issued = issued
        self._is_on_trial = issued.on_trial or issued.began >= self._refused_at
        self._renew_at = self._clock.monotonic() + issued.renew_in
        return issued

    async def _logged_in(self, attempt: LoginAttempt) -> IssuedToken:
        """Log in at the agency.

        Raises:
            NagorikError: What it ended in; ``PluginFault`` where that is none of ``nagorik.errors``, or no token.
        """
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
        if type(token) is not Token or not self._may_travel(token):
            raise PluginFault("login-wrong-result", plugin=self._plugin)
        life, now = _life(token, self._clock), self._clock.monotonic()
        return IssuedToken(token, max(started + life - min(EARLY, life / 10) - now, LEAST), began=attempt.began)

    def _may_travel(self, token: Token) -> bool:
        """Whether its header is one that a plugin may add."""
        name, value = token.as_header()
        headers = {name.decode("ascii"): value.decode("ascii")}
        return raw_headers(headers, reserved=self._key_header, of_a_token=True) is not None

    def _finished(self, task: asyncio.Task[IssuedToken | NagorikError]) -> None:
        if self._running is task:
            self._running = None

    def __repr__(self) -> str:
        return f"<TokenCache {self._plugin}>"


def _refused_login(error: NagorikError, attempt: LoginAttempt) -> NagorikError:
    """What a login ended in. A refusal is one of the credentials, and never of the application that waits for it."""
    if isinstance(error, AgencyClosed) and attempt.has_reached:
        return AgencyClosed(error.until, layer=Layer.AGENCY)  # its own word, and none of the manifest's hours
    refused = isinstance(error, AgencyRejected | DuplicateApplication | InputRejected)
    if refused or (isinstance(error, CredentialsRejected) and error.kind is CredentialProblem.UNSPECIFIED):
        return CredentialsRejected(CredentialProblem.WRONG, layer=error.layer)
    if isinstance(error, CredentialsRejected) and error.kind is CredentialProblem.NOT_PERMITTED:
        # Of one operation that is its own matter. Whoever may not log in is let in for nothing.
        return CredentialsRejected(CredentialProblem.REVOKED, layer=error.layer)
    return error


def _life(token: Token, clock: Clock) -> float:
    """Seconds that a token is good for, infinite if nobody says."""
    until = math.inf if token.expires_at is None else (token.expires_at - clock.now()).total_seconds()
    life = min(until, math.inf if token.expires_in is None else token.expires_in)
    # One that has ended as it is handed out was written by a clock that is behind. It is good until it is refused;
    # else each call would log in.
    return life if life > 0 else math.inf
