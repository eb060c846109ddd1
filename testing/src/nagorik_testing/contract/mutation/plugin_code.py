"""Where the code of an installed plugin is, and what of it is the plugin's own."""

import ast
from pathlib import Path
from typing import Any, Final

from nagorik.data_files import parse_document
from nagorik_platform.registry.discovery import find_sources
from nagorik_platform.registry.reading import Package, PackageNotFound, locate_package
from nagorik_platform.registry.references import split_value
from nagorik_testing.simulator.base import installed_simulators

SCORE_FILE: Final = "mutation-score.toml"
"""The file's name in a plugin's package, beside ``plugin.toml``."""
WORKFLOW: Final = "workflow.toml"
"""A simulated agency's own, where it is a module beside the plugin's."""


class MutationUnusable(Exception):
    """A plugin's code cannot be changed and looked at; the text says why."""


def package_of(plugin: str) -> Package:
    """The package that holds the plugin's module, wherever its simulated agency is.

    Raises:
        MutationUnusable: No plugin of this id is installed, or its code is not on the disk as files.
    """
    for found in find_sources():
        if found.source.plugin_id == plugin:
            try:
                return locate_package(split_value(found.source)[0])
            except PackageNotFound:
                raise MutationUnusable(f"the code of plugin {plugin} is not in files of a package") from None
    raise MutationUnusable(f"plugin {plugin} is not installed")


def sources_of(plugin: str) -> dict[str, str]:
    """The text of every module and data file of an installed plugin, without those of its simulated agency.

    Raises:
        MutationUnusable: The plugin's code is not on the disk as files, or cannot be read.
    """
    package, simulator = package_of(plugin), installed_simulators()[plugin].value.partition(":")[0]
    left_out = {Path(SCORE_FILE), Path(WORKFLOW)}
    if simulator.startswith(f"{package.name}."):
        file = Path(*simulator.removeprefix(f"{package.name}.").split("."))
        left_out |= {file, file.with_suffix(".py")}
    files = (file for kind in ("*.py", "*.toml") for file in package.directory.rglob(kind))
    return {
        path.as_posix(): source_of(plugin, package.directory / path)
        for path in sorted(file.relative_to(package.directory) for file in files)
        if left_out.isdisjoint({path, *path.parents})
    }


def syntax_of(path: str, source: str) -> ast.Module | dict[str, Any]:
    """What a module or a data file says.

    Raises:
        SyntaxError: It is no Python.
        DataFileInvalid: It is no TOML.
    """
    return parse_document(source.encode(), path) if path.endswith(".toml") else ast.parse(source)


def source_of(plugin: str, file: Path) -> str:
    """The text of a module or a data file.

    Raises:
        MutationUnusable: It is no Python, or no TOML, in UTF-8.
    """
    try:
        text = file.read_text("utf-8-sig")
        syntax_of(file.name, text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        language = "TOML" if file.suffix == ".toml" else "Python"
        raise MutationUnusable(f"{file.name} of plugin {plugin} is no {language} in UTF-8") from None
    return text
