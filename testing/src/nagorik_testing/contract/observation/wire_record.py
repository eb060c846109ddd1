"""A simulator that keeps what was sent to it, part by part, so that two calls can be compared."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope, Send

from nagorik_testing.simulator.base import Simulator
from nagorik_testing.wire.fields import parts_of

_OF_CONNECTION: Final = frozenset(
    {
        "authorization",
        "host",
        "connection",
        "accept",
        "accept-encoding",
        "content-length",
        "user-agent",
        "transfer-encoding",
    }
)
"""Headers that belong to the connection, or to a session that the platform keeps, and say nothing of what is sent."""


class WireRecorded:
    """Mixed into a simulator: keeps each request as its parts by name.

    Attributes:
        wire: In order of arrival. Holds digests and never a value.
        given: The values of the answers to each of them, as digests.
    """

    wire: list[Mapping[str, str]]
    given: list[frozenset[str]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.wire = []
        self.given = []
        super().__init__(*arguments, **named)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the simulator's, and keep what came; whether it came by a socket is not told."""
        body, answer = bytearray(), bytearray()

        async def keep_and_send(message: Message) -> None:
            answer.extend(message.get("body", b""))
            await send(message)

        async def keep_and_receive() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        number = len(self.wire)
        self.wire.append({})
        self.given.append(frozenset())
        server = (_header(scope, b"host").partition(":")[0], None)
        told = {**scope, "scheme": "https", "server": server, "client": None}
        try:
            await super().app(told, keep_and_receive, keep_and_send)  # type: ignore[misc]
        finally:
            self.wire[number] = _parts(scope, bytes(body))
            self.given[number] = frozenset(_digest(value) for _, value in _content("json", bytes(answer)))


def recorded(simulator: type[Simulator]) -> type[Any]:
    """The same simulator, which keeps what is sent to it."""
    return type(simulator.__name__, (WireRecorded, simulator), {})


def _parts(scope: Scope, body: bytes) -> Mapping[str, str]:
    kind = _header(scope, b"content-type")
    parts = {"method": scope["method"], "path": scope["path"]}
    parts |= {f"query value {name}": value for name, value in _counted(parse_qsl(scope["query_string"].decode()))}
    parts |= {
        f"header {name.decode()}": value.decode("latin-1")
        for name, value in scope["headers"]
        if name.decode() not in _OF_CONNECTION and name != b"content-type"
    }
    parts["content type"] = kind.partition(";")[0]
    parts |= {f"{name} of the body": value for name, value in _content(kind, body)}
    return {name: _digest(value) for name, value in parts.items()}


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _content(kind: str, body: bytes) -> Iterator[tuple[str, str]]:
    if kind.startswith("multipart/"):
        try:
            for name, part in parts_of(body, kind):
                yield f"part {name}", f"{part.get_filename()}|{part.get_content_type()}|{part.get_payload()}"
        except ValueError:
            yield "text", body.decode("utf-8", "replace")
    elif kind.startswith("application/x-www-form-urlencoded"):
        yield from _counted(parse_qsl(body.decode("utf-8", "replace")))
    elif "json" in kind:
        try:
            yield from leaves_of(json.loads(body), "value ")
        except ValueError:
            yield "text", body.decode("utf-8", "replace")
    else:
        yield "text", body.decode("utf-8", "replace")


def leaves_of(document: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every value of a document that holds no other, in JSON, with where it stands below ``at``."""
    if isinstance(document, dict | list) and document:
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for name, value in items:
            yield from leaves_of(value, f"{at}/{name}")
    else:
        yield at, json.dumps(document)


def _counted(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each name once, with all of its values in order."""
    names = dict.fromkeys(name for name, _ in pairs)
    for name in names:
        yield name, "\0".join(value for other, value in pairs if other == name)


def _header(scope: Scope, name: bytes) -> str:
    found = (value for other, value in scope["headers"] if other == name)
    return next(found, b"").decode("latin-1")
