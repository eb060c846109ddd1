import asyncio

import httpx
import pytest

from nagorik.errors import AgencyUnavailable
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


async def test_import_that_ends_while_clients_are_closed_hinders_no_closing(world, monkeypatch):
    world.install(hooks={"nagorik_get_status": READ})
    world.install("desa")
    platform = world.platform()
    assert isinstance(await platform.get_status(world.draft(), world.references), AgencyStatus)
    monkeypatch.setattr(world.agency, "aclose", lambda: platform.import_plugins(["desa"]))
    await platform.aclose()
