"""A simulated agency's answer, taken before it is sent, and what faults make of it."""

import codecs
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue
from starlette.types import ASGIApp, Message, Scope, Send

from nagorik.values import to_bangla_digits
from nagorik_testing.faults.kinds import Altered, Encoded, Garbled, InjectedResponse, MaintenancePage, Reshaped

HeaderList = list[tuple[bytes, bytes]]

MAINTENANCE_PAGE: Final = (
    '<!DOCTYPE html><html lang="bn"><head><meta charset="utf-8"><title>রক্ষণাবেক্ষণ</title></head>'
    "<body><h1>সাময়িকভাবে বন্ধ</h1><p>System maintenance. Please try again later.</p></body></html>"
)


@dataclass(frozen=True, slots=True)
class CapturedResponse:
    """One whole answer."""

    status: int
    headers: HeaderList
    body: bytes

    def with_headers(self, headers: Mapping[str, str]) -> "CapturedResponse":
        """The same answer with further headers."""
        added = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return replace(self, headers=[*self.headers, *added])

    async def send(self, send: Send) -> None:
        """Send it whole."""
        await self.start(send)
        await send({"type": "http.response.body", "body": self.body, "more_body": False})

    async def start(self, send: Send) -> None:
        """Send the status and the headers, which tell the length of the whole body."""
        headers = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})


async def capture(app: ASGIApp, scope: Scope, body: bytes) -> CapturedResponse:
    """Run ``app`` on a request whose body is known, and keep its answer."""
    status = 0
    headers: HeaderList = []
    answer = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message.get("headers", []))
        else:
            answer.extend(message.get("body", b""))

    await app(scope, receive, send)
    return CapturedResponse(status, headers, bytes(answer))


def injected(fault: InjectedResponse) -> CapturedResponse:
    """The answer that a fault puts in place of the agency's."""
    headers = {"content-type": "text/plain; charset=utf-8", **{k.lower(): v for k, v in fault.headers.items()}}
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    return CapturedResponse(
        fault.status, [(name.encode(), value.encode()) for name, value in headers.items()], fault.body.encode()
    )


def maintenance_page(_fault: MaintenancePage) -> CapturedResponse:
    """A portal's page for people, where a program is asking."""
    return CapturedResponse(200, [(b"content-type", b"text/html; charset=utf-8")], MAINTENANCE_PAGE.encode())


def changed(answer: CapturedResponse, fault: Altered | Garbled | Reshaped | Encoded) -> CapturedResponse:
    """The agency's own answer as the fault lets it arrive."""
    match fault:
        case Altered():
            return altered(answer, fault)
        case Garbled():
            return garbled(answer, fault)
        case Reshaped():
            return reshaped(answer, fault)
        case Encoded():
            return encoded(answer, fault)


def altered(answer: CapturedResponse, fault: Altered) -> CapturedResponse:
    """The answer with the fault's places removed and put in; one that is not JSON stays as it is."""
    try:
        document: JsonValue = json.loads(answer.body)
    except ValueError:
        return answer
    for place in fault.remove:
        _change(document, place.split("."), None, remove=True)
    for place, value in fault.put.items():
        _change(document, place.split("."), value, remove=False)
    return replace(answer, body=json.dumps(document, ensure_ascii=False).encode())


def garbled(answer: CapturedResponse, fault: Garbled) -> CapturedResponse:
    """The answer in a form that its headers do not tell of."""
    match fault.how:
        case "not-json":
            return replace(answer, body=answer.body[:-1] + b"'}]")
        case "cut-short":
            return replace(answer, body=answer.body[: len(answer.body) * 2 // 3])
        case "not-utf-8":
            # Inside the last text, where a reader that replaces what it cannot decode would not notice.
            before, quote, after = answer.body.rpartition(b'"')
            return replace(answer, body=before + b"\xff\xfe" + quote + after)
        case "not-gzip":
            return replace(answer, headers=[*answer.headers, (b"content-encoding", b"gzip")])
        case "empty":
            return replace(answer, body=b"")


def reshaped(answer: CapturedResponse, fault: Reshaped) -> CapturedResponse:
    """The answer's document in another shape; one that is not JSON stays as it is."""
    try:
        document: JsonValue = json.loads(answer.body)
    except ValueError:
        return answer
    changed: JsonValue
    match fault.how:
        case "null":
            changed = None
        case "no-fields":
            changed = {}
        case "nulls":
            changed = _each(document, lambda _: None)
        case "in-list":
            changed = [document]
        case "double-encoded":
            changed = json.dumps(document, ensure_ascii=False)
        case "numbers-as-text":
            changed = _each(document, _as_text)
        case "bangla-digits":
            changed = _each(document, lambda value: to_bangla_digits(value) if isinstance(value, str) else value)
    return replace(answer, body=json.dumps(changed, ensure_ascii=False).encode())


def encoded(answer: CapturedResponse, fault: Encoded) -> CapturedResponse:
    """The answer in other bytes, or under another label."""
    match fault.how:
        case "byte-order-mark":
            return replace(answer, body=codecs.BOM_UTF8 + answer.body)
        case "utf-16":
            wide = answer.body.decode("utf-8").encode("utf-16")
            return _labelled(replace(answer, body=wide), b"application/json; charset=utf-16")
        case "labelled-latin-1":
            return _labelled(answer, b"application/json; charset=iso-8859-1")
        case "labelled-html":
            return _labelled(answer, b"text/html; charset=utf-8")


def _labelled(answer: CapturedResponse, content_type: bytes) -> CapturedResponse:
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-type"]
    return replace(answer, headers=[*headers, (b"content-type", content_type)])


def _each(document: JsonValue, change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    if isinstance(document, dict):
        return {key: _each(value, change) for key, value in document.items()}
    if isinstance(document, list):
        return [_each(value, change) for value in document]
    return change(document)


def _as_text(value: JsonValue) -> JsonValue:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _change(document: JsonValue, place: list[str], value: JsonValue, *, remove: bool) -> None:
    here = document
    for step in place[:-1]:
        here = here[int(step)] if isinstance(here, list) else here.get(step) if isinstance(here, dict) else None
    last = place[-1]
    if isinstance(here, dict):
        if remove:
            here.pop(last, None)
        else:
            here[last] = value
    elif isinstance(here, list) and int(last) < len(here):
        if remove:
            del here[int(last)]
        else:
            here[int(last)] = value
