"""What a plugin does wrong is one application's case; an older release of it leaves alone what a newer has."""

from datetime import timedelta

import pytest
from host_world import carry, change, rows
from sqlalchemy import select, update

from nagorik_host.engine.plugins import accept
from nagorik_host.store.application_store import LEASE, LeaseTooShort
from nagorik_host.store.cases import FAULTS_OF_A_CASE, PLUGIN_CHANGED, list_cases, unblock
from nagorik_host.store.schema import applications

DAYS = timedelta(days=2)


async def row_of(host, application):
    (row,) = await rows(host, select(applications).where(applications.c.id == application))
    return row


@pytest.mark.parametrize("word", ["check-in-ages", "closed-for-ever", "long-quote", "deliverable-with-nul"])
async def test_value_that_cannot_be_kept_ends_no_worker(office, ready_url, word):
    async with office.host(ready_url) as host:
        odd, plain = await office.apply(host, word), await office.apply(host)
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, plain)).state == "closed"
        # It can be shown, and waits for nothing that never comes.
        await host.track(odd)
        row = await row_of(host, odd)
        assert row.due_at is None or row.due_at <= host.clock.now() + timedelta(days=367)


async def test_application_that_its_plugin_fails_each_time_is_a_case_and_due_no_more(office, ready_url):
    async with office.host(ready_url) as host:
        bad = await office.apply(host, "raises")
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert len(office.plugin.JUDGED) == FAULTS_OF_A_CASE
        (case,) = await host.database.run(lambda t: list_cases(t, 9, host.clock.now()))
        assert (case.application, case.blocked) == (bad, "plugin-fault")
        assert (await row_of(host, bad)).due_at is None
        office.plugin.MENDED = True
        await host.database.run(lambda t: unblock(t, bad, host.clock.now()))
        await carry(host.worker(), office.clock, for_at_most=DAYS)
        assert (await row_of(host, bad)).state == "closed"


async def test_host_does_not_open_with_calls_that_outlast_its_lease(office, ready_file):
    with pytest.raises(LeaseTooShort, match="a call of office"):
        async with office.host(ready_file, lease=timedelta(0)):
            pass


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
