"""A service centre's till, simulated; needs ``nagorik-cashdesk[simulator]``. All of it is modelled.

| call | answer |
|---|---|
| ``POST /sim/cashdesk/v1/payments`` ``{paymentId, amount, currency, purpose, payerName?}`` | 201 ``{receiptNo, state:"OPEN"}``; the same payment again, with whatever key: its slip; with another amount: 409 |
| ``GET …/payments/{paymentId}`` | 200 ``{state, amount, paidAt, receiptNo, payerName, refundState}``, 404 |
| ``GET …/payments?day=YYYY-MM-DD&page=N`` | 200 ``{items: [{paymentId, receiptNo, amount, refunded, paidAt}], total}``: what was taken on that date in Dhaka, 20 a page |
| ``POST …/payments/{paymentId}/refund`` ``{amount, reason}`` | 200 ``{state: REFUNDED or REFUND_PENDING, refundedAt}``; again: how far it is; 409 where nothing was paid |

``state`` is OPEN, PAID, CANCELLED or EXPIRED; ``amount`` is what was taken once it is PAID. Amounts are text in taka with two
places, instants are RFC 3339 in UTC.
"""  # noqa: E501 - a table

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import Money, NationalDataError, dhaka_date
from nagorik_testing import ADMIN_PATH, IdempotencyStore, ReadRequest, Scenario, Simulator, refused

PAYMENTS: Final = "/sim/cashdesk/v1/payments"
DURATIONS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {"pay": timedelta(minutes=1), "cancel": timedelta(minutes=1), "expire": timedelta(days=1), "refund": timedelta(0)}
)
"""How long the clerk takes, where nothing is scripted."""
PAGE: Final = 20
"""Payments in a page of the till's list."""

Reply = tuple[int, Mapping[str, JsonValue]]


@dataclass(slots=True)
class Slip:
    """One payment in the till's book."""

    payment: str
    receipt: str
    asked: Money
    payer_name: str | None
    opened_at: datetime
    scenario: Scenario
    state: str = "OPEN"
    taken: Money | None = None
    changed_at: datetime | None = None
    refund_due: datetime | None = None
    refunded_at: datetime | None = None

    def after(self, stage: str) -> timedelta:
        """How long a stage takes for this payment."""
        return self.scenario.durations.get(stage, DURATIONS[stage])


class CashDeskSimulator(Simulator):
    """A clerk takes the money a minute after the slip was opened, unless the script says otherwise.

    Scripts and faults know a payment by its id, which is its client reference here, and by the payer's name.
    Outcomes: ``pay`` (after the duration ``pay``), ``never``, ``other-amount`` (of the value ``amount``, in taka),
    ``cancel`` (after ``cancel``). A duration ``refund`` keeps a refund pending; ``expire`` says how long a slip is
    good for.
    """

    plugin_id: ClassVar[str] = "cashdesk"
    modelled: ClassVar[str] = (
        "ক্যাশ কাউন্টার, স্লিপ ও ফেরতের সব নিয়ম কল্পিত। / The till, its slips and its refunds are modelled throughout."
    )
    outcomes: ClassVar[tuple[str, ...]] = ("pay", "never", "other-amount", "cancel")
    durations: ClassVar[Mapping[str, timedelta]] = DURATIONS

    def open_office(self) -> None:
        """Begin with an empty book."""
        self._slips: dict[str, Slip] = {}
        self._idempotency = IdempotencyStore()

    def routes(self) -> Sequence[Route]:
        """The till's interface; it wants no login."""
        one = f"{PAYMENTS}/{{id}}"
        return (
            Route(PAYMENTS, self._open, methods=["POST"]),
            Route(PAYMENTS, self._list, methods=["GET"]),
            Route(one, self._show, methods=["GET"]),
            Route(f"{one}/refund", self._refund, methods=["POST"]),
        )

    def operator_routes(self) -> Sequence[Route]:
        """What the clerk does by hand: ``pay`` (with ``{"amount"}`` for another one) and ``cancel``."""
        return (Route(f"{ADMIN_PATH}/cashdesk/payments/{{id}}/{{action}}", self._clerk, methods=["POST"]),)

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the till is."""
        return {"base_url": base_url}

    def client_reference(self, request: ReadRequest) -> str | None:
        """The platform's own id of the payment."""
        given = request.content.get("paymentId") if isinstance(request.content, dict) else None
        return request.path_parameters.get("id") or (given if isinstance(given, str) else None)

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The payer's name."""
        slip = self._slips.get(self.client_reference(request) or "")
        given = request.content.get("payerName") if isinstance(request.content, dict) else None
        name = slip.payer_name if slip else given
        return (name,) if isinstance(name, str) else ()

    def catch_up(self) -> None:
        """Let the clerk do what has fallen due."""
        for slip in self._slips.values():
            self._settle(slip)

    def take_money(self, payment: str, amount: Money | None = None, at: datetime | None = None) -> None:
        """Take the money for an open slip, or another amount than it asks for.

        Raises:
            ValueError: The slip is not open.
        """
        slip = self._open_slip(payment)
        slip.state, slip.taken, slip.changed_at = "PAID", amount or slip.asked, at or self.clock.now()
        self.ledger.record(
            "capture", slip.receipt, client_reference=payment, amount=slip.taken.plain(), at=slip.changed_at
        )

    def cancel(self, payment: str, at: datetime | None = None) -> None:
        """Tear an open slip up.

        Raises:
            ValueError: The slip is not open.
        """
        slip = self._open_slip(payment)
        slip.state, slip.changed_at = "CANCELLED", at or self.clock.now()

    def _settle(self, slip: Slip) -> None:
        now, outcome = self.clock.now(), slip.scenario.outcome
        if slip.state == "OPEN":
            acts = {"pay": "pay", "other-amount": "pay", "cancel": "cancel"}
            expires = slip.opened_at + slip.after("expire")
            due = slip.opened_at + slip.after(acts[outcome]) if outcome in acts else expires
            if due < expires and due <= now and outcome == "cancel":
                self.cancel(slip.payment, due)
            elif due < expires and due <= now:
                other = slip.scenario.values.get("amount") if outcome == "other-amount" else None
                self.take_money(slip.payment, None if other is None else Money.taka(other), due)
            elif expires <= now:
                slip.state, slip.changed_at = "EXPIRED", expires
        if slip.refund_due is not None and slip.refunded_at is None and slip.refund_due <= now and slip.taken:
            slip.refunded_at = slip.refund_due
            self.ledger.record(
                "refund",
                slip.receipt,
                client_reference=slip.payment,
                amount=slip.taken.plain(),
                at=slip.refunded_at,
            )

    def _open_slip(self, payment: str) -> Slip:
        slip = self._slips.get(payment)
        if slip is None or slip.state != "OPEN":
            raise ValueError("the slip is not open")
        return slip

    async def _open(self, request: Request) -> Response:
        content = await _content(request)
        key = request.headers.get("idempotency-key")
        return self._idempotency.once(key, "open", content, lambda: self._opened(content, key))

    def _opened(self, content: Mapping[str, Any], key: str | None) -> Reply:
        payment, amount, payer = content.get("paymentId"), _amount(content), content.get("payerName")
        if not isinstance(payment, str) or not payment:
            return _wrong(400, "paymentId", "text is expected")
        if amount is None or not amount.poisha:
            return _wrong(400, "amount", "taka with two places are expected")
        if content.get("currency") != "BDT":
            return _wrong(400, "currency", "the till takes BDT")
        slip = self._slips.get(payment)
        if slip is None:
            named = payer if isinstance(payer, str) else None
            slip = Slip(
                payment=payment,
                receipt=f"CD-{len(self._slips) + 1:06d}",
                asked=amount,
                payer_name=named,
                opened_at=self.clock.now(),
                scenario=self.script.scenario(payment, named),
            )
            self._slips[payment] = slip
            self.ledger.record(
                "slip", slip.receipt, client_reference=payment, idempotency_key=key, amount=amount.plain()
            )
        elif slip.asked != amount:
            return _wrong(409, "paymentId", "was opened for another amount")
        return 201, {"receiptNo": slip.receipt, "state": slip.state}

    async def _show(self, request: Request) -> Response:
        slip = self._slips.get(request.path_params["id"])
        if slip is None:
            return _answer(_wrong(404, "paymentId", "no such payment"))
        refund = None if slip.refund_due is None else "REFUNDED" if slip.refunded_at else "REFUND_PENDING"
        return JSONResponse(
            {
                "state": slip.state,
                "amount": (slip.taken or slip.asked).plain(),
                "paidAt": slip.changed_at.isoformat() if slip.changed_at and slip.state == "PAID" else None,
                "receiptNo": slip.receipt,
                "payerName": slip.payer_name,
                "refundState": refund,
            }
        )

    async def _list(self, request: Request) -> Response:
        asked = dict(request.query_params)
        try:
            day, page = date.fromisoformat(asked.get("day", "")), int(asked.get("page", "1"))
        except ValueError:
            return _answer(_wrong(400, "day", "a date and a page are expected"))
        taken = [
            (slip.changed_at, slip.receipt, slip.payment, slip.taken, slip.refunded_at)
            for slip in self._slips.values()
            if slip.taken is not None and slip.changed_at is not None and dhaka_date(slip.changed_at) == day
        ]
        shown = sorted(taken)[PAGE * (page - 1) : PAGE * page] if page > 0 else []
        items: list[JsonValue] = [
            {
                "paymentId": payment,
                "receiptNo": receipt,
                "amount": amount.plain(),
                "refunded": (amount if refunded_at else Money.taka(0)).plain(),
                "paidAt": at.isoformat(),
            }
            for at, receipt, payment, amount, refunded_at in shown
        ]
        return JSONResponse({"items": items, "total": len(taken)})

    async def _refund(self, request: Request) -> Response:
        """Not replayed by its key: the order is repeated to learn how far it is, and one payment has one refund."""
        slip = self._slips.get(request.path_params["id"])
        if slip is None:
            return _answer(_wrong(404, "paymentId", "no such payment"))
        if slip.taken is None:
            return _answer(_wrong(409, "state", "nothing was paid"))
        content = await _content(request)
        if _amount(content) != slip.taken:
            return _answer(_wrong(400, "amount", f"{slip.taken.plain()} was paid"))
        if not str(content.get("reason") or "").strip():
            return _answer(_wrong(400, "reason", "text is expected"))
        if slip.refund_due is None:
            slip.refund_due = self.clock.now() + slip.after("refund")
            self._settle(slip)
        at = slip.refunded_at
        return JSONResponse(
            {"state": "REFUNDED" if at else "REFUND_PENDING", "refundedAt": at.isoformat() if at else None}
        )

    async def _clerk(self, request: Request) -> Response:
        payment, action = request.path_params["id"], request.path_params["action"]
        try:
            if action == "pay":
                self.take_money(payment, _amount(await _content(request)))
            elif action == "cancel":
                self.cancel(payment)
            else:
                return refused("no such action; write pay or cancel", 404)
        except ValueError as problem:
            return refused(str(problem), 409)
        return JSONResponse({"state": self._slips[payment].state})


async def _content(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _amount(content: Mapping[str, Any]) -> Money | None:
    written = content.get("amount")
    try:
        return Money.taka(written) if isinstance(written, str) else None
    except NationalDataError:
        return None


def _wrong(status: int, field: str, message: str) -> Reply:
    return status, {"status": "ERROR", "error": {"field": field, "message": message}}


def _answer(reply: Reply) -> JSONResponse:
    return JSONResponse(dict(reply[1]), status_code=reply[0])
