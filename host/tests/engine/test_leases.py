"""A worker that stood still, while another took over what it had in hand, sends nothing more for it."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from host_world import carry, change, rows
from sqlalchemy import func, select, update

from nagorik_host.engine.pace import LATE
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.schema import applications, attempts

RESULTS = (
    select(attempts.c.operation, attempts.c.result)
    .where(attempts.c.operation.in_(["submit", "find"]))
    .order_by(attempts.c.entry)
)


class Quay:
    """The agency, on a socket: gives a number first, and files what comes after.

    Attributes:
        asked: What was asked for, in order.
        numbered: Set once a number was asked for.
        may_answer: Whether the first that asks for a number may have it.
    """

    def __init__(self):
        self.asked = []
        self.numbered, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    @property
    def filed(self):
        return self.asked.count("POST /files")

    async def serve(self, reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer(head.partition(b" HTTP")[0].decode()))
        writer.close()

    async def _answer(self, asked):
        self.asked.append(asked)
        body = b'{"number":"%d"}' % len(self.asked)
        if asked == "POST /numbers":
            is_first = not self.numbered.is_set()
            self.numbered.set()
            if is_first:
                await self.may_answer.wait()
        status, body = ("404 Not Found", b"") if asked == "GET /files" and not self.filed else ("200 OK", body)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@asynccontextmanager
async def quay_and_url():
    quay = Quay()
    server = await asyncio.start_server(quay.serve, "127.0.0.1", 0)
    try:
        yield quay, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_worker_that_stood_still_between_two_requests_files_nothing(office, ready_url):
    async with (
        quay_and_url() as (quay, url),
        office.host(ready_url, url) as host,
        office.host(ready_url, url) as elsewhere,
    ):
        application, slow = await office.apply(host, "filed"), host.worker()
        quay.may_answer.clear()
        # It stands still before its second request, and looks for nothing meanwhile; others go on.
        assert await slow.poll()
        await quay.numbered.wait()
        office.machine.advance(LEASE)
        await carry(elsewhere.worker(), office.clock, for_at_most=timedelta(hours=6))
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
        await office.apply(host, "filed")
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
        await carry(worker, office.clock, for_at_most=timedelta(hours=6))
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
        await office.apply(host, "filed")
        held.clear()
        working = asyncio.create_task(host.worker().run_until_idle())
        await reached.wait()
        await change(host, update(applications).values(lease="another", revision=applications.c.revision + 1))
        office.clock.advance(2 * LATE)
        held.set()
        await working
        assert quay.asked == ["POST /numbers"] * (before == "second")
        assert await rows(host, RESULTS) == [("submit", None)]
