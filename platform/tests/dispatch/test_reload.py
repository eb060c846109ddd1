"""Other settings while calls are under way: those keep what they have, and what is wrong changes nothing."""

import asyncio

import pytest

from nagorik.errors import SettingsRejected
from nagorik.model.status import AgencyStatus
from nagorik_platform import PluginConfiguration

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

READ = "await look(context)\nseen.append(context.settings.base_url)\nreturn STATUS"
OLD, NEW = "https://api.wasa.example/old", "https://api.wasa.example/new"


def configured(world, **settings):
    """What a host says of the plugin from now on."""
    return {"wasa": PluginConfiguration(settings=settings, transport_factory=lambda: world.agency)}


async def test_calls_under_way_keep_their_settings_and_their_connection(world):
    answered = asyncio.Event()

    async def slow(_request):
        await answered.wait()
        return world.filed()

    world.install(hooks={"nagorik_get_status": READ})
    world.agency.will(slow)
    platform = world.platform(settings={"wasa": {"base_url": OLD}})
    await world.warm(platform)
    under_way = asyncio.create_task(platform.get_status(world.draft(), world.references))
    await asyncio.sleep(1)
    done = await platform.reload(configured(world, base_url=NEW))
    assert (done.changed, done.rejected) == (("wasa",), {})
    assert world.agency.closed == 0
    await platform.get_status(world.draft(), world.references)
    assert world.agency.closed == 0
    answered.set()
    assert isinstance(await under_way, AgencyStatus)
    # The last call that had it has let it go.
    assert world.agency.closed == 1
    assert world.module().seen == [NEW, OLD]
    assert [str(request.url).removesuffix("/applications") for request in world.agency.requests] == [OLD, NEW]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"base_url": "https://elsewhere.example/CANARY"}, ("base_url",)),
        ({"base_url": OLD, "read_timeout": "CANARY"}, ("read_timeout",)),
        ({}, ("base_url",)),
        ({"base_url": OLD, "certificate_authority": "/nowhere/CANARY.pem"}, ("certificate_authority",)),
    ],
)
async def test_settings_that_cannot_be_used_change_nothing_and_are_named(world, settings, names):
    world.install(hooks={"nagorik_get_status": READ})
    platform = world.platform(settings={"wasa": {"base_url": OLD}})
    await world.warm(platform)
    done = await platform.reload(configured(world, **settings))
    assert done.changed == ()
    rejected = done.rejected["wasa"]
    assert isinstance(rejected, SettingsRejected)
    assert rejected.names == names
    assert "CANARY" not in f"{rejected}{rejected.to_problem()}"
    await platform.get_status(world.draft(), world.references)
    assert world.module().seen == [OLD]


async def test_both_connections_together_use_no_more_than_the_agency_bears(world):
    most = {"now": 0, "ever": 0}

    async def counted(_request):
        most["now"] += 1
        most["ever"] = max(most.values())
        await asyncio.sleep(1)
        most["now"] -= 1
        return world.filed()

    world.install(hooks={"nagorik_get_status": READ}, extra="limits = { concurrency = 2 }")
    world.agency.will(*[counted] * 8)
    platform = world.platform(settings={"wasa": {"base_url": OLD}})
    await world.warm(platform)
    calls = [asyncio.create_task(platform.get_status(world.draft(), world.references)) for _ in range(4)]
    await asyncio.sleep(0.5)
    await platform.reload(configured(world, base_url=NEW))
    calls += [asyncio.create_task(platform.get_status(world.draft(), world.references)) for _ in range(4)]
    await asyncio.gather(*calls)
    assert most["ever"] == 2
