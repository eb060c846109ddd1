"""Any application's life: answers, errors, interruptions, reports, requests and decisions in any order.

A model agency and gateway keep ledgers of what really happened. After each step the invariants of the lifecycle
hold, and from wherever an application has got to, honest answers and willing people bring it to its end.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from nagorik.errors import (
    AgencyClosed,
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    NagorikError,
    Outcome,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.model.eligibility import Verdict
from nagorik.model.fee import FeeDue
from nagorik.model.payment import PaymentAdvice, PaymentStarted
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.model.submission import Accepted, Pending, Rejected, Withdrawal
from nagorik.operations import OPERATIONS, Idempotency, Operation
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    CitizenActed,
    ConsentGranted,
    Decided,
    Due,
    Event,
    Input,
    Interrupted,
    NextAction,
    Noticed,
    NotPossible,
    Party,
    Progress,
    Reported,
    Step,
    amounts_to,
    application_targets,
    begin,
    begin_next,
    explain,
    is_settled,
    open_application,
    step,
)
from nagorik_platform.lifecycle.fold import fold
from nagorik_platform.lifecycle.next_action import late_looks
from nagorik_platform.lifecycle.rule_context import RuleContext
from nagorik_platform.lifecycle.rules.advance import advance_state
from nagorik_platform.lifecycle.rules.holds import update_hold
from nagorik_platform.lifecycle.rules.refunds import advance_money
from nagorik_platform.lifecycle.tables import (
    ENDED_WITHOUT_RESULT,
    MONEY_ASKED_ABOUT,
    MONEY_FOR_A_PERSON,
    MONEY_NOT_TAKEN,
    MONEY_TAKEN,
)

from . import factories
from .ledgers import ENDS, ROADS, Agency, Gateway, RefundHabit

EVENT = TypeAdapter(Event)
CAPABILITIES = {
    "client-reference": factories.capabilities_of(),
    "native": factories.capabilities_of(Idempotency.NATIVE, others=Idempotency.NATIVE, without={Operation.FIND}),
    "native, findable": factories.capabilities_of(Idempotency.NATIVE, others=Idempotency.NATIVE),
    "none": factories.capabilities_of(Idempotency.NONE, others=Idempotency.NONE, without={Operation.FIND}),
    "safe": factories.capabilities_of(
        Idempotency.SAFE, others=Idempotency.NATIVE, without={Operation.FIND, Operation.REFUND_PAYMENT}
    ),
    "nothing but filing": factories.capabilities_of(
        without={
            Operation.ELIGIBILITY,
            Operation.QUOTE,
            Operation.ADVISE_PAYMENT,
            Operation.WITHDRAW,
            Operation.ANSWER_CORRECTION,
        },
        gateway=None,
    ),
    "receipts travel with the filing": factories.capabilities_of(
        without={Operation.ADVISE_PAYMENT, Operation.REFUND_PAYMENT}
    ),
    "reports only": factories.capabilities_of(without={Operation.STATUS}, and_also={Operation.CALLBACK}),
    "neither asked nor reporting": factories.capabilities_of(
        Idempotency.NONE, others=Idempotency.NONE, without={Operation.STATUS, Operation.FIND}
    ),
    "no gateway": factories.capabilities_of(gateway=None),
    "charges": factories.capabilities_of().model_copy(update={"charges": (factories.charge(),)}),
}
ACTIONS = ("go-on", "corrected", "pay-again", "received", "withdraw")
NOT_SENT: tuple[Callable[[Any], NagorikError], ...] = (
    lambda _: AgencyUnavailable(retry_after=30),
    lambda now: AgencyClosed(until=now + timedelta(hours=14)),
    lambda _: RateLimited(retry_after=90),
    lambda _: CredentialsRejected(),
    lambda _: ContractViolation("answer"),
    lambda _: PluginFault("raised", plugin="wasa"),
)
REFUSED: tuple[Callable[[], NagorikError], ...] = (
    lambda: InputRejected(()),
    lambda: InputRejected([factories.field_problem()]),
    lambda: AgencyRejected("http-403"),
    lambda: AgencyRejected("wasa.locked", reason=factories.REASON),
)
REFUND_HABITS = get_args(RefundHabit)
QUOTED_TAKA = st.sampled_from([0, 70, 230, 1100])


class LifecycleMachine(RuleBasedStateMachine):
    row: Progress
    next: NextAction

    # The world, and how an application comes into it

    @initialize(
        name=st.sampled_from([*sorted(CAPABILITIES), *["client-reference", "none"] * 3]),
        numbered=st.booleans(),
        consented=st.sampled_from([True, True, False]),
        far=st.integers(0, 20),
        price=QUOTED_TAKA,
        due=st.sampled_from(FeeDue),
        waits=st.booleans(),
        patience=st.sampled_from([1, 3, 20]),
        refunds=st.sampled_from(REFUND_HABITS),
    )
    def open(self, name, numbered, consented, far, price, due, waits, patience, refunds):
        self.capabilities = CAPABILITIES[name]
        self.now = factories.NOON
        self.agency = Agency(self.capabilities, numbered=numbered)
        self.gateway = Gateway(self.capabilities, waits=waits, patience=patience, refunds=refunds)
        self.journal: list[Event] = []
        self.call = NextAction(operation=None)
        self.numbers = 0
        self.reported: list[Reported] = []
        self._keep(
            open_application(
                factories.opened(factories.consent(lasts=86_400) if consented else None), self.capabilities
            )
        )
        self.price, self.due = price, due
        for _ in range(far):
            self._do_the_sensible_thing()

    def _keep(self, done):
        self.row, self.next = done.progress, done.next
        self.journal.extend(done.events)
        assert len(done.events) < 40, "a step that does not come to rest"
        for event in done.events:
            assert EVENT.validate_json(EVENT.dump_json(event)) == event
            _assert_silent(event)

    def _take(self, outcome: Input) -> bool:
        """Take a step and hold it to what may follow from this kind of outcome; whether it was possible."""
        before = self.row
        try:
            done = step(before, outcome, self.capabilities, self.now)
        except NotPossible as refused:
            _assert_silent(refused)
            return False
        assert step(before, outcome, self.capabilities, self.now) == done, "the same input gives the same step"
        assert fold(before, done.events) == done.progress, "the events give the row"
        self._check_begun_at_once(done)
        self._keep(done)
        self._check_unknown_is_left_properly(before, outcome)
        self._check_refund_is_left_properly(before, outcome)
        if before.state is S.CLOSED:
            assert self.row.state is S.CLOSED
        if before.state in ENDED_WITHOUT_RESULT:
            assert self.row.state in {before.state, S.CLOSED}
        return True

    def _check_begun_at_once(self, done):
        """What a step leaves due is begun with it as it would be after it."""
        after = begin(done.progress, self.capabilities, self.now, "payment-next")
        with_it = begin_next(done, self.capabilities, self.now, "payment-next")
        assert with_it == Step(after.progress, done.events + after.events, after.next)

    def _check_unknown_is_left_properly(self, before, outcome):
        found_out = isinstance(outcome, CallAnswered | CallFailed) and self.call.operation is Operation.FIND
        if before.state is S.SUBMISSION_UNKNOWN and self.row.state is not S.SUBMISSION_UNKNOWN:
            consent_ran_out = self.row.state is S.MANUAL_REVIEW
            assert found_out or consent_ran_out or isinstance(outcome, Reported | Decided)
        for payment in before.payments:
            if payment.state is P.UNKNOWN and self.row.payment(payment.id).state is not P.UNKNOWN:
                told = {Operation.QUERY_PAYMENT, Operation.START_PAYMENT}
                asked = self.call.operation in told and self.call.payment == payment.id
                refused = asked and isinstance(outcome, CallFailed) and outcome.error.outcome is Outcome.REJECTED
                assert isinstance(outcome, Decided) or refused or (asked and isinstance(outcome, CallAnswered))

    def _check_refund_is_left_properly(self, before, outcome):
        """What the gateway has taken in becomes a person's by its word or theirs alone, and by no failed question."""
        for payment in before.payments:
            if payment.state is P.REFUND_PENDING and self.row.payment(payment.id).state is P.REFUND_MANUAL:
                assert isinstance(outcome, CallAnswered | Decided)

    # Calls

    @precondition(lambda self: self.row.attempt is None and self.next.due is not None)
    @rule(late=st.sampled_from([0, 0, 0, 60, 86_400]))
    def call_what_is_due(self, late):
        self.now = max(self.now, self.next.due) + timedelta(seconds=late)
        self._begin()

    def _begin(self):
        before = self.row
        self.numbers += 1
        entries = len(self.journal)
        self._keep(begin(before, self.capabilities, self.now, f"payment-{self.numbers}"))
        self.call = self.next
        if self.call.operation is None:
            return
        announced = [event.operation for event in self.journal[entries:] if event.kind == "attempt-began"]
        assert announced == ([self.call.operation] if OPERATIONS[self.call.operation].writes else [])
        assert self.capabilities.offers(self.call.operation)
        assert self.row.attempt is not None
        self._check_begun(self.call.operation)

    def _check_begun(self, operation):
        row = self.row
        follows = {Operation.COMPLETE_PAYMENT, Operation.ADVISE_PAYMENT, Operation.REFUND_PAYMENT}
        if OPERATIONS[operation].writes and operation not in follows:
            assert row.consent is not None
            assert row.consent.gap(row.service, operation, self.now) is None
        if operation in {Operation.START_PAYMENT, Operation.SUBMIT}:
            assert sum(money.poisha for money in row.spending()) <= row.consent.fee_ceiling.poisha
        if operation is Operation.START_PAYMENT:
            payment = row.payment(self.call.payment)
            assert not row.is_paid(payment.stage)
            assert row.quote.id == payment.quote
            assert not row.quote.is_expired(self.now)
            others = [other.state for other in row.payments if other.id != payment.id]
            assert not set(others) & (MONEY_ASKED_ABOUT | MONEY_FOR_A_PERSON | {P.QUOTED})
        if operation is Operation.COMPLETE_PAYMENT:
            payment = row.payment(self.call.payment)
            assert (row.state, payment.state) == (S.AWAITING_PAYMENT, P.AUTHORISED)
            assert not row.is_paid(payment.stage)
            assert row.quote.id == payment.quote
        if operation in {Operation.ADVISE_PAYMENT, Operation.REFUND_PAYMENT}:
            assert row.payment(self.call.payment).receipt().captured_at is not None
        if operation in {Operation.STATUS, Operation.DELIVERABLE, Operation.WITHDRAW, Operation.ANSWER_CORRECTION}:
            assert row.agency_reference is not None
        if operation is Operation.SUBMIT and row.quote is not None and row.quote.due is FeeDue.BEFORE_SUBMISSION:
            assert row.quote.total.poisha == 0 or row.is_paid(row.quote.stage)

    @rule(times=st.integers(1, 4), agency=st.booleans())
    def things_go_well(self, times, agency):
        for _ in range(times):
            if agency:
                self._let_the_agency_finish()
            self._do_the_sensible_thing()

    @rule(
        arrived=st.booleans(),
        interrupted=st.booleans(),
        seconds=st.sampled_from([1, 300, 1000]),
        skipped=st.integers(0, 2),
        goes_on=st.booleans(),
        then=st.integers(0, 4),
    )
    def a_write_is_lost(self, arrived, interrupted, seconds, skipped, goes_on, then):
        """Everything goes well up to some write; its answer is lost, and what follows is asked for at once."""
        for _ in range(12):
            self._do_the_sensible_thing()
            calls_write = self.call.operation is not None and OPERATIONS[self.call.operation].writes
            if calls_write and not skipped:
                self._lose(self.call.operation, seconds, self._sensible_answer if arrived else None, interrupted)
                break
            skipped -= calls_write
        if goes_on:
            self._let_the_agency_finish()
        for _ in range(then):
            self._do_the_sensible_thing()

    callable_now = precondition(lambda self: self.row.attempt is not None or self.next.due is not None)

    @callable_now
    @rule(data=st.data(), seconds=st.sampled_from([0.2, 5, 40]))
    def answer(self, data, seconds):
        if not self._is_calling():
            return
        self.now += timedelta(seconds=seconds)
        self._end(CallAnswered(self._honest_answer(data.draw)))

    @callable_now
    @rule(arrived=st.booleans(), interrupted=st.booleans(), seconds=st.sampled_from([1, 30, 1000]), data=st.data())
    def lose_the_answer(self, arrived, interrupted, seconds, data):
        if self._is_calling():
            reads = not OPERATIONS[self.call.operation].writes
            effect = (lambda: self._honest_answer(data.draw)) if arrived or reads else None
            self._lose(self.call.operation, seconds, effect, interrupted)

    def _lose(self, operation, seconds, effect, interrupted):
        """The answer does not arrive after ``seconds``; ``effect`` is what happened at the other end, at the last."""
        self.now += timedelta(seconds=seconds)
        if effect is not None:
            effect()
        elif operation is Operation.COMPLETE_PAYMENT:
            self.gateway.account(self.call.payment).in_the_air = True
        if interrupted:
            self._end(Interrupted())
            events = len(self.journal)
            self._take(Interrupted())
            assert len(self.journal) == events
        elif OPERATIONS[operation].writes:
            self._end(CallFailed(OutcomeUnknown(step=operation.value, because="read-timeout")))
        else:
            self._end(CallFailed(AgencyUnavailable()))

    @callable_now
    @rule(make=st.sampled_from(NOT_SENT))
    def send_nothing(self, make):
        if not self._is_calling():
            return
        self.now += timedelta(seconds=1)
        self._end(CallFailed(make(self.now)))

    @callable_now
    @rule(make=st.sampled_from(REFUSED))
    def refuse(self, make):
        if not self._is_calling():
            return
        self.now += timedelta(seconds=1)
        if self.call.operation is Operation.START_PAYMENT:
            account = self.gateway.account(self.call.payment)
            # A repetition that is refused ends nothing that was announced before: the payer may still pay.
            account.ended = account.ended if account.announced else P.FAILED
        if self.call.operation is Operation.COMPLETE_PAYMENT:
            account = self.gateway.account(self.call.payment)
            if account.taken is not None:
                return  # what was taken is not refused: the plugin tells such a word as an unknown outcome
            account.ended, account.agreed = P.FAILED, None
        if self.call.operation is Operation.SUBMIT and self.agency.case is not None:
            self._end(CallFailed(DuplicateApplication(self.agency.case.reference)))
        else:
            self._end(CallFailed(make()))

    def _is_calling(self):
        """Whether a call is in flight; what is due is begun first."""
        if self.row.attempt is None:
            self.now = max(self.now, self.next.due)
            self._begin()
        return self.row.attempt is not None

    def _end(self, outcome):
        operation, payment = self.call.operation, self.call.payment
        events = len(self.journal)
        self._take(outcome)
        self.call = NextAction(operation=None)
        ended = next(event for event in self.journal[events:] if event.kind == "attempt-ended")
        if not ended.settled and (self.next.operation, self.next.payment) == (operation, payment):
            assert self.next.due > self.now, "tried again in the same instant"

    def _honest_answer(self, draw):
        """Let the agency or gateway do what it is asked to, and say what it answers."""
        operation, payment = self.call.operation, self.call.payment
        if operation is Operation.START_PAYMENT:
            self.gateway.start(payment)
            return PaymentStarted(reference="CANARY-REFERENCE-GATEWAY")
        if operation is Operation.QUERY_PAYMENT:
            return self.gateway.query(payment, self.now, sure=draw(st.booleans()))
        if operation is Operation.COMPLETE_PAYMENT:
            return self.gateway.complete(payment, self.now)
        if operation is Operation.REFUND_PAYMENT:
            return self.gateway.refund(payment, self.now, self.row.payment(payment).refund_reference)
        return self._agencys_answer(operation, draw)

    def _agencys_answer(self, operation, draw):
        agency, at = self.agency, self.now
        match operation:
            case Operation.ELIGIBILITY:
                verdicts = [Verdict.PASS, Verdict.PASS, Verdict.CANNOT_TELL, Verdict.FAIL]
                return factories.decision(draw(st.sampled_from(verdicts)))
            case Operation.QUOTE:
                return self._quote(draw)
            case Operation.SUBMIT:
                return self._filed(draw)
            case Operation.FIND:
                return agency.find(at, sure=draw(st.sampled_from([True, True, False])))
            case Operation.STATUS:
                return agency.status(at, self._latest_payment())
            case Operation.ADVISE_PAYMENT:
                confirmed = draw(st.booleans())
                if confirmed:
                    agency.advise(self.call.payment, self.row.payment(self.call.payment).stage, at)
                return PaymentAdvice(confirmed=confirmed)
            case Operation.DELIVERABLE:
                return factories.fetched(self.call.deliverable)
            case Operation.ANSWER_CORRECTION:
                agency.correct(self.row.corrections, at)
                return agency.status(at, None, fresh=True)
        taken_back = agency.withdraw(at)
        return Withdrawal(withdrawn=taken_back, status=agency.status(at, None, fresh=True))

    def _quote(self, draw):
        self.numbers += 1
        return factories.quote(
            draw(QUOTED_TAKA),
            at=self.now,
            lasts=draw(st.sampled_from([-5, 30, 3600, 10**8])),
            stage=draw(st.sampled_from([self.row.stage] * 5 + ["another"])),
            due=draw(st.sampled_from(FeeDue)),
            number=self.numbers,
        )

    def _filed(self, draw):
        if self.agency.case is None and draw(st.sampled_from([False] * 5 + [True])):
            return Rejected(reason_code="incomplete", reason=factories.REASON)
        case = self.agency.file(self.row, self.now)
        kind = draw(st.sampled_from(["accepted", "accepted", "pending", "pending-numbered"]))
        if kind == "accepted":
            return Accepted(reference=case.reference, status=self.agency.status(self.now, None, fresh=True))
        return Pending(reference=case.reference if kind == "pending-numbered" else None, check_after=600)

    def _latest_payment(self):
        latest = self.row.latest_taken
        return latest.id if latest is not None else None

    # What happens at the agency, at the gateway, and of itself

    @precondition(lambda self: self.agency.case is not None)
    @rule(data=st.data())
    def the_agency_goes_on(self, data):
        case = self.agency.case
        if case.fee_due is None and case.state in ROADS:
            self.agency.move(data.draw(st.sampled_from(ROADS[case.state])), self.now, only_from={case.state})

    @precondition(lambda self: self.agency.case is not None and self._tells_of_fees())
    @rule(stage=st.sampled_from(["application", "record-correction"]))
    def the_agency_wants_a_fee(self, stage):
        case = self.agency.case
        if case.state in {S.SUBMITTED, S.IN_REVIEW} and stage not in case.fees_settled:
            case.demand(stage, self.now)

    def _tells_of_fees(self):
        asked_or_reporting = self.capabilities.offers(Operation.STATUS) or self.capabilities.offers(
            Operation.CALLBACK
        )
        return asked_or_reporting and self.capabilities.offers(Operation.ADVISE_PAYMENT)

    @precondition(lambda self: self.agency.case is not None)
    @rule(kind=st.sampled_from(["news", "news", "unknown word", "foreign reference"]), marked=st.booleans())
    def the_agency_reports(self, kind, marked):
        told = self.agency.status(self.now, self._latest_payment(), fresh=True)
        self.numbers += 1
        told = told.model_copy(update={"event": f"event-{self.numbers}" if marked else None})
        reference = self.agency.case.reference
        if kind == "unknown word":
            told = told.model_copy(update={"state": None, "sequence": None, "payment_confirmed": None})
        elif kind == "foreign reference" and self.row.state not in {S.SUBMITTING, S.SUBMISSION_UNKNOWN}:
            reference = "CANARY-REFERENCE-FOREIGN"
        before = step(self.row, Due(), self.capabilities, self.now).progress
        self.reported.append(Reported(reference, told))
        self._take(self.reported[-1])
        belongs = self.row.agency_reference == reference
        if kind == "unknown word" and belongs:
            adopted = before.agency_reference is None
            assert adopted or self.row.state is before.state
            assert Flag.STALE_STATUS in self.row.flags
        if not belongs:
            assert Flag.POSSIBLE_DUPLICATE in self.row.flags

    @precondition(lambda self: bool(self.reported))
    @rule(data=st.data())
    def an_old_report_comes_again(self, data):
        again = data.draw(st.sampled_from(self.reported))
        before = self.row
        known_event = again.status.event in before.seen_events
        numbered = again.status.sequence is not None and before.last_sequence is not None
        known_number = numbered and again.status.sequence <= before.last_sequence
        settled = step(before, Due(), self.capabilities, self.now).progress
        self._take(again)
        if (known_event or known_number) and again.agency_reference == before.agency_reference:
            assert self.row == settled

    @precondition(lambda self: any(a.announced and a.taken is None for a in self.gateway.accounts.values()))
    @rule(exact=st.sampled_from([True, True, True, False]), noticed=st.booleans(), data=st.data())
    def the_payer_pays(self, exact, noticed, data):
        open_accounts = [key for key, a in self.gateway.accounts.items() if a.announced and a.taken is None]
        payment = data.draw(st.sampled_from(sorted(open_accounts)))
        asked = self.row.payment(payment).amount.poisha // 100
        known = self.row.payment(payment)
        looks = late_looks(self.row, self.capabilities, self.now)
        asked_for_the_last_time = known.state in MONEY_NOT_TAKEN and all(one.payment != payment for one in looks)
        self.gateway.pay(payment, asked if exact else asked + 1)
        if noticed or asked_for_the_last_time:
            self._take(Noticed(payment))

    @precondition(lambda self: any(a.announced and a.taken is None for a in self.gateway.accounts.values()))
    @rule(how=st.sampled_from([P.FAILED, P.EXPIRED, P.CANCELLED]))
    def the_gateway_gives_up(self, how):
        for account in self.gateway.accounts.values():
            if account.announced and account.taken is None:
                account.ended = how

    @precondition(lambda self: any(account.in_the_air for account in self.gateway.accounts.values()))
    @rule()
    def a_lost_order_to_take_the_money_arrives(self):
        for payment, account in self.gateway.accounts.items():
            if account.in_the_air:
                self.gateway.complete(payment, self.now)

    @rule(payment=st.sampled_from([f"payment-{number}" for number in range(1, 9)]))
    def a_notice_comes_for_nothing(self, payment):
        self._take(Noticed(payment))

    @rule(seconds=st.sampled_from([1, 299, 301, 4000, 90_000]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        self._take(Due())

    # What people want

    @rule(action=st.sampled_from([*ACTIONS * 3, "withdraw"]), sure=st.integers(0, 3))
    def the_citizen_acts(self, action, sure):
        if action != "withdraw" or sure == 0:
            self._take(CitizenActed(action))

    @rule(
        lasts=st.sampled_from([-1, 100, 10**6]),
        ceiling=st.sampled_from([0, 100, 300, 10_000]),
        missing=st.sampled_from([None, None, None, Operation.SUBMIT, Operation.WITHDRAW, Operation.START_PAYMENT]),
    )
    def the_citizen_consents(self, lasts, ceiling, missing):
        allowed = set(factories.WRITES) - {missing}
        given = factories.consent(
            at=self.now - timedelta(seconds=2), lasts=lasts + 2, ceiling=ceiling, operations=allowed
        )
        self._take(ConsentGranted(given))

    @rule(to=st.none() | st.sampled_from(S))
    def an_officer_tries(self, to):
        """What an officer may not decide is refused, and what they may is a legal move."""
        before = self.row
        moves_on_a_lie = to is not None and to is not S.CLOSED
        if moves_on_a_lie:
            return
        possible = self._take(Decided(officer="R. Karim", reason="CANARY-REASON", to=to))
        if to is S.CLOSED and possible:
            assert all(is_settled(payment.state) for payment in before.payments)

    @precondition(lambda self: self.row.hold is not None and self.row.hold.party is Party.PERSON)
    @rule()
    def an_officer_finds_out(self):
        self._decide_honestly()

    @precondition(lambda self: self._in_doubt() is not None)
    @rule()
    def an_officer_is_mistaken_that_there_is_no_money(self):
        """The payer, who is still on the page, pays then if they have not."""
        payment = self._in_doubt()
        assert self._take(
            Decided(officer="R. Karim", reason="CANARY-REASON", payment=payment.id, payment_to=P.FAILED)
        )
        account = self.gateway.account(payment.id)
        if account.announced and account.taken is None:
            self.gateway.pay(payment.id, payment.amount.poisha // 100)

    def _in_doubt(self):
        """What an officer has to find out about, of which neither the gateway nor the agency has told them."""
        if self.row.attempt is not None:
            return None
        asked_for = self.row.hold is not None and self.row.hold.party is Party.PERSON
        payment = self.row.payment_in(P.UNDER_INVESTIGATION, P.UNKNOWN) if asked_for else None
        if payment is None or payment.contested is not None or payment.id in self.agency.told:
            return None
        return payment

    def _decide_honestly(self):
        """A person who asked the agency and the gateway by telephone."""
        row = self.row
        if row.attempt is not None:
            return
        officer = {"officer": "R. Karim", "reason": "CANARY-REASON"}
        if row.hold.code.startswith("refund-"):
            owed = row.payment_in(P.REFUND_MANUAL) or row.payment_in(P.REFUND_REQUESTED, P.REFUND_PENDING)
            account = self.gateway.account(owed.id)
            # The gateway is asked first only where they read that it may have given the money back.
            asks = owed.refund_in_doubt or row.hold.code != "refund-by-hand"
            account.refunds = account.refunds or 1 if asks else account.refunds + 1
            assert self._take(Decided(**officer, payment=owed.id, payment_to=P.REFUNDED))
            return
        unconfirmed = {P.CAPTURED, P.ADVISED} if row.hold.code == "payment-unconfirmed" else set()
        waits = {P.AUTHORISED, P.PENDING} if row.hold.code == "payment-unknown" else set()
        # What the agency was not told of yet is told without a person; what it may have been told of is not.
        doubtful = (
            next((one for one in row.payments if one.advice_lost_at and one.state in unconfirmed), None)
            or row.payment_in(*MONEY_FOR_A_PERSON, P.UNKNOWN, *unconfirmed)
            or row.payment_in(*waits)
        )
        if doubtful is not None and row.state is not S.MANUAL_REVIEW:
            to = self._truth_of(doubtful)
            assert self._take(Decided(**officer, payment=doubtful.id, payment_to=to))
            return
        case = self.agency.case
        if row.state is S.MANUAL_REVIEW:
            to = S.READY
            reference = None
            if case is not None:
                to, reference = case.state, case.reference
            assert self._take(Decided(**officer, to=to, agency_reference=reference))
        elif row.hold.code == "nothing-due" and case is not None and case.state is not row.state:
            assert self._take(Decided(**officer, to=case.state))
        else:
            assert self._take(Decided(**officer))

    def _truth_of(self, payment):
        account = self.gateway.account(payment.id)
        if account.taken is None:
            account.announced, account.ended = False, P.EXPIRED
            account.agreed, account.in_the_air = None, False
            return P.FAILED
        if payment.id in self.agency.told and payment.state is not P.UNKNOWN:
            return P.CONFIRMED
        if payment.state in MONEY_ASKED_ABOUT:
            return P.CAPTURED
        return P.REFUND_REQUESTED if payment.refund_requested_at is None else P.REFUND_MANUAL

    # What holds at every moment

    @invariant()
    def a_rule_says_nothing_that_the_fold_refuses(self):
        """Whatever the service can do by now, and however late it is."""
        for capabilities in CAPABILITIES.values():
            context = RuleContext(capabilities, self.now + timedelta(days=self.numbers % 3))
            for follows in (advance_money, advance_state, update_hold):
                fold(self.row, follows(self.row, context))

    @invariant()
    def nothing_is_lost(self):
        row = self.row
        if row.state is S.CLOSED or row.attempt is not None:
            return
        assert self.next.due is not None or row.hold is not None, f"lost in {row.state}"

    @invariant()
    def whoever_is_waited_for_can_do_something(self):
        row = self.row
        if row.attempt is not None or row.hold is None or self.next.due is not None:
            return
        if row.hold.party is Party.CITIZEN and not row.hold.code.startswith("consent-"):
            actions = [
                action for action in ACTIONS if _is_possible(row, CitizenActed(action), self.capabilities, self.now)
            ]
            appears = row.hold.code in {
                "appearance-required",
                "gateway-not-chosen",
                "correction-requested",
                "correction-at-the-agency",
            }
            assert actions or appears, f"{row.hold.code} in {row.state}"

    @invariant()
    def why_it_stands_there_agrees_with_where_it_stands(self):
        row, said = self.row, explain(self.journal)
        assert said.state is row.state
        assert said.in_force == (row.quote.id if row.quote is not None else None)
        assert (said.decision.eligibility if said.decision is not None else None) == row.eligibility
        assert (said.report.status if said.report is not None else None) == row.status
        assert {payment.quote for payment in row.payments} <= {price.quote.id for price in said.prices}
        if row.state is S.REJECTED_AT_INTAKE and not row.is_filed:
            assert said.refusals or self._by_an_officer(), "refused, and nobody knows why"
        _assert_silent(said)

    def _by_an_officer(self):
        return any(event.kind == "moved" and event.officer for event in self.journal)

    @invariant()
    def one_case_for_one_application(self):
        assert len(self.agency.cases) <= 1

    @invariant()
    def nothing_is_told_or_given_twice(self):
        assert all(len(times) == 1 for times in self.agency.told.values())
        assert all(count == 1 for count in self.agency.corrections.values())
        assert all(account.refunds <= 1 for account in self.gateway.accounts.values())
        assert all(account.takes <= 1 for account in self.gateway.accounts.values())

    @invariant()
    def money_given_back_is_not_kept_by_the_agency(self):
        for payment in self.row.payments:
            if payment.state in {P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED}:
                assert (
                    payment.id not in self.agency.told
                    or self.capabilities.operations.get(Operation.ADVISE_PAYMENT) is None
                )

    @invariant()
    def captured_is_what_was_quoted(self):
        for payment in self.row.payments:
            taken = self.gateway.account(payment.id).taken
            if payment.state in MONEY_TAKEN and taken is not None:
                decided = any(
                    event.kind == "payment-moved" and event.payment == payment.id and event.actor == "person"
                    for event in self.journal
                )
                assert taken * 100 == payment.amount.poisha or decided

    @invariant()
    def an_officers_word_about_money_is_undone_by_no_answer_of_a_gateway(self):
        """What contradicts it is given to a person, and nobody but a person decides then."""
        decided = {}
        for event in self.journal:
            if event.kind != "payment-moved":
                continue
            word = decided.get(event.payment)
            if event.actor == "person":
                decided[event.payment] = event.to
            elif event.actor == "gateway":
                assert word not in MONEY_NOT_TAKEN | MONEY_TAKEN or event.to is P.UNDER_INVESTIGATION
                decided.pop(event.payment, None)

    @invariant()
    def what_counts_as_taken_or_goes_back_was_said_to_be_taken(self):
        for payment in self.row.payments:
            if payment.state in MONEY_TAKEN | {P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUND_MANUAL, P.REFUNDED}:
                assert payment.captured_at is not None

    @invariant()
    def agency_is_shown_its_own_share_and_no_more(self):
        for payment, receipt in zip(
            [one for one in self.row.payments if one.state in MONEY_TAKEN], self.row.receipts(), strict=True
        ):
            charged = sum(line.total.poisha for line in payment.charges)
            assert receipt.amount.poisha + charged == payment.sum.poisha

    @invariant()
    def a_closed_application_owes_nothing(self):
        closed = [event for event in self.journal if event.kind == "moved" and event.to is S.CLOSED]
        assert len(closed) <= 1
        if self.row.state is S.CLOSED:
            for payment in self.row.payments:
                open_still = not is_settled(payment.state)
                assert not open_still or self.row.attempt or self.next.due is not None or self.row.hold is not None

    @invariant()
    def no_personal_data_is_shown(self):
        _assert_silent(self.row)
        _assert_silent(self.next)

    # And from wherever it is, it ends

    def teardown(self):
        if not hasattr(self, "row"):
            return
        for account in self.gateway.accounts.values():
            account.in_the_air = False  # what has not arrived by now never does
        assert amounts_to(self.journal, self.row)
        assert Progress.model_validate_json(self.row.model_dump_json()) == self.row
        for _ in range(400):
            if self.row.state is S.CLOSED and self.next.due is None and self.row.hold is None:
                break
            self._let_the_agency_finish()
            self._do_the_sensible_thing()
            self.nothing_is_lost()
            self.one_case_for_one_application()
            self.nothing_is_told_or_given_twice()
        else:
            last = [getattr(event, "to", None) or getattr(event, "operation", event.kind) for event in self.journal]
            raise AssertionError(f"does not end: {self.row.state}, {self.row.hold}, {last[-40:]}")
        for payment in self.row.payments:
            assert self.gateway.account(payment.id).taken is None or payment.state not in MONEY_NOT_TAKEN
        assert amounts_to(self.journal, self.row)
        for payment in self.row.payments:
            account = self.gateway.account(payment.id)
            kept = account.taken is not None and account.refunds == 0
            held = payment.state is P.CONFIRMED and payment.id in self.agency.told
            assert not kept or held or payment.state is P.REFUND_MANUAL, payment.state

    def _do_the_sensible_thing(self):
        row, now = self.row, self.now
        if row.attempt is not None:
            self._end(CallAnswered(self._sensible_answer()) if self.call.operation is not None else Interrupted())
        elif row.hold is not None and self._somebody_acts():
            pass
        elif self.next.due is not None:
            self.now = max(now, self.next.due)
            self._begin()
        else:
            self._take(Due())

    def _let_the_agency_finish(self):
        case = self.agency.case
        for key, account in self.gateway.accounts.items():
            if account.announced and account.taken is None and account.ended is None and account.agreed is None:
                self.gateway.pay(key, self.row.payment(key).amount.poisha // 100)
        if case is not None and self.row.waiver is not None and self.row.waiver.stage == case.fee_due:
            # It wants nothing for it, and says so in the end.
            case.fee_due = None
        if case is None or case.fee_due is not None:
            return
        if case.state in ROADS and case.state is not S.CORRECTION_REQUESTED:
            roads = {S.SUBMITTED: S.IN_REVIEW, S.IN_REVIEW: S.APPROVED, S.APPROVED: S.ISSUED}
            self.agency.move(roads.get(case.state, ROADS[case.state][0]), self.now, only_from={case.state})

    def _sensible_answer(self):
        match self.call.operation:
            case Operation.ELIGIBILITY:
                return factories.decision()
            case Operation.QUOTE:
                self.numbers += 1
                demanded = 230 if self.row.is_filed else 0
                return factories.quote(
                    self.price or demanded, at=self.now, stage=self.row.stage, due=self.due, number=self.numbers
                )
            case Operation.SUBMIT:
                case = self.agency.file(self.row, self.now)
                return Accepted(reference=case.reference, status=self.agency.status(self.now, None, fresh=True))
            case Operation.FIND:
                return self.agency.find(self.now, sure=True)
            case Operation.QUERY_PAYMENT:
                return self.gateway.query(self.call.payment, self.now, sure=True)
            case Operation.ADVISE_PAYMENT:
                stage = self.row.payment(self.call.payment).stage
                self.agency.advise(self.call.payment, stage, self.now)
                return PaymentAdvice(confirmed=True)
            case _:
                return self._honest_answer(None)

    def _somebody_acts(self):
        hold = self.row.hold
        if hold.party is Party.PERSON:
            self._decide_honestly()
            return True
        if hold.party is Party.AGENCY:
            self.numbers += 1
            told = self.agency.status(self.now, self._latest_payment(), fresh=True)
            told = told.model_copy(update={"event": f"event-{self.numbers}"})
            if told.state is self.row.state and self.next.due is not None:
                return False
            self._take(Reported(self.agency.case.reference, told))
            return True
        if hold.code.startswith("consent-"):
            return self._take(ConsentGranted(factories.consent(at=self.now, ceiling=1_000_000)))
        corrects_there = hold.code == "correction-at-the-agency"
        if corrects_there:
            self.agency.move(S.IN_REVIEW, self.now, only_from={S.CORRECTION_REQUESTED})
        decided = hold.code == "correction-requested" and self.agency.case.state in ENDS
        if corrects_there or decided or hold.code == "appearance-required":
            return self._agency_has_gone_on()
        if hold.code == "gateway-not-chosen":
            self.capabilities = factories.capabilities_of(self.capabilities.operations[Operation.SUBMIT])
            self.agency.capabilities = self.gateway.capabilities = self.capabilities
            return self._take(Due())
        action = {
            "eligibility-indeterminate": "go-on",
            "to-be-received": "received",
            "correction-requested": "corrected",
            "input-rejected": "corrected",
            "correction-refused": "corrected",
            "ineligible": "corrected",
        }.get(hold.code, "pay-again")
        return self._take(CitizenActed(action))

    def _agency_has_gone_on(self):
        if self.next.due is not None:
            return False
        self._take(Reported(self.agency.case.reference, self.agency.status(self.now, None, fresh=True)))
        return True


def _is_possible(row, action, capabilities, now):
    try:
        step(row, action, capabilities, now)
    except NotPossible:
        return False
    return True


def _assert_silent(value):
    shown = f"{value!r} {value!s}"
    assert not any(canary in shown for canary in factories.CANARIES), shown


def test_table_is_total_for_the_states_that_a_person_may_choose():
    assert set(application_targets(S.MANUAL_REVIEW)) == set(S) - {S.MANUAL_REVIEW}


LifecycleMachine.TestCase.settings = settings(
    settings.get_profile("lifecycle"),
    max_examples=120,
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestLifecycleMachine = LifecycleMachine.TestCase
