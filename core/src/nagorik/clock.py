"""Time as the platform sees it: one clock, passed in, so that a test or a training host can hold it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self


class Clock(Protocol):
    """Tells the time and waits.

    ``now`` is an aware UTC instant and may jump; ``monotonic`` is seconds from an arbitrary origin and never
    goes back. Everything that waits for an agency waits through ``sleep``.
    """

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin, never decreasing; call it inside a running event loop."""

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` (0 or more) of this clock's time."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment on a clock's monotonic scale after which a call's answer is no longer waited for."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Self:
        """A deadline ``seconds`` from now on ``clock``."""
        return cls(clock=clock, at=clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed."""
        return max(0.0, self.at - self.clock.monotonic())
