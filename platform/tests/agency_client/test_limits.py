"""What an agency can bear is never exceeded, and nobody waits for it past a deadline."""

import asyncio
from datetime import datetime
from itertools import cycle

import httpx
import pytest
from hypothesis import given, strategies as st

from nagorik.clock import Deadline
from nagorik.errors import AgencyUnavailable, RateLimited
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.limits import LocalRateLimiter


class LateClock:
    """Time that moves when something sleeps on it; whoever sleeps is woken late, by what the test says."""

    def __init__(self, lateness: list[float]) -> None:
        self.time = 0.0
        self._lateness = cycle(lateness)

    def now(self) -> datetime:
        raise AssertionError("a pace is kept on the monotonic scale")

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        due = self.time + seconds + next(self._lateness)
        await asyncio.sleep(0)
        self.time = max(self.time, due)


@given(
    st.one_of(st.floats(0.1, 40), st.integers(1, 40)),
    st.lists(st.floats(min_value=0, max_value=1.5), min_size=1, max_size=60),
    st.lists(st.floats(min_value=0, max_value=0.5), min_size=1, max_size=9),
)
async def test_no_second_sees_more_starts_than_the_rate(per_second, gaps, lateness):
    clock = LateClock(lateness)
    pace, starts = LocalRateLimiter(clock), []

    async def start() -> None:
        await pace.acquire("wasa", per_second, Deadline.after(10_000, clock))
        starts.append(clock.time)

    tasks = []
    for gap in gaps:
        clock.time += gap
        tasks.append(asyncio.create_task(start()))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    requests, seconds = max(1, int(per_second)), max(1.0, 1 / per_second)
    starts.sort()
    assert len(starts) == len(gaps)
    for one, further in zip(starts, starts[requests:], strict=False):
        assert further - one >= seconds - 1e-6


@given(st.integers(1, 50))
async def test_an_idle_agency_gets_a_seconds_worth_at_once(per_second):
    clock = LateClock([0.0])
    pace = LocalRateLimiter(clock)
    for _ in range(per_second):
        await pace.acquire("wasa", per_second, Deadline.after(10, clock))
    assert clock.time == 0
    await pace.acquire("wasa", per_second, Deadline.after(10, clock))
    assert clock.time == 1


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


async def test_every_request_of_a_call_asks_the_hosts_pace(world):
    asked = []

    class Shared:
        async def acquire(self, plugin, per_second, deadline):
            asked.append((plugin, per_second, deadline.remaining()))

    client = world.client(manifest={"limits": {"per_second": 2}}, rate_limiter=Shared())
    world.agency.will(httpx.Response(503), world.filed(), world.filed())
    http = world.bind(client=client)
    await world.ask(http)
    await world.ask(http)
    assert len(asked) == len(world.agency.requests) == 3
    assert {(plugin, per_second) for plugin, per_second, _ in asked} == {("demo", 2)}
    assert all(remaining > 0 for _, _, remaining in asked)
