import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from nagorik.clock import Deadline
from nagorik_testing import FlowingClock, SimulatedClock
from nagorik_testing.simulator.clock import OrderlyClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_clock_stands_still_until_it_is_advanced():
    clock = SimulatedClock(NOON)
    assert clock.now() == NOON
    assert clock.advance(90) == NOON + timedelta(seconds=90)
    assert clock.advance(timedelta(days=1)) == NOON + timedelta(days=1, seconds=90)
    assert clock.monotonic() == 86490.0


async def test_sleep_advances_the_clock_at_once():
    clock = SimulatedClock(NOON)
    await clock.sleep(3600)
    assert clock.now() == NOON + timedelta(hours=1)


async def test_sleeps_of_two_tasks_overlap():
    clock = SimulatedClock(NOON)
    await asyncio.gather(clock.sleep(5), clock.sleep(10))
    assert clock.monotonic() == 10.0


async def test_sleeping_what_is_left_reaches_a_deadline():
    clock = SimulatedClock(NOON)
    clock.advance(0.3)
    deadline = Deadline.after(0.1234567, clock)
    await clock.sleep(deadline.remaining())
    assert deadline.remaining() == 0.0


def test_setting_back_turns_the_calendar_and_not_the_monotonic_time():
    clock = SimulatedClock(NOON)
    clock.advance(10)
    assert clock.set(NOON) == NOON
    assert clock.monotonic() == 10.0
    clock.set(NOON + timedelta(seconds=5))
    assert clock.monotonic() == 15.0


def test_naive_instants_and_negative_durations_are_refused():
    with pytest.raises(ValueError, match="offset from UTC"):
        SimulatedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="zero or more"):
        SimulatedClock().advance(-1)


def test_flowing_clock_moves_at_its_speed_and_can_be_advanced():
    machine = 100.0
    clock = FlowingClock(NOON, speed=60, source=lambda: machine)
    machine = 102.0
    assert clock.now() == NOON + timedelta(minutes=2)
    clock.advance(30)
    assert clock.monotonic() == 150.0


async def test_orderly_clock_wakes_one_after_another_and_gives_each_its_turn():
    clock, told = OrderlyClock(NOON), []

    async def sleeper(name, seconds):
        await clock.sleep(seconds)
        for _ in range(5):
            await asyncio.sleep(0)
        told.append((name, clock.elapsed().total_seconds()))
        await clock.sleep(1.5)
        told.append((name, clock.elapsed().total_seconds()))

    await asyncio.gather(sleeper("late", 3), sleeper("early", 1), sleeper("as early", 1))
    assert told == [("early", 1), ("as early", 1), ("early", 2.5), ("as early", 2.5), ("late", 3), ("late", 4.5)]


async def test_orderly_clock_waits_for_nobody_who_was_cancelled():
    clock = OrderlyClock(NOON)
    gone = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    gone.cancel()
    await clock.sleep(2)
    assert clock.elapsed() == timedelta(seconds=2)
