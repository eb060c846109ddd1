"""What ``make check`` counts of a room: its size, and the words that a reader stumbles over."""

from pathlib import Path
from typing import Any

import pytest

import rooms

SOURCE = '''"""Tell nobody. `nobody` is code."""

import os

LIMIT = 3
"""Most of all."""


def read() -> None:
    """Whoever reads."""
    if LIMIT:
        return
'''


def written(root: Path) -> dict[str, Any]:
    (root / "a" / "inner").mkdir(parents=True)
    (root / "a" / "inner" / "one.py").write_text(SOURCE, "utf-8")
    (root / "a" / "two.py").write_text("x = 1\n", "utf-8")
    (root / "a" / "data.toml").write_text("x = 1\ny = 2\n", "utf-8")
    (root / "a" / "page.md").write_text("Two words.\n", "utf-8")
    return {"inner": {"files": ["a/inner"]}, "rest": {"files": ["a"]}}


def test_statements_are_counted_without_imports_and_docstrings() -> None:
    size = rooms.size_of_python(SOURCE)
    assert (size.lines, size.statements) == (12, 4)


def test_unclear_words_are_counted_in_prose_and_not_in_code() -> None:
    size = rooms.size_of_python(SOURCE)
    assert (size.unclear, size.words) == (3, 9)
    assert rooms.size_of_text("None is returned; none is left. ``tells``\n```\ntold\n```").unclear == 1


def test_a_file_counts_for_the_first_room_that_names_it(tmp_path: Path) -> None:
    sizes = {name: size for name, _, size in rooms.rooms(written(tmp_path), tmp_path)}
    assert sizes["inner"].lines == 12
    assert (sizes["rest"].lines, sizes["rest"].toml, sizes["rest"].words) == (1, 2, 2)


def test_a_pattern_that_names_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="b names no file"):
        rooms.files_of(["b"], tmp_path)


def test_each_limit_that_is_passed_is_named() -> None:
    limit = {"lines": 11, "statements": 4, "unclear": 300.0}
    assert list(rooms.problems_of("room", limit, rooms.size_of_python(SOURCE))) == [
        "room: 12 lines; the limit is 11",
        "room: 333.3 unclear words in 1,000; the limit is 300.0",
    ]
