"""What is told of a source file is kept by its content: a process asks for the same plugin again and again."""

import ast

import pytest

from nagorik_platform.registry.static_analysis import defines, find_private_uses


@pytest.fixture
def trees(monkeypatch) -> list[bytes]:
    """The contents of which syntax trees were made."""
    made, parse = [], ast.parse

    def counted(content, *words, **options):
        made.append(content)
        return parse(content, *words, **options)

    monkeypatch.setattr(ast, "parse", counted)
    return made


def test_file_is_looked_into_once_for_each_content(tmp_path, trees):
    file = tmp_path / "plugin.py"
    file.write_text(f"# {tmp_path}\nimport nagorik._inner\n", "utf-8")
    first = find_private_uses(tmp_path)
    assert find_private_uses(tmp_path) == first
    assert [(use.file, use.line, use.name) for use in first] == [("plugin.py", 2, "nagorik._inner")]
    assert defines(file, "nagorik")
    assert len(trees) == 1

    file.write_text(f"# {tmp_path}\nhooks = 1\n", "utf-8")
    assert find_private_uses(tmp_path) == []
    assert defines(file, "hooks")
    assert not defines(file, "nagorik")
    assert len(trees) == 2


def test_same_content_in_two_files_is_told_of_each(tmp_path):
    for name in ("one.py", "other.py"):
        (tmp_path / name).write_text("from nagorik import _inner\n", "utf-8")
    assert [use.file for use in find_private_uses(tmp_path)] == ["one.py", "other.py"]


def test_what_is_no_python_is_looked_at_again(tmp_path, trees):
    (tmp_path / "plugin.py").write_text(f"# {tmp_path}\ndef f(:\n", "utf-8")
    assert find_private_uses(tmp_path) == find_private_uses(tmp_path) == []
    assert not defines(tmp_path / "plugin.py", "f")
    assert len(trees) == 3
