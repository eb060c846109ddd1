"""The interface for applications, and what may be done with one: modelled, not the Commission's own."""

from dataclasses import dataclass
from typing import Final, cast

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import dhaka_time
from nagorik_nid.simulator.envelope import trimmed_content_of
from nagorik_nid.simulator.fee_counter import CHARGED, AssessedFee, FeeCounter
from nagorik_nid.simulator.filing import DELIVERIES, TYPES, Filing, read_filing, read_number, read_paid_at
from nagorik_nid.simulator.register import VoterRegister
from nagorik_testing import (
    ApplicationBook,
    Case,
    Refusal,
    RouteHandler,
    Simulator,
    Workflow,
    amount_in,
    choice_in,
    specimen_pdf,
    text_in,
)

PREFIX: Final = "/sim/nid/v1"

_ONE: Final = "/applications/{id}"


@dataclass(frozen=True, slots=True)
class CaseDetails:
    """What the Commission notes beside an application's workflow."""

    filing: Filing
    holder: str
    """Who holds the NID number; empty for a new voter."""
    quote: AssessedFee


class ApplicationService:
    """The handlers; a token has been checked before them.

    Attributes:
        book: The applications; ``replication`` is the delay of its search.
        propagation: From paying to the payment's arrival at the Commission.
    """

    def __init__(self, agency: Simulator, workflow: Workflow, fees: FeeCounter, register: VoterRegister) -> None:
        self.book: ApplicationBook[CaseDetails] = ApplicationBook(agency, workflow, numbers="NIDW-##########")
        self.propagation = workflow.length("propagation")
        self._clock = agency.clock
        self._fees = fees
        self._register = register

    def handlers(self) -> dict[str, RouteHandler]:
        """By method and path."""
        return {
            "POST /fee-quote": self.fee_quote,
            "POST /applications": self.file,
            "GET /applications": self.search,
            f"GET {_ONE}": self.status,
            f"POST {_ONE}/payment-reference": self.payment_reference,
            f"POST {_ONE}/additional-documents": self.additional_documents,
            f"POST {_ONE}/withdraw": self.withdraw,
            f"GET {_ONE}/deliverable": self.deliverable,
        }

    async def fee_quote(self, request: Request) -> Response:
        """What an application would cost."""
        asked = await trimmed_content_of(request)
        kind = choice_in(asked, "type", TYPES)
        delivery = choice_in(asked, "delivery", DELIVERIES, default="REGULAR")
        number = read_number(asked, kind)
        holder = self._register.holder(number) if number else ""
        quote = self._fees.quote(holder, kind, delivery, str(asked.get("fields") or "").split(","))
        return JSONResponse(
            {
                "attempt": quote.attempt,
                "itemCode": quote.item,
                "amount": quote.amount.plain(),
                "vat": quote.vat.plain(),
                "total": quote.total.plain(),
                "ladder": quote.ladder,
            }
        )

    async def file(self, request: Request) -> Response:
        """File an application, once for each time that it is asked."""
        content = await trimmed_content_of(request)
        filing = read_filing(content, self._clock.now())
        voter = self._register.find(filing.nid) if filing.nid else None
        if voter is not None and voter.citizen.birth_date != filing.birth_date:
            raise Refusal(400, "dob", "does not match the NID number")
        holder = self._register.holder(filing.nid) if filing.nid else ""
        quote = self._fees.charge(holder, filing.kind, filing.delivery, filing.fields)
        free = () if quote.total.poisha else ("FREE",)
        case = self.book.file(
            CaseDetails(filing, holder, quote),
            client_reference=filing.client_reference,
            idempotency_key=request.headers.get("idempotency-key"),
            alias=voter.citizen.alias if voter else None,
            traits=(filing.delivery, filing.collection, *free),
            content=cast("JsonValue", content),
        )
        told = {"applicationId": case.number, "status": case.state, "clientReference": case.client_reference}
        return JSONResponse(told, status_code=201)

    async def search(self, request: Request) -> Response:
        """Find applications by client reference."""
        found, complete = self.book.search(text_in(dict(request.query_params), "clientReference"))
        items = [
            {
                "applicationId": case.number,
                "status": case.state,
                "clientReference": case.client_reference,
                "createdAt": case.filed_at.isoformat(),
            }
            for case in found
        ]
        return JSONResponse({"items": items, "complete": complete})

    async def status(self, request: Request) -> Response:
        """How an application stands."""
        return JSONResponse(self._standing(self._of(request)))

    async def payment_reference(self, request: Request) -> Response:
        """Be told of a payment; the same reference again changes nothing."""
        case = self.book.get(request.path_params["id"])
        content = await trimmed_content_of(request)
        reference, amount = text_in(content, "reference"), amount_in(content)
        arrives_at = read_paid_at(content, self._clock.now()) + self.propagation
        if not any(payment.reference == reference for payment in case.payments):
            if case.payments:
                raise Refusal(409, "reference", "the application is paid for")
            if case.details.filing.kind not in CHARGED:
                raise Refusal(409, "amount", "nothing is due")
            if not self.book.allows(case, "pay"):
                raise Refusal(409, "status", "the application is closed")
            self.book.pay(case, reference, amount, due=case.details.quote.total, arrives_at=arrives_at)
            self._fees.remember(case.details.holder, case.details.filing.kind)
            self.book.act(case, "pay", due=arrives_at)
        arrived = case.payments[0].arrives_at <= self._clock.now()
        told = {"applicationId": case.number, "status": "PAID" if arrived else "PENDING", "reference": reference}
        return JSONResponse(told)

    async def additional_documents(self, request: Request) -> Response:
        """Take what the Commission asked for; the answer taken last, sent again, changes nothing."""
        case = self.book.get(request.path_params["id"])
        content = await trimmed_content_of(request)
        if self.book.allows(case, "answer") and not any(content.get(part) for part in ("documents", "changes")):
            raise Refusal(400, "documents", "documents or changes are expected")
        return JSONResponse(self._standing(self.book.hand_in(case, "answer", cast("JsonValue", content))))

    async def withdraw(self, request: Request) -> Response:
        """Give an application back, unless the Commission has decided."""
        case = self.book.get(request.path_params["id"])
        if self.book.allows(case, "withdraw"):
            self.book.act(case, "withdraw")
        return JSONResponse(self._standing(case) | {"withdrawn": case.state == "WITHDRAWN"})

    async def deliverable(self, request: Request) -> Response:
        """The card as PDF, once it is ready."""
        if self._of(request).state != "READY_TO_DOWNLOAD":
            raise Refusal(409, "status", "nothing to download")
        return Response(specimen_pdf("Card of nobody"), media_type="application/pdf")

    def _of(self, request: Request) -> Case[CaseDetails]:
        """An application, for whoever knows the date of birth; which of the two is wrong is not told."""
        birth_date = request.query_params.get("dob", "")
        if not birth_date:
            raise Refusal(400, "dob", "YYYY-MM-DD is expected")
        case = self.book.get(request.path_params["id"])
        if case.details.filing.birth_date.isoformat() != birth_date:
            raise Refusal(404, "applicationId", "no such application")
        return case

    def _standing(self, case: Case[CaseDetails]) -> dict[str, JsonValue]:
        arrived = case.payments and case.payments[0].arrives_at <= self._clock.now()
        return {
            "applicationId": case.number,
            "status": case.state,
            "statusBn": case.word,
            "updatedAt": f"{dhaka_time(case.changed_at):%d/%m/%Y %H:%M}",
            "remarks": case.remarks,
            "paymentStatus": "NONE" if not case.payments else "CONFIRMED" if arrived else "PENDING",
            "sequence": len(case.history) - 1,
        }
