"""A model agency and a model gateway with ledgers of what really happened, whatever became of the answers.

Both are honest and no more than that: they file, take money and give it back twice if they are asked twice and
honour no key, what was done shows in look-ups only after a while, and a gateway may take money after it said no.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nagorik.model.payment import PaymentReport, RefundReport
from nagorik.model.status import AgencyStatus, ApplicationState as S, Deliverable, PaymentState as P
from nagorik.model.submission import CannotTell, DefinitelyAbsent, Found, SubmissionSearch
from nagorik.operations import Operation
from nagorik_platform.lifecycle import Progress, ServiceCapabilities

from . import factories

LAG = timedelta(seconds=factories.LOOKUP_GRACE * 0.9)
"""How long what was done does not show in look-ups; less than the look-up grace that the service declares."""

ROADS = {
    S.SUBMITTED: (S.IN_REVIEW, S.REJECTED_AT_INTAKE, S.APPROVED),
    S.IN_REVIEW: (S.CORRECTION_REQUESTED, S.AWAITING_APPEARANCE, S.APPROVED, S.REJECTED, S.EXPIRED),
    S.CORRECTION_REQUESTED: (S.IN_REVIEW, S.REJECTED, S.EXPIRED),
    S.AWAITING_APPEARANCE: (S.IN_REVIEW, S.REJECTED),
    S.APPROVED: (S.ISSUED, S.REVOKED),
    S.ISSUED: (S.DELIVERED, S.DELIVERY_FAILED),
    S.DELIVERY_FAILED: (S.ISSUED, S.DELIVERED),
}
"""Where a case at the agency may go from each state."""
ENDS = frozenset({S.REJECTED_AT_INTAKE, S.REJECTED, S.EXPIRED, S.REVOKED, S.DELIVERED, S.WITHDRAWN})


@dataclass
class Case:
    """One application as the agency keeps it."""

    reference: str
    filed_at: datetime
    history: list[tuple[datetime, S]]
    fees_demanded: list[datetime] = field(default_factory=list)
    fee_due: str | None = None
    fees_settled: set[str] = field(default_factory=set)
    deliverables: tuple[Deliverable, ...] = ()

    @property
    def state(self) -> S:
        return self.history[-1][1]

    def demand(self, stage: str, at: datetime) -> None:
        self.fee_due = stage
        self.fees_demanded.append(at)

    def number_at(self, instant: datetime) -> int:
        """How many times something had changed that is reported."""
        return sum(1 for at in (*(at for at, _ in self.history), *self.fees_demanded) if at <= instant)

    def state_at(self, instant: datetime) -> S:
        return next((state for at, state in reversed(self.history) if at <= instant), self.history[0][1])


class Agency:
    """Files, is told of payments and corrections, and decides."""

    def __init__(self, capabilities: ServiceCapabilities, *, numbered: bool) -> None:
        self.capabilities = capabilities
        self.numbered = numbered
        self.cases: list[Case] = []
        self.told: dict[str, list[datetime]] = {}
        self.corrections: dict[int, int] = {}
        self.withdrawals = 0

    @property
    def case(self) -> Case | None:
        return self.cases[0] if self.cases else None

    def file(self, row: Progress, at: datetime) -> Case:
        """File; an agency that honours the key gives the case of this key back."""
        if self.cases and self.capabilities.repeats(Operation.SUBMIT):
            return self.cases[0]
        case = Case(f"CANARY-REFERENCE-{len(self.cases)}", at, [(at, S.SUBMITTED)])
        self.cases.append(case)
        if not self.capabilities.offers(Operation.ADVISE_PAYMENT):
            for receipt in row.receipts():
                self.told.setdefault(receipt.payment, []).append(at)
                case.fees_settled.add(receipt.stage)
        return case

    def find(self, at: datetime, *, sure: bool) -> SubmissionSearch:
        shown = [case for case in self.cases if case.filed_at + LAG <= at]
        if shown:
            return Found(reference=shown[0].reference, status=self.status(at, None))
        return DefinitelyAbsent(as_of=at) if sure else CannotTell(because="search-incomplete")

    def advise(self, payment: str, stage: str, at: datetime) -> None:
        native = self.capabilities.repeats(Operation.ADVISE_PAYMENT)
        if not (native and payment in self.told):
            self.told.setdefault(payment, []).append(at)
        if self.case is not None:
            self.case.fees_settled.add(stage)
            if self.case.fee_due == stage:
                self.case.fee_due = None

    def correct(self, number: int, at: datetime) -> None:
        native = self.capabilities.repeats(Operation.ANSWER_CORRECTION)
        if not (native and number in self.corrections):
            self.corrections[number] = self.corrections.get(number, 0) + 1
        self.move(S.IN_REVIEW, at, only_from={S.CORRECTION_REQUESTED})

    def withdraw(self, at: datetime) -> bool:
        """Whether the agency still can; its decision wins."""
        self.withdrawals += 1
        self.move(S.WITHDRAWN, at, only_from=set(S) - ENDS - {S.APPROVED, S.ISSUED, S.DELIVERY_FAILED})
        return self.case is not None and self.case.state is S.WITHDRAWN

    def move(self, to: S, at: datetime, *, only_from: set[S]) -> None:
        if self.case is not None and self.case.state in only_from:
            self.case.history.append((at, to))
            if to is S.ISSUED:
                self.case.deliverables = (factories.deliverable(),)

    def status(self, at: datetime, payment: str | None, *, fresh: bool = False) -> AgencyStatus:
        """What the agency shows; ``fresh`` beside an answer to a write, otherwise with its lag."""
        assert self.case is not None
        seen = at if fresh else at - LAG
        state = self.case.state_at(seen)
        confirmed = None if payment is None else any(told <= seen for told in self.told.get(payment, ()))
        return AgencyStatus(
            state=state,
            raw="CANARY-RAW",
            sequence=self.case.number_at(seen) if self.numbered else None,
            fee_due=self.case.fee_due,
            payment_confirmed=confirmed,
            deliverables=self.case.deliverables if state in {S.ISSUED, S.DELIVERED, S.DELIVERY_FAILED} else (),
            final=state in ENDS,
        )


@dataclass
class Account:
    """One payment as the gateway keeps it."""

    announced: bool = False
    taken: int | None = None
    """Taka that the payer gave."""
    ended: P | None = None
    """What the gateway said when it gave up on the payer."""
    agreed: int | None = None
    """Taka that the payer has agreed to, at a gateway that waits to be told to take them."""
    patience: int = 0
    """How often a gateway that waits says so before the payer's word lapses."""
    in_the_air: bool = False
    """Whether an order to take the money was lost on its way and may still arrive."""
    takes: int = 0
    """How often the payer was charged."""
    refunds: int = 0
    ordered_at: datetime | None = None
    """When it was last told to give the money back."""


RefundHabit = Literal["at once", "by number", "without a number"]
"""How it is told that money was given back: by the answer to the order, to a question, or to the order made again."""


class Gateway:
    """Takes money and gives it back."""

    def __init__(
        self,
        capabilities: ServiceCapabilities,
        *,
        waits: bool = False,
        patience: int = 3,
        refunds: RefundHabit = "at once",
    ) -> None:
        self.capabilities = capabilities
        self.refunds = refunds
        self.waits = waits
        """Whether it takes nothing before it is told to."""
        self.patience = patience
        self.accounts: dict[str, Account] = {}

    def account(self, payment: str) -> Account:
        return self.accounts.setdefault(payment, Account(patience=self.patience))

    def pay(self, payment: str, taka: int) -> None:
        """What the payer does on the gateway's page."""
        account = self.account(payment)
        if not self.waits:
            account.taken, account.takes = taka, account.takes + 1
        elif account.ended is None:
            account.agreed = taka

    def complete(self, payment: str, at: datetime) -> PaymentReport:
        """Take what the payer has agreed to; again, where the gateway does not see that it is the same payment."""
        account = self.account(payment)
        once = self.capabilities.repeats_after_look_up(Operation.COMPLETE_PAYMENT)
        account.in_the_air = False
        if account.agreed is not None and account.ended is None and not (account.takes and once):
            account.taken, account.takes = account.agreed, account.takes + 1
        return self.query(payment, at, sure=True)

    def start(self, payment: str) -> None:
        self.account(payment).announced = True

    def query(self, payment: str, at: datetime, *, sure: bool) -> PaymentReport:
        account = self.account(payment)
        if account.taken is not None:
            return PaymentReport(
                state=P.CAPTURED, amount=factories.taka(account.taken), captured_at=at, payer_name="CANARY-PAYER"
            )
        if not account.announced:
            account.ended = P.EXPIRED
        if account.ended is not None:
            return PaymentReport.model_validate({"state": account.ended})
        if account.agreed is not None:
            account.patience -= 1
            if account.patience < 0 and not account.in_the_air:
                account.ended, account.agreed = P.EXPIRED, None
            return PaymentReport(state=P.AUTHORISED if sure else P.UNKNOWN)
        return PaymentReport(state=P.PENDING if sure else P.UNKNOWN)

    def refund(self, payment: str, at: datetime, number: str | None) -> RefundReport:
        """Give it back; again, where an order without a number is not seen to be the same one."""
        account = self.account(payment)
        if number is not None or self._has_ordered(account, at):
            return RefundReport(state=P.REFUNDED, reference=number)
        account.refunds, account.ordered_at = account.refunds + 1, at
        if self.refunds == "at once":
            return RefundReport(state=P.REFUNDED)
        reference = "CANARY-REFERENCE-REFUND" if self.refunds == "by number" else None
        return RefundReport(state=P.REFUND_PENDING, reference=reference)

    def _has_ordered(self, account: Account, at: datetime) -> bool:
        """Whether whoever orders a refund is seen to have ordered it: by its key, or by the books that they ask."""
        if not account.refunds or self.capabilities.repeats(Operation.REFUND_PAYMENT):
            return account.refunds > 0
        shows = account.ordered_at is None or at - account.ordered_at >= LAG
        return shows and self.capabilities.repeats_after_look_up(Operation.REFUND_PAYMENT)
