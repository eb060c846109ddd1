"""PostgreSQL: any number of processes and machines on the same books."""

from typing import Final, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction, Unit

T = TypeVar("T")

CONNECTIONS: Final = 8
"""Most transactions of one process at a time; others wait for their turn."""
PATIENCE: Final = 30.0
"""Seconds that a unit waits for its turn."""
_AGAIN: Final = 5
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
            pool_pre_ping=True,
        )

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``; what the database rolled back by itself is done again."""
        for attempt in range(1, _AGAIN + 1):
            try:
                return await self._run(unit)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state in _ROLLED_BACK and attempt < _AGAIN:
                    continue
                if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
                    raise DatabaseUnavailable("the connection to the database broke") from None
                raise
            except (OSError, TimeoutError):
                raise DatabaseUnavailable("the database cannot be reached") from None
        raise AssertionError("a unit is done or has failed")

    async def close(self) -> None:
        """As ``Database.close``."""
        await self._engine.dispose()

    async def before_commit(self, connection: AsyncConnection, due: dict[str, str]) -> None:
        """What else belongs into the transaction; nothing, unless a queue is to be told."""

    async def _run(self, unit: Unit[T]) -> T:
        async with self._engine.begin() as connection:
            due: dict[str, str] = {}

            def run(sync: Connection) -> T:
                transaction = Transaction(sync)
                result = unit(transaction)
                due.update(transaction.due)
                return result

            result = await connection.run_sync(run)
            if due:
                await self.before_commit(connection, due)
            return result
