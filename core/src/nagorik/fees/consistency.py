"""What must be true of a schedule as a whole, checked when it is read and not when a citizen asks."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import combinations

from nagorik.bangladesh import Rounding
from nagorik.fees.pricing import Charge, exact_parts
from nagorik.fees.tariff import Condition, Dimension, Row, Standing, Tariff, Vat
from nagorik.fees.values import Allowed


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


def _first_shared_day(one: Tariff, other: Tariff) -> date | None:
    if one.standing is not Standing.EFFECTIVE or other.standing is not Standing.EFFECTIVE:
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
