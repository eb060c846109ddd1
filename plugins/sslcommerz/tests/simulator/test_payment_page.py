"""A person before the simulated gateway's page, in a real browser."""

from typing import Any

import httpx

from nagorik_sslcommerz.signature import signed_fields
from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import EVERYONE, serve

from .test_gateway import ORDER

MERCHANT = "https://shop.example/"


async def page_of(address: str, tran_id: str) -> str:
    async with httpx.AsyncClient(base_url=address, trust_env=False) as merchant:
        answer = await merchant.post("/gwprocess/v4/api.php", data={**ORDER, "tran_id": tran_id})
    return str(answer.json()["GatewayPageURL"])


async def test_person_pays_fails_cancels_closes_the_tab_pays_twice_and_comes_too_late(
    nagorik_payment_browser: Any,
) -> None:
    gateway = SslCommerzSimulator()
    gateway.script.set(EVERYONE, "never")
    states = []
    async with serve(gateway) as address, nagorik_payment_browser() as browser:
        ends = (("pay", "success", "VALID"), ("fail", "fail", "FAILED"), ("cancel", "cancel", "CANCELLED"))
        for act, to, status in ends:
            page = await page_of(address, f"ORDER-{act}")
            visit = await browser.visit(page, merchant=MERCHANT)
            shown = await visit.text()
            assert "Tk 345" in shown
            assert "৩৪৫ টাকা" in shown
            await visit.press(act)
            await visit._page.locator("#return").click(no_wait_after=True)
            await visit._arrive()
            (back,) = await visit.returns()
            assert (back.method, back.url, back.referrer) == ("POST", f"{MERCHANT}{to}", None)
            posted = signed_fields(back.body.encode(), gateway.store_password)
            assert (posted["tran_id"], posted["status"]) == (f"ORDER-{act}", status)
            assert not visit.asked_elsewhere
            states.append(await (await browser.visit(page, merchant=MERCHANT)).state())

        twice = await page_of(address, "ORDER-twice")
        await (await browser.visit(twice, merchant=MERCHANT)).close()
        tabs = [await browser.visit(twice, merchant=MERCHANT) for _ in range(2)]
        for tab in tabs:
            states.append(await tab.state())
            await tab.press("pay")

        late = await page_of(address, "ORDER-late")
        gateway.clock.advance(2 * 86_400)
        states.append(await (await browser.visit(late, merchant=MERCHANT)).state())
    assert states == ["paid", "failed", "cancelled", "open", "open", "expired"]
    captured = [effect.client_reference for effect in gateway.ledger.effects("capture")]
    assert captured == ["ORDER-pay", "ORDER-twice", "ORDER-twice"]
