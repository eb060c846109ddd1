"""One interface to both databases: units run in transactions.

A unit is a plain function of a transaction. It happens as a whole or not at all, and may be run more than once before
it happens, so it only reads and writes through the transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Table, bindparam, insert, make_url, update
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from nagorik_host.store.ledger import Appended, AuditLedger, LedgerMissing, LedgerWentBack, Records
from nagorik_host.store.schema import attempts, changes, insert_rows, journal
from nagorik_host.vault import KeyMissing, Vault

T = TypeVar("T")

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
BEGIN_ATTEMPT: Final = insert(attempts)
_CHANGED: Final = insert(changes)
END_ATTEMPT: Final = (
    update(attempts)
    .where(attempts.c.application == bindparam("application_"), attempts.c.entry == bindparam("entry_"))
    .values(ended_at=bindparam("ended_at"), result=bindparam("result"))
)


class DatabaseInvalid(ValueError):
    """The database's URL cannot be used; the text says why, without the URL."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or the connection broke; the unit may or may not have happened."""


_OF_THE_ROW: Final = ("22", "23")
"""Classes of a server's errors that blame a value: too long, out of range, no text, or against a constraint."""


def is_the_machines(error: Exception) -> bool:
    """Whether a unit failed because of the database or this process's keys, and not because of its own data."""
    if isinstance(error, DBAPIError):
        state: str | None = getattr(error.orig, "sqlstate", None)
        return not (state.startswith(_OF_THE_ROW) if state else isinstance(error, DataError | IntegrityError))
    return isinstance(error, DatabaseUnavailable | KeyMissing | LedgerWentBack)


@dataclass(slots=True, repr=False)
class Transaction:
    """What a unit works with.

    ``due`` has the plugins of applications that are due at once after the commit, by application: hints for workers.
    ``records`` are for the ledger and for those who follow applications.
    """

    connection: Connection
    due: dict[str, str] = field(default_factory=dict)
    records: Records = field(default_factory=Records)

    def append_entries(self, entries: Sequence[Sequence[Any]]) -> None:
        """Append rows to journals."""
        insert_rows(self.connection, journal, entries)

    def add_hint(self, application: str, plugin: str) -> None:
        """Hint, once this is committed, that an application is due."""
        self.due[application] = plugin

    def take_time(self) -> None:
        """Lift PostgreSQL's limits on statements and locks for this unit."""
        if self.connection.dialect.name == "postgresql":
            for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                self.connection.exec_driver_sql(f"SET LOCAL {limit} = 0")

    def drop_hint(self, application: str) -> None:
        """Drop the hint: this transaction has claimed the application."""
        self.due.pop(application, None)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """A savepoint: what is done within happens as a whole or, where it raises, not at all."""
        due, records = dict(self.due), self.records.copy()
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self.due, self.records = due, records
            raise

    def record(self, application: str, at: datetime, content: Mapping[str, Any]) -> None:
        """Record what this unit sets of an application; the last value of each name wins."""
        self.records.add(application, at, content)

    def record_row(self, table: Table, *key: Any, at: datetime) -> None:
        """Record how this unit leaves a row of a tracked table, or that it deletes it."""
        self.records.changed[table, key] = at


Unit = Callable[[Transaction], T]


class Database(ABC):
    """An open database."""

    _ledger: AuditLedger | None = None

    def use_ledger(self, vault: Vault) -> None:
        """Chain the ledger by the keys of ``vault``. Without it, units that record are refused."""
        if self._ledger is None:
            self._ledger = AuditLedger(vault)

    def append_records(self, connection: Connection, transactions: Sequence[Transaction]) -> Appended | None:
        """Insert what units recorded, as the last act of a transaction; call ``committed`` after the commit.

        Raises:
            LedgerMissing: There is something to record, and the database was opened without keys.
        """
        if standings := [row for one in transactions for row in one.records.standings.values()]:
            connection.execute(_CHANGED, standings)
        records = [one.records for one in transactions if one.records.made or one.records.changed]
        if not records:
            return None
        if self._ledger is None:
            raise LedgerMissing("the database was opened without the host's keys, and is to be changed")
        return self._ledger.append(connection, records)

    @asynccontextmanager
    async def listening(self, heard: Callable[[], None]) -> AsyncIterator[None]:  # noqa: ARG002
        """Call ``heard`` when another process has made something due. Hints may be lost."""
        yield

    @abstractmethod
    async def run(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction and return what it returns, once that is committed.

        Raises:
            DatabaseUnavailable: The database is gone; the unit may or may not have happened.
        """

    async def run_unbound(self, unit: Unit[T]) -> T:
        """As ``run``, but each statement may be committed by itself; no ledger records, no hints."""
        return await self.run(unit)

    async def snapshot(self, unit: Unit[T]) -> T:
        """As ``run``, for a unit that only reads, on the state of one moment."""
        return await self.run(unit)

    async def scrub(self) -> bool:
        """Remove deleted data from the database's files; returns whether they hold it no more."""
        return False

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and close all connections."""


def read_url(text: str) -> URL:
    """The URL of a database.

    Raises:
        DatabaseInvalid: It is no URL, or names a database that is not supported.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseInvalid("the database's URL cannot be read; write sqlite:///FILE or postgresql://…") from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise DatabaseInvalid(f"{url.get_backend_name()} is not supported; use sqlite or postgresql")
    return url


async def open_database(text: str) -> Database:
    """Open the database that a URL names: ``sqlite:///FILE`` or ``postgresql://…``.

    Raises:
        DatabaseInvalid: The URL cannot be used, or what it needs is not installed.
        DatabaseUnavailable: There is no such database, or it does not respond.
    """
    url = read_url(text)
    if url.get_backend_name() == "sqlite":
        from nagorik_host.store.sqlite import SqliteDatabase

        return SqliteDatabase(url)
    try:
        from nagorik_host.store.postgresql import PostgresqlDatabase
    except ImportError:
        raise DatabaseInvalid("PostgreSQL needs: pip install 'nagorik-host[postgresql]'") from None
    return PostgresqlDatabase(url)
