"""One cohort of a campaign: applications that live side by side, from being handed in to where they come to rest."""

import asyncio
import random
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import delete, exists, func, select

from nagorik import NagorikError, Platform, PlatformSettings, PluginConfiguration
from nagorik.model.payment import QueryPaymentRequest
from nagorik_host import Host
from nagorik_host.engine.agencies import Agencies as HostAgencies, Manners
from nagorik_host.engine.hand import LEASE
from nagorik_host.engine.worker import Worker
from nagorik_host.store import Database, Transaction, open_database
from nagorik_host.store.schema import applications, metadata
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring
from nagorik_testing.campaign.agencies import Agencies
from nagorik_testing.campaign.comparison import Finding, compare, readable
from nagorik_testing.campaign.fate import Fate
from nagorik_testing.campaign.kills import KillingPolicy, Life, MortalDatabase, MortalTransport, Reaper
from nagorik_testing.campaign.people import People
from nagorik_testing.campaign.repeatable import RepeatableDatabase
from nagorik_testing.campaign.told import Told
from nagorik_testing.citizens import SyntheticCitizens
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.contract.watch import canaries, leaked, listening
from nagorik_testing.documents import MemoryDocuments
from nagorik_testing.in_process import SimulatorTransport
from nagorik_testing.loopback import LOOPBACK
from nagorik_testing.simulator import Simulator

IN_MEMORY: Final = "sqlite://"
"""The URL of books in this process's memory, where the same campaign is the same again."""
HORIZON: Final = timedelta(hours=36)
LASTING_HORIZON: Final = timedelta(days=75)
"""Simulated time after which whatever still waits is left and compared as it is."""
LONGEST_QUEUE: Final = timedelta(days=1)
"""Simulated time after the horizon in which what is due and waits for its turn is worked off."""
BUSY: Final = 300.0
STEPS: Final = (2.0, 2.0, 600.0, 3600.0)
"""Seconds by which the clock is moved beyond what is due next, so that much falls due together."""
RESTARTS: Final = 8
"""Every how manieth time that the clock is moved an agency is restarted, on the average."""


_PASSING: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"
)
"""Ids and times, of which every line has another."""


class DatabaseInUse(Exception):
    """A campaign is to run on a database that holds applications of somebody else."""


async def prepare(url: str) -> None:
    """Make the tables of an empty database.

    Raises:
        DatabaseInUse: It holds applications.
        DatabaseInvalid, DatabaseUnavailable: As ``open_database``.
    """
    database = await open_database(url)
    try:
        await upgrade(database)
        count = await database.run(lambda t: t.connection.scalar(select(func.count()).select_from(applications)))
        if count:
            raise DatabaseInUse("the database holds applications; a campaign needs one of its own")
    finally:
        await database.close()


def clear(transaction: Transaction) -> None:
    """Empty the books for the next cohort."""
    for table in reversed(metadata.sorted_tables):
        transaction.connection.execute(delete(table))


class Cohort:
    """A world of its own: agencies, a clock, and workers that are killed."""

    def __init__(self, url: str, keyring: Keyring, *, seed: int, workers: int) -> None:
        """Use the database at ``url``, which is empty; ``workers`` work side by side."""
        self._url = url
        self._keyring = keyring
        self._seed = seed
        self._workers = workers
        self.clock = SimulatedClock()
        self.machine = SimulatedClock()
        self.agencies = Agencies(self.clock, seed)
        self._chance = random.Random()  # noqa: S311 - reproducible on purpose
        self._memory: RepeatableDatabase | None = None

    def settings(self) -> PlatformSettings:
        """A platform that reaches the simulators in this process."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(
                    settings=simulator.settings(f"http://{LOOPBACK}"),
                    egress=frozenset({LOOPBACK}),
                    transport_factory=partial(_transport, simulator),
                )
                for name, simulator in self.agencies.simulators.items()
            },
            policies=(KillingPolicy(),),
            documents=MemoryDocuments(),
            clock=self.clock,
            chance=self._chance,
            # The machine is kept busy on purpose, and a step that waits for its turn is no plugin's fault.
            longest_step=BUSY,
            import_seconds=BUSY,
        )

    async def run(self, fates: Sequence[Fate], platform: Platform, told: Told) -> None:
        """Carry all of them as far as they go, compare, and add to what is told."""
        self._chance.seed(f"cohort:{self._seed}:{fates[0].number}")
        async with AsyncExitStack() as stack:
            heard = stack.enter_context(listening())
            database = await self._open()
            stack.push_async_callback(database.close)
            await _warm(platform, self.clock.now())
            desk = self._host(database, platform)
            reaper, people = Reaper(fates), People(desk, self.agencies, fates)
            began = self.clock.now()
            self._horizon = LASTING_HORIZON if any(fate.lasting for fate in fates) else HORIZON
            await self._carry(platform, reaper, people)
            compared = await compare(desk, self.agencies, fates)
            told.findings += compared.findings
            text = heard.text + await database.run(readable)
            told.findings += self._leaks(fates, text)
            told.applications += len(fates)
            told.ends += compared.ends
            told.services.update(fate.service for fate in fates)
            for (moment, operation), number in reaper.killed.items():
                told.killed[moment] += number
                told.at_operations[operation] += number
            told.calls += sum(reaper.calls.values())
            told.requests += self.agencies.requests
            told.faults += self.agencies.faults
            told.acts += people.acts
            told.refused_doubles += people.refused_doubles
            told.simulated += self.clock.now() - began
            await database.run(clear)

    async def _open(self) -> Database:
        if self._url != IN_MEMORY:
            return await open_database(self._url)
        self._memory = self._memory or RepeatableDatabase(self._chance)
        return self._memory

    def _host(self, database: Database, platform: Platform) -> Host:
        host = Host(
            database=database,
            platform=platform,
            keyring=self._keyring,
            clock=self.clock,
            lease_clock=self.machine,
        )
        manners = {one.id: Manners.of(one.manifest) for one in platform.plugins if one.manifest is not None}
        host.agencies = HostAgencies(manners, chance=self._chance)
        return host

    async def _carry(self, platform: Platform, reaper: Reaper, people: People) -> None:
        """Let time pass until nothing is due any more; whoever is killed is followed by another."""
        end = self.clock.now() + self._horizon
        crew = [await self._member(platform, reaper) for _ in range(self._workers)]
        try:
            while True:
                done = await asyncio.gather(*(member.live() for member in crew))
                for place, (survived, _) in enumerate(done):
                    if not survived:
                        # Nobody hears of it again, and its lease runs out.
                        self.machine.advance(LEASE)
                        await crew[place].database.close()
                        crew[place] = await self._member(platform, reaper)
                if not all(survived for survived, _ in done) or await people.act():
                    continue
                dues = [due for due in (*(due for _, due in done), people.next_at) if due is not None]
                if any(record.quarantine for record in platform.plugins):
                    return
                if not await self._goes_on(crew[0].database, dues, end):
                    return
                if self._chance.randrange(RESTARTS) == 0:
                    self.agencies.restart_one(self._chance)
        finally:
            for member in crew:
                await member.database.close()

    async def _goes_on(self, database: Database, dues: Sequence[datetime], end: datetime) -> bool:
        """Let time pass to what is due next, and a little further; whether there is anything left to wait for.

        What is due at ``end`` and waits for its turn at an agency that can bear no more is worked off, and nothing
        that falls due later.
        """
        if not dues or min(dues) > end + LONGEST_QUEUE:
            return False
        over = min(dues) > end
        if over and not await database.run(partial(_queues, now=self.clock.now())):
            return False
        self.clock.set(max(min(dues), self.clock.now()))
        if not over:
            self.clock.advance(self._chance.choice(STEPS))
        return True

    async def _member(self, platform: Platform, reaper: Reaper) -> "_Member":
        life = Life(reaper)
        database = MortalDatabase(await self._open(), life, shared=self._url == IN_MEMORY)
        return _Member(life, database, self._host(database, platform).worker())

    def _leaks(self, fates: Sequence[Fate], text: str) -> list[Finding]:
        """Citizens who can be found in log lines or in what is readable in the books."""
        people = SyntheticCitizens(self._seed)
        said = _said(text)
        return [
            Finding(fate.alias, "personal-data-readable", f"{number} of the citizen's numbers and names")
            for fate in fates
            if (number := leaked(said, canaries(people.citizen(fate.citizen))))
        ]


@dataclass(frozen=True, slots=True)
class _Member:
    """One worker of the crew, and its own connection to the books."""

    life: Life
    database: MortalDatabase
    worker: Worker

    async def live(self) -> tuple[bool, datetime | None]:
        return await self.life.live(self.worker)


def _said(text: str) -> str:
    """``text`` without lines that say again what another says; ids and times, which no citizen is in, set aside."""
    return "\n".join(dict.fromkeys(_PASSING.sub("", text).splitlines()))


async def _warm(platform: Platform, now: datetime) -> None:
    """Have every plugin used once: it is imported in a thread, and who is first then is the machine's affair."""
    for service in platform.services:
        with suppress(NagorikError):
            await platform.validate(service.id, {})
    for gateway in platform.gateways:
        with suppress(NagorikError):
            unknown = QueryPaymentRequest(gateway=gateway.id, payment=str(UUID(int=0)), started_at=now)
            await platform.query_payment(unknown)


def _queues(transaction: Transaction, *, now: datetime) -> bool:
    """Whether something is due and waits for its turn."""
    return bool(transaction.connection.scalar(select(exists().where(applications.c.due_at <= now))))


def _transport(simulator: Simulator) -> MortalTransport:
    return MortalTransport(SimulatorTransport(simulator))
