"""Finding a plugin's package and its ``plugin.toml`` without importing anything of it.

``importlib.util.find_spec("a.b")`` imports ``a``. So only the first part is asked of the import system; below a
namespace package, whose directories are known from its spec, each next part is asked of ``PathFinder`` with those
directories, which imports nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from nagorik.manifest import MANIFEST_FILE


@dataclass(frozen=True, slots=True)
class Package:
    """A plugin's package on disk."""

    name: str
    directory: Path

    @property
    def manifest_file(self) -> Path:
        """Where its ``plugin.toml`` belongs."""
        return self.directory / MANIFEST_FILE


class PackageNotFound(Exception):
    """There is no package to look into; ``why`` reads on after the distribution's name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def locate_package(module: str, path: Sequence[str] | None = None) -> Package:
    """The first regular package on the dotted way to ``module``.

    Looks on ``path``, or where Python would look. A module that is already imported is found by its own spec.

    Raises:
        PackageNotFound: Saying why.
    """
    first, *rest = module.split(".")
    name, spec = first, _first_spec(first, path)
    for part in rest:
        if spec is None or not _is_namespace(spec):
            break
        name = f"{name}.{part}"
        spec = _below(name, spec.submodule_search_locations or ())
    if spec is None:
        raise PackageNotFound(f"names the module {module}, but there is no {name}")
    if spec.submodule_search_locations is None:
        raise PackageNotFound(f"names the module {name}, which is a single file and has no room for {MANIFEST_FILE}")
    if _is_namespace(spec):
        raise PackageNotFound(f"names {name}, a namespace package, which belongs to nobody")
    directory = Path(next(iter(spec.submodule_search_locations)))
    if not directory.is_dir():
        raise PackageNotFound(f"is not unpacked: {name} lies inside an archive")
    return Package(name, directory)


def _first_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    try:
        return find_spec(name) if path is None else PathFinder.find_spec(name, list(path))
    except Exception:  # noqa: BLE001 - finders are anyone's code, and a module may have set __spec__ to None
        return None


def _below(name: str, directories: Iterable[str]) -> ModuleSpec | None:
    try:
        return PathFinder.find_spec(name, list(directories))
    except Exception:  # noqa: BLE001 - path hooks are anyone's code
        return None


def _is_namespace(spec: ModuleSpec) -> bool:
    return spec.submodule_search_locations is not None and not spec.has_location
