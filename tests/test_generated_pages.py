"""What ``docs/generate.py`` writes out of the code; that the pages have it, its ``--check`` says."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from pydantic import BaseModel

from nagorik.manifest import Manifest
from nagorik.operations import OPERATIONS
from nagorik.privacy import is_code
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


def test_every_request_and_result_is_listed_with_its_fields(generate: ModuleType) -> None:
    page = generate.models_page()
    for spec in OPERATIONS.values():
        request, results = generate.request_and_results(spec.hook)
        for kind in {request, *results}:
            section = page.partition(f"## {kind.__name__}\n")[2].partition("\n## ")[0]
            rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
            assert [row[0] for row in rows] == [f"| `{name}`" for name in kind.model_fields], kind.__name__
            for (name, field), row in zip(kind.model_fields.items(), rows, strict=True):
                assert (row[2] == "required") is field.is_required(), f"{kind.__name__}.{name}"


@pytest.mark.parametrize(
    ("section", "row"),
    [
        ("AgencyStatus", "| `raw` | `str`, at most 400 characters | required | The agency's own word"),
        ("Pending", "| `check_after` | `float`, at least 0, at most 86400 | `60.0` |"),
        ("PaymentNoticeRequest", "| `body` | `bytes`, at most 1000000 bytes | required |"),
        ("Rejected", "| `reason_code` | `str`, a code | required |"),
        ("RefundReport", '| `state` | `"refund_pending" \\| "refunded" \\|'),
        ("Slots", "| `slots` | `tuple[Slot, …]`, at most 5000 entries | required |"),
        ("QuoteRequest", "| `applicant` | `Applicant` | required | The citizen an application is for"),
        ("FeeDue", "`before-submission`, `after-submission`"),
        ("Money", "| `poisha` | `int` | required | Hundredths of the currency, 0 to 999,999,999,999,999. |"),
    ],
)
def test_field_is_told_with_its_type_bounds_and_meaning(generate: ModuleType, section: str, row: str) -> None:
    assert row in generate.models_page().partition(f"# {section}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("said", "text", "is_one"),
    [
        ("a letter or digit of ASCII, then up to 79 of these and of `._:+-`", "a._:+-Z9", True),
        ("a letter or digit of ASCII, then up to 79 of these and of `._:+-`", ".a", False),
        ("a letter or digit of ASCII, then up to 79 of these and of `._:+-`", "a/b", False),
        ("a letter or digit of ASCII, then up to 79 of these and of `._:+-`", "a" * 80, True),
        ("a letter or digit of ASCII, then up to 79 of these and of `._:+-`", "a" * 81, False),
        ("no six digits together", "E-12345", True),
        ("no six digits together", "E-123456", False),
        ("no nine with up to three other characters that are no letters between each two", "1-2-3-4-5-6-7-8", True),
        (
            "no nine with up to three other characters that are no letters between each two",
            "1-2-3-4-5---6-7-8-9",
            False,
        ),
        ("no nine with up to three other characters that are no letters between each two", "1a2a3a4a5a6a7a8a9", True),
        ("no twenty letters and digits together that are mixed", "a1" * 9 + "b", True),
        ("no twenty letters and digits together that are mixed", "a1" * 10, False),
    ],
)
def test_what_is_said_of_a_code_is_what_is_held_to(generate: ModuleType, said: str, text: str, is_one: bool) -> None:
    assert said in " ".join(generate.models_page().split())
    assert is_code(text) is is_one
