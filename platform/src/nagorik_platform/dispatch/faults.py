"""What a plugin's faults amount to: when they keep it out, and how it comes back.

One citizen's application can break a plugin as often as it is looked at, and says nothing about anybody else's. So a
fault counts once for each citizen, and only what several of them show in a row keeps a plugin out. It comes back by
itself: after a pause one call is let through, and the pause doubles for as long as that call fails.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from nagorik.errors import PluginFault
from nagorik.model.application import Applicant
from nagorik.privacy import Model
from nagorik_platform.logs import get_logger
from nagorik_platform.registry import Quarantine

log: Final = get_logger("nagorik")

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Time until a plugin in quarantine is tried again; it doubles from the first to the longest."""
PAUSE_AFTER_LOSSES: Final = timedelta(minutes=10)
"""The first pause of a plugin that ends processes: to try it may cost one more, with all that it has in hand."""
MEMORY: Final = timedelta(minutes=10)
"""For how long a fault counts that belongs to no application: what asks the same again in this time is one."""

_TIMES: Final = {"at", "on", "sent_at", "earliest", "latest"}
"""Members of requests that differ each time that the same is asked."""


class FaultSubject:
    """What a plugin broke on: a citizen's application, or what was asked. Nothing of it can be read off this."""

    __slots__ = ("digest", "lasts")

    def __init__(self, content: str, *, lasts: bool) -> None:
        """Tell ``content`` from others; ``lasts`` says that it is one however late it comes again."""
        self.digest: Final = blake2b(content.encode("utf-8", "backslashreplace"), digest_size=16).digest()
        self.lasts: Final = lasts

    @classmethod
    def of_applicant(cls, applicant: Applicant) -> "FaultSubject":
        """One citizen, in whichever application and with whichever telephone: by the number that is theirs alone."""
        number = applicant.nid or applicant.birth_registration
        person = f"{applicant.birth_date} {applicant.name.model_dump_json()}"
        known_by = number.model_dump_json() if number is not None else person
        return cls(f"applicant {known_by}", lasts=True)

    @classmethod
    def of_request(cls, request: Model) -> "FaultSubject":
        """The citizen that a request is about, or the application; without either, what it asks."""
        applicant = getattr(request, "applicant", None)
        if isinstance(applicant, Applicant):
            return cls.of_applicant(applicant)
        reference = getattr(request, "client_reference", None)
        if isinstance(reference, str):
            return cls(f"reference {reference}", lasts=True)
        return cls(f"{type(request).__name__} {request.model_dump_json(exclude=_TIMES)}", lasts=False)


class FaultWatch:
    """The faults of one plugin in a row, and its time in quarantine.

    Attributes:
        probing: Whether the one call is under way that shows whether the plugin works again.
    """

    def __init__(self, limit: int) -> None:
        """Keep a plugin out when ``limit`` different subjects met a fault."""
        self._limit = limit
        self._counted: dict[bytes, datetime | None] = {}
        self._pause = FIRST_PAUSE
        self.probing = False

    def count(self, subject: FaultSubject, now: datetime) -> int:
        """Count a fault; how many different subjects met one in a row, this one among them."""
        self._counted[subject.digest] = None if subject.lasts else now
        for digest, at in tuple(self._counted.items()):
            if at is not None and now - at > MEMORY:
                del self._counted[digest]
        return len(self._counted)

    def are_enough(self, subjects: int) -> bool:
        """Whether faults of so many keep the plugin out."""
        return subjects >= self._limit

    def end_row(self) -> None:
        """A call ended as it may: what was counted counts no more."""
        self._counted.clear()

    def begin_pause(self, now: datetime) -> datetime:
        """Begin to wait; when the plugin is tried again. Each pause is twice as long as the one before."""
        self._counted.clear()
        probe_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return probe_at

    def lengthen_pause(self, pause: timedelta) -> None:
        """Let the next pause be as long as ``pause`` at least."""
        self._pause = max(self._pause, pause)

    def end_pauses(self) -> None:
        """The plugin works again."""
        self._counted.clear()
        self._pause = FIRST_PAUSE


def is_to_be_probed(quarantine: Quarantine, now: datetime) -> bool:
    """Whether a plugin in quarantine is worth a try now."""
    return quarantine.probe_at is not None and now >= quarantine.probe_at


def log_fault(fault: PluginFault, seconds: float | None = None) -> None:
    """Tell the log of a fault; ``seconds`` is how long it blocked the event loop."""
    # The log shows single words alone.
    where = fault.where and fault.where.replace(" in ", ":")
    details = {"exception": fault.exception, "where": where, "seconds": seconds and round(seconds, 3)}
    known = {name: value for name, value in details.items() if value is not None}
    log.error("plugin_fault", plugin=fault.plugin, fault=fault.fault, **known)
