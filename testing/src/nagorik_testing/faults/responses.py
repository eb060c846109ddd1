"""A simulated agency's answer, taken before it is sent, and what faults make of it."""

import codecs
from dataclasses import dataclass, replace
from typing import Final

from starlette.types import ASGIApp, Message, Scope, Send

from nagorik_testing.faults.kinds import Altered, Encoded, Garbled, InjectedResponse, MaintenancePage, Reshaped
from nagorik_testing.wire.codec import Codec

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


def injected(fault: InjectedResponse, codec: Codec) -> CapturedResponse:
    """The answer that a fault puts in place of the agency's."""
    label, body = "text/plain; charset=utf-8", fault.body.encode()
    if fault.document is not None:
        label, body = codec.answers.content_type(), codec.answers.write(fault.document, error=True)
    headers = {"content-type": label, **{k.lower(): v for k, v in fault.headers.items()}}
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    return CapturedResponse(fault.status, [(name.encode(), value.encode()) for name, value in headers.items()], body)


def maintenance_page(_fault: MaintenancePage) -> CapturedResponse:
    """A portal's page for people, where a program is asking."""
    return CapturedResponse(200, [(b"content-type", b"text/html; charset=utf-8")], MAINTENANCE_PAGE.encode())


def changed(
    answer: CapturedResponse, fault: Altered | Garbled | Reshaped | Encoded, codec: Codec
) -> CapturedResponse:
    """The agency's own answer as the fault lets it arrive; as it was where the fault has nothing to change in it."""
    try:
        match fault:
            case Altered():
                body = codec.answers.altered(answer.body, fault.remove, fault.put, fault.rename)
                return replace(answer, body=body)
            case Garbled():
                return _garbled(answer, fault, codec)
            case Reshaped():
                return replace(answer, body=codec.answers.reshaped(answer.body, fault.how))
            case Encoded():
                return _encoded(answer, fault, codec)
    except ValueError:
        return answer  # not of the codec's format, such as a file


def _garbled(answer: CapturedResponse, fault: Garbled, codec: Codec) -> CapturedResponse:
    """The answer in a form that its headers do not tell of."""
    match fault.how:
        case "unparsable":
            return replace(answer, body=codec.answers.spoiled(answer.body))
        case "cut-short":
            return replace(answer, body=answer.body[: len(answer.body) * 2 // 3])
        case "not-utf-8":
            return replace(answer, body=codec.answers.with_broken_text(answer.body))
        case "not-gzip":
            return replace(answer, headers=[*answer.headers, (b"content-encoding", b"gzip")])
        case "empty":
            return replace(answer, body=b"")


def _encoded(answer: CapturedResponse, fault: Encoded, codec: Codec) -> CapturedResponse:
    """The answer in other bytes, or under another label."""
    match fault.how:
        case "byte-order-mark":
            return replace(answer, body=codecs.BOM_UTF8 + answer.body)
        case "utf-16":
            wide = answer.body.decode("utf-8").encode("utf-16")
            return _labelled(replace(answer, body=wide), codec.answers.content_type("utf-16"))
        case "labelled-latin-1":
            return _labelled(answer, codec.answers.content_type("iso-8859-1"))
        case "labelled-html":
            return _labelled(answer, "text/html; charset=utf-8")


def _labelled(answer: CapturedResponse, content_type: str) -> CapturedResponse:
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-type"]
    return replace(answer, headers=[*headers, (b"content-type", content_type.encode())])
