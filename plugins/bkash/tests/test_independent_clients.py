"""Clients that others wrote, unchanged but for the address, at the simulator over a socket of this machine."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx
from bkash_pgw_tokenized import (
    Bkash,
    MemoryTokenStore,
    amounts_match,
    ensure_id_token,
    extract_inner_from_sns_envelope,
    ipn_inner_is_success,
    is_success_status_code,
    verify_topic_arn,
)
from bkash_pgw_tokenized.sns_verify import SnsVerificationError, verify_sns_signature
from pybkash import AsyncClient, AsyncToken, Client, Token
from pybkash.exceptions import APIError

from nagorik_bkash.simulator import BkashSimulator, gateway, notices
from nagorik_bkash.simulator.checkout import WALLET, CheckoutState
from nagorik_testing import AnswerLost, serve

INVOICE = "payment-1"
CALLBACK = "https://platform.example/payments/payment-1"
EXECUTE = f"POST {gateway.CHECKOUT}/execute"
AWS = "https://sns.ap-southeast-1.amazonaws.com"


@pytest.fixture
def simulator() -> BkashSimulator:
    return BkashSimulator()


@pytest.fixture
async def address(simulator: BkashSimulator) -> AsyncIterator[str]:
    async with serve(simulator) as url:
        yield f"{url}{gateway.VERSION}"


@pytest.fixture
def bkash(address: str) -> Bkash:
    """The client of bkash-pgw-tokenized."""
    return Bkash(
        {
            "username": gateway.USERNAME,
            "password": gateway.PASSWORD,
            "app_key": gateway.APP_KEY,
            "app_secret": gateway.APP_SECRET,
            "base_url": address,
        }
    )


@pytest.fixture
async def pybkash(address: str) -> AsyncIterator[AsyncClient]:
    """The client of pybkash."""
    token = AsyncToken(gateway.USERNAME, gateway.PASSWORD, gateway.APP_KEY, gateway.APP_SECRET, sandbox=True)
    token.base_url = address
    client = AsyncClient(token)
    yield client
    await client.aclose()


async def created(bkash: Bkash, token: str, amount: str = "15.00") -> dict[str, str]:
    return await bkash.create_payment(
        token,
        mode="0011",
        payer_reference="payer-1",
        callback_url=CALLBACK,
        amount=amount,
        currency="BDT",
        intent="sale",
        merchant_invoice_number=INVOICE,
    )


async def test_a_payment_from_the_grant_to_the_refund(bkash: Bkash, simulator: BkashSimulator) -> None:
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    opened = await created(bkash, token)
    assert is_success_status_code(opened["statusCode"])
    assert (opened["transactionStatus"], opened["amount"]) == ("Initiated", "15.00")
    assert opened["cancelledCallbackURL"].startswith(f"{CALLBACK}?paymentID={opened['paymentID']}&status=cancel")

    simulator.clock.advance(timedelta(minutes=1))
    agreed = await bkash.payment_status(token, opened["paymentID"])
    assert (agreed["transactionStatus"], agreed["userVerificationStatus"]) == ("Initiated", "Complete")
    assert simulator.ledger.effects("capture") == ()

    paid = await bkash.execute_payment(token, opened["paymentID"])
    assert (paid["statusMessage"], paid["transactionStatus"], paid["customerMsisdn"]) == (
        "Successful",
        "Completed",
        WALLET,
    )
    assert paid["paymentExecuteTime"] == "2026-11-24T10:01:00:000 GMT+0600"
    found = await bkash.search_transaction(token, paid["trxID"])
    assert (found["transactionStatus"], found["maxRefundableAmount"]) == ("Completed", "15.00")

    back = await bkash.refund(
        token,
        payment_id=opened["paymentID"],
        trx_id=paid["trxID"],
        amount="15.00",
        sku="passport",
        reason="refused",
    )
    assert (back["originalTrxID"], back["transactionStatus"]) == (paid["trxID"], "Completed")
    assert [effect.amount for effect in simulator.ledger.effects("refund")] == ["15.00"]


async def test_a_token_is_renewed_with_what_came_with_it(bkash: Bkash) -> None:
    first = await bkash.grant_token()
    again = await bkash.refresh_token(first["refresh_token"])
    assert again["statusCode"] == "0000"
    assert again["id_token"] != first["id_token"]
    assert (first["expires_in"], first["token_type"]) == (3600, "Bearer")


async def test_the_life_of_a_token_may_be_text(bkash: Bkash, simulator: BkashSimulator) -> None:
    simulator.script.set(gateway.USERNAME, "pay", values={"expires_in": "text"})
    assert (await bkash.grant_token())["expires_in"] == "3600"


async def test_a_second_execution_is_refused_with_status_200(bkash: Bkash, simulator: BkashSimulator) -> None:
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    opened = await created(bkash, token)
    assert (await bkash.execute_payment(token, opened["paymentID"]))["statusCode"] == "2060"
    simulator.agree(INVOICE)
    await bkash.execute_payment(token, opened["paymentID"])
    again = await bkash.execute_payment(token, opened["paymentID"])
    assert (again["statusCode"], again["statusMessage"]) == ("2062", "The payment has already been completed")
    assert len(simulator.ledger.effects("capture")) == 1


async def test_an_execution_may_be_answered_with_nothing(bkash: Bkash, simulator: BkashSimulator) -> None:
    simulator.script.set(INVOICE, "pay", values={"execute": "empty"})
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    opened = await created(bkash, token)
    simulator.agree(INVOICE)
    assert await bkash.execute_payment(token, opened["paymentID"]) == {}
    assert (await bkash.payment_status(token, opened["paymentID"]))["transactionStatus"] == "Completed"


async def test_a_lost_answer_leaves_the_money_taken(bkash: Bkash, simulator: BkashSimulator) -> None:
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    opened = await created(bkash, token)
    simulator.agree(INVOICE)
    simulator.faults.add(EXECUTE, AnswerLost())
    with pytest.raises(httpx.TransportError):
        await bkash.execute_payment(token, opened["paymentID"])
    assert len(simulator.ledger.effects("capture")) == 1


async def test_pybkash_pays_and_refunds(pybkash: AsyncClient, simulator: BkashSimulator) -> None:
    opened = await pybkash.create_payment(CALLBACK, "01770618575", 15.5, invoice_number=INVOICE)
    simulator.agree(INVOICE)
    assert (await pybkash.query_payment(opened.payment_id)).verification_status == "Complete"
    paid = await pybkash.execute_payment(opened.payment_id)
    assert paid.is_complete()
    assert (paid.amount, paid.merchant_invoice_number) == ("15.5", INVOICE)
    assert (await pybkash.search_trx(paid.trx_id)).is_complete()
    back = await pybkash.execute_refund(opened.payment_id, paid.trx_id, 15.5)
    assert back.is_complete()
    assert (await pybkash.search_trx(back.refund_trx_id)).original_trx_amount == "15.5"
    with pytest.raises(APIError, match="2034"):
        await pybkash.execute_refund(opened.payment_id, paid.trx_id, 15.5)


@pytest.mark.parametrize(("outcome", "code"), [("cancel", "2069"), ("fail", "2023")])
async def test_pybkash_hears_of_a_payment_that_ended(
    pybkash: AsyncClient, simulator: BkashSimulator, outcome: str, code: str
) -> None:
    simulator.script.set(INVOICE, outcome)
    opened = await pybkash.create_payment(CALLBACK, "payer-1", 15, invoice_number=INVOICE)
    simulator.clock.advance(timedelta(minutes=1))
    with pytest.raises(APIError, match=code):
        await pybkash.query_payment(opened.payment_id)


async def test_the_synchronous_client_of_pybkash(address: str, simulator: BkashSimulator) -> None:
    token = Token(gateway.USERNAME, gateway.PASSWORD, gateway.APP_KEY, gateway.APP_SECRET, sandbox=True)
    token.base_url = address

    def pay() -> bool:
        with Client(token) as client:
            opened = client.create_payment(CALLBACK, "payer-1", 15, invoice_number=INVOICE)
            simulator.agree(INVOICE)
            return client.execute_payment(opened.payment_id).is_complete()

    assert await asyncio.to_thread(pay)


class Buttons(HTMLParser):
    """The form's address and its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.acts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "button":
            self.acts.append(given["value"])


@pytest.mark.parametrize(
    ("act", "status", "state"),
    [
        ("pay", "success", CheckoutState.AGREED),
        ("fail", "failure", CheckoutState.FAILED),
        ("cancel", "cancel", CheckoutState.CANCELLED),
    ],
)
async def test_a_person_at_the_page_is_sent_back_to_the_merchant(
    bkash: Bkash, simulator: BkashSimulator, act: str, status: str, state: CheckoutState
) -> None:
    simulator.script.set(INVOICE, "never")
    opened = await created(bkash, await ensure_id_token(MemoryTokenStore(), bkash))
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(opened["bkashURL"])
        page = Buttons()
        page.feed(shown.text)
        assert (shown.status_code, page.acts) == (200, ["pay", "fail", "cancel"])
        form = str(httpx.URL(opened["bkashURL"]).join(page.action))
        sent = [await browser.post(form, data={"act": act}) for _ in range(2)]
        assert (await browser.get(opened["bkashURL"])).text.count("<button") == 0
    for back in sent:
        query = parse_qs(urlsplit(back.headers["location"]).query)
        assert back.status_code == 303
        assert back.headers["location"].startswith(f"{CALLBACK}?")
        assert (query["paymentID"], query["status"]) == ([opened["paymentID"]], [status])
    assert simulator.book.by_id[opened["paymentID"]].state is state
    assert simulator.ledger.effects("capture") == ()


async def test_the_page_opens_with_its_key_alone(bkash: Bkash, simulator: BkashSimulator) -> None:
    opened = await created(bkash, await ensure_id_token(MemoryTokenStore(), bkash))
    page = httpx.URL(opened["bkashURL"]).copy_set_param("hash", "another")
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(page)).status_code == 404
        assert (await browser.post(page, data={"act": "pay"})).status_code == 404


@pytest.mark.parametrize("version", ["1", "2"])
async def test_notices_are_verified_by_the_client_of_others(
    bkash: Bkash, simulator: BkashSimulator, version: str
) -> None:
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    opened = await created(bkash, token)
    simulator.agree(INVOICE)
    paid = await bkash.execute_payment(token, opened["paymentID"])
    checkout = simulator.book.by_id[opened["paymentID"]]
    checkout.origin = AWS  # where the real ones lie; the library asks there
    envelope = notices.payment_envelope(checkout, simulator.clock.now(), version=version)
    with respx.mock(base_url=AWS) as aws:
        aws.get(notices.CERTIFICATE_PATH).respond(content=notices.notice_signer().pem)
        verify_sns_signature(envelope)
        with pytest.raises(SnsVerificationError):
            verify_sns_signature(envelope | {"Message": json.dumps({"amount": "1.00"})})
    inner = extract_inner_from_sns_envelope(envelope)
    assert ipn_inner_is_success(inner) == (True, None)
    assert verify_topic_arn(envelope, notices.TOPIC)
    assert amounts_match("15", inner["amount"])
    assert (inner["trxID"], inner["merchantInvoiceNumber"]) == (paid["trxID"], INVOICE)


async def test_a_subscription_is_confirmed_at_its_address(address: str, simulator: BkashSimulator) -> None:
    origin = address.removesuffix(gateway.VERSION)
    envelope = json.loads(simulator.subscription_confirmation(origin).body)
    async with httpx.AsyncClient() as client:
        assert (await client.get(envelope["SubscribeURL"])).status_code == 200
    assert simulator.confirmed == {envelope["Token"]}


REFUSALS = {
    "mode": ("0099", "2063"),
    "payerReference": ("<b>", "2048"),
    "callbackURL": ("javascript:alert(1)", "2049"),
    "amount": ("১৫.০০", "2006"),
    "currency": ("USD", "2007"),
    "intent": ("gift", "2008"),
    "merchantInvoiceNumber": ("", "2065"),
}


@pytest.mark.parametrize(
    ("field", "wrong", "code"),
    [*((field, *refusal) for field, refusal in REFUSALS.items()), ("callbackURL", "https://[portal", "2049")],
)
async def test_what_is_wrong_is_refused_by_its_code(
    bkash: Bkash, address: str, field: str, wrong: str, code: str
) -> None:
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    content = {
        "mode": "0011",
        "payerReference": "payer-1",
        "callbackURL": CALLBACK,
        "amount": "15.00",
        "currency": "BDT",
        "intent": "sale",
        "merchantInvoiceNumber": INVOICE,
    }
    headers = {"authorization": token, "x-app-key": gateway.APP_KEY}
    async with httpx.AsyncClient(base_url=address, headers=headers) as client:
        answer = await client.post("/tokenized/checkout/create", json=content | {field: wrong})
    assert (answer.status_code, answer.json()["statusCode"]) == (200, code)


async def test_who_is_not_let_in_is_told_in_other_words(address: str) -> None:
    async with httpx.AsyncClient(base_url=f"{address}/tokenized/checkout") as client:
        bare = await client.post("/create", json={})
        wrong = await client.post("/token/grant", json={}, headers={"username": "x", "password": "y"})
    assert (bare.status_code, bare.json()) == (401, {"message": "Unauthorized"})
    assert wrong.json()["status"] == "fail"


async def test_codes_may_be_left_out_or_written_in_other_words(bkash: Bkash, simulator: BkashSimulator) -> None:
    simulator.script.set(INVOICE, "pay", values={"codes": "absent"})
    token = await ensure_id_token(MemoryTokenStore(), bkash)
    assert "statusCode" not in await created(bkash, token)
    simulator.script.set(INVOICE, "pay", values={"codes": "gateway"})
    opened = await created(bkash, token)
    told = await bkash.execute_payment(token, opened["paymentID"])
    assert told == {"errorCode": "2060", "errorMessage": "Payment execution pre-requisite hasn't been met"}
