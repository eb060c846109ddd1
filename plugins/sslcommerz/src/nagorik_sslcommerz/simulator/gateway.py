"""SSLCommerz v4, simulated on its documented wire; independent clients of the gateway talk to it as they are.

| call | answer |
|---|---|
| ``POST /gwprocess/v4/api.php``, a form | 200 ``{status: SUCCESS, sessionkey, GatewayPageURL, …}`` or ``{status: FAILED, failedreason}`` |
| ``GET /gwprocess/v4/gw.php?Q=PAY&SESSIONKEY=…`` | the page on which the payer pays |
| ``POST`` to the same, ``act=pay``, ``fail`` or ``cancel`` | a page that posts the signed fields to the merchant |
| ``GET /validator/api/validationserverAPI.php?val_id=…`` | ``VALID`` the first time, then ``VALIDATED``; ``INVALID_TRANSACTION`` |
| ``GET /validator/api/merchantTransIDvalidationAPI.php?tran_id=…`` | ``{no_of_trans_found, element: […]}``, every attempt |
| the same with ``sessionkey`` | what became of one session |
| the same with ``bank_tran_id``, ``refund_amount``, ``refund_trans_id`` | ``success`` (accepted), ``processing`` (ordered before), ``failed`` |
| the same with ``refund_ref_id`` | ``processing``, ``refunded`` or ``cancelled`` |

The questions are asked by POST too, as the gateway's own npm package asks them. Every one carries ``store_id`` and
``store_passwd``. Names and types of fields, words, amounts and times are those of the gateway's documentation and of its
clients. Modelled are: that a session nobody has paid in is told as ``PENDING`` under its ``tran_id``; that one
``tran_id`` may be opened again, which gives another session; how long anything takes; what a notice of an unpaid
session holds; the wording of a refusal; and that ``refund_trans_id`` alone tells one refund from the next.
"""  # noqa: E501 - a table

from base64 import b32decode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import AgencyRejected, CredentialsRejected, Money, NationalDataError
from nagorik_sslcommerz.simulator.pages import payment_page, returning_page
from nagorik_sslcommerz.simulator.session_form import amount_of, fault_of
from nagorik_sslcommerz.simulator.sessions import (
    DURATIONS,
    IGNORED_RESPONSE_FIELDS,
    PaymentAttempt,
    SslCommerzRefund,
    SslCommerzSession,
    drawn,
    notice_of,
    record_of,
    written_at,
)
from nagorik_testing import (
    ADMIN_PATH,
    Codec,
    ErrorAnswer,
    ExampleMessage,
    FormFormat,
    JsonFormat,
    MultipartFormat,
    PaymentAct,
    ReadRequest,
    Refusal,
    Simulator,
    SparseAnswer,
    payment_act,
    refused,
)

SESSIONS: Final = "/gwprocess/v4/api.php"
PAGE: Final = "/gwprocess/v4/gw.php"
VALIDATIONS: Final = "/validator/api/validationserverAPI.php"
TRANSACTIONS: Final = "/validator/api/merchantTransIDvalidationAPI.php"
OPENED: Final = "OPENED"
"""The query field that tells one opening of a page from the next; modelled."""
NOT_LET_IN: Final = "Store Credential Error Or Store is De-active"
RETURNS: Final = {"pay": "success_url", "fail": "fail_url", "cancel": "cancel_url"}
"""What the payer may do, with the address that the browser is sent to."""


class SslCommerzSimulator(Simulator):
    """A payer pays a minute after the session was opened, unless the script says otherwise.

    Scripts and faults know a payment by the platform's id of it, and by the payer's name. Outcomes: ``pay`` (after
    the duration ``pay``), ``never`` (the session ends after ``expire``), ``fail``, ``cancel``, ``other-amount`` (of
    the value ``amount``, in taka), ``pay-twice`` (again after ``again``), ``late`` (after a ``cancel``), ``risky``
    (paid, and held by the gateway for its risk). A refund is done after the duration ``refund``; the value
    ``refund``, ``cancelled``, ends it otherwise.
    """

    plugin_id: ClassVar[str] = "sslcommerz"
    store_id: ClassVar[str] = "nagoriksimulated"
    """The one store that it knows."""
    store_password: ClassVar[str] = "nagoriksimulated@ssl"  # noqa: S105 - the simulator's own
    modelled: ClassVar[str] = (
        "সময়, অপরিশোধিত লেনদেনের বার্তা ও প্রত্যাখ্যানের ভাষা কল্পিত; বাকিটা এসএসএলকমার্জের নথি অনুযায়ী। / "
        "How long things take, messages about unpaid sessions and the wording of refusals are modelled; "
        "the rest follows SSLCommerz' documentation."
    )
    outcomes: ClassVar[tuple[str, ...]] = (
        "pay",
        "never",
        "fail",
        "cancel",
        "other-amount",
        "pay-twice",
        "late",
        "risky",
    )
    durations: ClassVar[Mapping[str, timedelta]] = DURATIONS
    ignored_response_fields: ClassVar[Mapping[str, str]] = IGNORED_RESPONSE_FIELDS
    failing_refund: ClassVar[Mapping[str, str]] = MappingProxyType({"refund": "cancelled"})
    sparse_answers: ClassVar[Sequence[SparseAnswer]] = (
        SparseAnswer(
            name="no attempt is listed under the transaction, and the session is known",
            operation=f"GET {TRANSACTIONS}",
            put=MappingProxyType({"no_of_trans_found": 0, "element": []}),
        ),
    )
    codec: ClassVar[Codec] = Codec(JsonFormat(), requests=[FormFormat(), MultipartFormat()])

    def open_office(self) -> None:
        """Begin without sessions."""
        self._sessions: dict[str, SslCommerzSession] = {}
        self._refunds: dict[str, SslCommerzRefund] = {}

    def routes(self) -> Sequence[Route]:
        """The gateway's interface, and the payer's page."""
        return (
            Route(SESSIONS, self._open, methods=["POST"]),
            Route(PAGE, self._page, methods=["GET"]),
            Route(PAGE, self._act, methods=["POST"]),
            Route(VALIDATIONS, self._validate, methods=["GET"]),
            Route(VALIDATIONS, self._validate, methods=["POST"]),
            Route(TRANSACTIONS, self._transactions, methods=["GET"]),
            Route(TRANSACTIONS, self._transactions, methods=["POST"]),
        )

    def operator_routes(self) -> Sequence[Route]:
        """What the gateway posts to ``ipn_url`` for a payment, as its bytes: the simulator itself calls nobody."""
        return (Route(f"{ADMIN_PATH}/sslcommerz/payments/{{id}}/ipn", self._notice, methods=["GET"]),)

    def settings(self, base_url: str) -> dict[str, object]:
        """Where the gateway is, and the store that it knows."""
        return {
            "base_url": base_url,
            "store_id": self.store_id,
            "store_password": self.store_password,
            "receipt_email": "receipts@nagorik.example",
            "address": "1 Specimen Road",
            "city": "Dhaka",
            "postcode": "1000",
        }

    def client_reference(self, request: ReadRequest) -> str | None:
        """The platform's own id of the payment."""
        session = self._asked_about(request)
        tran_id = session.tran_id if session else _given(request).get("tran_id")
        return None if tran_id is None else _payment_of(tran_id)

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The payer's name."""
        session = self._asked_about(request)
        name = session.form.get("cus_name") if session else _given(request).get("cus_name")
        return (name,) if name else ()

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """Its refusals, all with status 200."""
        return (
            ErrorAnswer(
                name="the store is not let in",
                status=200,
                document={"status": "FAILED", "failedreason": NOT_LET_IN},
                means=CredentialsRejected,
            ),
            ErrorAnswer(
                name="a question's store is not let in",
                status=200,
                document={"APIConnect": "FAILED"},
                means=CredentialsRejected,
            ),
            ErrorAnswer(
                name="the store is inactive",
                status=200,
                document={"APIConnect": "INACTIVE"},
                means=CredentialsRejected,
            ),
            ErrorAnswer(
                name="the question is not understood",
                status=200,
                document={"APIConnect": "INVALID_REQUEST"},
                means=AgencyRejected,
            ),
        )

    def payment_notice(self, payment: str) -> ExampleMessage:
        """What the gateway posts about a payment as it stands now."""
        session = self.session_of(payment)
        self.catch_up()
        fields = notice_of(session, session.last, self.store_id, self.store_password)
        return ExampleMessage(
            headers={"content-type": "application/x-www-form-urlencoded"}, body=urlencode(fields).encode("ascii")
        )

    def catch_up(self) -> None:
        """Let payers and the gateway do what has fallen due, in the order in which it did."""
        now = self.clock.now()
        due = [
            (at, number, act, session)
            for number, session in enumerate(self._sessions.values())
            for act, at in self._plan(session)
            if at <= now and act not in session.acted
        ]
        for at, _, act, session in sorted(due, key=lambda each: each[:2]):
            session.acted.add(act)
            self._happen(session, act, at)
        for refund in self._refunds.values():
            if refund.done_at is None and refund.due <= now:
                self._finish(refund)

    def pay(
        self,
        session: SslCommerzSession,
        amount: Money | None = None,
        *,
        at: datetime | None = None,
        risk: str = "0",
    ) -> PaymentAttempt:
        """Take money in a session: what it asks for, or another amount."""
        at = at or self.clock.now()
        attempt = PaymentAttempt(
            status="VALID",
            at=at,
            amount=amount or session.asked,
            bank_tran_id=drawn(self.random, at),
            val_id=drawn(self.random, at),
            risk=risk,
        )
        session.attempts.append(attempt)
        self.ledger.record(
            "capture",
            attempt.bank_tran_id,
            client_reference=_payment_of(session.tran_id),
            amount=attempt.amount.plain(),
            at=at,
        )
        return attempt

    def fail(self, session: SslCommerzSession, at: datetime | None = None) -> PaymentAttempt:
        """Let the payer's bank say no."""
        at = at or self.clock.now()
        attempt = PaymentAttempt(
            "FAILED", at, session.asked, drawn(self.random, at), error="Transaction is declined by the bank."
        )
        session.attempts.append(attempt)
        return attempt

    def cancel(self, session: SslCommerzSession, at: datetime | None = None) -> PaymentAttempt:
        """Let the payer leave."""
        session.ended, session.ended_at = "CANCELLED", at or self.clock.now()
        return PaymentAttempt("CANCELLED", session.ended_at, session.asked)

    def session_of(self, payment: str) -> SslCommerzSession:
        """The last session that was opened for a payment.

        Raises:
            LookupError: There is none.
        """
        return self._sessions_of(payment)[-1]

    def _plan(self, session: SslCommerzSession) -> list[tuple[str, datetime]]:
        """What happens in a session by the script, and when."""

        def at(*stages: str) -> datetime:
            return session.opened_at + sum((session.after(stage) for stage in stages), timedelta(0))

        plans = {
            "never": [],
            "fail": [("fail", at("fail"))],
            "cancel": [("cancel", at("cancel"))],
            "pay-twice": [("pay", at("pay")), ("again", at("pay", "again"))],
            "late": [("cancel", at("cancel")), ("pay", at("cancel", "late"))],
        }
        return [*plans.get(session.scenario.outcome, [("pay", at("pay"))]), ("expire", at("expire"))]

    def _happen(self, session: SslCommerzSession, act: str, at: datetime) -> None:
        scenario = session.scenario
        if act == "fail":
            self.fail(session, at)
        elif act == "cancel":
            self.cancel(session, at)
        elif act == "expire":
            if not session.attempts and session.ended is None:
                session.ended, session.ended_at = "EXPIRED", at
        elif act == "again" or not any(attempt.is_paid for attempt in session.attempts):
            other = scenario.values.get("amount") if scenario.outcome == "other-amount" else None
            amount = None if other is None else Money.taka(other)
            self.pay(session, amount, at=at, risk="1" if scenario.outcome == "risky" else "0")

    def _finish(self, refund: SslCommerzRefund) -> None:
        refund.done_at = refund.due
        if not refund.cancelled:
            self.ledger.record(
                "refund",
                refund.reference,
                client_reference=_payment_of(refund.session.tran_id),
                amount=refund.amount.plain(),
                at=refund.due,
            )

    def _sessions_of(self, payment: str) -> list[SslCommerzSession]:
        found = [session for session in self._sessions.values() if _payment_of(session.tran_id) == payment]
        if not found:
            raise LookupError("no session was opened for this payment")
        return found

    def _paid(self, **ids: str) -> tuple[SslCommerzSession, PaymentAttempt] | None:
        """The session and the attempt in which money was taken, by one of its ids."""
        for session in self._sessions.values():
            for attempt in session.attempts:
                if attempt.is_paid and all(getattr(attempt, name) == value for name, value in ids.items()):
                    return session, attempt
        return None

    def _asked_about(self, request: ReadRequest) -> SslCommerzSession | None:
        given = _given(request)
        key = given.get("sessionkey") or given.get("SESSIONKEY")
        if key is not None:
            return self._sessions.get(key)
        refund = self._refunds.get(given.get("refund_ref_id", ""))
        if refund is not None:
            return refund.session
        for name in ("val_id", "bank_tran_id"):
            if given.get(name):
                found = self._paid(**{name: given[name]})
                return None if found is None else found[0]
        try:
            return self.session_of(_payment_of(given.get("tran_id", "")))
        except LookupError:
            return None

    def _is_let_in(self, given: Mapping[str, str]) -> bool:
        return (given.get("store_id"), given.get("store_passwd")) == (self.store_id, self.store_password)

    async def _open(self, request: Request) -> Response:
        form = await _form(request)
        if not self._is_let_in(form):
            return _failed(NOT_LET_IN)
        fault, asked = fault_of(form), amount_of(form)
        if fault is not None or asked is None:
            return _failed(fault or "Invalid Information!")
        payment = _payment_of(form["tran_id"])
        key = f"{self.random.getrandbits(128):032X}"
        scenario = self.script.scenario(payment, form["cus_name"])
        self._sessions[key] = SslCommerzSession(key, form, asked, self.clock.now(), scenario)
        self.ledger.record("session", key, client_reference=payment, amount=asked.plain())
        page = f"{str(request.base_url).rstrip('/')}{PAGE}?{urlencode({'Q': 'PAY', 'SESSIONKEY': key})}"
        return JSONResponse(
            {
                "status": "SUCCESS",
                "failedreason": "",
                "sessionkey": key,
                "gw": {"visa": "visacard", "mobilebanking": "mobilebank"},
                "redirectGatewayURL": page,
                "directPaymentURLBank": "",
                "directPaymentURLCard": "",
                "directPaymentURL": "",
                "redirectGatewayURLFailed": "",
                "GatewayPageURL": page,
                "storeBanner": "",
                "storeLogo": "",
                "desc": [{"name": "VISA", "type": "visa", "logo": "", "gw": "visacard", "r_flag": "1"}],
                "is_direct_pay_enable": "0",
            }
        )

    async def _page(self, request: Request) -> Response:
        session = self._sessions.get(request.query_params.get("SESSIONKEY", ""))
        if session is None:
            return refused("no such session", 404)
        # Each time that it is opened it is another page, of which a button counts once.
        session.pages += 1
        query = {"Q": "PAY", "SESSIONKEY": session.key, OPENED: str(session.pages)}
        return payment_page(session, f"{PAGE}?{urlencode(query)}")

    async def _act(self, request: Request) -> Response:
        """What the payer chose, once for a page.

        One that is still open in another tab pays once more: so it is at the gateway.
        """
        session = self._sessions.get(request.query_params.get("SESSIONKEY", ""))
        if session is None:
            return refused("no such session", 404)
        try:
            act = await payment_act(request)
        except Refusal as refusal:
            return refused(refusal.field, refusal.status)
        opened = request.query_params.get(OPENED, "")
        if opened in session.pressed:
            act, attempt = session.pressed[opened]
            return self._sent_back(session, act, attempt)
        if session.ended == "EXPIRED":
            return payment_page(session, f"{PAGE}?{request.url.query}")
        if act == "pay":
            attempt = self.pay(session, risk="1" if session.scenario.outcome == "risky" else "0")
        else:
            attempt = self.fail(session) if act == "fail" else self.cancel(session)
        session.acted |= {"pay", "fail", "cancel", "again"}  # the payer did it, and the script leaves it alone
        if opened:
            session.pressed[opened] = act, attempt
        return self._sent_back(session, act, attempt)

    def _sent_back(self, session: SslCommerzSession, act: PaymentAct, attempt: PaymentAttempt) -> Response:
        posted = notice_of(session, attempt, self.store_id, self.store_password)
        return returning_page(session.form[RETURNS[act]], posted)

    async def _validate(self, request: Request) -> Response:
        given = {**request.query_params, **await _form(request)}
        if not self._is_let_in(given):
            return JSONResponse({"APIConnect": "FAILED"})
        found = self._paid(val_id=given.get("val_id", ""))
        if found is None:
            return JSONResponse({"status": "INVALID_TRANSACTION", "APIConnect": "DONE"})
        session, attempt = found
        record = record_of(session, attempt)
        attempt.status = "VALIDATED"
        return JSONResponse(
            {**record, "APIConnect": "DONE", "validated_on": written_at(self.clock.now()), "gw_version": ""}
        )

    async def _transactions(self, request: Request) -> Response:
        given = {**request.query_params, **await _form(request)}
        if not self._is_let_in(given):
            return JSONResponse({"APIConnect": "FAILED"})
        if "refund_ref_id" in given:
            return self._refund_status(given["refund_ref_id"])
        if "refund_amount" in given:
            return self._refund(given)
        if "sessionkey" in given:
            return self._session_status(given["sessionkey"])
        if "tran_id" not in given:
            return JSONResponse({"APIConnect": "INVALID_REQUEST"})
        found = [
            record_of(session, attempt)
            for session in self._sessions.values()
            if session.tran_id == given["tran_id"]
            for attempt in session.shown
        ]
        return JSONResponse({"APIConnect": "DONE", "no_of_trans_found": len(found), "element": found})

    def _session_status(self, key: str) -> Response:
        session = self._sessions.get(key)
        if session is None:
            return JSONResponse({"APIConnect": "INVALID_REQUEST"})
        return JSONResponse({"APIConnect": "DONE", "sessionkey": key, **record_of(session, session.last)})

    def _refund(self, given: Mapping[str, str]) -> Response:
        """Order a refund; the same name again is the same refund, which is ``processing``."""
        bank_tran_id = given.get("bank_tran_id", "")
        name = given.get("refund_trans_id") or given.get("refe_id", "")
        found, amount = self._paid(bank_tran_id=bank_tran_id), _taka(given["refund_amount"])
        answer: dict[str, JsonValue] = {"APIConnect": "DONE", "bank_tran_id": bank_tran_id}
        if found is None or amount is None or not name or not given.get("refund_remarks", "").strip():
            return JSONResponse({**answer, "status": "failed", "errorReason": "Invalid refund request"})
        session, attempt = found
        answer["trans_id"] = session.tran_id
        known = next((each for each in self._refunds.values() if each.name == name), None)
        if known is not None and known.attempt is attempt:
            return JSONResponse(
                {**answer, "refund_ref_id": known.reference, "status": "processing", "errorReason": ""}
            )
        before = sum(each.amount.poisha for each in self._refunds.values() if each.attempt is attempt)
        if known is not None or not amount.poisha or before + amount.poisha > attempt.amount.poisha:
            return JSONResponse({**answer, "status": "failed", "errorReason": "Refund amount is not allowed"})
        now, scenario = self.clock.now(), session.scenario
        refund = SslCommerzRefund(
            reference=drawn(self.random, now, 8),
            name=name,
            session=session,
            attempt=attempt,
            amount=amount,
            ordered_at=now,
            due=now + session.after("refund"),
            cancelled=scenario.values.get("refund") == "cancelled",
        )
        self._refunds[refund.reference] = refund
        # Accepted: no money moves yet.
        self.ledger.record("refund-order", refund.reference, client_reference=_payment_of(session.tran_id))
        return JSONResponse({**answer, "refund_ref_id": refund.reference, "status": "success", "errorReason": ""})

    def _refund_status(self, reference: str) -> Response:
        refund = self._refunds.get(reference)
        if refund is None:
            return JSONResponse({"APIConnect": "INVALID_REQUEST"})
        return JSONResponse(
            {
                "APIConnect": "DONE",
                "bank_tran_id": refund.attempt.bank_tran_id,
                "tran_id": refund.session.tran_id,
                "refund_ref_id": reference,
                "initiated_on": written_at(refund.ordered_at),
                "refunded_on": "" if refund.done_at is None else written_at(refund.done_at),
                "status": refund.status,
                "errorReason": "",
            }
        )

    async def _notice(self, request: Request) -> Response:
        try:
            message = self.payment_notice(request.path_params["id"])
        except (LookupError, ValueError):
            return refused("no such payment", 404)
        return Response(message.body, headers=dict(message.headers))


async def _form(request: Request) -> dict[str, str]:
    """A form's fields, urlencoded or in parts; none where there is no body."""
    body, label = await request.body(), request.headers.get("content-type", "")
    try:
        content = SslCommerzSimulator.codec.read(body, label) if body else {}
    except ValueError:
        content = {}
    return _texts(content)


def _given(request: ReadRequest) -> dict[str, str]:
    return {**request.query, **_texts(request.content)}


def _texts(content: JsonValue) -> dict[str, str]:
    fields = content if isinstance(content, dict) else {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _payment_of(tran_id: str) -> str:
    """The name under which scripts and the ledger know a transaction: a ``tran_id`` in Base32 names its UUID."""
    try:
        return str(UUID(bytes=b32decode(f"{tran_id}======")))
    except ValueError:
        return tran_id


def _taka(written: str) -> Money | None:
    try:
        return Money.taka(written)
    except NationalDataError:
        return None


def _failed(reason: str) -> JSONResponse:
    return JSONResponse({"status": "FAILED", "failedreason": reason, "sessionkey": "", "GatewayPageURL": ""})
