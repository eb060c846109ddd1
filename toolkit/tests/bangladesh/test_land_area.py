from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from nagorik.values import NationalDataError, to_bangla_digits
from nagorik_toolkit.bangladesh import LandArea
from nagorik_toolkit.bangladesh.numbers import LARGEST_AREA

AREAS = st.integers(0, LARGEST_AREA).map(lambda parts: LandArea(parts=parts))


@given(AREAS, st.sampled_from(["acre", "decimal"]))
def test_what_is_written_is_read_again_in_both_digits(area: LandArea, unit) -> None:
    assert LandArea.parse(area.plain(unit), unit) == area
    assert LandArea.parse(f" {to_bangla_digits(area.plain(unit))} ", unit) == area


@given(AREAS)
def test_acre_is_a_hundred_decimals(area: LandArea) -> None:
    assert area.acres * 100 == area.decimals


@given(AREAS, AREAS)
def test_areas_are_ordered_and_added_by_their_size(one: LandArea, other: LandArea) -> None:
    assert (one < other) is (one.acres < other.acres)
    if one.parts + other.parts <= LARGEST_AREA:
        assert (one + other).acres == one.acres + other.acres


@given(st.text(max_size=40))
def test_nothing_is_guessed(text: str) -> None:
    try:
        told = LandArea.parse(text).acres == Decimal(text.strip())
    except NationalDataError as error:
        told = error.code.startswith(("land-area.", "invisible."))
    assert told


def test_25_bigha_are_the_published_8_25_acres() -> None:
    assert LandArea.bigha(25) == LandArea.parse("8.25") == LandArea.parse("825", "decimal")


@pytest.mark.parametrize(("text", "parts"), [("0", 0), ("1", 10_000), ("০.১২৫০", 1250), ("0.12500000", 1250)])
def test_acres(text: str, parts: int) -> None:
    assert LandArea.parse(text).parts == parts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text"), (".5", "text"), ("5.", "text"), ("1,000", "text"), ("-1", "text"), ("1e3", "text"),
        ("৫ একর", "text"), (5, "text"), (None, "text"), ("٥", "text"), ("1" * 33, "text"),
        ("0.00001", "too-precise"), ("9" * 20, "bounds"),
    ],
)  # fmt: skip
def test_what_is_no_area_is_refused(text: object, code: str) -> None:
    with pytest.raises(NationalDataError) as caught:
        LandArea.parse(text)
    assert caught.value.code == f"land-area.{code}"


def test_area_reads_well_in_both_languages() -> None:
    area = LandArea.parse("0.125")
    assert (area.in_language("bn"), area.in_language("en")) == ("০.১২৫০ একর", "0.1250 acres")
    assert (area.in_language("bn", "decimal"), area.in_language("en", "decimal")) == ("১২.৫০ শতাংশ", "12.50 decimals")
