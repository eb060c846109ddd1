"""What a host sets wrongly is told to the host, at once, and is never a plugin's fault."""

import asyncio
from dataclasses import replace
from random import Random

import httpx
import pytest

from nagorik import AgencySettings
from nagorik_platform import Platform, PluginConfiguration
from nagorik_platform.configuration import KeptSettings


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


def test_settings_that_are_kept_are_of_the_same_values_only_and_no_two_hold_one_object():
    class OfficeSettings(AgencySettings):
        offices: list[str]

    kept, given = KeptSettings(), {"base_url": "https://api.example", "offices": ["Dhaka"]}
    assert kept.of(OfficeSettings, given) is None
    read = OfficeSettings.model_validate(given)
    kept.keep(OfficeSettings, given, read)
    read.offices.append("Khulna")
    given_again = kept.of(OfficeSettings, dict(given))
    assert given_again is not None
    assert given_again.offices == ["Dhaka"]
    given_again.offices.append("Rajshahi")
    assert kept.of(OfficeSettings, given) == OfficeSettings.model_validate(given)
    assert kept.of(OfficeSettings, {**given, "offices": []}) is None
    assert kept.of(AgencySettings, given) is None


@pytest.mark.asyncio
@pytest.mark.parametrize(("shared", "reads"), [(KeptSettings(), 1), (None, 2)])
async def test_settings_are_read_once_for_all_platforms_that_share_them(world, shared, reads):
    world.install(
        hooks={"nagorik_get_status": "return STATUS"},
        extra='settings = "settings:Settings"\n',
        files={
            "settings.py": "from pydantic import model_validator\nfrom nagorik import AgencySettings\nreads = []\n\n"
            "class Settings(AgencySettings):\n    @model_validator(mode='after')\n    def note(self):\n"
            "        reads.append(1)\n        return self\n"
        },
    )
    for _ in range(2):
        platform = world.platform()
        plugins = {name: replace(given, kept=shared) for name, given in platform._settings.plugins.items()}
        async with Platform(platform._registry, replace(platform._settings, plugins=plugins)) as one:
            await one.get_status(world.draft(), world.references)
    assert len(world.module(name="settings").reads) == reads


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
    assert waited[0] == pytest.approx(waited[1]) != waited[2]
