"""What a step reads: how an application fares, which is the row that a host keeps, and what its service can do."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from nagorik.manifest import PaymentGateway, PublicService
from nagorik.model.application import Consent
from nagorik.model.eligibility import Eligibility
from nagorik.model.fee import Quote, QuoteLine
from nagorik.model.payment import PaymentReceipt
from nagorik.model.status import AgencyStatus, ApplicationState, Deliverable, Flag, PaymentState, Slot
from nagorik.operations import OPERATIONS, Idempotency, Operation
from nagorik.privacy import PERSONAL, Model
from nagorik.values import Money
from nagorik_platform.documents import DOCUMENT_UNREADABLE
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN, MONEY_TAKEN


class Party(StrEnum):
    """Who can move an application that is not moving by itself."""

    CITIZEN = "citizen"
    PERSON = "person"
    """An officer of the platform, by name."""
    AGENCY = "agency"
    """The agency, which cannot be asked and reports by itself."""


FEE_NOT_SETTLED: Final = "fee-not-settled"
"""The code of a hold for a price that cannot be had, so that no money is asked for."""
CALL_IN_VAIN: Final = "call-in-vain"
"""The code of a hold for any other call that fails for a reason which waiting does not mend."""


FEE_WITHOUT_PRICE: Final = "fee-without-price"
"""The code of a hold for a fee of a service that cannot be asked for its prices."""
FEE_DEMANDED_AGAIN: Final = "fee-demanded-again"
"""The code of a hold for a fee that the agency goes on demanding although it was paid."""


PAYMENT_REFUSED: Final = "payment-refused"
"""The code of a hold for payments that the gateway refuses to begin: an officer's case, and the payer may try on."""


REFUND_BY_HAND: Final = "refund-by-hand"
"""The code of a hold for money that no gateway gives back: an officer's case until they have seen it given back."""
REFUND_IN_DOUBT: Final = "refund-in-doubt"
"""The code of such a hold where money may be back already: the officer asks the gateway before giving it back."""
REFUND_OVERDUE: Final = "refund-overdue"
"""The code of a hold for a refund that a gateway, long after its order, has not reported as done."""


class Hold(Model):
    """Why an application waits."""

    party: Party
    code: str
    """Stable, such as ``eligibility-indeterminate`` or ``consent-fee-ceiling``."""

    @property
    def tries_on(self) -> bool:
        """Whether it stops nothing: what fails is tried on, and the hold ends when its reason does."""
        return self.code in {
            FEE_NOT_SETTLED,
            CALL_IN_VAIN,
            DOCUMENT_UNREADABLE,
            FEE_WITHOUT_PRICE,
            FEE_DEMANDED_AGAIN,
            REFUND_BY_HAND,
            REFUND_IN_DOUBT,
            REFUND_OVERDUE,
        }

    @property
    def lets_citizen_act(self) -> bool:
        """Whether it is the citizen's to end, be it that an officer looks, too."""
        return self.party is Party.CITIZEN or self.code == PAYMENT_REFUSED


class Attempt(Model):
    """An intent: committed before a call, so that a killed process leaves a question and not a gap."""

    operation: Operation
    payment: str | None = None
    """The payment it is about."""
    deliverable: str | None = None
    """The kind of the deliverable it is about."""
    began_at: AwareDatetime

    @property
    def subject(self) -> str | None:
        """What distinguishes this operation's calls within an application."""
        return self.payment or self.deliverable


class Backoff(Model):
    """How an operation has fared lately and when it is worth another try."""

    operation: Operation
    subject: str | None = None
    failures: int = Field(default=0, ge=0)
    """Attempts in a row that settled nothing."""
    in_vain: int = Field(default=0, ge=0)
    """How many of them failed for a reason that waiting does not mend."""
    unreadable: bool = False
    """Whether the last of them sent nothing because a paper cannot be read."""
    not_before: AwareDatetime | None = None


class FeeWaiver(Model):
    """A stage that the agency wants paid and that costs nothing."""

    stage: str
    until: AwareDatetime
    """When the price lapses, so that it is asked for again if the agency still wants it paid."""


class GatewayWord(Model):
    """What a gateway says, for good, of a payment's money."""

    state: PaymentState
    amount: Money | None = None
    """What it took, where it took something and the sum can be read."""


class Payment(Model):
    """One attempt to pay one quote."""

    id: str
    quote: str
    stage: str
    gateway: str
    amount: Money
    """What the payer is asked for, charges included."""
    charges: tuple[QuoteLine, ...] = ()
    """What of it is the host's own beside the quote; the agency never hears of it."""
    taken: Money | None = None
    """What the gateway says it took, if that is something else."""
    state: PaymentState
    opened_at: AwareDatetime
    moved_at: AwareDatetime | None = None
    """When it came into its present state; ``None`` for one that was only opened."""
    announced_at: AwareDatetime | None = None
    """Since when the gateway knows of it, or may know; long after it was opened where the gateway was not there."""
    reference: Annotated[str | None, PERSONAL] = None
    captured_at: AwareDatetime | None = None
    """When the gateway took the money, or an officer decided that it had; without it, no money is given back."""
    refunded_at: AwareDatetime | None = None
    """When the payer had the money back."""
    payer_name: Annotated[str | None, PERSONAL] = None
    advice_lost_at: AwareDatetime | None = None
    """When an answer to telling the agency of the payment was lost, as long as nothing has settled it."""
    is_shown: bool = False
    """Whether its receipt went with a filing, which may have arrived although its answer was lost."""
    completion_lost_at: AwareDatetime | None = None
    """When an answer to completing it was lost, until the gateway has said again how it stands."""
    refund_reference: Annotated[str | None, PERSONAL] = None
    """What the gateway calls the refund that was ordered."""
    refund_requested_at: AwareDatetime | None = None
    """When a refund was first to be ordered: one payment is ordered to be given back once."""
    refund_ordered_at: AwareDatetime | None = None
    """When the gateway was last found to have the order to give it back, or perhaps to have it (an answer was lost);
    ``None`` again once it has said that the refund failed."""
    decided: bool = False
    """Whether its state is an officer's word; so are advice and confirmation of money that an officer found taken."""
    contested: GatewayWord | None = None
    """The gateway's word that gave it to an officer, until the gateway has moved it otherwise. An officer who has
    decided since knew of it, so that the same word again is no news."""
    asked_at: AwareDatetime | None = None
    """When the gateway was asked what it has answered since, for good, without moving the payment."""
    noticed_at: AwareDatetime | None = None
    """When the latest message named this payment, until the gateway has given its final word on a later question."""

    @property
    def noticed(self) -> bool:
        """Whether a message named this payment and the gateway has not been asked for its final word since."""
        return self.noticed_at is not None

    @property
    def refund_in_doubt(self) -> bool:
        """Whether money of it is back, or may be, or may come: the gateway is asked before any is given by hand."""
        return self.refund_ordered_at is not None or self.refunded_at is not None

    @property
    def sum(self) -> Money:
        """What the payer has given or would give."""
        return self.taken or self.amount

    @property
    def agency_share(self) -> Money:
        """What of the sum is for the agency: all but the host's charges."""
        charged = sum(line.total.poisha for line in self.charges)
        return Money(poisha=max(0, self.sum.poisha - charged), currency=self.sum.currency)

    def receipt(self) -> PaymentReceipt:
        """Proof of the capture, for the agency and of its own share.

        Raises:
            ValueError: Nothing was captured.
        """
        if self.captured_at is None:
            raise ValueError(f"payment in state {self.state.value} has no receipt")
        return PaymentReceipt(
            payment=self.id,
            quote=self.quote,
            stage=self.stage,
            gateway=self.gateway,
            reference=self.reference or self.id,
            amount=self.agency_share,
            captured_at=self.captured_at,
            payer_name=self.payer_name,
        )


BookingState = Literal["wanted", "booked", "refused", "unknown"]


class Booking(Model):
    """The appointment that the citizen chose last, and what became of it."""

    slot: Slot
    chosen_at: AwareDatetime
    """When; distinguishes the key of one choice from the next."""
    state: BookingState = "wanted"
    since: AwareDatetime
    """When it came into that state."""
    reference: Annotated[str | None, PERSONAL] = None


class Progress(Model):
    """Where an application is. Holds nothing of the citizen's form: only references, states and times."""

    id: str
    service: str
    plugin_version: str
    """The plugin that the application is pinned to, as ``distribution version``."""
    client_reference: Annotated[str, PERSONAL]
    """The platform's reference, shown to the agency; the same for every attempt."""
    idempotency_key: Annotated[str, PERSONAL]
    """The root of the keys of all its writes; never changes."""
    opened_at: AwareDatetime
    events: int = Field(default=0, ge=0)
    """How many events have been applied."""
    state: ApplicationState = ApplicationState.DRAFT
    flags: frozenset[Flag] = frozenset()
    hold: Hold | None = None
    consent: Consent | None = None
    eligibility: Eligibility | None = None
    acknowledged: bool = False
    """Whether the citizen wants to go on although eligibility is not known."""
    quote: Quote | None = None
    """The quote in force for the stage that is due, if any."""
    fee_due: str | None = None
    """The stage that the agency wants paid now."""
    waiver: FeeWaiver | None = None
    payments: tuple[Payment, ...] = ()
    attempt: Attempt | None = None
    backoffs: tuple[Backoff, ...] = ()
    """Operations that were tried or put off; what is not named here may be tried at once."""
    sent_at: AwareDatetime | None = None
    """When the latest attempt to file began."""
    filing_unknown: bool = False
    """Whether an attempt to file was lost and nothing has settled since what became of it."""
    lost_at: AwareDatetime | None = None
    """When the latest attempt to file was found to be lost."""
    lost_since: AwareDatetime | None = None
    """When the first of the attempts was that were lost one after the other, with nothing settled between."""
    lost_in_a_row: int = Field(default=0, ge=0)
    """How many attempts in a row were lost and then found not to have arrived."""
    agency_reference: Annotated[str | None, PERSONAL] = None
    submitted_at: AwareDatetime | None = None
    status: AgencyStatus | None = None
    """The agency's latest report."""
    status_at: AwareDatetime | None = None
    """When it was received."""
    last_sequence: int | None = None
    seen_events: Annotated[frozenset[str], PERSONAL] = frozenset()
    deliverables: tuple[Deliverable, ...] = ()
    fetched: frozenset[str] = frozenset()
    """Kinds of deliverable that are in the document store, as last reported."""
    correction_ready: bool = False
    """The citizen has corrected the form; it is to be sent."""
    correction_lost_at: AwareDatetime | None = None
    """When the answer to a correction was lost, as long as nothing has settled whether it arrived."""
    corrections: int = Field(default=0, ge=0)
    """How many corrections the citizen has given; distinguishes the key of one from the next."""
    withdrawal_wanted: bool = False
    """The citizen wants the application taken back; the agency is to be informed."""
    withdrawals: int = Field(default=0, ge=0)
    """How often the citizen wanted it taken back; distinguishes the key of one withdrawal from the next."""
    withdrawal_lost_at: AwareDatetime | None = None
    """When the answer to a withdrawal was lost, as long as nothing has settled whether it arrived."""
    booking: Booking | None = None
    restored_at: AwareDatetime | None = None
    """When the database was restored from a copy, if it ever was."""
    begun_since: frozenset[str] = frozenset()
    """Writes that were begun since then, each as ``write_name`` says; the first attempt at any other is in doubt."""

    @property
    def stage(self) -> str:
        """The stage whose fee is the next to be dealt with."""
        return self.fee_due or "application"

    def booking_in(self, *states: BookingState) -> Booking | None:
        """The appointment that the citizen chose, if it is in one of ``states``."""
        return self.booking if self.booking is not None and self.booking.state in states else None

    def payment(self, payment_id: str) -> Payment:
        """Find the payment with this id.

        Raises:
            KeyError: It does not exist.
        """
        for payment in self.payments:
            if payment.id == payment_id:
                return payment
        raise KeyError(payment_id)

    def payment_in(self, *states: PaymentState) -> Payment | None:
        """The latest payment in one of ``states``."""
        return next((p for p in reversed(self.payments) if p.state in states), None)

    def backoff(self, operation: Operation, subject: str | None = None) -> Backoff:
        """How an operation has fared lately; as good as new if it was not tried."""
        fresh = Backoff(operation=operation, subject=subject)
        return next((w for w in self.backoffs if w.operation is operation and w.subject == subject), fresh)

    @property
    def is_filed(self) -> bool:
        """Whether the agency holds the application."""
        return self.agency_reference is not None

    @property
    def latest_taken(self) -> Payment | None:
        """The payment that an agency speaks of when it says whether it holds the latest one."""
        return self.payment_in(*MONEY_TAKEN)

    def is_paid(self, stage: str) -> bool:
        """Whether the payer's money for ``stage`` has been captured and not given back."""
        return any(p.stage == stage and p.state in MONEY_TAKEN for p in self.payments)

    def is_due(self, stage: str, at: datetime) -> bool:
        """Whether a stage that the agency wants paid is still to be dealt with: neither paid nor free."""
        free = self.waiver is not None and self.waiver.stage == stage and at < self.waiver.until
        return not free and not self.is_paid(stage)

    def is_confirmed(self, stage: str) -> bool:
        """Whether the agency holds the money for ``stage``."""
        return any(p.stage == stage and p.state is PaymentState.CONFIRMED for p in self.payments)

    def write_name(self, operation: Operation, payment: str | None) -> str:
        """What distinguishes an operation's writes: the payment, or its stage for what is to take its money."""
        subject = payment
        if operation in {Operation.START_PAYMENT, Operation.COMPLETE_PAYMENT} and payment is not None:
            subject = self.payment(payment).stage
        return f"{operation.value}/{subject or ''}"

    def is_in_doubt(self, operation: Operation, payment: str | None) -> bool:
        """Whether a write may have been made by the database that was lost."""
        if self.restored_at is None or not OPERATIONS[operation].writes:
            return False
        return self.write_name(operation, payment) not in self.begun_since

    def receipts(self) -> tuple[PaymentReceipt, ...]:
        """Receipts of all captured payments, oldest first."""
        return tuple(p.receipt() for p in self.payments if p.state in MONEY_TAKEN)

    def spending(self) -> tuple[Money, ...]:
        """Sums spent or on their way for this application: everything not failed, lapsed or given back."""
        free = MONEY_NOT_TAKEN | {PaymentState.REFUNDED, PaymentState.REFUND_MANUAL}
        return tuple(p.sum for p in self.payments if p.state not in free)

    def deliverables_to_fetch(self) -> tuple[Deliverable, ...]:
        """Deliverables that can be downloaded and are not in the document store."""
        return tuple(a for a in self.deliverables if a.delivery == "download" and a.kind not in self.fetched)

    def age(self, at: datetime) -> float:
        """Seconds since it was filed, or opened if it has not been."""
        return (at - (self.submitted_at or self.opened_at)).total_seconds()


class ServiceCapabilities(Model):
    """What a service offers and how its writes repeat, as far as they decide what comes next."""

    operations: Mapping[Operation, Idempotency | None]
    """Every operation offered, the gateway's included; a write with its idempotency class."""
    gateway: str | None
    """The gateway that the citizen pays with."""
    lookup_grace: float
    """Seconds after a lost answer before a look-up that finds nothing is believed."""
    charges: tuple[QuoteLine, ...] = ()
    """What the host asks for beside the agency's fee, today: lines with payee and nature."""

    @classmethod
    def of(
        cls, service: PublicService, gateway: PaymentGateway | None = None, charges: Iterable[QuoteLine] = ()
    ) -> "ServiceCapabilities":
        """The capabilities of a service paid through ``gateway``, with what the host asks for beside its fee."""
        operations: dict[Operation, Idempotency | None] = {}
        for offer in filter(None, (service, gateway)):
            operations |= dict.fromkeys(offer.reads)
            operations |= offer.writes
        return cls(
            operations=operations,
            gateway=gateway.id if gateway else None,
            lookup_grace=service.lookup_grace.total_seconds(),
            charges=tuple(charges),
        )

    def offers(self, operation: Operation) -> bool:
        """Whether the operation exists."""
        return operation in self.operations

    def repeats_after_look_up(self, operation: Operation) -> bool:
        """Whether the operation may be done again once a look-up has said that it is not done."""
        return self.repeats(operation) or self.operations.get(operation) is Idempotency.CLIENT_REFERENCE

    def repeats(self, operation: Operation) -> bool:
        """Whether the agency itself sees to it that doing the operation twice does it once."""
        return self.operations.get(operation) in {Idempotency.NATIVE, Idempotency.SAFE}
