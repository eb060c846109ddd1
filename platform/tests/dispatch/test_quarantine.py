import pytest

from nagorik.errors import AgencyRejected, PluginFault, ServiceNotOffered
from nagorik.model.status import AgencyStatus

pytestmark = pytest.mark.asyncio

BY_TURNS = """
    seen.append(1)
    if SCRIPT[len(seen) - 1] == "fault":
        raise TypeError(NID)
    if SCRIPT[len(seen) - 1] == "no":
        raise AgencyRejected("no")
    return STATUS
"""


async def run(world, script, **options):
    world.install(hooks={"nagorik_get_status": BY_TURNS}, head=f"SCRIPT = {script}")
    platform = world.platform(**options)
    ends = []
    for _ in script:
        try:
            ends.append(await platform.get_status(world.draft(), world.references))
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
    assert refusal.reason == "nagorik-wasa 1.0.0 failed 3 times in a row, at last with raised."
    assert platform.services == ()
    assert [line["event"] for line in structlog_output].count("plugin_quarantined") == 1


@pytest.mark.parametrize("between", ["ok", "no"])
async def test_a_call_that_ends_as_it_may_ends_the_row(world, between):
    platform, ends = await run(world, ["fault", "fault", between] * 3, faults_before_quarantine=3)
    assert not platform.quarantined
    assert isinstance(ends[-1], AgencyStatus if between == "ok" else AgencyRejected)


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
