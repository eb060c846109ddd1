"""What a plugin's distribution may install."""

from typing import Any

import pytest

from nagorik_testing.validation.dependencies import check_dependencies

TOOLKIT = "nagorik-toolkit>=1.0,<2"
KIT = "nagorik-testing>=1.0,<2"


def told(**project: Any) -> list[str]:
    return [found.message for found in check_dependencies({"name": "nagorik-wasa", **project})]


def test_toolkit_alone_is_sound_with_the_kit_among_the_extras() -> None:
    extras = {"simulator": [KIT], "tests": ["nagorik-wasa[simulator]", KIT, "httpx"]}
    assert told(dependencies=[TOOLKIT, "python-stdnum"], **{"optional-dependencies": extras}) == []


@pytest.mark.parametrize("project", [{}, {"dynamic": ["dependencies"]}, {"dependencies": TOOLKIT}])
def test_dependencies_are_written_out(project: dict[str, Any]) -> None:
    assert told(**project) == ["the project declares no dependencies"]


def test_toolkit_is_required() -> None:
    [found] = check_dependencies({"name": "nagorik-wasa", "dependencies": []})
    assert found.location == "pyproject.toml: dependencies"
    assert found.message == "the project does not depend on nagorik-toolkit"
    assert found.hint == 'Write dependencies = ["nagorik-toolkit>=1.0,<2"] under [project].'


@pytest.mark.parametrize(
    "name",
    [
        *("nagorik-platform", "nagorik-host", "nagorik-testing"),
        *("httpx", "requests", "aiohttp", "urllib3", "tenacity", "structlog"),
    ],
)
@pytest.mark.parametrize("spelling", ["{}", "{}[all] >= 1 ; python_version > '3'"])
def test_what_the_platform_is_built_from_is_refused(name: str, spelling: str) -> None:
    written = spelling.format(name.replace("-", "_").upper())
    message = f"{name} is not for a plugin to install, which depends on nagorik-toolkit alone"
    assert told(dependencies=[TOOLKIT, written]) == [message]


def test_kit_is_sent_to_the_simulators_extra() -> None:
    [found] = check_dependencies({"dependencies": [TOOLKIT, KIT]})
    assert found.hint == 'Write it under [project.optional-dependencies]: simulator = ["nagorik-testing>=1.0,<2"].'


def test_extra_that_the_distribution_asks_of_itself_is_run_time() -> None:
    extras = {"simulator": [KIT], "more": ["nagorik-wasa[simulator,more]"]}
    found = told(dependencies=[TOOLKIT, "Nagorik.Wasa[more]"], **{"optional-dependencies": extras})
    assert found == ["nagorik-testing is not for a plugin to install, which depends on nagorik-toolkit alone"]


def test_another_plugin_is_refused() -> None:
    assert told(dependencies=[TOOLKIT, "nagorik-brta"]) == [
        "nagorik-brta is another distribution of Nagorik; a plugin depends on nagorik-toolkit alone"
    ]


def test_what_is_no_requirement_is_told() -> None:
    assert told(dependencies=[TOOLKIT, "=="]) == ["'==' is no requirement"]
