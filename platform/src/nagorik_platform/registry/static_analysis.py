"""What can be told from a plugin's source files without running them."""

import ast
import symtable
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from nagorik.data_files import read_file

T = TypeVar("T")

LIBRARIES: Final = frozenset({"nagorik", "nagorik_toolkit", "nagorik_platform", "nagorik_testing"})
"""The libraries whose private names any release may change."""

NOT_FOR_PLUGINS: Final = frozenset(
    {"nagorik_platform", "nagorik_host", "nagorik_testing"}
    | {"aiohttp", "httpcore", "httpx", "requests", "structlog", "tenacity", "urllib3"}
)
"""What a plugin's code leaves to the platform. Its simulator lives beside it and is built with the kit."""
SIMULATOR: Final = "simulator"
"""The module or package of a plugin that is its simulator."""

_LARGEST_MODULE: Final = 10_000_000
"""Bytes."""
_PARSING: Final = threading.Lock()
"""Before 3.11.8, of two syntax trees that CPython makes at once, one ends with ``SystemError`` now and then."""
_AGAIN: Final = 3


class SourceUse(NamedTuple):
    """A name that a plugin's source uses and should not."""

    file: str
    """Relative to the plugin's package."""
    line: int
    name: str


def find_private_uses(directory: Path) -> list[SourceUse]:
    """Where the package's files import a name of the libraries that begins with an underscore, sorted.

    Sees ``import``, ``from … import`` and attributes of their modules that are written out; does not see names
    that are put together at run time. A file that is not valid Python is left to the import, which names it.
    """
    uses: list[SourceUse] = []
    for file in directory.rglob("*.py"):
        with suppress(SyntaxError, ValueError, RecursionError):
            found = _private_names(read_file(file, largest=_LARGEST_MODULE))
            uses += [SourceUse(str(file.relative_to(directory)), *use) for use in found]
    return sorted(uses)


def defines(file: Path, name: str) -> bool:
    """Whether a module's file binds ``name`` at its top level, by definition, assignment or import.

    A star import or a module-level ``__getattr__`` may bind anything: such a file has the benefit of the doubt.
    """
    try:
        content = read_file(file, largest=_LARGEST_MODULE)
        table = symtable.symtable(content.decode(), file.name, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return False
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    return not bound.isdisjoint({name, "__getattr__"}) or b"import *" in content


def parse(file: Path) -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        SyntaxError: It is not valid in this version of Python.
        ValueError: It cannot be read, or is not text.
        RecursionError: It is nested too deep.
    """
    return _tree(read_file(file, largest=_LARGEST_MODULE))


def past_interpreters_defect(act: Callable[[], T]) -> T:
    """Return what ``act`` gives, tried again where it meets CPython's defect."""
    for _ in range(_AGAIN):
        with suppress(SystemError):
            return act()
    return act()


def _tree(content: bytes) -> ast.Module:
    with _PARSING:
        return past_interpreters_defect(lambda: ast.parse(content))


@lru_cache(maxsize=1024)  # a process asks for the same plugin whenever it discovers or activates it anew
def _private_names(content: bytes) -> tuple[tuple[int, str], ...]:
    return tuple(_private(_tree(content)))


def _private(tree: ast.Module) -> Iterator[tuple[int, str]]:
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
