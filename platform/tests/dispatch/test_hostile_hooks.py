"""What a plugin may do wrong in a hook: its call fails as a plugin fault, and nothing else does."""

import asyncio
import tracemalloc

import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    InputRejected,
    Outcome,
    PluginFault,
)
from nagorik.model.status import AgencyStatus
from nagorik.model.submission import Accepted
from nagorik_platform.contract_errors import MOST_LISTED

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

WRONG_RESULTS = {
    "nothing": ("return None", "NoneType"),
    "a plain value": ("return 'R-1'", "str"),
    "another operation's result": ("return STATUS", "AgencyStatus"),
    "a coroutine": ("return file(context)", "coroutine"),
    "the class itself": ("return Accepted", "ModelType"),
    "a subclass": ("class Mine(Accepted): pass\nreturn Mine(reference='R-1', status=STATUS)", "Mine"),
    "a stand-in": ("class Liar:\n    __class__ = Accepted\nreturn Liar()", "Liar"),
    "a class that raises on a look": (
        "class Trap:\n    @property\n    def __class__(self): raise TypeError(NID)\nreturn Trap()",
        "Trap",
    ),
    "fields that were never validated": ("return Accepted.model_construct(reference=None, status=7)", "Accepted"),
    "a code that was never validated": (
        "return Rejected(reason_code='x', reason=Text(en='No.', bn='না।')).model_copy(update={'reason_code': NID})",
        "Rejected",
    ),
    "a wait that never ends": (
        "from nagorik.model.submission import Pending\nreturn Pending.model_construct(check_after=float('inf'))",
        "Pending",
    ),
    "a copy with a wrong field": (
        "return Accepted(reference='R-1', status=STATUS.model_copy(update={'state': 'lost'}))",
        "Accepted",
    ),
}


@pytest.mark.parametrize(("body", "exception"), WRONG_RESULTS.values(), ids=WRONG_RESULTS)
async def test_wrong_result_is_a_fault(world, body, exception):
    world.install(hooks={"nagorik_submit": body})
    with pytest.raises(PluginFault) as caught:
        await world.platform().submit(world.draft(), world.references)
    assert (caught.value.fault, caught.value.exception, caught.value.plugin) == ("wrong-result", exception, "wasa")
    assert caught.value.outcome is Outcome.NOT_SENT


async def test_fault_of_a_wrong_result_names_the_members_that_do_not_fit(world):
    ends = "from nagorik.model.submission import Pending\nreturn Pending.model_construct(check_after=1e18)"
    world.install(hooks={"nagorik_submit": ends})
    with pytest.raises(PluginFault) as caught:
        await world.platform().submit(world.draft(), world.references)
    assert caught.value.where == "Pending.check_after"


ONE = "Criterion(id='age', verdict='pass', text=Text(en='Old enough.', bn='বয়স ঠিক আছে।'))"
LONG = "text = Text.model_construct(en='x' * 20_000_000, bn='x')"
ENDLESS = {
    "criteria": (f"return EligibilityDecision(criteria=({ONE},) * 200_000)", "raised", "plugin.py:"),
    "a sentence": (
        f"{LONG}\nreturn EligibilityDecision(criteria=({ONE}.model_copy(update={{'text': text}}),))",
        "wrong-result",
        "EligibilityDecision.criteria",
    ),
}


@pytest.mark.parametrize(("body", "fault", "where"), ENDLESS.values(), ids=ENDLESS)
async def test_answer_without_end_is_a_fault_and_costs_no_more_than_the_plugin_has_spent(world, body, fault, where):
    world.install(hooks={"nagorik_check_eligibility": body})
    platform = world.platform()
    await world.warm(platform)
    tracemalloc.start()
    try:
        with pytest.raises(PluginFault) as caught:
            await platform.check_eligibility("wasa.connection", world.draft().applicant)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (caught.value.fault, caught.value.where[: len(where)]) == (fault, where)
    assert peak < 30_000_000


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
    "an error of its own": (
        "class Mine(AgencyRejected):\n    def __str__(self): return NID\nraise Mine('x')",
        "raised",
        "Mine",
    ),
    "the base of all errors": ("raise NagorikError()", "raised", "NagorikError"),
    "an error that cannot be shown": ("raise InputRejected([{'pointer': NID}])", "raised", "InputRejected"),
    "an error with a sentence for a code": ("raise AgencyRejected(f'no {NID}')", "raised", "AgencyRejected"),
    "an error with a number for a code": ("raise AgencyRejected(NID)", "raised", "AgencyRejected"),
    "a result with a sentence for a code": (
        "return Rejected(reason_code=f'no {NID}', reason=Text(en='No.', bn='না।'))",
        "raised",
        "ValidationError",
    ),
    "a result with a number for a code": (
        "return Rejected(reason_code=NID, reason=Text(en='No.', bn='না।'))",
        "raised",
        "ValidationError",
    ),
    "several errors at once": (
        "raise ExceptionGroup(NID, [AgencyUnavailable(), TypeError(NID)])",
        "raised",
        "ExceptionGroup",
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


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("AgencyRejected('unknown'), AgencyRejected('unknown')", AgencyRejected),
        ("AgencyRejected('unknown'), AgencyUnavailable()", AgencyUnavailable),
        ("ExceptionGroup('', [AgencyRejected('unknown')]), ContractViolation('shape')", ContractViolation),
        ("AgencyUnavailable(), PluginFault('raised')", PluginFault),
    ],
)
async def test_several_errors_of_a_task_group_are_the_one_that_settles_least(world, raised, told):
    world.install(
        hooks={
            "nagorik_get_status": f"""
                from nagorik.errors import PluginFault
                async def fail(error):
                    raise error
                async with asyncio.TaskGroup() as group:
                    for error in ({raised}):
                        group.create_task(fail(error))
            """
        }
    )
    with pytest.raises(told) as caught:
        await world.platform().get_status(world.draft(), world.references)
    assert type(caught.value) is told


async def test_a_refusal_of_more_fields_than_are_listed_reaches_the_citizen(world):
    world.install(
        hooks={
            "nagorik_submit": """
                from nagorik import FieldProblem, InputRejected, Text
                text = Text(bn="ভুল।", en="Wrong.")
                each = (FieldProblem(pointer=f"/form/plots/{at}", code="x", text=text) for at in range(5_000))
                raise InputRejected(list(each))
            """
        }
    )
    with pytest.raises(InputRejected) as caught:
        await world.platform().submit(world.draft(), world.references)
    assert len(caught.value.fields) == MOST_LISTED
    assert [caught.value.fields[at].pointer for at in (0, -2)] == ["/form/plots/0", f"/form/plots/{MOST_LISTED - 2}"]
    assert caught.value.fields[-1].text.en.startswith(f"There are {5_001 - MOST_LISTED} more problems.")


async def test_a_hook_that_hangs_is_ended_at_its_deadline(world, looptime):
    world.install(hooks={"nagorik_get_status": "await asyncio.sleep(10_000)"}, extra="limits = { deadline = 20 }")
    platform = world.platform()
    with pytest.raises(PluginFault, match="plugin-fault") as caught:
        await platform.get_status(world.draft(), world.references)
    assert caught.value.fault == "deadline"
    assert looptime == pytest.approx(20.5, abs=0.2)


async def test_a_late_answer_after_a_cancellation_is_not_believed(world):
    body = """
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            return STATUS
    """
    world.install(hooks={"nagorik_get_status": body})
    with pytest.raises(PluginFault) as caught:
        await world.platform().get_status(world.draft(), world.references)
    assert caught.value.fault == "deadline"


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


async def test_a_stubborn_hook_delays_its_cancelled_caller_for_a_second_at_most(world, looptime):
    world.install(hooks={"nagorik_get_status": CANCEL_GRACE})
    platform = world.platform()
    await world.warm(platform)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await platform.get_status(world.draft(), world.references)
    assert looptime == pytest.approx(6)
    await asyncio.sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_plugins_own_timeouts_work_as_ever(world, looptime):
    body = """
        try:
            async with asyncio.timeout(2):
                await asyncio.sleep(10)
        except TimeoutError:
            return STATUS
    """
    world.install(hooks={"nagorik_get_status": body})
    assert isinstance(await world.platform().get_status(world.draft(), world.references), AgencyStatus)
    assert looptime == pytest.approx(2)


async def test_one_plugins_faults_are_never_anothers(world):
    world.install("wasa", hooks={"nagorik_get_status": "await asyncio.sleep(10_000)"})
    world.install("desa", hooks={"nagorik_get_status": "await asyncio.sleep(0)\nsys.exit(1)"})
    good = world.install("pourashava")
    platform = world.platform()
    calls = [
        platform.get_status(world.draft(service, applicant=world.applicant(number)), world.references)
        for number in range(10)
        for service in ("wasa.connection", "desa.connection", good)
    ]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [PluginFault, PluginFault, AgencyStatus] * 10
    assert [end.plugin for end in ends if isinstance(end, PluginFault)] == ["wasa", "desa"] * 10
    assert [refusal.distribution for refusal in platform.quarantined] == ["nagorik-desa", "nagorik-wasa"]


async def test_two_calls_at_once_keep_to_themselves(world):
    body = """
        seen.append(request.client_reference)
        await asyncio.sleep(1)
        return Accepted(reference=request.client_reference, status=STATUS)
    """
    world.install(hooks={"nagorik_submit": body})
    platform = world.platform()

    def references(number):
        return type(world.references)(
            client_reference=f"CR-{number}", idempotency_key=world.references.idempotency_key
        )

    results = await asyncio.gather(*(platform.submit(world.draft(), references(number)) for number in range(5)))
    assert [result.reference for result in results] == [f"CR-{number}" for number in range(5)]
