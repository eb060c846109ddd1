"""A host with two simulated agencies in the same process, on one simulated clock."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

import pytest
from sqlalchemy import Executable, select

from nagorik import AgencyUnavailable, ApplicationDraft, Consent, Operation, hookimpl
from nagorik.values import Money
from nagorik_host import Host, open_host
from nagorik_host.engine.worker import Worker
from nagorik_host.store import Database, Transaction
from nagorik_host.store.cases import Decision
from nagorik_host.store.database import Unit
from nagorik_host.store.restoration import mark_restored
from nagorik_host.store.schema import applications
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
T = TypeVar("T")


async def until(reached: Callable[[], object]) -> None:
    """Wait until something is so, of which no event is heard."""
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def rows(host: Host, query: Executable) -> list[Any]:
    """The rows that the database of ``host`` has for ``query``; for one column, its values."""

    def read(transaction: Transaction) -> list[Any]:
        found = transaction.connection.execute(query)
        return list(found.scalars() if len(found.keys()) == 1 else found)

    return await host.database.run(read)


async def until_rows(host: Host, query: Executable) -> None:
    """Wait until the database has rows for ``query``."""
    async with asyncio.timeout(60):
        while not await rows(host, query):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def change(host: Host, statement: Executable) -> None:
    """Write to the database of ``host`` what no host writes."""
    await host.database.run(lambda transaction: transaction.connection.execute(statement))


async def carry(worker: Worker, clock: SimulatedClock, *, for_at_most: timedelta = LONG) -> None:
    """Let time pass until nothing is due any more."""
    end: datetime = clock.now() + for_at_most
    while (due := await worker.run_until_idle()) is not None and due <= end:
        clock.set(max(due, clock.now()))


class Street:
    """The way to the agencies: every call is seen on it, and may be held up.

    Attributes:
        calls: The instant and the plugin of each call, in order.
        most: How many calls each plugin had at once at most.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._held: dict[str, list[asyncio.Event]] = {}
        self._down: set[str] = set()
        self._now: Counter[str] = Counter()
        self.calls: list[tuple[datetime, str]] = []
        self.most: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many calls are held up."""
        return sum(map(len, self._held.values()))

    def close(self, name: str) -> None:
        """Hold up the calls of a plugin, or of an operation."""
        self._held.setdefault(name, [])

    def open(self, name: str) -> None:
        """Let those calls go on, and all that follow."""
        self._down.discard(name)
        for one in self._held.pop(name, []):
            one.set()

    def let_one_go(self, name: str) -> None:
        """Let the call go on that is held up longest."""
        self._held[name].pop(0).set()

    def break_down(self, plugin: str) -> None:
        self._down.add(plugin)

    def times(self, plugin: str) -> list[datetime]:
        return [at for at, name in self.calls if name == plugin]

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        return self._passing(call.plugin, call.operation)

    @asynccontextmanager
    async def _passing(self, plugin: str, operation: str) -> AsyncIterator[None]:
        self.calls.append((self._clock.now(), plugin))
        if plugin in self._down:
            raise AgencyUnavailable
        self._now[plugin] += 1
        self.most[plugin] = max(self.most[plugin], self._now[plugin])
        try:
            for held in [self._held[name] for name in (plugin, operation) if name in self._held]:
                may_go_on = asyncio.Event()
                held.append(may_go_on)
                try:
                    await may_go_on.wait()
                finally:
                    held[:] = [one for one in held if one is not may_go_on]
            yield
        finally:
            self._now[plugin] -= 1


class FaultyDatabase(Database):
    """A database that fails as a test says.

    Attributes:
        before: Awaited before each unit; what it raises, the unit raises, and nothing has happened.
        after: Awaited once a unit is committed; what it raises, the unit raises all the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.before: Callable[[], Awaitable[object]] = partial(asyncio.sleep, 0)
        self.after: Callable[[], Awaitable[object]] = partial(asyncio.sleep, 0)

    async def run(self, unit: Unit[T]) -> T:
        await self.before()
        result = await self._database.run(unit)
        await self.after()
        return result

    async def close(self) -> None:
        raise AssertionError("the host that opened it closes it")


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
    async def host(self, database: str | Database) -> AsyncIterator[Host]:
        settings = PlatformSettings(
            plugins=in_process_configurations(self.simulators.values()),
            admission=Admission(allow=frozenset(self.simulators)),
            documents=self.documents,
            clock=self.clock,
            call_middleware=(self.street,),
        )
        async with open_host(database, self.keyring, settings, lease_clock=self.machine) as host:
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
        await carry(worker, self.clock, for_at_most=for_at_most)

    async def states(self, host: Host) -> list[str]:
        return sorted(str(state) for state in await rows(host, select(applications.c.state)))

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
        said = Decision(self.clock.now(), "A. Rahman", "restored", "database", "The disk burned.")
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
    return partial(world_of, keyring)


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """Agencies that decide within minutes."""
    return new_world()
