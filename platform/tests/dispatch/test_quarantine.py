import asyncio

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, PluginFault, ServiceNotOffered
from nagorik.model.status import AgencyStatus, CallbackRequest
from nagorik_platform.dispatch.faults import FIRST_PAUSE
from nagorik_testing import SimulatedClock

BY_TURNS = """
    seen.append(1)
    if SCRIPT[len(seen) - 1] == "fault":
        raise TypeError(NID)
    if SCRIPT[len(seen) - 1] == "no":
        raise AgencyRejected("no")
    return STATUS
"""


async def run(world, script, *, apart=True, **options):
    """The ends of calls by a script, each about another citizen, or all about one."""
    world.install(hooks={"nagorik_get_status": BY_TURNS}, head=f"SCRIPT = {script}")
    platform = world.platform(**options)
    ends = []
    for number, _ in enumerate(script):
        try:
            draft = world.draft(applicant=world.applicant(number if apart else 0))
            ends.append(await platform.get_status(draft, world.references))
        except (PluginFault, ServiceNotOffered, AgencyRejected) as error:
            ends.append(error)
    return platform, ends


async def test_faults_in_a_row_put_a_plugin_into_quarantine(world, structlog_output):
    platform, ends = await run(world, ["fault"] * 3 + ["ok"], faults_before_quarantine=3)
    assert [type(end) for end in ends] == [PluginFault] * 3 + [ServiceNotOffered]
    assert ends[-1].because == "too-many-faults"
    assert (ends[-1].service, ends[-1].operation, ends[-1].agency.en) == (
        "wasa.connection",
        None,
        "Water Authority",
    )
    [refusal] = platform.quarantined
    assert refusal.reason == (
        "nagorik-wasa 1.0.0 failed on what 3 different citizens or questions asked, at last with raised."
    )
    assert platform.services == ()
    assert [line["event"] for line in structlog_output].count("plugin_quarantined") == 1


async def test_one_citizen_keeps_a_plugin_out_for_nobody(world):
    platform, ends = await run(world, ["fault"] * 20, apart=False, faults_before_quarantine=3)
    assert not platform.quarantined
    assert {type(end) for end in ends} == {PluginFault}


SWITCH = """
    await asyncio.sleep(0)
    seen.append(request.applicant.birth_date)
    if BROKEN:
        raise TypeError(NID)
    if AWAY:
        raise AgencyUnavailable()
    return STATUS
"""


async def quarantined(world, clock):
    """A platform whose one plugin was just put into quarantine."""
    world.install(hooks={"nagorik_get_status": SWITCH}, head="BROKEN, AWAY = [1], []")
    platform = world.platform(faults_before_quarantine=2, clock=clock)
    for number in range(2):
        await end_of(world, platform, number)
    assert platform.quarantined
    world.module().seen.clear()
    return platform


async def end_of(world, platform, number=0):
    try:
        return await platform.get_status(world.draft(applicant=world.applicant(number)), world.references)
    except (AgencyUnavailable, PluginFault, ServiceNotOffered) as error:
        return error


async def test_a_plugin_in_quarantine_is_tried_after_a_pause_that_doubles(world, structlog_output):
    clock = SimulatedClock()
    platform = await quarantined(world, clock)
    began, tried = clock.now(), []
    for minute in range(200):
        if isinstance(await end_of(world, platform, minute), PluginFault):
            tried.append(minute)
            [refusal] = platform.quarantined
            assert refusal.since == began
            assert refusal.probe_at > clock.now()
        clock.advance(60)
    assert tried == [1, 3, 7, 15, 31, 63, 123, 183]
    lines = [line for line in structlog_output if line["event"] == "plugin_stays_in_quarantine"]
    assert [line["code"] for line in lines] == ["too-many-faults"] * len(tried)


async def test_a_plugin_that_works_again_is_let_in(world, structlog_output):
    clock = SimulatedClock()
    platform = await quarantined(world, clock)
    world.module().BROKEN.clear()
    assert isinstance(await end_of(world, platform), ServiceNotOffered)
    clock.advance(FIRST_PAUSE)
    assert isinstance(await end_of(world, platform), AgencyStatus)
    assert not platform.quarantined
    assert [service.id for service in platform.services] == ["wasa.connection"]
    assert [line["plugin"] for line in structlog_output if line["event"] == "plugin_released"] == ["wasa"]
    # What happened before counts no more, and the next pause is the first again.
    world.module().BROKEN.append(1)
    assert isinstance(await end_of(world, platform, 1), PluginFault)
    assert not platform.quarantined
    assert isinstance(await end_of(world, platform, 2), PluginFault)
    assert platform.quarantined[0].probe_at == clock.now() + FIRST_PAUSE


async def test_one_call_tries_it_and_no_other_meanwhile(world):
    clock = SimulatedClock()
    platform = await quarantined(world, clock)
    world.module().BROKEN.clear()
    clock.advance(FIRST_PAUSE)
    ends = await asyncio.gather(*(end_of(world, platform, number) for number in range(8)))
    assert [type(end) for end in ends].count(AgencyStatus) == 1
    assert len(world.module().seen) == 1
    assert isinstance(await end_of(world, platform), AgencyStatus)


async def test_an_agency_that_is_away_shows_nothing_of_its_plugin(world):
    clock = SimulatedClock()
    platform = await quarantined(world, clock)
    world.module().BROKEN.clear()
    world.module().AWAY.append(1)
    clock.advance(FIRST_PAUSE)
    assert isinstance(await end_of(world, platform), AgencyUnavailable)
    assert platform.quarantined
    # It is tried again at once, and not after a longer pause.
    world.module().AWAY.clear()
    assert isinstance(await end_of(world, platform), AgencyStatus)
    assert not platform.quarantined


async def test_faults_on_what_anybody_sent_are_not_counted(world, structlog_output):
    world.install(hooks={"nagorik_get_status": "return STATUS", "nagorik_parse_callback": "raise TypeError(NID)"})
    platform = world.platform(faults_before_quarantine=1)
    for number in range(3):
        with pytest.raises(PluginFault):
            await platform.parse_callback(
                CallbackRequest(service="wasa.connection", headers={}, body=str(number).encode())
            )
    assert not platform.quarantined
    assert [line["event"] for line in structlog_output].count("plugin_fault") == 3
