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
SIMULATORS = sorted(
    path
    for pattern in ("plugins/*/src/**", "examples/plugins/*/src/**", "testing/src/nagorik_testing/scaffold/**")
    for path in ROOT.glob(f"{pattern}/*.py*")
    if path.suffix in {".py", ".j2"} and re.search(r"/simulator(/\w+)?\.py", str(path))
)
DATA_OF_A_PLUGIN = {
    f"{name}.toml" for name in ("fees", "forms", "gateway", "messages", "plugin", "rules", "settlement", "statuses")
}
BELOW_THE_TOP = re.compile(r"^\s*(?:from|import) nagorik(?:_toolkit|_testing)?\.(?!formats\.)\S+", re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_plugin_code_imports_from_the_top_of_a_library(source: Path) -> None:
    assert BELOW_THE_TOP.findall(source.read_text("utf-8")) == []


@pytest.mark.parametrize("source", SIMULATORS, ids=lambda path: str(path.relative_to(ROOT)))
def test_simulator_takes_neither_code_nor_data_of_the_plugin_that_it_judges(source: Path) -> None:
    """``layers.py`` holds the imports of what is written; here stands what ``nagorik new`` writes, and the data."""
    text = source.read_text("utf-8")
    code = re.findall(r"^\s*(?:from|import) (?:\.|\{\{ package \}\}(?!\.simulator))", text, re.MULTILINE)
    data = {name for name in re.findall(r"[\w.]+\.toml", text) if name in DATA_OF_A_PLUGIN}
    of_its_own = {path.name for path in source.parent.iterdir()} if source.parent.name == "simulator" else set()
    assert (code, data - of_its_own) == ([], set())


def test_there_is_plugin_code_to_look_at() -> None:
    assert {path.suffix for path in SOURCES} == {".py", ".j2"}
