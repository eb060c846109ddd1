"""What wakes a worker is never lost, and wakes it no more often than there is something to be done."""

import asyncio
from datetime import timedelta

import pytest

from nagorik import Text
from nagorik_host.engine import queues
from nagorik_host.engine.claim_batch import ClaimBatch
from nagorik_host.engine.suspensions import SuspensionRecord, suspend
from nagorik_host.engine.worker import LOOKS_APART, MOST_HINTED
from nagorik_host.store.database import Hints


async def working(worker, applications):
    """Calls in a worker's hands that end when this is set."""
    ends = asyncio.Event()

    async def make(claim):
        await ends.wait()
        worker._executor._free(claim.target_plugin)

    worker._executor._run_claim = make
    while len(worker.in_hand) < applications:
        await worker.poll()
    # Nothing else is due, and so nobody need be told of a place.
    await worker.poll()
    assert not worker._state.saturated
    return ends


@pytest.mark.parametrize("ends_meanwhile", [True, False])
async def test_call_that_ends_while_a_look_finds_its_place_in_use_wakes_the_worker(
    world, ready_url, monkeypatch, ends_meanwhile
):
    async with world.host(ready_url) as host:
        worker = host.worker()
        await world.apply(host, 1)
        ends = await working(worker, 1)
        await world.apply(host, 2)
        looking = worker._poller._claim_offered

        async def look(*arguments, **options):
            batch = await looking(*arguments, **options)
            if ends_meanwhile:
                ends.set()
                while worker.in_hand:
                    await worker._executor.wait()
            return batch

        monkeypatch.setattr(worker._poller, "_claim_offered", look)
        worker._state.woken.clear()
        batch = await worker._poller.claim(full_scan=False)
        assert (list(batch), batch.saturated) == ([], True)
        assert worker._state.woken.is_set() is ends_meanwhile
        ends.set()
        await worker._executor.finish(None, None)


async def test_what_is_parked_page_by_page_holds_up_no_neighbour_until_the_next_full_scan(
    world, ready_url, monkeypatch
):
    monkeypatch.setattr(queues, "PAGE", 2)
    text, now = Text(en="A fault", bn="একটি ত্রুটি"), world.clock.now()
    async with world.host(ready_url) as host:
        for number in range(5):
            await world.apply(host, number)
        other = await world.apply(host, 5, service="nid.migration")
        stopped = SuspensionRecord("service", "nid.reissue", text, "officer-1", now)
        await host.database.run(lambda t: suspend(t, stopped))
        worker, taken = host.worker(), []
        worker._executor.start = taken.append
        for _ in range(2):
            worker._state.woken.clear()
            batch = await worker._poller.claim(full_scan=False)
            assert worker._next_look(batch) <= now + timedelta(seconds=LOOKS_APART)
            assert worker._state.saturated
            assert worker._state.woken.is_set()
        worker._state.woken.clear()
        await worker._poller.claim(full_scan=False)
        assert [claim.stored.id for claim in taken] == [other]
        assert not worker._state.woken.is_set()


async def test_worker_whose_places_are_all_in_use_looks_no_more_often_whatever_wakes_it(
    world, ready_url, monkeypatch
):
    monkeypatch.setattr("nagorik_host.engine.worker.FULL_SCAN", 3600.0)
    world.street.close("nid")
    async with world.host(ready_url) as host:
        for number in range(6):
            await world.apply(host, number)
        worker, ending, looks = host.worker(), asyncio.Event(), []
        claim = worker._poller.claim

        async def look(**how):
            looks.append(how)
            return await claim(**how)

        monkeypatch.setattr(worker._poller, "claim", look)
        working = asyncio.create_task(worker.run(ending))
        async with asyncio.timeout(60):
            while world.street.waiting < 4 or not worker._state.saturated:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            looks.clear()
            began = asyncio.get_running_loop().time()
            for _ in range(100):
                worker.hint()
                await asyncio.sleep(0.002)
            most = 2 + (asyncio.get_running_loop().time() - began) / LOOKS_APART
            assert len(looks) <= most
            ending.set()
            world.street.open("nid")
            await working


class Given(Hints):
    """Gives what it was given, once."""

    def __init__(self):
        self.given = []

    async def take(self, agencies=None):
        given, self.given = self.given, []
        return given


@pytest.mark.parametrize("is_flood", [False, True])
async def test_flood_of_hints_is_answered_by_a_look_at_all_that_is_due(world, ready_url, monkeypatch, is_flood):
    monkeypatch.setattr("nagorik_host.engine.worker.FULL_SCAN", 3600.0)
    given = [f"application-{number}" for number in range(MOST_HINTED + is_flood)]
    async with world.host(ready_url) as host:
        worker, hints, ending, looks = host.worker(), Given(), asyncio.Event(), []

        async def look(**how):
            looks.append(how.get("among"))
            if len(looks) == 1:  # the first scan, which asks for hints before
                hints.given = given
                worker._hear_hint()
            else:
                ending.set()
            return ClaimBatch(worker._state.suspended)

        monkeypatch.setattr(worker._poller, "claim", look)
        worker._state.stop = ending
        stopping = asyncio.create_task(ending.wait())
        async with asyncio.timeout(60):
            await worker._work(hints, ending, [stopping], until_idle=False)
        assert looks == [None, None if is_flood else given]
        # More may be left of it than was given.
        assert worker._hint_heard is is_flood
