"""bKash's wire format: what is sent, what is read, and how its amounts and times are written."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Self, TypeGuard
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from nagorik import (
    AgencyUnavailable,
    Layer,
    Money,
    RefundPaymentRequest,
    StartPaymentRequest,
    Text,
    WireModel,
)
from nagorik_bkash.codes import CodeMeaning, meaning_of
from nagorik_bkash.settings import BkashSettings
from nagorik_toolkit import StrictAmount, read_instant, read_texts
from nagorik_toolkit.formats.exact_json import ExactJsonReader

CHECKOUT: Final = "/tokenized/checkout"
MODE: Final = "0011"
"""A payment at bKash's page, without an agreement that remembers the payer."""
CURRENCY: Final = "BDT"
TEXTS: Final = read_texts(__package__)
LONGEST: Final = 255
"""Of a text that bKash takes."""

_TIME: Final = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:[:.](?P<fraction>[0-9]{1,3}))?"
    r" ?GMT(?P<offset>[+-][0-9]{4})",
    re.ASCII,
)
"""``2019-08-07T11:15:56:336 GMT+0600``: a colon before the milliseconds, which may be missing."""
_UNFIT: Final = MappingProxyType({ord(sign): " " for sign in "<>&"})
_REFERENCE: Final = re.compile(r"([A-Za-z0-9_]{1,64})(?:-([A-Za-z0-9]{1,40}))?", re.ASCII)
_PAGE: Final = re.compile(r"(https?)://([a-z0-9.-]+(?::[0-9]{1,5})?)(?:[/?#][!-\[\]-~]*)?", re.ASCII)
"""An address without user, password, space, backslash and control sign: what browsers read in ways of their own."""
_CODE: Final = re.compile(r"[0-9]{3,5}", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


def _read_code(written: object) -> object:
    """A code as text; a number is what some gateways make of a refusal's, and empty text is no code.

    Success is the text ``0000`` alone: no false, zero or empty list stands for it, nor for its absence.
    """
    if isinstance(written, int) and not isinstance(written, bool):
        return str(written)
    return _nothing(written)


def _nothing(written: object) -> object:
    """Empty text is no value: of a payment that is not executed."""
    return None if written == "" else written


def _nothing_unreadable(written: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(written)
    except ValueError:
        return None


BkashAmount = Annotated[Money, StrictAmount()]
BkashTime = Annotated[datetime, BeforeValidator(partial(read_instant, style=_TIME))]
BkashCode = Annotated[Annotated[str, Field(pattern=r"^[0-9]{3,5}$")] | None, BeforeValidator(_read_code)]
"""Of another form it is none of bKash's, and breaks the contract; one that is only not listed does not."""
PaymentId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
TransactionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")]


class CodedAnswer(WireModel):
    """An answer: what was asked for, or a code that says why not. Either comes with HTTP status 200."""

    needed: ClassVar[tuple[str, ...]] = ()
    """What a success has to hold."""

    @classmethod
    def answer_reader(cls) -> ExactJsonReader[Self]:
        """What reads it: the amounts as they are written."""
        return ExactJsonReader(cls)

    status_code: BkashCode = Field(default=None, alias="statusCode")
    error_code: BkashCode = Field(default=None, alias="errorCode")
    message: object = Field(default=None, validation_alias=AliasChoices("errorMessage", "statusMessage"))
    """The code's sentence, in English; nothing is decided by it."""

    @model_validator(mode="after")
    def _success_is_whole(self) -> Self:
        if self.meaning is CodeMeaning.DONE and any(getattr(self, name) is None for name in self.needed):
            raise ValueError("a success lacks what was asked for")
        return self

    @property
    def code(self) -> str | None:
        """The code; an error's before that of a success, should an answer have both."""
        given = [code for code in (self.error_code, self.status_code) if code is not None]
        return next((code for code in given if meaning_of(code) is not CodeMeaning.DONE), given[0] if given else None)

    @property
    def meaning(self) -> CodeMeaning:
        """What the code means: uncertain where the other code, or what stands beside it, says something else."""
        meanings = {meaning_of(code) for code in (self.error_code, self.status_code) if code is not None}
        if len(meanings) > 1:
            return CodeMeaning.UNCERTAIN
        meaning = meanings.pop() if meanings else CodeMeaning.DONE
        doubted = meaning not in {CodeMeaning.DONE, CodeMeaning.ALREADY} and self.claims_success
        return CodeMeaning.UNCERTAIN if doubted else meaning

    @property
    def claims_success(self) -> bool:
        """Whether it holds, whatever its code says, what a success alone has."""
        return False

    @property
    def remark(self) -> str | None:
        """The code's sentence for the payer, in the length of one."""
        said = " ".join(self.message.split())[:LONGEST] if isinstance(self.message, str) else ""
        return said.encode("utf-8", "ignore").decode() or None  # half of a surrogate pair is no text


class Grant(CodedAnswer):
    """What a login brings."""

    id_token: SecretStr | None = None
    expires_in: float | None = None
    status: object = None

    @property
    def failed(self) -> bool:
        """Whether the user is not known, which is said in other words than everything else."""
        return self.id_token is None and self.status == "fail"

    @model_validator(mode="before")
    @classmethod
    def _life_may_be_anything(cls, document: object) -> object:
        """A life that cannot be read is none: the token is then used until it is refused."""
        if not isinstance(document, Mapping):
            return document
        written = str(document.get("expires_in") or "").strip()
        life = float(written) if re.fullmatch(r"[0-9]{1,9}", written, re.ASCII) else 0.0
        return {**document, "expires_in": life or None}


class CreatedPayment(CodedAnswer):
    """A payment that waits for its payer."""

    needed = ("payment_id", "page", "amount", "currency", "invoice")

    payment_id: PaymentId | None = Field(default=None, alias="paymentID")
    page: str | None = Field(default=None, alias="bkashURL")
    """Where the payer agrees; opens to whoever knows it."""
    amount: BkashAmount | None = None
    currency: str | None = None
    invoice: str | None = Field(default=None, alias="merchantInvoiceNumber")

    @property
    def claims_success(self) -> bool:
        """Whether there is a payment after all."""
        return self.payment_id is not None or self.page is not None

    def is_of(self, request: StartPaymentRequest) -> bool:
        """Whether it is the payment that was asked for, to the poisha."""
        return (self.invoice, self.amount, self.currency) == (request.payment, request.amount, CURRENCY)

    def page_within(self, settings: BkashSettings) -> str | None:
        """The page's address, if a browser may be sent there: over https, below one of bKash's domains.

        It may lie where the interface itself does, as the simulator's; over http on this machine alone.
        """
        found = _PAGE.fullmatch(self.page or "")
        if found is None:
            return None
        scheme, host, home = found[1], found[2], urlsplit(settings.base_url)
        if f"{scheme}://{host}" == f"{home.scheme}://{home.netloc}":
            return self.page if scheme == "https" or home.hostname in _LOOPBACK else None
        bkashs = any(host == domain or host.endswith(f".{domain}") for domain in settings.page_domains.split())
        return self.page if scheme == "https" and bkashs else None


class PaymentAnswer(CodedAnswer):
    """A payment as it stands: the answer to an execution, and to a question."""

    needed = ("payment_id", "invoice", "status", "amount", "currency")

    payment_id: PaymentId | None = Field(default=None, alias="paymentID")
    asked_invoice: str | None = Field(default=None, alias="merchantInvoice")
    """As the question names it."""
    executed_invoice: str | None = Field(default=None, alias="merchantInvoiceNumber")
    """As the execution names it."""
    status: str | None = Field(default=None, alias="transactionStatus", min_length=1)
    verified: str | None = Field(default=None, alias="userVerificationStatus")
    verified_otherwise: str | None = Field(default=None, alias="verificationStatus")
    """The same under the name by which pybkash knows it."""
    amount: BkashAmount | None = None
    currency: str | None = None
    transaction: Annotated[TransactionId | None, BeforeValidator(_nothing)] = Field(default=None, alias="trxID")
    executed_at: Annotated[BkashTime | None, BeforeValidator(_nothing)] = Field(
        default=None, alias="paymentExecuteTime"
    )

    @property
    def invoices(self) -> set[str]:
        """Our number of the payment, as often as it is named otherwise."""
        return {invoice for invoice in (self.asked_invoice, self.executed_invoice) if invoice is not None}

    @property
    def invoice(self) -> str | None:
        """Our number of the payment; ``None`` where it is not named, or named in two ways."""
        invoices = self.invoices
        return invoices.pop() if len(invoices) == 1 else None

    @property
    def claims_success(self) -> bool:
        """Whether money may have moved: a refused payment has no transaction, and is no further than begun."""
        begun = self.status is None or self.status.casefold() == "initiated"
        return not begun or self.transaction is not None or self.executed_at is not None

    def names_another(self, payment_id: str, payment: str) -> bool:
        """Whether it names, by bKash's number or ours, any other payment than this."""
        return self.payment_id not in {None, payment_id} or not self.invoices <= {payment}

    @property
    def verification(self) -> str:
        """How far the payer is, in lower case; empty where it is not said, or said in two ways."""
        words = {word.casefold() for word in (self.verified, self.verified_otherwise) if word}
        return words.pop() if len(words) == 1 else ""


class NamedPayment(WireModel):
    """Which payment of ours an answer is about, and nothing else of it.

    Anybody can have bKash asked by coming back with a number, so any object is read, whatever is in it: what could
    not be would count as bKash's failure, and a few of them stop all calls to it.
    """

    status_code: object = Field(default=None, alias="statusCode")
    error_code: object = Field(default=None, alias="errorCode")
    payment_id: object = Field(default=None, alias="paymentID")
    asked_invoice: object = Field(default=None, alias="merchantInvoice")
    executed_invoice: object = Field(default=None, alias="merchantInvoiceNumber")

    @property
    def is_unavailable(self) -> bool:
        """Whether bKash is closed, and has said nothing of any payment."""
        return any(meaning_of(code) is CodeMeaning.UNAVAILABLE for code in self._codes)

    @property
    def says_anything(self) -> bool:
        """Whether it has a refusal's code, or names a payment by bKash's number: the least that bKash answers."""
        refused = any(meaning_of(code) is not CodeMeaning.DONE for code in self._codes)
        return refused or (isinstance(self.payment_id, str) and _REFERENCE.fullmatch(self.payment_id) is not None)

    @property
    def _codes(self) -> set[str]:
        written = {str(code) for code in (self.status_code, self.error_code)}
        return {code for code in written if _CODE.fullmatch(code)}

    def payment_named_by(self, payment_id: str) -> str | None:
        """Our number of this payment; ``None`` where it is another's, not named, or named in two ways."""
        named = [invoice for invoice in (self.asked_invoice, self.executed_invoice) if invoice is not None]
        ours = self.payment_id == payment_id and len({str(invoice) for invoice in named}) == 1
        return named[0] if ours and is_invoice(named[0]) else None


class RefundAnswer(CodedAnswer):
    """Money that was given back."""

    needed = ("original", "refund", "status", "amount")

    original: str | None = Field(default=None, alias="originalTrxID")
    refund: TransactionId | None = Field(default=None, alias="refundTrxID")
    status: str | None = Field(default=None, alias="transactionStatus", min_length=1)
    amount: BkashAmount | None = None
    currency: str | None = None
    completed_at: Annotated[BkashTime | None, WrapValidator(_nothing_unreadable)] = Field(
        default=None, alias="completedTime"
    )
    """One that cannot be read does not undo the refund."""

    @property
    def claims_success(self) -> bool:
        """Whether there is a refund after all."""
        return self.refund is not None or self.status is not None


def closed() -> AgencyUnavailable:
    """BKash is undergoing maintenance, and so has done nothing of what it was asked for."""
    return AgencyUnavailable(because="maintenance", layer=Layer.GATEWAY)


def app_key(settings: BkashSettings) -> dict[str, str]:
    """The header that goes with every call but the login."""
    return {"X-APP-Key": settings.app_key.get_secret_value()}


def to_payment(request: StartPaymentRequest, callback: str) -> dict[str, str]:
    """A payment as bKash creates it. The payer's number, if it is known, is filled in on its page."""
    payer = request.payer.mobile
    return {
        "mode": MODE,
        "payerReference": request.payment if payer is None else payer.local,
        "callbackURL": callback,
        "amount": request.amount.plain(),
        "currency": CURRENCY,
        "intent": "sale",
        "merchantInvoiceNumber": request.payment,
    }


def to_refund(request: RefundPaymentRequest, payment_id: str, transaction: str) -> dict[str, str]:
    """The order to give money back."""
    return {
        **to_refund_question(payment_id, transaction),
        "amount": request.amount.plain(),
        "sku": request.payment,
        "reason": _plain(request.reason),
    }


def to_refund_question(payment_id: str, transaction: str) -> dict[str, str]:
    """The question how a refund ended: the order's own path, with these two fields alone."""
    return {"paymentID": payment_id, "trxID": transaction}


def joined_reference(payment_id: str, transaction: str | None) -> str:
    """The payment's number and, once it is paid, the transaction's: a refund needs both, a payer knows the second."""
    return payment_id if transaction is None else f"{payment_id}-{transaction}"


def split_reference(reference: str) -> tuple[str, str | None] | None:
    """The two numbers in a reference of ``joined_reference``; ``None`` for any other text."""
    found = _REFERENCE.fullmatch(reference)
    return None if found is None else (found[1], found[2])


def _plain(reason: Text) -> str:
    """The English text in printable ASCII, without the signs that bKash refuses, in the length that it takes."""
    written = "".join(sign if sign.isprintable() else " " for sign in reason.en.translate(_UNFIT) if sign.isascii())
    return " ".join(written.split())[:LONGEST].strip() or "refund"


def is_invoice(named: object) -> TypeGuard[str]:
    """Whether it can be our number of a payment: text, in the length that bKash takes."""
    return isinstance(named, str) and 0 < len(named) <= LONGEST


def one_value(form: Mapping[str, list[str]], name: str) -> str | None:
    """The value of a form's field; ``None`` where it is missing, or there twice."""
    values = form.get(name, [])
    return values[0] if len(values) == 1 else None
