"""The one module that knows httpx. What it returns is an answer or a failure's name, never an exception of httpx.

Requests go to the transport directly, without ``httpx.AsyncClient``: no redirects, cookies, netrc, proxies from the
environment or log lines with URLs, and less work. Their exceptions are read here and dropped, because their
texts hold URLs.

The deadline and the lease of a request are checked before its head, if that is all of it, or before each piece of its
body is written: an agency does nothing with a request that lacks some. What
a process had checked and not yet sent when its machine froze may still leave it: the look-up before a retry covers
that.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx

from nagorik.http import AgencyResponse
from nagorik_platform.agency_client.bodies import Unreadable, body_parts, read_body
from nagorik_platform.agency_client.connect_failures import connect_failure, refuses_certificate
from nagorik_platform.agency_client.headers import RawHeaders
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.spool import Spool, read_file

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from aiohttp.connector import AddrInfoType, Connection

TransportFactory = Callable[[], httpx.AsyncBaseTransport]

PIECE: Final = 65_536
"""Bytes of a body that are written without looking at the time again."""
KEEP_ALIVE: Final = 5.0
"""Seconds an idle connection is kept. Longer ones are often closed by the agency in the very moment of a write."""
CONNECTIONS_PER_TRANSPORT: Final = 4
"""Connections of one transport, which serves one request at a time: one for each host a plugin alternates between."""
RESET_AS_CLOSED: Final = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""A socket option: what the system has of a request that was given up is dropped with its connection, and never sent
as the agency reads on. A whole answer has been read before any other connection is closed."""


class TimeOver(TimeoutError):
    """A piece of a request was about to be written when its time was over."""


REMAINING: Final[ContextVar[Callable[[], float] | None]] = ContextVar("REMAINING", default=None)
"""Seconds for which the request of this task may be written; infinite without one."""


def _check_time(remaining: Callable[[], float] | None) -> None:
    if remaining is not None and remaining() <= 0:
        raise TimeOver


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
    under_way: set[asyncio.Timeout] = field(default_factory=set)
    """Where the request stands for as long as it is under way, so that its call's end can break it off."""


async def _check_head(remaining: Callable[[], float] | None, event: str, _: Mapping[str, Any]) -> None:
    """Hears of what httpcore does before it does it; of a request without a body, the head is all there is."""
    if event.endswith(".send_request_headers.started"):
        _check_time(remaining)


@cache
def shared_tls() -> ssl.SSLContext:
    """The process's one TLS context; building it takes longer than a hundred requests."""
    return httpx.create_ssl_context(trust_env=False)


class ConnectionPool:
    """The connections to one agency.

    httpx 0.28 scans its whole pool on every request. So each request has a transport for itself, the one used
    last first, and each transport's pool holds one connection for each host it has met. How many requests are in
    flight is for the caller to bound.

    A transport whose request did not end with a whole answer is closed and used no more: a second cancel, or one that
    comes as an answer is given back, would leave its connection open, with what the system has of the request.
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
            self._factory = lambda: _httpx_transport(tls or shared_tls())

    async def send(self, outgoing: OutgoingRequest, timeouts: Timeouts) -> AgencyResponse | Failure:
        """Send one request and read its answer to the end.

        Raises:
            AssertionError: From a mock router that was not told about the request.
        """
        body, remaining = outgoing.body, timeouts.remaining
        streamed = _Streamed(body, remaining) if isinstance(body, MultipartBody) else None
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            stream=streamed or _Timely(body if isinstance(body, bytes) else b"", remaining),
            extensions={
                "timeout": {
                    "connect": timeouts.connect,
                    "read": timeouts.read,
                    "write": timeouts.read,
                    "pool": timeouts.connect,
                    "total": timeouts.total,  # kept below; for a transport that has a clock of its own
                },
            },
        )
        if not body:
            request.extensions["trace"] = partial(_check_head, remaining)
        # aiohttp takes what was read as bytes, and writes them whatever the time is.
        if streamed is None and not (self._shared and body):
            request.read()
        try:
            async with asyncio.timeout(timeouts.total) as scope:
                with self._checked_out(timeouts, scope) as transport:
                    return await _exchange(transport, request, timeouts)
        except TimeoutError:
            return Failure.DEADLINE
        except Unreadable as unreadable:
            return unreadable.failure
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
    def _checked_out(self, timeouts: Timeouts, scope: asyncio.Timeout) -> Iterator[httpx.AsyncBaseTransport]:
        """A transport for one request."""
        if self._shared and self._all:
            transport = self._all[0]
        elif self._idle:
            transport = self._idle.pop()
        else:
            transport = self._factory()
            self._all.append(transport)
        timeouts.under_way.add(scope)
        before, is_in_order = REMAINING.set(timeouts.remaining), False
        try:
            yield transport
            is_in_order = True
        finally:
            REMAINING.reset(before)
            timeouts.under_way.discard(scope)
            if not self._shared:
                # One that was closed meanwhile may have had no connection yet that could be.
                is_usable = transport in self._all and (is_in_order or not self._is_own)
                (self._idle.append if is_usable else self._discard)(transport)

    def _discard(self, transport: httpx.AsyncBaseTransport) -> None:
        """Close a transport of one request, in a task of the platform's own that no caller cancels."""
        if not self._is_own:
            return
        if transport in self._all:
            self._all.remove(transport)
        closing = asyncio.get_running_loop().create_task(transport.aclose(), context=Context())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def break_off(scopes: Collection[asyncio.Timeout]) -> None:
    """End requests as if their time was over, whoever waits for them."""
    for scope in tuple(scopes):
        with suppress(RuntimeError):  # its time is over by itself
            scope.reschedule(0.0)


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, timeouts: Timeouts
) -> AgencyResponse:
    """Have a request answered, and the answer read to its end."""
    response = await transport.handle_async_request(request)
    try:
        stream, file, body = response.stream, timeouts.file, b""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("the transport answered with a synchronous stream")
        if file is None or response.status_code not in file.statuses:
            body = await read_body(stream, timeouts.limit, encoding)
        else:
            read = await read_file(body_parts(stream, file.limit, encoding))
            if isinstance(read, Spool):
                return FileResponse(response.status_code, response.headers.raw, read)
            body = read
    finally:
        await response.aclose()
    return AgencyResponse(response.status_code, response.headers.raw, body)


class _Timely(httpx.ByteStream):
    """A body that is not written once its time is over; an agency does nothing with a request that lacks it."""

    def __init__(self, content: bytes, remaining: Callable[[], float] | None) -> None:
        super().__init__(content)
        self._content = content
        self._remaining = remaining

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in _pieces(self._content):
            _check_time(self._remaining)
            yield piece


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

    def __init__(self, body: MultipartBody, remaining: Callable[[], float] | None) -> None:
        self._body = body
        self._remaining = remaining
        self.broken = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body.chunks():
                for piece in _pieces(chunk):
                    _check_time(self._remaining)
                    yield piece
        except TimeOver:
            raise
        except Exception:  # noqa: BLE001 - a host's store may raise anything
            self.broken = True
        if self.broken:
            raise BodyBrokenOff


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


def _httpx_transport(tls: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(
        max_connections=CONNECTIONS_PER_TRANSPORT,
        max_keepalive_connections=CONNECTIONS_PER_TRANSPORT,
        keepalive_expiry=KEEP_ALIVE,
    )
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits, socket_options=[RESET_AS_CLOSED])


def _aiohttp_transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    class TimelyRequest(aiohttp.ClientRequest):
        async def send(self, conn: "Connection") -> "ClientResponse":
            _check_time(REMAINING.get())
            if conn.transport is not None:
                conn.add_callback(partial(_abort_unwritten, conn.transport))
            return await super().send(conn)

    def session() -> aiohttp.ClientSession:
        opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=tls, keepalive_timeout=KEEP_ALIVE, socket_factory=_resetting_socket
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


def _resetting_socket(address: "AddrInfoType") -> socket.socket:
    made = socket.socket(*address[:3])
    made.setsockopt(*RESET_AS_CLOSED)
    return made


def _abort_unwritten(transport: asyncio.Transport) -> None:
    """Once a request is over: an event loop would write on what waits, though its connection is closed."""
    if transport.get_write_buffer_size():
        transport.abort()
