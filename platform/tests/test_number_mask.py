"""Which numbers are masked in other people's words, and which stay readable."""

import pytest
from hypothesis import given, strategies as st

from nagorik.privacy import MASK
from nagorik_platform.number_mask import mask_numbers

SEPARATORS = (
    "",
    " ",
    "-",
    ".",
    "/",
    ",",
    "_",
    "\u2013",
    "\u00a0",
    "\u200b",
    "\u200d",
    ") ",
    " . ",
    " \u2013 ",
    "\u200d\u200d\u200d",
)
DIGITS = st.sampled_from("0123456789\u09e6\u09e7\u09e8\u09e9\u09ea\u09eb\u09ec\u09ed\u09ee\u09ef")


@given(st.lists(st.tuples(DIGITS, st.sampled_from(SEPARATORS)), min_size=9, max_size=20))
def test_no_number_of_nine_digits_is_left_however_it_is_separated(number: list[tuple[str, str]]) -> None:
    # Zeros for years make no day of it, and a number has no amount's two decimals behind thousands.
    written = "000" + "".join(f"{digit}{between}" for digit, between in number)
    shown = mask_numbers(f"NID {written} it is")
    left = "".join(char for char in shown if char.isdecimal())
    assert MASK in shown
    assert len(left) <= 8


@given(st.text())
def test_masking_numbers_twice_is_masking_them_once(text: str) -> None:
    assert mask_numbers(mask_numbers(text)) == mask_numbers(text)


@pytest.mark.parametrize(
    "number",
    [
        "01300.000202",
        "01300/000202",
        "01300) 000202",
        "01300\u2013000202",
        "0099,000,202",
        "0099 . 000 . 202",
        "99-00-0002-02",
        "31-02-2026 12345",
        "01-02-1990-3456",
        "12.34.5678.9012",
        "0099\u200d000\u200d202",
        "\u09e6\u09e6\u09ef\u09ef.\u09e6\u09e6\u09e6.\u09e8\u09e6\u09e8",
        "1,234,567,890",
        "1234567.89 1234",
        "99.00 0002 02",
    ],
)
def test_number_that_could_be_somebodys_is_masked(number: str) -> None:
    assert mask_numbers(f"No. ({number}).") == f"No. ({MASK})."


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-24, deed 123456",
        "on 24-11-2026 10:30, room 12",
        "on 24.11.2026 \u2013 26.11.2026",
        "on \u09e8\u09ea/\u09e7\u09e7/\u09e8\u09e6\u09e8\u09ec, 10:30",
        "pay 12,34,56,789.00 BDT",
        "pay 1,234,567.50, then 1,150.00 + 172.50",
        "pay \u09e8,\u09ed\u09e6,\u09ef\u09e8\u09e8.\u09e6\u09e6 taka",
        "deed 1234-5678",
    ],
)
def test_day_and_amount_stay_readable(text: str) -> None:
    assert mask_numbers(text) == text
