"""BMET's three counters: filing, searching, standing, paying and fetching, the same at each. Modelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nagorik import Money, dhaka_date, dhaka_time
from nagorik_bmet.simulator.figures import figures
from nagorik_testing import (
    ApplicationBook,
    Case,
    Refusal,
    RouteHandler,
    SimulatedClock,
    SlotBoard,
    amount_in,
    choice_in,
    content_of,
    day_in,
    rows_in,
    specimen_pdf,
    text_in,
)

MINUTE: Final = "%d/%m/%Y %H:%M"
COURSE: Final = timedelta(days=2, hours=7)
"""From nine on the first day to four on the third."""
PAPERS: Final = frozenset({"VISA", "CONTRACT", "PDO_CERTIFICATE", "BANK_ACCOUNT", "MEDICAL_REPORT"})


@dataclass(slots=True, repr=False)
class CaseDetails:
    """What BMET keeps of an application."""

    fee: Money
    born: date
    passport: str | None = None
    """Its number, of an application that names it."""
    centre: str | None = None
    """Of a booking."""
    turned_away: bool = False
    """Whether a batch has filled up before this applicant."""


Application = Case[CaseDetails]


class Counter:
    """One kind of application. Nothing is deduplicated: whoever files twice has filed two."""

    service: ClassVar[str]
    issued: ClassVar[str]
    """The state in which there is a document."""
    prefix: ClassVar[str]
    """What the document's number begins with."""

    def __init__(self, book: ApplicationBook[CaseDetails], clock: SimulatedClock) -> None:
        self.book = book
        self.clock = clock

    def handlers(self, collection: str) -> dict[str, RouteHandler]:
        """By method and path."""
        one = f"/{collection}/{{reference}}"
        return {
            f"POST /{collection}": self.file,
            f"GET /{collection}": self.search,
            f"GET {one}": self.show,
            f"POST {one}/payments": self.pay,
            f"GET {one}/document": self.document,
        }

    @property
    def today(self) -> date:
        """In Dhaka."""
        return dhaka_date(self.clock.now())

    def check(self, content: Mapping[str, Any]) -> str | None:
        """Refuse what is wrong with an application; the centre that it names, if it names one."""
        raise NotImplementedError

    async def file(self, request: Request) -> Response:
        """File an application, once for each time that it is asked."""
        content = await content_of(request)
        born = day_in(content, "dob")
        if born > self.today:
            raise Refusal(422, "dob", "lies in the future")
        centre, new = self.check(content), content.get("card") != "CORRECTION"
        fee = figures().price(self.service, self.today, new=new)
        passport = text_in(content, "passportNo", required=False) or None
        case = self.book.file(
            CaseDetails(fee, born, passport, centre),
            client_reference=text_in(content, "clientReference"),
            idempotency_key=request.headers.get("idempotency-key"),
            traits=["FEE"] if fee.poisha else [],
            content=content,
        )
        return JSONResponse(self.standing(self.book.get(case.number)), status_code=201)

    async def search(self, request: Request) -> Response:
        """Find applications by client reference."""
        found, complete = self.book.search(text_in(dict(request.query_params), "clientReference"))
        return JSONResponse({"items": [self.standing(case) for case in found], "complete": complete})

    async def show(self, request: Request) -> Response:
        """How an application stands."""
        return JSONResponse(self.standing(self.case(request)))

    async def pay(self, request: Request) -> Response:
        """Be told of a payment, which arrives at once; the same again changes nothing."""
        case, content = self.case(request), await content_of(request)
        reference, amount = text_in(content, "reference"), amount_in(content)
        day_in(content, "paidOn")
        known = any(payment.reference == reference for payment in case.payments)
        if not known and not self.book.allows(case, "pay"):
            raise Refusal(409, "status", "nothing is due")
        if self.book.pay(case, reference, amount, due=case.details.fee, arrives_at=self.clock.now()):
            self.book.act(case, "pay")
        return JSONResponse({"confirmed": True})

    async def document(self, request: Request) -> Response:
        """Card or certificate as PDF, once it has been issued."""
        case = self.case(request)
        if case.state != self.issued:
            raise Refusal(409, "status", "nothing has been issued")
        return Response(specimen_pdf("BMET", self.number(case) or ""), media_type="application/pdf")

    def case(self, request: Request) -> Application:
        """Which the path names."""
        return self.book.get(request.path_params["reference"])

    def standing(self, case: Application) -> dict[str, JsonValue]:
        """How an application stands, as the interface tells it."""
        return {
            "reference": case.number,
            "status": case.word,
            "updatedAt": f"{dhaka_time(case.changed_at):%Y-%m-%d %H:%M:%S}",
            "remarks": case.remarks or None,
            "sequence": len(case.history) - 1,
            "number": self.number(case),
        }

    def number(self, case: Application) -> str | None:
        """The number of what has been issued; ``None`` before that."""
        return f"{self.prefix}{case.number[4:]}" if case.state == self.issued else None


class Registrations(Counter):
    """Workers who want to go abroad."""

    service = "REGISTRATION"
    issued = "REGISTERED"
    prefix = "BM"

    def check(self, content: Mapping[str, Any]) -> str | None:
        """Passport, mobile, occupation and at least one country."""
        for name in ("passportNo", "mobile", "occupation"):
            text_in(content, name)
        countries = content.get("countries")
        if not isinstance(countries, list) or not countries:
            raise Refusal(422, "countries", "at least one is expected")
        return None


class Orientations(Counter):
    """Seats in the batches of the training centres."""

    service = "ORIENTATION"
    issued = "COMPLETED"
    prefix = "PDO"

    def __init__(self, book: ApplicationBook[CaseDetails], clock: SimulatedClock, board: SlotBoard) -> None:
        super().__init__(book, clock)
        self._board = board

    def handlers(self, collection: str) -> dict[str, RouteHandler]:
        """With the batches."""
        one = f"/{collection}/{{reference}}"
        return {
            **super().handlers(collection),
            f"GET {one}/batches": self.batches,
            f"POST {one}/seat": self.take_seat,
        }

    def check(self, content: Mapping[str, Any]) -> str | None:
        """Registered, at a centre that there is."""
        text_in(content, "bmetNo")
        day_in(content, "registeredOn")
        return choice_in(content, "ttcCode", tuple(figures().centres))

    async def batches(self, request: Request) -> Response:
        """``GET …/batches?from&to``: all that are given out, those that are full with no seat."""
        case, asked = self.case(request), dict(request.query_params)
        first, last = day_in(asked, "from"), day_in(asked, "to")
        code = case.details.centre or ""
        centre = figures().centres[code]
        items: list[JsonValue] = [
            {
                "id": batch.written,
                "begins": _minute(batch.begins),
                "ends": _minute(batch.begins + COURSE),
                "seats": batch.free,
            }
            for batch in self._board.given_out(code)
            if first <= dhaka_date(batch.begins) <= last
        ]
        return JSONResponse({"centre": centre.en, "centreBn": centre.bn, "items": items})

    async def take_seat(self, request: Request) -> Response:
        """``POST …/seat``: a batch that has filled up is an answer."""
        case = self.case(request)
        written = text_in(await content_of(request), "batch")
        if not self.book.allows(case, "book"):
            raise Refusal(409, "status", "no seat can be taken now")
        code = case.details.centre or ""
        if case.scenario().outcome == "full" and not case.details.turned_away:
            case.details.turned_away = True
            wanted = [batch for batch in self._board.free(code) if batch.written == written]
            for batch in wanted:
                self._board.fill(code, dhaka_date(batch.begins))
        held = self._board.held(case.number)
        try:
            batch = self._board.take(code, written, case.number, client_reference=case.client_reference)
        except Refusal as gone:
            if gone.status != 409:  # noqa: PLR2004 - the board's word for full
                raise
            return JSONResponse({"booked": False})
        if held is None or held.begins != batch.begins or case.state != "BOOKED":
            self.book.act(case, "book")
        if case.due is not None:
            case.due = (case.due[0], batch.begins + COURSE)
        return JSONResponse({"booked": True, "seatNo": f"SEAT-{case.number[4:]}"})


class Clearances(Counter):
    """Clearances and corrections of cards."""

    service = "CLEARANCE"
    issued = "ISSUED"
    prefix = "EC"

    def handlers(self, collection: str) -> dict[str, RouteHandler]:
        """With the answer to a query."""
        return {**super().handlers(collection), f"POST /{collection}/{{reference}}/answer": self.answer}

    def check(self, content: Mapping[str, Any]) -> str | None:
        """All five papers, unless a card is corrected."""
        for name in ("bmetNo", "passportNo", "occupation", "country", "employer"):
            text_in(content, name)
        day_in(content, "registeredOn")
        rows_in(content, "documents", "kind", "sha256")
        if choice_in(content, "card", ("NEW", "CORRECTION")) == "CORRECTION":
            text_in(content, "correction")
        elif not set(content.get("papers") or []) >= PAPERS:
            raise Refusal(422, "papers", "all five are expected")
        return None

    async def answer(self, request: Request) -> Response:
        """The answer to a query; the same again changes nothing."""
        case, content = self.case(request), await content_of(request)
        self.check(content)
        return JSONResponse(self.standing(self.book.hand_in(case, "answer", content)))


def _minute(instant: datetime) -> str:
    return f"{dhaka_time(instant):{MINUTE}}"
