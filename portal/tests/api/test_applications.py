"""From the catalogue to what was issued, over HTTP."""

import hashlib
import json
from datetime import timedelta

from nagorik_testing import Garbled, specimen_pdf

PDF = {"Content-Type": "application/octet-stream"}


async def test_catalogue_shows_services_forms_and_prices(api):
    found = (await api.http.get("/v1/services")).json()
    assert {"nid.reissue", "passport.new"} <= {one["id"] for one in found["rows"]}
    gateways = (await api.http.get("/v1/gateways")).json()["rows"]
    assert {"cashdesk.counter", "bkash.checkout"} <= {one["id"] for one in gateways}
    one = (await api.http.get("/v1/services/nid.reissue")).json()
    assert one in found["rows"]
    form = await api.http.get("/v1/services/nid.reissue/form")
    assert form.headers["content-type"] == "application/schema+json"
    assert form.json()["properties"]["reason"]["x-title-bn"]
    api.problem(await api.http.get("/v1/services/nid.nothing"), 404, "service-not-offered")
    body = api.application()
    asked = {name: body[name] for name in ("applicant", "form")}
    price = (await api.http.post("/v1/services/nid.reissue/quote", json=asked)).json()
    assert price["total"] == price["quote"]["total"]
    assert price["quote"]["lines"]
    free = {"applicant": asked["applicant"]}
    assert (await api.http.post("/v1/services/nid.card-status/quote", json=free)).json()["quote"] is None


async def test_eligibility_is_told_with_reasons(api):
    applicant = api.application()["applicant"]
    every = (await api.http.post("/v1/eligibility", json={"applicant": applicant})).json()["rows"]
    verdicts = {one["service"]: one["eligibility"] for one in every}
    assert verdicts["nid.new-voter"] == "ineligible"
    one = (await api.http.post("/v1/services/nid.new-voter/eligibility", json={"applicant": applicant})).json()
    (verdict,) = one["rows"]
    assert verdict["eligibility"] == "ineligible"
    assert {"bn", "en"} == set(verdict["criteria"][0]["text"])


async def test_form_is_checked_field_by_field(api):
    form = api.application()["form"] | {"delivery": "by-kite"}
    found = (await api.http.post("/v1/services/nid.reissue/validate", json={"form": form})).json()
    assert [one["pointer"] for one in found["rows"]] == ["/form/delivery"]
    assert "by-kite" not in json.dumps(found)


async def test_application_is_followed_to_its_end(api):
    application = await api.applied()
    first = await api.http.get("/v1/events")
    assert [one["subject"] for one in first.json()["rows"]] == [application]
    await api.work()
    view = (await api.http.get(f"/v1/applications/{application}")).json()
    assert view["state"] == "closed"
    assert view["timeline"][0]["text"]["bn"]
    after = first.json()["next"]
    assert first.headers["link"] == f'</v1/events?after={after}>; rel="next"'
    later = (await api.http.get(f"/v1/events?after={after}&limit=2")).json()
    assert len(later["rows"]) == 2
    assert later["rows"][-1]["data"]["revision"] <= view["revision"]
    assert later["rows"][0]["id"] != first.json()["rows"][0]["id"]
    for other in ("", "?after=" + after[:-1] + ("A" if after[-1] != "A" else "B")):
        answer = await api.other.get(f"/v1/events{other}")
        assert answer.status_code == 422 if other else answer.json()["rows"] == []


async def test_lists_go_on_by_signed_cursors(api):
    made = [await api.applied(number) for number in (42, 43, 44)]
    path, seen = "/v1/applications?limit=2", []
    first = await api.http.get(path)
    assert len(first.json()["rows"]) == 2
    following = first.headers["link"].partition(">")[0].lstrip("<")
    seen = [*first.json()["rows"], *(await api.http.get(following)).json()["rows"]]
    assert sorted(one["id"] for one in seen) == sorted(made)
    # A cursor is good for one list of one centre.
    cursor = first.json()["next"]
    for client, list_ in ((api.other, path), (api.http, "/v1/events?limit=1")):
        answer = await client.get(f"{list_}&after={cursor}")
        api.problem(answer, 422, "cursor-invalid")


async def test_search_finds_what_the_centre_took_in(api):
    body = api.application()
    application = await api.applied()
    view = (await api.http.get(f"/v1/applications/{application}")).json()
    mobile = body["applicant"]["phone"]["e164"]
    for text in (application, view["client_reference"], mobile, mobile.removeprefix("+88")):
        found = (await api.http.post("/v1/search", json={"text": text})).json()["rows"]
        assert [one["id"] for one in found] == [application], text
        assert (await api.other.post("/v1/search", json={"text": text})).json()["rows"] == []


async def test_draft_is_saved_priced_and_handed_in_once(api):
    body = api.application()
    given = {name: body[name] for name in ("service", "applicant", "form", "gateway")}
    said = api.once()
    begun = await api.http.post("/v1/drafts", json=given | {"form": {}}, headers=said)
    assert begun.status_code == 201, begun.text
    again = await api.http.post("/v1/drafts", json=given | {"form": {}}, headers=said)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (begun.json()["id"], "true")
    path = f"/v1/drafts/{begun.json()['id']}"
    assert begun.headers["location"] == path
    api.problem(await api.http.put(path, json=given), 428, "revision-required")
    saved = await api.http.put(path, json=given, headers={"If-Match": begun.headers["etag"]})
    assert saved.json()["form"] == body["form"]
    api.problem(
        await api.http.put(path, json=given, headers={"If-Match": begun.headers["etag"]}), 412, "draft-changed"
    )
    assert (await api.http.post(f"{path}/quote")).json()["total"]["poisha"] > 0
    assert [one["id"] for one in (await api.http.get("/v1/drafts")).json()["rows"]] == [begun.json()["id"]]
    api.problem(
        await api.http.post(f"{path}/submission", json=body["consent"], headers=api.once()), 428, "revision-required"
    )
    stale = api.once() | {"If-Match": begun.headers["etag"]}
    api.problem(await api.http.post(f"{path}/submission", json=body["consent"], headers=stale), 412, "draft-changed")
    now = {"If-Match": saved.headers["etag"]}
    done = [
        await api.http.post(f"{path}/submission", json=body["consent"], headers=api.once() | now) for _ in range(2)
    ]
    assert [one.status_code for one in done] == [201, 201], done[0].text
    assert done[0].json()["application"] == done[1].json()["application"]
    view = (await api.http.get(done[0].headers["location"])).json()
    assert view["client_reference"] == begun.json()["reference"]
    api.problem(await api.http.delete(path, headers=now), 409, "draft-submitted")
    begun = await api.http.post("/v1/drafts", json={}, headers=api.once())
    other, first = begun.json()["id"], {"If-Match": begun.headers["etag"]}
    api.problem(await api.http.post(f"/v1/drafts/{other}/quote"), 422, "draft-incomplete")
    assert (await api.http.delete(f"/v1/drafts/{other}", headers=first)).status_code == 204
    api.problem(await api.http.get(f"/v1/drafts/{other}"), 404, "no-such-draft")


async def test_document_goes_in_by_its_content_and_out_as_a_file(api):
    content = specimen_pdf() + b"\n% " + b"x" * 200_000
    service = next(one for one in (await api.http.get("/v1/services")).json()["rows"] if one["documents"])
    kind = next(one for one in service["documents"] if "application/pdf" in one["media_types"])
    path = f"/v1/documents?service={service['id']}&kind={kind['kind']}"
    said = api.once(**PDF)

    async def pieces():
        for start in range(0, len(content), 50_000):
            yield content[start : start + 50_000]

    taken = await api.http.post(path, content=pieces(), headers=said)
    assert taken.status_code == 201, taken.text
    assert (taken.json()["media_type"], taken.json()["bytes"]) == ("application/pdf", len(content))
    kept = len(list(api.host.documents.kept()))
    again = await api.http.post(path, content=content, headers=said)
    assert (again.json(), again.headers["idempotent-replayed"]) == (taken.json(), "true")
    assert len(list(api.host.documents.kept())) == kept
    api.problem(await api.http.post(path, content=content + b"x", headers=said), 422, "key-reused")
    api.problem(await api.http.post(path, content=b"MZ" * 4000, headers=api.once(**PDF)), 422, "input-rejected")
    api.problem(await api.http.post(path, content=b"", headers=api.once(**PDF)), 422, "input-rejected")
    wrong = await api.http.post(path.replace(kind["kind"], "a-kite"), content=content, headers=api.once(**PDF))
    api.problem(wrong, 422, "input-rejected")
    assert len(list(api.host.documents.kept())) == kept

    body = api.application(service=service["id"], gateway=None) | {"documents": [taken.json()["document"]]}
    filed = await api.http.post("/v1/applications", json=body, headers=api.once())
    assert filed.status_code == 201, filed.text
    at = f"{filed.headers['location']}/documents"
    listed = (await api.http.get(at)).json()["rows"]
    assert [(one["reference"]["kind"], one["source"]) for one in listed] == [(kind["kind"], "citizen")]
    out = await api.http.get(f"{at}/{listed[0]['reference']['id']}")
    assert hashlib.sha256(out.content).digest() == hashlib.sha256(content).digest()
    assert out.headers["content-type"] == "application/pdf"
    assert out.headers["content-disposition"] == f'attachment; filename="{kind["kind"]}.pdf"'
    assert out.headers["x-content-type-options"] == "nosniff"
    api.problem(await api.http.get(f"{at}/{'0' * 32}"), 404, "no-such-document")
    # Another centre cannot name it, and the first cannot change what was detected.
    for client in (api.other, api.http):
        handle = taken.json()["document"][:-2] + "AA" if client is api.http else taken.json()["document"]
        answer = await client.post("/v1/applications", json=body | {"documents": [handle]}, headers=api.once())
        assert api.problem(answer, 422, "input-rejected")["errors"][0]["pointer"] == "/documents/0"


async def test_payment_is_begun_by_the_gateway_chosen_then(api):
    application = await api.applied(gateway=None)
    await api.work(timedelta(hours=1))
    view = (await api.http.get(f"/v1/applications/{application}")).json()
    assert view["waits_for"]["code"] == "gateway-not-chosen"
    api.problem(await api.act(application, "payment", {"again": True}), 409, "not-possible")
    assert (await api.act(application, "payment", {"gateway": "cashdesk.counter"})).status_code == 200
    await api.work()
    assert (await api.http.get(f"/v1/applications/{application}")).json()["payments"][0]["taken"] is None


async def test_new_consent_takes_the_place_of_a_narrow_one(api):
    body = api.application()
    body["consent"] |= {"fee_ceiling": {"poisha": 100}}
    made = await api.http.post("/v1/applications", json=body, headers=api.once())
    application = made.json()["application"]
    await api.work(timedelta(hours=1))
    view = (await api.http.get(f"/v1/applications/{application}")).json()
    assert view["consent"]["gap"] == "fee-ceiling"
    assert (await api.act(application, "consent", api.consent())).status_code == 200
    await api.work()
    assert (await api.http.get(f"/v1/applications/{application}")).json()["state"] == "closed"


async def test_appointment_is_chosen_and_taken_once(api):
    application = await api.applied(service="passport.appointment-change", gateway=None)
    view: dict = {}
    while view.get("state") != "awaiting_appearance":
        await api.work(timedelta(minutes=30))
        view = (await api.http.get(f"/v1/applications/{application}")).json()
        assert view["state"] != "closed"
    suits = {"latest": (api.clock.now() + timedelta(days=30)).isoformat()}
    slots = (await api.http.get(f"/v1/applications/{application}/slots", params=suits)).json()["slots"]
    assert slots[0]["place"]["bn"]
    forged = slots[0] | {"free": "many"}
    api.problem(await api.act(application, "booking", {"slot": forged}), 422, "request-invalid")
    assert (await api.act(application, "booking", {"slot": slots[0]})).status_code == 200
    await api.work(timedelta(minutes=30))
    booking = (await api.http.get(f"/v1/applications/{application}")).json()["booking"]
    assert (booking["state"], booking["slot"]["id"]) == ("booked", slots[0]["id"])


async def test_what_was_issued_is_downloaded_and_handed_over(api):
    application = await api.applied(service="nid.migration")
    await api.work()
    (issued,) = (await api.http.get(f"/v1/applications/{application}/deliverables")).json()["rows"]
    at = f"/v1/applications/{application}/documents/{issued['document']['id']}"
    file = await api.http.get(at)
    assert file.content.startswith(b"%PDF")
    assert file.headers["content-disposition"].startswith('attachment; filename="')
    collector = {"name": "PORIKKHA MOTHER 42", "relation": "mother", "identity_seen": "nid-card"}
    done = await api.act(application, "hand-over", collector)
    assert done.status_code == 200, done.text


async def test_officer_decides_on_the_centres_cases(api):
    api.simulators["nid"].faults.add("*", Garbled(), first=3, count=None)
    body = api.application()
    application = await api.applied()
    await api.work(timedelta(days=4))
    rows = (await api.http.get("/v1/cases")).json()["rows"]
    assert [(one["application"], one["state"]) for one in rows] == [(application, "manual_review")]
    assert (await api.other.get("/v1/cases")).json()["rows"] == []
    path = f"/v1/cases/{application}"
    case = await api.http.get(path)
    for number in body["applicant"]["identifiers"]:
        assert number["value"] not in case.text
    said = api.once(**{"If-Match": case.headers["etag"]})
    decision = {"reason": "The agency was called.", "to": case.json()["may_become"][0]}
    done = await api.http.post(f"{path}/decision", json=decision, headers=said)
    assert done.status_code == 200, done.text
    assert done.json()["state"] != "manual_review"
    assert "centre-0042/app-shop" in (await api.http.get(path)).text


async def test_messages_are_kept_from_anybody(api):
    payment = "00000000-0000-4000-8000-000000000001"
    sent = await api.anonymous.post(f"/v1/notices/bkash.checkout/{payment}", content=b"paymentID=TR1")
    assert (sent.status_code, sent.content) == (202, b"null")
    api.problem(await api.anonymous.post(f"/v1/notices/cashdesk.counter/{payment}", content=b"{}"), 404, _NOT_OFFERED)
    api.problem(await api.anonymous.post("/v1/callbacks/nid.reissue", content=b"{}"), 404, _NOT_OFFERED)
    large = await api.anonymous.post(f"/v1/notices/bkash.checkout/{payment}", content=b"x" * 1_000_001)
    api.problem(large, 413, "too-large")


_NOT_OFFERED = "service-not-offered"


async def test_health_readiness_and_metrics_name_nobody(api, monkeypatch):
    application = await api.applied()
    await api.http.get(f"/v1/applications/{application}")
    await api.http.get("/v1/nothing")
    assert (await api.anonymous.get("/v1/health")).json() == {"status": "ok"}
    assert (await api.anonymous.get("/v1/ready")).status_code == 200
    shown = (await api.anonymous.get("/v1/metrics")).text
    assert 'route="/v1/applications/<application>",status="200"' in shown
    assert 'route="unmatched",status="404"' in shown
    assert application not in shown
    await api.host.database.close()
    assert (await api.anonymous.get("/v1/ready")).status_code in {500, 503}
