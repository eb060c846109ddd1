"""What a tariff's rows come to for one choice, and whether a schedule's tariffs agree with themselves."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import combinations
from math import floor
from typing import NamedTuple

from nagorik.model.fee import QuoteLine
from nagorik.values import Currency, Money
from nagorik_toolkit.fees.rounding import Rounding, rounded_parts
from nagorik_toolkit.fees.tariff import (
    Allowed,
    Condition,
    Dimension,
    DimensionWords,
    Row,
    Tariff,
    TariffStanding,
    Vat,
)


class Charge(NamedTuple):
    """A row and how often it is charged, more than not at all."""

    row: Row
    quantity: Fraction

    @property
    def hundredths(self) -> Fraction:
        """The row's amount, times its quantity, before tax is added or taken out; not rounded."""
        return (self.row.amount or 0) * self.quantity


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
            nature=charge.row.nature,
            payee=charge.row.payee,
        )
        for charge, paid, tax in zip(charges, payable, taxes, strict=True)
    ]


def schedule_problems(
    tariffs: Sequence[Tariff], dimensions: Sequence[Dimension], vat: Vat | None, rounding: Rounding
) -> Iterator[str]:
    """Everything that is wrong between the parts of a schedule, each naming the tariff and the row."""
    for one, other in combinations(tariffs, 2):
        if one.id == other.id:
            yield f"two tariffs have the id {one.id}"
        day = _first_shared_day(one, other)
        if day is not None:
            yield f"the tariffs {one.id} and {other.id} are both effective on {day.isoformat()}"
    declared = {dimension.dimension: dimension for dimension in dimensions}
    for tariff in tariffs:
        for number, row in enumerate(tariff.rows):
            problems = list(_row_problems(row, declared, vat, rounding))
            if any(_may_meet(row, earlier, declared) for earlier in tariff.rows[:number]):
                problems.append("another row of this code is for the same choice")
            for problem in problems:
                yield f"tariff {tariff.id}, rows.{number} ({row.code}): {problem}"


def word_problems(words: Mapping[str, DimensionWords], dimensions: Sequence[Dimension]) -> Iterator[str]:
    """Words for dimensions and values that the schedule does not have."""
    declared = {dimension.dimension: dimension.labels for dimension in dimensions}
    for name, said in words.items():
        if name not in declared:
            yield f"words.{name}: there is no dimension {name}"
            continue
        for value in said.values:
            if value not in declared[name]:
                yield f"words.{name}.values: {value} is not among the values {', '.join(declared[name])}"


def _first_shared_day(one: Tariff, other: Tariff) -> date | None:
    if one.standing is not TariffStanding.EFFECTIVE or other.standing is not TariffStanding.EFFECTIVE:
        return None
    later = max(one.effective_from or date.min, other.effective_from or date.min)
    return later if one.holds_on(later) and other.holds_on(later) else None


def _row_problems(row: Row, declared: Mapping[str, Dimension], vat: Vat | None, rounding: Rounding) -> Iterator[str]:
    for condition in row.when:
        dimension = declared.get(condition.dimension)
        if dimension is None:
            yield f"when.{condition.dimension}: there is no dimension {condition.dimension}"
        else:
            yield from _condition_problems(condition, dimension)
    for name in row.times:
        if name not in declared or not declared[name].numeric:
            yield f"times: there is no dimension {name} of numbers"
    if rounding is Rounding.NONE and (row.per > 1 or row.rate is not None):
        yield "per and rate give parts of a poisha, and the schedule's rounding is none"
    elif rounding is Rounding.NONE and any(
        part.denominator != 1 for part in exact_parts(Charge(row, Fraction(1)), vat)
    ):
        yield "amount: with its tax it is not whole in poisha, and the schedule's rounding is none"


def _condition_problems(condition: Condition, dimension: Dimension) -> Iterator[str]:
    name = condition.dimension
    for value in dimension.values:
        if condition.meets(value) and not condition.covers(value):
            yield f"when.{name}: it holds for a part of {value} only; declare the parts as values"
    for wanted in condition.values:
        if not any(wanted.meets(value) for value in dimension.values):
            yield f"when.{name}: {wanted} is not among the values {', '.join(dimension.labels)}"


def _may_meet(row: Row, other: Row, declared: Mapping[str, Dimension]) -> bool:
    if (row.code, row.stage) != (other.code, other.stage):
        return False
    # Conditions hold for whole declared values, so two rows meet where they share one in every dimension.
    return all(
        any(_admits(row, dimension, value) and _admits(other, dimension, value) for value in dimension.values)
        for dimension in declared.values()
    )


def _admits(row: Row, dimension: Dimension, value: Allowed) -> bool:
    return all(condition.covers(value) for condition in row.when if condition.dimension == dimension.dimension)
