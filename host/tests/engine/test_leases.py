"""A worker that stood still, while another took over what it had in hand, sends nothing more for it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from host_world import carry, change, rows
from sqlalchemy import func, select, update

from nagorik_host.engine.pace import LATE
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import applications, attempts

OFFERS = """\
limits = { concurrency = 4, per_second = 1000, deadline = 300 }

[[services]]
id = "office.permit"
name = { en = "A permit", bn = "একটি অনুমতি" }
form = "forms:OfficeForm"
reads = ["find", "status"]
writes = { submit = "client-reference" }
"""
PLUGIN = """\
import asyncio
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


BEGUN, MAY_GO_ON = asyncio.Event(), asyncio.Event()
MAY_GO_ON.set()


class Numbered(WireModel):
    number: str


def standing(context):
    return AgencyStatus(state=ApplicationState.REJECTED, raw="no", at=context.clock.now(), final=True)


@hookimpl
async def nagorik_submit(request, context):
    BEGUN.set()
    await MAY_GO_ON.wait()
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
RESULTS = select(attempts.c.operation, attempts.c.result).order_by(attempts.c.entry)


class Quay:
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
def office(install):
    return install(OFFERS, PLUGIN)


@asynccontextmanager
async def quay_and_url():
    quay = Quay()
    server = await asyncio.get_running_loop().create_server(quay.serve, "127.0.0.1", 0)
    try:
        yield quay, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in tuple(quay.connections):
            connection.abort()
        await asyncio.sleep(0)


async def test_worker_that_stood_still_between_two_requests_files_nothing(office, ready_url):
    async with (
        quay_and_url() as (quay, url),
        office.host(ready_url, url) as host,
        office.host(ready_url, url) as elsewhere,
    ):
        application, slow = await office.apply(host), host.worker()
        quay.may_answer.clear()
        # It stands still before its second request, and looks for nothing meanwhile; others go on.
        assert await slow.poll()
        await quay.numbered.wait()
        office.machine.advance(LEASE)
        await carry(elsewhere.worker(), office.clock)
        ended = await host.track(application)
        quay.may_answer.set()
        await slow.run_until_idle()
        assert await host.track(application) == ended
        assert ended.progress.state == "closed"
        assert (await rows(host, RESULTS))[:2] == [("submit", "interrupted"), ("find", "answered")]
        assert quay.filed == 1


async def test_worker_that_took_over_from_itself_files_once(office, ready_url):
    """Its machine stood still; what it had in hand goes on beside what it begins anew."""
    async with quay_and_url() as (quay, url), office.host(ready_url, url) as host:
        await office.apply(host)
        worker, due_at = host.worker(), select(func.min(applications.c.due_at))
        quay.may_answer.clear()
        slow = asyncio.create_task(worker.run_until_idle())
        await quay.numbered.wait()
        office.machine.advance(LEASE)
        quay.numbered.clear()
        async with asyncio.timeout(60):
            # What was interrupted is looked up first, and both may have to wait.
            while not quay.numbered.is_set():
                await worker.poll()
                if (due := (await rows(host, due_at))[0]) is not None:
                    office.clock.set(max(due, office.clock.now()))
                await asyncio.sleep(0.01)
        quay.may_answer.set()
        await slow
        await carry(worker, office.clock)
        assert quay.asked.count("POST /numbers") == 2
        assert quay.filed == 1


@pytest.mark.parametrize("before", ["first", "second"])
async def test_application_that_is_not_in_hand_any_more_is_not_sent_for(office, ready_url, before):
    """The row is altered from outside, which no clock of the worker's shows."""
    async with quay_and_url() as (quay, url), office.host(ready_url, url) as host:
        held, reached = {
            "first": (office.plugin.MAY_GO_ON, office.plugin.BEGUN),
            "second": (quay.may_answer, quay.numbered),
        }[before]
        await office.apply(host)
        held.clear()
        working = asyncio.create_task(host.worker().run_until_idle())
        await reached.wait()
        await change(host, update(applications).values(lease="another", revision=applications.c.revision + 1))
        office.clock.advance(2 * LATE)
        held.set()
        await working
        assert quay.asked == ["POST /numbers"] * (before == "second")
        assert await rows(host, RESULTS) == [("submit", None)]
