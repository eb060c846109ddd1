"""Workers that are killed, cut off or stood still lose and double nothing; the third lost in a row is a case."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from random import Random

import pytest
from host_world import FaultyDatabase, carry, change, rows
from sqlalchemy import func, select, update

from nagorik import Operation
from nagorik_host.engine.pace import LATE
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import LOSSES_OF_A_CASE, WORKERS_LOST, list_cases, unblock
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.schema import applications, attempts
from nagorik_platform.lifecycle import amounts_to

pytestmark = pytest.mark.long


async def cases(host):
    found = await host.database.run(partial(list_cases, limit=99, now=host.clock.now()))
    return {case.application: case.blocked for case in found}


async def let_go_on(host):
    """As an officer does with what ended several workers in a row."""
    for application in await cases(host):
        await host.database.run(partial(unblock, application=application, now=host.clock.now()))


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Life:
    """A process's, which ends at one of its units."""

    def __init__(self, units):
        self.left = units

    async def require(self, units=0):
        if self.left <= 0:
            raise Killed
        self.left -= units


@pytest.mark.parametrize("committed", [False, True], ids=["before-commit", "after-commit"])
async def test_killed_worker_loses_and_doubles_nothing(world, ready_url, committed):
    """Kill a worker at its first unit, the next at its second, and so on, until one survives to the end."""
    async with world.host(ready_url) as host:
        application = await world.apply(host)
    for units in range(200):
        async with world.host(ready_url) as host:
            await let_go_on(host)
            database, life = FaultyDatabase(host.database), Life(units)
            async with world.host(database) as mortal:
                database.before = partial(life.require, 1)
                database.after = life.require if committed else database.after
                try:
                    await world.carry(mortal.worker())
                except Killed:
                    survived = False
                else:
                    survived = not await cases(host)
            tracked = await host.track(application)
        if survived:
            break
        # What the database was doing for it has ended, and is not heard of again; its lease runs out.
        world.machine.advance(LEASE)
    assert units > 5
    assert tracked.progress.state == "closed"
    assert amounts_to(tracked.events, tracked.progress)
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_database_that_comes_and_goes_loses_and_doubles_nothing(world, ready_url, when, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.outage.PAUSE", 0.0)
    # By chance: at every third unit, it might be the same one of a worker's round each time.
    chance = Random(3)  # noqa: S311 - reproducible on purpose

    async def shake():
        if chance.random() <= 1 / 3:
            raise DatabaseUnavailable

    async with world.host(ready_url) as host:
        for number in range(2):
            await world.apply(host, number)
        database = FaultyDatabase(host.database)
        async with world.host(database) as shaky:
            setattr(database, when, shake)
            worker = shaky.worker()
            for _ in range(200):
                try:
                    await world.carry(worker)
                except DatabaseUnavailable:
                    continue  # the inbox was away: a running worker looks again
                if await world.states(host) == ["closed"] * 2:
                    break
                # What was committed and never heard of is in nobody's hands.
                world.machine.advance(LEASE)
        assert await world.states(host) == ["closed"] * 2
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 2


async def until_held(world, host, number):
    """Let time pass until so many calls are held up."""
    async with asyncio.timeout(60):
        while world.street.waiting < number:
            (due,) = await rows(host, select(func.min(applications.c.due_at)))
            if due is not None and due > host.clock.now():
                host.clock.set(due)
            await asyncio.sleep(0.01)


async def test_answer_of_a_worker_that_lost_its_lease_is_dropped(world, ready_url):
    world.street.close(Operation.ELIGIBILITY)
    async with world.host(ready_url) as host, world.host(ready_url) as elsewhere:
        application = await world.apply(host)
        slow, stop = host.worker(), asyncio.Event()
        assert await slow.poll()
        await until_held(world, host, 1)
        world.machine.advance(LEASE)
        heir = asyncio.create_task(elsewhere.worker().run(stop))
        await until_held(world, host, 2)
        before = await host.track(application)
        world.street.let_one_go(Operation.ELIGIBILITY)
        await slow.run_until_idle()
        after = await host.track(application)
        world.street.open(Operation.ELIGIBILITY)
        stop.set()
        await heir
        assert after == before
        await world.carry(slow)
        assert await world.states(host) == ["closed"]


async def test_call_that_takes_longer_than_a_lease_stays_in_hand_while_its_worker_lives(world, ready_url):
    async with world.host(ready_url) as host:
        await world.apply(host)
        world.street.close("nid")
        slow, other = host.worker(), host.worker()
        assert await slow.poll()
        await until_held(world, host, 1)
        for _ in range(3):
            world.machine.advance(LEASE * 0.9)
            await slow.housekeeping.heartbeat()
        await other.poll()
        assert await rows(host, select(applications.c.lease)) == [slow.id]
        world.street.open("nid")
        await world.carry(slow)
        assert await world.states(host) == ["closed"]
    assert world.effects("nid", "application") == 1


async def lose(world, host):
    """Let a worker begin the call that is held up, and be gone before anything came of it."""
    stop = asyncio.Event()
    working = asyncio.create_task(host.worker().run(stop, at_once=stop))
    await until_held(world, host, 1)
    stop.set()
    assert await working == 1
    world.machine.advance(LEASE)


@pytest.mark.parametrize("operation", [Operation.ELIGIBILITY, Operation.SUBMIT])
async def test_call_that_ended_three_workers_in_a_row_is_a_case(world, ready_url, operation):
    world.street.close(operation)
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        for _ in range(LOSSES_OF_A_CASE):
            await lose(world, host)
            assert await cases(host) == {}
        async with asyncio.timeout(30):
            await world.carry(host.worker())
        assert await cases(host) == {application: WORKERS_LOST}
        ended = await rows(host, select(attempts.c.operation, attempts.c.result).order_by(attempts.c.entry))
        assert [row.operation for row in ended if row.result != "answered"] == [operation] * LOSSES_OF_A_CASE
        if operation is Operation.SUBMIT:  # it is looked up before it is a case
            assert ended[-1] == ("find", "answered")
        await let_go_on(host)
        world.street.open(operation)
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"]
    assert world.effects("nid", "application") == 1


# A worker that stood still, while another took over what it had in hand, sends nothing more for it


RESULTS = (
    select(attempts.c.operation, attempts.c.result)
    .where(attempts.c.operation.in_(["submit", "find"]))
    .order_by(attempts.c.entry)
)


class Quay:
    """The agency, on a socket: gives a number first, and files what comes after.

    Attributes:
        asked: What was asked for, in order.
        numbered: Set once a number was asked for.
        may_answer: Whether the first that asks for a number may have it.
    """

    def __init__(self):
        self.asked = []
        self.numbered, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    @property
    def filed(self):
        return self.asked.count("POST /files")

    async def serve(self, reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer(head.partition(b" HTTP")[0].decode()))
        writer.close()

    async def _answer(self, asked):
        self.asked.append(asked)
        body = b'{"number":"%d"}' % len(self.asked)
        if asked == "POST /numbers":
            is_first = not self.numbered.is_set()
            self.numbered.set()
            if is_first:
                await self.may_answer.wait()
        status, body = ("404 Not Found", b"") if asked == "GET /files" and not self.filed else ("200 OK", body)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@asynccontextmanager
async def quay_and_url():
    quay = Quay()
    server = await asyncio.start_server(quay.serve, "127.0.0.1", 0)
    try:
        yield quay, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_worker_that_stood_still_between_two_requests_files_nothing(office, ready_url):
    async with (
        quay_and_url() as (quay, url),
        office.host(ready_url, url) as host,
        office.host(ready_url, url) as elsewhere,
    ):
        application, slow = await office.apply(host, "filed"), host.worker()
        quay.may_answer.clear()
        # It stands still before its second request, and looks for nothing meanwhile; others go on.
        assert await slow.poll()
        await quay.numbered.wait()
        office.machine.advance(LEASE)
        await carry(elsewhere.worker(), office.clock, for_at_most=timedelta(hours=6))
        ended = await host.track(application)
        quay.may_answer.set()
        await slow.run_until_idle()
        assert await host.track(application) == ended
        assert ended.progress.state == "closed"
        assert (await rows(host, RESULTS))[:2] == [("submit", "interrupted"), ("find", "answered")]
        assert quay.filed == 1


async def test_worker_that_took_over_from_itself_files_once(office, ready_url):
    """Its machine stood still; what it had in hand goes on beside what it begins anew."""
    async with quay_and_url() as (quay, url), office.host(ready_url, url) as host:
        await office.apply(host, "filed")
        worker, due_at = host.worker(), select(func.min(applications.c.due_at))
        quay.may_answer.clear()
        slow = asyncio.create_task(worker.run_until_idle())
        await quay.numbered.wait()
        office.machine.advance(LEASE)
        quay.numbered.clear()
        async with asyncio.timeout(60):
            # What was interrupted is looked up first, and both may have to wait.
            while not quay.numbered.is_set():
                await worker.poll()
                if (due := (await rows(host, due_at))[0]) is not None:
                    office.clock.set(max(due, office.clock.now()))
                await asyncio.sleep(0.01)
        quay.may_answer.set()
        await slow
        await carry(worker, office.clock, for_at_most=timedelta(hours=6))
        assert quay.asked.count("POST /numbers") == 2
        assert quay.filed == 1


@pytest.mark.parametrize("before", ["first", "second"])
async def test_application_that_is_not_in_hand_any_more_is_not_sent_for(office, ready_url, before):
    """The row is altered from outside, which no clock of the worker's shows."""
    async with quay_and_url() as (quay, url), office.host(ready_url, url) as host:
        held, reached = {
            "first": (office.plugin.MAY_GO_ON, office.plugin.BEGUN),
            "second": (quay.may_answer, quay.numbered),
        }[before]
        await office.apply(host, "filed")
        held.clear()
        working = asyncio.create_task(host.worker().run_until_idle())
        await reached.wait()
        await change(host, update(applications).values(lease="another", revision=applications.c.revision + 1))
        office.clock.advance(2 * LATE)
        held.set()
        await working
        assert quay.asked == ["POST /numbers"] * (before == "second")
        assert await rows(host, RESULTS) == [("submit", None)]
