"""The counters of the land offices: filing, searching, standing, paying and fetching, the same at each. Modelled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, dhaka_time
from nagorik_land.simulator.holdings import propagation
from nagorik_testing import (
    ApplicationBook,
    Case,
    Refusal,
    RouteHandler,
    SimulatedClock,
    amount_in,
    content_of,
    instant_in,
    specimen_pdf,
    text_in,
)


@dataclass(slots=True)
class File:
    """What an office keeps of an application."""

    office: str
    content: Mapping[str, Any]
    case_number: str | None = None
    holding_number: str | None = None


class Counter:
    """One kind of application at the offices that take it."""

    stages: ClassVar[Mapping[str, str]] = {"1": "pay"}
    """The action that each payment is."""
    papers: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What has been issued, by state."""

    def __init__(self, book: ApplicationBook[File], clock: SimulatedClock) -> None:
        self.book = book
        self.clock = clock

    def handlers(self, collection: str) -> dict[str, RouteHandler]:
        """By method and path."""
        return {
            f"POST /{collection}": self.file,
            f"GET /{collection}": self.search,
            f"GET /{collection}/{{id}}": self.show,
            f"POST /{collection}/{{id}}/fee/{{stage}}": self.pay,
            f"GET /{collection}/{{id}}/papers/{{kind}}": self.paper,
        }

    def check(self, content: Mapping[str, Any]) -> frozenset[str]:
        """Refuse what is wrong with an application; its traits."""
        raise NotImplementedError

    def due(self, case: Case[File], stage: str, paid_at: datetime) -> Money:
        """What is to be paid at a stage, by the day on which it was paid."""
        raise NotImplementedError

    def taken(self, case: Case[File], paid_at: datetime) -> None:
        """A payment has been told of."""

    def hearing(self, case: Case[File]) -> datetime | None:  # noqa: ARG002 - for the mutation
        """When the applicant is heard."""
        return None

    async def file(self, request: Request) -> Response:
        """File an application, once for each time that it is asked."""
        content = await content_of(request)
        office = f"{text_in(content, 'upazila')}, {text_in(content, 'district')}"
        for name in ("mouza", "jlNo", "applicant"):
            text_in(content, name)
        reference = text_in(content, "clientReference", required=False) or None
        case = self.book.file(
            File(office, content),
            client_reference=reference,
            idempotency_key=request.headers.get("idempotency-key"),
            traits=self.check(content),
            content=content,
        )
        self.filed(case)
        return JSONResponse(self.standing(case), status_code=201)

    def filed(self, case: Case[File]) -> None:
        """An application has been filed."""

    async def search(self, request: Request) -> Response:
        """Find applications by client reference."""
        found, complete = self.book.search(text_in(dict(request.query_params), "clientReference"))
        return JSONResponse({"items": [self.standing(case) for case in found], "complete": complete})

    async def show(self, request: Request) -> Response:
        """How an application stands."""
        return JSONResponse(self.standing(self.book.get(request.path_params["id"])))

    async def pay(self, request: Request) -> Response:
        """Be told of a payment."""
        case = self.book.get(request.path_params["id"])
        stage, content = request.path_params["stage"], await content_of(request)
        action = self.stages.get(stage)
        if action is None:
            raise Refusal(404, "stage", "no such payment")
        reference, paid_at = text_in(content, "reference"), instant_in(content, "paidAt")
        known = next((payment for payment in case.payments if payment.reference == reference), None)
        if known is None and not self.book.allows(case, action):
            raise Refusal(409, "status", "nothing is due")
        if known is None:
            arrives = max(paid_at + propagation(), self.clock.now())
            due = self.due(case, stage, paid_at)
            self.book.pay(case, reference, amount_in(content), due=due, arrives_at=arrives)
            self.taken(case, paid_at)
            self.book.act(case, action, due=arrives)
            known = case.payments[-1]
        arrived = known.arrives_at <= self.clock.now()
        return JSONResponse({"reference": reference, "status": "TAKEN" if arrived else "PENDING"})

    async def paper(self, request: Request) -> Response:
        """A paper as PDF, once it has been issued."""
        case = self.book.get(request.path_params["id"])
        if request.path_params["kind"] not in self.papers.get(case.state, ()):
            raise Refusal(409, "status", "nothing of the kind has been issued")
        return Response(specimen_pdf("land office"), media_type="application/pdf")

    def standing(self, case: Case[File]) -> dict[str, JsonValue]:
        """How an application stands, as the interface tells it."""
        hearing = self.hearing(case)
        return {
            "applicationId": case.number,
            "clientReference": case.client_reference,
            "office": case.details.office,
            "caseNo": case.details.case_number,
            "status": case.word,
            "remarks": case.remarks,
            "hearing": _minute(hearing) if hearing else None,
            "updatedAt": _minute(case.changed_at),
            "sequence": len(case.history) - 1,
            "papers": [
                {"kind": kind, "number": f"{kind.upper()}-{case.number[4:]}"}
                for kind in self.papers.get(case.state, ())
            ],
        }


def fee_handler(price: Callable[[Mapping[str, Any]], Money]) -> RouteHandler:
    """Answers what something costs."""

    async def fee(request: Request) -> Response:
        return JSONResponse({"total": price(dict(request.query_params)).plain()})

    return fee


def _minute(instant: datetime) -> str:
    return f"{dhaka_time(instant):%d/%m/%Y %H:%M}"
