"""What a campaign says that could not be carried to its end, and on a machine that is slow."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nagorik_host.store import DatabaseUnavailable
from nagorik_host.vault import make_keys
from nagorik_platform import Platform
from nagorik_simulation.campaign.cases import CampaignPlan
from nagorik_simulation.campaign.cohort import IN_MEMORY, Cohort, prepare
from nagorik_simulation.campaign.comparison import Discrepancy, _row
from nagorik_simulation.campaign.report import CampaignReport
from nagorik_simulation.worker_pool import ClockDriver, NeverIdle, WorkerExit, WorkerPool
from nagorik_simulation.worker_process import JUMP, WorkerSettings, errors_in
from nagorik_testing.simulator.clock import SimulatedClock

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
PLAN = CampaignPlan(applications=3, seed=5, url=IN_MEMORY)


class BrokenOffCohort(Cohort):
    """Breaks off after so many moves of the clock."""

    moves = 0

    async def _run_until_idle(self, platform, schedule, people, report):
        for _ in range(self.moves):
            self.clock.set(people.next_at)
            await people.act()
        self.broken_off = "the test has it so"


async def verdict(keyring, *, moves):
    cohort, report = BrokenOffCohort(PLAN, keyring), CampaignReport()
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


def test_errors_of_a_group_are_those_that_it_holds():
    away, other = DatabaseUnavailable("away"), KeyError("name")
    assert list(errors_in(ExceptionGroup("several", [away, ExceptionGroup("more", [other])]))) == [away, other]
    assert list(errors_in(away)) == [away]


class FakeWorkerPool(WorkerPool):
    """Its workers are no processes: each ends as ``ends`` says, and then waits to be killed."""

    def __init__(self, setting, ends):
        super().__init__(setting, ["machine-1"], may_give_up=True)
        self.ends, self.started = list(ends), []

    async def run(self, name, setting, *, longest=None):
        self.started.append(setting.skew)
        if not self.ends:
            self._stopping.set()
            return None
        return self.ends.pop(0)


@pytest.fixture
def setting(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    return WorkerSettings(database=url, keys="no keys at all", folder=str(tmp_path), plugins={})


async def test_worker_without_a_database_gives_up_and_any_other_end_is_a_finding(setting):
    gone = WorkerExit("machine-1", 1, "DatabaseUnavailable at outage.py:97", is_away=True)
    broken = WorkerExit("machine-1", 7, "IntegrityError at leases.py:187")
    pool = FakeWorkerPool(setting, [gone, None, broken, None])
    async with pool:
        await asyncio.wait(pool._tasks)
    assert (pool.gave_up, pool.ended) == (1, [broken])
    assert len(pool.started) == 5


@pytest.mark.long
async def test_worker_that_ends_by_itself_is_noticed_and_another_follows(setting):
    async with WorkerPool(setting, ["machine-1"]) as pool, asyncio.timeout(600):
        while len(pool.ended) < 2:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.1)
    assert {(one.name, one.exit_code, one.error.startswith("KeyringInvalid at ")) for one in pool.ended} == {
        ("machine-1", 1, True)
    }
    assert pool.killed == 0
    assert "KeyringInvalid" in pool.logs["machine-1"].read_text("utf-8")


@pytest.mark.long
async def test_killed_worker_is_followed_by_the_one_that_takes_its_place(setting):
    await prepare(setting.database)
    setting = replace(setting, keys=make_keys("campaign"))
    async with WorkerPool(setting, ["machine-1"]) as pool, asyncio.timeout(600):
        assert not pool.kill("machine-2")
        while not pool.kill("machine-1", followed_by=replace(setting, skew=3600.0)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert not pool.kill("machine-1")
        while pool.living("machine-1") is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert pool._next == {}
    assert (pool.killed, pool.ended) == (1, [])


class ChangingDatabase:
    """One application, which a worker has in hand and lets go as soon as another has asked for what is due."""

    def __init__(self, clock):
        self.clock = clock
        self.in_hand = self.seen_in_hand = False

    async def run(self, unit):
        """Each statement sees what was committed before it."""
        result = unit(SimpleNamespace(connection=SimpleNamespace(scalar=lambda _: self.in_hand)))
        self.in_hand = True
        return result

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
    monkeypatch.setattr("nagorik_simulation.worker_pool._POLL_SECONDS", 0)
    clock = SimulatedClock()
    database = ChangingDatabase(clock)
    host = SimpleNamespace(database=database, worker=lambda: database)
    driver = ClockDriver(host, clock, SimpleNamespace(ended=[]))
    assert await driver.run_until_idle() == clock.now() + timedelta(hours=1) + JUMP


@pytest.mark.parametrize(("ended", "busy", "found"), [(5, False, "worker after worker"), (0, True, "did not finish")])
async def test_workers_that_end_or_begin_no_call_are_not_waited_for(ended, busy, found, monkeypatch):
    monkeypatch.setattr("nagorik_simulation.worker_pool.STUCK", 0.05 if busy else 300)
    monkeypatch.setattr("nagorik_simulation.worker_pool._POLL_SECONDS", 0.01)
    clock = SimulatedClock()
    held = SimpleNamespace(connection=SimpleNamespace(scalar=lambda _: True))

    async def run(unit):
        return unit(held)

    database = SimpleNamespace(run=run, snapshot=run, next_due=lambda _: clock.now())
    host = SimpleNamespace(database=database, worker=lambda: database)
    with pytest.raises(NeverIdle, match=found):
        await ClockDriver(host, clock, SimpleNamespace(ended=["an exit"] * ended)).run_until_idle()


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
