from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

import httpx
import pytest
import pytest_asyncio
from authority import Issuer
from pydantic import BaseModel

from nagorik.clock import Clock, Deadline
from nagorik.http import AgencyHttp, WireModel
from nagorik.manifest import Manifest
from nagorik.operations import Idempotency, Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client import AgencyClient
from nagorik_platform.agency_client.multipart import OpenDocument

BASE = "https://api.example.gov.bd/v1"
NOON = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""A Tuesday, 12:00 in Dhaka."""


class HeldClock:
    """Time that moves only when something sleeps, or when a test moves it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.naps: list[float] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.elapsed += seconds


Step = httpx.Response | Exception | Callable[[httpx.Request], object]


class ScriptedAgency(httpx.AsyncBaseTransport):
    """Answers by a script; the last step repeats when ``for_ever`` says so."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._script: deque[Step] = deque()
        self._for_ever: Callable[[], Step] | None = None

    def will(self, *steps: Step) -> None:
        self._script.extend(steps)

    def for_ever(self, step: Callable[[], Step]) -> None:
        self._for_ever = step

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert self._script or self._for_ever, "the agency was asked once more than the script says"
        step = self._script.popleft() if self._script else self._for_ever()
        if callable(step) and not isinstance(step, httpx.Response):
            step = step(request)
            if hasattr(step, "__await__"):
                step = await step
        if isinstance(step, Exception):
            raise step
        return step

    def keys(self, header: str = "Idempotency-Key") -> list[str | None]:
        return [request.headers.get(header) for request in self.requests]

    def paths(self) -> list[str]:
        return [request.url.path for request in self.requests]


class Filed(WireModel):
    reference: str


class World:
    """One agency, its client, and time."""

    Filed = Filed
    base = BASE

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.agency = ScriptedAgency()
        self.clients: dict[AgencyClient, Clock] = {}

    def filed(self, reference: str = "REF-1") -> httpx.Response:
        return httpx.Response(201, json={"reference": reference})

    def manifest(self, **tables: object) -> Manifest:
        return Manifest.model_validate(
            {
                "manifest_version": 1,
                "id": "demo",
                "requires_api": "1.0",
                "name": {"bn": "নমুনা", "en": "Demo"},
                "owners": [{"name": "Demo", "contact": "demo"}],
                "evidence": "modelled",
                "as_of": date(2026, 11, 24),
                "services": [
                    {"id": "demo.a", "name": {"bn": "নমুনা", "en": "Demo"}, "reads": ["status"]},
                ],
                "limits": {"per_second": 1000},
                **tables,
            }
        )

    def client(
        self, *, manifest: dict[str, object] | None = None, settings: BaseModel | None = None, **options: object
    ) -> AgencyClient:
        base, clock = options.pop("base_url", BASE), options.pop("clock", self.clock)
        egress = options.pop("egress", frozenset({"api.example.gov.bd", "files.example.gov.bd"}))
        made = AgencyClient(
            plugin="demo",
            manifest=self.manifest(**(manifest or {})),
            clock=clock,
            egress=egress,
            settings=settings or AgencySettings(base_url=base),
            transport_factory=options.pop("transport_factory", lambda: self.agency),
            rng=Random(7),  # noqa: S311 - jitter
            **options,
        )
        self.clients[made] = clock
        return made

    def bind(
        self,
        kind: Idempotency | None = None,
        *,
        client: AgencyClient | None = None,
        seconds: float = 1000.0,
        key: str | None = "application-key",
        operation: Operation | None = None,
        open_document: OpenDocument | None = None,
        **options: object,
    ) -> AgencyHttp:
        operation = operation or (Operation.STATUS if kind is None else Operation.SUBMIT)
        client = client or self.client(**options)
        return client.bind(operation, kind, key, Deadline.after(seconds, self.clients[client]), open_document)

    async def ask(self, http: AgencyHttp, kind: Idempotency | None = None, step: str = "file") -> Filed:
        """The one request that most tests make, as a read or as a write."""
        if kind is None:
            return await http.read(step, "POST", "/applications", json={"a": 1}, expect=Filed)
        return await http.write(step, "POST", "/applications", json={"a": 1}, expect=Filed)


@pytest_asyncio.fixture
async def world():
    made = World()
    yield made
    for client in made.clients:
        await client.aclose()


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()
