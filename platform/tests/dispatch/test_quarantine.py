import asyncio
from dataclasses import replace
from datetime import date

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, PluginFault, ServiceNotOffered
from nagorik.model.status import AgencyStatus, CallbackRequest
from nagorik.values import MobileNumber, PersonName
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
        "nagorik-wasa 1.0.0 failed on what 3 different citizens or questions asked in a row, at last with raised."
    )
    assert platform.services == ()
    assert [line["event"] for line in structlog_output].count("plugin_quarantined") == 1


async def test_one_citizen_with_another_telephone_is_no_other_citizen(world):
    world.install(hooks={"nagorik_get_status": "raise ValueError"})
    platform = world.platform(faults_before_quarantine=3)
    for number in range(6):
        phone = MobileNumber.parse(f"0171000000{number}")
        applicant = world.applicant().model_copy(update={"phone": phone, "name": PersonName(en=f"Citizen {number}")})
        with pytest.raises(PluginFault):
            await platform.get_status(world.draft(applicant=applicant), world.references)
    assert not platform.quarantined


@pytest.mark.parametrize("between", ["ok", "no"])
async def test_a_call_that_ends_as_it_may_ends_the_row(world, between):
    platform, ends = await run(world, ["fault", "fault", between] * 3, faults_before_quarantine=3)
    assert not platform.quarantined
    assert isinstance(ends[-1], AgencyStatus if between == "ok" else AgencyRejected)


async def test_one_citizen_keeps_a_plugin_out_for_nobody(world):
    platform, ends = await run(world, ["fault"] * 20, apart=False, faults_before_quarantine=3)
    assert not platform.quarantined
    assert {type(end) for end in ends} == {PluginFault}


async def test_one_citizens_many_applications_are_one_citizens(world):
    world.install(
        hooks={"nagorik_check_eligibility": "raise TypeError(NID)", "nagorik_get_status": "raise TypeError(NID)"}
    )
    platform = world.platform(faults_before_quarantine=3)
    for number in range(6):
        references = replace(world.references, client_reference=f"CR-{number}", agency_reference=f"R-{number}")
        form = {"holding": str(number)}
        for call in (
            platform.get_status(world.draft(form=form), references),
            platform.check_eligibility("wasa.connection", world.applicant(), form=form, on=date(2026, 1, 1 + number)),
        ):
            with pytest.raises(PluginFault):
                await call
    assert not platform.quarantined


async def test_what_belongs_to_no_citizen_counts_once_in_a_while(world):
    clock = SimulatedClock()
    world.install(hooks={"nagorik_get_status": "return STATUS", "nagorik_check_health": "raise TypeError(NID)"})
    platform = world.platform(faults_before_quarantine=2, clock=clock)
    for _ in range(30):
        with pytest.raises(PluginFault):
            await platform.check_health("wasa")
        clock.advance(60)
    assert not platform.quarantined


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


async def test_a_plugin_in_quarantine_is_not_asked_for_anything(world):
    world.install(
        hooks={
            "nagorik_get_status": "raise TypeError(NID)",
            "nagorik_check_health": "seen.append('health')\nreturn Health(state='up')",
        }
    )
    platform = world.platform(faults_before_quarantine=1)
    with pytest.raises(PluginFault):
        await platform.get_status(world.draft(), world.references)
    with pytest.raises(ServiceNotOffered):
        await platform.check_health("wasa")
    with pytest.raises(ServiceNotOffered):
        await platform.validate("wasa.connection", {})
    assert world.module().seen == []


async def test_a_service_that_nobody_offers(world):
    world.install()
    platform = world.platform()
    for name in ("wasa.other", "elsewhere.connection", "", "wasa", f"wasa.{world.NID}"):
        with pytest.raises(ServiceNotOffered) as caught:
            await platform.get_status(world.draft(name), world.references)
        assert caught.value.because == "unknown-service"
        assert world.NID not in str(caught.value)
    with pytest.raises(ServiceNotOffered) as caught:
        await platform.check_health("elsewhere")
    assert caught.value.because == "unknown-plugin"


async def test_an_operation_that_is_not_offered(world):
    world.install()
    platform = world.platform()
    with pytest.raises(ServiceNotOffered) as caught:
        await platform.quote_fees(world.draft())
    assert (caught.value.because, caught.value.operation) == ("operation-not-offered", "quote")
    with pytest.raises(ServiceNotOffered) as caught:
        await platform.check_health("wasa")
    assert caught.value.because == "operation-not-offered"


async def test_a_service_is_no_gateway_and_a_gateway_no_service(world):
    world.install(
        hooks={
            "nagorik_get_status": "return STATUS",
            "nagorik_start_payment": "return PaymentStarted()",
            "nagorik_query_payment": "return PaymentReport(state='pending')",
        }
    )
    platform = world.platform()
    assert platform.service("wasa.connection").id == "wasa.connection"
    assert platform.gateway("wasa.pay").id == "wasa.pay"
    for look in (platform.service, platform.gateway):
        with pytest.raises(ServiceNotOffered):
            look("wasa.pay" if look == platform.service else "wasa.connection")
    with pytest.raises(ServiceNotOffered):
        await platform.validate("wasa.pay", {})
