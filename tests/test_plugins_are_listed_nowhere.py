"""Adding a plugin touches its own folder only: what builds, checks and introduces the workspace names none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
FILES = [
    *(ROOT / name for name in ("Makefile", "pyproject.toml", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md")),
    *(
        ROOT / library / "pyproject.toml"
        for library in ("core", "toolkit", "platform", "host", "testing", "simulation")
    ),
    *sorted(path for folder in (".ci", ".github") for path in (ROOT / folder).rglob("*") if path.is_file()),
    ROOT / "tests" / "layers.py",
    ROOT / "tests" / "public_surface.py",
]


def named_in(file: Path) -> list[str]:
    text = file.read_text("utf-8")
    return [name for name in PLUGINS if re.search(rf"plugins/{name}\b|\bnagorik[-_]{name}\b", text)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_plugin_is_named(file: Path) -> None:
    assert named_in(file) == []


def test_readme_points_to_one_plugin_as_the_example() -> None:
    assert named_in(ROOT / "README.md") == ["bmet"]
