"""Writing a journal while a step thinks."""

from datetime import datetime
from typing import TypeVar

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.operations import OPERATIONS, Operation
from nagorik.values import Money
from nagorik_platform.lifecycle.events import (
    Actor,
    AttemptBegan,
    Event,
    FlagsChanged,
    Held,
    JournalEvent,
    Moved,
    PaymentMoved,
)
from nagorik_platform.lifecycle.fold import apply
from nagorik_platform.lifecycle.state import Attempt, Hold, Party, Progress
from nagorik_platform.lifecycle.tables import payment_targets

EventT = TypeVar("EventT", bound=JournalEvent)


class JournalWriter:
    """A progress and the events that a step adds to it; every event is applied as it is written."""

    def __init__(self, progress: Progress, now: datetime) -> None:
        self.progress = progress
        self.now = now
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """Apply one event and keep it."""
        self.progress = apply(self.progress, event)
        self.events.append(event)

    def begin(self, operation: Operation, *, payment: str | None, deliverable: str | None) -> None:
        """Have a call in flight: announced in the journal where it can have an effect, otherwise in the row alone."""
        if OPERATIONS[operation].writes:
            self.add(AttemptBegan(at=self.now, operation=operation, payment=payment, deliverable=deliverable))
            return
        attempt = Attempt(operation=operation, payment=payment, deliverable=deliverable, began_at=self.now)
        self.progress = self.progress.model_copy(update={"attempt": attempt})

    def move(self, to: ApplicationState, actor: Actor, code: str, *, inferred: bool = False) -> None:
        """Move the application along one row of its table."""
        self.add(Moved(at=self.now, to=to, actor=actor, code=code, inferred=inferred))

    def move_payment(
        self,
        payment: str,
        to: PaymentState,
        actor: Actor,
        code: str,
        *,
        reference: str | None = None,
        taken: Money | None = None,
        captured_at: datetime | None = None,
        payer_name: str | None = None,
        officer: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Move a payment along one row of its table."""
        self.add(
            PaymentMoved(
                at=self.now,
                payment=payment,
                to=to,
                actor=actor,
                code=code,
                reference=reference,
                taken=taken,
                captured_at=captured_at,
                payer_name=payer_name,
                officer=officer,
                reason=reason,
            )
        )

    def could_move_payment(self, payment: str, to: PaymentState) -> bool:
        """Whether a payment's table has a row from where it is to ``to``."""
        return to in payment_targets(self.progress.payment(payment).state)

    def hold(self, party: Party, code: str) -> None:
        """Let the application wait for somebody, unless it already waits for the same reason."""
        hold = Hold(party=party, code=code)
        if self.progress.hold != hold:
            self.add(Held(at=self.now, hold=hold))

    def flags(self, *, raised: frozenset[Flag] = frozenset(), lowered: frozenset[Flag] = frozenset()) -> None:
        """Raise and lower flags, if that changes anything."""
        new = raised - self.progress.flags
        gone = (lowered & self.progress.flags) - raised
        if new or gone:
            self.add(FlagsChanged(at=self.now, raised=new, lowered=gone))
