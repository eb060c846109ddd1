"""Two workers on the same database, each in a process of its own; one is killed in the middle of its work."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from nagorik import ApplicationDraft, Consent, Operation
from nagorik.values import Money
from nagorik_host import open_host
from nagorik_host.store import open_database
from nagorik_host.store.audit import verify_journals, verify_ledger
from nagorik_host.store.schema import applications, attempts, workers
from nagorik_host.store.upgrade import upgrade
from nagorik_host.vault import make_keys, read_keyring
from nagorik_testing import SyntheticCitizens
from nagorik_testing.campaign.processes.clock_driver import ClockDriver, NeverIdle
from nagorik_testing.campaign.processes.worker import WorkerSettings
from nagorik_testing.campaign.processes.worker_pool import WorkerPool, prepare_processes
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.loopback import serve
from nagorik_testing.simulator.shared_clock import SharedClock

pytestmark = pytest.mark.long

APPLICATIONS = 8
SOME = 5
A_WHILE = timedelta(hours=1)
STAGES = ("propagation", "filing", "intake", "review", "production")
PLUGINS = ("nid", "cashdesk")
SERVICE = "nid.reissue"


@asynccontextmanager
async def opened(setting, clock):
    database = await open_database(setting.database)
    await upgrade(database)
    await database.close()
    async with open_host(setting.database, read_keyring(setting.keys), setting.platform(clock)) as host:
        prepare_processes(host.platform)
        yield host


async def hand_in(host, nid):
    now = host.clock.now()
    for number in range(APPLICATIONS):
        example = nid.example(SERVICE, SyntheticCitizens().citizen(7000 + number))
        await host.apply(
            ApplicationDraft(
                service=SERVICE, applicant=example.applicant, form=dict(example.form), gateway="cashdesk.counter"
            ),
            consent=Consent(
                id="consent-host",
                service=SERVICE,
                operations=frozenset(Operation),
                fee_ceiling=Money.taka(10_000),
                given_at=now,
                expires_at=now + timedelta(days=400),
            ),
        )


async def busy(url):
    """The names of the workers that wait for an answer and have had others; each may be killed in the middle."""
    query = (
        select(workers.c.name)
        .join(attempts, attempts.c.worker == workers.c.id)
        .group_by(workers.c.name)
        .having(func.count() > func.count(attempts.c.ended_at), func.count(attempts.c.ended_at) > 0)
    )
    database = await open_database(url)
    try:
        return await database.run(lambda t: list(t.connection.scalars(query)))
    finally:
        await database.close()


async def left_by(host, name):
    """The calls of a worker that have no end, each by its application and its entry in the journal."""
    query = (
        select(attempts.c.application, attempts.c.entry)
        .join(workers, workers.c.id == attempts.c.worker)
        .where(workers.c.name == name, attempts.c.ended_at.is_(None))
    )
    rows = await host.database.run(lambda t: t.connection.execute(query).all())
    return {(row.application, row.entry) for row in rows}


async def kill_in_the_middle(url, pool, simulators):
    """Kill whoever waits for an answer after it had others; its name."""
    killed = asyncio.get_running_loop().create_future()

    def met(_):
        if killed.done() or next(requests) < SOME:
            return
        with ThreadPoolExecutor() as elsewhere:
            # No agency answers meanwhile: their event loop is this one.
            found = elsewhere.submit(asyncio.run, busy(url)).result()
        if found:
            pool.kill(found[0])
            killed.set_result(found[0])

    requests = count(1)
    for one in simulators.values():
        one.ledger.on_request = met
    return await killed


async def test_time_passes_while_what_is_due_is_in_nobodys_hands(ready_file, tmp_path):
    """Or whoever comes second at an agency would wait for ever for one that is behind, and takes nothing."""
    clock = SharedClock(tmp_path / "clock")
    simulator = load_simulator(installed_simulators()["nid"])(clock=clock)
    setting = WorkerSettings(
        database=ready_file,
        keys=make_keys("test"),
        folder=tmp_path,
        site=tmp_path / "site",
        lease=timedelta(seconds=2),
        plugins={"nid": simulator.settings("http://127.0.0.1:9"), "cashdesk": {"base_url": "http://127.0.0.1:9"}},
    )
    async with opened(setting, clock) as host:
        await hand_in(host, simulator)
        began = clock.now()
        driver = ClockDriver(host, clock, WorkerPool(setting, []), timeout=timedelta(seconds=0.3))
        with pytest.raises(NeverIdle):
            await driver.wait_until_idle()
        assert timedelta(0) < clock.now() - began < timedelta(seconds=1)


async def test_worker_finishes_what_a_killed_process_left(database_url, tmp_path):
    clock = SharedClock(tmp_path / "clock")
    found = installed_simulators()
    simulators = {name: load_simulator(found[name])(clock=clock) for name in PLUGINS}
    simulators["nid"].script.set("*", "approve", durations=dict.fromkeys(STAGES, timedelta(minutes=1)))
    async with serve(simulators["nid"]) as nid, serve(simulators["cashdesk"]) as cashdesk:
        setting = WorkerSettings(
            database=database_url,
            keys=make_keys("test"),
            folder=tmp_path,
            site=tmp_path / "site",
            lease=timedelta(seconds=2),
            plugins={
                "nid": simulators["nid"].settings(nid),
                "cashdesk": simulators["cashdesk"].settings(cashdesk),
            },
        )
        async with opened(setting, clock) as host:
            await hand_in(host, simulators["nid"])
            pool = WorkerPool(setting, ["first-machine", "second-machine"])
            try:
                async with asyncio.timeout(60):
                    await pool.start(*pool.names)
                    killed = await kill_in_the_middle(database_url, pool, simulators)
                    await pool.wait_until_dead(killed)
                    lost = await left_by(host, killed)
                    driver = ClockDriver(host, clock, pool, timeout=timedelta(seconds=60))
                    # Nobody expires the lease of the dead and nobody follows it: the other waits, and takes over.
                    while (due := await driver.wait_until_idle(replacing=False)) is not None:
                        clock.set(max(due, clock.now()) + A_WHILE)
            finally:
                await pool.stop()
            assert pool.ended == []
            assert pool.killed == 1
            rows = await host.database.run(lambda t: t.connection.execute(select(applications)).all())
            assert {row.state for row in rows} == {"closed"}
            made = await host.database.run(lambda t: t.connection.execute(select(attempts)).all())
            assert lost
            assert lost <= {(one.application, one.entry) for one in made if one.result == "interrupted"}
            # Each has made calls that had an end, and nobody else has.
            assert len({one.worker for one in made if one.result != "interrupted"}) == 2
            found = [one.findings async for one in verify_journals(host.database, host.vault)]
            assert found == [[]] * APPLICATIONS
            pages = [page async for page in verify_ledger(host.database, host.vault)]
            assert [finding for page in pages for finding in page.findings] == []
            assert sum(page.records for page in pages) > 2 * APPLICATIONS
    assert len(simulators["nid"].ledger.effects("application")) == APPLICATIONS
    assert len(simulators["cashdesk"].ledger.effects("capture")) == APPLICATIONS
