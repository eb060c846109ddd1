"""A folder with a host in it, the command run in this process, and a world in which applications get somewhere."""

import asyncio
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from nagorik import ApplicationDraft, Quote, QuoteLine, Text
from nagorik.model.fee import FeeDue, Source
from nagorik.model.status import AgencyStatus, ApplicationState
from nagorik.values import Money
from nagorik_host import Host, open_host
from nagorik_host.application_file import ApplicationFile
from nagorik_host.charges import NO_CHARGES
from nagorik_host.commands import running
from nagorik_host.engine.plugins import CapabilitiesCache
from nagorik_host.store import Transaction
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.schema import microseconds
from nagorik_host.vault import Vault, make_keys, read_keyring
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.cli import main
from nagorik_platform.lifecycle import Reported, step
from nagorik_platform.registry import Admission
from nagorik_testing import FlowingClock, SimulatedClock, Simulator, in_process_configurations, serve
from nagorik_testing.simulator.base import installed_simulators, load_simulator

T = TypeVar("T")

EXAMPLES = Path(__file__).parents[2] / "examples" / "host"
PLUGINS = ("nid", "cashdesk")
NUMBER = "0099000202"
"""The NID number in the example; no command may print it."""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def rows(place: Path, statement: str, *values: object) -> list[Any]:
    """Run a statement on the folder's database: the rows that it found."""
    with closing(sqlite3.connect(place / "nagorik.db")) as connection, connection:
        return connection.execute(statement, values).fetchall()


def at_work(
    place: Path,
    name: str,
    beat: datetime,
    *,
    keys: str = "first",
    kept_out: str | None = None,
    reload: int | None = None,
) -> None:
    """Put a worker down that was last heard of at ``beat``."""
    statement = (
        "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names, kept_out, settings_reload)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    times = [microseconds(at) for at in (beat, beat, beat + timedelta(minutes=1))]
    rows(place, statement, name, name, *times, keys, kept_out, reload)


def add_key(run: Callable[..., Result], place: Path) -> None:
    """Put a key called ``second`` above the others."""
    assert run("keys", "add", "second", "--out", "keys.new").code == 0
    (place / "keys.new").replace(place / "keys.txt")


def price(now: datetime, stage: str, taka: int = 0) -> Quote:
    """A price of one line."""
    line = QuoteLine(code="fee", text=Text(en="Fee", bn="ফি"), amount=Money.taka(taka), vat=Money.taka(0))
    return Quote(
        id=f"quote-{stage}",
        stage=stage,
        lines=(line,),
        total=Money.taka(taka),
        due=FeeDue.AFTER_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=30),
        source=Source(title="Wells Act 2018", as_of=date(2018, 7, 1), verified=True),
    )


@pytest.fixture
def take_in(ready: Callable[..., Result], place: Path) -> Callable[..., str]:
    """Takes an application in, by its service and form; gives its id."""

    def take_in(service: str, form: Mapping[str, str], **more: object) -> str:
        given = {
            "service": service,
            "applicant": {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": "2001-02-03"},
            "form": form,
            "consent": {"fee_ceiling": {"poisha": 5_000_000}, "days": 365},
        }
        (place / "given.json").write_text(json.dumps(given | more), "utf-8")
        taken = ready("apply", "given.json", "--json")
        assert taken.code == 0, taken.err
        return str(taken.document["applications"][0]["application"])

    return take_in


def sealed(place: Path) -> list[Path]:
    """The documents that the host of a folder keeps."""
    kept = (place / "nagorik-documents").rglob("*")
    return sorted(path for path in kept if path.is_file() and path.suffix != ".owner")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with keys and settings, and nothing of the machine's own."""
    for name in [name for name in os.environ if name.startswith("NAGORIK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    # A weekday's morning in Dhaka, when every agency is open.
    monkeypatch.setattr("nagorik_host.commands.running.CLOCK", FlowingClock())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys.txt").write_text(make_keys("first"))
    (tmp_path / "keys.txt").chmod(0o600)
    (tmp_path / "nagorik.toml").write_text('keys_file = "keys.txt"\nallow = ["nid", "cashdesk"]\n')
    return tmp_path


@pytest.fixture
def nagorik(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs the command in this process. Nothing that it prints may hold the citizen's number."""

    def run(*words: str | Path) -> Result:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert NUMBER not in captured.out + captured.err
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def ready(nagorik: Callable[..., Result], place: Path, sqlite_template: Path) -> Callable[..., Result]:
    """The same, on a database with tables."""
    shutil.copy(sqlite_template, place / "nagorik.db")
    return nagorik


@pytest.fixture
def applied(ready: Callable[..., Result]) -> str:
    """The id of an application that was taken in."""
    taken_in = ready("apply", EXAMPLES / "nid-reissue.json", "--json").document["applications"]
    return str(taken_in[0]["application"])


class Desk:
    """The host of a folder on simulated time, with these plugins."""

    def __init__(self, place: Path, plugins: Mapping[str, PluginConfiguration], url: str | None = None) -> None:
        self.place, self.plugins, self.url = place, plugins, url or f"sqlite:///{place}/nagorik.db"
        self.clock, self.charges = SimulatedClock(), NO_CHARGES
        self.keyring = read_keyring((place / "keys.txt").read_text())
        self.documents = FolderDocumentStore(place / "nagorik-documents", Vault(self.keyring))

    def run(self, do: Callable[[Host], Awaitable[T]]) -> T:
        """Open the host, do it, and close the host again."""

        async def opened() -> T:
            settings = PlatformSettings(
                plugins=self.plugins,
                admission=Admission(allow=frozenset(self.plugins)),
                documents=self.documents,
                clock=self.clock,
            )
            async with open_host(self.url, self.keyring, settings, charges=self.charges) as host:
                return await do(host)

        return asyncio.run(opened())

    async def carry(self, host: Host, by: timedelta = timedelta(days=60)) -> None:
        """Work on what falls due within ``by``."""
        worker, end = host.worker(), self.clock.now() + by
        while (due := await worker.run_until_idle()) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))

    def work(self, by: timedelta) -> None:
        """The same, with the host opened for it."""
        self.run(partial(self.carry, by=by))


class World(Desk):
    """Agencies in this process on a simulated clock, and the host of this folder."""

    def __init__(self, place: Path, url: str) -> None:
        super().__init__(place, {}, url)
        found = installed_simulators()
        self.simulators: dict[str, Simulator] = {
            name: load_simulator(found[name])(clock=self.clock) for name in PLUGINS
        }
        self.plugins = in_process_configurations(self.simulators.values())
        soon = dict.fromkeys(("propagation", "filing", "intake", "review", "production"), timedelta(minutes=1))
        self.simulators["nid"].script.set("*", "approve", durations=soon)

    async def apply(self, host: Host) -> str:
        given = ApplicationFile.read(EXAMPLES / "nid-reissue.json")
        assert given.consent is not None
        service = host.platform.service(given.service)
        consent = given.consent.consent(service, self.clock.now())
        return await host.apply(await self.draft(host, given), consent=consent)

    async def apply_as(self, host: Host, number: int) -> str:
        """One more application of the same citizen, which is another by its reference."""
        given = ApplicationFile.read(EXAMPLES / "nid-reissue.json")
        return await host.apply(await self.draft(host, given), client_reference=f"NGK-{number:016}")

    async def draft(self, host: Host, given: ApplicationFile) -> ApplicationDraft:
        service = host.platform.service(given.service)
        values = await host.platform.form_values(given.service, given.form)
        return await given.draft(EXAMPLES / "nid-reissue.json", self.documents, service, values=values)

    def closed(self) -> str:
        """The id of an application that went all the way to its close."""

        async def do(host: Host) -> str:
            application = await self.apply(host)
            await self.carry(host)
            return application

        return self.run(do)

    def in_manual_review(self) -> str:
        """The id of an application that the agency reports although nobody filed it."""

        async def do(host: Host) -> str:
            application = await self.apply(host)

            def report(transaction: Transaction) -> None:
                kept = host.store.read(transaction, application, for_change=True)
                capabilities = CapabilitiesCache(host.platform).of(kept.progress.service, kept.gateway)
                said = Reported("NIDW-SOMEWHERE", AgencyStatus(state=ApplicationState.IN_REVIEW, raw="UNDER_REVIEW"))
                now = self.clock.now()
                host.store.change(transaction, kept, step(kept.progress, said, capabilities, now), now)

            await host.database.run(report)
            return application

        return self.run(do)


@pytest.fixture
def world_at(place: Path) -> Callable[[str], World]:
    """Agencies that decide within minutes of simulated time, and the host on the database of a URL."""
    return partial(World, place)


@pytest.fixture
def world(place: Path, ready: Callable[..., Result], world_at: Callable[[str], World]) -> World:
    """The same on the database of this folder."""
    return world_at(f"sqlite:///{place}/nagorik.db")


@pytest.fixture
def agencies(place: Path) -> Iterator[dict[str, Simulator]]:
    """Agencies on real sockets of this machine, and settings that name them."""
    found, clock = installed_simulators(), running.CLOCK
    assert isinstance(clock, SimulatedClock)
    simulators = {name: load_simulator(found[name])(clock=clock) for name in PLUGINS}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def begin() -> dict[str, str]:
        return {name: await stack.enter_async_context(serve(one)) for name, one in simulators.items()}

    addresses = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    with (place / "nagorik.toml").open("a") as file:
        for name, simulator in simulators.items():
            file.write(f"[plugins.{name}]\negress = ['127.0.0.1']\n[plugins.{name}.settings]\n")
            file.writelines(
                f"{key} = {json.dumps(value)}\n" for key, value in simulator.settings(addresses[name]).items()
            )
    yield simulators
    asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
