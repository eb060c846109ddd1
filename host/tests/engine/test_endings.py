"""However a worker ends, and whatever goes on beside: each application is carried out once, and no place is kept."""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.engine.claim_batch import ClaimBatch
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.schema import applications, places, workers
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

MANIFEST = """\
manifest_version = 1
id = "ferry"
requires_api = "1.0"
name = { en = "Ferries", bn = "ফেরি" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
limits = { concurrency = 1, per_second = 1000, deadline = 300 }

[[services]]
id = "ferry.pass"
name = { en = "A pass", bn = "একটি পাস" }
form = "forms:PassForm"
reads = ["status"]
writes = { submit = "none" }
"""
FORM = "from nagorik import Form\n\n\nclass PassForm(Form):\n    pass\n"
PLUGIN = """\
from nagorik import Accepted, AgencyStatus, ApplicationState, hookimpl

filed = []


async def wait():
    pass


def standing(context):
    return AgencyStatus(state=ApplicationState.REJECTED, raw="no", at=context.clock.now(), final=True)


@hookimpl
async def nagorik_submit(request, context):
    filed.append(request.client_reference)
    await wait()
    return Accepted(reference=request.client_reference, status=standing(context))


@hookimpl
async def nagorik_get_status(request, context):
    return standing(context)
"""


class Held:
    """Holds up who comes to it."""

    def __init__(self):
        self.reached, self.released = asyncio.Event(), asyncio.Event()

    async def wait(self):
        self.reached.set()
        await self.released.wait()


@asynccontextmanager
async def two_hosts(install, url, keyring, *names, concurrency=1):
    """Two hosts on one database, and the modules of the plugins; leases are counted on a clock of theirs."""
    named = names or ("ferry",)
    manifest = MANIFEST.replace("concurrency = 1", f"concurrency = {concurrency}")
    modules = [install(name, manifest.replace("ferry", name), FORM, PLUGIN) for name in named]
    machine = SimulatedClock()
    nowhere = PluginConfiguration(settings={"base_url": "http://127.0.0.1:1"}, egress=frozenset({"127.0.0.1"}))
    settings = PlatformSettings(
        plugins=dict.fromkeys(named, nowhere), admission=Admission(allow=frozenset(named)), clock=SimulatedClock()
    )
    async with (
        asyncio.timeout(20),
        open_host(url, keyring, settings, lease_clock=machine) as host,
        open_host(url, keyring, settings, lease_clock=machine) as other,
    ):
        yield host, other, *modules


async def hand_in(host, service="ferry.pass"):
    now = host.clock.now()
    consent = Consent(
        id="consent",
        service=service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(0),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    return await host.apply(ApplicationDraft(service=service, applicant=applicant, form={}, consent=consent))


async def count(host, table):
    return await host.database.run(lambda t: t.connection.scalar(select(func.count()).select_from(table)))


async def until_begun(host):
    """Wait for the first worker that registers."""
    while not await count(host, workers):  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)


async def at_work(host, ferry, stop=None, **bounds):
    """A worker that runs, and whose call is held up; the worker, its run, and what holds the call up."""
    held = Held()
    ferry.wait = held.wait
    await hand_in(host)
    worker = host.worker()
    running = asyncio.create_task(worker.run(stop or asyncio.Event(), **bounds))
    await held.reached.wait()
    return worker, running, held


async def leases(host):
    """The applications that somebody has in hand for some time yet."""
    taken = select(applications.c.id).where(applications.c.lease_until > host.lease_now())
    return await host.database.run(lambda t: set(t.connection.scalars(taken)))


def holding_up(host, monkeypatch, is_it):
    """What the database answers with is held up, the first time that ``is_it`` says so of a unit and its result."""
    held, run = Held(), host.database.run

    async def late(unit):
        result = await run(unit)
        if not held.reached.is_set() and is_it(unit, result):
            await held.wait()
        return result

    monkeypatch.setattr(host.database, "run", late)
    return held


async def test_what_is_taken_in_hand_as_the_worker_strikes_itself_off_is_left_to_others(
    install, ready_url, keyring, monkeypatch
):
    """A program looks for work beside its end: the commit was before the farewell, and its answer comes after."""
    async with two_hosts(install, ready_url, keyring, concurrency=2) as (host, other, ferry):
        stop = asyncio.Event()
        worker, running, calling = await at_work(host, ferry, stop)
        stop.set()
        late = holding_up(host, monkeypatch, lambda _, result: isinstance(result, ClaimBatch) and bool(result))
        await hand_in(other)
        polling = asyncio.create_task(worker.poll())
        await late.reached.wait()
        calling.released.set()
        await running
        late.released.set()
        await polling
        assert not worker.in_hand
        assert await leases(other) == set()
        assert len(ferry.filed) == 1


async def test_worker_that_runs_is_not_run_again_and_after_its_end_it_is(install, ready_url, keyring):
    async with two_hosts(install, ready_url, keyring) as (host, other, ferry):
        worker, stop = host.worker(), asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await until_begun(other)
        with pytest.raises(RuntimeError, match="running"):
            await worker.run(asyncio.Event())
        assert await count(other, workers) == 1
        stop.set()
        await running
        await hand_in(host)
        await worker.run(asyncio.Event(), until_idle=True)
        assert len(ferry.filed) == 1


async def test_worker_that_is_cancelled_again_as_it_ends_keeps_nothing(install, ready_url, keyring):
    async with two_hosts(install, ready_url, keyring) as (host, other, ferry):
        worker, running, _ = await at_work(host, ferry)
        running.cancel()
        while not worker._state.endings:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        assert (await count(other, workers), await count(other, places)) == (0, 0)
        assert not [task for task in asyncio.all_tasks() if "housekeeping" in repr(task.get_coro())]


async def test_worker_that_is_cancelled_as_it_begins_keeps_nothing(install, ready_url, keyring, monkeypatch):
    async with two_hosts(install, ready_url, keyring) as (host, other, _):
        await hand_in(host)
        worker = host.worker()
        await worker.run_until_idle()
        held = Held()
        monkeypatch.setattr(worker._housekeeping, "reload", held.wait)
        running = asyncio.create_task(worker.run(asyncio.Event()))
        await held.reached.wait()
        assert await count(other, workers) == 1
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await count(other, workers), await count(other, places)) == (0, 0)


async def test_look_that_is_cancelled_leaves_nothing_in_hand_that_nobody_carries_out(
    install, ready_url, keyring, monkeypatch
):
    """It has taken what it had a place for, and asks for a place at another agency."""
    async with two_hosts(install, ready_url, keyring, "ferry", "barge") as (host, _, ferry, barge):
        worker = host.worker()
        for _ in range(2):  # an instant is left over from the first, and its place is kept
            await hand_in(host)
            await worker.run_until_idle()
        before = len(ferry.filed)
        await hand_in(host)
        await hand_in(host, "barge.pass")
        held = holding_up(host, monkeypatch, lambda unit, _: getattr(unit.func, "__name__", "") == "grant")
        polling = asyncio.create_task(worker.poll())
        await held.reached.wait()
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling
        held.released.set()
        await worker.run_until_idle()
        assert (len(ferry.filed) - before, len(barge.filed)) == (1, 1)
        assert await leases(host) == set()


async def test_what_is_being_committed_as_a_worker_ends_is_not_left_in_its_hands(install, ready_postgresql, keyring):
    """An outcome, with the agency's next application, waits for a row that somebody reads; its call is given up."""
    async with two_hosts(install, ready_postgresql, keyring) as (host, other, ferry):
        for _ in range(2):
            await hand_in(host)
        at_once, stop = asyncio.Event(), asyncio.Event()
        worker, running, held = await at_work(host, ferry, stop, at_once=at_once)
        async with other.database._engine.connect() as connection, connection.begin():
            row = select(applications.c.id).where(applications.c.id == worker.in_hand[0]).with_for_update()
            await connection.execute(row)
            held.released.set()
            while not host.database._lanes:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
            stop.set()
            at_once.set()
            while worker.in_hand:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        await running
        assert await leases(other) == set()


async def test_what_waits_to_be_committed_to_a_file_as_a_worker_ends_is_not_left_in_its_hands(
    install, ready_file, keyring, monkeypatch
):
    """As above; a file is written by one thread, which commits together what waits for it."""
    async with two_hosts(install, ready_file, keyring, concurrency=2) as (host, other, _):
        for _ in range(12):
            await hand_in(host)
        worker, at_once, stop = host.worker(), asyncio.Event(), asyncio.Event()
        run, is_busy, is_free = host.database.run, threading.Event(), threading.Event()
        writing = set()

        async def behind_another(unit):
            given = getattr(unit, "keywords", {})
            takes_another = given.get("slot") is not None and given["planned"].follows is None
            if takes_another and not writing:
                writing.add(asyncio.create_task(run(lambda _: is_busy.set() or is_free.wait(20))))
                while not is_busy.is_set():  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.001)
                stop.set()
                at_once.set()
            return await run(unit)

        monkeypatch.setattr(host.database, "run", behind_another)
        running = asyncio.create_task(worker.run(stop, at_once=at_once))
        await stop.wait()
        while worker.in_hand:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # the farewell is said, as far as it may be
        is_free.set()
        await asyncio.gather(running, *writing)
        assert await leases(other) == set()


class Broken(Exception):
    pass


def broken(*_):
    raise Broken


@pytest.mark.parametrize("part", ["settle", "run"])
async def test_farewell_is_said_again_while_the_database_is_away_for_a_moment(
    install, ready_url, keyring, monkeypatch, part
):
    """Its places would be kept for a lease, and nobody else could call the agency."""
    async with two_hosts(install, ready_url, keyring) as (host, other, ferry):
        stop = asyncio.Event()
        worker, running, calling = await at_work(host, ferry, stop)
        act, lost = getattr(host.database, part), []

        async def away(*given):
            if worker._state.endings and len(lost) < 3:
                lost.append(given)
                raise DatabaseUnavailable
            return await act(*given)

        stop.set()
        calling.released.set()
        monkeypatch.setattr(host.database, part, away)
        assert await running == 0
        assert len(lost) == 3
        assert (await count(other, workers), await count(other, places)) == (0, 0)


async def test_what_ended_a_worker_is_told_before_what_became_of_its_farewell(
    install, ready_url, keyring, monkeypatch
):
    async with two_hosts(install, ready_url, keyring) as (host, other, _):
        worker = host.worker()
        monkeypatch.setattr(worker._housekeeping, "deregister", lambda _: 1 / 0)
        running = asyncio.create_task(worker.run(asyncio.Event()))
        await until_begun(other)
        worker._state.failed = Broken()
        worker.hint()
        with pytest.raises(Broken):
            await running
        running = asyncio.create_task(worker.run(asyncio.Event(), until_idle=True))
        with pytest.raises(ZeroDivisionError):
            await running


async def test_failure_of_a_worker_that_was_cancelled_is_in_the_log(install, ready_url, keyring, monkeypatch):
    async with two_hosts(install, ready_url, keyring) as (host, other, ferry):
        worker, running, calling = await at_work(host, ferry)
        monkeypatch.setattr(worker._housekeeping, "deregister", broken)
        with capture_logs() as lines:
            running.cancel()
            calling.released.set()
            await asyncio.wait({running})
        assert running.cancelled()
        told = [line for line in lines if line["event"] == "worker_failed_as_it_ended"]
        assert [line["defect"] for line in told] == ["Broken"]
        assert await count(other, workers) == 1


async def test_what_ended_a_worker_is_in_the_log_where_its_end_is_cancelled(install, ready_url, keyring, monkeypatch):
    async with two_hosts(install, ready_url, keyring) as (host, _, ferry):
        worker, running, _ = await at_work(host, ferry)

        async def fail(**_):
            raise Broken

        monkeypatch.setattr(worker._poller, "claim", fail)
        worker.hint()
        while not worker._state.is_ending:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        with capture_logs() as lines:
            running.cancel()
            await asyncio.wait({running})
        assert running.cancelled()
        told = [line for line in lines if line["event"] == "worker_failed_as_it_ended"]
        assert [line["defect"] for line in told] == ["Broken"]


async def test_calls_that_are_given_up_end_beside_each_other(install, ready_url, keyring):
    """One by one, they would take longer than a supervisor waits."""
    calls = 3
    async with two_hosts(install, ready_url, keyring, concurrency=calls) as (host, _, ferry):
        ending, most = [], 0

        async def stubborn():
            nonlocal most
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ending.append(None)
                most = max(most, len(ending))
                await asyncio.sleep(0.05)
                ending.pop()
                raise

        ferry.wait = stubborn
        for _ in range(calls):
            await hand_in(host)
        stop, at_once = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(host.worker().run(stop, at_once=at_once))
        while len(ferry.filed) < calls:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        stop.set()
        at_once.set()
        assert await running == calls
        assert most == calls
