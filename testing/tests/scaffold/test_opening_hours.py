"""A portal that is closed at night: its plugin says so, its simulator behaves so, and the suite waits for morning."""

import shutil
from pathlib import Path

import pytest

from .conftest import Workspace

pytestmark = pytest.mark.long

HOURS = """windows = [{ days = "sat-fri", open = "08:00", close = "%s" }]

[[services]]"""


@pytest.mark.parametrize(("declared", "holds"), [("22:00", True), ("00:00", False)], ids=["as it is", "too late"])
def test_declared_hours_are_held_against_the_agencys(
    workspace: Workspace, tmp_path: Path, declared: str, holds: bool
) -> None:
    source = tmp_path / "plugin"
    shutil.copytree(workspace.plugin("xpaid-client-reference"), source)
    package = source / "src" / "nagorik_xpaid_client_reference"
    _change(package / "plugin.toml", "[[services]]", HOURS % declared)
    _change(package / "simulator.py", "    Case,\n", "    Case,\n    ClosedOutside,\n")
    hours = '    declared_conditions = (ClosedOutside(open="08:00", close="22:00"),)\n'
    _change(package / "simulator.py", "    outcomes: ClassVar", f"{hours}    outcomes: ClassVar")
    pip = ("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path / "installed"))
    workspace.run(*pip, str(source))

    told = workspace.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/test_contract.py"),
        cwd=source,
        expected=0 if holds else 1,
        PYTHONPATH=str(tmp_path / "installed"),
    )

    assert ("agency-unavailable" in told) == (not holds)


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
