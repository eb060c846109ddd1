"""The hand that moves a simulator from outside: its clock, its ledger, its faults, its script.

Served on the loopback only, under ``/_simulator``, and in process where it is asked for. It shows references,
amounts and times and no personal data, and what is done through it is not in the ledger.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
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
    own = _routes(simulator)

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


_Order = Callable[[bytes], object]
"""Does what a request's body says; what is answered, in JSON types."""


def _orders(simulator: Simulator) -> Mapping[str, _Order]:
    """What can be asked and ordered, by method and path below ``/_simulator``."""
    clock, faults, conditions = simulator.clock, simulator.faults, simulator.conditions

    def add_fault(body: bytes) -> object:
        order = _FaultOrder.model_validate_json(body)
        fault = FAULTS.validate_python(order.fault)
        return _rule(faults.add(fault=fault, **order.model_dump(exclude={"fault"})))

    def add_condition(body: bytes) -> object:
        condition = CONDITIONS.validate_json(body)
        conditions.add(condition)
        return condition.model_dump(mode="json")

    def write_script(body: bytes) -> object:
        order = _ScriptOrder.model_validate_json(body)
        simulator.script.set(order.marker, order.outcome, durations=order.durations, values=order.values)
        return {"outcome": order.outcome}

    def now(_moved: object = None) -> object:
        return {"now": clock.now().isoformat()}

    def held(_body: bytes) -> object:
        written = [condition.model_dump(mode="json") for condition in conditions.all]
        return {"conditions": written, "met": dict(conditions.met)}

    def rules(_body: bytes) -> object:
        return {"faults": [_rule(rule) for rule in faults.rules]}

    def clear_faults(body: bytes) -> object:
        faults.clear()
        return rules(body)

    def clear_conditions(body: bytes) -> object:
        conditions.clear()
        return held(body)

    def reset(_body: bytes) -> object:
        simulator.reset()
        return {"reset": True}

    return {
        "GET": lambda _: {
            "plugin": simulator.plugin_id,
            "modelled": simulator.modelled,
            "now": clock.now().isoformat(),
            "outcomes": list(simulator.script.outcomes),
            "operations": sorted(faults.operations),
            "officers": sorted(route.path for route in simulator.operator_routes()),
        },
        "GET /clock": now,
        "POST /clock/advance": lambda body: now(clock.advance(_Advance.model_validate_json(body).seconds)),
        "POST /clock/set": lambda body: now(clock.set(_Set.model_validate_json(body).instant)),
        "GET /ledger": lambda _: simulator.ledger.as_document(),
        "GET /faults": rules,
        "POST /faults": add_fault,
        "DELETE /faults": clear_faults,
        "GET /conditions": held,
        "POST /conditions": add_condition,
        "DELETE /conditions": clear_conditions,
        "POST /script": write_script,
        "POST /reset": reset,
    }


_MADE: Final = frozenset({"/faults", "/conditions", "/script"})
"""What an order adds something to, and is answered 201."""


def _routes(simulator: Simulator) -> list[Route]:
    asked = ((*name.partition(" ")[::2], order) for name, order in _orders(simulator).items())
    return [
        Route(ADMIN_PATH + path, _reading(order, made=method == "POST" and path in _MADE), methods=[method])
        for method, path, order in asked
    ]


def _reading(order: _Order, *, made: bool) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        try:
            return JSONResponse(order(await request.body()), status_code=201 if made else 200)
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
