"""respx, which plugin authors know, mocks the default transport."""

import httpx
import pytest
import respx

from nagorik.errors import OutcomeUnknown
from nagorik.operations import Idempotency


@pytest.fixture
def agency():
    with respx.mock(base_url="https://api.example.gov.bd/v1") as router:
        yield router


async def test_respx_answers_in_the_agencys_stead(world, agency):
    route = agency.post("/applications", params={"lang": "bn"}).respond(201, json={"reference": "ঢাকা-1"})
    http = world.bind(Idempotency.NATIVE, transport_factory=None)
    got = await http.write("f", "POST", "/applications", params={"lang": "bn"}, json={"নাম": "ক"}, expect=world.Filed)
    assert got.reference == "ঢাকা-1"
    request = route.calls.last.request
    assert request.content.decode() == '{"নাম":"ক"}'
    assert request.headers["Idempotency-Key"] == http.key_of("f")
    assert request.headers["Host"] == "api.example.gov.bd"


async def test_respx_fails_in_the_agencys_stead(world, agency):
    route = agency.post("/applications")
    route.side_effect = [httpx.ConnectError, httpx.ReadTimeout]
    http = world.bind(Idempotency.NONE, transport_factory=None)
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(http, Idempotency.NONE)
    assert caught.value.because == "read-timeout"
    assert route.call_count == 2


async def test_a_request_that_respx_was_not_told_about_is_heard(world, agency):
    with pytest.raises(AssertionError, match="not mocked"):
        await world.ask(world.bind(transport_factory=None))
