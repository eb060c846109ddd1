"""What a plugin may do wrong in a hook: its call fails as a plugin fault, and nothing else does."""

import asyncio

import pytest

from nagorik.errors import Outcome, PluginFault
from nagorik.model.submission import Accepted

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

WRONG_RESULTS = {
    "nothing": ("return None", "NoneType"),
    "a plain value": ("return 'R-1'", "str"),
    "another operation's result": ("return STATUS", "AgencyStatus"),
    "a coroutine": ("return file(context)", "coroutine"),
    "the class itself": ("return Accepted", "ModelType"),
    "a subclass": ("class Mine(Accepted): pass\nreturn Mine(reference='R-1', status=STATUS)", "Mine"),
    "a stand-in": ("class Liar:\n    __class__ = Accepted\nreturn Liar()", "Liar"),
    "fields that were never validated": ("return Accepted.model_construct(reference=None, status=7)", "Accepted"),
    "a code that was never validated": (
        "return Rejected(reason_code='x', reason=Text(en='No.', bn='না।')).model_copy(update={'reason_code': NID})",
        "Rejected",
    ),
    "a wait that never ends": (
        "from nagorik.model.submission import Pending\nreturn Pending.model_construct(check_after=float('inf'))",
        "Pending",
    ),
}


@pytest.mark.parametrize(("body", "exception"), WRONG_RESULTS.values(), ids=WRONG_RESULTS)
async def test_wrong_result_is_a_fault(world, body, exception):
    world.install(hooks={"nagorik_submit": body})
    with pytest.raises(PluginFault) as caught:
        await world.platform().submit(world.draft(), world.references)
    assert (caught.value.fault, caught.value.exception, caught.value.plugin) == ("wrong-result", exception, "wasa")
    assert caught.value.outcome is Outcome.NOT_SENT


RAISED = {
    "a foreign exception": ("raise TypeError(NID)", "raised", "TypeError"),
    "an exit": ("sys.exit(NID)", "exit", "SystemExit"),
    "an interrupt": ("raise KeyboardInterrupt(NID)", "exit", "KeyboardInterrupt"),
    "its own cancellation": ("raise asyncio.CancelledError(NID)", "raised", "CancelledError"),
    "cancelling its task": ("asyncio.current_task().cancel()\nawait asyncio.sleep(1)", "raised", "CancelledError"),
    "cancelling its task at the end": ("asyncio.current_task().cancel()", "wrong-result", "NoneType"),
    "a generator's exit": ("raise GeneratorExit(NID)", "raised", "GeneratorExit"),
    "the end of an iterator": ("raise StopIteration(NID)", "raised", "RuntimeError"),
    "a wait for nothing": ("class Odd:\n    def __await__(self): yield 7\nawait Odd()", "raised", "RuntimeError"),
    "endless recursion": ("def f(): f()\nf()", "raised", "RecursionError"),
    "the base of all errors": ("raise NagorikError()", "raised", "NagorikError"),
    "an error that cannot be shown": ("raise InputRejected([{'pointer': NID}])", "raised", "InputRejected"),
    "an error with a number for a code": ("raise AgencyRejected(NID)", "raised", "AgencyRejected"),
    "a result with a number for a code": (
        "return Rejected(reason_code=NID, reason=Text(en='No.', bn='না।'))",
        "raised",
        "ValidationError",
    ),
}


@pytest.mark.parametrize(("body", "fault", "exception"), RAISED.values(), ids=RAISED)
async def test_whatever_is_raised_is_a_fault_with_a_place(world, body, fault, exception):
    world.install(hooks={"nagorik_submit": body})
    with pytest.raises(PluginFault) as caught:
        await world.platform().submit(world.draft(), world.references)
    assert (caught.value.fault, caught.value.exception) == (fault, exception)
    assert caught.value.where is None or caught.value.where.startswith("plugin.py:")
    assert asyncio.current_task().cancelling() == 0


async def test_a_hook_that_hangs_is_ended_at_its_deadline(world, looptime):
    world.install(hooks={"nagorik_get_status": "await asyncio.sleep(10_000)"}, extra="limits = { deadline = 20 }")
    platform = world.platform()
    with pytest.raises(PluginFault, match="plugin-fault") as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.fault == "deadline"
    assert looptime == pytest.approx(20.5, abs=0.2)


CANCEL_GRACE = """
    while True:
        try:
            await asyncio.sleep(3)
            seen.append("ran on")
        except asyncio.CancelledError:
            seen.append("refused")
"""


async def test_a_hook_that_refuses_to_stop_is_abandoned_and_never_runs_again(world, looptime):
    world.install(
        hooks={
            "nagorik_get_status": CANCEL_GRACE,
            "nagorik_submit": "return Accepted(reference='R-1', status=STATUS)",
        },
        extra="limits = { deadline = 20 }",
    )
    platform = world.platform()
    with pytest.raises(PluginFault) as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.fault == "abandoned"
    assert looptime == pytest.approx(21.5, abs=0.2)
    seen = list(world.module().seen)
    assert seen[-1] == "refused"
    await asyncio.sleep(100)
    assert world.module().seen == seen
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert isinstance(await platform.submit(world.draft(), world.references), Accepted)


async def test_the_callers_cancellation_ends_the_hook_and_reaches_the_caller(world, looptime):
    body = """
        try:
            await asyncio.sleep(10_000)
        finally:
            seen.append("ended")
    """
    world.install(hooks={"nagorik_get_status": body})
    platform = world.platform()
    await world.warm(platform)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await platform.get_status(world.draft(), world.references)
    assert looptime == pytest.approx(3)
    assert world.module().seen == ["ended"]
