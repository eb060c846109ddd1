"""One class name means one thing wherever one reader can meet it.

The five libraries are one vocabulary: any of their names may stand in any program. Each plugin adds its own words to
it. Plugins never meet (``layers.py`` holds that), so two of them may each say ``ReissueForm`` of their own agency.
"""

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = sorted(ROOT.glob("*/src"))
PLUGINS = sorted(ROOT.glob("plugins/*/src"))


@cache
def classes(source: Path) -> tuple[tuple[str, str], ...]:
    """The name of every class, of inner ones too, and where it is defined."""
    return tuple(
        (node.name, f"{path.relative_to(ROOT)}:{node.lineno}")
        for path in sorted(source.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef)
    )


def defined_twice(*sources: Path) -> Mapping[str, list[str]]:
    places = defaultdict(list)
    for source in sources:
        for name, place in classes(source):
            places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_libraries_define_no_class_name_twice() -> None:
    assert LIBRARIES
    assert defined_twice(*LIBRARIES) == {}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda source: source.parent.name)
def test_plugin_uses_no_class_name_of_the_libraries_and_none_twice(plugin: Path) -> None:
    assert classes(plugin)
    assert defined_twice(*LIBRARIES, plugin) == {}
