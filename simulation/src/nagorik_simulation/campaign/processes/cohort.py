"""A cohort whose workers are killed as processes, and a whole campaign of such cohorts on the same database."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import func, select

from nagorik_host.store import Database, DatabaseUnavailable, Transaction, Unit, open_database
from nagorik_host.store.host_keys import admit_keys
from nagorik_host.store.schema import attempts
from nagorik_host.vault import Vault, make_keys, read_keyring
from nagorik_platform import Platform
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import ARRIVALS, CampaignCase, CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort, carry, prepare
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_simulation.campaign.disruptions import Disruption, ends_workers
from nagorik_simulation.campaign.kills import KillSchedule
from nagorik_simulation.campaign.people import People
from nagorik_simulation.campaign.processes.clock_driver import ClockDriver, NeverIdle
from nagorik_simulation.campaign.processes.disruptor import SKEW, Disruptor, Surroundings
from nagorik_simulation.campaign.processes.own_server import OwnServer, own_server
from nagorik_simulation.campaign.processes.worker import WorkerSettings, documents_in
from nagorik_simulation.campaign.processes.worker_pool import WorkerPool, prepare_processes
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.campaign.ward_office.site import OLDER_RELEASE, ward_office, write_site
from nagorik_testing.fixtures.isolation import scratch_folder
from nagorik_testing.simulator.ledger import SeenRequest
from nagorik_testing.simulator.loopback import serve
from nagorik_testing.simulator.shared_clock import SharedClock

T = TypeVar("T")

LEASE: Final = timedelta(seconds=2)
"""How long a killed worker is waited for, in the machine's own time."""
EVERY: Final = 15
"""Requests between two disruptions, on average."""
IDLE_TIMEOUT: Final = timedelta(minutes=5)
ANY_MOMENT: Final = "any-moment"
PATIENCE: Final = 300.0
"""Seconds that citizens and officers wait for a database that is away."""
MOST_ENDED: Final = 4
"""Workers that ended by themselves, each a finding of its own, with which a campaign goes on."""
PAUSE: Final = 0.1
"""Seconds until they try again."""


class PatientDatabase(Database):
    """The database as those reach it who come again when it is away; a unit that may have happened is run again."""

    def __init__(self, database: Database) -> None:
        """Reach ``database``."""
        self._database = database

    def use_ledger(self, vault: Vault) -> None:
        """As ``Database.use_ledger``."""
        self._database.use_ledger(vault)

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``, later if it must be.

        Raises:
            DatabaseUnavailable: It is away for good.
        """
        return await self._patiently(partial(self._database.run, unit))

    async def snapshot(self, unit: Unit[T]) -> T:
        """As ``Database.snapshot``, later if it must be.

        Raises:
            DatabaseUnavailable: It is away for good.
        """
        return await self._patiently(partial(self._database.snapshot, unit))

    @staticmethod
    async def _patiently(act: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                return await act()
            except DatabaseUnavailable:
                if loop.time() > end:
                    raise
                await asyncio.sleep(PAUSE)

    async def close(self) -> None:
        """As ``Database.close``."""
        await self._database.close()


class ProcessCohort(Cohort):
    """A world of its own: agencies on real sockets, a shared clock, and processes that are killed."""

    def __init__(
        self,
        url: str,
        keys: str,
        folder: Path,
        site: Path,
        *,
        plan: CampaignPlan,
        server: OwnServer | None = None,
        every: int = EVERY,
    ) -> None:
        """Use the database at ``url``, which is empty, and ``folder`` for what the processes share.

        Args:
            url: The database's.
            keys: The host's.
            folder: Holds what the processes share, and nothing else.
            site: Holds the ward office's release.
            plan: What is asked of the campaign.
            server: The database's server, if it is the campaign's own.
            every: Requests between two disruptions, on average.
        """
        super().__init__(url, read_keyring(keys), seed=plan.seed, workers=plan.workers, evidence=plan.evidence)
        self.clock = SharedClock(folder / "clock")
        self.documents = documents_in(folder, keys)
        self.agencies = SimulatedAgencies(self.clock, plan.seed)
        self._kinds = plan.kinds
        if Disruption.SKEWED_CLOCK in plan.kinds:
            self.clocks_apart = SKEW
        self._site = site
        self._server = server
        self._counts: Counter[Disruption] = Counter()
        self._keys = keys
        self._folder = folder
        self._every = every
        self._interrupted: Counter[str] = Counter()
        self._calls = 0
        self._pool: WorkerPool | None = None

    async def run(self, cases: Sequence[CampaignCase], platform: Platform, report: CampaignReport) -> None:
        """As ``Cohort.run``; what the processes said is searched for citizens, too."""
        await super().run([_within_a_day(case) for case in cases], platform, report)
        assert self._pool is not None  # noqa: S101 - it carried the applications
        report.killed[ANY_MOMENT] += self._pool.killed
        report.disruptions += Counter({kind.value: number for kind, number in self._counts.items()})
        report.gave_up += self._pool.gave_up
        report.at_operations += self._interrupted
        report.calls += self._calls

    def _found_of_workers(self, cases: Sequence[CampaignCase]) -> Sequence[Discrepancy]:
        """Citizens in what they said, and those of them that ended by themselves."""
        assert self._pool is not None  # noqa: S101 - it carried the applications
        ended = [
            Discrepancy("-", "worker-ended", f"{one.error} at {one.place}, exit code {one.exit_code}")
            for one in self._pool.ended
        ]
        return [*self._leaks(cases, self._pool.output), *ended]

    async def _run_until_idle(self, platform: Platform, schedule: KillSchedule, people: People) -> None:  # noqa: ARG002
        """Let time pass until nothing is due any more, while workers are killed."""
        prepare_processes(platform)
        async with AsyncExitStack() as stack:
            simulators = self.agencies.simulators
            setting = WorkerSettings(
                database=self._url,
                keys=self._keys,
                site=self._site,
                folder=self._folder,
                lease=LEASE,
                plugins={
                    name: one.settings(await stack.enter_async_context(serve(one)))
                    for name, one in simulators.items()
                },
            )
            database = await self._open()
            stack.push_async_callback(database.close)
            # Before anything is handed in, as whoever opens a host does.
            await admit_keys(database, read_keyring(self._keys), self.clock.now())
            pool = self._pool = WorkerPool(
                setting,
                [f"machine-{number + 1}" for number in range(self._workers)],
                may_give_up=ends_workers(self._kinds),
            )
            stack.push_async_callback(pool.stop)
            await pool.start(*pool.names)
            host = self._host(database, platform)
            surroundings = Surroundings(
                host=host,
                other_keys=make_keys("campaign"),
                older_site=write_site(self._folder / "older", OLDER_RELEASE),
                server=self._server,
            )
            disruptor = Disruptor(
                pool,
                surroundings,
                self._kinds,
                seed=self._seed,
                every=self._every,
                lease=LEASE,
                note=self._evidence.note,
            )
            for name, one in simulators.items():
                one.ledger.on_request = partial(self._requested, disruptor, name)
            driver = ClockDriver(host, self.clock, pool, timeout=IDLE_TIMEOUT)
            try:
                await self._advance_until_idle(database, driver, pool, people)
            except NeverIdle:
                # The comparison tells whose it is.
                self.broken_off = "the workers did not finish what was due"
            finally:
                await disruptor.end()
                self._counts = disruptor.counts
                self._interrupted = await database.run(_interrupted)
                self._calls = await database.run(_calls)
        self._evidence.read_logs(self._folder.glob("*.log"))

    def _requested(self, disruptor: Disruptor, plugin: str, seen: SeenRequest) -> None:
        self._evidence.note_request(plugin, seen)
        disruptor.on_request(seen)

    async def _open(self) -> Database:
        return PatientDatabase(await open_database(self._url))

    async def _advance_until_idle(
        self, database: Database, driver: ClockDriver, pool: WorkerPool, people: People
    ) -> None:
        end = self.clock.now() + self._horizon
        while True:
            if len(pool.ended) > MOST_ENDED:
                self.broken_off = "worker after worker ended by itself"
                return
            due = await driver.wait_until_idle()
            if await people.act():
                continue
            dues = [one for one in (due, people.next_at) if one is not None]
            if not await self._advance_clock(database, dues, end):
                return


def _within_a_day(case: CampaignCase) -> CampaignCase:
    """Without what takes real time in other processes: a move of the clock, and an agency that never answers."""
    heard = tuple(one for one in case.faults if getattr(one.fault, "how", None) != "silent")
    arrives_after = case.arrives_after % timedelta(seconds=ARRIVALS)
    return replace(case, faults=heard, kills=(), suspensions=(), lasting=False, arrives_after=arrives_after)


def _interrupted(transaction: Transaction) -> Counter[str]:
    """Calls that were in a killed worker's hands, by operation."""
    query = (
        select(attempts.c.operation, func.count().label("number"))
        .where(attempts.c.result.in_(["interrupted", "interrupted-alone"]))
        .group_by(attempts.c.operation)
    )
    return Counter({row.operation: row.number for row in transaction.connection.execute(query)})


def _calls(transaction: Transaction) -> int:
    return transaction.connection.scalar(select(func.count()).select_from(attempts)) or 0


async def campaign_of_processes(
    plan: CampaignPlan, progress: Callable[[CampaignReport], None] | None = None, *, every: int = EVERY
) -> CampaignReport:
    """Run it; ``progress`` gets the report so far after each cohort.

    The seed decides what awaits each application and the rhythm of the disruptions. What a process is doing when it
    is disturbed is the machine's affair, and no two campaigns are the same.

    Raises:
        SimulatorUnusable: An installed simulator cannot be used.
        DatabaseInUse, DatabaseInvalid, DatabaseUnavailable: The database cannot be used.
        ServerMissing: It wants a server of its own, and there is none.
    """
    report = CampaignReport()
    with ExitStack() as stack:
        server = stack.enter_context(own_server()) if plan.own_server else None
        site = stack.enter_context(ward_office())
        for numbers in plan.cohorts:
            with scratch_folder("campaign") as folder:
                url = f"sqlite:///{folder}/store.db" if plan.url == IN_MEMORY else plan.url
                url = url if server is None else server.database()
                await prepare(url)
                keys = make_keys("campaign")
                cohort = ProcessCohort(url, keys, folder, site, plan=plan, server=server, every=every)
                report.add(await carry(cohort, plan, numbers))
            if progress is not None:
                progress(report)
    return report
