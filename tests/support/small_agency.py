"""A small agency to try the kit on, in process, over the loopback, and there in simulated time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Protocol

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik_testing import Simulator, SimulatorTransport, serve
from nagorik_testing.simulator.loopback_clock import LoopbackClock


class Registry(Simulator):
    """Files whatever it is given, as often as it is given it."""

    plugin_id: ClassVar[str] = "registry"
    modelled: ClassVar[str] = "সবই কল্পিত। / All of it is invented."
    outcomes: ClassVar[tuple[str, ...]] = ("approve", "reject")

    def open_office(self) -> None:
        self.files: list[str] = []

    def routes(self) -> Sequence[Route]:
        return (Route("/files", self.file, methods=["POST"]), Route("/files/{number}", self.show, methods=["GET"]))

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url}

    async def file(self, request: Request) -> Response:
        content = await request.json()
        number = f"F-{len(self.files) + 1}"
        self.files.append(number)
        self.ledger.record("application", number, client_reference=content["clientReference"])
        return JSONResponse({"number": number, "state": "filed", "details": {"pages": 3}}, status_code=201)

    async def show(self, request: Request) -> Response:
        number = request.path_params["number"]
        if number not in self.files:
            return JSONResponse({"error": "not found"}, status_code=404)
        return JSONResponse({"number": number, "state": "filed"})


class Reach(Protocol):
    """Opens a client to a simulator."""

    def __call__(self, simulator: Simulator, **options: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]: ...


@asynccontextmanager
async def in_process(simulator: Simulator, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=SimulatorTransport(simulator, admin=True), base_url="http://127.0.0.1", **options
    ) as client:
        yield client


@asynccontextmanager
async def over_loopback(simulator: Simulator, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(simulator) as base_url,
        httpx.AsyncClient(base_url=base_url, trust_env=False, **options) as client,
    ):
        yield client


@asynccontextmanager
async def over_line(simulator: Simulator, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    loopback_clock = LoopbackClock(simulator.clock)
    async with (
        serve(simulator, loopback_clock=loopback_clock) as base_url,
        httpx.AsyncClient(base_url=base_url, transport=loopback_clock.transport(), **options) as client,
    ):
        yield client
