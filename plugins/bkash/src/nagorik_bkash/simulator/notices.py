"""Notices through Amazon SNS: messages signed with a certificate that this process makes, and their confirmation.

The format is Amazon's own: a JSON envelope whose ``Signature`` is over some of its members in their alphabetical
order, each as name and value on lines of their own, by the key of the certificate at ``SigningCertURL``.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID, uuid5

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from nagorik import dhaka_time
from nagorik_bkash.simulator.checkout import MERCHANT, SHORT_CODE, BkashCheckout
from nagorik_testing import ExampleMessage

TOPIC: Final = "arn:aws:sns:ap-southeast-1:000000000000:simulated-merchant"
"""No account has this number."""
ANOTHER_TOPIC: Final = "arn:aws:sns:ap-southeast-1:000000000000:another-merchant"
CERTIFICATE_PATH: Final = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
CONFIRM_PATH: Final = "/"
SNS_HEADERS: Final = {
    "content-type": "text/plain; charset=UTF-8",
    "user-agent": "Amazon Simple Notification Service Agent",
}
_SIGNED: Final = {
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
_HASHES: Final[Mapping[str, type[SHA1 | SHA256]]] = {"1": SHA1, "2": SHA256}
_IDS: Final = UUID("00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class NoticeSigner:
    """A key, and the certificate that vouches for it."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate as it lies at its address."""
        return self.certificate.public_bytes(Encoding.PEM)

    def signature(self, envelope: Mapping[str, str]) -> str:
        """The signature of an envelope, by its ``SignatureVersion``."""
        algorithm: HashAlgorithm = _HASHES[envelope["SignatureVersion"]]()
        return b64encode(self.key.sign(_signed_text(envelope), padding.PKCS1v15(), algorithm)).decode("ascii")


@cache
def notice_signer() -> NoticeSigner:
    """This process's own; making one takes a moment, so it is made when the first notice is."""
    return make_signer()


def make_signer() -> NoticeSigner:
    """A new key with a certificate like those of SNS, which no authority has signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Simulated, not Amazon"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    return NoticeSigner(key, certificate)


def payment_envelope(
    checkout: BkashCheckout, now: datetime, *, version: str = "1", signer: NoticeSigner | None = None
) -> dict[str, str]:
    """The notice that a payment has been completed.

    Raises:
        ValueError: It has not; nothing is posted of such a payment.
    """
    if checkout.trx is None or checkout.executed_at is None:
        raise ValueError("only what was completed is notified")
    inner = {
        "dateTime": f"{dhaka_time(checkout.executed_at):%Y%m%d%H%M%S}",
        "debitMSISDN": f"88{checkout.wallet}",
        "creditOrganizationName": MERCHANT,
        "creditShortCode": SHORT_CODE,
        "trxID": checkout.trx,
        "transactionStatus": "Completed",
        "transactionType": "bKash Tokenized BkashCheckout via API",
        "amount": checkout.asked.plain(),
        "currency": checkout.asked.currency,
        "transactionReference": checkout.payer_reference,
        "merchantInvoiceNumber": checkout.invoice,
    }
    envelope = {
        "Type": "Notification",
        "MessageId": str(uuid5(_IDS, checkout.trx)),
        "TopicArn": TOPIC,
        "Message": json.dumps(inner),
        "Timestamp": _timestamp(now),
        "SignatureVersion": version,
        "SigningCertURL": f"{checkout.origin}{CERTIFICATE_PATH}",
        "UnsubscribeURL": f"{checkout.origin}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:0",
    }
    return signed(envelope, signer)


def confirmation_envelope(origin: str, token: str, now: datetime) -> dict[str, str]:
    """What is posted first: whoever opens ``SubscribeURL`` wants the notices."""
    return signed(
        {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid5(_IDS, token)),
            "Token": token,
            "TopicArn": TOPIC,
            "Message": f"You have chosen to subscribe to the topic {TOPIC}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": f"{origin}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}",
            "Timestamp": _timestamp(now),
            "SignatureVersion": "1",
            "SigningCertURL": f"{origin}{CERTIFICATE_PATH}",
        }
    )


def signed(envelope: Mapping[str, str], signer: NoticeSigner | None = None) -> dict[str, str]:
    """The envelope with its signature."""
    return {**envelope, "Signature": (signer or notice_signer()).signature(envelope)}


def posted(envelope: Mapping[str, str]) -> ExampleMessage:
    """An envelope as it is posted. The bytes around what is signed prove nothing."""
    kind = {"x-amz-sns-message-type": envelope["Type"], "x-amz-sns-topic-arn": envelope["TopicArn"]}
    return ExampleMessage(headers=SNS_HEADERS | kind, body=json.dumps(envelope).encode(), signed=False)


def _signed_text(envelope: Mapping[str, str]) -> bytes:
    members = (name for name in _SIGNED[envelope["Type"]] if name in envelope)
    return "".join(f"{name}\n{envelope[name]}\n" for name in members).encode()


def _timestamp(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
