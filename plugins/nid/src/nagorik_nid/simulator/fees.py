"""What an application costs, which depends on how often its NID holder has applied before."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from nagorik import Money, parse_document, read_data_file
from nagorik_testing import choice_in, rows_in
from nagorik_toolkit import Rounding, vat_on

FILE: Final = "fees.toml"


def total_of(collection: str, content: Mapping[str, Any], attempt: int) -> Money:
    """What the application of that number costs, with VAT.

    Raises:
        Refusal: 400 for a delivery or a field to correct that there is not.
    """
    tariff = _tariff()
    ladder = tariff["ladders"].get(collection)
    if ladder is None:
        return Money.taka(0)
    item = _corrected(content) if collection == "corrections" else choice_in(content, "delivery", tuple(ladder))
    amount = Money.taka(ladder[item][min(attempt, len(ladder[item])) - 1])
    return amount + vat_on(amount, Decimal(tariff["vat"]), Rounding.POISHA_HALF_UP)


def _corrected(content: Mapping[str, Any]) -> str:
    corrected = _tariff()["corrected"]
    printed, stored = corrected["printed"], corrected["stored"]
    fields = {choice_in(row, "field", [*printed, *stored]) for row in rows_in(content, "changes", "field")}
    if fields & set(printed):
        return "BOTH" if fields & set(stored) else "PRINTED"
    return "OTHER"


@cache
def _tariff() -> dict[str, Any]:
    return parse_document(read_data_file(__package__, FILE), FILE)
