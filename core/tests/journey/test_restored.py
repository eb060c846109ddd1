"""Books that were restored have forgotten what was sent: each write is looked up before it is made."""

from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st

from nagorik.journey import CitizenActed, Interrupted, Next, begin, replay, restore
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentReport, PaymentStarted
from nagorik.model.states import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, DefinitelyAbsent, Found
from nagorik.operations import Idempotency, Operation

from . import making
from .desk import REFERENCE, Desk
from .test_every_journey import PLANS, EveryJourney

OFFICER = ("A. Rahman", "The disk burned.")


def _restored(desk: Desk) -> Desk:
    desk.row, event = restore(desk.row, *OFFICER, desk.now)
    desk.journal.append(event)
    return desk


def test_filing_is_looked_up_before_it_is_made_again():
    desk = _restored(Desk(making.plan_of()).to_ready())
    assert desk.call() is None
    assert desk.state is S.SUBMISSION_UNKNOWN
    desk.answer(Operation.FIND, Found(reference=REFERENCE, status=making.status(S.IN_REVIEW)))
    assert desk.row.agency_reference == REFERENCE
    assert Operation.SUBMIT not in desk.calls
    assert replay(desk.journal) == desk.row


def test_what_is_absent_is_filed_once_the_settle_time_has_passed():
    desk = _restored(Desk(making.plan_of()).to_ready())
    desk.call()
    desk.answer(Operation.FIND, DefinitelyAbsent(as_of=desk.now))
    assert desk.state is S.SUBMISSION_UNKNOWN
    desk.pass_time(making.SETTLE)
    desk.answer(Operation.FIND, DefinitelyAbsent(as_of=desk.now))
    assert desk.state is S.READY
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    assert desk.state is S.SUBMITTED


def test_loss_from_before_counts_from_the_restoration_since_it_may_have_been_repeated():
    desk = Desk(making.plan_of()).to_ready()
    desk.lose(Operation.SUBMIT)
    desk.pass_time(making.SETTLE * 3)
    _restored(desk)
    desk.answer(Operation.FIND, DefinitelyAbsent(as_of=desk.now))
    assert desk.state is S.SUBMISSION_UNKNOWN


def test_same_key_is_sent_where_the_agency_honours_it():
    desk = _restored(Desk(making.plan_of(Idempotency.NATIVE, without={Operation.FIND})).to_ready())
    key = desk.row.idempotency_key
    desk.call()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    assert (desk.state, desk.row.idempotency_key) == (S.SUBMITTED, key)


def test_what_can_neither_be_looked_up_nor_repeated_is_a_persons_case():
    desk = _restored(Desk(making.plan_of(Idempotency.NONE, without={Operation.FIND})).to_ready())
    desk.call()
    assert (desk.state, desk.hold) == (S.MANUAL_REVIEW, "no-look-up")
    assert Operation.SUBMIT not in desk.calls


def test_payment_is_asked_about_before_it_is_started():
    desk = _restored(Desk(making.plan_of()).to_ready(making.quote()))
    assert desk.call() is None
    assert desk.payment_states == [P.UNKNOWN]
    desk.pay()
    assert desk.payment_states == [P.CAPTURED]
    assert Operation.START_PAYMENT not in desk.calls
    assert replay(desk.journal) == desk.row


def test_payment_that_the_gateway_does_not_know_can_be_begun_again():
    desk = _restored(Desk(making.plan_of()).to_ready(making.quote()))
    desk.call()
    desk.answer(Operation.QUERY_PAYMENT, PaymentReport(state=P.EXPIRED))
    desk.take(CitizenActed("pay-again"))
    desk.answer(Operation.START_PAYMENT, PaymentStarted(reference="CANARY-REFERENCE-GATEWAY"))
    assert desk.payment_states == [P.EXPIRED, P.INITIATED]


def test_fee_of_a_later_stage_is_in_doubt_too():
    desk = _restored(Desk(making.plan_of()).to_submitted())
    desk.report(making.status(S.IN_REVIEW, fee_due="approval"))
    desk.answer(Operation.QUOTE, making.quote(1_100, stage="approval", due=FeeDue.AFTER_SUBMISSION))
    assert desk.call() is None
    assert desk.payment_states == [P.UNKNOWN]
    assert desk.row.begun_since == {"start-payment/approval"}


@pytest.mark.parametrize("others", [Idempotency.NONE, Idempotency.NATIVE])
def test_agency_may_have_been_told_of_a_payment(others):
    desk = Desk(making.plan_of(others=others)).to_paying()
    desk.pay()
    desk.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=making.status()))
    _restored(desk)
    assert desk.call() is None
    assert Flag.ADVICE_UNCONFIRMED in desk.row.flags
    called = desk.call()
    if others is Idempotency.NATIVE:
        while called is not Operation.ADVISE_PAYMENT:
            assert called is not None
            desk.take(Interrupted())
            called = desk.call()
    else:
        assert called is Operation.STATUS


def test_first_call_of_a_closed_day_is_the_only_one_in_doubt():
    desk = _restored(Desk(making.plan_of()).to_ready())
    desk.call()
    assert desk.row.begun_since == {"submit/"}
    _restored(desk)
    assert desk.row.begun_since == frozenset()


class TwoLives(EveryJourney):
    """A journey of which a part is forgotten; its payments have the names that they had in the part that was."""

    TestCase = None

    def _begin(self):
        self._keep(begin(self.row, self.plan, self.now, f"payment-{len(self.row.payments) + 1}"))
        self.call = self.next

    def _let_the_agency_finish(self):
        forgotten = set(self.gateway.accounts) - {payment.id for payment in self.row.payments}
        for account in self.gateway.accounts.values():
            if account.announced and account.taken is None and account.ended is None:
                account.taken = self.price
        hidden = {key: self.gateway.accounts.pop(key) for key in forgotten}
        super()._let_the_agency_finish()
        self.gateway.accounts |= hidden

    def live(self, steps: int) -> None:
        for number in range(steps):
            if number % 3 == 0:
                self._let_the_agency_finish()
            self._do_the_sensible_thing()


@settings(settings.get_profile("journey"), max_examples=80)
@given(
    name=st.sampled_from(sorted(PLANS)),
    price=st.sampled_from([0, 230]),
    due=st.sampled_from(FeeDue),
    known=st.integers(0, 25),
    forgotten=st.integers(0, 25),
    pause=st.sampled_from([0, 1_000, 86_400]),
)
def test_whatever_was_forgotten_is_done_once(name, price, due, known, forgotten, pause):
    life = TwoLives()
    life.open(name=name, numbered=True, consented=True, far=0, price=price, due=due)
    life.live(known)
    row, journal, coming = life.row, list(life.journal), life.next
    life.live(forgotten)
    life.now += timedelta(seconds=pause)
    life.row, event = restore(row, *OFFICER, life.now)
    life.journal, life.next, life.call = [*journal, event], coming, Next(operation=None)
    if row.attempt is not None:
        life._take(Interrupted())
    life.teardown()
    assert len(life.agency.cases) <= 1
