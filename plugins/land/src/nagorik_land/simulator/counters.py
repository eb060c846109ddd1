"""What differs between mutations, orders to a record room, the tax, and registrations for it. Modelled."""

import re
from collections import Counter as Tally
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, dhaka_date
from nagorik_land.simulator.counter import Counter, File
from nagorik_land.simulator.holdings import Holding, HoldingRegister, prices, read_area, read_holding
from nagorik_testing import (
    ApplicationBook,
    Case,
    Refusal,
    SimulatedClock,
    choice_in,
    content_of,
    day_in,
    rows_in,
    text_in,
)
from nagorik_toolkit import FiscalYear

ACQUISITIONS = ("PURCHASE", "INHERIT", "GIFT", "DECREE")
SURVEYS = ("CS", "SA", "RS", "BS", "BRS", "BDS", "CITY", "DIARA", "PETI", "MUTATION")
DAY = "%d/%m/%Y"


def check_plots(content: Mapping[str, Any]) -> None:
    """Refuse an application without plots, or with one that has no area."""
    plots = rows_in(content, "dags", "dagNo", "area")
    if not plots:
        raise Refusal(400, "dags", "at least one is expected")
    for plot in plots:
        read_area({"dags": plot["area"]}, "dags")


class MutationCounter(Counter):
    """A case gets its number when its first payment is told of: each office counts anew in each fiscal year."""

    stages: ClassVar[Mapping[str, str]] = {"1": "pay", "2": "pay-notice", "3": "pay-dcr"}
    papers: ClassVar[Mapping[str, tuple[str, ...]]] = {"DCR_PAID": ("dcr",), "KHATIAN_READY": ("dcr", "khatian")}

    def __init__(self, book: ApplicationBook[File], clock: SimulatedClock) -> None:
        super().__init__(book, clock)
        self._numbers: Tally[tuple[str, str]] = Tally()

    @staticmethod
    def price(asked: Mapping[str, Any]) -> Money:
        """What a stage costs."""
        return Money.taka(prices()["mutation"][choice_in(asked, "stage", ("1", "2", "3"))])

    def check(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Refuse what is wrong with an application."""
        text_in(content, "khatianNo")
        check_plots(content)
        acquisition = choice_in(content, "acquisition", ACQUISITIONS)
        if acquisition != "INHERIT" and not isinstance(content.get("deed"), dict):
            raise Refusal(400, "deed", "number and date are expected")
        return frozenset()

    def due(self, case: Case[File], stage: str, paid_at: datetime) -> Money:  # noqa: ARG002 - the same for all
        """What a stage costs."""
        return self.price({"stage": stage})

    def taken(self, case: Case[File], paid_at: datetime) -> None:  # noqa: ARG002 - the office's own day counts
        """Number the case."""
        if case.details.case_number is None:
            year = FiscalYear.containing(dhaka_date(self.clock.now())).label
            self._numbers[case.details.office, year] += 1
            case.details.case_number = f"{self._numbers[case.details.office, year]}/{year}"

    def hearing(self, case: Case[File]) -> datetime | None:
        """When the applicant is heard."""
        return case.due[1] if case.state.startswith("HEARING") and case.due is not None else None


class OrderCounter(Counter):
    """Certified copies and maps."""

    @staticmethod
    def price(asked: Mapping[str, Any]) -> Money:
        """What an order costs."""
        orders = prices()["orders"]
        total = Money.taka(orders[choice_in(asked, "type", ("KHATIAN", "MAP"))])
        post = choice_in(asked, "delivery", ("COUNTER", "POST")) == "POST"
        return total + Money.taka(orders["POST"]) if post else total

    def check(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Refuse what is wrong with an order; how it is delivered."""
        text_in(content, "khatianNo" if choice_in(content, "type", ("KHATIAN", "MAP")) == "KHATIAN" else "sheetNo")
        delivery = choice_in(content, "delivery", ("COUNTER", "POST"))
        if delivery == "POST":
            text_in(content, "address")
        return frozenset({delivery})

    def due(self, case: Case[File], stage: str, paid_at: datetime) -> Money:  # noqa: ARG002 - the same every day
        """What the order costs."""
        return self.price(case.details.content)


class TaxCounter(Counter):
    """Receipts for the tax. What is due is the demand of the day on which it was paid."""

    papers: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "RECEIPT": ("land-tax-receipt",),
        "WAIVER_RECEIPT": ("waiver-receipt",),
    }

    def __init__(self, book: ApplicationBook[File], clock: SimulatedClock) -> None:
        super().__init__(book, clock)
        self.holdings = HoldingRegister()

    async def demand(self, request: Request) -> Response:
        """What a holding owes today."""
        today = self._today()
        holding = read_holding(await content_of(request), today)
        return JSONResponse(self.holdings.demand(holding, today).as_document())

    def check(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Refuse what is wrong with it; whether the land is exempt."""
        return frozenset({"EXEMPT"} if read_holding(content, self._today()).exempt else ())

    def filed(self, case: Case[File]) -> None:
        """Where nothing is owed nothing is waited for."""
        if not self.holdings.demand(self._holding(case), self._today()).total.poisha:
            self.book.act(case, "pay")

    def due(self, case: Case[File], stage: str, paid_at: datetime) -> Money:  # noqa: ARG002 - it has one
        """The demand of the day of payment."""
        return self.holdings.demand(self._holding(case), dhaka_date(paid_at)).total

    def taken(self, case: Case[File], paid_at: datetime) -> None:
        """Note the years as paid."""
        self.holdings.settle(self.holdings.demand(self._holding(case), dhaka_date(paid_at)))

    def _holding(self, case: Case[File]) -> Holding:
        return read_holding(case.details.content, self._today())

    def _today(self) -> date:
        return dhaka_date(self.clock.now())


class RegistrationCounter(Counter):
    """Land registered for the tax: under the number that its owner knows, or under a new one."""

    stages: ClassVar[Mapping[str, str]] = {}

    def __init__(self, book: ApplicationBook[File], clock: SimulatedClock) -> None:
        super().__init__(book, clock)
        self._numbers: Tally[str] = Tally()

    def check(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Refuse what is wrong with it."""
        if not re.fullmatch("[0-9]{10}|[0-9]{17}", text_in(content, "nid")):
            raise Refusal(400, "nid", "10 or 17 digits are expected")
        day_in(content, "dob", DAY)
        choice_in(content, "survey", SURVEYS)
        for name in ("mobile", "khatianNo"):
            text_in(content, name)
        check_plots(content)
        return frozenset()

    def filed(self, case: Case[File]) -> None:
        """Lay the number down that it will have; each office counts its own."""
        details = case.details
        self._numbers[details.office] += 1
        known = text_in(details.content, "holdingNo", required=False)
        details.holding_number = known or str(self._numbers[details.office])

    def standing(self, case: Case[File]) -> dict[str, JsonValue]:
        """With the number, once it is registered."""
        number = case.details.holding_number if case.state == "REGISTERED" else None
        return {**super().standing(case), "holdingNo": number}
