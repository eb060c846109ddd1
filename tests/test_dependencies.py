"""What a distribution brings along: the contract little, a plugin nothing of its own."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(ROOT.glob("plugins/*/pyproject.toml"))


def project(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    """The distributions that are required, without their versions."""
    return {re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0] for requirement in requirements}


def test_reading_the_contract_installs_eight_distributions_with_it() -> None:
    contract = project(ROOT / "core" / "pyproject.toml")
    assert names(contract["dependencies"]) == {
        "lazy-loader",
        "packaging",
        "phonenumberslite",
        "pluggy",
        "pydantic",
        "pydantic-settings",
        "tomli",
        "tzdata",
    }
    assert "optional-dependencies" not in contract


@pytest.mark.parametrize(
    ("library", "extra", "name", "bad"),
    [
        ("testing", "", "jinja2", "3.1.5"),
        ("platform", "", "h11", "0.14.0"),
        ("platform", "fast", "aiohttp", "3.13.2"),
    ],
)
def test_releases_with_known_advisories_are_not_taken(library: str, extra: str, name: str, bad: str) -> None:
    wanted = project(ROOT / library / "pyproject.toml")
    listed = wanted["optional-dependencies"][extra] if extra else wanted["dependencies"]
    (requirement,) = [found for found in map(Requirement, listed) if found.name == name]
    assert not requirement.specifier.contains(bad)


def test_what_ci_runs_of_others_is_named_by_its_commit() -> None:
    workflows = [file.read_text("utf-8") for file in (ROOT / ".github" / "workflows").glob("*.yml")]
    used = [line for text in workflows for line in re.findall(r"uses: (\S+)", text)]
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", line)] == []


@pytest.mark.parametrize(
    "left", ["keys.txt", "nagorik.toml", "nagorik.db", "nagorik.db-wal", "nagorik-documents/ab/cd", "host/keys-2.txt"]
)
def test_what_a_host_leaves_in_a_checkout_is_not_committed(left: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", left], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@pytest.mark.parametrize("file", PLUGINS, ids=lambda file: file.parent.name)
def test_plugin_rests_on_the_toolkit_alone_and_its_simulator_on_the_kit(file: Path) -> None:
    plugin = project(file)
    assert names(plugin["dependencies"]) == {"nagorik-toolkit"}
    assert {extra: names(wanted) for extra, wanted in plugin["optional-dependencies"].items()} == {
        "simulator": {"nagorik-testing"}
    }


def test_makefile_installs_nothing_of_others_that_has_no_hash() -> None:
    lines = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "pip install" in line]
    assert len(lines) > 1
    assert [line for line in lines if not {"--require-hashes", "--no-deps"} & set(line.split())] == []
