"""What a plugin's distribution may install: the toolkit, and nothing that only the platform is built from."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nagorik_testing.validation.findings import Severity, ValidationFinding
from nagorik_testing.validation.source_files import NOT_FOR_PLUGINS

TOOLKIT: Final = "nagorik-toolkit"
OF_THE_PLATFORM: Final = frozenset(canonicalize_name(name) for name in NOT_FOR_PLUGINS)
_LOCATION: Final = "pyproject.toml: dependencies"
_WRITE: Final = f'Write dependencies = ["{TOOLKIT}>=1.0,<2"] under [project].'


def check_dependencies(project: Mapping[str, Any]) -> Iterator[ValidationFinding]:
    """What is wrong with the run-time dependencies of ``[project]``; the extras that they name are among them."""
    own = canonicalize_name(str(project.get("name", "")))
    declared = project.get("dependencies")
    if not isinstance(declared, list):
        yield _error("the project declares no dependencies", _WRITE)
        return
    names = set[str]()
    for line in _with_own_extras(declared, project):
        try:
            name = canonicalize_name(Requirement(line).name)
        except InvalidRequirement:
            yield _error(
                f"{line!r} is no requirement", f'Write a name and its versions, such as "{TOOLKIT}>=1.0,<2".'
            )
            continue
        names.add(name)
        if name in OF_THE_PLATFORM:
            message = f"{name} is not for a plugin to install, which depends on {TOOLKIT} alone"
            yield _error(message, _instead_of(name))
        elif name.startswith("nagorik-") and name not in {TOOLKIT, own}:
            message = f"{name} is another distribution of Nagorik; a plugin depends on {TOOLKIT} alone"
            yield _error(message, "Take it out, and ask another agency through context.ask.")
    if TOOLKIT not in names:
        yield _error(f"the project does not depend on {TOOLKIT}", _WRITE)


def _with_own_extras(declared: list[Any], project: Mapping[str, Any]) -> Iterator[str]:
    own, extras = str(project.get("name", "")), project.get("optional-dependencies")
    waiting, seen = [str(line) for line in declared], set[str]()
    while waiting:
        line = waiting.pop(0)
        yield line
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if isinstance(extras, dict) and canonicalize_name(requirement.name) == canonicalize_name(own):
            for extra in sorted(requirement.extras - seen):
                seen.add(extra)
                waiting += [str(each) for each in extras.get(extra, ())]


def _instead_of(name: str) -> str:
    if name == "nagorik-testing":
        return 'Write it under [project.optional-dependencies]: simulator = ["nagorik-testing>=1.0,<2"].'
    return "Take it out: context.http asks the agency, and context.log writes the log."


def _error(message: str, hint: str) -> ValidationFinding:
    return ValidationFinding(Severity.ERROR, _LOCATION, message, hint)
