"""What a holding owes, computed as the simulated land office does it. Modelled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import JsonValue

from nagorik import Money, NationalDataError, parse_document, read_data_file
from nagorik_testing import Refusal, choice_in, text_in
from nagorik_toolkit import FiscalYear, LandArea

CLASSES: Final = ("RURAL", "DISTRICT_TOWN", "MUNICIPALITY", "CITY")
USES: Final = ("AGRICULTURAL", "ORCHARD_OR_TEA", "RESIDENTIAL", "COMMERCIAL", "INDUSTRIAL")
_PLACE: Final = ("district", "upazila", "mouza", "jlNumber")


@cache
def rates() -> Mapping[str, Any]:
    """What the tax comes to."""
    return parse_document(read_data_file(__package__, "tax_rates.toml"), "tax_rates.toml")


class Holding(NamedTuple):
    """Land under one number, with the year that is asked about."""

    key: tuple[str, ...]
    unpaid_before: int
    """Earlier years that were never paid: the last digit of the holding's number, made up."""
    year: FiscalYear
    area: LandArea
    kind: str
    family: LandArea

    @property
    def exempt(self) -> bool:
        """Farmland in a village, and the family has no more than 25 bigha."""
        limit = LandArea.bigha(rates()["exempt_bigha"])
        return self.kind == "RURAL-AGRICULTURAL" and self.family <= limit


@dataclass(slots=True)
class HoldingDemand:
    """What a holding owes on one day."""

    holding: Holding
    as_of: date
    current: Money
    arrears: dict[FiscalYear, Money] = field(default_factory=dict)

    @property
    def interest(self) -> Money:
        """Simple, by the day."""
        rate = Decimal(rates()["interest"]) / 100
        owed = sum(
            Decimal(amount.poisha) * rate * (self.as_of - year.last_day).days / 365
            for year, amount in self.arrears.items()
        )
        return Money(poisha=int(Decimal(owed).quantize(Decimal(1), ROUND_HALF_UP)))

    @property
    def total(self) -> Money:
        """Everything."""
        parts = (self.current, self.interest, *self.arrears.values())
        return Money(poisha=sum(part.poisha for part in parts))

    def as_document(self) -> dict[str, JsonValue]:
        """As the interface has it."""
        owed = self.arrears.items()
        return {
            "fiscalYear": self.holding.year.label,
            "asOf": f"{self.as_of:%d/%m/%Y}",
            "exempt": self.holding.exempt,
            "current": self.current.plain(),
            "arrears": [{"fiscalYear": year.label, "amount": amount.plain()} for year, amount in owed],
            "interest": self.interest.plain(),
            "total": self.total.plain(),
        }


class HoldingRegister:
    """Remembers which years of which holding are paid."""

    def __init__(self) -> None:
        self._paid: set[tuple[tuple[str, ...], FiscalYear]] = set()

    def demand(self, holding: Holding, on: date) -> HoldingDemand:
        """What is owed on a day in Dhaka."""
        whole = _tax(holding)
        current = Money(poisha=0) if (holding.key, holding.year) in self._paid else whole
        earlier = [FiscalYear(start=holding.year.start - back) for back in range(holding.unpaid_before, 0, -1)]
        unpaid = [year for year in earlier if (holding.key, year) not in self._paid and not holding.exempt]
        return HoldingDemand(holding, on, current, dict.fromkeys(unpaid, whole))

    def settle(self, demand: HoldingDemand) -> None:
        """Note that all of it is paid."""
        self._paid |= {(demand.holding.key, year) for year in (demand.holding.year, *demand.arrears)}


def read_holding(content: Mapping[str, Any], on: date) -> Holding:
    """A holding as a request names it.

    Raises:
        Refusal: 400, naming the first field that is wrong.
    """
    number = text_in(content, "holdingNumber")
    key = (*(text_in(content, name) for name in _PLACE), number)
    digits = re.match(r"[0-9]+", number)
    if digits is None:
        raise Refusal(400, "holdingNumber", "digits are expected")
    try:
        year = FiscalYear.parse(text_in(content, "fiscalYear"))
    except NationalDataError:
        raise Refusal(400, "fiscalYear", "2025-26 is expected") from None
    if year.first_day > on:
        raise Refusal(400, "fiscalYear", "has not begun")
    use = choice_in(content, "use", USES)
    kind = f"{choice_in(content, 'areaClass', CLASSES)}-{use}"
    area = read_area(content, "area")
    family = read_area(content, "familyArea") if use == "AGRICULTURAL" else area
    return Holding(key, int(digits[0][-1]), year, area, kind, family)


def read_area(content: Mapping[str, Any], name: str) -> LandArea:
    """Acres with four places, in Bangla digits.

    Raises:
        Refusal: 400.
    """
    try:
        return LandArea.parse(text_in(content, name), "acre")
    except NationalDataError:
        raise Refusal(400, name, "acres with four places are expected") from None


def _tax(holding: Holding) -> Money:
    tax = rates()
    if holding.exempt:
        return Money.taka(tax["waiver"])
    if holding.kind.endswith("-AGRICULTURAL") and not holding.kind.startswith("RURAL"):
        rate = tax["agricultural"]["town"]
    elif holding.kind.endswith("-AGRICULTURAL"):
        lower = holding.family.acres <= Decimal(tax["lower_to_acres"])
        rate = tax["agricultural"]["lower" if lower else "higher"]
    else:
        rate = tax["by_kind"][holding.kind]
    return Money.taka((holding.area.decimals * Decimal(rate)).quantize(Decimal("0.01"), ROUND_HALF_UP))
