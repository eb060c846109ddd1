"""Money: captured exactly once for a stage, told to the agency, or given back."""

from datetime import timedelta

import pytest

from nagorik.errors import AgencyClosed, AgencyRejected, AgencyUnavailable, OutcomeUnknown
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, Found, Rejected
from nagorik.operations import Idempotency, Operation
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Hold,
    Interrupted,
    Noticed,
    NotPossible,
    Party,
    payment_decisions,
)
from nagorik_platform.lifecycle.next_action import LATE_CAPTURE_LOOKS, LATE_LOOKS_END, LATE_LOOKS_IN_VAIN

from . import factories
from .driver import REFERENCE, Driver

OFFICER = {"officer": "R. Karim", "reason": "Seen in the ledger"}
LOST_ORDER = OutcomeUnknown(step="refund", because="read-timeout")


def _paying(capabilities=None) -> Driver:
    return Driver(capabilities or factories.capabilities_of()).to_paying()


def _refunding(orders: Idempotency = Idempotency.CLIENT_REFERENCE) -> Driver:
    """Paid and taken back, so that the money is to be given back at a gateway whose orders repeat so."""
    driver = _paying(factories.capabilities_of(others=orders)).pay()
    driver.take(CitizenActed("withdraw"))
    return driver


def _report(state: P) -> PaymentReport:
    return PaymentReport.model_validate({"state": state})


@pytest.mark.parametrize("kind", [Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE])
def test_lost_announcement_is_asked_about_before_anything_else(kind):
    driver = Driver(factories.capabilities_of(others=kind))
    driver.to_ready(factories.quote())
    driver.lose(Operation.START_PAYMENT)
    assert driver.payment_states == [P.UNKNOWN]
    assert Flag.PAYMENT_UNKNOWN in driver.row.flags
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.next.operation is Operation.SUBMIT
    assert driver.calls.count(Operation.START_PAYMENT) == 1


def test_payment_that_the_gateway_never_heard_of_is_announced_again_with_its_key():
    driver = Driver(factories.capabilities_of(others=Idempotency.NATIVE))
    driver.to_ready(factories.quote())
    driver.lose(Operation.START_PAYMENT)
    (lost,) = driver.row.payments
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    driver.lose(Operation.START_PAYMENT)
    assert driver.payment_states == [P.UNKNOWN]
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    driver.answer(Operation.START_PAYMENT, PaymentStarted(reference="G-1"))
    assert driver.payment_states == [P.INITIATED]
    assert driver.row.payments[0].id == lost.id
    assert Flag.PAYMENT_UNKNOWN not in driver.row.flags
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.next.operation is Operation.SUBMIT


def test_repetition_that_is_refused_says_nothing_of_the_announcement_that_was_lost():
    driver = Driver(factories.capabilities_of(others=Idempotency.NATIVE))
    driver.to_ready(factories.quote())
    driver.lose(Operation.START_PAYMENT)
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    driver.answer(Operation.START_PAYMENT, AgencyRejected("http-403"))
    assert driver.payment_states == [P.UNKNOWN]
    with pytest.raises(NotPossible):
        driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.CAPTURED]
    assert driver.next.operation is Operation.SUBMIT


def test_payment_is_not_announced_again_where_its_key_means_nothing():
    driver = Driver(factories.capabilities_of(others=Idempotency.CLIENT_REFERENCE))
    driver.to_ready(factories.quote())
    driver.lose(Operation.START_PAYMENT)
    for _ in range(5):
        driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert driver.calls.count(Operation.START_PAYMENT) == 1


def test_unknown_payment_blocks_withdrawal():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    with pytest.raises(NotPossible, match="payment-unknown"):
        driver.take(CitizenActed("withdraw"))
    assert driver.state is S.AWAITING_PAYMENT


def test_payment_that_stays_unknown_becomes_a_persons_case_and_is_asked_about_still():
    driver = _paying()
    for _ in range(12):
        driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert driver.hold == "payment-unknown"
    driver.answer(Operation.QUERY_PAYMENT, _report(P.PENDING))
    assert driver.hold is None
    assert driver.next.operation is Operation.QUERY_PAYMENT
    assert driver.next.due > driver.now
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.next.operation is Operation.SUBMIT


def test_payer_who_gives_up_is_asked_and_pays_again_with_a_new_payment():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    assert driver.hold == "payment-cancelled"
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    assert driver.payment_states == [P.CANCELLED, P.INITIATED]


def test_money_taken_after_the_gateway_said_no_is_found_by_its_notice_and_given_back():
    driver = _paying()
    first = driver.row.payments[0].id
    driver.answer(Operation.QUERY_PAYMENT, _report(P.FAILED))
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.take(Noticed(first))
    assert driver.next.operation is Operation.QUERY_PAYMENT
    assert driver.next.payment == first
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert sorted(driver.payment_states) == [P.CAPTURED, P.REFUND_REQUESTED]
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert sorted(driver.payment_states) == [P.CAPTURED, P.REFUNDED]


@pytest.mark.parametrize("denied", range(len(LATE_CAPTURE_LOOKS)))
@pytest.mark.parametrize("word", [P.FAILED, P.EXPIRED, P.CANCELLED])
def test_money_taken_after_the_gateway_said_no_is_found_without_a_notice(word, denied):
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(word))
    said = driver.now
    for look in LATE_CAPTURE_LOOKS[:denied]:
        driver.answer(Operation.QUERY_PAYMENT, _report(word))
        assert driver.now == said + look
    assert driver.payment_states == [word]
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.now == said + LATE_CAPTURE_LOOKS[denied]
    assert driver.payment_states == [P.CAPTURED]


def test_application_closes_once_the_gateway_has_said_often_enough_that_it_took_nothing():
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    for _ in LATE_CAPTURE_LOOKS:
        assert (driver.state, driver.hold) == (S.WITHDRAWN, None)
        driver.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    assert (driver.state, driver.next.operation) == (S.CLOSED, None)


def test_payer_who_paid_twice_is_found_a_day_after_without_a_notice_and_stops_no_closing():
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote())
    driver.answer(Operation.STATUS, factories.status(S.ISSUED, deliverables=(factories.deliverable(),)))
    driver.answer(Operation.DELIVERABLE, factories.fetched(factories.deliverable()))
    assert driver.state is S.CLOSED
    confirmed = driver.row.payments[0].moved_at
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(460))
    assert (driver.payment_states, driver.now) == ([P.UNDER_INVESTIGATION], confirmed + timedelta(days=1))
    assert driver.hold == "payment-under-investigation"


def test_payer_who_paid_twice_is_found_a_day_after_while_the_agency_is_yet_to_be_told():
    """It may be closed for a week of holidays, and the payer waits for their money meanwhile."""
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    taken = driver.now
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    closed = AgencyClosed(until=taken + timedelta(days=7))
    driver.answer(Operation.ADVISE_PAYMENT, closed)
    driver.answer(Operation.STATUS, closed)
    assert driver.payment_states == [P.CAPTURED]
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(460))
    assert (driver.payment_states, driver.now) == ([P.UNDER_INVESTIGATION], taken + timedelta(days=1))


def test_officer_who_decides_late_of_money_in_doubt_is_told_all_that_was_taken():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999))
    doubted = driver.now
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999 + 230))
    assert (driver.payment_states, driver.now) == ([P.UNDER_INVESTIGATION], doubted + timedelta(days=1))
    assert driver.row.payments[0].taken == factories.taka(999 + 230)
    # What says the same again is no news, and is asked for no more.
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999 + 230))
    assert driver.next.operation is None
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.REFUND_REQUESTED))
    assert driver.row.payments[0].receipt().amount == factories.taka(999 + 230)


def test_look_that_is_not_answered_is_repeated_and_closes_nothing():
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    for unsure in (AgencyUnavailable(), _report(P.PENDING), _report(P.UNKNOWN)):
        driver.answer(Operation.QUERY_PAYMENT, unsure)
        assert (driver.state, driver.payment_states) == (S.WITHDRAWN, [P.CANCELLED])
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.REFUNDED])


@pytest.mark.parametrize("is_paid", [False, True])
def test_message_about_settled_money_that_the_gateway_never_explains_is_not_asked_about_for_ever(is_paid):
    """A year of such questions is thousands of calls, and the application would never close."""
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured() if is_paid else _report(P.CANCELLED))
    if is_paid:
        driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    while driver.next.operation is not None:
        driver.answer(Operation.QUERY_PAYMENT, driver.captured() if is_paid else _report(P.CANCELLED))
    assert (driver.state, driver.next.operation) == (S.CLOSED, None)
    for _ in range(2):  # another message is another question
        driver.take(Noticed(driver.row.payments[0].id))
        named_at = driver.now
        assert ask_in_vain(driver) >= LATE_LOOKS_IN_VAIN
        assert LATE_LOOKS_END <= driver.now - named_at < LATE_LOOKS_END + timedelta(hours=2)
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(460))
    assert driver.row.payments[0].state in {P.UNDER_INVESTIGATION, P.REFUND_REQUESTED}


def test_application_is_closed_as_the_last_question_of_a_message_is_given_up():
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    driver.take(Noticed(driver.row.payments[0].id))
    assert driver.state is S.WITHDRAWN
    assert ask_in_vain(driver) >= LATE_LOOKS_IN_VAIN
    assert driver.state is S.CLOSED


def ask_in_vain(driver):
    """Have the gateway asked until nobody asks it any more; how often it was."""
    asked = 0
    while driver.next.due is not None:
        if driver.call() is not None:
            driver.take(CallAnswered(_report(P.UNKNOWN)))
            asked += 1
        assert asked < 10_000, "it is asked for ever"
    return asked


def test_payment_that_the_gateway_refused_to_begin_is_not_asked_about():
    driver = Driver(factories.capabilities_of())
    driver.to_ready(factories.quote())
    driver.answer(Operation.START_PAYMENT, AgencyRejected("limit"))
    assert (driver.payment_states, driver.next.operation) == ([P.FAILED], None)


def test_the_payment_that_the_agency_holds_is_kept_and_the_later_one_given_back():
    driver = _paying()
    first = driver.row.payments[0].id
    driver.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    driver.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    driver.take(Noticed(first))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.REFUND_REQUESTED, P.CONFIRMED]


@pytest.mark.parametrize("is_doubted", [False, True])
def test_the_payment_whose_receipt_went_with_a_lost_filing_is_kept(is_doubted):
    """Also where its sum was doubted since, and an officer has accepted it."""
    driver = _paying()
    first = driver.row.payments[0].id
    driver.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.lose(Operation.SUBMIT)
    driver.pass_time(1)
    if is_doubted:
        second = driver.row.payments[1].id
        driver.take(Noticed(second))
        driver.answer(Operation.QUERY_PAYMENT, driver.captured(460))
        assert driver.payment_states[1] is P.UNDER_INVESTIGATION
        driver.take(Decided(**OFFICER, payment=second, payment_to=P.CAPTURED))
    driver.take(Noticed(first))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert driver.payment_states == [P.REFUND_REQUESTED, P.CAPTURED]


def test_money_that_arrives_after_the_application_was_closed_is_given_back():
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    for _ in (None, *LATE_CAPTURE_LOOKS):
        driver.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    assert (driver.state, driver.next.operation) == (S.CLOSED, None)
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING))
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.REFUNDED])
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert (driver.payment_states, driver.next.operation) == ([P.REFUNDED], None)


@pytest.mark.parametrize("first", [P.REFUNDED, P.REFUND_MANUAL])
def test_second_capture_of_a_payment_that_is_given_back_is_found_a_day_after(first):
    driver = _paying()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=first))
    assert (driver.payment_states, driver.next.due - driver.now) == ([first], timedelta(days=1))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(460))
    assert (driver.payment_states, driver.hold) == ([P.UNDER_INVESTIGATION], "payment-under-investigation")


def test_notice_makes_the_next_question_due_at_once_and_proves_nothing():
    driver = _paying()
    for _ in range(8):
        driver.answer(Operation.QUERY_PAYMENT, _report(P.PENDING))
    assert (driver.next.due - driver.now).total_seconds() > 300
    driver.take(Noticed(driver.row.payments[0].id))
    assert driver.next.due == driver.now
    assert driver.payment_states == [P.PENDING]


def test_other_amount_than_asked_waits_for_a_person_and_the_whole_of_it_goes_back():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999))
    assert driver.payment_states == [P.UNDER_INVESTIGATION]
    assert Flag.PAYMENT_UNDER_INVESTIGATION in driver.row.flags
    assert driver.row.hold.party is Party.PERSON
    assert (driver.next.operation, driver.next.due - driver.now) == (Operation.QUERY_PAYMENT, timedelta(days=1))
    payment = driver.row.payments[0].id
    with pytest.raises(NotPossible, match="nothing-to-decide"):
        driver.take(Decided(**OFFICER))
    driver.take(Decided(**OFFICER, payment=payment, payment_to=P.REFUND_REQUESTED))
    assert driver.row.payments[0].receipt().amount == factories.taka(999)
    assert driver.next.operation is Operation.REFUND_PAYMENT


def test_same_number_in_another_currency_waits_for_a_person():
    driver = _paying()
    dollars = factories.quote(currency="USD").total
    driver.answer(Operation.QUERY_PAYMENT, driver.captured().model_copy(update={"amount": dollars}))
    assert (driver.payment_states, driver.row.hold.party) == ([P.UNDER_INVESTIGATION], Party.PERSON)


def test_other_amount_that_an_officer_accepts_pays_the_fee():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(231))
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.CAPTURED))
    assert driver.next.operation is Operation.SUBMIT
    assert driver.row.receipts()[0].amount == factories.taka(231)


def _told_again(driver: Driver, report: PaymentReport) -> None:
    """A message names the payment, and the gateway is asked before anything else that is due."""
    driver.take(Noticed(driver.row.payments[0].id))
    driver.answer_until(
        lambda d: not d.row.payments[0].noticed,
        give={
            Operation.QUERY_PAYMENT: report,
            Operation.START_PAYMENT: OutcomeUnknown(step="start-payment", because="read-timeout"),
        },
    )


def _doubted(driver: Driver, amount: int) -> PaymentReport:
    return driver.captured(amount).model_copy(update={"state": P.UNDER_INVESTIGATION})


def _decide(driver: Driver, to: P) -> None:
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=to))


def _last_code(driver: Driver) -> str:
    return [event.code for event in driver.journal if event.kind == "payment-moved"][-1]


@pytest.mark.parametrize("amount", [230, 460])
def test_money_that_the_gateway_tells_of_after_an_officer_found_none_is_shown_to_a_person(amount):
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _doubted(driver, amount))
    _decide(driver, P.FAILED)
    remark = "বুক করা হয়েছে"
    _told_again(driver, driver.captured().model_copy(update={"remark": remark}))
    payment = driver.row.payments[0]
    assert (payment.state, driver.hold) == (P.UNDER_INVESTIGATION, "payment-under-investigation")
    assert (_last_code(driver), driver.journal[-2].remark) == ("taken-after-all", remark)
    assert payment.receipt().amount == factories.taka(230)


def test_word_of_another_refund_says_nothing_of_this_one():
    driver = _refunding()
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING, reference="R-1"))
    for state in (P.REFUNDED, P.REFUND_FAILED, P.REFUND_PENDING):
        driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=state, reference="R-2"))
        assert (driver.payment_states, driver.row.payments[0].refund_reference) == ([P.REFUND_PENDING], "R-1")
    assert driver.hold == "call-in-vain"
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED, reference="R-1"))
    assert (driver.payment_states, driver.row.hold) == ([P.REFUNDED], None)


def _asked_for(days: int, driver: Driver, operation: Operation, end: PaymentReport | OutcomeUnknown) -> int:
    """Return how often it is called in so many days while each call ends so."""
    until, before = driver.now + timedelta(days=days), driver.calls.count(operation)
    while driver.next.due is not None and driver.next.due < until:
        assert driver.next.operation is operation
        driver.answer(operation, end)
    return driver.calls.count(operation) - before


def test_refund_whose_answer_is_lost_again_and_again_is_an_officers_case_and_repeated_once_a_day():
    driver = _refunding(Idempotency.NATIVE)
    assert _asked_for(1, driver, Operation.REFUND_PAYMENT, LOST_ORDER) <= 20
    assert (driver.payment_states, driver.hold) == ([P.REFUND_REQUESTED], "refund-overdue")
    assert _asked_for(39, driver, Operation.REFUND_PAYMENT, LOST_ORDER) <= 80
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert (driver.payment_states, driver.row.hold) == ([P.REFUNDED], None)


def test_officer_cannot_have_money_given_back_that_nobody_has_said_was_taken():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    _decide(driver, P.UNDER_INVESTIGATION)
    assert not {P.REFUND_REQUESTED, P.REFUND_MANUAL} & set(payment_decisions(driver.row.payments[0]))
    for to in (P.REFUND_REQUESTED, P.REFUND_MANUAL):
        with pytest.raises(NotPossible, match="refund-without-capture"):
            _decide(driver, to)
    _decide(driver, P.CAPTURED)
    assert P.REFUND_REQUESTED in payment_decisions(driver.row.payments[0])
    _decide(driver, P.REFUND_REQUESTED)
    assert driver.row.payments[0].receipt().captured_at is not None


def test_refund_is_ordered_once_and_not_offered_again():
    driver = _paying().pay()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING))
    _told_again(driver, driver.captured(460))
    assert P.REFUND_REQUESTED not in payment_decisions(driver.row.payments[0])
    with pytest.raises(NotPossible, match="payment-cannot-become-that"):
        _decide(driver, P.REFUND_REQUESTED)


def test_money_that_was_to_be_given_back_once_is_given_back_by_hand_after_that():
    driver = _refunding()
    _told_again(driver, driver.captured(300))
    assert driver.payment_states == [P.UNDER_INVESTIGATION]
    _decide(driver, P.CAPTURED)
    assert (driver.payment_states, Operation.REFUND_PAYMENT in driver.calls) == ([P.REFUND_MANUAL], False)


def test_amount_that_the_gateway_does_not_say_is_not_taken_for_the_right_one():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.CAPTURED))
    assert driver.payment_states == [P.UNDER_INVESTIGATION]


def test_payment_that_an_officer_found_captured_has_a_receipt():
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.CAPTURED))
    assert driver.row.receipts()[0].captured_at == driver.now


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (RefundReport(state=P.REFUNDED), P.REFUNDED),
        (RefundReport(state=P.REFUND_FAILED), P.REFUND_MANUAL),
        (RefundReport(state=P.REFUND_MANUAL), P.REFUND_MANUAL),
        (AgencyRejected("http-409"), P.REFUND_MANUAL),
    ],
    ids=["refunded", "failed", "manual", "rejected"],
)
def test_money_goes_back_after_rejection_at_intake_and_then_the_application_closes(answer, ends):
    driver = _paying().pay()
    driver.answer(Operation.SUBMIT, Rejected(reason_code="incomplete", reason=factories.WORDS))
    assert driver.state is S.REJECTED_AT_INTAKE
    assert Flag.REFUND_DUE in driver.row.flags
    driver.answer(Operation.REFUND_PAYMENT, answer)
    assert (driver.state, driver.payment_states) == (S.CLOSED, [ends])


def _expired_unpaid(capabilities=None) -> Driver:
    """A payment of 230 taka whose page has lapsed, and with it the price."""
    driver = Driver(capabilities or factories.capabilities_of()).to_paying(factories.quote(lasts=3600.0))
    driver.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    driver.pass_time(3600.0)
    driver.take(Due())
    return driver


def _paid_after_all(driver: Driver, number: int = 0) -> None:
    """The payer pays on the page that stayed open, and the gateway's message says so."""
    driver.take(Noticed(driver.row.payments[number].id))
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())


@pytest.mark.parametrize("price", [0, 100, 500])
@pytest.mark.parametrize("quoted_first", [False, True])
def test_money_for_a_price_that_no_longer_holds_goes_back_and_the_price_that_holds_is_paid(price, quoted_first):
    driver = _expired_unpaid()
    new = factories.quote(price, at=driver.now, number=2)
    if quoted_first:
        driver.answer(Operation.QUOTE, new)
    _paid_after_all(driver)
    if not quoted_first:
        driver.answer(Operation.QUOTE, new)
    assert driver.row.payments[0].state is P.REFUND_REQUESTED
    assert not driver.row.receipts()
    give = {
        Operation.REFUND_PAYMENT: RefundReport(state=P.REFUNDED),
        Operation.START_PAYMENT: PaymentStarted(reference="G-2"),
        Operation.QUERY_PAYMENT: driver.captured(price) if price else _report(P.EXPIRED),
        Operation.SUBMIT: Accepted(reference=REFERENCE, status=factories.status()),
    }
    driver.answer_until(lambda d: d.row.is_filed, give=give)
    driver.answer_until(
        lambda d: d.row.payments[0].state is P.REFUNDED,
        give=give | {Operation.STATUS: factories.status(), Operation.ADVISE_PAYMENT: PaymentAdvice(confirmed=True)},
    )
    assert [receipt.amount for receipt in driver.row.receipts()] == ([factories.taka(price)] if price else [])


_CANNOT_BE_TOLD = factories.capabilities_of(without={Operation.ADVISE_PAYMENT})


_ADVICE_LOST = OutcomeUnknown(step="advise", because="read-timeout")


@pytest.mark.parametrize(
    ("told", "kind", "state"),
    [
        (None, Idempotency.NATIVE, P.CAPTURED),
        (AgencyUnavailable(), Idempotency.NATIVE, P.CAPTURED),
        (_ADVICE_LOST, Idempotency.NATIVE, P.CAPTURED),
        (_ADVICE_LOST, Idempotency.CLIENT_REFERENCE, P.CONFIRMED),
        (PaymentAdvice(confirmed=False), Idempotency.NATIVE, P.CONFIRMED),
    ],
    ids=["not", "not-reached", "lost", "lost-for-good", "unconfirmed"],
)
def test_agency_that_is_told_of_payments_holds_none_that_it_was_not_told_of(told, kind, state):
    """It says "paid" where another payer has settled what was owed, and would keep this one's for nothing."""
    driver = _paying(factories.capabilities_of(others=kind)).pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    if told is not None:
        driver.answer(Operation.ADVISE_PAYMENT, told)
    driver.report(factories.status(payment_confirmed=True))
    assert driver.payment_states == [state]
    if state is P.CAPTURED:
        refused = AgencyRejected("nothing-is-owed")
        driver.answer_until(
            lambda d: d.row.payments[0].state is not P.CAPTURED, give={Operation.ADVISE_PAYMENT: refused}
        )
        assert driver.payment_states == [P.UNDER_INVESTIGATION]


def test_agency_that_cannot_be_told_of_payments_is_taken_at_its_word():
    driver = _paying(factories.capabilities_of(without={Operation.ADVISE_PAYMENT})).pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    driver.report(factories.status(payment_confirmed=True))
    assert driver.payment_states == [P.CONFIRMED]


def test_lost_answer_about_a_refund_that_was_ordered_is_asked_for_again_and_no_persons():
    """The gateway has given it a number: whoever asks by that orders nothing, and it is given back once."""
    driver = _paying().pay()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING, reference="R-1"))
    for because in ("interrupted", "read-timeout"):
        driver.answer(Operation.REFUND_PAYMENT, OutcomeUnknown(step="refund", because=because))
        assert (driver.payment_states, driver.hold) == ([P.REFUND_PENDING], None)
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED, reference="R-1"))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.REFUNDED])


@pytest.mark.parametrize(
    ("idempotency", "first_after"),
    [(Idempotency.NATIVE, 0), (Idempotency.SAFE, 0), (Idempotency.CLIENT_REFERENCE, factories.LOOKUP_GRACE)],
)
def test_lost_order_of_a_refund_is_repeated_where_that_orders_none_twice(idempotency, first_after):
    """Where the gateway is asked first, only once its books must show what it has taken in."""
    driver = _refunding(idempotency)
    driver.answer(Operation.REFUND_PAYMENT, LOST_ORDER)
    assert (driver.payment_states, driver.hold) == ([P.REFUND_REQUESTED], None)
    assert (driver.next.due - driver.now).total_seconds() >= first_after
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert (driver.state, driver.payment_states, driver.row.hold) == (S.CLOSED, [P.REFUNDED], None)


@pytest.mark.parametrize("lost", [LOST_ORDER, None])
def test_lost_order_of_a_refund_that_cannot_be_asked_about_is_a_persons_who_asks_the_gateway_first(lost):
    driver = _refunding(Idempotency.NONE)
    driver.call()
    driver.take(Interrupted() if lost is None else CallFailed(lost))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.REFUND_MANUAL])
    assert driver.row.hold == Hold(party=Party.PERSON, code="refund-in-doubt")
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.REFUNDED))
    assert (driver.payment_states, driver.row.hold) == ([P.REFUNDED], None)


@pytest.mark.parametrize("end", [AgencyRejected("refunded-already"), RefundReport(state=P.REFUND_FAILED)])
def test_refusal_of_a_repeated_order_says_nothing_of_the_one_that_was_lost(end):
    driver = _refunding()
    driver.answer(Operation.REFUND_PAYMENT, LOST_ORDER)
    driver.answer(Operation.REFUND_PAYMENT, end)
    assert (driver.payment_states, driver.hold) == ([P.REFUND_MANUAL], "refund-in-doubt")


@pytest.mark.parametrize("how", ["a release takes none any more", "an officer's hand", "another sum"])
def test_money_that_the_gateway_may_be_giving_back_is_given_by_hand_only_after_asking(how):
    driver = _refunding()
    ended = P.REFUND_MANUAL if how == "another sum" else P.REFUND_PENDING
    driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=ended, reference="R-1"))
    if how == "an officer's hand":
        driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.REFUND_MANUAL))
    elif how == "a release takes none any more":
        driver.capabilities = factories.capabilities_of(without={Operation.REFUND_PAYMENT})
        driver.take(Due())
    assert (driver.payment_states, driver.hold) == ([P.REFUND_MANUAL], "refund-in-doubt")


def test_gateway_that_gives_nothing_back_leaves_the_refund_to_a_person():
    driver = _paying(factories.capabilities_of(without={Operation.REFUND_PAYMENT})).pay()
    driver.take(CitizenActed("withdraw"))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.REFUND_MANUAL])
    assert driver.row.hold == Hold(party=Party.PERSON, code="refund-by-hand")
    with pytest.raises(NotPossible):
        driver.take(Decided(**OFFICER))
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.REFUNDED))
    assert (driver.state, driver.payment_states, driver.row.hold) == (S.CLOSED, [P.REFUNDED], None)
    assert Flag.REFUND_DUE not in driver.row.flags


def test_fee_demanded_after_filing_is_quoted_paid_and_confirmed_stage_by_stage():
    """A mutation costs 70 taka at filing and 1,100 when it is granted."""
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote(70))
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    driver.answer(Operation.STATUS, factories.status(S.APPROVED, fee_due="record-correction"))
    assert driver.state is S.AWAITING_PAYMENT
    assert driver.next.due == driver.now
    driver.answer(Operation.QUOTE, factories.quote(1100, stage="record-correction", due=FeeDue.AFTER_SUBMISSION))
    driver.answer(Operation.START_PAYMENT, PaymentStarted())
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(1100))
    driver.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    assert (driver.state, driver.row.fee_due) == (S.APPROVED, None)
    driver.answer(Operation.STATUS, factories.status(S.APPROVED))
    assert (driver.state, driver.payment_states) == (S.APPROVED, [P.CONFIRMED, P.CONFIRMED])


def _demanded_for_nothing(lasts=10**8):
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.answer(Operation.STATUS, factories.status(S.APPROVED, fee_due="record-correction"))
    free = factories.quote(0, stage="record-correction", at=driver.now, lasts=lasts)
    driver.answer(Operation.QUOTE, free)
    assert (driver.state, driver.row.fee_due) == (S.APPROVED, None)
    driver.answer(Operation.STATUS, factories.status(S.APPROVED, fee_due="record-correction"))
    return driver


def test_fee_demanded_for_ever_and_priced_at_nothing_is_asked_about_once():
    driver = _demanded_for_nothing()
    assert driver.state is S.APPROVED
    entries = len(driver.journal)
    for _ in range(3):
        driver.answer(Operation.STATUS, factories.status(S.APPROVED, fee_due="record-correction"))
    assert [event.kind for event in driver.journal[entries:]] == ["attempt-ended"] * 3
    driver.answer(Operation.STATUS, factories.status(S.AWAITING_PAYMENT, fee_due="record-correction"))
    assert (driver.state, driver.next.operation) == (S.APPROVED, Operation.STATUS)


def test_fee_demanded_twice_stays_demanded():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(S.SUBMITTED, fee_due="record-correction"))
    driver.report(factories.status(S.SUBMITTED, fee_due="record-correction"))
    assert driver.state is S.AWAITING_PAYMENT
    assert driver.codes().count("fee-demanded") == 1
    assert driver.next.operation is Operation.QUOTE


# Quotes that lapse


def test_quote_that_lapses_before_the_payment_begins_is_asked_for_again():
    driver = Driver(factories.capabilities_of())
    driver.to_ready(factories.quote(lasts=60))
    driver.pass_time(61)
    assert driver.call() is Operation.QUOTE
    assert driver.state is S.DRAFT
    assert driver.row.payments == ()


def test_quote_that_lapses_after_a_payment_was_opened_but_not_announced():
    driver = Driver(factories.capabilities_of())
    driver.to_ready(factories.quote(lasts=60))
    driver.answer(Operation.START_PAYMENT, AgencyUnavailable(retry_after=90))
    driver.pass_time(90)
    assert driver.call() is Operation.QUOTE
    assert driver.payment_states == [P.EXPIRED]


def test_quote_that_lapses_while_the_payer_pays_is_paid():
    driver = Driver(factories.capabilities_of()).to_paying(factories.quote(lasts=60))
    driver.pass_time(3600)
    driver.pay()
    assert driver.next.operation is Operation.SUBMIT


def test_quote_of_another_stage_is_not_paid():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(fee_due="record-correction"))
    driver.answer(Operation.QUOTE, factories.quote(1100))
    assert driver.row.quote is None
    assert driver.row.payments == ()


# Consent


def test_amount_above_the_ceiling_is_not_asked_of_the_payer():
    driver = Driver(factories.capabilities_of())
    driver.take(ConsentGranted(factories.consent(ceiling=229)))
    driver.to_ready(factories.quote(230))
    assert (driver.state, driver.hold) == (S.DRAFT, "consent-fee-ceiling")
    driver.take(ConsentGranted(factories.consent(ceiling=230)))
    assert driver.next.operation is Operation.START_PAYMENT


def test_ceiling_is_for_all_payments_of_an_application_together():
    driver = Driver(factories.capabilities_of())
    driver.take(ConsentGranted(factories.consent(ceiling=1_000)))
    driver.to_submitted(factories.quote(230))
    driver.report(factories.status(S.AWAITING_PAYMENT, fee_due="licence"))
    driver.answer(Operation.QUOTE, factories.quote(800, stage="licence"))
    assert (driver.state, driver.hold) == (S.AWAITING_PAYMENT, "consent-fee-ceiling")
    driver.take(ConsentGranted(factories.consent(ceiling=1_030)))
    assert driver.next.operation is Operation.START_PAYMENT


def test_fee_in_another_currency_than_the_consents_is_not_covered():
    driver = Driver(factories.capabilities_of())
    dollars = factories.quote(1).model_dump(mode="json")
    dollars["total"] = dollars["lines"][0]["amount"] = {"poisha": 100, "currency": "USD"}
    dollars["lines"][0]["vat"] = {"poisha": 0, "currency": "USD"}
    driver.to_ready(type(factories.quote()).model_validate(dollars))
    assert driver.hold == "consent-fee-ceiling"


def test_consent_that_lapses_between_two_looks_keeps_the_call_from_being_made():
    driver = Driver(factories.capabilities_of())
    driver.take(ConsentGranted(factories.consent(lasts=60)))
    driver.to_ready(factories.quote())
    driver.pass_time(61)
    assert driver.call() is None
    assert driver.hold == "consent-expired"
    driver.take(ConsentGranted(factories.consent(at=driver.now)))
    assert driver.next.operation is Operation.START_PAYMENT


# Gateways


def test_citizen_without_a_gateway_is_asked_to_choose_one():
    driver = Driver(factories.capabilities_of(gateway=None))
    driver.to_ready(factories.quote())
    assert driver.hold == "gateway-not-chosen"
    driver.capabilities = factories.capabilities_of()
    driver.take(Due())
    assert driver.hold is None
    assert driver.next.operation is Operation.START_PAYMENT


@pytest.mark.parametrize("said", [P.FAILED, P.EXPIRED, P.CANCELLED])
@pytest.mark.parametrize("told", [False, True])
def test_gateway_that_took_nothing_of_what_an_officer_found_taken_is_shown_to_a_person_once(said, told):
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    _decide(driver, P.CAPTURED)
    if told:
        driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
        driver.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
        assert driver.payment_states == [P.CONFIRMED]
    _told_again(driver, _report(said))
    assert (driver.payment_states, _last_code(driver)) == ([P.UNDER_INVESTIGATION], "not-taken-after-all")
    assert driver.hold == "payment-under-investigation"
    _decide(driver, P.CONFIRMED if told else P.CAPTURED)
    for again in (P.FAILED, P.CANCELLED):
        _told_again(driver, _report(again))
        assert driver.payment_states == [P.CONFIRMED if told else P.CAPTURED]


@pytest.mark.parametrize("is_lost", [True, False])
def test_money_that_an_agency_was_not_shown_and_does_not_ask_for_is_an_officers(is_lost):
    driver = _expired_unpaid(_CANNOT_BE_TOLD)
    driver.answer(Operation.QUOTE, factories.quote(0, at=driver.now, number=2))
    if is_lost:
        driver.lose(Operation.SUBMIT)
    else:
        driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status(S.IN_REVIEW)))
    _paid_after_all(driver)
    assert (driver.payment_states, driver.hold) == ([P.UNDER_INVESTIGATION], "payment-under-investigation")
    driver.take(Decided(**OFFICER, payment=driver.row.payments[0].id, payment_to=P.REFUND_REQUESTED))
    driver.answer_until(
        lambda d: d.payment_states == [P.REFUNDED],
        give={
            Operation.REFUND_PAYMENT: RefundReport(state=P.REFUNDED),
            Operation.FIND: Found(reference=REFERENCE, status=factories.status()),
            Operation.STATUS: factories.status(),
        },
    )


@pytest.mark.parametrize(
    "first", [P.CONFIRMED, P.REFUNDED, P.REFUND_REQUESTED, P.REFUND_PENDING, P.UNDER_INVESTIGATION]
)
def test_second_capture_is_an_officers_case_whatever_becomes_of_the_first(first):
    driver = _paying()
    driver.answer(Operation.QUERY_PAYMENT, driver.captured(999 if first is P.UNDER_INVESTIGATION else 230))
    if first is P.CONFIRMED:
        driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
        driver.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    elif first is not P.UNDER_INVESTIGATION:
        driver.take(CitizenActed("withdraw"))
    if first in {P.REFUNDED, P.REFUND_PENDING}:
        driver.answer(Operation.REFUND_PAYMENT, RefundReport(state=first))
    assert driver.payment_states == [first]
    _told_again(driver, driver.captured(460))
    assert (driver.payment_states, driver.row.payments[0].taken) == ([P.UNDER_INVESTIGATION], factories.taka(460))
    assert driver.hold == "payment-under-investigation"
