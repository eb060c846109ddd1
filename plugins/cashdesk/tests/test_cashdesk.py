"""Paying at the simulated till, through a real client, and reading answers that a test writes itself."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import respx
from pydantic import ValidationError

from nagorik.errors import AgencyRejected, ContractViolation, OutcomeUnknown
from nagorik.model.application import Payer
from nagorik.model.payment import (
    ListPaymentsRequest,
    PaymentList,
    PaymentReport,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
)
from nagorik.model.status import PaymentState
from nagorik.operations import Operation
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_cashdesk import plugin, wire
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing import AnswerLost
from nagorik_testing.fixtures.plugin_under_test import AGENCY, ContextMaker, PluginUnderTest
from nagorik_testing.validation.checks import validate_path
from nagorik_toolkit import money_text

GATEWAY, PAYMENT = "cashdesk.counter", "payment-1"
AMOUNT = Money.taka("345.00")
PURPOSE = Text(bn="এনআইডি রি-ইস্যু", en="NID reissue")
OPEN = "POST /sim/cashdesk/v1/payments"
REFUND = "POST /sim/cashdesk/v1/payments/{id}/refund"


@dataclass
class Counter:
    """A counter of a service centre that has this plugin."""

    till: CashDeskSimulator
    contexts: ContextMaker

    async def start(self, amount: Money = AMOUNT, payer: str | None = None) -> Any:
        request = StartPaymentRequest(
            gateway=GATEWAY, payment=PAYMENT, amount=amount, purpose=PURPOSE, payer=Payer(name=payer)
        )
        return await plugin.nagorik_start_payment(request, self.contexts(Operation.START_PAYMENT))

    async def query(self) -> PaymentReport:
        request = QueryPaymentRequest(gateway=GATEWAY, payment=PAYMENT, started_at=self.till.clock.now())
        return await plugin.nagorik_query_payment(request, self.contexts(Operation.QUERY_PAYMENT))

    async def list(self, day: date) -> PaymentList:
        request = ListPaymentsRequest(gateway=GATEWAY, day=day)
        return await plugin.nagorik_list_payments(request, self.contexts(Operation.LIST_PAYMENTS))

    async def refund(self) -> RefundReport:
        request = RefundPaymentRequest(
            gateway=GATEWAY, payment=PAYMENT, reference="CD-000001", amount=AMOUNT, reason=PURPOSE
        )
        return await plugin.nagorik_refund_payment(request, self.contexts(Operation.REFUND_PAYMENT))


@pytest.fixture
def counter() -> Counter:
    """Before the simulator."""
    till = CashDeskSimulator()
    return Counter(till, PluginUnderTest("cashdesk").contexts(till.clock, till))


@pytest.fixture
def wired() -> Counter:
    """Before answers that a test writes itself."""
    till = CashDeskSimulator()
    return Counter(till, PluginUnderTest("cashdesk").contexts(till.clock, None))


async def test_day_is_listed_with_what_was_taken_and_what_was_given_back(counter: Counter) -> None:
    day = date(2026, 11, 24)
    await counter.start()
    assert (await counter.list(day)).payments == ()
    counter.till.clock.advance(timedelta(minutes=2))
    (listed,) = (await counter.list(day)).payments
    assert (listed.payment, listed.reference, listed.amount) == (PAYMENT, "CD-000001", AMOUNT)
    assert (listed.refunded, listed.captured_at) == (Money.taka(0), datetime(2026, 11, 24, 4, 1, tzinfo=UTC))
    await counter.refund()
    (listed,) = (await counter.list(day)).payments
    assert listed.refunded == AMOUNT
    assert (await counter.list(day + timedelta(days=1))).payments == ()


async def test_payment_of_after_midnight_in_dhaka_is_the_next_days(counter: Counter) -> None:
    counter.till.clock.advance(timedelta(hours=13, minutes=59, seconds=30))
    await counter.start()
    counter.till.clock.advance(timedelta(minutes=2))
    assert (await counter.list(date(2026, 11, 24))).payments == ()
    assert len((await counter.list(date(2026, 11, 25))).payments) == 1


async def test_list_of_several_pages_is_read_to_its_end(counter: Counter) -> None:
    for number in range(101):
        request = StartPaymentRequest(
            gateway=GATEWAY, payment=f"payment-{number}", amount=AMOUNT, purpose=PURPOSE, payer=Payer()
        )
        await plugin.nagorik_start_payment(request, counter.contexts(Operation.START_PAYMENT, key=f"key-{number}"))
    counter.till.clock.advance(timedelta(minutes=2))
    listed = (await counter.list(date(2026, 11, 24))).payments
    assert sorted(one.payment or "" for one in listed) == sorted(f"payment-{number}" for number in range(101))


@respx.mock
async def test_list_that_is_cut_short_is_refused(wired: Counter) -> None:
    respx.get(f"{AGENCY}/sim/cashdesk/v1/payments").respond(200, json={"items": [], "total": 1})
    with pytest.raises(ContractViolation) as refused:
        await wired.list(date(2026, 11, 24))
    assert refused.value.detail == "list-cut-short"


def test_plugin_is_usable_as_it_lies_here() -> None:
    found = validate_path(Path(__file__).parents[1], on=date(2026, 11, 24), run=True)
    assert [finding for finding in found if finding.severity == "error"] == []


@pytest.mark.parametrize("amount", [Money.taka("1170"), Money.taka("123456.50")])
async def test_payer_is_told_what_to_do_in_both_languages(counter: Counter, amount: Money) -> None:
    started, read = await counter.start(amount), money_text(amount)
    assert (started.reference, started.pay_at) == ("CD-000001", None)
    assert f"slip number CD-000001, pay {read.en} in cash" in started.instructions.en
    assert f"স্লিপ নম্বর CD-000001 বলুন, নগদ {read.bn} দিন" in started.instructions.bn


async def test_money_is_captured_when_the_book_says_so(counter: Counter) -> None:
    await counter.start(payer="নমুনা অপারেটর")
    before = await counter.query()
    assert (before.state, before.amount, before.captured_at) == (PaymentState.PENDING, None, None)

    counter.till.clock.advance(timedelta(minutes=2))
    paid = await counter.query()
    assert (paid.state, paid.amount, paid.reference) == (PaymentState.CAPTURED, AMOUNT, "CD-000001")
    assert paid.captured_at == datetime(2026, 11, 24, 4, 1, tzinfo=UTC)
    assert (paid.payer_name, paid.raw) == ("নমুনা অপারেটর", "PAID")


async def test_another_amount_is_reported_as_it_was_taken(counter: Counter) -> None:
    counter.till.script.set(PAYMENT, "other-amount", values={"amount": "300.00"})
    await counter.start()
    counter.till.clock.advance(timedelta(minutes=2))
    assert (await counter.query()).amount == Money.taka("300.00")


async def test_cancelled_and_expired_are_told_apart(counter: Counter) -> None:
    await counter.start()
    counter.till.cancel(PAYMENT)
    cancelled = await counter.query()
    assert (cancelled.state, cancelled.amount) == (PaymentState.CANCELLED, None)

    counter.till.reset()
    counter.till.script.set(PAYMENT, "never")
    await counter.start()
    counter.till.clock.advance(timedelta(days=2))
    assert (await counter.query()).state is PaymentState.EXPIRED


async def test_payment_that_is_not_in_the_book_is_unknown_and_not_failed(counter: Counter) -> None:
    assert await counter.query() == PaymentReport(state=PaymentState.UNKNOWN)


async def test_lost_answer_opens_one_slip(counter: Counter) -> None:
    counter.till.faults.add(OPEN, AnswerLost(), count=2)
    assert (await counter.start()).reference == "CD-000001"
    assert len(counter.till.ledger.effects("slip")) == 1
    keys = {request.idempotency_key for request in counter.till.ledger.requests()}
    assert (len(counter.till.ledger.requests()), len(keys)) == (3, 1)


async def test_answers_that_stay_lost_leave_the_payment_unknown(counter: Counter) -> None:
    counter.till.faults.add(OPEN, AnswerLost(), count=None)
    with pytest.raises(OutcomeUnknown):
        await counter.start()


async def test_refund_is_made_once_however_often_it_is_ordered(counter: Counter) -> None:
    counter.till.script.set(PAYMENT, "pay", durations={"refund": timedelta(hours=1)})
    await counter.start()
    counter.till.clock.advance(timedelta(minutes=2))
    counter.till.faults.add(REFUND, AnswerLost())
    ordered, pending = counter.till.clock.now(), await counter.refund()
    assert (pending.state, pending.refunded_at) == (PaymentState.REFUND_PENDING, None)
    counter.till.clock.advance(timedelta(hours=2))
    done = await counter.refund()
    assert (done.state, done.reference) == (PaymentState.REFUNDED, "CD-000001")
    # When the operator handed it out, not when somebody asked.
    assert ordered + timedelta(hours=1) <= done.refunded_at < counter.till.clock.now()
    assert [effect.amount for effect in counter.till.ledger.effects("refund")] == ["345.00"]


async def test_refund_of_what_was_not_paid_is_refused(counter: Counter) -> None:
    await counter.start()
    with pytest.raises(AgencyRejected):
        await counter.refund()


@pytest.mark.parametrize("word", ["ON_HOLD", "paid", "REVERSED", "X" * 300])
async def test_unknown_word_captures_nothing(wired: Counter, word: str) -> None:
    with respx.mock(base_url=AGENCY) as till:
        till.get(f"/sim/cashdesk/v1/payments/{PAYMENT}").respond(json={"state": word, "amount": "345.00"})
        report = await wired.query()
    assert (report.state, report.amount, report.captured_at) == (PaymentState.UNKNOWN, None, None)
    assert report.raw == word[:200]


@pytest.mark.parametrize(
    "amount", ["345.005", "-1", "many", 345.0, "Tk 345", "৩৪৫.০০", "3,45,000", "345/=", {"poisha": 34500}, True]
)
async def test_amount_that_is_none_is_not_read_as_one(wired: Counter, amount: Any) -> None:
    with respx.mock(base_url=AGENCY) as till:
        till.get(f"/sim/cashdesk/v1/payments/{PAYMENT}").respond(json={"state": "PAID", "amount": amount})
        with pytest.raises(ContractViolation):
            await wired.query()


async def test_refund_with_an_unknown_word_is_not_taken_for_done(wired: Counter) -> None:
    with respx.mock(base_url=AGENCY) as till:
        till.post(f"/sim/cashdesk/v1/payments/{PAYMENT}/refund").respond(json={"state": "MAYBE"})
        with pytest.raises(OutcomeUnknown):
            await wired.refund()


async def test_slip_asks_for_the_exact_amount_in_text(wired: Counter) -> None:
    with respx.mock(base_url=AGENCY) as till:
        route = till.post("/sim/cashdesk/v1/payments").respond(201, json={"receiptNo": "CD-1", "state": "OPEN"})
        await wired.start()
    assert json.loads(route.calls.last.request.content) == {
        "paymentId": PAYMENT,
        "amount": "345.00",
        "currency": "BDT",
        "purpose": "এনআইডি রি-ইস্যু / NID reissue",
    }


@pytest.mark.parametrize("number", ["https://evil.example/", "SLIP 1", "", "x" * 41])
def test_a_slip_number_that_is_none_never_reaches_the_payer(number: str) -> None:
    with pytest.raises(ValidationError):
        wire.PaymentSlip.model_validate({"receiptNo": number, "state": "OPEN"})
