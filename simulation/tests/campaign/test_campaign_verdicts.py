"""What a campaign says that could not be carried to its end, and on a machine that is slow."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import IntegrityError

from nagorik_host.store import DatabaseUnavailable
from nagorik_host.vault import KeyringInvalid, read_keyring
from nagorik_platform import Platform
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort
from nagorik_simulation.campaign.comparison import Discrepancy, _row
from nagorik_simulation.campaign.processes.clock_driver import LONGEST_BUSY, ClockDriver, Patience
from nagorik_simulation.campaign.processes.worker import WorkerError, WorkerVariant
from nagorik_simulation.campaign.processes.worker_pool import WorkerExit, WorkerPool
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_testing.simulator.clock import SimulatedClock

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
PLAN = CampaignPlan(applications=3, seed=5, url=IN_MEMORY)


class BrokenOffCohort(Cohort):
    """Breaks off after so many moves of the clock."""

    moves = 0

    async def _run_until_idle(self, platform, schedule, people):
        for _ in range(self.moves):
            self.clock.set(people.next_at)
            await people.act()
        self.broken_off = "the test has it so"


async def verdict(keyring, *, moves):
    cohort, report = BrokenOffCohort(IN_MEMORY, keyring, seed=PLAN.seed, workers=1), CampaignReport()
    cohort.moves = moves
    async with Platform.discover(cohort.settings()) as platform:
        offers = cohort.agencies.offers(platform)
        await cohort.run([PLAN.case(number, offers) for number in range(1, 4)], platform, report)
    return report


@pytest.mark.long
async def test_what_nobody_handed_in_is_not_lost(keyring):
    report = await verdict(keyring, moves=0)
    left = Discrepancy("-", "broken-off", "the test has it so; 3 of 3 applications were not handed in")
    assert report.findings == [left]
    assert report.applications == report.services.total() == 0


@pytest.mark.long
async def test_what_was_handed_in_is_compared_however_early_a_campaign_ends(keyring):
    report = await verdict(keyring, moves=1)
    first, *others = report.findings
    assert first == Discrepancy("-", "broken-off", "the test has it so; 2 of 3 applications were not handed in")
    assert {one.code for one in others} == {"due-and-left"}
    assert report.applications == report.ends.total() == 1


def test_workers_that_begin_calls_are_waited_for_on_a_machine_however_slow():
    patience = Patience(100.0, timedelta(seconds=10))
    assert not patience.is_over(109.0, calls=0)
    assert not patience.is_over(119.0, calls=1)  # at last
    assert not patience.is_over(129.0, calls=1)
    assert patience.is_over(129.1, calls=1)
    for number in range(2, 300):
        assert not patience.is_over(120.0 + 9 * number, calls=number)
    assert patience.is_over(100.1 + LONGEST_BUSY.total_seconds(), calls=300)


def test_worker_error_is_a_type_and_a_place_whatever_its_text_says():
    of_the_server = IntegrityError("INSERT INTO workers", {}, ValueError("a value\nin two lines"))
    assert WorkerError.of(of_the_server) == ("IntegrityError", "elsewhere")
    with pytest.raises(KeyringInvalid) as raised:
        read_keyring("no keys at all")
    name, place = WorkerError.of(raised.value)
    assert name == "KeyringInvalid"
    assert place.endswith(f":{raised.traceback[-1].lineno + 1}")
    group = ExceptionGroup("several", [DatabaseUnavailable("away"), KeyError("name")])
    assert WorkerError.of(group).name == "DatabaseUnavailable and KeyError"


class FakeProcess:
    """A process that dies at once when it is killed, of that or of what it was about to end with."""

    exitcode = None

    def __init__(self, dies_of):
        self.dies_of = dies_of

    def kill(self):
        self.exitcode = self.dies_of


class FakeWorkerPool(WorkerPool):
    """Its workers are no processes."""

    def __init__(self, *names, errors=None, dies_of=-signal.SIGKILL):
        super().__init__(None, names, may_give_up=True)
        self.dies_of = dies_of
        self.started = []
        self.errors = errors or {}
        self.let_start = asyncio.Event()
        self.let_start.set()

    async def _started(self, name, variant):
        await self.let_start.wait()
        self.started.append((name, variant.skew))
        return FakeProcess(self.dies_of)

    def _last_words(self, process):
        return self.errors.get(process.exitcode, WorkerError("no exception", "nowhere"))

    def end(self, name, exit_code):
        self._processes[name].exitcode = exit_code


@pytest.mark.parametrize("dies_of", [-signal.SIGKILL, 1])
async def test_worker_that_another_replaces_is_replaced_once(dies_of):
    """Whoever starts those again that are dead looks at any moment, and finds it dead as well."""
    skewed = WorkerVariant(skew=timedelta(hours=1))
    pool = FakeWorkerPool("machine-1", "machine-2", dies_of=dies_of)
    await pool.start(*pool.names)
    pool.let_start.clear()
    replacing = asyncio.create_task(pool.replace("machine-1", skewed))
    await asyncio.sleep(0)
    assert not await pool.replace("machine-1", skewed)
    looking = asyncio.create_task(pool.respawn_dead())
    await asyncio.sleep(0)
    pool.let_start.set()
    await looking
    assert await replacing
    assert pool.started == [("machine-1", timedelta(0)), ("machine-2", timedelta(0)), ("machine-1", skewed.skew)]
    assert (pool.killed, pool.ended) == (1, [])
    assert pool.kill("machine-1")
    await pool.respawn_dead()
    assert pool.started[3:] == [("machine-1", timedelta(0))]


async def test_worker_without_a_database_gives_up_and_any_other_end_is_a_finding():
    gone, broken = WorkerError("DatabaseUnavailable", "outage.py:97"), WorkerError("IntegrityError", "leases.py:187")
    pool = FakeWorkerPool("machine-1", "machine-2", "machine-3", errors={1: gone, 7: broken})
    await pool.start(*pool.names)
    for name, exit_code in zip(pool.names, (1, 7, 9), strict=True):
        pool.end(name, exit_code)
    await pool.respawn_dead()
    assert pool.gave_up == 1
    assert pool.ended == [
        WorkerExit("machine-2", 7, "IntegrityError", "leases.py:187"),
        WorkerExit("machine-3", 9, "no exception", "nowhere"),
    ]
    assert len(pool.started) == 6


class ChangingDatabase:
    """One application, which a worker has in hand and lets go as soon as somebody has asked for what is due."""

    def __init__(self, clock):
        self.clock = clock
        self.in_hand = self.seen_in_hand = True
        self.looks = 0

    async def run(self, unit):
        """Each statement sees what was committed before it."""
        return unit(SimpleNamespace(connection=SimpleNamespace(scalar=lambda _: self.in_hand)))

    async def snapshot(self, unit):
        """All statements see the same."""
        self.seen_in_hand = self.in_hand
        return unit(SimpleNamespace(connection=SimpleNamespace(scalar=lambda _: self.seen_in_hand)))

    def next_due(self, transaction):
        if self.in_hand:
            self.in_hand = False
            return None
        return self.clock.now() + timedelta(hours=1)


async def test_application_that_is_let_go_while_it_is_looked_is_not_missed(monkeypatch):
    """None is due and none in hand: the campaign would be over, and the application due and left."""
    monkeypatch.setattr("nagorik_simulation.campaign.processes.clock_driver._POLL_SECONDS", 0)
    clock = SimulatedClock()
    database = ChangingDatabase(clock)
    host = SimpleNamespace(database=database, worker=lambda: database)
    driver = ClockDriver(host, clock, None, timeout=timedelta(seconds=10))
    driver._has_rows = True
    assert await driver.wait_until_idle(replacing=False) == clock.now() + timedelta(hours=1)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"hold_party": None}, ["waits-for-nobody"]),
        ({"hold_party": None, "closed_at": NOW}, []),
        ({"hold_code": "nothing-due"}, ["nothing-due"]),
        ({"due_at": NOW}, ["due-and-left"]),
        ({"due_at": NOW, "target_plugin": "refusing"}, []),
        ({"due_at": NOW, "target_plugin": "refusing", "lease": "w-1"}, ["left-in-hand"]),
        ({"due_at": NOW, "lease": "w-1"}, ["left-in-hand"]),
        ({"blocked": "defect"}, ["blocked"]),
    ],
)
def test_row_that_nobody_moves_is_a_finding(changed, found):
    row = {"state": "in_review", "operation": "status", "target_plugin": "land", "blocked": None, "lease": None}
    row |= {"due_at": None, "closed_at": None, "hold_party": "person", "hold_code": "refund-by-hand"} | changed
    assert [code for code, _ in _row(SimpleNamespace(**row), NOW, {"refusing"})] == found
