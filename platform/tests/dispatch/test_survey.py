"""What one citizen may apply for across all plugins, with nobody asked."""

from datetime import date

import pytest

from nagorik.model.eligibility import Eligibility
from nagorik_platform import NoDecision

pytestmark = pytest.mark.asyncio

HEAD = "from nagorik import NotAsked, Text, Criterion, Verdict, EligibilityDecision"
DECIDES = """
verdict = Verdict.{verdict}
return EligibilityDecision(criteria=(Criterion(id="age", verdict=verdict, text=Text(en="Age.", bn="বয়স।")),))
"""


def install(world, plugin, body, **options):
    return world.install(plugin, hooks={"nagorik_check_eligibility": body}, head=HEAD, **options)


async def survey(world, platform=None, **options):
    found = await (platform or world.platform()).eligible_services(
        world.applicant(), on=date(2026, 11, 24), **options
    )
    return {entry.service: (entry.eligibility, entry.because) for entry in found}


async def test_every_service_is_told_and_one_fault_disturbs_none(world):
    for plugin, verdict in (("yes", "PASS"), ("no", "FAIL"), ("perhaps", "CANNOT_TELL")):
        install(world, plugin, DECIDES.format(verdict=verdict))
    install(world, "raising", "raise TypeError(NID)")
    install(world, "exiting", "sys.exit(1)")
    world.install("broken", hooks={"nagorik_check_eligibility": "return 1"}, head="raise ValueError(NID)")
    world.install("silent")
    platform = world.platform()
    expected = {
        "yes.connection": (Eligibility.ELIGIBLE, None),
        "no.connection": (Eligibility.INELIGIBLE, None),
        "perhaps.connection": (Eligibility.INDETERMINATE, None),
        "raising.connection": (Eligibility.INDETERMINATE, NoDecision.PLUGIN_FAULT),
        "exiting.connection": (Eligibility.INDETERMINATE, NoDecision.PLUGIN_FAULT),
        "broken.connection": (Eligibility.INDETERMINATE, NoDecision.QUARANTINED),
        "silent.connection": (Eligibility.INDETERMINATE, NoDecision.NO_RULES),
    }
    assert await survey(world, platform) == expected
    # A plugin that has gone into quarantine does not vanish from the second citizen's list.
    assert await survey(world, platform) == expected


@pytest.mark.looptime
async def test_rules_have_two_seconds_and_all_have_them_together(world, looptime):
    platform = None
    for plugin in ("slow", "slower", "quick"):
        body = "" if plugin == "quick" else "await asyncio.sleep(3600)\n"
        install(world, plugin, body + DECIDES.format(verdict="PASS"))
    platform = world.platform()
    for plugin in ("slow", "slower", "quick"):
        await world.warm(platform, f"{plugin}.connection")
    before = float(looptime)
    found = await survey(world, platform)
    assert found["quick.connection"] == (Eligibility.ELIGIBLE, None)
    assert found["slow.connection"] == found["slower.connection"]
    assert found["slow.connection"] == (Eligibility.INDETERMINATE, NoDecision.PLUGIN_FAULT)
    assert float(looptime) - before == pytest.approx(2.5)
