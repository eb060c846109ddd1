"""The words that a plugin knows: what its own code and tables hold, and so is nobody's secret."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LONGEST: Final = 40
_PATH: Final = re.compile(r"[/\s]+")


def constants_of(package: Path) -> frozenset[str]:
    """Short strings of a package's modules and TOML tables, and the segments of its paths.

    Its simulator is left out: what an agency may say is known only where the plugin reads it.

    Raises:
        OSError: A file cannot be read.
    """
    found: set[str] = set()
    for file in sorted(package.rglob("*.py")):
        if "simulator" not in file.relative_to(package).as_posix():
            found.update(_of_code(file.read_text("utf-8")))
    for file in sorted(package.rglob("*.toml")):
        found.update(_of_table(tomllib.loads(file.read_text("utf-8"))))
    short = {text for text in found if 0 < len(text) <= LONGEST}
    return frozenset(short | {segment for text in found if "/" in text for segment in _PATH.split(text) if segment})


def _of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _of_table(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield str(name)
            yield from _of_table(part)
    elif isinstance(value, list):
        for part in value:
            yield from _of_table(part)
