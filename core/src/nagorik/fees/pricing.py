"""From rows to lines that add up.

All arithmetic is on whole hundredths and fractions of them. What is rounded is the amount to be paid, once per
line or once in total as the agency does it; no line is more than one unit away from its exact amount.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

from nagorik.bangladesh import Currency, Money, Rounding
from nagorik.fees.tariff import Row, Vat
from nagorik.model.fee import QuoteLine


class Charge(NamedTuple):
    """A row and how often it is charged, more than not at all."""

    row: Row
    quantity: Fraction

    @property
    def hundredths(self) -> Fraction:
        """The row's amount, times its quantity, before tax is added or taken out; not rounded."""
        return self.row.amount * self.quantity


def price_lines(
    charges: Sequence[Charge], *, currency: Currency, vat: Vat | None, rounding: Rounding
) -> tuple[QuoteLine, ...]:
    """The lines of a price. The sum of their amounts and taxes is what the agency asks for, to the poisha."""
    per_line = vat is None or vat.per == "line"
    groups = [[charge] for charge in charges] if per_line else [list(charges)]
    return tuple(line for group in groups for line in _group(group, currency, vat, rounding))


def exact_parts(charge: Charge, vat: Vat | None) -> tuple[Fraction, Fraction]:
    """What a charge comes to with its tax, and the tax in it, both in hundredths and not rounded."""
    amount = charge.hundredths
    rate = Fraction(0) if vat is None or charge.row.vat_exempt else Fraction(vat.rate)
    if vat is not None and vat.included:
        return amount, amount * rate / (1 + rate)
    return amount * (1 + rate), amount * rate


def rounded_parts(exact: Sequence[Fraction], rounding: Rounding) -> list[int]:
    """Whole units (taka or poisha, by ``rounding``) near ``exact`` whose sum is the rounded sum, half a unit up.

    Every part is rounded down, and the units that the sum then lacks go to the parts that lost most, the first of
    equals. So a part without a fraction never changes, and none is off by a whole unit.
    """
    unit = 100 if rounding is Rounding.WHOLE_TAKA_HALF_UP else 1
    whole = [floor(part / unit) for part in exact]
    lost = [part / unit - units for part, units in zip(exact, whole, strict=True)]
    missing = floor(sum(lost, Fraction(1, 2)))
    for number in sorted(range(len(exact)), key=lambda position: -lost[position])[:missing]:
        whole[number] += 1
    return [units * unit for units in whole]


def _group(charges: Sequence[Charge], currency: Currency, vat: Vat | None, rounding: Rounding) -> list[QuoteLine]:
    payable = rounded_parts([exact_parts(charge, vat)[0] for charge in charges], rounding)
    if vat is not None and vat.included:
        shares = rounded_parts([exact_parts(charge, vat)[1] for charge in charges], rounding)
        taxes = [min(share, paid) for share, paid in zip(shares, payable, strict=True)]
    else:
        # What rounding adds or takes is tax; a line without tax has nothing to take it from but itself.
        taxes = [
            0 if vat is None or charge.row.vat_exempt else max(0, paid - floor(charge.hundredths + Fraction(1, 2)))
            for charge, paid in zip(charges, payable, strict=True)
        ]
    return [
        QuoteLine(
            code=charge.row.code,
            text=charge.row.text,
            amount=Money(poisha=paid - tax, currency=currency),
            vat=Money(poisha=tax, currency=currency),
        )
        for charge, paid, tax in zip(charges, payable, taxes, strict=True)
    ]
