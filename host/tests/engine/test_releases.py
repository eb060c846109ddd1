"""Upgrades of a plugin: a release of the same line goes on, and an older one leaves alone what a newer has."""

from host_world import carry, change, rows
from sqlalchemy import select, update

from nagorik_host.engine.plugins import accept
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.cases import PLUGIN_CHANGED
from nagorik_host.store.schema import applications

OLD, NEW = "nagorik-office 1.0.0", "nagorik-office 1.1.0"
STATES, PINS = select(applications.c.state), select(applications.c.plugin_version, applications.c.blocked)


def install_release(office, version: str) -> None:
    """As an installer does; a host that is open stays with its own release."""
    # In a directory of its own, by which a process sees that there is something new.
    (before,) = office.folder.glob("nagorik_office-*.dist-info")
    metadata = before.rename(office.folder / f"nagorik_office-{version}.dist-info") / "METADATA"
    metadata.write_text(f"Metadata-Version: 2.4\nName: nagorik-office\nVersion: {version}\n")


async def test_older_release_leaves_alone_what_the_newer_has_taken_over(office, ready_url):
    async with office.host(ready_url) as old:
        for _ in range(2):
            await office.apply(old)
        install_release(office, "1.1.0")
        async with office.host(ready_url) as new:
            (done,) = await new.take_over()
            assert (done.before, done.after, done.taken_over) == (OLD, NEW, True)
            # The old one works on, crashes, and is started again.
            await old.worker().run_until_idle()
            install_release(office, "1.0.0")
            async with office.host(ready_url) as again:
                (left,) = await again.take_over()
                assert (left.left_alone, left.taken_over, left.applications) == (True, False, 2)
                assert await again.worker().run_until_idle() is None
                # What is its own it takes all the same, behind what is not.
                await office.apply(again)
                await again.worker().run_until_idle()
            assert sorted(await rows(new, STATES)) == ["closed", "draft", "draft"]
            assert (NEW, PLUGIN_CHANGED) not in await rows(new, PINS)
            await new.worker().run_until_idle()
            assert set(await rows(new, STATES)) == {"closed"}


async def test_what_a_lost_worker_of_the_newer_release_had_is_left_to_its_like(office, ready_url):
    install_release(office, "1.1.0")
    async with office.host(ready_url) as new:
        await office.apply(new)
        lost = {"lease": "lost", "lease_until": office.clock.now() - LEASE * 100_000, "due_at": None}
        await change(new, update(applications).values(lost))
        install_release(office, "1.0.0")
        async with office.host(ready_url) as old:
            await old.worker().run_until_idle()
            assert await rows(old, select(applications.c.lease)) == ["lost"]
        await carry(new.worker(), office.clock)
        assert await rows(new, STATES) == ["closed"]


async def test_plugin_of_another_line_waits_for_an_officer(world, ready_url):
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        (now,) = await rows(host, select(applications.c.plugin_version))
        before = f"{now.rpartition(' ')[0]} 0.9"
        await change(host, update(applications).values(plugin_version=before))
        (done,) = await host.take_over()
        assert (done.before, done.taken_over) == (before, False)
        await world.carry(host.worker())
        # What the citizen does meanwhile is written down and starts nothing.
        await host.consent(application, world.consent())
        await world.carry(host.worker())
        assert world.street.calls == []
        assert await rows(host, select(applications.c.blocked)) == [PLUGIN_CHANGED]
        await host.database.run(lambda t: accept(t, "nid", before, now, world.clock.now()))
        await world.carry(host.worker())
        assert await world.states(host) == ["closed"]
