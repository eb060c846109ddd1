"""The simulated Department of Immigration and Passports."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import InputRejected
from nagorik_passport.simulator.cases import WORKFLOW, CaseDetails
from nagorik_passport.simulator.examples import example
from nagorik_passport.simulator.figures import figures
from nagorik_passport.simulator.register import PassportRegister
from nagorik_passport.simulator.registrations import Registrations
from nagorik_testing import (
    ApplicationBook,
    ErrorAnswer,
    ExampleApplication,
    Simulator,
    SlotBoard,
    SyntheticCitizen,
    SyntheticCitizens,
    routes_of,
)

PREFIX: Final = "/sim/epassport/api/v1"
SLOT_TIMES: Final = ("09:30", "10:00", "10:30", "11:00", "11:30", "12:00")
PLACES: Final = 2


class PassportSimulator(Simulator):
    """A model of the portal, its offices and its register of passports.

    Attributes:
        book: The applications; ``replication`` is the delay of its search.
        board: The appointments of the busy offices.
    """

    plugin_id: ClassVar[str] = "passport"
    modelled: ClassVar[str] = (
        "ই-পাসপোর্ট পোর্টালের ইন্টারফেস, সময়, পাসপোর্ট যাচাই ও সময় পরিবর্তন কল্পিত। ফি, বয়সের নিয়ম ও অবস্থার শব্দগুলো প্রকাশিত। / "
        "The portal's interface, times, verification and change of an appointment are invented. "
        "Fees, ages and status texts are published."
    )
    outcomes: ClassVar[tuple[str, ...]] = WORKFLOW.outcomes
    turning_days: ClassVar[Mapping[str, Literal["first", "last"]]] = MappingProxyType({"expiresOn": "last"})
    untold: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "passport.status: sequence": "puts reports in their order, and a look-up brings one",
            "passport.status: appointmentNo": "its day, hour and place are told; another service changes it",
        }
    )

    book: ApplicationBook[CaseDetails]
    board: SlotBoard

    def open_office(self) -> None:
        """Begin with nothing filed and every appointment free."""
        citizens = SyntheticCitizens(self.seed)
        self.book = ApplicationBook(self, WORKFLOW, numbers="OID##########")
        self.board = SlotBoard(self, offices=tuple(figures().offices), times=SLOT_TIMES, capacity=PLACES)
        self._registrations = Registrations(self, self.book, self.board, citizens)
        self._register = PassportRegister(self, citizens)

    def routes(self) -> Sequence[Route]:
        """The portal's interface; it wants no login, since partners are told apart by address. Modelled."""
        desk, one = self._registrations, "/registrations/{oid}"
        handlers = {
            "POST /registrations": desk.file,
            "GET /registrations": desk.search,
            "GET /application-status": desk.status,
            "POST /application-status": desk.look_up,
            "GET /appointments/{number}": desk.appointment,
            "POST /appointments/{number}": desk.book,
            "GET /appointments/{number}/slots": desk.slots,
            f"POST {one}/payments": desk.pay,
            f"GET {one}/appointments": desk.slots,
            f"POST {one}/appointments": desk.book,
            f"POST {one}/rework": desk.rework,
            f"GET {one}/delivery-slip": desk.slip,
            "POST /passports/verification": self._register.verify,
            "GET /fees": _fees,
        }
        return routes_of(handlers, prefix=PREFIX, envelope=lambda refusal: {"error": refusal.error})

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the portal is."""
        return {"base_url": base_url}

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications."""
        return example(service, citizen)

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """A field that the portal does not accept."""
        refused: JsonValue = {"error": {"field": "surname", "message": "is not readable"}}
        return (ErrorAnswer(name="a field is refused", status=422, document=refused, means=InputRejected),)


async def _fees(_request: Request) -> Response:
    """``GET /fees``: the page of fees, as far as anybody reads it."""
    return JSONResponse(
        {"lastUpdated": "01/07/2025", "fees": {key: list(row) for key, row in figures().fees.items()}}
    )
