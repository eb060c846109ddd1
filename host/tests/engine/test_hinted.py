"""A running worker on PostgreSQL: hints make it quick, and nothing relies on them."""

import asyncio


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


async def test_hint_that_is_lost_is_made_up_for_by_the_full_scan(world, ready_postgresql):
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
