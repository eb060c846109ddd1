"""What an agency can bear is never exceeded, and nobody waits for it past a deadline."""

import asyncio

import pytest
from hypothesis import given, strategies as st

from nagorik.agency_client.limits import RateLimiter
from nagorik.errors import AgencyUnavailable, RateLimited
from nagorik.operations import Idempotency


@given(
    st.floats(min_value=0.1, max_value=1000),
    st.integers(min_value=1, max_value=50),
    st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=120),
)
def test_no_stretch_of_time_sees_more_starts_than_burst_and_rate_allow(per_second, burst, gaps):
    limiter, now, starts = RateLimiter(per_second, burst), 0.0, []
    for gap in gaps:
        now += gap
        starts.append(now + limiter.reserve(now))
    assert starts == sorted(starts)
    for first in range(0, len(starts), 7):
        for last in range(first, len(starts)):
            allowed = burst + (starts[last] - starts[first]) * per_second
            assert last - first + 1 <= allowed + 1e-6 * max(1, allowed)


@given(st.floats(min_value=0.1, max_value=1000), st.integers(min_value=1, max_value=50), st.floats(0, 1e6))
def test_an_idle_limiter_lets_a_burst_through_at_once(per_second, burst, now):
    limiter = RateLimiter(per_second, burst)
    assert [limiter.reserve(now) for _ in range(burst)] == pytest.approx([0.0] * burst, abs=1e-6)
    assert limiter.wait(now) == pytest.approx(1 / per_second, rel=1e-3, abs=1e-6)


async def test_calls_are_paced_on_the_platforms_clock(world):
    client = world.client(manifest={"limits": {"per_second": 2}})
    world.agency.for_ever(world.filed)
    for _ in range(6):
        await world.ask(world.bind(client=client))
    assert world.clock.elapsed == pytest.approx(2.0)


async def test_a_pace_that_passes_the_deadline_is_not_waited_for(world):
    client = world.client(manifest={"limits": {"per_second": 0.1}})
    world.agency.for_ever(world.filed)
    await world.ask(world.bind(client=client))
    http = world.bind(Idempotency.NONE, client=client, seconds=5)
    with pytest.raises(RateLimited) as caught:
        await world.ask(http, Idempotency.NONE)
    assert caught.value.retry_after == pytest.approx(10)
    assert (world.clock.elapsed, http.ledger.requests) == (0, 0)


async def test_no_more_calls_are_in_flight_than_the_agency_bears(world):
    client = world.client(manifest={"limits": {"concurrency": 3, "per_second": 1000}})
    flying, most = 0, 0

    async def slow(_request):
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        flying -= 1
        return world.filed()

    world.agency.for_ever(lambda: slow)
    await asyncio.gather(*(world.ask(world.bind(client=client)) for _ in range(20)))
    assert (most, len(world.agency.requests)) == (3, 20)


async def test_a_queue_is_left_at_the_deadline_with_nothing_sent(world):
    client = world.client(manifest={"limits": {"concurrency": 1, "per_second": 1000}})
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(_request):
        arrived.set()
        await go.wait()
        return world.filed()

    world.agency.for_ever(lambda: slow)
    first = asyncio.create_task(world.ask(world.bind(client=client)))
    await arrived.wait()
    http = world.bind(Idempotency.NONE, client=client, seconds=0.02)
    with pytest.raises(AgencyUnavailable) as caught:
        await world.ask(http, Idempotency.NONE)
    assert (caught.value.because, http.ledger.requests) == ("queue-full", 0)
    go.set()
    await first
    await world.ask(world.bind(client=client))


async def test_a_place_is_free_while_a_call_waits_for_its_next_attempt(world):
    client = world.client(manifest={"limits": {"concurrency": 1, "per_second": 1000}})
    seen = []

    class Peeking(type(world.clock)):
        async def sleep(self, seconds):
            seen.append(client._equipment.gate._slots.locked())
            await super().sleep(seconds)

    client = world.client(manifest={"limits": {"concurrency": 1, "per_second": 1000}}, clock=Peeking())
    import httpx

    world.agency.will(httpx.ConnectError("x"), world.filed())
    await world.ask(world.bind(client=client))
    assert seen == [False]
