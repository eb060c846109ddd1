"""A rolling upgrade: two releases of a plugin side by side, and the older leaves alone what the newer has."""

import pytest
from host_world import change, rows
from sqlalchemy import select, update

from nagorik_host.engine.plugins import accept
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import PLUGIN_CHANGED
from nagorik_host.store.schema import applications
from nagorik_testing import SimulatedClock

from .test_bad_values import FORM, MANIFEST, PLUGIN, apply, opened, row_of, work_for

OLD, NEW = "nagorik-depot 1.0.0", "nagorik-depot 1.1.0"


@pytest.fixture
def release(install, tmp_path):
    """Changes which release of the depot's plugin is installed; a host that is open stays with its own."""
    install("depot", MANIFEST, FORM, PLUGIN)

    def install_release(version: str) -> None:
        # As an installer does: in a directory of its own, by which a process sees that there is something new.
        (before,) = tmp_path.glob("nagorik_depot-*.dist-info")
        metadata = before.rename(tmp_path / f"nagorik_depot-{version}.dist-info") / "METADATA"
        metadata.write_text(f"Metadata-Version: 2.4\nName: nagorik-depot\nVersion: {version}\n")

    return install_release


async def pins(host):
    query = select(applications.c.plugin_version, applications.c.blocked).distinct()
    return {tuple(row) for row in await host.database.run(lambda t: t.connection.execute(query).all())}


async def test_older_release_leaves_alone_what_the_newer_has_taken_over(release, ready_url, keyring):
    clock = SimulatedClock()
    release("1.0.0")
    async with opened(ready_url, keyring, clock) as old:
        first, second = await apply(old, "plain"), await apply(old, "plain")
        release("1.1.0")
        async with opened(ready_url, keyring, clock) as new:
            (done,) = await new.take_over()
            assert (done.before, done.after, done.taken_over) == (OLD, NEW, True)
            # The old one works on, crashes, and is started again.
            await old.worker().run_until_idle()
            release("1.0.0")
            async with opened(ready_url, keyring, clock) as again:
                (left,) = await again.take_over()
                assert (left.left_alone, left.taken_over, left.applications) == (True, False, 2)
                assert await again.worker().run_until_idle() is None
                # What is its own it takes all the same, behind what is not.
                third = await apply(again, "plain")
                await again.worker().run_until_idle()
                assert (await row_of(again, third)).state == "closed"
            assert [(await row_of(new, one)).state for one in (first, second)] == ["draft", "draft"]
            assert (NEW, "plugin-changed") not in await pins(new)
            await new.worker().run_until_idle()
            assert [(await row_of(new, one)).state for one in (first, second)] == ["closed", "closed"]


async def test_what_a_lost_worker_of_the_newer_release_had_is_left_to_its_like(release, ready_url, keyring):
    clock = SimulatedClock()
    release("1.1.0")
    async with opened(ready_url, keyring, clock) as new:
        application = await apply(new, "plain")
        lost = {"lease": "lost", "lease_until": clock.now() - LEASE * 100_000, "due_at": None}
        gone = update(applications).values(lost)
        await new.database.run(lambda t: t.connection.execute(gone))
        release("1.0.0")
        async with opened(ready_url, keyring, clock) as old:
            await old.worker().run_until_idle()
            assert (await row_of(old, application)).lease == "lost"
        await work_for(new, 1)
        assert (await row_of(new, application)).state == "closed"


async def test_officer_may_go_back_to_an_older_release(release, ready_file, keyring):
    clock = SimulatedClock()
    release("1.1.0")
    async with opened(ready_file, keyring, clock) as new:
        application = await apply(new, "plain")
    release("1.0.0")
    async with opened(ready_file, keyring, clock) as old:
        worker = old.worker()
        assert await worker.run_until_idle() is None
        await old.database.run(lambda t: accept(t, "depot", NEW, OLD, clock.now()))
        await worker.run_until_idle()
        assert (await row_of(old, application)).state == "closed"


async def pinned(world, host, number):
    """An application of another release of its plugin; its plugin's label before and now."""
    await world.apply(host)
    (now,) = await rows(host, select(applications.c.plugin_version))
    before = f"{now.rpartition(' ')[0]} {number}"
    await change(host, update(applications).values(plugin_version=before))
    return before, now


async def test_plugin_of_the_same_line_takes_applications_over(world, ready_url):
    async with world.host(ready_url) as host:
        before, now = await pinned(world, host, "1.0.0a1")
        (done,) = await host.take_over()
        assert (done.before, done.after, done.applications, done.taken_over) == (before, now, 1, True)
        assert await host.take_over() == []
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"]


async def test_plugin_of_another_line_waits_for_an_officer(world, ready_url):
    async with world.host(ready_url) as host:
        before, now = await pinned(world, host, "0.9")
        (done,) = await host.take_over()
        assert (done.before, done.taken_over) == (before, False)
        await world.carry(host.worker())
        # What the citizen does meanwhile is written down and starts nothing.
        (application,) = await rows(host, select(applications.c.id))
        await host.consent(application, world.consent())
        await world.carry(host.worker())
        assert world.street.calls == []
        assert await rows(host, select(applications.c.blocked)) == [PLUGIN_CHANGED]
        await host.database.run(lambda t: accept(t, "nid", before, now, world.clock.now()))
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"]
