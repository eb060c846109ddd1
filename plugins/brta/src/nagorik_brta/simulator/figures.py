"""What the simulated BRTA charges: ``figures.toml``, and its calculator."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from nagorik import Money, parse_document, read_data_file
from nagorik_testing import Refusal, choice_in, day_in
from nagorik_toolkit import years_after

DAY: Final = "%d-%m-%Y"
KINDS: Final = ("NON_PROFESSIONAL", "PROFESSIONAL")
PLANS: Final = ("TWO_YEARS", "TEN_YEARS", "AFTER_TEN_YEARS", "OTHER")
VEHICLES: Final = ("MOTORCYCLE", "CAR", "OTHER")

_TURNING_CC: Final = 100
_TRANSFERRED_CC: Final = 125
"""The one engine for which a motorcycle's transfer has a published fee."""
_TURNING_KG: Final = 90


def price(service: str, asked: Mapping[str, Any], on: date) -> Money:
    """What it costs on a day.

    Raises:
        Refusal: 400, naming what is missing or wrong.
    """
    return Money.taka(_PRICES[service](asked, on))


def whole_in(asked: Mapping[str, Any], field: str) -> int:
    """A whole number, as JSON or as the text of a query.

    Raises:
        Refusal: 400.
    """
    value = asked.get(field)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refusal(400, field, "a whole number is expected")


def _learner(asked: Mapping[str, Any], _on: date) -> int:
    chosen = asked.get("categories")
    count = len(chosen) if isinstance(chosen, list) else whole_in(asked, "categories")
    if str(count) not in _figures()["learner"]:
        raise Refusal(400, "categories", "one or two are expected")
    return _taka("learner", str(count))


def _smart_card(asked: Mapping[str, Any], _on: date) -> int:
    return _taka("smart_card", choice_in(asked, "kind", KINDS))


def _renewal(asked: Mapping[str, Any], on: date) -> int:
    expired = day_in(asked, "expiresOn", DAY)
    late = 0
    if on - expired > timedelta(days=_taka("renewal", "grace_days")):
        # Each year of lateness that has begun.
        late = on.year - expired.year + (0 if on <= years_after(expired, on.year - expired.year) else 1)
    return _taka("renewal", choice_in(asked, "kind", KINDS)) + late * _taka("renewal", "late")


def _registration(asked: Mapping[str, Any], _on: date) -> int:
    return _taka("registration", "over_100" if whole_in(asked, "engineCc") > _TURNING_CC else "up_to_100")


def _transfer(asked: Mapping[str, Any], _on: date) -> int:
    vehicle, engine = choice_in(asked, "vehicle", VEHICLES), whole_in(asked, "engineCc")
    is_priced = vehicle == "MOTORCYCLE" and engine == _TRANSFERRED_CC
    return _taka("transfer", f"MOTORCYCLE_{_TRANSFERRED_CC}" if is_priced else vehicle)


def _duplicate(_asked: Mapping[str, Any], _on: date) -> int:
    return _taka("duplicate", "card")


def _tax_token(asked: Mapping[str, Any], _on: date) -> int:
    plan, vehicle = choice_in(asked, "plan", PLANS), choice_in(asked, "vehicle", VEHICLES)
    if (vehicle == "MOTORCYCLE") == (plan == "OTHER"):
        raise Refusal(400, "plan", "is not offered for this vehicle")
    if plan == "OTHER":
        return _taka("tax_token", vehicle)
    if plan == "AFTER_TEN_YEARS":
        return 0
    weight = whole_in(asked, "weightKg")
    if plan == "TEN_YEARS":
        return _taka("tax_token", "ten_years_under_90" if weight < _TURNING_KG else "ten_years_over_90")
    side = "exactly_90" if weight == _TURNING_KG else "under_90" if weight < _TURNING_KG else "over_90"
    return _taka("tax_token", side)


def _fitness(asked: Mapping[str, Any], _on: date) -> int:
    vehicle = choice_in(asked, "vehicle", VEHICLES)
    if vehicle == "MOTORCYCLE":
        raise Refusal(400, "vehicle", "a motorcycle needs no certificate")
    return _taka("fitness", vehicle)


_PRICES: Final = {
    "LEARNER": _learner,
    "SMART_CARD": _smart_card,
    "RENEWAL": _renewal,
    "DUPLICATE": _duplicate,
    "REGISTRATION": _registration,
    "TRANSFER": _transfer,
    "TAX_TOKEN": _tax_token,
    "FITNESS": _fitness,
}
SERVICES: Final = tuple(_PRICES)


def _taka(table: str, name: str) -> int:
    amount: int = _figures()[table][name]
    return amount


@cache
def _figures() -> dict[str, Any]:
    return parse_document(read_data_file(__package__, "figures.toml"), "figures.toml")
