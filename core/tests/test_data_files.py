"""A file that somebody wrote is read as a whole, or refused in words that name the file and the place."""

import pytest

from nagorik.data_files import DataFileInvalid, parse_document


@pytest.mark.parametrize("private", [False, True])
def test_number_of_too_many_digits_is_told_by_its_line(private):
    content = f"a = 1\nb = [1, {'9' * 5000}]\n".encode()
    with pytest.raises(DataFileInvalid) as caught:
        parse_document(content, "some.toml", private=private)
    assert str(caught.value) == "some.toml: a number has too many digits: look at line 2"


def test_byte_order_mark_does_not_count():
    assert parse_document("a = 1\n".encode("utf-8-sig"), "some.toml") == {"a": 1}
