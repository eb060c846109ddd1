"""The door of a simulated agency: every request is written down there, and meets its fault there."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from nagorik_testing.faults.conditions import Conditions
from nagorik_testing.faults.kinds import (
    Altered,
    AnswerLost,
    ClosedBeforeProcessing,
    Dripping,
    Encoded,
    Fault,
    Garbled,
    InjectedResponse,
    MaintenancePage,
    NotSent,
    Padded,
    Reshaped,
    Slow,
    Truncated,
)
from nagorik_testing.faults.plan import FaultPlan
from nagorik_testing.faults.responses import CapturedResponse, capture, changed, injected, maintenance_page
from nagorik_testing.simulator.connection import CONNECTION, Connection
from nagorik_testing.simulator.handlers import CalledRoute
from nagorik_testing.simulator.ledger import Ledger
from nagorik_testing.wire.codec import BODY, CODEC, Codec

UNROUTED: Final = "unrouted"
_BLANKS: Final = b" " * 65_536
"""One object for all pieces, so that a huge answer takes no memory."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadRequest:
    """One request, read and routed, before it is processed."""

    operation: str
    """The name of the route that takes it, as in the ledger."""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    content: JsonValue = None
    """What the simulator's codec reads in the body; ``None`` where it cannot."""


def operations_of(routes: Sequence[Route]) -> frozenset[str]:
    """The names of all routes: ``GET /applications/{id}``, or ``POST /service File`` at an address of several."""
    return frozenset(
        _name_of(route, method) for route in routes for method in (route.methods or ()) if method != "HEAD"
    )


def _name_of(route: Route, method: str) -> str:
    called = route.called if isinstance(route, CalledRoute) else None
    return f"{method} {route.path}" if called is None else f"{method} {route.path} {called}"


class SimulatorApp:
    """An ASGI application around a simulator's routes."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        ledger: Ledger,
        faults: FaultPlan,
        conditions: Conditions,
        client_reference: Callable[[ReadRequest], str | None],
        markers: Callable[[ReadRequest], tuple[str, ...]],
        codec: Codec,
    ) -> None:
        self._routes = tuple(routes)
        self._app = Starlette(routes=list(routes))
        self._ledger = ledger
        self._faults = faults
        self._conditions = conditions
        self._client_reference = client_reference
        self._markers = markers
        self._codec = codec

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"a simulator speaks HTTP, not {scope['type']}")
        request = Request(scope, receive)
        body, label = await request.body(), request.headers.get("content-type", "")
        scope = {**scope, CODEC: self._codec, BODY: body}
        operation, parameters = self._route_of(scope)
        read = ReadRequest(operation, parameters, dict(request.query_params), self._content(body, label))
        connection = scope.get("extensions", {}).get(CONNECTION)
        is_login = connection is not None and connection.is_login
        reference = self._client_reference(read)
        rule = self._faults.take(operation, reference, self._markers(read), is_login=is_login)
        fault = self._conditions.meet() if rule is None else rule.fault
        number = self._ledger.arrived(
            operation,
            client_reference=reference,
            idempotency_key=request.headers.get("idempotency-key"),
            fault=None if fault is None else fault.fault,
            is_login=is_login,
        )

        async def process() -> CapturedResponse:
            for file in self._codec.files(body, label):
                self._ledger.paper(file.name, file.media_type, file.content, client_reference=reference)
            answer = await capture(self._app, scope, body)
            self._ledger.answered(number, answer.status)
            return answer

        if fault is None:
            await (await process()).send(send)
        else:
            same = await _meet(fault, process, _required(connection), send, self._codec)
            if same and rule is not None:
                rule.idle += 1

    def _content(self, body: bytes, label: str) -> JsonValue:
        try:
            return self._codec.read(body, label) if body else None
        except ValueError:
            return None

    def operation_of(self, scope: Scope, body: bytes) -> str:
        """The name of the route that takes a request; ``unrouted`` where no route does."""
        return self._route_of({**scope, CODEC: self._codec, BODY: body})[0]

    def _route_of(self, scope: Scope) -> tuple[str, Mapping[str, str]]:
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                parameters = {name: str(value) for name, value in found.get("path_params", {}).items()}
                return _name_of(route, scope["method"]), parameters
        return UNROUTED, {}


async def _meet(
    fault: Fault,
    process: Callable[[], Awaitable[CapturedResponse]],
    connection: Connection,
    send: Send,
    codec: Codec,
) -> bool:
    """Let a request meet a fault; whether that left the answer as it was."""
    match fault:
        case NotSent() | ClosedBeforeProcessing():
            await connection.drop(fault.how)
        case AnswerLost():
            await process()
            await connection.drop(fault.how)
        case InjectedResponse() | MaintenancePage():
            if fault.processed:
                await process()
            page = injected(fault, codec) if isinstance(fault, InjectedResponse) else maintenance_page(fault)
            await page.send(send)
        case Slow():
            answer = await process()
            await connection.wait(fault.seconds, real=fault.real)
            await answer.send(send)
        case Dripping():
            await _drip(await process(), fault, connection, send)
        case Truncated():
            answer = await process()
            await answer.start(send)
            kept = answer.body[: int(len(answer.body) * fault.keep)]
            await send({"type": "http.response.body", "body": kept, "more_body": True})
            await connection.drop(fault.how)
        case Altered() | Garbled() | Reshaped() | Encoded():
            answer = await process()
            arriving = changed(answer, fault, codec)
            await arriving.send(send)
            return arriving == answer
        case Padded():
            await _pad(await process(), fault, send)
    return False


async def _drip(answer: CapturedResponse, fault: Dripping, connection: Connection, send: Send) -> None:
    await answer.start(send)
    for begin in range(0, len(answer.body), fault.piece):
        await connection.wait(fault.seconds, real=fault.real)
        piece = answer.body[begin : begin + fault.piece]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _pad(answer: CapturedResponse, fault: Padded, send: Send) -> None:
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    headers.append((b"content-length", str(fault.size + len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for begin in range(0, fault.size, len(_BLANKS)):
        piece = _BLANKS[: min(len(_BLANKS), fault.size - begin)]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _required(connection: Connection | None) -> Connection:
    if connection is None:
        raise RuntimeError("a fault needs a connection: use SimulatorTransport or serve")
    return connection
