"""A worker carries applications to their end, and nothing is lost or doubled when one is killed."""

import asyncio
from datetime import timedelta
from functools import partial
from math import inf

import pytest
from sqlalchemy import func, select, update

from nagorik_host import Host
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.worker import LOOKS_APART
from nagorik_host.store import Database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.cases import count_cases, list_cases, unblock
from nagorik_host.store.schema import applications, attempts, payments
from nagorik_platform.lifecycle import amounts_to
from nagorik_platform.lifecycle.perform import perform


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class MortalDatabase(Database):
    """Kills its process at one transaction, before or after it is committed."""

    def __init__(self, database: Database, *, at: int, committed: bool) -> None:
        self.database = database
        self.left = at
        self.committed = committed

    async def run(self, unit):
        self.left -= 1
        if self.left == 0 and not self.committed:
            raise Killed
        if self.left < 0:
            raise Killed
        result = await self.database.run(unit)
        if self.left == 0:
            raise Killed
        return result

    async def close(self):
        raise AssertionError("a killed process closes nothing")


async def test_application_is_carried_to_its_end(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await world.carry(host.worker())
        tracked = await host.track(application)
        assert tracked.progress.state == "closed"
        assert amounts_to(tracked.events, tracked.progress)
        found = [one async for one in verify_journals(host.database, host.vault)]
        assert [(one.application, one.problem) for one in found] == [(application, None)]
        rows = await host.database.run(lambda t: t.connection.execute(select(payments)).all())
        assert [(row.state, row.poisha, row.taken_poisha) for row in rows] == [("confirmed", 34500, None)]
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 1


async def test_every_call_is_announced_before_it_is_made(world, ready_url):
    async with world.host(ready_url) as host:
        await world.apply(host)
        await world.carry(host.worker())
        rows = await host.database.run(
            lambda t: t.connection.execute(select(attempts).order_by(attempts.c.entry)).all()
        )
    assert [row.operation for row in rows[:4]] == ["eligibility", "quote", "start-payment", "query-payment"]
    assert {row.result for row in rows} == {"answered"}
    assert all(row.began_at <= row.ended_at for row in rows)


@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
async def test_killed_worker_loses_and_doubles_nothing(world, ready_url, committed):
    """Kill a worker at its first transaction, the next at its second, and so on, until one survives to the end."""
    application = None
    async with world.host(ready_url) as host:
        application = await world.apply(host)
    for at in range(1, 200):
        async with world.host(ready_url) as host:
            # An officer lets go on what ended several workers in a row.
            for case in await host.database.run(lambda t: list_cases(t, 1, host.clock.now())):
                await host.database.run(lambda t, case=case: unblock(t, case.application, world.clock.now()))
            mortal = Host(
                database=MortalDatabase(host.database, at=at, committed=committed),
                platform=host.platform,
                keyring=world.keyring,
                clock=world.clock,
                lease_clock=world.machine,
            )
            try:
                await world.carry(mortal.worker())
            except Killed:
                tracked = None
            else:
                is_case = await host.database.run(partial(count_cases, now=host.clock.now()))
                tracked = await host.track(application) if not is_case else None
        if tracked is not None:
            break
        # What the database was doing for it has ended, and nobody hears of it again; its lease runs out.
        world.machine.advance(LEASE)
    else:
        pytest.fail("no worker survived")
    assert tracked.progress.state == "closed"
    assert amounts_to(tracked.events, tracked.progress)
    assert world.effects("nid", "application") == 1
    assert world.effects("cashdesk", "capture") == 1
    assert at > 5


async def taken_by(worker):
    """What a worker takes in hand, and makes no call for."""
    taken = []
    worker._executor.start = taken.append
    await worker.poll()
    return taken


async def test_answer_of_a_worker_that_was_given_up_is_dropped(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        slow, other = host.worker(), host.worker()
        (claim,) = await taken_by(slow)
        world.machine.advance(LEASE)
        await world.carry(other)
        ended = await host.track(application)
        outcome = await perform(host.platform, claim.draft, claim.stored.progress, claim.call)
        assert (
            await host.database.run(lambda t: slow.completions.complete(t, claim, outcome, SuspendedOffers())) is None
        )
        assert await host.track(application) == ended


async def called_for(host):
    """How many applications a call was begun for."""
    query = select(func.count(attempts.c.application.distinct()))
    return await host.database.run(lambda t: t.connection.scalar(query))


@pytest.mark.parametrize("wakes", [False, True])
@pytest.mark.parametrize("dues", [(40,), (40, 60), (40, 60, 700)])
async def test_running_worker_looks_when_something_falls_due_and_not_at_its_next_full_scan(
    world, ready_url, monkeypatch, dues, wakes
):
    """Nor does what was taken in hand keep it from what falls due at the same agency later, nor whatever wakes it."""
    monkeypatch.setattr("nagorik_host.engine.worker.FULL_SCAN", 3600.0)
    step, now = timedelta(milliseconds=5), world.clock.now()
    # So that nobody is told of anything by what comes of a call.
    world.street.close("nid")
    async with world.host(ready_url) as host:
        for number, due in enumerate(dues, start=1):
            application = await world.apply(host, number)
            later = update(applications).where(applications.c.id == application)
            at = later.values(due_at=now + timedelta(milliseconds=due))
            await host.database.run(lambda t, at=at: t.connection.execute(at))
        ending = asyncio.Event()
        worker = host.worker()
        run = asyncio.create_task(worker.run(ending))
        async with asyncio.timeout(60):
            while await called_for(host) < len(dues):
                if wakes:
                    worker.hint()
                # No further than to the looks that follow: on a slow machine the calls that failed would be made
                # again, and be an outage.
                if world.clock.now() < now + timedelta(seconds=1.5):
                    world.clock.advance(step)
                await asyncio.sleep(0.005)
        ending.set()
        world.street.open("nid")
        await run


async def test_whatever_wakes_a_worker_it_looks_no_more_often_at_what_has_fallen_due(world, ready_file):
    async with world.host(ready_file) as host:
        worker, now = host.worker(), asyncio.get_running_loop().time()
        due, later = world.clock.now(), world.clock.now() + timedelta(seconds=1)
        assert worker._is_time(due, now - LOOKS_APART)
        assert not worker._is_time(due, now + 3600.0)
        assert not worker._is_time(later, -inf)
        assert not worker._is_time(None, -inf)


async def test_two_workers_share_what_is_due(world, ready_url):
    async with world.host(ready_url) as host:
        for number in range(6):
            await world.apply(host, number)
        one, other = host.worker(), host.worker()
        first = await taken_by(one)
        second = await taken_by(other)
        assert len(first) == 4  # as many as the agency bears at once
        assert second == []
        leases = await host.database.run(lambda t: t.connection.scalars(select(applications.c.lease)).all())
        assert leases.count(one.id) == 4
