"""The till that comes with the cash desk's plugin: the smallest whole simulator of a gateway."""

import httpx
import pytest

from nagorik_cashdesk.simulator import PAYMENTS, CashDeskSimulator
from nagorik_testing import AnswerLost

PAYMENT = {
    "paymentId": "pay-1",
    "amount": "345.00",
    "currency": "BDT",
    "purpose": "পুনর্মুদ্রণ / Reissue",
    "payerName": "NOMUNA NAGORIK 1",
}


@pytest.fixture
def till() -> CashDeskSimulator:
    return CashDeskSimulator()


async def open_slip(client, key="key-1", **given):
    return await client.post(PAYMENTS, json=PAYMENT | given, headers={"Idempotency-Key": key})


async def show(client, payment="pay-1"):
    return (await client.get(f"{PAYMENTS}/{payment}")).json()


async def refund(client, amount="345.00", reason="Application rejected"):
    order = {"amount": amount, "reason": reason}
    return await client.post(f"{PAYMENTS}/pay-1/refund", json=order, headers={"Idempotency-Key": "refund-1"})


async def test_clerk_takes_the_money_a_minute_later(till, reach):
    async with reach(till) as client:
        opened = await open_slip(client)
        before = await show(client)
        till.clock.advance(60)
        after = await show(client)
    assert (opened.status_code, opened.json()) == (201, {"receiptNo": "CD-000001", "state": "OPEN"})
    assert (before["state"], before["paidAt"]) == ("OPEN", None)
    assert after == {
        "state": "PAID",
        "amount": "345.00",
        "paidAt": "2026-11-24T04:01:00+00:00",
        "receiptNo": "CD-000001",
        "payerName": "NOMUNA NAGORIK 1",
        "refundState": None,
    }


async def test_capture_is_in_the_ledger_at_its_own_time_though_nobody_asks(till, reach):
    async with reach(till) as client:
        await open_slip(client)
    till.clock.advance(3600)
    (capture,) = till.ledger.effects("capture")
    assert (capture.reference, capture.client_reference, capture.amount) == ("CD-000001", "pay-1", "345.00")
    assert (till.clock.now() - capture.at).total_seconds() == 3540


async def test_same_key_gives_the_same_slip_after_a_lost_answer(till, reach):
    till.faults.add(f"POST {PAYMENTS}", AnswerLost())
    async with reach(till) as client:
        with pytest.raises(httpx.ReadError):
            await open_slip(client)
        again = await open_slip(client)
    assert again.json()["receiptNo"] == "CD-000001"
    assert again.headers["idempotent-replayed"] == "true"
    assert till.ledger.effect_counts == {"slip": 1}
    assert [seen.idempotency_key for seen in till.ledger.requests()] == ["key-1", "key-1"]


async def test_key_of_another_request_and_payment_of_another_amount_conflict(till, reach):
    async with reach(till) as client:
        await open_slip(client)
        other_body = await open_slip(client, amount="400.00")
        other_key = await open_slip(client, key="key-2", amount="400.00")
        same_payment = await open_slip(client, key="key-3")
    assert (other_body.status_code, other_key.status_code) == (409, 409)
    assert same_payment.json()["receiptNo"] == "CD-000001"
    assert till.ledger.effect_counts == {"slip": 1}


@pytest.mark.parametrize(
    ("marker", "outcome", "values", "state", "amount"),
    [
        ("pay-1", "never", {}, "OPEN", "345.00"),
        ("NOMUNA NAGORIK 1", "cancel", {}, "CANCELLED", "345.00"),
        ("*", "other-amount", {"amount": "300.00"}, "PAID", "300.00"),
    ],
)
async def test_script_decides_what_the_clerk_does(till, reach, marker, outcome, values, state, amount):
    till.script.set(marker, outcome, values=values)
    async with reach(till) as client:
        await open_slip(client)
        till.clock.advance(7200)
        shown = await show(client)
    assert (shown["state"], shown["amount"]) == (state, amount)


async def test_slip_that_nobody_pays_expires_and_is_not_paid_later(till, reach):
    till.script.set("*", "pay", durations={"pay": 90_000})
    async with reach(till) as client:
        await open_slip(client)
        till.clock.advance(100_000)
        assert (await show(client))["state"] == "EXPIRED"
        assert (await refund(client)).status_code == 409
    assert till.ledger.effects("capture") == ()


async def test_refund_is_made_once_however_often_it_is_ordered(till, reach):
    till.script.set("*", "pay", durations={"refund": 3600})
    async with reach(till) as client:
        await open_slip(client)
        till.clock.advance(60)
        assert (await refund(client, "1.00")).status_code == 400
        assert (await refund(client, reason=" ")).json()["error"]["field"] == "reason"
        states = [(await refund(client)).json()["state"] for _ in range(2)]
        till.clock.advance(3600)
        states.append((await refund(client)).json()["state"])
        assert (await show(client))["refundState"] == "REFUNDED"
    assert states == ["REFUND_PENDING", "REFUND_PENDING", "REFUNDED"]
    assert [effect.amount for effect in till.ledger.effects("refund")] == ["345.00"]


async def test_clerk_can_be_moved_by_hand(till, reach):
    till.script.set("*", "never")
    async with reach(till) as client:
        await open_slip(client)
        paid = await client.post("/_simulator/cashdesk/payments/pay-1/pay", json={"amount": "340.00"})
        again = await client.post("/_simulator/cashdesk/payments/pay-1/cancel")
        assert (await show(client))["amount"] == "340.00"
    assert (paid.json(), again.status_code) == ({"state": "PAID"}, 409)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": 345}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"paymentId": ""}, "paymentId"),
    ],
)
async def test_wrong_slip_is_refused_and_its_key_may_be_used_again(till, reach, given, field):
    async with reach(till) as client:
        wrong = await open_slip(client, **given)
        right = await open_slip(client)
        assert (await client.get(f"{PAYMENTS}/pay-2")).status_code == 404
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, field)
    assert right.status_code == 201


async def test_fault_can_be_meant_for_a_payer(till, reach):
    till.faults.add("*", AnswerLost(), first=2, client_reference="NOMUNA NAGORIK 1")
    async with reach(till) as client:
        await open_slip(client)
        await open_slip(client, key="key-2", paymentId="pay-2", payerName="NOMUNA NAGORIK 2")
        with pytest.raises(httpx.ReadError):
            await show(client)
