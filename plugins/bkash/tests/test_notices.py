"""What claims to come from bKash: a payer's coming back, and notices through Amazon SNS."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from pydantic import ValidationError

from nagorik import AgencyRejected, AgencyUnavailable, ContractViolation, NagorikError, PaymentState
from nagorik_bkash.settings import BkashSettings
from nagorik_bkash.simulator import gateway, notices
from nagorik_testing import ExampleMessage, InjectedResponse

PAYMENT: Final = "payment-1"
AWS: Final = "https://sns.ap-southeast-1.amazonaws.com"
CERTIFICATE: Final = f"GET {notices.CERTIFICATE_PATH}"
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


def envelope_of(shop: Any, *, version: str = "1") -> dict[str, str]:
    """The notice of the payment, whose certificate lies where the real ones do."""
    checkout = next(iter(shop.gateway.book.by_id.values()))
    checkout.origin = AWS
    return notices.payment_envelope(checkout, shop.gateway.clock.now(), version=version)


def fetched(shop: Any) -> int:
    """How often a certificate was asked for."""
    return shop.gateway.ledger.request_counts[CERTIFICATE]


@pytest.mark.parametrize("status", ["success", "failure", "cancel", "perhaps"])
async def test_a_payer_who_comes_back_names_the_payment_and_nothing_else(shop: Any, status: str) -> None:
    await shop.start()
    assert (await shop.hear(shop.gateway.payer_return(PAYMENT, status))).payment == PAYMENT
    assert shop.asked("execute") == 0


async def test_coming_back_twice_is_twice_the_same_hint(shop: Any) -> None:
    await shop.agreed()
    message = shop.gateway.payer_return(PAYMENT)
    assert await shop.hear(message) == await shop.hear(message)
    assert shop.captures == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=success",
        "paymentID=TR0011&paymentID=TR0012&status=success",
        "paymentID=TR0011&status=success&status=cancel",
        "paymentID=../../token&status=success",
        "paymentID=&status=success",
        f"paymentID={'T' * 65}&status=success",
        f"paymentID=TR0011&status={'x' * 5000}",
        "paymentID=%E0%A7%A7&status=success",
    ],
)
async def test_coming_back_with_nothing_to_read_asks_nobody(shop: Any, query: str) -> None:
    with pytest.raises(AgencyRejected):
        await shop.hear(ExampleMessage(headers=FORM, body=query.encode(), signed=False))
    assert shop.gateway.ledger.requests() == ()


@pytest.mark.parametrize(
    "body",
    [
        b"status=success",
        b"paymentID=TR0011",
        b"paymentID=TR0011&paymentID=&status=success",
        b"paymentID=TR0011&status=success&status=",
        b"paymentID=TR0011\xff&status=success",
        b"paymentID=TR0011&status=" + b"x" * (4_001 - len(b"paymentID=TR0011&status=")),
    ],
    ids=lambda body: body[:60],
)
async def test_coming_back_that_cannot_be_read_says_so(shop: Any, body: bytes) -> None:
    with pytest.raises(AgencyRejected) as refused:
        await shop.hear(ExampleMessage(headers=FORM, body=body, signed=False))
    assert refused.value.reason_code == "bkash.return-unreadable"


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded ; charset=utf-8"]
)
@pytest.mark.parametrize("name", ["content-type", "Content-Type"])
async def test_coming_back_has_four_thousand_bytes_at_most(shop: Any, kind: str, name: str) -> None:
    await shop.start()
    body = shop.gateway.payer_return(PAYMENT).body + b"&more="
    body += b"x" * (4_000 - len(body))
    message = ExampleMessage(headers={"accept": "*/*", name: kind}, body=body, signed=False)
    assert (await shop.hear(message)).payment == PAYMENT


@pytest.mark.parametrize(
    ("status", "document", "error"),
    [
        (200, {"statusCode": "503"}, ("agency-unavailable", "maintenance", "gateway")),
        (200, {}, ("contract-violation", "return-unanswered", "gateway")),
        (200, {"statusCode": "2002"}, ("agency-rejected", "bkash.return-of-no-payment", "agency")),
        (422, {}, ("agency-rejected", "bkash.return-of-no-payment", "agency")),
        (404, {}, ("agency-rejected", "http-404", "agency")),
    ],
    ids=str,
)
async def test_what_bkash_says_to_a_coming_back_decides_which_error_it_is(
    shop: Any, status: int, document: dict[str, Any], error: tuple[str, str, str]
) -> None:
    await shop.start()
    shop.gateway.faults.add(
        f"POST {gateway.CHECKOUT}/payment/status", InjectedResponse(status=status, document=document)
    )
    with pytest.raises(NagorikError) as refused:
        await shop.hear(shop.gateway.payer_return(PAYMENT))
    told = refused.value
    said = next(getattr(told, name) for name in ("reason_code", "detail", "because") if hasattr(told, name))
    assert (told.code, said, told.layer.value) == error


async def test_coming_back_from_a_payment_that_bkash_does_not_know(shop: Any) -> None:
    with pytest.raises(AgencyRejected) as refused:
        await shop.hear(ExampleMessage(headers=FORM, body=b"paymentID=TR0011made1up&status=success", signed=False))
    assert refused.value.reason_code == "bkash.return-of-no-payment"


NAMELESS: Final[tuple[dict[str, Any], ...]] = (
    {"statusCode": "2002"},
    {"errorCode": "9999"},
    {"paymentID": "TR0011made1up"},
    {"paymentID": "TR0011made1up", "statusCode": "0000", "transactionStatus": "Initiated", "amount": "15"},
    {"paymentID": "TR0011made1up", "merchantInvoice": 7},
    {"paymentID": "TR0011made1up", "merchantInvoice": ""},
    {"paymentID": "TR0011made1up", "merchantInvoice": "x" * 300},
    {"paymentID": "TR0011made1up", "merchantInvoice": PAYMENT, "merchantInvoiceNumber": "payment-2"},
    {"paymentID": "TR0011zzzzzzz", "merchantInvoice": PAYMENT},
    {"paymentID": "TR0011made1up", "amount": "x", "statusCode": {}, "trxID": "<script>"},
)
SILENT: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"merchantInvoice": PAYMENT},
    {"statusCode": "0000"},
    {"statusCode": None, "paymentID": None},
    {"statusCode": "২০০২", "paymentID": "TR০০১১"},
    {"statusCode": [], "paymentID": ["TR0011made1up"]},
)


@pytest.mark.parametrize("status", [200, 400])
async def test_an_answer_that_names_no_payment_of_ours_counts_against_nobody(shop: Any, status: int) -> None:
    await shop.agreed()
    coming_back = ExampleMessage(headers=FORM, body=b"paymentID=TR0011made1up&status=success", signed=False)
    for document in NAMELESS if status == 200 else [{}] * 6:
        answer = InjectedResponse(status=status, document=document)
        shop.gateway.faults.add(f"POST {gateway.CHECKOUT}/payment/status", answer)
        with pytest.raises(AgencyRejected) as refused:
            await shop.hear(coming_back)
        assert refused.value.reason_code == "bkash.return-of-no-payment"
    assert (await shop.query()).state is PaymentState.AUTHORISED


async def test_an_answer_that_says_nothing_to_a_coming_back_stops_no_other_call(shop: Any) -> None:
    await shop.agreed()
    coming_back = ExampleMessage(headers=FORM, body=b"paymentID=TR0011made1up&status=success", signed=False)
    for document in SILENT:
        answer = InjectedResponse(status=200, document=document)
        shop.gateway.faults.add(f"POST {gateway.CHECKOUT}/payment/status", answer)
        with pytest.raises(ContractViolation):
            await shop.hear(coming_back)
    assert (await shop.query()).state is PaymentState.AUTHORISED


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_notice_is_verified_and_names_its_payment(shop: Any, version: str) -> None:
    await shop.paid()
    message = notices.posted(envelope_of(shop, version=version))
    assert (await shop.hear(message)).payment == PAYMENT
    assert (await shop.hear(message)).payment == PAYMENT


async def test_the_amount_of_a_notice_is_not_believed(shop: Any) -> None:
    await shop.paid()
    inner = {"merchantInvoiceNumber": PAYMENT, "amount": "1.00", "currency": "USD", "transactionStatus": "Completed"}
    envelope = notices.signed(unsigned(envelope_of(shop)) | {"Message": json.dumps(inner)})
    assert (await shop.hear(notices.posted(envelope))).payment == PAYMENT


async def test_a_notice_signed_by_another_certificate_is_not_believed(shop: Any) -> None:
    await shop.paid()
    envelope = notices.signed(unsigned(envelope_of(shop)), notices.make_signer())
    assert await reason_of(shop, envelope) == "bkash.notice-not-verified"
    assert fetched(shop) == 1


@pytest.mark.parametrize(
    "place",
    [
        "https://sns.ap-southeast-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://evil.example/SimpleNotificationService-0.pem",
        "https://evil.example/?https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.ap-southeast-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://s3.ap-southeast-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
        "http://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.ap-southeast-1.amazonaws.com/../SimpleNotificationService-0.pem",
        "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0.pem?x=1",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=Publish",
        "http://169.254.169.254/SimpleNotificationService-0.pem",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_certificate_elsewhere_is_not_fetched(shop: Any, place: str) -> None:
    await shop.paid()
    before = len(shop.gateway.ledger.requests())
    envelope = notices.signed(unsigned(envelope_of(shop)) | {"SigningCertURL": place})
    assert await reason_of(shop, envelope) == "bkash.notice-not-verified"
    assert len(shop.gateway.ledger.requests()) == before


async def test_another_topic_is_not_even_verified(shop: Any) -> None:
    await shop.paid()
    envelope = notices.signed(unsigned(envelope_of(shop)) | {"TopicArn": notices.TOPIC + "-2"})
    assert await reason_of(shop, envelope) == "bkash.notice-of-another-topic"
    assert fetched(shop) == 0


async def test_without_a_topic_in_the_settings_no_notice_is_believed(shop: Any) -> None:
    await shop.paid()
    shop.settings = shop.settings.model_copy(update={"notice_topic": None})
    assert await reason_of(shop, envelope_of(shop)) == "bkash.notice-of-another-topic"


ALTERED: Final = ("Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature", "SignatureVersion", "Subject")


@pytest.mark.parametrize("member", ALTERED)
async def test_no_member_that_is_signed_can_be_altered(shop: Any, member: str) -> None:
    await shop.paid()
    envelope = envelope_of(shop)
    envelope[member] = envelope.get(member, "") + "x"
    assert await reason_of(shop, envelope)


@pytest.mark.parametrize("member", [name for name in ALTERED if name != "Subject"] + ["SigningCertURL"])
async def test_no_member_that_is_needed_can_be_left_out(shop: Any, member: str) -> None:
    await shop.paid()
    envelope = {name: value for name, value in envelope_of(shop).items() if name != member}
    assert await reason_of(shop, envelope) == "bkash.notice-unreadable"
    assert fetched(shop) == 0


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("{}", "without-payment"),
        ("[]", "unreadable"),
        ("null", "unreadable"),
        ("not JSON", "unreadable"),
        ('{"merchantInvoiceNumber": "payment-1", "amount": NaN}', "unreadable"),
        ('{"merchantInvoiceNumber": ""}', "without-payment"),
        ('{"merchantInvoiceNumber": 7}', "without-payment"),
        (f'{{"merchantInvoiceNumber": "{"x" * 50_000}"}}', "without-payment"),
    ],
    ids=lambda inner: inner[:40],
)
async def test_a_notice_without_a_payment_names_none(shop: Any, inner: str, code: str) -> None:
    await shop.paid()
    envelope = notices.signed(unsigned(envelope_of(shop)) | {"Message": inner})
    assert await reason_of(shop, envelope) == f"bkash.notice-{code}"


@pytest.mark.parametrize(
    "served", [b"", b"<html/>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
async def test_what_is_no_certificate_verifies_nothing(shop: Any, served: bytes, monkeypatch: Any) -> None:
    await shop.paid()
    envelope = envelope_of(shop)
    monkeypatch.setattr(notices.NoticeSigner, "pem", served)
    with pytest.raises(NagorikError):
        await shop.hear(notices.posted(envelope))


@pytest.mark.parametrize(("length", "is_read"), [(20_000, True), (20_001, False)])
async def test_a_certificate_has_twenty_thousand_bytes_at_most(
    shop: Any, length: int, is_read: bool, monkeypatch: Any
) -> None:
    await shop.paid()
    envelope, pem = envelope_of(shop), notices.notice_signer().pem
    monkeypatch.setattr(notices.NoticeSigner, "pem", pem + b"\n" * (length - len(pem)))
    if is_read:
        assert (await shop.hear(notices.posted(envelope))).payment == PAYMENT
    else:
        with pytest.raises(NagorikError):
            await shop.hear(notices.posted(envelope))


@pytest.mark.parametrize("status", [201, 299, 400, 428, 430, 499, 429, 500, 503])
async def test_only_a_server_that_fails_or_is_asked_too_often_may_be_asked_again(shop: Any, status: int) -> None:
    await shop.paid()
    shop.gateway.faults.add(CERTIFICATE, InjectedResponse(status=status, body="<Error/>"), count=None)
    with pytest.raises(NagorikError) as refused:
        await shop.hear(notices.posted(envelope_of(shop)))
    assert (getattr(refused.value, "reason_code", "") == "bkash.notice-not-verified") is (
        status not in {429, 500, 503}
    )


async def test_a_notice_with_a_subject_is_signed_with_it(shop: Any) -> None:
    await shop.paid()
    envelope = notices.signed(unsigned(envelope_of(shop)) | {"Subject": "A payment"})
    assert (await shop.hear(notices.posted(envelope))).payment == PAYMENT
    assert await reason_of(shop, envelope | {"Subject": "Another"}) == "bkash.notice-not-verified"


@pytest.mark.parametrize("sign", ["!", "\n", " "])
async def test_a_signature_is_base64_to_the_letter(shop: Any, sign: str) -> None:
    await shop.paid()
    envelope = envelope_of(shop)
    signature = envelope["Signature"][:40] + sign + envelope["Signature"][40:]
    assert await reason_of(shop, envelope | {"Signature": signature}) == "bkash.notice-not-verified"


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_certificate_that_is_not_there_is_no_word_of_bkash(shop: Any, status: int) -> None:
    await shop.agreed()
    checkout = shop.gateway.book.of_invoice(PAYMENT)
    shop.gateway.book.execute(checkout, shop.gateway.clock.now())
    shop.gateway.faults.add(CERTIFICATE, InjectedResponse(status=status, body="<Error/>"), count=None)
    logins = shop.asked("token/grant")
    for _ in range(6):
        assert await reason_of(shop, envelope_of(shop)) == "bkash.notice-not-verified"
    assert (await shop.query()).state is PaymentState.CAPTURED
    assert shop.asked("token/grant") == logins


async def test_coming_back_while_bkash_is_closed_is_read_later(shop: Any) -> None:
    await shop.start()
    closed = InjectedResponse(status=200, body='{"statusCode":"503"}')
    shop.gateway.faults.add(f"POST {gateway.CHECKOUT}/payment/status", closed)
    with pytest.raises(AgencyUnavailable):
        await shop.hear(shop.gateway.payer_return(PAYMENT))
    assert (await shop.hear(shop.gateway.payer_return(PAYMENT))).payment == PAYMENT


async def test_a_certificate_that_has_run_out_verifies_nothing(shop: Any) -> None:
    await shop.paid()
    envelope = envelope_of(shop)
    shop.gateway.clock.set(notices.notice_signer().certificate.not_valid_after_utc.replace(year=2121))
    assert await reason_of(shop, envelope) == "bkash.notice-not-verified"


async def test_a_subscription_is_confirmed_once_it_is_verified(shop: Any) -> None:
    message = shop.gateway.subscription_confirmation(AWS)
    with pytest.raises(AgencyRejected) as told:
        await shop.hear(message)
    assert told.value.reason_code == "bkash.subscription-confirmed"
    assert told.value.reason is not None
    assert told.value.reason.en.startswith("The subscription to bKash's notices is now confirmed.")
    assert shop.gateway.confirmed == {json.loads(message.body)["Token"]}


CONFIRMED: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@pytest.mark.parametrize("member", CONFIRMED)
async def test_no_member_of_a_confirmation_can_be_altered_or_left_out(shop: Any, member: str) -> None:
    envelope = json.loads(shop.gateway.subscription_confirmation(AWS).body)
    assert (await reason_of(shop, envelope | {member: envelope[member] + "x"})) in {
        "bkash.notice-not-verified",
        "bkash.notice-of-another-topic",
        "bkash.notice-unreadable",
    }
    rest = {name: value for name, value in envelope.items() if name != member}
    assert await reason_of(shop, rest) == "bkash.notice-unreadable"
    assert shop.gateway.confirmed == frozenset()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token=1",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=Unsubscribe&TopicArn={topic}&Token=1",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=another&Token=1",
        "https://sns.ap-southeast-1.amazonaws.com/other?Action=ConfirmSubscription&TopicArn={topic}&Token=1",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}#@evil.example",
        "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=1\n2",
        "https://[sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=1",
    ],
)
async def test_another_address_is_not_opened_to_confirm(shop: Any, address: str) -> None:
    genuine = json.loads(shop.gateway.subscription_confirmation(AWS).body)
    envelope = notices.signed(unsigned(genuine) | {"SubscribeURL": address.format(topic=notices.TOPIC)})
    assert await reason_of(shop, envelope) == "bkash.notice-not-verified"
    assert shop.gateway.confirmed == frozenset()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b"{" * 100_000, b'{"Type": "Notification"}'])
async def test_a_message_from_nobody_is_refused(shop: Any, body: bytes) -> None:
    with pytest.raises(AgencyRejected):
        await shop.hear(ExampleMessage(headers={}, body=body, signed=False))


async def test_a_message_cut_short_is_refused(shop: Any) -> None:
    await shop.paid()
    message = notices.posted(envelope_of(shop))
    for kept in (0, len(message.body) // 2, len(message.body) - 1):
        with pytest.raises(AgencyRejected):
            await shop.hear(replace(message, body=message.body[:kept]))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://sns.ap-southeast-1.amazonaws.com/",
        "https://sns.ap-southeast-1.amazonaws.com:444",
        "http://sns.ap-southeast-1.amazonaws.com",
        "https://x.sns.ap-southeast-1.amazonaws.com",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1:8080",
        "",
    ],
)
def test_certificates_lie_at_amazons_or_with_the_simulator(origin: str) -> None:
    with pytest.raises(ValidationError):
        BkashSettings(**gateway.BkashSimulator().settings("http://127.0.0.1") | {"notice_origin": origin})


def unsigned(envelope: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in envelope.items() if name != "Signature"}


async def reason_of(shop: Any, envelope: Mapping[str, str]) -> str:
    """Why a notice is refused."""
    with pytest.raises(AgencyRejected) as refused:
        await shop.hear(ExampleMessage(headers=notices.SNS_HEADERS, body=json.dumps(envelope).encode(), signed=False))
    return refused.value.reason_code
