"""A process whose event loop stands still ends; one that was only held up does not."""

import asyncio
import threading

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from nagorik_host.engine.watchdog import STANDSTILL, WAKE_UPS, Watchdog
from nagorik_host.store.schema import workers


class WakeUps:
    """Wakes the watchdog when it is told to, instead of after some time."""

    def __init__(self) -> None:
        self.due = threading.Semaphore(0)
        self.waits = threading.Semaphore(0)

    def wait(self, over: threading.Event, _seconds: float) -> bool:
        self.waits.release()
        self.due.acquire()
        return over.is_set()

    def wake(self, times: int) -> None:
        """Let it wake up so often and come back to wait each time."""
        for _ in range(times):
            self.waits.acquire()
            self.due.release()
        self.waits.acquire()
        self.waits.release()


def blocked_by(wake_ups: WakeUps, ended: list[int], times: int) -> None:
    """Hold up the event loop until the watchdog has woken up so often or has ended the process."""
    for _ in range(times):
        if ended:
            return
        wake_ups.waits.acquire()
        wake_ups.due.release()


async def test_loop_that_stands_still_ends_the_process_and_the_place_is_told():
    wake_ups, ended = WakeUps(), []
    over = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        over.set()

    watchdog = Watchdog(10_000.0, wait=wake_ups.wait, end=end)
    with capture_logs() as lines, watchdog.watching():
        blocked_by(wake_ups, ended, WAKE_UPS + 1)
        over.wait()
    assert ended == [STANDSTILL]
    (line,) = lines
    assert (line["event"], line["seconds"], line["plugin"]) == ("event_loop_stands_still", 10_000, None)
    assert any("test_watchdog.py" in place for place in line["where"])


@pytest.mark.looptime(False)
async def test_loop_that_turns_once_in_a_while_goes_on():
    wake_ups, ended = WakeUps(), []
    watchdog = Watchdog(10_000.0, wait=wake_ups.wait, end=ended.append)
    with watchdog.watching():
        for _ in range(3):
            wake_ups.wake(WAKE_UPS - 1)
            watchdog._beat()
            wake_ups.wake(1)
        wake_ups.due.release()
        watchdog._is_over.set()
    assert ended == []


@pytest.mark.parametrize("duty", ["send_heartbeats", "log_throughput", "tidy"])
async def test_worker_does_not_go_on_without_what_it_does_beside_its_calls(world, ready_file, duty):
    async with world.host(ready_file) as host:
        working = asyncio.create_task(host.worker().run(asyncio.Event()))
        lost: list[asyncio.Task[object]] = []
        while not lost:
            await asyncio.sleep(0.001)
            lost = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == duty]
        lost[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert await host.database.run(lambda t: t.connection.scalar(select(func.count()).select_from(workers))) == 0
