"""A machine whose clock is wrong takes nothing in hand, and pushes no agency's time ahead for others."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from nagorik.clock import Deadline
from nagorik_host.commands.running import ending_of
from nagorik_host.engine.instants import HORIZON, interval_of
from nagorik_host.engine.leases import APART, ClockWrong, check_clock
from nagorik_host.engine.pace import DatabaseTime
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.store.schema import paces, workers
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.system_clock import SystemClock


class WrongClock(SystemClock):
    """The machine's clock, so much ahead."""

    def __init__(self, ahead):
        self.ahead = timedelta(seconds=ahead)

    def now(self):
        return super().now() + self.ahead


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_worker_whose_clock_is_wrong_does_not_start(world, ready_url, ahead):
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker = host.worker("wrong")
        worker._clock = WrongClock(ahead)
        with pytest.raises(ClockWrong) as caught:
            await worker.run(asyncio.Event())
        assert caught.value.ahead == pytest.approx(ahead, abs=60)
        assert await host.database.run(lambda t: t.connection.execute(select(workers)).all()) == []
    assert world.street.calls == []
    text, code = ending_of(caught.value)
    assert code is ExitCode.FAILED
    side = "ahead of" if ahead > 0 else "behind"
    assert f"seconds {side} the database's" in text
    assert "Set both clocks by NTP" in text


async def test_worker_whose_clock_is_set_wrong_while_it_works_ends(world, ready_url, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.housekeeping.HEARTBEATS", 10_000)
    async with world.host(ready_url) as host:
        worker = host.worker("wrong")
        running = asyncio.create_task(worker.run(asyncio.Event()))
        async with asyncio.timeout(60):
            while not await host.database.run(lambda t: t.connection.execute(select(workers)).all()):
                pass
            worker._housekeeping._clock = WrongClock(3600)
            with pytest.raises(ClockWrong):
                await running
        assert await host.database.run(lambda t: t.connection.execute(select(workers)).all()) == []


async def test_clock_that_is_right_or_simulated_is_let_be(world, database):
    await check_clock(database.run, SystemClock())
    await check_clock(database.run, WrongClock(APART / 2))
    await check_clock(database.run, world.clock)


async def test_process_whose_clock_is_ahead_takes_no_time_of_an_hour_from_now(database):
    wrong, right = SharedRateLimiter(database, WrongClock(3600)), SharedRateLimiter(database, SystemClock())
    for limiter in (wrong, right):
        await limiter.acquire("wasa", 1000, Deadline.after(60, SystemClock()))
    paced_to = await database.run(lambda t: t.connection.scalar(select(paces.c.next_at)))
    assert paced_to <= SystemClock().now() + HORIZON + interval_of(1000)


def test_answers_together_say_more_of_the_databases_clock_than_each():
    told, time = SystemClock().now(), DatabaseTime()
    time.note(told, before=10.0, after=10.5)
    assert time.doubt == pytest.approx(0.5)
    time.note(told + timedelta(seconds=1), before=11.4, after=11.6)
    assert time.doubt == pytest.approx(0.1, abs=1e-3)
    assert time.latest(told) == pytest.approx(10.5, abs=1e-3)
    # The database's clock was set: what was known of it before is of no use.
    time.note(told + timedelta(seconds=100), before=12.0, after=12.3)
    assert time.doubt == pytest.approx(0.3, abs=1e-3)
    assert time.latest(told + timedelta(seconds=100)) == pytest.approx(12.3, abs=1e-3)
