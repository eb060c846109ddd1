"""The simulated Commission with somebody logged in, in process and over the loopback."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from nagorik_nid.simulator import NidSimulator
from nagorik_nid.simulator.login_endpoint import FIRST_PASSWORD, USERNAME
from nagorik_testing import SimulatorTransport, SyntheticCitizen, SyntheticCitizens, serve

PARTNER = "/partner-service/rest"
API = "/sim/nid/v1"


async def log_in(client: httpx.AsyncClient, password: str = FIRST_PASSWORD) -> httpx.Response:
    answer = await client.post(f"{PARTNER}/auth/login", json={"username": USERNAME, "password": password})
    if answer.status_code == 200:
        client.headers["Authorization"] = f"Bearer {answer.json()['success']['data']['access_token']}"
    return answer


@pytest.fixture
def nid() -> NidSimulator:
    return NidSimulator(seed=7)


@pytest.fixture
def citizen() -> SyntheticCitizen:
    return SyntheticCitizens(7).citizen(42)


@pytest.fixture(params=["in-process", "loopback"])
async def client(request: pytest.FixtureRequest, nid: NidSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        if request.param == "loopback":
            opened = httpx.AsyncClient(base_url=await stack.enter_async_context(serve(nid)), trust_env=False)
        else:
            opened = httpx.AsyncClient(transport=SimulatorTransport(nid, admin=True), base_url="http://127.0.0.1")
        await stack.enter_async_context(opened)
        await log_in(opened)
        yield opened
