"""What one citizen may apply for across all plugins, with nobody asked."""

from datetime import date

import pytest

from nagorik.errors import ServiceNotOffered
from nagorik.model.eligibility import Eligibility
from nagorik_platform import NoDecision
from nagorik_platform.dispatch.survey import RULES_SECONDS

pytestmark = pytest.mark.asyncio

HEAD = "from nagorik import NotAsked, Text, Criterion, Verdict, EligibilityDecision"
DECIDES = """
verdict = Verdict.{verdict}
return EligibilityDecision(criteria=(Criterion(id="age", verdict=verdict, text=Text(en="Age.", bn="বয়স।")),))
"""
REACHES = {
    "a read": "await look(context)",
    "a write": "await file(context)",
    "something private": "context.http._client",
}


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


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES)
async def test_no_agency_can_be_reached(world, reach):
    install(world, "wasa", f"{reach}\n{DECIDES.format(verdict='PASS')}")
    platform = world.platform()
    assert await survey(world, platform) == {
        "wasa.connection": (Eligibility.INDETERMINATE, NoDecision.AGENCY_NEEDED),
    }
    assert not world.agency.requests


async def test_a_plugin_that_catches_what_it_meets_has_still_reached_nobody(world):
    body = "try:\n    await look(context)\nexcept AgencyUnavailable as error:\n    seen.append(error.because)\n"
    install(world, "wasa", body + DECIDES.format(verdict="CANNOT_TELL"))
    assert await survey(world) == {"wasa.connection": (Eligibility.INDETERMINATE, None)}
    assert world.module().seen == ["offline"]
    assert not world.agency.requests


async def test_no_other_plugin_is_asked(world):
    body = "answer = await context.ask('other.connection', {'holding': '1'})\nseen.append(answer.because.value)\n"
    install(
        world,
        "wasa",
        body + DECIDES.format(verdict="CANNOT_TELL"),
        service='form = "forms:ConnectionForm"\nasks = ["other.connection"]',
    )
    world.install("other", hooks={"nagorik_submit": "seen.append(1)"}, writes={"submit": "safe"})
    await survey(world)
    assert world.module().seen == ["no-consent"]
    with pytest.raises(KeyError):
        world.module("other")


async def test_rules_need_no_settings_unless_they_read_one(world):
    install(world, "wasa", DECIDES.format(verdict="PASS"))
    install(world, "other", "seen.append(context.settings.base_url)\n" + DECIDES.format(verdict="PASS"))
    assert await survey(world, world.platform(settings={"wasa": {}, "other": {}})) == {
        "wasa.connection": (Eligibility.ELIGIBLE, None),
        "other.connection": (Eligibility.INDETERMINATE, NoDecision.AGENCY_NEEDED),
    }


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


async def test_no_rules_are_told_by_how_long_an_import_took(world, slow_import):
    """The two seconds are for the rules; while another plugin is imported, none of them runs."""
    slow_import("nagorik_slow", seconds=RULES_SECONDS + 0.5)
    install(world, "quick", "seen.append('nagorik_slow.plugin' in sys.modules)\n" + DECIDES.format(verdict="PASS"))
    install(world, "slow", DECIDES.format(verdict="PASS"))
    assert await survey(world) == {
        "quick.connection": (Eligibility.ELIGIBLE, None),
        "slow.connection": (Eligibility.ELIGIBLE, None),
    }
    assert world.module("quick").seen == [True]


async def test_named_services_alone_are_looked_at(world):
    install(world, "wasa", DECIDES.format(verdict="PASS"))
    install(world, "other", DECIDES.format(verdict="PASS"))
    assert list(await survey(world, services=["other.connection"])) == ["other.connection"]
    with pytest.raises(ServiceNotOffered):
        await survey(world, services=["third.connection"])


async def test_every_reason_has_a_sentence_in_both_languages(world):
    world.install("silent")
    [entry] = await world.platform().eligible_services(world.applicant())
    for reason in NoDecision:
        told = entry.model_copy(update={"because": reason}).problem
        assert told.en.isascii()
        assert not told.bn.isascii()
