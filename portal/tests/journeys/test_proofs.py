"""Passport and migration from the counter to the hand-over by keyboard alone, while something goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk_keyboard import Operator, chromium
from playwright.sync_api import Browser, Route
from simulated_country import running_country

pytestmark = pytest.mark.proof

EXAMPLES = Path(__file__).resolve().parents[3] / "examples/applications"
LANGUAGES = ("bn", "en")
PATIENT = {"attendance": 8_640_000}
"""The applicant goes to the passport office when an appointment was taken, and not before."""


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def country() -> Iterator[dict[str, Any]]:
    with running_country("--pace", "80000") as running:
        yield running


def operator_at(country: dict[str, Any], browser: Browser, language: str) -> Operator:
    desk = Operator(browser.new_page(), country["desk"])
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
    country: dict[str, Any], browser: Browser, language: str
) -> None:
    given = example("passport-02-lost-answer")
    order(country, "passport", "script", outcome="issue", durations=PATIENT)
    (lost,) = given["faults"]
    order(country, lost.pop("simulator"), "faults", **lost)
    desk = operator_at(country, browser, language)
    enrol(desk, given)
    desk.hand_over(given["applicant"]["name"][language])
    assert applications_at(country, "passport") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_passport_is_corrected_at_the_field(country: dict[str, Any], browser: Browser, language: str) -> None:
    given = example("passport-05-rework")
    given["form"]["office"] = "আগারগাঁও, ঢাকা"  # whose appointments can be listed
    order(country, "passport", "script", outcome="correction", durations=PATIENT)
    desk = operator_at(country, browser, language)
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
    country: dict[str, Any], browser: Browser, language: str
) -> None:
    given = example("04-migration")
    desk = operator_at(country, browser, language)
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
