"""The interface for applications: modelled [X], not the Commission's own."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik_nid.simulator.application_book import ApplicationBook
from nagorik_nid.simulator.course import Payment
from nagorik_nid.simulator.envelope import Refusal, content_of, text_in
from nagorik_nid.simulator.fee_counter import FeeCounter
from nagorik_nid.simulator.filing import (
    DELIVERIES,
    TYPES,
    one_of,
    read_amount,
    read_filing,
    read_number,
    read_paid_at,
)
from nagorik_nid.simulator.register import VoterRegister
from nagorik_testing import SimulatedClock

PREFIX: Final = "/sim/nid/v1"

_SPECIMEN: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 243 153]>>endobj\n% SPECIMEN: nobody's card\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


class ApplicationService:
    """The handlers; a token has been checked before them."""

    def __init__(
        self, book: ApplicationBook, fees: FeeCounter, register: VoterRegister, clock: SimulatedClock
    ) -> None:
        self._book = book
        self._fees = fees
        self._register = register
        self._clock = clock

    async def fee_quote(self, request: Request) -> Response:
        """What an application would cost."""
        asked = dict(request.query_params)
        kind = one_of(asked, "type", TYPES)
        delivery = one_of(asked, "delivery", DELIVERIES, default="REGULAR")
        number = read_number(asked, kind)
        holder = self._register.holder(number) if number else ""
        quote = self._fees.quote(holder, kind, delivery, asked.get("fields", "").split(","))
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
        content = await content_of(request)
        filing = read_filing(content, self._clock.now())
        filed = self._book.file(filing, content, key=request.headers.get("idempotency-key"))
        return JSONResponse(
            {"applicationId": filed.id, "status": filed.status, "clientReference": filed.client_reference},
            status_code=201,
        )

    async def search(self, request: Request) -> Response:
        """Find applications by client reference."""
        reference = text_in(dict(request.query_params), "clientReference")
        found, complete = self._book.search(reference)
        items = [
            {
                "applicationId": one.id,
                "status": one.status,
                "clientReference": one.client_reference,
                "createdAt": one.created_at.isoformat(),
            }
            for one in found
        ]
        return JSONResponse({"items": items, "complete": complete})

    async def status(self, request: Request) -> Response:
        """How an application stands."""
        application = self._book.of(request.path_params["id"], request.query_params.get("dob", ""))
        return JSONResponse(self._book.standing(application))

    async def payment_reference(self, request: Request) -> Response:
        """Be told of a payment."""
        application = self._book.get(request.path_params["id"])
        content = await content_of(request)
        reference = text_in(content, "reference")
        amount, paid_at = read_amount(content), read_paid_at(content, self._clock.now())
        payment = Payment(reference, paid_at + self._book.propagation)
        arrived = self._book.pay(application, reference, amount, payment)
        return JSONResponse(
            {
                "applicationId": application.id,
                "status": "PAID" if arrived else "PENDING",
                "reference": reference,
            }
        )

    async def additional_documents(self, request: Request) -> Response:
        """Take what the Commission asked for."""
        application = self._book.get(request.path_params["id"])
        self._book.answer(application, await content_of(request))
        return JSONResponse(self._book.standing(application))

    async def withdraw(self, request: Request) -> Response:
        """Give an application back."""
        application = self._book.get(request.path_params["id"])
        withdrawn = self._book.withdraw(application)
        return JSONResponse(self._book.standing(application) | {"withdrawn": withdrawn})

    async def artefact(self, request: Request) -> Response:
        """The card as PDF, once it is ready."""
        application = self._book.of(request.path_params["id"], request.query_params.get("dob", ""))
        if application.status != "READY_TO_DOWNLOAD":
            raise Refusal(409, "status", "nothing to download")
        return Response(_SPECIMEN, media_type="application/pdf")
