"""Permit offices of other kinds: with a book that can be looked into, asked and not filed at, paged, slow to pay."""

import base64
from datetime import date, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from nagorik import InputRejected
from nagorik.values import Money, dhaka_date
from nagorik_testing import (
    ApplicationBook,
    Case,
    DocumentResponse,
    ErrorAnswer,
    ExampleApplication,
    ExampleMessage,
    Refusal,
    TokenEndpoint,
    VerdictAnswer,
    Workflow,
    content_of,
    routes_of,
)
from permit_office.simulator import DESK, PermitOffice

ARRIVES_AFTER = timedelta(hours=20)
"""When a payment reaches the office by its own way."""
GRACE = timedelta(days=15)
GOOD_TO = date(2028, 2, 29)
OF_A_PAGE = 10
"""Applications on a page of a search."""
WORKFLOW = Workflow.model_validate(
    {
        "begins": "RECEIVED",
        "outcomes": ["approve", "reject", "correction"],
        "states": {
            "RECEIVED": "গৃহীত",
            "REVIEW": "যাচাই",
            "PAPERS MISSING": "কাগজ নেই",
            "PERMITTED": "অনুমোদিত",
            "REFUSED": "নামঞ্জুর",
            "TAKEN BACK": "প্রত্যাহৃত",
        },
        "steps": [
            {"from": "RECEIVED", "to": "REVIEW", "after": "sorting"},
            {"from": "REVIEW", "outcomes": ["correction"], "once": True, "to": "PAPERS MISSING", "after": "review"},
            {"from": "REVIEW", "outcomes": ["reject"], "to": "REFUSED", "after": "review"},
            {"from": "REVIEW", "to": "PERMITTED", "after": "review"},
        ],
        "durations": {"sorting": "P1D", "review": "P4D"},
        "actions": {
            "answer": {"from": ["PAPERS MISSING"], "to": "REVIEW", "by": "applicant"},
            "withdraw": {"from": ["RECEIVED", "REVIEW"], "to": "TAKEN BACK", "by": "applicant"},
        },
    }
)


class BrokenOffice(PermitOffice):
    """Its own code fails."""

    async def tariff(self, request: Request) -> Response:
        raise RuntimeError("the simulator's own")


class BookOffice(PermitOffice):
    """Keeps a book, and has a payment when the money has come."""

    def open_office(self) -> None:
        super().open_office()
        self.book: ApplicationBook[None] = ApplicationBook(self, WORKFLOW, numbers="P-####")

    def opened(self, content: dict[str, Any]) -> dict[str, Any]:
        return self.shown(self.book.file(None, client_reference=content.get("clientReference")))

    def shown(self, case: Case[None]) -> dict[str, Any]:
        remark = {"bn": case.remarks, "en": "As the officer wrote"} if case.remarks else None
        since = case.changed_at.isoformat()
        return {"number": case.number, "word": case.state, "since": since, "remark": remark, **DESK}

    async def show(self, request: Request) -> Response:
        return DocumentResponse(self.shown(self.book.get(request.path_params["id"])))

    def callback(self, agency_reference: str) -> ExampleMessage:
        shown = self.shown(self.book.get(agency_reference))
        return self.signed({**shown, "sent_at": self.clock.now().isoformat()}, valid_for=timedelta(minutes=5))

    async def pay(self, request: Request) -> Response:
        case, content = self.book.get(request.path_params["id"]), await content_of(request)
        amount, now = Money.taka(str(content["amount"])), self.clock.now()
        self.book.pay(case, str(content["reference"]), amount, due=amount, arrives_at=now + ARRIVES_AFTER)
        held = any(told.arrives_at <= now for told in case.payments)
        return DocumentResponse({"word": "PAID" if held else "PENDING", **DESK})


class BehindOffice(BookOffice):
    """Says of its search whether it has seen everything."""

    async def search(self, request: Request) -> Response:
        found, complete = self.book.search(request.query_params["clientReference"])
        return DocumentResponse({"items": [self.shown(case) for case in found], "complete": complete, **DESK})


class FeeOffice(BookOffice):
    """Says of an application what is due, and whether it has been paid."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        held = any(told.arrives_at <= self.clock.now() for told in case.payments)
        return {**super().shown(case), "fee": None if case.payments else "345.00", "paid": held}


class PricedOffice(FeeOffice):
    """Asks for more for a large shop, and takes no other sum."""

    def open_office(self) -> None:
        super().open_office()
        self.sizes: dict[str, str] = {}

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        usual = super().example(service, citizen)
        form = {**usual.form, "size": "small", "opened_on": "2026-01-10"}
        return ExampleApplication(applicant=usual.applicant, form=form, documents=usual.documents)

    def opened(self, content: dict[str, Any]) -> dict[str, Any]:
        shown = super().opened(content)
        self.sizes[shown["number"]] = str(content.get("size", "small"))
        return shown

    def shown(self, case: Case[None]) -> dict[str, Any]:
        told = super().shown(case)
        return {**told, "fee": told["fee"] and self.price(self.sizes.get(case.number, "small"))["total"]}

    def price(self, size: str) -> dict[str, str]:
        fee = "200.00" if size in {"large", "L"} else "100.00"
        return {"fee": fee, "service": "50.00", "total": (Money.taka(fee) + Money.taka(50)).plain()}

    async def tariff(self, request: Request) -> Response:
        return DocumentResponse({"name": "shop", **self.price(request.query_params.get("size", "")), **DESK})

    async def pay(self, request: Request) -> Response:
        content, number = await content_of(request), request.path_params["id"]
        if content["amount"] != self.price(self.sizes[number])["total"]:
            return DocumentResponse({"error": "the office is shut"}, status_code=400)
        return await super().pay(request)


class PostingOffice(PricedOffice):
    """Asks for more where a permit is posted, as everybody wants of one of its services."""

    def example(self, service: str, citizen: Any) -> ExampleApplication:
        usual = super().example(service, citizen)
        posted = {"post": {"road": "নমুনা সড়ক"}} if service == "permits.posted" else {}
        return ExampleApplication(applicant=usual.applicant, form={**usual.form, **posted}, documents=usual.documents)

    def price(self, size: str) -> dict[str, str]:
        size, _, posted = size.partition(" ")
        fee = super().price(size)["fee"]
        service = "90.00" if posted else "50.00"
        return {"fee": fee, "service": service, "total": (Money.taka(fee) + Money.taka(service)).plain()}


class GraceOffice(PricedOffice):
    """Asks for more of who comes later than a fortnight and a day after the opening."""

    def price(self, size: str) -> dict[str, str]:
        size, _, opened = size.partition(" ")
        usual = super().price(size)
        late = opened and dhaka_date(self.clock.now()) - date.fromisoformat(opened) > GRACE
        return {**usual, "total": (Money.taka(usual["total"]) + Money.taka(100 if late else 0)).plain()}


class ExpressOffice(PricedOffice):
    """Asks for more of who is in a hurry, and for more still where the shop is large."""

    def price(self, size: str) -> dict[str, str]:
        size, _, speed = size.partition(" ")
        usual, more = super().price(size), Money.taka(70 if size == "large" else 50)
        return {**usual, "total": (Money.taka(usual["total"]) + more).plain()} if speed == "express" else usual


class KnowingOffice(PermitOffice):
    """Says of everybody whether they may have a permit."""

    async def tariff(self, request: Request) -> Response:
        return DocumentResponse({"name": "MAY", **DESK})

    def verdict_answers(self, service: str) -> Any:
        means = {"MAY": True, "MAY NOT": False, "NOT YET": False, "UNKNOWN": None}
        return [VerdictAnswer(name=word, document={"name": word}, means=meant) for word, meant in means.items()]


class PartsOffice(PricedOffice):
    """Names the parts of a price, and leaves the sum to others."""

    async def tariff(self, request: Request) -> Response:
        parts = self.price(request.query_params.get("size", ""))
        return DocumentResponse({"name": "shop", "fee": parts["fee"], "service": parts["service"], **DESK})


class LaterFeeOffice(PricedOffice):
    """Asks for a second fee once the first has come."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        due = self.price(self.sizes.get(case.number, "small"))["total"] if len(case.payments) == 1 else None
        return {**super().shown(case), "fee": due}


class StagesOffice(LaterFeeOffice):
    """Says of the payment that it was told of last whether it has it."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        held = bool(case.payments) and case.payments[-1].arrives_at <= self.clock.now()
        return {**super().shown(case), "paid": held}


class TerseOffice(BookOffice):
    """Says no more than a word."""

    def shown(self, case: Case[None]) -> dict[str, Any]:
        return {**super().shown(case), "remark": None}


class FullDaysOffice(PermitOffice):
    """Shows appointments that are full, too."""

    async def free_slots(self, request: Request) -> Response:
        slots = [{"id": slot.written, "free": slot.free} for slot in self.board.given_out("main")]
        return DocumentResponse({"slots": slots, "following": None, **DESK})


class NamingTill(PermitOffice):
    """Writes on a slip who pays."""

    def open_office(self) -> None:
        super().open_office()
        self.payers: dict[str, str] = {}

    async def open_bill(self, request: Request) -> Response:
        content = await content_of(request)
        self.payers[content["payment"]] = content["payer"]
        return await super().open_bill(request)

    def told_of(self, payment: str) -> dict[str, Any]:
        return {**super().told_of(payment), "payer": self.payers.get(payment)}


class TimedTill(PermitOffice):
    """Says when it took the money."""

    def told_of(self, payment: str) -> dict[str, Any]:
        told = super().told_of(payment)
        at = [
            effect.at.isoformat() for effect in self.ledger.effects("capture") if effect.reference == told["receipt"]
        ]
        return {**told, "paid_at": at[0] if at else None}


class NamingRefusals(PermitOffice):
    """Says which field it does not take."""

    def error_answers(self) -> Any:
        refused = ErrorAnswer(
            name="a field that is refused",
            status=422,
            document={"error": {"field": "mobile", "text": "not taken"}},
            means=InputRejected,
        )
        return (*super().error_answers(), refused)


class DecidedOffice(PermitOffice):
    """Takes nothing back once it has decided."""

    async def withdraw(self, request: Request) -> Response:
        filed = self.files[request.path_params["id"]]
        if self.told(filed)["word"] in {"PERMITTED", "REFUSED"}:
            return DocumentResponse(self.told(filed))
        return await super().withdraw(request)


class AskedOffice(PermitOffice):
    """Knows one number, and files nothing."""

    def open_office(self) -> None:
        super().open_office()
        self.known = ""

    def example(self, service: str, citizen: Any) -> Any:
        self.known = self.known or citizen.full_nid.value
        return super().example(service, citizen)

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        if content.get("nid") != self.known:
            return DocumentResponse({"error": "unknown"}, status_code=404)
        since = self.clock.now().isoformat()
        return DocumentResponse({"number": "Q-1", "word": "PERMITTED", "since": since, "remark": None, **DESK})


class ExpiringOffice(AskedOffice):
    """Says of a permit to which day it is good, and whether it is."""

    async def file(self, request: Request) -> Response:
        good = dhaka_date(self.clock.now()) <= GOOD_TO
        return DocumentResponse({"result": "GOOD" if good else "ENDED", "goodTo": f"{GOOD_TO:%d/%m/%Y}", **DESK})


class SilentlyExpiringOffice(AskedOffice):
    """Says to which day a permit is good, and leaves it to others what follows."""

    async def file(self, request: Request) -> Response:
        return DocumentResponse({"result": "GOOD", "goodTo": f"{GOOD_TO:%d/%m/%Y}", **DESK})


class ComparingOffice(PermitOffice):
    """Says of each field whether it agrees with what the office has, and files nothing."""

    def open_office(self) -> None:
        super().open_office()
        self.known: dict[str, str] = {}

    def example(self, service: str, citizen: Any) -> Any:
        example = super().example(service, citizen)
        form = example.form
        self.known = self.known or {"name": form["name"], "road": form["address"]["road"]}
        return example

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        agree = {field: content.get(field) == known for field, known in self.known.items()}
        return DocumentResponse({"number": "Q-1", **agree})


class SlowTill(PermitOffice):
    """Takes an order for a refund, and gives the money back when it has time."""

    async def refund(self, request: Request) -> Response:
        slip = self.slips[request.path_params["id"]]
        slip.refunds = slip.refunds or 1
        return DocumentResponse({"word": "REFUNDED" if self.is_given(slip.receipt) else "ORDERED", **DESK})

    def is_given(self, receipt: str) -> bool:
        self.catch_up()
        return any(effect.kind == "refund" and effect.reference == receipt for effect in self.ledger.effects())

    def catch_up(self) -> None:
        super().catch_up()
        for slip in self.slips.values():
            if slip.refunds == 1 and self.clock.now() - slip.opened >= timedelta(days=2):
                slip.refunds = 2
                self.ledger.record("refund", slip.receipt, amount=slip.taken)


class WaitingTill(SlowTill):
    """Gives money back at once, unless it is scripted to take its time."""

    durations: ClassVar[dict[str, timedelta]] = {"refund": timedelta()}

    async def refund(self, request: Request) -> Response:
        payment = request.path_params["id"]
        self.slips[payment].ordered = self.slips[payment].ordered or self.clock.now()
        return await super().refund(request)

    def catch_up(self) -> None:
        PermitOffice.catch_up(self)
        for payment, slip in self.slips.items():
            length = self.script.scenario(payment).durations.get("refund", timedelta())
            if slip.ordered and slip.refunds < 2 and self.clock.now() - slip.ordered >= length:
                slip.refunds = 2
                self.ledger.record("refund", slip.receipt, amount=slip.taken)


class NumberingTill(SlowTill):
    """Numbers an order for a refund when it takes it, and says how far one is to whoever names the number."""

    async def refund(self, request: Request) -> Response:
        slip = self.slips[request.path_params["id"]]
        number = (await content_of(request)).get("number")
        if not slip.refunds:
            slip.refunds = 1
            self.ledger.record("refund-order", slip.receipt)
        given = number == f"R-{slip.receipt}" and self.is_given(slip.receipt)
        return DocumentResponse({"word": "REFUNDED" if given else "ORDERED", "number": f"R-{slip.receipt}", **DESK})


class PagedOffice(PermitOffice):
    """Lists every application, ten on a page, with the reference of whoever filed it."""

    async def search(self, request: Request) -> Response:
        page = int(request.query_params.get("page", "1"))
        files = list(self.files.values())[(page - 1) * OF_A_PAGE :]
        items = [{**self.told(one), "clientReference": one.client_reference or ""} for one in files[:OF_A_PAGE]]
        return DocumentResponse({"items": items, "following": page + 1 if len(files) > OF_A_PAGE else None})


class WrappedPaperOffice(PermitOffice):
    """Sends the permit in Base64, inside of a document."""

    async def paper(self, request: Request) -> Response:
        paper = await super().paper(request)
        return DocumentResponse({"paper": base64.b64encode(bytes(paper.body)).decode(), **DESK})


class UnsignedTill(PermitOffice):
    """Signs none of its notices."""

    def payment_notice(self, payment: str) -> ExampleMessage:
        signed = super().payment_notice(payment)
        return ExampleMessage(headers={"content-type": "application/json"}, body=signed.body, signed=False)


class WordlessTill(PermitOffice):
    """Does not say what it posts."""

    def payment_notice(self, payment: str) -> ExampleMessage:
        raise NotImplementedError(payment)

    def callback(self, agency_reference: str) -> ExampleMessage:
        raise NotImplementedError(agency_reference)


class CountedOffice(AskedOffice):
    """Counts each question, for the bill of who asks; so does whoever looks at an application."""

    async def file(self, request: Request) -> Response:
        self.ledger.record("question", f"Q-{len(self.ledger.effects())}", amount="2.00", metered=True)
        return await super().file(request)

    async def show(self, request: Request) -> Response:
        self.ledger.record("question", f"Q-{len(self.ledger.effects())}", amount="2.00", metered=True)
        since = self.clock.now().isoformat()
        return DocumentResponse({"number": "Q-1", "word": "RECEIVED", "since": since, "remark": None, **DESK})


class PromptTill(PermitOffice):
    """Takes the money while the answer to a question is waited for."""

    def catch_up(self) -> None:
        for payment, slip in self.slips.items():
            if slip.taken is None and self.clock.now() - slip.opened >= timedelta(seconds=3):
                slip.taken = slip.asked
                self.ledger.record("capture", slip.receipt, amount=self.slips[payment].taken)


class OpenDoorOffice(PermitOffice):
    """Gives out no appointments."""

    async def free_slots(self, request: Request) -> Response:
        return DocumentResponse({"slots": [], "following": None, **DESK})


class EarlyBoardOffice(PermitOffice):
    """Shows its appointments from the first day, and lets none be taken before it has looked at the application."""

    async def take_slot(self, request: Request) -> Response:
        if self.told(self.files[request.path_params["id"]])["word"] == "RECEIVED":
            return DocumentResponse({"error": "the office is shut"}, status_code=409)
        return await super().take_slot(request)


class TurnsAwayOffice(BookOffice):
    """Finds a payment wrong for good, once it has looked at the papers."""

    async def pay(self, request: Request) -> Response:
        case = self.book.get(request.path_params["id"])
        if case.state == "PAPERS MISSING":
            return DocumentResponse({"word": "TURNED AWAY", **DESK})
        return await super().pay(request)


class FieldsOffice(PermitOffice):
    """Names the field that it refuses."""

    def error_answers(self) -> Any:
        refused: Any = {"field": "name", "error": "unreadable"}
        return (ErrorAnswer(name="a field is refused", status=422, document=refused, means=InputRejected),)


class SessionsOffice(PermitOffice):
    """Answers in a session alone, and says in words of its own that one has ended."""

    def open_office(self) -> None:
        super().open_office()
        self.sessions = TokenEndpoint(self.clock, self.random, life=timedelta(hours=8))

    def routes(self) -> Any:
        return (*super().routes(), *routes_of({"POST /login": self.log_in}))

    async def log_in(self, request: Request) -> Response:
        return DocumentResponse({"token": self.sessions.issue()})

    async def show(self, request: Request) -> Response:
        return self.ended(request) or await super().show(request)

    async def file(self, request: Request) -> Response:
        return self.ended(request) or await super().file(request)

    async def open_bill(self, request: Request) -> Response:
        return self.ended(request) or await super().open_bill(request)

    async def show_bill(self, request: Request) -> Response:
        return self.ended(request) or await super().show_bill(request)

    def ended(self, request: Request) -> Response | None:
        try:
            self.sessions.check(request)
        except Refusal:
            return DocumentResponse({"error": "the session has ended"})
        return None


class DeskOffice(SessionsOffice):
    """Opens a session at an address of which no word says so."""

    def routes(self) -> Any:
        return (*PermitOffice.routes(self), *routes_of({"POST /desk": self.log_in}))
