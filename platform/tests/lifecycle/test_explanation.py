"""Why an application stands where it stands: carried by the journal, and told from it."""

from functools import reduce

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, InputRejected, OutcomeUnknown
from nagorik.model.eligibility import Verdict
from nagorik.model.status import LONGEST_REMARK, ApplicationState as S
from nagorik.model.submission import Accepted, Rejected, Withdrawal
from nagorik.operations import Idempotency, Operation
from nagorik.values.sentences import Text
from nagorik_platform.lifecycle import CitizenActed, explain, explain_event
from nagorik_platform.lifecycle.refusals import MOST_FIELDS, refusal_of

from . import factories
from .driver import REFERENCE, Driver

REASON = factories.REASON
FIELD = factories.field_problem()


def refused(driver: Driver) -> dict[Operation, str]:
    return {one.operation: one.refusal.code for one in explain(driver.journal).refusals}


@pytest.mark.parametrize(
    "end",
    [Rejected(reason_code="incomplete", reason=REASON), AgencyRejected("incomplete", reason=REASON)],
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


def test_fields_that_are_refused_stand_until_the_form_is_corrected():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, InputRejected([FIELD]))
    assert (driver.state, driver.hold) == (S.READY, "input-rejected")
    assert explain(driver.journal).refusals[0].refusal.fields == (FIELD,)
    driver.take(CitizenActed("corrected"))
    assert explain(driver.journal).refusals == ()


def test_refusal_of_a_repetition_reaches_the_officer_who_has_to_look():
    capabilities = factories.capabilities_of(without={Operation.FIND}, submit=Idempotency.NATIVE)
    driver = Driver(capabilities).to_ready()
    driver.lose(Operation.SUBMIT)
    driver.answer(Operation.SUBMIT, AgencyRejected("incomplete", reason=REASON))
    assert driver.state is S.MANUAL_REVIEW
    assert refused(driver) == {Operation.SUBMIT: "incomplete"}


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


def test_reason_and_fields_show_in_no_representation():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.answer(Operation.SUBMIT, InputRejected([FIELD]))
    said = explain(driver.journal)
    assert "CANARY" not in f"{said!r} {said} {driver.journal!r} {refusal_of(AgencyRejected('x', reason=REASON))}"
    assert "birth_date" not in f"{said!r}"
