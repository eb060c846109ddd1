"""Finding, checking and importing plugins.

discover → admission → conflict → parse → compatible, at start-up and without importing a plugin; import → verify,
when a plugin is first used. At each stage a plugin goes on or is quarantined with a reason.
"""

from nagorik_platform.registry.activation import LoadedPlugin
from nagorik_platform.registry.discovery import ADMIT_ALL, ENTRY_POINT_GROUP, Admission
from nagorik_platform.registry.records import (
    LoadingFailed,
    PluginRecord,
    PluginSource,
    PluginState,
    Quarantine,
    QuarantineCode,
)
from nagorik_platform.registry.references import Imported, resolve_object
from nagorik_platform.registry.registry import Registry

__all__ = [
    "ADMIT_ALL",
    "ENTRY_POINT_GROUP",
    "Admission",
    "Imported",
    "LoadedPlugin",
    "LoadingFailed",
    "PluginRecord",
    "PluginSource",
    "PluginState",
    "Quarantine",
    "QuarantineCode",
    "Registry",
    "resolve_object",
]
