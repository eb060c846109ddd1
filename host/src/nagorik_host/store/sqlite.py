"""SQLite: one file, one writer, and one commit for all units that wait.

A commit costs a write to the disk. So one thread commits all units that have come in meanwhile together, each in a
savepoint of its own and complete before the next begins. A caller gets its result when the disk has it.
"""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction, Unit
from nagorik_host.store.off_loop import OwnThreads

T = TypeVar("T")

TOGETHER: Final = 256
"""Most units of one commit."""
PATIENCE: Final = 30.0
"""Seconds that another process may hold the file for itself."""

_PRAGMAS: Final = (
    "journal_mode = WAL",
    # A commit survives a loss of power: an intent that did not would be sent twice.
    "synchronous = FULL",
    "foreign_keys = ON",
    # What is deleted is overwritten, so that a destroyed key does not stay in the file.
    "secure_delete = ON",
)

_SNAPSHOT: Final = "nagorik_snapshot"
_IN_MEMORY: Final = frozenset({None, "", ":memory:"})


_SAID: Final = {
    sqlite3.SQLITE_FULL: "the disk is full, and nothing was written",
    sqlite3.SQLITE_READONLY: "the file may only be read by this user, and nothing was written",
    sqlite3.SQLITE_CANTOPEN: "the file, or what SQLite keeps beside it, cannot be opened by this user",
    sqlite3.SQLITE_BUSY: "another process keeps the file for itself",
    sqlite3.SQLITE_IOERR: "the disk does not read or write the file as it should",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is no database",
}
"""The texts of errors, by their code."""


def _as_caller_gets(error: BaseException) -> BaseException:
    """An error as its caller gets it: the file's own as ``DatabaseUnavailable``, all others as they are."""
    if not isinstance(error, DBAPIError):
        return error
    unnamed = "the file cannot be used" if isinstance(error, OperationalError) else None
    # SQLite's primary code.
    sentence = _SAID.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF, unnamed)
    return DatabaseUnavailable(sentence) if sentence is not None else error


def engine_of(url: URL) -> Engine:
    """An engine whose transactions lock the file for writing from their beginning, but for snapshots."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # SQLAlchemy begins transactions itself: the driver would begin them too late.
        connection.isolation_level = None
        # One row whose text is not UTF-8 must not hide the others.
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if _SNAPSHOT in connection.get_execution_options() else "BEGIN IMMEDIATE")

    return engine


class SqliteDatabase(Database):
    """A file that this process may share with others of the same machine."""

    def __init__(self, url: URL) -> None:
        """Open the file that ``url`` names; it is made if there is none.

        Raises:
            DatabaseUnavailable: The file cannot be opened.
        """
        self._engine = engine_of(url)
        self._in_memory = url.database in _IN_MEMORY
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._closed = False
        self._threads = OwnThreads("nagorik-store-reader")
        if not self._in_memory and "uri" not in url.query:
            _make_private(str(url.database))
        try:
            self._connection = self._engine.connect()
            self._connection.execute(text("SELECT count(*) FROM sqlite_master"))
            self._connection.rollback()
        except DBAPIError as error:
            raise _as_caller_gets(error) from None
        self._inode = _inode_of(url)
        self._writer = threading.Thread(target=self._write, name="nagorik-store", daemon=True)
        self._writer.start()

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``."""
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        if _inode_of(self._engine.url) != self._inode:
            # As a copy does that is put back: what is written to the old file is lost, and its calls are made again.
            raise DatabaseUnavailable("another file stands in its place; end this process")
        asked = _Asked(unit)
        self._waiting.put(asked)
        result: T = await asyncio.wrap_future(asked.answer)
        return result

    async def snapshot(self, unit: Unit[T]) -> T:
        """As ``Database.snapshot``, beside the writer."""
        if self._in_memory:
            return await self.run(unit)
        return await self._threads.run(partial(self._read, unit))

    async def scrub(self) -> bool:
        """As ``Database.scrub``: truncate the log, which has what was overwritten in the file."""
        return await self._threads.run(self._cut_off_log)

    async def close(self) -> None:
        """As ``Database.close``."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            await self._threads.run(self._writer.join)
            self._threads.close()

    def _cut_off_log(self) -> bool:
        connection = self._engine.raw_connection()
        try:
            busy, _, _ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        return not busy

    def _read(self, unit: Unit[T]) -> T:
        try:
            with self._engine.connect() as connection:
                snapshot = connection.execution_options(**{_SNAPSHOT: True})
                with snapshot.begin():
                    return unit(Transaction(snapshot))
        except DBAPIError as error:
            raise _as_caller_gets(error) from error.__cause__

    def _write(self) -> None:
        last = False
        while not last:
            together, last = self._next()
            if together:
                self._commit(together)
        self._connection.close()
        self._engine.dispose()

    def _next(self) -> tuple[list["_Asked"], bool]:
        """All waiting units, at least one unless there will be no more; and whether there will be no more."""
        together: list[_Asked] = []
        further = self._waiting.get()
        with suppress(queue.Empty):
            while further is not None:
                together.append(further)
                if len(together) == TOGETHER:
                    break
                further = self._waiting.get_nowait()
            return together, further is None
        return together, False

    def _commit(self, together: Sequence["_Asked"]) -> None:
        """Commit all. A unit that fails leaves nothing behind; where the commit fails, each is committed alone."""
        try:
            with self._connection.begin():
                done = [self._do(asked, is_alone=len(together) == 1) for asked in together]
                appended = self.append_records(self._connection, [one for one in done if one is not None])
        except BaseException as error:  # noqa: BLE001 - it is the caller's, not this thread's
            if len(together) > 1:
                for asked in together:
                    self._commit([asked])
            else:
                together[0].error = error
                together[0].finish()
        else:
            if appended is not None:
                appended.committed()
            for asked in together:
                asked.finish()

    def _do(self, asked: "_Asked", *, is_alone: bool) -> Transaction | None:
        """Run a unit and keep its result or error; returns its transaction, unless it failed."""
        transaction = Transaction(self._connection)
        asked.error = None
        try:
            with nullcontext() if is_alone else transaction.nested():
                asked.result = asked.unit(transaction)
        except BaseException as error:
            driver: Any = self._connection.connection.driver_connection
            # Where the disk is full, SQLite itself rolls back the whole transaction.
            if is_alone or not driver.in_transaction:
                raise
            asked.error = error
            return None
        return transaction


def _inode_of(url: URL) -> int | None:
    """What the file's name stands for now; ``None`` where it has no name, or stands for nothing."""
    file = Path(str(url.database))
    return file.stat().st_ino if file.exists() else None


def _make_private(file: str) -> None:
    """Make the file, where it is missing, for this user alone; SQLite gives its log the same rights."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except (OSError, ValueError):
        raise DatabaseUnavailable("the file cannot be opened") from None


@dataclass(slots=True, eq=False)
class _Asked:
    """A unit, its result or error, and the future of its caller, who may have gone meanwhile."""

    unit: Unit[Any]
    answer: Future[Any] = field(default_factory=Future)
    result: object = None
    error: BaseException | None = None

    def finish(self) -> None:
        if not self.answer.set_running_or_notify_cancel():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(_as_caller_gets(self.error))
