"""A worker that stood still, while another took over what it had in hand, sends nothing more for it."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from nagorik import AgencyUnavailable, Applicant, ApplicationDraft, Consent, Operation
from nagorik.clock import Deadline
from nagorik.errors import Layer
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.engine.leases import HeldApplication, WorkerLease, elapsed_of
from nagorik_host.engine.pace import LATE, PaceSlot
from nagorik_host.engine.rate_limiter import RESERVED, Reservation, SharedRateLimiter
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import applications, attempts, workers
from nagorik_host.vault import make_keys, read_keyring
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.agency_client.limits import LEASE_LOST
from nagorik_platform.registry import Admission
from nagorik_platform.system_clock import SystemClock
from nagorik_testing import SimulatedClock

MANIFEST = """\
manifest_version = 1
id = "ferry"
requires_api = "1.0"
name = { en = "Ferries", bn = "ফেরি" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
limits = { concurrency = 4, per_second = 1000, deadline = 300 }

[[services]]
id = "ferry.pass"
name = { en = "A pass", bn = "একটি পাস" }
form = "forms:PassForm"
reads = ["find", "status"]
writes = { submit = "client-reference" }
"""
FORM = """\
from nagorik import Form


class PassForm(Form):
    pass
"""
PLUGIN = """\
from datetime import timedelta

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    DefinitelyAbsent,
    Found,
    WireModel,
    hookimpl,
)


class Numbered(WireModel):
    number: str


def standing(context):
    return AgencyStatus(state=ApplicationState.REJECTED, raw="no", at=context.clock.now(), final=True)


@hookimpl
async def nagorik_submit(request, context):
    await context.http.write("number", "POST", "/numbers", expect=Numbered)
    filed = await context.http.write("file", "POST", "/files", expect=Numbered)
    return Accepted(reference=filed.number, status=standing(context))


@hookimpl
async def nagorik_find_submission(request, context):
    found = await context.http.read_or_none("find", "GET", "/files", expect=Numbered)
    if found is None:
        # The agency answers for so long after the attempt that nobody need wait for it.
        return DefinitelyAbsent(as_of=context.clock.now() + timedelta(hours=1))
    return Found(reference=found.number, status=standing(context))


@hookimpl
async def nagorik_get_status(request, context):
    return standing(context)
"""


SIGNED_MANIFEST = MANIFEST.replace("limits =", 'sign = "plugin:sign"\nlimits =')
SIGNED_PLUGIN = f"""\
{PLUGIN}

from nagorik.http import Signature


async def sign(request, settings, clock):
    await stand_still(request.url)
    return Signature({{}})
"""


class Quay(asyncio.Protocol):
    """The agency, on a socket: gives a number first, and files what comes after.

    Attributes:
        asked: What was asked for, in order.
        filed: How many applications were filed.
    """

    def __init__(self):
        self.asked = []
        self.filed = 0
        self.numbered = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.connections = set()

    def serve(self):
        return _Connection(self)


class _Connection(asyncio.Protocol):
    def __init__(self, quay):
        self._quay = quay
        self._answering = set()

    def connection_made(self, transport):
        self._transport = transport
        self._quay.connections.add(transport)

    def connection_lost(self, error):
        self._quay.connections.discard(self._transport)

    def data_received(self, data):
        task = asyncio.ensure_future(self._answer(data.partition(b" HTTP")[0].decode()))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, asked):
        quay = self._quay
        quay.asked.append(asked)
        status, number = "200 OK", len(quay.asked)
        if asked == "POST /numbers":
            first = not quay.numbered.is_set()
            quay.numbered.set()
            if first:
                await quay.may_answer.wait()
        elif asked == "POST /files":
            quay.filed += 1
        elif not quay.filed:
            status = "404 Not Found"
        body = b"" if status.startswith("404") else b'{"number":"%d"}' % number
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


@pytest.fixture
def ferry(install):
    """The plugin, installed for one test."""
    return install("ferry", MANIFEST, FORM, PLUGIN)


@asynccontextmanager
async def quay_and_port():
    quay = Quay()
    server = await asyncio.get_running_loop().create_server(quay.serve, "127.0.0.1", 0)
    try:
        yield quay, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in tuple(quay.connections):
            connection.abort()
        await asyncio.sleep(0)


def settings_of(port, clock):
    return PlatformSettings(
        plugins={
            "ferry": PluginConfiguration(
                settings={"base_url": f"http://127.0.0.1:{port}"}, egress=frozenset({"127.0.0.1"})
            )
        },
        admission=Admission(allow=frozenset({"ferry"})),
        clock=clock,
    )


async def hand_in(host):
    now = host.clock.now()
    consent = Consent(
        id="consent-ferry",
        service="ferry.pass",
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(0),
        given_at=now,
        expires_at=now + timedelta(days=400),
    )
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    draft = ApplicationDraft(service="ferry.pass", applicant=applicant, form={}, consent=consent)
    return await host.apply(draft)


async def carry(worker, clock):
    """Let time pass until nothing is due any more."""
    while (due := await worker.run_until_idle()) is not None:
        clock.set(max(due, clock.now()))


async def until_registered(database):
    """Wait for the first worker that begins."""
    async with asyncio.timeout(60):
        while not await database.run(lambda t: t.connection.scalar(select(func.count(workers.c.id)))):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def results(host):
    query = select(attempts.c.operation, attempts.c.result).order_by(attempts.c.entry)
    return [tuple(row) for row in await host.database.run(lambda t: t.connection.execute(query).all())]


async def test_worker_that_stood_still_between_two_requests_files_nothing(ferry, ready_url, keyring):
    clock, machine = SimulatedClock(), SimulatedClock()
    async with (
        quay_and_port() as (quay, port),
        open_host(ready_url, keyring, settings_of(port, clock), lease_clock=machine) as host,
        open_host(ready_url, keyring, settings_of(port, clock), lease_clock=machine) as elsewhere,
    ):
        application, slow = await hand_in(host), host.worker()
        quay.may_answer.clear()
        # It stands still before its second request, and looks for nothing meanwhile; others go on.
        assert await slow.poll()
        await quay.numbered.wait()
        machine.advance(LEASE)
        await carry(elsewhere.worker(), clock)
        ended = await host.track(application)
        quay.may_answer.set()
        await slow.run_until_idle()
        assert await host.track(application) == ended
        assert ended.progress.state == "closed"
        assert (await results(host))[:2] == [("submit", "interrupted"), ("find", "answered")]
        assert quay.filed == 1


async def test_worker_that_took_over_from_itself_files_once(ferry, ready_url, keyring):
    """Its machine stood still; what it had in hand goes on beside what it begins anew."""
    clock, machine = SimulatedClock(), SimulatedClock()
    async with (
        quay_and_port() as (quay, port),
        open_host(ready_url, keyring, settings_of(port, clock), lease_clock=machine) as host,
    ):
        await hand_in(host)
        worker = host.worker()
        quay.may_answer.clear()
        slow = asyncio.create_task(worker.run_until_idle())
        await quay.numbered.wait()
        machine.advance(LEASE)
        quay.numbered.clear()
        async with asyncio.timeout(60):
            # What was interrupted is looked up first, and both may have to wait.
            while not quay.numbered.is_set():
                await worker.poll()
                due = await host.database.run(worker.next_due)
                if due is not None and due > clock.now():
                    clock.set(due)
                await asyncio.sleep(0.01)
        quay.may_answer.set()
        await slow
        await carry(worker, clock)
        assert quay.asked.count("POST /numbers") == 2
        assert quay.filed == 1


async def test_application_that_is_not_in_hand_any_more_is_not_sent_for(ferry, ready_url, keyring):
    """The row is altered from outside, which no clock of the worker's shows."""
    clock = SimulatedClock()
    async with (
        quay_and_port() as (quay, port),
        open_host(ready_url, keyring, settings_of(port, clock), lease_clock=clock) as host,
    ):
        application = await hand_in(host)
        quay.may_answer.clear()
        working = asyncio.create_task(host.worker().run_until_idle())
        await quay.numbered.wait()
        taken = {"lease": "another", "revision": applications.c.revision + 1}
        taken_over = update(applications).where(applications.c.id == application).values(taken)
        await host.database.run(lambda t: t.connection.execute(taken_over))
        quay.may_answer.set()
        await working
        assert quay.asked == ["POST /numbers"]
        assert await results(host) == [("submit", None)]


@asynccontextmanager
async def standing_still_while_signing(install, url, keyring, path, machine):
    """A worker that signs its request to ``path``, another host on its database, the agency, and what goes on."""
    stood, may_go_on, clock = asyncio.Event(), asyncio.Event(), SimulatedClock()

    async def stand_still(address):
        if address.endswith(path) and not stood.is_set():
            stood.set()
            await may_go_on.wait()

    install("ferry", SIGNED_MANIFEST, FORM, SIGNED_PLUGIN).stand_still = stand_still
    async with (
        quay_and_port() as (quay, port),
        open_host(url, keyring, settings_of(port, clock), lease_clock=machine) as host,
        open_host(url, keyring, settings_of(port, clock), lease_clock=machine) as elsewhere,
    ):
        application = await hand_in(host)
        worker = host.worker()
        assert await worker.poll()
        await asyncio.wait_for(stood.wait(), 60)

        async def go_on():
            may_go_on.set()
            await worker.run_until_idle()

        yield worker, elsewhere, application, quay, go_on


@pytest.mark.parametrize(("path", "sent"), [("/numbers", 0), ("/files", 1)])
async def test_worker_that_stood_still_while_a_request_was_signed_does_not_send_it(
    install, ready_url, keyring, path, sent
):
    """Its call's deadline is far off; whoever took over has filed the application."""
    machine = SimulatedClock()
    async with standing_still_while_signing(install, ready_url, keyring, path, machine) as (_, elsewhere, *rest):
        application, quay, go_on = rest
        machine.advance(LEASE)
        await carry(elsewhere.worker(), elsewhere.clock)
        ended, asked = await elsewhere.track(application), list(quay.asked)
        await go_on()
        assert await elsewhere.track(application) == ended
        assert ended.progress.state == "closed"
        assert quay.asked == asked
        assert (quay.asked.count("POST /numbers"), quay.filed) == (1 + sent, 1)


@pytest.mark.parametrize("path", ["/numbers", "/files"])
async def test_what_a_worker_has_in_hand_as_it_begins_stays_its_own(install, ready_url, keyring, path):
    """A host's program looked for work before it let the worker run; the lease of that call has long to go."""
    machine = SimulatedClock()
    async with standing_still_while_signing(install, ready_url, keyring, path, machine) as (worker, elsewhere, *rest):
        application, quay, go_on = rest
        stop = asyncio.Event()
        working = asyncio.create_task(worker.run(stop))
        await until_registered(elsewhere.database)
        await carry(elsewhere.worker("elsewhere"), elsewhere.clock)
        await go_on()
        stop.set()
        await working
        assert (quay.asked.count("POST /numbers"), quay.filed) == (1, 1)
        assert (await elsewhere.track(application)).progress.is_filed


@pytest.mark.parametrize("path", ["/numbers", "/files"])
async def test_request_that_is_signed_for_longer_than_a_lease_is_sent_while_its_worker_lives(
    install, ready_url, keyring, path
):
    machine = SimulatedClock()
    async with standing_still_while_signing(install, ready_url, keyring, path, machine) as (worker, *rest):
        _, _, quay, go_on = rest
        for _ in range(3):
            machine.advance(LEASE * 0.9)
            await worker.housekeeping.heartbeat()
        await go_on()
        assert (quay.asked.count("POST /numbers"), quay.filed) == (1, 1)


def test_lease_that_has_ended_here_is_not_prolonged_by_a_heartbeat():
    """Its application may have been taken over since, and the heartbeat have been for what its worker began anew."""
    machine = SimulatedClock()
    lease = WorkerLease("worker", LEASE, machine)
    held = HeldApplication("one", 1, lease, lease.end(lease.elapsed()))
    machine.advance(LEASE / 2)
    held.note_renewed(lease.elapsed())
    assert held.remaining() == LEASE.total_seconds()
    asked = lease.elapsed()
    machine.advance(LEASE)
    held.note_renewed(asked)
    assert held.remaining() == 0
    # What the database says of this very attempt is another matter.
    held.note_held(lease.elapsed())
    assert held.remaining() == LEASE.total_seconds()


STOPPED = """
import asyncio, sys
from datetime import date, timedelta
from pathlib import Path

sys.path[:0] = {path!r}
from nagorik_platform.system_clock import SystemClock
from nagorik_host import open_host
from nagorik_host.vault import read_keyring
from test_leases import settings_of


async def run():
    keys = read_keyring(sys.stdin.read())
    async with open_host({url!r}, keys, settings_of({port}, SystemClock()), lease=timedelta(seconds=3)) as host:
        await host.worker("stopped").run(asyncio.Event(), until_idle=True)


asyncio.run(run())
"""


@pytest.mark.long
async def test_process_that_was_stopped_and_goes_on_files_nothing(ferry, ready_postgresql, tmp_path):
    """On PostgreSQL: a process that is stopped in the middle of a transaction holds an SQLite file for itself."""
    keys, clock = make_keys("test"), SystemClock()
    async with (
        quay_and_port() as (quay, port),
        open_host(ready_postgresql, read_keyring(keys), settings_of(port, clock), lease=timedelta(seconds=3)) as host,
    ):
        application = await hand_in(host)
        quay.may_answer.clear()
        path = [str(tmp_path), os.path.dirname(__file__)]  # noqa: PTH120 - as sys.path has it
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            STOPPED.format(path=path, url=ready_postgresql, port=port),
            stdin=subprocess.PIPE,
        )
        process.stdin.write(keys.encode())
        process.stdin.close()
        await asyncio.wait_for(quay.numbered.wait(), 60)
        process.send_signal(signal.SIGSTOP)
        worker = host.worker()
        at_once = update(applications).where(applications.c.due_at.is_not(None)).values(due_at=clock.now())
        async with asyncio.timeout(60):
            # Its lease runs out in real time, and no sooner; what then waits is looked at without waiting.
            while (await host.progress(application)).state != "closed":
                await worker.run_until_idle()
                await host.database.run(lambda t: t.connection.execute(at_once))
                await asyncio.sleep(0.02)
        ended = await host.track(application)
        quay.may_answer.set()
        process.send_signal(signal.SIGCONT)
        assert await asyncio.wait_for(process.wait(), 60) == 0
        assert await host.track(application) == ended
        assert quay.filed == 1


def slot_now(clock):
    """An instant of wasa's time that is now."""
    return PaceSlot(clock.now(), elapsed_of(clock)())


async def test_first_request_that_is_late_asks_whether_the_application_is_still_in_hand(database, monkeypatch):
    clock = SimulatedClock()
    lease = WorkerLease("worker", LEASE, clock)
    limiter = SharedRateLimiter(database, clock)
    held = HeldApplication("nobody's", 1, lease, lease.end(lease.elapsed()))
    # In time: the commit of the intent says so.
    RESERVED.set(Reservation("wasa", slot_now(clock), held))
    await limiter.acquire("wasa", 5, Deadline.after(600, clock))
    RESERVED.set(Reservation("wasa", slot_now(clock), held))
    clock.advance(LATE + timedelta.resolution)
    with pytest.raises(AgencyUnavailable) as caught:
        await limiter.acquire("wasa", 5, Deadline.after(600, clock))
    assert (caught.value.because, caught.value.layer) == (LEASE_LOST, Layer.CORE)


async def test_machine_that_slept_is_late_though_its_calendar_and_its_loop_do_not_say_so(database, monkeypatch):
    """Its calendar is set right some time after it has woken up."""
    passed = iter([0.0, 60.0, 60.0, 60.0])
    monkeypatch.setattr("nagorik_host.engine.leases._since_boot", lambda: next(passed, 60.0))
    clock = SystemClock()
    limiter = SharedRateLimiter(database, clock)
    held = HeldApplication("nobody's", 1, WorkerLease("worker", LEASE), LEASE.total_seconds())
    RESERVED.set(Reservation("wasa", slot_now(clock), held))
    with pytest.raises(AgencyUnavailable) as caught:
        await limiter.acquire("wasa", 100, Deadline.after(600, clock))
    assert caught.value.because == LEASE_LOST
