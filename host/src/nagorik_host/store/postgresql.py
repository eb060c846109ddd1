"""PostgreSQL: any number of processes and machines on the same database.

A machine that stands still keeps its locks for as long as the server believes in it. So sessions bound how long they
wait, for their client and for others, and the server probes silent connections.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context
from functools import partial
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction, Unit
from nagorik_host.store.ledger import Appended

T = TypeVar("T")

CONNECTIONS: Final = 8
"""Most transactions of one process at a time."""
PATIENCE: Final = 30.0
"""Seconds that a unit waits for a connection."""
_AGAIN: Final = 5
IDLE: Final = 12.0
"""Seconds that a transaction may wait for its client before the server rolls it back. Much less than a lease."""
LOCKED: Final = 12.0
"""Seconds that a statement waits for a lock."""
LONGEST: Final = 60.0
"""Seconds that a statement may take; see ``Transaction.take_time``."""
CONNECTING: Final = 10.0
"""Seconds that a server may take until a connection is made."""
CLOSING: Final = 2.0
"""Seconds that a server may take to close a connection."""
HINTS: Final = "nagorik_due"
"""The channel on which a commit names the plugins for which it has made something due."""
LISTENING_AGAIN: Final = 1.0
"""Seconds after which a listening connection that broke is made anew."""
_NOTIFY: Final = "SELECT pg_notify($1, plugin) FROM unnest($2::text[]) AS plugin"
KEEPALIVE: Final = {"KEEPIDLE": 10, "KEEPINTVL": 5, "KEEPCNT": 3}
"""Seconds of silence before a connection is probed, seconds between probes, and unanswered probes until its end."""
UNHEARD: Final = 20.0
"""Seconds after which a connection is given up whose other end acknowledges nothing."""
_AWAY: Final = ("08", "53", "57", "3D", "25P03", "55P03", "40")
"""Classes of errors that the host waits for, with those of ``_SAID``: connections, resources, a server or statement
that is stopped, no such database, a client that stood still, a lock or rollback at every attempt."""
_SAID: Final = (
    ("28", "the database does not let this user in, or the password is wrong"),
    ("3D", "the server has no database of this name"),
    ("42501", "the database's user may not do this"),
    ("25006", "the database may only be read; is it a standby?"),
    ("53100", "the database's disk is full"),
    ("53300", "the database takes no more connections"),
    ("57P03", "the database is starting or stopping"),
)
"""The texts of errors by the beginning of their code."""
_BROKE: Final = "the connection to the database broke"
_ROLLED_BACK: Final = frozenset({"40001", "40P01", "55P03"})
"""Serialisation failure, deadlock and lock timeout: nothing happened, and the unit is run again."""


class PostgresqlDatabase(Database):
    """A database that is shared by all workers."""

    def __init__(self, url: URL) -> None:
        """Use the database that ``url`` names; connections are made when they are needed."""
        self._engine: AsyncEngine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            # A connection prepares each statement once, so the one that was used last is the cheapest.
            pool_use_lifo=True,
            pool_timeout=PATIENCE,
            hide_parameters=True,
            connect_args={"server_settings": session_settings(), "timeout": CONNECTING},
        )
        self._unbound = self._engine.execution_options(isolation_level="AUTOCOMMIT")

        @event.listens_for(self._engine.sync_engine, "connect")
        def connected(connection: Any, _: Any) -> None:
            _keep_alive(connection.driver_connection)

        self._running = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._closed = False

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``; a unit that the database itself rolled back is run again."""
        return await self._repeated(partial(self._run, unit))

    async def run_unbound(self, unit: Unit[T]) -> T:
        """As ``Database.run_unbound``: a transaction would cost two more round trips."""

        async def run_unbound() -> T:
            async with self._unbound.connect() as connection:
                return await connection.run_sync(lambda sync: unit(Transaction(sync)))

        return await self._repeated(run_unbound)

    async def _repeated(self, act: Callable[[], Awaitable[T]]) -> T:
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        with self._noted(), _translated():
            for attempt in range(1, _AGAIN + 1):
                try:
                    return await act()
                except (DBAPIError, asyncpg.PostgresError) as error:
                    if attempt == _AGAIN or _state_of(error) not in _ROLLED_BACK:
                        raise
        raise AssertionError("a unit is done or has failed")

    async def snapshot(self, unit: Unit[T]) -> T:
        """As ``Database.snapshot``."""
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        with self._noted(), _translated():
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    return await connection.run_sync(lambda sync: unit(Transaction(sync)))

    async def close(self) -> None:
        """As ``Database.close``."""
        self._closed = True
        # A statement takes LONGEST at most; a server that stands still sees the connections end with the process.
        for waited, seconds in ((self._at_rest.wait, LONGEST), (self._engine.dispose, CLOSING)):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waited()

    @asynccontextmanager
    async def listening(self, heard: Callable[[], None]) -> AsyncIterator[None]:
        """As ``Database.listening``, by LISTEN on a connection that is made anew when it breaks."""
        listening = asyncio.create_task(self._listen(heard), context=Context())
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, heard: Callable[[], None]) -> None:
        while True:
            with suppress(DatabaseUnavailable), _translated():
                connection = await self._own_connection()
                try:
                    ended = asyncio.Event()
                    connection.add_termination_listener(lambda _, ended=ended: ended.set())
                    await connection.add_listener(HINTS, lambda *_: heard())
                    heard()  # hints before this were lost
                    await ended.wait()
                finally:
                    with suppress(TimeoutError):
                        await connection.close(timeout=CLOSING)
            await asyncio.sleep(LISTENING_AGAIN)

    async def _own_connection(self) -> asyncpg.Connection:
        """A connection outside the pool, which the caller closes."""
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        connection: asyncpg.Connection = await asyncpg.connect(
            *arguments, **options, server_settings=session_settings(), timeout=CONNECTING
        )
        _keep_alive(connection)
        return connection

    async def _run(self, unit: Unit[T]) -> T:
        async with self._engine.connect() as connection:
            async with connection.begin():
                result, appended, due = await connection.run_sync(partial(self._do, unit=unit))
                if due:
                    # Sent with the commit, each once.
                    driver: Any = (await connection.get_raw_connection()).driver_connection
                    await driver.execute(_NOTIFY, HINTS, sorted(due))
            if appended is not None:
                appended.committed()
        return result

    def _do(self, connection: Connection, unit: Unit[T]) -> tuple[T, Appended | None, set[str]]:
        transaction = Transaction(connection)
        result = unit(transaction)
        return result, self.append_records(connection, [transaction]), set(transaction.due.values())

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Count a use of a connection, which ``close`` waits for."""
        self._running += 1
        self._at_rest.clear()
        try:
            yield
        finally:
            self._running -= 1
            if self._running == 0:
                self._at_rest.set()


def session_settings() -> dict[str, str]:
    """The bounds of each session, in the server's units."""
    return {
        "application_name": "nagorik",
        "idle_in_transaction_session_timeout": f"{IDLE * 1000:.0f}",
        "lock_timeout": f"{LOCKED * 1000:.0f}",
        "statement_timeout": f"{LONGEST * 1000:.0f}",
        "tcp_keepalives_idle": f"{KEEPALIVE['KEEPIDLE']}",
        "tcp_keepalives_interval": f"{KEEPALIVE['KEEPINTVL']}",
        "tcp_keepalives_count": f"{KEEPALIVE['KEEPCNT']}",
        "tcp_user_timeout": f"{UNHEARD * 1000:.0f}",
    }


def _keep_alive(connection: asyncpg.Connection) -> None:
    """Let the operating system find out when the server's machine is gone."""
    # The driver has no public way to its socket, and no setting for this.
    link: socket.socket | None = connection._transport.get_extra_info("socket")
    if link is None or link.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {**KEEPALIVE, "USER_TIMEOUT": round(UNHEARD * 1000)}.items():
        if hasattr(socket, f"TCP_{name}"):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"), value)


def _state_of(error: BaseException | None) -> str:
    """The server's code of an error, from SQLAlchemy or from the driver."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return getattr(said, "sqlstate", None) or ""


@contextmanager
def _translated() -> Iterator[None]:
    """Translate errors into ``DatabaseUnavailable`` where the database cannot be reached.

    The text follows from the code alone: an error's own text may hold anything. For a session that the server ended
    the driver has errors without a code; SQLAlchemy makes another of them.
    """
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        state = _state_of(error)
        is_ended = isinstance(error, InternalError) and not state
        is_broken = isinstance(error, OperationalError | InterfaceError) or is_ended or state.startswith(_AWAY)
        is_invalid = isinstance(error, DBAPIError) and error.connection_invalidated
        unnamed = _BROKE if is_broken or is_invalid else None
        sentence = next((said for begins, said in _SAID if state.startswith(begins)), unnamed)
        if sentence is None:
            raise
        raise DatabaseUnavailable(sentence) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError):
        raise DatabaseUnavailable(_BROKE) from None
    except (OSError, TimeoutError, PoolTimeout):
        raise DatabaseUnavailable("the database cannot be reached") from None
