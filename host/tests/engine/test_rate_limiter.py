"""No second of an agency's life sees more requests than it can bear, whoever sends them and however late."""

import asyncio
from datetime import timedelta
from itertools import count, cycle

import pytest
from host_world import FaultyDatabase
from hypothesis import HealthCheck, example, given, settings, strategies as st

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Deadline
from nagorik.errors import Layer
from nagorik_host.engine.health import HealthTracker
from nagorik_host.engine.pace import DATABASE_AWAY, HORIZON, LATE, interval_of
from nagorik_host.engine.rate_limiter import RESERVED, Reservation, SharedRateLimiter
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_platform.lifecycle import CallFailed
from nagorik_testing import SimulatedClock

# One agency is asked by one example: an `id()` may be given twice, and the agency's time would be taken already.
AGENCIES = count()


class LateClock(SimulatedClock):
    """Wakes sleepers late, by what the test says."""

    def __init__(self, lateness):
        super().__init__()
        self._lateness = cycle(lateness)

    async def sleep(self, seconds):
        await super().sleep(seconds + next(self._lateness))


async def one_of(database, clock, name, per_second):
    """An instant of an agency's time, taken as a worker does for a call, or none where there is none."""
    pace = SharedRateLimiter(database, clock).pace(name, per_second)
    return next(iter(await database.run(lambda t: pace.take_in(t, 1))), None)


def deadline(clock, seconds=100_000.0):
    return Deadline.after(seconds, clock)


@pytest.mark.parametrize("per_second", [0.3, 2.5, 5, 40])
@given(
    gaps=st.lists(st.floats(min_value=0, max_value=1.5), min_size=1, max_size=14),
    lateness=st.lists(st.floats(min_value=0, max_value=0.4), min_size=1, max_size=7),
)
@example(gaps=[1.0, 0.9, 1.0, 0.2, 0.0, 1.2, 0.7, 0.7, 1.4, 0.4, 0.4, 0.0, 0.05], lateness=[0.185])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_second_sees_more_requests_of_all_processes_than_the_rate(database, per_second, gaps, lateness):
    clock = LateClock(lateness)
    name = f"agency-{next(AGENCIES)}"
    limiters = cycle([SharedRateLimiter(database, clock), SharedRateLimiter(database, clock)])
    sent = []

    async def call(limiter, granted):
        """A call of two requests, the first of which may have an instant already."""
        RESERVED.set(Reservation(name, granted))
        for _ in range(2):
            await limiter.acquire(name, per_second, deadline(clock))
            sent.append(clock.monotonic())

    calls = []
    for number, gap in enumerate(gaps):
        clock.advance(gap)
        granted = None
        if number % 3:
            granted = await one_of(database, clock, name, per_second)
        calls.append(asyncio.create_task(call(next(limiters), granted)))
    await asyncio.gather(*calls)
    assert len(sent) == 2 * len(gaps)
    requests, seconds = max(1, int(per_second)), max(1.0, 1 / per_second)
    sent.sort()
    assert all(later - one >= seconds - 1e-9 for one, later in zip(sent, sent[requests:], strict=False))


@given(st.floats(0.01, 10_000))
def test_instants_leave_room_for_requests_that_are_late(per_second):
    requests, seconds = max(1, int(per_second)), max(1.0, 1 / per_second)
    assert requests * interval_of(per_second) >= timedelta(seconds=seconds) + LATE
    assert requests * interval_of(per_second) <= timedelta(seconds=seconds) + LATE + requests * timedelta.resolution


async def test_instant_past_the_deadline_is_not_waited_for_and_not_used_up(database):
    clock = SimulatedClock()
    limiter, began = SharedRateLimiter(database, clock), clock.now()
    await limiter.acquire("slow", 0.1, deadline(clock, 5))
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await limiter.acquire("slow", 0.1, deadline(clock, 5))
        assert caught.value.retry_after == pytest.approx((interval_of(0.1) - HORIZON).total_seconds(), abs=1e-5)
    assert (caught.value.layer, clock.now()) == (Layer.CORE, began)
    await limiter.acquire("slow", 0.1, deadline(clock, 11))
    assert clock.now() == began + interval_of(0.1)


async def test_nothing_is_sent_while_the_books_are_away_and_nothing_is_learnt_of_the_agency(database):
    async def gone():
        raise DatabaseUnavailable

    clock, away = SimulatedClock(), FaultyDatabase(database)
    away.before = gone
    with pytest.raises(AgencyUnavailable) as caught:
        await SharedRateLimiter(away, clock).acquire("wasa", 5, deadline(clock))
    assert (caught.value.because, caught.value.layer) == (DATABASE_AWAY, Layer.CORE)
    assert not HealthTracker({}).is_news("wasa", CallFailed(caught.value))


async def test_calls_outside_a_worker_keep_the_pace_of_all_processes(world, ready_url):
    async with world.host(ready_url) as one, world.host(ready_url) as other:
        for _ in range(5):
            await asyncio.gather(one.platform.check_health("nid"), other.platform.check_health("nid"))
    times = [seen.at for seen in world.simulators["nid"].ledger.requests()]
    assert len(times) >= 10
    assert all(later - one >= timedelta(seconds=1) for one, later in zip(times, times[5:], strict=False))
    assert times[-1] - times[0] >= (len(times) - 1) * interval_of(5) - LATE
