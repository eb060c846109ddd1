"""A cohort whose workers are killed as processes."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from nagorik import Platform
from nagorik_host.store import Database, Transaction, open_database
from nagorik_host.store.schema import attempts
from nagorik_host.vault import read_keyring
from nagorik_testing.campaign.agencies import Agencies
from nagorik_testing.campaign.cohort import Cohort
from nagorik_testing.campaign.comparison import Finding
from nagorik_testing.campaign.fate import ARRIVALS, Fate
from nagorik_testing.campaign.kills import Reaper
from nagorik_testing.campaign.people import People
from nagorik_testing.campaign.processes.course import Course, NotAtRest
from nagorik_testing.campaign.processes.crew import Crew, prepare_processes
from nagorik_testing.campaign.processes.lightning import Lightning
from nagorik_testing.campaign.processes.setting import Setting
from nagorik_testing.campaign.told import Told
from nagorik_testing.loopback import serve
from nagorik_testing.shared_clock import SharedClock

LEASE: Final = timedelta(seconds=2)
"""How long a killed worker is waited for, in the machine's own time."""
EVERY: Final = 30
"""Requests between two kills, on average."""
PATIENCE: Final = timedelta(minutes=5)
ANY_MOMENT: Final = "any-moment"


class ProcessCohort(Cohort):
    """A world of its own: agencies on real sockets, a shared clock, and processes that are killed."""

    def __init__(self, url: str, keys: str, folder: Path, *, seed: int, workers: int, every: int = EVERY) -> None:
        """Use the database at ``url``, which is empty, and ``folder`` for what the processes share."""
        super().__init__(url, read_keyring(keys), seed=seed, workers=workers)
        self.clock = SharedClock(folder / "clock")
        self.agencies = Agencies(self.clock, seed)
        self._keys = keys
        self._folder = folder
        self._every = every
        self._interrupted: Counter[str] = Counter()
        self._calls = 0
        self._crew: Crew | None = None

    async def run(self, fates: Sequence[Fate], platform: Platform, told: Told) -> None:
        """As ``Cohort.run``; what the processes said is searched for citizens, too."""
        await super().run([_within_a_day(fate) for fate in fates], platform, told)
        assert self._crew is not None  # noqa: S101 - it carried the applications
        told.killed[ANY_MOMENT] += self._crew.killed
        told.at_operations += self._interrupted
        told.calls += self._calls
        told.findings += self._leaks(fates, self._crew.said)
        told.findings += [
            Finding("-", "worker-ended", f"{one.error}, exit code {one.exit_code}") for one in self._crew.ended
        ]

    async def _carry(self, platform: Platform, reaper: Reaper, people: People) -> None:  # noqa: ARG002
        """Let time pass until nothing is due any more, while lightning strikes the workers."""
        prepare_processes(platform)
        async with AsyncExitStack() as stack:
            simulators = self.agencies.simulators
            setting = Setting(
                database=self._url,
                keys=self._keys,
                folder=self._folder,
                lease=LEASE,
                plugins={
                    name: one.settings(await stack.enter_async_context(serve(one)))
                    for name, one in simulators.items()
                },
            )
            database = await open_database(self._url)
            stack.push_async_callback(database.close)
            crew = self._crew = Crew(setting, [f"machine-{number + 1}" for number in range(self._workers)])
            stack.push_async_callback(crew.end)
            await crew.start(*crew.names)
            lightning = Lightning(crew, seed=self._seed, every=self._every)
            for one in simulators.values():
                one.ledger.met = lightning.met
            course = Course(self._host(database, platform), self.clock, crew, patience=PATIENCE)
            try:
                await self._pass(database, course, crew, people)
            except NotAtRest:
                # The comparison tells whose it is.
                return
            finally:
                self._interrupted = await database.run(_interrupted)
                self._calls = await database.run(_calls)

    async def _pass(self, database: Database, course: Course, crew: Crew, people: People) -> None:
        end = self.clock.now() + self._horizon
        while not crew.ended:
            due = await course.rest()
            if await people.act():
                continue
            dues = [one for one in (due, people.next_at) if one is not None]
            if not await self._goes_on(database, dues, end):
                return


def _within_a_day(fate: Fate) -> Fate:
    """Without what takes real time in other processes: a move of the clock, and an agency that never answers."""
    heard = tuple(one for one in fate.mishaps if getattr(one.fault, "how", None) != "silent")
    arrives_after = fate.arrives_after % timedelta(seconds=ARRIVALS)
    return replace(fate, mishaps=heard, kills=(), lasting=False, arrives_after=arrives_after)


def _interrupted(transaction: Transaction) -> Counter[str]:
    """Calls that were in a killed worker's hands, by operation."""
    query = (
        select(attempts.c.operation, func.count().label("number"))
        .where(attempts.c.result == "interrupted")
        .group_by(attempts.c.operation)
    )
    return Counter({row.operation: row.number for row in transaction.connection.execute(query)})


def _calls(transaction: Transaction) -> int:
    return transaction.connection.scalar(select(func.count()).select_from(attempts)) or 0
