"""Why an application stands where it stands: carried by the journal, and told from it."""

from functools import reduce

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, InputRejected, OutcomeUnknown
from nagorik.model.eligibility import Verdict
from nagorik.model.payment import PaymentReport, PaymentStarted
from nagorik.model.status import LONGEST_REMARK, ApplicationState as S, PaymentState as P
from nagorik.model.submission import Accepted, Rejected, Withdrawal
from nagorik.operations import Idempotency, Operation
from nagorik.values.sentences import Text
from nagorik_platform.lifecycle import (
    CallAnswered,
    CitizenActed,
    Decided,
    Due,
    StateExplanation,
    explain,
    explain_event,
)
from nagorik_platform.lifecycle.refusals import MOST_FIELDS, refusal_of

from . import factories
from .driver import REFERENCE, Driver

REASON = factories.REASON
FIELD = factories.field_problem()


def refused(driver: Driver) -> dict[Operation, str]:
    return {one.operation: one.refusal.code for one in explain(driver.journal).refusals}


@pytest.mark.parametrize(
    "end",
    [
        Rejected(reason_code="incomplete", reason=REASON),
        AgencyRejected("incomplete", reason=REASON),
    ],
    ids=["rejected", "agency rejected"],
)
def test_reason_of_a_refusal_at_intake_outlives_the_close(end):
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, end)
    assert driver.state is S.CLOSED
    said = explain(driver.journal)
    (standing,) = said.refusals
    assert (standing.refusal.code, standing.refusal.reason) == ("incomplete", REASON)
    assert (said.state, said.ended_as) == (S.CLOSED, S.REJECTED_AT_INTAKE)


def test_refusal_without_a_reason_is_a_refusal():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, AgencyRejected("http-403"))
    (standing,) = explain(driver.journal).refusals
    assert (standing.refusal.code, standing.refusal.reason, standing.refusal.fields) == ("http-403", None, ())


def test_fields_that_are_refused_stand_until_the_form_is_corrected():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, InputRejected([FIELD]))
    assert (driver.state, driver.hold) == (S.READY, "input-rejected")
    assert explain(driver.journal).refusals[0].refusal.fields == (FIELD,)
    driver.take(CitizenActed("corrected"))
    assert explain(driver.journal).refusals == ()


@pytest.mark.parametrize("operation", [Operation.ELIGIBILITY, Operation.QUOTE])
def test_fields_refused_before_the_filing_are_kept(operation):
    driver = Driver(factories.capabilities_of())
    if operation is Operation.QUOTE:
        driver.answer(Operation.ELIGIBILITY, factories.decision())
    driver.answer(operation, InputRejected([FIELD]))
    assert driver.hold == "input-rejected"
    assert refused(driver) == {operation: "input-rejected"}


def test_refused_correction_is_told_until_the_next():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(S.CORRECTION_REQUESTED))
    driver.take(CitizenActed("corrected"))
    driver.answer(Operation.ANSWER_CORRECTION, AgencyRejected("late", reason=REASON))
    assert refused(driver) == {Operation.ANSWER_CORRECTION: "late"}
    driver.take(CitizenActed("corrected"))
    assert refused(driver) == {}


def test_refused_withdrawal_is_told_until_the_agency_goes_on():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.WITHDRAW, AgencyRejected("too-late", reason=REASON))
    assert refused(driver) == {Operation.WITHDRAW: "too-late"}
    driver.report(factories.status(S.IN_REVIEW))
    assert refused(driver) == {}


def test_refused_payment_is_told_until_another_is_begun():
    driver = Driver(factories.capabilities_of()).to_ready(factories.quote())
    driver.answer(Operation.START_PAYMENT, AgencyRejected("limit", reason=REASON))
    assert (driver.hold, refused(driver)) == ("payment-failed", {Operation.START_PAYMENT: "limit"})
    driver.take(CitizenActed("pay-again"))
    driver.answer(Operation.START_PAYMENT, PaymentStarted(reference="CANARY-REFERENCE-GATEWAY"))
    assert refused(driver) == {}


def test_refusal_of_a_repetition_reaches_the_officer_who_has_to_look():
    capabilities = factories.capabilities_of(without={Operation.FIND}, submit=Idempotency.NATIVE)
    driver = Driver(capabilities).to_ready()
    driver.lose(Operation.SUBMIT)
    driver.answer(Operation.SUBMIT, AgencyRejected("incomplete", reason=REASON))
    assert driver.state is S.MANUAL_REVIEW
    assert refused(driver) == {Operation.SUBMIT: "incomplete"}


def test_refusal_that_a_report_overtook_is_not_told():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.call()
    driver.report(factories.status(S.IN_REVIEW))
    driver.take(CallAnswered(Rejected(reason_code="incomplete", reason=REASON)))
    assert driver.state is S.IN_REVIEW
    assert refused(driver) == {}


def test_refusal_stands_while_the_operation_fails_and_until_it_succeeds():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.answer(Operation.STATUS, AgencyRejected("locked", reason=REASON))
    driver.answer(Operation.STATUS, AgencyUnavailable())
    assert refused(driver) == {Operation.STATUS: "locked"}
    driver.answer(Operation.STATUS, factories.status(S.SUBMITTED))
    assert refused(driver) == {}


@pytest.mark.parametrize("end", [AgencyUnavailable(), OutcomeUnknown(step="submit", because="read-timeout"), None])
def test_what_is_no_refusal_of_the_application_has_no_reason(end):
    assert refusal_of(end) is None


def test_decision_is_told_with_every_criterion_until_the_form_changes():
    driver = Driver(factories.capabilities_of())
    driver.answer(Operation.ELIGIBILITY, factories.decision(Verdict.FAIL))
    assert explain(driver.journal).decision == factories.decision(Verdict.FAIL)
    driver.take(CitizenActed("corrected"))
    assert explain(driver.journal).decision is None


def test_price_is_told_while_it_is_in_force_and_after_it_was_paid():
    driver = Driver(factories.capabilities_of()).to_paying(factories.quote())
    assert explain(driver.journal).in_force == "quote-application-1"
    driver.pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    (price,) = explain(driver.journal).prices
    assert (price.quote, price.paid_by) == (factories.quote(), (driver.row.payments[0].id,))


def test_price_that_nobody_paid_is_forgotten_with_the_next():
    driver = Driver(factories.capabilities_of()).to_ready(factories.quote(number=1, lasts=30))
    assert [one.quote.id for one in explain(driver.journal).prices] == ["quote-application-1"]
    driver.pass_time(60)
    driver.take(Due())
    assert explain(driver.journal).prices == ()
    driver.answer(Operation.QUOTE, factories.quote(number=2, at=driver.now))
    assert [one.quote.id for one in explain(driver.journal).prices] == ["quote-application-2"]


def test_report_is_told_since_it_stands_as_it_is():
    driver = Driver(factories.capabilities_of()).to_submitted()
    told = factories.status(S.REJECTED).model_copy(update={"reason": REASON, "remark": "CANARY-RAW নথি মেলে না"})
    driver.answer(Operation.STATUS, told)
    report = explain(driver.journal).report
    assert report is not None
    assert (report.status.reason, report.status.remark) == (REASON, "CANARY-RAW নথি মেলে না")


def test_nothing_is_said_of_nothing():
    assert explain([]) == StateExplanation()


def test_explained_in_parts_is_explained_at_once():
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote())
    driver.answer(Operation.STATUS, AgencyRejected("locked", reason=REASON))
    driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.WITHDRAW, Withdrawal(withdrawn=True, status=factories.status(S.WITHDRAWN, final=True)))
    for cut in range(len(driver.journal) + 1):
        assert reduce(explain_event, driver.journal[cut:], explain(driver.journal[:cut])) == explain(driver.journal)


def test_long_reason_is_cut_and_no_answer_fills_a_journal():
    long = refusal_of(AgencyRejected("x", reason=Text(bn="ক" * 4_000, en="short")))
    assert long is not None
    assert long.reason is not None
    assert (len(long.reason.bn), long.reason.bn[-1], long.reason.en) == (LONGEST_REMARK, "…", "short")
    many = refusal_of(InputRejected([factories.field_problem(f"field_{number}") for number in range(200)]))
    assert many is not None
    assert (len(many.fields), many.fields_left_out) == (MOST_FIELDS, 100)


def test_field_that_is_refused_twice_for_the_same_is_told_once():
    told = refusal_of(InputRejected([FIELD, FIELD, factories.field_problem(code="missing")]))
    assert told is not None
    assert [one.code for one in told.fields] == ["date_parsing", "missing"]


def test_reason_and_fields_show_in_no_representation():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, InputRejected([FIELD]))
    said = explain(driver.journal)
    assert "CANARY" not in f"{said!r} {said} {driver.journal!r} {refusal_of(AgencyRejected('x', reason=REASON))}"
    assert "birth_date" not in f"{said!r}"


def test_report_of_a_payment_that_failed_is_no_refusal():
    driver = Driver(factories.capabilities_of()).to_paying(factories.quote())
    driver.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.FAILED))
    assert refused(driver) == {}


def test_why_the_agency_refused_a_payment_stands_until_the_money_is_settled():
    driver = Driver(factories.capabilities_of())
    driver.to_paying()
    driver.pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    driver.answer(Operation.ADVISE_PAYMENT, AgencyRejected("receipt-of-another-year", reason=REASON))
    assert driver.hold == "payment-under-investigation"
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    (standing,) = explain(driver.journal).refusals
    assert (standing.operation, standing.refusal.code) == (Operation.ADVISE_PAYMENT, "receipt-of-another-year")
    assert standing.refusal.reason == REASON
    (payment,) = driver.row.payments
    driver.take(Decided(officer="O", reason="They booked it", payment=payment.id, payment_to=P.CONFIRMED))
    assert refused(driver) == {}
