"""A worker ends when it is asked to or must, keeps nothing that it makes no call for, and raises what ended it."""

import asyncio
from datetime import timedelta

import pytest
from host_world import FaultyDatabase, rows, until, until_rows
from sqlalchemy import select

from nagorik_host.engine.leases import ClockWrong
from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.schema import applications, workers
from nagorik_host.vault import KeyMissing
from nagorik_platform.system_clock import SystemClock

HELD = select(applications.c.id).where(applications.c.lease.is_not(None))


async def begun(world, host, **options):
    """A worker with one call under way; how it is stopped, and what it runs in."""
    world.street.close("nid")
    await world.apply(host)
    stop = asyncio.Event()
    running = asyncio.create_task(host.worker().run(stop, **options))
    await until(lambda: world.street.waiting)
    return stop, running


async def test_worker_completes_the_calls_under_way_and_claims_nothing_more(world, ready_url):
    async with world.host(ready_url) as host:
        stop, running = await begun(world, host)
        stop.set()
        await world.apply(host, 2)
        world.street.open("nid")
        assert await running == 0
        assert [*await rows(host, HELD), *await rows(host, select(workers.c.id))] == []
    assert len(world.street.times("nid")) == 1


async def test_calls_that_are_given_up_are_counted_and_left_to_others(world, ready_url):
    at_once = asyncio.Event()
    async with world.host(ready_url) as host:
        stop, running = await begun(world, host, at_once=at_once)
        stop.set()
        at_once.set()
        async with asyncio.timeout(60):
            assert await running == 1
        world.street.open("nid")
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"]
    assert world.effects("nid", "application") == 1


async def test_what_ends_a_worker_is_raised_once_its_calls_have_ended(world, ready_file):
    async def fail():
        raise KeyMissing("of-nobody")

    async with world.host(ready_file) as host:
        database = FaultyDatabase(host.database)
        async with world.host(database) as mortal:
            _, running = await begun(world, mortal)
            database.before = fail
            world.street.open("nid")
            with pytest.raises(KeyMissing):
                async with asyncio.timeout(60):
                    await running


@pytest.mark.parametrize("stands_still", [False, True])
async def test_worker_that_is_to_end_does_not_wait_for_a_database_without_end(
    world, ready_file, monkeypatch, stands_still
):
    monkeypatch.setattr("nagorik_host.engine.worker.FAREWELL", 0.05)
    kept_out = []

    async def keep_out():
        kept_out.append(1)
        if stands_still:
            await asyncio.Event().wait()
        raise DatabaseUnavailable("away")

    async with world.host(ready_file) as host:
        database = FaultyDatabase(host.database)
        async with world.host(database) as cut_off:
            stop = asyncio.Event()
            working = asyncio.create_task(cut_off.worker().run(stop))
            await until_rows(host, select(workers.c.id))
            database.before = keep_out
            await until(lambda: kept_out)
            stop.set()
            with pytest.raises(DatabaseUnavailable):
                async with asyncio.timeout(30):  # half a lease
                    await working


class WrongClock(SystemClock):
    """The machine's clock, so much ahead."""

    def __init__(self, ahead):
        self.ahead = timedelta(seconds=ahead)

    def now(self):
        return super().now() + self.ahead


@pytest.mark.parametrize("when", ["before it starts", "while it works"])
@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_worker_whose_clock_is_wrong_ends(office, ready_url, monkeypatch, ahead, when):
    monkeypatch.setattr("nagorik_host.engine.housekeeping.HEARTBEATS", 10_000)
    clock = WrongClock(ahead if when == "before it starts" else 0)
    async with office.host(ready_url, clock=clock) as host:
        running = asyncio.create_task(host.worker("wrong").run(asyncio.Event()))
        if when == "while it works":
            await until_rows(host, select(workers.c.id))
            clock.ahead = timedelta(seconds=ahead)
        with pytest.raises(ClockWrong) as caught:
            async with asyncio.timeout(60):
                await running
        assert caught.value.ahead == pytest.approx(ahead, abs=60)
        assert await rows(host, select(workers.c.id)) == []
