"""The API in this process, on a host with simulated agencies that decide within minutes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from host_world import SOON, carry
from starlette.applications import Starlette

from nagorik_host import Host, open_host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault
from nagorik_platform import PlatformSettings
from nagorik_platform.registry import Admission
from nagorik_portal import Portal, open_portal
from nagorik_portal.api import create_api
from nagorik_portal.web import mount
from nagorik_testing import SimulatedClock, Simulator, SyntheticCitizens, in_process_configurations
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.clock import OrderlyClock

PLUGINS = ("nid", "cashdesk", "passport", "bkash")
PROBLEM_JSON = "application/problem+json"
SCOPES = ("apply", "view", "decide", "events")


@dataclass
class Api:
    """The API, mounted at ``/v1``, and what is behind it.

    Attributes:
        http: A client of a machine of ``centre-0042``, with all scopes.
        other: One of ``centre-0043``.
        anonymous: One without a key.
    """

    app: Starlette
    portal: Portal
    host: Host
    clock: SimulatedClock
    simulators: Mapping[str, Simulator]
    http: httpx.AsyncClient
    other: httpx.AsyncClient
    anonymous: httpx.AsyncClient
    numbers: Any = field(default_factory=count)

    unknown = "00000000-0000-4000-8000-000000000000"

    @staticmethod
    def problem(answer: httpx.Response, status: int, code: str) -> Any:
        """What a problem says, if it is this one."""
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_JSON), answer.text
        assert answer.json()["code"] == code
        assert answer.json()["type"] == f"urn:nagorik:problem:{code}"
        return answer.json()

    async def client(self, name: str, scopes=SCOPES, services=None) -> httpx.AsyncClient:
        return client_of(self.app, await self.key(name, scopes, services))

    async def key(self, name: str, scopes=SCOPES, services=None) -> str:
        return await self.portal.accounts.make_key(name, "A test machine", scopes=scopes, services=services)

    def once(self, **headers: str) -> dict[str, str]:
        """Headers with a new key."""
        return {"Idempotency-Key": f"key-{next(self.numbers)}", **headers}

    def application(
        self, number: int = 42, *, service: str = "nid.reissue", gateway: str | None = "cashdesk.counter"
    ):
        """What is sent for a citizen."""
        plugin = service.partition(".")[0]
        example = self.simulators[plugin].example(service, SyntheticCitizens().citizen(4000 + number))
        return {
            "service": service,
            "applicant": example.applicant.model_dump(mode="json", exclude_none=True),
            "form": dict(example.form),
            "gateway": gateway,
            "consent": self.consent(),
        }

    def consent(self) -> dict[str, Any]:
        now = self.clock.now()
        return {
            "id": "consent-0001",
            "fee_ceiling": {"poisha": 2_000_000},
            "given_at": now.isoformat(),
            "expires_at": (now + timedelta(days=400)).isoformat(),
        }

    async def applied(self, number: int = 42, **what: Any) -> str:
        """The id of an application that was taken in."""
        answer = await self.http.post("/v1/applications", json=self.application(number, **what), headers=self.once())
        assert answer.status_code == 201, answer.text
        return answer.json()["application"]

    async def act(self, application: str, what: str, body: Any = None, **headers: str) -> httpx.Response:
        """Act on the latest revision."""
        seen = await self.http.get(f"/v1/applications/{application}")
        said = self.once(**{"If-Match": seen.headers["ETag"], **headers})
        return await self.http.post(f"/v1/applications/{application}/{what}", json=body, headers=said)

    async def work(self, for_at_most: timedelta = timedelta(days=60)) -> None:
        """Let a worker carry all applications, and time pass."""
        await carry(self.host.worker(), self.clock, for_at_most=for_at_most)


def client_of(app: Starlette, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.example", headers=headers)


@asynccontextmanager
async def opened_api(url: str, keyring, folder) -> AsyncIterator[Api]:
    clock = OrderlyClock()
    found = installed_simulators()
    simulators = {name: load_simulator(found[name])(clock=clock) for name in PLUGINS}
    simulators["nid"].script.set("*", "approve", durations=SOON)
    settings = PlatformSettings(
        plugins=in_process_configurations(simulators.values()),
        admission=Admission(allow=frozenset(PLUGINS)),
        documents=FolderDocumentStore(folder, Vault(keyring)),
        clock=clock,
    )
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(open_host(url, keyring, settings, lease_clock=SimulatedClock()))
        portal = replace(open_portal(host), rate=10_000, burst=10_000)
        app = Starlette(routes=[mount("/v1", create_api(portal))])
        clients = []
        for centre in ("centre-0042", "centre-0043"):
            key = await portal.accounts.make_key(f"{centre}/app-shop", "A test machine", scopes=SCOPES)
            clients.append(client_of(app, key))
        yield Api(app, portal, host, clock, simulators, *clients, client_of(app))


@pytest.fixture
async def api(ready_file, keyring, tmp_path) -> AsyncIterator[Api]:
    async with opened_api(ready_file, keyring, tmp_path / "documents") as opened:
        yield opened
