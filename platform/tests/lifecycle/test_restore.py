"""Books that were restored have forgotten what was sent: each write is looked up before it is made."""

from datetime import timedelta

from hypothesis import example, given, settings, strategies as st

from nagorik.model.fee import FeeDue
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.model.submission import Accepted, DefinitelyAbsent, Found
from nagorik.operations import Idempotency, Operation
from nagorik_platform.lifecycle import Interrupted, NextAction, begin, replay, restore

from . import factories
from .driver import REFERENCE, Driver
from .test_state_machine import CAPABILITIES, REFUND_HABITS, LifecycleMachine

OFFICER = ("A. Rahman", "The disk burned.")


def _restored(driver: Driver) -> Driver:
    driver.row, event = restore(driver.row, *OFFICER, driver.now)
    driver.journal.append(event)
    return driver


def test_filing_is_looked_up_before_it_is_made_again():
    driver = _restored(Driver(factories.capabilities_of()).to_ready())
    assert driver.call() is None
    assert driver.state is S.SUBMISSION_UNKNOWN
    driver.answer(Operation.FIND, Found(reference=REFERENCE, status=factories.status(S.IN_REVIEW)))
    assert driver.row.agency_reference == REFERENCE
    assert Operation.SUBMIT not in driver.calls
    assert replay(driver.journal) == driver.row


def test_what_is_absent_is_filed_once_the_look_up_grace_has_passed():
    driver = _restored(Driver(factories.capabilities_of()).to_ready())
    driver.call()
    driver.answer(Operation.FIND, DefinitelyAbsent(as_of=driver.now))
    assert driver.state is S.SUBMISSION_UNKNOWN
    driver.pass_time(factories.LOOKUP_GRACE)
    driver.answer(Operation.FIND, DefinitelyAbsent(as_of=driver.now))
    assert driver.state is S.READY
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    assert driver.state is S.SUBMITTED


def test_loss_from_before_counts_from_the_restoration_since_it_may_have_been_repeated():
    driver = Driver(factories.capabilities_of()).to_ready()
    driver.lose(Operation.SUBMIT)
    driver.pass_time(factories.LOOKUP_GRACE * 3)
    _restored(driver)
    driver.answer(Operation.FIND, DefinitelyAbsent(as_of=driver.now))
    assert driver.state is S.SUBMISSION_UNKNOWN


def test_same_key_is_sent_where_the_agency_honours_it():
    driver = _restored(Driver(factories.capabilities_of(Idempotency.NATIVE, without={Operation.FIND})).to_ready())
    key = driver.row.idempotency_key
    driver.call()
    driver.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
    assert (driver.state, driver.row.idempotency_key) == (S.SUBMITTED, key)


def test_what_can_neither_be_looked_up_nor_repeated_is_a_persons_case():
    driver = _restored(Driver(factories.capabilities_of(Idempotency.NONE, without={Operation.FIND})).to_ready())
    driver.call()
    assert (driver.state, driver.hold) == (S.MANUAL_REVIEW, "no-look-up")
    assert Operation.SUBMIT not in driver.calls


def test_payment_is_asked_about_before_it_is_started():
    driver = _restored(Driver(factories.capabilities_of()).to_ready(factories.quote()))
    assert driver.call() is None
    assert driver.payment_states == [P.UNKNOWN]
    driver.pay()
    assert driver.payment_states == [P.CAPTURED]
    assert Operation.START_PAYMENT not in driver.calls
    assert replay(driver.journal) == driver.row


def test_first_call_of_a_closed_day_is_the_only_one_in_doubt():
    driver = _restored(Driver(factories.capabilities_of()).to_ready())
    driver.call()
    assert driver.row.begun_since == {"submit/"}
    _restored(driver)
    assert driver.row.begun_since == frozenset()


class TwoLives(LifecycleMachine):
    """A life of which a part is forgotten; its payments have the names that they had in the part that was."""

    TestCase = None

    def _begin(self):
        self._keep(begin(self.row, self.capabilities, self.now, f"payment-{len(self.row.payments) + 1}"))
        self.call = self.next

    def _let_the_agency_finish(self):
        forgotten = set(self.gateway.accounts) - {payment.id for payment in self.row.payments}
        asked = self.price + sum(line.total.poisha for line in self.capabilities.charges) // 100
        for key, account in self.gateway.accounts.items():
            if account.announced and account.taken is None and account.ended is None and account.agreed is None:
                self.gateway.pay(key, asked)
        hidden = {key: self.gateway.accounts.pop(key) for key in forgotten}
        super()._let_the_agency_finish()
        self.gateway.accounts |= hidden

    def live(self, steps: int) -> None:
        for number in range(steps):
            if number % 3 == 0:
                self._let_the_agency_finish()
            self._do_the_sensible_thing()


@settings(settings.get_profile("lifecycle"), max_examples=80)
@example(
    name="neither asked nor reporting",
    price=230,
    due=FeeDue.BEFORE_SUBMISSION,
    known=0,
    forgotten=0,
    pause=0,
    waits=True,
    refunds="at once",
)
@given(
    name=st.sampled_from(sorted(CAPABILITIES)),
    price=st.sampled_from([0, 230]),
    due=st.sampled_from(FeeDue),
    known=st.integers(0, 25),
    forgotten=st.integers(0, 25),
    pause=st.sampled_from([0, 1_000, 86_400]),
    waits=st.booleans(),
    refunds=st.sampled_from(REFUND_HABITS),
)
def test_whatever_was_forgotten_is_done_once(name, price, due, known, forgotten, pause, waits, refunds):
    life, habits = TwoLives(), {"waits": waits, "patience": 20, "refunds": refunds}
    life.open(name=name, numbered=True, consented=True, far=0, price=price, due=due, **habits)
    life.live(known)
    row, journal, coming = life.row, list(life.journal), life.next
    life.live(forgotten)
    life.now += timedelta(seconds=pause)
    life.row, event = restore(row, *OFFICER, life.now)
    life.journal, life.next, life.call = [*journal, event], coming, NextAction(operation=None)
    if row.attempt is not None:
        life._take(Interrupted())  # noqa: SLF001
    life.teardown()
    assert len(life.agency.cases) <= 1
