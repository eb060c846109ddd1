"""Waiting for a database that is away: it is asked often enough, and by not too many at once."""

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from nagorik_host.engine import outage
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.outage import PAUSE, OutageRetry
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.database import DatabaseUnavailable


async def test_database_that_is_back_is_noticed_within_a_second_and_not_by_all_at_once(database, monkeypatch):
    run, pauses = database.run, []

    async def gone(unit):
        if len(pauses) < 50:
            raise DatabaseUnavailable("gone")
        return await run(unit)

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(database, "run", gone)
    monkeypatch.setattr(outage, "asyncio", SimpleNamespace(get_running_loop=asyncio.get_running_loop, sleep=sleep))
    await OutageRetry(database, WorkerLease("one", LEASE), "one", WorkerObserver(), is_stopping=lambda: False).run(
        lambda _: None
    )
    assert pauses[0] <= PAUSE
    assert all(0.5 <= pause <= 1.0 for pause in pauses[5:])
    assert len(set(pauses)) == 50


async def test_outage_is_reported_once_however_many_wait(database, monkeypatch):
    reported, tried, run = [], [], database.run

    class Counting(WorkerObserver):
        def database_lost(self):
            reported.append("lost")

    async def gone(unit):
        tried.append(unit)
        if len(tried) <= 20:
            raise DatabaseUnavailable("gone")
        return await run(unit)

    monkeypatch.setattr(database, "run", gone)
    retry = OutageRetry(database, WorkerLease("one", LEASE), "one", Counting(), is_stopping=lambda: False)
    with capture_logs() as logs:
        await asyncio.gather(*(retry.run(lambda _: None) for _ in range(20)))
    assert [line["event"] for line in logs] == ["database_unavailable", "database_is_back"]
    assert reported == ["lost"]


class Gate:
    """What stands between a worker and its database: nobody is let through while it is away or stands still."""

    def __init__(self, database, monkeypatch):
        self.is_away = self.stands_still = False
        self.kept_out = self.passed = 0
        for name in ("run", "run_unbound"):
            monkeypatch.setattr(database, name, partial(self._pass, getattr(database, name)))

    async def _pass(self, run, unit):
        self.kept_out += self.is_away or self.stands_still
        if self.is_away:
            raise DatabaseUnavailable("away")
        if self.stands_still:
            await asyncio.Event().wait()
        self.passed += 1
        return await run(unit)


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("stands_still", [False, True])
async def test_worker_that_is_to_end_does_not_wait_for_a_database_without_end(
    world, ready_file, monkeypatch, stands_still
):
    monkeypatch.setattr("nagorik_host.engine.worker.LAST_POLL", 0.05)
    monkeypatch.setattr("nagorik_host.engine.worker.FAREWELL", 0.05)
    async with world.host(ready_file) as host:
        worker, ending, gate = host.worker(), asyncio.Event(), Gate(host.database, monkeypatch)
        working = asyncio.create_task(worker.run(ending))
        await until(lambda: gate.passed > 6)  # it polls
        gate.is_away, gate.stands_still = not stands_still, stands_still
        await until(lambda: gate.kept_out)
        ending.set()
        with pytest.raises(DatabaseUnavailable, match="does not answer"):
            async with asyncio.timeout(30):  # half a lease
                await working
        gate.is_away = gate.stands_still = False


@pytest.mark.parametrize(("is_outcome", "tries"), [(False, 1), (True, 2)])
async def test_worker_that_is_to_end_waits_to_write_down_an_outcome_and_for_nothing_else(
    database, monkeypatch, is_outcome, tries
):
    tried = []

    async def refuse(unit):
        tried.append(unit)
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(database, "run", refuse)
    monkeypatch.setattr(outage, "LAST_PATIENCE", outage.PAUSE / 2)
    retry = OutageRetry(database, WorkerLease("one", LEASE), "one", WorkerObserver(), is_stopping=lambda: True)
    with pytest.raises(DatabaseUnavailable):
        await retry.run(lambda _: None, is_outcome=is_outcome)
    assert len(tried) == tries
