"""The circuit breaker: when calls to an agency stop for a while, and the probe that lets them go on.

``CircuitState`` is what is known of one agency. ``LocalCircuit`` keeps it in memory, for a process that shares its
agencies with no other; a host keeps it in its database, for all its processes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from nagorik.clock import Clock, Deadline
from nagorik.errors import AgencyUnavailable, CredentialsRejected, Layer
from nagorik.manifest import Circuit
from nagorik_platform.agency_client.retry_table import OF_THE_HOST, UNANSWERED, VIOLATIONS, Failure

Probe = Callable[[], Awaitable[bool]]
"""Asks the agency, through the plugin's health hook, whether it is well."""

_BEGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """When calls to one agency stop.

    Attributes:
        violations: Contract violations in a row that open the circuit, at least 1.
        outage: Time without one response, while calls fail, that opens it.
        probe_after: Time that an open circuit waits before its first probe.
        failures: Failures in a row that open it; ``None`` where time alone counts.
    """

    violations: int
    outage: timedelta
    probe_after: timedelta
    failures: int | None = None

    @classmethod
    def of(cls, declared: Circuit, failures: int | None = None) -> "CircuitRules":
        """Take the rules that a manifest declares."""
        outage, probe_after = timedelta(seconds=declared.outage), timedelta(seconds=declared.probe_after)
        return cls(declared.contract_violations, outage, probe_after, failures)


@dataclass(frozen=True, slots=True)
class CircuitState:
    """What is known of one agency; open while ``down_since`` is set. All times are of one scale.

    Attributes:
        failures: Calls in a row that the agency did not answer as it should.
        violations: Contract violations since its last good response.
        failing_since: When the first of the present run of unanswered calls failed.
        down_since: When the circuit opened.
        cause: Why it opened, as a code.
        probe_at: When the next probe may be sent; the last counts as lost by then.
        probes: Probes since the circuit opened.
    """

    failures: int = 0
    violations: int = 0
    failing_since: datetime | None = None
    down_since: datetime | None = None
    cause: str | None = None
    probe_at: datetime | None = None
    probes: int = 0

    def failed(
        self,
        now: datetime,
        rules: CircuitRules,
        cause: str,
        wait: timedelta,
        *,
        is_violation: bool = False,
        is_sure: bool = False,
    ) -> "CircuitState":
        """Count a call that failed for ``cause``, a code. Only a response closes an open circuit.

        Args:
            now: The time.
            rules: When the circuit opens.
            cause: Why the call failed.
            wait: Time until the first probe, if the circuit opens.
            is_violation: Whether the agency answered, and broke its contract.
            is_sure: Whether every other call will fail as well, so that the circuit opens at once.
        """
        since = None if is_violation else self.failing_since or now
        after = replace(
            self, failures=self.failures + 1, violations=self.violations + is_violation, failing_since=since
        )
        opens = (
            is_sure
            or after.violations >= rules.violations
            or (since is not None and now - since >= rules.outage)
            or (rules.failures is not None and after.failures >= rules.failures)
        )
        if self.down_since is not None or not opens:
            return after
        return replace(after, down_since=now, cause=cause, probe_at=now + wait, probes=0)

    def is_due(self, now: datetime) -> bool:
        """Whether the circuit is open and a probe may be sent."""
        return self.down_since is not None and (self.probe_at is None or now >= self.probe_at)

    def probing(self, now: datetime, wait: timedelta) -> "CircuitState":
        """Note that a probe is sent; another may be, ``wait`` later, unless this one closes the circuit."""
        return replace(self, probes=self.probes + 1, probe_at=now + wait)


class LocalCircuit:
    """The circuit of one agency for one process: admits requests, and learns from their results."""

    def __init__(self, rules: CircuitRules, clock: Clock, *, plugin: str, probe: Probe | None) -> None:
        """Begin with an agency that is well; without ``probe``, its health hook, a request serves as the probe."""
        self._rules = rules
        self._clock = clock
        self._plugin = plugin
        self._probe = probe
        self._state = CircuitState()

    async def admit(self, deadline: Deadline) -> bool:
        """Admit a request, asking the health hook first when a probe is due. Whether the request is the probe.

        Raises:
            AgencyUnavailable: ``circuit-open``.
            CredentialsRejected: As the health hook raises it.
        """
        now = self._now()
        if self._state.is_due(now):
            self._state = self._state.probing(now, self._rules.probe_after)
            if self._probe is None:
                return True
            await self._ask(self._probe, deadline)
        self.check(is_probe=False)
        return False

    def check(self, *, is_probe: bool) -> None:
        """Let an admitted request be sent.

        Raises:
            AgencyUnavailable: ``circuit-open``: it has opened since, and the request is not the probe.
        """
        if self._state.down_since is None or is_probe:
            return
        at, now = self._state.probe_at, self._now()
        left = self._rules.probe_after if at is None or at <= now else at - now
        raise AgencyUnavailable(retry_after=left.total_seconds(), because="circuit-open", layer=Layer.CORE)

    def report(self, failure: Failure | None, *, decides: bool = True) -> None:
        """Learn how a request ended that was sent; without a failure, it brought what was asked for.

        A response shows that the agency is well where it ``decides``; a login's and the health hook's do not.
        """
        if failure in OF_THE_HOST:
            return
        if failure in UNANSWERED | VIOLATIONS:
            before, rules, is_violation = self._state, self._rules, failure in VIOLATIONS
            cause = "contract-violations" if is_violation else "outage"
            self._state = before.failed(self._now(), rules, cause, rules.probe_after, is_violation=is_violation)
            if before.down_since is not self._state.down_since:
                import structlog  # not with this module: a command that only reads the host's tables logs nothing

                structlog.get_logger("nagorik").warning("agency_circuit_opened", plugin=self._plugin, cause=cause)
        elif decides:
            self._close()

    async def _ask(self, probe: Probe, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.remaining()):
                is_well = await probe()
        except CredentialsRejected:
            raise
        except Exception:  # noqa: BLE001 - a health hook may raise anything; it does not say that all is well
            is_well = False
        if is_well:
            self._close()

    def _close(self) -> None:
        if self._state.down_since is not None:
            seconds = round((self._now() - self._state.down_since).total_seconds(), 3)
            import structlog

            structlog.get_logger("nagorik").info("agency_circuit_closed", plugin=self._plugin, seconds=seconds)
        self._state = CircuitState()

    def _now(self) -> datetime:
        return _BEGIN + timedelta(seconds=self._clock.monotonic())
