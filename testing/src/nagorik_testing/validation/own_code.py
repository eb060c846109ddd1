"""What a plugin's own code imports and should not, by its sources: those of its package, but for its simulator."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nagorik.data_files import read_file
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.validation.findings import Severity, ValidationFinding

NOT_FOR_PLUGINS: Final = frozenset(
    {"nagorik_platform", "nagorik_host", "nagorik_testing"}
    | {"aiohttp", "httpcore", "httpx", "requests", "structlog", "tenacity", "urllib3"}
)
"""What a plugin's code leaves to the platform. Its simulator lies beside it and is built with the kit."""
SIMULATOR: Final = "simulator"
"""The module or package of a plugin that is its simulator."""
LARGEST_MODULE: Final = 10_000_000
"""Bytes."""


def check_own_code(package: str, directory: Path) -> Iterator[ValidationFinding]:
    """Every import that is written out and is not for a plugin, and every file that this Python cannot read."""
    others = {found.source.value.partition(".")[0].partition(":")[0] for found in find_sources()} - {package}
    for file in sorted(directory.rglob("*.py")):
        place = file.relative_to(directory)
        if place.with_suffix("").parts[0] == SIMULATOR:
            continue
        try:
            tree = ast.parse(read_file(file, largest=LARGEST_MODULE))
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            message = f"is not read by Python {sys.version_info[0]}.{sys.version_info[1]}"
            hint = "Write it so that every Python that requires-python admits reads it."
            yield ValidationFinding(Severity.ERROR, f"{place.as_posix()}{line}", message, hint)
            continue
        inside = (package, *place.parent.parts)
        found = {at for node in ast.walk(tree) for at in _imported(node, inside)}
        for number, name in sorted(found):
            if (why := _refused(name, package, others)) is not None:
                yield ValidationFinding(Severity.ERROR, f"{place.as_posix()}:{number}", f"{name} {why[0]}", why[1])


def _imported(node: ast.AST, inside: tuple[str, ...]) -> list[tuple[int, str]]:
    """What a statement in the package ``inside`` imports, each with its line; ``a.b`` of ``from a import b``."""
    match node:
        case ast.Import(names=names):
            return [(node.lineno, alias.name) for alias in names]
        case ast.ImportFrom(module=source, names=names, level=level):
            above = inside[: len(inside) - level + 1] if level else ()
            full = [".".join(filter(None, (*above, source, alias.name))) for alias in names]
            return [(node.lineno, name.removesuffix(".*")) for name in full]
        case _:
            return []


def _refused(name: str, package: str, others: set[str]) -> tuple[str, str] | None:
    """Why a name is not for a plugin, and what is written in its place; ``None`` where it is."""
    top = name.partition(".")[0]
    if top in NOT_FOR_PLUGINS:
        return (
            "is the platform's; a plugin imports nagorik and nagorik_toolkit",
            "Ask the agency through context.http and log through context.log.",
        )
    if f"{name}.".startswith(f"{package}.{SIMULATOR}."):
        return (
            "is the simulator's, which is no part of the plugin's code",
            "Let the simulator import the plugin's module, not the other way.",
        )
    if top in others or (top.startswith("nagorik_") and top not in {package, "nagorik_toolkit"}):
        return (
            "belongs to another distribution; a plugin imports nagorik and nagorik_toolkit",
            "Ask another agency through context.ask.",
        )
    return None
