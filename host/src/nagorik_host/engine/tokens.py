"""One token for all processes of a host: the first that misses it logs in for all, and the others wait for that.

All of it lies in one row for each plugin and its settings, read ``FOR UPDATE``. A login is under way for as long as
it may take, and is lost after that. A token that the agency refused is named by the login that brought it: where
another stands there by then, that one is used. So of ten processes that were refused with one token one logs in.

Where the agency allows so many logins in so long, each is counted in the transaction that begins it, as one at the
last moment at which it may reach the agency; once it has ended, as one at its end.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nagorik import RateLimited, Token
from nagorik.clock import Clock
from nagorik.errors import CredentialProblem, Layer
from nagorik_host.engine.pace import row_of, time_of, within_reach
from nagorik_host.store.clock import LEASE_NOW, NOW
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import agency_logins, agency_tokens
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
FEWER: Final = 60.0
"""Seconds in which no process logs in where the agency has asked for fewer logins and did not say for how long."""
LOOK_AGAIN: Final = 0.1
"""Seconds after which the row of another's login is read again; they double up to the longest."""
LONGEST_LOOK: Final = 1.0
_FOR_EVER: Final = timedelta(days=3650).total_seconds()
_PLACE: Final = "agency-token"
_NO_TOKEN: Final = MappingProxyType(dict.fromkeys(("login", "data_key", "sealed", "renew_at")))
_NO_LOGIN: Final = MappingProxyType({"under_way": None, "under_way_until": None})
_ROW: Final = select(agency_tokens, NOW.label("now")).where(agency_tokens.c.id == bindparam("id_")).with_for_update()


class _Login(NamedTuple):
    """A login that a process may begin: whose token, by which name, and since when on its own clock."""

    identity: str
    terms: LoginTerms
    name: str
    began: float

    @property
    def longest(self) -> timedelta:
        """How long after its begin it is lost."""
        return timedelta(seconds=self.terms.limits.deadline) + GRACE


@dataclass(slots=True, repr=False)
class SharedTokenStore:
    """Where processes share their agencies' tokens, a ``nagorik_platform.agency_client.TokenStore``.

    A simulated ``clock`` is also the time of what stands in the database.
    """

    database: Database
    vault: Vault
    clock: Clock

    async def obtain(self, terms: LoginTerms, stale: str | None) -> IssuedToken:
        """As ``TokenStore.obtain``.

        Raises:
            AgencyUnavailable: ``token-unknown``: the database cannot be reached.
            NagorikError: As ``TokenStore.obtain``.
        """
        pause = LOOK_AGAIN
        while True:
            login = _Login(self._identity(terms), terms, str(uuid4()), self.clock.monotonic())
            found = await within_reach(self.database.run(partial(self._look, login=login, stale=stale)), UNKNOWN)
            if isinstance(found, datetime):
                found = await self._log_in(login, found)
            if found is not None:
                return found
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_LOOK)

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """As ``TokenStore.refused``. While the database is away, the refusal goes unrecorded."""

        def unit(transaction: Transaction) -> None:
            row = self._row(transaction, self._identity(terms), terms.plugin)
            if row.login == login:
                _write(transaction, row, {**_NO_TOKEN, **_refusal(row, kind)})

        with suppress(DatabaseUnavailable):
            await self.database.run(unit)

    async def _log_in(self, login: _Login, at: datetime) -> IssuedToken | None:
        """Log in for all; ``None`` where another has begun to meanwhile, because this one took too long.

        Raises:
            NagorikError: What the login ended in.
        """
        count = partial(self._count, login=login)
        attempt = LoginAttempt(lambda: within_reach(self.database.run(count), UNKNOWN), login.began)
        try:
            issued = await login.terms.log_in(attempt)
        except BaseException as error:
            # While the database is away, the others wait until the login is over by its time.
            with suppress(DatabaseUnavailable):
                await self.database.run(partial(self._fail, login=login, error=error, attempt=attempt))
            raise
        try:
            is_kept = await self.database.run(partial(self._keep, login=login, at=at, issued=issued))
        except DatabaseUnavailable:
            is_kept = True  # good for this process; for the others the login ends by its time
        return IssuedToken(issued.token, issued.renew_in, login.name, login.began) if is_kept else None

    def _identity(self, terms: LoginTerms) -> str:
        return settings_identity(self.vault, terms.plugin, terms.settings)

    # In transactions

    def _look(self, transaction: Transaction, *, login: _Login, stale: str | None) -> IssuedToken | datetime | None:
        """The token that is kept, when ``login`` was begun, or nothing while another login is under way.

        Raises:
            NagorikError: Why no process may log in now.
        """
        row = self._row(transaction, login.identity, login.terms.plugin)
        issued = self._kept(row, login) if row.login != stale else None
        if issued is not None:
            return issued
        standing, since = _standing(row)
        held_off = standing.holds_off(since) or _asked_to_wait(row)
        if held_off is not None:
            raise held_off
        now: datetime = row.now
        until = now + login.longest
        if row.under_way is not None and now < row.under_way_until <= until:
            return None
        self._count(transaction, login=login)
        _write(transaction, row, {"under_way": login.name, "under_way_until": until})
        return now

    def _row(self, transaction: Transaction, identity: str, plugin: str) -> Row[Any]:
        """The row of a plugin's settings, locked; made if necessary."""
        now = {LEASE_NOW: time_of(self.clock)}
        row = transaction.connection.execute(_ROW, {**now, "id_": identity}).one_or_none()
        if row is not None:
            return row
        with suppress(IntegrityError), transaction.connection.begin_nested():  # another process was first
            transaction.connection.execute(insert(agency_tokens).values(id=identity, plugin=plugin))
        return transaction.connection.execute(_ROW, {**now, "id_": identity}).one()

    def _kept(self, row: Row[Any], login: _Login) -> IssuedToken | None:
        left = (row.renew_at - row.now).total_seconds() if row.login is not None else 0.0
        if left <= 0:
            return None
        try:
            key = self.vault.data_key(row.data_key, row.id)
            header, value, began = json.loads(key.open(row.sealed, _PLACE))
        except (Erased, KeyMissing, SealBroken):
            return None  # a process that cannot read it logs in and leaves another
        before = (row.now - datetime.fromisoformat(began)).total_seconds()
        return IssuedToken(Token(value, scheme="", header=header), left, row.login, login.began - before)

    def _count(self, transaction: Transaction, *, login: _Login) -> None:
        """Count a login, where the agency limits them.

        Raises:
            RateLimited: The agency allows no more now.
        """
        plugin, logins, limits = login.terms.plugin, agency_logins.c, login.terms.limits
        if limits.logins is None:
            return
        # Logins with other settings count, too: the agency's row is locked for both.
        row_of(transaction, plugin)
        now = transaction.connection.execute(select(NOW), {LEASE_NOW: time_of(self.clock)}).scalar_one()
        is_over = logins.at <= now - limits.login_period
        transaction.connection.execute(delete(agency_logins).where(logins.plugin == plugin, is_over))
        query = select(agency_logins).where(logins.plugin == plugin).order_by(logins.at)
        counted = transaction.connection.execute(query).all()
        if len(counted) >= limits.logins:
            raise login_limit_reached((counted[-limits.logins].at + limits.login_period - now).total_seconds())
        number = sum(one.login == login.name for one in counted) + 1
        row = {"login": login.name, "number": number, "plugin": plugin, "at": now + login.longest}
        transaction.connection.execute(insert(agency_logins).values(row))

    def _keep(self, transaction: Transaction, *, login: _Login, at: datetime, issued: IssuedToken) -> bool:
        """Keep what a login brought, unless another has been begun since; whether it is kept."""
        row = self._row(transaction, login.identity, login.terms.plugin)
        _end_logins(transaction, login, row.now)
        if row.under_way != login.name:
            return False
        name, value = issued.token.as_header()
        key, wrapped = self.vault.make_data_key(login.identity)
        content = json.dumps([name.decode("ascii"), value.decode("ascii"), at.isoformat()])
        token = {
            "login": login.name,
            "data_key": wrapped,
            "sealed": key.seal(content.encode(), _PLACE),
            "renew_at": row.now + timedelta(seconds=min(issued.renew_in, _FOR_EVER)),
            "refused": None,
        }
        _write(transaction, row, {**token, **_NO_LOGIN})
        return True

    def _fail(self, transaction: Transaction, *, login: _Login, error: BaseException, attempt: LoginAttempt) -> None:
        """Write down what a login ended in; one that has not reached the agency is not counted."""
        row = self._row(transaction, login.identity, login.terms.plugin)
        _end_logins(transaction, login, row.now if attempt.has_reached else None)
        values: dict[str, Any] = dict(_NO_LOGIN) if row.under_way == login.name else {}
        kind = refusal_of(error, attempt)
        if kind is not None:
            values |= _refusal(row, kind)
        if isinstance(error, RateLimited) and error.layer is not Layer.CORE:
            seconds = min(REFUSED_PAUSES[-1].total_seconds(), error.retry_after or FEWER)
            values["held_until"] = row.now + timedelta(seconds=seconds)
        _write(transaction, row, values)


def _write(transaction: Transaction, row: Row[Any], values: Mapping[str, Any]) -> None:
    if values:
        changed = update(agency_tokens).where(agency_tokens.c.id == row.id)
        transaction.connection.execute(changed.values(**values))


def _end_logins(transaction: Transaction, login: _Login, at: datetime | None) -> None:
    """Count a login that has ended at ``at``, or not at all."""
    ended = delete(agency_logins) if at is None else update(agency_logins).values(at=at)
    transaction.connection.execute(ended.where(agency_logins.c.login == login.name))


def _refusal(row: Row[Any], kind: CredentialProblem) -> dict[str, Any]:
    standing, since = _standing(row)
    return {"refused": kind.value, "refusals": standing.refused(kind, since).count, "refused_at": row.now}


def _standing(row: Row[Any]) -> tuple[RefusedCredentials, timedelta]:
    """How the agency took the credentials of ``row``, and how long ago."""
    if row.refused_at is None:
        return RefusedCredentials(), timedelta(0)
    kind = None if row.refused is None else CredentialProblem(row.refused)
    return RefusedCredentials(row.refusals, kind), row.now - row.refused_at


def _asked_to_wait(row: Row[Any]) -> RateLimited | None:
    """Why no process logs in now with the settings of ``row``, where the agency has asked for fewer logins."""
    left = 0.0 if row.held_until is None else (row.held_until - row.now).total_seconds()
    return RateLimited(retry_after=left, layer=Layer.CORE) if left > 0 else None


def settings_identity(vault: Vault, plugin: str, settings: str) -> str:
    """The name of a plugin's settings in the database, a keyed hash that shows nothing of them."""
    return vault.lookup("agency-token", f"{plugin}\x00{settings}")


def try_refused_again(transaction: Transaction, plugin: str, lease_now: datetime | None = None) -> bool:
    """Allow one login with credentials that a plugin's agency has refused; whether there are any.

    The pause ends and the count stays: another refusal is counted with those before it. ``lease_now`` is the time,
    where that is not the database's to say.
    """
    refused = update(agency_tokens).where(agency_tokens.c.plugin == plugin, agency_tokens.c.refused.is_not(None))
    allowed = refused.values(refused=None, refused_at=NOW)
    return transaction.connection.execute(allowed, {LEASE_NOW: lease_now}).rowcount > 0


def forget_tokens(transaction: Transaction) -> None:
    """Let every process log in anew, after a restoration. What an agency has refused stays refused."""
    transaction.connection.execute(update(agency_tokens).values({**_NO_TOKEN, **_NO_LOGIN}))
