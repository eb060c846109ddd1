"""What ``docs/generate.py`` writes out of the code; that the pages have it, its ``--check`` says."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from pydantic import BaseModel

from nagorik.manifest import Manifest
from nagorik_platform.lifecycle import APPLICATION_TRANSITIONS

GENERATE = Path(__file__).resolve().parent.parent / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", GENERATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_is_rendered(generate: ModuleType) -> None:
    table = generate.TABLES["application"]()
    for row in APPLICATION_TRANSITIONS:
        assert f"`{row.target}`: {row.when}" in table


def test_outdated_tables_are_rendered_anew(generate: ModuleType) -> None:
    places = "\n".join(f"<!-- table: {name} -->\nOUTDATED\n<!-- end of table -->" for name in generate.TABLES)
    written = generate.put_tables(places)
    assert "OUTDATED" not in written
    assert all(render() in written for render in generate.TABLES.values())


def test_document_without_a_place_is_refused(generate: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place for the table application"):
        generate.put_tables("nothing here")


def test_every_field_of_the_manifest_is_described_for_its_authors(generate: ModuleType) -> None:
    for model in _models(Manifest, set()):
        described = generate.attribute_docstrings(model)
        assert [name for name in model.model_fields if not described.get(name)] == [], model.__name__


def _models(annotation: object, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every model that an annotation leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        for field in annotation.model_fields.values():
            _models(field.annotation, seen)
    for part in get_args(annotation):
        _models(part, seen)
    return seen
