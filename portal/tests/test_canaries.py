"""What leads to a citizen, or lets in, is in no log, problem, metric, address, cookie, webhook or cache."""

import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import httpx
import pytest
from desk_site import CENTRE, PASSWORD, Browser, open_desk
from host_world import SOON, carry

from nagorik_platform.logs import configure_logging
from nagorik_portal.actors import SCOPES
from nagorik_portal.serving import serving
from nagorik_portal.subscriptions import Subscriptions
from nagorik_testing import SyntheticCitizens, specimen_pdf
from nagorik_testing.fixtures.canaries import canary_values, capture_logs, count_leaks

AT_DESK, AT_SHOP = (SyntheticCitizens().citizen(number) for number in (4711, 4712))
HOME, ADDRESS_ERROR, COLLECTOR, PAPER = "canary house 5", "canary division", "Canary Collector", "canary on paper"
WRONG, GUESSED, CASE, TOO_LONG = "canary password", "ngk_live_canarykey000000", "canary diary 1", "canary" * 200_000
CONSENT = {
    "id": "consent-0001",
    "fee_ceiling": {"poisha": 2_000_000},
    "given_at": "2026-01-01T00:00:00+06:00",
    "expires_at": "2036-01-01T00:00:00+06:00",
}
STORED = re.compile(r"localStorage|sessionStorage|indexedDB|caches\b|serviceWorker|document\.cookie")
ADDRESSES = re.compile(r"""\b(?:href|src|action|data-autosave)\s*=\s*["']([^"']*)""")


class Exchanges:
    """Each request that clients of the portal sent, with its answer."""

    def __init__(self):
        self.answers, self.typed_by_hand = [], set()

    async def note(self, answer):
        await answer.aread()
        self.answers.append(answer)

    def client(self, address, **headers):
        hooks = {"response": [self.note]}
        return httpx.AsyncClient(
            base_url=address, headers=headers, event_hooks=hooks, trust_env=False, follow_redirects=True
        )

    @property
    def problems(self):
        return [one for one in self.answers if one.headers.get("content-type") == "application/problem+json"]

    @property
    def addresses(self):
        """All addresses that the portal made: those asked for, those led to, and those in pages."""
        for one in self.answers:
            yield from () if one.request.url.path in self.typed_by_hand else (str(one.request.url),)
            yield from (one.headers.get(name, "") for name in ("location", "link", "content-disposition"))
            if one.headers.get("content-type", "").startswith("text/html"):
                yield from ADDRESSES.findall(one.text)


@pytest.fixture
async def site(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        desk.portal = replace(desk.portal, rate=10_000, burst=10_000)
        desk.simulators["nid"].script.set("*", "approve", durations=SOON)
        yield desk


async def at_the_desk(browser, site):
    """File, search for, correct and hand over an application, with what is wrong on the way."""
    page = await browser.get("/")
    page = await browser.send(page, name=f"{CENTRE}/operator-7", password=WRONG)
    assert page.status == 422
    page = await browser.send(page, name=f"{CENTRE}/operator-7", password=PASSWORD)
    page = await browser.send(page, "/drafts")
    born, numbers = AT_DESK.birth_date, {"nid": AT_DESK.full_nid.value, "mobile": AT_DESK.phone.local}
    citizen = {
        "name__bn": AT_DESK.name.bn,
        "name__en": AT_DESK.name.en,
        "birth_date__day": str(born.day),
        "birth_date__month": str(born.month),
        "birth_date__year": str(born.year),
    }
    await browser.client.post(f"{page.path}/autosave", data={**page.forms["page"]["fields"], **numbers})
    page = await browser.send(page, **citizen, **{**numbers, "nid": numbers["nid"] + "1"})
    assert page.status == 422
    page = await browser.send(page, **citizen, **numbers)
    for typed in ({"seen": "nid-card"}, {"service": "nid.migration"}, {}, {}, {}):
        page = await browser.send(page, **typed)
    address = {"division": "ঢাকা", "district": "ঢাকা", "upazila": "ধামরাই", "union_or_ward": "৩", "home": HOME}
    address = {f"new_address__{name}": one for name, one in address.items()}
    assert (await browser.send(page, **{**address, "new_address__division": ADDRESS_ERROR})).status == 422
    page = await browser.send(page, **address)
    for content in (PAPER.encode(), b"%PDF-1.7 " + PAPER.encode()):
        page = await browser.send(page, files={"file.utility-bill": (f"{HOME}.pdf", content, "application/pdf")})
    for typed in ({}, {"ceiling": "500", "agreed": "true"}, {}, {}):
        page = await browser.send(page, **typed)
    assert page.path.endswith("/filed"), page.said
    address = page.path.removesuffix("/filed")
    await carry(site.portal.host.worker(), site.clock, for_at_most=timedelta(hours=2))
    view = await site.portal.host.view(address.rpartition("/")[2], "citizen")
    for wanted in (view.client_reference, AT_DESK.phone.local, AT_DESK.full_nid.value):
        await browser.send(await browser.get("/search"), wanted=wanted)
    for path in ("/work", "/outbox", "/work/citizen", address, f"{address}/correct", "/drafts/NGK-1", "/nowhere"):
        await browser.get(path)
    given = {"name": COLLECTOR, "relation": "spouse", "identity_seen": "passport"}
    hand_over = await browser.get(f"{address}/hand-over")
    assert (await browser.send(hand_over, **{**given, "relation": COLLECTOR})).status == 422
    page = await browser.send(hand_over, **given)
    for link in {one for one in page.links if one and "/documents/" in one}:
        await browser.get(link)
    await browser.get("/sign-in")
    return view


async def by_machine(client, site, exchanges, patch):
    """File an application, and be refused in each way that there is."""
    example = site.simulators["nid"].example("nid.reissue", AT_SHOP)
    given = {
        "service": "nid.reissue",
        "applicant": example.applicant.model_dump(mode="json", exclude_none=True),
        "form": {**example.form, "gd_reference": CASE},
        "gateway": "cashdesk.counter",
        "consent": CONSENT,
    }
    key, path = {"Idempotency-Key": "key-1"}, "/v1/applications"
    wrong = given["applicant"] | {"phone": AT_SHOP.phone.e164 + "1", "birth_date": CASE}
    drafted = {name: one for name, one in given.items() if name != "consent"}
    statuses = [(await client.post("/v1/eligibility", json={"applicant": wrong})).status_code]
    filed = await client.post(path, json=given, headers=key)
    assert filed.status_code == 201, filed.text
    address, old = filed.headers["location"], {"If-Match": filed.headers["etag"], "Idempotency-Key": "key-2"}
    view = (await client.get(address)).json()
    asked = [
        ("POST", path, {"json": given}),
        (
            "POST",
            path,
            {"json": {**given, "form": {"reason": CASE, CASE: CASE}}, "headers": {"Idempotency-Key": "3"}},
        ),
        ("POST", path, {"json": {**given, "form": {}}, "headers": key}),
        ("POST", path, {"content": f'{{"{CASE}', "headers": {**key, "Content-Type": "application/json"}}),
        ("POST", path, {"content": CASE, "headers": {**key, "Content-Type": "text/plain"}}),
        ("POST", "/v1/eligibility", {"content": CASE, "headers": {"Content-Type": "text/plain"}}),
        ("POST", f"{address}/withdrawal", {"content": CASE, "headers": old}),
        ("POST", path, {"json": {**given, "gateway": TOO_LONG}, "headers": key}),
        ("POST", f"{address}/withdrawal", {"headers": key}),
        ("POST", f"{address}/withdrawal", {"headers": {**old, "If-Match": '"999"'}}),
        ("POST", f"{address}/hand-over", {"json": _collector(), "headers": old}),
        ("POST", "/v1/search", {"json": {"text": AT_SHOP.phone.e164}}),
        ("POST", "/v1/search", {"json": {"text": AT_SHOP.phone.e164, AT_SHOP.full_nid.value: 1}}),
        ("POST", "/v1/documents?service=nid.migration&kind=utility-bill", {"content": PAPER, "headers": key}),
        ("POST", "/v1/documents?service=nid.migration&kind=utility-bill", {"content": _paper(), "headers": key}),
        ("POST", "/v1/drafts", {"json": drafted, "headers": key}),
        ("GET", "/v1/applications?limit=1", {}),
        ("GET", "/v1/drafts", {}),
        ("GET", "/v1/events?limit=1", {}),
        ("GET", path + "/00000000-0000-4000-8000-000000000000", {}),
        ("GET", "/v1/services", {"headers": {"Authorization": f"Bearer {GUESSED}"}}),
    ]
    # What a careless caller puts into an address comes back nowhere.
    for careless in (view["client_reference"], AT_SHOP.full_nid.value):
        exchanges.typed_by_hand.add(f"{path}/{careless}")
        asked.append(("GET", f"{path}/{careless}", {}))
    for method, where, what in asked:
        statuses.append((await client.request(method, where, **what)).status_code)
    patch.setattr("nagorik_portal.portal.monotonic", lambda: 0.0)
    site.portal._left[f"{CENTRE}/app-shop"] = 0, 0.0
    statuses.append((await client.get("/v1/services")).status_code)
    assert set(statuses) == {200, 201, 400, 401, 404, 409, 412, 413, 415, 422, 428, 429}, statuses
    return view


def _collector():
    return {"name": COLLECTOR, "relation": "self", "identity_seen": "nid-card"}


def _paper():
    return specimen_pdf() + f"\n% {PAPER}".encode()


async def test_nothing_personal_leaves_but_to_who_serves_the_citizen(site, capsys, monkeypatch):
    configure_logging(level="DEBUG", json=True)
    exchanges, hooks = Exchanges(), []
    key = await site.portal.accounts.make_key(f"{CENTRE}/app-shop", "A test machine", scopes=SCOPES)
    subscriptions = Subscriptions(site.portal.host, "https://portal.example")
    _, receiver = await subscriptions.subscribe(CENTRE, "http://localhost/events", allow_private=True)
    with capture_logs() as logged:
        async with (
            serving(site.portal) as address,
            exchanges.client(address) as client,
            exchanges.client(address, Authorization=f"Bearer {key}") as machine,
        ):
            browser = Browser(site.app)
            browser.client = client
            views = [(await at_the_desk(browser, site)).client_reference]
            (session,) = [one.value for one in browser.client.cookies.jar if "session" in one.name]
            views.append((await by_machine(machine, site, exchanges, monkeypatch))["client_reference"])
            metrics = (await machine.get("/v1/metrics")).text
    transport = httpx.MockTransport(lambda request: hooks.append(request) or httpx.Response(204))
    async with httpx.AsyncClient(transport=transport) as client:
        while await subscriptions.deliver(client):
            pass
    said = capsys.readouterr()
    own = [*views, HOME, ADDRESS_ERROR, COLLECTOR, PAPER, CASE, WRONG, GUESSED, PASSWORD, key, receiver.symmetric]
    own += [str(one.birth_date) for one in (AT_DESK, AT_SHOP)]
    sought = (*canary_values(AT_DESK), *canary_values(AT_SHOP, *own), session)
    assert len(hooks) > 3
    assert said.err.count("request_served") == len(exchanges.answers)
    cookies = [value for one in exchanges.answers for value in one.headers.get_list("set-cookie")]
    assert all("HttpOnly" in one for one in cookies)
    places = {
        "logs": said.out + said.err + logged.text,
        "problems": "\n".join(one.text for one in exchanges.problems),
        "metrics": metrics,
        "addresses": "\n".join(exchanges.addresses),
        "webhooks": "\n".join(f"{one.url} {one.headers} {one.content.decode()}" for one in hooks),
        "cookies": "\n".join(cookies).replace(session, ""),
    }
    # They did come in, and are shown to who serves the citizen.
    shown = "\n".join(one.text for one in exchanges.answers if one not in exchanges.problems)
    assert count_leaks(shown, sought) >= 20
    assert {name: count_leaks(shown, sought) for name, shown in places.items()} == dict.fromkeys(places, 0)
    for one in exchanges.answers:
        if not one.request.url.path.startswith("/static/"):
            assert one.headers["cache-control"] == "no-store", one.request.url.path
        assert one.headers["x-content-type-options"] == "nosniff"


def test_scripts_keep_nothing_in_the_browser():
    scripts = [one for one in files("nagorik_portal.desk").joinpath("static").iterdir() if one.name.endswith(".js")]
    assert scripts
    for one in scripts:
        assert STORED.findall(one.read_text("utf-8")) == []
