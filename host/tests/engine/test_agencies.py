"""An agency's time is handed out once, however many processes ask for it."""

import json
from datetime import timedelta
from functools import partial
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import update

from nagorik import (
    AgencyUnavailable,
    CredentialsRejected,
)
from nagorik.errors import CredentialProblem, Layer
from nagorik_host.engine.affinity import AgencyAffinity
from nagorik_host.engine.agencies import AgencyLimits, AgencyScheduler
from nagorik_host.engine.claim_batch import ClaimBatch, Need
from nagorik_host.engine.instants import HORIZON, interval_of, row_of, take_instants
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.offers import Offers
from nagorik_host.engine.outage import OutageRetry
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.queues import SuspendedOffers
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.reach import FAILURES_OF_AN_OUTAGE
from nagorik_host.store.schema import agencies
from nagorik_platform.lifecycle import CallFailed
from nagorik_testing import SimulatedClock

# One agency is asked by one example: an `id()` may be given twice, and the agency's time would be taken already.
AGENCIES = count()
REFUSED = CallFailed(CredentialsRejected(CredentialProblem.WRONG))
ASKED = st.lists(st.tuples(st.integers(1, 6), st.floats(0, 3, allow_nan=False)), min_size=1, max_size=12)


def instants(taken, interval):
    return [taken.first + number * interval for number in range(taken.number)]


@pytest.mark.parametrize("per_second", [0.2, 5, 300])
@given(asked=ASKED)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_two_calls_have_the_same_time(database, per_second, asked):
    clock, interval = SimulatedClock(), interval_of(per_second)
    name = f"agency-{next(AGENCIES)}"
    slots = []
    for wanted, later in asked:
        now = clock.advance(later)
        taken = await database.run(lambda t, now=now, wanted=wanted: take_instants(t, name, wanted, interval, now))
        assert taken.number <= wanted
        assert taken.now == now
        found = instants(taken, interval)
        assert all(now <= at < now + HORIZON for at in found)
        # As many as there is time for.
        assert taken.number == wanted or taken.first + taken.number * interval >= now + HORIZON
        slots += found
    assert all(later - earlier >= interval for earlier, later in pairwise(slots))


async def test_slow_agency_is_called_at_once_when_it_is_free(database):
    clock, interval = SimulatedClock(), interval_of(0.1)

    async def take(later):
        now = clock.now() + timedelta(seconds=later)
        return instants(await database.run(lambda t: take_instants(t, "slow", 3, interval, now)), interval)

    assert await take(0) == [clock.now()]
    assert await take(5) == []
    assert await take(10) == [clock.now() + interval]


async def test_instants_are_of_the_databases_own_clock(database):
    """Whatever the process's own clock says: one that is an hour ahead takes nothing of an hour from now."""
    interval = interval_of(5)
    first = await database.run(lambda t: take_instants(t, "wasa", 2, interval, None))
    then = await database.run(lambda t: take_instants(t, "wasa", 9, interval, None))
    assert first.number == 2
    assert then.first == first.first + 2 * interval
    assert then.first + (then.number - 1) * interval < then.now + HORIZON


async def test_one_that_was_late_takes_no_more_than_a_moment_ahead_of_others(database):
    clock, interval = SimulatedClock(), interval_of(5)
    now, ahead = clock.now(), timedelta(seconds=1)
    await database.run(lambda t: take_instants(t, "wasa", 1, interval, now, lead=ahead, stretch=ahead))
    later = await database.run(lambda t: take_instants(t, "wasa", 1, interval, now))
    assert later.number == 0
    assert later.first == now + 2 * ahead + interval


async def test_agency_is_not_left_alone_for_a_probe_that_there_was_no_time_for(database):
    """One that can bear a call every two seconds, whose next instant is beyond the horizon."""
    name, clock = "agency-slow-and-away", SimulatedClock()
    limits = AgencyLimits(per_second=0.5, concurrency=2)
    scheduler, bears = AgencyScheduler({name: limits}), {name: 2}
    lease = WorkerLease("w-1", timedelta(minutes=1), clock)
    failed = CallFailed(AgencyUnavailable(because="connect-timeout"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    held = WorkerPlaces(lease, AgencyAffinity(lease, bears), bears)
    offers = Offers(scheduler, pace=None, places=held, retry=None, clock=clock)
    grant = partial(offers.grant, needs={name: Need(1, is_probe=True)}, lent=True)
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    await database.run(lambda t: take_instants(t, name, 1, limits.interval, clock.now()))
    granted = (await database.run(grant))[name]
    assert granted.taken.number == 0
    assert (await database.run(partial(row_of, plugin=name, now=None))).probe_at == clock.now()
    clock.advance(limits.interval)
    assert (await database.run(grant))[name].taken.number == 1
    assert (await database.run(partial(row_of, plugin=name, now=None))).probe_at > clock.now()


async def test_probe_that_was_not_used_can_be_made_by_the_next_with_the_agencys_time_for_it(database):
    """Or an agency that bears a call every ten seconds would be found to be back ten seconds later for each time."""
    name, clock = "agency-slow-and-hinted", SimulatedClock()
    limits = AgencyLimits(per_second=0.1, concurrency=1)
    scheduler, bears = AgencyScheduler({name: limits}), {name: 1}
    lease = WorkerLease("w-1", timedelta(minutes=1), clock)
    failed = CallFailed(AgencyUnavailable(because="connect-timeout"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    row = await database.run(partial(row_of, plugin=name, now=None))
    clock.set(row.probe_at)
    offers = Offers(
        scheduler,
        pace=partial(SharedRateLimiter(database, clock).pace, per_second=limits.per_second),
        places=WorkerPlaces(lease, AgencyAffinity(lease, bears), bears),
        retry=OutageRetry(database, lease, "one", WorkerObserver()),
        clock=clock,
    )

    async def offered():
        batch = ClaimBatch(SuspendedOffers())
        batch.needs[name] = Need(1, is_probe=True)
        return (await offers.take(batch, lent=True)).get(name)

    for _ in range(2):
        offer = await offered()
        assert offer is not None
        assert offer.is_probe
        assert [slot.at for slot in offer.slots] == [clock.now()]
        await offers.give_back(name, offer, 0)
    # One that is made has its time for itself.
    await offers.give_back(name, await offered(), 1)
    assert await offered() is None


HELD_BACK = CallFailed(CredentialsRejected(CredentialProblem.WRONG, layer=Layer.CORE))


DAMAGED = json.dumps(dict.fromkeys(("agency-behind-damaged", "agency-left-damaged-False"), "�"))
OTHERS = [("living", True), ("dead", False), ("refused", False), ("same", False), ("none", False), ("damaged", False)]


async def test_probe_is_awaited_for_as_long_as_there_is_no_instant_for_it(database):
    """Whoever looked when it fell due would find nothing to be done, and look again and again."""
    clock, name, interval = SimulatedClock(), f"agency-{next(AGENCIES)}", interval_of(0.1)
    scheduler = AgencyScheduler({name: AgencyLimits(per_second=0.1, concurrency=4)})
    failed = CallFailed(AgencyUnavailable(because="connection-refused"))
    for _ in range(FAILURES_OF_AN_OUTAGE):
        await database.run(partial(scheduler.health.learn, plugin=name, outcome=failed, now=clock.now()))
    await database.run(lambda t: scheduler.health.give_back_probe(t, name, clock.now()))
    due = update(agencies).where(agencies.c.plugin == name).values(probe_at=clock.now(), paced_to=clock.now())
    await database.run(lambda t: t.connection.execute(due))
    (state,) = await database.run(lambda t: scheduler.queue_states(t, [name], clock.now()))
    assert (state.is_down, state.free_at) == (True, clock.now())
    taken = await database.run(lambda t: take_instants(t, name, 1, interval, clock.now()))
    assert taken.number == 1
    (state,) = await database.run(lambda t: scheduler.queue_states(t, [name], clock.now()))
    assert clock.now() < state.free_at <= clock.now() + interval
