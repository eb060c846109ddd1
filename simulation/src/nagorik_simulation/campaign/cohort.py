"""One cohort of a campaign: applications that live side by side, from being handed in to where they come to rest.

Its store in memory takes turns without a thread, so that what happens when follows from a seed alone. On a database
of the host's own kind, threads and sockets decide the order; it shows several writers at once, which memory cannot.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final, TypeVar

from sqlalchemy import MetaData, bindparam, delete, exists, func, make_url, select

import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
from nagorik.model.application import DocumentStore
from nagorik_host import Host
from nagorik_host.engine.health import OF_CREDENTIALS, try_refused
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.tokens import SharedTokenStore, try_refused_again
from nagorik_host.extensions import installed
from nagorik_host.store import Database, Transaction, Unit, open_database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import agencies, applications, metadata
from nagorik_host.store.sqlite import SqliteDatabase, _Asked, engine_of
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring, Vault
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase, CampaignPlan
from nagorik_simulation.campaign.comparison import Discrepancy, compare, readable
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.campaign.evidence import CampaignEvidence
from nagorik_simulation.campaign.kills import (
    DatabaseOfWorker,
    KillableDatabase,
    KillableTransport,
    Killed,
    KillingPolicy,
    KillSchedule,
    MachineClock,
    OwnRateLimiter,
    WorkerLife,
    note_seen,
)
from nagorik_simulation.campaign.people import People
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.worker_process import BUSY
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.loopback import LOOPBACK
from nagorik_testing.simulator.portal import PORTAL

T = TypeVar("T")

_LONGEST_TURN: Final = 3
"""Most turns of the event loop that a unit waits for its own, and its caller for the result."""
_TWICE: Final = 50
"""One unit in so many, on average, is rolled back and run again: a host's own database may do so."""
IN_MEMORY: Final = "sqlite://"
"""The URL of a database in this process's memory, where the same campaign is the same again."""
HORIZON: Final = timedelta(hours=36)
LASTING_HORIZON: Final = timedelta(days=75)
"""Simulated time after which an application that still waits is left and compared as it is."""
LONGEST_QUEUE: Final = timedelta(days=1)
"""Simulated time in which what is due after the horizon and waits for its turn is worked off, from the horizon or
from when an agency that it waits for went down, if that is later."""
LATEST_OUTAGE: Final = timedelta(days=7)
"""Simulated time after the horizon in which an agency's going down is followed: one that goes down again and again is
what a campaign is to find."""
MOST_TRIES: Final = 15
"""How often an operator has credentials tried again that one agency refuses."""
STEPS: Final = (2.0, 2.0, 600.0, 3600.0)
"""Seconds by which the clock is moved beyond what is due next, so that much falls due together."""
RESTARTS: Final = 8
"""At one move of the clock in so many, on average, an agency is restarted."""
_PASSING: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"
)
"""Ids and times, of which every line has another."""
_REFUSING: Final = (
    select(agencies.c.plugin)
    .where(
        agencies.c.down_since.is_not(None),
        agencies.c.cause.startswith(OF_CREDENTIALS),
        agencies.c.probe_at <= bindparam("latest"),
        exists().where(applications.c.target_plugin == agencies.c.plugin, applications.c.due_at <= bindparam("now")),
    )
    .order_by(agencies.c.plugin)
)
"""The agencies that refuse the platform's credentials while something is due there, and are not left for longer."""
LATEST_PROBE: Final = timedelta(hours=30)
"""When an agency is tried again, at the latest, that has refused the credentials: after a day and a quarter of it."""


class RepeatableDatabase(SqliteDatabase):
    """SQLite in memory, with the newest tables, for all workers of a process.

    What is asked for in the same turn of the event loop is in the same commit, as on a file of the host's own.
    """

    def __init__(self, rng: Random) -> None:
        """Begin with an empty database; ``rng`` decides the order of several callers."""
        self._rng = rng
        self._engine = engine_of(make_url(IN_MEMORY))
        self._connection = self._engine.connect()
        self._asked: list[_Asked] = []
        with self._connection.begin():
            for tables in _all_tables():
                tables.create_all(self._connection)

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``."""
        await self._let_others_run()
        asked = _Asked(unit)
        self._asked.append(asked)
        if len(self._asked) == 1:
            asyncio.get_running_loop().call_soon(self._commit_asked)
        result: T = await asyncio.wrap_future(asked.answer)
        await self._let_others_run()
        return result

    async def snapshot(self, unit: Unit[T]) -> T:
        """As ``Database.snapshot``."""
        return await self.run(unit)

    async def close(self) -> None:
        """As ``Database.close``: what it held is gone."""
        self._connection.close()
        self._engine.dispose()

    def _commit_asked(self) -> None:
        together, self._asked = self._asked, []
        if self._rng.randrange(_TWICE) == 0:
            with suppress(Exception, Killed), self._connection.begin() as transaction:
                for asked in together:
                    asked.unit(Transaction(self._connection))
                transaction.rollback()
        self._commit(together)

    async def _let_others_run(self) -> None:
        for _ in range(self._rng.randint(1, _LONGEST_TURN)):
            await asyncio.sleep(0)


class DatabaseInUse(Exception):
    """A campaign is to run on a database that holds applications."""


async def prepare(url: str) -> None:
    """Make the tables of an empty database.

    Raises:
        DatabaseInUse: It holds applications.
        DatabaseInvalid, DatabaseUnavailable: As ``open_database``.
    """
    database = await open_database(url)
    try:
        await upgrade(database)
        if await database.run(lambda t: t.connection.scalar(select(exists(applications.c.id)))):
            raise DatabaseInUse("the database holds applications; a campaign needs one of its own")
    finally:
        await database.close()


def clear(transaction: Transaction) -> None:
    """Delete all rows of all tables."""
    for tables in _all_tables():
        for table in reversed(tables.sorted_tables):
            transaction.connection.execute(delete(table))


def _all_tables() -> tuple[MetaData, ...]:
    """The host's tables, and those of the installed extensions, which the audit looks at too."""
    return metadata, *(one.metadata for one in installed())


class Cohort:
    """Agencies, a clock, and workers that are killed.

    Attributes:
        broken_off: Why the cohort was broken off, if it was.
        clocks_apart: By how much a worker's clock may be ahead of the agencies'.
    """

    clocks_apart = timedelta(0)
    _horizon = HORIZON

    def __init__(self, plan: CampaignPlan, keyring: Keyring) -> None:
        """Use the database of ``plan``, which is empty."""
        self.plan, self._keyring = plan, keyring
        self._evidence = CampaignEvidence(plan.evidence, plan.seed)
        self.broken_off: str | None = None
        self.clock = SimulatedClock()
        self.machine = SimulatedClock()
        self.documents: DocumentStore = MemoryDocuments()
        self.agencies = SimulatedAgencies(self.clock, plan.seed)
        self._rng = random.Random()  # noqa: S311 - reproducible on purpose
        self._memory: RepeatableDatabase | None = None
        self._tried: Counter[str] = Counter()
        self._mine = DatabaseOfWorker()
        for simulator in self.agencies.simulators.values():
            simulator.ledger.on_request = note_seen

    def settings(self) -> PlatformSettings:
        """A platform that reaches the simulators in this process."""
        clock = MachineClock(self.clock)
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(
                    settings=simulator.settings(f"http://{LOOPBACK}"),
                    egress=frozenset({LOOPBACK}),
                    transport_factory=partial(KillableTransport, simulator),
                )
                for name, simulator in self.agencies.simulators.items()
            },
            call_middleware=(KillingPolicy(),),
            payment_addresses=PORTAL,
            documents=self.documents,
            rate_limiter=OwnRateLimiter(self._mine, clock),
            token_store=SharedTokenStore(self._mine, Vault(self._keyring), clock),
            clock=clock,
            rng=self._rng,
            # The campaign kills the workers, and no plugin is kept out for it.
            faults_before_quarantine=1_000_000,
            longest_step=BUSY,
            import_seconds=BUSY,
        )

    async def run(self, cases: Sequence[CampaignCase], platform: Platform, report: CampaignReport) -> None:
        """Carry all of them as far as they go, compare, and add to the report."""
        self._rng.seed(f"cohort:{self.plan.seed}:{cases[0].number}")
        async with AsyncExitStack() as stack:
            heard = stack.enter_context(capture_logs())
            self._mine.shared = database = await self._open()
            stack.push_async_callback(database.close)
            # In a thread, whose order is the machine's affair: afterwards no plugin's first call waits for one.
            await platform.import_plugins()
            host = self._host(database, platform)
            schedule, people = KillSchedule(cases), People(host, self.agencies, cases, self.documents)
            began = self.clock.now()
            if any(case.lasting for case in cases):
                self._horizon = LASTING_HORIZON
            await self._run_until_idle(platform, schedule, people, report)
            handed_in = [case for case in cases if case.id in people.handed_in]
            ends, found = await compare(
                host,
                self.agencies,
                self.documents,
                handed_in,
                left=people.left,
                refusing=await self._refusing_for_good(database),
                clocks_apart=self.clocks_apart,
            )
            found = [*self._broken_off(len(cases) - len(handed_in), len(cases)), *found]
            aliases = {case.id: case.alias for case in cases}
            found += [Discrepancy(aliases[of], code, detail) for of, code, detail in await people.problems()]
            found += self._leaks(cases, heard.text + await database.run(readable))
            found += self._found_of_workers(cases)
            await self._evidence.write(host, self.agencies, handed_in, found)
            report.findings += found
            report.applications += len(handed_in)
            report.ends += ends
            report.services.update(case.service for case in handed_in)
            for (kind, moment, operation), number in schedule.happened.items():
                counted, name = (
                    (report.workers_killed, moment)
                    if kind is Disruption.KILLED_WORKER
                    else (report.disruptions, kind)
                )
                counted[name] += number
                report.disrupted_during[operation] += number
            seen = self.agencies.requests()
            report.calls += sum(schedule.calls.values())
            report.requests += len(seen)
            report.requests_with_a_fault += sum(one.fault is not None for _, one in seen)
            report.second_clicks_refused += people.refused_doubles
            report.simulated_seconds += (self.clock.now() - began).total_seconds()
            # For the next cohort; the ledger begins anew, too.
            await database.run(clear)

    def _broken_off(self, left: int, of: int) -> Iterator[Discrepancy]:
        """That not everything was tried, if it was not: what was not handed in cannot be lost."""
        if left or self.broken_off is not None:
            why = self.broken_off or "nothing was due any more"
            yield Discrepancy("-", "broken-off", f"{why}; {left} of {of} applications were not handed in")

    def _found_of_workers(self, cases: Sequence[CampaignCase]) -> Iterable[Discrepancy]:  # noqa: ARG002
        """What is found of workers that are no part of this process."""
        return ()

    async def _open(self) -> Database:
        if self.plan.url != IN_MEMORY:
            return await open_database(self.plan.url)
        self._memory = self._memory or RepeatableDatabase(self._rng)
        return self._memory

    def _host(self, database: Database, platform: Platform) -> Host:
        host = Host(
            database=database,
            platform=platform,
            keyring=self._keyring,
            clock=self.clock,
            lease_clock=self.machine,
            # Whether a call has sent anything is known by it: the one that requests ask is of the same kind.
            rate_limiter=SharedRateLimiter(database, self.clock),
        )
        host.health.rng = self._rng
        return host

    async def _run_until_idle(
        self,
        platform: Platform,
        schedule: KillSchedule,
        people: People,
        report: CampaignReport,  # noqa: ARG002
    ) -> None:
        """Let time pass until nothing is due any more; a worker that is killed or stands still is followed."""
        end, database = self.clock.now() + self._horizon, self._mine
        pool = [await self._worker(platform, schedule) for _ in range(self.plan.workers)]
        suspended: list[WorkerLife] = []
        try:
            while True:
                crossing = asyncio.create_task(people.cross(self._rng))
                dues = await asyncio.gather(*(life.live() for life in pool))
                await crossing
                if await self._replace(platform, pool, suspended) or await people.act():
                    continue
                if any(record.quarantine for record in platform.plugins):
                    self.broken_off = "a plugin is kept out"
                    return
                if await self._advance_clock(database, [*dues, people.next_at], end):
                    await self._wake(suspended)
                    if self._rng.randrange(RESTARTS) == 0:
                        self.agencies.restart_one(self._rng)
                elif suspended:
                    await self._wake(suspended, all_of_them=True)
                elif await self._have_credentials_tried(database):
                    # What has waited for that is worked off as what waits for its turn is.
                    end = max(end, self.clock.now())
                else:
                    return
        finally:
            for life in pool:
                await self._let_go(life)

    async def _replace(self, platform: Platform, pool: list[WorkerLife], suspended: list[WorkerLife]) -> bool:
        """Have others in place of those that are dead or stand still; whether there were any."""
        gone = [life for life in pool if life.gone or life.is_suspended]
        for life in gone:
            # Nothing is heard of it, and its lease runs out.
            self.machine.advance(LEASE)
            if life.gone:
                await self._let_go(life)
            else:
                suspended.append(life)
            pool[pool.index(life)] = await self._worker(platform, life.schedule)
        return bool(gone)

    async def _wake(self, suspended: list[WorkerLife], *, all_of_them: bool = False) -> None:
        """Let machines go on whose time has come: each ends what it had in hand, and then its work."""
        for life in tuple(suspended):
            life.moves -= 1
            if all_of_them or life.moves <= 0:
                life.wake()
                await life.live()
                if life.is_suspended and not life.gone:
                    continue
                suspended.remove(life)
                if life.gone:
                    self.machine.advance(LEASE)
                await self._let_go(life)

    async def _advance_clock(self, database: Database, dues: Iterable[datetime | None], end: datetime) -> bool:
        """Let time pass to what is due next, and a little further; whether there is anything left to wait for.

        What is due at ``end`` and waits for its turn at an agency that can bear no more is worked off, and nothing
        that falls due later.
        """
        due = min((one for one in dues if one is not None), default=None)
        if due is None:
            return False
        if due > end:
            is_due, down_since = await database.run(partial(_queued, now=self.clock.now()))
            since = end if down_since is None else min(max(end, down_since), end + LATEST_OUTAGE)
            if not is_due or due > since + LONGEST_QUEUE:
                return False
        self.clock.set(max(due, self.clock.now()))
        if due <= end:
            self.clock.advance(self._rng.choice(STEPS))
        return True

    async def _have_credentials_tried(self, database: Database) -> bool:
        """Say, as an operator does, that credentials are good whose refusal is all that an agency waits for.

        Whether there were any that were not tried often enough.
        """
        now = self.clock.now()

        def try_again(transaction: Transaction) -> list[str]:
            plugins = [plugin for plugin in _refusing(transaction, now) if self._tried[plugin] < MOST_TRIES]
            for plugin in plugins:
                try_refused(transaction, plugin, now)
                try_refused_again(transaction, plugin)
            return plugins

        tried = await database.run(try_again)
        self._tried.update(tried)
        return bool(tried)

    async def _refusing_for_good(self, database: Database) -> set[str]:
        """Agencies that went on refusing the credentials; what is due there waits for others, as it should."""
        refusing = await database.run(partial(_refusing, now=self.clock.now()))
        return {plugin for plugin in refusing if self._tried[plugin] >= MOST_TRIES}

    async def _worker(self, platform: Platform, schedule: KillSchedule) -> WorkerLife:
        life = WorkerLife(schedule, self.clock)
        life.database = KillableDatabase(await self._open(), life)
        life.worker = self._host(life.database, platform).worker()
        return life

    async def _let_go(self, life: WorkerLife) -> None:
        if self._memory is None:
            await life.database.close()

    def _leaks(self, cases: Sequence[CampaignCase], text: str) -> list[Discrepancy]:
        """Citizens who can be found in log lines or in what is readable in the database."""
        people = SyntheticCitizens(self.plan.seed)
        # Without lines that repeat another but for ids and times, which no citizen is in.
        lines = "\n".join(dict.fromkeys(_PASSING.sub("", text).splitlines()))
        return [
            Discrepancy(case.alias, "personal-data-readable", f"{number} of the citizen's numbers and names")
            for case in cases
            if (number := count_leaks(lines, canary_values(people.citizen(case.citizen))))
        ]


def _refusing(transaction: Transaction, now: datetime) -> Sequence[str]:
    return transaction.connection.scalars(_REFUSING, {"now": now, "latest": now + LATEST_PROBE}).all()


def _queued(transaction: Transaction, *, now: datetime) -> tuple[bool, datetime | None]:
    """Whether something is due and waits for its turn, and since when the last agency is down that it waits for."""
    reached = applications.outerjoin(agencies, agencies.c.plugin == applications.c.target_plugin)
    query = select(func.count(), func.max(agencies.c.down_since)).select_from(reached)
    count, down_since = transaction.connection.execute(query.where(applications.c.due_at <= now)).one()
    return bool(count), down_since


async def carry(cohort: Cohort, numbers: Sequence[int]) -> CampaignReport:
    """What becomes of these applications of a campaign, and what was found of those that are asked about."""
    report, plan = CampaignReport(), cohort.plan
    async with Platform.discover(cohort.settings()) as platform:
        offers = cohort.agencies.offers(platform)
        await cohort.run([plan.case(number, offers) for number in numbers], platform, report)
    asked = {f"a{number}" for number in plan.only} | {"-"}
    report.findings = [found for found in report.findings if not plan.only or found.application in asked]
    return report
