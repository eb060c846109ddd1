"""A running worker on PostgreSQL: hints make it quick, and nothing relies on them."""

import asyncio

import asyncpg

from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.store import postgresql
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.postgresql import QueuedHints


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def working(host, world, applications):
    """Let a worker run until every application has been called for once."""
    ending = asyncio.Event()
    run = asyncio.create_task(host.worker().run(ending))
    await until(lambda: len(world.street.times("nid")) >= applications)
    ending.set()
    await run


async def test_running_worker_hears_of_what_another_process_takes_in(world, ready_postgresql, monkeypatch):
    # No full scan comes after the first, so what is found later was hinted at.
    monkeypatch.setattr("nagorik_host.engine.worker.FULL_SCAN", 3600.0)
    async with world.host(ready_postgresql) as desk, world.host(ready_postgresql) as host:
        ending = asyncio.Event()
        run = asyncio.create_task(host.worker().run(ending))
        await world.apply(desk, 1)
        await until(lambda: world.street.calls)
        await world.apply(desk, 2)
        await until(lambda: len(world.street.times("nid")) >= 3)
        ending.set()
        await run


async def test_hint_that_is_lost_is_made_up_for_by_the_full_scan(world, ready_postgresql, monkeypatch):
    monkeypatch.setattr(postgresql, "PROMPT", 60.0)  # or the thief may be told later, on a busy machine
    async with world.host(ready_postgresql) as host:
        await world.apply(host)
        async with host.database.hints(["nid"], lambda: None) as thief:
            assert len(await thief.take()) == 1
        await working(host, world, 1)
        await world.carry(host.worker())
    assert world.effects("nid", "application") == 1


async def test_hint_that_comes_again_and_late_changes_nothing(world, ready_postgresql):
    async with world.host(ready_postgresql) as host:
        application = await world.apply(host)
        await world.carry(host.worker())
        ended = await host.track(application)
        calls = len(world.street.calls)
        for _ in range(2):
            await host.database.run(lambda t: t.add_hint(application, "nid"))
        ending = asyncio.Event()
        run = asyncio.create_task(host.worker().run(ending))
        # The worker has heard the late hints when it works on what was taken in after them.
        await world.apply(host, 2)
        await until(lambda: len(world.street.calls) > calls)
        ending.set()
        await run
        assert await host.track(application) == ended
    assert world.effects("nid", "application") == 1


async def start_anew(url, settings):
    """Let a database have other settings, and end all its sessions, as when another server takes over."""
    own = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    try:
        name = await own.fetchval("SELECT current_database()")
        await own.execute(f"ALTER DATABASE {name} {settings}")
        await own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )
    finally:
        await own.close()


async def test_database_that_may_only_be_read_is_waited_for_though_it_refuses_hints(
    world, ready_postgresql, monkeypatch
):
    refused, lost = [], []
    take = QueuedHints.take

    async def noting(self, agencies=None):
        try:
            return await take(self, agencies)
        except Exception as error:
            refused.append(error)
            raise

    class Lost(WorkerObserver):
        def database_lost(self):
            lost.append(True)

    monkeypatch.setattr(QueuedHints, "take", noting)
    async with world.host(ready_postgresql) as host:
        ending = asyncio.Event()
        run = asyncio.create_task(host.worker(observer=Lost()).run(ending))
        world.street.close("nid")
        await world.apply(host, 1)
        await until(lambda: world.street.waiting or run.done())
        await start_anew(ready_postgresql, "SET default_transaction_read_only = on")
        await until(lambda: (lost and any("only be read" in str(error) for error in refused)) or run.done())
        await start_anew(ready_postgresql, "RESET default_transaction_read_only")
        world.street.open("nid")
        # The next call follows when the answer to the first is written down.
        await until(lambda: len(world.street.calls) > 1 or run.done())
        ending.set()
        await run
    assert {type(error) for error in refused} == {DatabaseUnavailable}


SLOW = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(1);
    RETURN NULL;
END $$;
CREATE TRIGGER waiting BEFORE UPDATE ON nagorik_hints FOR EACH STATEMENT EXECUTE FUNCTION wait();
SELECT pg_advisory_lock(1);
"""


async def test_worker_goes_on_and_ends_while_the_database_gives_it_no_hints(world, ready_postgresql, monkeypatch):
    monkeypatch.setattr(postgresql, "LOCKED", 600.0)
    monkeypatch.setattr(postgresql, "LONGEST", 600.0)
    # Whoever takes hints waits for this session.
    holder = await asyncpg.connect(ready_postgresql)
    try:
        await holder.execute(SLOW)
        async with world.host(ready_postgresql) as host:
            await world.apply(host, 1)
            async with asyncio.timeout(60):
                await working(host, world, 1)
    finally:
        await holder.close()
