"""The simulated Bureau of Manpower, Employment and Training."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import ContractViolation, InputRejected, dhaka_date
from nagorik_bmet.simulator.counters import CaseDetails, Clearances, Orientations, Registrations
from nagorik_bmet.simulator.examples import example
from nagorik_bmet.simulator.figures import figures
from nagorik_bmet.simulator.register import CardRegister
from nagorik_testing import (
    ApplicationBook,
    ErrorAnswer,
    ExampleApplication,
    Simulator,
    SlotBoard,
    SyntheticCitizen,
    Workflow,
    choice_in,
    routes_of,
)

PREFIX: Final = "/sim/bmet/v1"
WORKFLOWS: Final = {
    name: Workflow.read(files("nagorik_bmet.simulator") / f"{name}.toml")
    for name in ("registration", "orientation", "clearance")
}
SEATS: Final = 20
SUNDAYS: Final = frozenset({6})


class BmetSimulator(Simulator):
    """A model of BMET and of the training centres.

    Attributes:
        registrations: The first counter; ``registrations.book`` holds the applications.
        orientations: The second.
        clearances: The third.
        board: The batches of the orientation.
    """

    plugin_id: ClassVar[str] = "bmet"
    modelled: ClassVar[str] = (
        "বিএমইটির ইন্টারফেস, অবস্থা, সময়, ব্যাচ, কেন্দ্রের কোড ও কার্ড যাচাইয়ের উত্তর কল্পিত। "
        "বয়সের নিয়ম ও ছাড়পত্রের কাগজপত্র যাচাই করা হয়নি। ফি ও অন্য শর্ত সংবাদ ও সাধারণ ওয়েব পাতা থেকে। / "
        "BMET's interface, statuses, times, batches, codes of centres and look-ups are invented. "
        "Ages and the papers of a clearance are unverified. Fees and other conditions are from news and web pages."
    )
    outcomes: ClassVar[tuple[str, ...]] = ("issue", "full", "missed", "correction", "stall")
    turning_days: ClassVar[Mapping[str, Literal["first", "last"]]] = MappingProxyType({"validUntil": "last"})

    registrations: Registrations
    orientations: Orientations
    clearances: Clearances
    board: SlotBoard

    def open_office(self) -> None:
        """Begin with nothing filed and every seat free."""
        self.board = SlotBoard(
            self, offices=tuple(figures().centres), times=["09:00"], capacity=SEATS, weekdays=SUNDAYS, name="batches"
        )
        self.registrations = Registrations(self._book("registration", "REG-########"), self.clock)
        self.orientations = Orientations(self._book("orientation", "PDO-########"), self.clock, self.board)
        self.clearances = Clearances(self._book("clearance", "CLR-########"), self.clock)
        self._register = CardRegister(self, self.registrations, self.clearances)

    def routes(self) -> Sequence[Route]:
        """The interface; it wants no login, since partners are told apart by address. Modelled."""
        handlers = {
            **self.registrations.handlers("registrations"),
            **self.orientations.handlers("pdo-bookings"),
            **self.clearances.handlers("clearances"),
            "POST /verifications/cards": self._register.verify_card,
            "POST /verifications/clearances": self._register.verify_clearance,
            "GET /fees": self._fees,
            "GET /ttcs": _centres,
        }
        return routes_of(handlers, prefix=PREFIX, envelope=lambda refusal: {"error": refusal.error})

    def settings(self, base_url: str) -> dict[str, object]:
        """Where BMET is."""
        return {"base_url": base_url}

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications."""
        return example(service, citizen, dhaka_date(self.clock.now()))

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """A field that BMET does not accept, and an error that comes as a success."""
        refused: JsonValue = {"error": {"field": "dob", "message": "lies in the future"}}
        return (
            ErrorAnswer(name="a field is refused", status=422, document=refused, means=InputRejected),
            ErrorAnswer(name="an error with 200", status=200, document=refused, means=ContractViolation),
        )

    async def _fees(self, request: Request) -> Response:
        """``GET /fees?service&card``: what is asked for today."""
        asked = dict(request.query_params)
        service = choice_in(asked, "service", tuple(_SERVICES))
        new = asked.get("card") != "CORRECTION"
        return JSONResponse({"total": figures().price(service, dhaka_date(self.clock.now()), new=new).plain()})

    def _book(self, workflow: str, numbers: str) -> ApplicationBook[CaseDetails]:
        return ApplicationBook(self, WORKFLOWS[workflow], numbers=numbers, name=f"{workflow}s", field="reference")


_SERVICES: Final = ("REGISTRATION", "ORIENTATION", "CLEARANCE")


async def _centres(_request: Request) -> Response:
    """``GET /ttcs``: the codes of the training centres."""
    return JSONResponse({"items": list(figures().centres)})
