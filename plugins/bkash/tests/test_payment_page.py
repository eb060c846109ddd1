"""A person before bKash's simulated page, in a real browser."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from bkash_pgw_tokenized import Bkash, MemoryTokenStore, ensure_id_token

from nagorik_bkash.simulator import BkashSimulator, gateway
from nagorik_testing import serve
from nagorik_testing.simulator.script import EVERYONE

MERCHANT = "https://merchant.example/"


async def page_of(bkash: Bkash, payment: str) -> str:
    created = await bkash.create_payment(
        await ensure_id_token(MemoryTokenStore(), bkash),
        mode="0011",
        payer_reference=payment,
        callback_url=f"{MERCHANT}{payment}",
        amount="1170.00",
        currency="BDT",
        intent="sale",
        merchant_invoice_number=payment,
    )
    return created["bkashURL"]


async def test_a_person_agrees_fails_cancels_closes_the_tab_and_presses_twice(nagorik_payment_browser: Any) -> None:
    simulator = BkashSimulator()
    simulator.script.set(EVERYONE, "never")
    async with serve(simulator) as base_url, nagorik_payment_browser() as browser:
        bkash = Bkash(
            {
                "username": gateway.USERNAME,
                "password": gateway.PASSWORD,
                "app_key": gateway.APP_KEY,
                "app_secret": gateway.APP_SECRET,
                "base_url": f"{base_url}{gateway.VERSION}",
            }
        )
        for act, status in (("pay", "success"), ("fail", "failure"), ("cancel", "cancel")):
            visit = await browser.visit(await page_of(bkash, status), merchant=MERCHANT)
            shown = await visit.text()
            await visit.press(act)
            (back,) = await visit.returns()
            assert "1,170" in shown
            assert "১,১৭০" in shown
            assert (back.method, back.referrer) == ("GET", None)
            assert back.url.startswith(f"{MERCHANT}{status}?")
            assert parse_qs(urlsplit(back.url).query)["status"] == [status]
            assert not visit.asked_elsewhere
        page = await page_of(bkash, "twice")
        closed = await browser.visit(page, merchant=MERCHANT)
        await closed.close()
        again = await browser.visit(page, merchant=MERCHANT)
        states = [await again.state()]
        await again.press_twice("pay")
        states.append(await (await browser.visit(page, merchant=MERCHANT)).state())
        simulator.book.execute(simulator.book.of_invoice("twice"), simulator.clock.now())
        states.append(await (await browser.visit(page, merchant=MERCHANT)).state())
    assert states == ["open", "expired", "paid"]
    assert [effect.client_reference for effect in simulator.ledger.effects("capture")] == ["twice"]
