"""A host with two simulated agencies in the same process, on one simulated clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import pytest

from nagorik import AgencyUnavailable, ApplicationDraft, Consent, Operation, hookimpl
from nagorik.values import Money
from nagorik_host import Host, open_host
from nagorik_host.engine.restoration import Restoration, mark_restored
from nagorik_host.engine.worker import Worker
from nagorik_host.vault import Keyring
from nagorik_platform import Call, PlatformSettings
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock, Simulator, SyntheticCitizens, in_process_configurations
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.clock import OrderlyClock

SERVICE = "nid.reissue"
GATEWAY = "cashdesk.counter"
PLUGINS = ("nid", "cashdesk")
SOON = dict.fromkeys(("propagation", "filing", "intake", "review", "production"), timedelta(minutes=1))
LONG = timedelta(days=60)


class Street:
    """The way to the agencies: every call is seen on it, and may be held up.

    Attributes:
        calls: The instant and the plugin of each call, in order.
        waiting: How many calls are held up.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._open: dict[str, asyncio.Event] = {}
        self._down: set[str] = set()
        self.calls: list[tuple[datetime, str]] = []
        self.waiting = 0

    def close(self, plugin: str) -> None:
        self._open.setdefault(plugin, asyncio.Event()).clear()

    def open(self, plugin: str) -> None:
        self._down.discard(plugin)
        self._open.setdefault(plugin, asyncio.Event()).set()

    def break_down(self, plugin: str) -> None:
        self._down.add(plugin)

    def times(self, plugin: str) -> list[datetime]:
        return [at for at, name in self.calls if name == plugin]

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        return self._passing(call.plugin)

    @asynccontextmanager
    async def _passing(self, plugin: str) -> AsyncIterator[None]:
        self.calls.append((self._clock.now(), plugin))
        if plugin in self._down:
            raise AgencyUnavailable
        if plugin in self._open:
            self.waiting += 1
            try:
                await self._open[plugin].wait()
            finally:
                self.waiting -= 1
        yield


@dataclass
class World:
    """The clock, the agencies and the machine's own time, which outlive any host."""

    clock: SimulatedClock
    machine: SimulatedClock
    simulators: dict[str, Simulator]
    keyring: Keyring
    street: Street
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)

    @asynccontextmanager
    async def host(self, url: str, *policies: object) -> AsyncIterator[Host]:
        settings = PlatformSettings(
            plugins=in_process_configurations(self.simulators.values()),
            admission=Admission(allow=frozenset(self.simulators)),
            documents=self.documents,
            clock=self.clock,
            call_middleware=(self.street, *policies),
        )
        async with open_host(url, self.keyring, settings, lease_clock=self.machine) as host:
            yield host

    def draft(self, number: int = 1, *, service: str = SERVICE) -> ApplicationDraft:
        example = self.simulators["nid"].example(service, SyntheticCitizens().citizen(4000 + number))
        return ApplicationDraft(
            service=service, applicant=example.applicant, form=dict(example.form), gateway=GATEWAY
        )

    def consent(self, *, service: str = SERVICE) -> Consent:
        now = self.clock.now()
        return Consent(
            id="consent-host",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(10_000),
            given_at=now,
            expires_at=now + timedelta(days=400),
            acting="centre-0042/operator-7",
        )

    async def apply(self, host: Host, number: int = 1, *, service: str = SERVICE) -> str:
        return await host.apply(self.draft(number, service=service), consent=self.consent(service=service))

    async def carry(self, worker: Worker, *, for_at_most: timedelta = LONG) -> None:
        """Let time pass until nothing is due any more."""
        end: datetime = self.clock.now() + for_at_most
        while (due := await worker.run_until_idle()) is not None and due <= end:
            if due > self.clock.now():
                self.clock.set(due)

    def effects(self, simulator: str, kind: str) -> int:
        return len(self.simulators[simulator].ledger.effects(kind))

    def done(self) -> dict[str, int]:
        """How often each agency did each thing; a session is nobody's."""
        return {
            f"{name} {effect.kind}": self.effects(name, effect.kind)
            for name, simulator in self.simulators.items()
            for effect in simulator.ledger.effects()
            if effect.kind != "login"
        }

    async def mark_restored(self, host: Host) -> int:
        """Say that the database is an older copy; of how many applications that is so."""
        said = Restoration(self.clock.now(), "A. Rahman", "The disk burned.")
        return await host.database.run(
            lambda transaction: mark_restored(transaction, host.store, said, lease_now=self.machine.now())
        )


@cache
def simulator_kinds() -> dict[str, type[Simulator]]:
    """The classes of the simulators: looking through all that is installed takes longer than many a test."""
    found = installed_simulators()
    return {name: load_simulator(found[name]) for name in PLUGINS}


def world_of(keyring: Keyring) -> World:
    """Agencies that decide within minutes."""
    clock = OrderlyClock()
    simulators = {name: kind(clock=clock) for name, kind in simulator_kinds().items()}
    simulators["nid"].script.set("*", "approve", durations=SOON)
    return World(clock=clock, machine=SimulatedClock(), simulators=simulators, keyring=keyring, street=Street(clock))


@pytest.fixture(scope="session")
def new_world(keyring: Keyring) -> Callable[[], World]:
    """Gives one more world, for what is made once of a process's tests."""
    return lambda: world_of(keyring)


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """Agencies that decide within minutes."""
    return new_world()
