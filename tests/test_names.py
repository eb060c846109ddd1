"""One name of a type means one thing wherever one reader can meet it, whether it is a class's or an alias's.

The five libraries are one vocabulary: any of their names may stand in any program. Each plugin adds its own words to
it. Plugins never meet (``layers.py`` holds that), so two of them may each say ``ReissueForm`` of their own agency.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = sorted(ROOT.glob("*/src"))
PLUGINS = sorted(ROOT.glob("plugins/*/src"))
ALIAS = re.compile("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
"""How a public alias of a type is written: a constant is in capitals, a private name is its module's own."""
TYPE_PARAMETERS = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple"})


@cache
def types(source: Path) -> tuple[tuple[str, str], ...]:
    """The name of every class, of inner ones too, and of every public alias of a type, and where it is defined."""
    return tuple(
        (name, f"{path.relative_to(ROOT)}:{line}")
        for path in sorted(source.rglob("*.py"))
        for name, line in types_of(ast.parse(path.read_bytes()))
    )


def types_of(module: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
    for statement in module.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias"), value=value)
            ) if ALIAS.fullmatch(name) and not is_type_parameter(value):
                yield name, statement.lineno


def is_type_parameter(value: ast.expr | None) -> bool:
    """Whether a type is only a stand-in, which each module that needs one names for itself."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in TYPE_PARAMETERS


def defined_twice(*sources: Path) -> Mapping[str, list[str]]:
    places = defaultdict(list)
    for source in sources:
        for name, place in types(source):
            places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_libraries_define_no_type_name_twice() -> None:
    assert LIBRARIES
    assert defined_twice(*LIBRARIES) == {}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda source: source.parent.name)
def test_plugin_uses_no_type_name_of_the_libraries_and_none_twice(plugin: Path) -> None:
    assert types(plugin)
    assert defined_twice(*LIBRARIES, plugin) == {}


@pytest.mark.parametrize(
    "code",
    [
        "class Area: ...",
        "class Land:\n    class Area: ...",
        "Area = Annotated[float, Field(gt=0)]",
        "Area: TypeAlias = dict[str, float]",
        "Area = int | float",
        "Area = NewType('Area', float)",
    ],
)
def test_name_of_a_type_is_seen_however_it_is_defined(code: str) -> None:
    assert "Area" in dict(types_of(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["AREA: Final = 3", "_Area = int | float", "AreaT = TypeVar('AreaT')", "def f():\n    Area = int | float"]
)
def test_neither_a_constant_nor_a_stand_in_nor_what_is_private_counts(code: str) -> None:
    assert dict(types_of(ast.parse(code))) == {}
