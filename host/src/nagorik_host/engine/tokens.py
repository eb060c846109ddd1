"""One token for all processes: who finds none logs in for all, and the others wait for what that brings.

A login is under way for as long as it may take; whoever began one and is not heard of by then has lost it, whatever
it brings. A token that the agency refused is named by whoever was refused: where another stands there by then, that
is used. So of ten processes that were refused with the same token one logs in.

Where the agency allows so many logins in so long, each is written down in the transaction that begins it, as one at
the last moment at which it may reach the agency; once it has ended, that is when it was at the latest. Credentials
that an agency has refused are tried again seldom, by whoever is first.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
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
LOOK_AGAIN: Final = 0.1
"""Seconds after which it is looked whether another's login has ended; they double up to the longest."""
LONGEST_LOOK: Final = 1.0
UNUSED: Final = timedelta(days=1)
"""After so long the tokens of other settings are forgotten, when somebody logs in."""
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
    update(agency_tokens)
    .where(_ID, _IS_OWN)
    .values(refused=bindparam("kind"), refusals=bindparam("count"), refused_at=NOW)
)
_TRY_AGAIN: Final = (
    update(agency_tokens)
    .where(agency_tokens.c.plugin == bindparam("name"), agency_tokens.c.refused.is_not(None))
    .values(refused=None, refusals=None, refused_at=None)
)
_FORGET_OTHERS: Final = delete(agency_tokens).where(
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

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:
        """As ``TokenStore.obtain``.

        Raises:
            AgencyUnavailable: ``token-unknown``: the database cannot be reached.
            NagorikError: As ``TokenStore.obtain``.
        """
        identity = self._vault.lookup("agency-token", f"{terms.plugin}\x00{terms.settings}")
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
            if isinstance(found, datetime):
                issued = await self._log_in(identity, terms, own, began, found)
                if issued is not None:
                    return issued
                continue
            awaited = found
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)

    async def _log_in(
        self, identity: str, terms: LoginTerms, own: str, began: float, at: datetime
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
            end = partial(self._fail, identity=identity, terms=terms, own=own, error=failure, attempt=attempt)
            with suppress(DatabaseUnavailable):  # the others wait until it is over by its time
                await self._database.run(end)
            raise
        try:
            kept = await self._database.run(
                partial(self._keep, identity=identity, terms=terms, own=own, at=at, issued=issued)
            )
        except DatabaseUnavailable:
            kept = True  # good for this process; the others find out that it has ended by its time
        return IssuedToken(issued.token, issued.renew_in, own, began) if kept else None

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
    ) -> IssuedToken | NagorikError | str | datetime:
        """The token that is kept, or why there is none, or the login that is under way.

        If none is, ``own`` begins; when it did, by the database's clock.
        """
        row = self._row(transaction, identity, terms.plugin)
        issued = self._kept(row, stale, asked)
        if issued is not None:
            return issued
        if awaited is not None and row.failed == awaited:
            return _error_of(row.failure, terms.plugin)
        standing, since = _standing(row)
        held_off = standing.holds_off(since)
        if held_off is not None:
            return held_off
        under_way = _under_way(row, _longest(terms))
        if under_way is not None:
            return row.now if under_way == own else under_way  # it may be tried again after it was committed
        refused = self._count(transaction, terms=terms, own=own)
        if refused is not None:
            return refused
        transaction.connection.execute(_BEGIN, self._timed(_longest(terms)) | {"id_": identity, "own": own})
        begun: datetime = row.now
        return begun

    def _row(self, transaction: Transaction, identity: str, plugin: str) -> Row[Any]:
        wanted = {"id_": identity, LEASE_NOW: time_of(self._clock)}
        row = transaction.connection.execute(_ROW, wanted).one_or_none()
        if row is not None:
            return row
        try:
            with transaction.connection.begin_nested():
                made = {"id": identity, "plugin": plugin, LEASE_NOW: wanted[LEASE_NOW]}
                transaction.connection.execute(_MAKE, made)
        except IntegrityError:
            pass  # another process was first
        return transaction.connection.execute(_ROW, wanted).one()

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
        transaction.connection.execute(_FORGET_OTHERS, self._timed(-UNUSED) | {"name": terms.plugin, "id_": identity})
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
    ) -> None:
        """Tell those who wait what a login ended in; one that has not reached the agency is none there."""
        ended = _LOGINS_END if attempt.has_reached else _NO_LOGIN
        transaction.connection.execute(
            ended, ({LEASE_NOW: time_of(self._clock)} if attempt.has_reached else {}) | {"own": own}
        )
        kind, named = refusal_of(error, attempt), {"id_": identity, "own": own}
        if kind is not None:
            standing, since = _standing(self._row(transaction, identity, terms.plugin))
            refused = {"kind": kind.value, "count": standing.refused(kind, since).count}
            transaction.connection.execute(_REFUSE, self._timed() | named | refused)
        told = {"error": json.dumps({"code": error.code, **error.details()})}
        transaction.connection.execute(_FAIL, self._timed() | named | told)

    def _timed(self, lasts: timedelta | None = None) -> dict[str, Any]:
        timed: dict[str, Any] = {LEASE_NOW: time_of(self._clock)}
        return timed if lasts is None else timed | {LASTS: lasts // MICROSECOND}


def _longest(terms: LoginTerms) -> timedelta:
    """How long after its begin a login is taken for lost."""
    return timedelta(seconds=terms.limits.deadline) + GRACE


def _under_way(row: Row[Any], longest: timedelta) -> str | None:
    """The login that is under way; what nobody can have written is none."""
    login, until = row.under_way, row.under_way_until
    if not isinstance(login, str) or until is None:
        return None
    return login if row.now < until <= row.now + longest else None


def _standing(row: Row[Any]) -> tuple[RefusedCredentials, timedelta]:
    """How the agency took the credentials of ``row``, and how long ago; what nobody can have written says nothing."""
    count, at = row.refusals, row.refused_at
    if not isinstance(count, int) or at is None or not timedelta(0) <= row.now - at + SKEW:
        return RefusedCredentials(), timedelta(0)
    kind = CredentialProblem(row.refused) if row.refused in frozenset(CredentialProblem) else None
    return RefusedCredentials(count, kind), max(row.now - at, timedelta(0))


def try_refused_again(transaction: Transaction, plugin: str) -> bool:
    """Let somebody log in with credentials that a plugin's agency has refused: an officer says that they are good.

    Whether there are any.
    """
    return transaction.connection.execute(_TRY_AGAIN, {"name": plugin}).rowcount > 0


def forget_tokens(transaction: Transaction) -> None:
    """Let everybody log in anew: the tokens of a database that was restored are those of another time."""
    transaction.connection.execute(delete(agency_tokens))


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
        return _ERRORS[told["code"]](told, plugin)
    except (LookupError, TypeError, ValueError):
        return AgencyUnavailable(because="login-failed")  # one that says nothing more, or is damaged
