"""The one module that knows httpx. What it returns is an answer or a failure's name, never an exception of httpx.

Requests go to the transport directly, without ``httpx.AsyncClient``: no redirects, cookies, netrc, proxies from the
environment or log lines with URLs, and less work. Their exceptions are read here and dropped, because their
texts hold URLs.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from weakref import WeakValueDictionary

import httpcore
import httpx

from nagorik.http import AgencyResponse
from nagorik_platform.agency_client.bodies import TooLarge, Undecodable, body_parts, read_body
from nagorik_platform.agency_client.connect_failures import connect_failure, refuses_certificate
from nagorik_platform.agency_client.fence import FENCE, Fence, FencedSocket, FencedStream, TimeOver
from nagorik_platform.agency_client.headers import RawHeaders
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.spool import NotSpooled, Spool, read_file

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from aiohttp.connector import Connection

TransportFactory = Callable[[], httpx.AsyncBaseTransport]

PIECE: Final = 65_536
"""Bytes of a body that are written without looking at the time again."""
KEEP_ALIVE: Final = 5.0
"""Seconds an idle connection is kept. Longer ones are often closed by the agency in the very moment of a write."""
CONNECTIONS_PER_TRANSPORT: Final = 4
"""Connections of one transport, which serves one request at a time: one for each host a plugin alternates between."""


@dataclass(frozen=True, slots=True, repr=False)
class OutgoingRequest:
    """One request, ready to send."""

    method: str
    url: str
    headers: RawHeaders
    body: bytes | MultipartBody | None


@dataclass(frozen=True, slots=True)
class FileBound:
    """What of an answer is a file, which need not be in memory as a whole.

    Attributes:
        statuses: The answers that bring it.
        limit: Its most bytes.
    """

    statuses: Collection[int]
    limit: int


class FileResponse(AgencyResponse):
    """An answer with a file that is too large for memory; ``body`` is empty."""

    __slots__ = ("spool",)

    def __init__(self, status: int, raw_headers: RawHeaders, spool: Spool) -> None:
        super().__init__(status, raw_headers, b"")
        self.spool = spool


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds, and how much to read, in bytes after decompression."""

    connect: float
    read: float
    total: float
    limit: int
    file: FileBound | None = None
    remaining: Callable[[], float] | None = None
    """Seconds that are left, asked as a head or a piece of a body is about to be written; ``total`` alone counts
    without it."""
    under_way: set[Fence] | None = None
    """Where the request's fence is for as long as it is under way, for whoever may have to cut it off."""


async def _check_head(event: str, _: Mapping[str, Any]) -> None:
    """Hears of what httpcore does before it does it; of a request without a body, the head is all there is."""
    fence = FENCE.get()
    if fence is not None and event.endswith(".send_request_headers.started"):
        fence.check()


@cache
def shared_tls() -> ssl.SSLContext:
    """The process's one TLS context; building it takes longer than a hundred requests."""
    return httpx.create_ssl_context(trust_env=False)


class ConnectionPool:
    """The connections to one agency.

    httpx 0.28 scans its whole pool on every request. So each request has a transport for itself, the one used
    last first, and each transport's pool holds one connection for each host it has met. How many requests are in
    flight is for the caller to bound.

    A transport whose request did not end with a whole answer, given back in order, is closed and used no more. It
    closes a connection by itself, but a second cancel breaks that off, or one that comes as an answer is given back;
    then the connection would stay open, with what the system has of the request, and in use for ever.
    """

    def __init__(
        self,
        choice: Literal["default", "fast"] = "default",
        *,
        tls: ssl.SSLContext | None = None,
        factory: TransportFactory | None = None,
    ) -> None:
        self._idle: list[httpx.AsyncBaseTransport] = []
        self._all: list[httpx.AsyncBaseTransport] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._classify = _classify
        self._is_own = factory is None
        self._shared = choice == "fast" and factory is None
        if factory is not None:
            self._factory = factory
        elif choice == "fast":
            self._classify = _classify_aiohttp
            self._factory = lambda: _aiohttp_transport(tls or shared_tls())
        else:
            self._factory = lambda: FencedTransport(tls or shared_tls())

    async def send(self, outgoing: OutgoingRequest, timeouts: Timeouts) -> AgencyResponse | Failure:
        """Send one request and read its answer to the end.

        Raises:
            AssertionError: From a mock router that was not told about the request.
        """
        fence = Fence(timeouts.remaining)
        fence.is_handed_over = not outgoing.body
        streamed = _Streamed(outgoing.body, fence) if isinstance(outgoing.body, MultipartBody) else None
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            stream=streamed or _Timely(outgoing.body if isinstance(outgoing.body, bytes) else b"", fence),
            extensions={
                "timeout": {
                    "connect": timeouts.connect,
                    "read": timeouts.read,
                    "write": timeouts.read,
                    "pool": timeouts.connect,
                    "total": timeouts.total,  # kept below; for a transport that has a clock of its own
                },
                "trace": _check_head,
            },
        )
        # aiohttp takes what was read as bytes, and writes them whatever the time is.
        if streamed is None and not (self._shared and outgoing.body):
            request.read()
        try:
            with self._checked_out(fence, timeouts.under_way) as transport:
                async with asyncio.timeout(timeouts.total):
                    return await _exchange(transport, request, timeouts, fence)
        except TimeoutError:
            return Failure.DEADLINE
        except TooLarge:
            return Failure.TOO_LARGE
        except Undecodable:
            return Failure.CONTENT
        except NotSpooled:
            return Failure.SPOOL
        except AssertionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails the attempt and is never retried
            # A body that broke off is asked first: each transport makes another exception of it.
            return Failure.BODY if streamed is not None and streamed.broken else self._classify(error)

    async def aclose(self) -> None:
        """Close all connections; that of a request which is under way, as its request ends at the latest."""
        self._idle.clear()
        while self._all:
            await self._all.pop().aclose()
        if self._closing:
            await asyncio.wait(self._closing)

    @contextmanager
    def _checked_out(self, fence: Fence, under_way: set[Fence] | None) -> Iterator[httpx.AsyncBaseTransport]:
        """A transport for the request of ``fence``, which is in ``under_way`` for as long."""
        transport = self._check_out()
        if not self._shared:
            fence.cut = partial(self._discard, transport)
        if under_way is not None:
            under_way.add(fence)
        before = FENCE.set(fence)
        is_in_order = False
        try:
            yield transport
            is_in_order = True
        finally:
            FENCE.reset(before)
            fence.cut = None
            if under_way is not None:
                under_way.discard(fence)
            if not self._shared:
                # One that was closed meanwhile may have had no connection yet that could be.
                is_usable = transport in self._all and (is_in_order or not self._is_own)
                (self._idle.append if is_usable else self._discard)(transport)

    def _discard(self, transport: httpx.AsyncBaseTransport) -> None:
        """Close a transport of one request, in a task that is cancelled by nobody."""
        if not self._is_own:
            return
        if transport in self._all:
            self._all.remove(transport)
        # It is the platform's, whoever's call it was.
        closing = asyncio.get_running_loop().create_task(transport.aclose(), context=Context())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _check_out(self) -> httpx.AsyncBaseTransport:
        if self._shared and self._all:
            return self._all[0]
        if self._idle:
            return self._idle.pop()
        transport = self._factory()
        self._all.append(transport)
        return transport


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, timeouts: Timeouts, fence: Fence
) -> AgencyResponse:
    """Have a request answered, and the answer read to its end."""
    response = await transport.handle_async_request(request)
    try:
        body = await _read(response, timeouts)
        fence.lift()
    finally:
        await response.aclose()
    if isinstance(body, Spool):
        return FileResponse(response.status_code, response.headers.raw, body)
    return AgencyResponse(response.status_code, response.headers.raw, body)


class _Timely(httpx.ByteStream):
    """A body that is not written once its time is over; an agency does nothing with a request that lacks it."""

    def __init__(self, content: bytes, fence: Fence) -> None:
        super().__init__(content)
        self._content = content
        self._fence = fence

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in _pieces(self._content):
            self._fence.check()
            yield piece
        self._fence.is_handed_over = True


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content) or 1, PIECE):
        yield content[start : start + PIECE]


class BodyBrokenOff(Exception):
    """A body could not be sent to its end."""


class _Streamed(httpx.AsyncByteStream):
    """A body that is written while it is sent.

    What a host's store raises goes no further: a transport would read a store's own ``httpx.ConnectError`` as proof
    that nothing was sent.

    Attributes:
        broken: Whether it ended before its end.
    """

    def __init__(self, body: MultipartBody, fence: Fence) -> None:
        self._body = body
        self._fence = fence
        self.broken = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body.chunks():
                for piece in _pieces(chunk):
                    self._fence.check()
                    yield piece
            self._fence.is_handed_over = True
        except TimeOver:
            raise
        except Exception:  # noqa: BLE001 - a host's store may raise anything
            self.broken = True
        if self.broken:
            raise BodyBrokenOff


async def _read(response: httpx.Response, timeouts: Timeouts) -> bytes | Spool:
    encoding, file = _encoding(response.headers.raw), timeouts.file
    if file is not None and response.status_code in file.statuses:
        return await read_file(body_parts(_chunks(response), file.limit, encoding))
    return await read_body(_chunks(response), timeouts.limit, encoding)


def _chunks(response: httpx.Response) -> httpx.AsyncByteStream:
    """The body as it came, still compressed."""
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("the transport answered with a synchronous stream")
    return response.stream


def _encoding(headers: RawHeaders) -> str | None:
    for name, value in headers:
        if name.lower() == b"content-encoding":
            return value.decode("latin-1").strip().lower()
    return None


def _classify(error: Exception) -> Failure:
    """What an exception of a transport proves. Only four kinds prove that nothing was heard."""
    failure = next((failure for kind, failure in _KINDS if isinstance(error, kind)), Failure.UNEXPECTED)
    if failure is Failure.RESET and refuses_certificate(error):
        return Failure.CLIENT_CERTIFICATE
    return connect_failure(error) if failure is Failure.CONNECT else failure


_KINDS: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (httpx.ConnectTimeout, Failure.CONNECT_TIMEOUT),
    (httpx.PoolTimeout, Failure.POOL_TIMEOUT),
    (httpx.ConnectError, Failure.CONNECT),
    (httpx.ReadTimeout, Failure.READ_TIMEOUT),
    (httpx.WriteTimeout, Failure.WRITE_TIMEOUT),
    (httpx.NetworkError, Failure.RESET),
    (ssl.SSLError, Failure.RESET),  # as it is, where an answer is read
    (httpx.RemoteProtocolError, Failure.PROTOCOL),
)


def _classify_aiohttp(error: Exception) -> Failure:
    """What an exception of the ``fast`` transport proves.

    httpx-aiohttp reports a connection that broke after the request was sent as ``ConnectTimeout``, which would
    prove that nothing was sent. So the exception beneath decides, and only what aiohttp raises while it connects
    counts as never sent.
    """
    import aiohttp

    beneath = error if isinstance(error, aiohttp.ClientError) else error.__cause__
    if isinstance(beneath, aiohttp.ConnectionTimeoutError):
        return Failure.CONNECT_TIMEOUT
    if isinstance(beneath, aiohttp.ClientConnectorError):
        return connect_failure(beneath)
    if isinstance(beneath, aiohttp.SocketTimeoutError):
        return Failure.READ_TIMEOUT
    if refuses_certificate(error):
        return Failure.CLIENT_CERTIFICATE
    if isinstance(beneath, aiohttp.ClientConnectionError):
        return Failure.RESET
    if isinstance(beneath, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return Failure.PROTOCOL
    return Failure.UNEXPECTED


class FencedBackend(httpcore.AnyIOBackend):
    """Connects as httpcore does, and lets nothing out but through a request's fence.

    Attributes:
        streams: What it has connected and nobody has closed.
    """

    def __init__(self) -> None:
        """Begin without a connection."""
        super().__init__()
        self.streams: list[FencedStream] = []

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """As httpcore's own backend."""
        connected: Any = await super().connect_tcp(*args, **kwargs)
        try:
            # What TLS is begun on; there is no public way to put anything beneath it.
            connected._stream = FencedStream(connected._stream)
            self.streams = [*(one for one in self.streams if one.is_open), connected._stream]
        except OSError as error:
            await connected.aclose()
            raise httpcore.ConnectError from error
        return cast("httpcore.AsyncNetworkStream", connected)


class FencedTransport(httpx.AsyncHTTPTransport):
    """As httpx's, with connections that let nothing out but through a request's fence."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        """Connect by the terms of ``tls``, to a few hosts at most."""
        super().__init__(
            verify=tls,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_PER_TRANSPORT,
                max_keepalive_connections=CONNECTIONS_PER_TRANSPORT,
                keepalive_expiry=KEEP_ALIVE,
            ),
        )
        self._backend = FencedBackend()
        # httpx hands no backend on.
        self._pool._network_backend = self._backend

    async def aclose(self) -> None:
        """As httpx's; it knows nothing of a connection whose handshake was broken off, or that stood later."""
        await super().aclose()
        for stream in self._backend.streams:
            await stream.aclose()


def _aiohttp_transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    import aiohttp
    from aiohttp.connector import AddrInfoType
    from httpx_aiohttp import AiohttpTransport

    # By their numbers, since a transport does not hand its socket out.
    sockets = WeakValueDictionary[int, FencedSocket]()

    def fenced_socket(address: AddrInfoType) -> FencedSocket:
        made = FencedSocket(*address[:3])
        sockets[made.fileno()] = made
        return made

    class TimelyRequest(aiohttp.ClientRequest):
        async def send(self, conn: "Connection") -> "ClientResponse":
            fence, transport = FENCE.get(), conn.transport
            if fence is not None and transport is not None:
                fence.check()
                own = sockets[transport.get_extra_info("socket").fileno()]
                own.fence, fence.socket = fence, own
                fence.cut = partial(abort_unwritten, fence, own, transport)
                conn.add_callback(fence.cut)
            return await super().send(conn)

    def abort_unwritten(fence: Fence, own: FencedSocket, transport: asyncio.Transport) -> None:
        """Once a request is over: whoever was answered or gave up before all was sent has nothing more to send.

        aiohttp would write on what waits, beside the next request or as the connection is closed, and the system
        would send on what it has. The connection may be closed or another's by then: it is given back as its answer's
        last bytes are there, and those may have to be written down first.
        """
        if own.fileno() < 0 or own.fence is not fence:
            return
        if not fence.is_written or own.unconfirmed:
            own.reset_as_closed()
            transport.abort()

    def session() -> aiohttp.ClientSession:
        opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=tls, keepalive_timeout=KEEP_ALIVE, socket_factory=fenced_socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            trust_env=False,
            request_class=TimelyRequest,
        )
        # aiohttp sends PUT and DELETE again by itself when a kept connection breaks. A write is never sent again
        # behind the ledger's back; there is no public switch.
        opened._retry_connection = False
        return opened

    return AiohttpTransport(client=session)
