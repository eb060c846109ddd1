"""What a host sets wrongly is told to the host, at once, and is never a plugin's fault."""

import asyncio
from random import Random

import httpx
import pytest

from nagorik_platform import PluginConfiguration


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"settings": "CANARY"}, "PluginConfiguration.settings maps names"),
        ({"settings": {1: "CANARY"}}, "PluginConfiguration.settings maps names"),
        ({"egress": "CANARY"}, "PluginConfiguration.egress is a set"),
        ({"egress": {7}}, "PluginConfiguration.egress is a set"),
        ({"transport_factory": "CANARY"}, "PluginConfiguration.transport_factory is a function"),
    ],
)
def test_a_wrong_type_is_named(members, told):
    with pytest.raises(TypeError, match=told) as caught:
        PluginConfiguration(**members)
    assert "CANARY" not in str(caught.value)


def test_sets_of_both_kinds_will_do():
    assert PluginConfiguration(egress={"127.0.0.1"}).egress == frozenset({"127.0.0.1"})
    assert PluginConfiguration(settings={"base_url": "https://api.example"}).transport_factory is None


@pytest.mark.asyncio
@pytest.mark.looptime
async def test_what_is_tried_again_is_spread_by_the_chance_that_was_given(world):
    world.install(hooks={"nagorik_get_status": "await look(context)\nreturn STATUS"})
    waited = []
    for seed in (1, 1, 2):
        platform = world.platform(rng=Random(seed))  # noqa: S311 - jitter
        await world.warm(platform)
        world.agency.will(*[httpx.Response(503)] * 2)
        began = asyncio.get_running_loop().time()
        await platform.get_status(world.draft(), world.references)
        waited.append(asyncio.get_running_loop().time() - began)
    assert waited[0] == waited[1] != waited[2]
