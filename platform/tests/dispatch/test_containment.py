"""What a plugin's code does to its process and to the event loop reaches its own call alone."""

import asyncio

import pytest

from nagorik.errors import PluginFault
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import Accepted

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

GOOD = "return Accepted(reference='R-1', status=STATUS)"
EXITS = {
    "an exit in a task that is awaited": "try:\n    await asyncio.create_task(leave())\nexcept Exception:\n    pass",
    "an exit in a task of a group": "async with asyncio.TaskGroup() as group:\n    group.create_task(leave())",
    "an exit among what is gathered": "await asyncio.gather(asyncio.sleep(1), leave(), return_exceptions=True)",
    "an exit of a cancelled task": (
        "task = asyncio.create_task(leave(at_end=True))\n"
        "await asyncio.sleep(0)\ntask.cancel()\nawait asyncio.sleep(1)"
    ),
}
LEAVES = """
async def leave(*, at_end=False):
    try:
        await asyncio.sleep(9 if at_end else 0)
    finally:
        {}
"""


async def calls_of(world, submit, *, head="", beside="await asyncio.sleep(2)\nreturn STATUS", **options):
    """A platform whose plugin does this on submission, and another plugin's call that is under way meanwhile."""
    world.install(hooks={"nagorik_submit": submit, "nagorik_get_status": "return STATUS"}, head=head, **options)
    other = world.install("desa", hooks={"nagorik_get_status": beside})
    platform = world.platform()
    await world.warm(platform)
    await world.warm(platform, other)
    under_way = asyncio.create_task(platform.get_status(world.draft(other), world.references))
    await asyncio.sleep(0)
    return platform, under_way


@pytest.mark.parametrize("leaving", ["sys.exit(NID)", "raise KeyboardInterrupt(NID)"])
@pytest.mark.parametrize("body", EXITS.values(), ids=EXITS)
async def test_exit_in_a_task_is_the_fault_of_its_call_alone(world, body, leaving):
    platform, under_way = await calls_of(world, f"{body}\n{GOOD}", head=LEAVES.format(leaving))
    with pytest.raises(PluginFault) as caught:
        await platform.submit(world.draft(), world.references)
    kind = "SystemExit" if "exit" in leaving else "KeyboardInterrupt"
    assert (caught.value.fault, caught.value.exception) == ("exit", kind)
    assert caught.value.where.startswith("plugin.py:")
    assert isinstance(await under_way, AgencyStatus)


@pytest.mark.parametrize("begun", ["asyncio.create_task(later())", "asyncio.shield(later())"])
@pytest.mark.parametrize("end", [GOOD, "raise TypeError(NID)", "await asyncio.sleep(10_000)"])
async def test_task_that_a_call_leaves_behind_ends_with_it(world, begun, end):
    later = "async def later():\n    while True:\n        await asyncio.sleep(1)\n        seen.append(context)"
    platform, under_way = await calls_of(world, f"{later}\nleft = {begun}\nawait asyncio.sleep(1.5)\n{end}")
    await asyncio.wait({asyncio.create_task(platform.submit(world.draft(), world.references))})
    seen = list(world.module().seen)
    await asyncio.sleep(20)
    assert world.module().seen == seen
    await under_way
    assert asyncio.all_tasks() == {asyncio.current_task()}


SPIN = "    until = time.thread_time() + 0.03\n    while time.thread_time() < until:\n        pass\n"
BLOCKS = {
    "a hook": f"if True:\n{SPIN}{GOOD}",
    "a task": f"async def spin():\n{SPIN}await asyncio.gather(spin(), asyncio.sleep(1))\n{GOOD}",
    "a step after a wait": f"await asyncio.sleep(1)\nif True:\n{SPIN}{GOOD}",
}


@pytest.mark.parametrize("body", BLOCKS.values(), ids=BLOCKS)
async def test_who_blocks_the_loop_is_named_and_kept_out_and_no_other(world, body, structlog_output):
    world.install(hooks={"nagorik_submit": body, "nagorik_get_status": "return STATUS"})
    other = world.install("desa", hooks={"nagorik_get_status": "await asyncio.sleep(1.5)\nreturn STATUS"})
    platform = world.platform(longest_step=0.02, faults_before_quarantine=2)
    await world.warm(platform)
    await world.warm(platform, other)
    for number in range(2):
        draft = world.draft(applicant=world.applicant(number))
        beside = platform.get_status(world.draft(other), world.references)
        ends = await asyncio.gather(platform.submit(draft, world.references), beside)
        assert [type(end) for end in ends] == [Accepted, AgencyStatus]
        if number == 0:
            await platform.get_status(draft, world.references)  # which goes well, and is no excuse
    faults = [line for line in structlog_output if line["event"] == "plugin_fault"]
    assert {(line["plugin"], line["fault"]) for line in faults} == {("wasa", "blocked-loop")}
    assert all(line["seconds"] >= 0.03 for line in faults)
    assert [refusal.distribution for refusal in platform.quarantined] == ["nagorik-wasa"]


async def test_form_that_blocks_the_loop_is_its_plugins_fault(world, structlog_output):
    forms = "import time\nfrom pydantic import field_validator\nfrom nagorik import Form\n\n\n"
    forms += "class ConnectionForm(Form):\n    holding: str\n\n    @field_validator('holding')\n"
    forms += f"    def slow(cls, value):\n{SPIN.replace('    ', '        ', 1)}        return value\n"
    forms = forms.replace("    while", "        while").replace("        pass", "            pass")
    world.install(files={"forms.py": forms})
    platform = world.platform(longest_step=0.02, faults_before_quarantine=2)
    await platform.submit(world.draft(), world.references)
    assert [line["fault"] for line in structlog_output if line["event"] == "plugin_fault"] == ["blocked-loop"]
