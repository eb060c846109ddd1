"""JSON files that people write: refused by the place, never by what is written there."""

import pytest
from pydantic import JsonValue, TypeAdapter

from nagorik.data_files import DataFileInvalid
from nagorik_platform.json_files import parse_json


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"a": 1,\n\n hunter2}', "some.json: not valid JSON: look at line 3"),
        (b"", "some.json: not valid JSON: look at line 1"),
        (b'{"a": ' + b"[" * 3000, "some.json: not valid JSON: look at line 1"),
        (b'{"a": NaN}', "some.json: not valid JSON: look at line 1"),
        (b'{"a": "\xff"}', "some.json: save the file as UTF-8"),
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
