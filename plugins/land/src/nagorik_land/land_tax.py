"""A holding's demand, held against what is published of the land development tax.

The land office says what is due; the plugin computes what it can and stops where the two differ. What no source
says is not guessed: a rate that has not been found, or on which pages disagree, is not compared. Where the rule for
interest can be read in two ways, any sum between the two readings is taken.

Bounds are in poisha. Whether an office rounds to whole taka is not known, so less than a taka is no difference.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from nagorik import (
    ContractViolation,
    FieldProblem,
    Money,
    QuoteLine,
    Source,
    Text,
    to_bangla_digits,
)
from nagorik_land.data import RULES, TEXTS
from nagorik_land.forms import DevelopmentTaxForm
from nagorik_land.pricing import EXEMPT, NO_VAT, kind_of
from nagorik_land.wire import Demand
from nagorik_toolkit import FeeSchedule, NoTariff, NotPriced, Price, refuse

_TAKA: Final = 100


class Assessment(NamedTuple):
    """What is due, line by line, and where the figures stand."""

    lines: tuple[QuoteLine, ...]
    source: Source


def assess(form: DevelopmentTaxForm, demand: Demand, schedule: FeeSchedule, on: date) -> Assessment:
    """What the citizen is asked for on ``on``: the demand, line by line, as far as it can be compared.

    Raises:
        InputRejected: The demand does not fit the land as the citizen described it.
        ContractViolation: It contradicts itself, or the rate of interest.
    """
    _check(form, demand, on)
    if not demand.total.poisha:
        # Paid already: there is no sum to compare, and nobody is asked for one.
        return Assessment((_nothing_due(demand),), RULES.on(on)["price-as-demanded"].source)
    kind = kind_of(form, on)
    if _exemption_is_known(form) and demand.exempt != (kind == EXEMPT):
        refuse([_differs("/form/family_area" if form.use == "agricultural" else "/form/use")])
    price = _price(schedule, kind, form.area.parts, on)
    if price is not None and not _lies_between(demand.current, price.total.poisha, price.total.poisha):
        refuse([_differs("/form/area")])
    if not _lies_between(demand.interest, *interest_bounds(demand, on)):
        raise ContractViolation("interest-differs-from-rate")
    source = price.tariff.source if price else RULES.on(on)["price-as-demanded"].source
    return Assessment(tuple(_lines(demand, price)), source)


def _exemption_is_known(form: DevelopmentTaxForm) -> bool:
    """Not for farmland in a town: one page has it as other land, another at a rate of its own, and they differ."""
    return form.use != "agricultural" or form.area_class == "rural"


def interest_bounds(demand: Demand, on: date) -> tuple[Fraction, Fraction]:
    """The least and the most that simple interest can have come to on the demand's day.

    An arrear bears interest from the end of its year; whether a year begun counts by its days or in full is known
    no more than the rate itself, so both are taken.
    """
    rate = Fraction(RULES.on(on)["arrears-interest"].as_decimal) / 100
    low = high = Fraction(0)
    for arrear in demand.arrears:
        years = _whole_years(arrear.year.last_day, demand.as_of)
        low += arrear.amount.poisha * rate * years
        high += arrear.amount.poisha * rate * (years + 1)
    return low, high


def _check(form: DevelopmentTaxForm, demand: Demand, on: date) -> None:
    """The demand is one for this year and day, and agrees with itself."""
    owed = sum(arrear.amount.poisha for arrear in demand.arrears)
    if demand.year != form.fiscal_year or any(arrear.year >= demand.year for arrear in demand.arrears):
        raise ContractViolation("demand-of-another-year")
    if demand.as_of < on:
        raise ContractViolation("demand-of-another-day")
    if demand.current.poisha + owed + demand.interest.poisha != demand.total.poisha:
        raise ContractViolation("demand-does-not-add-up")


def _price(schedule: FeeSchedule, kind: str, parts: int, on: date) -> Price | None:
    """What land of a kind costs in a year; ``None`` where no rate has been found."""
    kinds = next(one.labels for one in schedule.dimensions if one.dimension == "land")
    if kind not in kinds:
        return None
    try:
        return schedule.price(on, land=kind, parts=parts)
    except (NoTariff, NotPriced):
        return None


def _lines(demand: Demand, price: Price | None) -> Iterator[QuoteLine]:
    owed = Money(poisha=sum(arrear.amount.poisha for arrear in demand.arrears))
    if demand.current.poisha and price is not None:
        yield _line(price.lines[0].code, price.lines[0].text, demand.current)
    elif demand.current.poisha:
        text = TEXTS.text("price.tax-not-compared", year=_named(demand))
        if demand.exempt:
            text = TEXTS.text("price.waiver-not-compared")
        yield _line("not-compared", text, demand.current)
    if owed.poisha:
        yield _line("arrears", TEXTS.text("price.arrears"), owed)
    if demand.interest.poisha:
        yield _line("interest", TEXTS.text("price.interest", day=demand.as_of), demand.interest)


def _nothing_due(demand: Demand) -> QuoteLine:
    return _line("nothing-due", TEXTS.text("price.nothing-due", year=_named(demand)), Money(poisha=0))


def _named(demand: Demand) -> Text:
    return Text(bn=to_bangla_digits(demand.year.label), en=demand.year.label)


def _line(code: str, text: Text, amount: Money) -> QuoteLine:
    return QuoteLine(code=code, text=text, amount=amount, vat=NO_VAT)


def _lies_between(amount: Money, low: Fraction | int, high: Fraction | int) -> bool:
    return low - _TAKA < amount.poisha < high + _TAKA


def _whole_years(since: date, until: date) -> int:
    """Whole years from the last day of a fiscal year; the 30th of June is a day of every year."""
    return max(0, until.year - since.year - ((until.month, until.day) < (since.month, since.day)))


def _differs(pointer: str) -> FieldProblem:
    return TEXTS.field_problem(pointer, "land.demand-differs")
