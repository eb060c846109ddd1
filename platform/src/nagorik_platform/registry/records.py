"""What the loader knows of each installed plugin. Everything here is a frozen value."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from nagorik.manifest import Manifest


class PluginState(StrEnum):
    """How far a plugin has come."""

    DISCOVERED = "discovered"
    """Declared, compatible and allowed; not imported yet, which its first use does."""
    READY = "ready"
    """Imported, and its hooks are those that its manifest declares."""
    QUARANTINED = "quarantined"
    """Kept out, with a reason. Nothing of it is called; everything else goes on."""


class QuarantineCode(StrEnum):
    """Why a plugin is kept out. There is no code for two plugins with one service: an id's prefix forbids it."""

    DISTRIBUTION_UNREADABLE = "distribution-unreadable"
    """The installed distribution's metadata cannot be read."""
    ENTRY_POINT_INVALID = "entry-point-invalid"
    """The entry point's name is no plugin id, or its value is not ``module`` or ``module:object``."""
    DENIED = "denied"
    """The host's admission denies the plugin or its distribution."""
    NOT_ALLOWED = "not-allowed"
    """The host's admission lists the plugins it allows, and this one is not among them."""
    CONFLICT_ID = "conflict-id"
    """Two entry points claim one plugin id. All of them are kept out: which one is meant is not guessed."""
    MANIFEST_MISSING = "manifest-missing"
    """There is no readable ``plugin.toml`` in the plugin's package, or no such package."""
    MANIFEST_INVALID = "manifest-invalid"
    """The ``plugin.toml`` breaks the format."""
    ID_MISMATCH = "id-mismatch"
    """The manifest's id is not the entry point's name."""
    API_INCOMPATIBLE = "api-incompatible"
    """The plugin was written for a hook API that this core does not offer."""
    IMPORT_FAILED = "import-failed"
    """Importing the plugin raised an exception."""
    IMPORT_EXITED = "import-exited"
    """Importing the plugin tried to end the process or the task."""
    HOOK_INVALID = "hook-invalid"
    """A hook is not marked, misspelt, implemented twice, no coroutine function, or takes other arguments."""
    HOOK_NOT_DECLARED = "hook-not-declared"
    """A hook is implemented that no operation in the manifest calls for."""
    DECLARED_NOT_IMPLEMENTED = "declared-not-implemented"
    """The manifest offers an operation whose hook is missing."""
    REFERENCE_BROKEN = "reference-broken"
    """The manifest names an object that cannot be imported. Returned when it is asked for; keeps nothing out."""
    TOO_MANY_FAULTS = "too-many-faults"
    """The plugin failed at run time on what several citizens asked. It is tried again after a pause."""


ADMISSION_CODES: Final = frozenset({QuarantineCode.DENIED, QuarantineCode.NOT_ALLOWED})
"""Codes that are the host's wish and no fault."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a plugin is kept out, in words for the person who installs or writes it.

    Attributes:
        code: Stable and machine-readable.
        reason: One English sentence that names distribution and version. Holds no text of an exception.
        hint: What to do.
        distribution: The installed distribution's name.
        version: Its version.
        since: Since when, aware UTC, where it came to that at run time.
        probe_at: When it is tried again by itself, aware UTC; ``None`` where only a restart helps.
    """

    code: QuarantineCode
    reason: str
    hint: str
    distribution: str
    version: str
    since: datetime | None = None
    probe_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.reason} {self.hint}"


class Problem(NamedTuple):
    """One thing that keeps a plugin out, before it is said whose; ``why`` reads on after name and version."""

    code: QuarantineCode
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where a plugin comes from; ``plugin_id`` is its entry point's name, or else its distribution's."""

    plugin_id: str
    distribution: str
    version: str
    value: str

    @property
    def label(self) -> str:
        """The distribution and its version, as texts name them."""
        return f"{self.distribution} {self.version}"

    def refuse(self, code: QuarantineCode, reason: str, hint: str) -> Quarantine:
        """A quarantine of this plugin; ``reason`` reads on after the distribution's name and version."""
        return Quarantine(code, f"{self.label} {reason}.", hint, self.distribution, self.version)


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """One installed plugin at one moment. A change of state is a new record.

    Attributes:
        source: Its entry point and distribution.
        package: Dotted name of the package that holds ``plugin.toml``; references in the manifest are relative to it.
        directory: That package's directory.
        manifest: What it declares; ``None`` where that could not be read.
        quarantine: Why it is kept out, or ``None``.
        import_seconds: Wall-clock seconds that its import took, once it succeeded.
        verified: Whether its hooks were found to be those that it declares.
    """

    source: PluginSource
    package: str | None = None
    directory: Path | None = None
    manifest: Manifest | None = None
    quarantine: Quarantine | None = None
    import_seconds: float | None = None
    verified: bool = False

    @property
    def id(self) -> str:
        """The plugin's id, which is its entry point's name."""
        return self.source.plugin_id

    @property
    def state(self) -> PluginState:
        """How far the plugin has come."""
        if self.quarantine is not None:
            return PluginState.QUARANTINED
        return PluginState.READY if self.verified else PluginState.DISCOVERED

    @property
    def usable(self) -> bool:
        """Whether the plugin may be called, or imported and then called."""
        return self.quarantine is None

    def refused(self, code: QuarantineCode, reason: str, hint: str) -> "PluginRecord":
        """This plugin, kept out."""
        return replace(self, quarantine=self.source.refuse(code, reason, hint))
