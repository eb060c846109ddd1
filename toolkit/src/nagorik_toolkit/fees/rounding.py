"""How amounts are brought to payable ones: the named ways to round, and the tax on one amount."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor

from nagorik.values import Money, NationalDataError


class Rounding(StrEnum):
    """How an amount is brought to a payable one. Half a unit always goes up: 517.50 taka becomes 518."""

    WHOLE_TAKA_HALF_UP = "whole-taka-half-up"
    """To whole taka (or dollars), as most portals charge."""
    POISHA_HALF_UP = "poisha-half-up"
    """To whole poisha (or cents)."""
    NONE = "none"
    """Not at all: the result must be exact in poisha."""


def vat_on(amount: Money, rate: Decimal, rounding: Rounding) -> Money:
    """The tax on an amount that is itself without tax: ``Decimal("0.15")`` is 15 per cent.

    Raises:
        NationalDataError: ``money.rate`` for anything but a ``Decimal`` from 0 to 1, ``money.inexact`` where
            ``Rounding.NONE`` is asked for and the tax is not whole in poisha.
    """
    exact = amount.poisha * _rate(rate)
    if rounding is Rounding.NONE and exact.denominator != 1:
        raise NationalDataError("money.inexact")
    [poisha] = rounded_parts([exact], rounding)
    return Money(poisha=poisha, currency=amount.currency)


def _rate(rate: object) -> Fraction:
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate <= 1:
        raise NationalDataError("money.rate")
    return Fraction(rate)


def rounded_parts(exact: Sequence[Fraction], rounding: Rounding) -> list[int]:
    """Whole units (taka or poisha, by ``rounding``) near ``exact`` whose sum is the rounded sum, half a unit up.

    Every part is rounded down, and the units that the sum then lacks go to the parts that lost most, the first of
    equals. So a part without a fraction never changes, and no part is off by a whole unit.
    """
    unit = 100 if rounding is Rounding.WHOLE_TAKA_HALF_UP else 1
    whole = [floor(part / unit) for part in exact]
    lost = [part / unit - units for part, units in zip(exact, whole, strict=True)]
    missing = floor(sum(lost, Fraction(1, 2)))
    for number in sorted(range(len(exact)), key=lambda position: -lost[position])[:missing]:
        whole[number] += 1
    return [units * unit for units in whole]
