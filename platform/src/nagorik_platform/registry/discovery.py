"""Installed distributions that bring plugins, by their metadata alone, and which of them a host lets in.

``importlib.metadata.entry_points`` is not used: it reads all distributions in one go, so that one malformed
``entry_points.txt`` hides every plugin on the machine.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from importlib.metadata import Distribution, distributions
from typing import Final, NamedTuple

from packaging.utils import canonicalize_name

from nagorik.manifest.fields import PLUGIN_ID, SHAPES
from nagorik_platform.registry.records import PluginSource, Quarantine, QuarantineCode


@dataclass(frozen=True, slots=True)
class Admission:
    """A host's choice among what is installed. The default lets everything in.

    It is applied before anything of a plugin is read, so that a broken plugin, or one of two distributions
    that claim the same plugin id, can be denied.

    Attributes:
        allow: Plugin ids that may be used; ``None`` allows all. An empty set allows none.
        deny: Plugin ids or distribution names that may not be used. Denial wins over permission.
    """

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()

    def refusal(self, source: PluginSource) -> Quarantine | None:
        """Why this plugin may not be used, or ``None`` when it may."""
        denied_names = {canonicalize_name(name) for name in self.deny}
        if source.plugin_id in self.deny or canonicalize_name(source.distribution) in denied_names:
            return source.refuse(
                QuarantineCode.DENIED,
                f"is kept out by the host: its plugin id {source.plugin_id} or its distribution is denied",
                "Take it off the host's deny list to use it.",
            )
        if self.allow is not None and source.plugin_id not in self.allow:
            return source.refuse(
                QuarantineCode.NOT_ALLOWED,
                f"is kept out by the host: plugin id {source.plugin_id} is not on the host's allow list",
                "Add the plugin id to the host's allow list to use it.",
            )
        return None


ADMIT_ALL = Admission()
"""Lets every installed plugin in."""


ENTRY_POINT_GROUP: Final = "nagorik.plugins"


class DiscoveredPlugin(NamedTuple):
    """An entry point, or a distribution whose entry points cannot be read and why."""

    source: PluginSource
    quarantine: Quarantine | None = None


def find_sources(path: Sequence[str] | None = None) -> list[DiscoveredPlugin]:
    """Every entry point of the group, sorted, from ``path`` or ``sys.path``. Imports nothing.

    Where one distribution is found twice, as an editable install beside its old metadata, the first on the path
    counts, as it does for ``importlib.metadata.version``.
    """
    found: list[DiscoveredPlugin] = []
    seen: set[str] = set()
    for distribution in distributions() if path is None else distributions(path=list(path)):
        identity = _identity(distribution)
        key = canonicalize_name(identity.name)
        if key in seen:
            continue
        if identity.readable:
            seen.add(key)
        found.extend(_entry_points(distribution, identity))
    return sorted(found, key=lambda item: astuple(item.source))


class _Identity(NamedTuple):
    name: str
    version: str
    readable: bool


def _identity(distribution: Distribution) -> _Identity:
    # Only the headers: parsing whole READMEs with email.parser, as ``Distribution.metadata`` does, is what costs
    # time where hundreds of distributions are installed.
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except (OSError, UnicodeDecodeError):
        text = ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            break
        name, colon, value = line.partition(":")
        if colon and name.casefold() in {"name", "version"}:
            fields.setdefault(name.casefold(), value.strip())
    if fields.get("name") and fields.get("version"):
        return _Identity(fields["name"], fields["version"], readable=True)
    return _Identity(
        fields.get("name") or _directory_name(distribution), fields.get("version") or "?", readable=False
    )


def _directory_name(distribution: Distribution) -> str:
    # Distribution has no public attribute for where its metadata lies; the name serves only to tell it in a text.
    directory = getattr(distribution, "_path", None)
    return str(getattr(directory, "name", "a distribution")).partition("-")[0]


def _entry_points(distribution: Distribution, identity: _Identity) -> Iterator[DiscoveredPlugin]:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeDecodeError) as error:
        if not isinstance(error, UnicodeDecodeError) or ENTRY_POINT_GROUP.encode() in error.object:
            yield _unreadable(identity, "its entry_points.txt cannot be read")
        return
    if ENTRY_POINT_GROUP not in text:
        return
    if not identity.readable:
        yield _unreadable(identity, "its METADATA has no name or no version")
        return
    try:
        entry_points = [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP]
    except Exception:  # noqa: BLE001 - whatever the parser of this Python version raises
        yield _unreadable(identity, "its entry_points.txt is malformed")
        return
    for entry in entry_points:
        source = PluginSource(entry.name, identity.name, identity.version, entry.value)
        yield DiscoveredPlugin(source, check_entry_point(source))


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


def _unreadable(identity: _Identity, why: str) -> DiscoveredPlugin:
    source = PluginSource(canonicalize_name(identity.name), identity.name, identity.version, "")
    refusal = source.refuse(
        QuarantineCode.DISTRIBUTION_UNREADABLE,
        f"is installed but {why}",
        "Install the distribution again.",
    )
    return DiscoveredPlugin(source, refusal)
