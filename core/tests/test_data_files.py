"""A file that somebody wrote is read as a whole, or refused in words that name the file and the place."""

import os
from pathlib import Path

import pytest
from pydantic import JsonValue, TypeAdapter

from nagorik.data_files import DataFileInvalid, parse_document, parse_json, read_file


@pytest.mark.parametrize("private", [False, True])
def test_number_of_too_many_digits_is_told_by_its_line(private):
    content = f"a = 1\nb = [1, {'9' * 5000}]\n".encode()
    with pytest.raises(DataFileInvalid) as caught:
        parse_document(content, "some.toml", private=private)
    assert str(caught.value) == "some.toml: a number has too many digits: look at line 2"


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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1,\n\n hunter2}', "some.json: not valid JSON: look at line 3"),
        (b"", "some.json: not valid JSON: look at line 1"),
        (b'{"a": ' + b"[" * 3000, "some.json: not valid JSON: look at line 1"),
        (b'{"a": NaN}', "some.json: not valid JSON: look at its numbers"),
        (b'{"a": 1e999}', "some.json: not valid JSON: look at its numbers"),
        (b'{"a": "\xff"}', "some.json: save the file as UTF-8"),
        (b'{"form": [{"name": "hunter2", "name": "hunter2"}]}', "some.json: form.0.name: is written twice"),
        (b'{"form": {"0099000202": 1, "0099000202": 2}}', "some.json: form.…: is written twice"),
        (b'{"form": {"a": 1}, "form": {"b": 2}}', "some.json: form: is written twice"),
    ],
)
def test_json_that_is_wrong_is_told_by_its_place_and_never_by_what_it_holds(content, told):
    with pytest.raises(DataFileInvalid) as caught:
        parse_json(content, "some.json", TypeAdapter(dict[str, JsonValue]))
    assert str(caught.value).startswith(told)
    assert "hunter2" not in str(caught.value)


def test_json_is_read_past_a_byte_order_mark():
    content = '{"a": [{"b": 1}, {"b": 2.5}], "b": "ক"}'.encode("utf-8-sig")
    assert parse_json(content, "some.json", TypeAdapter(dict[str, JsonValue])) == {
        "a": [{"b": 1}, {"b": 2.5}],
        "b": "ক",
    }
