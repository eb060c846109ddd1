"""What a plugin's own code imports and should not, told from the sources of its whole distribution.

Its own code is every module of the distribution, and every one that lies beside the project and is imported by these,
but for the simulator in the package of a plugin, which is built with the kit.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.validation.findings import Severity, ValidationFinding
from nagorik_testing.validation.source_files import NOT_FOR_PLUGINS, SIMULATOR, parse

_IMPORTERS: Final = frozenset({"__import__", "import_module", "resolve_name", "load"})
"""Functions that import what their first argument names: Python's own, ``importlib``'s, ``pkgutil``'s and
``lazy_loader``'s."""
_NAMED: Final = frozenset({"name", "fullname"})
"""What that argument is called where it is given by name."""


@dataclass(frozen=True, slots=True)
class Module:
    """A source file of the distribution."""

    name: str
    """Dotted, as it is imported; a package by its own name."""
    file: Path
    place: str
    """The file as a finding names it."""

    @property
    def package(self) -> str:
        """What its relative imports begin from."""
        return self.name if self.file.name == "__init__.py" else self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class ImportedName:
    """A name that a module imports, and the line that does."""

    name: str
    line: int


def modules_of(package: str, directory: Path) -> list[Module]:
    """The modules of a package, in their order; folders without ``__init__`` are packages as well."""
    files = sorted(directory.rglob("*.py"))
    return [module_of(file, file.relative_to(directory).as_posix(), package) for file in files]


def module_of(file: Path, place: str, package: str = "") -> Module:
    """The module that lies at ``place``, the file's path from the package or from where packages are imported."""
    parts = [package, *Path(place).with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    return Module(".".join(filter(None, parts)), file, place)


def check_own_code(
    packages: Iterable[str], modules: Iterable[Module], *, beside: Path | None = None
) -> list[ValidationFinding]:
    """What the distribution's own code imports and should not.

    ``packages`` are those of its plugins, ``modules`` all of its source files. ``beside`` is a directory whose
    modules are looked at where the own code imports them.
    """
    simulators = tuple(f"{package}.{SIMULATOR}" for package in packages)
    waiting = list(modules)
    own = {module.name.partition(".")[0] for module in waiting}
    others = {found.source.value.partition(".")[0].partition(":")[0] for found in find_sources()} - own
    findings: list[ValidationFinding] = []
    while waiting:
        module = waiting.pop(0)
        try:
            tree = parse(module.file)
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            findings.append(_unreadable(module, error))
            continue
        if _is_in(module.name, simulators):
            continue
        for imported in imports_of(module, tree):
            top = imported.name.partition(".")[0]
            if beside is not None and top not in own and (found := _beside(top, beside)):
                own.add(top)
                waiting += found
            findings += _refused(module, imported, simulators, own, others)
    return findings


def _refused(
    module: Module, imported: ImportedName, simulators: tuple[str, ...], own: set[str], others: set[str]
) -> Iterator[ValidationFinding]:
    top = imported.name.partition(".")[0]
    if top in NOT_FOR_PLUGINS:
        message = f"{imported.name} is the platform's; a plugin imports nagorik and nagorik_toolkit"
        hint = "Ask the agency through context.http and log through context.log."
    elif _is_in(imported.name, simulators):
        message = f"{imported.name} is the simulator's, which is no part of the plugin's code"
        hint = "Let the simulator import the plugin's module, not the other way."
    elif top not in own and (top in others or (top.startswith("nagorik_") and top != "nagorik_toolkit")):
        message = f"{imported.name} belongs to another distribution; a plugin imports nagorik and nagorik_toolkit"
        hint = "Ask another agency through context.ask."
    else:
        return
    yield ValidationFinding(Severity.ERROR, f"{module.place}:{imported.line}", message, hint)


def _is_in(name: str, packages: Sequence[str]) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def _unreadable(module: Module, error: Exception) -> ValidationFinding:
    line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    version = ".".join(map(str, sys.version_info[:2]))
    message = f"is not read by Python {version}, so nothing can be told of it"
    hint = "Write it so that every Python that requires-python admits reads it."
    return ValidationFinding(Severity.ERROR, f"{module.place}{line}", message, hint)


def _beside(top: str, directory: Path) -> list[Module]:
    file = directory / f"{top}.py"
    files = [file] if file.is_file() else sorted((directory / top).rglob("*.py"))
    return [module_of(file, file.relative_to(directory).as_posix()) for file in files]


def imports_of(module: Module, tree: ast.Module) -> list[ImportedName]:
    """Every import that is written out in a module, by full names; of ``from a import b`` the name ``a.b``.

    Of imports by a function those are seen whose name is a literal string.
    """
    nodes = list(ast.walk(tree))
    importers = _IMPORTERS | {
        alias.asname
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None and alias.name in _IMPORTERS
    }
    found = [ImportedName(name, line) for node in nodes for name, line in _names(node, module, importers)]
    return sorted(found, key=lambda imported: (imported.line, imported.name))


def _names(node: ast.AST, module: Module, importers: frozenset[str]) -> Iterator[tuple[str, int]]:
    match node:
        case ast.Import(names=names):
            yield from ((alias.name, node.lineno) for alias in names)
        case ast.ImportFrom(module=source, names=names, level=level):
            start = _absolute("." * level + (source or ""), module.package)
            yield from ((f"{start}.{alias.name}".removesuffix(".*"), node.lineno) for alias in names)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in importers:
            given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg in _NAMED)]
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield _absolute(value.value.replace(":", ".").strip(), module.package), node.lineno
        case _:
            return


def _absolute(name: str, package: str) -> str:
    inner = name.lstrip(".")
    level = len(name) - len(inner)
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *filter(None, [inner])])
