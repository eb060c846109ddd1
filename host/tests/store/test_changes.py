"""Whoever follows applications hears of every change of their standing, in order, and of no other."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from host_world import change, rows
from sqlalchemy import delete, select, update

from nagorik_host import RequestKey
from nagorik_host.store.audit import verify_journals, verify_ledger
from nagorik_host.store.listings import PlaceInvalid
from nagorik_host.store.retention import erase_messages
from nagorik_host.store.schema import applications, changes
from nagorik_host.views import CITIZEN
from nagorik_platform.lifecycle import CitizenActed

KEY = RequestKey("centre-0042/app-shop", "apply", "request-1", bytes(32))
_SLOW_COMMIT = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.application = 'SLOW' THEN PERFORM pg_advisory_xact_lock(42); END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON changes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()
"""
_WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"


@pytest.fixture
async def host(world, ready_url):
    async with world.host(ready_url) as opened:
        yield opened


async def followed(host, after=None, *, limit=3, **also):
    """All changes after a cursor, page by page, and the last cursor."""
    found = []
    while True:
        page = await host.changes(after, limit=limit, **also)
        found += page.changes
        after = page.next
        if not page.changes:
            return found, after


async def test_each_change_of_standing_is_followed_once_and_in_order(world, host):
    first = await host.apply(world.draft(), consent=world.consent(), owner="centre-0042")
    second = await host.apply(world.draft(2), consent=world.consent(), owner="centre-0007")
    opened, after = await followed(host)
    assert [(one.application, one.owner, one.state) for one in opened] == [
        (first, "centre-0042", "draft"),
        (second, "centre-0007", "draft"),
    ]
    assert await followed(host, after) == ([], after)
    await world.carry(host.worker())
    rest, end = await followed(host, after)
    for application, owner in ((first, "centre-0042"), (second, "centre-0007")):
        own = [one for one in rest if one.application == application]
        revisions = [one.revision for one in own]
        assert revisions == sorted(set(revisions))
        assert [one.at for one in own] == sorted(one.at for one in own)
        view = await host.view(application, CITIZEN)
        assert own[-1].state == view.state
        assert own[-1].revision <= view.revision
        states = [one.state for one in own]
        assert "submitted" in states or "in_review" in states
        assert [one for one in rest if one.owner == owner] == (await followed(host, after, owner=owner))[0] == own
    assert await followed(host, opened[0].cursor) == ([opened[1], *rest], end)


async def test_what_changes_nothing_is_no_change(world, host):
    application = await host.apply(world.draft(), consent=world.consent())
    _, after = await followed(host)
    await host.consent(application, world.consent())
    assert (await followed(host, after))[0] == []
    with pytest.raises(ZeroDivisionError):
        await host.database.run(lambda unit: (host.take_in(unit, application, CitizenActed("withdraw")), 1 / 0))
    assert (await followed(host, after))[0] == []
    await host.act(application, "withdraw")
    assert [one.state for one in (await followed(host, after))[0]] == ["closed"]


async def test_cursor_that_is_none_is_refused(host):
    for nonsense in ("", "-1", "1e3", "x", "9" * 18, "\x00"):
        with pytest.raises(PlaceInvalid):
            await host.changes(nonsense)


async def test_change_that_is_committed_late_is_not_skipped(world, ready_postgresql):
    """Of two that overlap, the first to write commits last; a reader comes by in between."""
    held = await asyncpg.connect(ready_postgresql)
    async with world.host(ready_postgresql) as host:
        slow, quick = [await host.apply(world.draft(each), consent=world.consent()) for each in (1, 2)]
        _, after = await followed(host)
        await held.execute(_SLOW_COMMIT.replace("SLOW", slow))
        await held.execute("SELECT pg_advisory_lock(42)")
        withdrawing = asyncio.create_task(host.act(slow, "withdraw"))
        async with asyncio.timeout(60):
            while not await held.fetchval(_WAITS):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await host.act(quick, "withdraw")
        committed, after = await followed(host, after)
        assert [one.application for one in committed] == [quick]
        await held.execute("SELECT pg_advisory_unlock(42)")
        await withdrawing
        late, _ = await followed(host, after)
        assert [one.application for one in late] == [slow]
        ids = await rows(host, select(changes.c.application).order_by(changes.c.id.desc()).limit(2))
        assert ids == [quick, slow]
    await held.close()


async def test_many_writers_and_readers_miss_nothing(world, ready_url):
    """Each reader hears of each change once, whoever gives the places."""
    async with world.host(ready_url) as host, world.host(ready_url) as other:

        async def read(reader):
            found, after = [], None
            while len(found) < 16:
                page = await reader.changes(after, limit=3)
                found, after = [*found, *page.changes], page.next
            return found

        async def write(writer, number):
            application = await writer.apply(world.draft(number), consent=world.consent())
            await writer.act(application, "withdraw")

        async with asyncio.timeout(60):
            *heard, _ = await asyncio.gather(
                *(read(one) for one in (host, other, host, other)),
                asyncio.gather(*(write((host, other)[number % 2], number) for number in range(8))),
            )
        assert all(one == heard[0] for one in heard)
        assert len({(one.application, one.revision) for one in heard[0]}) == 16


async def test_changes_are_kept_as_long_as_messages_and_places_go_on(world, host):
    application = await host.apply(world.draft(), consent=world.consent())
    opened, after = await followed(host)
    for later, kept in ((timedelta(0), opened), (timedelta(seconds=1), [])):
        world.clock.advance(later)
        now = world.clock.now()
        await erase_messages(host.database, received_before=now, now=now)
        assert (await followed(host))[0] == kept
    assert await followed(host, after) == ([], after)
    await host.act(application, "withdraw")
    assert [one.state for one in (await followed(host, after))[0]] == ["closed"]


async def test_places_of_a_restored_copy_are_later_than_those_of_the_lost_database(world, host):
    """What the lost database had given places to after the copy was made, the copy does not know."""
    application = await host.apply(world.draft(), consent=world.consent())
    _, after = await followed(host)
    world.clock.advance(timedelta(hours=1))
    await change(host, delete(changes))
    await host.act(application, "withdraw")
    assert [one.state for one in (await followed(host, after))[0]] == ["closed"]


async def test_audit_finds_nothing_amiss_with_owners_keys_and_changes(world, host):
    await host.apply(world.draft(), consent=world.consent(), owner="centre-0042", key=KEY)
    await world.carry(host.worker())
    found = [one async for one in verify_journals(host.database, host.vault)]
    found += [one async for one in verify_ledger(host.database, host.vault)]
    assert [finding for one in found for finding in one.findings] == []
    await change(host, update(applications).values(owner="centre-0007"))
    found = [finding async for one in verify_journals(host.database, host.vault) for finding in one.findings]
    assert [(one.code, one.detail) for one in found] == [("row-differs", "owner")]
