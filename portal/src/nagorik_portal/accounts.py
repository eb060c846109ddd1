"""Operators with passwords and sessions, machines with keys: who may come in.

Times are the machine's. A session's token and a machine's key are kept as keyed hashes only; a password by Argon2id.
"""

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.off_loop import OwnThreads
from nagorik_host.vault import Vault
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.actors import PortalActor, Scope
from nagorik_portal.errors import Throttled
from nagorik_portal.schema import keys, operators, sessions
from nagorik_portal.throttle import SignInThrottle

Environment = Literal["live", "test"]
"""A portal before real agencies, or one for training and tests: keys of one are not taken by the other."""
LONGEST_PASSWORD: Final = 200
SHORTEST_PASSWORD: Final = 12
_ID: Final = re.compile(r"[a-z][a-z0-9._-]*(/[a-z0-9._-]+)+")
_SESSION: Final = "portal-session"
_KEY: Final = "portal-key"
_CSRF: Final = "portal-csrf"
_SEEN_EACH: Final = timedelta(minutes=1)
"""How exactly it is known when a session or a key was used last."""
_O: Final = operators.c
_S: Final = sessions.c
_K: Final = keys.c


class SignInRefused(Throttled):
    """The sign-in failed: the name or the password is wrong, the account is disabled, or too many attempts failed.

    ``retry_after`` has whole seconds in the last case, in which nothing was checked.
    """

    code = "sign-in-refused"
    status = 401

    def __init__(self, retry_after: int | None = None) -> None:
        """Refuse, or let wait for so many seconds."""
        super().__init__()
        if retry_after is not None:
            self.code, self.status, self.retry_after = "sign-in-throttled", 429, retry_after  # type: ignore[misc]


class AccountInvalid(ValueError):
    """An account or a key cannot be made or changed so; the text says why, in both languages."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts: at most, and without a request."""

    longest: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=1)


class OperatorEntry(NamedTuple):
    """An operator in a list."""

    id: str
    name: str
    scopes: str
    services: str | None
    added_at: datetime
    disabled_at: datetime | None


class KeyEntry(NamedTuple):
    """A machine's key in a list."""

    id: str
    client: str
    name: str
    scopes: str
    services: str | None
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


class Accounts:
    """The accounts in a host's database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock | None = None,
        *,
        limits: SessionLimits | None = None,
        environment: Environment = "live",
    ) -> None:
        """Use the machine's clock unless another is given."""
        self._database, self._vault, self._clock = database, vault, clock or SystemClock()
        self._limits, self._environment = limits or SessionLimits(), environment
        self._throttle = SignInThrottle(database, vault)
        # Argon2 takes some 50 ms and 64 MiB, which no request of others waits for.
        self._hasher, self._threads = PasswordHasher(), OwnThreads("nagorik-passwords")

    # Operators

    async def sign_in(self, name: str, password: str, source: str) -> str:
        """Let an operator in; returns the token of a new session, which is shown once.

        Args:
            name: The operator's id, in any case.
            password: What was typed.
            source: Where the request comes from, such as an address; a keyed hash of it is kept for a day.

        Raises:
            SignInRefused: The name or the password is wrong, or there were too many attempts.
        """
        name, now = name.strip().lower()[:_LONGEST_NAME], self._clock.now()
        wait = await self._throttle.begin(name, source, now)
        if wait is not None:
            raise SignInRefused(wait)
        row = await self._database.run(partial(_operator, name=name))
        # An unknown name takes as long as a known one.
        known = row.password if row is not None else self._unknown
        is_right = await self._threads.run(partial(self._verify, known, password[: LONGEST_PASSWORD + 1]))
        if row is None or not is_right or row.disabled_at is not None:
            raise SignInRefused
        await self._throttle.succeeded(name, source, now)
        token = secrets.token_urlsafe(32)
        values = {
            "id": self._vault.lookup(_SESSION, token),
            "operator": row.id,
            "began_at": now,
            "ends_at": now + self._limits.longest,
            "seen_at": now,
        }

        def begin(transaction: Transaction) -> None:
            _end_sessions(transaction, _S.ends_at < now, now)
            transaction.connection.execute(insert(sessions).values(**values))
            transaction.record_row(sessions, values["id"], at=now)

        await self._database.run(begin)
        return token

    async def session(self, token: str) -> PortalActor | None:
        """The operator whose session a token opens; ``None`` where it ended or never was."""
        identity, now = self._vault.lookup(_SESSION, token), self._clock.now()
        is_there = _S.id == identity, _S.ends_at > now, _S.seen_at > now - self._limits.idle, _O.disabled_at.is_(None)
        query = select(operators, _S.seen_at).join(sessions, _S.operator == _O.id).where(*is_there)

        def read(transaction: Transaction) -> Row[Any] | None:
            return transaction.connection.execute(query).one_or_none()

        row = await self._database.snapshot(read)
        if row is None:
            return None
        if row.seen_at <= now - _SEEN_EACH:
            seen = update(sessions).where(_S.id == identity).values(seen_at=now)
            await self._database.run(lambda transaction: transaction.connection.execute(seen).rowcount)
        return _actor(row.id, "operator", row)

    async def sign_out(self, token: str) -> None:
        """End a session; of one that ended before, nothing is changed."""
        identity, now = self._vault.lookup(_SESSION, token), self._clock.now()
        await self._database.run(lambda transaction: _end_sessions(transaction, _S.id == identity, now))

    def csrf(self, token: str) -> str:
        """The text that each form of a session carries, and that no other site knows."""
        return self._vault.lookup(_CSRF, token)

    def is_csrf(self, token: str, given: str) -> bool:
        """Whether a form carries the text of the session."""
        return hmac.compare_digest(self.csrf(token).encode(), given.encode())

    async def add_operator(
        self,
        identity: str,
        name: str,
        password: str,
        *,
        scopes: Collection[Scope],
        services: Collection[str] | None = None,
    ) -> None:
        """Add an operator by an id such as ``centre-0042/operator-7``, under which they sign in.

        Raises:
            AccountInvalid: The id, the name, a scope or the password cannot be used, or the id is taken.
        """
        _check(identity, name, scopes)
        values = {**_rights(name, scopes, services), "id": identity, "password": await self._hash(password)}
        now = self._clock.now()

        def write(transaction: Transaction) -> None:
            transaction.connection.execute(insert(operators).values(**values, added_at=now))
            transaction.record_row(operators, identity, at=now)

        try:
            await self._database.run(write)
        except IntegrityError:
            raise AccountInvalid(_TAKEN) from None

    async def set_password(self, identity: str, password: str) -> None:
        """Give an operator another password, and end their sessions.

        Raises:
            AccountInvalid: There is no such operator, or the password cannot be used.
        """
        await self._change_operator(identity, {"password": await self._hash(password)})

    async def disable(self, identity: str) -> None:
        """Let an operator in no more, and end their sessions.

        Raises:
            AccountInvalid: There is no such operator.
        """
        await self._change_operator(identity, {"disabled_at": self._clock.now()})

    async def operators(self) -> Sequence[OperatorEntry]:
        """All operators, by id."""
        query = select(*(_O[name] for name in OperatorEntry._fields)).order_by(_O.id)

        def read(transaction: Transaction) -> list[OperatorEntry]:
            return [OperatorEntry(*row) for row in transaction.connection.execute(query)]

        return await self._database.run(read)

    async def names(self, centre: str) -> Mapping[str, str]:
        """What colleagues see of each operator of a centre, by id."""
        return {one.id: one.name for one in await self.operators() if one.id.partition("/")[0] == centre}

    # Machines

    async def machine(self, key: str) -> PortalActor | None:
        """The machine that a key belongs to; ``None`` where it expired, was revoked or never was."""
        if not key.startswith(f"ngk_{self._environment}_"):
            return None
        now, is_key = self._clock.now(), _K.key_hash == self._vault.lookup(_KEY, key)
        query = select(keys).where(is_key, _K.revoked_at.is_(None), _K.expires_at > now)

        def read(transaction: Transaction) -> Row[Any] | None:
            return transaction.connection.execute(query).one_or_none()

        row = await self._database.snapshot(read)
        if row is None:
            return None
        if row.used_at is None or row.used_at <= now - _SEEN_EACH:
            used = update(keys).where(is_key).values(used_at=now)
            await self._database.run(lambda transaction: transaction.connection.execute(used).rowcount)
        return _actor(row.client, "machine", row)

    async def make_key(
        self,
        client: str,
        name: str,
        *,
        scopes: Collection[Scope],
        services: Collection[str] | None = None,
        days: int = 365,
    ) -> str:
        """Make a key for a machine such as ``centre-0042/app-shop``, good for ``days``; it is shown this once.

        Raises:
            AccountInvalid: The id, the name or a scope cannot be used.
        """
        _check(client, name, scopes)
        key = f"ngk_{self._environment}_{b32encode(secrets.token_bytes(20)).decode().lower()}"
        identity, now = str(uuid4()), self._clock.now()
        values = {
            **_rights(name, scopes, services),
            "id": identity,
            "key_hash": self._vault.lookup(_KEY, key),
            "client": client,
            "made_at": now,
            "expires_at": now + timedelta(days=days),
        }

        def write(transaction: Transaction) -> None:
            transaction.connection.execute(insert(keys).values(**values))
            transaction.record_row(keys, identity, at=now)

        await self._database.run(write)
        return key

    async def revoke_key(self, identity: str) -> None:
        """Let a key in no more.

        Raises:
            AccountInvalid: There is no such key.
        """
        now = self._clock.now()
        revoked = update(keys).where(_K.id == identity, _K.revoked_at.is_(None)).values(revoked_at=now)

        def write(transaction: Transaction) -> bool:
            if not transaction.connection.execute(revoked).rowcount:
                return False
            transaction.record_row(keys, identity, at=now)
            return True

        if not await self._database.run(write):
            raise AccountInvalid(_NO_KEY)

    async def keys(self) -> Sequence[KeyEntry]:
        """All keys, without what lets in, by client and age."""
        query = select(*(_K[name] for name in KeyEntry._fields)).order_by(_K.client, _K.made_at)

        def read(transaction: Transaction) -> list[KeyEntry]:
            return [KeyEntry(*row) for row in transaction.connection.execute(query)]

        return await self._database.run(read)

    # Below

    async def _change_operator(self, identity: str, values: dict[str, Any]) -> None:
        now = self._clock.now()

        def write(transaction: Transaction) -> bool:
            changed = update(operators).where(_O.id == identity).values(**values)
            if not transaction.connection.execute(changed).rowcount:
                return False
            transaction.record_row(operators, identity, at=now)
            _end_sessions(transaction, _S.operator == identity, now)
            return True

        if not await self._database.run(write):
            raise AccountInvalid(_NO_OPERATOR)

    async def _hash(self, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise AccountInvalid(_PASSWORD)
        return await self._threads.run(partial(self._hasher.hash, password))

    def _verify(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _unknown(self) -> str:
        """The hash of a random password, which was never shown."""
        return self._hasher.hash(secrets.token_urlsafe())


_LONGEST_NAME: Final = 80
_LETTERS: Final = 120
_TAKEN: Final = "an account of this id is there. এই আইডির অ্যাকাউন্ট আগে থেকেই আছে।"
_NO_OPERATOR: Final = "there is no operator of this id. এই আইডির কোনো অপারেটর নেই।"
_NO_KEY: Final = "no key of this id is in use. এই আইডির কোনো চাবি চালু নেই।"
_PASSWORD: Final = (
    f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. পাসওয়ার্ড ১২ থেকে ২০০ অক্ষরের হতে হবে।"
)
_BAD_ID: Final = (
    "write an id such as centre-0042/operator-7, in small letters: no name and no number of a person."
    " আইডি লিখুন ছোট হাতের অক্ষরে, যেমন centre-0042/operator-7: কারও নাম বা নম্বর নয়।"
)
_BAD_NAME: Final = "write a name of 1 to 120 characters. ১ থেকে ১২০ অক্ষরের একটি নাম লিখুন।"
_NO_SCOPE: Final = "name at least one scope. অন্তত একটি অধিকার উল্লেখ করুন।"


def _check(identity: str, name: str, scopes: Collection[Scope]) -> None:
    if not _ID.fullmatch(identity) or len(identity) > _LONGEST_NAME:
        raise AccountInvalid(_BAD_ID)
    if not 1 <= len(name.strip()) <= _LETTERS:
        raise AccountInvalid(_BAD_NAME)
    if not scopes:
        raise AccountInvalid(_NO_SCOPE)


def _rights(name: str, scopes: Collection[Scope], services: Collection[str] | None) -> dict[str, Any]:
    listed = ",".join(sorted(services)) if services is not None else None
    return {"name": name.strip(), "scopes": ",".join(sorted(scopes)), "services": listed}


def _actor(identity: str, kind: Literal["operator", "machine"], row: Row[Any]) -> PortalActor:
    services = frozenset(row.services.split(",")) if row.services is not None else None
    return PortalActor(
        identity, identity.partition("/")[0], kind, row.name, frozenset(row.scopes.split(",")), services
    )


def _operator(transaction: Transaction, *, name: str) -> Row[Any] | None:
    return transaction.connection.execute(select(operators).where(_O.id == name)).one_or_none()


def _end_sessions(transaction: Transaction, which: Any, now: datetime) -> None:
    for identity in transaction.connection.scalars(delete(sessions).where(which).returning(_S.id)).all():
        transaction.record_row(sessions, identity, at=now)
