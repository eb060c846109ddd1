"""When calls to an agency stop, who finds out whether it is well again, and what is logged of it."""

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs

from nagorik.errors import AgencyRejected, AgencyUnavailable, ContractViolation
from nagorik.operations import Idempotency, Operation

NATIVE, NEITHER = Idempotency.NATIVE, Idempotency.NONE


async def violate(world, client, times):
    world.agency.will(*(httpx.Response(200, text="<html>") for _ in range(times)))
    for _ in range(times):
        with pytest.raises(ContractViolation):
            await world.ask(world.bind(client=client))


def answer_later(world):
    """The next request arrives, and is answered when the second event is set."""
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(_request):
        arrived.set()
        await go.wait()
        return world.filed()

    world.agency.will(slow)
    return arrived, go


async def is_sent(asking, arrived):
    """Wait until the request of ``asking`` has arrived; one that ends without it is never waited for."""
    waiting = asyncio.create_task(arrived.wait())
    await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return arrived.is_set()


async def test_violations_in_a_row_open_it_and_nothing_more_is_sent(world):
    client = world.client()
    await violate(world, client, 3)
    for kind in (None, NATIVE, NEITHER):
        http = world.bind(kind, client=client)
        with pytest.raises(AgencyUnavailable) as caught:
            await world.ask(http, kind)
        assert (caught.value.because, caught.value.retry_after) == ("circuit-open", 30)
        assert http.ledger.requests == 0
    assert len(world.agency.requests) == 3


async def test_a_refusal_is_an_answer(world):
    client = world.client()
    for _ in range(3):
        await violate(world, client, 2)
        world.agency.will(httpx.Response(404))
        with pytest.raises(AgencyRejected):
            await world.ask(world.bind(client=client))


FILE = "https://files.example.gov.bd/a.pdf"


async def test_another_host_says_nothing_of_the_agency_and_is_reached_while_that_is_away(world):
    client = world.client()
    await violate(world, client, 3)
    for seconds in (0, 30):  # also where the next request would be the probe
        world.clock.elapsed += seconds
        world.agency.will(httpx.Response(200, content=b"%PDF-1.7"))
        await world.bind(client=client).download("file", FILE)
    arrived, go = answer_later(world)
    probe = asyncio.create_task(world.ask(world.bind(client=client)))
    assert await is_sent(probe, arrived)
    go.set()
    await probe


async def test_a_sustained_outage_opens_it_and_is_logged_once_per_edge(world):
    client = world.client(attempts=1)
    with capture_logs() as lines:
        for _ in range(6):
            world.agency.will(httpx.ConnectError("x"))
            with pytest.raises(AgencyUnavailable):
                await world.ask(world.bind(client=client))
            world.clock.elapsed += 15
        assert len(world.agency.requests) == 5
        world.clock.elapsed += 30
        with pytest.raises(AgencyUnavailable):
            await world.ask(world.bind(client=client))
        world.clock.elapsed += 30
        world.agency.will(world.filed())
        await world.ask(world.bind(client=client))
    opened = {"event": "agency_circuit_opened", "log_level": "warning", "plugin": "demo", "cause": "outage"}
    closed = {"event": "agency_circuit_closed", "log_level": "info", "plugin": "demo", "seconds": 90.0}
    assert lines == [opened, closed]


async def test_one_failure_after_an_outage_is_not_that_outage_again(world):
    client = world.client(attempts=1)
    for seconds in (0, 60):
        world.clock.elapsed += seconds
        world.agency.will(httpx.ConnectError("x"))
        with pytest.raises(AgencyUnavailable):
            await world.ask(world.bind(client=client))
    world.clock.elapsed += 30
    world.agency.will(world.filed(), httpx.ConnectError("x"), world.filed())
    await world.ask(world.bind(client=client))
    with pytest.raises(AgencyUnavailable):
        await world.ask(world.bind(client=client))
    await world.ask(world.bind(client=client))


@pytest.mark.parametrize("kind", [None, NATIVE, NEITHER])
async def test_without_a_health_hook_one_request_is_the_probe(world, kind):
    client = world.client()
    await violate(world, client, 3)
    world.clock.elapsed += 30
    arrived, go = answer_later(world)
    probe = asyncio.create_task(world.ask(world.bind(kind, client=client), kind))
    assert await is_sent(probe, arrived)
    with pytest.raises(AgencyUnavailable):
        await world.ask(world.bind(client=client))
    go.set()
    assert (await probe).reference == "REF-1"
    world.agency.will(world.filed())
    await world.ask(world.bind(NEITHER, client=client), NEITHER)


async def test_the_health_hook_is_asked_first_and_once(world):
    asked = []

    async def probe():
        asked.append(1)
        http = world.bind(client=client, operation=Operation.HEALTH)
        await world.ask(http)
        return True

    client = world.client(probe=probe)
    await violate(world, client, 3)
    world.clock.elapsed += 30
    world.agency.will(world.filed("HEALTH"), *(world.filed("REF-1") for _ in range(5)))
    results = await asyncio.gather(
        *(world.ask(world.bind(NEITHER, client=client), NEITHER) for _ in range(5)), return_exceptions=True
    )
    assert asked == [1]
    assert "REF-1" in [r.reference for r in results if not isinstance(r, AgencyUnavailable)]
