"""The page of the architecture names code that exists: a link to a Python file is labelled with what is in it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
LINK = re.compile(r"\[`(?P<label>[^`]+)`\]\((?P<path>[^)]+)\)")
LIBRARIES = ("core", "toolkit", "platform", "host", "portal", "simulation", "testing")


@cache
def defined_in(file: Path) -> frozenset[str]:
    """The functions and classes of a file, methods as ``Class.method``."""
    return frozenset(_names(ast.parse(file.read_text("utf-8")).body))


def _names(body: list[ast.stmt], within: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + node.name
        elif isinstance(node, ast.ClassDef):
            yield within + node.name
            yield from _names(node.body, f"{within}{node.name}.")


def links() -> list[tuple[str, Path]]:
    found = LINK.finditer(PAGE.read_text("utf-8"))
    return [(link["label"], (PAGE.parent / link["path"]).resolve()) for link in found]


def test_every_named_file_holds_what_is_named() -> None:
    lost = []
    for label, file in links():
        if not file.is_file():
            lost.append(f"{label}: no file {file}")
        elif label != file.name and label not in {*defined_in(file), file.relative_to(ROOT).as_posix()}:
            lost.append(f"{label} is not in {file.relative_to(ROOT)}")
    assert lost == []


def test_every_library_is_walked_through() -> None:
    walked = {file.relative_to(ROOT).parts[0] for _, file in links()}
    assert walked >= {"core", "toolkit", "platform", "host", "plugins"}


def test_the_picture_shows_the_libraries_of_this_repository() -> None:
    picture = PAGE.read_text("utf-8").partition("```mermaid")[2].partition("```")[0]
    packages = {path.parent.parent.name: path.name for path in ROOT.glob("*/src/nagorik*") if path.is_dir()}
    assert tuple(sorted(packages)) == tuple(sorted(LIBRARIES))
    assert all(f"<b>{package}</b>" in picture for package in packages.values())
