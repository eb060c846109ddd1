"""A lost answer is an unknown outcome: looked up, or left to a person; never sent again and hoped."""

from datetime import timedelta

import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    DuplicateApplication,
    InputRejected,
    OutcomeUnknown,
)
from nagorik.journey import Answered, CitizenActed, Decided, Failed, Interrupted, NotPossible, Party
from nagorik.model.payment import PaymentAdvice
from nagorik.model.states import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Withdrawal
from nagorik.operations import Idempotency, Operation

from . import making
from .desk import REFERENCE, Desk


def _lost(plan=None) -> Desk:
    desk = Desk(plan or making.plan_of())
    desk.to_ready()
    desk.lose(Operation.SUBMIT)
    return desk


def _absent(desk: Desk) -> DefinitelyAbsent:
    return DefinitelyAbsent(as_of=desk.now)


def test_lost_answer_is_looked_up_before_any_resend():
    desk = _lost()
    assert desk.state is S.SUBMISSION_UNKNOWN
    desk.answer(Operation.FIND, Found(reference=REFERENCE, status=making.status(S.IN_REVIEW)))
    assert desk.state is S.IN_REVIEW
    assert desk.row.agency_reference == REFERENCE
    assert desk.calls.count(Operation.SUBMIT) == 1


def test_absence_is_believed_only_after_the_settle_time_and_then_filed_with_the_same_key():
    desk = _lost()
    key = desk.row.idempotency_key
    desk.call()
    desk.take(Answered(_absent(desk)))
    assert desk.state is S.SUBMISSION_UNKNOWN
    desk.pass_time(making.SETTLE)
    desk.call()
    desk.take(Answered(_absent(desk)))
    assert desk.state is S.READY
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    assert desk.state is S.SUBMITTED
    assert desk.row.idempotency_key == key


def test_settle_time_counts_from_the_loss_since_a_request_may_arrive_while_its_answer_is_waited_for():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.call()
    desk.pass_time(making.SETTLE)
    desk.take(Failed(OutcomeUnknown(step="submit", because="read-timeout")))
    desk.call()
    desk.take(Answered(_absent(desk)))
    assert desk.state is S.SUBMISSION_UNKNOWN


def test_interrupted_submission_is_looked_up():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.interrupt(Operation.SUBMIT)
    assert desk.state is S.SUBMISSION_UNKNOWN
    assert desk.next.operation is Operation.FIND


def test_interruption_told_twice_changes_nothing():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.interrupt(Operation.SUBMIT)
    before = desk.row
    desk.take(Interrupted())
    assert desk.row == before


@pytest.mark.parametrize("kind", [Idempotency.NONE, Idempotency.CLIENT_REFERENCE])
def test_without_a_look_up_a_person_decides(kind):
    desk = _lost(making.plan_of(kind, without={Operation.FIND}))
    assert desk.state is S.MANUAL_REVIEW
    assert desk.row.hold.party is Party.PERSON
    assert desk.next.operation is None
    desk.take(Decided(officer="R. Karim", reason="Telephoned", to=S.SUBMITTED, agency_reference=REFERENCE))
    assert desk.state is S.SUBMITTED
    assert desk.next.operation is Operation.STATUS


def test_native_agency_without_a_look_up_is_sent_the_same_key_again():
    desk = _lost(making.plan_of(Idempotency.NATIVE, without={Operation.FIND}))
    assert desk.next.operation is Operation.SUBMIT
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    assert desk.state is S.SUBMITTED


def test_second_attempt_that_was_not_sent_leaves_the_first_one_unknown():
    desk = _lost(making.plan_of(Idempotency.NATIVE, without={Operation.FIND}))
    desk.answer(Operation.SUBMIT, AgencyUnavailable())
    assert desk.state is S.SUBMISSION_UNKNOWN
    desk.answer(Operation.SUBMIT, AgencyRejected("http-403"))
    assert desk.state is S.MANUAL_REVIEW


def test_look_up_that_settles_nothing_ends_with_a_person():
    desk = _lost()
    desk.answer_until(
        lambda d: d.state is not S.SUBMISSION_UNKNOWN, give={Operation.FIND: CannotTell(because="search-incomplete")}
    )
    assert desk.state is S.MANUAL_REVIEW
    assert desk.hold == "look-up-settles-nothing"
    assert desk.calls.count(Operation.FIND) == 12


def test_unreachable_look_up_is_waited_for():
    desk = _lost()
    for _ in range(30):
        desk.answer(Operation.FIND, AgencyUnavailable())
    assert desk.state is S.SUBMISSION_UNKNOWN


def test_nobody_withdraws_what_may_be_at_the_agency():
    desk = _lost()
    with pytest.raises(NotPossible, match="too-late-or-unknown"):
        desk.take(CitizenActed("withdraw"))


def test_report_that_comes_first_settles_an_unknown_submission():
    desk = _lost()
    desk.call()
    desk.report(making.status(S.IN_REVIEW))
    assert desk.state is S.IN_REVIEW
    desk.take(Answered(Found(reference=REFERENCE, status=making.status(S.SUBMITTED))))
    assert desk.state is S.IN_REVIEW
    assert Flag.STALE_STATUS not in desk.row.flags


@pytest.mark.parametrize(
    "end",
    [
        OutcomeUnknown(step="submit", because="read-timeout"),
        InputRejected(()),
        AgencyRejected("http-409"),
        AgencyUnavailable(),
    ],
    ids=lambda end: end.code,
)
def test_report_during_the_attempt_makes_its_failed_answer_immaterial(end):
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.call()
    desk.report(making.status(S.SUBMITTED))
    desk.take(Failed(end))
    assert desk.state is S.SUBMITTED
    assert desk.next.operation is Operation.STATUS


def test_duplicate_is_adopted_and_another_one_is_flagged():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.answer(Operation.SUBMIT, DuplicateApplication(REFERENCE))
    assert (desk.state, desk.row.agency_reference) == (S.SUBMITTED, REFERENCE)
    desk.report(making.status(S.IN_REVIEW), reference="CANARY-REFERENCE-OTHER")
    assert (desk.state, desk.row.agency_reference) == (S.SUBMITTED, REFERENCE)
    assert Flag.POSSIBLE_DUPLICATE in desk.row.flags


def test_pending_without_a_number_is_looked_up_when_the_agency_said():
    desk = Desk(making.plan_of())
    desk.to_ready()
    desk.answer(Operation.SUBMIT, Pending(check_after=7200))
    assert desk.state is S.SUBMISSION_UNKNOWN
    assert desk.next.operation is Operation.FIND
    assert (desk.next.due - desk.now).total_seconds() == 7200


def _correcting(plan=None) -> Desk:
    desk = Desk(plan or making.plan_of())
    desk.to_submitted()
    desk.answer(Operation.STATUS, making.status(S.CORRECTION_REQUESTED))
    assert desk.hold == "correction-requested"
    desk.take(CitizenActed("corrected"))
    return desk


def test_lost_correction_is_not_sent_again_and_the_status_tells():
    desk = _correcting()
    desk.lose(Operation.ANSWER_CORRECTION)
    assert desk.next.operation is Operation.STATUS
    assert desk.hold is None
    with pytest.raises(NotPossible, match="correction-unknown"):
        desk.take(CitizenActed("corrected"))
    desk.answer(Operation.STATUS, making.status(S.IN_REVIEW))
    assert desk.state is S.IN_REVIEW
    assert desk.calls.count(Operation.ANSWER_CORRECTION) == 1


def test_lost_correction_is_asked_for_again_only_when_the_status_had_time_to_show_it():
    desk = _correcting()
    desk.lose(Operation.ANSWER_CORRECTION)
    desk.answer(Operation.STATUS, making.status(S.CORRECTION_REQUESTED))
    assert desk.hold is None
    desk.pass_time(making.SETTLE)
    desk.answer(Operation.STATUS, making.status(S.CORRECTION_REQUESTED))
    assert desk.hold == "correction-requested"
    desk.take(CitizenActed("corrected"))
    desk.answer(Operation.ANSWER_CORRECTION, making.status(S.IN_REVIEW))
    assert desk.state is S.IN_REVIEW


def test_correction_overtaken_by_the_agency_is_not_sent():
    desk = _correcting()
    desk.report(making.status(S.IN_REVIEW))
    assert desk.next.operation is Operation.STATUS
    assert not desk.row.correction_ready


def test_lost_withdrawal_is_not_sent_again():
    desk = Desk(making.plan_of()).to_submitted()
    desk.take(CitizenActed("withdraw"))
    desk.lose(Operation.WITHDRAW)
    with pytest.raises(NotPossible, match="withdrawal-unknown"):
        desk.take(CitizenActed("withdraw"))
    desk.answer(Operation.STATUS, making.status(S.WITHDRAWN, final=True))
    assert desk.state is S.CLOSED
    assert desk.calls.count(Operation.WITHDRAW) == 1


def test_agencys_decision_wins_over_a_withdrawal_in_flight():
    desk = Desk(making.plan_of()).to_submitted()
    desk.take(CitizenActed("withdraw"))
    desk.call()
    desk.report(making.status(S.APPROVED))
    desk.take(Answered(Withdrawal(withdrawn=False, status=making.status(S.APPROVED))))
    assert desk.state is S.APPROVED
    assert [event.outcome for event in desk.journal if event.kind == "withdrawal-settled"] == ["refused"]


def test_lost_advice_is_sent_again_only_after_the_agency_denies_it_late_enough():
    desk = Desk(making.plan_of())
    desk.to_paying().pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    desk.lose(Operation.ADVISE_PAYMENT)
    assert desk.next.operation is Operation.STATUS
    desk.answer(Operation.STATUS, making.status(payment_confirmed=False))
    assert desk.next.operation is Operation.STATUS
    desk.pass_time(making.SETTLE)
    desk.answer(Operation.STATUS, making.status(payment_confirmed=False))
    desk.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    assert desk.payment_states == [P.CONFIRMED]


def test_lost_advice_keeps_money_from_going_back_even_where_it_can_be_repeated():
    desk = Desk(making.plan_of(others=Idempotency.NATIVE))
    desk.to_paying().pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    desk.lose(Operation.ADVISE_PAYMENT)
    desk.report(making.status(S.REJECTED))
    assert desk.payment_states == [P.UNDER_INVESTIGATION]
    assert desk.row.hold.party is Party.PERSON


def test_read_that_was_interrupted_is_not_made_again_at_once():
    desk = Desk(making.plan_of())
    desk.interrupt(Operation.ELIGIBILITY)
    assert desk.next.operation is Operation.ELIGIBILITY
    assert desk.next.due > desk.now


def _asking_in_vain(desk: Desk, operation: Operation, end) -> None:
    """Ask again and again until somebody else has to."""
    for _ in range(500):
        if desk.state is S.MANUAL_REVIEW:
            return
        desk.answer(operation, end)
    raise AssertionError(f"no person was called by {desk.now}")


def test_a_filing_lost_at_an_agency_that_never_answers_again_reaches_a_person_by_its_age():
    desk = _lost()
    lost_at = desk.now
    _asking_in_vain(desk, Operation.FIND, AgencyUnavailable())
    assert timedelta(days=3) <= desk.now - lost_at < timedelta(days=3, hours=2)
    assert desk.calls.count(Operation.SUBMIT) == 1


def test_a_lost_filing_is_looked_up_once_more_after_the_platforms_own_outage():
    desk = _lost()
    desk.pass_time(timedelta(days=10).total_seconds())
    desk.answer(Operation.FIND, Found(reference=REFERENCE, status=making.status(S.IN_REVIEW)))
    assert desk.state is S.IN_REVIEW


def test_a_filing_lost_with_every_resend_reaches_a_person():
    desk = _lost(making.plan_of(Idempotency.NATIVE, without=[Operation.FIND]))
    lost_at = desk.now
    _asking_in_vain(desk, Operation.SUBMIT, OutcomeUnknown(step="submit", because="read-timeout"))
    assert timedelta(days=1) < desk.now - lost_at < timedelta(days=5)


def test_each_withdrawal_has_a_key_of_its_own_and_each_attempt_at_one_the_same():
    desk = Desk(making.plan_of(others=Idempotency.NATIVE)).to_submitted()
    told = []
    for end in (
        OutcomeUnknown(step="withdraw", because="read-timeout"),
        Withdrawal(withdrawn=False, status=making.status(S.IN_REVIEW)),
        Withdrawal(withdrawn=True, status=making.status(S.WITHDRAWN)),
    ):
        if not desk.row.withdrawal_wanted:
            desk.take(CitizenActed("withdraw"))
        while desk.call() is not Operation.WITHDRAW:
            desk.take(Answered(making.status(S.IN_REVIEW)))
        told.append(desk.row.withdrawals)
        desk.take(Failed(end) if isinstance(end, OutcomeUnknown) else Answered(end))
    assert told == [1, 1, 2]
