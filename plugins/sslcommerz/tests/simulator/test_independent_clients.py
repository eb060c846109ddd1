"""Independent clients of SSLCommerz against the simulator, unchanged but for where the gateway is."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from jukto.payments import (
    PaymentCustomer,
    PaymentReference,
    PaymentRequest,
    PaymentStatus,
    PaymentURLs,
    RefundRequest,
    RefundStatus,
)
from jukto.providers.payments.async_sslcommerz import AsyncSSLCommerzClient
from sslcommerz_client import PaymentInitPostData, SSLCommerzClient

from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import SimulatorTransport, serve

STORE_ID, STORE_PASSWORD = SslCommerzSimulator.store_id, SslCommerzSimulator.store_password
SHOP = "https://shop.example"
AN_HOUR = timedelta(hours=1)
ORDER = {
    "total_amount": "345.00",
    "currency": "BDT",
    "tran_id": "ORDER-1",
    "product_category": "service",
    "success_url": f"{SHOP}/success",
    "fail_url": f"{SHOP}/fail",
    "cancel_url": f"{SHOP}/cancel",
    "ipn_url": f"{SHOP}/ipn",
    "cus_name": "Specimen Payer",
    "cus_email": "payer@shop.example",
    "cus_add1": "1 Specimen Road",
    "cus_city": "Dhaka",
    "cus_country": "Bangladesh",
    "cus_phone": "01700000000",
    "shipping_method": "NO",
    "num_of_item": 1,
    "product_name": "Specimen",
    "product_profile": "non-physical-goods",
}


@pytest.fixture
def gateway() -> SslCommerzSimulator:
    return SslCommerzSimulator()


@pytest.fixture
async def address(gateway: SslCommerzSimulator) -> AsyncIterator[str]:
    async with serve(gateway) as address:
        yield address


def notice_of(gateway: SslCommerzSimulator, tran_id: str) -> dict[str, str]:
    return dict(parse_qsl(gateway.payment_notice(tran_id).body.decode("ascii"), keep_blank_values=True))


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
class TestSslcommerzClient:
    """PyPI sslcommerz-client 0.6.0, over a real socket.

    Its own checking of an order makes addresses of which requests can make no form with today's pydantic, so it is
    handed its order as it would be once checked.
    """

    order = PaymentInitPostData.model_construct(**ORDER)

    def client(self, address: str, password: str = STORE_PASSWORD) -> SSLCommerzClient:
        class Elsewhere(SSLCommerzClient):
            baseURL = address  # noqa: N815 - the client's name for it

        return Elsewhere(STORE_ID, password, sandbox=True)

    async def test_payment_from_session_to_refund(self, gateway: SslCommerzSimulator, address: str) -> None:
        client = self.client(address)
        opened = (await asyncio.to_thread(client.initiate_session, self.order)).response
        assert (opened.status, opened.failedreason) == ("SUCCESS", "")
        waiting = (await asyncio.to_thread(client.get_transaction_by_session, opened.sessionkey)).response
        assert (waiting.APIConnect, waiting.status, waiting.sessionkey) == ("DONE", "PENDING", opened.sessionkey)

        gateway.clock.advance(AN_HOUR)
        notice = notice_of(gateway, "ORDER-1")
        believed = await asyncio.to_thread(client.validate_IPN, notice)
        assert (believed.status, believed.response.status) == (True, "VALID")
        for word in ("VALID", "VALIDATED", "VALIDATED"):
            told = (await asyncio.to_thread(client.get_order_validation_data, {"val_id": notice["val_id"]})).response
            assert (told.status, told.amount, told.currency_type) == (word, Decimal("345.00"), "BDT")
        found = (await asyncio.to_thread(client.get_transaction_by_id, "ORDER-1")).response
        assert [(found.no_of_trans_found, each.status) for each in found.element] == [(1, "VALIDATED")]

        order = {
            "bank_tran_id": notice["bank_tran_id"],
            "refund_amount": "345.00",
            "refund_remarks": "specimen",
            "refe_id": "REFUND-1",
        }
        words = [(await asyncio.to_thread(client.initiate_refund, dict(order))).response.status for _ in range(2)]
        assert words == ["success", "processing"]
        assert len(gateway.ledger.effects("refund-order")) == 1

    async def test_altered_notice_does_not_verify(self, gateway: SslCommerzSimulator, address: str) -> None:
        client = self.client(address)
        await asyncio.to_thread(client.initiate_session, self.order)
        gateway.clock.advance(AN_HOUR)
        notice = notice_of(gateway, "ORDER-1")
        assert not client.validate_IPN({**notice, "amount": "3450.00"}).status
        other = self.client(address, "another-password")
        assert not other.validate_IPN(notice).status

    async def test_store_is_not_let_in_with_another_password(self, address: str) -> None:
        refused = await asyncio.to_thread(self.client(address, "wrong").initiate_session, self.order)
        assert refused.response.status == "FAILED"
        assert refused.response.failedreason.startswith("Store Credential Error")


class TestJukto:
    """PyPI jukto 0.1.0a1, which insists on the gateway's own address: its transport alone is the simulator's."""

    @pytest.fixture
    async def client(self, gateway: SslCommerzSimulator) -> AsyncIterator[AsyncSSLCommerzClient]:
        async with httpx.AsyncClient(transport=SimulatorTransport(gateway)) as http:
            yield AsyncSSLCommerzClient(STORE_ID, STORE_PASSWORD, http_client=http)

    def request(self, tran_id: str = "ORDER-1") -> PaymentRequest:
        return PaymentRequest(
            PaymentReference(tran_id, Decimal("345.00"), "BDT"),
            PaymentCustomer(
                "Specimen Payer", "payer@shop.example", "01700000000", "1 Road", "Dhaka", "1000", "Bangladesh"
            ),
            PaymentURLs(f"{SHOP}/success", f"{SHOP}/fail", f"{SHOP}/cancel", f"{SHOP}/ipn"),
            "Specimen",
            "service",
        )

    async def test_payment_from_session_to_refund(
        self, gateway: SslCommerzSimulator, client: AsyncSSLCommerzClient
    ) -> None:
        request = self.request()
        opened = await client.initiate(request)
        assert opened.status is PaymentStatus.REQUIRES_ACTION
        assert opened.customer_action_url.startswith("https://sandbox.sslcommerz.com/gwprocess/v4/gw.php?Q=PAY&")
        waiting = await client.query_session(opened.session_id, request.reference)
        assert (waiting.status, waiting.provider_status) == (PaymentStatus.PENDING, "PENDING")

        gateway.clock.advance(AN_HOUR)
        paid = await client.verify_notification(notice_of(gateway, "ORDER-1"), request.reference)
        assert (paid.status, paid.can_fulfill, paid.provider_status) == (PaymentStatus.PAID, True, "VALID")
        found = await client.query_transaction(request.reference)
        assert [each.provider_status for each in found.attempts] == ["VALIDATED"]

        order = RefundRequest(request.reference, paid.bank_transaction_id, "REFUND-1", Decimal("345.00"), "specimen")
        accepted = await client.refund(order)
        assert (accepted.status, accepted.provider_status) == (RefundStatus.PENDING, "success")
        assert (await client.refund(order)).provider_status == "processing"
        for wait, status in ((timedelta(0), RefundStatus.PENDING), (timedelta(days=4), RefundStatus.REFUNDED)):
            gateway.clock.advance(wait)
            told = await client.query_refund(accepted.provider_refund_id, paid.bank_transaction_id)
            assert told.status is status
        assert [effect.amount for effect in gateway.ledger.effects("refund")] == ["345.00"]

    @pytest.mark.parametrize("outcome", ["fail", "cancel", "never"])
    async def test_notice_of_what_was_not_paid_verifies(
        self, gateway: SslCommerzSimulator, client: AsyncSSLCommerzClient, outcome: str
    ) -> None:
        gateway.script.set("*", outcome)
        request = self.request()
        await client.initiate(request)
        gateway.clock.advance(timedelta(days=2))
        told = await client.verify_notification(notice_of(gateway, "ORDER-1"), request.reference)
        assert [attempt.status is PaymentStatus.PAID for attempt in told.attempts] == [False]

    async def test_risky_payment_wants_a_review(
        self, gateway: SslCommerzSimulator, client: AsyncSSLCommerzClient
    ) -> None:
        gateway.script.set("*", "risky")
        request = self.request()
        await client.initiate(request)
        gateway.clock.advance(AN_HOUR)
        told = await client.verify_notification(notice_of(gateway, "ORDER-1"), request.reference)
        assert (told.status, told.requires_review, told.can_fulfill) == (PaymentStatus.PAID, True, False)


LTS = """
const Payment = require('sslcommerz-lts');
const [address, store, password, order] = JSON.parse(process.argv[1]);
const client = new Payment(store, password, false);
const usual = client.baseURL;
for (const name of Object.keys(client).filter(each => each.endsWith('URL')))
  client[name] = client[name].replace(usual, address);
(async () => {
  const opened = await client.init(order);
  const waiting = await client.transactionQueryBySessionId({sessionkey: opened.sessionkey});
  const acted = await fetch(opened.GatewayPageURL, {method: 'POST', body: new URLSearchParams({act: 'pay'})});
  const found = await client.transactionQueryByTransactionId({tran_id: order.tran_id});
  const paid = found.element[0];
  const validated = [await client.validate({val_id: paid.val_id}), await client.validate({val_id: paid.val_id})];
  const refund = {refund_amount: 345, refund_remarks: 'specimen', bank_tran_id: paid.bank_tran_id, refe_id: 'R-1'};
  const ordered = await client.initiateRefund(refund);
  const asked = await client.refundQuery({refund_ref_id: ordered.refund_ref_id});
  console.log(JSON.stringify([opened, waiting, acted.status, found, validated, ordered, asked]));
})();
"""


def modules() -> Path:
    """Where npm has put ``sslcommerz-lts``; the registry is not asked by a test."""
    if shutil.which("node") is None:
        pytest.skip("there is no node here to run the npm package sslcommerz-lts")
    folder = os.environ.get("NAGORIK_NODE_MODULES")
    if folder is None or not Path(folder, "sslcommerz-lts").is_dir():
        pytest.skip("NAGORIK_NODE_MODULES names no folder with sslcommerz-lts (npm install sslcommerz-lts@1.2.0)")
    return Path(folder)


async def test_official_npm_package_pays_and_refunds(gateway: SslCommerzSimulator, address: str) -> None:
    folder, given = modules(), json.dumps([address, STORE_ID, STORE_PASSWORD, ORDER])
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", "-e", LTS, given],
        env={**os.environ, "NODE_PATH": str(folder)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    told: list[Any] = json.loads(done.stdout)
    opened, waiting, acted, found, validated, ordered, asked = told
    assert (opened["status"], waiting["status"], acted) == ("SUCCESS", "PENDING", 200)
    assert (found["no_of_trans_found"], found["element"][0]["status"]) == (1, "VALID")
    assert [each["status"] for each in validated] == ["VALID", "VALIDATED"]
    assert (ordered["status"], asked["status"]) == ("success", "processing")
    assert len(gateway.ledger.effects("capture")) == len(gateway.ledger.effects("refund-order")) == 1
