"""Which plugins the processes of a host here keep out at run time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nagorik_platform.cli.commands import QUARANTINES, reported


@dataclass(frozen=True, slots=True)
class WorkerQuarantine:
    """A plugin that one process keeps out; the others may still use it.

    Attributes:
        worker: The process's name.
        plugin: The plugin's id.
        code: The quarantine's code.
        since: Since when, aware, if that is known.
        probe_at: When it is tried again by itself, aware; ``None`` where only a restart helps.
    """

    worker: str
    plugin: str
    code: str
    since: datetime | None
    probe_at: datetime | None

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='minutes')}" if self.since is not None else ""
        return f"{self.worker} keeps {self.plugin} out{since} ({self.code}); {self.next_try}"

    @property
    def next_try(self) -> str:
        """When it is tried again, in words."""
        if self.probe_at is None:
            return "mend or replace the plugin, and restart the worker"
        return f"it is tried again at {self.probe_at.isoformat(timespec='minutes')}"


def worker_quarantines() -> Sequence[WorkerQuarantine]:
    """What is kept out at run time here."""
    return reported(QUARANTINES)
