"""Other settings while calls are under way: those keep what they have, and what is wrong changes nothing."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from nagorik.errors import CredentialsRejected, SettingsRejected
from nagorik.model.status import AgencyStatus

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

READ = "await look(context)\nseen.append(context.settings.base_url)\nreturn STATUS"
OLD, NEW = "https://api.wasa.example/old", "https://api.wasa.example/new"
LOGIN = """
from pydantic import SecretStr

from nagorik import AgencySettings, Token, WireModel


class WaterSettings(AgencySettings):
    password: SecretStr


async def login(http, settings, clock):
    await http.read("login", "POST", "/login", form={"p": settings.password.get_secret_value()}, expect=type(None))
    return Token(f"of-{settings.password.get_secret_value()}")
"""


def configured(world, platform, **settings):
    """What a host says of the plugin from now on."""
    before = platform._settings.plugins["wasa"]
    return {"wasa": replace(before, settings=settings)}


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
    done = await platform.reload(configured(world, platform, base_url=NEW))
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


async def test_other_credentials_are_logged_in_with_before_the_next_call(world):
    world.install(
        hooks={"nagorik_get_status": READ},
        extra='settings = "access:WaterSettings"\nlogin = "access:login"',
        files={"access.py": LOGIN},
    )
    ok = httpx.Response(200, json=None)
    world.agency.will(ok, httpx.Response(401), ok, httpx.Response(401))
    platform = world.platform(settings={"wasa": {"base_url": OLD, "password": "first"}})
    with pytest.raises(CredentialsRejected):
        await platform.get_status(world.draft(), world.references)
    await platform.reload(configured(world, platform, base_url=OLD, password="second"))
    world.agency.will(ok)
    await platform.get_status(world.draft(), world.references)
    sent = [request.headers.get("Authorization") for request in world.agency.requests]
    assert sent == [None, "Bearer of-first", None, "Bearer of-first", None, "Bearer of-second"]


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
    done = await platform.reload(configured(world, platform, **settings))
    assert done.changed == ()
    rejected = done.rejected["wasa"]
    assert isinstance(rejected, SettingsRejected)
    assert rejected.names == names
    assert "CANARY" not in f"{rejected}{rejected.to_problem()}"
    await platform.get_status(world.draft(), world.references)
    assert world.module().seen == [OLD]


async def test_the_same_settings_leave_the_connection_as_it_is(world):
    world.install(hooks={"nagorik_get_status": READ})
    platform = world.platform(settings={"wasa": {"base_url": OLD}})
    await platform.get_status(world.draft(), world.references)
    done = await platform.reload(configured(world, platform, base_url=OLD))
    assert (done.changed, world.agency.closed) == ((), 0)


async def test_a_plugin_that_lacked_settings_has_them_after_a_reload(world):
    world.install(hooks={"nagorik_get_status": READ})
    platform = world.platform(settings={"wasa": {}})
    with pytest.raises(SettingsRejected):
        await platform.get_status(world.draft(), world.references)
    assert (await platform.reload(configured(world, platform, base_url=NEW))).changed == ("wasa",)
    assert isinstance(await platform.get_status(world.draft(), world.references), AgencyStatus)


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
    await platform.reload(configured(world, platform, base_url=NEW))
    calls += [asyncio.create_task(platform.get_status(world.draft(), world.references)) for _ in range(4)]
    await asyncio.gather(*calls)
    assert most["ever"] == 2


async def test_settings_are_told_from_others_by_whoever_can_hash_them(world):
    """The same in another platform, and nothing of a plugin that is kept out or lacks what it needs."""
    world.install(
        hooks={"nagorik_get_status": READ},
        extra='settings = "access:WaterSettings"\nlogin = "access:login"',
        files={"access.py": LOGIN},
    )
    told = []
    for password in ("old", "old", "new", None):
        given = {"base_url": OLD} | ({"password": password} if password else {})
        platform = world.platform(settings={"wasa": given})
        told.append(await platform.identify_settings("wasa", lambda text: str(hash(text))))
        assert await platform.identify_settings("no-such-plugin", str) is None
    assert told[0] == told[1] != told[2]
    assert told[3] is None
