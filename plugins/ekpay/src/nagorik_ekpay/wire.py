"""What ekPay is told and what it says, as published clients know it: docs/reference/agencies.md#ekpay.

The request calls a transaction ``trns_info``, the answers call it ``trnx_info``. In the answers ``mer_trnx_id`` is
the platform's id of the payment and ``trnx_id`` is ekPay's own. Numbers come as text.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final, Self
from urllib.parse import parse_qs, urlencode

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from nagorik import (
    LONGEST_REMARK,
    AgencyRejected,
    AgencyResponse,
    ContractViolation,
    Currency,
    InputRejected,
    Layer,
    Money,
    NagorikError,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    StartPaymentRequest,
    Text,
    WireModel,
    to_bangla_digits,
)
from nagorik_ekpay.dates import read_paid_at, request_time
from nagorik_ekpay.gateway import gateway_facts
from nagorik_ekpay.settings import EkpaySettings
from nagorik_toolkit import StrictAmount, WrittenAmount, read_texts
from nagorik_toolkit.formats.exact_json import ExactJsonReader

MERCHANT_API: Final = "/merchant-api"
GET_STATUS: Final = "/get-status"
TEXTS: Final = read_texts(__package__)
RETURNED_ID: Final = "transId"
"""The query field by which ekPay names the payment when it sends the payer's browser back."""

_IPN_BOTH: Final = "1"
_IPN_ADDRESS: Final = "3"
"""ekPay sends its notice to the notice address alone; with the other to an e-mail address, too."""
_BEGUN: Final = "1000"
"""The code that comes with a token."""
_LONGEST_RAW: Final = 200
"""Characters of a report's ``raw``."""
_CURRENCY: Final = "BDT"
"""What merchant-api takes; no client sends another."""
_CURRENCIES: Final[Mapping[str, Currency]] = MappingProxyType({"BDT": "BDT", "USD": "USD"})
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFUSING: Final = frozenset({400, 404, 409, 422})
"""HTTP statuses of a refusal that is about the payment."""
_NO: Final = range(400, 500)
"""HTTP statuses that say no of any kind."""
_REFUSAL_CODE: Final = re.compile(r"[0-9]{1,6}")
_OF_MONEY: Final = frozenset({"amount", "currency", "payment-not-named"})
"""Violations by an answer that says that money was taken."""
_LONGEST_NAME: Final = 200
"""Characters of a payer's name; a longer one is left out, for a part of a name is another name."""
_JOINERS: Final = "\u200c\u200d"
"""Signs without a shape of their own that Bangla is spelt with."""
_LATEST: Final = 32_503_680_000
"""Seconds from 1970 to the year 3000; what is beyond is no end of a token."""
_FORM: Final = "application/x-www-form-urlencoded"


def _as_text(written: object) -> object:
    """A number as the text that ekPay mostly writes it in."""
    if isinstance(written, bool):
        raise ValueError("a number or text is expected")  # noqa: TRY004 - pydantic takes this one
    if isinstance(written, int | Decimal):
        return str(written)
    if isinstance(written, float):
        return f"{Decimal(repr(written)):f}"
    return written


NumberAsText = Annotated[str, BeforeValidator(_as_text)]
"""Text, or a number in its place."""


class SessionAnswer(WireModel):
    """What merchant-api says: a token, or that there is none. Both come with HTTP 200."""

    secure_token: str | None = None
    code: NumberAsText | None = Field(default=None, alias="msg_code")
    error_code: NumberAsText | None = Field(default=None, alias="responseCode")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.secure_token:
            sure = self.error_code is None and self.code in {None, _BEGUN}
            if not sure or not _TOKEN.fullmatch(self.secure_token):
                raise ValueError("a token is expected, or an error")
        elif self.error_code is None and self.code in {None, _BEGUN}:
            raise ValueError("neither a token nor an error")
        return self


class TransactionInfo(WireModel):
    """The money of a status or notice. What only a paid one has is looked at where it is paid."""

    payment: NumberAsText | None = Field(default=None, alias="mer_trnx_id")
    number: NumberAsText | None = Field(default=None, alias="trnx_id")
    amount: WrittenAmount | None = Field(default=None, alias="trnx_amt")
    currency: str | None = Field(default=None, alias="curr")


def _is_written(sign: str) -> bool:
    """Whether a sign stands in a name: no control sign, no half of a pair, none that turns a line round."""
    return unicodedata.category(sign)[0] != "C" or sign in _JOINERS


class CustomerInfo(WireModel):
    """Who pays, as ekPay was told."""

    written_name: object = Field(default=None, alias="cust_name")

    @property
    def name(self) -> str | None:
        """The name, where there is one that can be shown."""
        name = self.written_name.strip() if isinstance(self.written_name, str) else ""
        return name if 0 < len(name) <= _LONGEST_NAME and all(map(_is_written, name)) else None


class InstrumentInfo(WireModel):
    """How it was paid."""

    paid_at: object = Field(default=None, alias="pay_timestamp")
    """An instant; one that cannot be read does not undo the payment."""


class StatusAnswer(WireModel):
    """What get-status says, in the shape of a notice; where there is nothing to say, an error."""

    @classmethod
    def answer_reader(cls) -> ExactJsonReader[Self]:
        """What reads it: the amounts as they are written."""
        return ExactJsonReader(cls)

    code: NumberAsText | None = Field(default=None, alias="msg_code")
    says: str | None = Field(default=None, alias="msg_det")
    error_code: NumberAsText | None = Field(default=None, alias="responseCode")
    transaction: TransactionInfo | None = Field(default=None, alias="trnx_info")
    customer: CustomerInfo | None = Field(default=None, alias="cust_info")
    instrument: InstrumentInfo | None = Field(default=None, alias="pi_det_info")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.code and not self.error_code:
            raise ValueError("neither a code nor an error")
        return self

    @property
    def is_not_found(self) -> bool:
        """Whether there is no payment of this id and date."""
        absent = gateway_facts().not_found.response_code
        return self.error_code == absent and not self.code and self.transaction is None


class NoticeTransaction(WireModel):
    """The part of a notice that names the payment."""

    payment: NumberAsText = Field(alias="mer_trnx_id", pattern=f"^{_ID.pattern}$")


class NoticeBody(WireModel):
    """A notice, of which nothing but the payment's id is read: it is not signed in any way that is published."""

    transaction: NoticeTransaction = Field(alias="trnx_info")


def to_session(request: StartPaymentRequest, settings: EkpaySettings, now: datetime) -> dict[str, Any]:
    """What merchant-api is told.

    Raises:
        InputRejected: ekPay needs an address to send the payer back to, and one for its notices.
        AgencyRejected: The amount is not in taka.
    """
    needed = {"return-url": request.return_url, "notice-url": request.notice_url}
    missing = [
        TEXTS.field_problem(f"/{name.replace('-', '_')}", f"ekpay.{name}-missing")
        for name, address in needed.items()
        if not address
    ]
    if missing:
        raise InputRejected(missing, layer=Layer.PLUGIN)
    if request.amount.currency != _CURRENCY:
        raise AgencyRejected("ekpay.currency", reason=TEXTS.text("ekpay.currency"), layer=Layer.PLUGIN)
    payer = request.payer
    return {
        "mer_info": {
            "mer_reg_id": settings.merchant_id,
            "mer_pas_key": settings.merchant_key.get_secret_value(),
        },
        "req_timestamp": request_time(now),
        # One address for all three ends: which of them it was proves nothing, and the address names the payment.
        "feed_uri": {"s_uri": request.return_url, "f_uri": request.return_url, "c_uri": request.return_url},
        "cust_info": {
            "cust_id": "",
            "cust_name": payer.name or "",
            "cust_mobo_no": payer.mobile.local if payer.mobile else "",
            "cust_email": "",
            "cust_mail_addr": "",
        },
        "trns_info": {
            "trnx_id": request.payment,
            "trnx_amt": request.amount.plain(),
            "trnx_currency": request.amount.currency,
            "ord_id": request.payment,
            "ord_det": f"{request.purpose.bn} / {request.purpose.en}",
        },
        "ipn_info": {
            "ipn_channel": _IPN_BOTH if settings.notice_email else _IPN_ADDRESS,
            "ipn_email": settings.notice_email,
            "ipn_uri": request.notice_url,
        },
        "mac_addr": settings.whitelisted_address,
    }


def to_started(answer: SessionAnswer, request: StartPaymentRequest, settings: EkpaySettings) -> PaymentStarted:
    """Where the payer goes; ekPay knows the payment by the platform's own id until it is paid.

    Raises:
        AgencyRejected: There is no token, so that nobody can pay.
    """
    if not answer.secure_token:
        raise _refused(answer.error_code or answer.code)
    query = urlencode({"sToken": answer.secure_token, "trnsID": request.payment})
    return PaymentStarted(
        reference=request.payment,
        pay_at=f"{settings.base_url.rstrip('/')}?{query}",
        expires_at=token_end(answer.secure_token),
    )


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """A refusal in ekPay's own shape that comes with a status of its own, and not with 200 as clients know it.

    Who is not let in, or asks too often, is told so by the status. One that says no beside a token, or beside money,
    says two things: a payment that was announced with it is unknown, and is not announced again.
    """
    document = answer.document
    if not isinstance(document, dict) or answer.status not in _NO:
        return None
    said = str(document.get("msg_code"))
    done = said == _BEGUN or gateway_facts().meaning(said) is PaymentState.CAPTURED
    if done or document.get("secure_token") or document.get("trnx_info"):
        return ContractViolation("done-with-refusing-status")
    if answer.status not in _REFUSING or {"secure_token", "msg_code"} & set(document):
        return None
    code = document.get("responseCode")
    return _refused(str(code)) if isinstance(code, str | int) and not isinstance(code, bool) and code != "" else None


def _refused(code: str | None) -> AgencyRejected:
    """That ekPay says no, with its code. Its sentence goes nowhere: it may quote the payer, or the merchant's key."""
    if code is None or not _REFUSAL_CODE.fullmatch(code):
        return AgencyRejected("ekpay.refused", reason=TEXTS.text("ekpay.refused"))
    said = Text(bn=to_bangla_digits(code), en=code)
    return AgencyRejected("ekpay.refused", reason=TEXTS.text("ekpay.refused-with-code", number=said))


def token_end(token: str) -> datetime | None:
    """When a token ends, if it is a JSON Web Token that says so. Nobody but ekPay can verify it."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims and signature
        return None
    try:
        claims = from_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    if type(end) is not int or not 0 < end < _LATEST:
        return None
    return datetime.fromtimestamp(end, UTC)


def to_question(request: QueryPaymentRequest, day: date) -> dict[str, str]:
    """What get-status is asked: a payment, by the date in Dhaka on which it was paid."""
    return {"trnx_id": request.payment, "trans_date": day.isoformat()}


def to_report(answer: StatusAnswer, request: QueryPaymentRequest, now: datetime) -> PaymentReport | None:
    """What ekPay says of the payment on one date; ``None`` where it finds none there.

    A code and an error at once contradict each other: which of them is right is not known.

    Raises:
        ContractViolation: It is paid, but not what was asked about, or for no amount that can be read.
    """
    if answer.is_not_found:
        return None
    about = answer.transaction or TransactionInfo()
    if about.payment is not None and about.payment != request.payment:
        raise ContractViolation("another-payment")
    said = ", ".join(filter(None, (answer.code, answer.error_code)))[:_LONGEST_RAW]
    state = PaymentState.UNKNOWN if answer.error_code else gateway_facts().meaning(answer.code or "")
    if state is PaymentState.CAPTURED:
        return _captured(answer, about, said, now)
    if about.payment is None:
        state = PaymentState.UNKNOWN  # nothing says that it is this payment that came to nothing
    return PaymentReport(state=state, raw=said, remark=(answer.says or "")[:LONGEST_REMARK] or None)


def _captured(answer: StatusAnswer, about: TransactionInfo, raw: str, now: datetime) -> PaymentReport:
    if about.payment is None:
        raise ContractViolation("payment-not-named")
    number = about.number or ""
    return PaymentReport(
        state=PaymentState.CAPTURED,
        amount=read_amount(about.amount, about.currency),
        reference=number if _ID.fullmatch(number) else None,
        captured_at=read_paid_at(answer.instrument.paid_at if answer.instrument else None, now),
        payer_name=answer.customer.name if answer.customer else None,
        raw=raw,
    )


def read_amount(written: WrittenAmount | None, currency: str | None) -> Money:
    """What was paid.

    Raises:
        ContractViolation: There is no amount as ``StrictAmount`` reads it, or it is in a currency that the platform
            does not know.
    """
    known = _CURRENCIES.get(currency or "")
    if known is None:
        raise ContractViolation("currency")
    try:
        return StrictAmount(known).read(written)
    except ValueError:
        raise ContractViolation("amount") from None


def to_one_report(found: Iterable[PaymentReport | NagorikError | None]) -> PaymentReport | None:
    """What all dates together say, in their order; ``None`` where each finds nothing.

    Money that was taken on one of them counts, whatever the others say. What was taken more than once, or once and
    perhaps again for an amount that cannot be read, a person has to look at. Where nothing was taken, a date that
    could not be read leaves the payment unknown, and so does a code that nobody knows; else the latest date counts.

    Raises:
        NagorikError: No date could be read; it is the first one's error.
    """
    dates = list(found)
    told = [one for one in dates if isinstance(one, PaymentReport)]
    failed = [one for one in dates if isinstance(one, NagorikError)]
    if failed and len(failed) == len(dates):
        raise failed[0]
    paid = _paid_once_each(report for report in told if report.state is PaymentState.CAPTURED)
    doubtful = any(isinstance(one, ContractViolation) and one.detail in _OF_MONEY for one in failed)
    if paid:
        return paid[0] if len(paid) == 1 and not doubtful else _paid_too_often(paid, summable=not doubtful)
    unknown = next((report for report in told if report.state is PaymentState.UNKNOWN), None)
    if unknown is None and failed:
        return PaymentReport(state=PaymentState.UNKNOWN, raw=failed[0].code[:_LONGEST_RAW])
    return unknown or (told[-1] if told else None)


def _paid_once_each(captures: Iterable[PaymentReport]) -> list[PaymentReport]:
    """The captures, once each: the same number of ekPay's with the same amount on two dates is one payment."""
    paid: list[PaymentReport] = []
    for report in captures:
        same = (one for one in paid if one.reference is not None and one.reference == report.reference)
        if not any(one.amount == report.amount for one in same):
            paid.append(report)
    return paid


def _paid_too_often(paid: Sequence[PaymentReport], *, summable: bool) -> PaymentReport:
    """Whoever looks finds each payment by its number at ekPay. The amount is all that was taken.

    There is no such amount where the currencies differ, or one number has two amounts, or not all is ``summable``.
    """
    amounts = [report.amount for report in paid if report.amount is not None]
    numbers = [report.reference for report in paid if report.reference is not None]
    currencies = {amount.currency for amount in amounts}
    total = None
    if summable and len(currencies) == 1 and len(set(numbers)) == len(numbers):
        total = Money(poisha=sum(amount.poisha for amount in amounts), currency=currencies.pop())
    first = paid[0]
    return PaymentReport(
        state=PaymentState.UNDER_INVESTIGATION,
        amount=total,
        reference=first.reference,
        captured_at=first.captured_at,
        payer_name=first.payer_name,
        raw=", ".join(f"{report.raw} {report.reference or ''}".strip() for report in paid)[:_LONGEST_RAW],
    )


def to_report_of_nothing(request: QueryPaymentRequest, now: datetime) -> PaymentReport:
    """What it means that ekPay finds no payment: none was made as yet, or none can be made any more.

    Only a payment that ekPay gave a token for, which its reference shows, is waited for. Where that answer was lost
    nobody holds the page's address; it is unknown until a token, if there was one, has ended.
    """
    facts = gateway_facts()
    ends = request.started_at + facts.session.span
    if now >= ends + (facts.clocks.span if request.reference is None else facts.late.span):
        return PaymentReport(state=PaymentState.EXPIRED)
    return PaymentReport(state=PaymentState.UNKNOWN if request.reference is None else PaymentState.PENDING)


def noticed_payment(headers: Mapping[str, str], body: bytes) -> str:
    """The payment that a notice names, or a payer's coming back.

    Raises:
        AgencyRejected: It names none.
    """
    label = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    try:
        if label.split(";")[0].strip().lower() == _FORM:
            named = parse_qs(body.decode("ascii"), max_num_fields=50).get(RETURNED_ID, [])
            payment = named[0] if len(named) == 1 else ""
        else:
            payment = NoticeBody.model_validate_json(body).transaction.payment
    except (ValueError, ValidationError):
        payment = ""
    if not _ID.fullmatch(payment):
        raise AgencyRejected("ekpay.no-notice", reason=TEXTS.text("ekpay.no-notice"))
    return payment
