"""The simulated Bangladesh Road Transport Authority."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from pydantic import JsonValue
from starlette.routing import Route

from nagorik import InputRejected
from nagorik_brta.simulator.examples import example
from nagorik_brta.simulator.licences import LicenceRegister
from nagorik_brta.simulator.portal import INSPECTION, PREFIX, TEST, CaseDetails, Portal
from nagorik_brta.simulator.register import TestRegister
from nagorik_testing import (
    AgencyCondition,
    ApplicationBook,
    ClosedOutside,
    ErrorAnswer,
    ExampleApplication,
    Simulator,
    SlotBoard,
    SyntheticCitizen,
    SyntheticCitizens,
    VerdictAnswer,
    Workflow,
    routes_of,
)

WORKFLOW: Final = Workflow.read(files("nagorik_brta.simulator") / "workflow.toml")
SLOT_TIMES: Final = ("09:00", "11:00", "14:00")
PLACES_IN_A_SLOT: Final = 2


class BrtaSimulator(Simulator):
    """A model of the Service Portal, its test ground and its inspection yard; closed at night.

    Attributes:
        book: The applications; ``replication`` is the delay of its search.
        board: The appointments, at ``TEST`` and at ``INSPECTION``.
    """

    plugin_id: ClassVar[str] = "brta"
    modelled: ClassVar[str] = (
        "বিএসপি পোর্টালের ইন্টারফেস, শব্দ, সময় ও লাইসেন্স যাচাই কল্পিত। "
        "যেসব ফি প্রকাশিত নেই, তা-ও কল্পিত। সেগুলো ফিটনেস, পেশাদার লাইসেন্স, প্রতিলিপি ও অন্য গাড়ির ফি। "
        "আরও আছে ৯০ কেজির মোটরসাইকেল ও একবারে দশ বছরের টোকেন, আর ১২৫ সিসি ছাড়া মালিকানা বদলি। "
        "পোর্টালের সময়সূচি, ধাপ ও অন্য ফি প্রকাশিত। / "
        "The portal's interface, words and times and the licence check are invented. "
        "So are the fees that nobody publishes. They are those of fitness, professional licences, duplicates and "
        "vehicles other than motorcycles. "
        "Of motorcycles they are the token for 90 kg or ten years at once, and transfers but for 125 cc. "
        "Its hours, its steps and the other fees are published."
    )
    outcomes: ClassVar[tuple[str, ...]] = WORKFLOW.outcomes
    turning_days: ClassVar[Mapping[str, Literal["first", "last"]]] = MappingProxyType({"expiresOn": "last"})
    declared_conditions: ClassVar[tuple[AgencyCondition, ...]] = (ClosedOutside(open="08:00", close="22:00"),)

    book: ApplicationBook[CaseDetails]
    board: SlotBoard

    def open_office(self) -> None:
        """Begin with nothing filed and every appointment free."""
        self.book = ApplicationBook(self, WORKFLOW, numbers="BSP-##########", field="applicationNo")
        self.board = SlotBoard(self, offices=(TEST, INSPECTION), times=SLOT_TIMES, capacity=PLACES_IN_A_SLOT)
        self._portal = Portal(self, self.book, self.board)
        citizens = SyntheticCitizens(self.seed)
        self._register = TestRegister(self.book, citizens)
        self._licences = LicenceRegister(self, citizens)

    def routes(self) -> Sequence[Route]:
        """The portal's interface; it wants no login, since partners are told apart by address. Modelled."""
        portal, one = self._portal, "/applications/{number}"
        handlers = {
            "GET /fees/quote": portal.quote,
            "POST /applications": portal.file,
            "GET /applications": portal.search,
            f"GET {one}": portal.status,
            f"POST {one}/payments": portal.pay,
            f"GET {one}/slots": portal.slots,
            f"POST {one}/slots": portal.book,
            f"GET {one}/documents/{{word}}": portal.document_address,
            "GET /documents/{ticket}": portal.document,
            "POST /test-results": self._register.look_up,
            "POST /licences/check": self._licences.check,
            "GET /notice": portal.notice,
        }
        return routes_of(handlers, prefix=PREFIX, envelope=lambda refusal: {"error": refusal.error})

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the portal is."""
        return {"base_url": base_url}

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """One of each service's applications."""
        return example(service, citizen)

    def verdict_answers(self, service: str) -> Sequence[VerdictAnswer]:
        """Whether the test under a learner's licence was passed, which a smart card asks for."""
        if service != "brta.smart-card":
            return ()
        means = {"PASSED": True, "FAILED": False, "NOT_YET": False, "NOT_FOUND": None}
        return [VerdictAnswer(name=word, document={"result": word}, means=meant) for word, meant in means.items()]

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """A field that the portal does not accept."""
        refused: JsonValue = {"error": {"field": "mobile", "message": "is not in use"}}
        return (ErrorAnswer(name="a field is refused", status=400, document=refused, means=InputRejected),)
