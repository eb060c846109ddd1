"""What a call remembers, and what it therefore does not let its plugin do."""

import asyncio

import httpx
import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, OutcomeUnknown, PluginFault
from nagorik.operations import Idempotency
from nagorik_platform.agency_client import step_key

NATIVE, REFERENCE, NEITHER = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE, Idempotency.NONE
WRITES = [NATIVE, REFERENCE, NEITHER]


@pytest.mark.parametrize("kind", WRITES)
async def test_after_an_unknown_outcome_no_write_of_the_call_is_sent(world, kind):
    http = world.bind(kind, attempts=1)
    world.agency.will(httpx.ReadTimeout("x"))
    with pytest.raises(OutcomeUnknown) as first:
        await world.ask(http, kind, step="file")
    for send in (http.write, http.prepare):
        with pytest.raises(OutcomeUnknown) as again:
            await send("pay", "POST", "/applications", expect=world.Filed)
        assert again.value is first.value
    assert http.ledger.requests == 1


async def test_a_look_up_after_an_unknown_outcome_is_noted(world):
    http = world.bind(REFERENCE)
    world.agency.will(
        httpx.ReadTimeout("x"), world.filed(), httpx.ReadTimeout("x"), httpx.Response(404), world.filed()
    )
    await http.prepare("draft", "PUT", "/drafts", expect=world.Filed)  # is tried again as a read
    assert (http.ledger.requests, http.ledger.wrote, http.ledger.unknown) == (2, False, None)
    with pytest.raises(OutcomeUnknown):
        await world.ask(http, REFERENCE)
    with pytest.raises(AgencyRejected):
        await world.ask(http)
    assert not http.ledger.read_after_unknown
    await world.ask(http)
    assert http.ledger.read_after_unknown
    assert http.ledger.unknown is not None


@pytest.mark.parametrize("kind", [REFERENCE, NEITHER])
async def test_a_step_is_written_once(world, kind):
    http = world.bind(kind)
    world.agency.will(world.filed(), world.filed())
    await world.ask(http, kind, step="file")
    with pytest.raises(PluginFault) as caught:
        await world.ask(http, kind, step="file")
    assert caught.value.fault == "step-repeated"
    await world.ask(http, kind, step="pay")
    assert http.ledger.requests == 2


@pytest.mark.parametrize("kind", [REFERENCE, NEITHER])
async def test_a_step_that_had_no_effect_may_be_written_again(world, kind):
    http = world.bind(kind, attempts=1)
    world.agency.will(httpx.ConnectError("x"), httpx.Response(404), world.filed())
    with pytest.raises(AgencyUnavailable):
        await world.ask(http, kind)
    with pytest.raises(AgencyRejected):
        await world.ask(http, kind)
    assert not http.ledger.wrote
    await world.ask(http, kind)
    assert http.ledger.wrote


async def test_a_native_step_repeated_carries_the_same_key(world):
    http = world.bind(NATIVE)
    world.agency.will(world.filed(), world.filed(), world.filed())
    for step in ("file", "file", "pay"):
        await world.ask(http, NATIVE, step=step)
    same, again, other = world.agency.keys()
    assert same == again == step_key("application-key", "file") == http.key_of("file")
    assert other == step_key("application-key", "pay") != same


def test_a_step_key_never_changes_and_shows_nothing_of_its_origin():
    assert step_key("application-key", "file") == "650712d9-74c8-50bc-b81c-5aabe451fbcf"
    assert len({step_key(k, s) for k in ("a", "b") for s in ("x", "y")}) == 4
    assert step_key("a\nb", "c") != step_key("a", "b") != step_key("application-key", "file")


@pytest.mark.parametrize("method", ["write", "prepare", "PUT", "PATCH", "DELETE"])
async def test_a_read_operation_writes_nothing_by_any_method(world, method):
    http = world.bind()
    send, method = (getattr(http, method), "POST") if method.islower() else (http.read, method)
    with pytest.raises(PluginFault) as caught:
        await send("x", method, "/a", expect=world.Filed)
    assert caught.value.fault in {"write-in-read-operation", "writing-method-in-read"}
    assert http.ledger.requests == 0


@pytest.mark.parametrize("kind", WRITES)
async def test_a_write_cancelled_while_it_is_with_the_agency_is_unknown(world, kind):
    arrived = asyncio.Event()

    async def hang(_request):
        arrived.set()
        await asyncio.Event().wait()

    http = world.bind(kind)
    world.agency.will(hang)
    task = asyncio.create_task(world.ask(http, kind))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert http.ledger.wrote
    assert http.ledger.unknown.because == "cancelled"
    with pytest.raises(OutcomeUnknown):
        await world.ask(http, kind)
