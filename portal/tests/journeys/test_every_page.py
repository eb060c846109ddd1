"""Every page of the desk in both languages, empty, refused and full: accessibility, weight, and a narrow screen."""

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from desk_keyboard import chromium_launch
from desk_site import CENTRE, OTHER_CENTRE, PASSWORD, DeskSite, open_desk
from host_world import SOON, carry
from playwright.async_api import Browser, Page, async_playwright
from starlette.routing import Match, Route

from nagorik import ApplicationDraft, Money
from nagorik_counter.tills import open_till
from nagorik_host.store.application_store import set_aside
from nagorik_host.vault import Keyring, Vault
from nagorik_portal import DraftContent
from nagorik_portal.casework import Casework
from nagorik_portal.desk.application import ROUTES
from nagorik_portal.desk.static_files import static_files
from nagorik_portal.serving import serving
from nagorik_testing import SyntheticCitizens
from nagorik_testing.faults.kinds import AnswerLost
from nagorik_testing.fixtures.documents import specimen_pdf

pytestmark = pytest.mark.proof

LOOKS = {
    "sign-in": "empty error again resumed",
    "home": "empty full",
    "overview": "empty full",
    "citizen": "empty error full",
    "identity": "empty error full conflict",
    "services": "empty error full",
    "bring": "full",
    "form": "empty error full empty-list full-list empty-choice",
    "documents": "empty error full",
    "consent": "empty error full",
    "fee": "empty unknown full above-ceiling",
    "check": "empty error full",
    "filed": "full",
    "work": "empty full",
    "work-group": "empty full",
    "outbox": "empty full",
    "search": "empty error full nothing",
    "application": "correction issued delivered enrolment unknown unpaid ceiling case cash link",
    "pay": "empty error full cash link",
    "payment-returned": "full",
    "go-on": "full refused",
    "withdraw": "full",
    "new-consent": "error full",
    "appointment": "refused empty error full",
    "hand-over": "empty error full",
    "correct": "empty error full",
    "cases": "empty full",
    "case": "empty error full",
    "receipt": "error full",
    "tills": "empty full",
    "not-found": "full",
}
"""How each page is looked at: with nothing in it, refused, with all that it holds, and what else there is of it.

``not-found`` stands for the pages of what went wrong, which have no route.
"""
NO_PAGES = {"static", "sign-out", "begin", "application-document", "pay-code"}
"""Routes that answer with a file or a redirect; so do not the autosaves, which answer with a sentence."""
COLD, WARM = 125_000, 60_000
"""Bytes of the page of signing in for a browser that has nothing of the desk, and of each page for one that has."""
NARROW = 320
LANGUAGES = ("bn", "en")
ADDRESS = {"division": "ঢাকা", "district": "ঢাকা", "upazila": "ধামরাই", "union_or_ward": "৩", "home": "বাড়ি ৫"}
CITIZEN = {
    "name__bn": "পরীক্ষা নাগরিক",
    "name__en": "PORIKKHA NAGORIK",
    "birth_date__day": "৩",
    "birth_date__month": "২",
    "birth_date__year": "১৯৯০",
    "nid": "১৯৯০০০৯৯০০০২০২০০১",
    "mobile": "০১৭০০০০০০০১",
}
_ELSEWHERE = {"not-found", "sign-in"}
_WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, one) => sum + one.transferSize, 0)"""
SCREENS = os.environ.get("NAGORIK_SCREENS")
"""A folder in which a picture of each page is kept, where one is named."""


@dataclass
class Walk:
    """What is looked at, and what is found."""

    desk: DeskSite
    address: str
    browser: Browser
    language: str = ""
    page: Page = field(init=False)
    looked: set[tuple[str, str, str]] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def begin(self, operator: str | None = None, centre: str = CENTRE) -> None:
        """Go on in a new browser, in which an operator has signed in."""
        cookies = {"nagorik-language": self.language}
        if operator is not None:
            cookies |= dict((await self.desk.browser(operator, centre)).client.cookies)
        context = await self.browser.new_context()
        await context.add_cookies(
            [{"name": name, "value": one, "url": self.address} for name, one in cookies.items()]
        )
        self.page = await context.new_page()
        await self.page.goto(f"{self.address}/sign-in")  # which leaves what every page has in its cache

    async def at(self, path: str, name: str, state: str = "full") -> None:
        """Open a page and look at it."""
        await self.page.goto(f"{self.address}{path}")
        await self.look(name, state)

    async def fill(self, typed: Mapping[str, str]) -> None:
        """Fill in the page's inputs by their names."""
        for name, text in typed.items():
            chosen = self.page.locator(f'[name="{name}"][value="{text}"]:not([type="text"])')
            if await chosen.count():
                await chosen.first.check()
            else:
                await self.page.fill(f'[name="{name}"]', text)

    async def send(self, name: str = "", state: str = "full", button: str = "#continue", **typed: str) -> None:
        """Fill in the page, in which ``__`` is a dot, send it, and look at what comes, if that has a name here."""
        await self.fill({key.strip("_").replace("__", "."): text for key, text in typed.items()})
        async with self.page.expect_navigation():
            await self.page.click(button)
        if name:
            await self.look(name, state)

    async def look(self, name: str, state: str) -> None:
        """Look at a page: its language, errors, weight, accessibility, and whether it is wider than a phone."""
        page, what = self.page, f"{name}, {state}, {self.language}"
        is_refused = bool(await page.locator(".govuk-error-summary").count())
        is_right = is_refused == (state == "error") and name in {route_of(urlsplit(page.url).path), *_ELSEWHERE}
        if not is_right or await page.get_attribute("html", "lang") != self.language:
            raise AssertionError(f"{what}: {page.url} {await page.inner_text('main')}")
        self.weights[what] = int(await page.evaluate(_WEIGHT))
        for width in (1_200, NARROW):
            await page.set_viewport_size({"width": width, "height": 800})
            if SCREENS:
                picture = Path(SCREENS) / f"{name}-{state}-{self.language}-{width}.png"
                await page.screenshot(path=picture, full_page=True)
        if await page.evaluate("document.documentElement.scrollWidth") > NARROW:
            self.wrong.append(f"{what}: wider than {NARROW} pixels")
        for one in (await Axe().run(page)).response["violations"]:
            self.wrong.append(f"{what}: {one['id']}: {one['nodes'][0]['html']}")
        self.looked.add((name, state, self.language))


@pytest.fixture
async def desk(ready_file: str, keyring: Keyring, vault: Vault, tmp_path: Path) -> AsyncIterator[DeskSite]:
    plugins = ("nid", "passport", "cashdesk", "bkash")
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents", plugins) as desk:
        for centre in (CENTRE, OTHER_CENTRE):
            scopes: Any = ["apply", "view", "decide", "supervise"]
            await desk.portal.accounts.add_operator(f"{centre}/officer-1", "Officer One", PASSWORD, scopes=scopes)
        yield desk


async def casework_of(desk: DeskSite) -> Casework:
    actor = await desk.actor()
    assert actor is not None
    return desk.portal.casework(actor)


async def filled_draft(desk: DeskSite, number: int, service: str, **form: Any) -> DraftContent:
    """The example of a service for a citizen of its own."""
    casework = await casework_of(desk)
    example = desk.simulators[service.partition(".")[0]].example(service, SyntheticCitizens().citizen(number))

    async def pieces(content: bytes) -> AsyncIterator[bytes]:
        yield content

    papers = [await casework.put_document(service, one.kind, pieces(one.content)) for one in example.documents]
    return DraftContent(applicant=example.applicant, form={**example.form, **form}, documents=tuple(papers))


async def file(
    desk: DeskSite,
    number: int,
    service: str,
    gateway: str | None = "cashdesk.counter",
    ceiling: int = 20_000,
    **form: Any,
) -> str:
    """File it; returns the application's id."""
    casework, filled = await casework_of(desk), await filled_draft(desk, number, service, **form)
    given: Any = {"applicant": filled.applicant, "form": filled.form, "documents": filled.documents}
    consent = casework.make_consent(service, Money.taka(ceiling), days=300)
    return await casework.apply(ApplicationDraft(service=service, gateway=gateway, consent=consent, **given))


async def work(desk: DeskSite, **for_at_most: float) -> None:
    await carry(desk.portal.host.worker(), desk.clock, for_at_most=timedelta(**for_at_most))


async def every_standing(desk: DeskSite) -> dict[str, str]:
    """An application in each of the standings that pages are about, those first that take days."""
    nid, new = desk.simulators["nid"], dict[str, Any](service="passport.new", office="Dhaka (Agargaon)")
    nid.script.set("*", "approve", durations={**SOON, "printing": timedelta(minutes=1)})
    desk.simulators["passport"].script.set(SyntheticCitizens().citizen(5001).alias, "correction")
    desk.simulators["bkash"].script.set("*", "never")
    there = {"correction": await file(desk, 5001, **new), "issued": await file(desk, 5002, **new)}
    await work(desk, days=1)
    for one in there.values():
        casework = await casework_of(desk)
        await casework.book(one, (await casework.slots(one)).slots[0])
    await work(desk, days=9)
    there |= {"delivered": await file(desk, 5003, "nid.reissue"), "enrolment": await file(desk, 5004, **new)}
    await work(desk, hours=12)
    nid.faults.add("POST /sim/nid/v1/reissues", AnswerLost())
    nid.faults.add("GET /sim/nid/v1/reissues", AnswerLost(), count=None)
    there |= {"unknown": await file(desk, 5005, "nid.reissue")}
    await work(desk, minutes=5)
    there |= {
        "unpaid": await file(desk, 5006, gateway=None, **new),
        "ceiling": await file(desk, 5007, ceiling=1, **new),
    }
    there |= {"case": await file(desk, 5008, gateway=None, **new), "cash": await file(desk, 5009, **new)}
    there |= {"link": await file(desk, 5010, gateway="bkash.checkout", **new)}
    await work(desk, seconds=30)
    aside, now = there["case"], desk.clock.now()
    await desk.portal.host.database.run(lambda unit: set_aside(unit, aside, "defect", again=None, now=now))
    return there


def route_of(path: str) -> str:
    """The name of the route that a path belongs to; empty where there is no such."""
    scope = {"type": "http", "path": path, "root_path": "", "method": "GET", "headers": []}
    return next(
        (str(one.name) for one in ROUTES if isinstance(one, Route) and one.matches(scope)[0] is Match.FULL), ""
    )


async def walk_before_filing(walk: Walk) -> None:
    """From the citizen at the counter to the filed application, each page with nothing, with less and with all."""
    await walk.begin("operator-7")
    await walk.page.goto(walk.address)
    await walk.send("citizen", "empty", '[name="begin"]')
    draft = walk.page.url.removeprefix(walk.address).removesuffix("/citizen")
    await walk.at(draft, "overview", "empty")
    await walk.page.goto(f"{walk.address}{draft}/citizen")
    await walk.send("citizen", "error")
    await walk.send("identity", "empty", **CITIZEN)
    await walk.send("identity", "error")
    await walk.send("services", "empty", seen="nid-card")
    await walk.send("services", "error")
    await walk.send("bring", service="nid.migration")
    await walk.send()
    await walk.at(f"{draft}/check", "check", "empty")
    await walk.send("check", "error", "#hand-in")
    await walk.at(f"{draft}/documents", "documents", "empty")
    for content, state in ((b"no such type", "error"), (specimen_pdf(), "full")):
        paper: Any = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": content}
        await walk.page.set_input_files('[name="file.utility-bill"]', files=paper)
        await walk.send("documents", state, '[name="upload"]')
    await walk.at(f"{draft}/form/new_address", "form", "empty")
    await walk.send("form", "error")
    await walk.send(**{f"new_address__{name}": text for name, text in ADDRESS.items()})
    for name in ("birth_date", "nid", "new_address"):
        await walk.at(f"{draft}/form/{name}", "form")
        await walk.send()
    await walk.page.goto(f"{walk.address}{draft}/documents")
    await walk.send("consent", "empty")
    await walk.send("consent", "error")
    await walk.send("fee", "empty", ceiling="0", agreed="true")
    await walk.send("check")
    for name in ("citizen", "identity", "services", "consent"):
        await walk.at(f"{draft}/{name}", name)
    await walk.at(draft, "overview")
    await conflict(walk, draft)
    await walk.page.goto(f"{walk.address}{draft}/check")
    await walk.send("filed", button="#hand-in")


async def conflict(walk: Walk, draft: str) -> None:
    """Send a page that a colleague saved meanwhile, and one whose session has ended."""
    await walk.page.goto(f"{walk.address}{draft}/identity")
    colleague = await walk.desk.browser("operator-8")
    await colleague.send(await colleague.get(f"{draft}/identity"), seen="passport")
    await walk.send("identity", "conflict", seen="driving-licence")
    await walk.page.goto(f"{walk.address}{draft}/identity")
    cookies = {one["name"]: one["value"] for one in await walk.page.context.cookies()}
    await walk.desk.portal.accounts.sign_out(cookies["nagorik-session"])
    await walk.send("sign-in", "again", seen="nid-card")
    await walk.send("sign-in", "resumed", "#page button", _name=f"{CENTRE}/operator-7", password=PASSWORD)


async def walk_forms(walk: Walk, filled: str) -> None:
    """Kinds of questions that a migration has not: a choice, a list; and a fee."""
    await walk.begin("operator-7")
    await walk.page.goto(walk.address)
    await walk.send(button='[name="begin"]')
    draft = walk.page.url.removeprefix(walk.address).removesuffix("/citizen")
    await walk.send(**CITIZEN)
    await walk.send(seen="nid-card")
    await walk.send("bring", service="nid.correction")
    await walk.send()
    await walk.at(f"{draft}/form/changes", "form", "empty-list")
    await walk.send("form", "error")
    await walk.send("form", "full-list", '[name="add"]', changes__0__field="name-en", changes__0__value="PORIKKHA")
    await walk.page.goto(f"{walk.address}{draft}/services")
    await walk.send("bring", service="nid.reissue")
    await walk.at(f"{draft}/form/reason", "form", "empty-choice")
    await walk.send("form", "error")
    await walk.at(f"{draft}/fee", "fee", "unknown")
    for ceiling, state in (("20000", "full"), ("1", "above-ceiling")):
        await walk.page.goto(f"{walk.address}/drafts/{filled}/consent")
        await walk.send(ceiling=ceiling, agreed="true")
        await walk.at(f"/drafts/{filled}/fee", "fee", state)


async def walk_after_filing(walk: Walk, there: Mapping[str, str]) -> None:
    """The pages of applications as they stand."""
    await walk.begin("operator-7")
    at = {name: f"/applications/{one}" for name, one in there.items()}
    for name, path in at.items():
        await walk.at(path, "application", name)
    for path, state in (("issued", "empty"), ("cash", "cash"), ("link", "link"), ("unpaid", "full")):
        await walk.at(f"{at[path]}/pay", "pay", state)
    await walk.send("pay", "error")
    await walk.at(f"{at['unpaid']}/withdraw", "withdraw")
    await walk.at(f"{at['unpaid']}/appointment", "appointment", "refused")
    await walk.at(f"{at['ceiling']}/new-consent", "new-consent")
    await walk.send("new-consent", "error")
    await walk.at(f"{at['enrolment']}/appointment?from=9999", "appointment", "empty")
    await walk.at(f"{at['enrolment']}/appointment", "appointment")
    await walk.send("appointment", "error")
    await walk.at(f"{at['issued']}/go-on", "go-on")
    await walk.send("go-on", "refused")
    await walk.at(f"{at['issued']}/hand-over", "hand-over", "empty")
    await walk.send("hand-over", "error")
    await walk.page.goto(f"{walk.address}{at['issued']}/hand-over")
    await walk.fill({"name": "কাল্পনিক নাগরিক", "relation": "spouse", "identity_seen": "passport"})
    await walk.look("hand-over", "full")
    await walk.at(f"{at['correction']}/correct", "correct", "empty")
    await walk.send("correct", "error")
    await walk.send("correct", change="permanent_address")
    receipt = await walk.desk.portal.host.view(there["issued"], "citizen")
    await walk.at(f"{at['issued']}/receipts/{receipt.payments[0].payment}", "receipt")
    await walk.page.evaluate("document.querySelectorAll('[name=paper]').forEach(one => { one.checked = false })")
    await walk.send("receipt", "error")
    await walk.at("/payments/return/cashdesk.counter/1", "payment-returned")
    await walk.at("/search", "search", "empty")
    await walk.send("search", "error")
    await walk.send("search", "nothing", wanted="NGK-0000000000000000")
    await walk.send("search", wanted=str(receipt.client_reference))
    await walk.at("/no-such-page", "not-found")


async def walk_lists(walk: Walk, case: str) -> None:
    """Lists of a centre that has nothing, and of one that has all; signing in; an officer's case."""
    lists = ("work", "outbox", "cases", "tills")
    paths = {"home": "/", "work-group": "/work/citizen", **{name: f"/{name}" for name in lists}}
    for centre, state in ((OTHER_CENTRE, "empty"), (CENTRE, "full")):
        await walk.begin("officer-1", centre)
        for name, path in paths.items():
            await walk.at(path, name, state)
    await walk.at(f"/cases/{case}", "case", "empty")
    await walk.send("case", "error")
    await walk.page.goto(f"{walk.address}/cases/{case}")
    await walk.fill({"choice": "go-on", "reference": "OID0000000000"})
    await walk.page.fill("#reason", "কার্যালয়ে জেনেছি।")
    await walk.look("case", "full")
    await walk.begin()
    await walk.at("/sign-in", "sign-in", "empty")
    await walk.send("sign-in", "error", "#page button", _name="nobody", password="wrong")


async def test_every_page_can_be_read_used_and_carried(desk: DeskSite) -> None:
    pages = {one.name for one in ROUTES if isinstance(one, Route) and not one.name.endswith("-autosave")}
    assert pages - NO_PAGES == LOOKS.keys() - {"not-found"}
    there, fund, clock = await every_standing(desk), Money.taka(500), desk.clock.now
    till: Any = {"till": f"{CENTRE}/operator-7", "by": f"{CENTRE}/officer-1", "gateway": "cashdesk.counter"}
    await desk.portal.host.database.run(lambda unit: open_till(unit, float_money=fund, clock=clock, **till))
    given = await filled_draft(desk, 5011, "passport.new")
    filled = (await (await casework_of(desk)).new_draft(given, service="passport.new")).id
    colleague = await desk.browser("operator-8")  # whose draft is on the centre's list from now on
    await colleague.send(await colleague.get("/"), "/drafts")
    async with serving(desk.portal) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium_launch())
        walk = Walk(desk, address, browser)
        for walk.language in LANGUAGES:
            await walk_lists(walk, there["case"])
            await walk_before_filing(walk)
            await walk_forms(walk, filled)
            await walk_after_filing(walk, there)
        await browser.close()
        static = await all_static(address)
    wanted = {(name, state, one) for name, states in LOOKS.items() for state in states.split() for one in LANGUAGES}
    assert walk.looked == wanted
    assert not walk.wrong, "\n".join(walk.wrong)
    page, heaviest = max(walk.weights.items(), key=itemgetter(1))
    print(f"{len(wanted)} looks; the heaviest: {page}, {heaviest:,} bytes, and {static:,} that are kept")  # noqa: T201
    assert heaviest < WARM, page
    first = max(weight for page, weight in walk.weights.items() if page.startswith("sign-in"))
    assert first + static <= COLD


async def all_static(address: str) -> int:
    """Bytes of the styles, fonts, script and icon that a browser keeps, as they are sent."""
    async with httpx.AsyncClient(base_url=address) as client:
        files = [await client.get(path) for path, _ in static_files().values()]
    return sum(int(one.headers["content-length"]) for one in files)
