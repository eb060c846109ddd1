"""The books in this process's memory, without a thread: what happens when follows from a seed alone.

On a database of the host's own kind, threads and sockets decide who is first. Here the event loop does, so that the
same campaign finds the same again. What it cannot show, such as several writers at once, a named database shows.
"""

import asyncio
from random import Random
from typing import Final, TypeVar

from sqlalchemy import make_url

from nagorik_host.store import Database, Transaction, Unit
from nagorik_host.store.schema import metadata
from nagorik_host.store.sqlite import engine_of

T = TypeVar("T")

_LONGEST_TURN: Final = 3
"""Most turns of the event loop that a unit waits for its own, and whoever asked for its result."""
_TWICE: Final = 50
"""Every how manieth unit is rolled back and run again, on the average: a host's own database may do so."""


class RepeatableDatabase(Database):
    """SQLite in memory, with the newest tables. All workers of a process may share it."""

    def __init__(self, chance: Random) -> None:
        """Begin with empty books; ``chance`` decides who of several is first."""
        self._chance = chance
        self._engine = engine_of(make_url("sqlite://"))
        self._connection = self._engine.connect()
        with self._connection.begin():
            metadata.create_all(self._connection)

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``."""
        await self._others_first()
        if self._chance.randrange(_TWICE) == 0:
            with self._connection.begin() as transaction:
                unit(Transaction(self._connection))
                transaction.rollback()
        with self._connection.begin():
            result = unit(Transaction(self._connection))
        await self._others_first()
        return result

    async def close(self) -> None:
        """As ``Database.close``: the books are gone."""
        self._connection.close()
        self._engine.dispose()

    async def _others_first(self) -> None:
        for _ in range(self._chance.randint(1, _LONGEST_TURN)):
            await asyncio.sleep(0)
