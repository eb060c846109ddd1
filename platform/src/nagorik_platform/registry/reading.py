"""From an entry point to a record, nothing imported: admission, conflict, package, manifest, identity, compatibility.

``importlib.util.find_spec("a.b")`` imports ``a``. So only the first part is asked of the import system; below a
namespace package, whose directories are known from its spec, each next part is asked of ``PathFinder`` with those
directories, which imports nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from packaging.version import Version

from nagorik.data_files import DataFileInvalid, parse_document, read_file
from nagorik.manifest import MANIFEST_FILE, Manifest, validate_manifest
from nagorik_platform.registry.discovery import Admission
from nagorik_platform.registry.records import PluginRecord, PluginSource, QuarantineCode

LARGEST_MANIFEST: Final = 256_000
"""Bytes of a ``plugin.toml``. Every command reads all of them before it knows which it needs."""
_KEPT: Final = 64
"""Manifests that are kept by their content: a process that opens hosts discovers the same plugins again."""


@dataclass(frozen=True, slots=True)
class Package:
    """A plugin's package on disk."""

    name: str
    directory: Path


class PackageNotFound(Exception):
    """There is no package to look into; the text reads on after the distribution's name."""


def locate_package(module: str, path: Sequence[str] | None = None) -> Package:
    """Find the first regular package on the dotted way to ``module``, on ``path`` or where Python would look.

    Raises:
        PackageNotFound: Saying why.
    """
    name, spec, places = "", None, path
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _find(name, places)
        if spec is None or spec.has_location or spec.submodule_search_locations is None:
            break
        places = list(spec.submodule_search_locations)
    if spec is None:
        raise PackageNotFound(f"names the module {module}, but there is no {name}")
    directory = Path(next(iter(spec.submodule_search_locations or [""])))
    if not (spec.has_location and spec.submodule_search_locations and directory.is_dir()):
        raise PackageNotFound(f"names {name}, which is no regular package that is unpacked on disk")
    return Package(name, directory)


def _find(name: str, places: Sequence[str] | None) -> ModuleSpec | None:
    try:
        return find_spec(name) if places is None else PathFinder.find_spec(name, list(places))
    except Exception:  # noqa: BLE001 - finders are anyone's code, and a module may have set __spec__ to None
        return None


def read_plugins(
    found: Iterable[PluginRecord], *, admission: Admission, api_version: str, path: Sequence[str] | None
) -> list[PluginRecord]:
    """A record for each entry point, in the order given. Nothing is imported, and nothing is raised."""
    records = [replace(one, quarantine=admission.refusal(one.source) or one.quarantine) for one in found]
    usable = [record for record in records if record.usable]
    return [_read(one, usable, api_version=api_version, path=path) if one.usable else one for one in records]


def _read(
    record: PluginRecord, usable: Sequence[PluginRecord], *, api_version: str, path: Sequence[str] | None
) -> PluginRecord:
    rivals = [one.source.label for one in usable if one.id == record.id and one is not record]
    if rivals:
        others = " and ".join(rivals)
        return record.refused(
            QuarantineCode.CONFLICT_ID,
            f"claims the plugin id {record.id}, and so does {others}; all of them are kept out",
            "Uninstall all but one, or deny the others by distribution name.",
        )
    try:
        package = locate_package(record.source.value.partition(":")[0].strip(), path)
    except PackageNotFound as error:
        return record.refused(
            QuarantineCode.MANIFEST_MISSING,
            f"{error}, so its {MANIFEST_FILE} cannot be found",
            "Let the entry point name a module inside a regular package that is installed unpacked.",
        )
    return read_package(record.source, package, api_version=api_version)


def read_package(source: PluginSource, package: Package, *, api_version: str) -> PluginRecord:
    """The record of one plugin whose package is known; the stages parse, identity and compatibility."""
    record = PluginRecord(source, package=package.name, directory=package.directory)
    file = package.directory / MANIFEST_FILE
    if not file.is_file():
        return record.refused(
            QuarantineCode.MANIFEST_MISSING,
            f"has no readable {MANIFEST_FILE} in its package {package.name}",
            f"Put {MANIFEST_FILE} beside the package's __init__.py and have the build include it.",
        )
    manifest, requires = None, None
    try:
        content = read_file(file, largest=LARGEST_MANIFEST)
        try:
            manifest = _manifest(content)
            requires = manifest.requires_api
        except DataFileInvalid:
            # A plugin for a later core may use fields that this one does not know: then its version is the reason.
            requires = parse_document(content, MANIFEST_FILE).get("requires_api")
            if not _is_newer(requires, api_version):
                raise
    except DataFileInvalid as error:
        return record.refused(
            QuarantineCode.MANIFEST_INVALID,
            f"has a manifest that cannot be used: {error}",
            f"Correct it; nagorik validate {source.distribution} lists every problem.",
        )
    if _is_newer(requires, api_version):
        return replace(record, manifest=manifest).refused(
            QuarantineCode.API_INCOMPATIBLE,
            f"was written for hook API {requires}, and this core offers {api_version}",
            "Install a release of the plugin for this core, or the core that the plugin needs.",
        )
    if manifest is not None and manifest.id != record.id:
        return record.refused(
            QuarantineCode.ID_MISMATCH,
            f"registers the plugin {record.id}, but its {MANIFEST_FILE} says id {manifest.id}",
            "Give the entry point and the manifest the same id.",
        )
    return replace(record, manifest=manifest)


@lru_cache(maxsize=_KEPT)
def _manifest(content: bytes) -> Manifest:
    return validate_manifest(parse_document(content, MANIFEST_FILE))


def is_compatible(requires_api: str, offered: str) -> bool:
    """Whether a plugin written for the hook API ``requires_api`` can run on a core that offers ``offered``."""
    wanted, given = Version(requires_api), Version(offered)
    return wanted.major == given.major and wanted.minor <= given.minor


def _is_newer(requires: object, offered: str) -> bool:
    try:
        return isinstance(requires, str) and not is_compatible(requires, offered)
    except ValueError:
        return False
