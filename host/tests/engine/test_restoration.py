"""Books that go back to an old copy: nothing is filed or taken twice, whatever was done since the copy was made."""

import shutil
from datetime import timedelta
from uuid import uuid4

import pytest

from nagorik import PaymentState
from nagorik_host.store.audit import verify_journals
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
