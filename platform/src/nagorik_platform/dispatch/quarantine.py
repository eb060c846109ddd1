"""Keeping out a plugin that fails again and again, and letting it in once it was tried and works."""

from collections.abc import Iterable
from typing import Final

from nagorik.clock import Clock
from nagorik.errors import PluginFault
from nagorik.model.application import Applicant
from nagorik_platform.dispatch.faults import PAUSE_AFTER_LOSSES, FaultSubject, is_to_be_probed, log_fault
from nagorik_platform.dispatch.runtime import PluginRuntime
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Quarantine, QuarantineCode, Registry

log: Final = get_logger("nagorik")

ENDED_PROCESSES: Final = "ended-processes"


class FaultQuarantine:
    """The quarantine of plugins whose faults several citizens met; what it decides stands in the registry."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        """Quarantine plugins in ``registry``, for pauses that are counted on ``clock``."""
        self._registry = registry
        self._clock = clock

    def of(self, runtime: PluginRuntime) -> Quarantine | None:
        """The quarantine that a plugin is in, whatever for, if it is in any."""
        record = self._registry.record(runtime.loaded.record.id)
        return record.quarantine if record is not None else None

    def record_fault(
        self, runtime: PluginRuntime, fault: PluginFault, subject: FaultSubject, seconds: float | None = None
    ) -> None:
        """Note a fault, and quarantine the plugin when several met one.

        Args:
            runtime: The plugin's.
            fault: What it did.
            subject: Who met it.
            seconds: For how long it blocked the event loop, where it did.
        """
        log_fault(fault, seconds)
        plugin, now, refusal = runtime.loaded.record.id, self._clock.now(), self.of(runtime)
        if refusal is not None:
            if is_to_be_probed(refusal, now):
                probe_at = runtime.watch.begin_pause(now)
                self._registry.prolong(plugin, probe_at)
                log.error(
                    "plugin_stays_in_quarantine",
                    plugin=plugin,
                    code=refusal.code.value,
                    probed_in=(probe_at - now).total_seconds(),
                )
            return
        subjects = runtime.watch.count(subject, now)
        if runtime.watch.are_enough(subjects):
            self._begin(runtime, fault, subjects)

    def record_losses(self, runtime: PluginRuntime, citizens: Iterable[Applicant]) -> None:
        """Note that processes ended with calls of a plugin for these; enough of them keep it out, as faults do.

        No process knows this of itself. So whoever keeps account of it tells all of them each time, and they are
        counted apart from what the plugin does in this process.
        """
        subjects = len({FaultSubject.of_applicant(citizen).digest for citizen in citizens})
        if self.of(runtime) is not None or not runtime.watch.are_enough(subjects):
            return
        runtime.watch.lengthen_pause(PAUSE_AFTER_LOSSES)
        self._begin(runtime, PluginFault(ENDED_PROCESSES, plugin=runtime.loaded.record.id), subjects)

    def release(self, runtime: PluginRuntime) -> None:
        """Let a plugin in again that was tried and works."""
        refusal = self.of(runtime)
        if refusal is None or not is_to_be_probed(refusal, self._clock.now()):
            return
        runtime.watch.end_pauses()
        self._registry.release(runtime.loaded)
        log.warning("plugin_released", plugin=runtime.loaded.record.id, code=refusal.code.value)

    def _begin(self, runtime: PluginRuntime, fault: PluginFault, subjects: int) -> None:
        """Quarantine a plugin, and try it after a pause."""
        plugin, now, code = runtime.loaded.record.id, self._clock.now(), QuarantineCode.TOO_MANY_FAULTS
        probe_at = runtime.watch.begin_pause(now)
        self._registry.quarantine(
            plugin,
            code,
            f"failed on what {subjects} different citizens or questions asked in a row, at last with {fault.fault}",
            "It is tried again by itself, with one call after a pause. Ask its owner for a fixed version.",
            since=now,
            probe_at=probe_at,
        )
        log.error(
            "plugin_quarantined",
            plugin=plugin,
            code=code.value,
            fault=fault.fault,
            probed_in=(probe_at - now).total_seconds(),
        )
