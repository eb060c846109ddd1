"""An agency's time is handed out once, however many processes ask for it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from nagorik_host.engine.agencies import HORIZON, AgencyLimits, AgencyScheduler
from nagorik_testing import SimulatedClock

ASKED = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6), st.floats(0, 3, allow_nan=False)), min_size=1, max_size=12
)


@pytest.mark.parametrize("per_second", [0.2, 5, 300])
@given(asked=ASKED)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_two_calls_have_the_same_time(database, per_second, asked):
    clock = SimulatedClock()
    limits = AgencyLimits(per_second=per_second, concurrency=4)
    name = f"agency-{id(asked)}-{per_second}"
    processes = [AgencyScheduler({name: limits}), AgencyScheduler({name: limits})]
    slots = []
    for who, wanted, later in asked:
        now = clock.advance(later)

        def unit(transaction, agency=processes[who], wanted=wanted, now=now):
            if wanted == 0:
                slot = agency.reserve_one(transaction, name, now)
                return [] if slot is None else [slot]
            granted = agency.available(transaction, name, wanted, now)
            assert granted <= wanted
            return agency.reserve(transaction, name, granted, now)

        found = await database.run(unit)
        assert all(now <= at < now + HORIZON or (found[0] == now and at == now) for at in found)
        slots += found
    interval = limits.interval
    assert all(later - earlier >= interval for earlier, later in pairwise(slots))


async def test_slow_agency_is_called_at_once_when_it_is_free(database):
    clock = SimulatedClock()
    agency = AgencyScheduler({"slow": AgencyLimits(per_second=0.1, concurrency=1)})
    assert await database.run(lambda t: agency.available(t, "slow", 3, clock.now())) == 1
    assert await database.run(lambda t: agency.reserve(t, "slow", 1, clock.now())) == [clock.now()]
    assert await database.run(lambda t: agency.available(t, "slow", 1, clock.now() + timedelta(seconds=5))) == 0
    assert await database.run(lambda t: agency.available(t, "slow", 1, clock.now() + timedelta(seconds=10))) == 1
