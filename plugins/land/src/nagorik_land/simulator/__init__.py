"""The simulated land offices: ``agency.toml``, the holdings' tax, and what the portals look up."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, dhaka_date, dhaka_time
from nagorik_land.simulator.holdings import HoldingRegister, read_area, read_holding
from nagorik_testing import (
    Case,
    FiledContent,
    ReferenceAgency,
    Refusal,
    RouteHandler,
    SyntheticCitizen,
    SyntheticCitizens,
    choice_in,
    content_of,
    rows_in,
    text_in,
)
from nagorik_toolkit import FiscalYear

DIVISIONS: Final = ("BARISHAL", "CHATTOGRAM", "DHAKA", "KHULNA", "MYMENSINGH", "RAJSHAHI", "RANGPUR", "SYLHET")
LAST_KHATIAN: Final = 900
"""Every mouza has khatians 1 to 900 in every survey."""
AT_MOST: Final = 50
"""Khatians that one answer holds."""
_CROWDED: Final = 60
"""Khatians that share a plot whose number is a multiple of 100."""
_STANDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1": "UNPAID",
        "2": "NOTICE_DUE",
        "3": "RECEIVED",
        "4": "REPORT",
        "5": "HEARING",
        "6": "APPROVED",
        "7": "DCR_DUE",
        "8": "KHATIAN_READY",
        "9": "REJECTED",
    }
)
"""How a mutation stands, by the last digit of its number; with 0 there is no such mutation."""


def mutation_number(citizen: SyntheticCitizen, digit: int) -> str:
    """The number of a citizen's mutation; the digit says how it stands."""
    return f"{citizen.alias[-4:]}{digit}"


class LandSimulator(ReferenceAgency):
    """Mutations, orders to a record room, the tax with the registration for it, and the look-ups.

    Attributes:
        holdings: Knows which years of which holding are paid.
    """

    plugin_id: ClassVar[str] = "land"
    holdings: HoldingRegister

    def open_office(self) -> None:
        """Begin with nothing filed and nothing paid."""
        super().open_office()
        self.holdings, self._numbers = HoldingRegister(), Counter[tuple[str, str]]()

    def handlers(self) -> Mapping[str, RouteHandler]:
        """What is only asked: the demand of a holding, and the two enquiries."""
        return {
            "POST /lookups/demand": self._demand,
            "POST /lookups/khatians": self._khatians,
            "POST /lookups/mutations": self._mutation,
        }

    def traits(self, collection: str, content: Mapping[str, Any]) -> Sequence[str]:
        """Whether the land is exempt from the tax."""
        if collection == "receipts" and read_holding(content, self.today).exempt:
            return ["EXEMPT"]
        return super().traits(collection, content)

    def check(self, collection: str, content: Mapping[str, Any]) -> None:
        """Refuse a plot without an area, a number that is no NID's, and what is no holding."""
        for plot in rows_in(content, "plots", "number", "area"):
            read_area({"plots": plot["area"]}, "plots")
        if collection == "registrations" and not re.fullmatch("[0-9]{10}|[0-9]{17}", text_in(content, "nid")):
            raise Refusal(400, "nid", "10 or 17 digits are expected")
        if collection == "receipts":
            read_holding(content, self.today)

    def price(self, collection: str, stage: str, content: Mapping[str, Any], on: date) -> Money:
        """What a stage costs on a day; of the tax, the demand of that day."""
        if collection != "receipts":
            return super().price(collection, stage, content, on)
        return self.holdings.demand(read_holding(content, on), on).total

    def paid(self, collection: str, case: Case[FiledContent], on: date) -> None:
        """Note the years as paid, or number the case: each office counts anew in each fiscal year."""
        if collection == "receipts":
            self.holdings.settle(self.holdings.demand(read_holding(case.details, on), on))
        if collection == "mutations" and "case number" not in case.details:
            of = _office(case), FiscalYear.containing(self.today).label
            self._numbers[of] += 1
            case.details["case number"] = f"{self._numbers[of]}/{of[1]}"

    def issued(self, collection: str, case: Case[FiledContent]) -> list[dict[str, str]]:
        """A holding has the number that its owner knows, or the office's own."""
        known = case.details.get("holdingNumber") if collection == "registrations" else None
        return [one | {"number": known or one["number"]} for one in super().issued(collection, case)]

    def standing(self, collection: str, case: Case[FiledContent]) -> dict[str, JsonValue]:
        """With the case number from the first payment on, and the day of a hearing to come."""
        number = case.details.get("case number")
        told: list[JsonValue] = [dict(one) for one in self.issued(collection, case)]
        told += [{"kind": "case-number", "number": number}] if number else []
        standing = super().standing(collection, case) | {"issued": told}
        if case.state.startswith("HEARING") and case.due is not None:
            start, office = dhaka_time(case.due[1]).isoformat(timespec="seconds"), _office(case)
            standing["appointment"] = {"start": start, "place": office, "placeBn": office}
        return standing

    async def _demand(self, request: Request) -> Response:
        """What a holding owes today."""
        holding = read_holding(await content_of(request), self.today)
        return JSONResponse(self.holdings.demand(holding, self.today).as_document())

    async def _khatians(self, request: Request) -> Response:
        """The khatians that fit."""
        content = await content_of(request)
        choice_in(content, "survey", self.agency.collections["registrations"].fields["survey"])
        for name in ("district", "upazila", "mouza"):
            text_in(content, name)
        khatian, plot = (text_in(content, name, required=False) for name in ("khatianNumber", "plotNumber"))
        if not khatian and not plot:
            raise Refusal(400, "khatianNumber", "this or plotNumber is expected")
        found = _khatians_of(plot) if plot else range(1, LAST_KHATIAN + 1)
        if khatian:
            found = [number for number in found if str(number) == khatian]
        told: list[JsonValue] = [{"number": str(number)} for number in found[:AT_MOST]]
        return self.enquired({"khatians": told, "complete": len(found) <= AT_MOST}, {})

    async def _mutation(self, request: Request) -> Response:
        """How a mutation stands that was filed elsewhere."""
        content = await content_of(request)
        choice_in(content, "division", DIVISIONS)
        number, nid = text_in(content, "applicationNumber"), text_in(content, "nid")
        state = self._state(number, nid)
        if state is None:
            return self.enquired({"case": None}, {})
        now, workflow = self.clock.now(), self.books["mutations"].workflow
        year = FiscalYear.containing(dhaka_date(now)).label
        hearing = dhaka_time(now + timedelta(days=5)).replace(hour=10, minute=0)
        case: dict[str, JsonValue] = {
            "reference": number,
            "status": workflow.states[state],
            "remarks": workflow.remarks.get(state),
            "issued": [{"kind": "case-number", "number": f"{number}/{year}"}],
        }
        if state == "HEARING":
            case["appointment"] = {"start": hearing.isoformat(), "place": "Savar, Dhaka", "placeBn": "সাভার, ঢাকা"}
        return self.enquired({"office": "Savar, Dhaka", "case": case}, {})

    def _state(self, number: str, nid: str) -> str | None:
        written = re.fullmatch("([0-9]{4})([0-9])", number)
        if written is None:
            return None
        citizen = SyntheticCitizens(self.seed).citizen(int(written[1]))
        return _STANDINGS.get(written[2]) if nid in {citizen.full_nid.value, citizen.smart_nid.value} else None


def _office(case: Case[FiledContent]) -> str:
    return f"{case.details['upazila']}, {case.details['district']}"


def _khatians_of(plot: str) -> list[int]:
    """Two plots to a khatian, as 1 and 2 in khatian 1; every third plot lies in the next one too."""
    if not re.fullmatch("[0-9]{1,6}", plot):
        return []
    number = int(plot)
    first = (number + 1) // 2
    shared = _CROWDED if number % 100 == 0 else 2 if number % 3 == 0 else 1
    return [khatian for khatian in range(first, first + shared) if 1 <= khatian <= LAST_KHATIAN]
