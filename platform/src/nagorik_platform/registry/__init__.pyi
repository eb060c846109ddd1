from .activation import LoadedPlugin as LoadedPlugin
from .discovery import ADMIT_ALL as ADMIT_ALL, ENTRY_POINT_GROUP as ENTRY_POINT_GROUP, Admission as Admission
from .records import (
    PluginRecord as PluginRecord,
    PluginSource as PluginSource,
    PluginState as PluginState,
    Quarantine as Quarantine,
    QuarantineCode as QuarantineCode,
)
from .references import Imported as Imported, resolve_object as resolve_object
from .registry import Registry as Registry
