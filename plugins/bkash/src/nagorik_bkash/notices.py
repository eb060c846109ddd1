"""What claims to come from bKash: a payer's coming back, and notices through Amazon SNS. Both are hints.

A notice is believed to name a payment once its signature is verified. The signature's certificate lies where the
notice says, so that place is held to the host's setting before anything is fetched.
"""

import hmac
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

import pydantic_core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from nagorik import (
    AgencyRejected,
    ContractViolation,
    InputRejected,
    Layer,
    PaymentNotice,
    PaymentNoticeRequest,
)
from nagorik_bkash import wire
from nagorik_bkash.settings import BkashSettings, Context

FORM: Final = "application/x-www-form-urlencoded"
LONGEST_RETURN: Final = 4_000
"""Bytes of a payer's coming back."""
LONGEST_CERTIFICATE: Final = 20_000
"""Bytes."""
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem", re.ASCII)
_QUERY: Final = re.compile(r"[!\"$-~]+", re.ASCII)
_OF_AMAZON: Final = frozenset(range(200, 500)) - {429}
"""HTTP statuses that are Amazon's and say nothing of bKash: a place that a forger made up must not pass for bKash's
refusal to let the platform in. What comes with them verifies nothing."""
_PAYMENT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_SIGNED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
        "SubscriptionConfirmation": (
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ),
    }
)
"""What the signature of each kind is over, in this order; a subject may be missing."""
_SIGNATURE: Final = ("Signature", "SignatureVersion", "SigningCertURL")
"""The members that a signature comes with."""
_HASHES: Final[Mapping[str, type[SHA1 | SHA256]]] = MappingProxyType({"1": SHA1, "2": SHA256})
"""By ``SignatureVersion``; Amazon still signs with the first where nobody has chosen the second."""


async def read(request: PaymentNoticeRequest, context: Context) -> PaymentNotice:
    """The payment that a message names.

    Raises:
        AgencyRejected: It is none of bKash's, or names no payment.
    """
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    if kind.partition(";")[0].strip().lower() == FORM:
        return await _came_back(request.body, context)
    envelope = _envelope(request.body)
    await _verify(envelope, context)
    if envelope["Type"] == "SubscriptionConfirmation":
        await _confirm(envelope, context)
        code = "bkash.subscription-confirmed"
        raise AgencyRejected(code, reason=wire.TEXTS.text(code))
    message = _document(envelope["Message"].encode())
    invoice = message.get("merchantInvoiceNumber")
    if not wire.is_invoice(invoice):
        raise AgencyRejected("bkash.notice-without-payment")
    return PaymentNotice(payment=invoice)


async def _came_back(body: bytes, context: Context) -> PaymentNotice:
    """BKash alone knows which payment a payer came back from, so it is asked; how it went is not believed."""
    if len(body) > LONGEST_RETURN:
        raise AgencyRejected("bkash.return-unreadable")
    form = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True)
    payment_id, status = wire.one_value(form, "paymentID"), wire.one_value(form, "status")
    if payment_id is None or status is None or _PAYMENT_ID.fullmatch(payment_id) is None:
        raise AgencyRejected("bkash.return-unreadable")
    try:
        answer = await context.http.read(
            "status",
            "POST",
            f"{wire.CHECKOUT}/payment/status",
            json={"paymentID": payment_id},
            headers=wire.app_key(context.settings),
            expect=wire.NamedPayment,
        )
    except InputRejected:
        raise AgencyRejected("bkash.return-of-no-payment") from None
    if answer.is_unavailable:
        raise wire.closed()
    payment = answer.payment_named_by(payment_id)
    if payment is None and not answer.says_anything:
        raise ContractViolation("return-unanswered", layer=Layer.GATEWAY)
    if payment is None:
        raise AgencyRejected("bkash.return-of-no-payment")
    return PaymentNotice(payment=payment)


def _envelope(body: bytes) -> dict[str, str]:
    """The members of an SNS message that are text, of a kind that is signed."""
    members = {name: value for name, value in _document(body).items() if isinstance(value, str)}
    signed = _SIGNED.get(members.get("Type", ""), ())
    if not signed or not all(name in members for name in (*signed, *_SIGNATURE) if name != "Subject"):
        raise AgencyRejected("bkash.notice-unreadable")
    return members


def _document(body: bytes) -> dict[str, object]:
    try:
        document = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AgencyRejected("bkash.notice-unreadable")
    return document


async def _verify(envelope: Mapping[str, str], context: Context) -> None:
    """See that a message is from bKash's topic, and as it was signed there.

    Raises:
        AgencyRejected: It is not; nothing is fetched where the topic or the certificate's place is another.
    """
    topic = context.settings.notice_topic
    if topic is None or not hmac.compare_digest(topic.encode(), envelope["TopicArn"].encode()):
        raise AgencyRejected("bkash.notice-of-another-topic")
    algorithm = _HASHES.get(envelope["SignatureVersion"])
    place = envelope["SigningCertURL"]
    if algorithm is None or not _lies_at_origin(place, context.settings):
        raise AgencyRejected("bkash.notice-not-verified")
    downloaded = await context.http.download("certificate", place, accept=_OF_AMAZON, limit=LONGEST_CERTIFICATE)
    key = _key_of(downloaded.content, context.clock.now())
    try:
        signature = b64decode(envelope["Signature"], validate=True)
        key.verify(signature, _signed_text(envelope), padding.PKCS1v15(), algorithm())
    except (InvalidSignature, NotBase64, ValueError):
        raise AgencyRejected("bkash.notice-not-verified") from None


def _lies_at_origin(place: str, settings: BkashSettings) -> bool:
    """Whether an address is that of a certificate at the origin that the host has set, to the letter."""
    path = place.removeprefix(settings.notice_origin)
    return path != place and _CERTIFICATE.fullmatch(path) is not None


def _key_of(pem: bytes, now: datetime) -> rsa.RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError:
        raise AgencyRejected("bkash.notice-not-verified") from None
    good = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not good or not isinstance(key, rsa.RSAPublicKey):
        raise AgencyRejected("bkash.notice-not-verified")
    return key


def _signed_text(envelope: Mapping[str, str]) -> bytes:
    members = (name for name in _SIGNED[envelope["Type"]] if name in envelope)
    return "".join(f"{name}\n{envelope[name]}\n" for name in members).encode()


async def _confirm(envelope: Mapping[str, str], context: Context) -> None:
    """Open the address that a verified message names, at the same origin: bKash's notices come from then on."""
    address = envelope["SubscribeURL"]
    query = address.removeprefix(f"{context.settings.notice_origin}/?")
    asked = parse_qs(query) if query != address and _QUERY.fullmatch(query) else {}
    if (asked.get("Action"), asked.get("TopicArn")) != (["ConfirmSubscription"], [envelope["TopicArn"]]):
        raise AgencyRejected("bkash.notice-not-verified")
    await context.http.download("confirm", address, accept=_OF_AMAZON, limit=LONGEST_CERTIFICATE)
