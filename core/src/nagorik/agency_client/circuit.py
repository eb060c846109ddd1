"""When calls to an agency stop for a while: a state machine without input or output."""

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    """They do."""
    OPEN = "open"
    """They do not."""
    PROBING = "probing"
    """One does, and its result decides."""


class Admission(StrEnum):
    """What the circuit says to one request."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    PROBE = "probe"
    """It may go through, and its result decides whether the circuit closes."""
    REFUSE = "refuse"


@dataclass(slots=True)
class CircuitBreaker:
    """Opens on contract violations in a row and on a sustained outage; closes when one probe succeeds.

    All times are seconds on one monotonic scale. Results of requests that were admitted before the circuit opened
    may still arrive while it is open: they change nothing, because only the probe decides.

    Attributes:
        contract_violations: Violations in a row that open it, at least 1.
        outage: Seconds without an answer, while requests fail, that open it.
        probe_after: Seconds an open circuit waits before it admits a probe. A probe that has not reported for as
            long is taken for lost, and another is admitted.
    """

    contract_violations: int
    outage: float
    probe_after: float
    state: State = field(default=State.CLOSED, init=False)
    since: float = field(default=0.0, init=False)
    """When the present state began; meaningless while closed."""
    violations: int = field(default=0, init=False)
    """Contract violations in a row, while closed."""
    failing_since: float | None = field(default=None, init=False)
    """When the first of the present run of unanswered requests failed."""

    def ask(self, now: float) -> Admission:
        """What a request at ``now`` would be told; changes nothing."""
        if self.state is State.CLOSED:
            return Admission.PASS
        return Admission.REFUSE if self.retry_after(now) > 0 else Admission.PROBE

    def begin_probe(self, now: float) -> None:
        """The request that was told ``PROBE`` goes out."""
        self.state, self.since = State.PROBING, now

    def retry_after(self, now: float) -> float:
        """Seconds until a probe may go through; 0.0 while the circuit is closed."""
        return 0.0 if self.state is State.CLOSED else max(0.0, self.since + self.probe_after - now)

    def answered(self) -> None:
        """The agency gave an answer that keeps its contract, be it a refusal."""
        self.failing_since = None
        if self.state is State.CLOSED:
            self.violations = 0

    def violated(self, now: float) -> None:
        """The agency gave an answer that breaks its contract."""
        self.failing_since = None
        if self.state is State.CLOSED:
            self.violations += 1
            if self.violations >= self.contract_violations:
                self._open(now)

    def unanswered(self, now: float) -> None:
        """The agency gave no answer, or only a gateway's in its stead."""
        if self.failing_since is None:
            self.failing_since = now
        if self.state is State.CLOSED and now - self.failing_since >= self.outage:
            self._open(now)

    def probe_succeeded(self) -> None:
        """The probe was answered: calls go through again."""
        self.state, self.violations, self.failing_since = State.CLOSED, 0, None

    def probe_failed(self, now: float) -> None:
        """The probe was not answered, or wrongly: the wait begins anew."""
        self._open(now)

    def _open(self, now: float) -> None:
        self.state, self.since, self.violations = State.OPEN, now, 0
