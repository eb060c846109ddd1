"""Which keys a database belongs to: a check value of each, so that no other ring is ever used on it.

With another index key, every application would be taken in anew and filed twice. With a wrapping key missing, sound
applications could not be read. So every ring is compared first. A check value is a keyed hash of the key's name; it
does not help to guess the key.

A database's first use writes its ring down. A wrapping key that is added later wraps nothing before ``keys rotate``
has made it known, which is refused while a worker runs that does not hold it. A key that wraps nothing any more is
retired: a ring may lack it.
"""

import hmac
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from nagorik_host.store.clock import LEASE_NOW, lasts
from nagorik_host.store.database import Database, Transaction
from nagorik_host.store.schema import applications, erased_references, host_keys, inbox, ledger, workers
from nagorik_host.vault import INDEX, Keyring, Vault

_IS_RETIRED: Final = host_keys.c.retired_at.is_not(None).label("is_retired")
_KNOWN: Final = select(host_keys.c.name, host_keys.c.check_value, _IS_RETIRED)
_MADE_BY_KEYS: Final = tuple(
    select(literal(1)).select_from(table).limit(1) for table in (applications, inbox, erased_references, ledger)
)
"""Each finds a row that was sealed, hashed or chained by keys."""
_LIVING: Final = select(workers.c.name, workers.c.key_names).where(lasts(workers.c.lease_until))
_LOCK: Final = select(host_keys.c.name).where(host_keys.c.name == INDEX).with_for_update()
"""Taken to make a key known and to sign a worker on: neither overlooks the other."""


class KeysRefused(Exception):
    """The ring is not this database's; the text says which key, what it means, what to do."""


class WorkersLackKey(Exception):
    """Workers run that do not hold the key that is to be used from now on; ``workers`` are their names."""

    def __init__(self, names: Sequence[str], key: str) -> None:
        """Name them and the key."""
        super().__init__(f"workers that do not hold the key {key}: {', '.join(names)}")
        self.workers, self.key = tuple(names), key


async def admit_keys(database: Database, keyring: Keyring, now: datetime) -> Keyring:
    """The ring with the key first that the database has in use; the first use writes the ring down.

    Raises:
        KeysRefused: It is not this database's.
        DatabaseUnavailable: The database is gone.
    """
    vault = Vault(keyring)
    if not await database.run(_rows):
        await database.run(lambda transaction: _begin(transaction, vault, now))
    name = await database.run(lambda transaction: key_in_use(transaction, vault))
    return Keyring(keyring.index, MappingProxyType({name: keyring.wrapping[name], **keyring.wrapping}))


def key_in_use(transaction: Transaction, vault: Vault) -> str:
    """The name of the key that wraps what is new in this database; the first of the ring on its first use.

    Raises:
        KeysRefused: The ring is not this database's.
    """
    rows = _rows(transaction) or _rows_of_the_first_use(transaction)
    if not rows:
        return vault.current
    known = {row.name: row for row in rows}
    index = known.get(INDEX)
    if index is None or not _is_same(index, vault):
        raise KeysRefused(
            f"the key {INDEX} is not this database's, so these are another host's keys: every application would be"
            " taken for new and filed twice. Nothing was done. Use the keys that belong to this database"
        )
    for name, row in known.items():
        if name in vault.checks and not _is_same(row, vault):
            raise KeysRefused(
                f"the key {name} is another than this database's of that name. Nothing was done. Put the right line"
                " back, as another machine's file of the keys or your copy of it has it"
            )
    missing = [name for name, row in known.items() if not row.is_retired and name not in vault.checks]
    if missing:
        raise KeysRefused(
            f"the key {missing[0]} is not among the keys, and this database is in use with it. Nothing was done. Put"
            " its line into the file of the keys, as another machine's has it"
        )
    usable = [name for name in vault.names if name in known and not known[name].is_retired]
    if not usable:
        raise KeysRefused(
            "this database has no key in use: its table of keys was changed by hand. Nothing was done. Put the table"
            " of keys back from a backup"
        )
    return usable[0]


def sign_on(transaction: Transaction, vault: Vault) -> None:
    """As ``key_in_use``, as a worker begins; no key is made known meanwhile."""
    transaction.connection.execute(_LOCK)
    key_in_use(transaction, vault)


def make_known(transaction: Transaction, vault: Vault, now: datetime) -> None:
    """Make every key of a ring known; its first is in use from now on.

    Raises:
        KeysRefused: The ring is not this database's, or its first key was retired.
        WorkersLackKey: A worker that runs does not hold the first key.
    """
    transaction.connection.execute(_LOCK)
    key_in_use(transaction, vault)
    known = {row.name: row for row in _rows(transaction)}
    first = known.get(vault.current)
    if first is not None and first.is_retired:
        raise KeysRefused(
            f"the key {vault.current}, which stands first among the keys, was retired by a rotation. Put the newest"
            " key first"
        )
    living = transaction.connection.execute(_LIVING, {LEASE_NOW: None}).all()
    lacking = sorted({row.name for row in living if vault.current not in row.key_names.split(",")})
    if lacking:
        raise WorkersLackKey(lacking, vault.current)
    _write(transaction, vault, now, [name for name in vault.checks if name not in known])


def retire_others(transaction: Transaction, vault: Vault, now: datetime) -> list[str]:
    """Retire every key but the one in use, once everything is wrapped by that.

    Returns the names of workers that still wrap by another; while there are any, nothing is retired.
    """
    transaction.connection.execute(_LOCK)
    living = transaction.connection.execute(_LIVING, {LEASE_NOW: None}).all()
    behind = sorted({row.name for row in living if row.key_names.partition(",")[0] != vault.current})
    if not behind:
        transaction.connection.execute(
            update(host_keys)
            .where(host_keys.c.name.not_in([INDEX, vault.current]), host_keys.c.retired_at.is_(None))
            .values(retired_at=now)
        )
    return behind


def _rows(transaction: Transaction) -> Sequence[Row[Any]]:
    return transaction.connection.execute(_KNOWN).all()


def _rows_of_the_first_use(transaction: Transaction) -> Sequence[Row[Any]]:
    """What another process wrote meanwhile that was first.

    Raises:
        KeysRefused: The database has rows that were made by keys, and no keys to compare the ring with.
    """
    is_used = any(transaction.connection.scalar(query) is not None for query in _MADE_BY_KEYS)
    rows = _rows(transaction)
    if is_used and not rows:
        raise KeysRefused(
            "this database is in use, and what it says of its keys is gone: with another host's keys every"
            " application would be filed twice. Nothing was done. Put the table host_keys back from a backup"
        )
    return rows


def _begin(transaction: Transaction, vault: Vault, now: datetime) -> None:
    """Write a ring down on a database's first use.

    Raises:
        KeysRefused: The database was used before.
    """
    if _rows_of_the_first_use(transaction):
        return  # another process has begun
    # Two may begin at once: the second waits for the first, and is compared with its keys.
    with suppress(IntegrityError), transaction.nested():
        _write(transaction, vault, now, list(vault.checks))


def _write(transaction: Transaction, vault: Vault, now: datetime, names: Collection[str]) -> None:
    if names:
        rows = [{"name": name, "check_value": vault.checks[name], "added_at": now} for name in names]
        transaction.connection.execute(insert(host_keys), rows)


def _is_same(row: Row[Any], vault: Vault) -> bool:
    return hmac.compare_digest(bytes(row.check_value), vault.checks[row.name])
