"""Finding, checking and importing plugins.

discover → policy → conflict → parse → compatible, at start-up and without importing a plugin; import → verify, when
a plugin is first used. At each stage a plugin goes on or is quarantined with a reason.
"""

from nagorik.loading.activation import LoadedPlugin
from nagorik.loading.distributions import ENTRY_POINT_GROUP
from nagorik.loading.importing import Imported
from nagorik.loading.policy import EVERYTHING, Policy
from nagorik.loading.records import (
    LoadingFailed,
    PluginRecord,
    Quarantine,
    QuarantineCode,
    Source,
    State,
)
from nagorik.loading.references import resolve_object
from nagorik.loading.registry import Registry

__all__ = [
    "ENTRY_POINT_GROUP",
    "EVERYTHING",
    "Imported",
    "LoadedPlugin",
    "LoadingFailed",
    "PluginRecord",
    "Policy",
    "Quarantine",
    "QuarantineCode",
    "Registry",
    "Source",
    "State",
    "resolve_object",
]
