"""Books that go back to an old copy: nothing is filed or taken twice, whatever was done since the copy was made."""

import shutil
from datetime import timedelta
from uuid import uuid4

import pytest
from host_world import change
from sqlalchemy import insert

from nagorik import PaymentState
from nagorik_host.engine.restoration import WorkersActive, catching_up, mark_caught_up
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.schema import workers
from nagorik_platform.lifecycle import Decided


def copied(url: str) -> str:
    """The URL of a copy of the database at ``url``, which is not open."""
    copy = url.replace(".db", f"-{uuid4().hex}.db")
    shutil.copy(url.removeprefix("sqlite:///"), copy.removeprefix("sqlite:///"))
    return copy


@pytest.mark.parametrize("known", ["taken in", "payment begun", "paid", "filed"])
async def test_nothing_is_done_twice_whenever_the_copy_was_made(world, ready_file, known):
    """Carry an application to its end, and once more from a copy that was made when this much was ``known``."""
    async with world.host(ready_file) as host:
        application = await world.apply(host)
        worker = host.worker()
        if known != "taken in":
            await worker.run_until_idle()
        if known in {"paid", "filed"}:
            await world.carry(worker, for_at_most=timedelta(minutes=1 if known == "paid" else 10))
    copy = copied(ready_file)
    async with world.host(ready_file) as host:
        await world.carry(host.worker())
        assert (await host.progress(application)).state == "closed"
    before = world.done()
    assert set(before.values()) == {1}
    async with world.host(copy) as host:
        assert await world.mark_restored(host) == 1
        await carried_again(world, host, application, investigated=known == "taken in")
        assert [one.findings async for one in verify_journals(host.database, host.vault)] == [[]]
    assert world.done() == before


async def carried_again(world, host, application: str, *, investigated: bool) -> None:
    """Carry it to its end, with an officer's help where the price that was paid is not the price of today."""
    await world.carry(host.worker())
    progress = await host.progress(application)
    held = progress.hold is not None and progress.hold.code == "payment-under-investigation"
    assert held is investigated
    if held:
        (payment,) = progress.payments
        told = Decided("A. Rahman", "The receipt was seen.", payment=payment.id, payment_to=PaymentState.CAPTURED)
        await host.decide(application, told)
        await world.carry(host.worker())
    progress = await host.progress(application)
    assert (progress.state, [payment.state for payment in progress.payments]) == ("closed", ["confirmed"])


async def test_what_was_taken_in_since_is_taken_in_again(world, ready_file):
    copy = copied(ready_file)
    for url in (ready_file, copy):
        async with world.host(url) as host:
            if url == copy:
                assert await world.mark_restored(host) == 0
            draft, consent = world.draft(), world.consent()
            application = await host.apply(draft, consent=consent, client_reference="NGK-AGAIN")
            await carried_again(world, host, application, investigated=url == copy)
            assert set(world.done().values()) == {1}
    async with world.host(copy) as host:
        assert await host.database.run(lambda t: mark_caught_up(t, "A. Rahman", "done", world.clock.now()))
        assert not await host.database.run(lambda t: mark_caught_up(t, "A. Rahman", "done", world.clock.now()))
        assert await host.database.run(catching_up) is None
        new = await world.apply(host, 2)
        assert (await host.progress(new)).restored_at is None


async def test_worker_at_work_is_in_the_way_and_nothing_is_changed(world, ready_file):
    async with world.host(ready_file) as host:
        application = await world.apply(host)
        at = world.machine.now()
        worker = {"id": "w", "name": "w", "started_at": at, "beat_at": at, "lease_until": at + LEASE, "key_names": ""}
        await change(host, insert(workers).values(worker))
        with pytest.raises(WorkersActive):
            await world.mark_restored(host)
        assert (await host.progress(application)).restored_at is None
        world.machine.advance(LEASE)
        assert await world.mark_restored(host) == 1
