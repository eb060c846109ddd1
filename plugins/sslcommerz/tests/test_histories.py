"""Whatever payers, banks and time do to a payment, it is told as the gateway has it whenever it is asked about."""

import asyncio
from datetime import timedelta

from hypothesis import given, settings, strategies as st

from nagorik import PaymentReport, PaymentState
from nagorik.errors import NagorikError
from nagorik.values import Money
from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import AnswerLost

from .conftest import AMOUNT, PAYMENT, Checkout, checkout_before

ASKED = ("GET /validator/api/merchantTransIDvalidationAPI.php", "GET /validator/api/validationserverAPI.php")
ACTS = st.lists(
    st.sampled_from(["pay", "pay less", "fail", "cancel", "open again", "ask", "notice", "answer lost", "a day"]),
    max_size=12,
)


async def play(acts: list[str]) -> tuple[SslCommerzSimulator, list[PaymentReport]]:
    gateway, reports = SslCommerzSimulator(), list[PaymentReport]()
    gateway.script.set(PAYMENT, "never")
    async with checkout_before(gateway) as checkout:
        await checkout.start()
        for act in acts:
            await do(act, checkout, reports)
        gateway.faults.clear()
        reports.append(await checkout.query())
    return gateway, reports


async def do(act: str, checkout: Checkout, reports: list[PaymentReport]) -> None:
    gateway, session = checkout.gateway, checkout.gateway.session_of(PAYMENT)
    if act.startswith("pay"):
        gateway.pay(session, Money.taka("300.00") if act == "pay less" else None)
    elif act == "fail":
        gateway.fail(session)
    elif act == "cancel":
        gateway.cancel(session)
    elif act == "open again":
        await checkout.start()
    elif act == "ask":
        paid = len(gateway.ledger.effects("capture"))
        try:
            reports.append(await checkout.query())
        except NagorikError:
            return
        assert (reports[-1].state is PaymentState.CAPTURED) == (paid == 1)
    elif act == "notice":
        assert (await checkout.notice(gateway.payment_notice(PAYMENT).body)).payment == PAYMENT
    elif act == "answer lost":
        for operation in ASKED:
            gateway.faults.add(operation, AnswerLost())
    else:
        gateway.clock.advance(timedelta(days=1))


@settings(max_examples=60)
@given(ACTS)
def test_payment_is_told_as_the_gateway_has_it(acts: list[str]) -> None:
    gateway, reports = asyncio.run(play(acts))
    taken, told = gateway.ledger.effects("capture"), reports[-1]
    if len(taken) == 1:
        assert (told.state, told.reference) == (PaymentState.CAPTURED, taken[0].reference)
        assert told.amount == (AMOUNT if "pay" in acts else Money.taka("300.00"))
        assert told.captured_at == taken[0].at.replace(microsecond=0)
    elif taken:
        assert told.state is PaymentState.UNDER_INVESTIGATION
        assert told.amount == Money(poisha=sum(Money.taka(each.amount or "").poisha for each in taken))
    else:
        assert (told.amount, told.captured_at) == (None, None)
        assert told.state in {
            PaymentState.PENDING,
            PaymentState.FAILED,
            PaymentState.CANCELLED,
            PaymentState.EXPIRED,
        }


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["order", "order again", "ask", "a day"]), max_size=8))
def test_however_often_a_refund_is_ordered_the_money_goes_back_once(acts: list[str]) -> None:
    async def play_refund() -> tuple[SslCommerzSimulator, list[PaymentState]]:
        gateway, states = SslCommerzSimulator(), list[PaymentState]()
        async with checkout_before(gateway) as checkout:
            await checkout.start()
            gateway.clock.advance(timedelta(hours=1))
            reference, known = (await checkout.query()).reference or "", None
            for act in acts:
                if act == "a day":
                    gateway.clock.advance(timedelta(days=1))
                    continue
                report = await checkout.refund(reference, known if act == "ask" else None)
                known = report.reference
                states.append(report.state)
                given_back = bool(gateway.ledger.effects("refund"))
                assert report.state is not PaymentState.REFUNDED or given_back
        return gateway, states

    gateway, states = asyncio.run(play_refund())
    assert len(gateway.ledger.effects("refund-order")) == min(1, len(states))
    assert len(gateway.ledger.effects("refund")) <= 1
    assert set(states) <= {PaymentState.REFUND_PENDING, PaymentState.REFUNDED}
