"""One token for all processes of a host: the first that finds none logs in for all, and the others wait for that.

All of it lies in one row for each plugin and its settings, read ``FOR UPDATE``. A login is under way for as long as
it may take, and is lost after that, whatever it brings. A token that the agency refused is named by the login that
brought it: where another stands there by then, that one is used. So of ten processes that were refused with the same
token one logs in.

Where the agency allows so many logins in so long, each is written down in the transaction that begins it, as one at
the last moment at which it may reach the agency; once it has ended, that is when it was at the latest.
"""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nagorik import AgencyUnavailable, NagorikError, RateLimited, Token
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
"""A login that was counted further ahead was none: the database's clock was set back."""
FEWER: Final = 60.0
"""Seconds in which no process logs in where the agency has asked for fewer logins, and has not said for how long."""
LOOK_AGAIN: Final = 0.1
"""Seconds after which it is read again whether another's login has ended; they double up to the longest."""
LONGEST_LOOK: Final = 1.0
UNUSED: Final = timedelta(days=90)
"""After so long the tokens and refusals of other settings are deleted, by the next login of their plugin."""
_FOR_EVER: Final = timedelta(days=3650).total_seconds()
_PLACE: Final = "agency-token"

_ID: Final = agency_tokens.c.id == bindparam("id_")
_IS_OWN: Final = agency_tokens.c.under_way == bindparam("own")
_NAMED: Final = agency_logins.c.plugin == bindparam("name")
_ROW: Final = select(agency_tokens, NOW.label("now")).where(_ID).with_for_update()
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
    update(agency_tokens).where(_ID, _IS_OWN).values(failed=bindparam("own"), failure=bindparam("because"), **_OVER)
)
_HOLD: Final = update(agency_tokens).where(_ID).values(held_until=UNTIL)
_REFUSE: Final = (
    update(agency_tokens).where(_ID).values(refused=bindparam("kind"), refusals=bindparam("count"), refused_at=NOW)
)
_NO_TOKEN: Final[Mapping[str, Any]] = MappingProxyType(dict.fromkeys(("login", "data_key", "sealed", "renew_at")))
_DROP: Final = update(agency_tokens).where(_ID, agency_tokens.c.login == bindparam("brought_by")).values(_NO_TOKEN)
# The pause ends, and the count stays: another refusal follows those before it.
_TRY_AGAIN: Final = (
    update(agency_tokens)
    .where(agency_tokens.c.plugin == bindparam("name"), agency_tokens.c.refused.is_not(None))
    .values(refused=None, refused_at=NOW)
)
_DELETE_UNUSED: Final = delete(agency_tokens).where(
    agency_tokens.c.plugin == bindparam("name"),
    agency_tokens.c.id != bindparam("id_"),
    agency_tokens.c.changed_at < UNTIL,
)
_FORGET_TOKENS: Final = update(agency_tokens).values({**_NO_TOKEN, "under_way": None, "under_way_until": None})
_LOGINS: Final = select(agency_logins.c.at, NOW.label("now")).where(_NAMED).order_by(agency_logins.c.at)
_COUNT: Final = insert(agency_logins).values(at=UNTIL)
_OWN_LOGINS: Final = agency_logins.c.login == bindparam("own")
_LAST_NUMBER: Final = select(func.max(agency_logins.c.number)).where(_OWN_LOGINS)
_LOGINS_END: Final = update(agency_logins).where(_OWN_LOGINS).values(at=NOW)
_NO_LOGIN: Final = delete(agency_logins).where(_OWN_LOGINS)
_FORGET_LOGINS: Final = delete(agency_logins).where(_NAMED, agency_logins.c.at <= UNTIL)
_FORGET_IMPOSSIBLE: Final = delete(agency_logins).where(_NAMED, agency_logins.c.at > UNTIL)
_RESTORED: Final = select(func.max(restorations.c.at), NOW.label("now")).where(restorations.c.at <= UNTIL)


class _Wanted(NamedTuple):
    """What a process asks the row for: a token other than ``stale``, or else to begin the login ``own``."""

    identity: str
    terms: LoginTerms
    own: str
    began: float
    stale: str | None
    awaited: str | None


class _BegunLogin(NamedTuple):
    """A login that may be sent: when it was begun by the database's clock."""

    at: datetime


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
            NagorikError: As ``TokenStore.obtain``. Processes that waited for another's login get the cause of its
                failure as ``AgencyUnavailable``.
        """
        identity = settings_identity(self._vault, terms.plugin, terms.settings)
        awaited: str | None = None
        pause = LOOK_AGAIN
        while True:
            wanted = _Wanted(identity, terms, str(uuid4()), self._clock.monotonic(), stale, awaited)
            found = await self._run(partial(self._look, wanted=wanted))
            if isinstance(found, _BegunLogin):
                found = await self._log_in(wanted, found)
            if isinstance(found, IssuedToken):
                return found
            if isinstance(found, NagorikError):
                raise found
            if found is not None:
                awaited = found
                await self._clock.sleep(pause)
                pause = min(2 * pause, LONGEST_LOOK)

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """As ``TokenStore.refused``. While the database is away, the refusal goes unrecorded."""
        identity = settings_identity(self._vault, terms.plugin, terms.settings)

        def unit(transaction: Transaction) -> None:
            row = self._row(transaction, identity, terms.plugin)
            if transaction.connection.execute(_DROP, {"id_": identity, "brought_by": login}).rowcount == 1:
                self._refuse(transaction, row, kind)

        with suppress(DatabaseUnavailable):
            await self._database.run(unit)

    async def _log_in(self, wanted: _Wanted, begun: _BegunLogin) -> IssuedToken | None:
        """Log in for all; ``None`` where another has begun to meanwhile, because this one took too long.

        Raises:
            NagorikError: What the login ended in.
        """

        async def count_again() -> None:
            refused = await self._run(partial(self._count, wanted=wanted))
            if refused is not None:
                raise refused

        attempt = LoginAttempt(count_again, wanted.began)
        try:
            issued = await wanted.terms.log_in(attempt)
        except BaseException as error:
            # A database that is away hears nothing: the others wait until the login is over by its time.
            with suppress(DatabaseUnavailable):
                await self._database.run(partial(self._fail, wanted=wanted, error=error, attempt=attempt))
            raise
        try:
            kept = await self._database.run(partial(self._keep, wanted=wanted, at=begun.at, issued=issued))
        except DatabaseUnavailable:
            kept = True  # good for this process; the others find out that it has ended by its time
        return IssuedToken(issued.token, issued.renew_in, wanted.own, wanted.began) if kept else None

    async def _run(self, unit: "Unit[Any]") -> Any:
        try:
            return await self._database.run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None

    # In transactions

    def _look(self, transaction: Transaction, *, wanted: _Wanted) -> "IssuedToken | NagorikError | str | _BegunLogin":
        """The token that is kept, or why there is none, or the login that is under way, or that ``own`` has begun."""
        row = self._row(transaction, wanted.identity, wanted.terms.plugin)
        issued = self._kept(row, wanted)
        if issued is not None:
            return issued
        standing, since = _standing(row)
        held_off = standing.holds_off(since) or _asked_to_wait(row)
        if held_off is not None:
            return held_off
        if wanted.awaited is not None and row.failed == wanted.awaited:
            return AgencyUnavailable(because=row.failure)
        longest = _longest(wanted.terms)
        if row.under_way is not None and row.now < row.under_way_until <= row.now + longest:
            under_way: str = row.under_way
            return under_way
        limited = self._count(transaction, wanted=wanted)
        if limited is not None:
            return limited
        transaction.connection.execute(_BEGIN, self._timed(longest) | {"id_": row.id, "own": wanted.own})
        return _BegunLogin(row.now)

    def _row(self, transaction: Transaction, identity: str, plugin: str) -> Row[Any]:
        """The row of a plugin's settings, locked; made where there was none."""
        wanted = self._timed() | {"id_": identity}
        row = transaction.connection.execute(_ROW, wanted).one_or_none()
        if row is not None:
            return row
        with suppress(IntegrityError), transaction.connection.begin_nested():  # another process was first
            transaction.connection.execute(_MAKE, self._timed() | {"id": identity, "plugin": plugin})
        return transaction.connection.execute(_ROW, wanted).one()

    def _kept(self, row: Row[Any], wanted: _Wanted) -> IssuedToken | None:
        left = math.inf if row.renew_at is None else (row.renew_at - row.now).total_seconds()
        if row.login is None or row.login == wanted.stale or left <= 0:
            return None
        try:
            key = self._vault.data_key(row.data_key, row.id)
            header, value, began = json.loads(key.open(row.sealed, _PLACE))
        except (Erased, KeyMissing, SealBroken):
            return None  # a process that cannot read it logs in and leaves another
        before = (row.now - datetime.fromisoformat(began)).total_seconds()
        return IssuedToken(Token(value, scheme="", header=header), left, row.login, wanted.began - before)

    def _count(self, transaction: Transaction, *, wanted: _Wanted) -> RateLimited | None:
        """Write a login down, where they are counted; why there may be none now, if that is so."""
        terms, own = wanted.terms, wanted.own
        most, period = terms.limits.logins, terms.limits.login_period
        if most is None:
            return None
        # Logins with other settings count, too: one of both is first.
        row_of(transaction, terms.plugin, time_of(self._clock))
        named = {"name": terms.plugin}
        restored, now = transaction.connection.execute(_RESTORED, self._timed(SKEW)).one()
        if restored is not None and now < restored + period:
            # How many logins there were after the copy was made is not known: perhaps as many as are allowed.
            return login_limit_reached((restored + period - now).total_seconds())
        transaction.connection.execute(_FORGET_LOGINS, self._timed(-period) | named)
        transaction.connection.execute(_FORGET_IMPOSSIBLE, self._timed(_longest(terms) + SKEW) | named)
        found = transaction.connection.execute(_LOGINS, named | self._timed()).all()
        if len(found) >= most:
            return login_limit_reached((found[-most].at + period - found[0].now).total_seconds())
        number = (transaction.connection.scalar(_LAST_NUMBER, {"own": own}) or 0) + 1
        begun = {"login": own, "number": number, "plugin": terms.plugin}
        transaction.connection.execute(_COUNT, begun | self._timed(_longest(terms)))
        return None

    def _keep(self, transaction: Transaction, *, wanted: _Wanted, at: datetime, issued: IssuedToken) -> bool:
        """Keep what a login brought, unless another has been begun since; whether it is kept."""
        transaction.connection.execute(_LOGINS_END, self._timed() | {"own": wanted.own})
        name, value = issued.token.as_header()
        key, wrapped = self._vault.make_data_key(wanted.identity)
        content = key.seal(json.dumps([name.decode("ascii"), value.decode("ascii"), at.isoformat()]).encode(), _PLACE)
        lasts = timedelta(seconds=min(issued.renew_in, _FOR_EVER))
        named = {"id_": wanted.identity, "own": wanted.own, "wrapped": wrapped, "content": content}
        if transaction.connection.execute(_KEEP, self._timed(lasts) | named).rowcount != 1:
            return False
        if issued.renew_in >= _FOR_EVER:
            transaction.connection.execute(_GOOD_UNTIL_REFUSED, {"id_": wanted.identity})
        others = {"name": wanted.terms.plugin, "id_": wanted.identity}
        transaction.connection.execute(_DELETE_UNUSED, self._timed(-UNUSED) | others)
        return True

    def _fail(
        self, transaction: Transaction, *, wanted: _Wanted, error: BaseException, attempt: LoginAttempt
    ) -> None:
        """Write down what a login ended in; one that has not reached the agency is not counted there."""
        own = {"own": wanted.own}
        transaction.connection.execute(
            *((_LOGINS_END, self._timed() | own) if attempt.has_reached else (_NO_LOGIN, own))
        )
        kind = refusal_of(error, attempt)
        if kind is not None:
            self._refuse(transaction, self._row(transaction, wanted.identity, wanted.terms.plugin), kind)
        if isinstance(error, RateLimited) and error.layer is not Layer.CORE:
            seconds = min(REFUSED_PAUSES[-1].total_seconds(), error.retry_after or FEWER)
            transaction.connection.execute(_HOLD, self._timed(timedelta(seconds=seconds)) | {"id_": wanted.identity})
        because = error.because if isinstance(error, AgencyUnavailable) else None
        because = because or (error.code if isinstance(error, NagorikError) else "login-broken-off")
        transaction.connection.execute(_FAIL, self._timed() | own | {"id_": wanted.identity, "because": because})

    def _refuse(self, transaction: Transaction, row: Row[Any], kind: CredentialProblem) -> None:
        standing, since = _standing(row)
        refused = {"id_": row.id, "kind": kind.value, "count": standing.refused(kind, since).count}
        transaction.connection.execute(_REFUSE, self._timed() | refused)

    def _timed(self, lasts: timedelta | None = None) -> dict[str, Any]:
        timed: dict[str, Any] = {LEASE_NOW: time_of(self._clock)}
        return timed if lasts is None else timed | {LASTS: lasts // MICROSECOND}


def _standing(row: Row[Any]) -> tuple[RefusedCredentials, timedelta]:
    """How the agency took the credentials of ``row``, and how long ago."""
    if row.refused_at is None:
        return RefusedCredentials(), timedelta(0)
    kind = None if row.refused is None else CredentialProblem(row.refused)
    # A clock that was set back by years would begin a pause of years.
    return RefusedCredentials(row.refusals, kind), abs(row.now - row.refused_at)


def _asked_to_wait(row: Row[Any]) -> RateLimited | None:
    """Why no process logs in now with the settings of ``row``, where the agency has asked for fewer logins."""
    left = 0.0 if row.held_until is None else (row.held_until - row.now).total_seconds()
    held = 0 < left <= REFUSED_PAUSES[-1].total_seconds()
    return RateLimited(retry_after=left, layer=Layer.CORE) if held else None


def _longest(terms: LoginTerms) -> timedelta:
    """How long after its begin a login is taken for lost."""
    return timedelta(seconds=terms.limits.deadline) + GRACE


def settings_identity(vault: Vault, plugin: str, settings: str) -> str:
    """The name of a plugin's settings in the database, a keyed hash that shows nothing of them.

    Args:
        vault: The host's.
        plugin: The plugin's id.
        settings: The settings as text.
    """
    return vault.lookup("agency-token", f"{plugin}\x00{settings}")


def try_refused_again(transaction: Transaction, plugin: str, lease_now: datetime | None = None) -> bool:
    """Let a process log in with credentials that a plugin's agency has refused: an officer says that they are good.

    Another refusal is counted with those before it. Whether there are any.

    Args:
        transaction: Of the host's database.
        plugin: The agency's plugin.
        lease_now: The time, where that is not the database's to say.
    """
    return transaction.connection.execute(_TRY_AGAIN, {"name": plugin, LEASE_NOW: lease_now}).rowcount > 0


def forget_tokens(transaction: Transaction) -> None:
    """Let every process log in anew: the tokens of a database that was restored are those of another time.

    What an agency has refused stays, and how often: the restoration has made nothing of that good.
    """
    transaction.connection.execute(_FORGET_TOKENS)
