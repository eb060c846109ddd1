"""A machine whose clock is wrong takes nothing in hand, and pushes no agency's time ahead for others."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from nagorik_host.commands.running import ending_of
from nagorik_host.engine.leases import ClockWrong
from nagorik_host.store.schema import workers
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.system_clock import SystemClock


class WrongClock(SystemClock):
    """The machine's clock, so much ahead."""

    def __init__(self, ahead):
        self.ahead = timedelta(seconds=ahead)

    def now(self):
        return super().now() + self.ahead


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_worker_whose_clock_is_wrong_does_not_start(world, ready_url, ahead):
    async with world.host(ready_url) as host:
        await world.apply(host)
        worker = host.worker("wrong")
        worker._clock = WrongClock(ahead)  # noqa: SLF001
        with pytest.raises(ClockWrong) as caught:
            await worker.run(asyncio.Event())
        assert caught.value.ahead == pytest.approx(ahead, abs=60)
        assert await host.database.run(lambda t: t.connection.execute(select(workers)).all()) == []
    assert world.street.calls == []
    text, code = ending_of(caught.value)
    assert code is ExitCode.FAILED
    side = "ahead of" if ahead > 0 else "behind"
    assert f"seconds {side} the database's" in text
    assert "Set both clocks by NTP" in text


async def test_worker_whose_clock_is_set_wrong_while_it_works_ends(world, ready_url, monkeypatch):
    monkeypatch.setattr("nagorik_host.engine.housekeeping.HEARTBEATS", 10_000)
    async with world.host(ready_url) as host:
        worker = host.worker("wrong")
        running = asyncio.create_task(worker.run(asyncio.Event()))
        async with asyncio.timeout(60):
            while not await host.database.run(lambda t: t.connection.execute(select(workers)).all()):
                pass
            host.clock = WrongClock(3600)
            with pytest.raises(ClockWrong):
                await running
        assert await host.database.run(lambda t: t.connection.execute(select(workers)).all()) == []
