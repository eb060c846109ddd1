"""An application whose call ends one worker after another: twice it is bad luck, and then it is a case."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import select, update

from nagorik import Operation, hookimpl
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import LOSSES_OF_A_CASE, WORKERS_LOST, list_cases, unblock
from nagorik_host.store.schema import applications, attempts
from nagorik_platform.agency_client.limits import LEASE_LOST


class Trap:
    """Holds up the calls of one operation, for a worker that is to be lost at one.

    Attributes:
        operation: The operation.
        caught: How many calls of it are held up.
    """

    def __init__(self, operation):
        self.operation = operation
        self.caught = 0
        self.may_go_on = asyncio.Event()

    @hookimpl
    def nagorik_call_policy(self, call):
        return self._hold(call.operation)

    @asynccontextmanager
    async def _hold(self, operation):
        if operation == self.operation:
            self.caught += 1
            try:
                await self.may_go_on.wait()
            finally:
                self.caught -= 1
        yield


async def until(reached):
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)


async def lose(world, host, trap, *, number=1):
    """Let a worker begin such a call, and be gone before anything came of it."""
    stop = asyncio.Event()
    working = asyncio.create_task(host.worker().run(stop, grace=0))
    async with asyncio.timeout(60):
        while trap.caught < number:
            due = await host.database.run(host.worker().next_due)
            if due is not None and due > host.clock.now():
                host.clock.set(due)
            await asyncio.sleep(0.01)
    stop.set()
    assert await working == number
    world.machine.advance(LEASE)


async def cases(host):
    found = await host.database.run(lambda t: list_cases(t, 99, host.clock.now()))
    return {case.application: case.blocked for case in found}


async def test_call_that_ended_three_workers_in_a_row_is_a_case(world, ready_url):
    trap = Trap(Operation.ELIGIBILITY)
    async with world.host(ready_url, trap) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            assert await cases(host) == {}
            await lose(world, host, trap)
        async with asyncio.timeout(30):
            await world.carry(host.worker())
        assert await cases(host) == {application: WORKERS_LOST}
        assert (await host.progress(application)).state == "draft"
        # An officer lets it go on, and an end of its own clears it.
        await host.database.run(lambda t: unblock(t, application, host.clock.now()))
        trap.may_go_on.set()
        await world.carry(host.worker())
    assert world.effects("nid", "application") <= 1


async def test_workers_that_were_lost_twice_make_no_case_of_what_they_carried(world, ready_url):
    trap = Trap(Operation.ELIGIBILITY)
    async with world.host(ready_url, trap) as host:
        ids = [await world.apply(host, number) for number in range(3)]
        for _ in range(LOSSES_OF_A_CASE - 1):
            await lose(world, host, trap, number=3)
        trap.may_go_on.set()
        await world.carry(host.worker())
        assert await cases(host) == {}
        assert {(await host.progress(one)).state for one in ids} == {"closed"}
    assert world.effects("nid", "application") == 3


async def test_filing_that_ends_its_workers_is_looked_up_before_it_is_a_case(world, ready_url):
    trap = Trap(Operation.SUBMIT)
    async with world.host(ready_url, trap) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            await lose(world, host, trap)
            assert await cases(host) == {}
        await world.carry(host.worker())
        assert await cases(host) == {application: WORKERS_LOST}
        query = select(attempts.c.operation, attempts.c.result).order_by(attempts.c.entry)
        rows = await host.database.run(lambda t: t.connection.execute(query).all())
        assert [row.operation for row in rows if row.result != "answered"] == ["submit"] * LOSSES_OF_A_CASE
        assert (rows[-1].operation, rows[-1].result) == ("find", "answered")
    assert world.effects("nid", "application") == 0


async def test_worker_that_lost_its_lease_and_lives_is_no_loss(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        stop = asyncio.Event()
        running = asyncio.create_task(host.worker("alive").run(stop))
        await until(lambda: world.street.waiting == 1)
        gone = update(applications).values(lease_until=world.machine.now() - timedelta(seconds=1))
        await host.database.run(lambda t: t.connection.execute(gone))
        assert await host.worker("other").poll()
        results = select(attempts.c.result).where(attempts.c.application == application)
        assert LEASE_LOST in await host.database.run(lambda t: t.connection.scalars(results).all())
        world.street.open("nid")
        stop.set()
        await running
        await world.carry(host.worker())
        assert (await host.progress(application)).state == "closed"
    assert world.effects("nid", "application") == 1
