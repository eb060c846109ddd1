"""What an application costs, which depends on how often its NID holder has applied before."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final

from nagorik import Money, parse_document, read_data_file
from nagorik_toolkit import Rounding, vat_on

CHARGED: Final = frozenset({"CORRECTION", "REISSUE", "RENEWAL"})


@dataclass(frozen=True, slots=True)
class AssessedFee:
    """The price of one application."""

    attempt: int
    """Which application of its kind it is for this holder, from 1."""
    item: str
    amount: Money
    """Before VAT."""
    vat: Money
    ladder: str

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return self.amount + self.vat


class FeeCounter:
    """Counts each holder's applications, and remembers the price that each was told."""

    def __init__(self) -> None:
        self._applied: Counter[tuple[str, str]] = Counter()
        self._quoted: dict[tuple[str, str, str], AssessedFee] = {}

    def remember(self, holder: str, kind: str, times: int = 1) -> None:
        """Let the holder have applied before; what they were told of the price no longer holds."""
        self._applied[holder, kind] += times
        for told in [told for told in self._quoted if told[:2] == (holder, kind)]:
            del self._quoted[told]

    def quote(self, holder: str, kind: str, delivery: str, fields: Iterable[str] = ()) -> AssessedFee:
        """Tell the price; an application made next is charged it."""
        self._quoted[holder, kind, delivery] = quote = self._price(holder, kind, delivery, fields)
        return quote

    def charge(self, holder: str, kind: str, delivery: str, fields: Iterable[str]) -> AssessedFee:
        """The price of an application that is filed now: what was told last, or the ladder's."""
        return self._quoted.get((holder, kind, delivery)) or self._price(holder, kind, delivery, fields)

    def _price(self, holder: str, kind: str, delivery: str, fields: Iterable[str]) -> AssessedFee:
        ladder = _ladder()
        attempt = self._applied[holder, kind] + 1
        names = _items(kind, delivery, fields)
        steps = [ladder["items"][name] for name in names]
        amount = Money.taka(sum(step[min(attempt, len(step)) - 1] for step in steps))
        vat = vat_on(amount, Decimal(_tariff()["vat"]), Rounding.POISHA_HALF_UP)
        return AssessedFee(attempt, "+".join(names) or "FREE", amount, vat, ladder["id"])


def _items(kind: str, delivery: str, fields: Iterable[str]) -> list[str]:
    if kind in {"REISSUE", "RENEWAL"}:
        return [f"{kind}_{delivery}"]
    if kind != "CORRECTION":
        return []
    printed = set(_tariff()["printed"]["fields"])
    plain = {field.strip().lower().replace("-", "").replace("_", "") for field in fields if field.strip()}
    if not plain:
        return ["CORRECTION_PRINTED"]
    if plain & printed and plain - printed:
        return ["CORRECTION_BOTH"]
    return ["CORRECTION_PRINTED" if plain & printed else "CORRECTION_OTHER"]


def _ladder() -> dict[str, Any]:
    ladder: dict[str, Any] = _tariff()["ladders"][-1]
    return ladder


@cache
def _tariff() -> dict[str, Any]:
    return parse_document(read_data_file(__package__, "fees.toml"), "fees.toml")
