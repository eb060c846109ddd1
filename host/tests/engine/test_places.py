"""What all workers hold of an agency's places is never more than it bears, and each has its share."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import event, insert, select, update

from nagorik.clock import Deadline
from nagorik_host.engine.affinity import AgencyAffinity, turns_of
from nagorik_host.engine.agencies import AgencyLimits, AgencyScheduler
from nagorik_host.engine.claim_batch import Need
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.engine.places import WorkerPlaces
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import places, workers
from nagorik_testing import SimulatedClock
from nagorik_testing.simulator.clock import OrderlyClock

STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["take", "take-lent", "end", "idle", "busy", "beat", "lost"])),
    min_size=1,
    max_size=25,
)


def worker(name, concurrency, clock):
    lease, bears = WorkerLease(name, LEASE, clock), {"wasa": concurrency}
    return WorkerPlaces(lease, AgencyAffinity(lease, bears), bears)


async def crew(database, number, concurrency, clock):
    """Workers that know of each other, in the order in which they come at the agency."""
    names, bears = [f"worker-{one}" for one in range(number)], {"wasa": concurrency}
    await database.run(lambda t: t.connection.execute(places.delete()))
    await database.run(lambda t: t.connection.execute(workers.delete()))
    leases = [WorkerLease(name, LEASE, clock) for name in names]
    for lease in leases:
        await database.run(partial(lease.register, name="one", keys=(), expiry=timedelta(days=1)))
    affinities = [AgencyAffinity(lease, bears) for lease in leases]
    for affinity in affinities:
        await database.run(affinity.refresh)
        affinity.note_load(0.0, 0.0)
    all_of_them = zip(leases, affinities, strict=True)
    return sorted(
        ((WorkerPlaces(lease, affinity, bears), affinity) for lease, affinity in all_of_them),
        key=lambda one: turns_of(one[0]._lease.worker, names, bears)["wasa"],
    )


def keep_busy(affinity, *, seconds):
    for second in range(1, seconds + 1):
        affinity.note_load(float(second), float(second))


async def acquire(database, one, wanted, *, lent=False):
    held = await database.run(lambda t: one.acquire(t, "wasa", wanted, lent=lent))
    one.note({"wasa": held})
    return held


async def rebalance(database, one, busy):
    one.note_kept(await database.run(lambda t: one.rebalance(t, busy)))


@pytest.mark.parametrize("concurrency", [1, 4, 7])
@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_calls_of_all_workers_are_never_more_than_the_agency_bears(database, concurrency, steps):
    await database.run(lambda t: t.connection.execute(places.delete()))
    clock = SimulatedClock()
    workers = [worker(f"worker-{number}", concurrency, clock) for number in range(3)]
    for who, what in steps:
        one = workers[who]
        if what.startswith("take"):
            await acquire(database, one, 3, lent=what == "take-lent")
            while one.free("wasa"):
                one.use("wasa")
        elif what == "end" and one.used("wasa"):
            one.release("wasa")
        elif what in {"idle", "busy"}:
            await rebalance(database, one, {"wasa"} if what == "busy" else ())
        elif what == "beat":
            await database.run(one.renew)
        elif what == "lost":
            # It is not heard of any more, and its calls have ended with it.
            workers[who] = worker(f"another-{who}-{clock.now()}", concurrency, clock)
            await database.run(one.forget)
        assert sum(each.used("wasa") for each in workers) <= concurrency
        living = select(places.c.held).where(places.c.held_until > clock.now())
        assert sum(await database.run(lambda t, q=living: t.connection.scalars(q).all())) <= concurrency


async def test_worker_that_looks_after_an_agency_of_many_places_leaves_one_to_others(database):
    clock = SimulatedClock()
    first, second = worker("first", 32, clock), worker("second", 32, clock)
    await acquire(database, first, 40)
    first.use("wasa", 32)
    assert await acquire(database, second, 9) == 0
    first.release("wasa")
    await rebalance(database, first, {"wasa"})
    assert first.may_go_on("wasa")
    assert await acquire(database, second, 9, lent=True) == 1
    second.use("wasa")
    # It stands still from now on: the place that others have is theirs, and it has no more than it had.
    assert await acquire(database, second, 9, lent=True) == 1
    assert await acquire(database, first, 40, lent=True) == 31


async def test_worker_that_comes_later_gets_its_share_of_what_an_overloaded_one_had_been_lent(database):
    (first, its_load), (second, _) = await crew(database, 2, 4, SimulatedClock())
    keep_busy(its_load, seconds=2)
    await acquire(database, first, 9)
    assert await acquire(database, first, 9, lent=True) == 4
    for _ in range(4):
        first.use("wasa")
    assert await acquire(database, second, 9) == 0
    await rebalance(database, first, {"wasa"})
    # What is in use is not taken away, and not used again either.
    assert not first.may_go_on("wasa")
    for _ in range(2):
        first.release("wasa")
    assert first.free("wasa") == 0
    await rebalance(database, first, {"wasa"})
    assert await acquire(database, second, 9) == 2
    assert first.may_go_on("wasa")


async def test_an_agency_is_shared_with_no_more_workers_than_are_kept_busy_by_it(database):
    """What few do costs less than what all do a part of: each commit has more in it."""
    (first, one), (second, two), (third, _), (fourth, _) = await crew(database, 4, 16, SimulatedClock())
    all_of_them = (first, second, third, fourth)

    async def settle():
        """Everybody has more to do than there are places, and each of its calls ends now and then."""
        for _ in range(4):
            for worker in all_of_them:
                await acquire(database, worker, 20, lent=True)
                await rebalance(database, worker, {"wasa"})
                while worker.free("wasa"):
                    worker.use("wasa")
                while not worker.may_go_on("wasa"):
                    worker.release("wasa")
        return [worker.held("wasa") for worker in all_of_them]

    assert await settle() == [16, 0, 0, 0]
    keep_busy(one, seconds=2)
    assert await settle() == [8, 8, 0, 0]
    one.note_load(2.7, 3.0)
    assert await settle() == [8, 8, 0, 0]
    keep_busy(two, seconds=2)
    assert (await settle())[:2] == [8, 6]
    one.note_load(3.7, 4.0)
    one.note_load(4.7, 5.0)
    assert (await settle())[:2] == [6, 6]
    assert sum(await settle()) == 16


async def test_worker_whose_places_others_have_taken_goes_on_with_none_of_them(database):
    clock = SimulatedClock()
    late, other = worker("late", 4, clock), worker("other", 4, clock)
    await acquire(database, late, 4)
    late.use("wasa", 4)
    clock.advance(LEASE)
    assert await acquire(database, other, 4, lent=True) == 4
    assert await acquire(database, late, 4) == 0
    assert not late.may_go_on("wasa")


async def test_places_of_a_worker_that_is_lost_are_anybodys_when_its_lease_has_run_out(database):
    clock = SimulatedClock()
    lost, other = worker("lost", 4, clock), worker("other", 4, clock)
    await acquire(database, lost, 4)
    clock.advance(LEASE - timedelta(seconds=1))
    assert await acquire(database, other, 4) == 0
    clock.advance(timedelta(seconds=1))
    assert await acquire(database, other, 4, lent=True) == 4
    # It was only asleep: what others have taken stays theirs.
    await database.run(lost.renew)
    assert await acquire(database, lost, 4) == 0


async def test_places_that_are_held_for_longer_than_any_lease_are_anybodys(database):
    """Somebody wrote into the rows, or the database's clock was set back since."""
    clock, in_years = SimulatedClock(), datetime(2099, 1, 1, tzinfo=UTC)
    gone, other = worker("gone", 4, clock), worker("other", 4, clock)
    register = partial(WorkerLease("gone", LEASE, clock).register, name="gone", keys=["k"], expiry=timedelta(days=1))
    await database.run(register)
    await acquire(database, gone, 4)
    await database.run(lambda t: t.connection.execute(update(places).values(held_until=in_years)))
    await database.run(lambda t: t.connection.execute(update(workers).values(beat_at=in_years)))
    assert await acquire(database, other, 4) == 4
    another = WorkerLease("other", LEASE, clock)
    await database.run(partial(another.register, name="other", keys=["k"], expiry=timedelta(days=1)))
    assert await database.run(lambda t: t.connection.scalars(select(workers.c.id)).all()) == ["other"]


async def test_places_beyond_what_a_lease_can_be_keep_no_agency_from_being_called(world, ready_url):
    in_hours = world.machine.now() + timedelta(hours=20)
    ghosts = [
        {"plugin": name, "worker": "ghost", "held": 999_999, "wanted": 0, "held_until": in_hours}
        for name in world.simulators
    ]
    async with world.host(ready_url) as host:
        application = await world.apply(host)
        await host.database.run(lambda t: t.connection.execute(insert(places), ghosts))
        await world.carry(host.worker())
        assert (await host.track(application)).progress.state == "closed"


async def test_worker_without_work_gives_its_places_back(database):
    clock = SimulatedClock()
    idle, other = worker("idle", 4, clock), worker("other", 4, clock)
    await acquire(database, idle, 4)
    await rebalance(database, idle, ())
    assert idle.is_empty
    assert await acquire(database, other, 4) > 0


async def test_worker_that_uses_its_share_asks_for_no_more_before_others_places_may_be_lent(database):
    clock = SimulatedClock()
    first, second = worker("first", 4, clock), worker("second", 4, clock)
    assert first.most("wasa", held=0, lent=False) == 4
    await acquire(database, second, 1)
    await acquire(database, first, 9)
    held = first.held("wasa")
    assert 0 < held < 4
    first.use("wasa", held - 1)
    assert first.most("wasa", held=held, lent=False) == 1
    first.use("wasa")
    assert first.most("wasa", held=held, lent=False) == 0
    assert first.most("wasa", held=held, lent=True) == 4 - held


async def test_worker_that_waits_for_an_agencys_row_has_none_that_another_could_wait_for(world, ready_postgresql):
    """Two workers that need the same agencies lock them in one order, in whichever they came to need them."""
    needs = {"nid": Need(1), "cashdesk": Need(1)}
    lock = "SELECT 1 FROM agencies WHERE plugin = $1 FOR UPDATE NOWAIT"
    async with world.host(ready_postgresql) as host, AsyncExitStack() as stack:
        one = host.worker()
        await one._poller._offers.ensure_rows()
        others = [await host.database._own_connection() for _ in range(3)]
        for other in others:
            stack.push_async_callback(other.close)
        async with others[0].transaction():
            await others[0].execute(lock, "cashdesk")
            granting = asyncio.create_task(
                host.database.run(partial(one._poller._offers.grant, needs=needs, lent=True))
            )
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not (granting.done() or await others[1].fetchval(waiting)):  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0)
            async with others[2].transaction():
                await others[2].execute(lock, "nid")
        granted = await granting
        assert {name: one.taken.number for name, one in granted.items()} == {"cashdesk": 1, "nid": 1}


async def test_heartbeat_that_waits_for_a_place_has_none_that_a_grant_could_wait_for(world, ready_postgresql):
    """Both go through the agencies in one order, in whichever their places were taken."""
    change = "UPDATE places SET wanted = 1 WHERE plugin = $1"
    async with world.host(ready_postgresql) as host, AsyncExitStack() as stack:
        one = host.worker()._poller._places
        for name in ("nid", "cashdesk"):
            await host.database.run(partial(one.acquire, plugin=name, wanted=1, lent=True))
        granting, looking = [await host.database._own_connection() for _ in range(2)]
        for other in (granting, looking):
            stack.push_async_callback(other.close)
        async with granting.transaction():
            await granting.execute(change, "cashdesk")
            renewing = asyncio.create_task(host.database.run(one.renew))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not (renewing.done() or await looking.fetchval(waiting)):  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0)
            await granting.execute("SET LOCAL lock_timeout = 1")
            await granting.execute(change, "nid")
        await renewing


async def test_worker_that_waits_for_places_locks_no_agencys_row_again(world, ready_postgresql):
    """Who has said that it has use for more looks, and asks again when there are some to be had."""
    world.street.close("nid")
    sent = []

    def note(connection, cursor, statement, *_):
        sent.append(statement)

    async with world.host(ready_postgresql) as host, world.host(ready_postgresql) as other:
        bears = host.worker()._concurrency["nid"]
        for number in range(bears + 2):
            await world.apply(host, number)
        first, second = host.worker(), other.worker()
        await first.poll()
        assert len(first.in_hand) == bears
        await second.poll()
        assert second.in_hand == ()
        engine = other.database._engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        for _ in range(3):
            await second.poll()
        assert sent
        assert not [
            one for one in sent if one.startswith("UPDATE places") or ("FROM agencies" in one and "FOR UPDATE" in one)
        ]
        world.street.open("nid")
        await world.carry(first)
        await world.carry(second)
        event.remove(engine, "before_cursor_execute", note)
    assert world.effects("nid", "application") == bears + 2


@pytest.mark.parametrize("per_second", [2, 30, 400])
async def test_no_second_sees_more_than_the_rate_however_many_processes_take_instants_ahead(database, per_second):
    """Requests wait in the memory of three processes, each of which takes instants for those of its own."""
    clock = OrderlyClock()
    limiters = [SharedRateLimiter(database, clock) for _ in range(3)]
    sent = []

    async def caller(limiter):
        for _ in range(max(2, per_second // 8)):
            await limiter.acquire("wasa", per_second, Deadline.after(600, clock))
            sent.append(clock.monotonic())

    await asyncio.gather(*(caller(limiters[number % 3]) for number in range(9)))
    sent.sort()
    assert all(later - one >= 1 - 1e-6 for one, later in zip(sent, sent[per_second:], strict=False))


async def test_request_that_is_given_up_leaves_its_turn_to_the_next(database):
    clock = OrderlyClock()
    limiter = SharedRateLimiter(database, clock)
    calls = [asyncio.create_task(limiter.acquire("wasa", 2, Deadline.after(600, clock))) for _ in range(6)]
    await asyncio.sleep(0)
    calls[0].cancel()
    calls[2].cancel()
    await asyncio.gather(*calls[1:2], *calls[3:])
    for cancelled in (calls[0], calls[2]):
        with suppress(asyncio.CancelledError):
            await cancelled
    assert limiter.pace("wasa", 2)._waiting == type(limiter.pace("wasa", 2)._waiting)()


@pytest.mark.parametrize(("bears", "held"), [(1, 1), (4, 4), (31, 31), (32, 31), (64, 63)])
async def test_one_place_of_many_is_kept_for_whoever_stands_by_and_none_of_few(database, bears, held):
    clock = SimulatedClock()
    first, second = worker("first", bears, clock), worker("second", bears, clock)
    await acquire(database, second, 0)
    await database.run(partial(second._lease.register, name="second", keys=["k"], expiry=timedelta(days=1)))
    await acquire(database, first, bears)
    assert await acquire(database, first, bears, lent=True) == held
    assert await acquire(database, second, bears, lent=True) == bears - held


async def test_of_all_that_stand_by_one_says_that_there_is_too_few(database):
    """How many look costs an agency's row nothing."""
    clock = SimulatedClock()
    agencies = AgencyScheduler({"wasa": AgencyLimits(per_second=5, concurrency=2)})
    await database.run(lambda t: agencies.ensure_rows(t, ["wasa"], clock.now()))
    workers = [worker(f"worker-{number}", 2, clock) for number in range(3)]
    wanting = []
    for one in workers:
        states = partial(agencies.queue_states, plugins=["wasa"], now=clock.now(), lease_now=clock.now())
        (state,) = await database.run(partial(states, worker=one._lease.worker))
        wanting.append((state.held_by_all, state.others_wanting))
        await acquire(database, one, 3, lent=True)
    assert wanting == [(0, 0), (2, 1), (2, 2)]
