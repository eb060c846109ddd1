"""Half a unit goes up, and the tax on an amount is that of its rate."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik.values import Money, NationalDataError
from nagorik_toolkit.fees.rounding import Rounding, rounded_parts, vat_on


@pytest.mark.parametrize(("poisha", "payable"), [(51750, 518), (51749, 517), (51700, 517), (50, 1), (51850, 519)])
def test_half_a_taka_goes_up(poisha: int, payable: int) -> None:
    assert rounded_parts([Fraction(poisha)], Rounding.WHOLE_TAKA_HALF_UP) == [payable * 100]
    assert rounded_parts([Fraction(poisha)], Rounding.POISHA_HALF_UP) == [poisha]


@pytest.mark.parametrize(
    ("fee", "with_vat"), [(200, 230), (300, 345), (400, 460), (100, 115), (500, 575), (1000, 1150)]
)
def test_published_nid_fees_with_vat(fee: int, with_vat: int) -> None:
    net = Money.taka(fee)
    assert net + vat_on(net, Decimal("0.15"), Rounding.WHOLE_TAKA_HALF_UP) == Money.taka(with_vat)


def test_vat_follows_the_rounding_that_is_named() -> None:
    net = Money.taka("33.33")  # 4.9995 taka of VAT
    assert vat_on(net, Decimal("0.15"), Rounding.POISHA_HALF_UP) == Money.taka("5.00")
    assert vat_on(Money.taka("3.03"), Decimal("0.15"), Rounding.POISHA_HALF_UP) == Money.taka("0.45")
    assert vat_on(Money.taka("0.10"), Decimal("0.15"), Rounding.POISHA_HALF_UP) == Money.taka("0.02")
    with pytest.raises(NationalDataError, match=r"money\.inexact"):
        vat_on(net, Decimal("0.15"), Rounding.NONE)
    assert vat_on(Money.taka(450), Decimal("0.15"), Rounding.NONE) == Money.taka("67.50")
    assert vat_on(Money.taka(450), Decimal("0.15"), Rounding.WHOLE_TAKA_HALF_UP) == Money.taka(68)


@pytest.mark.parametrize("rate", [0.15, 15, "0.15", Decimal("1.01"), Decimal("-0.1"), Decimal("NaN"), None, True])
def test_rate_is_a_decimal_from_zero_to_one(rate: Any) -> None:
    with pytest.raises(NationalDataError, match=r"money\.rate"):
        vat_on(Money.taka(100), rate, Rounding.NONE)


@given(st.integers(0, 10**14), st.sampled_from(["0", "0.05", "0.15", "1"]))
def test_rounded_vat_is_off_by_half_a_unit_at_most(poisha: int, rate: str) -> None:
    exact = poisha * Decimal(rate)
    assert abs(vat_on(Money(poisha=poisha), Decimal(rate), Rounding.POISHA_HALF_UP).poisha - exact) <= Decimal("0.5")
    whole = vat_on(Money(poisha=poisha), Decimal(rate), Rounding.WHOLE_TAKA_HALF_UP).poisha
    assert whole % 100 == 0
    assert abs(whole - exact) <= 50


def test_tax_is_in_the_currency_of_its_amount() -> None:
    assert vat_on(Money.of(10, "USD"), Decimal("0.15"), Rounding.NONE) == Money.of("1.50", "USD")
