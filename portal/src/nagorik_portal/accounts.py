"""Operators with passwords and sessions, machines with keys: who may come in.

Times are the machine's. A session's token and a machine's key are kept as keyed hashes only; a password by Argon2id.
Failed sign-ins to a name make the next one wait, longer with each.
"""

import re
import secrets
from base64 import b32encode
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any, Final, Literal
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, select

from nagorik.clock import Clock
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.off_loop import OwnThreads
from nagorik_host.vault import Vault
from nagorik_platform.system_clock import SystemClock
from nagorik_portal.actors import PortalActor, Scope
from nagorik_portal.errors import GivenInvalid, PortalError, Throttled
from nagorik_portal.records import Rows, add_row, change_rows, delete_rows, put_row
from nagorik_portal.schema import attempts, credentials

Services = Collection[str] | None
"""Ids of services; ``None`` for all."""
LONGEST_PASSWORD: Final = 200
LISTED: Final = ("id", "kind", "actor", "name", "scopes", "services", "made_at", "expires_at", "ended_at", "used_at")
"""What a list has of each credential."""
LONGEST: Final = timedelta(hours=12)
"""How long a session lasts."""
IDLE: Final = timedelta(hours=1)
"""After how long without a request it ends."""
FREE: Final = 4
"""Failures of a name without a wait."""
LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN_AFTER: Final = timedelta(days=1)
_ID: Final = re.compile(r"(?=.{1,80}$)[a-z][a-z0-9._-]*(/[a-z0-9._-]+)+")
_SEEN_EACH: Final = timedelta(minutes=1)
"""How exactly it is known when a session or a key was used last."""
_C: Final = credentials.c
_A: Final = attempts.c
_SESSION: Final = _C.kind == "session"
_NOT_THERE: Final = "nothing of this id lets anyone in. এই আইডির কোনো অ্যাকাউন্ট বা চাবি চালু নেই।"
_TOO_SHORT: Final = "a password has 12 to 200 characters. পাসওয়ার্ড ১২ থেকে ২০০ অক্ষরের হতে হবে।"
_INVALID: Final = (
    "write an id such as centre-0042/operator-7 in small letters, no name and no number of a person; a name to show,"
    " of 1 to 120 characters; and at least one scope. আইডি লিখুন ছোট হাতের অক্ষরে, যেমন centre-0042/operator-7;"
    " কারও নাম বা নম্বর নয়। দেখানোর জন্য ১ থেকে ১২০ অক্ষরের নাম এবং অন্তত একটি অধিকার দিন।"
)


class SignInRefused(PortalError):
    """The name or the password is wrong, or the account ended."""

    code, status = "sign-in-refused", 401


class SignInThrottled(Throttled):
    """Too many sign-ins to a name failed; nothing was checked."""

    code = "sign-in-throttled"


class Accounts(Rows):
    """The accounts in a host's database."""

    def __init__(self, database: Database, vault: Vault, clock: Clock | None = None) -> None:
        """Use the machine's clock unless another is given."""
        super().__init__(database, vault, clock or SystemClock())
        # Argon2 takes some 50 ms and 64 MiB, which no request of others waits for.
        self._hasher, self._threads = PasswordHasher(), OwnThreads("nagorik-passwords")

    async def sign_in(self, name: str, password: str) -> str:
        """Let an operator in by their id, in any case; returns a new session's token.

        Raises ``SignInRefused`` and ``SignInThrottled``.
        """
        name, now, token = name.strip().lower()[:80], self._clock.now(), secrets.token_urlsafe(32)
        attempt = self._vault.lookup("portal-sign-in", name)
        await self._begin(attempt)
        found = await self._rows(select(credentials).where(_C.id == name, _C.kind == "password"))
        known = found[0].secret if found else None
        is_right = await self._threads.run(partial(self._verify, known, password[: LONGEST_PASSWORD + 1]))
        if not is_right or found[0].ended_at is not None:
            raise SignInRefused
        secret, same = self._vault.lookup("portal-session", token), ("actor", "name", "scopes", "services")
        session = {"kind": "session", "secret": secret, **{one: getattr(found[0], one) for one in same}}

        def begin(unit: Transaction) -> None:
            delete_rows(unit, attempts, _A.id == attempt, now)
            delete_rows(unit, credentials, _SESSION & (_C.expires_at < now), now)
            times = {"made_at": now, "expires_at": now + LONGEST, "used_at": now}
            add_row(unit, credentials, now, id=str(uuid4()), **session, **times)

        await self._database.run(begin)
        return token

    async def session(self, token: str) -> PortalActor | None:
        """The operator whose session a token opens; ``None`` where it ended or never was."""
        return await self._let_in("session", token)

    async def machine(self, key: str) -> PortalActor | None:
        """The machine that a key belongs to; ``None`` where it expired, was ended or never was."""
        return await self._let_in("key", key)

    async def sign_out(self, token: str) -> None:
        """End a session; of one that ended before, nothing is changed."""
        await self._delete(credentials, _C.secret == self._vault.lookup("portal-session", token))

    def csrf(self, token: str) -> str:
        """The text that each form of a session carries, and that no other site knows."""
        return self._vault.lookup("portal-csrf", token)

    async def add_operator(
        self, identity: str, name: str, password: str, *, scopes: Collection[Scope], services: Services = None
    ) -> None:
        """Add an operator by an id such as ``centre-0042/operator-7``, or replace the one of this id.

        Raises ``GivenInvalid``, as the next methods do. The sessions of the one that is replaced end.
        """
        if not 12 <= len(password) <= LONGEST_PASSWORD:  # noqa: PLR2004
            raise GivenInvalid(_TOO_SHORT)
        secret = await self._threads.run(partial(self._hasher.hash, password))
        await self._keep(identity, identity, name, scopes, services, kind="password", secret=secret)

    async def make_key(
        self, client: str, name: str, *, scopes: Collection[Scope], services: Services = None, days: int = 365
    ) -> str:
        """Make a key for a machine such as ``centre-0042/app-shop``, good for ``days``; it is shown this once."""
        key = f"ngk_{b32encode(secrets.token_bytes(20)).decode().lower()}"
        hashed, until = self._vault.lookup("portal-key", key), self._clock.now() + timedelta(days=days)
        given = {"kind": "key", "secret": hashed, "expires_at": until}
        await self._keep(str(uuid4()), client, name, scopes, services, **given)
        return key

    async def end(self, identity: str) -> None:
        """Let an operator, or a key by its own id, in no more, and end the operator's sessions."""
        now, goes_on = self._clock.now(), (_C.id == identity) & _C.ended_at.is_(None)

        def end(unit: Transaction) -> list[str]:
            delete_rows(unit, credentials, _SESSION & (_C.actor == identity), now)
            return change_rows(unit, credentials, goes_on, now, ended_at=now)

        if not await self._database.run(end):
            raise GivenInvalid(_NOT_THERE)

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
        if row is None or (kind == "session" and row.used_at <= now - IDLE):
            return None
        if row.used_at is None or row.used_at <= now - _SEEN_EACH:
            await self._change(credentials, is_this, used_at=now)
        services = frozenset(row.services.split(",")) if row.services is not None else None
        which: Literal["operator", "machine"] = "operator" if kind == "session" else "machine"
        scopes = frozenset(row.scopes.split(","))
        return PortalActor(row.actor, row.actor.partition("/")[0], which, row.name, scopes, services)

    async def _begin(self, attempt: str) -> None:
        """Count an attempt as failed before its password is looked at; raises ``SignInThrottled``."""
        now = self._clock.now()

        def count(unit: Transaction) -> int:
            # Guessed names do not fill the table.
            delete_rows(unit, attempts, _A.next_at < now - _FORGOTTEN_AFTER, now)
            query = select(attempts).where(_A.id == attempt).with_for_update()
            found = unit.connection.execute(query).one_or_none()
            if found is not None and found.next_at > now:
                left: timedelta = found.next_at - now
                return ceil(left.total_seconds())
            failures = found.failures + 1 if found is not None else 1
            wait = min(timedelta(seconds=2 ** min(failures - FREE, 20)), LONGEST_WAIT) * (failures > FREE)
            put_row(unit, attempts, attempt, now, failures=failures, next_at=now + wait)
            return 0

        if wait := await self._database.run(count):
            raise SignInThrottled(wait)

    async def _keep(
        self, id_: str, actor: str, name: str, scopes: Collection[Scope], services: Services, **more: Any
    ) -> None:
        if not (_ID.fullmatch(actor) and 1 <= len(name.strip()) <= 120 and scopes):  # noqa: PLR2004
            raise GivenInvalid(_INVALID)
        now, listed = self._clock.now(), ",".join(sorted(services)) if services is not None else None
        more |= {"actor": actor, "name": name.strip(), "scopes": ",".join(sorted(scopes)), "services": listed}

        def keep(unit: Transaction) -> None:
            delete_rows(unit, credentials, _SESSION & (_C.actor == actor), now)
            put_row(unit, credentials, id_, now, made_at=now, ended_at=None, **more)

        await self._database.run(keep)

    def _verify(self, known: str | None, password: str) -> bool:
        try:
            # An unknown name takes as long as a known one.
            return self._hasher.verify(known, password) if known is not None else not self._hasher.hash(password)
        except (VerificationError, InvalidHashError):
            return False
