"""What a plugin's faults amount to: when they keep it out, and how it comes back.

One citizen's application can break a plugin as often as it is looked at, and says nothing about another's. So a fault
counts once for each citizen, and only what several of them show in a row keeps a plugin out. It comes back by itself:
after a pause one call is let through, and the pause doubles for as long as that call fails.
"""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b
from typing import Final

from nagorik.clock import Clock
from nagorik.errors import PluginFault
from nagorik.model.application import Applicant
from nagorik.privacy import Model
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import LoadedPlugin, Quarantine, QuarantineCode, Registry

log: Final = get_logger("nagorik")

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Time until a plugin in quarantine is tried again; it doubles from the first to the longest."""
PAUSE_AFTER_LOSSES: Final = timedelta(minutes=10)
"""The first pause of a plugin that ends processes: to try it may cost one more, with all that it has in hand."""

_TIMES: Final = {"at", "on", "sent_at", "earliest", "latest"}
"""Members of requests that differ each time that the same is asked."""


def applicant_digest(applicant: Applicant) -> bytes:
    """What tells one citizen from others, in any application and with any telephone; nothing can be read off it."""
    number = applicant.nid or applicant.birth_registration
    person = f"{applicant.birth_date} {applicant.name.model_dump_json()}"
    return text_digest(f"applicant {number.model_dump_json() if number is not None else person}")


def request_digest(request: Model) -> bytes:
    """The same of the citizen that a request is about, or its application; without either, of what it asks."""
    applicant = getattr(request, "applicant", None)
    if isinstance(applicant, Applicant):
        return applicant_digest(applicant)
    reference = getattr(request, "client_reference", None)
    if isinstance(reference, str):
        return text_digest(f"reference {reference}")
    return text_digest(f"{type(request).__name__} {request.model_dump_json(exclude=_TIMES)}")


def text_digest(text: str) -> bytes:
    """The same of what a text stands for."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


class FaultWatch:
    """The faults of one plugin in a row, and its time in quarantine, which stands in the registry.

    Attributes:
        is_probing: Whether the one call is under way that shows whether the plugin works again.
    """

    def __init__(self, registry: Registry, loaded: LoadedPlugin, clock: Clock, limit: int) -> None:
        """Keep a plugin out when ``limit`` different subjects met a fault, for pauses counted on ``clock``."""
        self._registry = registry
        self._loaded = loaded
        self._plugin = loaded.record.id
        self._clock = clock
        self._limit = limit
        self._subjects: set[bytes] = set()
        self._pause = FIRST_PAUSE
        self.is_probing = False

    @property
    def quarantine(self) -> Quarantine | None:
        """The quarantine that the plugin is in, for any reason, if it is in one."""
        record = self._registry.record(self._plugin)
        return record.quarantine if record is not None else None

    def is_to_be_probed(self, quarantine: Quarantine) -> bool:
        """Whether a plugin in quarantine is worth a try now."""
        return quarantine.probe_at is not None and self._clock.now() >= quarantine.probe_at

    def record_fault(self, fault: PluginFault | None, subject: bytes | None, blocked: float | None = None) -> None:
        """Count a fault, and quarantine the plugin when several subjects met one.

        Args:
            fault: What the plugin did, if it did anything but block the event loop.
            subject: The digest of the citizen or question that met it; ``None`` where it is only to be logged.
            blocked: Seconds for which it blocked the event loop, where it did.
        """
        if fault is None:
            fault = PluginFault("blocked-loop", plugin=self._plugin)
            log_fault(fault, blocked)
        else:
            log_fault(fault)
        quarantine = self.quarantine
        if subject is None:
            return
        if quarantine is None:
            self._subjects.add(subject)
            if len(self._subjects) >= self._limit:
                self._begin(fault, len(self._subjects))
        elif self.is_to_be_probed(quarantine):
            self._registry.prolong(self._plugin, self._clock.now() + self._pause)
            self._log("plugin_stays_in_quarantine", quarantine.code)

    def record_losses(self, citizens: Iterable[Applicant]) -> None:
        """Note that processes ended with calls of the plugin for these; enough of them keep it out, as faults do."""
        subjects = len(set(map(applicant_digest, citizens)))
        if self.quarantine is None and subjects >= self._limit:
            self._pause = max(self._pause, PAUSE_AFTER_LOSSES)
            self._begin(PluginFault("ended-processes", plugin=self._plugin), subjects)

    def end_row(self, *, works: bool) -> None:
        """Forget the faults so far, since a call ended as it may; if the plugin ``works``, let it in again."""
        self._subjects.clear()
        quarantine = self.quarantine
        if works and quarantine is not None and self.is_to_be_probed(quarantine):
            self._pause = FIRST_PAUSE
            self._registry.release(self._loaded)
            log.warning("plugin_released", plugin=self._plugin, code=quarantine.code.value)

    def _begin(self, fault: PluginFault, subjects: int) -> None:
        now, code = self._clock.now(), QuarantineCode.TOO_MANY_FAULTS
        self._subjects.clear()
        self._registry.quarantine(
            self._plugin,
            code,
            f"failed on what {subjects} different citizens or questions asked in a row, at last with {fault.fault}",
            "It is tried again by itself, with one call after a pause. Ask its owner for a fixed version.",
            since=now,
            probe_at=now + self._pause,
        )
        self._log("plugin_quarantined", code, fault=fault.fault)

    def _log(self, event: str, code: QuarantineCode, **more: str) -> None:
        """Log a quarantine that begins or goes on; the next pause is twice as long."""
        log.error(event, plugin=self._plugin, code=code.value, **more, probed_in=self._pause.total_seconds())
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def log_fault(fault: PluginFault, seconds: float | None = None) -> None:
    """Log a fault; ``seconds`` is how long it blocked the event loop."""
    # The log shows single words alone.
    where = fault.where and fault.where.replace(" in ", ":")
    details = {"exception": fault.exception, "where": where, "seconds": seconds and round(seconds, 3)}
    known = {name: value for name, value in details.items() if value is not None}
    log.error("plugin_fault", plugin=fault.plugin, fault=fault.fault, **known)
