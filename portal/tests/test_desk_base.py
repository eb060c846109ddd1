"""Signing in, and what every page of the desk has."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from desk_site import CENTRE, OTHER_CENTRE, PASSWORD, Browser, open_desk

from nagorik.values.sentences import read_sentence_tables
from nagorik_portal.desk.application import ROUTES
from nagorik_portal.desk.wording import catalogue


@pytest.fixture
async def desk(ready_file, keyring, vault, tmp_path):
    async with open_desk(ready_file, keyring, vault, tmp_path / "documents") as desk:
        yield desk


async def test_an_operator_signs_in_and_out(desk):
    browser = Browser(desk.app)
    page = await browser.get("/")
    assert page.path == "/sign-in"
    page = await browser.send(page, name=f"{CENTRE}/operator-7", password="wrong")
    assert (page.status, page.forms["page"]["fields"]["name"]) == (422, f"{CENTRE}/operator-7")
    assert "wrong" not in page.html
    assert "#name" in page.links
    # A change of language keeps what was typed.
    page = await browser.send(page, name="somebody", language="en")
    assert (page.forms["page"]["fields"]["name"], "Sign in" in page.said) == ("somebody", True)
    page = await browser.send(page, name=f"{CENTRE}/operator-7", password=PASSWORD)
    assert page.path == "/"
    assert "Signed in: Desk Seven" in page.said
    cookie = next(one for one in browser.client.cookies.jar if "session" in one.name)
    assert (cookie.has_nonstandard_attr("HttpOnly"), cookie.get_nonstandard_attr("SameSite")) == (True, "lax")
    page = await browser.send(page, "/sign-out")
    assert page.path == "/sign-in"
    assert (await browser.get("/drafts/1")).path == "/sign-in"


async def test_who_guesses_has_to_wait_and_is_shown_how_long(desk):
    browser = Browser(desk.app)
    page = await browser.get("/sign-in")
    for _ in range(30):
        page = await browser.send(page, name=f"{CENTRE}/operator-7", password="wrong")
        if page.status == 429:
            break
    assert (page.status, "অপেক্ষা করতে হবে" in page.said) == (429, True)
    assert int(page.response.headers["retry-after"]) > 0


async def test_nothing_of_a_page_is_kept_run_or_framed_and_no_form_comes_from_elsewhere(desk):
    browser = await desk.browser()
    home = await browser.get("/")
    headers = home.response.headers
    assert headers["cache-control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert re.search(r"<style|<script(?! src)|\sstyle=|\son[a-z]+=", home.html) is None
    for token in ("", "of-another-session"):
        home.forms["/drafts"]["fields"]["csrf"] = token
        refused = await browser.send(home, "/drafts")
        assert (refused.status, refused.path) == (403, "/drafts")
    assert "এখনো" not in (await browser.get("/")).said
    missing = await browser.get("/nowhere")
    assert (missing.status, missing.response.headers["cache-control"]) == (404, "no-store")


async def test_what_never_changes_is_kept_for_good_and_the_first_page_is_small(desk):
    browser = Browser(desk.app)
    page = await browser.get("/sign-in")
    size, paths = len(page.html.encode()), re.findall(r'(?:href|src)="(/static/[^"]+)"', page.html)
    style = next(path for path in paths if path.endswith(".css"))
    paths += re.findall(r"url\(([^)]+)\)", (await browser.get(style)).html)
    assert sorted(path.rpartition(".")[2] for path in paths) == ["css", "js", "svg", "woff2", "woff2"]
    for path in paths:
        # As it comes over the wire: the client would unpack it.
        async with browser.client.stream("GET", path, headers={"accept-encoding": "gzip"}) as sent:
            assert (sent.status_code, "immutable" in sent.headers["cache-control"]) == (200, True)
            size += sum([len(piece) async for piece in sent.aiter_raw()])
    assert size < 125_000


async def test_a_form_whose_session_ended_is_carried_over_the_sign_in(desk):
    browser = await desk.browser()
    page = await browser.send(await browser.get("/"), "/drafts")
    for cookie in list(browser.client.cookies.jar):
        if "session" in cookie.name:
            await desk.portal.accounts.sign_out(cookie.value)
    page = await browser.send(page, name__en="PORIKKHA NAGORIK", nid="12")
    assert (page.path.rpartition("/")[2], "সেশন শেষ" in page.said) == ("citizen", True)
    page = await browser.send(page, name=f"{CENTRE}/operator-8", password=PASSWORD)
    page = await browser.send(page)
    assert (page.path.rpartition("/")[2], page.status) == ("citizen", 422)
    assert page.forms["page"]["fields"]["name.en"] == "PORIKKHA NAGORIK"


async def test_what_is_too_large_is_refused_by_a_page(desk):
    browser, content = await desk.browser(), b"%PDF" + b" " * 25_000_000
    page = await browser.send(await browser.get("/"), "/drafts", files={"file": ("large.pdf", content)})
    assert (page.status, "কম ফাইল পাঠান" in page.said) == (413, True)


async def test_no_address_is_made_of_the_host_that_a_request_names(desk):
    browser = Browser(desk.app)
    for path in ("/sign-in/", "/applications/x/", "/payments/return/cashdesk.counter/1/"):
        answer = await browser.client.get(path, headers={"host": "evil.example"})
        assert (answer.status_code, "location" in answer.headers) == (404, False), path


async def test_own_drafts_are_shown_however_many_others_there_are(desk):
    browser, others = await desk.browser(), desk.portal.casework(await desk.actor("operator-8"))
    own = (await browser.send(await browser.get("/"), "/drafts")).path.rpartition("/")[0]
    drafts = [await others.new_draft() for _ in range(101)]
    home = await browser.get("/")
    assert own in home.links
    (following,) = [link for link in home.links if link and link.startswith("/?after=")]
    shown = {*home.links, *(await browser.get(following)).links}
    assert {f"/drafts/{one.id}" for one in drafts} <= shown


async def test_another_centres_draft_is_not_there(desk):
    browser = await desk.browser()
    draft = (await browser.send(await browser.get("/"), "/drafts")).path.rpartition("/")[0]
    other = await desk.browser("operator-1", OTHER_CENTRE)
    paths = [route.path for route in ROUTES if "{draft}" in route.path]
    assert len(paths) > 10
    for path in paths:
        page = await other.get(path.replace("/drafts/{draft}", draft).replace("{field}", "nid"))
        assert page.status == 404, path
        assert "NGK-" not in page.html


def test_each_text_is_used():
    """A text that no page shows is deleted; a code that has no text fails where its page is rendered."""
    folder = files("nagorik_portal.desk")
    found = [
        *folder.iterdir(),
        *folder.joinpath("templates").iterdir(),
        *folder.joinpath("templates/fields").iterdir(),
    ]
    source = "\n".join(file.read_text("utf-8") for file in found if file.name.endswith((".py", ".html")))
    composed = ("operation.", "identity.", "form.", "fee.before", "fee.after", "problem.", "navigation.")
    own = [read_sentence_tables("nagorik_portal.desk.texts", name) for name in ("base.toml", "intake.toml")]
    codes = [f"{table}.{code}" for tables in own for table, texts in tables.items() for code in texts]
    assert [code for code in codes if f'"{code}"' not in source and not code.startswith(composed)] == []


def test_what_an_agency_issues_has_a_name():
    plugins = Path(__file__).resolve().parents[2].glob("plugins/*/src/*/plugin.toml")
    offers = [one for plugin in plugins for one in tomllib.loads(plugin.read_text("utf-8")).get("services", ())]
    kinds = {kind for offer in offers for kind in offer.get("deliverables", ())}
    assert {kind for kind in kinds if f"deliverable.{kind}" not in catalogue()} == set()
