"""A worker that is to end as soon as it is idle works as any other does until then, and tells what went wrong."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from nagorik_host.engine.worker import LOOKS_APART
from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.schema import applications, attempts, inbox, places
from nagorik_host.vault import KeyMissing

LONG_AGO = timedelta(days=1)


@pytest.fixture
def looks(monkeypatch):
    """How often each worker has looked for work, all of them together."""
    seen = []

    def counted(worker):
        claim = worker._poller.claim

        async def look(**how):
            seen.append(how)
            return await claim(**how)

        monkeypatch.setattr(worker._poller, "claim", look)
        return worker

    return seen, counted


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def fall_due(host, application, at):
    later = update(applications).where(applications.c.id == application).values(due_at=at)
    await host.database.run(lambda t: t.connection.execute(later))


async def test_worker_ends_when_nothing_is_due_and_nothing_in_hand(world, ready_url, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.worker.FULL_SCAN", 3600.0)
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        async with asyncio.timeout(60):
            assert await host.worker().run(asyncio.Event(), until_idle=True) == 0
        query = select(applications.c.lease, applications.c.due_at)
        (row,) = await host.database.run(lambda t: t.connection.execute(query).all())
        assert (row.lease, row.due_at is None or row.due_at > world.clock.now()) == (None, True)
        assert (await host.track(application)).progress.state != "draft"
    assert world.street.calls


async def test_it_looks_no_more_often_for_what_others_hold_the_places_for(world, ready_url, looks):
    """Such as a worker that was killed, until its lease runs out."""
    seen, counted = looks
    async with world.host(ready_url) as host:
        await world.apply(host)
        held = insert(places).values(
            plugin="nid", worker="killed", held=4, wanted=0, held_until=world.machine.now() + timedelta(seconds=60)
        )
        await host.database.run(lambda t: t.connection.execute(held))
        ending, began = asyncio.Event(), asyncio.get_running_loop().time()
        working = asyncio.create_task(counted(host.worker()).run(ending, until_idle=True))
        await until(lambda: len(seen) >= 6)
        assert asyncio.get_running_loop().time() - began >= 2 * LOOKS_APART
        assert not working.done()
        assert not world.street.calls
        world.machine.advance(61)
        async with asyncio.timeout(60):
            await working
    assert world.street.calls


async def test_it_takes_what_falls_due_while_a_call_is_under_way(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        first, other = await world.apply(host, 1), await world.apply(host, 2)
        await fall_due(host, other, world.clock.now() + LONG_AGO)
        working = asyncio.create_task(host.worker().run(asyncio.Event(), until_idle=True))
        await until(lambda: world.street.waiting == 1)
        await fall_due(host, other, world.clock.now())
        await until(lambda: world.street.waiting == 2)
        world.street.open("nid")
        async with asyncio.timeout(60):
            await working
        query = select(func.count(attempts.c.application.distinct()))
        assert await host.database.run(lambda t: t.connection.scalar(query)) == len({first, other})


@pytest.mark.parametrize("way", ["grace", "at-once"])
async def test_it_may_be_stopped_while_a_call_is_under_way(world, ready_url, way):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        await world.apply(host)
        ending, at_once = asyncio.Event(), asyncio.Event()
        grace = 0.0 if way == "grace" else None
        run = host.worker().run(ending, until_idle=True, grace=grace, at_once=at_once)
        working = asyncio.create_task(run)
        await until(lambda: world.street.waiting == 1)
        ending.set()
        if way == "at-once":
            at_once.set()
        async with asyncio.timeout(60):
            assert await working == 1
        world.street.open("nid")


async def test_message_that_others_have_read_keeps_nothing_back(world, ready_url):
    """One that was to be read with nothing else in hand: nothing was taken in hand until it was."""
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker = host.worker()
        worker._losses.end_reading(message_waits=True)
        assert await host.database.run(lambda t: t.connection.scalar(select(func.count()).select_from(inbox))) == 0
        async with asyncio.timeout(60):
            await worker.run_until_idle()
    assert world.street.calls


@pytest.mark.parametrize("until_idle", [False, True])
async def test_heartbeats_that_end_are_told_of_whatever_the_worker_waits_for(
    world, ready_url, until_idle, monkeypatch
):
    world.street.close("nid")

    async def broken():
        raise RuntimeError("no more heartbeats")

    async with world.host(ready_url) as host:
        await world.apply(host)
        worker, ending = host.worker(), asyncio.Event()
        beats = asyncio.Event()

        async def beat():
            await beats.wait()
            await broken()

        monkeypatch.setattr(worker._housekeeping, "send_heartbeats", beat)
        working = asyncio.create_task(worker.run(ending, until_idle=until_idle, grace=0))
        await until(lambda: world.street.waiting == 1)
        beats.set()
        with pytest.raises(RuntimeError, match="no more heartbeats"):
            async with asyncio.timeout(60):
                await working
        world.street.open("nid")


@pytest.mark.parametrize("what", ["heartbeats", "commit", "reading"])
async def test_what_goes_wrong_after_the_stop_is_told(world, ready_url, what, monkeypatch):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker, ending = host.worker(), asyncio.Event()
        stopped = asyncio.Event()

        async def fail():
            await stopped.wait()
            raise KeyMissing("of-nobody")

        def refuse(*_, **__):
            raise KeyMissing("of-nobody")

        if what == "heartbeats":
            monkeypatch.setattr(worker._housekeeping, "send_heartbeats", fail)
        elif what == "commit":
            monkeypatch.setattr(worker.completions, "complete", refuse)
        working = asyncio.create_task(worker.run(ending))
        await until(lambda: world.street.waiting == 1)
        if what == "reading":
            worker._reading = asyncio.create_task(fail())
        ending.set()
        if what != "reading":
            await until(lambda: worker._state.is_ending)
        stopped.set()
        await asyncio.sleep(0)
        world.street.open("nid")
        with pytest.raises(KeyMissing):
            async with asyncio.timeout(60):
                await working


@pytest.mark.parametrize("ends", [False, True])
async def test_database_that_is_away_at_the_end_hides_nothing_that_ended_the_worker(
    world, ready_file, ends, monkeypatch
):
    async def fail(**_):
        raise KeyMissing("of-nobody")

    async with world.host(ready_file) as host:
        worker, ending = host.worker(), asyncio.Event()

        def away(_):
            raise DatabaseUnavailable("away")

        monkeypatch.setattr(worker._housekeeping, "deregister", away)
        if ends:
            monkeypatch.setattr(worker._poller, "claim", fail)
        else:
            ending.set()
        with pytest.raises(KeyMissing if ends else DatabaseUnavailable):
            async with asyncio.timeout(60):
                await worker.run(ending)
