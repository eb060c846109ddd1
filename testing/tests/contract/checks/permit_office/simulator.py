"""The permit office itself, and offices that do what theirs should not."""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik import AgencyRejected, ContractViolation
from nagorik_testing import (
    Codec,
    DocumentResponse,
    ErrorAnswer,
    ExampleApplication,
    ExampleDocument,
    ExampleMessage,
    IdempotencyStore,
    JsonFormat,
    LoginLimit,
    MultipartFormat,
    Refusal,
    Simulator,
    SlotBoard,
    TokenEndpoint,
    content_of,
    routes_of,
    specimen_pdf,
    specimen_picture,
)

DESK: dict[str, Any] = {"desk": 4, "room": "4 B"}
"""In every answer, so that each has a number and a text with digits that faults can change."""


PASSWORD = "not-a-secret-of-anyone"
SLOTS_OF_A_PAGE = 8


@dataclass
class File:
    number: str
    client_reference: str | None
    since: datetime
    answered: bool = False
    withdrawn: bool = False
    paid: bool = False


@dataclass
class Slip:
    receipt: str
    asked: str
    opened: datetime
    taken: str | None = None
    refunds: int = 0
    ordered: datetime | None = None


class PermitOffice(Simulator):
    plugin_id = "permits"
    modelled = "সবই কল্পিত। / All of it is invented."
    outcomes = ("approve", "reject", "correction", "cancel", "other-amount")
    codec = Codec(JsonFormat(), requests=[MultipartFormat(), JsonFormat()])
    ignored_response_fields: ClassVar[dict[str, str]] = {"desk": "who sits at it is the office's own business"}

    def open_office(self) -> None:
        self.files: dict[str, File] = {}
        self.slips: dict[str, Slip] = {}
        self.replays = IdempotencyStore()
        self.board = SlotBoard(self, offices=("main",), times=("10:00", "14:30"), capacity=2, days_ahead=20)

    def routes(self) -> Any:
        return (
            Route("/permits", self.file, methods=["POST"]),
            Route("/permits", self.search, methods=["GET"]),
            Route("/permits/{id}", self.show, methods=["GET"]),
            Route("/permits/{id}/papers", self.papers, methods=["POST"]),
            Route("/permits/{id}/payment", self.pay, methods=["POST"]),
            Route("/permits/{id}/withdrawal", self.withdraw, methods=["POST"]),
            Route("/permits/{id}/paper", self.paper, methods=["GET"]),
            Route("/permits/{id}/slots", self.free_slots, methods=["GET"]),
            Route("/permits/{id}/slots", self.take_slot, methods=["POST"]),
            Route("/tariff", self.tariff, methods=["GET"]),
            Route("/ticket", self.ticket, methods=["GET"]),
            Route("/bills", self.open_bill, methods=["POST"]),
            Route("/bills/{id}", self.show_bill, methods=["GET"]),
            Route("/bills/{id}/refund", self.refund, methods=["POST"]),
        )

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url, "password": PASSWORD}

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        form = {
            "nid": citizen.full_nid.value,
            "name": "বড় বিতান",
            "mobile": citizen.phone.e164,
            "address": {"road": "নমুনা সড়ক"},
        }
        papers = (
            ExampleDocument("deed", "application/pdf", specimen_pdf("deed")),
            ExampleDocument("photo", "image/png", specimen_picture(citizen.alias)),
        )
        return ExampleApplication(applicant=citizen.applicant(), form=form, documents=papers)

    def error_answers(self) -> Any:
        return (
            ErrorAnswer(
                name="an office that is shut",
                status=400,
                document={"error": "the office is shut"},
                means=AgencyRejected,
            ),
            ErrorAnswer(name="an error with 200", status=200, document={"error": "unknown"}, means=ContractViolation),
        )

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        key = request.headers.get("idempotency-key")
        return self.replays.once(key, "file", content, lambda: (201, self.opened(content)))

    def opened(self, content: dict[str, Any]) -> dict[str, Any]:
        filed = File(f"P-{len(self.files) + 1:04d}", content.get("clientReference"), self.clock.now())
        self.files[filed.number] = filed
        self.ledger.record("application", filed.number, client_reference=filed.client_reference)
        return self.told(filed)

    def told(self, filed: File) -> dict[str, Any]:
        outcome = self.script.scenario(filed.client_reference).outcome
        age = self.clock.now() - filed.since
        word, since = "RECEIVED", timedelta()
        if age >= timedelta(days=1):
            word, since = "REVIEW", timedelta(days=1)
        if age >= timedelta(days=3) and outcome == "correction" and not filed.answered:
            word, since = "PAPERS MISSING", timedelta(days=3)
        elif age >= timedelta(days=9):
            word, since = "REFUSED" if outcome == "reject" else "PERMITTED", timedelta(days=9)
        if filed.withdrawn:
            word = "TAKEN BACK"
        remark = {"bn": "কাগজ নেই", "en": "Papers are missing"}
        return {
            "number": filed.number,
            "word": word,
            "since": (filed.since + since).isoformat(),
            "remark": remark,
            **DESK,
        }

    async def search(self, request: Request) -> Response:
        wanted = request.query_params["clientReference"]
        return DocumentResponse(
            {"items": [self.told(one) for one in self.files.values() if one.client_reference == wanted]}
        )

    async def show(self, request: Request) -> Response:
        filed = self.files.get(request.path_params["id"])
        return (
            DocumentResponse({"error": "unknown"}, status_code=404)
            if filed is None
            else DocumentResponse(self.told(filed))
        )

    async def papers(self, request: Request) -> Response:
        filed = self.files[request.path_params["id"]]
        if not filed.answered:
            filed.answered = True
            self.ledger.record("papers", filed.number)
        return DocumentResponse(self.told(filed))

    async def pay(self, request: Request) -> Response:
        filed = self.files[request.path_params["id"]]
        if not filed.paid:
            filed.paid = True
            self.ledger.record("payment", filed.number)
        return DocumentResponse({"word": "PAID", **DESK})

    async def withdraw(self, request: Request) -> Response:
        filed = self.files[request.path_params["id"]]
        if not filed.withdrawn:
            filed.withdrawn = True
            self.ledger.record("withdrawal", filed.number)
        return DocumentResponse(self.told(filed))

    async def paper(self, request: Request) -> Response:
        return Response(b"%PDF-1.7\n% a permit of the contract suite's own office\n", media_type="application/pdf")

    async def tariff(self, request: Request) -> Response:
        return DocumentResponse({"name": "shop", "percent": 100, **DESK})

    async def free_slots(self, request: Request) -> Response:
        first = (int(request.query_params.get("page", "1")) - 1) * SLOTS_OF_A_PAGE
        free = self.board.free("main")
        shown = free[first : first + SLOTS_OF_A_PAGE]
        following = None if first + SLOTS_OF_A_PAGE >= len(free) else first // SLOTS_OF_A_PAGE + 2
        slots = [{"id": slot.written, "free": slot.free} for slot in shown]
        return DocumentResponse({"slots": slots, "following": following, **DESK})

    async def take_slot(self, request: Request) -> Response:
        wanted = (await content_of(request)).get("slot")
        try:
            self.board.take("main", str(wanted), request.path_params["id"])
        except Refusal:
            return DocumentResponse({"booked": False, **DESK})
        return DocumentResponse({"booked": True, **DESK})

    def callback(self, agency_reference: str) -> ExampleMessage:
        told = {**self.told(self.files[agency_reference]), "sent_at": self.clock.now().isoformat()}
        return self.signed(told, valid_for=timedelta(minutes=5))

    def payment_notice(self, payment: str) -> ExampleMessage:
        return self.signed({"payment": payment, "word": "PAID"})

    def signed(self, told: dict[str, Any], valid_for: timedelta | None = None) -> ExampleMessage:
        body = json.dumps(told, ensure_ascii=False).encode()
        mac = hmac.new(PASSWORD.encode(), body, "sha256").hexdigest()
        headers = {"content-type": "application/json", "x-signature": mac}
        return ExampleMessage(headers=headers, body=body, valid_for=valid_for)

    async def ticket(self, request: Request) -> Response:
        return DocumentResponse({"ticket": f"T-{self.random.randrange(10**9):09d}", **DESK})

    async def open_bill(self, request: Request) -> Response:
        content = await request.json()
        slip = self.slips.get(content["payment"])
        if slip is None:
            slip = Slip(f"B-{len(self.slips) + 1:04d}", content["amount"], self.clock.now())
            self.slips[content["payment"]] = slip
            self.ledger.record("slip", slip.receipt, amount=slip.asked)
        elif slip.asked != content["amount"]:
            return DocumentResponse({"error": "another amount"}, status_code=409)
        return DocumentResponse(self.told_of(content["payment"]))

    def catch_up(self) -> None:
        for payment, slip in self.slips.items():
            outcome = self.script.scenario(payment).outcome
            if slip.taken is None and outcome != "cancel" and self.clock.now() - slip.opened >= timedelta(minutes=1):
                slip.taken = "1.00" if outcome == "other-amount" else slip.asked
                self.ledger.record("capture", slip.receipt, amount=slip.taken)

    def told_of(self, payment: str) -> dict[str, Any]:
        slip = self.slips[payment]
        torn = self.script.scenario(payment).outcome == "cancel" and self.clock.now() > slip.opened
        word = "PAID" if slip.taken else "TORN UP" if torn else "OPEN"
        return {"receipt": slip.receipt, "word": word, "amount": slip.taken or slip.asked, **DESK}

    async def show_bill(self, request: Request) -> Response:
        payment = request.path_params["id"]
        if payment not in self.slips:
            return DocumentResponse({"error": "unknown"}, status_code=404)
        return DocumentResponse(self.told_of(payment))

    async def refund(self, request: Request) -> Response:
        slip = self.slips[request.path_params["id"]]
        if not slip.refunds:
            slip.refunds = 1
            self.ledger.record("refund", slip.receipt, amount=slip.taken)
        return DocumentResponse({"word": "REFUNDED", **DESK})


class SilentOffice(PermitOffice):
    modelled = ""


class CountingOffice(PermitOffice):
    login_limit = LoginLimit(2, timedelta(hours=1))


class StrictOffice(PermitOffice):
    def settings(self, base_url: str) -> dict[str, object]:
        return {**super().settings(base_url), "colour": "green"}


class KeylessOffice(PermitOffice):
    """Files whatever it is given, as often as it is given it."""

    async def file(self, request: Request) -> Response:
        return DocumentResponse(self.opened(await content_of(request)), status_code=201)


class GenerousOffice(PermitOffice):
    """Opens a bill, and gives money back, each time that it is told to."""

    async def open_bill(self, request: Request) -> Response:
        content = await request.json()
        self.slips[content["payment"]] = Slip(f"B-{len(self.ledger.effects())}", content["amount"], self.clock.now())
        self.ledger.record("slip", self.slips[content["payment"]].receipt, amount=content["amount"])
        return DocumentResponse(self.told_of(content["payment"]))

    async def refund(self, request: Request) -> Response:
        self.slips[request.path_params["id"]].refunds = 0
        return await super().refund(request)


class UnspokenOffice(PermitOffice):
    """Does not say how it words its errors."""

    error_answers = Simulator.error_answers


class WordlessOffice(PermitOffice):
    """Has no example of what a citizen fills in."""

    example = Simulator.example


class LimitedOffice(PermitOffice):
    """Lets nobody log in more than six times an hour, and says so."""

    login_limit = LoginLimit(6, timedelta(hours=1))

    def open_office(self) -> None:
        super().open_office()
        limit = LoginLimit(6, timedelta(hours=1))
        self.tokens = TokenEndpoint(self.clock, self.random, life=timedelta(hours=1), limit=limit)

    def routes(self) -> Any:
        return (*super().routes(), *routes_of({"POST /login": self.log_in}))

    async def log_in(self, request: Request) -> Response:
        return DocumentResponse({"token": self.tokens.issue()})


class SecretlyLimitedOffice(LimitedOffice):
    login_limit = None
