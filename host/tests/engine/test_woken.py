"""What wakes a worker is never lost, and wakes it no more often than there is something to be done."""

import asyncio

import pytest


async def working(worker, applications):
    """Calls in a worker's hands that end when this is set."""
    ends = asyncio.Event()

    async def make(claim):
        await ends.wait()
        worker._executor._places.release(claim.target_plugin)

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
