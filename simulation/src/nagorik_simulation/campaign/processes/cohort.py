"""A cohort whose workers are killed as processes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import func, select

from nagorik_host.store import Database, DatabaseUnavailable, Transaction, Unit, open_database
from nagorik_host.store.host_keys import admit_keys
from nagorik_host.store.schema import attempts
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import Platform
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import ARRIVALS, CampaignCase, CampaignPlan
from nagorik_simulation.campaign.cohort import Cohort
from nagorik_simulation.campaign.comparison import Discrepancy
from nagorik_simulation.campaign.disruptions import Disruption, ends_workers
from nagorik_simulation.campaign.kills import KillSchedule
from nagorik_simulation.campaign.people import People
from nagorik_simulation.campaign.processes.disruptor import SKEW, Disruptor
from nagorik_simulation.campaign.processes.own_server import OwnServer
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.campaign.ward_office.site import OLDER_RELEASE, write_site
from nagorik_simulation.worker_pool import INTERRUPTED, ClockDriver, NeverIdle, WorkerPool
from nagorik_simulation.worker_process import WorkerSettings
from nagorik_testing.simulator.ledger import SeenRequest
from nagorik_testing.simulator.loopback import serve
from nagorik_testing.simulator.shared_clock import SharedClock

T = TypeVar("T")

EVERY: Final = 15
"""Requests between two disruptions, on average."""
ANY_MOMENT: Final = "any-moment"
PATIENCE: Final = 300.0
"""Seconds that citizens and officers wait for a database that is away."""
PAUSE: Final = 0.1
"""Seconds until they try again."""


async def patiently(act: Callable[[Unit[T]], Awaitable[T]], unit: Unit[T]) -> T:
    """Run a unit as people do who come again when the database is away; one that may have happened is run again.

    Raises:
        DatabaseUnavailable: It was away for ``PATIENCE``.
    """
    end = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await act(unit)
        except DatabaseUnavailable:
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(PAUSE)


class ProcessCohort(Cohort):
    """Agencies on real sockets, a shared clock, and worker processes that are killed."""

    _pool: WorkerPool

    def __init__(
        self, plan: CampaignPlan, keys: str, folder: Path, site: Path, server: OwnServer | None, *, every: int
    ) -> None:
        """Use the database of ``plan``, which is empty, and ``folder`` for what the processes share.

        Args:
            plan: What is asked of the campaign.
            keys: The host's, as ``nagorik keys new`` prints them.
            folder: Holds what the processes share, and nothing else.
            site: Holds the ward office's release.
            server: The database's server, if it is the campaign's own.
            every: Requests between two disruptions, on average.
        """
        super().__init__(plan, read_keyring(keys))
        self._setting = WorkerSettings(database=plan.url, keys=keys, folder=str(folder), plugins={}, site=str(site))
        self.clock = SharedClock(folder / "clock")
        self.documents = self._setting.documents
        self.agencies = SimulatedAgencies(self.clock, plan.seed)
        if Disruption.SKEWED_CLOCK in plan.kinds:
            self.clocks_apart = SKEW
        self._folder, self._server, self._every = folder, server, every

    async def run(self, cases: Sequence[CampaignCase], platform: Platform, report: CampaignReport) -> None:
        """As ``Cohort.run``; what the processes wrote is searched for citizens, too."""
        await super().run([_within_a_day(case) for case in cases], platform, report)
        report.workers_killed[ANY_MOMENT] += self._pool.killed
        report.workers_without_a_database += self._pool.gave_up

    def _found_of_workers(self, cases: Sequence[CampaignCase]) -> Iterator[Discrepancy]:
        """Citizens in what the workers wrote, and those workers that ended by themselves."""
        yield from self._leaks(cases, "\n".join(log.read_text("utf-8") for log in self._pool.logs.values()))
        for one in self._pool.ended:
            yield Discrepancy("-", "worker-ended", f"{one.error}, exit code {one.exit_code}")

    async def _run_until_idle(
        self,
        platform: Platform,
        schedule: KillSchedule,  # noqa: ARG002 - processes die at any moment
        people: People,
        report: CampaignReport,
    ) -> None:
        """Let time pass until nothing is due any more, while workers are killed."""
        simulators = self.agencies.simulators
        async with AsyncExitStack() as stack:
            plugins: dict[str, dict[str, Any]] = {
                name: one.settings(await stack.enter_async_context(serve(one))) for name, one in simulators.items()
            }
            database = await self._open()
            stack.push_async_callback(database.close)
            # Before anything is handed in, as where a host is opened.
            await admit_keys(database, self._keyring, self.clock.now())
            self._pool = WorkerPool(
                replace(self._setting, plugins=plugins),
                [f"machine-{number + 1}" for number in range(self.plan.workers)],
                may_give_up=ends_workers(self.plan.kinds),
            )
            await stack.enter_async_context(self._pool)
            host = self._host(database, platform)
            older = write_site(self._folder / "older", OLDER_RELEASE)
            disruptor = Disruptor(
                self._pool,
                host,
                self._server,
                {
                    Disruption.OTHER_KEYS: {"keys": make_keys("campaign")},
                    Disruption.OLDER_RELEASE: {"site": str(older)},
                },
                self.plan.kinds,
                seed=self.plan.seed,
                every=self._every,
                note=self._evidence.note,
            )

            def requested(plugin: str, seen: SeenRequest) -> None:
                self._evidence.note(
                    f"{plugin} receives its request {seen.number}: {seen.operation}", seen.client_reference
                )
                disruptor.on_request()

            for name, one in simulators.items():
                one.ledger.on_request = partial(requested, name)
            driver, end = ClockDriver(host, self.clock, self._pool), self.clock.now() + self._horizon
            try:
                while True:
                    due = await driver.run_until_idle()
                    if not await people.act() and not await self._advance_clock(database, [due, people.next_at], end):
                        break
            except NeverIdle as error:
                # The comparison says which applications are left.
                self.broken_off = str(error)
            finally:
                await disruptor.end()
                report.disruptions += disruptor.counts
                report.disrupted_during += await database.run(_interrupted)
                report.calls += await database.run(_calls)
        self._evidence.read_logs(self._pool.logs)

    async def _open(self) -> Database:
        database = await open_database(self.plan.url)
        database.run = partial(patiently, database.run)  # type: ignore[method-assign]
        database.snapshot = partial(patiently, database.snapshot)  # type: ignore[method-assign]
        return database


def _within_a_day(case: CampaignCase) -> CampaignCase:
    """Without what takes real time in other processes: a move of the clock, and an agency that never answers."""
    heard = tuple(one for one in case.faults if getattr(one.fault, "how", None) != "silent")
    arrives_after = case.arrives_after % timedelta(seconds=ARRIVALS)
    return replace(case, faults=heard, disturbances=(), lasting=False, arrives_after=arrives_after)


def _interrupted(transaction: Transaction) -> Counter[str]:
    """Calls that were in a killed worker's hands, by operation."""
    return Counter(transaction.connection.scalars(select(attempts.c.operation).where(INTERRUPTED)))


def _calls(transaction: Transaction) -> int:
    return transaction.connection.scalar(select(func.count()).select_from(attempts)) or 0
