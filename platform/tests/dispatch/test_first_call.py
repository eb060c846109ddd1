"""What calls plugins is made with the first call, and behaves as if it had been there from the beginning."""

import sys

import pytest

from nagorik.errors import AgencyUnavailable

pytestmark = pytest.mark.asyncio


async def test_platform_that_is_closed_before_its_first_call_begins_none(world):
    world.install()
    platform = world.platform()
    await platform.aclose()
    with pytest.raises(AgencyUnavailable) as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.because == "platform-closed"
    assert "nagorik_wasa.plugin" not in sys.modules
