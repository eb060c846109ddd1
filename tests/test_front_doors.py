"""``from nagorik_… import …``: each library offers what its stub says and nothing else, to a type checker too."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = sorted(path.parent for path in ROOT.glob("*/src/nagorik*/__init__.pyi"))


def stated(library: Path) -> set[str]:
    stub = ast.parse((library / "__init__.pyi").read_text("utf-8"))
    return {name.asname or name.name for node in stub.body if isinstance(node, ast.ImportFrom) for name in node.names}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_library_lists_what_its_stub_says(library: Path) -> None:
    module = import_module(library.name)
    assert set(module.__all__) == stated(library) != set()
    assert set(dir(module)) == set(module.__all__)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_each_name_can_be_imported_and_no_other(library: Path) -> None:
    module = import_module(library.name)
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="teleport"):
        module.teleport  # noqa: B018
