"""How large each room of the source is, and how plain its words are, held against the limits in ``rooms.toml``.

``python tests/rooms.py`` prints a table; the exit code says whether every room is within its limits. A limit is
lowered when a room gets smaller, and raised only in a commit that names the new limit and its reason.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
LIMITS: Final = Path(__file__).with_name("rooms.toml")
UNCLEAR: Final = re.compile(r"\b(?:(?i:whoever|whatever|whichever|nobody|somebody|told|tell|tells)|none)\b")
"""Words that a reader whose second language is English stumbles over."""
CODE: Final = re.compile(r"```.*?```|``[^`]*``|`[^`\n]*`", re.DOTALL)
WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
DOCUMENTED: Final = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Size:
    """What is counted of a room.

    Attributes:
        lines: Lines of Python.
        statements: Statements without imports and docstrings.
        toml: Lines of TOML.
        words: Words of docstrings and hand-written pages, code quotes left out.
        unclear: How many of them are in ``UNCLEAR``.
    """

    lines: int = 0
    statements: int = 0
    toml: int = 0
    words: int = 0
    unclear: int = 0

    def __add__(self, other: "Size") -> "Size":
        """The size of two rooms together."""
        return Size(
            self.lines + other.lines,
            self.statements + other.statements,
            self.toml + other.toml,
            self.words + other.words,
            self.unclear + other.unclear,
        )

    @property
    def unclear_per_thousand(self) -> float:
        """Unclear words in 1,000 words."""
        return 1000 * self.unclear / self.words if self.words else 0.0


def size_of_text(prose: str, **counts: int) -> Size:
    """The size of a text in words, beside what else was counted of its file."""
    plain = CODE.sub(" ", prose)
    return Size(words=len(WORD.findall(plain)), unclear=len(UNCLEAR.findall(plain)), **counts)


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is a text alone: the docstring of a module, class, function or attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def size_of_python(source: str) -> Size:
    """The size of a Python file."""
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    texts = [ast.literal_eval(one.value) for one in statements if isinstance(one, ast.Expr) and is_docstring(one)]
    code = sum(not is_docstring(one) and not isinstance(one, ast.Import | ast.ImportFrom) for one in statements)
    return size_of_text("\n".join(texts), lines=source.count("\n"), statements=code)


def size_of(file: Path) -> Size:
    """The size of one file."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        return size_of_python(text)
    if file.suffix == ".toml":
        return Size(toml=text.count("\n"))
    is_generated = text.startswith("<!-- Written by")
    return Size() if is_generated else size_of_text(text)


def files_of(places: Iterable[str], root: Path = ROOT) -> set[Path]:
    """The files that a room's patterns name; a folder stands for all Python, TOML and Markdown below it.

    Raises:
        LookupError: A pattern names no file.
    """
    found: set[Path] = set()
    for place in places:
        named = [file for path in root.glob(place) for file in (path.rglob("*") if path.is_dir() else [path])]
        kept = {file for file in named if file.suffix in {".py", ".toml", ".md"} and file.is_file()}
        if not kept:
            raise LookupError(f"rooms.toml: {place} names no file")
        found |= kept
    return found


def rooms(limits: dict[str, Any], root: Path = ROOT) -> Iterator[tuple[str, dict[str, Any], Size]]:
    """Each room with its limits and its size. A file counts for the first room that names it."""
    taken: set[Path] = set()
    for name, limit in limits.items():
        if "sum" in limit:
            continue
        files = files_of(limit["files"], root) - taken
        taken |= files
        yield name, limit, sum((size_of(file) for file in files), Size())


def problems_of(name: str, limit: dict[str, Any], size: Size) -> Iterator[str]:
    """What of a room is above its limits."""
    for counted in ("lines", "statements", "toml"):
        if getattr(size, counted) > limit.get(counted, float("inf")):
            yield f"{name}: {getattr(size, counted):,} {counted}; the limit is {limit[counted]:,}"
    if round(size.unclear_per_thousand, 1) > limit.get("unclear", float("inf")):
        yield f"{name}: {size.unclear_per_thousand:.1f} unclear words in 1,000; the limit is {limit['unclear']}"


def table(sizes: dict[str, tuple[dict[str, Any], Size]]) -> Iterator[str]:
    """A row for each room: what was counted, and its limit."""
    yield f"{'room':<28}{'lines':>15}{'statements':>17}{'TOML':>13}{'unclear words':>15}"
    for name, (limit, size) in sizes.items():
        counted = (("lines", 15), ("statements", 17), ("toml", 13))
        cells = ((f"{getattr(size, one):,}/{limit[one]:,}" if one in limit else "", width) for one, width in counted)
        unclear = f"{size.unclear_per_thousand:.1f}/{limit['unclear']}" if "unclear" in limit else ""
        yield f"{name:<28}" + "".join(f"{cell:>{width}}" for cell, width in cells) + f"{unclear:>15}"


def main() -> int:
    """Print the table and what is above a limit."""
    limits = tomllib.loads(LIMITS.read_text("utf-8"))
    sizes = {name: (limit, size) for name, limit, size in rooms(limits)}
    for name, limit in limits.items():
        if "sum" in limit:
            sizes[name] = (limit, sum((sizes[part][1] for part in limit["sum"]), Size()))
    problems = [problem for name, (limit, size) in sizes.items() for problem in problems_of(name, limit, size)]
    sys.stdout.write("\n".join([*table(sizes), *problems, ""]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
