"""The page on which a person pays at a simulated gateway: one look for all of them, and no agency's or gateway's own.

A gateway's simulator shows it and handles its form by itself::

    async def show(self, request: Request) -> Response:
        return render_payment_page(self._page_of(request))

    async def decide(self, request: Request) -> Response:
        act = await payment_act(request)
        ...  # does the deed once, and sends the browser back as this gateway does

The page holds no script and asks for nothing beside itself, so that it works with whatever a service centre has.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Literal, cast, get_args
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse

from nagorik import Money, Text
from nagorik_testing.simulator.handlers import Refusal
from nagorik_toolkit import money_text

PaymentPageState = Literal["open", "paid", "failed", "cancelled", "expired"]
PaymentAct = Literal["pay", "fail", "cancel"]
"""What the page's form posts as ``act``."""

SIMULATION: Final = Text(
    bn="এটি একটি সিমুলেশন। কোনো টাকা লেনদেন হয় না।",
    en="This is a simulation. No money moves.",
)
_FACTS: Final = MappingProxyType(
    {
        "purpose": Text(bn="কী বাবদ", en="What for"),
        "payee": Text(bn="প্রাপক", en="Paid to"),
        "amount": Text(bn="টাকার পরিমাণ", en="Amount"),
        "reference": Text(bn="লেনদেনের নম্বর", en="Reference"),
    }
)
_HEADINGS: Final[dict[PaymentPageState, Text]] = {
    "open": Text(bn="টাকা পরিশোধ করুন", en="Pay"),
    "paid": Text(bn="পরিশোধ হয়েছে", en="Paid"),
    "failed": Text(bn="পরিশোধ ব্যর্থ হয়েছে", en="The payment failed"),
    "cancelled": Text(bn="পরিশোধ বাতিল হয়েছে", en="The payment is cancelled"),
    "expired": Text(bn="পাতাটির মেয়াদ শেষ", en="This page has expired"),
}
_SENTENCES: Final[dict[PaymentPageState, Text]] = {
    "open": Text(
        bn="পাতাটি বন্ধ করলে কিছুই পরিশোধ হয় না। মেয়াদ থাকা পর্যন্ত পাতাটি আবার খুলতে পারেন।",
        en="If you close this page, nothing is paid. You can open it again until it expires.",
    ),
    "paid": Text(
        bn="টাকা এক বারই নেওয়া হয়েছে। পাতাটি এখন বন্ধ করতে পারেন।",
        en="The money was taken once. You can close this page now.",
    ),
    "failed": Text(
        bn="কোনো টাকা নেওয়া হয়নি। আবার পরিশোধ করতে আবেদনের পাতায় ফিরে যান।",
        en="No money was taken. To pay again, go back to your application.",
    ),
    "cancelled": Text(
        bn="কোনো টাকা নেওয়া হয়নি। আবার পরিশোধ করতে আবেদনের পাতায় ফিরে যান।",
        en="No money was taken. To pay again, go back to your application.",
    ),
    "expired": Text(
        bn="এই পাতায় আর টাকা নেওয়া হয় না। আবার পরিশোধ করতে আবেদনের পাতায় ফিরে যান।",
        en="This page takes no money any more. To pay again, go back to your application.",
    ),
}
_BUTTONS: Final[dict[PaymentAct, Text]] = {
    "pay": Text(bn="{amount} পরিশোধ করুন", en="Pay {amount}"),
    "fail": Text(bn="পরিশোধ ব্যর্থ করুন", en="Let the payment fail"),
    "cancel": Text(bn="বাতিল করুন", en="Cancel the payment"),
}
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_LONGEST_FORM: Final = 1_000


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """What a payment page shows.

    Attributes:
        gateway: The gateway's name.
        payee: Who is paid.
        amount: What is to be paid, or was.
        reference: The payment as the gateway's page names it; no secret.
        state: What became of the payment; only an ``open`` one can be acted upon.
        action: Where the form is posted to: a path, or an address of http or https. It may hold a token.
        modelled: What of this gateway is modelled.
        purpose: What is paid for, where the gateway is told.
    """

    gateway: Text
    payee: Text
    amount: Money
    reference: str
    state: PaymentPageState
    action: str
    modelled: Text
    purpose: Text | None = None

    def __post_init__(self) -> None:
        if self.state not in get_args(PaymentPageState):
            raise ValueError("no such state of a payment page")
        scheme = urlsplit(self.action).scheme
        if scheme not in {"http", "https"} and not (scheme == "" and self.action.startswith("/")):
            raise ValueError("the form is posted to a path or to an address of http or https")


def render_payment_page(page: PaymentPage, *, status: int = 200) -> HTMLResponse:
    """The page in Bangla and English. No cache keeps it, no other site learns its address, none frames it."""
    amount = money_text(page.amount)
    facts = [
        (key, label, value)
        for key, label, value in (
            ("purpose", _FACTS["purpose"], page.purpose),
            ("payee", _FACTS["payee"], page.payee),
            ("amount", _FACTS["amount"], amount),
            ("reference", _FACTS["reference"], page.reference),
        )
        if value is not None
    ]
    buttons = [
        (act, Text(bn=label.bn.format(amount=amount.bn), en=label.en.format(amount=amount.en)))
        for act, label in _BUTTONS.items()
    ]
    written = _template().render(
        page=page,
        facts=facts,
        buttons=buttons if page.state == "open" else (),
        heading=_HEADINGS[page.state],
        sentence=_SENTENCES[page.state],
        simulation=SIMULATION,
    )
    return HTMLResponse(written, status_code=status, headers=_headers(written))


async def payment_act(request: Request) -> PaymentAct:
    """What was pressed on the page.

    Raises:
        Refusal: 400 where the form names no act, several, or an unknown one; 413 where it is longer than the page's.
    """
    content = await request.body()
    if len(content) > _LONGEST_FORM:
        raise Refusal(413, "act", "the form is too long")
    acts = parse_qs(content.decode("utf-8", "replace")).get("act", [])
    if len(acts) != 1 or acts[0] not in get_args(PaymentAct):
        raise Refusal(400, "act", "pay, fail or cancel is expected")
    return cast("PaymentAct", acts[0])


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("nagorik_testing.simulator", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("payment_page.html.jinja")


def _headers(written: str) -> dict[str, str]:
    style = _STYLE.search(written)
    if style is None:
        raise ValueError("the page has no style")
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    return {
        "Cache-Control": "no-store",
        # The page's own address, and that of its form, may hold a token.
        "Referrer-Policy": "no-referrer",
        # No form-action: browsers hold the redirect to the merchant's site to it as well.
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
