"""What can be said of a plugin's source files without running them."""

import ast
import symtable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from nagorik.data_files import read_file

LIBRARIES: Final = frozenset({"nagorik", "nagorik_toolkit", "nagorik_platform", "nagorik_testing"})
"""The libraries whose private names any release may change."""

NOT_FOR_PLUGINS: Final = frozenset(
    {"nagorik_platform", "nagorik_host", "nagorik_testing"}
    | {"aiohttp", "httpcore", "httpx", "requests", "structlog", "tenacity", "urllib3"}
)
"""What a plugin's code leaves to the platform. Its simulator lies beside it and is built with the kit."""
SIMULATOR: Final = "simulator"
"""The module or package of a plugin that is its simulator."""

_LARGEST_MODULE: Final = 10_000_000
"""Bytes."""


class SourceUse(NamedTuple):
    """A name that a plugin's source uses and should not."""

    file: str
    """Relative to the plugin's package."""
    line: int
    name: str


def find_private_uses(directory: Path) -> list[SourceUse]:
    """Where the package's files use a name of the libraries that begins with an underscore, sorted.

    Sees ``import``, ``from … import`` and attributes of their modules that are written out; does not see names
    that are put together at run time. A file that is not valid Python is left to the import, which names it.
    """
    uses: list[SourceUse] = []
    for file in directory.rglob("*.py"):
        with suppress(SyntaxError, ValueError, RecursionError):
            uses += [SourceUse(str(file.relative_to(directory)), *use) for use in _private_names(parse(file))]
    return sorted(uses)


def check_reference(directory: Path, reference: str) -> str | None:
    """What is wrong with ``module:Name``, by the package's source files alone, or ``None``. Imports nothing.

    A module without a source file, such as an extension module, is given the benefit of the doubt.
    """
    module, _, name = reference.partition(":")
    base = directory.joinpath(*module.split("."))
    file = next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
    if file is not None:
        return None if _defines(file, name) else f"{module} does not define {name}"
    if base.parent.is_dir() and any(base.parent.glob(f"{base.name}.*.*")):
        return None
    return f"there is no module {module} in the package"


def parse(file: Path) -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        SyntaxError: It is not valid in this version of Python.
        ValueError: It cannot be read, or is not text.
        RecursionError: It is nested too deep.
    """
    return ast.parse(read_file(file, largest=_LARGEST_MODULE))


def _defines(file: Path, name: str) -> bool:
    """Whether a module binds ``name`` at its top level; a star import or ``__getattr__`` may bind anything."""
    try:
        content = read_file(file, largest=_LARGEST_MODULE)
        table = symtable.symtable(content.decode(), file.name, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return False
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    return not bound.isdisjoint({name, "__getattr__"}) or b"import *" in content


def _private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                candidates = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                candidates = [f"{module}.{alias.name}" for alias in names]
            case ast.Attribute():
                candidates = [_dotted(node)]
            case _:
                continue
        for candidate in candidates:
            first, *rest = candidate.split(".")
            if first in LIBRARIES and any(part.startswith("_") and not part.endswith("__") for part in rest):
                yield node.lineno, candidate


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value)}.{attr}"
        case _:
            return ""
