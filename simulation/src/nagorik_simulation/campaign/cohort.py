"""One cohort of a campaign: applications that live side by side, from being handed in to where they come to rest.

Its store in memory takes turns without a thread, so that what happens when follows from a seed alone. On a database
of the host's own kind, threads and sockets decide who is first; what the one cannot show, such as several writers at
once, the other does.
"""

import asyncio
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import MetaData, Row, bindparam, delete, exists, func, make_url, or_, select

import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
from nagorik import NagorikError
from nagorik.model.application import DocumentStore
from nagorik.model.payment import QueryPaymentRequest
from nagorik_host import Host
from nagorik_host.engine.health import LAST_PROBE, OF_CREDENTIALS, try_refused
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.tokens import SharedTokenStore, try_refused_again
from nagorik_host.engine.worker import Worker
from nagorik_host.extensions import installed
from nagorik_host.store import Database, DatabaseUnavailable, Transaction, Unit, open_database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import agencies, agency_tokens, applications, metadata
from nagorik_host.store.sqlite import SqliteDatabase, _Asked, engine_of
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import Keyring, Vault
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.agency_client.tokens import refused_pause
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase, CampaignPlan
from nagorik_simulation.campaign.comparison import Discrepancy, compare, readable
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.campaign.evidence import CampaignEvidence
from nagorik_simulation.campaign.kills import (
    LIFE,
    KillableDatabase,
    KillableTransport,
    Killed,
    KillingMiddleware,
    KillSchedule,
    MachineClock,
    NotingRateLimiter,
    WorkerLife,
    WorkerStanding,
    note_seen,
)
from nagorik_simulation.campaign.people import People
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.base import Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.simulator.loopback import LOOPBACK
from nagorik_testing.simulator.portal import PORTAL

T = TypeVar("T")

_LONGEST_TURN: Final = 3
"""Most turns of the event loop that a unit waits for its own, and whoever asked for its result."""
_TWICE: Final = 50
"""Every how manieth unit is rolled back and run again, on the average: a host's own database may do so."""


class RepeatableDatabase(SqliteDatabase):
    """SQLite in memory, with the newest tables. All workers of a process may share it.

    What is asked for in the same turn of the event loop is in the same commit, as on a file of the host's own.
    """

    def __init__(self, rng: Random) -> None:
        """Begin with an empty database; ``rng`` decides who of several is first."""
        self._rng = rng
        self._engine = engine_of(make_url("sqlite://"))
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


class DatabaseOfWorker(Database):
    """The database as the worker reaches it whose task this is.

    Attributes:
        shared: As whatever belongs to no call reaches it, such as a login that several calls wait for.
    """

    shared: Database | None = None

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``, in the middle of a call."""
        life = LIFE.get()
        if life is not None and life.database is not None:
            return await life.database.run_within_call(unit)
        if self.shared is None:
            raise DatabaseUnavailable("nobody works yet")
        return await self.shared.run(unit)

    async def close(self) -> None:
        """Nothing is its own."""


IN_MEMORY: Final = "sqlite://"
"""The URL of a database in this process's memory, where the same campaign is the same again."""
HORIZON: Final = timedelta(hours=36)
LASTING_HORIZON: Final = timedelta(days=75)
"""Simulated time after which whatever still waits is left and compared as it is."""
LONGEST_QUEUE: Final = timedelta(days=1)
"""Simulated time in which what is due after the horizon and waits for its turn is worked off, from the horizon or
from when an agency that it waits for went down, whichever is later."""
LATEST_OUTAGE: Final = timedelta(days=7)
"""Simulated time after the horizon in which an agency's going down is followed: one that goes down again and again is
what a campaign is to find."""
LATER: Final = 1.25
"""By how much later than refused credentials may be tried again an agency is, at most."""
OFTEN: Final = 3
"""How often an operator says in one outage that the credentials which an agency refuses are good."""
OUTAGES: Final = 5
"""In how many outages of one agency: one that is let in and refused again and again is a finding."""
BUSY: Final = 300.0
STEPS: Final = (2.0, 2.0, 600.0, 3600.0)
"""Seconds by which the clock is moved beyond what is due next, so that much falls due together."""
RESTARTS: Final = 8
"""Every how manieth time that the clock is moved an agency is restarted, on the average."""


_PASSING: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"
)
"""Ids and times, of which every line has another."""


_REFUSING: Final = (
    select(agencies, agency_tokens.c.refused_at, agency_tokens.c.refusals)
    .outerjoin(agency_tokens, agency_tokens.c.plugin == agencies.c.plugin)
    .where(
        agencies.c.down_since.is_not(None),
        agencies.c.cause.startswith(OF_CREDENTIALS),
        # One without a login refuses its calls, as with a key that each of them carries.
        or_(agency_tokens.c.refused.is_not(None), agency_tokens.c.id.is_(None)),
        exists().where(applications.c.target_plugin == agencies.c.plugin, applications.c.due_at <= bindparam("now")),
    )
    .order_by(agencies.c.plugin)
)


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


async def empty(url: str) -> None:
    """Empty a database that nobody has open for the next cohort; its ledger begins anew, too."""
    database = await open_database(url)
    try:
        await database.run(clear)
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
    """A world of its own: agencies, a clock, and workers that are killed.

    Attributes:
        broken_off: Why it was, if it was.
        clocks_apart: By how much a worker's clock may be ahead of the agencies'.
    """

    clocks_apart = timedelta(0)

    def __init__(self, url: str, keyring: Keyring, *, seed: int, workers: int, evidence: Path | None = None) -> None:
        """Use the database at ``url``, which is empty; ``workers`` work side by side.

        What led to a finding is written down in the folder ``evidence``, if there is one.
        """
        self._url = url
        self._keyring = keyring
        self._seed = seed
        self._workers = workers
        self._evidence = CampaignEvidence(evidence, seed)
        self.broken_off: str | None = None
        self.clock = SimulatedClock()
        self.machine = SimulatedClock()
        self.documents: DocumentStore = MemoryDocuments()
        self.agencies = SimulatedAgencies(self.clock, seed)
        self._rng = random.Random()  # noqa: S311 - reproducible on purpose
        self._memory: RepeatableDatabase | None = None
        self._tried: dict[str, Counter[datetime]] = defaultdict(Counter)
        """By agency and the beginning of an outage, how often credentials were said to be good."""
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
                    transport_factory=partial(_transport, simulator),
                )
                for name, simulator in self.agencies.simulators.items()
            },
            call_middleware=(KillingMiddleware(),),
            payment_addresses=PORTAL,
            documents=self.documents,
            rate_limiter=NotingRateLimiter(self._mine, clock),
            token_store=SharedTokenStore(self._mine, Vault(self._keyring), clock),
            clock=clock,
            rng=self._rng,
            # The campaign kills the workers, and no plugin is kept out for it.
            faults_before_quarantine=1_000_000,
            # The machine is kept busy on purpose, and a step that waits for its turn is no plugin's fault.
            longest_step=BUSY,
            import_seconds=BUSY,
        )

    async def run(self, cases: Sequence[CampaignCase], platform: Platform, report: CampaignReport) -> None:
        """Carry all of them as far as they go, compare, and add to the report."""
        self._rng.seed(f"cohort:{self._seed}:{cases[0].number}")
        async with AsyncExitStack() as stack:
            heard = stack.enter_context(capture_logs())
            database = await self._open()
            stack.push_async_callback(database.close)
            self._mine.shared = database
            await _warm(platform, self.clock.now())
            host = self._host(database, platform)
            schedule, people = KillSchedule(cases), People(host, self.agencies, cases, self.documents)
            began = self.clock.now()
            self._horizon = LASTING_HORIZON if any(case.lasting for case in cases) else HORIZON
            await self._run_until_idle(platform, schedule, people)
            handed_in = [case for case in cases if case.id in people.handed_in]
            comparison = await compare(
                host,
                self.agencies,
                self.documents,
                handed_in,
                left=people.left,
                refusing=await self._refusing_for_good(database),
                clocks_apart=self.clocks_apart,
            )
            found = [*self._broken_off(len(cases) - len(handed_in), len(cases)), *comparison.findings]
            said = (
                ("decision-unheeded", people.unheeded, "an officer decided something else than is written down"),
                ("refused-by-defect", people.refused_by_defect, "the host could take nothing in about it any more"),
                ("forgotten", await people.forgotten(), "a consent or an acknowledged notice is in no journal"),
            )
            found += [
                Discrepancy(case.alias, code, detail) for code, of, detail in said for case in cases if case.id in of
            ]
            text = heard.text + await database.run(readable)
            found += [*self._leaks(cases, text), *self._found_of_workers(cases)]
            report.findings += found
            await self._evidence.write(host, self.agencies, handed_in, found)
            report.applications += len(handed_in)
            report.ends += comparison.ends
            report.services.update(case.service for case in handed_in)
            for (moment, operation), number in schedule.killed.items():
                report.killed[moment] += number
                report.at_operations[operation] += number
            for (_, operation), number in schedule.suspended.items():
                report.disruptions[Disruption.SUSPENDED_MACHINE] += number
                report.at_operations[operation] += number
            report.calls += sum(schedule.calls.values())
            report.requests += self.agencies.requests
            report.faults += self.agencies.faults
            report.acts += people.acts
            report.refused_doubles += people.refused_doubles
            report.simulated += self.clock.now() - began
        if self._url != IN_MEMORY:
            await empty(self._url)

    def _broken_off(self, left: int, of: int) -> Iterator[Discrepancy]:
        """That not everything was tried, if it was not: of what nobody handed in, nothing can be lost."""
        if left or self.broken_off is not None:
            why = self.broken_off or "nothing was due any more"
            yield Discrepancy("-", "broken-off", f"{why}; {left} of {of} applications were not handed in")

    def _found_of_workers(self, cases: Sequence[CampaignCase]) -> Sequence[Discrepancy]:  # noqa: ARG002
        """What is found of workers that are no part of this process."""
        return ()

    async def _open(self) -> Database:
        if self._url != IN_MEMORY:
            return await open_database(self._url)
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

    async def _run_until_idle(self, platform: Platform, schedule: KillSchedule, people: People) -> None:
        """Let time pass until nothing is due any more; whoever is killed or stands still is followed by another."""
        end = self.clock.now() + self._horizon
        pool = [await self._member(platform, schedule) for _ in range(self._workers)]
        suspended: list[_Member] = []
        try:
            while True:
                crossing = asyncio.create_task(people.cross(self._rng))
                done = await asyncio.gather(*(member.live() for member in pool))
                await crossing
                if await self._replace(pool, [standing for standing, _ in done], suspended) or await people.act():
                    continue
                dues = [due for due in (*(due for _, due in done), people.next_at) if due is not None]
                if any(record.quarantine for record in platform.plugins):
                    self.broken_off = "a plugin is kept out"
                    return
                if not await self._advance_clock(pool[0].database, dues, end):
                    if not suspended:
                        if not await self._have_credentials_tried(pool[0].database):
                            return
                        # What has waited for that is worked off as what waits for its turn is.
                        end = max(end, self.clock.now())
                        continue
                    await self._wake(suspended, all_of_them=True)
                    continue
                await self._wake(suspended)
                if self._rng.randrange(RESTARTS) == 0:
                    self.agencies.restart_one(self._rng)
        finally:
            for member in pool:
                await member.database.close()

    async def _replace(
        self, pool: "list[_Member]", standings: Sequence[WorkerStanding], suspended: "list[_Member]"
    ) -> bool:
        """Have others in place of those who are dead or stand still; whether there was anybody."""
        for place, standing in enumerate(standings):
            if standing is WorkerStanding.IDLE:
                continue
            # Nobody hears of it, and its lease runs out.
            self.machine.advance(LEASE)
            if standing is WorkerStanding.SUSPENDED:
                suspended.append(pool[place])
            else:
                await pool[place].database.close()
            pool[place] = await self._member(pool[place].platform, pool[place].life.schedule)
        return any(standing is not WorkerStanding.IDLE for standing in standings)

    async def _wake(self, suspended: "list[_Member]", *, all_of_them: bool = False) -> None:
        """Let machines go on whose time has come: each ends what it had in hand, and then its work."""
        for member in tuple(suspended):
            member.life.moves -= 1
            if all_of_them or member.life.moves <= 0:
                suspended.remove(member)
                member.life.wake()
                standing, _ = await member.live()
                if standing is WorkerStanding.SUSPENDED:
                    suspended.append(member)
                    continue
                if standing is WorkerStanding.DEAD:
                    self.machine.advance(LEASE)
                await member.database.close()

    async def _advance_clock(self, database: Database, dues: Sequence[datetime], end: datetime) -> bool:
        """Let time pass to what is due next, and a little further; whether there is anything left to wait for.

        What is due at ``end`` and waits for its turn at an agency that can bear no more is worked off, and nothing
        that falls due later.
        """
        if not dues:
            return False
        over = min(dues) > end
        if over:
            is_due, down_since = await database.run(partial(_queued, now=self.clock.now()))
            since = end if down_since is None else min(max(end, down_since), end + LATEST_OUTAGE)
            if not is_due or min(dues) > since + LONGEST_QUEUE:
                return False
        self.clock.set(max(min(dues), self.clock.now()))
        if not over:
            self.clock.advance(self._rng.choice(STEPS))
        return True

    async def _have_credentials_tried(self, database: Database) -> bool:
        """Say, as an operator does, that credentials are good whose refusal is all that an agency waits for.

        Whether there were any. An agency that is left alone for longer than its last refusal accounts for, or whose
        last login was let in, is the host's to look after, and so is one that was tried often enough.
        """
        tried = await database.run(partial(_try_refused, now=self.clock.now(), may_be_tried=self._may_be_tried))
        for plugin, down_since in tried.items():
            self._tried[plugin][down_since] += 1
        return bool(tried)

    async def _refusing_for_good(self, database: Database) -> set[str]:
        """Agencies that have gone on refusing the credentials as often as their operator said that they are good.

        What is due there waits for other credentials, and rightly so: of each try by itself the agency would have
        another refusal.
        """
        waiting = await database.run(partial(_left_for_credentials, now=self.clock.now()))
        return {plugin for plugin, down_since in waiting.items() if self._tried[plugin][down_since] >= OFTEN}

    def _may_be_tried(self, plugin: str, down_since: datetime) -> bool:
        outages = self._tried[plugin]
        return outages[down_since] < OFTEN and len({*outages, down_since}) <= OUTAGES

    async def _member(self, platform: Platform, schedule: KillSchedule) -> "_Member":
        life = WorkerLife(schedule, self.clock)
        database = life.database = KillableDatabase(await self._open(), life, shared=self._url == IN_MEMORY)
        return _Member(life, database, platform, self._host(database, platform).worker())

    def _leaks(self, cases: Sequence[CampaignCase], text: str) -> list[Discrepancy]:
        """Citizens who can be found in log lines or in what is readable in the database."""
        people = SyntheticCitizens(self._seed)
        lines = _distinct_lines(text)
        return [
            Discrepancy(case.alias, "personal-data-readable", f"{number} of the citizen's numbers and names")
            for case in cases
            if (number := count_leaks(lines, canary_values(people.citizen(case.citizen))))
        ]


@dataclass(frozen=True, slots=True)
class _Member:
    """One worker of the pool, and its own connection to the database."""

    life: WorkerLife
    database: KillableDatabase
    platform: Platform
    worker: Worker

    async def live(self) -> tuple[WorkerStanding, datetime | None]:
        return await self.life.run_worker(self.worker)


def _distinct_lines(text: str) -> str:
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


def _queued(transaction: Transaction, *, now: datetime) -> tuple[bool, datetime | None]:
    """Whether something is due and waits for its turn, and since when the last agency is down that it waits for."""
    reached = applications.outerjoin(agencies, agencies.c.plugin == applications.c.target_plugin)
    query = select(func.count(), func.max(agencies.c.down_since)).select_from(reached)
    count, down_since = transaction.connection.execute(query.where(applications.c.due_at <= now)).one()
    return bool(count), down_since


def _try_refused(
    transaction: Transaction, *, now: datetime, may_be_tried: Callable[[str, datetime], bool]
) -> dict[str, datetime]:
    """Let refused credentials be tried at once for which something waits; since when their agencies are down."""
    waiting = _left_for_credentials(transaction, now=now)
    tried = {plugin: down_since for plugin, down_since in waiting.items() if may_be_tried(plugin, down_since)}
    for plugin in sorted(tried):
        try_refused(transaction, plugin, now)
        try_refused_again(transaction, plugin)
    return tried


def _left_for_credentials(transaction: Transaction, *, now: datetime) -> dict[str, datetime]:
    """Agencies where something waits for the credentials alone, and is left no longer than that; since when down."""
    refusing = transaction.connection.execute(_REFUSING, {"now": now})
    return {row.plugin: row.down_since for row in refusing if row.probe_at <= _latest_probe(row, now)}


def _latest_probe(row: Row[Any], now: datetime) -> datetime:
    """Until when an agency is tried again that has refused the credentials so often, and tells no more than that.

    A probe that was held back, or of which nothing was heard, is made again soon.
    """
    # When one without a login refused nobody writes down; its probes are counted after the first refusal.
    refused_at, refusals = (now, row.probes + 1) if row.refused_at is None else (row.refused_at, row.refusals)
    refused_until: datetime = refused_at + refused_pause(refusals) * LATER
    return max(refused_until, now + LAST_PROBE)


def _transport(simulator: Simulator) -> KillableTransport:
    return KillableTransport(SimulatorTransport(simulator))


async def carry(cohort: Cohort, plan: CampaignPlan, numbers: Sequence[int]) -> CampaignReport:
    """What becomes of these applications of a campaign, and of those that are asked about what was found."""
    report = CampaignReport()
    async with Platform.discover(cohort.settings()) as platform:
        for record in platform.plugins:
            # Here and one after the other: a plugin's first use has a time limit, and the machine is kept busy.
            import_module(record.source.value.partition(":")[0])
        offers = cohort.agencies.offers(platform)
        await cohort.run([plan.case(number, offers) for number in numbers], platform, report)
    asked = {f"a{number}" for number in plan.only} | {"-"}
    report.findings = [found for found in report.findings if not plan.only or found.application in asked]
    return report
