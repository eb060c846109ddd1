"""Offices and tills that keep something else than the usual one does, so that another carelessness shows at them."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from nagorik_testing import DocumentResponse, Refusal, content_of
from permit_office.offices import PagedOffice, SessionsOffice, TurnsAwayOffice
from permit_office.simulator import DESK, PermitOffice


class UnauthorizedOffice(SessionsOffice):
    """Says by its status alone that a session has ended, of its search too."""

    async def search(self, request: Request) -> Response:
        return self.ended(request) or await super().search(request)

    def ended(self, request: Request) -> Response | None:
        try:
            self.sessions.check(request)
        except Refusal:
            return DocumentResponse({"error": "log in"}, status_code=401)
        return None


class ListingOffice(PagedOffice):
    """Lists every application on one page."""

    async def search(self, request: Request) -> Response:
        items = [{**self.told(one), "clientReference": one.client_reference or ""} for one in self.files.values()]
        return DocumentResponse({"items": items, "following": None})


class RefusesPaymentsOffice(TurnsAwayOffice):
    """Answers with an error where a payment is wrong for good."""

    async def pay(self, request: Request) -> Response:
        case = self.book.get(request.path_params["id"])
        if case.state == "PAPERS MISSING":
            return DocumentResponse({"error": "no such payment"}, status_code=409)
        return await super().pay(request)


class OrderingTill(PermitOffice):
    """Gives money back once for each number that an order has."""

    def open_office(self) -> None:
        super().open_office()
        self.orders: set[str] = set()

    async def refund(self, request: Request) -> Response:
        number, slip = str((await content_of(request)).get("order")), self.slips[request.path_params["id"]]
        if number not in self.orders:
            self.orders.add(number)
            self.ledger.record("refund", slip.receipt, amount=slip.taken)
        return DocumentResponse({"word": "REFUNDED", **DESK})


class LeisurelyTill(PermitOffice):
    """Takes its money two hours after a bill was opened."""

    def catch_up(self) -> None:
        for payment, slip in self.slips.items():
            paid = self.script.scenario(payment).outcome != "cancel"
            if slip.taken is None and paid and self.clock.now() - slip.opened >= timedelta(hours=2):
                slip.taken = slip.asked
                self.ledger.record("capture", slip.receipt, amount=slip.taken)
