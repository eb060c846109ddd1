"""One application and its journal, driven by hand: begin, answer, and look at what became of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from nagorik.errors import NagorikError, OutcomeUnknown
from nagorik.model.fee import Quote
from nagorik.model.payment import PaymentAdvice, PaymentReport, PaymentStarted
from nagorik.model.status import AgencyStatus, ApplicationState, PaymentState
from nagorik.model.submission import Accepted
from nagorik.operations import Operation
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    Event,
    Input,
    Interrupted,
    NextAction,
    Progress,
    Reported,
    ServiceCapabilities,
    Step,
    amounts_to,
    begin,
    open_application,
    step,
)
from nagorik_platform.lifecycle.inputs import Result

from . import factories

REFERENCE = "CANARY-REFERENCE-AGENCY"
LONG = 60  # events, from which on a journal is folded whole now and then: that costs as much as all steps before


class Driver:
    """Holds the row, the time and every operation that was called."""

    def __init__(self, capabilities: ServiceCapabilities) -> None:
        self.capabilities = capabilities
        self.now: datetime = factories.NOON
        self.journal: list[Event] = []
        self.calls: list[Operation] = []
        self.payments = 0
        self.row: Progress
        self.next: NextAction
        self._keep(open_application(factories.opened(factories.consent()), capabilities))

    @property
    def state(self) -> ApplicationState:
        return self.row.state

    @property
    def hold(self) -> str | None:
        return self.row.hold.code if self.row.hold is not None else None

    @property
    def payment_states(self) -> list[PaymentState]:
        return [payment.state for payment in self.row.payments]

    def codes(self) -> list[str]:
        """Kind and, for moves, target of every event so far."""
        return [f"{event.kind}:{event.to}" if hasattr(event, "to") else event.kind for event in self.journal]

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def call(self) -> Operation | None:
        """Wait for what is due and begin it."""
        if self.next.due is not None:
            self.now = max(self.now, self.next.due)
        self.payments += 1
        self._keep(begin(self.row, self.capabilities, self.now, f"payment-{self.payments}"))
        if self.next.operation is not None:
            self.calls.append(self.next.operation)
        return self.next.operation

    def take(self, received: Input) -> Progress:
        self._keep(step(self.row, received, self.capabilities, self.now))
        return self.row

    def answer(self, expected: Operation, end: Result | NagorikError) -> Progress:
        """Begin what is due, which has to be ``expected``, and end it."""
        called = self.call()
        assert called is expected, f"{called} is due, not {expected}"
        return self.take(CallFailed(end) if isinstance(end, NagorikError) else CallAnswered(end))

    def lose(self, expected: Operation) -> Progress:
        return self.answer(expected, OutcomeUnknown(step=expected.value, because="read-timeout"))

    def interrupt(self, expected: Operation) -> Progress:
        assert self.call() is expected
        return self.take(Interrupted())

    def report(self, told: AgencyStatus, reference: str = REFERENCE) -> Progress:
        return self.take(Reported(reference, told))

    def answer_until(self, done: Callable[["Driver"], bool], *, give: dict[Operation, Result | NagorikError]) -> None:
        """Give the same answer to each operation until ``done``."""
        for _ in range(50):
            if done(self):
                return
            called = self.call()
            assert called is not None, f"nothing is due in {self.state}, hold {self.hold}"
            end = give[called]
            self.take(CallFailed(end) if isinstance(end, NagorikError) else CallAnswered(end))
        raise AssertionError(f"still not done: {self.state}")

    # Stretches of the usual way

    def to_ready(self, price: Quote | None = None) -> "Driver":
        if self.capabilities.offers(Operation.ELIGIBILITY):
            self.answer(Operation.ELIGIBILITY, factories.decision())
        if self.capabilities.offers(Operation.QUOTE):
            self.answer(Operation.QUOTE, price or factories.quote(0))
        return self

    def to_paying(self, price: Quote | None = None) -> "Driver":
        self.to_ready(price or factories.quote())
        self.answer(Operation.START_PAYMENT, PaymentStarted(reference="CANARY-REFERENCE-GATEWAY"))
        return self

    def pay(self, amount: int = 230) -> "Driver":
        self.answer(Operation.QUERY_PAYMENT, self.captured(amount))
        return self

    def captured(self, amount: int = 230) -> PaymentReport:
        return PaymentReport(
            state=PaymentState.CAPTURED,
            amount=factories.taka(amount),
            captured_at=self.now,
            payer_name="CANARY-PAYER",
        )

    def to_submitted(self, price: Quote | None = None) -> "Driver":
        if price is not None and price.total.poisha:
            self.to_paying(price)
            self.pay(price.total.poisha // 100)
        else:
            self.to_ready(price)
        self.answer(Operation.SUBMIT, Accepted(reference=REFERENCE, status=factories.status()))
        if self.row.payments and self.capabilities.offers(Operation.ADVISE_PAYMENT):
            self.answer(Operation.ADVISE_PAYMENT, PaymentAdvice(confirmed=True))
        return self

    def _keep(self, done: Step) -> None:
        self.row = done.progress
        self.next = done.next
        self.journal.extend(done.events)
        if len(self.journal) < LONG or len(self.journal) % LONG < len(done.events):
            assert amounts_to(self.journal, self.row)
