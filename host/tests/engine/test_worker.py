"""Workers carry applications to their end, share what is due, and lose or double nothing when one is killed."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial

import pytest
from sqlalchemy import func, select

from nagorik import AgencyUnavailable, Text, hookimpl
from nagorik_host import Host
from nagorik_host.engine.claims import APPLICATION
from nagorik_host.engine.suspensions import SuspensionRecord, resume, suspend
from nagorik_host.store import Database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.cases import count_cases, list_cases, unblock
from nagorik_host.store.schema import applications, attempts, payments, permits, workers
from nagorik_platform.lifecycle import amounts_to

PLACES = 4
"""Calls that the NID Wing bears at once, by its manifest."""


async def until(reached):
    """Wait until something is so, of which no event is heard."""
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def leases(host):
    """How many applications each worker holds."""
    query = select(applications.c.lease, func.count()).where(applications.c.lease.is_not(None))
    return await host.database.run(lambda t: dict(t.connection.execute(query.group_by(applications.c.lease)).all()))


async def results(host, operation):
    query = select(attempts.c.result).where(attempts.c.operation == operation)
    return await host.database.run(lambda t: t.connection.scalars(query).all())


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
        assert [(one.application, one.findings) for one in found] == [(application, [])]
        rows = await host.database.run(lambda t: t.connection.execute(select(payments)).all())
        assert [(row.state, row.poisha, row.taken_poisha) for row in rows] == [("confirmed", 34500, None)]
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 1


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


async def test_outcome_of_a_worker_that_lost_its_lease_is_dropped(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host, world.host(ready_url) as elsewhere:
        application = await world.apply(host)
        slow = host.worker()
        assert await slow.poll()
        await until(lambda: world.street.waiting == 1)
        world.machine.advance(LEASE)
        other = elsewhere.worker()
        assert await other.poll()
        world.street.open("nid")
        await world.carry(other)
        ended = await elsewhere.track(application)
        await slow.run_until_idle()
        assert await host.track(application) == ended
        assert ended.progress.state == "closed"


async def test_no_more_calls_are_under_way_than_the_agency_bears_over_all_workers(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        for number in range(10):
            await world.apply(host, number)
        one, other = host.worker("one"), host.worker("other")
        assert await one.poll()
        assert not await other.poll()
        await until(lambda: world.street.waiting == PLACES)
        assert await leases(host) == {one.id: PLACES}
        world.street.open("nid")
        await asyncio.gather(one.run_until_idle(), other.run_until_idle())


async def test_most_calls_at_once_stay_within_the_agencys_places_while_places_are_refilled(world, ready_url):
    now, most = Counter(), Counter()

    class Counted:
        @hookimpl
        def nagorik_call_policy(self, call):
            return self._count(call.plugin)

        @asynccontextmanager
        async def _count(self, plugin):
            now[plugin] += 1
            most[plugin] = max(most[plugin], now[plugin])
            for _ in range(3):
                await asyncio.sleep(0)
            yield
            now[plugin] -= 1

    async with world.host(ready_url, Counted()) as host, world.host(ready_url, Counted()) as elsewhere:
        ids = [await world.apply(host, number) for number in range(7)]
        world.street.close("nid")
        working = [asyncio.create_task(one.worker().run_until_idle()) for one in (host, elsewhere)]
        await until(lambda: world.street.waiting >= PLACES - 1)
        world.street.open("nid")
        await asyncio.gather(*working)
        for _ in range(400):
            dues = await asyncio.gather(host.worker().run_until_idle(), elsewhere.worker().run_until_idle())
            due = min((due for due in dues if due is not None), default=None)
            if due is None:
                break
            world.clock.set(max(due, world.clock.now()))
        assert {(await host.progress(one)).state for one in ids} == {"closed"}
    assert PLACES - 1 <= most["nid"] <= PLACES


async def test_worker_that_has_all_places_leaves_others_their_share(world, ready_url):
    """It would hand each on to the next application while more is due, and keep all of them for ever."""
    world.street.close("nid")
    async with world.host(ready_url) as host, world.host(ready_url) as elsewhere:
        for number in range(3 * PLACES):
            await world.apply(host, number)
        first, other, stop = host.worker("first"), elsewhere.worker("other"), asyncio.Event()
        assert await first.poll()
        await until(lambda: world.street.waiting == PLACES)
        running = [asyncio.create_task(other.run(stop))]
        async with asyncio.timeout(60):
            while not await host.database.run(lambda t: t.connection.execute(select(workers)).all()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not await first.poll()  # it has seen the other
        running.append(asyncio.create_task(first.run(stop)))
        async with asyncio.timeout(60):
            while len(await results(host, "eligibility")) < 3 * PLACES:
                if world.street.waiting == PLACES:  # those end, and what comes after them is held up again
                    world.street.open("nid")
                    world.street.close("nid")
                await asyncio.sleep(0.01)
        world.street.open("nid")
        stop.set()
        await asyncio.gather(*running)
        query = select(attempts.c.worker).where(attempts.c.operation == "eligibility")
        calls = Counter(await host.database.run(lambda t: t.connection.scalars(query).all()))
        assert calls[first.id] + calls[other.id] == 3 * PLACES
        assert calls[other.id] >= PLACES / 2


async def test_worker_of_one_plugin_leaves_the_others_calls_alone(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        assert await host.worker(only=["cashdesk"]).run_until_idle() is None
        assert world.street.calls == []
        await world.carry(host.worker(only=["nid"]))
        assert world.street.times("cashdesk") == []
        assert (await host.progress(application)).state == "awaiting_payment"
        for _ in range(20):
            await world.carry(host.worker(only=["cashdesk"]))
            await world.carry(host.worker(only=["nid"]))
        assert (await host.progress(application)).state == "closed"


async def test_place_that_comes_free_goes_to_the_agencys_next_application_without_a_poll(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        for number in range(3 * PLACES):
            await world.apply(host, number)
        worker = host.worker()
        assert await worker.poll()
        await until(lambda: world.street.waiting == PLACES)
        world.street.open("nid")
        await until(lambda: not worker.in_hand)
        assert await results(host, "eligibility") == ["answered"] * 3 * PLACES


class Held:
    """Holds up the calls of applications, and no others."""

    def __init__(self):
        self.calls = 0
        self.may_go_on = asyncio.Event()

    @hookimpl
    def nagorik_call_policy(self, call):
        return self._hold()

    @asynccontextmanager
    async def _hold(self):
        if APPLICATION.get() is not None:
            self.calls += 1
            await self.may_go_on.wait()
        yield


async def test_call_outside_an_application_waits_for_a_place_and_gives_it_back(world, ready_url):
    held = Held()
    async with world.host(ready_url, held) as host:
        for number in range(PLACES + 1):
            await world.apply(host, number)
        worker = host.worker()
        assert await worker.poll()
        await until(lambda: held.calls == PLACES)
        with pytest.raises(AgencyUnavailable) as caught:
            await host.platform.check_health("nid")
        assert caught.value.because == "queue-full"
        asking = asyncio.create_task(host.platform.check_health("nid"))
        count = select(func.count()).select_from(permits)
        async with asyncio.timeout(60):
            while not await host.database.run(lambda t: t.connection.scalar(count)):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.005)
        held.may_go_on.set()
        await worker.run_until_idle()
        await asking
        assert await host.database.run(lambda t: t.connection.scalar(count)) == 0
        assert await results(host, "eligibility") == ["answered"] * (PLACES + 1)


async def test_what_is_suspended_is_claimed_again_once_it_is_resumed(world, ready_url):
    async with world.host(ready_url) as host:
        application, now = await world.apply(host), world.clock.now()
        record = SuspensionRecord("service", "nid.reissue", Text(en="Stopped.", bn="বন্ধ।"), "A. Rahman", now)
        await host.database.run(lambda t: suspend(t, record))
        assert await host.worker().run_until_idle() is None
        assert world.street.calls == []
        await host.database.run(lambda t: resume(t, "service", "nid.reissue", now))
        await world.carry(host.worker())
        assert (await host.progress(application)).state == "closed"


async def test_call_that_follows_is_not_made_once_its_service_is_suspended(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker = host.worker()
        assert await worker.poll()
        await until(lambda: world.street.waiting == 1)
        record = SuspensionRecord(
            "service", "nid.reissue", Text(en="Stopped.", bn="বন্ধ।"), "A. Rahman", host.clock.now()
        )
        await host.database.run(lambda t: suspend(t, record))
        await worker.poll()
        world.street.open("nid")
        await worker.run_until_idle()
    assert len(world.street.calls) == 1


async def test_running_worker_hears_of_what_another_process_makes_due(world, ready_postgresql, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.worker.POLL", 3600.0)
    async with world.host(ready_postgresql) as host, world.host(ready_postgresql) as elsewhere:
        stop = asyncio.Event()
        running = asyncio.create_task(host.worker().run(stop))
        await asyncio.sleep(0)
        await world.apply(elsewhere)
        await until(lambda: world.street.calls)
        stop.set()
        await running


async def test_running_worker_claims_what_falls_due_without_a_hint(world, ready_file):
    async with world.host(ready_file) as host:
        stop = asyncio.Event()
        running = asyncio.create_task(host.worker().run(stop))
        await world.apply(host)
        await until(lambda: world.street.calls)
        stop.set()
        await running
