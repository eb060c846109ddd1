"""A lost answer is an unknown outcome: looked up, or left to a person; never sent again and hoped."""

from datetime import timedelta
from itertools import pairwise

import pytest

from nagorik.errors import AgencyRejected, AgencyUnavailable, InputRejected, OutcomeUnknown
from nagorik.model.payment import PaymentAdvice
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, CannotTell, DefinitelyAbsent, Found, Pending, Withdrawal
from nagorik.operations import Idempotency, Operation
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    CitizenActed,
    Decided,
    Hold,
    Interrupted,
    NotPossible,
    Party,
    explain,
    what_to_do,
)
from nagorik_platform.lifecycle.attempts.application import FILINGS_BEFORE_A_PERSON

from . import factories
from .driver import REFERENCE, Driver


def _lost(capabilities=None) -> Driver:
    driver = Driver(capabilities or factories.capabilities_of())
    driver.to_ready()
    driver.lose(Operation.SUBMIT)
    return driver


def _absent(driver: Driver) -> DefinitelyAbsent:
    return DefinitelyAbsent(as_of=driver.now)


@pytest.mark.parametrize("outage", [0, 10])
def test_lost_answer_is_looked_up_before_any_resend_however_long_the_platform_was_away(outage):
    driver = _lost()
    assert driver.state is S.SUBMISSION_UNKNOWN
    driver.pass_time(timedelta(days=outage).total_seconds())
    driver.answer(Operation.FIND, Found(reference=REFERENCE, status=factories.status(S.IN_REVIEW)))
    assert (driver.state, driver.row.agency_reference) == (S.IN_REVIEW, REFERENCE)
    assert driver.calls.count(Operation.SUBMIT) == 1


def test_absence_is_believed_only_after_the_settle_time_and_then_filed_with_the_same_key():
    driver = _lost()
    key = driver.row.idempotency_key
    driver.answer(Operation.FIND, _absent(driver))
    assert driver.state is S.SUBMISSION_UNKNOWN
    driver.pass_time(factories.LOOKUP_GRACE)
    driver.answer(Operation.FIND, _absent(driver))
    assert (driver.state, driver.row.lost_in_a_row) == (S.READY, 1)
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    assert (driver.state, driver.row.idempotency_key) == (S.SUBMITTED, key)
    assert (driver.row.lost_in_a_row, driver.row.lost_since) == (0, None)


def test_settle_time_counts_from_the_loss_since_a_request_may_arrive_while_its_answer_is_waited_for():
    driver = Driver(factories.capabilities_of())
    driver.to_ready()
    driver.call()
    driver.pass_time(factories.LOOKUP_GRACE)
    driver.take(CallFailed(OutcomeUnknown(step="submit", because="read-timeout")))
    driver.call()
    driver.take(CallAnswered(_absent(driver)))
    assert driver.state is S.SUBMISSION_UNKNOWN


def test_interrupted_submission_is_looked_up_and_told_again_changes_nothing():
    driver = Driver(factories.capabilities_of())
    driver.to_ready()
    driver.interrupt(Operation.SUBMIT)
    assert (driver.state, driver.next.operation) == (S.SUBMISSION_UNKNOWN, Operation.FIND)
    before = driver.row
    driver.take(Interrupted())
    assert driver.row == before


@pytest.mark.parametrize("kind", [Idempotency.NONE, Idempotency.CLIENT_REFERENCE])
def test_without_a_look_up_a_person_decides(kind):
    driver = _lost(factories.capabilities_of(kind, without={Operation.FIND}))
    assert driver.state is S.MANUAL_REVIEW
    assert driver.row.hold.party is Party.PERSON
    assert driver.next.operation is None
    driver.take(Decided(officer="R. Karim", reason="Telephoned", to=S.SUBMITTED, agency_reference=REFERENCE))
    assert driver.state is S.SUBMITTED
    assert driver.next.operation is Operation.STATUS


def test_native_agency_without_a_look_up_is_sent_the_same_key_again():
    driver = _lost(factories.capabilities_of(Idempotency.NATIVE, without={Operation.FIND}))
    assert driver.next.operation is Operation.SUBMIT
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    assert driver.state is S.SUBMITTED


def test_second_attempt_that_was_not_sent_leaves_the_first_one_unknown():
    driver = _lost(factories.capabilities_of(Idempotency.NATIVE, without={Operation.FIND}))
    driver.answer(Operation.SUBMIT, AgencyUnavailable())
    assert driver.state is S.SUBMISSION_UNKNOWN
    driver.answer(Operation.SUBMIT, AgencyRejected("http-403"))
    assert driver.state is S.MANUAL_REVIEW


def test_look_up_that_settles_nothing_ends_with_a_person():
    driver = _lost()
    driver.answer_until(
        lambda d: d.state is not S.SUBMISSION_UNKNOWN, give={Operation.FIND: CannotTell(because="search-incomplete")}
    )
    assert (driver.state, driver.hold) == (S.MANUAL_REVIEW, "look-up-settles-nothing")
    assert driver.calls.count(Operation.FIND) == 12


def test_unreachable_look_up_is_waited_for():
    driver = _lost()
    for _ in range(30):
        driver.answer(Operation.FIND, AgencyUnavailable())
    assert driver.state is S.SUBMISSION_UNKNOWN


def test_nobody_withdraws_what_may_be_at_the_agency():
    driver = _lost()
    with pytest.raises(NotPossible, match="too-late-or-unknown"):
        driver.take(CitizenActed("withdraw"))


def test_report_that_comes_first_settles_an_unknown_submission():
    driver = _lost()
    driver.call()
    driver.report(factories.status(S.IN_REVIEW))
    assert driver.state is S.IN_REVIEW
    driver.take(CallAnswered(Found(reference=REFERENCE, status=factories.status(S.SUBMITTED))))
    assert driver.state is S.IN_REVIEW
    assert Flag.STALE_STATUS not in driver.row.flags


def _correcting(capabilities=None) -> Driver:
    driver = Driver(capabilities or factories.capabilities_of())
    driver.to_submitted()
    driver.answer(Operation.STATUS, factories.status(S.CORRECTION_REQUESTED))
    assert driver.hold == "correction-requested"
    driver.take(CitizenActed("corrected"))
    return driver


def test_lost_correction_is_not_sent_again_and_the_status_tells():
    driver = _correcting()
    driver.lose(Operation.ANSWER_CORRECTION)
    assert (driver.next.operation, driver.hold) == (Operation.STATUS, None)
    with pytest.raises(NotPossible, match="correction-unknown"):
        driver.take(CitizenActed("corrected"))
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    assert (driver.state, driver.calls.count(Operation.ANSWER_CORRECTION)) == (S.IN_REVIEW, 1)


def test_lost_correction_is_asked_for_again_only_when_the_status_had_time_to_show_it():
    driver = _correcting()
    driver.lose(Operation.ANSWER_CORRECTION)
    driver.answer(Operation.STATUS, factories.status(S.CORRECTION_REQUESTED))
    assert driver.hold is None
    driver.pass_time(factories.LOOKUP_GRACE)
    driver.answer(Operation.STATUS, factories.status(S.CORRECTION_REQUESTED))
    assert driver.hold == "correction-requested"
    driver.take(CitizenActed("corrected"))
    driver.answer(Operation.ANSWER_CORRECTION, factories.status(S.IN_REVIEW))
    assert driver.state is S.IN_REVIEW


def test_lost_withdrawal_is_not_sent_again():
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.take(CitizenActed("withdraw"))
    driver.lose(Operation.WITHDRAW)
    with pytest.raises(NotPossible, match="withdrawal-unknown"):
        driver.take(CitizenActed("withdraw"))
    driver.answer(Operation.STATUS, factories.status(S.WITHDRAWN, final=True))
    assert (driver.state, driver.calls.count(Operation.WITHDRAW)) == (S.CLOSED, 1)


def test_lost_advice_is_sent_again_only_after_the_agency_denies_it_late_enough():
    driver = Driver(factories.capabilities_of())
    driver.to_paying().pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    driver.lose(Operation.ADVISE_PAYMENT)
    assert driver.next.operation is Operation.STATUS
    driver.answer(Operation.STATUS, factories.status(payment_confirmed=False))
    assert driver.next.operation is Operation.STATUS
    driver.pass_time(factories.LOOKUP_GRACE)
    driver.answer(Operation.STATUS, factories.status(payment_confirmed=False))
    driver.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
    assert driver.payment_states == [P.CONFIRMED]


def test_lost_advice_keeps_money_from_going_back_even_where_it_can_be_repeated():
    driver = Driver(factories.capabilities_of(others=Idempotency.NATIVE))
    driver.to_paying().pay()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    driver.lose(Operation.ADVISE_PAYMENT)
    driver.report(factories.status(S.REJECTED))
    assert driver.payment_states == [P.UNDER_INVESTIGATION]
    assert driver.row.hold.party is Party.PERSON


def _asking_in_vain(driver: Driver, operation: Operation, end) -> None:
    """Ask again and again until somebody else has to."""
    for _ in range(500):
        if driver.state is S.MANUAL_REVIEW:
            return
        driver.answer(operation, end)
    raise AssertionError(f"no person was called by {driver.now}")


def test_a_filing_lost_at_an_agency_that_never_answers_again_reaches_a_person_by_its_age():
    driver = _lost()
    lost_at = driver.now
    _asking_in_vain(driver, Operation.FIND, AgencyUnavailable())
    assert timedelta(days=3) <= driver.now - lost_at < timedelta(days=3, hours=2)
    assert driver.calls.count(Operation.SUBMIT) == 1


@pytest.mark.parametrize("answered", [OutcomeUnknown(step="submit", because="read-timeout"), Pending(check_after=60)])
def test_a_filing_that_never_arrives_is_not_sent_for_ever(answered):
    driver = Driver(factories.capabilities_of())
    driver.to_paying()
    driver.pay()
    for _ in range(2):
        sent = []
        while driver.state is not S.MANUAL_REVIEW:
            called = driver.call()
            if called is Operation.SUBMIT:
                sent.append(driver.now)
                driver.take(CallFailed(answered) if isinstance(answered, OutcomeUnknown) else CallAnswered(answered))
            else:
                assert called is Operation.FIND
                driver.take(CallAnswered(_absent(driver)))
        assert driver.hold == "filed-in-vain"
        assert len(sent) == FILINGS_BEFORE_A_PERSON
        gaps = [(after - before).total_seconds() for before, after in pairwise(sent)]
        assert all(gap >= factories.LOOKUP_GRACE for gap in gaps)
        # Whoever rang the agency has it sent once more, which begins the count afresh.
        driver.take(Decided(officer="R. Karim", reason="Their site was down", to=S.READY))


def test_a_filing_lost_with_every_resend_reaches_a_person():
    driver = _lost(factories.capabilities_of(Idempotency.NATIVE, without=[Operation.FIND]))
    lost_at = driver.now
    _asking_in_vain(driver, Operation.SUBMIT, OutcomeUnknown(step="submit", because="read-timeout"))
    assert timedelta(days=1) < driver.now - lost_at < timedelta(days=5)


def test_each_withdrawal_has_a_key_of_its_own_and_each_attempt_at_one_the_same():
    driver = Driver(factories.capabilities_of(others=Idempotency.NATIVE)).to_submitted()
    told = []
    for end in (
        OutcomeUnknown(step="withdraw", because="read-timeout"),
        Withdrawal(withdrawn=False, status=factories.status(S.IN_REVIEW)),
        Withdrawal(withdrawn=True, status=factories.status(S.WITHDRAWN)),
    ):
        if not driver.row.withdrawal_wanted:
            driver.take(CitizenActed("withdraw"))
        while driver.call() is not Operation.WITHDRAW:
            driver.take(CallAnswered(factories.status(S.IN_REVIEW)))
        told.append(driver.row.withdrawals)
        driver.take(CallFailed(end) if isinstance(end, OutcomeUnknown) else CallAnswered(end))
    assert told == [1, 1, 2]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AgencyRejected("file-locked", reason=factories.REASON), "correction-refused"),
        (InputRejected([factories.field_problem()]), "input-rejected"),
    ],
)
def test_a_correction_that_is_refused_is_told_as_what_it_is(error, code):
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(S.CORRECTION_REQUESTED))
    for _ in range(2):
        driver.take(CitizenActed("corrected"))
        while driver.call() is Operation.STATUS:
            driver.take(CallAnswered(factories.status(S.CORRECTION_REQUESTED)))
        driver.take(CallFailed(error))
        assert driver.row.hold == Hold(party=Party.CITIZEN, code=code)
        said = explain(driver.journal)
        assert [one.operation for one in said.refusals] == [Operation.ANSWER_CORRECTION]
        assert what_to_do(driver.row, said, factories.WORDS) == (factories.WORDS,)
