"""An operator at the desk in Chromium who has no mouse: Tab, arrow keys, letters, Space and Enter."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

TABS: Final = 200
"""The most stops between two controls of a page."""
PATIENCE: Final = 120_000
"""Milliseconds in which a page answers, or an application gets where it is waited for."""
TRIES: Final = 5
LOOKS: Final = 200
PAUSE: Final = 300
"""Milliseconds between two looks of who waits for something, in which the country goes on."""
_AT: Final = "place => document.activeElement !== null && document.activeElement.matches(place)"


def chromium_launch() -> dict[str, Any]:
    """How Debian's Chromium is started. Without one the test is skipped, unless ``NAGORIK_BROWSER=required``."""
    program = os.environ.get("NAGORIK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing = pytest.fail if os.environ.get("NAGORIK_BROWSER") == "required" else pytest.skip
        missing("no Chromium is installed; NAGORIK_CHROMIUM can name one")
    return {"executable_path": program, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for as long as a block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_launch())
        yield browser
        browser.close()


@dataclass
class Operator:
    """One operator before one page."""

    page: Page
    desk: str

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)

    @property
    def path(self) -> str:
        """Where the operator is."""
        return urlsplit(self.page.url).path

    @property
    def language(self) -> str | None:
        """The page's."""
        return self.page.get_attribute("html", "lang")

    def sign_in(self, person: Mapping[str, str]) -> None:
        """Sign in from the desk's address."""
        self.open("/sign-in")
        self.type("name", person["name"])
        self.type("password", person["password"])
        self.send()
        assert self.path == "/"

    def tab_to(self, place: str) -> None:
        """Press Tab until the control at a selector has the focus."""
        for _ in range(TABS):
            if self.page.evaluate(_AT, place):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {place} on {self.path}")

    def type(self, name: str, text: str) -> None:
        """Write into a field by its name, in place of what it holds."""
        self.tab_to(f'[name="{name}"]')
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, name: str, value: str) -> None:
        """Choose a radio button, or an option of a list, by its value."""
        self.tab_to(f'[name="{name}"]')
        for _ in range(TABS):
            if self.page.evaluate("document.activeElement.value") == value:
                break
            self.page.keyboard.press("ArrowDown")
        else:
            raise AssertionError(f"no arrow leads to {name}={value} on {self.path}")
        if not self.page.evaluate("document.activeElement.matches('select, :checked')"):
            self.page.keyboard.press("Space")

    def open(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(f"{self.desk}{path}")

    def press(self, place: str) -> None:
        """Press Enter on a link or a button, and wait for the page that it leads to."""
        self.tab_to(place)
        self.send()

    def send(self) -> None:
        """Press Enter where the operator is, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def go_on(self) -> None:
        """Press the page's main button; the next page has no error."""
        self.press("#continue")
        assert self.page.locator(".govuk-error-summary").count() == 0, self.page.inner_text("main")

    def speak(self, language: str) -> None:
        """Choose the language of the pages."""
        if self.language != language:
            self.press(f'button[name="language"][value="{language}"]')

    def wait_for(self, place: str) -> None:
        """Look at the page again and again until it has a control; each look is a request of its own."""
        looked = 0
        while not self.page.locator(place).count():
            looked += 1
            assert looked < LOOKS, f"{place} on {self.path}: {self.page.inner_text('main')[:1_000]}"
            self.page.wait_for_timeout(PAUSE)
            self.page.reload()

    def take_in(self, applicant: Mapping[str, Any], service: str) -> None:
        """Take a citizen in, from the first page to the list of what to bring."""
        self.press('button[name="begin"]')
        self.write("name", applicant["name"])
        self.write("birth_date", applicant["birth_date"])
        kinds = {"nid": "nid", "brn": "birth_registration"}
        for one in applicant["identifiers"]:
            self.write(kinds[one["type"]], one["value"])
        self.write("mobile", f"0{applicant['phone']['e164'].removeprefix('+880')}")
        self.write("sex", applicant["sex"])
        self.go_on()
        self.write("seen", "nid-card")
        self.go_on()
        self.write("service", service)
        self.go_on()

    def pay_cash(self) -> None:
        """Wait until the fee is due, and pay it at the counter."""
        self.wait_for('a[href$="/pay"]')
        self.press('a[href$="/pay"]')
        self.decide_on("gateway", lambda: self.write("gateway", "cashdesk.counter"))

    def decide_on(self, name: str, write: Callable[[], object]) -> None:
        """Fill in a form and send it; once more where the application changed meanwhile, which the page then says."""
        for _ in range(TRIES):
            if not self.page.locator(f'[name="{name}"]').count():
                return
            write()
            self.go_on()
        raise AssertionError(f"{self.path} was sent {TRIES} times: {self.page.inner_text('main')[:1_000]}")

    def hand_over(self, name: str) -> None:
        """Wait until something can be handed over, and hand it to the applicant."""
        self.wait_for('a[href$="/hand-over"]')
        self.press('a[href$="/hand-over"]')
        written = {"name": name, "relation": "self", "identity_seen": "nid-card"}

        def write() -> None:
            for field, value in written.items():
                self.write(field, value)

        self.decide_on("relation", write)
        assert name in self.page.inner_text("main"), self.page.inner_text("main")

    def fill_form(self, form: Mapping[str, Any]) -> None:
        """Fill in the service's form, one thing a page, from the list of what to bring to what comes after it."""
        self.go_on()
        while "/form/" in self.path:
            field = self.path.rpartition("/")[2]
            if field in form:
                self.write(field, form[field])
            self.go_on()

    def agree(self, ceiling: int, *, cut: tuple[str, Callable[[Route], None]] | None = None) -> None:
        """Read the consent aloud and file, from the page before it.

        With ``cut``, a pattern and what happens to its request, the line is cut as the application is handed in.
        """
        if self.path.endswith("/documents"):
            self.go_on()
        self.write("ceiling", ceiling)
        self.write("agreed", value=True)
        while not self.path.endswith("/check"):
            self.go_on()
        if cut is not None:
            self.page.route(*cut)
            self.tab_to("#hand-in")
            with self.page.expect_event("requestfailed"):
                self.page.keyboard.press("Enter")
            self.page.unroute(cut[0])
            return
        self.press("#hand-in")
        assert self.path.endswith("/filed"), self.page.inner_text("main")

    def write(self, name: str, value: Any) -> None:
        """Fill in a field, of any kind, in Bangla digits where the page is in Bangla."""
        if isinstance(value, dict):
            for part in value:
                self.write(f"{name}.{part}", value[part])
            return
        digits = "০১২৩৪৫৬৭৮৯" if self.language == "bn" else "0123456789"
        if self.page.locator(f'[name="{name}.day"]').count():
            for part, number in zip(("year", "month", "day"), str(value).split("-"), strict=True):
                self.type(f"{name}.{part}", number.translate(str.maketrans("0123456789", digits)))
        elif self.page.locator(f'select[name="{name}"], [type="radio"][name="{name}"]').count():
            plain = str(value).translate(str.maketrans("০১২৩৪৫৬৭৮৯", "0123456789"))
            self.choose(name, plain.lower() if isinstance(value, bool) else plain)
        else:
            written = str(value)
            is_number = written.removeprefix("+").isdigit()
            self.type(name, written.translate(str.maketrans("0123456789", digits)) if is_number else written)
