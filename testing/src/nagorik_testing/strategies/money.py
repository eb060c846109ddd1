"""Amounts, those at which rounding decides first of all."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final

from hypothesis import strategies as st

from nagorik.bangladesh import Money, Rounding, format_taka, to_bangla_digits
from nagorik_testing.strategies.writing import Refused, Written

VAT: Final = Decimal("0.15")
"""The standard rate of value added tax."""
MOST: Final = 10_000_000_00
"""A crore taka, in poisha: above any fee of an agency."""

_UNITS: Final = {Rounding.WHOLE_TAKA_HALF_UP: 100, Rounding.POISHA_HALF_UP: 1}


def amounts(most: Money | None = None) -> st.SearchStrategy[Money]:
    """An amount to the poisha, from nothing to ``most``, a crore by default; round fees are as likely as odd ones."""
    limit = most.poisha if most is not None else MOST
    whole = st.integers(0, limit // 100).map(lambda taka: taka * 100)
    return (whole | st.integers(0, limit)).map(lambda poisha: Money(poisha=poisha))


def amounts_at_rounding(
    rate: Decimal = VAT, rounding: Rounding = Rounding.WHOLE_TAKA_HALF_UP, *, most: Money | None = None
) -> st.SearchStrategy[Money]:
    """An amount whose tax lies at half a unit of ``rounding``, or as near to it as poisha allow, on either side.

    Raises:
        ValueError: For a rate of nothing, or a rounding that never rounds.
    """
    if rate <= 0 or rounding not in _UNITS:
        raise ValueError("a rate above zero and a rounding that rounds are needed")
    unit, limit = _UNITS[rounding], most.poisha if most is not None else MOST
    step = Fraction(unit) / Fraction(rate)
    halves = st.integers(0, max(0, floor(Fraction(limit) / step - Fraction(1, 2))))
    near = st.tuples(halves, st.integers(-1, 2)).map(
        lambda drawn: floor((drawn[0] + Fraction(1, 2)) * step) + drawn[1]
    )
    return near.filter(lambda poisha: 0 <= poisha <= limit).map(lambda poisha: Money(poisha=poisha))


@st.composite
def written_amounts(draw: st.DrawFn) -> Written[Money]:
    """An amount as people write it: by lakh, by thousand or plain, with ৳, Tk or টাকা, in either digits."""
    money = draw(amounts())
    lakh, plain = format_taka(money), money.plain()
    text = draw(st.sampled_from((lakh, plain, f"{money.as_decimal():,}", plain.removesuffix(".00"))))
    before, after = draw(st.sampled_from((("", ""), ("৳", ""), ("Tk. ", ""), ("", " টাকা"), ("", "/-"), ("BDT ", ""))))
    text = f"{before}{text}{after}"
    return Written(to_bangla_digits(text) if draw(st.booleans()) else text, money)


@st.composite
def refused_amounts(draw: st.DrawFn) -> Refused:
    """What cannot be read as an amount without guessing, or is more precise than money."""
    plain = draw(amounts()).plain()
    text, code = draw(
        st.sampled_from(
            (
                (f"{plain}5", "money.too-precise"),
                (f"-{plain}", "money.text"),
                (f"{plain.replace('.', ',')}", "money.text"),
                (f"1,2,3{plain}", "money.text"),
                (f"{plain}e3", "money.text"),
                (f"{plain} {plain}", "money.text"),
                ("৳", "money.text"),
                ("", "money.text"),
            )
        )
    )
    return Refused(text, code)
