"""What a write's call may end in, whatever the plugin makes of the errors it meets."""

import asyncio

import httpx
import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, DuplicateApplication, OutcomeUnknown, PluginFault
from nagorik.model.submission import Accepted

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

LOST = httpx.ReadTimeout("https://api.wasa.example/applications?nid=1990123456789")
ACCEPT = "return Accepted(reference='R-1', status=STATUS)"
SWALLOW = """
    try:
        await file(context)
    except OutcomeUnknown:
        {then}
"""


async def submit(world, body, *script, writes=None, deadline=30):
    hooks = {"nagorik_submit": body, "nagorik_find_submission": "return CannotTell(because='x')"}
    world.install(hooks=hooks, writes=writes, extra=f"limits = {{ deadline = {deadline} }}")
    world.agency.will(*script)
    platform = world.platform()
    await world.warm(platform)
    return await platform.submit(world.draft(), world.references)


async def unknown(world, body, *script, **options):
    with pytest.raises(OutcomeUnknown) as caught:
        await submit(world, body, *script, **options)
    assert (caught.value.service, caught.value.operation) == ("wasa.connection", "submit")
    assert caught.value.agency.en == "Water Authority"
    assert caught.value.client_reference == world.references.client_reference
    assert world.NID not in str(caught.value) + repr(caught.value) + str(caught.value.to_problem())
    return caught.value


@pytest.mark.parametrize(
    ("end", "because"),
    [
        ("raise TypeError(NID)", "plugin-fault"),
        ("return None", "plugin-fault"),
        ("sys.exit(0)", "plugin-fault"),
        ("await asyncio.sleep(10_000)", "plugin-fault"),
        ("raise AgencyUnavailable()", "agency-unavailable"),
        ("raise RateLimited()", "rate-limited"),
        ("raise ContractViolation('x')", "contract-violation"),
        ("raise PluginFault('x', plugin='wasa')", "plugin-fault"),
        ("raise ServiceNotOffered('x')", "service-not-offered"),
    ],
)
async def test_nothing_is_said_to_be_unsent_after_a_write(world, end, because):
    error = await unknown(world, f"await file(context)\n{end}")
    assert (error.step, error.because) == ("file", because)


@pytest.mark.parametrize("then", [ACCEPT, "raise AgencyRejected('x')", "raise AgencyUnavailable()", "return None"])
async def test_a_swallowed_lost_answer_stays_unknown(world, then):
    error = await unknown(world, SWALLOW.format(then=then), LOST)
    assert (error.step, error.because) == ("file", "read-timeout")


@pytest.mark.parametrize(
    ("then", "end"),
    [
        (ACCEPT, Accepted),
        ("raise AgencyRejected('x')", AgencyRejected),
        ("raise DuplicateApplication('R-1')", DuplicateApplication),
    ],
)
async def test_a_plugin_that_looks_the_outcome_up_is_believed(world, then, end):
    body = SWALLOW.format(then=f"await look(context)\n        {then}")
    if end is Accepted:
        assert isinstance(await submit(world, body, LOST), Accepted)
    else:
        with pytest.raises(end):
            await submit(world, body, LOST)


async def test_a_look_up_before_the_lost_answer_settles_nothing(world):
    body = "await look(context)\n" + SWALLOW.format(then=ACCEPT).replace("\n    ", "\n")
    assert (await unknown(world, body, world.filed(), LOST)).because == "read-timeout"


async def slow(_request):
    await asyncio.sleep(1000)
    return httpx.Response(200, json={"reference": "R-1"})


async def test_a_write_on_its_way_when_the_hook_gives_up_is_unknown(world):
    body = f"""
        try:
            await asyncio.wait_for(file(context), 2)
        except TimeoutError:
            pass
        {ACCEPT}
    """
    assert (await unknown(world, body, slow)).because == "cancelled"


@pytest.mark.parametrize(
    "end", [ACCEPT, "raise AgencyRejected('x')", "raise AgencyUnavailable()", "raise TypeError()"]
)
async def test_a_write_that_nobody_waits_for_is_unknown(world, end):
    error = await unknown(
        world, f"seen.append(asyncio.create_task(file(context)))\nawait asyncio.sleep(1)\n{end}", slow
    )
    assert error.because == "not-awaited"
    world.module().seen[0].cancel()


@pytest.mark.parametrize("end", ["await asyncio.shield(seen[0])", f"await asyncio.sleep(1)\n{ACCEPT}"])
async def test_what_a_plugin_has_left_under_way_is_cut_off_as_its_call_ends(world, end):
    """What the system has of it would reach the agency when another worker has filed the application by then."""
    cut, arrived = [], asyncio.Event()

    async def under_way(request):
        arrived.set()
        try:
            await asyncio.sleep(10_000)
        finally:
            cut.append(request.method)

    filing = asyncio.create_task(submit(world, f"seen.append(asyncio.create_task(file(context)))\n{end}", under_way))
    await arrived.wait()
    assert cut == []
    if "shield" in end:
        filing.cancel()
    with pytest.raises((asyncio.CancelledError, OutcomeUnknown)):
        await filing
    await asyncio.wait(world.module().seen)
    assert cut == ["POST"]


async def test_a_stubborn_hook_sends_nothing_after_its_deadline(world):
    body = """
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            try:
                await file(context)
            except Exception as error:
                seen.append((error.code, error.because))
    """
    with pytest.raises(PluginFault):
        await submit(world, body, deadline=5)
    assert world.module().seen == [("agency-unavailable", "call-over")]
    assert world.agency.requests == []


async def test_a_context_that_is_kept_sends_nothing_after_its_call(world):
    await submit(world, f"seen.append(context)\n{ACCEPT}")
    [context] = world.module().seen
    for use in (world.module().file, world.module().look):
        with pytest.raises(AgencyUnavailable) as caught:
            await use(context)
        assert caught.value.because == "call-over"
    assert world.agency.requests == []


async def test_a_read_has_no_unknown_outcome(world):
    world.install(hooks={"nagorik_get_status": "raise OutcomeUnknown(step='x', because='http-500')"})
    with pytest.raises(AgencyUnavailable) as caught:
        await world.platform().get_status(world.draft(), world.references)
    assert caught.value.because == "http-500"
