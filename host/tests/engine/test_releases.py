"""A rolling upgrade: two releases of a plugin side by side, and the older leaves alone what the newer has."""

import pytest
from sqlalchemy import select, update

from nagorik_host.engine.plugins import accept
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import applications
from nagorik_testing import SimulatedClock

from .test_bad_values import FORM, MANIFEST, PLUGIN, apply, opened, row_of, work_for

OLD, NEW = "nagorik-depot 1.0.0", "nagorik-depot 1.1.0"


@pytest.fixture
def release(install, tmp_path):
    """Changes which release of the depot's plugin is installed; a host that is open stays with its own."""
    install("depot", MANIFEST, FORM, PLUGIN)

    def change(version: str) -> None:
        # As an installer does: in a directory of its own, by which a process sees that there is something new.
        (before,) = tmp_path.glob("nagorik_depot-*.dist-info")
        metadata = before.rename(tmp_path / f"nagorik_depot-{version}.dist-info") / "METADATA"
        metadata.write_text(f"Metadata-Version: 2.4\nName: nagorik-depot\nVersion: {version}\n")

    return change


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
            (change,) = await new.take_over()
            assert (change.before, change.after, change.taken_over) == (OLD, NEW, True)
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
