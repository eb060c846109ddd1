"""Money: captured exactly once for a stage, told to the agency, or given back."""

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, ContractViolation, OutcomeUnknown
from nagorik.journey import (
    Answered,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Failed,
    Noticed,
    NotPossible,
    Party,
)
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted, RefundReport
from nagorik.model.states import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, Rejected
from nagorik.operations import Idempotency, Operation

from . import making
from .desk import REFERENCE, Desk

OFFICER = {"officer": "R. Karim", "reason": "Seen in the ledger"}


def _paying(plan=None) -> Desk:
    return Desk(plan or making.plan_of()).to_paying()


def _report(state: P) -> PaymentReport:
    return PaymentReport.model_validate({"state": state})


@pytest.mark.parametrize("kind", [Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE])
def test_lost_announcement_is_asked_about_before_anything_else(kind):
    desk = Desk(making.plan_of(others=kind))
    desk.to_ready(making.quote())
    desk.lose(Operation.START_PAYMENT)
    assert desk.payment_states == [P.UNKNOWN]
    assert Flag.PAYMENT_UNKNOWN in desk.row.flags
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert desk.next.operation is Operation.SUBMIT
    assert desk.calls.count(Operation.START_PAYMENT) == 1


def test_payment_that_the_gateway_never_heard_of_is_announced_again_with_its_key():
    desk = Desk(making.plan_of(others=Idempotency.NATIVE))
    desk.to_ready(making.quote())
    desk.lose(Operation.START_PAYMENT)
    (lost,) = desk.row.payments
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    desk.lose(Operation.START_PAYMENT)
    assert desk.payment_states == [P.UNKNOWN]
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    desk.answer(Operation.START_PAYMENT, PaymentStarted(reference="G-1"))
    assert desk.payment_states == [P.INITIATED]
    assert desk.row.payments[0].id == lost.id
    assert Flag.PAYMENT_UNKNOWN not in desk.row.flags
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert desk.next.operation is Operation.SUBMIT


def test_repetition_that_is_refused_says_nothing_of_the_announcement_that_was_lost():
    desk = Desk(making.plan_of(others=Idempotency.NATIVE))
    desk.to_ready(making.quote())
    desk.lose(Operation.START_PAYMENT)
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    desk.answer(Operation.START_PAYMENT, AgencyRejected("http-403"))
    assert desk.payment_states == [P.UNKNOWN]
    with pytest.raises(NotPossible):
        desk.take(CitizenActed("pay-again"))
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert desk.payment_states == [P.CAPTURED]
    assert desk.next.operation is Operation.SUBMIT


def test_payment_is_not_announced_again_where_its_key_means_nothing():
    desk = Desk(making.plan_of(others=Idempotency.CLIENT_REFERENCE))
    desk.to_ready(making.quote())
    desk.lose(Operation.START_PAYMENT)
    for _ in range(5):
        desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert desk.calls.count(Operation.START_PAYMENT) == 1


def test_payment_is_not_announced_again_at_a_price_that_has_lapsed():
    desk = Desk(making.plan_of(others=Idempotency.NATIVE))
    desk.to_ready(making.quote())
    desk.lose(Operation.START_PAYMENT)
    quote = desk.row.quote
    assert quote is not None
    desk.now = quote.expires_at
    for _ in range(5):
        desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert desk.calls.count(Operation.START_PAYMENT) == 1


def test_unknown_payment_blocks_withdrawal():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    with pytest.raises(NotPossible, match="payment-unknown"):
        desk.take(CitizenActed("withdraw"))
    assert desk.state is S.AWAITING_PAYMENT


def test_wish_to_withdraw_is_not_sent_while_a_payment_is_unknown():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.answer(Operation.QUOTE, making.quote(1100, stage="record-correction"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    desk.take(CitizenActed("withdraw"))
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert desk.next.operation is not Operation.WITHDRAW
    desk.take(Noticed(desk.row.payments[0].id))
    desk.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    assert desk.next.operation is Operation.WITHDRAW


def test_payment_that_stays_unknown_becomes_a_persons_case_and_is_asked_about_still():
    desk = _paying()
    for _ in range(12):
        desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    assert desk.hold == "payment-unknown"
    desk.answer(Operation.QUERY_PAYMENT, _report(P.PENDING))
    assert desk.hold is None
    assert desk.next.operation is Operation.QUERY_PAYMENT
    assert desk.next.due > desk.now
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert desk.next.operation is Operation.SUBMIT


def test_payer_who_gives_up_is_asked_and_pays_again_with_a_new_payment():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, _report(P.CANCELLED))
    assert desk.hold == "payment-cancelled"
    assert desk.next.operation is None
    desk.take(CitizenActed("pay-again"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    assert desk.payment_states == [P.CANCELLED, P.INITIATED]


def test_money_taken_after_the_gateway_said_no_is_found_by_its_notice_and_given_back():
    desk = _paying()
    first = desk.row.payments[0].id
    desk.answer(Operation.QUERY_PAYMENT, _report(P.FAILED))
    desk.take(CitizenActed("pay-again"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    desk.take(Noticed(first))
    assert desk.next.operation is Operation.QUERY_PAYMENT
    assert desk.next.payment == first
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert sorted(desk.payment_states) == [P.CAPTURED, P.REFUND_REQUESTED]
    desk.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert sorted(desk.payment_states) == [P.CAPTURED, P.REFUNDED]


def test_the_payment_that_the_agency_holds_is_kept_and_the_later_one_given_back():
    desk = _paying()
    first = desk.row.payments[0].id
    desk.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    desk.take(CitizenActed("pay-again"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    desk.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    desk.take(Noticed(first))
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    assert desk.payment_states == [P.REFUND_REQUESTED, P.CONFIRMED]


def test_money_that_arrives_after_the_application_was_closed_is_given_back():
    desk = _paying()
    desk.take(CitizenActed("withdraw"))
    desk.answer(Operation.QUERY_PAYMENT, _report(P.EXPIRED))
    assert desk.state is S.CLOSED
    desk.take(Noticed(desk.row.payments[0].id))
    desk.answer(Operation.QUERY_PAYMENT, desk.captured())
    desk.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUND_PENDING))
    desk.answer(Operation.REFUND_PAYMENT, RefundReport(state=P.REFUNDED))
    assert (desk.state, desk.payment_states, desk.next.operation) == (S.CLOSED, [P.REFUNDED], None)


def test_notice_makes_the_next_question_due_at_once_and_proves_nothing():
    desk = _paying()
    for _ in range(8):
        desk.answer(Operation.QUERY_PAYMENT, _report(P.PENDING))
    assert (desk.next.due - desk.now).total_seconds() > 300
    desk.take(Noticed(desk.row.payments[0].id))
    assert desk.next.due == desk.now
    assert desk.payment_states == [P.PENDING]


def test_other_amount_than_asked_waits_for_a_person_and_the_whole_of_it_goes_back():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(999))
    assert desk.payment_states == [P.UNDER_INVESTIGATION]
    assert Flag.PAYMENT_UNDER_INVESTIGATION in desk.row.flags
    assert desk.row.hold.party is Party.PERSON
    assert desk.next.operation is None
    payment = desk.row.payments[0].id
    with pytest.raises(NotPossible, match="nothing-to-decide"):
        desk.take(Decided(**OFFICER))
    desk.take(Decided(**OFFICER, payment=payment, payment_to=P.REFUND_REQUESTED))
    assert desk.row.payments[0].receipt().amount == making.taka(999)
    assert desk.next.operation is Operation.REFUND_PAYMENT


def test_other_amount_that_an_officer_accepts_pays_the_fee():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(231))
    desk.take(Decided(**OFFICER, payment=desk.row.payments[0].id, payment_to=P.CAPTURED))
    assert desk.next.operation is Operation.SUBMIT
    assert desk.row.receipts()[0].amount == making.taka(231)


def test_amount_that_the_gateway_does_not_say_is_not_taken_for_the_right_one():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, _report(P.CAPTURED))
    assert desk.payment_states == [P.UNDER_INVESTIGATION]


def test_payment_that_an_officer_found_captured_has_a_receipt():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, _report(P.UNKNOWN))
    desk.take(Decided(**OFFICER, payment=desk.row.payments[0].id, payment_to=P.CAPTURED))
    assert desk.row.receipts()[0].captured_at == desk.now


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (RefundReport(state=P.REFUNDED), P.REFUNDED),
        (RefundReport(state=P.REFUND_FAILED), P.REFUND_MANUAL),
        (RefundReport(state=P.REFUND_MANUAL), P.REFUND_MANUAL),
        (AgencyRejected("http-409"), P.REFUND_MANUAL),
        (OutcomeUnknown(step="refund", because="read-timeout"), P.REFUND_MANUAL),
    ],
    ids=["refunded", "failed", "manual", "rejected", "unknown"],
)
def test_money_goes_back_after_rejection_at_intake_and_then_the_application_closes(answer, ends):
    desk = _paying().pay()
    desk.answer(Operation.SUBMIT, Rejected(reason_code="incomplete", reason=making.WORDS))
    assert desk.state is S.REJECTED_AT_INTAKE
    assert Flag.REFUND_DUE in desk.row.flags
    desk.answer(Operation.REFUND_PAYMENT, answer)
    assert (desk.state, desk.payment_states) == (S.CLOSED, [ends])


def test_gateway_that_gives_nothing_back_leaves_the_refund_to_a_person():
    desk = _paying(making.plan_of(without={Operation.REFUND_PAYMENT})).pay()
    desk.take(CitizenActed("withdraw"))
    assert (desk.state, desk.payment_states) == (S.CLOSED, [P.REFUND_MANUAL])


def test_rejection_that_arrives_while_a_payment_is_announced_does_not_break_its_answer():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.answer(Operation.QUOTE, making.quote(1100, stage="record-correction"))
    assert desk.call() is Operation.START_PAYMENT
    desk.report(making.status(S.REJECTED, final=True))
    desk.take(Answered(PaymentStarted()))
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(1100))
    assert desk.payment_states == [P.REFUND_REQUESTED]


def test_rejection_that_arrives_while_the_agency_is_told_waits_for_its_answer():
    desk = _paying().pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    desk.call()
    desk.report(making.status(S.REJECTED))
    assert desk.payment_states == [P.CAPTURED]
    desk.take(Answered(PaymentAdvice(confirmed=True)))
    assert (desk.state, desk.payment_states) == (S.CLOSED, [P.CONFIRMED])


def test_fee_demanded_after_filing_is_quoted_paid_and_confirmed_stage_by_stage():
    """A mutation costs 70 taka at filing and 1,100 when it is granted."""
    desk = Desk(making.plan_of()).to_submitted(making.quote(70))
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due="record-correction"))
    assert desk.state is S.AWAITING_PAYMENT
    assert desk.next.due == desk.now
    desk.answer(Operation.QUOTE, making.quote(1100, stage="record-correction", due=FeeDue.AFTER_SUBMISSION))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(1100))
    desk.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    assert (desk.state, desk.row.fee_due) == (S.SUBMITTED, None)
    desk.answer(Operation.STATUS, making.status(S.APPROVED))
    assert (desk.state, desk.payment_states) == (S.APPROVED, [P.CONFIRMED, P.CONFIRMED])


def _demanded_for_nothing(lasts=10**8):
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due="record-correction"))
    free = making.quote(0, stage="record-correction", at=desk.now, lasts=lasts)
    desk.answer(Operation.QUOTE, free)
    assert (desk.state, desk.row.fee_due) == (S.SUBMITTED, None)
    desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due="record-correction"))
    return desk


def test_fee_demanded_for_ever_and_priced_at_nothing_is_asked_about_once():
    desk = _demanded_for_nothing()
    assert desk.state is S.APPROVED
    entries = len(desk.journal)
    for _ in range(3):
        desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due="record-correction"))
    assert [event.kind for event in desk.journal[entries:]] == ["attempt-ended"] * 3
    desk.answer(Operation.STATUS, making.status(S.AWAITING_PAYMENT, fee_due="record-correction"))
    assert (desk.state, desk.next.operation) == (S.APPROVED, Operation.STATUS)


def test_fee_priced_at_nothing_is_priced_again_when_the_price_has_lapsed():
    desk = _demanded_for_nothing(lasts=10_000)
    desk.pass_time(10_000)
    desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due="record-correction"))
    assert (desk.state, desk.row.fee_due) == (S.AWAITING_PAYMENT, "record-correction")
    desk.answer(Operation.QUOTE, making.quote(230, stage="record-correction", at=desk.now))
    assert desk.next.operation is Operation.START_PAYMENT


@pytest.mark.parametrize("stage", ["record-correction", "delivery"])
def test_other_demand_after_one_priced_at_nothing_is_priced(stage):
    desk = _demanded_for_nothing()
    if stage == "record-correction":
        desk.answer(Operation.STATUS, making.status(S.APPROVED))
    desk.answer(Operation.STATUS, making.status(S.APPROVED, fee_due=stage))
    assert (desk.state, desk.row.fee_due, desk.next.operation) == (S.AWAITING_PAYMENT, stage, Operation.QUOTE)


def test_fee_demanded_twice_stays_demanded():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(S.SUBMITTED, fee_due="record-correction"))
    desk.report(making.status(S.SUBMITTED, fee_due="record-correction"))
    assert desk.state is S.AWAITING_PAYMENT
    assert desk.codes().count("fee-demanded") == 1
    assert desk.next.operation is Operation.QUOTE


def test_stage_is_paid_again_after_its_money_was_given_back():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.answer(Operation.QUOTE, making.quote(1100, stage="record-correction"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(1100))
    desk.answer(Operation.ADVISE_PAYMENT, AgencyRejected("wrong-account"))
    assert desk.payment_states == [P.UNDER_INVESTIGATION]
    desk.take(Decided(**OFFICER, payment=desk.row.payments[0].id, payment_to=P.REFUND_REQUESTED))
    desk.answer_until(
        lambda d: d.next.operation is Operation.START_PAYMENT,
        give={
            Operation.REFUND_PAYMENT: RefundReport(state=P.REFUNDED),
            Operation.STATUS: making.status(fee_due="record-correction"),
        },
    )
    desk.answer(Operation.START_PAYMENT, PaymentStarted())
    assert desk.payment_states == [P.REFUNDED, P.INITIATED]


def test_disputed_payment_keeps_the_stage_from_being_paid_again():
    desk = _paying().pay()
    desk.answer(Operation.SUBMIT, AgencyUnavailable())
    payment = desk.row.payments[0].id
    desk.take(Decided(**OFFICER, payment=payment, payment_to=P.DISPUTED))
    assert desk.row.hold.code == "payment-disputed"
    assert desk.next.operation is None


def test_unconfirmed_advice_does_not_starve_the_status():
    desk = _paying().pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    give = {Operation.ADVISE_PAYMENT: PaymentAdvice(confirmed=False), Operation.STATUS: making.status(S.IN_REVIEW)}
    desk.answer_until(lambda d: d.state is S.IN_REVIEW, give=give)
    assert desk.payment_states == [P.ADVISED]
    assert Flag.ADVICE_UNCONFIRMED in desk.row.flags


def test_advice_that_no_status_ever_tells_of_becomes_a_persons_case():
    desk = Desk(making.plan_of(others=Idempotency.NONE)).to_paying().pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    desk.lose(Operation.ADVISE_PAYMENT)
    desk.pass_time(making.SETTLE)
    desk.answer(Operation.STATUS, making.status())
    assert desk.hold == "payment-unconfirmed"
    desk.take(Decided(**OFFICER, payment=desk.row.payments[0].id, payment_to=P.CONFIRMED))
    assert desk.hold is None


# Quotes that lapse


def test_quote_that_lapses_before_the_payment_begins_is_asked_for_again():
    desk = Desk(making.plan_of())
    desk.to_ready(making.quote(lasts=60))
    desk.pass_time(61)
    assert desk.call() is Operation.QUOTE
    assert desk.state is S.DRAFT
    assert desk.row.payments == ()


def test_quote_that_lapses_after_a_payment_was_opened_but_not_announced():
    desk = Desk(making.plan_of())
    desk.to_ready(making.quote(lasts=60))
    desk.answer(Operation.START_PAYMENT, AgencyUnavailable(retry_after=90))
    desk.pass_time(90)
    assert desk.call() is Operation.QUOTE
    assert desk.payment_states == [P.EXPIRED]


def test_quote_that_lapses_while_the_payer_pays_is_paid():
    desk = Desk(making.plan_of()).to_paying(making.quote(lasts=60))
    desk.pass_time(3600)
    desk.pay()
    assert desk.next.operation is Operation.SUBMIT


def test_quote_that_has_lapsed_on_arrival_is_not_asked_for_in_a_storm():
    desk = Desk(making.plan_of())
    desk.answer(Operation.ELIGIBILITY, making.decision())
    desk.answer(Operation.QUOTE, making.quote(lasts=-1))
    assert desk.next.operation is Operation.QUOTE
    assert desk.next.due > desk.now
    assert desk.row.quote is None


def test_quote_of_another_stage_is_not_paid():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.answer(Operation.QUOTE, making.quote(1100))
    assert desk.row.quote is None
    assert desk.row.payments == ()


# Consent


def test_amount_above_the_ceiling_is_not_asked_of_the_payer():
    desk = Desk(making.plan_of())
    desk.take(ConsentGranted(making.consent(ceiling=229)))
    desk.to_ready(making.quote(230))
    assert (desk.state, desk.hold) == (S.DRAFT, "consent-fee-ceiling")
    desk.take(ConsentGranted(making.consent(ceiling=230)))
    assert desk.next.operation is Operation.START_PAYMENT


def test_fee_in_another_currency_than_the_consents_is_not_covered():
    desk = Desk(making.plan_of())
    dollars = making.quote(1).model_dump(mode="json")
    dollars["total"] = dollars["lines"][0]["amount"] = {"poisha": 100, "currency": "USD"}
    dollars["lines"][0]["vat"] = {"poisha": 0, "currency": "USD"}
    desk.to_ready(type(making.quote()).model_validate(dollars))
    assert desk.hold == "consent-fee-ceiling"


def test_consent_that_lapses_between_two_looks_keeps_the_call_from_being_made():
    desk = Desk(making.plan_of())
    desk.take(ConsentGranted(making.consent(lasts=60)))
    desk.to_ready(making.quote())
    desk.pass_time(61)
    assert desk.call() is None
    assert desk.hold == "consent-expired"
    desk.take(ConsentGranted(making.consent(at=desk.now)))
    assert desk.next.operation is Operation.START_PAYMENT


def test_consent_that_lapses_while_the_call_is_made_changes_nothing_of_its_answer():
    desk = Desk(making.plan_of())
    desk.take(ConsentGranted(making.consent(lasts=60)))
    desk.to_ready()
    desk.call()
    desk.pass_time(61)
    desk.take(Answered(Accepted(reference=REFERENCE, status=making.status())))
    assert desk.state is S.SUBMITTED


def test_consent_does_not_release_what_waits_for_an_officer():
    desk = _paying()
    desk.answer(Operation.QUERY_PAYMENT, desk.captured(999))
    desk.take(ConsentGranted(making.consent()))
    assert desk.hold == "payment-under-investigation"


def test_withdrawal_without_consent_waits_and_the_status_is_asked_meanwhile():
    desk = Desk(making.plan_of()).to_submitted()
    allowed = set(making.WRITES) - {Operation.WITHDRAW}
    desk.take(ConsentGranted(making.consent(operations=allowed)))
    desk.take(CitizenActed("withdraw"))
    assert desk.hold == "consent-scope"
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    assert desk.state is S.IN_REVIEW
    desk.take(ConsentGranted(making.consent()))
    assert desk.next.operation is Operation.WITHDRAW


# Gateways


def test_citizen_without_a_gateway_is_asked_to_choose_one():
    desk = Desk(making.plan_of(gateway=None))
    desk.to_ready(making.quote())
    assert desk.hold == "gateway-not-chosen"
    desk.plan = making.plan_of()
    desk.take(Due())
    assert desk.hold is None
    assert desk.next.operation is Operation.START_PAYMENT


def test_price_that_cannot_be_fetched_does_not_stop_a_filed_application():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.call()
    desk.take(Failed(ContractViolation("quote")))
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    assert (desk.state, desk.row.fee_due) == (S.IN_REVIEW, None)


def test_a_payment_not_yet_announced_goes_with_its_gateway_when_the_citizen_chooses_another():
    desk = Desk(making.plan_of())
    desk.to_ready(making.quote())
    desk.answer(Operation.START_PAYMENT, AgencyUnavailable())
    assert desk.payment_states == [P.QUOTED]
    desk.plan = making.plan_of(gateway="desk.card")
    desk.call()
    assert [(payment.gateway, payment.state) for payment in desk.row.payments] == [
        ("desk.cash", P.CANCELLED),
        ("desk.card", P.QUOTED),
    ]
