import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from nagorik.values import NationalDataError, to_bangla_digits
from nagorik_toolkit.bangladesh import PassportNumber

NUMBERS = st.from_regex(r"[A-Z]{1,2}[0-9]{7,8}", fullmatch=True)


@given(NUMBERS)
def test_number_is_read_as_people_write_it(number: str) -> None:
    assert PassportNumber.parse(number).value == number
    assert PassportNumber.parse(f" {to_bangla_digits(number.lower())} ").value == number
    assert TypeAdapter(PassportNumber).validate_python(number).value == number


@given(NUMBERS)
def test_number_is_not_shown(number: str) -> None:
    shown = PassportNumber.parse(number)
    assert number not in f"{shown} {shown!r}"
    assert shown.masked().endswith(number[-3:])


@pytest.mark.parametrize(
    "text", ["", "12345678", "ABC1234567", "A123456", "A123456789", "A1234567X", "ক1234567", "A" * 99]
)
def test_what_has_another_shape_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(NationalDataError, match=r"passport\.shape"):
        PassportNumber.parse(text)
    with pytest.raises(ValidationError) as caught:
        PassportNumber(value=text)
    assert caught.value.errors()[0]["type"] == "passport.shape"
    assert caught.value.errors()[0]["input"] is None
