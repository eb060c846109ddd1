import asyncio

import httpx
import pytest

from nagorik_testing import AnswerLost, SimulatorTransport, serve
from nagorik_testing.simulator.handlers import routes_of

FORM = {"clientReference": "ref-1", "name": "NOMUNA NAGORIK 1"}


async def test_ledger_knows_templates_and_references_and_nothing_of_the_payload(registry, reach):
    async with reach(registry) as client:
        await client.post("/files", json=FORM, headers={"Idempotency-Key": "key-1"})
        await client.get("/files/F-1")
        await client.get("/files/SECRET-NID")
        await client.get("/elsewhere/SECRET-NID")
    seen = registry.ledger.requests()
    assert [one.operation for one in seen] == ["POST /files", *["GET /files/{number}"] * 2, "unrouted"]
    assert [one.status for one in seen] == [201, 200, 404, 404]
    assert (seen[0].client_reference, seen[0].idempotency_key) == ("ref-1", "key-1")
    assert registry.ledger.request_counts["GET /files/{number}"] == 2
    assert registry.ledger.effect_counts == {"application": 1}
    written = str(registry.ledger.as_document())
    assert "SECRET-NID" not in written
    assert "NOMUNA" not in written


def test_agencies_that_are_opened_anew_share_patterns_and_no_handlers():
    async def find(request):
        raise NotImplementedError

    one, other = (routes_of({"GET /files/{number}": find, "POST /files": find}, prefix="/v1") for _ in range(2))
    for route, again in zip(one, other, strict=True):
        assert route.path_regex is again.path_regex
        assert route.endpoint is not again.endpoint
        assert route.app is not again.app
        assert (route.path, route.methods, route.name) == (again.path, again.methods, "answer")
    assert [route.path for route in one] == ["/v1/files/{number}", "/v1/files"]
    assert [sorted(route.methods) for route in one] == [["GET", "HEAD"], ["POST"]]


async def test_fault_of_a_defective_simulator_is_not_taken_for_the_agencys(registry):
    async with httpx.AsyncClient(transport=SimulatorTransport(registry), base_url="http://registry") as client:
        with pytest.raises(AssertionError, match="the simulator of registry failed"):
            await client.post("/files", json={"no": "reference"})


async def test_transport_without_admin_does_not_serve_it(registry):
    async with httpx.AsyncClient(transport=SimulatorTransport(registry), base_url="http://127.0.0.1") as client:
        assert (await client.get("/_simulator")).status_code == 404


async def test_admin_moves_clock_faults_script_and_is_not_in_the_ledger(registry, reach):
    async with reach(registry) as client:
        before = (await client.get("/_simulator/clock")).json()["now"]
        assert (await client.post("/_simulator/clock/advance", json={"seconds": 3600})).json()["now"] > before
        order = {"operation": "POST /files", "fault": {"fault": "answer-lost"}, "count": None}
        assert (await client.post("/_simulator/faults", json=order)).status_code == 201
        script = {"marker": "citizen-0001", "outcome": "reject", "durations": {"review": 5}}
        assert (await client.post("/_simulator/script", json=script)).status_code == 201
        with pytest.raises(httpx.ReadError):
            await client.post("/files", json=FORM)
        ledger = (await client.get("/_simulator/ledger")).json()
        described = (await client.get("/_simulator")).json()
    assert registry.clock.monotonic() == 3600.0
    assert registry.script.scenario("citizen-0001").outcome == "reject"
    assert ledger["request_counts"] == {"POST /files": 1}
    assert ledger["effects"][0]["client_reference"] == "ref-1"
    assert described["operations"] == ["GET /files/{number}", "POST /files"]


@pytest.mark.parametrize(
    ("path", "order", "problem"),
    [
        ("faults", {"operation": "POST /nowhere", "fault": {"fault": "answer-lost"}}, "no operation POST /nowhere"),
        ("faults", {"operation": "POST /files", "fault": {"fault": "earthquake"}}, "earthquake"),
        ("script", {"outcome": "levitate"}, "no outcome levitate; write one of approve, reject"),
        ("clock/advance", {"seconds": -1}, "seconds"),
        ("clock/set", {"instant": "2026-01-01T00:00:00"}, "instant"),
    ],
)
async def test_admin_says_what_is_wrong_with_an_order(registry, reach, path, order, problem):
    async with reach(registry) as client:
        answer = await client.post(f"/_simulator/{path}", json=order)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


async def test_admin_refuses_a_host_that_is_not_this_machine(registry, reach):
    async with reach(registry) as client:
        answer = await client.get("/_simulator/ledger", headers={"Host": "rebound.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[", "Host": "127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "["}, 403),
        ({"Host": ""}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Sec-Fetch-Site": "none", "Host": "LOCALHOST:8099", "Origin": "http://localhost:8099"}, 200),
    ],
)
async def test_admin_obeys_no_page_of_another_origin(registry, reach, headers, status):
    async with reach(registry) as client:
        sent = {"Content-Type": "application/json", **headers}
        answer = await client.post("/_simulator/clock/advance", content='{"seconds": 60}', headers=sent)
        assert answer.status_code == status
        if status == 403:  # also without a body, which has no type
            del sent["Content-Type"]
            assert (await client.post("/_simulator/reset", headers=sent)).status_code == 403
    assert registry.clock.monotonic() == (60.0 if status == 200 else 0.0)


async def test_clock_is_put_forward_to_no_time_that_there_is_not(registry, reach):
    async with reach(registry) as client:
        most = {"seconds": 100 * 366 * 86_400}
        answers = [await client.post("/_simulator/clock/advance", json=most) for _ in range(100)]
        last = await client.post("/_simulator/clock/advance", json={"seconds": 1e308})
    assert {answer.status_code for answer in answers} == {200, 400}
    assert answers[-1].json() == {"error": "the clock ends before that"}
    assert last.status_code == 400


async def test_reset_forgets_what_happened_and_was_scripted(registry, reach):
    registry.faults.add("POST /files", AnswerLost(), first=9)
    registry.script.set("*", "reject")
    async with reach(registry) as client:
        await client.post("/files", json=FORM)
        assert (await client.post("/_simulator/reset")).json() == {"reset": True}
    assert (registry.files, registry.ledger.effects(), registry.faults.rules) == ([], (), ())
    assert registry.script.scenario("anyone").outcome == "approve"


async def test_two_servers_stand_side_by_side_and_leave_their_ports(registry):
    async with serve(registry) as one, serve(registry) as other:
        assert one != other
    port = int(one.rpartition(":")[2])
    async with serve(registry, port=port) as again:
        assert again == one


async def test_server_leaves_an_idle_connection_and_a_silent_one(registry):
    registry.faults.add("POST /files", AnswerLost(how="silent"))
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        async with serve(registry) as base_url:
            await client.get(f"{base_url}/files/F-1")
            waiting = asyncio.create_task(client.post(f"{base_url}/files", json=FORM))
            while not registry.files:  # noqa: ASYNC110 - a socket's event, not ours
                await asyncio.sleep(0.001)
        with pytest.raises(httpx.TransportError):
            await waiting
