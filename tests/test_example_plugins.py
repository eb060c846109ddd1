"""The plugins of ``examples/plugins``, imported where they lie: nothing is installed for it."""

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from preloaded_command import run_command

from nagorik_testing.validation.checks import validate_path
from nagorik_testing.validation.findings import Severity

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).resolve().parent.parent
LICENSING: Final = ROOT / "examples" / "plugins" / "licensing"
PACKAGE: Final = LICENSING / "src" / "nagorik_licensing"
PUBLIC: Final = {"nagorik", "nagorik_toolkit", "nagorik_toolkit.formats.xml"}
"""What a plugin's code takes from the libraries; its simulator takes from ``nagorik_testing`` besides."""


@pytest.fixture(scope="module")
def licensing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What pip would leave behind of the plugin, in a folder of its own, beside the sources on ``sys.path``."""
    folder, project = tmp_path_factory.mktemp("site"), tomllib.loads((LICENSING / "pyproject.toml").read_text())
    name, version = project["project"]["name"], project["project"]["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")
    groups = project["project"]["entry-points"].items()
    points = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items()) for group, named in groups
    )
    (info / "entry_points.txt").write_text("\n".join(points))
    (info / "RECORD").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PACKAGE.parent))
        patch.syspath_prepend(str(folder))
        yield folder
    for module in [module for module in sys.modules if module.partition(".")[0] == PACKAGE.name]:
        del sys.modules[module]
    importlib.invalidate_caches()


def test_contract_grants_the_plugin_gold_at_the_top_level(licensing: Path, tmp_path: Path) -> None:
    done = run_command(
        "contract", "licensing", "--on", "2026-11-27", "--json", folder=tmp_path, environment=beside(licensing)
    )

    (report,) = json.loads(done.stdout)["plugins"]
    assert done.returncode == 0
    assert (report["level"], report["tier"], report["short_of_gold"]) == ("L4 delivery", "gold", [])
    assert (report["counts"]["failed"], report["counts"]["waived"]) == (0, 0)


def test_own_tests_of_the_plugin_pass(licensing: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(LICENSING / "tests")],
        env=beside(licensing),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def beside(licensing: Path) -> dict[str, str]:
    """An environment in which the plugin is installed."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(licensing), str(PACKAGE.parent)])}


def test_plugin_is_valid(licensing: Path) -> None:
    found = validate_path(LICENSING, on=date(2026, 11, 26), run=True)
    assert [finding for finding in found if finding.severity is not Severity.NOTE] == []


def test_everybody_is_told_that_the_office_is_invented(licensing: Path) -> None:
    for file in (PACKAGE / "plugin.toml", PACKAGE / "simulator.py", PACKAGE / "__init__.py", LICENSING / "README.md"):
        assert "models no real agency" in " ".join(file.read_text("utf-8").split()), file.name
    manifest = tomllib.loads((PACKAGE / "plugin.toml").read_text("utf-8"))
    assert "no real agency" in manifest["name"]["en"]
    assert "কোনো আসল সংস্থা নয়" in manifest["name"]["bn"]


def test_code_takes_public_names_of_contract_and_toolkit_alone() -> None:
    for file in PACKAGE.glob("*.py"):
        allowed = PUBLIC | ({"nagorik_testing"} if file.name == "simulator.py" else set())
        modules = {
            node.module
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module is not None
        }
        taken = {module for module in modules if module.partition(".")[0].startswith("nagorik")}
        assert {module for module in taken if not module.startswith(PACKAGE.name)} <= allowed, file.name


def test_simulator_is_short() -> None:
    assert len((PACKAGE / "simulator.py").read_text("utf-8").splitlines()) < 150


QUOTED: Final = re.compile(
    r'^```[a-z]+ title="(?P<file>[^"]+)" not-run\n(?P<block>.*?)^```$', re.MULTILINE | re.DOTALL
)


def test_tutorial_quotes_the_files_as_they_are() -> None:
    page = (ROOT / "docs" / "tutorials" / "agency-without-json.md").read_text("utf-8")
    quoted = [(found["file"], found["block"]) for found in QUOTED.finditer(page)]

    changed = [file for file, block in quoted if block not in (PACKAGE / file).read_text("utf-8")]

    assert changed == []
    files = {"plugin.toml", "access.py", "wire.py", "statuses.toml", "plugin.py", "fees.toml", "simulator.py"}
    assert {file for file, _ in quoted} == files
