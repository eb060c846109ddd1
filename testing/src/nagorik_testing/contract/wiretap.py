"""What passes between a plugin and its agency, with its bytes: the request as it is sent, and the answer to it."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

import httpx
from pydantic import JsonValue

from nagorik_testing.contract.subject import Subject
from nagorik_testing.simulator.app import UNROUTED
from nagorik_testing.simulator.connection import is_logging_in
from nagorik_testing.simulator.in_process import OPERATION
from nagorik_testing.wire.codec import Codec

LONGEST_SHOWN: Final = 400
"""Characters of a body that a report shows."""


def operation_of(request: httpx.Request) -> str:
    """The name of the simulator's route that takes a request; method and path where no route does."""
    name = request.extensions.get(OPERATION, UNROUTED)
    return f"{request.method} {request.url.path}" if name == UNROUTED else str(name)


Places = dict[str, str]
"""What a row of requests holds, by place: ``1 body dags.0.area``, ``1 query dob``, ``2 path 3``."""


@dataclass(slots=True, repr=False)
class WireExchange:
    """One request, and what was answered."""

    request: httpx.Request
    sent: bytes
    status: int | None = None
    """``None`` where no answer arrived."""
    answer: bytes = b""
    """Decoded, as the client reads it."""
    is_login: bool = field(default_factory=is_logging_in)
    """Whether the plugin's ``login`` sent it."""

    @property
    def operation(self) -> str:
        """As ``operation_of``."""
        return operation_of(self.request)

    @property
    def is_unrouted(self) -> bool:
        """Whether it reached a simulator of which no route took it."""
        return bool(self.request.extensions.get(OPERATION) == UNROUTED)

    @property
    def texts(self) -> tuple[str, str]:
        """The request and the response on a line each, for an author; bodies are cut after 400 characters."""
        answered = "none" if self.status is None else f"{self.status} {_shown(self.answer)}"
        return f"{self.operation} {_shown(self.sent)}".rstrip(), answered.rstrip()


def _shown(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


@dataclass(slots=True, repr=False)
class Wiretap:
    """Listens to all that passes through the transports that it is put around.

    Attributes:
        exchanges: What was heard, logins among it, in the order of sending.
    """

    exchanges: list[WireExchange] = field(default_factory=list)

    def around(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """The same transport, overheard."""
        return _Tapped(transport, self)

    def on(self, subject: Subject) -> Subject:
        """The subject, overheard."""
        return replace(subject, tap=self.around)

    def since(self, number: int = 0) -> list[WireExchange]:
        """What passed after the first ``number`` exchanges, without logins."""
        return [each for each in self.exchanges[number:] if not each.is_login]


class _Tapped(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, tap: Wiretap) -> None:
        self._inner = inner
        self._tap = tap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = WireExchange(request, await request.aread())
        await asyncio.sleep(0)  # as a network does, so that calls at once alternate
        self._tap.exchanges.append(exchange)
        response = await self._inner.handle_async_request(request)
        raw = b"".join([part async for part in response.aiter_raw()])
        await response.aclose()
        exchange.status = response.status_code
        exchange.answer = httpx.Response(response.status_code, headers=response.headers, content=raw).content
        return httpx.Response(
            response.status_code, headers=response.headers.raw, stream=httpx.ByteStream(raw), request=request
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def places_of(exchanges: Sequence[WireExchange], codec: Codec) -> Places:
    """What some requests say, by place: path, query and body as the agency reads it. Headers are left out.

    A header that differs with each attempt, such as a signature over the body, would make all requests differ.
    """
    found: Places = {}
    for number, exchange in enumerate(exchanges, start=1):
        url = exchange.request.url
        found[f"{number} method"] = exchange.request.method
        for step, segment in enumerate(url.path.strip("/").split("/"), start=1):
            found[f"{number} path {step}"] = segment
        for name, value in parse_qsl(url.query.decode("ascii"), keep_blank_values=True):
            found[f"{number} query {name}"] = value
        for place, value in body_places(exchange, codec):
            found[f"{number} body {place}"] = value
    return found


def body_places(exchange: WireExchange, codec: Codec) -> Iterator[tuple[str, str]]:
    """What a request's body says, by place; one that the agency cannot read as one text, a file by its hash."""
    if not exchange.sent:
        return
    label = exchange.request.headers.get("content-type", "")
    try:
        content = codec.read(exchange.sent, label)
    except ValueError:
        if "x-www-form-urlencoded" in label:
            yield from parse_qsl(_as_text(exchange.sent), keep_blank_values=True)
        else:
            yield "", _as_text(exchange.sent)
        return
    yield from leaves_of(content, "")
    for number, file in enumerate(codec.files(exchange.sent, label)):
        yield f"file {number} {file.name}", f"{file.media_type} {hashlib.sha256(file.content).hexdigest()}"


def _as_text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return hashlib.sha256(body).hexdigest()


def leaves_of(document: JsonValue, at: str) -> Iterator[tuple[str, str]]:
    """Every value of a document that holds no other, with where it stands below ``at``."""
    if isinstance(document, dict | list) and document:
        parts = document.items() if isinstance(document, dict) else enumerate(document)
        for name, part in parts:
            yield from leaves_of(part, f"{at}.{name}" if at else str(name))
    else:
        yield at, str(document)


def list_of(place: str) -> str:
    """A place without its numbers: all entries of a list stand in one."""
    return re.sub(r"\.\d+(?=\.|$)", "", place)


def differing(one: Places, other: Places) -> frozenset[str]:
    """The places in which two rows of requests differ, those among them that only one has."""
    return frozenset(place for place in {*one, *other} if one.get(place) != other.get(place))
