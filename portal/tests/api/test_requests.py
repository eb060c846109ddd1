"""Who may ask, with which key, on which revision; and what is refused, in which language."""

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


async def test_what_has_no_good_key_is_refused(api):
    for client in (api.anonymous, await api.client("centre-0042/app-shop")):
        client.headers["Authorization"] = client.headers.get("Authorization", "Bearer ngk_")[:-1] + "!"
        answer = await client.get("/v1/services")
        api.problem(answer, 401, "not-signed-in")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_scope_and_service_bound_a_key(api):
    application = await api.applied()
    reader = await api.client("centre-0042/reader", scopes=["view"])
    assert (await reader.get(f"/v1/applications/{application}")).status_code == 200
    api.problem(await reader.get("/v1/cases"), 403, "not-permitted")
    api.problem(await reader.get("/v1/events"), 403, "not-permitted")
    body = api.application(43)
    api.problem(await reader.post("/v1/applications", json=body, headers=api.once()), 403, "not-permitted")
    passports = await api.client("centre-0042/passports", services=["passport.new"])
    api.problem(await passports.get(f"/v1/applications/{application}"), 403, "not-permitted")
    api.problem(await passports.post("/v1/applications", json=body, headers=api.once()), 403, "not-permitted")
    assert [one["id"] for one in (await passports.get("/v1/services")).json()["rows"]] == ["passport.new"]


async def test_keyed_request_has_its_effect_once(api):
    body, said = api.application(), api.once()
    first = await api.http.post("/v1/applications", json=body, headers=said)
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    assert first.headers["location"] == f"/v1/applications/{first.json()['application']}"
    await api.work()
    again = await api.http.post("/v1/applications", json=dict(reversed(body.items())), headers=said)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert (again.json()["application"], again.json()["state"]) == (first.json()["application"], "closed")
    assert again.headers["etag"] == f'"{again.json()["revision"]}"'
    rows = (await api.http.get("/v1/applications")).json()["rows"]
    assert [one["id"] for one in rows] == [first.json()["application"]]


async def test_key_with_another_request_is_refused(api):
    said = api.once()
    await api.http.post("/v1/applications", json=api.application(), headers=said)
    api.problem(await api.http.post("/v1/applications", json=api.application(43), headers=said), 422, "key-reused")
    # Another client's keys are its own.
    other = await api.other.post("/v1/applications", json=api.application(43), headers=said)
    assert other.status_code == 201


async def test_effect_without_a_key_is_refused(api):
    answer = await api.http.post("/v1/applications", json=api.application())
    api.problem(answer, 400, "idempotency-key-missing")


async def test_one_key_that_comes_many_times_at_once_has_one_effect(api):
    said, body = api.once(), api.application()
    sent = [api.http.post("/v1/applications", json=body, headers=said) for _ in range(8)]
    answers = await asyncio.gather(*sent)
    assert [one.status_code for one in answers] == [201] * 8, answers[0].text
    assert len({one.json()["application"] for one in answers}) == 1
    assert len((await api.http.get("/v1/applications")).json()["rows"]) == 1
    again = await api.http.post("/v1/applications", json=body, headers=said)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    same = api.once()
    begun = await asyncio.gather(*(api.http.post("/v1/drafts", json={}, headers=same) for _ in range(4)))
    assert len({one.json()["id"] for one in begun}) == 1


async def test_change_needs_the_revision_that_was_read(api):
    application = await api.applied()
    path, now = f"/v1/applications/{application}/withdrawal", await api.http.get(f"/v1/applications/{application}")
    assert now.headers["etag"] == f'"{now.json()["revision"]}"'
    api.problem(await api.http.post(path, headers=api.once()), 428, "revision-required")
    api.problem(await api.http.post(path, headers=api.once(**{"If-Match": '"9999"'})), 412, "revision-outdated")
    api.problem(await api.http.post(path, headers=api.once(**{"If-Match": "*"})), 422, "request-invalid")
    said = api.once(**{"If-Match": now.headers["etag"]})
    done = await api.http.post(path, headers=said)
    assert done.status_code == 200, done.text
    assert done.headers["etag"] != now.headers["etag"]
    # The same request again is no change: its old revision is no hindrance.
    again = await api.http.post(path, headers=said)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")


async def test_what_is_not_open_to_an_application_now_is_refused_with_the_reason(api):
    application = await api.applied()
    answer = await api.act(application, "hand-over", {"name": "A", "relation": "self", "identity_seen": "nid-card"})
    found = api.problem(answer, 409, "not-possible")
    assert found["reason_code"] == "nothing-to-receive"
    assert found["reason"]


async def test_too_many_requests_wait(api, monkeypatch):
    monkeypatch.setattr("nagorik_portal.portal.monotonic", lambda: 0.0)
    client = await api.client("centre-0042/hasty")
    api.portal._left["centre-0042/hasty"] = 1, 0.0
    answers = [await client.get("/v1/services") for _ in range(2)]
    assert answers[0].status_code == 200
    api.problem(answers[1], 429, "too-many-requests")
    assert int(answers[1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "bn"),
        ("en", "en"),
        ("en-GB;q=0.9, bn;q=0.8", "en"),
        ("bn-BD, en;q=0.5", "bn"),
        ("fr, *;q=0.1", "bn"),
        ("en;q=0", "bn"),
    ],
)
async def test_problems_come_in_the_language_asked_for(api, asked, language):
    answer = await api.http.get(f"/v1/applications/{api.unknown}", headers={"Accept-Language": asked})
    found = api.problem(answer, 404, "no-such-application")
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    assert any("\u0980" <= letter <= "\u09ff" for letter in found["detail"]) is (language == "bn")
    assert found["detail"].startswith(found["title"])
    assert not [name for name in found if name.endswith("_bn")]


async def test_framework_errors_are_problems_too(api):
    api.problem(await api.http.get("/v1/nothing"), 404, "not-found")
    api.problem(await api.http.get("/v1/applications/NGK-0000000000000042"), 404, "not-found")
    api.problem(await api.http.get("/v1/applications/%0A"), 404, "not-found")
    answer = await api.http.put("/v1/services")
    api.problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"
    assert (await api.http.request("PATCH", "/v1/drafts")).headers["allow"] == "POST, GET"
    path = "/v1/eligibility"
    said = {"Content-Type": "application/json"}
    api.problem(await api.http.post(path, content=b"{", headers=said), 400, "malformed")
    api.problem(await api.http.post(path, content=b"{}", headers={"Content-Type": "text/plain"}), 415, _UNSUPPORTED)
    api.problem(await api.http.post(path, content=b"{}"), 415, _UNSUPPORTED)
    text = {"content": b"no JSON", "headers": api.once(**{"Content-Type": "text/plain"})}
    api.problem(await api.http.post("/v1/applications", **text), 400, "malformed")
    api.problem(await api.http.post(path, content=b" " * 1_000_001, headers=said), 413, "too-large")

    async def unannounced():
        for _ in range(11):
            yield b" " * 100_000

    api.problem(await api.http.post(path, content=unannounced(), headers=said), 413, "too-large")


_UNSUPPORTED = "media-type-unsupported"


async def test_wrong_fields_are_named_by_pointers_and_never_by_a_value(api):
    secret, number = "19569910035000042", "০১৩০০০০০০৪২x"
    body = api.application() | {"gateway": 17, secret: secret}
    body["applicant"] |= {"birth_date": 0, "phone": number, "identifiers": [{"type": "nid", "value": "12"}]}
    body["consent"] = {"id": "c", "fee_ceiling": {"poisha": False}, "given_at": "0", secret: 1}
    answer = await api.http.post("/v1/applications", json=body, headers=api.once(**{"Accept-Language": "en"}))
    found = api.problem(answer, 422, "request-invalid")
    places = {one["pointer"] for one in found["errors"]}
    assert places >= {
        "/gateway",
        "/applicant/birth_date",
        "/applicant/phone",
        "/applicant/identifiers/0/value",
        "/consent",
        "/consent/fee_ceiling/poisha",
        "/consent/given_at",
        "/consent/expires_at",
    }
    assert {"missing", "extra_forbidden"} <= {one["code"] for one in found["errors"]}
    for shown in (secret, number):
        assert shown not in answer.text
    filled = api.application() | {"form": {"nid": number, secret: "x"}}
    answer = await api.http.post("/v1/applications", json=filled, headers=api.once())
    found = api.problem(answer, 422, "input-rejected")
    assert {"pointer", "code", "detail"} == set(found["errors"][0])
    assert secret not in answer.text
    assert number not in answer.text


async def test_body_is_read_strictly_as_json(api):
    form = api.application()["form"]
    path, said = "/v1/services/nid.reissue/validate", {"Content-Type": "application/json"}
    for text in (b"NaN", b"Infinity", b"1e999"):
        content = b'{"form": {"attempt": ' + text + b"}}"
        assert (await api.http.post(path, content=content, headers=said)).status_code == 422, text
    assert (await api.http.post(path, json={"form": form})).json()["rows"] == []
    pay = await api.act(await api.applied(), "payment", {"again": 0})
    assert api.problem(pay, 422, "request-invalid")["errors"][0]["pointer"] == "/again"


async def test_a_text_that_no_form_can_hold_is_named_before_it_is_kept(api):
    body = api.application()
    body["form"] = {**body["form"], "reason": "x" * 20_001}
    refused = await api.http.post("/v1/applications", json=body, headers=api.once())
    (problem,) = api.problem(refused, 422, "request-invalid")["errors"]
    assert problem["pointer"].startswith("/form")
    given = {"service": body["service"], "form": body["form"]}
    api.problem(await api.http.post("/v1/drafts", json=given, headers=api.once()), 422, "request-invalid")


async def test_failure_of_the_platform_shows_nothing_of_it(api, monkeypatch, capsys):
    secret = "19569910035000042"

    async def fail(*_, **__):
        raise RuntimeError(secret)

    monkeypatch.setattr(api.host, "view", fail)
    answer = await api.http.get(f"/v1/applications/{await api.applied()}", headers={"Accept-Language": "en"})
    api.problem(answer, 500, "internal")
    said = capsys.readouterr()
    assert secret not in answer.text + said.out + said.err
    # The type and the place of the error are what finds it.
    assert all(one in said.out + said.err for one in ("request_failed", "RuntimeError", "test_requests"))


async def test_nothing_of_a_citizen_is_in_spans(api, monkeypatch):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    with trace.get_tracer("a test").start_as_current_span("around"):
        await api.http.get(f"/v1/applications/{await api.applied()}?nid=19569910035000042")
    assert [span.name for span in exporter.get_finished_spans()] == ["around"]
