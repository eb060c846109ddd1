"""``from nagorik import …``: each name is where the type checker believes it is, and costs nothing until used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nagorik


def names_for_type_checkers() -> dict[str, str]:
    tree = ast.parse(Path(nagorik.__file__).read_text("utf-8"))
    (guarded,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: node.module or ""
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_and_the_running_program_see_the_same_names() -> None:
    assert names_for_type_checkers() == nagorik._HOME_OF


@pytest.mark.parametrize("name", sorted(nagorik._HOME_OF))
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(nagorik, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="teleport"):
        nagorik.teleport  # noqa: B018


def test_importing_the_core_imports_no_model_and_no_http() -> None:
    code = "import nagorik, sys; print(sorted(m for m in sys.modules if m in ('pydantic', 'httpx', 'pluggy')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
