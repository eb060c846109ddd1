"""The machine's clock: deadlines are counted on the loop's scale, and run on while the machine sleeps."""

import asyncio
import time

import pytest

from nagorik.clock import Deadline
from nagorik_platform.system_clock import SystemClock

BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)


class Sleeper:
    """The system's clocks, of which one stood still while the machine was suspended."""

    def __init__(self) -> None:
        self.asleep = 0.0
        self.gap = 0.0
        self.read = time.clock_gettime

    def clock_gettime(self, clock: int) -> float:
        at = self.read(clock)
        if clock == BOOTTIME:
            return at + self.asleep
        # Something else ran between the two readings.
        return at + self.gap


@pytest.fixture
def sleeper(monkeypatch):
    sleeper = Sleeper()
    monkeypatch.setattr(time, "clock_gettime", sleeper.clock_gettime)
    return sleeper


@pytest.mark.skipif(BOOTTIME is None, reason="this system does not tell for how long it was suspended")
async def test_deadline_passes_while_the_machine_sleeps(sleeper):
    deadline = Deadline.after(30, SystemClock())
    assert deadline.remaining() > 29
    sleeper.asleep = 20
    assert 9 < deadline.remaining() < 10.1
    sleeper.asleep = 3600
    assert deadline.remaining() == 0


@pytest.mark.skipif(BOOTTIME is None, reason="this system does not tell for how long it was suspended")
async def test_time_never_goes_back_and_counts_no_suspension_twice(sleeper):
    clock = SystemClock()
    sleeper.asleep = 100
    before = clock.monotonic()
    for sleeper.gap in (5.0, 0.0, 50.0, 0.0):
        after = clock.monotonic()
        assert before <= after < before + 1
        before = after


async def test_without_a_suspension_it_is_the_loops_own_time():
    clock = SystemClock()
    first, loop = clock.monotonic(), asyncio.get_running_loop().time()
    await clock.sleep(0)
    assert clock.monotonic() - first < asyncio.get_running_loop().time() - loop + 1
