"""A person before ekPay's simulated page, in a real browser."""

from typing import Any

import httpx

from nagorik_ekpay.simulator import ADDRESS, BASE, MERCHANT_ID, MERCHANT_KEY, EkpaySimulator
from nagorik_testing import serve
from nagorik_testing.simulator.script import EVERYONE

MERCHANT = "https://merchant.example/"
SESSION = {
    "mer_info": {"mer_reg_id": MERCHANT_ID, "mer_pas_key": MERCHANT_KEY},
    "req_timestamp": "2026-11-24 10:00:00 GMT+6",
    "mac_addr": ADDRESS,
    "feed_uri": {"s_uri": f"{MERCHANT}paid", "f_uri": f"{MERCHANT}failed", "c_uri": f"{MERCHANT}cancelled"},
    "ipn_info": {"ipn_channel": "3", "ipn_email": "", "ipn_uri": f"{MERCHANT}notice"},
    "cust_info": {"cust_name": "NOMUNA NAGORIK 1", "cust_mobo_no": "01700000000"},
}


async def page_of(base_url: str, payment: str) -> str:
    money = {"trnx_id": payment, "trnx_amt": "1170.00", "trnx_currency": "BDT", "ord_det": "Fee"}
    async with httpx.AsyncClient(trust_env=False) as merchant:
        answer = await merchant.post(f"{base_url}{BASE}/merchant-api", json=SESSION | {"trns_info": money})
    return f"{base_url}{BASE}?sToken={answer.json()['secure_token']}&trnsID={payment}"


async def test_person_pays_fails_cancels_closes_the_tab_pays_twice_and_comes_again(
    nagorik_payment_browser: Any,
) -> None:
    ekpay = EkpaySimulator()
    ekpay.script.set(EVERYONE, "never")
    async with serve(ekpay) as base_url, nagorik_payment_browser() as browser:
        for act, end in (("pay", "paid"), ("fail", "failed"), ("cancel", "cancelled")):
            visit = await browser.visit(await page_of(base_url, end), merchant=MERCHANT)
            shown = await visit.text()
            await visit.press(act)
            (back,) = await visit.returns()
            assert "1,170" in shown
            assert "১,১৭০" in shown
            assert (back.method, back.url, back.referrer) == ("GET", f"{MERCHANT}{end}?transId={end}", None)
            assert not visit.asked_elsewhere
        page = await page_of(base_url, "twice")
        closed = await browser.visit(page, merchant=MERCHANT)
        await closed.close()
        again = await browser.visit(page, merchant=MERCHANT)
        states = [await again.state()]
        await again.press_twice("pay")
        states.append(await (await browser.visit(page, merchant=MERCHANT)).state())
        late = await page_of(base_url, "late")
        ekpay.clock.advance(3600)
        states.append(await (await browser.visit(late, merchant=MERCHANT)).state())
    assert states == ["open", "paid", "expired"]
    assert [effect.client_reference for effect in ekpay.ledger.effects("capture")] == ["paid", "twice"]
