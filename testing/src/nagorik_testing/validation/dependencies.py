"""What a plugin's distribution may install: the toolkit, and nothing that only the platform is built from."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nagorik_testing.validation.findings import Severity, ValidationFinding
from nagorik_testing.validation.own_code import NOT_FOR_PLUGINS

TOOLKIT: Final = "nagorik-toolkit"
_WRITE: Final = (
    f'Write dependencies = ["{TOOLKIT}>=1.0,<2"] under [project], and under [project.optional-dependencies]'
    ' simulator = ["nagorik-testing>=1.0,<2"].'
)


def check_dependencies(project: Mapping[str, Any]) -> Iterator[ValidationFinding]:
    """What is wrong with the run-time dependencies that ``[project]`` writes out."""
    platforms, names = {canonicalize_name(name) for name in NOT_FOR_PLUGINS}, set[str]()
    for line in project.get("dependencies", ()):
        try:
            names.add(canonicalize_name(Requirement(line).name))
        except InvalidRequirement:
            yield _error(f"{line!r} is no requirement")
    for name in sorted(names - {TOOLKIT, canonicalize_name(str(project.get("name", "")))}):
        if name in platforms or name.startswith("nagorik-"):
            yield _error(f"{name} is not for a plugin to install, which depends on {TOOLKIT} alone")
    if TOOLKIT not in names:
        yield _error(f"the project does not depend on {TOOLKIT}")


def _error(message: str) -> ValidationFinding:
    return ValidationFinding(Severity.ERROR, "pyproject.toml: dependencies", message, _WRITE)
