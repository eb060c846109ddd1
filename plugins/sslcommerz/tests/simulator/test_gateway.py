"""The simulated gateway by itself: what it refuses, the payer's page, the way back, several sessions and attempts."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from nagorik_sslcommerz.signature import signed_fields
from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import SimulatorTransport
from nagorik_testing.simulator.admin import with_admin

STORE = {"store_id": SslCommerzSimulator.store_id, "store_passwd": SslCommerzSimulator.store_password}
ORDER = {
    **STORE,
    "total_amount": "345.00",
    "currency": "BDT",
    "tran_id": "ORDER-1",
    "success_url": "https://shop.example/success",
    "fail_url": "https://shop.example/fail",
    "cancel_url": "https://shop.example/cancel",
    "cus_name": "Specimen Payer",
    "cus_email": "payer@shop.example",
    "cus_phone": "01700000000",
    "shipping_method": "NO",
    "product_name": "Specimen",
    "product_category": "service",
    "product_profile": "general",
}
TRANSACTIONS = "/validator/api/merchantTransIDvalidationAPI.php"


@pytest.fixture
def gateway() -> SslCommerzSimulator:
    return SslCommerzSimulator()


@pytest.fixture
async def http(gateway: SslCommerzSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=SimulatorTransport(gateway), base_url="https://gateway.example") as client:
        yield client


async def opened(http: httpx.AsyncClient, **other: str) -> dict[str, Any]:
    answer = await http.post("/gwprocess/v4/api.php", data={**ORDER, **other})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def asked(http: httpx.AsyncClient, **about: str) -> dict[str, Any]:
    told: dict[str, Any] = (await http.get(TRANSACTIONS, params={**STORE, **about})).json()
    return told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tran_id", ""),
        ("tran_id", "x" * 31),
        ("total_amount", "9.99"),
        ("total_amount", "500000.01"),
        ("total_amount", "345.001"),
        ("total_amount", "-345.00"),
        ("currency", "EUR"),
        ("cus_name", "x" * 51),
        ("cus_email", "nobody"),
        ("cus_phone", "0" * 21),
        ("success_url", "javascript:alert(1)"),
        ("ipn_url", "https://shop.example/" + "x" * 250),
        ("shipping_method", "YES"),
        ("product_profile", "goods"),
        ("value_a", "x" * 256),
    ],
)
async def test_form_that_is_not_whole_opens_nothing(
    gateway: SslCommerzSimulator, http: httpx.AsyncClient, field: str, value: str
) -> None:
    told = await opened(http, **{field: value})
    assert (told["status"], told["sessionkey"]) == ("FAILED", "")
    assert (field if field != "shipping_method" else "ship_name") in told["failedreason"]
    assert gateway.ledger.effects() == ()


@pytest.mark.parametrize("amount", ["10", "10.00", "500000", "345.5"])
async def test_amount_within_bounds_opens_a_session(http: httpx.AsyncClient, amount: str) -> None:
    assert (await opened(http, total_amount=amount))["status"] == "SUCCESS"


async def test_store_is_let_in_by_its_own_password_alone(http: httpx.AsyncClient) -> None:
    assert (await opened(http, store_passwd="wrong"))["failedreason"].startswith("Store Credential Error")
    for path in (TRANSACTIONS, "/validator/api/validationserverAPI.php"):
        answer = await http.get(path, params={"store_id": STORE["store_id"], "tran_id": "ORDER-1", "val_id": "V1"})
        assert answer.json() == {"APIConnect": "FAILED"}


def returned(page: str) -> tuple[str, dict[str, str]]:
    """Where the page posts to, and what."""
    action = re.search(r'<form method="post" action="([^"]+)"', page)
    assert action is not None
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', page)
    return unescape(action[1]), {name: unescape(value) for name, value in fields}


@pytest.mark.parametrize(
    ("act", "to", "status"),
    [("pay", "success", "VALID"), ("fail", "fail", "FAILED"), ("cancel", "cancel", "CANCELLED")],
)
async def test_payer_is_sent_back_with_a_signed_form(
    gateway: SslCommerzSimulator, http: httpx.AsyncClient, act: str, to: str, status: str
) -> None:
    session = await opened(http)
    shown = await http.get(session["GatewayPageURL"])
    assert shown.status_code == 200
    assert all(f'value="{each}"' in shown.text for each in ("pay", "fail", "cancel"))
    done = await http.post(session["GatewayPageURL"], data={"act": act})
    address, fields = returned(done.text)
    assert (address, fields["status"]) == (f"https://shop.example/{to}", status)
    signed = signed_fields(str(httpx.QueryParams(fields)).encode(), gateway.store_password)
    assert (signed["tran_id"], signed["amount"], signed["store_id"]) == ("ORDER-1", "345.00", gateway.store_id)
    assert len(gateway.ledger.effects("capture")) == (1 if act == "pay" else 0)


async def test_payer_who_acts_is_not_played_by_the_script_as_well(
    gateway: SslCommerzSimulator, http: httpx.AsyncClient
) -> None:
    session = await opened(http)
    await http.post(session["GatewayPageURL"], data={"act": "cancel"})
    gateway.clock.advance(timedelta(days=2))
    assert (await asked(http, tran_id="ORDER-1"))["element"][0]["status"] == "CANCELLED"


async def test_page_that_is_open_twice_pays_twice(gateway: SslCommerzSimulator, http: httpx.AsyncClient) -> None:
    session = await opened(http)
    for _ in range(2):
        await http.post(session["GatewayPageURL"], data={"act": "pay"})
    told = await asked(http, tran_id="ORDER-1")
    assert [each["status"] for each in told["element"]] == ["VALID", "VALID"]
    assert len({each["val_id"] for each in told["element"]}) == len(gateway.ledger.effects("capture")) == 2


@pytest.mark.parametrize("second", ["pay", "fail", "cancel"])
async def test_button_of_one_page_counts_once(
    gateway: SslCommerzSimulator, http: httpx.AsyncClient, second: str
) -> None:
    page = (await opened(http))["GatewayPageURL"]
    action = re.search(r'action="([^"]+)"', (await http.get(page)).text)
    assert action is not None
    pressed = [await http.post(unescape(action[1]), data={"act": act}) for act in ("pay", second)]
    assert pressed[0].text == pressed[1].text
    assert len(gateway.ledger.effects("capture")) == 1


async def test_one_transaction_has_each_session_that_was_opened_for_it(http: httpx.AsyncClient) -> None:
    sessions = [await opened(http) for _ in range(2)]
    assert sessions[0]["sessionkey"] != sessions[1]["sessionkey"]
    await http.post(sessions[0]["GatewayPageURL"], data={"act": "fail"})
    told = await asked(http, tran_id="ORDER-1")
    assert (told["no_of_trans_found"], [each["status"] for each in told["element"]]) == (2, ["FAILED", "PENDING"])
    states = [(await asked(http, sessionkey=each["sessionkey"]))["status"] for each in sessions]
    assert states == ["FAILED", "PENDING"]


async def test_times_are_those_of_the_clocks_in_dhaka(gateway: SslCommerzSimulator, http: httpx.AsyncClient) -> None:
    session = await opened(http)
    gateway.clock.advance(timedelta(hours=14, minutes=30))
    told = await asked(http, sessionkey=session["sessionkey"])
    assert told["tran_date"] == "2026-11-24 10:01:00"


async def test_questions_about_nothing(http: httpx.AsyncClient) -> None:
    assert await asked(http, tran_id="NOBODY") == {"APIConnect": "DONE", "no_of_trans_found": 0, "element": []}
    for about in ({}, {"sessionkey": "0"}, {"refund_ref_id": "0"}):
        assert await asked(http, **about) == {"APIConnect": "INVALID_REQUEST"}
    validation = await http.get("/validator/api/validationserverAPI.php", params={**STORE, "val_id": "0"})
    assert validation.json()["status"] == "INVALID_TRANSACTION"


async def test_more_than_was_taken_is_not_given_back(gateway: SslCommerzSimulator, http: httpx.AsyncClient) -> None:
    await opened(http)
    gateway.clock.advance(timedelta(hours=1))
    paid = (await asked(http, tran_id="ORDER-1"))["element"][0]
    order = {"bank_tran_id": paid["bank_tran_id"], "refund_remarks": "specimen"}
    words = [
        (await asked(http, **order, refund_trans_id=name, refund_amount=amount))["status"]
        for name, amount in (("R1", "300.00"), ("R2", "45.01"), ("R2", "45.00"), ("R3", "0.01"), ("R1", "300.00"))
    ]
    assert words == ["success", "failed", "success", "failed", "processing"]


async def test_operator_reads_what_the_gateway_would_post(gateway: SslCommerzSimulator) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(with_admin(gateway)), base_url="http://127.0.0.1"
    ) as http:
        await opened(http)
        body = (await http.get("/_simulator/sslcommerz/payments/ORDER-1/ipn")).text
        assert dict(parse_qsl(body))["status"] == "UNATTEMPTED"
        assert (await http.get("/_simulator/sslcommerz/payments/NOBODY/ipn")).status_code == 404
