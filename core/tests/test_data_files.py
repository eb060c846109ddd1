"""A file that somebody wrote is read as a whole, or refused in words that name the file and the place."""

import os
from pathlib import Path

import pytest

from nagorik.data_files import DataFileInvalid, parse_document, read_file


@pytest.mark.parametrize("private", [False, True])
def test_number_of_too_many_digits_is_told_by_its_line(private):
    content = f"a = 1\nb = [1, {'9' * 5000}]\n".encode()
    with pytest.raises(DataFileInvalid) as caught:
        parse_document(content, "some.toml", private=private)
    assert str(caught.value) == "some.toml: a number has too many digits: look at line 2"


def test_key_of_thousands_of_parts_is_not_read():
    for part in ("c.", '"c d" . ', "'c'.", "1-_\t. ", r'"\"".', r'"\\".'):
        for document in ("b.{}d = 1\n", "[b.{}d]", "[[ b.{}d ]]", "b = {{ e = 1, b.{}d = 1 }}"):
            for private in (False, True):
                with pytest.raises(DataFileInvalid) as caught:
                    parse_document(f"a = 'x'\n{document.format(part * 1_000)}".encode(), "some.toml", private=private)
                assert str(caught.value) == "some.toml: nested too deeply"


def test_text_of_many_dots_is_no_key():
    for text in ("." * 1_000, "2.50, " * 1_000, '{"a": "text(5..11)", "b": 2.5}' * 1_000, "Go. Come. Go on. " * 50):
        assert parse_document(f"a = '{text}'".encode(), "some.toml")["a"] == text


def test_byte_order_mark_does_not_count():
    assert parse_document("a = 1\n".encode("utf-8-sig"), "some.toml") == {"a": 1}


def test_pipe_and_device_are_not_read_and_a_file_no_further_than_is_allowed(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "some.toml").write_bytes(b"12345")
    assert read_file(tmp_path / "some.toml", largest=5) == b"12345"
    for path, problem in (
        (tmp_path / "pipe", "pipe: not a readable file"),
        (Path("/dev/zero"), "zero: not a readable file"),
        (tmp_path, f"{tmp_path.name}: not a readable file"),
        (tmp_path / "a\0b", "a\0b: not a readable file"),
    ):
        with pytest.raises(DataFileInvalid) as caught:
            read_file(path)
        assert str(caught.value) == problem
    with pytest.raises(DataFileInvalid, match=r"some\.toml: larger than 4 bytes"):
        read_file(tmp_path / "some.toml", largest=4)
    with (tmp_path / "large.toml").open("wb") as large:
        large.truncate(10**12)
    with pytest.raises(DataFileInvalid, match=r"large\.toml: larger than 1000000 bytes"):
        read_file(tmp_path / "large.toml")
