"""The platform's own client before a simulator in process: faults mean there what they mean on a network."""

from functools import partial

import pytest

from nagorik.clock import Deadline
from nagorik.errors import AgencyUnavailable, OutcomeUnknown
from nagorik.http import WireModel
from nagorik.manifest import parse_manifest
from nagorik.operations import Idempotency, Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client import AgencyClient
from nagorik_testing import AnswerLost, ClosedBeforeProcessing, NotSent, SimulatorTransport, Slow, Truncated

MANIFEST = """
manifest_version = 1
id = "registry"
requires_api = "1.0"
name = { en = "Registry", bn = "নিবন্ধন" }
owners = [{ name = "Tests", contact = "tests@registry.example" }]
evidence = "modelled"
as_of = 2026-11-24
egress = ["registry.example"]

[[services]]
id = "registry.filing"
name = { en = "Filing", bn = "দাখিল" }
form = "forms:Form"
reads = ["find"]
writes = { submit = "client-reference" }
"""
FILE = "POST /files"
SHOW = "GET /files/{number}"


class Filed(WireModel):
    number: str


@pytest.fixture
async def client(registry):
    base_url = "https://registry.example"
    client = AgencyClient(
        plugin="registry",
        manifest=parse_manifest(MANIFEST),
        clock=registry.clock,
        egress=frozenset({"registry.example"}),
        settings=AgencySettings(base_url=base_url, read_timeout=10),
        transport_factory=partial(SimulatorTransport, registry),
    )
    yield client
    await client.aclose()


async def file(client, clock, form=None):
    http = client.bind(Operation.SUBMIT, Idempotency.CLIENT_REFERENCE, "key", Deadline.after(30, clock))
    return await http.write("file", "POST", "/files", json=form or {"clientReference": "ref-1"}, expect=Filed)


async def show(client, clock):
    http = client.bind(Operation.FIND, None, None, Deadline.after(30, clock))
    return await http.read("show", "GET", "/files/F-1", expect=Filed)


@pytest.mark.parametrize(
    ("fault", "effects"),
    [
        (AnswerLost(), 1),
        (AnswerLost(how="silent"), 1),
        (ClosedBeforeProcessing(), 0),
        (Slow(seconds=25), 1),
        (Truncated(), 1),
    ],
)
async def test_write_in_doubt_is_unknown_and_never_sent_again(registry, client, fault, effects):
    registry.faults.add(FILE, fault, count=None)
    with pytest.raises(OutcomeUnknown):
        await file(client, registry.clock)
    assert len(registry.ledger.requests(FILE)) == 1
    assert len(registry.ledger.effects("application")) == effects


async def test_silence_costs_the_read_timeout_of_simulated_time(registry, client):
    registry.faults.add(FILE, AnswerLost(how="silent"))
    with pytest.raises(OutcomeUnknown):
        await file(client, registry.clock)
    assert registry.clock.monotonic() == 10.0


async def test_what_was_provably_not_sent_is_sent_again(registry, client):
    registry.faults.add(FILE, NotSent(), count=2)
    assert (await file(client, registry.clock)).number == "F-1"
    assert [seen.fault for seen in registry.ledger.requests(FILE)] == [*["refused-before-processing"] * 2, None]
    assert len(registry.ledger.effects("application")) == 1


async def test_read_is_tried_again_within_the_deadline_of_the_simulated_clock(registry, client):
    await file(client, registry.clock)
    registry.faults.add(SHOW, AnswerLost(how="silent"), count=None)
    with pytest.raises(AgencyUnavailable):
        await show(client, registry.clock)
    assert 2 <= len(registry.ledger.requests(SHOW)) <= 4
    assert registry.clock.monotonic() <= 30.0


async def test_defective_simulator_fails_the_test_and_not_the_agency(registry, client):
    with pytest.raises(AssertionError, match="the simulator of registry failed"):
        await file(client, registry.clock, form={"no": "reference"})
