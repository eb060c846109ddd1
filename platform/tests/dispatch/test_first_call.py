"""What calls plugins is made with the first call, and behaves as if it had been there from the beginning."""

import sys

import pytest

from nagorik.errors import AgencyUnavailable, ServiceNotOffered
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.registry import Registry

pytestmark = pytest.mark.asyncio


async def test_platform_that_is_closed_before_its_first_call_begins_none(world):
    world.install()
    platform = world.platform()
    await platform.aclose()
    with pytest.raises(AgencyUnavailable) as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.because == "platform-closed"
    assert "nagorik_wasa.plugin" not in sys.modules


async def test_catalogue_says_why_a_service_is_not_offered_before_any_call(world):
    world.install(head="raise ValueError")
    platform = world.platform()
    assert platform.service("wasa.connection").id == "wasa.connection"
    for service in ("wasa.nothing", "nobody.knows"):
        with pytest.raises(ServiceNotOffered) as caught:
            platform.service(service)
        assert caught.value.because == "unknown-service"
    await platform.import_plugins()
    with pytest.raises(ServiceNotOffered) as caught:
        platform.service("wasa.connection")
    assert caught.value.because == "import-failed"


async def test_policy_that_is_none_is_told_before_any_call():
    with pytest.raises(ValueError, match="has no nagorik_call_policy"):
        Platform(Registry([]), PlatformSettings(call_middleware=(object(),)))
