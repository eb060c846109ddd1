"""How an agency fares: the circuit at work, its probe, and one log line per edge of an outage."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from nagorik.agency_client.circuit import Admission, CircuitBreaker, State
from nagorik.agency_client.policy import UNANSWERED, VIOLATIONS, Failure
from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, Layer
from nagorik.operations import Idempotency

Probe = Callable[[], Awaitable[bool]]
"""Asks the agency, through the plugin's health hook, whether it is well."""

_PROBING_CLASSES: Final = frozenset({Idempotency.SAFE, Idempotency.NATIVE})


class AgencyHealth:
    """Admits requests while the agency is well and learns from their results whether it is."""

    def __init__(self, circuit: CircuitBreaker, clock: Clock, *, plugin: str, probe: Probe | None) -> None:
        self._circuit = circuit
        self._clock = clock
        self._plugin = plugin
        self._probe = probe
        self._probing: asyncio.Task[None] | None = None
        self._outage_since: float | None = None

    async def admit(self, kind: Idempotency, deadline: Deadline) -> None:
        """Let a request of class ``kind`` come forward, running the health hook first when a probe is due.

        Raises:
            AgencyUnavailable: ``circuit-open``.
        """
        if self._circuit.state is State.CLOSED:
            return
        if self._probe is not None and self._circuit.ask(self._clock.monotonic()) is Admission.PROBE:
            self._circuit.begin_probe(self._clock.monotonic())
            self._probing = asyncio.get_running_loop().create_task(self._run(self._probe))
            await asyncio.wait({self._probing}, timeout=deadline.remaining())
        self._check(kind)

    def depart(self, kind: Idempotency) -> bool:
        """The request goes out now. Whether it is the probe.

        Raises:
            AgencyUnavailable: ``circuit-open``.
        """
        if self._circuit.state is State.CLOSED:
            return False
        self._check(kind)
        self._circuit.begin_probe(self._clock.monotonic())
        return True

    def report(self, failure: Failure | None, *, probe: bool = False) -> None:
        """What became of a request that went out; ``None`` for the answer that was asked for."""
        now = self._clock.monotonic()
        before = self._circuit.state
        if failure in UNANSWERED:
            self._circuit.unanswered(now)
            well = False
        elif failure in VIOLATIONS:
            self._circuit.violated(now)
            well = False
        else:
            self._circuit.answered()
            well = True
        if failure not in UNANSWERED:
            self._answered(now)
        if probe:
            self._decided(now, well=well)
        if before is State.CLOSED and self._circuit.state is State.OPEN:
            cause = "outage" if failure in UNANSWERED else "contract-violations"
            self._log().warning("agency_circuit_opened", plugin=self._plugin, cause=cause)

    def gave_up(self, failure: Failure) -> None:
        """A call ended without the agency's own word, all its attempts included."""
        if failure in UNANSWERED and self._outage_since is None:
            now = self._clock.monotonic()
            since = self._circuit.failing_since
            self._outage_since = now if since is None else since
            self._log().warning("agency_outage_began", plugin=self._plugin, cause=failure.value)

    def close(self) -> None:
        """Stop a probe that is running."""
        if self._probing is not None:
            self._probing.cancel()

    def _check(self, kind: Idempotency) -> None:
        now = self._clock.monotonic()
        if self._circuit.state is State.CLOSED:
            return
        wait = self._circuit.retry_after(now)
        # A write that could not be repeated is never the one to find out whether the agency is well.
        if self._probe is not None or wait > 0 or kind not in _PROBING_CLASSES:
            raise AgencyUnavailable(
                retry_after=wait or self._circuit.probe_after, because="circuit-open", layer=Layer.CORE
            )

    async def _run(self, probe: Probe) -> None:
        well = False
        try:
            well = await probe()
        except Exception:  # noqa: BLE001 - a health hook that fails in whatever way does not say that all is well
            well = False
        finally:
            self._decided(self._clock.monotonic(), well=well)

    def _decided(self, now: float, *, well: bool) -> None:
        if not well:
            self._circuit.probe_failed(now)
            return
        self._circuit.probe_succeeded()
        self._log().info("agency_circuit_closed", plugin=self._plugin)

    def _answered(self, now: float) -> None:
        if self._outage_since is not None:
            lasted = round(now - self._outage_since, 3)
            self._outage_since = None
            self._log().info("agency_outage_ended", plugin=self._plugin, seconds=lasted)

    def _log(self) -> structlog.typing.FilteringBoundLogger:
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("nagorik")
        return logger
