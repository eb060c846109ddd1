"""Every route with an id of a centre, asked by another centre that may do all: it is as if the id did not exist."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from desk_site import CENTRE, OTHER_CENTRE, PASSWORD, open_desk, prepared
from host_world import carry
from portal_site import submitted
from sqlalchemy import inspect, text

from nagorik_portal.actors import SCOPES
from nagorik_portal.desk.application import ROUTES
from nagorik_portal.web import create_app

OFFICER = "officer-1"
KNOWN = {"application", "draft", "document", "payment", "field"}
OF_NO_CENTRE = re.compile(
    r"/static/{name}|/work/{group}|/services/{service}(/\w+)?|/callbacks/{service}"
    r"|(/payments/return|/notices)/{gateway}/{payment}"
)
"""Routes with a parameter that leads to nothing of a centre's."""
UNKNOWN = {"application": "00000000-0000-4000-8000-000000000000", "draft": "00000000-0000-4000-8000-000000000001"}
MOVING = {"portal_credentials", "portal_attempts", "workers"}
"""Tables in which signing in, or being there, leaves a mark."""
FORM = {
    "seen": "nid-card",
    "service": "nid.migration",
    "gateway": "cashdesk.counter",
    "ceiling": "500",
    "days": "30",
    "agreed": "true",
    "name": "Synthetic Collector",
    "relation": "self",
    "identity_seen": "nid-card",
    "change": "new_address",
    "choice": "go-on",
    "reason": "The agency was called.",
    "paper": "80mm",
    "name.en": "PORIKKHA NAGORIK",
    "birth_date.day": "3",
    "birth_date.month": "2",
    "birth_date.year": "1990",
    "nid": "19900099000202001",
}
"""What any form of the desk asks for."""
SLOT = {
    "id": "slot-1",
    "starts_at": "2026-10-01T10:00:00+06:00",
    "ends_at": "2026-10-01T10:20:00+06:00",
    "place": {"bn": "ঢাকা", "en": "Dhaka"},
    "free": 1,
}
BODIES = {"book": {"slot": SLOT}, "pay": {}}
"""What is asked for by the operations of which the document has no example."""


@pytest.fixture
async def site(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        for centre in (CENTRE, OTHER_CENTRE):
            await desk.portal.accounts.add_operator(f"{centre}/{OFFICER}", "Officer", PASSWORD, scopes=SCOPES)
        desk.portal = replace(desk.portal, rate=10_000, burst=10_000)
        desk.app = create_app(desk.portal)
        yield desk


async def held(site):
    """What the centre has, by the name of a parameter: an application with a document and a payment, and a draft."""
    casework = site.portal.casework(await site.actor())
    _, application = await submitted(casework)
    paid = await casework.apply(await prepared(casework, site, "nid.reissue", gateway="cashdesk.counter"))
    await carry(site.portal.host.worker(), site.clock, for_at_most=timedelta(minutes=5))
    (document, *_) = await casework.documents(application)
    (payment, *_) = (await casework.view(paid)).payments
    draft = await casework.new_draft(service="nid.migration")
    return {
        "application": application,
        "draft": draft.id,
        "document": document.reference.id,
        "payment": payment.payment,
        "field": "new_address",
        "paid": paid,
    }


async def everything(site):
    """All rows of all tables that a request may change, and the documents."""

    def read(unit):
        tables = set(inspect(unit.connection).get_table_names()) - MOVING
        return {one: sorted(map(repr, unit.connection.execute(text(f"SELECT * FROM {one}")))) for one in tables}  # noqa: S608

    return await site.portal.host.database.run(read), sorted(site.portal.host.documents.kept())


def is_of_a_centre(path):
    """Whether a route leads to something of a centre's; one of which that is not said fails."""
    parameters = set(re.findall(r"{(\w+)", path))
    is_known = parameters <= KNOWN and parameters & {"application", "draft"}
    assert is_known or not parameters or OF_NO_CENTRE.fullmatch(path), f"say whose this is: {path}"
    return bool(is_known)


def addresses(path, ids):
    """The address of what the centre has, and one of what there is not."""
    own = {**ids, "application": ids["paid"]} if "payment" in path else ids
    return path.format(**own), path.format(**{**own, **UNKNOWN})


def without_ids(answer, *ids):
    """What was answered, without the ids that were asked for and what is random."""
    shown = answer.text
    for one in ids:
        shown = shown.replace(one, "ID")
    return answer.status_code, re.sub(r'value="[A-Za-z0-9_-]{20,}"', "", shown)


async def test_each_page_of_the_desk(site):
    ids = await held(site)
    own, stranger = [await site.browser(OFFICER, centre) for centre in (CENTRE, OTHER_CENTRE)]
    csrf = {one: (await one.get("/")).forms["language-form"]["fields"]["csrf"] for one in (own, stranger)}
    upload = {"file.utility-bill": ("bill.pdf", b"%PDF-1.7 synthetic", "application/pdf")}
    before = await everything(site)

    async def ask(browser, method, address):
        if method == "GET":
            return await browser.client.get(address, follow_redirects=False)
        seen = {"key": secrets.token_urlsafe(18), "revision": "1", "csrf": csrf[browser]}
        said = {**FORM, **seen}
        return await browser.client.post(address, data=said, files=upload, follow_redirects=False)

    routes = [(one, method) for one in ROUTES if is_of_a_centre(one.path) for method in ("GET", "POST")]
    refused = []
    for route, method in routes:
        there, nowhere = addresses(route.path, ids)
        answers = [await ask(stranger, method, address) for address in (there, nowhere)]
        assert without_ids(answers[0], there) == without_ids(answers[1], nowhere), (method, route.path)
        refused.append(answers[0].status_code)
    assert await everything(site) == before
    # To the centre itself, all of it is there; a page without a form takes a form of no centre.
    for (route, method), status in zip(routes, refused, strict=True):
        mine = (await ask(own, method, addresses(route.path, ids)[0])).status_code
        assert status == (405 if mine == 405 else 404), (method, route.path)
        assert mine not in {403, 404, 500} or route.name == "pay-code", (method, route.path)
    assert len(routes) > 50


async def test_each_operation_of_the_api(site):
    ids = await held(site)
    own, stranger = [await machine(site, centre) for centre in (CENTRE, OTHER_CENTRE)]
    paths = (await own.get("/v1/openapi.json")).json()["paths"]
    operations = [
        (method.upper(), f"/v1{path}", operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if is_of_a_centre(path)
    ]
    before = await everything(site)
    for method, path, operation in operations:
        there, nowhere = addresses(path, ids)
        answers = [await call(stranger, method, address, operation) for address in (there, nowhere)]
        assert answers[0].status_code == 404, (method, path, answers[0].text)
        assert answers[0].json()["code"] in {"no-such-application", "no-such-draft"}
        assert answers[0].content == answers[1].content
    assert await everything(site) == before
    for method, path, operation in sorted(operations, key=lambda one: one[0] == "DELETE"):
        mine = await call(own, method, addresses(path, ids)[0], operation)
        assert mine.status_code not in {403, 404, 500}, (method, path, mine.text)
    assert len(operations) > 15


async def machine(site, centre):
    key = await site.portal.accounts.make_key(f"{centre}/app-shop", "A test machine", scopes=SCOPES)
    transport, said = httpx.ASGITransport(site.app), {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://portal.example", headers=said)


async def call(client, method, address, operation):
    """Send what the document has as an example."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = content.get("examples", {}).get("en", {}).get("value") or BODIES.get(operation["operationId"])
    said = {"Idempotency-Key": secrets.token_hex(8), "If-Match": '"1"'} if method != "GET" else {}
    return await client.request(method, address, json=body, headers=said)
