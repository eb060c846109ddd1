"""A citizen's numbers are found in whatever way they are written."""

from datetime import date

import pytest

from nagorik import Applicant
from nagorik.values import BirthRegistrationNumber, MobileNumber, Nid, PersonName
from nagorik_host.own_numbers import holds_own_number, mask_own_numbers, numbers_of

OWN = numbers_of(
    Applicant(
        name=PersonName(bn="রহিম"),
        birth_date=date(1979, 1, 1),
        identifiers=(Nid(value="0099000202"), BirthRegistrationNumber(value="19799910000000202")),
        phone=MobileNumber(e164="+8801300000202"),
    )
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("রহিম ০০৯৯০০০২০২", "রহিম **********"),
        ("0099-000 202", "****-*** ***"),
        ("00\u200b99000202", "**\u200b********"),
        ("NGK-19799910000000202-A", "NGK-*****************-A"),
        # Many write a number of 17 digits without the year in front.
        ("9910000000202", "*************"),
        ("0099000202 0099000202", "********** **********"),
        ("+8801300000202", "+*************"),
        ("KARIM ০১৩০০-০০০২০২", "KARIM *****-******"),
        ("NGK-1300000202", "NGK-**********"),
        ("NGK-0123456789ABCDEF", "NGK-0123456789ABCDEF"),
        ("0099000203", "0099000203"),
        ("২০২ নম্বর", "২০২ নম্বর"),
    ],
)
def test_own_number_is_masked_and_other_text_left_as_it_is(text, masked):
    assert mask_own_numbers(text, OWN) == masked
    assert holds_own_number(text, OWN) == (masked != text)
