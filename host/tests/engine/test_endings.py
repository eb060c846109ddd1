"""A worker ends when it is asked to, keeps nothing that it makes no call for, and raises what ended it."""

import asyncio

import pytest
from sqlalchemy import func, select, update

from nagorik_host import Host
from nagorik_host.store import Database, DatabaseUnavailable
from nagorik_host.store.schema import applications, workers
from nagorik_host.vault import KeyMissing


async def until(reached):
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)


async def held(host):
    """The leases that have not ended, and the workers that there are."""

    def read(transaction):
        leases = select(applications.c.lease).where(applications.c.lease.is_not(None))
        until = leases.where(applications.c.lease_until > (host.lease_clock or host.clock).now())
        return transaction.connection.scalars(until).all(), transaction.connection.scalars(select(workers.c.id)).all()

    return await host.database.run(read)


class Broken(Database):
    """A database that fails at a chosen time.

    Attributes:
        fails: What its units raise from now on, if anything.
    """

    def __init__(self, database):
        self.database = database
        self.fails = None

    async def run(self, unit):
        if self.fails is not None:
            raise self.fails
        return await self.database.run(unit)

    async def close(self):
        raise AssertionError("the host closes it")


def broken(world, host):
    """The same host on a database that fails when it is told to."""
    database = Broken(host.database)
    return database, Host(
        database=database,
        platform=host.platform,
        keyring=world.keyring,
        clock=world.clock,
        lease_clock=world.machine,
    )


async def begun(world, host, **options):
    """A worker with one call under way; how it is stopped, and what it runs in."""
    world.street.close("nid")
    await world.apply(host)
    stop, before = asyncio.Event(), world.street.waiting
    running = asyncio.create_task(host.worker().run(stop, **options))
    await until(lambda: world.street.waiting > before)
    return stop, running


async def test_worker_completes_the_calls_under_way_and_claims_nothing_more(world, ready_url):
    async with world.host(ready_url) as host:
        stop, running = await begun(world, host)
        stop.set()
        await world.apply(host, 2)
        world.street.open("nid")
        assert await running == 0
        assert await held(host) == ([], [])
    assert len(world.street.times("nid")) == 1


@pytest.mark.parametrize("way", ["grace", "at-once"])
async def test_calls_that_are_given_up_are_counted_and_left_to_others(world, ready_url, way):
    at_once = asyncio.Event()
    async with world.host(ready_url) as host:
        stop, running = await begun(world, host, grace=0.0 if way == "grace" else None, at_once=at_once)
        stop.set()
        if way == "at-once":
            at_once.set()
        async with asyncio.timeout(60):
            assert await running == 1
        assert await held(host) == ([], [])
        world.street.open("nid")
        await world.carry(host.worker())
        assert {(await host.progress(one)).state for one in await ids(host)} == {"closed"}
    assert world.effects("nid", "application") == 1


async def ids(host):
    return await host.database.run(lambda t: t.connection.scalars(select(applications.c.id)).all())


@pytest.mark.parametrize("when", ["working", "ending"])
async def test_what_ends_a_worker_is_raised_once_its_calls_have_ended(world, ready_file, when):
    async with world.host(ready_file) as host:
        database, mortal = broken(world, host)
        stop, running = await begun(world, mortal)
        if when == "ending":
            stop.set()
            await asyncio.sleep(0)
        database.fails = KeyMissing("of-nobody")
        world.street.open("nid")
        with pytest.raises(KeyMissing):
            async with asyncio.timeout(60):
                await running


async def test_outcome_is_written_down_once_a_database_that_was_away_is_back(world, ready_file):
    async with world.host(ready_file) as host:
        database, mortal = broken(world, host)
        stop, running = await begun(world, mortal)
        database.fails = DatabaseUnavailable("away")
        world.street.open("nid")
        await asyncio.sleep(0.1)
        database.fails = None
        await until(lambda: len(world.street.times("cashdesk")) > 0)
        stop.set()
        assert await running == 0
    assert world.street.times("nid")


async def test_worker_ends_by_itself_when_nothing_is_due_and_nothing_under_way(world, ready_url):
    async with world.host(ready_url) as host:
        await world.apply(host)
        async with asyncio.timeout(60):
            assert await host.worker().run(asyncio.Event(), until_idle=True) == 0
        rows = await host.database.run(lambda t: t.connection.execute(select(applications)).all())
        assert [(row.lease, row.due_at is None or row.due_at > world.clock.now()) for row in rows] == [(None, True)]
        assert rows[0].state != "draft"


async def test_what_falls_due_while_the_last_call_is_under_way_is_claimed_before_the_end(world, ready_url):
    async with world.host(ready_url) as host:
        world.street.close("nid")
        first, second = await world.apply(host, 1), await world.apply(host, 2)
        later = update(applications).where(applications.c.id == second).values(due_at=None)
        await host.database.run(lambda t: t.connection.execute(later))
        running = asyncio.create_task(host.worker().run(asyncio.Event(), until_idle=True))
        await until(lambda: world.street.waiting == 1)
        now = update(applications).where(applications.c.id == second).values(due_at=world.clock.now())
        await host.database.run(lambda t: t.connection.execute(now))
        world.street.open("nid")
        async with asyncio.timeout(60):
            await running
        assert "draft" not in {(await host.progress(one)).state for one in (first, second)}


@pytest.mark.parametrize("duty", ["send_heartbeats", "heed_reloads", "tidy"])
async def test_worker_does_not_go_on_without_what_it_does_beside_its_calls(world, ready_file, duty):
    async with world.host(ready_file) as host:
        working = asyncio.create_task(host.worker().run(asyncio.Event()))
        lost: list[asyncio.Task[object]] = []
        while not lost:
            await asyncio.sleep(0.001)
            lost = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == duty]
        lost[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert await host.database.run(lambda t: t.connection.scalar(select(func.count()).select_from(workers))) == 0
