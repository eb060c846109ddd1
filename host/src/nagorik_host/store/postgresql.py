"""PostgreSQL: any number of processes and machines on the same database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final, TypeVar

import asyncpg
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from nagorik_host.store.database import Database, DatabaseUnavailable, Hints, Transaction, Unit
from nagorik_host.store.hints import HintListener, enqueue_hints, install_hints
from nagorik_host.store.ledger import Appended

T = TypeVar("T")

CONNECTIONS: Final = 8
"""Most transactions of one process at a time; others wait for their turn."""
PATIENCE: Final = 30.0
"""Seconds that a unit waits for its turn."""
_AGAIN: Final = 5
_AWAY: Final = ("08", "53", "57P", "3D")
"""Classes of errors: connections, resources, an operator who stops the server or starts it, and no such database."""
_ROLLED_BACK: Final = frozenset({"40001", "40P01"})
"""Serialisation failure and deadlock: nothing happened, and it is worth doing again."""


class PostgresqlDatabase(Database):
    """A database that is shared by all workers."""

    def __init__(self, url: URL) -> None:
        """Reach the database that ``url`` names; connections are made when they are needed."""
        self._engine: AsyncEngine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            hide_parameters=True,
        )
        self._running = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._closed = False

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``; what the database rolled back by itself is done again."""
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        with self._noted(), _translated():
            for attempt in range(1, _AGAIN + 1):
                try:
                    return await self._run(unit)
                except DBAPIError as error:
                    if attempt == _AGAIN or not _may_be_done_again(error):
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
        if not self._closed:
            await self.seal()
        self._closed = True
        await self._at_rest.wait()
        await self._engine.dispose()

    async def prepare(self) -> None:
        """As ``Database.prepare``: the queue's tables."""
        with self._noted(), _translated():
            connection = await self._own_connection()
            try:
                await install_hints(connection)
            finally:
                await connection.close()

    @asynccontextmanager
    async def hints(self, agencies: Sequence[str], heard: Callable[[], None]) -> AsyncIterator[Hints]:
        """As ``Database.hints``, from all processes."""
        hints = QueuedHints(self._own_connection, agencies, heard)
        try:
            yield hints
        finally:
            await hints.close()

    async def _own_connection(self) -> asyncpg.Connection:
        """A connection for one purpose, which whoever asked for it closes."""
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        connection: asyncpg.Connection = await asyncpg.connect(*arguments, **options)
        return connection

    async def _run(self, unit: Unit[T]) -> T:
        async with self._engine.connect() as connection:
            async with connection.begin():
                result, appended, due = await connection.run_sync(partial(self._do, unit=unit))
                if due:
                    await enqueue_hints(await _driver_of(connection), due)
            if appended is not None:
                appended.committed()
        return result

    def _do(self, connection: Connection, unit: Unit[T]) -> tuple[T, Appended | None, dict[str, str]]:
        transaction = Transaction(connection)
        result = unit(transaction)
        return result, self.append_records(connection, [transaction]), transaction.due

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """A connection is in use: whoever closes the database waits for it."""
        self._running += 1
        self._at_rest.clear()
        try:
            yield
        finally:
            self._running -= 1
            if self._running == 0:
                self._at_rest.set()


class QueuedHints(Hints):
    """Hints over a connection that is made anew when it breaks."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], agencies: Sequence[str], heard: Callable[[], None]
    ) -> None:
        """Hear hints for ``agencies`` on a connection from ``connect``."""
        self._connect = connect
        self._agencies = agencies
        self._heard = heard
        self._listener: HintListener | None = None

    async def take(self) -> list[str]:
        """As ``Hints.take``."""
        with _translated():
            return await (await self._listening()).take()

    async def tidy(self) -> None:
        """As ``Hints.tidy``."""
        with _translated():
            await (await self._listening()).tidy()

    async def close(self) -> None:
        """Hear no more."""
        if self._listener is not None and not self._listener.is_closed:
            await self._listener.close()

    async def _listening(self) -> HintListener:
        if self._listener is None or self._listener.is_closed:
            listener = HintListener(await self._connect(), self._agencies)
            await listener.listen(self._heard)
            self._listener = listener
        return self._listener


async def _driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection, in the same transaction."""
    raw: asyncpg.Connection = (await connection.get_raw_connection()).driver_connection
    return raw


def _is_away(error: DBAPIError) -> bool:
    """Whether the server says that it is stopping, starting, or full, or that the connection is of no use."""
    state: str = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(_AWAY)


def _may_be_done_again(error: DBAPIError) -> bool:
    """Whether nothing happened, for certain: the database says so itself.

    A connection that broke may have broken after the commit; whoever asked has to look.
    """
    return getattr(error.orig, "sqlstate", None) in _ROLLED_BACK


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever says that the database cannot be reached, said in one way."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError) or _is_away(error):
            raise DatabaseUnavailable("the connection to the database broke") from None
        raise
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.InvalidCatalogNameError,
    ):
        raise DatabaseUnavailable("the connection to the database broke") from None
    except (OSError, TimeoutError, PoolTimeout):
        raise DatabaseUnavailable("the database cannot be reached") from None
