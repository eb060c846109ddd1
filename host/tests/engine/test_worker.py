"""Workers carry applications to their end, share what is due, and call no agency more often than it bears."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from host_world import change, rows, until, until_rows
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from nagorik import AgencyUnavailable, Operation, Text
from nagorik_host.engine.health import LAST_PROBE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.schema import (
    applications,
    attempts,
    journal,
    outages,
    payments,
    permits,
    workers as registered,
)
from nagorik_host.store.suspensions import SuspensionRecord, resume, suspend
from nagorik_host.views import OFFICER
from nagorik_platform.lifecycle import amounts_to

pytestmark = pytest.mark.long

PLACES, PER_SECOND = 4, 5
"""By the NID Wing's manifest."""


def called(*columns, result=attempts.c.result):
    """The calls of the first operation of each application."""
    return select(*columns or [result]).where(attempts.c.operation == Operation.ELIGIBILITY)


async def test_application_is_carried_to_its_end(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await world.carry(host.worker())
        tracked = await host.track(application)
        assert tracked.progress.state == "closed"
        assert amounts_to(tracked.events, tracked.progress)
        found = [one async for one in verify_journals(host.database, host.vault)]
        assert [(one.application, one.findings) for one in found] == [(application, [])]
        paid = await rows(host, select(payments.c.state, payments.c.poisha, payments.c.taken_poisha))
        assert paid == [("confirmed", 34500, None)]
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 1


async def test_calls_at_once_stay_within_the_agencys_places_over_all_workers(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as one, world.host(ready_url) as other:
        for number in range(PLACES + 3):
            await world.apply(one, number)
        workers = one.worker(), other.worker()
        assert [await worker.poll() for worker in workers] == [True, False]
        await until(lambda: world.street.waiting >= PLACES)
        world.street.open("nid")
        await asyncio.gather(*(worker.run_until_idle() for worker in workers))
        assert await rows(one, called()) == ["answered"] * (PLACES + 3)
    assert world.street.most["nid"] == PLACES


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
        await until_rows(host, select(registered.c.id))
        assert not await first.poll()  # it has seen the other
        running.append(asyncio.create_task(first.run(stop)))
        async with asyncio.timeout(60):
            while len(await rows(host, called())) < 3 * PLACES:
                if world.street.waiting == PLACES:  # those end, and what comes after them is held up again
                    world.street.open("nid")
                    world.street.close("nid")
                await asyncio.sleep(0.01)
        world.street.open("nid")
        stop.set()
        await asyncio.gather(*running)
        calls = Counter(await rows(host, called(attempts.c.worker)))
        assert calls.total() == 3 * PLACES
        assert calls[other.id] >= PLACES / 2


async def test_worker_of_one_plugin_leaves_the_others_calls_alone(world, ready_url):
    async with world.host(ready_url) as host:
        await world.apply(host)
        assert await host.worker(only=["cashdesk"]).run_until_idle() is None
        assert world.street.calls == []
        await world.carry(host.worker(only=["nid"]))
        assert world.street.times("cashdesk") == []
        for plugin in ["cashdesk", "nid"] * 20:
            await world.carry(host.worker(only=[plugin]))
        assert await world.states(host) == ["closed"]


async def test_call_outside_an_application_waits_for_a_place_and_gives_it_back(world, ready_url):
    world.street.close(Operation.ELIGIBILITY)
    async with world.host(ready_url) as host:
        for number in range(PLACES + 1):
            await world.apply(host, number)
        worker, taken = host.worker(), select(permits)
        assert await worker.poll()
        await until(lambda: world.street.waiting == PLACES)
        with pytest.raises(AgencyUnavailable) as caught:
            await host.platform.check_health("nid")
        assert caught.value.because == "queue-full"
        asking = asyncio.create_task(host.platform.check_health("nid"))
        await until_rows(host, taken)
        world.street.open(Operation.ELIGIBILITY)
        await worker.run_until_idle()
        await asking
        assert await rows(host, taken) == []
        assert await rows(host, called()) == ["answered"] * (PLACES + 1)


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


# What an officer has stopped


def stop_of(kind, name, world):
    return SuspensionRecord(kind, name, Text(en="A fault", bn="একটি ত্রুটি"), "A. Rahman", world.clock.now())


@pytest.mark.parametrize(("kind", "name"), [("service", "nid.reissue"), ("plugin", "nid"), ("plugin", "cashdesk")])
async def test_what_is_stopped_is_not_called_until_it_is_let_go_on(world, ready_url, kind, name):
    async with world.host(ready_url) as host:
        held = await world.apply(host)
        await host.database.run(lambda t: suspend(t, stop_of(kind, name, world)))
        await world.carry(host.worker())
        assert {plugin for _, plugin in world.street.calls} == ({"nid"} if name == "cashdesk" else set())
        if kind == "service":  # it holds back nothing else, and no act of a citizen's
            await world.apply(host, 2, service="nid.migration")
            await world.carry(host.worker())
            assert await world.states(host) == ["closed", "draft"]
            await host.act(held, "withdraw")
        await host.database.run(lambda t: resume(t, kind, name, world.clock.now()))
        await world.carry(host.worker())
        assert set(await world.states(host)) == {"closed"}


async def test_call_that_follows_is_not_made_once_its_service_is_suspended(world, ready_url):
    world.street.close("nid")
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker = host.worker()
        assert await worker.poll()
        await until(lambda: world.street.waiting == 1)
        await host.database.run(lambda t: suspend(t, stop_of("service", "nid.reissue", world)))
        await worker.poll()
        world.street.open("nid")
        await worker.run_until_idle()
    assert len(world.street.calls) == 1


# Trouble that is one agency's, or one application's


async def test_agency_that_is_down_is_probed_and_then_drained_at_its_pace(world, ready_url):
    async with world.host(ready_url) as host:
        waiting = [await world.apply(host, number) for number in range(12)]
        world.street.break_down("nid")
        began, away, worker = world.clock.now(), timedelta(hours=6), host.worker()
        await world.carry(worker, for_at_most=away)
        down = world.street.times("nid")
        # Every call that was under way when the fifth failed, and a probe now and then.
        assert len(down) <= 20 + 2 * (away / LAST_PROBE)
        assert min(later - earlier for earlier, later in pairwise(down[-10:])) >= LAST_PROBE * 0.5
        assert "নিরাপদ আছে" in (await host.view(waiting[0], OFFICER)).unreachable["means"]["bn"]
        world.street.open("nid")
        opened = world.clock.now()
        await world.carry(worker)
        assert await world.states(host) == ["closed"] * 12
        assert (await host.view(waiting[0], OFFICER)).unreachable is None
        ((plugin, at, ended, cause),) = await rows(host, select(outages))
    assert (plugin, cause) == ("nid", "unreachable")
    assert began <= at < ended
    up = world.street.times("nid")[len(down) :]
    assert all(at >= opened + number * timedelta(seconds=1 / PER_SECOND) for number, at in enumerate(up))


@pytest.mark.parametrize("spoiled", ["row", "journal"])
async def test_application_that_no_worker_can_go_on_with_blocks_itself_alone(world, ready_url, spoiled):
    async with world.host(ready_url) as host:
        odd, plain = [await world.apply(host, number) for number in range(2)]
        (entries,) = await rows(host, select(applications.c.entries).where(applications.c.id == odd))
        if spoiled == "row":
            spoil = update(applications).where(applications.c.id == odd).values(progress=b"spoiled")
        else:  # what comes of its call would be the next entry, which is there already
            entry = {"application": odd, "entry": entries + 1, "at": world.clock.now()}
            spoil = insert(journal).values(**entry, kind="k", outline="{}", sealed=b"", link=b"")
        await change(host, spoil)
        world.street.close("nid")
        with capture_logs() as logs:
            working = asyncio.create_task(world.carry(host.worker()))
            # What comes of both calls is committed together.
            await until(lambda: world.street.waiting == 1 + (spoiled == "journal"))
            world.street.open("nid")
            await working
        found = await rows(host, select(applications.c.id, applications.c.state, applications.c.blocked))
        assert set(found) == {(odd, "draft", "defect"), (plain, "closed", None)}
        # It is not known what came of its call, if one was made.
        ends = await rows(host, select(attempts.c.ended_at).where(attempts.c.application == odd))
        assert ends == [None] * (spoiled == "journal")
    (blocked,) = [line for line in logs if line["event"] == "application_blocked"]
    assert (blocked["application"], blocked["defect"].isidentifier()) == (odd, True)
