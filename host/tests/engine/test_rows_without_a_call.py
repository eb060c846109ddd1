"""What is due and leads to no call takes no other's turn."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from nagorik_host.engine.claims import BLOCKED, Claims
from nagorik_host.engine.worker import LOOKS_APART
from nagorik_host.store.schema import agencies, applications, payloads

SOON = timedelta(seconds=LOOKS_APART)


async def execute(host, statement):
    return await host.database.run(lambda t: t.connection.execute(statement).rowcount)


async def apply_behind(host, world, number, **wrong):
    """An application, and so many before it in its queue with which something is ``wrong``."""
    now = world.clock.now()
    before = [await world.apply(host, one) for one in range(1, number + 1)]
    last = await world.apply(host, number + 1)
    first = update(applications).where(applications.c.id.in_(before))
    assert await execute(host, first.values(due_at=now - timedelta(minutes=1), **wrong)) == number
    return last


async def taken_by(worker):
    """What a worker takes in hand at one look, and makes no call for; and the look."""
    taken = []
    worker._executor.start = taken.append
    batch = await worker._poller.claim(full_scan=True)
    return [claim.stored.id for claim in taken], batch


@pytest.mark.parametrize("wrong", [{"service": "nid.gone"}, {"target_plugin": "nid", "gateway": "gone.counter"}])
async def test_what_leads_to_no_call_takes_no_others_turn(world, ready_url, wrong):
    """There are 20 of them, and the agency bears four calls at once."""
    async with world.host(ready_url) as host:
        good = await apply_behind(host, world, 20, **wrong)
        taken, batch = await taken_by(host.worker())
        assert (taken, batch.passed_over) == ([good], 20)


async def test_what_does_not_unseal_takes_no_others_turn(world, ready_url):
    async with world.host(ready_url) as host:
        good = await apply_behind(host, world, 12)
        broken = update(payloads).where(payloads.c.application != good)
        await execute(host, broken.values(draft=b"nobody's"))
        taken, batch = await taken_by(host.worker())
        assert (taken, batch.passed_over) == ([good], 12)


async def test_agency_that_is_back_is_found_out_whatever_is_first_in_its_queue(world, ready_url):
    async with world.host(ready_url) as host:
        worker, now = host.worker(), world.clock.now()
        good = await apply_behind(host, world, 12, service="nid.gone")
        await worker._poller._offers.ensure_rows()
        down = {"failures": 3, "down_since": now, "cause": "unreachable", "probe_at": now, "probes": 1}
        await execute(host, update(agencies).where(agencies.c.plugin == "nid").values(**down))
        assert (await taken_by(worker))[0] == [good]


async def test_one_look_deals_with_so_many_and_the_next_comes_soon(world, ready_url, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.claims.PASSED_OVER", 8)
    async with world.host(ready_url) as host:
        good, worker = await apply_behind(host, world, 12, service="nid.gone"), host.worker()
        taken, batch = await taken_by(worker)
        assert (taken, batch.passed_over) == ([], 8)
        assert worker._next_look(batch) <= world.clock.now() + SOON
        assert (await taken_by(worker))[0] == [good]


async def test_what_falls_due_after_it_at_the_same_agency_is_looked_for_soon(world, ready_url):
    async with world.host(ready_url) as host:
        application, worker = await world.apply(host), host.worker()
        await execute(host, update(applications).values(service="nid.gone"))
        taken, batch = await taken_by(worker)
        assert (taken, batch.passed_over) == ([], 1)
        assert worker._next_look(batch) <= world.clock.now() + SOON
        held = select(applications.c.blocked).where(applications.c.id == application)
        assert await host.database.run(lambda t: t.connection.scalar(held)) == "service-not-offered"
        assert worker._next_look((await taken_by(worker))[1]) == world.clock.now() + BLOCKED


async def test_row_that_stays_due_is_met_once_in_a_look(world, ready_url, monkeypatch):
    met = []

    def leave(self, transaction, row, now, *, slot):
        met.append(row.id)

    monkeypatch.setattr(Claims, "_claim_row", leave)
    async with world.host(ready_url) as host:
        await apply_behind(host, world, 5)
        _, batch = await taken_by(host.worker())
    assert len(met) == len(set(met)) == batch.passed_over == 4
