"""What can be told from a plugin's source files without running them."""

import ast
import threading
from collections.abc import Callable, Iterator
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
"""CPython 3.11 makes one syntax tree at a time; of two at once, one ends with ``SystemError`` now and then. No lock
keeps out whatever else makes one, such as a log that shows where an exception arose."""
_AGAIN: Final = 3
"""How often it is tried again what met that."""
_INTERPRETERS_OWN: Final = "AST constructor recursion depth mismatch"
_KEPT: Final = 1024
"""Files of which it is kept what was told from their content: a syntax tree costs far more than what is told from it,
and a process asks for the same plugin again whenever it discovers, validates or activates it anew."""


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
    for file in sorted(directory.rglob("*.py")):
        facts = _facts_of(file)
        if facts is not None:
            uses.extend(SourceUse(str(file.relative_to(directory)), *use) for use in facts.private)
    return sorted(uses)


def defines(file: Path, name: str) -> bool:
    """Whether a module's file binds ``name`` at its top level, by definition, assignment or import.

    A star import or a module-level ``__getattr__`` may bind anything: such a file has the benefit of the doubt.
    """
    facts = _facts_of(file)
    return facts is not None and not facts.bound.isdisjoint({name, "*", "__getattr__"})


def parse(file: Path) -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        SyntaxError: It is not valid in this version of Python.
        ValueError: It cannot be read, or is not text.
        RecursionError: It is nested too deep.
    """
    return _tree(read_file(file, largest=_LARGEST_MODULE))


def past_interpreters_defect(act: Callable[[], T]) -> T:
    """What ``act`` gives, tried again where it meets a defect of CPython before 3.11.8; anything else it raises."""
    for _ in range(_AGAIN):
        try:
            return act()
        except SystemError as error:
            if not str(error).startswith(_INTERPRETERS_OWN):
                raise
    return act()


class _SourceFacts(NamedTuple):
    """What is told from one file's content.

    Attributes:
        private: Line and name of each private name of the libraries that it uses.
        bound: The names that it binds at its top level.
    """

    private: tuple[tuple[int, str], ...]
    bound: frozenset[str]


def _facts_of(file: Path) -> _SourceFacts | None:
    try:
        return _facts_in(read_file(file, largest=_LARGEST_MODULE))
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=_KEPT)
def _facts_in(content: bytes) -> _SourceFacts:
    # What is no valid Python raises, and is not kept: how deep is too deep depends on who asks.
    tree = _tree(content)
    bound = {bound for node in _top_level(tree.body) for bound in _bindings(node)}
    return _SourceFacts(tuple(_private_names(tree)), frozenset(bound))


def _tree(content: bytes) -> ast.Module:
    with _PARSING:
        return past_interpreters_defect(lambda: ast.parse(content))


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
            if first in LIBRARIES and any(_is_private(part) for part in rest):
                yield node.lineno, candidate


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{_dotted(value)}.{attr}"
        case _:
            return ""


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        # A name bound under ``if`` or ``try`` at the top level is the module's too.
        if isinstance(node, ast.If | ast.Try | ast.With):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            inner += [statement for handler in getattr(node, "handlers", []) for statement in handler.body]
            yield from _top_level(inner)


def _bindings(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.Assign(targets=targets):
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name
        case _:
            # ``type X = …`` of Python 3.12 has no node class here before that version.
            name_node = getattr(node, "name", None)
            if isinstance(name_node, ast.Name):
                yield name_node.id
