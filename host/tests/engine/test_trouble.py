"""Workers in trouble: ended, slow, cut off from the database, given what cannot be worked on."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from nagorik import Text
from nagorik_host import Host
from nagorik_host.engine.health import FAILURES_OF_AN_OUTAGE, LAST_PROBE
from nagorik_host.engine.plugins import accept
from nagorik_host.engine.suspensions import SuspensionRecord, resume, suspend
from nagorik_host.store import Database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import PLUGIN_CHANGED
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.schema import applications, attempts, journal, outages

pytestmark = pytest.mark.long


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def rows(host, *columns, of=applications):
    return await host.database.run(lambda t: t.connection.execute(select(*columns) if columns else select(of)).all())


def keeps_pace(times, began, per_second):
    """Whether the calls are no more than the agency bears, counted from ``began``."""
    return all(at >= began + number * timedelta(seconds=1 / per_second) for number, at in enumerate(times))


async def states(host):
    return sorted(str(row.state) for row in await rows(host, applications.c.state))


@pytest.mark.parametrize("living", [True, False])
async def test_call_that_takes_longer_than_a_lease_stays_in_hand_while_its_worker_lives(world, ready_url, living):
    async with world.host(ready_url) as host:
        await world.apply(host)
        world.street.close("nid")
        slow, other = host.worker(), host.worker()
        assert await slow.poll()
        await until(lambda: world.street.waiting == 1)
        for _ in range(3):
            world.machine.advance(LEASE * 0.9)
            if living:
                await slow.housekeeping.heartbeat()
        await other.poll()
        ((lease,),) = await rows(host, applications.c.lease)
        assert lease == (slow.id if living else None)
        world.street.open("nid")
        await world.carry(slow)
        await world.carry(other)
        assert await states(host) == ["closed"]
    assert world.effects("nid", "application") == 1


class ShakyDatabase(Database):
    """Loses its connection at a third of all units, after or before they happened."""

    def __init__(self, database, *, committed):
        self.database = database
        self.committed = committed
        # By chance: at every third unit, it might be the same one of a worker's round each time.
        self.chance = Random(3)  # noqa: S311 - reproducible on purpose

    async def run(self, unit):
        if self.chance.random() > 1 / 3:
            return await self.database.run(unit)
        if self.committed:
            await self.database.run(unit)
        raise DatabaseUnavailable

    async def close(self):
        raise AssertionError("the world closes it")


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
async def test_database_that_comes_and_goes_loses_and_doubles_nothing(world, ready_url, committed, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.outage.PAUSE", 0.0)
    async with world.host(ready_url) as host:
        for number in range(2):
            await world.apply(host, number)
        shaky = Host(
            database=ShakyDatabase(host.database, committed=committed),
            platform=host.platform,
            keyring=world.keyring,
            clock=world.clock,
            lease_clock=world.machine,
        )
        worker = shaky.worker()
        with capture_logs() as logs:
            for _ in range(200):
                try:
                    await world.carry(worker)
                except DatabaseUnavailable:
                    continue  # the inbox was away: a running worker looks again
                if await states(host) == ["closed"] * 2:
                    break
                # What was committed and never heard of is in nobody's hands.
                world.machine.advance(LEASE)
        assert await states(host) == ["closed"] * 2
    assert {"database_unavailable", "database_is_back"} <= {entry["event"] for entry in logs}
    assert world.effects("nid", "application") == world.effects("cashdesk", "capture") == 2


async def test_worker_that_finds_no_database_for_too_long_ends(world, ready_url):
    class Gone(ShakyDatabase):
        async def run(self, unit):
            raise DatabaseUnavailable

    async with world.host(ready_url) as host:
        gone = Host(
            database=Gone(host.database, committed=False),
            platform=host.platform,
            keyring=world.keyring,
            clock=world.clock,
            lease_clock=world.machine,
            lease=timedelta(milliseconds=1),
        )
        with pytest.raises(DatabaseUnavailable):
            await gone.worker().run(asyncio.Event())


async def test_application_that_cannot_be_worked_on_blocks_itself_alone(world, ready_url):
    async with world.host(ready_url) as host:
        broken, whole = [await world.apply(host, number) for number in range(2)]
        spoil = update(applications).where(applications.c.id == broken).values(progress=b"spoiled")
        await host.database.run(lambda t: t.connection.execute(spoil))
        with capture_logs() as logs:
            await world.carry(host.worker())
        found = {row.id: (row.state, row.blocked) for row in await rows(host)}
        assert found == {broken: ("draft", "defect"), whole: ("closed", None)}
    assert [entry["defect"] for entry in logs if entry["event"] == "application_blocked"] == ["SealBroken"]


async def test_answer_that_cannot_be_written_blocks_its_application_alone(world, ready_url):
    async with world.host(ready_url) as host:
        odd, plain = [await world.apply(host, number) for number in range(2)]
        before = next(row for row in await rows(host) if row.id == odd)
        # The answer would be the next entry, which is there already.
        entry = {"application": odd, "entry": before.entries + 1, "at": world.clock.now()}
        there = insert(journal).values(**entry, kind="k", outline="{}", sealed=b"", link=b"")
        await host.database.run(lambda t: t.connection.execute(there))
        with capture_logs() as logs:
            await world.carry(host.worker())
        found = {row.id: (row.state, row.blocked, row.entries) for row in await rows(host)}
        assert found[odd] == ("draft", "defect", before.entries)
        assert found[plain][:2] == ("closed", None)
        # The attempt is open: it is not known what came of it.
        ended = await rows(host, attempts.c.application, attempts.c.ended_at)
        assert [row.ended_at for row in ended if row.application == odd] == [None]
    assert [entry["application"] for entry in logs if entry["event"] == "application_blocked"] == [odd]


@pytest.mark.parametrize(("kind", "name"), [("service", "nid.reissue"), ("plugin", "nid"), ("plugin", "cashdesk")])
async def test_what_is_stopped_is_not_called_until_it_is_let_go_on(world, ready_url, kind, name):
    stopped = SuspensionRecord(kind, name, Text(en="A fault", bn="একটি ত্রুটি"), "officer-1", world.clock.now())
    async with world.host(ready_url) as host:
        await world.apply(host)
        await host.database.run(lambda t: suspend(t, stopped))
        await world.carry(host.worker())
        assert {plugin for _, plugin in world.street.calls} == ({"nid"} if name == "cashdesk" else set())
        await host.database.run(lambda t: resume(t, kind, name, world.clock.now()))
        await world.carry(host.worker())
        assert await states(host) == ["closed"]


async def test_what_a_stop_holds_back_is_passed_over(world, ready_url):
    stopped = SuspensionRecord(
        "service", "nid.reissue", Text(en="A fault", bn="একটি ত্রুটি"), "officer-1", world.clock.now()
    )
    async with world.host(ready_url) as host:
        held = {await world.apply(host, number) for number in range(5)}
        other = await world.apply(host, 5, service="nid.migration")
        await host.database.run(lambda t: suspend(t, stopped))
        worker = host.worker()
        await world.carry(worker)
        found = {row.id: row for row in await rows(host)}
        assert found[other].state == "closed"
        assert {found[one].due_at for one in held} == {found[one].opened_at for one in held}
        # A citizen's own act is taken in all the same, and waits with the rest.
        await host.act(min(held), "withdraw")
        await worker.run_until_idle()
        await host.database.run(lambda t: resume(t, "service", "nid.reissue", world.clock.now()))
        await world.carry(worker)
        assert await states(host) == ["closed"] * 6


async def test_agency_that_hangs_slows_no_other(world, ready_url):
    async with world.host(ready_url) as host:
        first = await world.apply(host, 0)
        # Far enough to have a payment to ask about.
        await host.worker().run_until_idle()
        assert (await host.track(first)).progress.payments
        for number in range(1, 9):
            await world.apply(host, number)
        world.street.close("nid")
        worker = host.worker()
        await worker.poll()
        await until(lambda: world.street.waiting == 4)
        before = len(world.street.times("cashdesk"))
        for _ in range(5):
            world.clock.advance(timedelta(minutes=30))
            await worker.poll()
            await until(lambda: world.street.waiting >= 4)
        assert len(world.street.times("cashdesk")) > before
        assert world.street.waiting == 4
        world.street.open("nid")
        await world.carry(worker)
        assert await states(host) == ["closed"] * 9


async def test_agency_that_is_down_is_probed_and_then_drained_at_its_pace(world, ready_url):
    async with world.host(ready_url) as host:
        for number in range(12):
            await world.apply(host, number)
        world.street.break_down("nid")
        began = world.clock.now()
        worker = host.worker()
        await world.carry(worker, for_at_most=timedelta(hours=6))
        down = world.street.times("nid")
        # Every call that was under way when the fifth failed, and a probe now and then.
        assert len(down) <= FAILURES_OF_AN_OUTAGE + 4 + 2 * (timedelta(hours=6) / LAST_PROBE) + 10
        gaps = [later - earlier for earlier, later in pairwise(down[-10:])]
        assert min(gaps) >= LAST_PROBE * 0.5
        world.street.open("nid")
        opened = world.clock.now()
        await world.carry(worker)
        assert await states(host) == ["closed"] * 12
        ((plugin, at, ended, cause),) = await rows(host, of=outages)
        assert (plugin, cause) == ("nid", "unreachable")
        assert began <= at < ended
        up = world.street.times("nid")[len(down) :]
        assert keeps_pace(up, opened, 5)


async def pinned(host, version):
    change = update(applications).values(plugin_version=version)
    await host.database.run(lambda t: t.connection.execute(change))


async def test_plugin_of_the_same_line_takes_applications_over(world, ready_url):
    async with world.host(ready_url) as host:
        await world.apply(host)
        ((now,),) = await rows(host, applications.c.plugin_version)
        name, _, number = now.rpartition(" ")
        await pinned(host, f"{name} {number.partition('.')[0]}.0.0a1")
        (change,) = await host.take_over()
        assert (change.after, change.applications, change.taken_over) == (now, 1, True)
        assert await host.take_over() == []
        await world.carry(host.worker())
        assert await states(host) == ["closed"]


async def test_plugin_of_another_line_waits_for_an_officer(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        ((now,),) = await rows(host, applications.c.plugin_version)
        before = f"{now.rpartition(' ')[0]} 0.9"
        await pinned(host, before)
        (change,) = await host.take_over()
        assert (change.before, change.taken_over) == (before, False)
        await world.carry(host.worker())
        assert world.street.calls == []
        # What the citizen does meanwhile is written down and starts nothing.
        await host.consent(application, world.consent())
        await world.carry(host.worker())
        assert world.street.calls == []
        assert {row.blocked for row in await rows(host)} == {PLUGIN_CHANGED}
        await host.database.run(lambda t: accept(t, "nid", before, now, world.clock.now()))
        await world.carry(host.worker())
        assert await states(host) == ["closed"]
