"""AgencyClient with everything on, against a bare ``httpx.AsyncClient``: requests a second, side by side.

Both talk to the same loopback server, a process of its own that parses as little as it can. Rounds of the
contestants alternate within one run, so that what else the machine does meets them alike; compare the ratios
only. The bare client does what a plugin would do without the core: ``get``, ``raise_for_status`` and
``model_validate_json``.

    python benchmarks/agency_client.py [--quick]
"""

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date
from importlib.util import find_spec
from typing import Literal

import httpx

from nagorik.clock import Deadline
from nagorik.http import WireModel
from nagorik.manifest import Manifest
from nagorik.operations import Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client import AgencyClient
from nagorik_platform.system_clock import SystemClock

IN_FLIGHT = (1, 16, 64)
BODY = '{"reference":"REF-0001","state":"in-review","submitted":"2026-11-24","office":"ঢাকা"}'.encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Application(WireModel):
    """What the server answers."""

    reference: str
    state: str
    submitted: date
    office: str


class Server(asyncio.Protocol):
    """Answers each request head with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as end in ``data``; a small GET arrives whole."""
        assert isinstance(self._transport, asyncio.WriteTransport)
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


def serve(port: multiprocessing.connection.Connection) -> None:
    """Run the server until the process is terminated."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def manifest() -> Manifest:
    """An agency that bears anything."""
    return Manifest.model_validate(
        {
            "manifest_version": 1,
            "id": "bench",
            "requires_api": "1.0",
            "name": {"bn": "মাপ", "en": "Bench"},
            "owners": [{"name": "Bench", "contact": "bench"}],
            "evidence": "modelled",
            "as_of": date(2026, 11, 24),
            "windows": [{"days": "sat-fri", "open": "00:00", "close": "00:00"}],
            "limits": {"concurrency": 64, "per_second": 10_000},
            "services": [{"id": "bench.a", "name": {"bn": "মাপ", "en": "Bench"}, "reads": ["status"]}],
        }
    )


async def measure(call: Callable[[], Awaitable[object]], in_flight: int, count: int) -> float:
    """Requests a second of ``count`` calls, ``in_flight`` at a time."""
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return count / (time.perf_counter() - began)


def agency(
    base_url: str, transport: Literal["default", "fast"]
) -> tuple[AgencyClient, Callable[[], Awaitable[object]]]:
    """A client, and a call as the dispatcher makes it: bound anew each time."""
    clock = SystemClock()
    client = AgencyClient(
        plugin="bench",
        manifest=manifest(),
        clock=clock,
        egress=frozenset({"127.0.0.1"}),
        settings=AgencySettings(base_url=base_url, transport=transport),
        error_reader=lambda _answer: None,
    )

    async def call() -> object:
        http = client.bind(Operation.STATUS, None, None, Deadline.after(30.0, clock))
        return await http.read("status", "GET", "/applications/REF-0001", params={"lang": "bn"}, expect=Application)

    return client, call


async def compete(base_url: str, rounds: int, count: int) -> None:
    """Run all contestants at each number in flight and print medians and ratios."""
    transports: list[Literal["default", "fast"]] = ["default"]
    if find_spec("httpx_aiohttp") is not None:
        transports.append("fast")
    print(f"{'in flight':>9}  {'contestant':<10} {'requests/s':>10}  {'of bare httpx':>13}")
    for in_flight in IN_FLIGHT:
        async with httpx.AsyncClient(base_url=base_url) as bare:

            async def plain(bare: httpx.AsyncClient = bare) -> object:
                response = await bare.get("/applications/REF-0001", params={"lang": "bn"})
                response.raise_for_status()
                return Application.model_validate_json(response.content)

            calls: dict[str, Callable[[], Awaitable[object]]] = {"httpx": plain}
            clients = []
            for transport in transports:
                client, calls[transport] = agency(base_url, transport)
                clients.append(client)
            found: dict[str, list[float]] = {name: [] for name in calls}
            for call in calls.values():
                await measure(call, in_flight, max(count // 10, in_flight))
            for _ in range(rounds):
                for name, call in calls.items():
                    found[name].append(await measure(call, in_flight, count))
            for name, speeds in found.items():
                # The ratio of each round to the bare client's beside it, so that noise cancels.
                ratio = statistics.median(own / base for own, base in zip(speeds, found["httpx"], strict=True))
                print(f"{in_flight:>9}  {name:<10} {statistics.median(speeds):>10.0f}  {ratio:>13.2f}")
            for client in clients:
                await client.aclose()


def main() -> None:
    """Start the server, compete, stop the server."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for CI")
    quick = parser.parse_args().quick
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        asyncio.run(
            compete(f"http://127.0.0.1:{here.recv()}", rounds=3 if quick else 15, count=300 if quick else 1000)
        )
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
