"""What a host does around every call."""

import pytest

from nagorik.errors import RateLimited
from nagorik.hookspecs import hookimpl
from nagorik.model.status import AgencyStatus
from nagorik.operations import Idempotency, Operation

pytestmark = pytest.mark.asyncio


class Diary:
    """A policy that writes down what it sees, and does on entering and leaving what it is told."""

    def __init__(self, name, lines, *, entering=None, leaving=None, swallow=False):
        self.name, self.lines = name, lines
        self.entering, self.leaving, self.swallow = entering, leaving, swallow
        self.calls = []

    @hookimpl
    def nagorik_call_policy(self, call):
        self.calls.append(call)
        return self

    async def __aenter__(self):
        self.lines.append(f"{self.name} in")
        if self.entering is not None:
            raise self.entering

    async def __aexit__(self, kind, error, trace):
        self.lines.append(f"{self.name} out {kind.__name__ if kind else ''}".strip())
        if self.leaving is not None:
            raise self.leaving
        return self.swallow


async def status(world, *policies, body="return STATUS"):
    world.install(hooks={"nagorik_get_status": f"seen.append(1)\n{body}"})
    return await world.platform(call_middleware=policies).get_status(world.draft(), world.references)


async def test_policies_are_entered_in_order_and_left_in_reverse(world):
    lines = []
    await status(world, *(Diary(name, lines) for name in "abc"))
    assert lines == ["a in", "b in", "c in", "c out", "b out", "a out"]


async def test_a_policy_is_told_of_the_call_and_nothing_of_the_citizen(world):
    diary = Diary("a", [])
    world.install()
    await world.platform(call_middleware=(diary,)).submit(world.draft(), world.references)
    [call] = diary.calls
    assert (call.plugin, call.service, call.operation) == ("wasa", "wasa.connection", Operation.SUBMIT)
    assert call.idempotency is Idempotency.NONE
    assert call.requests == 0
    assert world.NID not in repr(call)


async def test_a_refusal_sends_nothing_and_leaves_those_that_were_entered(world):
    lines = []
    refusal = RateLimited(retry_after=5)
    with pytest.raises(RateLimited) as caught:
        await status(world, Diary("a", lines), Diary("b", lines, entering=refusal), Diary("c", lines))
    assert lines == ["a in", "b in", "a out RateLimited"]
    assert (caught.value.service, caught.value.operation) == ("wasa.connection", "status")
    assert world.module().seen == []


async def test_a_failing_exit_changes_nothing_and_is_logged_without_its_text(world, structlog_output):
    lines = []
    failing = Diary("b", lines, leaving=OSError(world.NID))
    assert isinstance(await status(world, Diary("a", lines), failing), AgencyStatus)
    assert lines == ["a in", "b in", "b out", "a out"]
    [line] = [line for line in structlog_output if line["event"] == "call_policy_failed"]
    assert (line["policy"], line["exception"]) == ("Diary", "OSError")
    assert world.NID not in str(structlog_output)
