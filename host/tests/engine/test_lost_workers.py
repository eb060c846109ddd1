"""An application whose call ends one worker after another: a few times it is bad luck, and then it is a case."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from nagorik import Operation
from nagorik_host.engine.plugins import kept_out_by
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import LOSSES_LAST, LOSSES_OF_A_CASE, WORKERS_LOST, list_cases, unblock
from nagorik_host.store.schema import applications, attempts
from nagorik_platform.dispatch.faults import PAUSE_AFTER_LOSSES

pytestmark = pytest.mark.long


async def cases(host):
    found = await host.database.run(lambda t: list_cases(t, 99, host.clock.now()))
    return {case.application: case.blocked for case in found}


async def due(host):
    """Let time pass until something is due."""
    column = applications.c.due_at
    first = await host.database.run(lambda t: t.connection.scalar(select(column).order_by(column.nulls_last())))
    if first is not None:
        host.clock.set(max(first, host.clock.now()))


class DoomedWorker:
    """A worker that ends with all that it has in hand as soon as it is to make a call of one of some operations."""

    def __init__(self, host, operations=frozenset(Operation), killers=None) -> None:
        self.worker = host.worker()
        self._carry_out = self.worker._executor._carry_out
        self._operations = operations
        self._killers = killers
        self.lost = []
        self.worker._executor._carry_out = self._end

    async def _end(self, claim):
        if claim.call.operation in self._operations and (self._killers is None or claim.stored.id in self._killers):
            self.lost.append(claim.stored.id)
        if self.lost:
            # Nothing of it is written down, as if the process were gone. Until then more is taken in hand beside it,
            # unless it is to be alone.
            if self.worker._losses.is_apart:
                self.worker._state.stop = asyncio.Event()
                self.worker._state.stop.set()
            raise asyncio.CancelledError
        return await self._carry_out(claim)


async def lose(world, host, *, operations=frozenset(Operation), killers=None, lives=False):
    """Lose a worker, or what it had in hand alone where it ``lives``; what that was."""
    await due(host)
    doomed = DoomedWorker(host, operations, killers)
    await host.database.run(doomed.worker._housekeeping.register)
    end = host.clock.now() + timedelta(days=2)
    while not doomed.lost and (then := await doomed.worker.run_until_idle()) is not None and then <= end:
        host.clock.set(max(then, host.clock.now()))
    while doomed.worker.in_hand:
        await doomed.worker._executor.wait()
    world.machine.advance(LEASE)
    if lives:
        await doomed.worker.heartbeat()
    # It is found out, and nothing is taken in hand.
    released = DoomedWorker(host, frozenset())
    released.worker._poller._places.free = lambda _: 0
    await released.worker.poll()
    await host.database.run(released.worker._housekeeping.deregister)
    return doomed.lost


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=20_000)])
async def test_application_that_is_held_for_longer_than_any_lease_is_taken_over(world, ready_url, ahead):
    """The database's clock was ahead and was set right since, or somebody wrote into its row."""
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await due(host)
        doomed = DoomedWorker(host)
        await host.database.run(doomed.worker._housekeeping.register)
        await doomed.worker.poll()
        while doomed.worker.in_hand:
            await doomed.worker._executor.wait()
        assert doomed.lost == [application]
        too_late = update(applications).values(lease_until=world.machine.now() + ahead)
        await host.database.run(lambda t: t.connection.execute(too_late))
        await world.carry(host.worker())
        assert (await host.track(application)).progress.state == "closed"


async def test_call_that_ended_three_workers_in_a_row_is_a_case(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            assert await cases(host) == {}
            assert await lose(world, host) == [application]
        assert await cases(host) == {application: WORKERS_LOST}
        await world.carry(host.worker())
        assert (await host.track(application)).progress.state == "draft"
        # Once more is enough after an officer has let it go on, and an end of its own clears it.
        await host.database.run(lambda t: unblock(t, application, host.clock.now()))
        assert await lose(world, host) == [application]
        assert await cases(host) == {application: WORKERS_LOST}
        await host.database.run(lambda t: unblock(t, application, host.clock.now()))
        await world.carry(host.worker())
        assert (await host.track(application)).progress.state == "closed"
    assert world.effects("nid", "application") == 1


async def test_workers_that_were_killed_twice_make_no_case_of_what_they_carried(world, ready_url):
    async with world.host(ready_url) as host:
        ids = {await world.apply(host, number) for number in range(8)}
        for _ in range(2):
            assert len(await lose(world, host)) > 1
        assert await cases(host) == {}
        await world.carry(host.worker())
        assert {(await host.track(one)).progress.state for one in ids} == {"closed"}
    assert world.effects("nid", "application") == 8


async def test_filing_that_ends_its_workers_is_looked_up_before_it_is_a_case(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            assert await lose(world, host, operations={Operation.SUBMIT}) == [application]
            assert await cases(host) == {}
        await world.carry(host.worker())
        assert await cases(host) == {application: WORKERS_LOST}
        query = select(attempts.c.operation, attempts.c.result).order_by(attempts.c.entry)
        rows = await host.database.run(lambda t: t.connection.execute(query).all())
        assert [row.operation for row in rows if row.result != "answered"] == ["submit"] * LOSSES_OF_A_CASE
        assert (rows[-1].operation, rows[-1].result) == ("find", "answered")
        await host.database.run(lambda t: unblock(t, application, host.clock.now()))
        await world.carry(host.worker())
        assert (await host.track(application)).progress.state == "closed"
    assert world.effects("nid", "application") == 1


async def test_what_was_carried_beside_what_ends_workers_is_no_case(world, ready_url):
    async with world.host(ready_url) as host:
        innocent = await world.apply(host)
        for _ in range(2):
            assert await lose(world, host) == [innocent]
        killers = {await world.apply(host, number) for number in (2, 3)}
        for _ in range(12):
            # All are due together, and what is carried alone survives.
            host.clock.set(host.clock.now() + timedelta(hours=2))
            await lose(world, host, killers=killers)
        assert await cases(host) == dict.fromkeys(killers, WORKERS_LOST)
        await world.carry(host.worker())
        assert (await host.track(innocent)).progress.state == "closed"


async def test_worker_puts_down_everything_for_what_is_carried_alone(world, ready_url):
    async with world.host(ready_url) as host:
        suspect = await world.apply(host)
        for _ in range(2):
            assert await lose(world, host) == [suspect]
        worker = host.worker()
        await host.database.run(worker._housekeeping.register)
        world.street.close("nid")
        beside = {await world.apply(host, number) for number in range(2, 5)}
        await worker.poll()
        assert set(worker.in_hand) == beside
        await due(host)
        host.clock.advance(timedelta(hours=2))
        later = await world.apply(host, 5)
        await worker.poll()
        await worker.poll()
        assert set(worker.in_hand) == beside
        world.street.open("nid")
        while worker.in_hand:
            await worker._executor.wait()
        world.street.close("nid")
        await worker.poll()
        assert worker.in_hand == (suspect,)
        await worker.poll()
        assert worker.in_hand == (suspect,)
        world.street.open("nid")
        await world.carry(worker)
        assert (await host.track(later)).progress.state == "closed"


async def test_others_have_a_turn_between_two_that_are_carried_alone(world, ready_url):
    async with world.host(ready_url) as host:
        suspects = {await world.apply(host, number) for number in range(2)}
        for _ in range(2):
            # Both are due together.
            host.clock.set(host.clock.now() + timedelta(hours=2))
            assert set(await lose(world, host)) == suspects
        worker = host.worker()
        await host.database.run(worker._housekeeping.register)
        world.street.close("nid")
        host.clock.advance(timedelta(hours=2))
        await worker.poll()
        (first,) = worker.in_hand
        assert first in suspects
        (second,) = suspects - {first}
        others = {await world.apply(host, number) for number in range(2, 5)}
        had = set()
        while second not in worker.in_hand:
            had |= set(worker.in_hand)
            world.street.open("nid")
            while worker.in_hand:
                await worker._executor.wait()
            world.street.close("nid")
            host.clock.advance(timedelta(seconds=2))
            await worker.poll()
        assert had & others
        world.street.open("nid")
        await world.carry(worker)
        assert {(await host.track(one)).progress.state for one in suspects | others} == {"closed"}


async def test_of_applications_that_may_end_their_worker_it_has_one_in_hand(world, ready_url):
    async with world.host(ready_url) as host:
        for number in range(4):
            await world.apply(host, number)
        found = []
        for _ in range(20):
            # All are due together.
            host.clock.set(host.clock.now() + timedelta(hours=2))
            await lose(world, host)
            found.append(len(await cases(host)))
            if found[-1] == 4:
                break
    assert found == [0, 0, 1, 2, 3, 4]


async def test_what_a_living_worker_has_lost_says_nothing_of_the_call(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE + 1):
            assert await lose(world, host, lives=True) == [application]
        assert await cases(host) == {}
        results = await host.database.run(lambda t: t.connection.scalars(select(attempts.c.result)).all())
        assert set(results) == {"lease-lost"}


async def kept_out(world, url):
    """What a worker that starts keeps out, once its plugins are imported."""
    async with world.host(url) as host:
        await host.platform.import_plugins()
        stop = asyncio.Event()
        stop.set()
        await host.worker().run(stop)
        return [(one.plugin, one.probe_at - host.clock.now()) for one in kept_out_by(host.platform)]


async def test_plugin_that_ends_workers_with_several_citizens_is_kept_out(world, ready_url):
    async with world.host(ready_url) as host:
        await host.platform.import_plugins()
        for number in range(5):
            await world.apply(host, number)
        for _ in range(20):
            assert kept_out_by(host.platform) == []
            await lose(world, host)
            if len(await cases(host)) == 5:
                break
        assert [one.plugin for one in kept_out_by(host.platform)] == ["nid"]
    assert await kept_out(world, ready_url) == [("nid", PAUSE_AFTER_LOSSES)]
    world.clock.advance(LOSSES_LAST + timedelta(minutes=1))
    assert await kept_out(world, ready_url) == []


async def test_one_citizens_applications_keep_no_plugin_out(world, ready_url):
    async with world.host(ready_url) as host:
        await host.platform.import_plugins()
        for number in range(5):
            await host.apply(world.draft(1), consent=world.consent(), client_reference=f"NGK-{number:016}")
        for _ in range(20):
            await lose(world, host)
            if len(await cases(host)) == 5:
                break
        assert len(await cases(host)) == 5
    assert await kept_out(world, ready_url) == []


async def test_case_that_the_citizen_ends_is_left_alone_by_nobody_any_more(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            await lose(world, host)
        assert await cases(host) == {application: WORKERS_LOST}
        await host.act(application, "withdraw")
        assert await cases(host) == {}
        query = select(applications.c.closed_at.is_not(None), applications.c.blocked)
        assert await host.database.run(lambda t: t.connection.execute(query).one()) == (True, None)
