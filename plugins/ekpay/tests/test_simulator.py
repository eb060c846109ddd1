"""The simulated ekPay over a real socket, asked in the words of published clients."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from nagorik import Money
from nagorik_ekpay.simulator import ADDRESS, BASE, MERCHANT_ID, MERCHANT_KEY, EkpaySimulator
from nagorik_testing import serve

TODAY = "2026-11-24"
BACK = "https://merchant.example/ekpay"


def laravel_package(**changed: Any) -> dict[str, Any]:
    """As packagist sayeed/payment-by-ekpay 0.7 asks: numbers, no cust_id, a cust_country, its form's fields."""
    return {
        "amount": "345.00",
        "customer_name": "NOMUNA NAGORIK 1",
        "mer_info": {"mer_reg_id": MERCHANT_ID, "mer_pas_key": MERCHANT_KEY},
        "req_timestamp": f"{TODAY} 10:00:00 GMT+6",
        "mac_addr": ADDRESS,
        "feed_uri": {"s_uri": f"{BACK}/success", "f_uri": f"{BACK}/failed", "c_uri": f"{BACK}/cancel"},
        "ipn_info": {"ipn_channel": 1, "ipn_email": "ipn@merchant.example", "ipn_uri": f"{BACK}/ipn"},
        "cust_info": {
            "cust_name": "NOMUNA NAGORIK 1",
            "cust_email": "nomuna@merchant.example",
            "cust_mail_addr": "Customer Address",
            "cust_country": "Bangladesh",
            "cust_mobo_no": "01700000000",
        },
        "trns_info": {"ord_det": "Fee", "ord_id": 1234, "trnx_amt": 345, "trnx_currency": "BDT", "trnx_id": "t-1"},
    } | changed


def laravel_ekpay(**changed: Any) -> dict[str, Any]:
    """As freelancernishad/laravel-ekpay asks: channel 3, the amount as text."""
    return (
        laravel_package(
            ipn_info={"ipn_channel": "3", "ipn_email": "admin@merchant.example", "ipn_uri": f"{BACK}/webhook"},
            trns_info={"trnx_amt": "345.00", "trnx_currency": "BDT", "trnx_id": "t-1", "ord_det": "Order #123"},
        )
        | changed
    )


@pytest.fixture
def ekpay() -> EkpaySimulator:
    return EkpaySimulator()


@pytest.fixture
async def merchant(ekpay: EkpaySimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(ekpay) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def begin(merchant: httpx.AsyncClient, request: Mapping[str, Any] | None = None) -> Any:
    content = json.dumps(request or laravel_package())  # in ASCII, which carries half of a surrogate pair, too
    answer = await merchant.post(
        f"{BASE}/merchant-api", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    return answer.json()


async def status(merchant: httpx.AsyncClient, day: str = TODAY, **asked: str) -> Any:
    answer = await merchant.post(f"{BASE}/get-status", json={"trnx_id": "t-1", "trans_date": day} | asked)
    assert answer.status_code == 200
    return answer.json()


async def press(merchant: httpx.AsyncClient, token: str, act: str) -> httpx.Response:
    return await merchant.post(f"{BASE}?sToken={token}&trnsID=t-1", data={"act": act})


@pytest.mark.parametrize("request_of", [laravel_package, laravel_ekpay])
async def test_client_gets_a_token_of_half_an_hour(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient, request_of: Any
) -> None:
    begun = await begin(merchant, request_of())
    claims = json.loads(base64.urlsafe_b64decode(begun["secure_token"].split(".")[1] + "=="))
    assert set(begun) == {"secure_token", "token_exp_time", "msg_code", "msg_det", "ack_timestamp"}
    assert begun["msg_code"] == "1000"
    assert (claims["auth"], claims["exp"] - ekpay.clock.now().timestamp()) == ("ROLE_MERCHANT", 1800)


@pytest.mark.parametrize(
    "changed",
    [
        {"mer_info": {"mer_reg_id": MERCHANT_ID, "mer_pas_key": "another"}},
        {"mac_addr": "198.51.100.1"},
        {"req_timestamp": "24/11/2026 10:00"},
        {"feed_uri": {"s_uri": BACK, "f_uri": BACK}},
        {"trns_info": {"trnx_id": "t-1", "trnx_amt": "0", "trnx_currency": "BDT"}},
        {"trns_info": {"trnx_id": "t-1", "trnx_amt": "345.00", "trnx_currency": "USD"}},
        {"trnx_info": {}, "trns_info": None},
        {"trns_info": {"trnx_id": "t-1", "trnx_amt": "৩৪৫.০০", "trnx_currency": "BDT"}},
        {"cust_info": {"cust_name": "NOMUNA \ud800"}},
        {"feed_uri": dict.fromkeys(("s_uri", "f_uri", "c_uri"), "https://[merchant.example")},
    ],
)
async def test_refusal_comes_with_200_and_without_a_token(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient, changed: dict[str, Any]
) -> None:
    refused = await begin(merchant, laravel_package(**changed))
    assert set(refused) == {"responseCode", "responseMessage"}
    assert not ekpay.ledger.effects()


async def test_document_that_nobody_can_read_is_refused(merchant: httpx.AsyncClient) -> None:
    answer = await merchant.post(f"{BASE}/merchant-api", content="[" * 100_000)
    assert (answer.status_code, answer.json()["responseCode"]) == (200, "400")


async def test_id_is_taken_once(ekpay: EkpaySimulator, merchant: httpx.AsyncClient) -> None:
    await begin(merchant)
    assert "secure_token" not in await begin(merchant)
    assert len(ekpay.ledger.effects("session")) == 1


@pytest.mark.parametrize(
    ("act", "end", "code"), [("pay", "success", "1020"), ("fail", "failed", "1021"), ("cancel", "cancel", "1022")]
)
async def test_payer_presses_and_is_sent_back_with_the_merchants_id(
    merchant: httpx.AsyncClient, act: str, end: str, code: str
) -> None:
    token = (await begin(merchant))["secure_token"]
    page = await merchant.get(f"{BASE}?sToken={token}&trnsID=t-1")
    back = await press(merchant, token, act)
    told = await status(merchant)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "345" in page.text
    assert (back.status_code, back.headers["location"]) == (303, f"{BACK}/{end}?transId=t-1")
    assert (told["msg_code"], told["trnx_info"]["mer_trnx_id"]) == (code, "t-1")


async def test_page_that_is_pressed_twice_takes_the_money_once(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient
) -> None:
    token = (await begin(merchant))["secure_token"]
    await press(merchant, token, "pay")
    again = await press(merchant, token, "pay")
    late = await press(merchant, token, "cancel")
    assert (again.status_code, late.status_code) == (200, 200)
    assert [effect.amount for effect in ekpay.ledger.effects("capture")] == ["345.00"]


async def test_page_of_another_token_or_after_its_end_takes_nothing(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient
) -> None:
    ekpay.script.set("t-1", "never")
    token = (await begin(merchant))["secure_token"]
    assert (await press(merchant, "x.y.z", "pay")).status_code == 400
    assert (await press(merchant, token, "steal")).status_code == 400
    ekpay.clock.advance(timedelta(minutes=30))
    assert (await press(merchant, token, "pay")).status_code == 200
    assert not ekpay.ledger.effects("capture")


async def test_way_back_keeps_the_query_that_it_has(merchant: httpx.AsyncClient) -> None:
    feeds = dict.fromkeys(("s_uri", "f_uri", "c_uri"), f"{BACK}?of=us")
    token = (await begin(merchant, laravel_package(feed_uri=feeds)))["secure_token"]
    back = await press(merchant, token, "pay")
    assert parse_qs(urlsplit(back.headers["location"]).query) == {"of": ["us"], "transId": ["t-1"]}


async def test_status_is_found_by_the_date_of_the_payment_alone(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient
) -> None:
    ekpay.clock.advance(timedelta(hours=13, minutes=59))  # 23:59 in Dhaka
    await begin(merchant)
    assert "trnx_info" not in await status(merchant)
    ekpay.clock.advance(timedelta(minutes=2))
    assert "trnx_info" not in await status(merchant)
    paid = await status(merchant, "2026-11-25")
    assert (paid["msg_code"], paid["pi_det_info"]["pay_timestamp"]) == ("1020", "2026-11-25 00:00:00")
    assert "trnx_info" not in await status(merchant, "2026-11-25", trnx_id="t-2")
    assert "trnx_info" not in await status(merchant, "25-11-2026")


async def test_numbers_come_as_text_and_the_two_ids_are_told_apart(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient
) -> None:
    await begin(merchant)
    ekpay.clock.advance(timedelta(minutes=1))
    told = await status(merchant)
    money = told["trnx_info"]
    assert set(told) == {
        *("secure_token", "msg_code", "msg_det", "req_timestamp", "basic_Info", "cust_info", "scroll_no"),
        *("trnx_info", "pi_det_info"),
    }
    assert told["msg_det"] == "Transaction completed successfully"
    assert (money["trnx_amt"], money["curr"], money["mer_trnx_id"]) == ("345.00", "BDT", "t-1")
    assert money["trnx_id"] not in {"t-1", money["pi_trnx_id"]}
    assert all(isinstance(value, str) for value in money.values())


async def test_notice_is_the_status_and_is_signed_by_nothing_that_is_known(
    ekpay: EkpaySimulator, merchant: httpx.AsyncClient
) -> None:
    await begin(merchant)
    ekpay.clock.advance(timedelta(minutes=1))
    told = await status(merchant)
    notice = ekpay.payment_notice("t-1")
    assert (json.loads(notice.body), notice.signed) == (told, False)
    assert ekpay.notice_address("t-1") == f"{BACK}/ipn"


async def test_other_amount_and_late_money(ekpay: EkpaySimulator, merchant: httpx.AsyncClient) -> None:
    ekpay.script.set("t-1", "other-amount", values={"amount": "300.00"})
    await begin(merchant)
    ekpay.clock.advance(timedelta(minutes=1))
    assert (await status(merchant))["trnx_info"]["trnx_amt"] == "300.00"
    ekpay.reset()
    ekpay.script.set("t-1", "late")
    await begin(merchant)
    ekpay.clock.advance(timedelta(minutes=31))
    assert "trnx_info" not in await status(merchant)
    ekpay.clock.advance(timedelta(minutes=15))
    assert (await status(merchant))["msg_code"] == "1020"


async def test_officer_does_by_hand_what_is_asked_once(ekpay: EkpaySimulator, merchant: httpx.AsyncClient) -> None:
    by_hand = "/_simulator/ekpay/payments/t-1"
    assert (await merchant.post(f"{by_hand}/pay")).status_code == 409
    await begin(merchant)
    assert (await merchant.post(f"{by_hand}/give-back")).status_code == 404
    assert (await merchant.post(f"{by_hand}/pay", json={"amount": "many"})).status_code == 409
    assert (await merchant.post(f"{by_hand}/pay", json={"amount": "1.00"})).json() == {"state": "paid"}
    assert (await merchant.post(f"{by_hand}/cancel")).status_code == 409
    assert [effect.amount for effect in ekpay.ledger.effects("capture")] == [Money.taka(1).plain()]
