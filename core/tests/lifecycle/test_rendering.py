"""The documentation's tables are the code's."""

from pathlib import Path

import pytest

from nagorik.lifecycle.__main__ import main
from nagorik.lifecycle.application import APPLICATION_TRANSITIONS
from nagorik.lifecycle.rendering import TABLES, put_tables

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "lifecycle.md"
COMMAND = "python -m nagorik.lifecycle docs/explanation/lifecycle.md"


def test_documented_tables_are_as_the_code_has_them():
    document = DOCUMENT.read_text("utf-8")
    assert put_tables(document) == document, f"run: {COMMAND}"


def test_every_row_is_rendered():
    table = TABLES["application"]()
    for row in APPLICATION_TRANSITIONS:
        assert f"`{row.target}`: {row.when}" in table


def test_tables_are_printed_and_written(tmp_path, capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    path = tmp_path / "page.md"
    places = "\n".join(f"<!-- table: {name} -->\nOUTDATED\n<!-- end of table -->" for name in TABLES)
    path.write_text(places, "utf-8")
    assert main([str(path)]) == 0
    written = path.read_text("utf-8")
    assert "OUTDATED" not in written
    assert all(render() in printed and render() in written for render in TABLES.values())


def test_document_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place for the table application"):
        put_tables("nothing here")
