"""The one module that knows httpx: sends a request, and returns a response or a failure's name, never an exception.

Requests go to the transport directly, without ``httpx.AsyncClient``: no redirects, cookies, netrc, proxies from the
environment or log lines with URLs, and less work. Exceptions are read here and dropped: their texts hold URLs.

Deadline and lease of a request are checked before its headers and before each chunk of its body. What a machine had
checked and not yet sent when it froze may still leave it: the look-up before a retry covers that.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import httpx

from nagorik.http import AgencyResponse
from nagorik_platform.agency_client.bodies import Unreadable, limited
from nagorik_platform.agency_client.connect_failures import connect_failure, refuses_certificate
from nagorik_platform.agency_client.headers import RawHeaders
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.retry_table import Failure
from nagorik_platform.agency_client.spool import Spool, read_file

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from aiohttp.connector import Connection

TransportFactory = Callable[[], httpx.AsyncBaseTransport]
Remaining = Callable[[], float]
"""Seconds for which a request may be written; 0.0 or less once its deadline or lease is over."""

KEEP_ALIVE: Final = 5.0
"""Seconds an idle connection is kept. Agencies close longer ones, often at the moment of a write."""
CONNECTIONS_PER_TRANSPORT: Final = 4
"""Connections of one transport, which serves one request at a time: one for each host a plugin alternates between."""
_REMAINING: Final[ContextVar[Remaining | None]] = ContextVar("_REMAINING", default=None)


def _check_time(remaining: Remaining | None) -> None:
    if remaining is not None and remaining() <= 0:
        raise TimeoutError


@dataclass(frozen=True, slots=True, repr=False)
class OutgoingRequest:
    """One request, ready to send."""

    method: str
    url: str
    headers: RawHeaders
    body: bytes | MultipartBody | None


class FileResponse(AgencyResponse):
    """A response with a file that is too large for memory; ``body`` is empty."""

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
    is_file: bool = False
    """Whether the response may be too large for memory."""
    remaining: Remaining | None = None


@cache
def shared_tls() -> ssl.SSLContext:
    """The process's one TLS context; building it takes longer than a hundred requests."""
    return httpx.create_ssl_context(trust_env=False)


class ConnectionPool:
    """The connections to one agency.

    httpx 0.28 scans its whole pool on every request. So each request has a transport for itself, the one used
    last first. The caller bounds how many requests are in flight.
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
        self._is_own = factory is None
        self._shared = choice == "fast" and factory is None
        self._classify = _classify_aiohttp if self._shared else _classify
        make = _aiohttp_transport if self._shared else _httpx_transport
        self._factory = factory or (lambda: make(tls or shared_tls()))

    async def send(self, outgoing: OutgoingRequest, timeouts: Timeouts) -> AgencyResponse | Failure:
        """Send one request and read its response to the end.

        Raises:
            AssertionError: A mock router does not know the request.
        """
        body, remaining, seconds = outgoing.body, timeouts.remaining, timeouts.read
        parts = body if isinstance(body, MultipartBody) else None
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            content=_timely(parts, remaining) if parts is not None else cast("bytes | None", body),
            extensions={
                "timeout": {
                    "connect": timeouts.connect,
                    "read": seconds,
                    "write": seconds,
                    "pool": timeouts.connect,
                    "total": timeouts.total,  # for a transport that has a clock of its own
                },
                "trace": partial(_check_written, remaining),
            },
        )
        transport = self._take()
        before = _REMAINING.set(remaining)
        try:
            async with asyncio.timeout(timeouts.total):
                answer = await _exchange(transport, request, timeouts)
        except BaseException as error:
            self._give_back(transport, is_whole=False)
            is_broken = parts is not None and parts.is_broken
            if not isinstance(error, Exception) or (isinstance(error, AssertionError) and not is_broken):
                raise
            return Failure.BODY if is_broken else self._classify(error)
        finally:
            _REMAINING.reset(before)
        self._give_back(transport, is_whole=True)
        return answer

    async def aclose(self) -> None:
        """Close all connections, also of requests that are under way."""
        self._idle.clear()
        while self._all:
            await self._all.pop().aclose()
        if self._closing:
            await asyncio.wait(self._closing)

    def _take(self) -> httpx.AsyncBaseTransport:
        if self._idle:
            return self._idle.pop()
        if not self._shared or not self._all:
            self._all.append(self._factory())
        return self._all[-1]

    def _give_back(self, transport: httpx.AsyncBaseTransport, *, is_whole: bool) -> None:
        """Keep a transport whose request ended with a whole response, and close any other.

        It is closed in a task of its own, which a second cancel of the request does not reach.
        """
        if self._shared:
            return
        if transport in self._all:
            if is_whole or not self._is_own:
                self._idle.append(transport)
                return
            self._all.remove(transport)
        closing = asyncio.get_running_loop().create_task(transport.aclose(), context=Context())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, timeouts: Timeouts
) -> AgencyResponse:
    """Have a request answered, and read the response to its end."""
    response = await transport.handle_async_request(request)
    status, raw = response.status_code, response.headers.raw
    parts = limited(response.aiter_bytes(), timeouts.limit)
    try:
        if not timeouts.is_file:
            return AgencyResponse(status, raw, b"".join([part async for part in parts]))
        read = await read_file(parts)
        return FileResponse(status, raw, read) if isinstance(read, Spool) else AgencyResponse(status, raw, read)
    finally:
        await response.aclose()


async def _check_written(remaining: Remaining | None, event: str, _: Mapping[str, Any]) -> None:
    """Check the time as httpcore is about to write; its trace extension calls this."""
    if event.endswith((".send_request_headers.started", ".send_request_body.started")):
        _check_time(remaining)


async def _timely(body: MultipartBody, remaining: Remaining | None) -> AsyncIterator[bytes]:
    async for chunk in body.chunks():
        _check_time(remaining)
        yield chunk


def _classify(error: Exception) -> Failure:
    """Read off an exception what it proves. Only four kinds prove that nothing was heard."""
    if isinstance(error, Unreadable):
        return error.failure
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
    (ssl.SSLError, Failure.RESET),  # as it is, where a response is read
    (httpx.RemoteProtocolError, Failure.PROTOCOL),
    (httpx.DecodingError, Failure.CONTENT),
    (TimeoutError, Failure.DEADLINE),
)


def _classify_aiohttp(error: Exception) -> Failure:
    """Read off an exception of the ``fast`` transport what it proves.

    httpx-aiohttp reports a connection that broke after the request was sent as ``ConnectTimeout``, which would
    prove that nothing was sent. So the exception beneath decides, and only what aiohttp raises while it connects
    counts as never sent.
    """
    import aiohttp

    if isinstance(error, Unreadable | TimeoutError | httpx.DecodingError):
        return _classify(error)
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
    is_protocol = isinstance(beneath, aiohttp.ClientPayloadError | aiohttp.ClientResponseError)
    return Failure.PROTOCOL if is_protocol else Failure.UNEXPECTED


def _httpx_transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(
        max_connections=CONNECTIONS_PER_TRANSPORT,
        max_keepalive_connections=CONNECTIONS_PER_TRANSPORT,
        keepalive_expiry=KEEP_ALIVE,
    )
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)


def _aiohttp_transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    class TimelyRequest(aiohttp.ClientRequest):
        async def send(self, conn: "Connection") -> "ClientResponse":
            _check_time(_REMAINING.get())
            return await super().send(conn)

    def session() -> aiohttp.ClientSession:
        opened = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            trust_env=False,
            request_class=TimelyRequest,
        )
        # aiohttp sends PUT and DELETE again by itself when a kept connection breaks; there is no public switch.
        opened._retry_connection = False
        return opened

    return AiohttpTransport(client=session)
