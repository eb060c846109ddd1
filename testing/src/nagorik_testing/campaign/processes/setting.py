"""What a worker's process is opened with: all of it can be sent to another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from nagorik import PlatformSettings, PluginConfiguration
from nagorik.clock import Clock
from nagorik.loading import Policy
from nagorik_host.documents import FolderDocuments
from nagorik_host.vault import Vault, read_keyring
from nagorik_testing.loopback import LOOPBACK

BUSY: Final = 300.0
"""Seconds; the machine is kept busy on purpose, and a step that waits for its turn is no plugin's fault."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Setting:
    """What all workers share."""

    database: str
    """The URL of the books."""
    keys: str
    """The host's keys, as ``nagorik keys new`` prints them."""
    folder: Path
    """Holds the shared clock, the documents, and what each worker's process writes."""
    lease: timedelta
    """How long a lost worker is waited for, in the machine's own time."""
    plugins: Mapping[str, dict[str, object]]
    """The plugins' settings, by plugin id."""

    @property
    def clock(self) -> Path:
        """The file of the clock that agencies and citizens live by."""
        return self.folder / "clock"

    def platform(self, clock: Clock) -> PlatformSettings:
        """A platform that reaches the simulated agencies over the loopback."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=settings, egress=frozenset({LOOPBACK}))
                for name, settings in self.plugins.items()
            },
            admission=Policy(allow=frozenset(self.plugins)),
            documents=FolderDocuments(self.folder / "documents", Vault(read_keyring(self.keys))),
            clock=clock,
            longest_step=BUSY,
            import_seconds=BUSY,
        )
