"""Payments in any order of agreement, execution, question, notice, refund and lost answer: the books agree."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from nagorik import NagorikError, OutcomeUnknown, PaymentReport, PaymentState
from nagorik_bkash.simulator import gateway
from nagorik_bkash.simulator.checkout import CheckoutState
from nagorik_testing import AnswerLost, ClosedBeforeProcessing, MaintenancePage, NotSent

PAYMENT = "payment-1"
FAULTS = {
    "lost": AnswerLost(),
    "page": MaintenancePage(processed=True),
    "unreached": NotSent(how="refused"),
}
PAYER = ("agree", "fail", "cancel")
DEEDS = (*PAYER, "execute", "execute", "query", "query", "return", "notice", "refund", "hour", *FAULTS)
AFTER_ALL = timedelta(minutes=5)
"""Answers that nobody can read may have stopped the calls for a while."""
deeds = st.lists(st.sampled_from(DEEDS), max_size=14)


async def played(shop: Any, history: list[str]) -> list[PaymentReport]:
    """Play a history; what the plugin said of the payment."""
    told: list[PaymentReport] = []
    await shop.start()
    for deed in history:
        try:
            await done(shop, deed, told)
        except NagorikError:
            continue  # the platform's own errors, after which it asks
    shop.gateway.faults.clear()
    shop.gateway.clock.advance(AFTER_ALL)
    told.append(await shop.query())
    return told


async def done(shop: Any, deed: str, told: list[PaymentReport]) -> None:
    match deed:
        case "agree" | "fail" | "cancel":
            open_now = shop.gateway.book.of_invoice(PAYMENT).state is CheckoutState.OPEN
            if open_now:
                getattr(shop.gateway, deed)(PAYMENT)
        case "execute":
            told.append(await shop.complete())
        case "query":
            told.append(await shop.query())
        case "return":
            assert (await shop.hear(shop.gateway.payer_return(PAYMENT, "success"))).payment == PAYMENT
        case "notice":
            assert (await shop.hear(shop.gateway.payment_notice(PAYMENT))).payment == PAYMENT
        case "refund":
            await shop.refund()
        case "hour":
            shop.gateway.clock.advance(timedelta(hours=1))
        case _:
            for path in ("execute", "payment/refund", "payment/status"):
                shop.gateway.faults.add(f"POST {gateway.CHECKOUT}/{path}", FAULTS[deed])


@settings(deadline=None, max_examples=60)
@given(history=deeds)
def test_the_books_agree_whatever_happens(history: list[str], shop_maker: Any) -> None:
    async def play() -> None:
        shop = shop_maker()
        shop.gateway.script.set(PAYMENT, "never")
        try:
            told = await played(shop, history)
        finally:
            await shop.client.aclose()
        captures, refunds = shop.captures, shop.gateway.ledger.effects("refund")
        assert len(captures) <= 1
        assert len(refunds) <= len(captures)
        assert {report.amount.plain() for report in told if report.amount} <= set(captures)
        if captures:
            assert told[-1].state is PaymentState.CAPTURED
        else:
            assert all(report.state is not PaymentState.CAPTURED for report in told)

    asyncio.run(play())


async def test_an_execution_that_never_arrived_is_made_once_the_gateway_was_asked(shop: Any) -> None:
    await shop.agreed()
    shop.gateway.faults.add(f"POST {gateway.CHECKOUT}/execute", ClosedBeforeProcessing())
    with pytest.raises(OutcomeUnknown):
        await shop.complete()
    assert (await shop.query()).state is PaymentState.AUTHORISED
    assert (await shop.complete()).state is PaymentState.CAPTURED
    assert shop.captures == ["1170.00"]
