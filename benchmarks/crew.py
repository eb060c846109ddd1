"""Workers of a benchmark, each in a process of its own, and what their work costs.

All have started, have called each agency and wait for work before there is any; none ends before all of it is done.
What is measured lies between the moment at which the work falls due and the last application's end, and what each
process used of the machine in that time.
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, event, func, select, update

from installed import Group
from messages import on_message
from nagorik_host import Host, open_host
from nagorik_host.store import Database, Transaction, open_database
from nagorik_host.store.schema import applications, attempts
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import read_keyring
from nagorik_platform.logs import configure_logging

IN_FLIGHT = 16
UNTIL_DUE = timedelta(seconds=2.5)
"""The workers look at everything each second, and so know when the work falls due before it does."""
POLL = 0.01
"""Seconds between two looks whether all is done."""


@dataclass(frozen=True)
class Place:
    """Where workers work."""

    site: str
    """The folder of the installed plugins."""
    url: str
    """The database's."""
    keys: str
    agencies: str
    """The agencies' URL."""
    group: Group

    def host(self) -> AbstractAsyncContextManager[Host]:
        """A host there."""
        return open_host(self.url, read_keyring(self.keys), self.group.settings(self.agencies))


@dataclass(frozen=True)
class Usage:
    """What one worker did.

    Attributes:
        worker: Its id.
        seconds: CPU time that its process used.
        statements: How many it sent to the database; several with different values at once are one.
    """

    worker: str
    seconds: float
    statements: int


def work(place: Place, name: str, pipe: multiprocessing.connection.Connection) -> None:
    """A worker's process."""
    sys.path.insert(0, place.site)
    configure_logging(level="ERROR")
    asyncio.run(_work(place, name, pipe))


async def _work(place: Place, name: str, pipe: multiprocessing.connection.Connection) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    on_message(pipe, told.put_nowait)
    sent: list[None] = []
    event.listen(Engine, "before_cursor_execute", lambda *_: sent.append(None))
    async with place.host() as host:
        for number in range(len(place.group.agencies)):
            draft = place.group.draft(number)
            await host.platform.check_eligibility(draft.service, draft.applicant)
            await host.apply(draft)
        worker, stop = host.worker(name), asyncio.Event()
        await worker.run_until_idle()
        working = asyncio.create_task(worker.run(stop))
        pipe.send("ready")
        assert await told.get() == "begin"
        began, before = time.process_time(), len(sent)
        ended = False
        while not ended:
            ended = await told.get() == "end"
            pipe.send(Usage(worker.id, time.process_time() - began, len(sent) - before))
        stop.set()
        await working


class Crew:
    """Workers that have started."""

    def __init__(self, pipes: Sequence[multiprocessing.connection.Connection]) -> None:
        """Speak to workers on ``pipes``."""
        self._pipes = pipes

    def begin(self) -> None:
        """From now on, what they use is measured."""
        for pipe in self._pipes:
            pipe.send("begin")

    def usage(self) -> list[Usage]:
        """What each has used so far."""
        return self._ask("usage")

    def end(self) -> list[Usage]:
        """What each has used; measure no more, and let them end."""
        return self._ask("end")

    def _ask(self, what: str) -> list[Usage]:
        for pipe in self._pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def crew_of(place: Place, workers: int) -> Iterator[Crew]:
    """Workers that have all started and have nothing to do."""
    context = multiprocessing.get_context("spawn")
    pairs = [multiprocessing.Pipe() for _ in range(workers)]
    processes = [
        context.Process(target=work, args=(place, f"worker-{number}", theirs), daemon=True)
        for number, (_, theirs) in enumerate(pairs)
    ]
    for process in processes:
        process.start()
    for (_, theirs), _ in zip(pairs, processes, strict=True):
        theirs.close()
    for ours, _ in pairs:
        ours.recv()
    yield Crew([ours for ours, _ in pairs])
    for process in processes:
        process.join()


async def prepare(url: str) -> None:
    """Make the tables."""
    database = await open_database(url)
    await upgrade(database)
    await database.close()


async def hand_in(place: Place, count: int, *, alone: bool = True) -> None:
    """Hand ``count`` applications in, none of which is due before ``release``.

    Where others hand some in beside this, all are put off by ``put_off`` when they have done so.
    """
    numbers = iter(range(count))
    async with place.host() as host:

        async def carry() -> None:
            for number in numbers:
                await host.apply(place.group.draft(number))

        await asyncio.gather(*(carry() for _ in range(IN_FLIGHT)))
        if alone:
            await put_off(host.database)


async def put_off(database: Database) -> None:
    """Let nothing be due before ``release``."""
    await database.run(partial(_put_off, until=datetime.now(UTC) + timedelta(days=1)))


async def release(database: Database) -> datetime:
    """Let everything fall due at one moment, which is not yet; the moment."""
    at = datetime.now(UTC) + UNTIL_DUE
    await database.run(partial(_put_off, until=at))
    return at


def _put_off(transaction: Transaction, *, until: datetime) -> None:
    later = update(applications).where(applications.c.due_at.is_not(None)).values(due_at=until)
    transaction.connection.execute(later)


async def all_closed(host: Host, *, seconds: float) -> None:
    """Wait until every application has come to its end."""
    query = select(func.count()).select_from(applications).where(applications.c.state != "closed")
    deadline = time.monotonic() + seconds
    while left := await host.database.run(lambda transaction: transaction.connection.scalar(query)):
        if time.monotonic() > deadline:
            raise SystemExit(f"{left} applications did not come to their end")
        await asyncio.sleep(POLL)


async def calls_of(host: Host, since: datetime) -> dict[str, int]:
    """How many calls each worker has begun since then."""
    query = (
        select(attempts.c.worker, func.count().label("number"))
        .where(attempts.c.began_at >= since)
        .group_by(attempts.c.worker)
    )
    rows = await host.database.run(lambda transaction: transaction.connection.execute(query).all())
    return {row.worker: row.number for row in rows}
