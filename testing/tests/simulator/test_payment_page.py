"""The simulated gateways' payment page: what it says, what it keeps to itself, and how it is used in a browser."""

import re
from collections.abc import AsyncIterator, Sequence
from html.parser import HTMLParser
from typing import Any, get_args

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from nagorik import Money, Text
from nagorik_testing import Refusal, Simulator, serve
from nagorik_testing.fixtures.payment_browser import PaymentBrowser, PaymentVisit
from nagorik_testing.simulator.payment_page import (
    PaymentPage,
    PaymentPageState,
    payment_act,
    render_payment_page,
)

MERCHANT = "https://merchant.example/"
BACK = "https://merchant.example/back"
PAGE = PaymentPage(
    gateway=Text(bn="নমুনা গেটওয়ে", en="Specimen gateway"),
    payee=Text(bn="নমুনা অধিদপ্তর", en="Specimen department"),
    amount=Money.taka("11700.50"),
    reference="SG-000123",
    state="open",
    action="/pay/1?token=s3cret-token",
    modelled=Text(bn="পাতাটি কল্পিত।", en="The page is modelled."),
    purpose=Text(bn="নমুনা সেবার ফি", en="Fee of a specimen service"),
)
ENDED: list[PaymentPageState] = [state for state in get_args(PaymentPageState) if state != "open"]


class Reader(HTMLParser):
    """The page as elements with their attributes, and its text by language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: dict[str | None, str] = {}
        self._languages: list[str | None] = [None]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "style"}:
            self._languages.append(dict(attrs).get("lang", self._languages[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag != "style":
            self._languages.pop()

    def handle_data(self, data: str) -> None:
        language = self._languages[-1]
        self.said[language] = f"{self.said.get(language, '')} {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(**changes: Any) -> PaymentPage:
    given = {name: getattr(PAGE, name) for name in PAGE.__slots__}
    return PaymentPage(**given | changes)


def written(**changes: Any) -> str:
    return bytes(render_payment_page(page(**changes)).body).decode()


def test_open_page_says_what_is_paid_to_whom_and_how_much_in_both_languages() -> None:
    said = Reader(written()).said
    for bn in ("নমুনা গেটওয়ে", "নমুনা অধিদপ্তর", "নমুনা সেবার ফি", "১১,৭০০.৫০ টাকা", "পাতাটি কল্পিত।"):
        assert bn in str(said["bn"])
    for en in ("Specimen gateway", "Specimen department", "Fee of a specimen service", "Tk 11,700.50", "modelled."):
        assert en in str(said["en"])
    assert "SG-000123" in written()


@pytest.mark.parametrize("state", get_args(PaymentPageState))
def test_every_page_says_that_no_money_moves(state: PaymentPageState) -> None:
    said = Reader(written(state=state)).said
    assert "এটি একটি সিমুলেশন। কোনো টাকা লেনদেন হয় না।" in str(said["bn"])
    assert "This is a simulation. No money moves." in str(said["en"])


def test_open_page_has_one_form_with_three_buttons() -> None:
    read = Reader(written())
    assert [(form["method"], form["action"]) for form in read.all("form")] == [("post", PAGE.action)]
    assert [(button["name"], button["value"]) for button in read.all("button")] == [
        ("act", "pay"),
        ("act", "fail"),
        ("act", "cancel"),
    ]


@pytest.mark.parametrize("state", ENDED)
def test_page_of_a_payment_that_has_ended_cannot_be_acted_upon(state: PaymentPageState) -> None:
    read = Reader(written(state=state))
    assert not read.all("form")
    assert not read.all("button")
    assert "s3cret-token" not in written(state=state)
    assert [main["data-state"] for main in read.all("main")] == [state]


def test_expired_page_says_that_it_takes_no_money_any_more() -> None:
    said = Reader(written(state="expired")).said
    assert "এই পাতায় আর টাকা নেওয়া হয় না।" in str(said["bn"])
    assert "This page takes no money any more." in str(said["en"])


def test_page_has_no_script_and_asks_for_nothing_beside_itself() -> None:
    read = Reader(written())
    assert not {"script", "link", "img", "iframe", "object"} & {name for name, _ in read.elements}
    assert "http" not in written()
    assert "url(" not in written()
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]


def test_whatever_is_shown_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    both = Text(bn=evil, en=evil)
    shown = written(
        gateway=both, payee=both, purpose=both, modelled=both, reference=evil, action='/pay?a="><script>alert(1)'
    )
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("action", ["javascript:alert(1)", "data:text/html,x", "pay", "", "ftp://gateway.example/"])
def test_form_is_posted_to_a_path_or_a_web_address(action: str) -> None:
    with pytest.raises(ValueError, match="posted to a path"):
        page(action=action)


def test_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no such state"):
        page(state="maybe")


def test_headers_keep_the_page_out_of_caches_frames_and_referrers() -> None:
    answer = render_payment_page(PAGE, status=410)
    assert answer.status_code == 410
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def _luminance(colour: str) -> float:
    wide = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(wide[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_has_the_contrast_of_wcag_aa_in_both_colour_schemes() -> None:
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", rule))
        for rule in re.findall(r":root \{(.*?)\}", written(), re.S)
    ]
    assert len(schemes) == 2
    pairs = [("ink", "paper"), ("soft", "paper"), ("soft", "tint"), ("go-ink", "go"), ("warn-ink", "warn")]
    for scheme in schemes:
        for ink, ground in pairs:
            light, dark = sorted((_luminance(scheme[ink]), _luminance(scheme[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def form_request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_act_is_read_from_the_form() -> None:
    assert [await payment_act(form_request(f"act={act}".encode())) for act in ("pay", "fail", "cancel")] == [
        "pay",
        "fail",
        "cancel",
    ]


@pytest.mark.parametrize("body", [b"", b"act=", b"act=refund", b"act=pay&act=cancel", b"pay", b"\xff\xfe"])
async def test_form_without_one_known_act_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        await payment_act(form_request(body))
    assert (refused.value.status, refused.value.field) == (400, "act")


async def test_form_that_is_too_long_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        await payment_act(form_request(b"act=pay&x=" + b"x" * 1_000))
    assert refused.value.status == 413


class SpecimenGateway(Simulator):
    """A gateway with one payment: each deed is done once, and the payer is sent back with a word for it."""

    plugin_id = "specimen-gateway"
    outcomes = ("pay",)

    def open_office(self) -> None:
        self.state: PaymentPageState = "open"
        self.deeds: list[str] = []
        self.forms = 0

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url}

    def routes(self) -> Sequence[Route]:
        return (Route("/pay", self._show, methods=["GET"]), Route("/pay", self._decide, methods=["POST"]))

    async def _show(self, request: Request) -> Response:
        return render_payment_page(page(action="/pay?token=s3cret-token", state=self.state))

    async def _decide(self, request: Request) -> Response:
        act = await payment_act(request)
        self.forms += 1
        if self.state == "open":
            self.deeds.append(act)
            self.state = {"pay": "paid", "fail": "failed", "cancel": "cancelled"}[act]  # type: ignore[assignment]
        return RedirectResponse(f"{BACK}?state={self.state}", status_code=303)


@pytest.fixture
def gateway() -> SpecimenGateway:
    return SpecimenGateway()


@pytest.fixture
async def payer(nagorik_payment_browser: Any, gateway: SpecimenGateway) -> AsyncIterator[tuple[PaymentBrowser, str]]:
    async with serve(gateway) as base, nagorik_payment_browser() as browser:
        yield browser, f"{base}/pay?token=s3cret-token"


async def opened(payer: tuple[PaymentBrowser, str]) -> PaymentVisit:
    browser, url = payer
    return await browser.visit(url, merchant=MERCHANT)


async def test_person_pays_fails_cancels_closes_and_pays_twice(
    payer: tuple[PaymentBrowser, str], gateway: SpecimenGateway
) -> None:
    for press, state in (("pay", "paid"), ("fail", "failed"), ("cancel", "cancelled")):
        gateway.open_office()
        visit = await opened(payer)
        assert await visit.state() == "open"
        await visit.press(press)  # type: ignore[arg-type]
        assert gateway.deeds == [press]
        (back,) = await visit.returns()
        assert (back.method, back.url, back.referrer) == ("GET", f"{BACK}?state={state}", None)
        assert await visit.state() is None
        assert await (await opened(payer)).state() == state

    gateway.open_office()
    left = await opened(payer)
    await left.close()
    assert (gateway.state, gateway.deeds) == ("open", [])

    twice = await opened(payer)
    other_tab = await opened(payer)
    await twice.press_twice("pay")
    await other_tab.press("cancel")
    assert gateway.forms >= 2
    assert (gateway.state, gateway.deeds) == ("paid", ["pay"])
    assert (await other_tab.returns())[-1].url == f"{BACK}?state=paid"
    assert not [*left.asked_elsewhere, *twice.asked_elsewhere, *other_tab.asked_elsewhere]


async def test_page_is_used_by_keyboard_alone(payer: tuple[PaymentBrowser, str], gateway: SpecimenGateway) -> None:
    visit = await opened(payer)
    await visit.press_by_keyboard("cancel")
    assert gateway.deeds == ["cancel"]
    assert [back.url for back in await visit.returns()] == [f"{BACK}?state=cancelled"]
