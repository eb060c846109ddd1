"""The usual ways through, and the turns that agencies and people take."""

import pytest

from nagorik.errors import InputRejected
from nagorik.model.eligibility import Verdict
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, Withdrawal
from nagorik.operations import Operation
from nagorik_platform.lifecycle import CallAnswered, CitizenActed, Decided, Due, NotPossible, Party, UnexpectedAnswer

from . import factories
from .driver import REFERENCE, Driver

OFFICER = {"officer": "R. Karim", "reason": "Telephoned"}


def test_paid_application_goes_from_draft_to_closed():
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote())
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    driver.answer(Operation.STATUS, factories.status(S.ISSUED, deliverables=(factories.deliverable(),)))
    driver.answer(Operation.DELIVERABLE, factories.fetched(factories.deliverable()))
    assert (driver.state, driver.payment_states) == (S.CLOSED, [P.CONFIRMED])
    driver.answer(Operation.QUERY_PAYMENT, driver.captured())
    assert (driver.state, driver.payment_states, driver.next.operation) == (S.CLOSED, [P.CONFIRMED], None)
    assert [code.removeprefix("moved:") for code in driver.codes() if code.startswith("moved")] == [
        "ready",
        "awaiting_payment",
        "ready",
        "submitting",
        "submitted",
        "in_review",
        "approved",
        "issued",
        "delivered",
        "closed",
    ]


def test_jump_over_unseen_steps_inserts_them_as_inferred():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.answer(Operation.STATUS, factories.status(S.DELIVERED))
    moves = [(event.to, event.inferred) for event in driver.journal if event.kind == "moved"][-4:]
    assert moves == [(S.APPROVED, True), (S.ISSUED, True), (S.DELIVERED, False), (S.CLOSED, False)]


def test_unknown_word_keeps_the_state_and_says_that_it_may_be_out_of_date():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.answer(Operation.STATUS, factories.status(None))
    assert driver.state is S.SUBMITTED
    assert Flag.STALE_STATUS in driver.row.flags
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    assert Flag.STALE_STATUS not in driver.row.flags


@pytest.mark.parametrize("own", [S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN, S.MANUAL_REVIEW, S.CLOSED])
def test_states_of_the_platform_are_not_taken_from_a_report(own):
    driver = Driver(factories.capabilities_of()).to_submitted(factories.quote())
    driver.report(factories.status(S.IN_REVIEW))
    driver.report(factories.status(own))
    assert driver.state is S.IN_REVIEW
    assert Flag.STALE_STATUS in driver.row.flags


def test_old_or_seen_report_changes_nothing():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(S.IN_REVIEW, sequence=5, event="five"))
    before = driver.row
    for old in (
        factories.status(S.REJECTED, sequence=4),
        factories.status(S.REJECTED, sequence=5),
        factories.status(S.REJECTED, event="five"),
    ):
        driver.report(old)
        assert driver.row == before


@pytest.mark.parametrize("far", ["draft", "ready", "paying"])
def test_report_of_an_application_that_was_not_filed_waits_for_a_person(far):
    driver = Driver(factories.capabilities_of())
    if far == "ready":
        driver.to_ready()
    elif far == "paying":
        driver.to_paying()
    driver.report(factories.status(S.APPROVED))
    assert driver.state is S.MANUAL_REVIEW
    assert driver.row.agency_reference is None
    assert Flag.POSSIBLE_DUPLICATE in driver.row.flags
    driver.take(Decided(**OFFICER, to=S.DRAFT))
    assert driver.state is not S.MANUAL_REVIEW


# Deliverables and delivery


def test_issued_deliverable_is_fetched_at_once_and_not_at_the_next_poll():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.pass_time(86_400)
    driver.answer(Operation.STATUS, factories.status(S.ISSUED, deliverables=(factories.deliverable(),)))
    assert (driver.next.operation, driver.next.due) == (Operation.DELIVERABLE, driver.now)


# Corrections, appearances, withdrawals


def test_correction_that_is_refused_goes_back_to_the_citizen():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.answer(Operation.STATUS, factories.status(S.CORRECTION_REQUESTED))
    driver.take(CitizenActed("corrected"))
    driver.answer(Operation.ANSWER_CORRECTION, InputRejected(()))
    assert driver.hold == "input-rejected"
    driver.take(CitizenActed("corrected"))
    assert driver.next.operation is Operation.ANSWER_CORRECTION
    assert driver.row.corrections == 2


def test_form_is_not_changed_under_a_call():
    driver = Driver(factories.capabilities_of())
    driver.call()
    with pytest.raises(NotPossible, match="attempt-in-flight"):
        driver.take(CitizenActed("corrected"))


def test_withdrawal_reaches_the_agency_at_once():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.pass_time(86_400)
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    driver.take(CitizenActed("withdraw"))
    assert (driver.next.operation, driver.next.due) == (Operation.WITHDRAW, driver.now)
    driver.answer(Operation.WITHDRAW, Withdrawal(withdrawn=True, status=factories.status(None)))
    assert driver.state is S.CLOSED


def test_withdrawal_that_the_agency_does_not_offer_is_not_promised():
    driver = Driver(factories.capabilities_of(without={Operation.WITHDRAW})).to_submitted()
    with pytest.raises(NotPossible, match="agency-offers-no-withdrawal"):
        driver.take(CitizenActed("withdraw"))


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        (S.SUBMITTED, True),
        (S.IN_REVIEW, True),
        (S.CORRECTION_REQUESTED, True),
        (S.AWAITING_APPEARANCE, True),
        (S.APPROVED, False),
        (S.ISSUED, False),
        (S.DELIVERY_FAILED, False),
    ],
)
def test_withdrawal_is_open_until_the_agency_has_decided(state, possible):
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(state))
    if possible:
        driver.take(CitizenActed("withdraw"))
        assert driver.row.withdrawal_wanted
    else:
        with pytest.raises(NotPossible, match="too-late-or-unknown"):
            driver.take(CitizenActed("withdraw"))


# Eligibility and input


def test_ineligible_citizen_is_told_and_may_correct_the_form():
    driver = Driver(factories.capabilities_of())
    driver.answer(Operation.ELIGIBILITY, factories.decision(Verdict.FAIL))
    assert (driver.hold, driver.next.operation) == ("ineligible", None)
    driver.take(CitizenActed("corrected"))
    assert driver.next.operation is Operation.ELIGIBILITY


def test_citizen_decides_whether_to_go_on_when_eligibility_cannot_be_told():
    driver = Driver(factories.capabilities_of())
    driver.answer(Operation.ELIGIBILITY, factories.decision(Verdict.CANNOT_TELL))
    assert driver.hold == "eligibility-indeterminate"
    driver.take(CitizenActed("go-on"))
    assert driver.next.operation is Operation.QUOTE
    with pytest.raises(NotPossible):
        driver.take(CitizenActed("go-on"))


def test_refused_input_is_corrected_priced_and_filed_anew():
    driver = Driver(factories.capabilities_of())
    driver.to_ready()
    driver.answer(Operation.SUBMIT, InputRejected(()))
    assert (driver.state, driver.hold) == (S.READY, "input-rejected")
    driver.take(CitizenActed("corrected"))
    driver.to_ready(factories.quote(0, number=2))
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    assert driver.state is S.SUBMITTED


# Who holds what


def test_agency_that_only_reports_is_waited_for():
    driver = Driver(
        factories.capabilities_of(without={Operation.STATUS}, and_also={Operation.CALLBACK})
    ).to_submitted()
    assert driver.row.hold.party is Party.AGENCY
    driver.report(factories.status(S.CORRECTION_REQUESTED))
    assert driver.row.hold.party is Party.CITIZEN


def test_application_with_nothing_due_is_given_to_a_person():
    driver = Driver(factories.capabilities_of(without={Operation.STATUS})).to_submitted()
    assert (driver.row.hold.party, driver.hold) == (Party.PERSON, "nothing-due")
    driver.take(Decided(**OFFICER, to=S.REJECTED))
    assert driver.state is S.CLOSED


# Officers


def _reviewed() -> Driver:
    driver = Driver(factories.capabilities_of(without={Operation.FIND})).to_paying().pay()
    driver.lose(Operation.SUBMIT)
    assert driver.state is S.MANUAL_REVIEW
    return driver


@pytest.mark.parametrize("to", sorted(set(S) - {S.MANUAL_REVIEW}))
def test_officer_may_decide_to_each_state_as_far_as_it_can_be(to):
    needs_reference = {
        S.SUBMITTED,
        S.IN_REVIEW,
        S.CORRECTION_REQUESTED,
        S.AWAITING_APPEARANCE,
        S.APPROVED,
        S.ISSUED,
        S.DELIVERED,
        S.DELIVERY_FAILED,
    }
    driver = _reviewed()
    if to is S.CLOSED:
        with pytest.raises(NotPossible, match="money-open"):
            driver.take(Decided(**OFFICER, to=to))
        return
    if to in needs_reference:
        with pytest.raises(NotPossible, match="reference-required"):
            driver.take(Decided(**OFFICER, to=to))
    reference = REFERENCE if to in needs_reference else None
    driver.take(Decided(**OFFICER, to=to, agency_reference=reference))
    moved = [event for event in driver.journal if event.kind == "moved" and event.officer]
    assert [(event.to, event.officer) for event in moved] == [(to, "R. Karim")]
    assert driver.next.due is not None or driver.row.hold is not None or driver.state is S.CLOSED


def test_what_has_a_reference_is_never_filed_again():
    driver = Driver(factories.capabilities_of(without={Operation.STATUS})).to_submitted()
    for to in (S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN):
        with pytest.raises(NotPossible, match="already-filed"):
            driver.take(Decided(**OFFICER, to=to))
    with pytest.raises(NotPossible, match="other-reference-known"):
        driver.take(Decided(**OFFICER, to=S.IN_REVIEW, agency_reference="CANARY-REFERENCE-OTHER"))


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Decided(officer=" ", reason="x", to=S.DRAFT), "officer-and-reason-required"),
        (Decided(officer="x", reason="", to=S.DRAFT), "officer-and-reason-required"),
        (Decided(**OFFICER), "nothing-to-decide"),
        (Decided(**OFFICER, to=S.MANUAL_REVIEW), "state-required"),
        (Decided(**OFFICER, agency_reference=REFERENCE), "reference-without-state"),
        (Decided(**OFFICER, payment="payment-1"), "payment-and-state-required"),
        (Decided(**OFFICER, payment="no-such", payment_to=P.CAPTURED), "no-such-payment"),
        (Decided(**OFFICER, payment="payment-3", payment_to=P.REFUNDED), "payment-cannot-become-that"),
    ],
    ids=lambda value: value if isinstance(value, str) else "decision",
)
def test_decision_that_cannot_be_is_refused_by_its_code(decision, code):
    driver = _reviewed()
    before = driver.row
    with pytest.raises(NotPossible, match=f"^{code}$"):
        driver.take(decision)
    assert driver.row == before


def test_officer_decides_between_calls_and_only_where_a_person_is_asked():
    driver = Driver(factories.capabilities_of())
    driver.to_ready()
    with pytest.raises(NotPossible, match="not-in-manual-review"):
        driver.take(Decided(**OFFICER, to=S.WITHDRAWN))
    driver.call()
    with pytest.raises(NotPossible, match="attempt-in-flight"):
        driver.take(Decided(**OFFICER, to=S.WITHDRAWN))


# Drivers


def test_answer_that_nobody_asked_for_is_the_drivers_fault():
    driver = Driver(factories.capabilities_of())
    with pytest.raises(UnexpectedAnswer):
        driver.take(CallAnswered(factories.decision()))
    driver.call()
    with pytest.raises(UnexpectedAnswer):
        driver.take(CallAnswered(factories.quote()))


def test_passing_time_alone_changes_nothing():
    driver = Driver(factories.capabilities_of())
    before = driver.row
    driver.pass_time(10**6)
    driver.take(Due())
    assert driver.row == before
