"""Operators with passwords and sessions, machines with keys: who may come in.

Times are the machine's. A session's token and a machine's key are kept as keyed hashes only; a password by Argon2id.
Failed sign-ins make the next one wait: longer with each, by name and by where it comes from.
"""

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from math import ceil
from typing import Any, Final, Literal
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.off_loop import OwnThreads
from nagorik_host.vault import Vault
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.actors import PortalActor, Scope
from nagorik_portal.errors import Throttled
from nagorik_portal.records import Rows, add_row, change_rows, delete_rows
from nagorik_portal.schema import attempts, credentials

Environment = Literal["live", "test"]
"""A portal before real agencies, or one for training and tests: keys of one are not taken by the other."""
LONGEST_PASSWORD: Final = 200
LISTED: Final = ("id", "kind", "actor", "name", "scopes", "services", "made_at", "expires_at", "ended_at", "used_at")
"""What a list has of each credential."""
FREE: Final = (4, 19)
"""Failures without a wait, of a name and of a source: a whole centre may come from one address."""
LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN_AFTER: Final = timedelta(days=1)
_ID: Final = re.compile(r"(?=.{1,80}$)[a-z][a-z0-9._-]*(/[a-z0-9._-]+)+")
_SEEN_EACH: Final = timedelta(minutes=1)
"""How exactly it is known when a session or a key was used last."""
_C: Final = credentials.c
_A: Final = attempts.c
_TAKEN: Final = "an account of this id is there. এই আইডির অ্যাকাউন্ট আগে থেকেই আছে।"
_NOT_THERE: Final = "nothing of this id lets anyone in. এই আইডির কোনো অ্যাকাউন্ট বা চাবি চালু নেই।"
_TOO_SHORT: Final = "a password has 12 to 200 characters. পাসওয়ার্ড ১২ থেকে ২০০ অক্ষরের হতে হবে।"
_INVALID: Final = (
    "write an id such as centre-0042/operator-7 in small letters, no name and no number of a person; a name to show,"
    " of 1 to 120 characters; and at least one scope. আইডি লিখুন ছোট হাতের অক্ষরে, যেমন centre-0042/operator-7;"
    " কারও নাম বা নম্বর নয়। দেখানোর জন্য ১ থেকে ১২০ অক্ষরের নাম এবং অন্তত একটি অধিকার দিন।"
)


class SignInRefused(Throttled):
    """The name or the password is wrong, or the account ended; with ``retry_after``, nothing was checked yet."""

    code, status = "sign-in-refused", 401

    def __init__(self, retry_after: int | None = None) -> None:
        """Refuse, or let wait for so many seconds."""
        super().__init__()
        if retry_after is not None:
            self.code, self.status, self.retry_after = "sign-in-throttled", 429, retry_after  # type: ignore[misc]


class AccountInvalid(ValueError):
    """An account or a key cannot be made or changed so; the text says why, in both languages."""


class Accounts(Rows):
    """The accounts in a host's database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock | None = None,
        *,
        longest: timedelta = timedelta(hours=12),
        idle: timedelta = timedelta(hours=1),
        environment: Environment = "live",
    ) -> None:
        """Use the machine's clock unless another is given; a session lasts ``longest``, or ``idle`` unused."""
        super().__init__(database, vault, clock or SystemClock())
        self._longest, self._idle, self._environment = longest, idle, environment
        # Argon2 takes some 50 ms and 64 MiB, which no request of others waits for.
        self._hasher, self._threads = PasswordHasher(), OwnThreads("nagorik-passwords")

    async def sign_in(self, name: str, password: str, source: str) -> str:
        """Let an operator in by their id, in any case; returns a new session's token. Raises ``SignInRefused``.

        ``source`` says where the request comes from, such as an address; a keyed hash of it is kept for a day.
        """
        name, now, token = name.strip().lower()[:80], self._clock.now(), secrets.token_urlsafe(32)
        ids = [self._vault.lookup("portal-sign-in", one) for one in (f"name/{name}", f"source/{source}")]
        if (wait := await self._database.run(partial(self._begin, ids=ids))) is not None:
            raise SignInRefused(wait)
        found = await self._rows(select(credentials).where(_C.id == name, _C.kind == "password"))
        # An unknown name takes as long as a known one.
        known = found[0].secret if found else self._unknown
        is_right = await self._threads.run(partial(self._verify, known, password[: LONGEST_PASSWORD + 1]))
        if not found or not is_right or found[0].ended_at is not None:
            raise SignInRefused
        session = {one: getattr(found[0], one) for one in ("actor", "name", "scopes", "services")}
        session |= {"id": str(uuid4()), "kind": "session", "secret": self._vault.lookup("portal-session", token)}

        def begin(unit: Transaction) -> None:
            change_rows(unit, attempts, _A.id == ids[0], now, failures=0, next_at=now)
            change_rows(unit, attempts, _A.id == ids[1], now, failures=_A.failures - 1, next_at=now)
            delete_rows(unit, credentials, (_C.kind == "session") & (_C.expires_at < now), now)
            times = {"made_at": now, "expires_at": now + self._longest, "used_at": now}
            add_row(unit, credentials, now, **session, **times)

        await self._database.run(begin)
        return token

    async def session(self, token: str) -> PortalActor | None:
        """The operator whose session a token opens; ``None`` where it ended or never was."""
        return await self._let_in("session", token)

    async def machine(self, key: str) -> PortalActor | None:
        """The machine that a key belongs to; ``None`` where it expired, was ended or never was."""
        return await self._let_in("key", key) if key.startswith(f"ngk_{self._environment}_") else None

    async def sign_out(self, token: str) -> None:
        """End a session; of one that ended before, nothing is changed."""
        await self._delete(credentials, _C.secret == self._vault.lookup("portal-session", token))

    def csrf(self, token: str) -> str:
        """The text that each form of a session carries, and that no other site knows."""
        return self._vault.lookup("portal-csrf", token)

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

        Raises ``AccountInvalid``, as all methods that follow do.
        """
        secret = await self._hash(password)
        await self._make(identity, name, scopes, services, id=identity, kind="password", secret=secret)

    async def make_key(
        self,
        client: str,
        name: str,
        *,
        scopes: Collection[Scope],
        services: Collection[str] | None = None,
        days: int = 365,
    ) -> str:
        """Make a key for a machine such as ``centre-0042/app-shop``, good for ``days``; it is shown this once."""
        key = f"ngk_{self._environment}_{b32encode(secrets.token_bytes(20)).decode().lower()}"
        hashed, until = self._vault.lookup("portal-key", key), self._clock.now() + timedelta(days=days)
        await self._make(client, name, scopes, services, id=str(uuid4()), kind="key", secret=hashed, expires_at=until)
        return key

    async def set_password(self, identity: str, password: str) -> None:
        """Give an operator another password, and end their sessions."""
        await self._replace((_C.id == identity) & (_C.kind == "password"), secret=await self._hash(password))

    async def end(self, identity: str) -> None:
        """Let an operator, or a key by its own id, in no more, and end the operator's sessions."""
        await self._replace((_C.id == identity) & _C.ended_at.is_(None), ended_at=self._clock.now())

    async def listed(self) -> Sequence[Row[Any]]:
        """All operators and keys, by actor and age: the columns of ``LISTED``."""
        query = select(*(_C[name] for name in LISTED)).where(_C.kind != "session")
        return await self._rows(query.order_by(_C.actor, _C.made_at))

    async def names(self, centre: str) -> Mapping[str, str]:
        """What colleagues see of each operator and machine of a centre, by id."""
        return {one.actor: one.name for one in await self.listed() if one.actor.partition("/")[0] == centre}

    async def _let_in(self, kind: Literal["session", "key"], secret: str) -> PortalActor | None:
        now, is_this = self._clock.now(), _C.secret == self._vault.lookup(f"portal-{kind}", secret)
        query = select(credentials).where(is_this, _C.kind == kind, _C.ended_at.is_(None), _C.expires_at > now)
        row = next(iter(await self._rows(query)), None)
        if row is None or (kind == "session" and row.used_at <= now - self._idle):
            return None
        if row.used_at is None or row.used_at <= now - _SEEN_EACH:
            await self._change(credentials, is_this, used_at=now)
        services = frozenset(row.services.split(",")) if row.services is not None else None
        which: Literal["operator", "machine"] = "operator" if kind == "session" else "machine"
        scopes = frozenset(row.scopes.split(","))
        return PortalActor(row.actor, row.actor.partition("/")[0], which, row.name, scopes, services)

    def _begin(self, unit: Transaction, *, ids: Sequence[str]) -> int | None:
        """Count an attempt as failed before its password is looked at; returns the seconds that it has to wait."""
        now = self._clock.now()
        # Guessed names do not fill the table.
        delete_rows(unit, attempts, _A.next_at < now - _FORGOTTEN_AFTER, now)
        query = select(attempts).where(_A.id.in_(ids)).order_by(_A.id).with_for_update()
        found = {row.id: row for row in unit.connection.execute(query)}
        wait = max((row.next_at - now for row in found.values()), default=timedelta())
        if wait > timedelta():
            return ceil(wait.total_seconds())
        for identity, free in zip(ids, FREE, strict=True):
            failures = found[identity].failures + 1 if identity in found else 1
            over = min(failures - free, 20)
            until = now + (min(timedelta(seconds=2**over), LONGEST_WAIT) if over > 0 else timedelta())
            values = {"failures": failures, "next_at": until}
            if not change_rows(unit, attempts, _A.id == identity, now, **values):
                add_row(unit, attempts, now, id=identity, **values)
        return None

    async def _make(
        self, actor: str, name: str, scopes: Collection[Scope], services: Collection[str] | None, **values: Any
    ) -> None:
        if not (_ID.fullmatch(actor) and 1 <= len(name.strip()) <= 120 and scopes):  # noqa: PLR2004
            raise AccountInvalid(_INVALID)
        listed = ",".join(sorted(services)) if services is not None else None
        values |= {"actor": actor, "name": name.strip(), "scopes": ",".join(sorted(scopes)), "services": listed}
        try:
            await self._add(credentials, made_at=self._clock.now(), **values)
        except IntegrityError:
            raise AccountInvalid(_TAKEN) from None

    async def _replace(self, where: ColumnElement[bool], **values: Any) -> None:
        now = self._clock.now()

        def change(unit: Transaction) -> list[str]:
            changed = change_rows(unit, credentials, where, now, **values)
            delete_rows(unit, credentials, (_C.kind == "session") & _C.actor.in_(changed), now)
            return changed

        if not await self._database.run(change):
            raise AccountInvalid(_NOT_THERE)

    async def _hash(self, password: str) -> str:
        if not 12 <= len(password) <= LONGEST_PASSWORD:  # noqa: PLR2004
            raise AccountInvalid(_TOO_SHORT)
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
