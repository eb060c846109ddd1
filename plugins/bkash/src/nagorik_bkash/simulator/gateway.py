"""The gateway's interface, its payer's page and its notices."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from nagorik import (
    AgencyRejected,
    CredentialsRejected,
    Money,
    NationalDataError,
    OutcomeUnknown,
    Text,
    parse_document,
    read_data_file,
)
from nagorik_bkash.simulator import notices
from nagorik_bkash.simulator.checkout import (
    MERCHANT,
    SHORT_CODE,
    BkashCheckout,
    CheckoutBook,
    CheckoutState,
    CodeRaised,
    after,
    bkash_time,
)
from nagorik_testing import (
    ADMIN_PATH,
    ErrorAnswer,
    ExampleMessage,
    PaymentPage,
    PaymentPageState,
    ReadRequest,
    Refusal,
    Simulator,
    content_of,
    payment_act,
    refused,
    render_payment_page,
)

VERSION: Final = "/v1.2.0-beta"
CHECKOUT: Final = f"{VERSION}/tokenized/checkout"
PAGE: Final = "/sim/bkash/pay"
"""Where a payer pays. bKash's own page lies at another host; its address is handed out, and nobody builds it."""
USERNAME: Final = "simulated-merchant"
PASSWORD: Final = "simulated-password"  # noqa: S105 - opens the simulator alone
APP_KEY: Final = "simulated-app-key"
APP_SECRET: Final = "simulated-app-secret"  # noqa: S105 - opens the simulator alone
TOKEN_LIFE: Final = timedelta(hours=1)
DURATIONS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {"pay": timedelta(minutes=1), "fail": timedelta(minutes=1), "cancel": timedelta(minutes=1)}
)
"""How long the payer takes, where nothing is scripted."""
EXPIRED: Final = {"message": "The incoming token has expired"}
UNAUTHORISED: Final = {"message": "Unauthorized"}
SENTENCES: Final = parse_document(read_data_file(__package__, "sentences.toml"), "sentences.toml")
_LONGEST: Final = 255
_UNFIT: Final = frozenset("<>&")

Operate = Callable[[dict[str, Any], Request], dict[str, JsonValue]]


@dataclass(slots=True)
class IssuedSession:
    """An id token and the refresh token that came with it."""

    id_token: str
    refresh_token: str
    expires_at: datetime


class BkashSimulator(Simulator):
    """A payer agrees a minute after the payment was created, unless the script says otherwise; the merchant executes.

    Scripts and faults know a payment by the merchant's invoice number, which is its client reference here, and by the
    payer's reference. Outcomes: ``pay`` (agrees after the duration ``pay``), ``never``, ``cancel``, ``fail`` (wrong
    PIN, on the page), ``decline-fail`` (agrees, and the execution is refused for want of money).

    A script's ``values`` ask for what the gateway does at times: ``codes = absent`` leaves ``statusCode`` out of a
    success, ``codes = gateway`` writes a refusal as ``errorCode`` and ``errorMessage``, ``execute = empty`` answers
    an execution with an empty body, ``repeated = 2117`` is what a second execution is told instead of 2062, and
    ``currency`` is what status and execution name instead of BDT. Under the merchant's user name, ``expires_in =
    text`` writes the life of a token as text.
    """

    plugin_id: ClassVar[str] = "bkash"
    modelled: ClassVar[str] = (
        "পথ, ক্ষেত্র ও কোড প্রকাশিত ক্লায়েন্ট থেকে নেওয়া; পরিশোধের পাতা, মেয়াদ ও বাতিলের উত্তর কল্পিত। / "
        "Paths, fields and codes are from published clients; the page, lifetimes and what follows a cancelled "
        "payment are modelled."
    )
    outcomes: ClassVar[tuple[str, ...]] = ("pay", "never", "fail", "cancel", "decline-fail")
    durations: ClassVar[Mapping[str, timedelta]] = DURATIONS
    ignored_response_fields: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "successCallbackURL": "an address of the host's own, as it was given",
            "failureCallbackURL": "an address of the host's own, as it was given",
            "cancelledCallbackURL": "an address of the host's own, as it was given",
            "payerReference": "the payer's number or the payment's, as the platform gave it",
            "customerMsisdn": "the payer's wallet, which is personal data that nothing here needs",
            "payerAccount": "the payer's wallet, which is personal data that nothing here needs",
            "paymentCreateTime": "when the platform itself created the payment",
            "charge": "between the merchant and bKash; the payer gets back the amount beside it",
        }
    )

    def open_office(self) -> None:
        """Begin without payments and tokens."""
        self.book = CheckoutBook(self.random, self.ledger)
        self._sessions: dict[str, IssuedSession] = {}
        self._confirmed: set[str] = set()

    def routes(self) -> Sequence[Route]:
        """The interface below ``/v1.2.0-beta``, the payer's page, and what SNS serves."""
        operations: Mapping[str, Operate] = {
            "create": self._create,
            "execute": self._execute,
            "payment/status": self._status,
            "general/searchTransaction": self._search,
            "payment/refund": self._refund,
        }
        return (
            Route(f"{CHECKOUT}/token/grant", self._grant, methods=["POST"]),
            Route(f"{CHECKOUT}/token/refresh", self._refresh, methods=["POST"]),
            *(
                Route(f"{CHECKOUT}/{path}", self._operation(one), methods=["POST"])
                for path, one in operations.items()
            ),
            Route(PAGE, self._show_page, methods=["GET"]),
            Route(PAGE, self._act_on_page, methods=["POST"]),
            Route(notices.CERTIFICATE_PATH, self._certificate, methods=["GET"]),
            Route(notices.CONFIRM_PATH, self._confirm, methods=["GET"]),
        )

    def operator_routes(self) -> Sequence[Route]:
        """What a payer does by hand, by the merchant's invoice number: ``agree``, ``fail`` and ``cancel``."""
        return (Route(f"{ADMIN_PATH}/bkash/payments/{{invoice}}/{{action}}", self._by_hand, methods=["POST"]),)

    def settings(self, base_url: str) -> dict[str, object]:
        """A merchant of the simulator's."""
        return {
            "base_url": f"{base_url}{VERSION}",
            "username": USERNAME,
            "password": PASSWORD,
            "app_key": APP_KEY,
            "app_secret": APP_SECRET,
            "notice_topic": notices.TOPIC,
            "notice_origin": base_url,
        }

    def client_reference(self, request: ReadRequest) -> str | None:
        """The merchant's invoice number of the payment that a request is about."""
        content = request.content if isinstance(request.content, dict) else {}
        given = content.get("merchantInvoiceNumber")
        if isinstance(given, str):
            return given
        found = self._named(content, request.query)
        return found.invoice if found else None

    def markers(self, request: ReadRequest) -> tuple[str, ...]:
        """The payer's reference."""
        content = request.content if isinstance(request.content, dict) else {}
        found = self._named(content, request.query)
        given = found.payer_reference if found else content.get("payerReference")
        return (given,) if isinstance(given, str) else ()

    def catch_up(self) -> None:
        """Let the payers do what has fallen due."""
        for checkout in self.book.by_id.values():
            self._settle(checkout)

    def restart(self) -> None:
        """Lose every token."""
        self._sessions.clear()

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """Those that mean the same whatever was asked."""
        return (
            ErrorAnswer(
                name="the app key is not known",
                status=200,
                document={"statusCode": "2001", "statusMessage": SENTENCES["2001"]},
                means=CredentialsRejected,
            ),
            ErrorAnswer(
                name="the app key is not known, in the gateway's own words",
                status=200,
                document={"errorCode": "2001", "errorMessage": SENTENCES["2001"]},
                means=CredentialsRejected,
            ),
            ErrorAnswer(
                name="done before, with a status that lets nobody in",
                status=403,
                document={"statusCode": "2062", "statusMessage": SENTENCES["2062"]},
                means=OutcomeUnknown,
            ),
            ErrorAnswer(
                name="a field is missing, with a status of refusal",
                status=400,
                document={"errorCode": "2065", "errorMessage": SENTENCES["2065"]},
                means=AgencyRejected,
            ),
        )

    def payment_notice(self, payment: str) -> ExampleMessage:
        """The notice of a completed payment; of any other, the payer's coming back, in which nothing is signed."""
        checkout = self._of_invoice(payment)
        if checkout.state is CheckoutState.COMPLETED:
            return notices.posted(notices.payment_envelope(checkout, self.clock.now()))
        return self.payer_return(payment)

    def forged_notices(self, payment: str) -> Sequence[ExampleMessage]:
        """The notice of a completed payment under another merchant's topic; Amazon signs that as well."""
        checkout = self._of_invoice(payment)
        if checkout.state is not CheckoutState.COMPLETED:
            return ()
        envelope = notices.payment_envelope(checkout, self.clock.now())
        return (notices.posted(notices.signed({**envelope, "TopicArn": notices.ANOTHER_TOPIC})),)

    def payer_return(self, payment: str, status: str | None = None) -> ExampleMessage:
        """The payer's coming back to the merchant, as a host hands it on: the query as a form."""
        checkout = self._of_invoice(payment)
        query = urlsplit(checkout.callback_url(status or checkout.came_back_with)).query
        form = {"content-type": "application/x-www-form-urlencoded"}
        return ExampleMessage(headers=form, body=query.encode(), signed=False)

    def subscription_confirmation(self, origin: str) -> ExampleMessage:
        """What is posted before any notice; ``confirmed`` says whether somebody has opened its address."""
        token = f"{self.random.getrandbits(128):032x}"
        return notices.posted(notices.confirmation_envelope(origin, token, self.clock.now()))

    @property
    def confirmed(self) -> frozenset[str]:
        """The tokens of the subscriptions that were confirmed."""
        return frozenset(self._confirmed)

    def agree(self, payment: str) -> None:
        """Let the payer agree to an open payment.

        Raises:
            ValueError: There is no open payment of this invoice number.
        """
        self._open_one(payment).state = CheckoutState.AGREED

    def fail(self, payment: str) -> None:
        """Let the payer give a wrong PIN too often; raises as ``agree``."""
        self._open_one(payment).state = CheckoutState.FAILED

    def cancel(self, payment: str) -> None:
        """Let the payer cancel; raises as ``agree``."""
        self._open_one(payment).state = CheckoutState.CANCELLED

    def _open_one(self, payment: str) -> BkashCheckout:
        found = self.book.of_invoice(payment)
        if found is None or found.state is not CheckoutState.OPEN:
            raise ValueError("the payment is not open")
        return found

    def _of_invoice(self, payment: str) -> BkashCheckout:
        found = self.book.of_invoice(payment)
        if found is None:
            raise ValueError("no payment of this invoice number was created")
        return found

    def _named(self, content: Mapping[str, object], query: Mapping[str, str]) -> BkashCheckout | None:
        named = content.get("paymentID") or query.get("paymentId")
        found = self.book.by_id.get(named) if isinstance(named, str) else None
        trx = content.get("trxID")
        return found or (self.book.by_trx.get(trx) if isinstance(trx, str) else None)

    def _settle(self, checkout: BkashCheckout) -> None:
        outcome = checkout.scenario.outcome
        states = {
            "pay": CheckoutState.AGREED,
            "decline-fail": CheckoutState.AGREED,
            "fail": CheckoutState.FAILED,
            "cancel": CheckoutState.CANCELLED,
        }
        stage = "pay" if outcome == "decline-fail" else outcome
        if checkout.state is not CheckoutState.OPEN or outcome not in states:
            return
        if checkout.created_at + after(checkout, stage, DURATIONS[stage]) <= self.clock.now():
            checkout.state = states[outcome]

    # Tokens

    async def _grant(self, request: Request) -> Response:
        return await self._session(request, None)

    async def _refresh(self, request: Request) -> Response:
        return await self._session(request, "refresh_token")

    async def _session(self, request: Request, refresh: str | None) -> Response:
        try:
            content = await content_of(request)
        except Refusal:
            return _answer(_refused("2025"))
        if (request.headers.get("username"), request.headers.get("password")) != (USERNAME, PASSWORD):
            return JSONResponse({"status": "fail", "msg": "The username or password is wrong"})
        if (content.get("app_key"), content.get("app_secret")) != (APP_KEY, APP_SECRET):
            return _answer(_refused("2001"))
        if refresh is not None:
            known = next((one for one in self._sessions.values() if one.refresh_token == content.get(refresh)), None)
            if known is None:
                return JSONResponse(UNAUTHORISED, 401)
        number = f"{self.random.getrandbits(128):032x}"
        session = IssuedSession(
            f"simulated-id-{number}", f"simulated-refresh-{number}", self.clock.now() + TOKEN_LIFE
        )
        self._sessions[session.id_token] = session
        seconds = int(TOKEN_LIFE.total_seconds())
        as_text = self.script.scenario(USERNAME).values.get("expires_in") == "text"
        return _answer(
            {
                **_success(),
                "id_token": session.id_token,
                "token_type": "Bearer",
                "expires_in": str(seconds) if as_text else seconds,
                "refresh_token": session.refresh_token,
            }
        )

    def _turned_away(self, request: Request) -> Response | None:
        session = self._sessions.get(request.headers.get("authorization", ""))
        if session is None:
            return JSONResponse(UNAUTHORISED, 401)
        if session.expires_at <= self.clock.now():
            return JSONResponse(EXPIRED, 401)
        if request.headers.get("x-app-key") != APP_KEY:
            return _answer(_refused("2001"))
        return None

    # Operations

    def _operation(self, operate: Operate) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            away = self._turned_away(request)
            if away is not None:
                return away
            try:
                content = await content_of(request)
            except Refusal:
                return _answer(_refused("2025"))
            values = self._scripted(content)
            try:
                document = operate(content, request)
            except CodeRaised as raised:
                return _answer({**raised.beside, **_refused(raised.code, gateway=values.get("codes") == "gateway")})
            if operate == self._execute and values.get("execute") == "empty":
                return Response(b"", media_type="application/json")
            return _answer(document if values.get("codes") == "absent" else {**_success(), **document})

        return answer

    def _scripted(self, content: Mapping[str, object]) -> Mapping[str, str]:
        """What a script says of the payment that a request creates or names."""
        named, invoice = self._named(content, {}), content.get("merchantInvoiceNumber")
        if named is not None:
            return named.scenario.values
        return self.script.scenario(invoice if isinstance(invoice, str) else None).values

    def _create(self, content: dict[str, Any], request: Request) -> dict[str, JsonValue]:
        mode = content.get("mode")
        if mode in {"0000", "0001"}:
            raise CodeRaised("2064")  # agreements are not simulated
        if mode != "0011":
            raise CodeRaised("2063")
        payer = _text(content, "payerReference", "2048")
        callback = _text(content, "callbackURL", "2049")
        if not _is_web_address(callback):
            raise CodeRaised("2049")
        asked = _amount(content)
        if content.get("currency") != "BDT":
            raise CodeRaised("2007")
        if content.get("intent") != "sale":
            raise CodeRaised("2008")
        invoice = _text(content, "merchantInvoiceNumber", "2031")
        now = self.clock.now()
        checkout = BkashCheckout(
            payment_id=self.book.new_id(now),
            key=f"{self.random.getrandbits(128):032x}",
            origin=f"{request.url.scheme}://{request.url.netloc}",
            invoice=invoice,
            payer_reference=payer,
            callback=callback,
            written=str(content["amount"]),
            asked=asked,
            intent="sale",
            created_at=now,
            scenario=self.script.scenario(invoice, payer),
        )
        self.book.open(checkout)
        return {
            "paymentID": checkout.payment_id,
            "bkashURL": f"{checkout.origin}{_page_of(checkout)}",
            "callbackURL": callback,
            "successCallbackURL": checkout.callback_url("success"),
            "failureCallbackURL": checkout.callback_url("failure"),
            "cancelledCallbackURL": checkout.callback_url("cancel"),
            "amount": checkout.written,
            "intent": checkout.intent,
            "currency": "BDT",
            "paymentCreateTime": bkash_time(now),
            "transactionStatus": "Initiated",
            "merchantInvoiceNumber": invoice,
        }

    def _execute(self, content: dict[str, Any], _request: Request) -> dict[str, JsonValue]:
        checkout = self.book.find(content.get("paymentID"))
        self.book.execute(checkout, self.clock.now())
        return {
            "paymentID": checkout.payment_id,
            "payerReference": checkout.payer_reference,
            "customerMsisdn": checkout.wallet,
            "trxID": checkout.trx,
            "amount": checkout.written,
            "transactionStatus": "Completed",
            "paymentExecuteTime": bkash_time(self.clock.now()),
            "currency": checkout.scenario.values.get("currency", "BDT"),
            "intent": checkout.intent,
            "merchantInvoiceNumber": checkout.invoice,
        }

    def _status(self, content: dict[str, Any], _request: Request) -> dict[str, JsonValue]:
        checkout = self.book.find(content.get("paymentID"))
        verified = "Complete" if checkout.state in {CheckoutState.AGREED, CheckoutState.COMPLETED} else "Incomplete"
        document: dict[str, JsonValue] = {
            "paymentID": checkout.payment_id,
            "mode": "0011",
            "paymentCreateTime": bkash_time(checkout.created_at),
            "amount": checkout.written,
            "currency": checkout.scenario.values.get("currency", "BDT"),
            "intent": checkout.intent,
            "merchantInvoice": checkout.invoice,
            "transactionStatus": "Completed" if checkout.state is CheckoutState.COMPLETED else "Initiated",
            "userVerificationStatus": verified,
            "verificationStatus": verified,
            "payerReference": checkout.payer_reference,
        }
        if checkout.executed_at is not None:
            document |= {
                "paymentExecuteTime": bkash_time(checkout.executed_at),
                "trxID": checkout.trx,
                "payerAccount": checkout.wallet,
                "payerType": "Customer",
            }
        if checkout.state is CheckoutState.CANCELLED:
            raise CodeRaised("2069", **document)
        if checkout.state is CheckoutState.FAILED:
            raise CodeRaised("2023", **document)
        return document

    def _search(self, content: dict[str, Any], _request: Request) -> dict[str, JsonValue]:
        trx = content.get("trxID")
        checkout = self.book.by_trx.get(trx) if isinstance(trx, str) else None
        if checkout is None or checkout.executed_at is None:
            raise CodeRaised("2033")
        back = checkout.reversal if checkout.reversal and checkout.reversal.trx == trx else None
        at = back.at if back else checkout.executed_at
        document: dict[str, JsonValue] = {
            "trxID": trx,
            "initiationTime": bkash_time(at),
            "completedTime": bkash_time(at),
            "transactionType": "Payment Refund" if back else "bKash Tokenized BkashCheckout via API",
            "customerMsisdn": checkout.wallet,
            "payerAccount": SHORT_CODE if back else checkout.wallet,
            "transactionStatus": "Completed",
            "amount": back.amount.plain() if back else checkout.written,
            "currency": "BDT",
            "organizationShortCode": SHORT_CODE,
            "transactionReference": checkout.payer_reference,
        }
        if back:
            return document | {"originalTrxAmount": checkout.written}
        rest = checkout.asked if checkout.reversal is None else checkout.asked - checkout.reversal.amount
        return document | {
            "serviceFee": "0.00",
            "payerType": "Customer",
            "creditedAmount": checkout.asked.plain(),
            "maxRefundableAmount": rest.plain(),
        }

    def _refund(self, content: dict[str, Any], _request: Request) -> dict[str, JsonValue]:
        """An order, or the question how it ended where it names the payment and its transaction alone."""
        checkout = self.book.find(content.get("paymentID"))
        if checkout.trx is None or content.get("trxID") != checkout.trx:
            raise CodeRaised("2033")
        asked_only = not content.keys() & {"amount", "sku", "reason"}
        back = checkout.reversal
        if asked_only and back is None:
            raise CodeRaised("2033")
        if back is None or not asked_only:
            _text(content, "sku", "2065")
            _text(content, "reason", "2065")
            back = self.book.reverse(checkout, _amount(content), self.clock.now())
        return {
            "originalTrxID": checkout.trx,
            "refundTrxID": back.trx,
            "transactionStatus": "Completed",
            "amount": back.amount.plain(),
            "currency": "BDT",
            "charge": "0.00",
            "completedTime": bkash_time(back.at),
        }

    # The payer's page

    async def _show_page(self, request: Request) -> Response:
        checkout = self._at_page(request)
        if checkout is None:
            return PlainTextResponse("no such payment", 404)
        return render_payment_page(
            PaymentPage(
                gateway=Text(bn="বিকাশ", en="bKash"),
                payee=Text(bn="নমুনা মার্চেন্ট", en=MERCHANT),
                amount=checkout.asked,
                reference=checkout.payment_id,
                state=_PAGE_STATES[checkout.state],
                action=_page_of(checkout),
                modelled=_PAGE_IS_MODELLED,
            )
        )

    async def _act_on_page(self, request: Request) -> Response:
        """Does the deed once, and sends the browser back each time with how the payment stands."""
        checkout = self._at_page(request)
        if checkout is None:
            return PlainTextResponse("no such payment", 404)
        try:
            act = await payment_act(request)
        except Refusal as refusal:
            return PlainTextResponse("no such act", refusal.status)
        if checkout.state is CheckoutState.OPEN:
            checkout.state = _ACTS[act]
        return RedirectResponse(checkout.callback_url(checkout.came_back_with), 303)

    def _at_page(self, request: Request) -> BkashCheckout | None:
        found = self.book.by_id.get(request.query_params.get("paymentId", ""))
        return found if found is not None and request.query_params.get("hash") == found.key else None

    # What SNS serves

    async def _certificate(self, _request: Request) -> Response:
        return Response(notices.notice_signer().pem, media_type="application/x-pem-file")

    async def _confirm(self, request: Request) -> Response:
        query = request.query_params
        if query.get("Action") != "ConfirmSubscription" or query.get("TopicArn") != notices.TOPIC:
            return Response("<ErrorResponse/>", 400, media_type="text/xml")
        self._confirmed.add(query.get("Token", ""))
        return Response("<ConfirmSubscriptionResponse/>", media_type="text/xml")

    async def _by_hand(self, request: Request) -> Response:
        deeds = {"agree": self.agree, "fail": self.fail, "cancel": self.cancel}
        deed = deeds.get(request.path_params["action"])
        if deed is None:
            return refused("no such action; write agree, fail or cancel", 404)
        invoice = request.path_params["invoice"]
        try:
            deed(invoice)
        except ValueError as problem:
            return refused(str(problem), 409)
        return JSONResponse({"state": self._of_invoice(invoice).state.value})


_PAGE_STATES: Final[Mapping[CheckoutState, PaymentPageState]] = MappingProxyType(
    {
        CheckoutState.OPEN: "open",
        # What the payer has agreed to is not paid before the merchant executes it, and is agreed to once.
        CheckoutState.AGREED: "expired",
        CheckoutState.COMPLETED: "paid",
        CheckoutState.FAILED: "failed",
        CheckoutState.CANCELLED: "cancelled",
    }
)
_ACTS: Final = MappingProxyType(
    {"pay": CheckoutState.AGREED, "fail": CheckoutState.FAILED, "cancel": CheckoutState.CANCELLED}
)
_PAGE_IS_MODELLED: Final = Text(
    bn="পাতাটি কল্পিত। বিকাশের আসল পাতায় নম্বর, কোড ও পিন দিতে হয়।",
    en="This page is modelled. bKash's own page asks for a number, a code and a PIN.",
)


def _page_of(checkout: BkashCheckout) -> str:
    query = {"paymentId": checkout.payment_id, "hash": checkout.key, "mode": "0011", "apiVersion": VERSION[1:]}
    return f"{PAGE}?{urlencode(query)}"


def _text(content: Mapping[str, Any], name: str, code: str) -> str:
    value = content.get(name)
    if value is None or value == "":
        raise CodeRaised("2065")
    if not isinstance(value, str) or len(value) > _LONGEST or (name != "callbackURL" and _UNFIT & set(value)):
        raise CodeRaised(code)
    return value


def _is_web_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in {"http", "https"}
    except ValueError:
        return False


def _amount(content: Mapping[str, Any]) -> Money:
    """Text or a number: clients send both."""
    value = content.get("amount")
    if value is None:
        raise CodeRaised("2065")
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).isascii():
            raise CodeRaised("2006")
        amount = Money.taka(Decimal(str(value)))
    except (NationalDataError, InvalidOperation):
        raise CodeRaised("2006") from None
    if not amount.poisha:
        raise CodeRaised("2006")
    return amount


def _success() -> dict[str, JsonValue]:
    return {"statusCode": "0000", "statusMessage": SENTENCES["0000"]}


def _refused(code: str, *, gateway: bool = False) -> dict[str, JsonValue]:
    names = ("errorCode", "errorMessage") if gateway else ("statusCode", "statusMessage")
    return dict(zip(names, (code, SENTENCES[code]), strict=True))


def _answer(document: Mapping[str, JsonValue]) -> Response:
    """Status 200, whatever it says."""
    return Response(json.dumps(document), media_type="application/json")
