"""Where the demonstration's worker runs: in this process, or in one of its own that is killed in the middle."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nagorik import hookimpl
from nagorik.clock import Clock
from nagorik_host import Host, open_host
from nagorik_host.engine.claims import APPLICATION
from nagorik_host.store import open_database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Vault, make_keys, read_keyring
from nagorik_platform import Call, PlatformSettings, PluginConfiguration
from nagorik_testing.simulator.base import Simulator, installed_simulators, load_simulator
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Effect
from nagorik_testing.simulator.loopback import LOOPBACK, serve
from nagorik_testing.simulator.portal import PORTAL

RequestCallback = Callable[[str, int], None]
"""Hears of each call's HTTP requests, by application."""


class WorkerKilled(Exception):
    """The worker's process is gone.

    Attributes:
        just_filed: The client reference of the application that an agency had just filed.
    """

    def __init__(self, just_filed: str | None) -> None:
        """Gone when this was filed."""
        super().__init__(just_filed)
        self.just_filed = just_filed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DemoSettings:
    """What a host of the demonstration is opened with, in whichever process."""

    folder: str
    keys: str
    plugins: dict[str, dict[str, Any]]
    """The plugins' settings, by plugin id."""

    @property
    def database(self) -> str:
        """The URL of the database."""
        return f"sqlite:///{self.folder}/store.db"

    def platform(self, clock: Clock, calls: "RequestCounter") -> PlatformSettings:
        """A platform that reaches the simulated agencies, on ``clock``."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=settings, egress=frozenset({LOOPBACK}))
                for name, settings in self.plugins.items()
            },
            call_middleware=(calls,),
            payment_addresses=PORTAL,
            documents=FolderDocumentStore(Path(self.folder) / "documents", Vault(read_keyring(self.keys))),
            clock=clock,
        )


async def serve_simulators(
    stack: AsyncExitStack, folder: Path, clock: SimulatedClock
) -> tuple[dict[str, Simulator], DemoSettings]:
    """Serve every installed simulator on the loopback until ``stack`` ends.

    Raises:
        SimulatorUnusable: One that an installed plugin brings cannot be used.
    """
    simulators = {name: load_simulator(found)(clock=clock) for name, found in installed_simulators().items()}
    plugins = {name: one.settings(await stack.enter_async_context(serve(one))) for name, one in simulators.items()}
    return simulators, DemoSettings(folder=str(folder), keys=make_keys("demo"), plugins=plugins)


async def open_demo_host(
    stack: AsyncExitStack, setting: DemoSettings, platform: PlatformSettings, lease_clock: Clock | None
) -> Host:
    """Open a host on a new database until ``stack`` ends, its plugins imported."""
    database = await open_database(setting.database)
    await upgrade(database)
    await database.close()
    opened = open_host(setting.database, read_keyring(setting.keys), platform, lease_clock=lease_clock)
    host = await stack.enter_async_context(opened)
    await host.platform.import_plugins()
    return host


class RequestCounter:
    """A host policy that reports the HTTP requests of each call.

    Attributes:
        under_way: How many calls are under way now.
    """

    def __init__(self, counted: RequestCallback) -> None:
        self._counted, self.under_way = counted, 0

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Count the requests of every call that is made for an application."""
        return self._count(call)

    @asynccontextmanager
    async def _count(self, call: Call) -> AsyncIterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            application = APPLICATION.get()
            if application is not None:
                self._counted(application, call.requests)


class KillableWorkers:
    """Workers in processes of their own, of which the first is killed; each is sent a line when to poll."""

    def __init__(self, setting: DemoSettings, counted: RequestCallback, machine: SimulatedClock) -> None:
        """Have none yet; ``machine`` is the clock by which a lease runs out."""
        self._setting = setting
        self._counted = counted
        self._machine = machine
        self._process: Process | None = None
        self._left = 0
        self._just_filed: str | None = None

    async def start(self) -> None:
        """Start a worker; after a killed one, when its lease has run out."""
        if self._process is not None:
            self._machine.advance(LEASE)
        words = (sys.executable, "-m", "nagorik_simulation.demo.worker_process")
        self._process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
        await self._send(json.dumps(asdict(self._setting)))

    def watch(self, simulators: Mapping[str, Simulator], *, after: int) -> None:
        """Kill the worker at the ``after``-th application that is filed at any of these agencies."""
        self._left = after
        for simulator in simulators.values():
            simulator.ledger.on_effect = self._filed

    async def run_until_idle(self) -> datetime | None:
        """As ``Worker.run_until_idle``.

        Raises:
            WorkerKilled: It died meanwhile.
        """
        await self._send("poll")
        assert self._process is not None and self._process.stdout is not None  # noqa: PT018, S101 - was started
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if "requests" in message:
                self._counted(message["application"], message["requests"])
            else:
                return datetime.fromisoformat(message["due"]) if message["due"] is not None else None
        await self._process.wait()
        raise WorkerKilled(self._just_filed)

    async def end(self) -> None:
        """Let the last worker end by itself, by closing what it reads."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def _send(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: PT018, S101 - was started
        try:
            self._process.stdin.write(f"{line}\n".encode())
            await self._process.stdin.drain()
        except ConnectionError:
            raise WorkerKilled(self._just_filed) from None

    def _filed(self, effect: Effect) -> None:
        if effect.kind != "application" or effect.client_reference is None or self._process is None:
            return
        self._left -= 1
        if self._left == 0:
            self._process.kill()
            self._just_filed = effect.client_reference
