"""What a rule is given beside the row: what the service can do and what time it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.state import BookingState, Hold, Party, Payment, Progress, ServiceCapabilities


@dataclass(frozen=True, slots=True)
class RuleContext:
    """A service's capabilities and an instant, which every event that a rule gives is dated with."""

    capabilities: ServiceCapabilities
    now: datetime

    def moved(self, to: ApplicationState, actor: e.Actor, code: str, *, inferred: bool = False) -> e.Moved:
        """The application moves along one row of its table."""
        return e.Moved(at=self.now, to=to, actor=actor, code=code, inferred=inferred)

    def payment_moved(
        self, payment: Payment, to: PaymentState, actor: e.Actor, code: str, **details: Any
    ) -> e.PaymentMoved:
        """Move a payment along one row of its table; ``details`` are further members of the event."""
        return e.PaymentMoved(at=self.now, payment=payment.id, to=to, actor=actor, code=code, **details)

    def held(self, state: Progress, party: Party, code: str) -> e.Events:
        """The application waits for ``party``, unless it already waits for the same reason."""
        hold = Hold(party=party, code=code)
        if state.hold != hold:
            yield e.Held(at=self.now, hold=hold)

    def booking_became(self, state: Progress, to: BookingState, reference: str | None = None) -> e.Events:
        """What became of the appointment that the citizen chose."""
        if state.booking is not None:
            update = {"state": to, "since": self.now, "reference": reference}
            yield e.BookingChanged(at=self.now, booking=state.booking.model_copy(update=update))

    def flags_changed(
        self, state: Progress, *, raised: frozenset[Flag] = frozenset(), lowered: frozenset[Flag] = frozenset()
    ) -> e.Events:
        """Flags are raised and lowered, if that changes anything."""
        new = raised - state.flags
        gone = (lowered & state.flags) - raised
        if new or gone:
            yield e.FlagsChanged(at=self.now, raised=new, lowered=gone)


LifecycleRule = Callable[[Progress, RuleContext], Iterable[e.Event]]
"""A rule that knows what happened: what follows for a row."""
