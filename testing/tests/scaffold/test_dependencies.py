import ast
import re
import tomllib
from pathlib import Path

import pytest

from .conftest import KINDS, NAMES, New

BROUGHT = {"nagorik-toolkit": {"nagorik", "nagorik_toolkit"}, "nagorik-testing": {"nagorik_testing"}}
"""What of this repository a plugin may import by each dependency."""


@pytest.mark.parametrize("kind", KINDS)
def test_imports_are_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: New, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert new("wasa", *KINDS[kind], *NAMES) == 0

    folder = tmp_path / "nagorik-wasa"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [re.split(r"[\[>]", entry)[0] for entry in project["dependencies"]]
    brought = {package for name in declared for package in BROUGHT[name]}
    imported = set[str]()
    for file in (folder / "src" / "nagorik_wasa").glob("*.py"):
        if file.name != "simulator.py":
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    imported.add(node.module.partition(".")[0])
    assert {name for name in imported if name.startswith("nagorik")} - {"nagorik_wasa"} <= brought
