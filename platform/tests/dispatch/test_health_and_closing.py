import asyncio

import httpx
import pytest

from nagorik.errors import AgencyUnavailable, PluginFault
from nagorik.model.status import AgencyStatus

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

READ = "await look(context)\nreturn STATUS"
CIRCUIT = "circuit = { contract_violations = 2, probe_after = 30 }"


async def opened(world, health, **options):
    """A platform whose agency broke its contract until the circuit opened."""
    world.install(hooks={"nagorik_get_status": READ, "nagorik_check_health": health}, extra=CIRCUIT)
    world.agency.will(*[httpx.Response(200, text="<html>")] * 2)
    platform = world.platform(**options)
    for _ in range(2):
        with pytest.raises(Exception, match="contract-violation"):
            await platform.get_status(world.draft(), world.references)
    return platform


async def test_the_health_hook_is_the_probe_that_closes_the_circuit(world):
    platform = await opened(world, "seen.append('health')\nawait look(context)\nreturn Health(state='up')")
    with pytest.raises(AgencyUnavailable) as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.because == "circuit-open"
    assert world.module().seen == []
    await asyncio.sleep(31)
    assert isinstance(await platform.get_status(world.draft(), world.references), AgencyStatus)
    assert world.module().seen == ["health"]


@pytest.mark.parametrize(
    "health",
    ["return Health(state='closed')", "raise TypeError(NID)", "sys.exit()", "return None", "raise RateLimited()"],
)
async def test_a_probe_that_does_not_say_well_leaves_the_circuit_open(world, health):
    platform = await opened(world, f"seen.append('health')\n{health}")
    await asyncio.sleep(31)
    for _ in range(2):
        with pytest.raises(AgencyUnavailable) as caught:
            await platform.get_status(world.draft(), world.references)
        assert caught.value.because == "circuit-open"
    assert world.module().seen == ["health"]


async def test_a_probe_that_hangs_ends_at_its_deadline(world):
    platform = await opened(world, "await asyncio.sleep(10_000)")
    await asyncio.sleep(31)
    with pytest.raises(AgencyUnavailable):
        await platform.get_status(world.draft(), world.references)
    await asyncio.sleep(5)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_lets_the_calls_under_way_end_and_begins_no_other(world):
    async def slow(_request):
        await asyncio.sleep(7)
        return world.filed()

    world.install(hooks={"nagorik_get_status": READ})
    world.agency.will(slow)
    platform = world.platform()
    await world.warm(platform)
    under_way = asyncio.create_task(platform.get_status(world.draft(), world.references))
    await asyncio.sleep(1)
    closing = asyncio.create_task(platform.aclose())
    await asyncio.sleep(1)
    with pytest.raises(AgencyUnavailable) as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.because == "platform-closed"
    assert not closing.done()
    assert world.agency.closed == 0
    await closing
    assert isinstance(await under_way, AgencyStatus)
    assert world.agency.closed == 1


async def test_closing_waits_for_a_hanging_hook_until_its_deadline_only(world, looptime):
    world.install(hooks={"nagorik_get_status": "await asyncio.sleep(10_000)"}, extra="limits = { deadline = 10 }")
    platform = world.platform()
    await world.warm(platform)
    call = asyncio.create_task(platform.get_status(world.draft(), world.references))
    await asyncio.sleep(0)
    await platform.aclose()
    assert looptime < 12
    with pytest.raises(PluginFault):
        await call


async def test_a_transport_that_does_not_close_keeps_no_other_open(world, structlog_output):
    class Stuck(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return world.filed()

        async def aclose(self):
            raise OSError(world.NID)

    world.install("desa", hooks={"nagorik_get_status": READ})
    world.install(hooks={"nagorik_get_status": READ})
    world.agencies["desa"] = Stuck()
    platform = world.platform()
    for service in ("desa.connection", "wasa.connection"):
        await platform.get_status(world.draft(service), world.references)
    await platform.aclose()
    await platform.aclose()
    assert world.agency.closed == 1
    assert [line["exception"] for line in structlog_output if line["event"] == "client_not_closed"] == ["OSError"]
    assert world.NID not in str(structlog_output)
