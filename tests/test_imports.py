"""A plugin takes names from the top of a library: one dialect in every plugin and in what ``nagorik new`` writes.

The formats besides JSON are named by their module, since what they need comes with an extra.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    [
        *ROOT.glob("plugins/*/src/**/*.py"),
        *(
            path
            for path in ROOT.glob("testing/src/nagorik_testing/scaffold/templates/*/*.py.j2")
            if not path.name.startswith("test_")
        ),
    ]
)
BELOW_THE_TOP = re.compile(r"^\s*(?:from|import) nagorik(?:_toolkit|_testing)?\.(?!formats\.)\S+", re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_plugin_code_imports_from_the_top_of_a_library(source: Path) -> None:
    assert BELOW_THE_TOP.findall(source.read_text("utf-8")) == []


def test_there_is_plugin_code_to_look_at() -> None:
    assert {path.suffix for path in SOURCES} == {".py", ".j2"}
