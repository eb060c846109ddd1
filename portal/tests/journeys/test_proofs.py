"""Long journeys by keyboard alone, with each page on the way looked at: accessibility, weight, route table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk_keyboard import Operator, chromium
from page_inspection import Inspection
from playwright.sync_api import Browser, Route
from simulated_country import running_country

from nagorik_portal.desk.application import ROUTES

pytestmark = pytest.mark.proof

EXAMPLES = Path(__file__).resolve().parents[3] / "examples/applications"
LANGUAGES = ("bn", "en")
PATIENT = {"attendance": 8_640_000}
"""The applicant goes to the passport office when an appointment was taken, and not before."""
NO_PAGES = {"static", "pay-code", "application-document", "begin", "sign-out"}
"""Routes that answer with a file or a redirect alone."""


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    return Inspection(ROUTES)


@pytest.fixture
def country() -> Iterator[dict[str, Any]]:
    with running_country("--pace", "20000") as running:
        yield running


def operator_at(country: dict[str, Any], browser: Browser, inspection: Inspection, language: str) -> Operator:
    desk = Operator(browser.new_page(), country["desk"], inspection)
    desk.open("/sign-in")
    desk.speak(language)
    desk.sign_in(country["operator"])
    return desk


def order(country: dict[str, Any], simulator: str, path: str, **what: object) -> None:
    answer = httpx.post(f"{country['simulators'][simulator]}/_simulator/{path}", json=what)
    assert answer.status_code == 201, answer.text


def applications_at(country: dict[str, Any], simulator: str) -> int:
    effects = httpx.get(f"{country['simulators'][simulator]}/_simulator/ledger").json()["effects"]
    return [one["kind"] for one in effects].count("application")


def enrol(desk: Operator, given: dict[str, Any]) -> None:
    """File a passport application, pay in cash, and take the last appointment that is shown."""
    desk.take_in(given["applicant"], given["service"])
    desk.fill_form(given["form"])
    desk.agree(given["fee_ceiling"]["poisha"] // 100)
    desk.press("#follow")
    desk.pay_cash()
    desk.press('a[href^="/applications/"]')
    desk.wait_for('a[href$="/appointment"]')
    desk.press('a[href$="/appointment"]')
    desk.wait_for('[name="slot"]')

    def take_last() -> None:
        desk.tab_to('[name="slot"]')
        desk.page.keyboard.press("ArrowUp")

    desk.decide_on("slot", take_last)


@pytest.mark.parametrize("language", LANGUAGES)
def test_passport_whose_filing_was_answered_by_nothing_is_filed_once(
    country: dict[str, Any], browser: Browser, inspection: Inspection, language: str
) -> None:
    given = example("passport-02-lost-answer")
    order(country, "passport", "script", outcome="issue", durations=PATIENT)
    (lost,) = given["faults"]
    order(country, lost.pop("simulator"), "faults", **lost)
    desk = operator_at(country, browser, inspection, language)
    enrol(desk, given)
    desk.hand_over(given["applicant"]["name"][language])
    assert applications_at(country, "passport") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_passport_is_corrected_at_the_field(
    country: dict[str, Any], browser: Browser, inspection: Inspection, language: str
) -> None:
    given = example("passport-05-rework")
    given["form"]["office"] = "আগারগাঁও, ঢাকা"  # whose appointments can be listed
    order(country, "passport", "script", outcome="correction", durations=PATIENT)
    desk = operator_at(country, browser, inspection, language)
    enrol(desk, given)
    desk.wait_for('a[href$="/correct"]')
    desk.press('a[href$="/correct"]')
    if desk.page.locator('[name="change"][type="checkbox"]').count():
        desk.tab_to('[name="change"][value="permanent_address"]')
        desk.page.keyboard.press("Space")
        desk.go_on()
    desk.write("permanent_address", given["citizen"][0]["form"]["permanent_address"])
    desk.go_on()
    desk.hand_over(given["applicant"]["name"][language])
    assert applications_at(country, "passport") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_line_that_is_cut_loses_nothing_that_was_saved_and_files_once(
    country: dict[str, Any], browser: Browser, inspection: Inspection, language: str
) -> None:
    given = example("04-migration")
    desk = operator_at(country, browser, inspection, language)
    desk.take_in(given["applicant"], given["service"])
    while not desk.path.endswith("/form/new_address"):
        desk.go_on()
    place, context = desk.path, desk.page.context
    desk.write("new_address", given["form"]["new_address"])
    with desk.page.expect_response("**/autosave"):  # each ten seconds
        pass
    context.set_offline(offline=True)
    desk.tab_to("#continue")
    desk.page.keyboard.press("Enter")
    # Without a line nothing is sent, and the page says so and keeps what stands there.
    desk.page.wait_for_selector("#saved.nk-saved--lost")
    assert desk.path == place
    context.set_offline(offline=False)
    desk.open(place)
    assert desk.page.input_value('[name="new_address.home"]') == given["form"]["new_address"]["home"]
    desk.go_on()

    def cut(route: Route) -> None:
        route.fetch(max_redirects=0)  # it reaches the desk, and its answer does not come back
        route.abort("connectionreset")

    desk.agree(0, cut=("**/check", cut))
    desk.open(place.replace("/form/new_address", ""))
    assert desk.path.startswith("/applications/"), desk.path
    desk.hand_over(given["applicant"]["name"][language])
    assert applications_at(country, "nid") == 1


def look_after_filing(desk: Operator, application: str) -> None:
    """Walk what there is of a filed application that is to be paid, and of the centre's work."""
    desk.press("#follow")
    desk.wait_for('a[href$="/pay"]')
    desk.open(f"{application}/pay")
    desk.press("#continue")  # no gateway is chosen
    desk.open(application)
    desk.pay_cash()
    desk.open(application)
    desk.wait_for('a[href*="/receipts/"]')
    desk.press('a[href*="/receipts/"]')
    pages = ("go-on", "withdraw", "new-consent", "appointment", "hand-over", "correct", "pay")
    for name in pages:
        desk.open(f"{application}/{name}")
    desk.open(f"{application}/hand-over")
    for path in ("/work", "/work/agency", "/outbox", "/tills", "/payments/return/cashdesk.counter/x"):
        desk.open(path)
    desk.open("/search")
    desk.type("wanted", application.rpartition("/")[2])
    desk.go_on()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_what_is_wrong_and_what_there_is(
    country: dict[str, Any], browser: Browser, inspection: Inspection, language: str
) -> None:
    given = example("02-lost-answer")
    desk = Operator(browser.new_page(), country["desk"], inspection)
    desk.open("/sign-in")
    desk.speak(language)
    desk.type("name", "nobody")
    desk.send()
    assert desk.page.locator(".govuk-error-summary").count()
    desk.sign_in(country["operator"])
    for path in ("/", "/work", "/work/citizen", "/outbox", "/tills", "/search"):
        desk.open(path)
    desk.press("#continue")
    desk.open("/")
    desk.press('button[name="begin"]')
    desk.press("#continue")
    desk.open("/")
    desk.take_in(given["applicant"], given["service"])
    draft = desk.path.rpartition("/")[0]
    for step in ("", "/citizen", "/identity", "/services", "/bring", "/documents"):
        desk.open(f"{draft}{step}")
    desk.open(f"{draft}/form/reason")
    desk.press("#continue")
    desk.open(f"{draft}/bring")
    desk.fill_form(given["form"])
    if desk.path.endswith("/documents"):
        desk.go_on()
    desk.press("#continue")  # nothing is agreed to
    desk.agree(1_000)
    application = desk.path.removesuffix("/filed")
    look_after_filing(desk, application)
    officer = Operator(browser.new_page(), country["desk"], inspection)
    officer.open("/sign-in")
    officer.speak(language)
    officer.sign_in(country["officer"])
    officer.open("/cases")
    officer.open(f"/cases/{application.rpartition('/')[2]}")


def test_no_route_is_left_out_in_either_language(inspection: Inspection) -> None:
    named = {str(getattr(route, "name", "")) for route in ROUTES}
    pages = {name for name in named - NO_PAGES if not name.endswith("-autosave")}
    assert {(name, language) for name in pages for language in LANGUAGES} <= inspection.walked
