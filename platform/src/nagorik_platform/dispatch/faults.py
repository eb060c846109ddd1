"""When a plugin's faults keep it out, and how it comes back.

A fault counts once for each citizen, since one application can break a plugin as often as it is called; faults with
several citizens in a row keep it out. After a pause one call is let through; the pause doubles while that call fails.
"""

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
_HINT: Final = "It is tried again by itself, with one call after a pause. Ask its owner for a fixed version."
_TIMES: Final = {"at", "on", "sent_at", "earliest", "latest"}
"""Members of requests that differ each time that the same is asked."""


def applicant_digest(applicant: Applicant) -> bytes:
    """Digest what identifies a citizen in any application, with any telephone; nothing can be read off it."""
    if (number := applicant.nid or applicant.birth_registration) is not None:
        return text_digest(f"applicant {number.model_dump_json()}")
    return text_digest(f"applicant {applicant.birth_date} {applicant.name.model_dump_json()}")


def request_digest(request: Model) -> bytes:
    """Digest the citizen that a request is about, or its application; without either, what it asks."""
    applicant = getattr(request, "applicant", None)
    if isinstance(applicant, Applicant):
        return applicant_digest(applicant)
    reference = getattr(request, "client_reference", None)
    if isinstance(reference, str):
        return text_digest(f"reference {reference}")
    return text_digest(f"{type(request).__name__} {request.model_dump_json(exclude=_TIMES)}")


def text_digest(text: str) -> bytes:
    """Digest a text."""
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


class FaultWatch:
    """The faults of one plugin in a row, and its time in quarantine, which stands in the registry.

    Attributes:
        is_probing: Whether the one call is under way that shows whether the plugin works again.
    """

    def __init__(self, registry: Registry, loaded: LoadedPlugin, clock: Clock, limit: int) -> None:
        """Keep a plugin out when ``limit`` different citizens met a fault, for pauses counted on ``clock``."""
        self._registry = registry
        self._loaded = loaded
        self._plugin = loaded.record.id
        self._clock = clock
        self._limit = limit
        self._subjects: set[bytes] = set()
        self._blocked: dict[str, set[bytes]] = {}
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

    def record_fault(
        self, fault: PluginFault | None, subject: bytes | None, blocked: float | None = None, operation: str = ""
    ) -> None:
        """Count a fault, or ``blocked`` seconds of the event loop; quarantine a plugin that several met.

        What blocks the loop in one operation does so however well the plugin's others go, so it is counted by itself.
        ``subject`` is the digest of the citizen or question that met it; without one, it is only logged.
        """
        fault = fault or PluginFault("blocked-loop", plugin=self._plugin)
        # The log shows single words alone.
        where, seconds = fault.where and fault.where.replace(" in ", ":"), blocked and round(blocked, 3)
        details = {"exception": fault.exception, "where": where, "seconds": seconds}
        log.error("plugin_fault", plugin=self._plugin, fault=fault.fault, **{k: v for k, v in details.items() if v})
        quarantine, now, code = self.quarantine, self._clock.now(), QuarantineCode.TOO_MANY_FAULTS
        if subject is None or (quarantine is not None and not self.is_to_be_probed(quarantine)):
            return
        probe_at = now + self._pause
        if quarantine is None:
            subjects = self._subjects if blocked is None else self._blocked.setdefault(operation, set())
            subjects.add(subject)
            if len(subjects) < self._limit:
                return
            subjects.clear()
            self._registry.quarantine(
                self._plugin,
                code,
                f"failed on what {self._limit} different citizens or questions asked, at last with {fault.fault}",
                _HINT,
                since=now,
                probe_at=probe_at,
            )
        else:
            self._registry.prolong(self._plugin, probe_at)
        log.error(
            "plugin_quarantined" if quarantine is None else "plugin_stays_in_quarantine",
            plugin=self._plugin,
            code=(quarantine.code if quarantine is not None else code).value,
            fault=fault.fault,
            probed_in=self._pause.total_seconds(),
        )
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def end_row(self, operation: str, *, works: bool) -> None:
        """Forget the faults so far, since a call ended as it may; if the plugin ``works``, let it in again."""
        self._subjects.clear()
        self._blocked.pop(operation, None)
        quarantine = self.quarantine
        if works and quarantine is not None and self.is_to_be_probed(quarantine):
            self._pause = FIRST_PAUSE
            self._registry.release(self._loaded)
            log.warning("plugin_released", plugin=self._plugin, code=quarantine.code.value)
