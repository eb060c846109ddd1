"""Failed sign-ins make the next one wait: longer with each, by name and by where it comes from.

An attempt counts as failed before its password is looked at, so that attempts side by side gain nothing.
"""

from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Final

from sqlalchemy import delete, insert, select, update

from nagorik_host.store.database import Database, Transaction
from nagorik_host.vault import Vault
from nagorik_portal.schema import attempts

FREE: Final = {"name": 4, "source": 19}
"""Failures without a wait. A whole centre may come from one address."""
LONGEST_WAIT: Final = timedelta(minutes=15)
_FORGOTTEN_AFTER: Final = timedelta(days=1)
_KIND: Final = "portal-sign-in"
_A: Final = attempts.c


class SignInThrottle:
    """Counts failed attempts in the database, for all processes."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep keyed hashes of names and sources."""
        self._database, self._vault = database, vault

    async def begin(self, name: str, source: str, now: datetime) -> int | None:
        """Count an attempt; returns the whole seconds that it has to wait, in which case it is not counted."""
        return await self._database.run(partial(self._begin, ids=self._ids(name, source), now=now))

    async def succeeded(self, name: str, source: str, now: datetime) -> None:
        """Forget the failures of a name, and count one failure less of where it came from."""
        ids = self._ids(name, source)
        forgotten = update(attempts).where(_A.id == ids["name"]).values(failures=0, next_at=now)
        less = (
            update(attempts)
            .where(_A.id == ids["source"], _A.failures > 0)
            .values(failures=_A.failures - 1, next_at=now)
        )

        def write(transaction: Transaction) -> None:
            for statement in (forgotten, less):
                transaction.connection.execute(statement)

        await self._database.run(write)

    def _ids(self, name: str, source: str) -> dict[str, str]:
        given = {"name": name, "source": source}
        return {kind: self._vault.lookup(_KIND, f"{kind}/{value}") for kind, value in given.items()}

    def _begin(self, transaction: Transaction, *, ids: dict[str, str], now: datetime) -> int | None:
        query = select(attempts).where(_A.id.in_(ids.values())).order_by(_A.id).with_for_update()
        found = {row.id: row for row in transaction.connection.execute(query)}
        wait = max((row.next_at - now for row in found.values()), default=timedelta())
        if wait > timedelta():
            return ceil(wait.total_seconds())
        self._forget(transaction, now)
        for kind, identity in ids.items():
            row = found.get(identity)
            failures = 1 if row is None or row.next_at < now - _FORGOTTEN_AFTER else row.failures + 1
            over = failures - FREE[kind]
            until = now + (min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT) if over > 0 else timedelta())
            values = {"failures": failures, "next_at": until}
            is_this = _A.id == identity
            if not transaction.connection.execute(update(attempts).where(is_this).values(**values)).rowcount:
                transaction.connection.execute(insert(attempts).values(id=identity, **values))
                transaction.record_row(attempts, identity, at=now)
        return None

    @staticmethod
    def _forget(transaction: Transaction, now: datetime) -> None:
        """Delete what is a day old, so that guessed names do not fill the table."""
        old = select(_A.id).where(_A.next_at < now - _FORGOTTEN_AFTER).limit(100)
        gone = transaction.connection.scalars(delete(attempts).where(_A.id.in_(old)).returning(_A.id)).all()
        for identity in gone:
            transaction.record_row(attempts, identity, at=now)
