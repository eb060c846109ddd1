"""The usual ways through, and the turns that agencies and people take."""

import pytest

from nagorik.errors import AgencyClosed, AgencyUnavailable, InputRejected
from nagorik.journey import (
    Answered,
    CitizenActed,
    Decided,
    Due,
    NotPossible,
    Party,
    UnexpectedAnswer,
)
from nagorik.model.eligibility import Verdict
from nagorik.model.states import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, Withdrawal
from nagorik.operations import Operation

from . import making
from .desk import REFERENCE, Desk

OFFICER = {"officer": "R. Karim", "reason": "Telephoned"}


def test_paid_application_goes_from_draft_to_closed():
    desk = Desk(making.plan_of()).to_submitted(making.quote())
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(making.artefact(),)))
    desk.answer(Operation.ARTEFACT, making.fetched(making.artefact()))
    assert (desk.state, desk.payment_states, desk.next.operation) == (S.CLOSED, [P.CONFIRMED], None)
    assert [code.removeprefix("moved:") for code in desk.codes() if code.startswith("moved")] == [
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
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.DELIVERED))
    moves = [(event.to, event.inferred) for event in desk.journal if event.kind == "moved"][-4:]
    assert moves == [(S.APPROVED, True), (S.ISSUED, True), (S.DELIVERED, False), (S.CLOSED, False)]


def test_unknown_word_keeps_the_state_and_says_that_it_may_be_out_of_date():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(None))
    assert desk.state is S.SUBMITTED
    assert Flag.STALE_STATUS in desk.row.flags
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    assert Flag.STALE_STATUS not in desk.row.flags


@pytest.mark.parametrize("own", [S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN, S.MANUAL_REVIEW, S.CLOSED])
def test_states_of_the_platform_are_not_taken_from_a_report(own):
    desk = Desk(making.plan_of()).to_submitted(making.quote())
    desk.report(making.status(S.IN_REVIEW))
    desk.report(making.status(own))
    assert desk.state is S.IN_REVIEW
    assert Flag.STALE_STATUS in desk.row.flags


def test_old_or_seen_report_changes_nothing():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(S.IN_REVIEW, sequence=5, event="five"))
    before = desk.row
    for old in (
        making.status(S.REJECTED, sequence=4),
        making.status(S.REJECTED, sequence=5),
        making.status(S.REJECTED, event="five"),
    ):
        desk.report(old)
        assert desk.row == before


def test_answer_that_a_report_overtook_does_not_turn_the_application_back():
    desk = Desk(making.plan_of()).to_submitted()
    desk.call()
    desk.pass_time(1)
    desk.report(making.status(S.APPROVED))
    desk.take(Answered(making.status(S.IN_REVIEW)))
    assert desk.state is S.APPROVED
    assert Flag.STALE_STATUS not in desk.row.flags


def test_status_that_could_not_be_followed_in_manual_review_is_followed_after_it():
    desk = Desk(making.plan_of(without={Operation.FIND}))
    desk.to_ready()
    desk.lose(Operation.SUBMIT)
    desk.take(Decided(**OFFICER, to=S.SUBMITTED, agency_reference=REFERENCE))
    desk.answer(Operation.STATUS, making.status(None, sequence=5))
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW, sequence=5))
    assert desk.state is S.IN_REVIEW


@pytest.mark.parametrize("far", ["draft", "ready", "paying"])
def test_report_of_an_application_that_was_not_filed_waits_for_a_person(far):
    desk = Desk(making.plan_of())
    if far == "ready":
        desk.to_ready()
    elif far == "paying":
        desk.to_paying()
    desk.report(making.status(S.APPROVED))
    assert desk.state is S.MANUAL_REVIEW
    assert desk.row.agency_reference is None
    assert Flag.POSSIBLE_DUPLICATE in desk.row.flags
    desk.take(Decided(**OFFICER, to=S.DRAFT))
    assert desk.state is not S.MANUAL_REVIEW


def test_callback_after_closing_changes_nothing_but_flags():
    desk = Desk(making.plan_of())
    desk.take(CitizenActed("withdraw"))
    desk.report(making.status(S.IN_REVIEW))
    assert (desk.state, desk.next.operation) == (S.CLOSED, None)


# Artefacts and delivery


def test_paper_that_an_appointment_needs_is_fetched_before_it():
    desk = Desk(making.plan_of()).to_submitted()
    paper = making.artefact("learner-licence", interim=True)
    desk.answer(Operation.STATUS, making.status(S.AWAITING_APPEARANCE, artefacts=(paper,)))
    assert desk.hold == "appearance-required"
    desk.answer(Operation.ARTEFACT, making.fetched(paper))
    assert desk.row.fetched == {"learner-licence"}
    assert desk.next.operation is Operation.STATUS


def test_final_artefact_is_fetched_although_the_interim_one_of_its_kind_was():
    desk = Desk(making.plan_of()).to_submitted()
    interim = making.artefact(interim=True)
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(interim,)))
    desk.answer(Operation.ARTEFACT, making.fetched(interim))
    assert desk.state is S.ISSUED
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(making.artefact(),)))
    assert desk.next.operation is Operation.ARTEFACT
    desk.answer(Operation.ARTEFACT, making.fetched(making.artefact()))
    assert desk.state is S.CLOSED


def test_download_is_fetched_before_a_delivered_application_closes():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.DELIVERED, artefacts=(making.artefact(),)))
    assert desk.state is S.DELIVERED
    desk.answer(Operation.ARTEFACT, making.fetched(making.artefact()))
    assert desk.state is S.CLOSED


def test_issued_artefact_is_fetched_at_once_and_not_at_the_next_poll():
    desk = Desk(making.plan_of()).to_submitted()
    desk.pass_time(86_400)
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(making.artefact(),)))
    assert (desk.next.operation, desk.next.due) == (Operation.ARTEFACT, desk.now)


def test_other_artefact_than_asked_for_is_not_fetched_without_end():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(making.artefact(),)))
    desk.answer(Operation.ARTEFACT, making.fetched(making.artefact("receipt")))
    assert desk.row.artefacts_to_fetch() == (making.artefact(),)
    assert desk.next.due > desk.now


def test_what_is_handed_over_at_the_counter_waits_for_the_citizens_word():
    desk = Desk(making.plan_of()).to_submitted()
    card = making.artefact(delivery="counter")
    desk.answer(Operation.STATUS, making.status(S.ISSUED, artefacts=(card,), final=True))
    assert desk.hold == "to-be-received"
    desk.take(CitizenActed("received"))
    assert desk.state is S.CLOSED


# Corrections, appearances, withdrawals


def test_correction_is_asked_for_sent_and_reviewed():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.CORRECTION_REQUESTED))
    desk.take(CitizenActed("corrected"))
    desk.answer(Operation.ANSWER_CORRECTION, making.status(S.IN_REVIEW))
    assert desk.state is S.IN_REVIEW


def test_correction_that_is_refused_goes_back_to_the_citizen():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.CORRECTION_REQUESTED))
    desk.take(CitizenActed("corrected"))
    desk.answer(Operation.ANSWER_CORRECTION, InputRejected(()))
    assert desk.hold == "input-rejected"
    desk.take(CitizenActed("corrected"))
    assert desk.next.operation is Operation.ANSWER_CORRECTION
    assert desk.row.corrections == 2


def test_form_is_not_changed_under_a_call():
    desk = Desk(making.plan_of())
    desk.call()
    with pytest.raises(NotPossible, match="attempt-in-flight"):
        desk.take(CitizenActed("corrected"))


def test_appearance_is_left_when_the_agency_says_so():
    desk = Desk(making.plan_of()).to_submitted()
    desk.answer(Operation.STATUS, making.status(S.AWAITING_APPEARANCE))
    assert desk.hold == "appearance-required"
    desk.answer(Operation.STATUS, making.status(S.APPROVED))
    assert (desk.state, desk.hold) == (S.APPROVED, None)


def test_withdrawal_reaches_the_agency_at_once():
    desk = Desk(making.plan_of()).to_submitted()
    desk.pass_time(86_400)
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    desk.take(CitizenActed("withdraw"))
    assert (desk.next.operation, desk.next.due) == (Operation.WITHDRAW, desk.now)
    desk.answer(Operation.WITHDRAW, Withdrawal(withdrawn=True, status=making.status(None)))
    assert desk.state is S.CLOSED


def test_withdrawal_is_sent_while_a_fee_is_awaited_and_the_fee_is_not_asked_for():
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(fee_due="record-correction"))
    desk.take(CitizenActed("withdraw"))
    assert desk.next.operation is Operation.WITHDRAW


def test_wish_that_the_agency_has_decided_over_is_settled_as_refused():
    desk = Desk(making.plan_of()).to_submitted()
    desk.take(CitizenActed("withdraw"))
    desk.report(making.status(S.APPROVED))
    assert not desk.row.withdrawal_wanted
    assert desk.next.operation is Operation.STATUS


def test_withdrawal_that_the_agency_does_not_offer_is_not_promised():
    desk = Desk(making.plan_of(without={Operation.WITHDRAW})).to_submitted()
    with pytest.raises(NotPossible, match="agency-offers-no-withdrawal"):
        desk.take(CitizenActed("withdraw"))


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
    desk = Desk(making.plan_of()).to_submitted()
    desk.report(making.status(state))
    if possible:
        desk.take(CitizenActed("withdraw"))
        assert desk.row.withdrawal_wanted
    else:
        with pytest.raises(NotPossible, match="too-late-or-unknown"):
            desk.take(CitizenActed("withdraw"))


# Eligibility and input


def test_ineligible_citizen_is_told_and_may_correct_the_form():
    desk = Desk(making.plan_of())
    desk.answer(Operation.ELIGIBILITY, making.decision(Verdict.FAIL))
    assert (desk.hold, desk.next.operation) == ("ineligible", None)
    desk.take(CitizenActed("corrected"))
    assert desk.next.operation is Operation.ELIGIBILITY


def test_citizen_decides_whether_to_go_on_when_eligibility_cannot_be_told():
    desk = Desk(making.plan_of())
    desk.answer(Operation.ELIGIBILITY, making.decision(Verdict.CANNOT_TELL))
    assert desk.hold == "eligibility-indeterminate"
    desk.take(CitizenActed("go-on"))
    assert desk.next.operation is Operation.QUOTE
    with pytest.raises(NotPossible):
        desk.take(CitizenActed("go-on"))


def test_refused_input_is_corrected_priced_and_filed_anew():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.answer(Operation.SUBMIT, InputRejected(()))
    assert (desk.state, desk.hold) == (S.READY, "input-rejected")
    desk.take(CitizenActed("corrected"))
    desk.to_ready(making.quote(0, number=2))
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    assert desk.state is S.SUBMITTED


def test_closed_agency_is_waited_for():
    desk = Desk(making.plan_of())
    desk.to_ready()
    opens = making.after(14 * 3600)
    desk.answer(Operation.SUBMIT, AgencyClosed(until=opens))
    assert desk.state is S.READY
    assert 0 <= (desk.next.due - opens).total_seconds() <= 5


# Who holds what


def test_agency_that_only_reports_is_waited_for():
    desk = Desk(making.plan_of(without={Operation.STATUS}, and_also={Operation.CALLBACK})).to_submitted()
    assert desk.row.hold.party is Party.AGENCY
    desk.report(making.status(S.CORRECTION_REQUESTED))
    assert desk.row.hold.party is Party.CITIZEN


def test_application_with_nothing_due_is_given_to_a_person():
    desk = Desk(making.plan_of(without={Operation.STATUS})).to_submitted()
    assert (desk.row.hold.party, desk.hold) == (Party.PERSON, "nothing-due")
    desk.take(Decided(**OFFICER, to=S.REJECTED))
    assert desk.state is S.CLOSED


def test_status_that_cannot_be_fetched_is_flagged():
    desk = Desk(making.plan_of()).to_submitted()
    for _ in range(5):
        assert Flag.STALE_STATUS not in desk.row.flags
        desk.answer(Operation.STATUS, AgencyUnavailable())
    assert Flag.STALE_STATUS in desk.row.flags


# Officers


def _reviewed() -> Desk:
    desk = Desk(making.plan_of(without={Operation.FIND})).to_paying().pay()
    desk.lose(Operation.SUBMIT)
    assert desk.state is S.MANUAL_REVIEW
    return desk


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
    desk = _reviewed()
    if to is S.CLOSED:
        with pytest.raises(NotPossible, match="money-open"):
            desk.take(Decided(**OFFICER, to=to))
        return
    if to in needs_reference:
        with pytest.raises(NotPossible, match="reference-required"):
            desk.take(Decided(**OFFICER, to=to))
    reference = REFERENCE if to in needs_reference else None
    desk.take(Decided(**OFFICER, to=to, agency_reference=reference))
    moved = [event for event in desk.journal if event.kind == "moved" and event.officer]
    assert [(event.to, event.officer) for event in moved] == [(to, "R. Karim")]
    assert desk.next.due is not None or desk.row.hold is not None or desk.state is S.CLOSED


def test_what_has_a_reference_is_never_filed_again():
    desk = Desk(making.plan_of(without={Operation.STATUS})).to_submitted()
    for to in (S.DRAFT, S.READY, S.SUBMITTING, S.SUBMISSION_UNKNOWN):
        with pytest.raises(NotPossible, match="already-filed"):
            desk.take(Decided(**OFFICER, to=to))
    with pytest.raises(NotPossible, match="other-reference-known"):
        desk.take(Decided(**OFFICER, to=S.IN_REVIEW, agency_reference="CANARY-REFERENCE-OTHER"))


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
    desk = _reviewed()
    before = desk.row
    with pytest.raises(NotPossible, match=f"^{code}$"):
        desk.take(decision)
    assert desk.row == before


def test_officer_decides_between_calls_and_only_where_a_person_is_asked():
    desk = Desk(making.plan_of())
    desk.to_ready()
    with pytest.raises(NotPossible, match="not-in-manual-review"):
        desk.take(Decided(**OFFICER, to=S.WITHDRAWN))
    desk.call()
    with pytest.raises(NotPossible, match="attempt-in-flight"):
        desk.take(Decided(**OFFICER, to=S.WITHDRAWN))


# Drivers


def test_answer_that_nobody_asked_for_is_the_drivers_fault():
    desk = Desk(making.plan_of())
    with pytest.raises(UnexpectedAnswer):
        desk.take(Answered(making.decision()))
    desk.call()
    with pytest.raises(UnexpectedAnswer):
        desk.take(Answered(making.quote()))


def test_beginning_early_or_twice_begins_nothing_and_says_when_to_look_again():
    desk = Desk(making.plan_of())
    desk.answer(Operation.ELIGIBILITY, AgencyUnavailable(retry_after=600))
    due, before = desk.next.due, desk.row
    desk.next = type(desk.next)(operation=None)
    assert desk.call() is None
    assert (desk.row, desk.next.due) == (before, due)
    assert desk.call() is Operation.ELIGIBILITY
    assert desk.call() is None


def test_passing_time_alone_changes_nothing():
    desk = Desk(making.plan_of())
    before = desk.row
    desk.pass_time(10**6)
    desk.take(Due())
    assert desk.row == before
