"""How an agency fares: when calls to it stop for a while, the probe that lets them go on, one log line per edge.

``CircuitBreaker`` is a state machine without input or output; ``AgencyHealth`` runs it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, CredentialsRejected, Layer
from nagorik.operations import Idempotency
from nagorik_platform.agency_client.retry_table import OF_THE_HOST, UNANSWERED, VIOLATIONS, Failure


class CircuitState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    """They do."""
    OPEN = "open"
    """They do not."""
    PROBING = "probing"
    """One does, and its result decides."""


class CircuitDecision(StrEnum):
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
    state: CircuitState = field(default=CircuitState.CLOSED, init=False)
    since: float = field(default=0.0, init=False)
    """When the present state began; meaningless while closed."""
    violations: int = field(default=0, init=False)
    """Contract violations in a row, while closed."""
    probe: int = field(default=0, init=False)
    """The number of the last probe."""
    failing_since: float | None = field(default=None, init=False)
    """When the first of the present run of unanswered requests failed."""

    def ask(self, now: float) -> CircuitDecision:
        """What a request at ``now`` would be told; changes nothing."""
        if self.state is CircuitState.CLOSED:
            return CircuitDecision.PASS
        return CircuitDecision.REFUSE if self.retry_after(now) > 0 else CircuitDecision.PROBE

    def begin_probe(self, now: float) -> int:
        """The request that was told ``PROBE`` goes out; its number, from 1."""
        self.state, self.since, self.probe = CircuitState.PROBING, now, self.probe + 1
        return self.probe

    def retry_after(self, now: float) -> float:
        """Seconds until a probe may go through; 0.0 while the circuit is closed."""
        return 0.0 if self.state is CircuitState.CLOSED else max(0.0, self.since + self.probe_after - now)

    def answered(self) -> None:
        """The agency gave an answer that keeps its contract, be it a refusal."""
        self.failing_since = None
        if self.state is CircuitState.CLOSED:
            self.violations = 0

    def violated(self, now: float) -> None:
        """The agency gave an answer that breaks its contract."""
        self.failing_since = None
        if self.state is CircuitState.CLOSED:
            self.violations += 1
            if self.violations >= self.contract_violations:
                self._open(now)

    def unanswered(self, now: float) -> None:
        """The agency gave no answer, or only a gateway's in its stead."""
        if self.failing_since is None:
            self.failing_since = now
        if self.state is CircuitState.CLOSED and now - self.failing_since >= self.outage:
            self._open(now)

    def decides(self, probe: int) -> bool:
        """Whether a probe is out still: one that was taken for lost says nothing, as others have asked since."""
        return self.state is CircuitState.PROBING and probe == self.probe

    def probe_succeeded(self, probe: int) -> bool:
        """A probe was answered: calls go through again, if it ``decides``; whether it does."""
        if not self.decides(probe):
            return False
        self.state, self.violations, self.failing_since = CircuitState.CLOSED, 0, None
        return True

    def probe_failed(self, now: float, probe: int) -> None:
        """A probe was not answered, or wrongly: the wait begins anew, if it ``decides``."""
        if self.decides(probe):
            self._open(now)

    def put_off(self, now: float) -> None:
        """What a probe needs before it can go out was not answered, or wrongly: the wait begins anew."""
        if self.state is CircuitState.OPEN:
            self._open(now)

    def _open(self, now: float) -> None:
        self.state, self.since, self.violations = CircuitState.OPEN, now, 0


Probe = Callable[[], Awaitable[bool]]
"""Asks the agency, through the plugin's health hook, whether it is well."""

_REPEATABLE: Final = frozenset({Idempotency.SAFE, Idempotency.NATIVE})
LAST_RESORT: Final = 900.0
"""Seconds after the wait of an open circuit without a health hook until even a write that could not be repeated is
its probe: in so long nothing else has come to ask the agency, and nothing might ever."""


class AgencyHealth:
    """Admits requests while the agency is well and learns from their results whether it is."""

    def __init__(self, circuit: CircuitBreaker, clock: Clock, *, plugin: str, probe: Probe | None) -> None:
        self._circuit = circuit
        self._clock = clock
        self._plugin = plugin
        self._probe = probe
        self._probing: set[asyncio.Task[CredentialsRejected | None]] = set()
        self._outage_since: float | None = None

    async def admit(self, kind: Idempotency, deadline: Deadline) -> None:
        """Let a request of class ``kind`` come forward, running the health hook first when a probe is due.

        Raises:
            AgencyUnavailable: ``circuit-open``.
            CredentialsRejected: The agency lets nobody in, as it has told the probe that was run for this request, or
                told lately. Whoever reads why it is not reached would otherwise wait for it to become well.
        """
        if self._circuit.state is CircuitState.CLOSED:
            return
        if self._probe is not None and self._circuit.ask(self._clock.monotonic()) is CircuitDecision.PROBE:
            number = self._circuit.begin_probe(self._clock.monotonic())
            # One that has not told for so long is taken for lost, and asks the agency beside the next.
            self.close()
            # It is nobody's call: what a host knows of the one that happened to start it says nothing of the others.
            probing = asyncio.get_running_loop().create_task(self._run(self._probe, number), context=Context())
            self._probing.add(probing)
            probing.add_done_callback(self._probing.discard)
            await asyncio.wait({probing}, timeout=deadline.remaining())
            if probing.done() and not probing.cancelled() and (refused := probing.result()) is not None:
                raise refused
        self._check(kind)

    def start_request(self, kind: Idempotency) -> int:
        """The request goes out now. The number of the probe that it is, 0 if it is none.

        Raises:
            AgencyUnavailable: ``circuit-open``.
        """
        if self._circuit.state is CircuitState.CLOSED:
            return 0
        self._check(kind)
        return self._circuit.begin_probe(self._clock.monotonic())

    def report(self, failure: Failure | None, *, probe: int = 0, is_login: bool = False) -> None:
        """What became of a request that went out, as the probe of that number if it was one.

        ``failure`` is ``None`` for the answer that was asked for. A login passes an open circuit, for the request
        that would be the probe; if it fails, that one is as good as failed. That it is answered says nothing of what
        it is made for, which others may answer, elsewhere.
        """
        if is_login and failure not in UNANSWERED | VIOLATIONS:
            return
        now, well = self._clock.monotonic(), False
        if failure not in OF_THE_HOST and not (probe and not self._circuit.decides(probe)):
            well = self._learn(failure, now)
        if failure not in OF_THE_HOST | UNANSWERED:
            self._answered(now)
        if probe:
            self._decided(now, probe, well=well)
        elif is_login and self._probe is None:
            self._circuit.put_off(now)

    def _learn(self, failure: Failure | None, now: float) -> bool:
        """Take in what became of a request; whether it was answered as it should be."""
        before = self._circuit.state
        if failure in UNANSWERED:
            self._circuit.unanswered(now)
        elif failure in VIOLATIONS:
            self._circuit.violated(now)
        else:
            self._circuit.answered()
        if before is CircuitState.CLOSED and self._circuit.state is CircuitState.OPEN:
            cause = "outage" if failure in UNANSWERED else "contract-violations"
            self._log().warning("agency_circuit_opened", plugin=self._plugin, cause=cause)
        return failure not in UNANSWERED and failure not in VIOLATIONS

    def call_failed(self, failure: Failure) -> None:
        """A call ended without the agency's own word, all its attempts included."""
        if failure in UNANSWERED and self._outage_since is None:
            now = self._clock.monotonic()
            since = self._circuit.failing_since
            self._outage_since = now if since is None else since
            self._log().warning("agency_outage_began", plugin=self._plugin, cause=failure.value)

    def close(self) -> None:
        """Stop the probes that are running."""
        for probing in self._probing:
            probing.cancel()

    def _check(self, kind: Idempotency) -> None:
        now = self._clock.monotonic()
        if self._circuit.state is CircuitState.CLOSED:
            return
        wait = self._circuit.retry_after(now)
        if self._probe is not None or wait > 0 or not self._may_probe(kind, now):
            raise AgencyUnavailable(
                retry_after=wait or self._circuit.probe_after, because="circuit-open", layer=Layer.CORE
            )

    def _may_probe(self, kind: Idempotency, now: float) -> bool:
        """Whether a request of this class may find out how the agency is: one that can be repeated, if any."""
        wait = self._circuit.probe_after + LAST_RESORT
        return kind in _REPEATABLE or now - self._circuit.since >= wait

    async def _run(self, probe: Probe, number: int) -> CredentialsRejected | None:
        """Run the health hook, and have its result decide; that the agency lets nobody in, if that is what it was."""
        well, refused = False, None
        try:
            well = await probe()
        except CredentialsRejected as error:
            refused = error
        except Exception:  # noqa: BLE001 - a health hook that fails in whatever way does not say that all is well
            well = False
        finally:
            self._decided(self._clock.monotonic(), number, well=well)
        return refused

    def _decided(self, now: float, probe: int, *, well: bool) -> None:
        if not well:
            self._circuit.probe_failed(now, probe)
        elif self._circuit.probe_succeeded(probe):
            self._log().info("agency_circuit_closed", plugin=self._plugin)

    def _answered(self, now: float) -> None:
        if self._outage_since is not None:
            lasted = round(now - self._outage_since, 3)
            self._outage_since = None
            self._log().info("agency_outage_ended", plugin=self._plugin, seconds=lasted)

    def _log(self) -> structlog.typing.FilteringBoundLogger:
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("nagorik")
        return logger
