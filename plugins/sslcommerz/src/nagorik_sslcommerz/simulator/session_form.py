"""The form that opens a session: the fields that SSLCommerz documents, and its bounds for each.

Its documentation calls some fields mandatory and "not mandatory but useful" in one breath, and its own examples leave
them out. Required here is what is called mandatory without a but; that choice is modelled, and so is the wording of
a refusal.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nagorik import Money
from nagorik_toolkit import StrictAmount

LONGEST: Final[Mapping[str, int]] = MappingProxyType(
    {
        "tran_id": 30,
        "product_category": 100,
        "success_url": 255,
        "fail_url": 255,
        "cancel_url": 255,
        "ipn_url": 255,
        "multi_card_name": 30,
        "allowed_bin": 255,
        "cus_name": 50,
        "cus_email": 50,
        "cus_add1": 50,
        "cus_add2": 50,
        "cus_city": 50,
        "cus_state": 50,
        "cus_postcode": 30,
        "cus_country": 50,
        "cus_phone": 20,
        "cus_fax": 20,
        "ship_name": 50,
        "ship_add1": 50,
        "ship_add2": 50,
        "ship_city": 50,
        "ship_state": 50,
        "ship_postcode": 50,
        "ship_country": 50,
        "product_name": 255,
        "value_a": 255,
        "value_b": 255,
        "value_c": 255,
        "value_d": 255,
    }
)
"""Characters of a field, at most."""
REQUIRED: Final = (
    "total_amount",
    "currency",
    "tran_id",
    "success_url",
    "fail_url",
    "cancel_url",
    "cus_name",
    "cus_email",
    "cus_phone",
    "shipping_method",
    "product_name",
    "product_category",
    "product_profile",
)
SHIPPED: Final = ("ship_name", "ship_add1", "ship_city", "ship_postcode", "ship_country")
"""Required where ``shipping_method`` is ``YES``."""
SHIPPING: Final = frozenset({"YES", "NO", "Courier", "SSLCOMMERZ_LOGISTIC"})
PROFILES: Final = frozenset(
    {
        "general",
        "physical-goods",
        "non-physical-goods",
        "airline-tickets",
        "travel-vertical",
        "telecom-vertical",
    }
)
LEAST: Final = Money.taka("10.00")
MOST: Final = Money.taka("500000.00")
_AMOUNT: Final = StrictAmount(digits=10)
_WEB: Final = re.compile(r"https?://\S+")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def fault_of(form: Mapping[str, str]) -> str | None:
    """Why a session is not opened, in the gateway's ``failedreason``; ``None`` where it is."""
    wanted = REQUIRED + (SHIPPED if form.get("shipping_method") == "YES" else ())
    missing = next((name for name in wanted if not form.get(name, "").strip()), None)
    if missing is not None:
        return f"Invalid Information! '{missing}' is missing or empty."
    long = next((name for name, most in LONGEST.items() if len(form.get(name, "")) > most), None)
    if long is not None:
        return f"Invalid Information! '{long}' is longer than {LONGEST[long]} characters."
    wrong = next((name for name, right in _checks(form).items() if not right), None)
    return None if wrong is None else f"Invalid Information! '{wrong}' is not valid."


def amount_of(form: Mapping[str, str]) -> Money | None:
    """What is to be paid, in taka; ``None`` where it is out of the gateway's bounds, or in another currency.

    The gateway converts other currencies at a rate of its own, which is not simulated.
    """
    if form.get("currency") != "BDT":
        return None
    try:
        amount = _AMOUNT.read(form.get("total_amount"))
    except ValueError:
        return None
    return amount if LEAST.poisha <= amount.poisha <= MOST.poisha else None


def _checks(form: Mapping[str, str]) -> dict[str, bool]:
    addresses = {name: form.get(name, "") for name in ("success_url", "fail_url", "cancel_url", "ipn_url")}
    return {
        "currency": form["currency"] == "BDT",
        "total_amount": amount_of(form) is not None,
        "shipping_method": form["shipping_method"] in SHIPPING,
        "product_profile": form["product_profile"] in PROFILES,
        "cus_email": _EMAIL.fullmatch(form["cus_email"]) is not None,
        **{name: not url or _WEB.fullmatch(url) is not None for name, url in addresses.items()},
    }
