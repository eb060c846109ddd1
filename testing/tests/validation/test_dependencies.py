"""What a plugin's distribution may install."""

from typing import Any

import pytest

from nagorik_testing.validation.dependencies import check_dependencies

TOOLKIT = "nagorik-toolkit>=1.0,<2"
NONE = "the project does not depend on nagorik-toolkit"


def refusal(name: str) -> str:
    return f"{name} is not for a plugin to install, which depends on nagorik-toolkit alone"


@pytest.mark.parametrize(
    ("project", "problems"),
    [
        ({"dependencies": [TOOLKIT, "python-stdnum", "Nagorik_Wasa[more]"]}, []),
        ({"dependencies": [TOOLKIT], "optional-dependencies": {"simulator": ["nagorik-testing"]}}, []),
        ({}, [NONE]),
        ({"dependencies": []}, [NONE]),
        ({"dependencies": [TOOLKIT, "HTTPX[all] >= 1 ; python_version > '3'"]}, [refusal("httpx")]),
        ({"dependencies": [TOOLKIT, "nagorik_testing>=1.0,<2"]}, [refusal("nagorik-testing")]),
        ({"dependencies": [TOOLKIT, "nagorik-brta"]}, [refusal("nagorik-brta")]),
        ({"dependencies": [TOOLKIT, "=="]}, ["'==' is no requirement"]),
    ],
)
def test_toolkit_is_required_and_the_platform_is_refused(project: dict[str, Any], problems: list[str]) -> None:
    found = list(check_dependencies({"name": "nagorik-wasa", **project}))

    assert [one.message for one in found] == problems
    assert {one.location for one in found} <= {"pyproject.toml: dependencies"}
