"""A gateway's second write: made once the payer has agreed, and never a second time on a guess."""

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, OutcomeUnknown
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted
from nagorik.operations import Idempotency, Operation
from nagorik_platform.lifecycle import CitizenActed, ConsentGranted, Decided, Noticed, NotPossible
from nagorik_platform.lifecycle.rules.holds import LOOK_UPS_BEFORE_A_PERSON

from . import factories
from .driver import REFERENCE, Driver

AGREED = PaymentReport(state=P.AUTHORISED)


def _agreed(capabilities=None) -> Driver:
    driver = Driver(capabilities or factories.capabilities_of()).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    assert driver.payment_states == [P.AUTHORISED]
    return driver


def test_what_the_payer_agreed_to_is_taken_at_once_and_once():
    driver = _agreed()
    driver.answer(Operation.COMPLETE_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]
    assert driver.next.operation is Operation.SUBMIT
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) == 1


@pytest.mark.parametrize("kind", [Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE, Idempotency.NONE])
def test_lost_completion_is_asked_about_before_anything_else(kind):
    driver = _agreed(factories.capabilities_of(others=kind))
    driver.lose(Operation.COMPLETE_PAYMENT)
    assert driver.payment_states == [P.UNKNOWN]
    assert Flag.PAYMENT_UNKNOWN in driver.row.flags
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.next.operation is Operation.SUBMIT
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) == 1


def test_completion_that_a_killed_worker_had_begun_is_asked_about():
    driver = _agreed()
    driver.interrupt(Operation.COMPLETE_PAYMENT)
    assert driver.payment_states == [P.UNKNOWN]
    assert driver.call() is Operation.QUERY_PAYMENT


def test_answer_that_does_not_say_what_was_taken_is_a_lost_one():
    driver = _agreed(factories.capabilities_of(others=Idempotency.NONE))
    driver.answer(Operation.COMPLETE_PAYMENT, PaymentReport(state=P.UNKNOWN))
    assert driver.row.payments[0].completion_lost_at is not None
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    assert driver.payment_states == [P.UNKNOWN]


@pytest.mark.parametrize("kind", [Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE])
def test_lost_completion_is_made_again_only_after_the_gateway_has_said_that_it_waits(kind):
    driver = _agreed(factories.capabilities_of(others=kind))
    driver.lose(Operation.COMPLETE_PAYMENT)
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    assert driver.row.payments[0].completion_lost_at is None
    driver.answer(Operation.COMPLETE_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]


def test_refused_completion_ends_the_payment_with_the_gateways_reason_and_the_payer_may_pay_again():
    driver = _agreed()
    driver.answer(Operation.COMPLETE_PAYMENT, AgencyRejected("insufficient-balance"))
    assert driver.payment_states == [P.FAILED]
    assert driver.hold == "payment-failed"
    (refusal,) = [event.refusal for event in driver.journal if event.kind == "attempt-ended" and event.refusal]
    assert refusal is not None
    driver.take(CitizenActed("pay-again"))
    assert driver.call() is Operation.START_PAYMENT


def test_completion_that_was_not_sent_is_tried_again():
    driver = _agreed()
    driver.answer(Operation.COMPLETE_PAYMENT, AgencyUnavailable())
    assert driver.payment_states == [P.AUTHORISED]
    driver.answer_until(
        lambda d: d.payment_states == [P.CAPTURED],
        give={Operation.QUERY_PAYMENT: AGREED, Operation.COMPLETE_PAYMENT: driver.captured()},
    )


def test_other_amount_on_completion_is_a_persons_case():
    driver = _agreed()
    driver.answer(Operation.COMPLETE_PAYMENT, driver.captured(999))
    assert driver.payment_states == [P.UNDER_INVESTIGATION]
    assert driver.row.payments[0].taken == factories.taka(999)


def test_withdrawn_application_takes_nothing_from_a_payer_who_had_agreed():
    driver = Driver(factories.capabilities_of()).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.PENDING))
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    assert (driver.state, driver.payment_states) == (S.WITHDRAWN, [P.AUTHORISED])
    driver.answer_until(lambda d: d.state is S.CLOSED, give={Operation.QUERY_PAYMENT: PaymentReport(state=P.EXPIRED)})
    assert Operation.COMPLETE_PAYMENT not in driver.calls


def test_nothing_is_taken_at_a_price_that_has_lapsed():
    driver = Driver(factories.capabilities_of()).to_paying(factories.quote(lasts=3600))
    driver.pass_time(7200)
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    assert driver.call() is Operation.QUERY_PAYMENT


def test_gateway_without_a_second_write_is_asked_on():
    driver = Driver(factories.capabilities_of(without={Operation.COMPLETE_PAYMENT})).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]


def test_notice_about_a_payment_that_waits_to_be_completed_asks_the_gateway():
    driver = _agreed()
    driver.answer(Operation.COMPLETE_PAYMENT, AgencyUnavailable())
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]


def test_completion_is_covered_by_the_consent_to_pay():
    driver = Driver(factories.capabilities_of())
    driver.take(ConsentGranted(factories.consent(lasts=3600)))
    driver.to_paying()
    driver.pass_time(7200)
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    driver.answer(Operation.COMPLETE_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]


# The host's own charges


def _charging(**changes) -> Driver:
    charging = {"charges": (factories.charge(),), **changes}
    return Driver(factories.capabilities_of().model_copy(update=charging))


def test_charges_are_asked_for_beside_the_fee_and_the_agency_hears_of_its_own_share():
    driver = _charging().to_paying()
    (payment,) = driver.row.payments
    assert (payment.amount, payment.charges) == (factories.taka(285), (factories.charge(),))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(285))
    assert driver.row.payments[0].sum == factories.taka(285)
    assert [receipt.amount for receipt in driver.row.receipts()] == [factories.taka(230)]


def test_charges_are_asked_for_again_where_they_were_not_paid():
    driver = _charging().to_paying()
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.FAILED))
    driver.take(CitizenActed("pay-again"))
    driver.call()
    assert [payment.amount for payment in driver.row.payments] == [factories.taka(285)] * 2


def test_charges_that_were_paid_are_not_asked_for_with_the_next_stage():
    driver = _charging().to_paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(285))
    later = factories.quote(100, stage="inspection", due=FeeDue.AFTER_SUBMISSION, number=2)
    driver.answer_until(
        lambda d: len(d.row.payments) == 2,
        give={
            Operation.SUBMIT: Accepted(reference=REFERENCE, status=factories.status()),
            Operation.ADVISE_PAYMENT: PaymentAdvice(confirmed=True),
            Operation.STATUS: factories.status(fee_due="inspection"),
            Operation.QUOTE: later,
            Operation.START_PAYMENT: OutcomeUnknown(step="start-payment", because="read-timeout"),
        },
    )
    assert (driver.row.payments[1].amount, driver.row.payments[1].charges) == (factories.taka(100), ())


def test_charge_in_another_currency_than_the_fee_is_not_asked_for():
    driver = _charging(charges=(factories.charge(currency="USD"),)).to_paying()
    assert driver.row.payments[0].amount == factories.taka(230)


def test_free_stage_asks_for_no_charge():
    driver = _charging().to_ready(factories.quote(0))
    assert driver.next.operation is Operation.SUBMIT


@pytest.mark.parametrize(("ceiling", "hold"), [(284, "consent-fee-ceiling"), (285, None)])
def test_consent_covers_fee_and_charges_or_nothing_is_asked_for(ceiling, hold):
    driver = _charging()
    driver.take(ConsentGranted(factories.consent(ceiling=ceiling)))
    driver.to_ready(factories.quote())
    assert driver.hold == hold


def test_gateways_name_of_a_refund_may_come_late_and_is_kept_for_the_next_question():
    driver = Driver(factories.capabilities_of()).to_paying()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING))
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING, reference="R-7"))
    assert (driver.payment_states, driver.row.payments[0].refund_reference) == ([P.REFUND_PENDING], "R-7")
    written = len(driver.journal)
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING, reference="R-7"))
    assert [event.kind for event in driver.journal[written:]] == ["attempt-began", "attempt-ended"]
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert driver.row.payments[0].refund_reference == "R-7"


@pytest.mark.parametrize("state", [P.FAILED, P.CANCELLED, P.EXPIRED, P.PENDING, P.UNDER_INVESTIGATION])
def test_what_the_gateway_says_beside_a_state_is_kept_for_the_payer(state):
    driver = Driver(factories.capabilities_of()).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=state, remark="CANARY-RAW Insufficient balance"))
    (moved,) = [event for event in driver.journal if event.kind == "payment-moved" and event.to is state]
    assert moved.remark == "CANARY-RAW Insufficient balance"
    assert "CANARY" not in repr(moved)


def test_payer_who_has_to_agree_again_does_not_make_a_lost_completion_forgotten():
    driver = _agreed(factories.capabilities_of(others=Idempotency.NONE))
    driver.lose(Operation.COMPLETE_PAYMENT)
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.PENDING))
    driver.answer_until(lambda d: d.hold == "payment-unknown", give={Operation.QUERY_PAYMENT: AGREED})
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) == 1


def test_gateway_that_was_told_once_and_goes_on_waiting_is_not_told_again():
    driver = _agreed(factories.capabilities_of(others=Idempotency.NONE))
    driver.answer(Operation.COMPLETE_PAYMENT, AGREED)
    assert driver.payment_states == [P.UNKNOWN]
    driver.answer_until(lambda d: d.hold == "payment-unknown", give={Operation.QUERY_PAYMENT: AGREED})
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) == 1


def test_gateway_that_goes_on_waiting_although_it_is_told_is_an_officers_case():
    driver = _agreed()
    give = {Operation.QUERY_PAYMENT: AGREED, Operation.COMPLETE_PAYMENT: AGREED}
    driver.answer_until(lambda d: d.hold == "payment-unknown", give=give)
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) <= LOOK_UPS_BEFORE_A_PERSON


def test_payment_that_waits_without_a_number_is_an_officers_case():
    driver = Driver(factories.capabilities_of()).to_ready(factories.quote())
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    driver.answer_until(lambda d: d.hold == "payment-unknown", give={Operation.QUERY_PAYMENT: AGREED})
    assert Operation.COMPLETE_PAYMENT not in driver.calls


def test_nothing_is_completed_before_a_payment_that_a_message_named_was_asked_about():
    driver = Driver(factories.capabilities_of()).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.FAILED))
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted(reference="G-2"))
    driver.answer(Operation.QUERY_PAYMENT, AGREED)
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED, P.AUTHORISED]
    assert driver.call() is not Operation.COMPLETE_PAYMENT


def test_gateways_own_doubt_is_a_persons_case_and_the_same_again_is_no_news():
    driver = Driver(factories.capabilities_of()).to_paying()
    doubted = driver.captured().model_copy(update={"state": P.UNDER_INVESTIGATION})
    driver.answer(Operation.QUERY_PAYMENT, doubted)
    assert driver.hold == "payment-under-investigation"
    for _ in range(2):
        driver.take(Noticed(driver.row.payments[0].id))
        driver.answer(Operation.QUERY_PAYMENT, doubted)
    moved = [event for event in driver.journal if event.kind == "payment-moved"]
    assert [(event.to, event.code) for event in moved] == [
        (P.INITIATED, "started"),
        (P.UNDER_INVESTIGATION, "doubted-by-gateway"),
    ]


def test_amount_that_is_known_is_no_news_after_a_refund_was_ordered_and_none_is_ordered_twice():
    officer = {"officer": "R. Karim", "reason": "Seen"}
    driver = Driver(factories.capabilities_of()).to_paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999))
    (payment,) = driver.row.payments
    driver.take(Decided(**officer, payment=payment.id, payment_to=P.REFUND_REQUESTED))
    driver.answer(Operation.REFUND_PAYMENT, AgencyRejected("no-funds"))
    assert driver.payment_states == [P.REFUND_MANUAL]
    for amount, state in ((999, P.REFUND_MANUAL), (1998, P.UNDER_INVESTIGATION)):
        driver.take(Noticed(payment.id))
        driver.answer_until(
            lambda d: not d.row.payments[0].noticed,
            give={
                Operation.QUERY_PAYMENT: driver.captured(amount),
                Operation.START_PAYMENT: OutcomeUnknown(step="start-payment", because="read-timeout"),
            },
        )
        assert driver.row.payments[0].state is state
    with pytest.raises(NotPossible):
        driver.take(Decided(**officer, payment=payment.id, payment_to=P.REFUND_REQUESTED))
