"""Workers share their agencies in turns: one looks after each, and what it leaves due is soon another's."""

import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import event, func, select, update

from nagorik_host.engine.affinity import BUSY, ENOUGH, LONGEST, STEP, UNSHARED, AgencyAffinity, turns_of
from nagorik_host.engine.leases import WorkerLease
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import IN_QUEUE, applications, workers
from nagorik_testing import SimulatedClock

WORKERS = st.sets(st.uuids().map(str), min_size=1, max_size=6)
AGENCIES = st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.integers(1, 64), min_size=1, max_size=12)
EXPIRY = timedelta(days=1)
STEPS = st.lists(
    st.tuples(st.sampled_from(["look", "apply", "wait", "gone", "come"]), st.integers(0, 2)), max_size=12
)


def all_turns(living, concurrency):
    return {worker: turns_of(worker, living, concurrency) for worker in living}


@given(living=WORKERS, concurrency=AGENCIES)
def test_each_agency_has_every_living_worker_once_in_its_order(living, concurrency):
    turns = all_turns(living, concurrency)
    for plugin in concurrency:
        assert sorted(turns[worker][plugin] for worker in living) == list(range(len(living)))


@given(living=WORKERS, concurrency=AGENCIES)
def test_no_worker_comes_first_at_much_more_than_its_share_of_the_places(living, concurrency):
    turns = all_turns(living, concurrency)
    firsts = Counter()
    for worker, at in turns.items():
        firsts[worker] += sum(concurrency[plugin] for plugin, turn in at.items() if turn == 0)
    total = sum(concurrency.values())
    share = max(total / len(living), min(total, ENOUGH))
    assert max(firsts.values()) <= share + max(concurrency.values())


@given(living=WORKERS)
def test_few_places_are_looked_after_by_one_worker_and_another_stands_by_for_all(living):
    concurrency = {"nid": 4, "land": 4, "brta": 4, "wasa": 4}
    turns = all_turns(living, concurrency)
    for turn in range(len(living)):
        assert len({worker for worker in living for at in turns[worker].values() if at == turn}) == 1


@given(living=WORKERS, concurrency=AGENCIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
async def test_whoever_lives_has_its_turn_within_the_bound(database, living, concurrency):
    """However many are written down that stand still or were killed: each goes by what is due and by nothing else."""
    clock = SimulatedClock()
    await database.run(lambda t: t.connection.execute(workers.delete()))
    affinities = [AgencyAffinity(WorkerLease(worker, LEASE, clock), concurrency) for worker in sorted(living)]
    leases = [WorkerLease(worker, LEASE, clock) for worker in sorted(living)]
    for lease in leases:
        await database.run(lambda t, lease=lease: lease.register(t, "one", keys=(), expiry=EXPIRY))
    for affinity in affinities:
        await database.run(affinity.refresh)
        assert affinity.living == len(living)
        assert all(affinity.patience(plugin) <= LONGEST for plugin in concurrency)
    for plugin in concurrency:
        assert sum(affinity.comes_first(plugin) for affinity in affinities) == 1
    # Only one is heard of from now on; when the others' leases have run out it comes first everywhere.
    clock.advance(LEASE)
    await database.run(lambda t: leases[0].renew(t, ()))
    await database.run(affinities[0].refresh)
    assert all(affinities[0].patience(plugin) == timedelta(0) for plugin in concurrency)


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=20_000)])
async def test_lease_that_ends_later_than_any_makes_nobody_a_living_worker(database, ahead):
    clock = SimulatedClock()
    too_late = update(workers).where(workers.c.id == "made-up").values(lease_until=clock.now() + ahead)
    leases = [WorkerLease(worker, LEASE, clock) for worker in ("made-up", "one")]
    for lease in leases:
        await database.run(lambda t, lease=lease: lease.register(t, lease.worker, keys=(), expiry=EXPIRY))
    await database.run(lambda t: t.connection.execute(too_late))
    affinity = AgencyAffinity(leases[1], {"nid": 4, "land": 4})
    await database.run(affinity.refresh)
    assert affinity.living == 1
    assert affinity.comes_first("nid")
    assert affinity.comes_first("land")


LIVING = [f"worker-{number}" for number in range(4)]


async def crew_of_four(database, clock):
    """One worker of four, with the agency that it looks after and one that another does."""
    await database.run(lambda t: t.connection.execute(workers.delete()))
    for name in LIVING:
        await database.run(partial(WorkerLease(name, LEASE, clock).register, name=name, keys=(), expiry=EXPIRY))
    concurrency = {f"agency-{number}": ENOUGH for number in range(8)}
    affinity = AgencyAffinity(WorkerLease(LIVING[0], LEASE, clock), concurrency)
    await database.run(affinity.refresh)
    own = next(plugin for plugin in concurrency if affinity.comes_first(plugin))
    others = next(plugin for plugin in concurrency if not affinity.comes_first(plugin))
    return affinity, own, others


async def test_worker_that_has_too_much_to_do_shares_its_agencies_with_one_more_each_second(database):
    affinity, own, others = await crew_of_four(database, SimulatedClock())
    seconds = [
        # What was used in one second, in parts of what is too much, and among how many the agency is shared then.
        (0.95, 1),
        (1.05, 1),  # a burst
        (0.95, 1),
        (1.05, 1),
        (1.05, 2),
        (0.6, 2),  # alone it would have too much to do again
        (1.05, 2),
        (1.05, 3),
        (0.7, 3),
        (0.66, 2),
        (0.59, 2),
        (0.58, 1),  # one can do it, since each commit has more in it then
        (1.05, 1),
        (1.05, 2),
        (1.05, 3),
        (1.05, 4),
        (1.05, 4),  # there are no more
        (0.0, 3),
        (0.0, 2),
        (0.0, 1),
        (0.0, 1),
    ]
    used, told = 5.0, []
    affinity.note_load(used, 10.0)
    for second, (part, _) in enumerate(seconds, start=11):
        used += part * BUSY
        affinity.note_load(used, float(second))
        told.append(affinity.sharers(own))
        # Whoever helps leaves as much to the one that it helps as it takes.
        assert affinity.sharers(others) == min(told[-1] + 1, len(LIVING))
    assert told == [number for _, number in seconds]


async def test_clock_that_stands_still_or_goes_back_says_nothing_of_the_load(database):
    affinity, own, _ = await crew_of_four(database, SimulatedClock())
    for elapsed in (10.0, 10.0, 9.0, 9.0, 8.0):
        affinity.note_load(5.0, elapsed)
        assert affinity.sharers(own) == 1


async def test_an_agency_is_shared_with_no_worker_that_has_ended(database):
    clock = SimulatedClock()
    affinity, own, others = await crew_of_four(database, clock)
    for second in range(9):
        affinity.note_load(float(second), float(second))
    assert affinity.sharers(own) == len(LIVING)
    await database.run(lambda t: t.connection.execute(workers.delete()))
    await database.run(affinity.refresh)
    assert (affinity.sharers(own), affinity.sharers(others)) == (1, 1)


@pytest.mark.parametrize("work", [0.9, 0.97, 1.05, 1.3, 1.62, 1.7, 2.5, 3.3])
async def test_constant_work_is_shared_among_as_many_in_the_end(database, work):
    """Worked off by one, it would keep so much of a processor busy; shared by several, a sixth more."""
    affinity, own, _ = await crew_of_four(database, SimulatedClock())
    used, told = 0.0, []
    for second in range(40):
        affinity.note_load(used, float(second))
        sharers = affinity.sharers(own)
        told.append(sharers)
        used += min(1.0, work / sharers / (UNSHARED if sharers > 1 else 1.0))
    assert len(set(told[-20:])) == 1


@given(loads=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 5)), max_size=30))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_agency_is_shared_among_the_workers_there_are_whatever_the_clocks_say(database, loads):
    affinity, own, _ = await crew_of_four(database, SimulatedClock())
    used = elapsed = 0.0
    for more_used, passed in loads:
        used, elapsed = used + more_used, elapsed + passed
        affinity.note_load(used, elapsed)
        assert 1 <= affinity.sharers(own) <= len(LIVING)


class Crew:
    """Workers of one database, each of which stands still for as long as nobody lets it look."""

    def __init__(self, world, hosts):
        self.world, self.host = world, hosts[0]
        self.numbers = count(10)
        self.workers = [host.worker(f"worker-{number}") for number, host in enumerate(hosts)]

    async def register(self):
        for worker in self.workers:
            await self.host.database.run(worker._housekeeping.register)
        # Each sees who else there is.
        for worker in self.workers:
            await worker.poll()

    def turn(self, worker, plugin="nid"):
        return worker.claims._affinity.patience(plugin) // STEP

    def in_turn(self):
        return sorted(self.workers, key=self.turn)

    async def done(self, worker):
        """Wait until a worker has nothing in hand."""
        while worker.in_hand:
            await asyncio.wait(set(worker._executor._in_flight))

    async def overdue(self):
        """How many applications have been due for longer than anybody leaves them to others."""
        query = select(func.count()).where(
            applications.c.due_at <= self.world.clock.now() - LONGEST,
            applications.c.target_plugin == "nid",
            IN_QUEUE,
            applications.c.lease.is_(None),
        )
        return await self.host.database.run(lambda t: t.connection.scalar(query))

    async def look(self, worker):
        """Let one look and carry out what it takes; how many applications these were."""
        before = len(self.world.street.calls)
        await worker.poll()
        await self.done(worker)
        return len(self.world.street.calls) - before


@asynccontextmanager
async def crew_of(world, url, number):
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(world.host(url)) for _ in range(number)]
        crew = Crew(world, hosts)
        await crew.register()
        yield crew


@pytest.fixture
async def crew(world, ready_url):
    async with crew_of(world, ready_url, 3) as crew:
        yield crew


@contextmanager
def statements(workers):
    """What each of these workers sends to its database meanwhile."""
    sent = {worker.id: [] for worker in workers}
    with ExitStack() as stack:
        for worker in workers:
            engine, to = worker._database._engine.sync_engine, sent[worker.id]

            def note(connection, cursor, statement, *_, to=to):
                to.append(statement)

            event.listen(engine, "before_cursor_execute", note)
            stack.callback(event.remove, engine, "before_cursor_execute", note)
        yield sent


async def test_what_the_first_leaves_due_is_the_next_ones_after_a_step_and_anybodys_after_two(crew, world):
    first, second, third = crew.in_turn()
    await world.apply(crew.host, 1)
    # The first is frozen, or was killed: it never looks.
    assert await crew.look(second) == 0
    assert await crew.look(third) == 0
    world.clock.advance(STEP)
    assert await crew.look(third) == 0
    assert await crew.look(second) >= 1
    await world.apply(crew.host, 2)
    # And the second, too.
    world.clock.advance(LONGEST)
    assert await crew.look(third) >= 1
    await world.apply(crew.host, 3)
    # Whoever comes back goes on where it was.
    assert await crew.look(first) >= 1


async def test_idle_worker_that_comes_later_in_turn_is_told_when_its_turn_is(crew, world):
    _, second, _ = crew.in_turn()
    await world.apply(crew.host, 1)
    due = await crew.host.database.run(second.claims.next_due)
    assert due == world.clock.now() + STEP
    assert await crew.host.database.run(lambda t: second.claims.next_due(t, own=True)) is None


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
async def test_nothing_is_left_due_beyond_the_bound_by_whoever_looks(crew, world, steps):
    """Whatever workers live, die, stand still or come."""
    for what, who in [*steps, ("apply", 0), ("wait", 0), ("wait", 1), ("look", 2)]:
        worker = crew.workers[who]
        if what == "apply":
            await world.apply(crew.host, next(crew.numbers))
        elif what == "wait":
            world.clock.advance(STEP)
        elif what == "gone":
            await crew.host.database.run(worker._housekeeping.deregister)
        elif what == "come":
            await crew.host.database.run(worker._housekeeping.register)
        elif await crew.overdue() and not await crew.look(worker):
            # Whoever was lost had all places in use: they are free when its lease has run out.
            world.machine.advance(LEASE)
            await worker.heartbeat()
            assert await crew.look(worker) >= 1
        else:
            await crew.look(worker)


@pytest.mark.parametrize("number", [1, 2, 4])
async def test_worker_that_stands_by_costs_two_statements_a_scan_and_takes_nothing(world, ready_postgresql, number):
    async with crew_of(world, ready_postgresql, number) as crew:
        first, *others = crew.in_turn()
        with statements(crew.workers) as sent:
            for worker in crew.workers:
                await worker._scan(sweeps=False)
        assert {len(found) for found in sent.values()} == {2}
        await world.apply(crew.host, 1)
        with statements(others) as sent:
            for worker in others:
                await worker._scan(sweeps=False)
        assert [len(found) for found in sent.values()] == [2] * (number - 1)
        assert world.street.calls == []
        await first._scan(sweeps=False)
        await crew.done(first)
        assert world.street.calls


async def test_of_several_that_stand_by_two_at_most_ask_a_busy_agency_for_a_place(world, ready_postgresql):
    """While one holds what there is and two wait for it, what the others said would change nothing."""
    async with crew_of(world, ready_postgresql, 5) as crew:
        first, *others = crew.in_turn()
        world.street.close("nid")
        for number in range(1, 13):
            await world.apply(crew.host, number)
        await first.poll()
        world.clock.advance(LONGEST)
        with statements(crew.workers) as sent:
            for worker in others * 2:
                await worker._scan(sweeps=False)
        assert [sum("FOR UPDATE" in one for one in sent[worker.id]) for worker in others] == [1, 1, 0, 0]
        world.street.open("nid")
        await crew.done(first)
        await crew.done(others[0])


@contextmanager
def transactions(workers):
    """The statements of each transaction of these workers, in the order in which they end."""
    ended = []
    with ExitStack() as stack:
        for worker in workers:
            engine, open_ones = worker._database._engine.sync_engine, {}

            def note(connection, cursor, statement, *_, open_ones=open_ones):
                open_ones.setdefault(id(connection.connection.dbapi_connection), []).append(statement)

            def end(connection, *_, open_ones=open_ones):
                ended.append(open_ones.pop(id(connection.connection.dbapi_connection), []))

            for name, listener in (("before_cursor_execute", note), ("commit", end), ("rollback", end)):
                event.listen(engine, name, listener)
                stack.callback(event.remove, engine, name, listener)
        yield ended


async def test_nobody_holds_an_application_while_it_waits_for_an_agency_or_the_other_way_round(
    world, ready_postgresql
):
    """Where one transaction locks both, two can wait for each other; PostgreSQL then ends one of them."""
    async with crew_of(world, ready_postgresql, 2) as crew:
        first, second = crew.in_turn()
        with transactions(crew.workers) as ended:
            world.street.close("nid")
            for number in range(1, 9):
                await world.apply(crew.host, number)
            await first.poll()
            # The first is not heard of any more: the second has what it had in hand.
            world.machine.advance(LEASE)
            world.clock.advance(LEASE)
            await second.heartbeat()
            await second.poll()
            world.street.open("nid")
            await crew.done(second)
            await crew.done(first)
            await second.run_until_idle()
    locked = [
        {table for table in ("agencies", "applications") for one in sent if _locks(one, table)} for sent in ended
    ]
    assert {"agencies"} in locked
    assert {"applications"} in locked
    assert {"agencies", "applications"} not in locked


def _locks(statement, table):
    written = re.search(rf"\b(?:UPDATE|INSERT INTO|DELETE FROM) {table}\b", statement)
    return bool(written or (f"FROM {table}" in statement and "FOR UPDATE" in statement))
