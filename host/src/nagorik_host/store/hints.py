"""Hints between the processes on one PostgreSQL, by pgqueuer.

A hint says that an application may be due; it holds nothing but the application's id. It is enqueued in the
transaction that made the application due, so that nobody hears of what was not committed. Its tables are not written
to the database's log: they are empty after a crash of the server, and what was due is found by the next full scan.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import uuid4

import asyncpg
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.core.listeners import initialize_notice_event_listener
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, QueueEntrypoint, QueueManagerId
from pgqueuer.models import AnyEvent, TableChangedEvent
from pgqueuer.queries import EntrypointExecutionParameter, Queries

TOGETHER: Final = 256
"""Most hints that are taken by one statement."""
MOST_TAKEN: Final = 4 * TOGETHER
"""Most hints that are taken at a time: while a flood is worked off, its reader does other things, too."""
CLOSING: Final = 2.0
"""Seconds that a server may take to be told goodbye."""
_LOST: Final = timedelta(seconds=30)
"""After this long, a hint that a process took and did not finish is anybody's."""

# Every name is given: pgqueuer would take what is not from the environment, where FUNCTION is a name like any other.
_SETTINGS: Final = DBSettings(
    prefix="nagorik_",
    db_schema=None,
    channel=Channel("nagorik_hints"),
    function="nagorik_hints_changed",
    trigger="nagorik_hints_trigger",
    queue_table="nagorik_hints",
    queue_table_log="nagorik_hints_log",
    queue_status_type="nagorik_hints_status",
    statistics_table="nagorik_hints_statistics",
    schedules_table="nagorik_hints_schedules",
    durability=Durability.volatile,
)


async def install_hints(connection: asyncpg.Connection) -> None:
    """Make pgqueuer's tables, or bring them to the installed version of pgqueuer."""
    queries = _queries(connection)
    async with queries.schema_lock():
        if not await queries.schema_is_installed():
            await queries.install()
        await queries.apply_upgrade()


async def enqueue_hints(connection: asyncpg.Connection, due: Mapping[str, str]) -> None:
    """Say within the connection's transaction which applications are due, and each one's agency."""
    # In one order, so that two transactions never wait for each other.
    ids = sorted(due)
    await _queries(connection).enqueue(
        [entrypoint(due[one]) for one in ids],
        [one.encode() for one in ids],
        [0] * len(ids),
        dedupe_key=list(ids),
        on_conflict="skip",
    )


def entrypoint(agency: str) -> str:
    """The name under which an agency's hints are queued."""
    return f"advance.{agency}"


class HintListener:
    """Hears hints on a connection of its own."""

    def __init__(self, connection: asyncpg.Connection, agencies: Sequence[str]) -> None:
        """Hear hints for ``agencies`` on a connection that is used for nothing else."""
        self._connection = connection
        self._queries = _queries(connection)
        self._entrypoints = _entrypoints(agencies)
        self._id = QueueManagerId(uuid4())

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` whenever a hint was enqueued."""

        def handle(envelope: AnyEvent) -> None:
            event = envelope.root
            if isinstance(event, TableChangedEvent) and event.operation == "insert":
                heard()

        await initialize_notice_event_listener(self._queries.driver, _SETTINGS.channel, handle)

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        closed: bool = self._connection.is_closed()
        return closed

    async def take(self, agencies: Collection[str]) -> list[str]:
        """Applications that hints were enqueued for at ``agencies``, ``MOST_TAKEN`` at most; a hint is taken once."""
        taken: list[str] = []
        wanted = _entrypoints(agencies)
        while wanted and len(taken) < MOST_TAKEN:
            jobs = await self._queries.dequeue(TOGETHER, wanted, self._id, None, _LOST)
            if not jobs:
                break
            await self._queries.log_jobs([(job, "successful", None) for job in jobs])
            taken += [job.payload.decode() for job in jobs if job.payload is not None]
            if len(jobs) < TOGETHER:
                break
        return taken

    async def tidy(self) -> None:
        """Forget which hints there were."""
        await self._queries.clear_queue_log(list(self._entrypoints))

    async def close(self) -> None:
        """Hear no more; a server that stands still is not waited for."""
        with suppress(TimeoutError):
            await self._connection.close(timeout=CLOSING)

    def abandon(self) -> None:
        """Hear no more, and wait for no answer; what the server is doing it may do to its end."""
        self._connection.terminate()


def _entrypoints(agencies: Collection[str]) -> dict[QueueEntrypoint, EntrypointExecutionParameter]:
    unlimited = EntrypointExecutionParameter(concurrency_limit=0)
    return {QueueEntrypoint(entrypoint(agency)): unlimited for agency in agencies}


def _queries(connection: asyncpg.Connection) -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(_SETTINGS),
        qbq=QueryQueueBuilder(_SETTINGS),
        qbs=QuerySchedulerBuilder(_SETTINGS),
    )
