"""A holding's demand, held against what is published of the land development tax.

The land office says what is due; the plugin computes what it can and stops where the two differ. What no source
says is not guessed: a rate that has not been found, or on which pages disagree, is not compared. Where the rule for
interest can be read in two ways, any sum between the two readings is taken. Bounds are in poisha.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator, Field

from nagorik import ContractViolation, FieldProblem, Money, QuoteLine, Source, Text, WireModel, to_bangla_digits
from nagorik_land.data import DATA
from nagorik_land.forms import DevelopmentTaxForm
from nagorik_toolkit import (
    DayMonthYear,
    FeeSchedule,
    FiscalYear,
    NoTariff,
    NotPriced,
    Price,
    TakaAmount,
    refuse,
)

NO_VAT: Final = Money(poisha=0)
EXEMPT: Final = "exempt"
"""The schedule's word for land without tax."""
TO_LIMIT: Final = "agricultural-to-limit"
ABOVE_LIMIT: Final = "agricultural-above-limit"


def _year(written: object) -> object:
    return FiscalYear.parse(written) if isinstance(written, str) else written


Year = Annotated[FiscalYear, BeforeValidator(_year), Field(alias="fiscalYear")]


class Arrear(WireModel):
    """What is still owed for an earlier year, without interest."""

    year: Year
    amount: TakaAmount


class Demand(WireModel):
    """What a holding owes on one day."""

    year: Year
    as_of: DayMonthYear = Field(alias="asOf")
    """Interest grows by the day, so that the sums hold for this one only."""
    exempt: bool
    current: TakaAmount
    """The tax of the year itself or, for exempt land, the price of the receipt."""
    arrears: tuple[Arrear, ...] = ()
    interest: TakaAmount
    total: TakaAmount


class Assessment(NamedTuple):
    """What is due, line by line, and where the figures stand."""

    lines: tuple[QuoteLine, ...]
    source: Source


def kind_of(form: DevelopmentTaxForm, on: date) -> str:
    """The schedule's word for the land: its use and its area, or for farmland in a village the family's holdings."""
    if form.use != "agricultural" or form.area_class != "rural" or form.family_area is None:
        return f"{form.area_class}-{form.use}"
    # Above the exemption all of the land is taxed, at the rate of the band that the family's holdings lie in.
    rules = DATA.rules.on(on)
    if form.family_area.acres <= rules["exempt-acres"].as_decimal:
        return EXEMPT
    return TO_LIMIT if form.family_area.acres <= rules["lower-rate-acres"].as_decimal else ABOVE_LIMIT


def assess(form: DevelopmentTaxForm, demand: Demand, schedule: FeeSchedule, on: date) -> Assessment:
    """What the citizen is asked for on ``on``: the demand, line by line, as far as it can be compared.

    Raises:
        InputRejected: The demand does not fit the land as the citizen described it.
        ContractViolation: It contradicts itself, or the rate of interest.
    """
    _check(form, demand, on)
    as_demanded = DATA.rules.on(on)["price-as-demanded"].source
    if not demand.total.poisha:
        # Paid already: there is no sum to compare, and no citizen is asked for one.
        return Assessment((_nothing_due(demand),), as_demanded)
    kind = kind_of(form, on)
    if _exemption_is_known(form) and demand.exempt != (kind == EXEMPT):
        refuse([_differs("/form/family_area" if form.use == "agricultural" else "/form/use")])
    price = _price(schedule, kind, form.area.parts, on)
    if price is not None and not _lies_between(demand.current, price.total.poisha, price.total.poisha, on):
        refuse([_differs("/form/area")])
    if not _lies_between(demand.interest, *interest_bounds(demand, on), on):
        raise ContractViolation("interest-differs-from-rate")
    return Assessment(tuple(_lines(demand, price)), price.tariff.source if price else as_demanded)


def _exemption_is_known(form: DevelopmentTaxForm) -> bool:
    """Not for farmland in a town: one page has it as other land, another at a rate of its own, and they differ."""
    return form.use != "agricultural" or form.area_class == "rural"


def interest_bounds(demand: Demand, on: date) -> tuple[Fraction, Fraction]:
    """The least and the most that simple interest can have come to on the demand's day.

    An arrear bears interest from the end of its year; whether a year begun counts by its days or in full is known
    no more than the rate itself, so both are taken.
    """
    rate = Fraction(DATA.rules.on(on)["arrears-interest"].as_decimal) / 100
    low = high = Fraction(0)
    for arrear in demand.arrears:
        years = _whole_years(arrear.year.last_day, demand.as_of)
        low += arrear.amount.poisha * rate * years
        high += arrear.amount.poisha * rate * (years + 1)
    return low, high


def _check(form: DevelopmentTaxForm, demand: Demand, on: date) -> None:
    """The demand is one for this year and day, and agrees with itself."""
    if demand.year != form.fiscal_year or any(arrear.year >= demand.year for arrear in demand.arrears):
        raise ContractViolation("demand-of-another-year")
    if demand.as_of < on:
        raise ContractViolation("demand-of-another-day")
    if demand.current.poisha + _owed(demand) + demand.interest.poisha != demand.total.poisha:
        raise ContractViolation("demand-does-not-add-up")


def _owed(demand: Demand) -> int:
    return sum(arrear.amount.poisha for arrear in demand.arrears)


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
    texts, owed = DATA.texts, _owed(demand)
    if demand.current.poisha and price is not None:
        yield _line(price.lines[0].code, price.lines[0].text, demand.current)
    elif demand.current.poisha:
        text = texts.text("price.tax-not-compared", year=_named(demand))
        if demand.exempt:
            text = texts.text("price.waiver-not-compared")
        yield _line("not-compared", text, demand.current)
    if owed:
        yield _line("arrears", texts.text("price.arrears"), Money(poisha=owed))
    if demand.interest.poisha:
        yield _line("interest", texts.text("price.interest", day=demand.as_of), demand.interest)


def _nothing_due(demand: Demand) -> QuoteLine:
    return _line("nothing-due", DATA.texts.text("price.nothing-due", year=_named(demand)), Money(poisha=0))


def _named(demand: Demand) -> Text:
    return Text(bn=to_bangla_digits(demand.year.label), en=demand.year.label)


def _line(code: str, text: Text, amount: Money) -> QuoteLine:
    return QuoteLine(code=code, text=text, amount=amount, vat=NO_VAT)


def _lies_between(amount: Money, low: Fraction | int, high: Fraction | int, on: date) -> bool:
    less_than = Money.taka(DATA.rules.on(on)["rounded-by-less-than"].as_int).poisha
    return low - less_than < amount.poisha < high + less_than


def _whole_years(since: date, until: date) -> int:
    """Whole years from the last day of a fiscal year; the 30th of June is a day of every year."""
    return max(0, until.year - since.year - ((until.month, until.day) < (since.month, since.day)))


def _differs(pointer: str) -> FieldProblem:
    return DATA.texts.field_problem(pointer, "land.demand-differs")
