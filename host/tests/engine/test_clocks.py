"""A machine whose clock is wrong takes nothing in hand, and pushes no agency's time ahead for others."""

import asyncio
from datetime import timedelta

import pytest
from host_world import rows, until_rows
from sqlalchemy import select

from nagorik_host.engine.leases import ClockWrong
from nagorik_host.store.schema import workers
from nagorik_platform.system_clock import SystemClock


class WrongClock(SystemClock):
    """The machine's clock, so much ahead."""

    def __init__(self, ahead):
        self.ahead = timedelta(seconds=ahead)

    def now(self):
        return super().now() + self.ahead


@pytest.mark.parametrize("when", ["before it starts", "while it works"])
@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_worker_whose_clock_is_wrong_ends(office, ready_url, monkeypatch, ahead, when):
    monkeypatch.setattr("nagorik_host.engine.housekeeping.HEARTBEATS", 10_000)
    clock = WrongClock(ahead if when == "before it starts" else 0)
    async with office.host(ready_url, clock=clock) as host:
        running = asyncio.create_task(host.worker("wrong").run(asyncio.Event()))
        if when == "while it works":
            await until_rows(host, select(workers.c.id))
            clock.ahead = timedelta(seconds=ahead)
        with pytest.raises(ClockWrong) as caught:
            async with asyncio.timeout(60):
                await running
        assert caught.value.ahead == pytest.approx(ahead, abs=60)
        assert await rows(host, select(workers.c.id)) == []
