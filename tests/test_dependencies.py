"""What a distribution brings along: the contract little, a plugin nothing of its own."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(ROOT.glob("plugins/*/pyproject.toml"))


def project(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    """The distributions that are required, without their versions."""
    return {re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0] for requirement in requirements}


def test_whoever_reads_the_contract_installs_seven_distributions_with_it() -> None:
    contract = project(ROOT / "core" / "pyproject.toml")
    assert names(contract["dependencies"]) == {
        "lazy-loader",
        "packaging",
        "phonenumberslite",
        "pluggy",
        "pydantic",
        "pydantic-settings",
        "tzdata",
    }
    assert "optional-dependencies" not in contract


@pytest.mark.parametrize("file", PLUGINS, ids=lambda file: file.parent.name)
def test_plugin_rests_on_the_toolkit_alone_and_its_simulator_on_the_kit(file: Path) -> None:
    plugin = project(file)
    assert names(plugin["dependencies"]) == {"nagorik-toolkit"}
    assert {extra: names(wanted) for extra, wanted in plugin["optional-dependencies"].items()} == {
        "simulator": {"nagorik-testing"}
    }
