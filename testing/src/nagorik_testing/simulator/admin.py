"""The hand that moves a simulator from outside: its clock, its ledger, its faults, its script.

Served on the loopback only, under ``/_simulator``, and in process where it is asked for. It shows references,
amounts and times and no personal data, and what is done through it is not in the ledger.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from nagorik.payer_pages import is_loopback
from nagorik.privacy import Model
from nagorik_testing.faults.conditions import CONDITIONS
from nagorik_testing.faults.kinds import FAULTS, SimulatedSeconds
from nagorik_testing.faults.plan import FaultRule
from nagorik_testing.simulator.base import ADMIN_PATH, Simulator


class _Advance(Model):
    seconds: SimulatedSeconds


class _Set(Model):
    instant: AwareDatetime


class _FaultOrder(Model):
    operation: str
    fault: dict[str, Any]
    first: int = 1
    count: int | None = 1
    client_reference: str | None = None


class _ScriptOrder(Model):
    marker: str = "*"
    outcome: str
    durations: dict[str, SimulatedSeconds] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)


def with_admin(simulator: Simulator) -> ASGIApp:
    """The simulator's application with the admin API beside it."""
    own = _Admin(simulator).routes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path != ADMIN_PATH and not path.startswith(f"{ADMIN_PATH}/"):
            await simulator.app(scope, receive, send)
        elif (refusal := _refusal(scope)) is not None:
            await refusal(scope, receive, send)
        else:
            # Made for each request, since a reset gives the agency new officers.
            await Starlette(routes=[*own, *simulator.operator_routes()])(scope, receive, send)

    return app


def refused(problem: str, status: int = 400) -> JSONResponse:
    """An answer of the admin API that says what is wrong."""
    return JSONResponse({"error": problem}, status_code=status)


class _Admin:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[Route]:
        handlers: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "", self.describe),
            ("GET", "/clock", self.clock),
            ("POST", "/clock/advance", self.advance),
            ("POST", "/clock/set", self.set_clock),
            ("GET", "/ledger", self.ledger),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("GET", "/conditions", self.conditions),
            ("POST", "/conditions", self.add_condition),
            ("DELETE", "/conditions", self.clear_conditions),
            ("POST", "/script", self.write_script),
            ("POST", "/reset", self.reset),
        ]
        return [Route(ADMIN_PATH + path, _reading(handler), methods=[method]) for method, path, handler in handlers]

    async def describe(self, _request: Request) -> Response:
        simulator = self._simulator
        return JSONResponse(
            {
                "plugin": simulator.plugin_id,
                "modelled": simulator.modelled,
                "now": simulator.clock.now().isoformat(),
                "outcomes": list(simulator.script.outcomes),
                "operations": sorted(simulator.faults.operations),
                "officers": sorted(route.path for route in simulator.operator_routes()),
            }
        )

    async def clock(self, _request: Request) -> Response:
        return JSONResponse({"now": self._simulator.clock.now().isoformat()})

    async def advance(self, request: Request) -> Response:
        order = _Advance.model_validate_json(await request.body())
        self._simulator.clock.advance(timedelta(seconds=order.seconds))
        return await self.clock(request)

    async def set_clock(self, request: Request) -> Response:
        self._simulator.clock.set(_Set.model_validate_json(await request.body()).instant)
        return await self.clock(request)

    async def ledger(self, _request: Request) -> Response:
        return JSONResponse(self._simulator.ledger.as_document())

    async def faults(self, _request: Request) -> Response:
        return JSONResponse({"faults": [_rule(rule) for rule in self._simulator.faults.rules]})

    async def add_fault(self, request: Request) -> Response:
        order = _FaultOrder.model_validate_json(await request.body())
        rule = self._simulator.faults.add(
            order.operation,
            FAULTS.validate_python(order.fault),
            first=order.first,
            count=order.count,
            client_reference=order.client_reference,
        )
        return JSONResponse(_rule(rule), status_code=201)

    async def clear_faults(self, _request: Request) -> Response:
        self._simulator.faults.clear()
        return JSONResponse({"faults": []})

    async def conditions(self, _request: Request) -> Response:
        current = self._simulator.conditions
        conditions = [condition.model_dump(mode="json") for condition in current.all]
        return JSONResponse({"conditions": conditions, "met": dict(current.met)})

    async def add_condition(self, request: Request) -> Response:
        condition = CONDITIONS.validate_json(await request.body())
        self._simulator.conditions.add(condition)
        return JSONResponse(condition.model_dump(mode="json"), status_code=201)

    async def clear_conditions(self, request: Request) -> Response:
        self._simulator.conditions.clear()
        return await self.conditions(request)

    async def write_script(self, request: Request) -> Response:
        order = _ScriptOrder.model_validate_json(await request.body())
        self._simulator.script.set(order.marker, order.outcome, durations=order.durations, values=order.values)
        return JSONResponse({"outcome": order.outcome}, status_code=201)

    async def reset(self, _request: Request) -> Response:
        self._simulator.reset()
        return JSONResponse({"reset": True})


def _reading(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            return refused("; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems))
        except OverflowError:
            return refused("the clock ends before that")
        except ValueError as error:
            return refused(str(error))

    return guarded


def _rule(rule: FaultRule) -> dict[str, object]:
    return {
        "operation": rule.operation,
        "fault": rule.fault.model_dump(mode="json"),
        "first": rule.first,
        "count": rule.count,
        "client_reference": rule.client_reference,
        "used": rule.used,
    }


def _refusal(scope: Scope) -> Response | None:
    """Why a request may come from somebody else's web page, or ``None``.

    A page that rebinds its own name to this machine names itself as the host. One that does not says in its request
    where it comes from, and can send JSON to another machine's address only if it is let.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host, origin = headers.get(b"host", ""), headers.get(b"origin")
    if not _is_here(f"//{host}"):
        return refused("only for this machine", 403)
    if origin is not None and (not _is_here(origin) or urlsplit(origin).netloc.lower() != host.lower()):
        return refused("not for pages of another origin", 403)
    if headers.get(b"sec-fetch-site", "none") not in {"none", "same-origin"}:
        return refused("not for pages of another origin", 403)
    has_body = headers.get(b"content-length", "0") != "0" or b"transfer-encoding" in headers
    media_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        return refused("orders are sent as application/json", 415)
    return None


def _is_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
