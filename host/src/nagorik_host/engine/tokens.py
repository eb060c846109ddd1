"""One token for all processes: who finds none logs in for all, and the others wait for what that brings.

A login is under way for as long as it may take; whoever began one and is not heard of by then has lost it, whatever
it brings. A token that the agency refused is named by whoever was refused: where another stands there by then, that
is used. So of ten processes that were refused with the same token one logs in.

Where the agency allows so many logins in so long, each is written down in the transaction that begins it, as one at
the last moment at which it may reach the agency; once it has ended, that is when it was at the latest. Credentials
that an agency has refused are tried again seldom, by whoever is first.
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import LargeBinary, Row, Select, bindparam, delete, func, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import NullType

from nagorik import (
    AgencyClosed,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    NagorikError,
    PluginFault,
    RateLimited,
    Token,
)
from nagorik.clock import Clock
from nagorik.errors import CredentialProblem, Layer
from nagorik_host.engine.instants import row_of, time_of
from nagorik_host.store.clock import LASTS, LEASE_NOW, NOW, UNTIL
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction, Unit
from nagorik_host.store.schema import MICROSECOND, agency_logins, agency_tokens, restorations
from nagorik_host.vault import Erased, KeyMissing, SealBroken, Vault
from nagorik_platform.agency_client.tokens import (
    REFUSED_PAUSES,
    IssuedToken,
    LoginAttempt,
    LoginTerms,
    RefusedCredentials,
    login_limit_reached,
    refusal_of,
)

UNKNOWN: Final = "token-unknown"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""
GRACE: Final = timedelta(seconds=5)
"""How long after the longest that a login may take another may be begun."""
SKEW: Final = timedelta(minutes=1)
"""A login that was counted further ahead was none: its row is damaged, or the database's clock was set back."""
FEWER: Final = 60.0
"""Seconds in which nobody logs in where the agency has asked for fewer logins, and has not said for how long."""
LOOK_AGAIN: Final = 0.1
"""Seconds after which it is looked whether another's login has ended; they double up to the longest."""
LONGEST_LOOK: Final = 1.0
UNUSED: Final = timedelta(days=2)
"""After so long the tokens of other settings are forgotten, when somebody logs in."""
REFUSED_BEFORE: Final = timedelta(days=90)
"""After so long the refusals of credentials that nobody uses are forgotten, when somebody logs in with others."""
MOST_REFUSALS: Final = 1_000_000
"""More than anybody is refused; a count from here on is damage."""
_FOR_EVER: Final = timedelta(days=3650).total_seconds()
_PLACE: Final = "agency-token"

_ID: Final = agency_tokens.c.id == bindparam("id_")
_IS_OWN: Final = agency_tokens.c.under_way == bindparam("own")
# Bytes as they are there: SQLite lets anybody write something else into any column.
_BYTES: Final = tuple(
    type_coerce(column, NullType()).label(column.name)
    for column in (agency_tokens.c.data_key, agency_tokens.c.sealed)
)
_ROW: Final[Select[Any]] = (
    select(
        *(column for column in agency_tokens.c if not isinstance(column.type, LargeBinary)),
        *_BYTES,
        NOW.label("now"),
    )
    .where(_ID)
    .with_for_update()
)
_MAKE: Final = insert(agency_tokens).values(changed_at=NOW)
_BEGIN: Final = (
    update(agency_tokens).where(_ID).values(under_way=bindparam("own"), under_way_until=UNTIL, changed_at=NOW)
)
_OVER: Final[Mapping[str, Any]] = MappingProxyType({"under_way": None, "under_way_until": None, "changed_at": NOW})
_KEEP: Final = (
    update(agency_tokens)
    .where(_ID, _IS_OWN)
    .values(
        login=bindparam("own"),
        data_key=bindparam("wrapped"),
        sealed=bindparam("content"),
        renew_at=UNTIL,
        let_in_at=NOW,
        failed=None,
        failure=None,
        refused=None,
        **_OVER,
    )
)
_GOOD_UNTIL_REFUSED: Final = update(agency_tokens).where(_ID).values(renew_at=None)
_FAIL: Final = (
    update(agency_tokens).where(_ID, _IS_OWN).values(failed=bindparam("own"), failure=bindparam("error"), **_OVER)
)
_REFUSE: Final = (
    update(agency_tokens).where(_ID).values(refused=bindparam("kind"), refusals=bindparam("count"), refused_at=UNTIL)
)
# Nobody has waited for a clock that was set back: what is counted from is now.
_REFUSED_NOW: Final = update(agency_tokens).where(_ID).values(refused_at=NOW)
_DROP: Final = (
    update(agency_tokens)
    .where(_ID, agency_tokens.c.login == bindparam("refused_login"))
    .values(login=None, data_key=None, sealed=None, renew_at=None, changed_at=NOW)
)
# The pause ends, and the count stays: another refusal follows those before it.
_TRY_AGAIN: Final = (
    update(agency_tokens)
    .where(agency_tokens.c.plugin == bindparam("name"), agency_tokens.c.refused.is_not(None))
    .values(refused=None, refused_at=NOW)
)
_TRIED: Final = update(agency_tokens).where(_ID).values(tried_in=bindparam("refused_since"))
_FORGET_OTHERS: Final = delete(agency_tokens).where(
    agency_tokens.c.plugin == bindparam("name"),
    agency_tokens.c.id != bindparam("id_"),
    agency_tokens.c.changed_at < UNTIL,
    agency_tokens.c.refusals.is_(None),
)
_FORGET_TOKENS: Final = update(agency_tokens).values(
    login=None, data_key=None, sealed=None, renew_at=None, under_way=None, under_way_until=None
)
_FORGET_REFUSED: Final = delete(agency_tokens).where(
    agency_tokens.c.plugin == bindparam("name"),
    agency_tokens.c.id != bindparam("id_"),
    agency_tokens.c.changed_at < UNTIL,
)
_LOGINS: Final = select(agency_logins.c.at, NOW.label("now")).where(agency_logins.c.plugin == bindparam("name"))
_COUNT: Final = insert(agency_logins).values(at=UNTIL)
_OWN_LOGINS: Final = agency_logins.c.login == bindparam("own")
_LAST_NUMBER: Final = select(func.max(agency_logins.c.number)).where(_OWN_LOGINS)
_LOGINS_END: Final = update(agency_logins).where(_OWN_LOGINS).values(at=NOW)
_NO_LOGIN: Final = delete(agency_logins).where(_OWN_LOGINS)
_FORGET_LOGINS: Final = delete(agency_logins).where(
    agency_logins.c.plugin == bindparam("name"), agency_logins.c.at <= UNTIL
)
_FORGET_IMPOSSIBLE: Final = delete(agency_logins).where(
    agency_logins.c.plugin == bindparam("name"), agency_logins.c.at > UNTIL
)
_RESTORED: Final = select(func.max(restorations.c.at), NOW.label("now")).where(restorations.c.at <= UNTIL)


class SharedTokenStore:
    """Where processes share their agencies' tokens, a ``nagorik_platform.agency_client.TokenStore``."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Keep tokens in ``database``, sealed by ``vault``.

        Args:
            database: The host's.
            vault: Of the same host.
            clock: What is waited on; where it is simulated, also the time of what stands in the database.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._unwritten: dict[str, list[_UnwrittenRefusal]] = {}
        """By credentials, refusals that the database does not know of, because it was away."""
        self._writing = asyncio.Lock()

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:
        """As ``TokenStore.obtain``.

        Raises:
            AgencyUnavailable: ``token-unknown``: the database cannot be reached.
            NagorikError: As ``TokenStore.obtain``.
        """
        identity = settings_identity(self._vault, terms.plugin, terms.settings)
        await self._write_refusals(identity, terms)
        awaited, pause = None, LOOK_AGAIN
        while True:
            own, began = str(uuid4()), self._clock.monotonic()
            found = await self._run(
                partial(
                    self._look, identity=identity, terms=terms, own=own, asked=began, stale=stale, awaited=awaited
                )
            )
            if isinstance(found, IssuedToken):
                return found
            if isinstance(found, NagorikError):
                raise found
            if isinstance(found, _BegunLogin):
                issued = await self._log_in(identity, terms, own, began, found)
                if issued is not None:
                    return issued
                continue
            awaited = found
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """As ``TokenStore.refused``; a database that is away hears of it as soon as this process asks again."""
        identity = settings_identity(self._vault, terms.plugin, terms.settings)
        unwritten = _UnwrittenRefusal(kind, self._clock.monotonic(), token_of=login)
        self._unwritten.setdefault(identity, []).append(unwritten)
        with suppress(DatabaseUnavailable):
            await self._flush(identity, terms)

    async def _write_refusals(self, identity: str, terms: LoginTerms) -> None:
        """Let the database know of refusals that it was away for: nobody logs in before.

        Raises:
            AgencyUnavailable: It is away still.
        """
        if self._unwritten.get(identity):
            try:
                await self._flush(identity, terms)
            except DatabaseUnavailable:
                raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None

    async def _flush(self, identity: str, terms: LoginTerms) -> None:
        async with self._writing:
            told = list(self._unwritten.get(identity, ()))
            now = self._clock.monotonic()
            await self._database.run(
                partial(self._refuse_all, identity=identity, terms=terms, refusals=told, now=now)
            )
            left = [one for one in self._unwritten.pop(identity, []) if one not in told]
            if left:
                self._unwritten[identity] = left

    async def _log_in(
        self, identity: str, terms: LoginTerms, own: str, began: float, begun: "_BegunLogin"
    ) -> IssuedToken | None:
        """Log in for all; ``None`` where another has begun to meanwhile, because this one took too long.

        Raises:
            NagorikError: What the login ended in.
        """
        count = partial(self._run, partial(self._count, terms=terms, own=own))

        async def count_again() -> None:
            refused = await count()
            if refused is not None:
                raise refused

        attempt = LoginAttempt(count_again, began)
        try:
            issued = await terms.log_in(attempt)
        except BaseException as error:
            failure = error if isinstance(error, NagorikError) else AgencyUnavailable(because="login-broken-off")
            kind = refusal_of(failure, attempt)
            refusal = _UnwrittenRefusal(kind, self._clock.monotonic()) if kind is not None else None
            end = partial(
                self._fail,
                identity=identity,
                terms=terms,
                own=own,
                error=failure,
                attempt=attempt,
                refusals=[refusal] if refusal is not None else [],
                now=self._clock.monotonic(),
            )
            try:
                await self._database.run(end)
            except DatabaseUnavailable:
                # The others wait until it is over by its time. This process tells of the refusal before it logs in.
                if refusal is not None:
                    self._unwritten.setdefault(identity, []).append(refusal)
            raise
        try:
            kept = await self._database.run(
                partial(self._keep, identity=identity, terms=terms, own=own, at=begun.at, issued=issued)
            )
        except DatabaseUnavailable:
            kept = True  # good for this process; the others find out that it has ended by its time
        return IssuedToken(issued.token, issued.renew_in, own, began, begun.on_trial) if kept else None

    async def _run(self, unit: "Unit[Any]") -> Any:
        try:
            return await self._database.run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None

    # In transactions

    def _look(
        self,
        transaction: Transaction,
        *,
        identity: str,
        terms: LoginTerms,
        own: str,
        asked: float,
        stale: str | None,
        awaited: str | None,
    ) -> "IssuedToken | NagorikError | str | _BegunLogin":
        """The token that is kept, or why there is none, or the login that is under way.

        If none is, ``own`` begins.
        """
        row = self._row(transaction, identity, terms.plugin)
        issued = self._kept(row, stale, asked)
        if issued is not None:
            return issued
        if awaited is not None and row.failed == awaited:
            return _error_of(row.failure, terms.plugin)
        standing, since = self._standing(transaction, row)
        held_off = standing.holds_off(since) or _asked_to_wait(row)
        if held_off is not None:
            return held_off
        begun = _BegunLogin(row.now, standing.is_remembered(since))
        under_way = _under_way(row, _longest(terms))
        if under_way is not None:
            return begun if under_way == own else under_way  # it may be tried again after it was committed
        refused = self._count(transaction, terms=terms, own=own)
        if refused is not None:
            return refused
        transaction.connection.execute(_BEGIN, self._timed(_longest(terms)) | {"id_": identity, "own": own})
        return begun

    def _row(self, transaction: Transaction, identity: str, plugin: str) -> Row[Any]:
        return _row_of(transaction, identity, plugin, time_of(self._clock))

    def _kept(self, row: Row[Any], stale: str | None, asked: float) -> IssuedToken | None:
        left = math.inf if row.renew_at is None else (row.renew_at - row.now).total_seconds()
        # None is kept for so long: what says so is damaged, or the clock was set back by years.
        lasts = 0 < left <= _FOR_EVER or row.renew_at is None
        if not isinstance(row.login, str) or row.login == stale or not lasts:
            return None
        try:
            key = self._vault.data_key(row.data_key, row.id)
            header, value, began = json.loads(key.open(row.sealed, _PLACE))
            before = (row.now - datetime.fromisoformat(began)).total_seconds()
        except (Erased, KeyMissing, SealBroken, AttributeError, TypeError, ValueError):
            return None  # whoever cannot read it logs in and leaves another
        return IssuedToken(Token(value, scheme="", header=header), left, row.login, asked - before)

    def _count(self, transaction: Transaction, *, terms: LoginTerms, own: str) -> RateLimited | None:
        """Write a login down, where they are counted; why there may be none now, if that is so."""
        most, period = terms.limits.logins, terms.limits.login_period
        if most is None:
            return None
        # Whoever logs in with other settings counts, too: one of both is first.
        row_of(transaction, terms.plugin, time_of(self._clock))
        named = {"name": terms.plugin}
        restored, now = transaction.connection.execute(_RESTORED, self._timed(SKEW)).one()
        if restored is not None and now < restored + period:
            # Nobody knows of the logins after the copy was made: they may have been as many as are allowed.
            return login_limit_reached((restored + period - now).total_seconds())
        transaction.connection.execute(_FORGET_LOGINS, self._timed(-period) | named)
        transaction.connection.execute(_FORGET_IMPOSSIBLE, self._timed(_longest(terms) + SKEW) | named)
        found = transaction.connection.execute(_LOGINS, named | self._timed()).all()
        if len(found) >= most:
            first = sorted(row.at for row in found)[-most]
            return login_limit_reached((first + period - found[0].now).total_seconds())
        number = (transaction.connection.scalar(_LAST_NUMBER, {"own": own}) or 0) + 1
        begun = {"login": own, "number": number, "plugin": terms.plugin}
        transaction.connection.execute(_COUNT, begun | self._timed(_longest(terms)))
        return None

    def _keep(
        self,
        transaction: Transaction,
        *,
        identity: str,
        terms: LoginTerms,
        own: str,
        at: datetime,
        issued: IssuedToken,
    ) -> bool:
        """Keep what a login brought, unless another has been begun since; whether it is kept."""
        transaction.connection.execute(_LOGINS_END, self._timed() | {"own": own})
        name, value = issued.token.as_header()
        key, wrapped = self._vault.make_data_key(identity)
        told = [name.decode("ascii"), value.decode("ascii"), at.isoformat()]
        content = key.seal(json.dumps(told).encode(), _PLACE)
        lasts = timedelta(seconds=min(issued.renew_in, _FOR_EVER))
        named = {"id_": identity, "own": own, "wrapped": wrapped, "content": content}
        if transaction.connection.execute(_KEEP, self._timed(lasts) | named).rowcount != 1:
            return False
        if issued.renew_in >= _FOR_EVER:
            transaction.connection.execute(_GOOD_UNTIL_REFUSED, {"id_": identity})
        others = {"name": terms.plugin, "id_": identity}
        transaction.connection.execute(_FORGET_OTHERS, self._timed(-UNUSED) | others)
        transaction.connection.execute(_FORGET_REFUSED, self._timed(-REFUSED_BEFORE) | others)
        return True

    def _fail(
        self,
        transaction: Transaction,
        *,
        identity: str,
        terms: LoginTerms,
        own: str,
        error: NagorikError,
        attempt: LoginAttempt,
        refusals: "Sequence[_UnwrittenRefusal]",
        now: float,
    ) -> None:
        """Tell those who wait what a login ended in; one that has not reached the agency is none there."""
        ended = _LOGINS_END if attempt.has_reached else _NO_LOGIN
        transaction.connection.execute(
            ended, ({LEASE_NOW: time_of(self._clock)} if attempt.has_reached else {}) | {"own": own}
        )
        self._refuse_all(transaction, identity=identity, terms=terms, refusals=refusals, now=now)
        failure = {"code": error.code, "layer": error.layer.value, **error.details()}
        told = {"id_": identity, "own": own, "error": json.dumps(failure)}
        transaction.connection.execute(_FAIL, self._timed() | told)

    def _refuse_all(
        self,
        transaction: Transaction,
        *,
        identity: str,
        terms: LoginTerms,
        refusals: "Sequence[_UnwrittenRefusal]",
        now: float,
    ) -> None:
        """Count refusals of credentials, each when it happened by a clock that tells ``now``; one token's are one."""
        for one in refusals:
            row = self._row(transaction, identity, terms.plugin)
            if one.token_of is not None:
                dropped = transaction.connection.execute(
                    _DROP, self._timed() | {"id_": identity, "refused_login": one.token_of}
                )
                if dropped.rowcount != 1:
                    continue
            ago = timedelta(seconds=max(now - one.at, 0.0))
            standing, since = self._standing(transaction, row)
            refused = standing.refused(one.kind, max(since - ago, timedelta(0)))
            values = {"id_": identity, "kind": one.kind.value, "count": refused.count}
            transaction.connection.execute(
                _REFUSE, self._timed(-min(ago, since) if standing.count else -ago) | values
            )

    def _standing(self, transaction: Transaction, row: Row[Any]) -> tuple[RefusedCredentials, timedelta]:
        """How the agency took the credentials of ``row``, and how long ago; damage says nothing.

        Where the database's clock was set back, the pause begins anew, and the count goes on.
        """
        count, at = row.refusals, row.refused_at
        if not isinstance(count, int) or not 0 <= count < MOST_REFUSALS or at is None:
            return RefusedCredentials(), timedelta(0)
        if at > row.now + SKEW:
            transaction.connection.execute(_REFUSED_NOW, self._timed() | {"id_": row.id})
        kind = CredentialProblem(row.refused) if row.refused in frozenset(CredentialProblem) else None
        return RefusedCredentials(count, kind), max(row.now - at, timedelta(0))

    def _timed(self, lasts: timedelta | None = None) -> dict[str, Any]:
        timed: dict[str, Any] = {LEASE_NOW: time_of(self._clock)}
        return timed if lasts is None else timed | {LASTS: lasts // MICROSECOND}


def _row_of(transaction: Transaction, identity: str, plugin: str, lease_now: datetime | None) -> Row[Any]:
    """The row of a plugin's settings, locked; made where there was none."""
    wanted = {"id_": identity, LEASE_NOW: lease_now}
    row = transaction.connection.execute(_ROW, wanted).one_or_none()
    if row is not None:
        return row
    try:
        with transaction.connection.begin_nested():
            made = {"id": identity, "plugin": plugin, LEASE_NOW: lease_now}
            transaction.connection.execute(_MAKE, made)
    except IntegrityError:
        pass  # another process was first
    return transaction.connection.execute(_ROW, wanted).one()


def _asked_to_wait(row: Row[Any]) -> RateLimited | None:
    """Why nobody logs in now with the settings of ``row``, where the agency has asked for fewer logins."""
    error = _error_of(row.failure, row.plugin) if isinstance(row.failed, str) else None
    if not isinstance(error, RateLimited) or error.layer is Layer.CORE:
        return None
    asked: object = error.retry_after
    # What no worker has written is no time to wait for.
    seconds = asked if isinstance(asked, int | float) and asked > 0 else FEWER
    wait = min(seconds, REFUSED_PAUSES[-1].total_seconds())
    left = wait - (row.now - row.changed_at).total_seconds()
    return RateLimited(retry_after=left, layer=Layer.CORE) if 0 < left <= wait else None


def _longest(terms: LoginTerms) -> timedelta:
    """How long after its begin a login is taken for lost."""
    return timedelta(seconds=terms.limits.deadline) + GRACE


def _under_way(row: Row[Any], longest: timedelta) -> str | None:
    """The login that is under way; what nobody can have written is none."""
    login, until = row.under_way, row.under_way_until
    if not isinstance(login, str) or until is None:
        return None
    return login if row.now < until <= row.now + longest else None


@dataclass(frozen=True, slots=True)
class _BegunLogin:
    """A login that may be sent.

    Attributes:
        at: When it was begun, by the database's clock.
        on_trial: Whether the credentials were refused lately.
    """

    at: datetime
    on_trial: bool


@dataclass(frozen=True, slots=True, eq=False)
class _UnwrittenRefusal:
    """A refusal of credentials that the database does not know of yet.

    Attributes:
        kind: Why the agency refused them.
        at: When, on the process's monotonic clock.
        token_of: The login whose token was refused at calls; ``None`` where the login itself was.
    """

    kind: CredentialProblem
    at: float
    token_of: str | None = None


def settings_identity(vault: Vault, plugin: str, settings: str) -> str:
    """The name of a plugin's settings in the database, which tells nobody what they are.

    Args:
        vault: The host's.
        plugin: The plugin's id.
        settings: The settings as text.
    """
    return vault.lookup("agency-token", f"{plugin}\x00{settings}")


def may_be_tried(
    transaction: Transaction,
    identity: str,
    plugin: str,
    *,
    refused_since: datetime,
    lease_now: datetime | None = None,
) -> bool:
    """Whether an agency that refuses the platform's credentials is to be tried with these settings.

    No refusal of theirs stands, and they were not tried so in this outage: this is said once, whatever a clock that
    is set back says meanwhile.

    Args:
        transaction: Of the host's database.
        identity: The settings, as ``settings_identity``.
        plugin: The agency's plugin.
        refused_since: When the outage began.
        lease_now: The time, where that is not the database's to say.
    """
    row = _row_of(transaction, identity, plugin, lease_now)
    if row.refused is not None or row.tried_in == refused_since:
        return False
    transaction.connection.execute(_TRIED, {"id_": identity, "refused_since": refused_since})
    return True


def try_refused_again(transaction: Transaction, plugin: str, lease_now: datetime | None = None) -> bool:
    """Let somebody log in with credentials that a plugin's agency has refused: an officer says that they are good.

    Another refusal is counted with those before it. Whether there are any.

    Args:
        transaction: Of the host's database.
        plugin: The agency's plugin.
        lease_now: The time, where that is not the database's to say.
    """
    return transaction.connection.execute(_TRY_AGAIN, {"name": plugin, LEASE_NOW: lease_now}).rowcount > 0


def forget_tokens(transaction: Transaction) -> None:
    """Let everybody log in anew: the tokens of a database that was restored are those of another time.

    What an agency has refused stays, and how often: the restoration has made nothing of that good.
    """
    transaction.connection.execute(_FORGET_TOKENS)


_ERRORS: Final[Mapping[str, Callable[[Mapping[str, Any], str], NagorikError]]] = MappingProxyType(
    {
        AgencyClosed.code: lambda told, _: AgencyClosed(datetime.fromisoformat(told["until"])),
        AgencyUnavailable.code: lambda told, _: AgencyUnavailable(
            because=told["because"], retry_after=told.get("retry_after")
        ),
        ContractViolation.code: lambda told, _: ContractViolation(told["violation"]),
        CredentialsRejected.code: lambda told, _: CredentialsRejected(CredentialProblem(told["kind"])),
        PluginFault.code: lambda told, plugin: PluginFault(
            told["fault"], plugin=plugin, exception=told.get("exception"), where=told.get("where")
        ),
        RateLimited.code: lambda told, _: RateLimited(retry_after=told.get("retry_after")),
    }
)


def _error_of(written: str, plugin: str) -> NagorikError:
    """What another process's login ended in."""
    try:
        told = json.loads(written)
        error = _ERRORS[told["code"]](told, plugin)
        error.layer = Layer(told["layer"])
    except (LookupError, TypeError, ValueError):
        return AgencyUnavailable(because="login-failed")  # one that says nothing more, or is damaged
    return error
