"""A citizen's numbers are found in whatever way somebody writes them."""

import pytest

from nagorik.values import BirthRegistrationNumber, MobileNumber, Nid
from nagorik_host.own_numbers import holds_own_number, mask_own_numbers

OWN = (
    Nid(value="0099000202"),
    BirthRegistrationNumber(value="19799910000000202"),
    MobileNumber(e164="+8801300000202"),
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("RAHIM 0099000202", "RAHIM **********"),
        ("রহিম ০০৯৯০০০২০২", "রহিম **********"),
        ("0099-000-202", "****-***-***"),
        ("0099 000 202", "**** *** ***"),
        ("00\u200b99000202", "**\u200b********"),
        ("NGK-19799910000000202-A", "NGK-*****************-A"),
        # Many write a number of 17 digits without the year in front.
        ("9910000000202", "*************"),
        ("0099000202 0099000202", "********** **********"),
        ("+8801300000202", "+*************"),
        ("KARIM ০১৩০০-০০০২০২", "KARIM *****-******"),
        ("NGK-1300000202", "NGK-**********"),
    ],
)
def test_own_number_is_masked(text, masked):
    assert mask_own_numbers(text, OWN) == masked
    assert holds_own_number(text, OWN)


@pytest.mark.parametrize("text", ["RAHIM 202", "NGK-0123456789ABCDEF", "0099000203", "", "২০২ নম্বর"])
def test_other_text_is_left_as_it_is(text):
    assert mask_own_numbers(text, OWN) == text
    assert not holds_own_number(text, OWN)
