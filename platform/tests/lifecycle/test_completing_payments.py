"""A gateway's second write: made once the payer has agreed, and never a second time on a guess."""

import pytest

from nagorik.errors import AgencyRejected, OutcomeUnknown
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentAdvice, PaymentReport
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


@pytest.mark.parametrize(("ceiling", "hold"), [(284, "consent-fee-ceiling"), (285, None)])
def test_consent_covers_fee_and_charges_or_nothing_is_asked_for(ceiling, hold):
    driver = _charging()
    driver.take(ConsentGranted(factories.consent(ceiling=ceiling)))
    driver.to_ready(factories.quote())
    assert driver.hold == hold


def test_gateway_that_goes_on_waiting_although_it_is_told_is_an_officers_case():
    driver = _agreed()
    give = {Operation.QUERY_PAYMENT: AGREED, Operation.COMPLETE_PAYMENT: AGREED}
    driver.answer_until(lambda d: d.hold == "payment-unknown", give=give)
    assert driver.calls.count(Operation.COMPLETE_PAYMENT) <= LOOK_UPS_BEFORE_A_PERSON


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
