"""An agency's genuine answers, kept and given again, one of them with another content.

What is given again never reaches the agency. A write can be answered otherwise as often as is wanted, and has its
effect once.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx

from nagorik_testing.contract.checks.answers.variations import AnswerDocument
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.wiretap import WireExchange, operation_of
from nagorik_testing.simulator.connection import is_logging_in
from nagorik_testing.wire.codec import Codec

_OF_THE_BYTES = frozenset({"content-length", "content-encoding", "transfer-encoding", "content-md5", "digest"})
"""Headers that say something of the bytes that were sent, which are others now."""


@dataclass(frozen=True, slots=True, repr=False)
class KeptAnswer:
    """One request, and the agency's genuine answer to it.

    Attributes:
        operation: The name of the simulator's route that took the request.
        method: The request's.
        path: The request's, with its query.
        sent: The request's body.
        status: The answer's.
        headers: The answer's.
        content: The answer's, decoded.
    """

    operation: str
    method: str
    path: str
    sent: bytes
    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def label(self) -> str:
        """What was asked: the name of the route, without the parts of its path that stand for references."""
        return re.sub(r"/\{[^/]*", "", self.operation)

    def answers(self, request: httpx.Request) -> bool:
        """Whether a request is the one that was answered so, whatever its body says."""
        path = request.url.raw_path.decode("ascii")
        return (operation_of(request), request.method, path) == (self.operation, self.method, self.path)

    def document(self, codec: Codec) -> AnswerDocument | None:
        """What the answer says; ``None`` where it says nothing, or in another format than the agency's."""
        if not self.content:
            return None
        return AnswerDocument.read(self.content, codec.answers, self.headers.get("content-type", ""))

    def given(self, request: httpx.Request, content: bytes | None) -> httpx.Response:
        """The answer once more, with another content."""
        headers = [(name, value) for name, value in self.headers.multi_items() if name.lower() not in _OF_THE_BYTES]
        body = self.content if content is None else content
        return httpx.Response(self.status, headers=headers, content=body, request=request)


@dataclass(slots=True, repr=False)
class AnswerReplay:
    """Stands between a plugin and its agency: keeps what passes, or gives again what it has kept."""

    _kept: list[KeptAnswer] = field(default_factory=list)
    _given: Sequence[KeptAnswer] | None = None
    _next: int = 0
    _at: int | None = None
    _content: bytes = b""
    _to_any: bool = False
    asked: list[WireExchange] = field(default_factory=list)
    """What was sent in the last call that was answered so."""

    def on(self, subject: Subject) -> Subject:
        """The subject with this before its agency."""
        return replace(subject, tap=self.around)

    def around(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The same transport, kept and given again."""
        return _Replayed(transport, self)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[list[KeptAnswer]]:
        """Keep the answers that are given inside; logins are not among them."""
        self._kept = []
        yield self._kept
        self._kept = []

    async def again(
        self,
        call: Callable[[], Awaitable[object]],
        kept: Sequence[KeptAnswer],
        at: int | None = None,
        to: bytes = b"",
        *,
        to_any: bool = False,
    ) -> object:
        """Make a call that is answered with what was kept; the answer ``at`` has another content.

        Where it is given ``to_any`` request, what was kept for one question answers another.
        """
        self._given, self._next, self._at, self._content, self._to_any = kept, 0, at, to, to_any
        self.asked = []
        try:
            return await call()
        finally:
            self._given = None

    async def handle(self, request: httpx.Request, inner: httpx.AsyncBaseTransport) -> httpx.Response:
        """One request."""
        sent = await request.aread()
        if is_logging_in():
            return await inner.handle_async_request(request)
        if self._given is None:
            return await self._keep(request, sent, inner)
        self.asked.append(WireExchange(request, sent))
        number, self._next = self._next, self._next + 1
        if number < len(self._given) and (self._to_any or self._given[number].answers(request)):
            return self._given[number].given(request, self._content if number == self._at else None)
        # Another request than before follows from another answer: of what it asks for, nothing is known.
        raise httpx.ConnectError("not kept", request=request)

    async def _keep(self, request: httpx.Request, sent: bytes, inner: httpx.AsyncBaseTransport) -> httpx.Response:
        response = await inner.handle_async_request(request)
        raw = b"".join([part async for part in response.aiter_raw()])
        await response.aclose()
        read = httpx.Response(response.status_code, headers=response.headers, content=raw)
        name, path = operation_of(request), request.url.raw_path.decode("ascii")
        self._kept.append(
            KeptAnswer(name, request.method, path, sent, response.status_code, response.headers, read.content)
        )
        stream = httpx.ByteStream(raw)
        return httpx.Response(response.status_code, headers=response.headers.raw, stream=stream, request=request)


class _Replayed(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, replay: AnswerReplay) -> None:
        self._inner = inner
        self._replay = replay

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._replay.handle(request, self._inner)

    async def aclose(self) -> None:
        await self._inner.aclose()
