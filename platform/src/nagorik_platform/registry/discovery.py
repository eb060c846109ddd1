"""Installed distributions that bring plugins, by their metadata alone, and which of them a host lets in."""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from packaging.utils import canonicalize_name

from nagorik.manifest.fields import PLUGIN_ID, SHAPES
from nagorik_platform.entry_points import FoundEntryPoint, find_entry_points
from nagorik_platform.registry.records import PluginRecord, PluginSource, Quarantine, QuarantineCode


@dataclass(frozen=True, slots=True)
class Admission:
    """A host's choice among what is installed. The default lets everything in.

    Applied before anything of a plugin is read: a broken plugin, or one of two that claim an id, can be denied.

    Attributes:
        allow: Plugin ids that may be used; ``None`` allows all. An empty set allows nothing.
        deny: Plugin ids or distribution names that may not be used. Denial wins over permission.
    """

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()

    def refusal(self, source: PluginSource) -> Quarantine | None:
        """Why this plugin may not be used, or ``None`` when it may."""
        denied_names = {canonicalize_name(name) for name in self.deny}
        if source.plugin_id in self.deny or canonicalize_name(source.distribution) in denied_names:
            why = f"is kept out by the host: its plugin id {source.plugin_id} or its distribution is denied"
            return source.refuse(QuarantineCode.DENIED, why, "Take it off the host's deny list to use it.")
        if self.allow is not None and source.plugin_id not in self.allow:
            why = f"is kept out by the host: plugin id {source.plugin_id} is not on the host's allow list"
            return source.refuse(QuarantineCode.NOT_ALLOWED, why, "Add the plugin id to that list to use it.")
        return None


ADMIT_ALL = Admission()
"""Lets every installed plugin in."""


ENTRY_POINT_GROUP: Final = "nagorik.plugins"


def find_sources(path: Sequence[str] | None = None) -> list[PluginRecord]:
    """Every entry point of the group, sorted, from ``path`` or ``sys.path``; refused where it cannot be read."""
    found = [_record(entry) for entry in find_entry_points(ENTRY_POINT_GROUP, path)]
    return sorted(found, key=lambda record: astuple(record.source))


def _record(entry: FoundEntryPoint) -> PluginRecord:
    if entry.problem is None:
        source = PluginSource(entry.name, entry.distribution, entry.version, entry.value)
        return PluginRecord(source, quarantine=check_entry_point(source))
    source = PluginSource(canonicalize_name(entry.distribution), entry.distribution, entry.version, "")
    because, hint = f"is installed but {entry.problem}", "Install the distribution again."
    return PluginRecord(source).refused(QuarantineCode.DISTRIBUTION_UNREADABLE, because, hint)


def check_entry_point(source: PluginSource) -> Quarantine | None:
    """Why an entry point cannot lead to a plugin, by its name and value alone, or ``None``."""
    module, colon, attribute = source.value.partition(":")
    names = [*module.strip().split("."), *(attribute.strip().split(".") if colon else ())]
    if not all(name.isidentifier() for name in names):
        problem = "whose value is not module or module:object"
        hint = f'Under [project.entry-points."{ENTRY_POINT_GROUP}"], name the module with the hooks.'
    elif re.search(PLUGIN_ID, source.plugin_id) is None:
        problem = "whose name is not a plugin id"
        hint = f"For the name, {SHAPES[PLUGIN_ID]}."
    else:
        return None
    because = f"has the entry point {source.plugin_id} = {source.value}, {problem}"
    return source.refuse(QuarantineCode.ENTRY_POINT_INVALID, because, hint)
