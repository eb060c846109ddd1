"""What of a request leaves the machine after its time is over, over real sockets and with both transports."""

import array
import asyncio
import errno
import fcntl
import gc
import math
import socket
import ssl
import termios
from contextlib import asynccontextmanager, suppress

import anyio
import pytest
from authority import HOST

from nagorik_platform.agency_client import transport
from nagorik_platform.agency_client.fence import FENCE, UNSENT, Fence, FencedSocket, FencedStream, TimeOver
from nagorik_platform.agency_client.retry_table import MAYBE_PROCESSED, Failure
from nagorik_platform.agency_client.transport import ConnectionPool, OutgoingRequest, Timeouts

SIZE = 3_000_000
STILL = 60
"""Turns of the loop in which nothing more is written, after which nothing more will be."""
UNSENT_BYTES = 0x894B


class Hearer:
    """An agency that reads nothing of a request until it is told to, and then counts what comes."""

    def __init__(self, listening, tls=None):
        self._listening = listening
        self._tls = tls
        self._connected = asyncio.ensure_future(asyncio.to_thread(self._connect))

    def _connect(self):
        made, _ = self._listening.accept()
        if self._tls is not None:
            made = socket.socket(fileno=self._tls.wrap_socket(made, server_side=True).detach())
        made.setblocking(False)
        return made

    async def connected(self):
        self._socket = await self._connected

    @property
    def listening(self):
        """Where the next connection comes in."""
        return self._listening

    async def say(self, answer):
        await asyncio.get_running_loop().sock_sendall(self._socket, answer)

    async def hear_whole(self, size):
        """Read one request with a body of so many bytes."""
        heard, loop = b"", asyncio.get_running_loop()
        while len(heard.partition(b"\r\n\r\n")[2]) < size:
            heard += await loop.sock_recv(self._socket, 1_000_000)

    def arrived(self):
        """Bytes that have arrived and were not read yet."""
        return of_socket(self._socket, termios.FIONREAD)

    async def hear(self, answer=None):
        """Read until the connection ends, or something came that is answered; how many bytes came."""
        heard, loop = 0, asyncio.get_running_loop()
        with suppress(ConnectionResetError):
            while more := len(await loop.sock_recv(self._socket, 65_536)):
                heard += more
                if answer is not None:
                    await loop.sock_sendall(self._socket, answer)
                    break
        return heard

    async def close(self):
        (await self._connected).close()


def of_socket(asked, question):
    """A number of bytes that the system tells of a socket."""
    told = array.array("i", [0])
    fcntl.ioctl(asked.fileno(), question, told)
    return told[0]


@asynccontextmanager
async def hearing(tls=None):
    """A hearer, and its port; its system takes little of what it does not read."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        hearer = Hearer(listening, tls)
        try:
            yield hearer, listening.getsockname()[1]
        finally:
            await hearer.close()


class Time:
    """What is left, and how often it was asked for."""

    def __init__(self):
        self.left, self.looks = 30.0, 0

    def remaining(self):
        self.looks += 1
        return self.left


@pytest.fixture(params=["default", "fast"])
async def pool(request, issuer):
    trusting = ssl.create_default_context(cadata=issuer.pem().decode())
    made = ConnectionPool(request.param, tls=trusting)
    yield made
    await made.aclose()
    gc.collect()


def asked(scheme, port, size):
    headers = [(b"Host", HOST.encode()), (b"Content-Length", str(size).encode())]
    host = HOST if scheme == "https" else "127.0.0.1"
    return OutgoingRequest("POST", f"{scheme}://{host}:{port}/applications", headers, b"x" * size)


async def stalled(sending, hearer, time):
    """Wait until the agency's system takes no more."""
    await hearer.connected()
    seen, still = (0, 0), 0
    while still < STILL:
        await asyncio.sleep(0)
        now = (time.looks, hearer.arrived())
        still = still + 1 if now == seen else 0
        seen = now
        assert not sending.done()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_request_that_stood_still_past_its_time_is_not_written_on(pool, issuer, tmp_path, scheme):
    """The process is resumed, and whatever is written then is written before any timer fires."""
    tls = issuer.serving(tmp_path) if scheme == "https" else None
    time = Time()
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=time.remaining)
    async with hearing(tls) as (hearer, port):
        sending = asyncio.ensure_future(pool.send(asked(scheme, port, SIZE), timeouts))
        await stalled(sending, hearer, time)
        left_in_time = hearer.arrived()
        time.left = 0.0
        late = await hearer.hear() - left_in_time
        assert await sending in MAYBE_PROCESSED
        assert late <= UNSENT


@pytest.mark.parametrize("answered", [True, False])
async def test_answered_request_bounds_nothing_that_its_connection_says_later(monkeypatch, pool, answered):
    """How TLS says goodbye is no part of it; what an unanswered request left behind is."""
    made = []
    monkeypatch.setattr(transport, "Fence", lambda remaining: made.append(Fence(remaining)) or made[-1])
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=Time().remaining)
    async with hearing() as (hearer, port):
        sending = asyncio.ensure_future(pool.send(asked("http", port, 2), timeouts))
        await hearer.connected()
        if answered:
            await hearer.hear(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        else:
            await hearer.close()
        assert (await sending in MAYBE_PROCESSED) is not answered
        assert (made[0].remaining is None) is answered


ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


async def early_answer(pool, hearer, port, time):
    """Send what the agency answers before it has read it; how much had arrived by then."""
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=time.remaining)
    sending = asyncio.ensure_future(pool.send(asked("http", port, SIZE), timeouts))
    await stalled(sending, hearer, time)
    arrived = hearer.arrived()
    await hearer.say(ANSWER)
    answered = await sending
    assert (answered.status, answered.body) == (201, b"ok")
    return arrived


@pytest.mark.parametrize("is_over", [True, False])
async def test_what_waits_to_be_written_as_the_answer_comes_is_thrown_away(issuer, is_over):
    """Of a transport that reads while it writes; the other reads nothing before it has written all."""
    pool, time = ConnectionPool("fast"), Time()
    async with hearing() as (hearer, port):
        in_time = await early_answer(pool, hearer, port, time)
        time.left = 0.0 if is_over else 30.0
        assert await hearer.hear() - in_time <= UNSENT
        await pool.aclose()


async def test_request_after_one_that_was_answered_early_has_a_connection_of_its_own(issuer):
    pool, time = ConnectionPool("fast"), Time()
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=time.remaining)
    async with hearing() as (hearer, port):
        await early_answer(pool, hearer, port, time)
        again = asyncio.ensure_future(pool.send(asked("http", port, 2), timeouts))
        other = Hearer(hearer.listening)
        await other.connected()
        await other.hear(ANSWER)
        assert (await again).status == 201
        await other.close()
        await pool.aclose()


@pytest.mark.parametrize("size", [2, SIZE])
async def test_connection_of_a_request_that_was_written_is_kept(pool, size):
    timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000, remaining=Time().remaining)
    async with hearing() as (hearer, port):
        for _ in range(2):
            sending = asyncio.ensure_future(pool.send(asked("http", port, size), timeouts))
            await hearer.connected()
            await hearer.hear_whole(size)
            await hearer.say(ANSWER)
            assert (await sending).status == 201
        # Whoever closes first is the platform.
        await pool.aclose()
        assert await hearer.hear() == 0


def pair():
    """A fenced socket, and the other end, which takes little."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        fenced = FencedSocket(socket.AF_INET, socket.SOCK_STREAM)
        fenced.connect(listening.getsockname())
        other, _ = listening.accept()
    fenced.setblocking(False)
    return fenced, other


def fill(fenced):
    """Give the system as much as it may have; how many bytes that is."""
    given = 0
    with suppress(BlockingIOError):
        while True:
            given += fenced.send(b"x" * 65_536)
    return given


def test_system_is_given_no_more_than_is_bounded():
    fenced, other = pair()
    with fenced, other:
        fill(fenced)
        assert of_socket(fenced, UNSENT_BYTES) == UNSENT


def test_what_the_system_has_is_dropped_when_time_is_over():
    fenced, other = pair()
    with other:
        with fenced:
            given = fill(fenced)
            fenced.fence = Fence(lambda: 0.0)
            with pytest.raises(TimeOver):
                fenced.send(b"x")
            with pytest.raises(TimeOver):
                fenced.sendmsg([b"x"])
        heard = 0
        with suppress(ConnectionResetError):
            while more := len(other.recv(65_536)):
                heard += more
        assert heard == given - UNSENT


def test_system_gives_up_by_itself_what_nobody_acknowledges_in_time():
    fenced, other = pair()
    with fenced, other:
        for left, milliseconds in ((2.5, 2500), (1e12, 2**31 - 1)):
            fenced.fence = Fence(lambda left=left: left)
            assert fenced.sendmsg([b"x"]) == 1
            assert fenced.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == milliseconds


def test_fence_without_a_bound_stops_nothing():
    fence = Fence(lambda: 0.0)
    with pytest.raises(TimeOver):
        fence.check()
    fence.lift()
    assert fence.seconds_left() == 0.0
    fence.is_handed_over = True
    fence.lift()
    fence.check()
    assert fence.seconds_left() == math.inf


async def test_connection_for_which_there_is_no_second_file_was_never_made(monkeypatch):
    def exhausted(self):
        raise OSError(errno.EMFILE, "no more")

    monkeypatch.setattr(asyncio.trsock.TransportSocket, "dup", exhausted)
    pool = ConnectionPool()
    async with hearing() as (hearer, port):
        timeouts = Timeouts(connect=20.0, read=20.0, total=20.0, limit=1000)
        assert await pool.send(asked("http", port, 2), timeouts) is Failure.NO_SOCKET
        await pool.aclose()
        await hearer.connected()
        assert await hearer.hear() == 0


async def test_connection_of_a_request_that_was_given_up_may_be_closed_twice():
    def hang_up(_reader, writer):
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        stream = FencedStream(await anyio.connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1]))
        before = FENCE.set(Fence(lambda: 60.0))
        await stream.send(b"GET")
        FENCE.reset(before)
        await stream.aclose()
        await stream.aclose()
        assert stream._socket.fileno() == -1
