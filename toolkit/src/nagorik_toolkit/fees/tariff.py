"""A dated tariff as its file writes it: dimensions, rows, conditions, VAT, and the values they may take."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, StringConstraints, model_validator

from nagorik.manifest.fields import Count, Day, ManifestModel, Slug
from nagorik.model.fee import LineNature, Source
from nagorik.values import Money, NationalDataError
from nagorik.values.sentences import Text

LARGEST_NUMBER: Final = 1_000_000

_NUMBERS: Final = re.compile(r"(?P<low>0|[1-9][0-9]{0,6})(?P<open>\+)?(-(?P<high>[1-9][0-9]{0,6}))?")
_WORD: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a dimension such as delivery."""

    word: str

    def admits(self, given: int | str) -> bool:
        """Whether what a caller gave is this word."""
        return given == self.word

    def covers(self, other: "Allowed") -> bool:
        """Whether everything that ``other`` admits is admitted here."""
        return self == other

    def meets(self, other: "Allowed") -> bool:
        """Whether something is admitted by both."""
        return self == other

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Numbers:
    """The whole numbers from ``low`` to ``high``, both included; without an end where ``high`` is ``None``."""

    low: int
    high: int | None

    def admits(self, given: int | str) -> bool:
        """Whether what a caller gave is a whole number in this span; ``True`` is not the number one."""
        return (
            isinstance(given, int)
            and not isinstance(given, bool)
            and self.low <= given
            and (self.high is None or given <= self.high)
        )

    def covers(self, other: "Allowed") -> bool:
        """Whether everything that ``other`` admits is admitted here."""
        if not isinstance(other, Numbers) or other.low < self.low:
            return False
        return self.high is None or (other.high is not None and other.high <= self.high)

    def meets(self, other: "Allowed") -> bool:
        """Whether something is admitted by both."""
        if not isinstance(other, Numbers):
            return False
        return (self.high is None or other.low <= self.high) and (other.high is None or self.low <= other.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low}+"
        return str(self.low) if self.high == self.low else f"{self.low}-{self.high}"


Allowed: TypeAlias = Word | Numbers


def read_allowed(written: object) -> Allowed:
    """The value written in a fee file: ``urgent``, ``48``, ``"1-100"`` or ``"3+"`` (3 and every number above).

    Raises:
        ValueError: It is something else; the message says what it may be.
    """
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    if isinstance(written, str):
        if _WORD.fullmatch(written):
            return Word(written)
        found = _NUMBERS.fullmatch(written)
        if found and not (found["open"] and found["high"]):
            low = int(found["low"])
            high = None if found["open"] else int(found["high"] or low)
            if low <= LARGEST_NUMBER and (high is None or low <= high <= LARGEST_NUMBER):
                return Numbers(low, high)
    raise ValueError(
        f'write a lower-case word such as urgent, a number of 0 to {LARGEST_NUMBER}, a span such as "1-100", '
        'or "3+" for 3 and above'
    )


FIRST_STAGE: Final = "application"

DIMENSION_NAME: Final = r"^[a-z][a-z0-9_]*$"
_RESERVED: Final = frozenset({"day", "stage", "request", "due", "valid_for", "self"})


def _allowed(written: object) -> object:
    return read_allowed(written)


def _list(written: object) -> object:
    return written if isinstance(written, list | tuple) else [written]


def _table(written: object) -> object:
    if not isinstance(written, dict):
        return written
    return [{"dimension": name, "values": values} for name, values in written.items()]


def _hundredths(written: object) -> int:
    if not isinstance(written, str):
        raise ValueError('write the amount in quotes, such as "345.00"')  # noqa: TRY004 - pydantic takes this one
    try:
        return Money.taka(written).poisha
    except NationalDataError as error:
        raise ValueError(f'write the amount as in "345.00" ({error.code})') from None


def _row_amount(written: object) -> int | None:
    return None if written == "unknown" else _hundredths(written)


def _rate(written: object) -> Decimal:
    try:
        rate = Decimal(written) if isinstance(written, str) else Decimal("NaN")
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 < rate < 1:
        raise ValueError('write the rate in quotes, above 0 and below 1: "0.15" is 15 per cent')
    return rate


AllowedValue = Annotated[Allowed, BeforeValidator(_allowed)]
Choice = Annotated[tuple[AllowedValue, ...], BeforeValidator(_list), Field(min_length=1)]
DimensionName = Annotated[str, StringConstraints(pattern=DIMENSION_NAME, max_length=40)]
Hundredths = Annotated[int, BeforeValidator(_hundredths)]


class TariffStanding(StrEnum):
    """What a published tariff is worth."""

    EFFECTIVE = "effective"
    """What is charged from its first to its last day."""
    DISPUTED = "disputed"
    """Published by another source beside the effective one; never charged, kept so that both can be seen."""
    SUPERSEDED = "superseded"
    """Still to be found but known to be dead; never charged."""


class Vat(ManifestModel):
    """How value added tax comes into a price."""

    rate: Annotated[Decimal, BeforeValidator(_rate)]
    """The share, as text: ``"0.15"`` is 15 per cent."""
    included: StrictBool
    """Whether the rows' amounts hold the tax already."""
    per: Literal["line", "total"]
    """Whether the agency rounds each line with its tax, or only the total."""


class Dimension(ManifestModel):
    """Something that the price depends on, with every value it can take."""

    dimension: DimensionName
    """Its name, as callers give it."""
    values: Annotated[tuple[AllowedValue, ...], Field(min_length=1)]
    """Words, or whole numbers and spans of them; not both."""

    @model_validator(mode="after")
    def _values_are_apart(self) -> Self:
        if self.dimension in _RESERVED:
            raise ValueError(f"{self.dimension} cannot be the name of a dimension")
        if len({type(value) for value in self.values}) > 1:
            raise ValueError("the values are all words or all numbers")
        for number, value in enumerate(self.values):
            if any(value.meets(earlier) for earlier in self.values[:number]):
                raise ValueError(f"the value {value} is declared twice")
        return self

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return isinstance(self.values[0], Numbers)

    @property
    def labels(self) -> tuple[str, ...]:
        """The allowed values as the file writes them."""
        return tuple(str(value) for value in self.values)


class DimensionWords(ManifestModel):
    """What people call a dimension and its values, where no field of the form says so."""

    title: Text
    """Its name, such as "Which application it is"."""
    values: Mapping[str, Text] = {}
    """What its values are called, by the label of each; a number that has no name is its digits."""


class Condition(ManifestModel):
    """For which values of one dimension a row counts."""

    dimension: DimensionName
    values: Choice

    def covers(self, value: Allowed) -> bool:
        """Whether all that ``value`` stands for fulfils the condition."""
        return any(own.covers(value) for own in self.values)

    def meets(self, value: Allowed) -> bool:
        """Whether something that ``value`` stands for fulfils the condition."""
        return any(own.meets(value) for own in self.values)


class Row(ManifestModel):
    """One line of a tariff. It counts where all its conditions hold; a row without any always counts."""

    code: Slug
    """Stable, such as ``reissue-urgent``; rows for different choices may share one."""
    text: Text
    """What is paid for."""
    amount: Annotated[int | None, BeforeValidator(_row_amount)]
    """In hundredths of the schedule's currency; the file writes whole units as text, ``"345.00"``. ``None``, written
    ``"unknown"``, for a cost that is due and whose amount no source gives: a total with it is "at least"."""
    stage: Slug = FIRST_STAGE
    """The payment it belongs to, for a service whose fee falls due in parts."""
    when: Annotated[tuple[Condition, ...], BeforeValidator(_table)] = ()
    """The choices it is for."""
    times: Annotated[tuple[DimensionName, ...], BeforeValidator(_list)] = ()
    """The dimensions whose numbers multiply the amount: years overdue, or an area and the years."""
    per: Count = 1
    """How many of what ``times`` counts the amount is for: 100 where an area is given in hundredths of a decimal."""
    rate: Annotated[Decimal | None, BeforeValidator(_rate)] = None
    """The share of all that which is charged, as text: ``"0.0625"`` for interest of 6.25 per cent."""
    vat_exempt: StrictBool = False
    """Whether it carries no tax though the schedule has some, such as postage."""
    nature: LineNature = LineNature.FEE
    """What kind of money it is, as a receipt shows it; ``vat`` where VAT is published as a row of its own."""
    payee: Text | None = None
    """Whose money it is, where it is not the agency's, such as a bank's that collects for it."""

    def counts(self, given: dict[str, int | str]) -> bool:
        """Whether the row belongs to the price of this choice, in which every dimension has an allowed value."""
        return all(
            any(value.admits(given[condition.dimension]) for value in condition.values) for condition in self.when
        )

    def quantity(self, given: Mapping[str, int | str]) -> Fraction:
        """How often the amount is charged for this choice, in which every dimension has an allowed value."""
        counted = prod(int(given[name]) for name in self.times)
        return Fraction(counted, self.per) * (1 if self.rate is None else Fraction(self.rate))

    @property
    def multiplied(self) -> str | None:
        """What the amount is multiplied by, for a reader: ``area × years × 0.0625 / 100``; ``None`` for nothing."""
        factors = [*self.times, *([str(self.rate)] if self.rate is not None else [])]
        return f"{' × '.join(factors)}{f' / {self.per}' if self.per > 1 else ''}" if factors else None

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.per > 1 and not self.times:
            raise ValueError("per: there is nothing that times counts")
        if self.amount is None and self.multiplied:
            raise ValueError("amount: an unknown one is not multiplied")
        return self


class Tariff(ManifestModel):
    """One published set of fees, with its source."""

    id: Slug
    """Unique in the schedule."""
    standing: TariffStanding
    """Whether it is charged."""
    effective_from: Day | None = None
    """Its first day, in Dhaka; an effective tariff has one."""
    effective_to: Day | None = None
    """Its last day, in Dhaka, included; absent while no end is known."""
    source: Source
    """Where the figures were found, and whether anybody compared them with the agency's own publication."""
    note: Text | None = None
    """What a reader of the figures has to know, such as why another tariff is charged."""
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    """The fees."""

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if self.standing is TariffStanding.EFFECTIVE and self.effective_from is None:
            raise ValueError("an effective tariff has an effective_from")
        if self.effective_to and self.effective_from and self.effective_to < self.effective_from:
            raise ValueError("effective_to is the last day, so it is not before effective_from")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` is one of its days, the first and the last included; says nothing of its standing."""
        return (self.effective_from or date.min) <= day <= (self.effective_to or date.max)
