"""Opening a payment: what SSLCommerz is told, and what it answers."""

import re
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from nagorik import (
    AgencyRejected,
    FieldProblem,
    Layer,
    OutcomeUnknown,
    PaymentStarted,
    SettingsRejected,
    StartPaymentRequest,
    Text,
    WireModel,
)
from nagorik_sslcommerz.data import BOUNDS, TEXTS
from nagorik_sslcommerz.settings import SslCommerzSettings
from nagorik_sslcommerz.transaction_ids import to_tran_id
from nagorik_toolkit import refuse

SESSIONS: Final = "/gwprocess/v4/api.php"
LONGEST_NAME: Final = 50
"""Characters of ``cus_name``."""
LONGEST_TEXT: Final = 255
"""Characters of ``product_name``, of ``refund_remarks`` and of each address."""
HOME: Final = "sslcommerz.com"
"""Under this domain the gateway has its pages."""
_PAGE: Final = re.compile(
    r"(?P<scheme>https?)://(?P<place>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)(?:[/?#][!-\[\]-~]*)?", re.ASCII
)
"""An address without user, password and backslash, which browsers read in ways of their own."""


class OpenedSession(WireModel):
    """What the gateway says to an order to open a session, where it opens one."""

    status: Literal["SUCCESS"]
    session_key: str = Field(alias="sessionkey", pattern=r"^[A-Za-z0-9]+$", max_length=50)
    page: str = Field(alias="GatewayPageURL", pattern=r"^https?://[!-~]+$", max_length=2000)


def both_languages(text: Text, most: int = LONGEST_TEXT) -> str:
    """A text in both languages, or as much of it as the gateway takes: one language whole, or its beginning."""
    whole = (f"{text.bn} / {text.en}", text.bn, text.en)
    return next((written for written in whole if len(written) <= most), text.en[:most])


def to_session(request: StartPaymentRequest, settings: SslCommerzSettings) -> dict[str, str]:
    """The form that opens a session.

    Raises:
        AgencyRejected: The amount is one that the gateway does not take; nothing was sent.
        InputRejected: The payer's name or mobile number is missing, or the name is too long; nothing was sent.
        SettingsRejected: The host has no address for payers to come back to, or for notices.
    """
    _check_amount(request)
    _check_payer(request)
    addresses = _addresses(request)
    name, mobile = request.payer.name, request.payer.mobile
    return {
        "store_id": settings.store_id,
        "store_passwd": settings.store_password.get_secret_value(),
        "total_amount": request.amount.plain(),
        "currency": request.amount.currency,
        "tran_id": to_tran_id(request.payment),
        **addresses,
        "emi_option": "0",
        "cus_name": name or "",
        "cus_email": settings.receipt_email,
        "cus_add1": settings.address,
        "cus_city": settings.city,
        "cus_postcode": settings.postcode,
        "cus_country": "Bangladesh",
        "cus_phone": mobile.local if mobile is not None else "",
        "shipping_method": "NO",
        "num_of_item": "1",
        "product_name": both_languages(request.purpose),
        "product_category": "government service",
        "product_profile": "non-physical-goods",
    }


def to_started(session: OpenedSession, settings: SslCommerzSettings) -> PaymentStarted:
    """Where the payer goes. Until when the page takes money, the gateway does not say.

    Raises:
        OutcomeUnknown: The page is none of the gateway's: the payer is sent nowhere else.
    """
    if not _is_of_gateway(session.page, settings.base_url):
        raise OutcomeUnknown(step="session", because="page-elsewhere", layer=Layer.GATEWAY)
    return PaymentStarted(reference=session.session_key, pay_at=session.page)


def _is_of_gateway(page: str, base_url: str) -> bool:
    found, home = _PAGE.fullmatch(page), urlsplit(base_url)
    if found is None or found["scheme"] != home.scheme:
        return False
    place = found["place"]
    if place == home.netloc:
        return True
    live = (home.hostname or "").endswith(f".{HOME}")
    return live and ":" not in place and place.lower().endswith(f".{HOME}")


def _check_amount(request: StartPaymentRequest) -> None:
    if request.amount.currency != BOUNDS.currency:
        raise _refused("currency", TEXTS.text("sslcommerz.currency"))
    if not BOUNDS.least.poisha <= request.amount.poisha <= BOUNDS.most.poisha:
        sentence = TEXTS.text("sslcommerz.amount-out-of-bounds", least=BOUNDS.least, most=BOUNDS.most)
        raise _refused("amount-out-of-bounds", sentence)


def _refused(code: str, sentence: Text) -> AgencyRejected:
    return AgencyRejected(f"sslcommerz.{code}", reason=sentence, layer=Layer.PLUGIN)


def _check_payer(request: StartPaymentRequest) -> None:
    problems: list[FieldProblem] = []
    name = request.payer.name
    if name is None or not name.strip():
        problems.append(TEXTS.field_problem("/payer/name", "sslcommerz.payer-name-missing"))
    elif len(name) > LONGEST_NAME:
        problems.append(TEXTS.field_problem("/payer/name", "sslcommerz.payer-name-too-long", most=LONGEST_NAME))
    if request.payer.mobile is None:
        problems.append(TEXTS.field_problem("/payer/mobile", "sslcommerz.payer-mobile-missing"))
    refuse(problems)


def _addresses(request: StartPaymentRequest) -> dict[str, str]:
    """One address for every end of a payment: which one it was, the gateway is asked."""
    given = {"return_url": request.return_url, "notice_url": request.notice_url}
    wrong = {
        name: "missing" if url is None else "too-long"
        for name, url in given.items()
        if url is None or len(url) > LONGEST_TEXT
    }
    if wrong or request.return_url is None or request.notice_url is None:
        raise SettingsRejected(tuple(wrong), plugin="sslcommerz", reasons=wrong)
    back = dict.fromkeys(("success_url", "fail_url", "cancel_url"), request.return_url)
    return {**back, "ipn_url": request.notice_url}
