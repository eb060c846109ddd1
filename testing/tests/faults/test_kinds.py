"""Each fault, in process and over a real socket: what the client meets, and what the agency really did."""

import asyncio
import json

import httpx
import pytest
from small_agency import Registry, over_line

from nagorik_testing import (
    Altered,
    AnswerLost,
    ClosedBeforeProcessing,
    Dripping,
    Encoded,
    Garbled,
    InjectedResponse,
    MaintenancePage,
    NotSent,
    Padded,
    Reshaped,
    Slow,
    Truncated,
    serve,
)

FILE = "POST /files"
FORM = {"clientReference": "ref-1", "name": "NOMUNA NAGORIK 1"}


def is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode("utf-8"))
    except ValueError:
        return False
    return True


async def post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/files", json=FORM)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("reset", httpx.ReadError),
        ("closed", httpx.RemoteProtocolError),
        ("half-closed", httpx.RemoteProtocolError),
    ],
)
async def test_lost_answer_leaves_an_effect_and_no_byte(registry, reach, how, error):
    registry.faults.add(FILE, AnswerLost(how=how))
    async with reach(registry) as client:
        with pytest.raises(error):
            await post(client)
        assert (await post(client)).status_code == 201
    assert len(registry.ledger.effects("application", client_reference="ref-1")) == 2
    assert [seen.fault for seen in registry.ledger.requests(FILE)] == ["answer-lost", None]
    assert [seen.status for seen in registry.ledger.requests(FILE)] == [201, 201]
    assert not registry.faults.unused


async def test_silence_lasts_until_the_clients_read_timeout(registry, reach):
    registry.faults.add(FILE, AnswerLost(how="silent"))
    async with reach(registry, timeout=httpx.Timeout(5, read=0.2)) as client:
        with pytest.raises(httpx.ReadTimeout):
            await post(client)
    assert len(registry.files) == 1


@pytest.mark.parametrize(("how", "error"), [("reset", httpx.ReadError), ("closed", httpx.RemoteProtocolError)])
async def test_dropped_request_looks_like_a_lost_answer_and_leaves_nothing(registry, reach, how, error):
    registry.faults.add(FILE, ClosedBeforeProcessing(how=how))
    async with reach(registry) as client:
        with pytest.raises(error):
            await post(client)
    assert registry.files == []
    assert registry.ledger.requests(FILE)[0].status is None


@pytest.mark.parametrize(
    ("how", "error"),
    [("refused", httpx.ConnectError), ("connect-timeout", httpx.ConnectTimeout), ("pool-timeout", httpx.PoolTimeout)],
)
async def test_refused_request_proves_that_nothing_was_sent(registry, reach_in_simulated_time, how, error):
    registry.faults.add(FILE, NotSent(how=how))
    async with reach_in_simulated_time(registry, timeout=httpx.Timeout(15, connect=3)) as client:
        with pytest.raises(error):
            await post(client)
        assert registry.files == []
        assert registry.clock.monotonic() == (0.0 if how == "refused" else 3.0)
        assert (await post(client)).status_code == 201


async def test_status_replaces_the_answer_before_or_after_processing(registry, reach):
    registry.faults.add(FILE, InjectedResponse(status=503, retry_after="120", body="busy"))
    registry.faults.add(FILE, InjectedResponse(status=504, processed=True), first=2)
    async with reach(registry) as client:
        busy, late = await post(client), await post(client)
    assert (busy.status_code, busy.headers["retry-after"], busy.text) == (503, "120", "busy")
    assert late.status_code == 504
    assert len(registry.files) == 1


async def test_maintenance_page_is_html_with_status_200(registry, reach):
    registry.faults.add("*", MaintenancePage())
    async with reach(registry) as client:
        page = await post(client)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "সাময়িকভাবে" in page.text
    assert registry.files == []


async def test_truncated_answer_tells_of_more_than_arrives(registry, reach):
    registry.faults.add(FILE, Truncated(keep=0.5))
    async with reach(registry) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await post(client)
    assert len(registry.files) == 1


async def test_slow_answer_passes_time_on_the_simulated_clock(registry, reach):
    registry.faults.add(FILE, Slow(seconds=4))
    async with reach(registry) as client:
        assert (await post(client)).status_code == 201
    assert registry.clock.monotonic() == 4.0


@pytest.mark.parametrize("fault", [Slow(seconds=86_400), AnswerLost(how="silent")], ids=["slow", "silent"])
async def test_read_timeout_counts_on_the_simulated_clock(registry, reach_in_simulated_time, fault):
    registry.faults.add(FILE, fault)
    async with reach_in_simulated_time(registry, timeout=15) as client:
        with pytest.raises(httpx.ReadTimeout):
            await post(client)
        assert registry.clock.monotonic() == 15.0
        assert (await post(client)).json()["number"] == "F-2"


async def test_real_slowness_meets_a_real_timeout(registry):
    registry.faults.add(FILE, Slow(seconds=30, real=True))
    async with (
        serve(registry) as base_url,
        httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=httpx.Timeout(5, read=0.2)) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await post(client)
    assert len(registry.files) == 1


async def test_dripping_answer_arrives_whole_and_late(registry, reach):
    registry.faults.add(FILE, Dripping(seconds=2, piece=16))
    async with reach(registry) as client:
        answer = await post(client)
    pieces = -(-len(answer.content) // 16)
    assert answer.json()["number"] == "F-1"
    assert registry.clock.monotonic() == 2.0 * pieces


async def test_altered_answer_loses_and_gains_fields(registry, reach):
    registry.faults.add(
        FILE, Altered(remove=("number", "details.pages"), put={"state": "NEW WORD", "details.x": [1]})
    )
    async with reach(registry) as client:
        answer = await post(client)
    assert answer.json() == {"state": "NEW WORD", "details": {"x": [1]}}


@pytest.mark.parametrize("how", ["unparsable", "cut-short", "not-utf-8", "empty"])
async def test_garbled_answer_is_no_json(registry, reach, how):
    registry.faults.add(FILE, Garbled(how=how))
    async with reach(registry) as client:
        answer = await post(client)
    assert answer.status_code == 201
    assert not is_json(answer.content)


async def test_mislabelled_compression_cannot_be_decoded(registry, reach):
    registry.faults.add(FILE, Garbled(how="not-gzip"))
    async with reach(registry) as client:
        with pytest.raises(httpx.DecodingError):
            await post(client)


async def test_double_encoded_answer_is_text_in_json(registry, reach):
    registry.faults.add(FILE, Reshaped(how="double-encoded"))
    async with reach(registry) as client:
        assert isinstance((await post(client)).json(), str)


FILED = {"number": "F-1", "state": "filed", "details": {"pages": 3}}


@pytest.mark.parametrize(
    ("how", "document"),
    [
        ("null", None),
        ("no-fields", {}),
        ("nulls", {"number": None, "state": None, "details": {"pages": None}}),
        ("in-list", [FILED]),
        ("numbers-as-text", {**FILED, "details": {"pages": "3"}}),
        ("bangla-digits", {**FILED, "number": "F-১"}),
    ],
)
async def test_reshaped_answer_is_json_of_another_shape(registry, reach, how, document):
    registry.faults.add(FILE, Reshaped(how=how))
    async with reach(registry) as client:
        assert (await post(client)).json() == document
    assert len(registry.files) == 1


@pytest.mark.parametrize(
    ("how", "content_type", "charset"),
    [
        ("byte-order-mark", "application/json", "utf-8-sig"),
        ("utf-16", "application/json; charset=utf-16", "utf-16"),
        ("labelled-latin-1", "application/json; charset=iso-8859-1", "utf-8"),
        ("labelled-html", "text/html; charset=utf-8", "utf-8"),
    ],
)
async def test_encoded_answer_is_the_same_document(registry, reach, how, content_type, charset):
    registry.faults.add(FILE, Encoded(how=how))
    async with reach(registry) as client:
        answer = await post(client)
    assert answer.headers["content-type"] == content_type
    assert json.loads(answer.content.decode(charset)) == FILED


async def test_padded_answer_is_larger_and_the_same_document(registry, reach):
    registry.faults.add(FILE, Padded(size=200_000))
    async with reach(registry) as client:
        answer = await post(client)
    assert len(answer.content) == int(answer.headers["content-length"]) > 200_000
    assert answer.json() == FILED


async def test_drip_whose_every_pause_is_too_long_is_given_up_at_the_first(registry, reach_in_simulated_time):
    registry.faults.add(FILE, Dripping(seconds=40, piece=1))
    async with reach_in_simulated_time(registry, timeout=15) as client:
        with pytest.raises(httpx.ReadTimeout):
            await post(client)
    assert registry.clock.monotonic() == 15.0


async def test_one_clients_silence_disturbs_no_other(registry):
    registry.faults.add(FILE, AnswerLost(how="silent"), client_reference="ref-1")
    async with over_line(registry, timeout=15) as client:
        answers = await asyncio.gather(
            *(client.post("/files", json={**FORM, "clientReference": f"ref-{each}"}) for each in (0, 1, 2)),
            return_exceptions=True,
        )
    assert [getattr(answer, "status_code", type(answer)) for answer in answers] == [201, httpx.ReadTimeout, 201]


async def test_client_that_dies_in_the_middle_of_its_request_is_no_failure_of_the_agency(registry, caplog):
    async with serve(registry) as url:
        port = httpx.URL(url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /files HTTP/1.1\r\nHost: registry\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.transport.abort()
        async with httpx.AsyncClient(base_url=url) as client:
            for _ in range(3):
                assert (await post(client)).status_code == 201
    assert caplog.records == []
    assert len(registry.ledger.effects("application")) == 3


async def test_agency_sees_nothing_of_the_line():
    seen = []

    class Watched(Registry):
        async def app(self, scope, receive, send) -> None:
            seen.extend(name for name, _ in scope["headers"])
            await super().app(scope, receive, send)

    async with over_line(Watched()) as client:
        await post(client)
    assert b"content-type" in seen
    assert not [name for name in seen if b"line" in name]


async def test_limit_of_the_whole_exchange_counts_on_the_simulated_clock(registry, reach_in_simulated_time):
    registry.faults.add(FILE, Dripping(seconds=2, piece=1))
    registry.faults.add(FILE, Slow(seconds=40), first=2)
    limits = {"timeout": {"read": 15.0, "total": 7.0}}
    async with reach_in_simulated_time(registry) as client:
        for passed in (7.0, 14.0):
            with pytest.raises(TimeoutError):
                await client.post("/files", json=FORM, extensions=limits)
            assert registry.clock.monotonic() == pytest.approx(passed, abs=0.001)
