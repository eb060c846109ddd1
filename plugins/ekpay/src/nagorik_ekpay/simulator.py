"""ekPay, simulated, as published clients know it; needs ``nagorik-ekpay[simulator]``.

| call | answer |
|---|---|
| ``POST /ekpaypg/v1/merchant-api`` (JSON) | 200 ``{secure_token, token_exp_time, msg_code: "1000", msg_det, ack_timestamp}``; refused: 200 ``{responseCode, responseMessage}`` |
| ``GET /ekpaypg/v1?sToken=…&trnsID=…`` | the payer's page; ``POST`` to the same address does what was pressed and answers 303 to ``s_uri``, ``f_uri`` or ``c_uri`` with ``?transId=…`` |
| ``POST /ekpaypg/v1/get-status`` ``{trnx_id, trans_date}`` | 200 in the shape of a notice; nothing of this id and date: 200 ``{responseCode, responseMessage}`` |

Modelled are what a refusal and a status that finds nothing say, beyond the names of their fields; that an unpaid payment
is not found; that an id is taken once; the form of ``pay_timestamp`` and ``token_exp_time``; the charges; ``dgtl_sign``.
"""  # noqa: E501 - a table

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from nagorik import AgencyRejected, Money, NationalDataError, Text, dhaka_date, dhaka_time
from nagorik_testing import (
    ADMIN_PATH,
    ErrorAnswer,
    ExampleMessage,
    PaymentPage,
    PaymentPageState,
    ReadRequest,
    Refusal,
    Scenario,
    Simulator,
    payment_act,
    render_payment_page,
)

BASE: Final = "/ekpaypg/v1"
DURATIONS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "pay": timedelta(minutes=1),
        "fail": timedelta(minutes=1),
        "cancel": timedelta(minutes=1),
        "token": timedelta(minutes=30),
        "late": timedelta(minutes=45),
    }
)
"""How long the payer takes where nothing is scripted, how long a token is good for, and when late money comes."""
GATEWAY: Final = Text(bn="একপে", en="ekPay")
PAYEE: Final = Text(bn="নমুনা অধিদপ্তর", en="Specimen department")
MERCHANT_ID: Final = "specimen_mer"
MERCHANT_KEY: Final = "specimen-key-of-no-merchant"  # - not a secret: it opens this simulator alone
ADDRESS: Final = "192.0.2.10"
PAID, FAILED, CANCELLED = "1020", "1021", "1022"
NOT_FOUND: Final = "404"
_SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {PAID: "Transaction completed successfully", FAILED: "Transaction failed", CANCELLED: "Transaction canceled"}
)
_STATES: Final[Mapping[str, PaymentPageState]] = MappingProxyType(
    {PAID: "paid", FAILED: "failed", CANCELLED: "cancelled"}
)
_CODES: Final[Mapping[str, str]] = MappingProxyType({"pay": PAID, "fail": FAILED, "cancel": CANCELLED})
"""By what a payer does, on the page or by script."""
_FEEDS: Final[Mapping[str, str]] = MappingProxyType({PAID: "s_uri", FAILED: "f_uri", CANCELLED: "c_uri"})


@dataclass(slots=True)
class EkpayTransaction:
    """One payment at ekPay."""

    payment: str
    """The merchant's id, ``mer_trnx_id``."""
    number: str
    """ekPay's own, ``trnx_id``."""
    asked: Money
    token: str
    opened_at: datetime
    ends_at: datetime
    scenario: Scenario
    customer: Mapping[str, str]
    feeds: Mapping[str, str]
    notice_address: str
    purpose: str
    code: str | None = None
    """What it came to."""
    taken: Money | None = None
    changed_at: datetime | None = None
    instrument: Mapping[str, str] = field(default_factory=dict)

    def after(self, stage: str) -> timedelta:
        """How long a stage takes for this payment."""
        return self.scenario.durations.get(stage, DURATIONS[stage])


class EkpaySimulator(Simulator):
    """A payer pays a minute after the payment was announced, unless the script or a person does otherwise.

    Scripts and faults know a payment by the merchant's id and by the payer's name. Outcomes: ``pay`` (after the
    duration ``pay``), ``never``, ``fail``, ``cancel``, ``other-amount`` (of the value ``amount``, in taka), ``late``
    (paid on the page in time, but found after ``late`` only, when the token has ended). ``token`` is a token's life.
    """

    plugin_id: ClassVar[str] = "ekpay"
    modelled: ClassVar[str] = (
        "একপের কোনো নথি প্রকাশিত নয়; প্রকাশিত ক্লায়েন্ট থেকে নেওয়া, ব্যর্থতার উত্তর ও চার্জ কল্পিত। / "
        "ekPay publishes no document; the format is taken from published clients, refusals and charges are modelled."
    )
    outcomes: ClassVar[tuple[str, ...]] = ("pay", "never", "fail", "cancel", "other-amount", "late")
    durations: ClassVar[Mapping[str, timedelta]] = DURATIONS
    ignored_response_fields: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "token_exp_time": "no client knows how it is written; the token itself says when it ends",
            "secure_token": "of a payment that is over; it opens nothing any more",
            "req_timestamp": "what it dates is not published; pay_timestamp says when it was paid",
            "dgtl_sign": "how it is made is not published, so it proves nothing",
            "ipn_info": "an address of the host's own, as it was given",
            "redirect_to": "an address of the host's own, as it was given",
            "cust_mobo_no": "the payer's number, as the platform gave it",
            "pi_trnx_id": "the number at the payer's bank or wallet; ekPay's own number is the receipt's",
            "pi_charge": "the payer's own cost at ekPay, beside the fee",
            "ekpay_charge": "the payer's own cost at ekPay, beside the fee",
            "pi_discount": "the payer's own saving at ekPay; the fee is paid in full",
            "discount": "the payer's own saving at ekPay; the fee is paid in full",
            "promo_discount": "the payer's own saving at ekPay; the fee is paid in full",
            "total_ser_chrg": "the payer's own cost at ekPay, beside the fee",
            "total_pabl_amt": "the fee with the payer's own costs at ekPay; the fee alone settles the bill",
        }
    )

    def open_office(self) -> None:
        """Begin with no payments."""
        self._transactions: dict[str, EkpayTransaction] = {}

    def routes(self) -> Sequence[Route]:
        """What merchants and payers reach."""
        return (
            Route(f"{BASE}/merchant-api", self._announce, methods=["POST"]),
            Route(f"{BASE}/get-status", self._status, methods=["POST"]),
            Route(BASE, self._show, methods=["GET"]),
            Route(BASE, self._act, methods=["POST"]),
        )

    def operator_routes(self) -> Sequence[Route]:
        """What becomes of a payment by hand: ``pay`` (with ``{"amount"}`` for another one), ``fail``, ``cancel``."""
        return (Route(f"{ADMIN_PATH}/ekpay/payments/{{id}}/{{action}}", self._by_hand, methods=["POST"]),)

    def settings(self, base_url: str) -> dict[str, object]:
        """Where ekPay is, and a merchant that it knows."""
        return {
            "base_url": f"{base_url}{BASE}",
            "merchant_id": MERCHANT_ID,
            "merchant_key": MERCHANT_KEY,
            "whitelisted_address": ADDRESS,
        }

    def client_reference(self, request: ReadRequest) -> str | None:
        """The merchant's id of the payment, wherever the request has it."""
        content = request.content if isinstance(request.content, dict) else {}
        asked = content.get("trns_info")
        given = asked.get("trnx_id") if isinstance(asked, dict) else content.get("trnx_id")
        return given if isinstance(given, str) else request.query.get("trnsID")

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The payer's name."""
        known = self._transactions.get(self.client_reference(request) or "")
        content = request.content if isinstance(request.content, dict) else {}
        given = content.get("cust_info")
        name = known.customer["cust_name"] if known else given.get("cust_name") if isinstance(given, dict) else None
        return (name,) if isinstance(name, str) and name else ()

    def catch_up(self) -> None:
        """Let the payers do what has fallen due."""
        for one in self._transactions.values():
            self._settle(one)

    def take_money(self, payment: str, amount: Money | None = None, at: datetime | None = None) -> None:
        """Take the money for an open payment, or another amount than it asks for.

        Raises:
            ValueError: The payment is not open.
        """
        one = self._open(payment)
        one.code, one.taken, one.changed_at = PAID, amount or one.asked, at or self.clock.now()
        self.ledger.record(
            "capture", one.number, client_reference=payment, amount=one.taken.plain(), at=one.changed_at
        )

    def end_unpaid(self, payment: str, code: str, at: datetime | None = None) -> None:
        """Let an open payment fail or be cancelled.

        Raises:
            ValueError: The payment is not open.
        """
        one = self._open(payment)
        one.code, one.changed_at = code, at or self.clock.now()

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """A refusal in ekPay's shape with a status of refusal, which no client has seen."""
        return (
            ErrorAnswer(
                name="refused, with a status of refusal",
                status=400,
                document={"responseCode": "400", "responseMessage": "trnx_amt"},
                means=AgencyRejected,
            ),
        )

    def payment_notice(self, payment: str) -> ExampleMessage:
        """What ekPay posts to ``ipn_uri``; of an open payment, what it will post once it is paid."""
        one = self._transactions[payment]
        body = json.dumps(self._told(one, one.code or PAID), ensure_ascii=False).encode()
        return ExampleMessage(headers={"content-type": "application/json"}, body=body, signed=False)

    def notice_address(self, payment: str) -> str:
        """Where the notice of a payment is posted to."""
        return self._transactions[payment].notice_address

    def _settle(self, one: EkpayTransaction) -> None:
        now, outcome = self.clock.now(), one.scenario.outcome
        stage = "pay" if outcome == "other-amount" else outcome
        if one.code is not None or outcome == "never":
            return
        due = one.opened_at + one.after(stage)
        if due > now or (due >= one.ends_at and outcome != "late"):
            return
        if stage in {"fail", "cancel"}:
            self.end_unpaid(one.payment, _CODES[stage], due)
        else:
            other = one.scenario.values.get("amount") if outcome == "other-amount" else None
            self.take_money(one.payment, None if other is None else Money.taka(other), due)

    def _open(self, payment: str) -> EkpayTransaction:
        one = self._transactions.get(payment)
        if one is None or one.code is not None:
            raise ValueError("the payment is not open")
        return one

    async def _announce(self, request: Request) -> Response:
        content = await _content(request)
        try:
            one = self._opened(content)
        except Refusal as refusal:
            return _refused(str(refusal.status), refusal.field)
        now = self.clock.now()
        return JSONResponse(
            {
                "secure_token": one.token,
                "token_exp_time": f"{dhaka_time(one.ends_at):%Y-%m-%d %H:%M:%S}",
                "msg_code": "1000",
                "msg_det": "Token generated successfully",
                "ack_timestamp": f"{dhaka_time(now):%Y-%m-%d %H:%M:%S} GMT+6",
            }
        )

    def _opened(self, content: Mapping[str, Any]) -> EkpayTransaction:
        merchant = _part(content, "mer_info")
        known = (merchant.get("mer_reg_id"), merchant.get("mer_pas_key"), content.get("mac_addr"))
        if known != (MERCHANT_ID, MERCHANT_KEY, ADDRESS):
            raise Refusal(401, "mer_info")
        _request_time(content)
        asked, feeds, customer = _part(content, "trns_info"), _part(content, "feed_uri"), _part(content, "cust_info")
        payment, amount = _text(asked, "trnx_id"), _amount(asked)
        if asked.get("trnx_currency") != "BDT":
            raise Refusal(400, "trnx_currency")
        if payment in self._transactions:
            raise Refusal(409, "trnx_id")
        notice = _part(content, "ipn_info")
        channel = str(notice.get("ipn_channel"))
        if channel not in {"0", "1", "2", "3"}:  # none, both, by e-mail, to the address
            raise Refusal(400, "ipn_channel")
        addresses = {name: _address(feeds, name) for name in ("s_uri", "f_uri", "c_uri")}
        name = _text(customer, "cust_name", required=False)
        opened_at = self.clock.now()
        scenario = self.script.scenario(payment, name)
        ends_at = opened_at + scenario.durations.get("token", DURATIONS["token"])
        one = EkpayTransaction(
            payment=payment,
            number=f"EK{self.random.randrange(10**12):012d}",
            asked=amount,
            token=self._token(ends_at),
            opened_at=opened_at,
            ends_at=ends_at,
            scenario=scenario,
            customer={
                field: _text(customer, field, required=False)
                for field in ("cust_id", "cust_name", "cust_mobo_no", "cust_email", "cust_mail_addr")
            },
            feeds=addresses,
            notice_address=_address(notice, "ipn_uri") if channel in {"1", "3"} else "",
            purpose=_text(asked, "ord_det", required=False),
        )
        self._transactions[payment] = one
        self.ledger.record("session", one.number, client_reference=payment, amount=amount.plain())
        return one

    def _token(self, ends_at: datetime) -> str:
        """A token of the make that ekPay's have: HS512, with a subject, a role and an end."""
        claims = {"sub": "ekpaycore", "auth": "ROLE_MERCHANT", "exp": int(ends_at.timestamp())}
        signed = f"{_web64({'alg': 'HS512'})}.{_web64(claims)}"
        key = self.random.getrandbits(512).to_bytes(64, "big")
        return f"{signed}.{_web64(hmac.new(key, signed.encode(), hashlib.sha512).digest())}"

    async def _status(self, request: Request) -> Response:
        content = await _content(request)
        try:
            payment, day = _text(content, "trnx_id"), date.fromisoformat(_text(content, "trans_date"))
        except Refusal as refusal:
            return _refused(str(refusal.status), refusal.field)
        except ValueError:
            return _refused("400", "trans_date")
        one = self._transactions.get(payment)
        if one is None or one.code is None or one.changed_at is None or dhaka_date(one.changed_at) != day:
            return _refused(NOT_FOUND, "No transaction found")
        return JSONResponse(self._told(one, one.code))

    def _told(self, one: EkpayTransaction, code: str) -> dict[str, JsonValue]:
        """A notice, which is a status too."""
        at = one.changed_at or self.clock.now()
        paid = (one.taken or one.asked).plain() if code == PAID else one.asked.plain()
        return {
            "secure_token": one.token,
            "msg_code": code,
            "msg_det": _SAYS[code],
            "req_timestamp": f"{dhaka_time(at):%Y-%m-%d %H:%M:%S} GMT+6",
            "basic_Info": {
                "mer_reg_id": MERCHANT_ID,
                "ipn_info": one.notice_address,
                "redirect_to": one.feeds[_FEEDS[code]],
                "dgtl_sign": hashlib.sha256(f"{one.number}:{code}".encode()).hexdigest(),
                "ord_desc": one.purpose,
                "remarks": None,
            },
            "cust_info": dict(one.customer),
            "scroll_no": None,
            "trnx_info": {
                "trnx_amt": paid,
                "trnx_id": one.number,
                "mer_trnx_id": one.payment,
                "curr": "BDT",
                "pi_trnx_id": f"PI{one.number[2:]}",
                "pi_charge": "0.00",
                "ekpay_charge": "0.00",
                "pi_discount": "0.00",
                "discount": "0.00",
                "promo_discount": "0.00",
                "total_ser_chrg": "0.00",
                "total_pabl_amt": paid,
            },
            "pi_det_info": {
                "pay_timestamp": f"{dhaka_time(at):%Y-%m-%d %H:%M:%S}",
                "pi_name": "Specimen wallet",
                "pi_type": "WALLET",
                "pi_number": "***",
                "pi_gateway": "SPECIMEN",
                "card_holder_name": None,
            },
        }

    async def _show(self, request: Request) -> Response:
        return self._page(request)

    def _page(self, request: Request) -> Response:
        one = self._visited(request)
        if one is None:
            return HTMLResponse("<!doctype html><title>ekPay</title><p>Invalid token", status_code=400)
        state: PaymentPageState = "open" if self.clock.now() < one.ends_at else "expired"
        bn, _, en = self.modelled.partition(" / ")
        page = PaymentPage(
            gateway=GATEWAY,
            payee=PAYEE,
            amount=one.taken or one.asked,
            reference=one.payment,
            state=_STATES[one.code] if one.code else state,
            action=f"{BASE}?{urlencode({'sToken': one.token, 'trnsID': one.payment})}",
            modelled=Text(bn=bn, en=en),
        )
        return render_payment_page(page)

    async def _act(self, request: Request) -> Response:
        """Each deed is done once: of a second press the payer sees what became of the first."""
        one = self._visited(request)
        if one is None or one.code is not None or self.clock.now() >= one.ends_at:
            return self._page(request)
        try:
            act = await payment_act(request)
        except Refusal as refusal:
            return HTMLResponse("<!doctype html><title>ekPay</title><p>Bad request", status_code=refusal.status)
        code = _CODES[act]
        if code == PAID:
            self.take_money(one.payment)
        else:
            self.end_unpaid(one.payment, code)
        return RedirectResponse(_returning(one.feeds[_FEEDS[code]], one.payment), status_code=303)

    def _visited(self, request: Request) -> EkpayTransaction | None:
        one = self._transactions.get(request.query_params.get("trnsID", ""))
        return one if one is not None and request.query_params.get("sToken") == one.token else None

    async def _by_hand(self, request: Request) -> Response:
        payment, action = request.path_params["id"], request.path_params["action"]
        try:
            if action == "pay":
                content = await _content(request)
                self.take_money(payment, _amount(content, "amount") if "amount" in content else None)
            elif action in _CODES:
                self.end_unpaid(payment, _CODES[action])
            else:
                return JSONResponse({"error": "pay, fail or cancel is expected"}, status_code=404)
        except (ValueError, Refusal):
            return JSONResponse({"error": "the payment is not open, or the amount is none"}, status_code=409)
        return JSONResponse({"state": _STATES[self._transactions[payment].code or ""]})


async def _content(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = content.get(name)
    if not isinstance(part, dict):
        raise Refusal(400, name)
    return part


def _text(content: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    """A field's text; clients send numbers there, too."""
    value = content.get(name)
    if value is None and not required:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or not (str(value) or not required):
        raise Refusal(400, name)
    text = str(value)
    if text.encode("utf-8", "replace").decode() != text:  # half of a surrogate pair
        raise Refusal(400, name)
    return text


def _address(content: Mapping[str, Any], name: str) -> str:
    address = _text(content, name)
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"http", "https"}:
        raise Refusal(400, name)
    return address


def _amount(content: Mapping[str, Any], name: str = "trnx_amt") -> Money:
    """As text or as a number: clients send both."""
    written = content.get(name)
    if isinstance(written, bool) or not isinstance(written, str | int | float) or not str(written).isascii():
        raise Refusal(400, name)
    try:
        amount = Money.taka(str(written))
    except NationalDataError:
        raise Refusal(400, name) from None
    if not amount.poisha:
        raise Refusal(400, name)
    return amount


def _request_time(content: Mapping[str, Any]) -> None:
    """``2026-01-31 09:05:00 GMT+6``. How far it may be from ekPay's clock is not known, and not looked at."""
    written = _text(content, "req_timestamp")
    try:
        datetime.strptime(written, "%Y-%m-%d %H:%M:%S GMT+6")  # noqa: DTZ007 - its zone is in the text
    except ValueError:
        raise Refusal(400, "req_timestamp") from None


def _returning(address: str, payment: str) -> str:
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode({"transId": payment}))))
    return urlunsplit(parts._replace(query=query))


def _refused(code: str, message: str) -> JSONResponse:
    return JSONResponse({"responseCode": code, "responseMessage": message})


def _web64(content: Mapping[str, Any] | bytes) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
