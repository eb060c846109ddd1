"""Over real loopback sockets, with both transports: what no mock can show."""

import asyncio
import socket
from itertools import chain, repeat

import pytest

from nagorik.clock import Deadline
from nagorik.errors import AgencyUnavailable, OutcomeUnknown
from nagorik.http import FormPart
from nagorik.operations import Idempotency, Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import MAYBE_PROCESSED
from nagorik_platform.agency_client.transport import ConnectionPool, OutgoingRequest, Timeouts
from nagorik_platform.system_clock import SystemClock

NATIVE, REFERENCE, NEITHER = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE, Idempotency.NONE
BODY = b'{"reference": "REF-1"}'
GOOD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Server:
    """Reads each request whole, then does what ``then`` says with the connection."""

    def __init__(self):
        self.requests = []
        self.connections = 0
        self.four_arrived = asyncio.Event()
        self.then = self.answer
        self._handlers = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_exc):
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._handlers.add(asyncio.current_task())
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                self.requests.append(head + (await reader.readexactly(length)))
                if len(self.requests) == 4:
                    self.four_arrived.set()
                await self.then(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def answer(self, _reader, writer):
        writer.write(GOOD)

    async def silence(self, reader, writer):
        await reader.read(1)

    async def close(self, _reader, writer):
        writer.close()
        raise ConnectionError

    async def reset(self, _reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        raise ConnectionError

    async def half_close(self, reader, writer):
        writer.write(GOOD[:40])
        writer.write_eof()
        await reader.read()
        raise ConnectionError

    async def truncate(self, _reader, writer):
        writer.write(GOOD[:-5])
        await writer.drain()
        writer.close()
        raise ConnectionError

    async def drip(self, _reader, writer):
        for byte in GOOD:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async def rubbish(self, _reader, writer):
        writer.write(b"220 smtp.example ESMTP\r\n\r\n")
        await writer.drain()


@pytest.fixture
async def server():
    async with Server() as made:
        yield made


@pytest.fixture(params=["default", "fast"])
def connect(request, world, server):
    """A client over real sockets; slow failures are cut short by short time limits."""

    def make(base=None, *, real_time=False, rate_limiter=None, **settings):
        options = {"clock": SystemClock()} if real_time else {}
        if rate_limiter is not None:
            options["rate_limiter"] = rate_limiter
        base = base or server.base
        tuned = AgencySettings(base_url=base, transport=request.param, **settings)
        return world.client(
            base_url=base, egress=frozenset({"127.0.0.1"}), transport_factory=None, settings=tuned, **options
        )

    return make


LOSSES = ["silence", "close", "reset", "half_close", "truncate", "rubbish"]


async def test_a_call_is_answered_and_its_connection_kept(world, server, connect):
    client = connect()
    for _ in range(3):
        assert (await world.ask(world.bind(client=client))).reference == "REF-1"
    assert (server.connections, len(server.requests)) == (1, 3)
    head = server.requests[0].lower()
    assert head.startswith(b"post /applications http/1.1\r\n")
    assert head.count(b"\r\nhost:") == head.count(b"\r\ncontent-length:") == head.count(b"\r\nuser-agent:") == 1
    assert b"transfer-encoding" not in head
    assert head.endswith(b'{"a":1}')


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", [REFERENCE, NEITHER])
async def test_a_write_whose_answer_is_lost_on_the_wire_is_sent_once(world, server, connect, kind, loss):
    server.then = getattr(server, loss)
    http = world.bind(kind, client=connect(read_timeout=0.1))
    with pytest.raises(OutcomeUnknown):
        await world.ask(http, kind)
    assert len(server.requests) == 1
    assert http.ledger.unknown is not None


@pytest.mark.parametrize("loss", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_no_transport_sends_again_by_itself_when_a_kept_connection_breaks(world, server, connect, method, loss):
    client = connect()
    await world.ask(world.bind(client=client))
    server.then = getattr(server, loss)
    http = world.bind(NEITHER, client=client)
    with pytest.raises(OutcomeUnknown):
        await http.write("x", method, "/a", expect=world.Filed)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("left", "sent", "error"),
    [([5.0] * 9, 1, None), ([0.0], 0, AgencyUnavailable), ([5.0, 0.0], 0, OutcomeUnknown)],
)
async def test_nothing_is_sent_once_what_it_is_sent_under_is_over(world, server, connect, left, sent, error):
    """It was over as its turn had come, or as its connection stood."""

    class Lease:
        def __init__(self):
            self._left = iter(left)

        def remaining(self):
            return next(self._left)

    class Leasing:
        async def acquire(self, plugin, per_second, deadline):
            return Lease()

    http = world.bind(NEITHER, client=connect(rate_limiter=Leasing()))
    if error is None:
        await world.ask(http, NEITHER)
    else:
        with pytest.raises(error):
            await world.ask(http, NEITHER)
    assert len(server.requests) == sent


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_nothing_is_sent_of_a_call_whose_deadline_passes_as_its_connection_stands(
    world, server, connect, method
):
    looks = chain([5.0] * 3, repeat(0.0))  # at the gates, before its turn is used, and for its time limits

    class Passing(Deadline):
        def remaining(self):
            return next(looks)

    http = connect().bind(Operation.SUBMIT, NEITHER, "application-key", Passing(world.clock, 0.0))
    body = {"json": {"a": 1}} if method == "POST" else {}
    with pytest.raises(OutcomeUnknown):
        await http.write("file", method, "/applications", expect=world.Filed, **body)
    assert server.requests == []


@pytest.mark.parametrize("choice", ["default", "fast"])
@pytest.mark.parametrize(("looks", "arrive"), [(6, 0), (1000, 1)])
async def test_body_whose_time_ends_while_it_is_written_is_not_written_to_its_end(choice, looks, arrive):
    """An agency does nothing with a request that it has a part of; and what took long may be signed or connected."""
    content, left = b"x" * 2_000_000, chain(repeat(5.0, looks), repeat(0.0))
    share = len(content) // 20
    body = MultipartBody([FormPart(f"part-{number}", content[:share]) for number in range(20)], lambda _: None)
    async with Server() as server:
        pool = ConnectionPool(choice)
        headers = [(b"Host", b"127.0.0.1"), (b"Content-Length", str(body.size).encode())]
        request = OutgoingRequest("POST", f"{server.base}/applications", headers, body)
        timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=lambda: next(left))
        try:
            answer = await pool.send(request, timeouts)
        finally:
            await pool.aclose()
        assert len(server.requests) == arrive
        assert (answer in MAYBE_PROCESSED) is not bool(arrive)
