"""One token for all processes of a host: the first that misses it logs in for all, and the others wait for that.

What is known of a plugin's logins is read and written with its agency's row locked. A login is under way for as long
as it may take, and is lost after that. A token that the agency refused is named by the login that brought it: where
another stands there by then, that one is used. So of ten processes that were refused with one token one logs in.

Where logins are limited, each is counted as it begins, as one at the last moment at which it may reach the agency.
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

from nagorik import CredentialsRejected, RateLimited, Token
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
    refused_pause,
)

GRACE: Final = timedelta(seconds=5)
"""How long after the longest that a login may take another may be begun."""
FEWER: Final = 60.0
"""Seconds in which no process logs in where the agency has asked for fewer logins and did not say for how long."""
LOOK_AGAIN: Final = 0.25
"""Seconds after which the row of another's login is read again."""
_FOR_EVER: Final = timedelta(days=3650).total_seconds()
_PLACE: Final = "agency-token"
_NO_TOKEN: Final = MappingProxyType(dict.fromkeys(("login", "data_key", "sealed", "renew_at")))
_ROW: Final = select(agency_tokens, NOW.label("now")).where(agency_tokens.c.id == bindparam("id_")).with_for_update()


class _Login(NamedTuple):
    """A login that a process may begin, since when on its own clock, and how long after that it is lost."""

    terms: LoginTerms
    name: str
    began: float
    lasts: timedelta


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
            AgencyUnavailable: ``database-away``: it cannot be reached.
            NagorikError: As ``TokenStore.obtain``.
        """
        while True:
            lasts = timedelta(seconds=terms.limits.deadline) + GRACE
            login = _Login(terms, str(uuid4()), self.clock.monotonic(), lasts)
            found = await within_reach(self.database.run(partial(self._look, login=login, stale=stale)))
            if found is not None:
                return found if isinstance(found, IssuedToken) else await self._log_in(login)
            await self.clock.sleep(LOOK_AGAIN)

    async def refused(self, terms: LoginTerms, login: str, kind: CredentialProblem) -> None:
        """As ``TokenStore.refused``. While the database is away, the refusal goes unrecorded."""

        def unit(transaction: Transaction) -> None:
            row = self._row(transaction, terms)
            if row.login == login:
                _write(transaction, row, _NO_TOKEN | _refusal(row, kind))

        with suppress(DatabaseUnavailable):
            await self.database.run(unit)

    async def _log_in(self, login: _Login) -> IssuedToken:
        """Log in for all. While the database is away, the others wait until the login is over by its time."""
        count = partial(self._count, login=login)
        attempt = LoginAttempt(lambda: within_reach(self.database.run(count)), login.began)
        end = partial(self._end, login=login, attempt=attempt)
        try:
            issued = await login.terms.log_in(attempt)
        except BaseException as error:
            with suppress(DatabaseUnavailable):
                await self.database.run(partial(end, ended=error))
            raise
        with suppress(DatabaseUnavailable):
            await self.database.run(partial(end, ended=issued))
        return IssuedToken(issued.token, issued.renew_in, login.name, login.began)

    # In transactions

    def _row(self, transaction: Transaction, terms: LoginTerms) -> Row[Any]:
        """The row of a plugin's settings, made if necessary; its agency is locked, so all its settings are."""
        row_of(transaction, terms.plugin)
        identity = self.vault.lookup("agency-token", f"{terms.plugin}\x00{terms.settings}")
        wanted = {LEASE_NOW: time_of(self.clock), "id_": identity}
        while (row := transaction.connection.execute(_ROW, wanted).one_or_none()) is None:
            transaction.connection.execute(insert(agency_tokens).values(id=identity, plugin=terms.plugin))
        return row

    def _look(self, transaction: Transaction, *, login: _Login, stale: str | None) -> IssuedToken | _Login | None:
        """The token that is kept, ``login`` where it was begun, or nothing while another login is under way.

        Raises what keeps every process from logging in now.
        """
        row = self._row(transaction, login.terms)
        now: datetime = row.now
        is_good = row.login not in {None, stale} and row.renew_at > now
        if is_good and (issued := self._kept(row, login)) is not None:
            return issued
        if row.held_until is not None and row.held_until > now:
            if row.refused is not None:
                raise CredentialsRejected(CredentialProblem(row.refused), layer=Layer.CORE)
            raise RateLimited(retry_after=(row.held_until - now).total_seconds(), layer=Layer.CORE)
        until = now + login.lasts
        if row.under_way is not None and now < row.under_way_until <= until:
            return None
        self._count(transaction, login=login)
        _write(transaction, row, _NO_TOKEN | {"under_way": login.name, "under_way_until": until})
        return login

    def _kept(self, row: Row[Any], login: _Login) -> IssuedToken | None:
        """The token of ``row``, unless it cannot be read here: then another login leaves another."""
        try:
            header, value = json.loads(self.vault.data_key(row.data_key, row.id).open(row.sealed, _PLACE))
        except (Erased, KeyMissing, SealBroken):
            return None
        since = row.now - (row.under_way_until - login.lasts)
        token, left = Token(value, scheme="", header=header), row.renew_at - row.now
        return IssuedToken(token, left.total_seconds(), row.login, login.began - since.total_seconds())

    def _count(self, transaction: Transaction, *, login: _Login) -> None:
        """Count a login, where the agency limits them; raises ``RateLimited`` where it allows no more now."""
        limits, logins, of_plugin = login.terms.limits, agency_logins.c, agency_logins.c.plugin == login.terms.plugin
        if limits.logins is None:
            return
        now = self._row(transaction, login.terms).now
        is_over = logins.at <= now - limits.login_period
        transaction.connection.execute(delete(agency_logins).where(of_plugin, is_over))
        counted = transaction.connection.execute(select(agency_logins).where(of_plugin).order_by(logins.at)).all()
        if len(counted) >= limits.logins:
            raise login_limit_reached((counted[-limits.logins].at + limits.login_period - now).total_seconds())
        row = {"login": login.name, "plugin": login.terms.plugin, "at": now + login.lasts}
        transaction.connection.execute(insert(agency_logins).values(row))

    def _end(
        self, transaction: Transaction, *, login: _Login, attempt: LoginAttempt, ended: IssuedToken | BaseException
    ) -> None:
        """Write down what a login ended in, unless another has begun since."""
        row = self._row(transaction, login.terms)
        if row.under_way != login.name:
            return
        if not attempt.has_reached:
            transaction.connection.execute(delete(agency_logins).where(agency_logins.c.login == login.name))
        values: dict[str, Any] = {"under_way": None}
        if isinstance(ended, IssuedToken):
            name, value = ended.token.as_header()
            key, values["data_key"] = self.vault.make_data_key(row.id)
            values["sealed"] = key.seal(json.dumps([name.decode("ascii"), value.decode("ascii")]).encode(), _PLACE)
            values["renew_at"] = row.now + timedelta(seconds=min(ended.renew_in, _FOR_EVER))
            values |= {"login": login.name, "refused": None}
        elif (kind := refusal_of(ended, attempt)) is not None:
            values |= _refusal(row, kind)
        elif isinstance(ended, RateLimited) and ended.layer is not Layer.CORE:
            seconds = min(REFUSED_PAUSES[-1].total_seconds(), ended.retry_after or FEWER)
            values["held_until"] = row.now + timedelta(seconds=seconds)
        _write(transaction, row, values)


def _write(transaction: Transaction, row: Row[Any], values: Mapping[str, Any]) -> None:
    transaction.connection.execute(update(agency_tokens).where(agency_tokens.c.id == row.id).values(**values))


def _refusal(row: Row[Any], kind: CredentialProblem) -> dict[str, Any]:
    known = RefusedCredentials(row.refusals or 0, CredentialProblem(row.refused) if row.refused else None)
    count = known.refused(kind, row.now - (row.refused_at or row.now)).count
    held_until = row.now + refused_pause(count)
    return {"refused": kind.value, "refusals": count, "refused_at": row.now, "held_until": held_until}


def try_refused_again(transaction: Transaction, plugin: str) -> bool:
    """Allow one login with credentials that a plugin's agency has refused; whether there are any.

    The pause ends and the count stays: another refusal is counted with those before it.
    """
    refused = update(agency_tokens).where(agency_tokens.c.plugin == plugin, agency_tokens.c.refused.is_not(None))
    return transaction.connection.execute(refused.values(held_until=None)).rowcount > 0
