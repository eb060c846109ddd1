"""A fee schedule: every published tariff of one service, and what is to be paid on a day."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from nagorik.errors import AgencyRejected, Layer
from nagorik.manifest.fields import ManifestModel, ObjectReference, Slug
from nagorik.model.fee import FeeDue, Quote, QuoteLine, QuoteRequest
from nagorik.values import Currency, Money
from nagorik.values.sentences import Text
from nagorik.values.time import plain_date
from nagorik_toolkit.fees.errors import NO_TARIFF, DimensionRejected, NoTariff, NotPriced
from nagorik_toolkit.fees.pricing import Charge, price_lines, schedule_problems, word_problems
from nagorik_toolkit.fees.quotes import quote_id
from nagorik_toolkit.fees.rounding import Rounding
from nagorik_toolkit.fees.tariff import (
    FIRST_STAGE,
    Dimension,
    DimensionName,
    DimensionWords,
    Tariff,
    TariffStanding,
    Vat,
)


def _table(written: object) -> object:
    if not isinstance(written, dict):
        return written
    return [{"dimension": name, "values": values} for name, values in written.items()]


class Price(ManifestModel):
    """What one choice costs on one day."""

    day: date
    stage: str
    tariff: Tariff
    """The tariff that was effective."""
    lines: tuple[QuoteLine, ...]
    total: Money
    """The lines with their tax."""
    unpriced: tuple[Text, ...] = ()
    """Costs that are due too and whose amount is not known: with any, ``total`` is the least that it comes to."""


class FeeSchedule(ManifestModel):
    """The fees of a service as dated data."""

    id: Slug
    """Its name in the fee file."""
    title: Text
    """What the fees are for."""
    currency: Currency = "BDT"
    rounding: Rounding
    """How the agency brings an amount with tax to one that can be paid."""
    vat: Vat | None = None
    """How tax comes in; absent where the service carries no tax."""
    dimensions: Annotated[tuple[Dimension, ...], BeforeValidator(_table)] = ()
    """What the price depends on. A caller gives every one of them."""
    words: Mapping[DimensionName, DimensionWords] = {}
    """What dimensions are called that no field of the form names; of the others the form's titles are taken."""
    basis: ObjectReference | None = None
    """The function that says which schedule a form is charged by, and by what of it; see ``FeeBasis``."""
    tariffs: Annotated[tuple[Tariff, ...], Field(min_length=1)]
    """Everything that is published, charged or not."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = list(schedule_problems(self.tariffs, self.dimensions, self.vat, self.rounding))
        problems += word_problems(self.words, self.dimensions)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def stages(self) -> tuple[str, ...]:
        """The payments that any of the tariffs knows, in the order of their rows."""
        return tuple(dict.fromkeys(row.stage for tariff in self.tariffs for row in tariff.rows))

    def tariff_on(self, day: date) -> Tariff:
        """The one tariff that is effective on ``day``, a date in Dhaka.

        Raises:
            NoTariff: None is: the day lies before the first, in a gap, or after the last.
        """
        day = plain_date(day)
        for tariff in self.tariffs:
            if tariff.standing is TariffStanding.EFFECTIVE and tariff.holds_on(day):
                return tariff
        raise self._no_tariff(day)

    def _no_tariff(self, day: date) -> NoTariff:
        effective = [tariff for tariff in self.tariffs if tariff.standing is TariffStanding.EFFECTIVE]
        begins = [tariff.effective_from for tariff in effective if tariff.effective_from is not None]
        ends = [tariff.effective_to for tariff in effective if tariff.effective_to is not None]
        is_before = bool(begins) and all(day < begin for begin in begins)
        is_after = bool(ends) and all(begin < day for begin in begins)
        return NoTariff(self.id, day, first=min(begins) if is_before else None, last=max(ends) if is_after else None)

    def price(self, day: date, /, *, stage: str = FIRST_STAGE, **dimensions: int | str) -> Price:
        """What this choice costs on ``day``, a date in Dhaka.

        Raises:
            NoTariff: No tariff is effective on that day.
            DimensionRejected: A dimension is missing, unknown, or given a value that is not allowed.
            NotPriced: The tariff has no row with an amount for this choice at this stage.
        """
        tariff = self.tariff_on(day)
        given = self._checked(dimensions)
        rows = [row for row in tariff.rows if row.stage == stage and row.counts(given)]
        known = [row for row in rows if row.amount is not None]
        if not known:
            raise NotPriced(self.id, tariff.id, day, stage)
        charges = [charge for row in known if (charge := Charge(row, row.quantity(given))).quantity]
        lines = price_lines(charges, currency=self.currency, vat=self.vat, rounding=self.rounding)
        total = Money(poisha=sum(line.amount.poisha + line.vat.poisha for line in lines), currency=self.currency)
        unpriced = tuple(row.text for row in rows if row.amount is None)
        return Price(day=day, stage=stage, tariff=tariff, lines=lines, total=total, unpriced=unpriced)

    def quote(self, request: QuoteRequest, *, due: FeeDue, valid_for: timedelta, **dimensions: int | str) -> Quote:
        """A quote for the stage and day of ``request``, good for ``valid_for`` from the instant of the question.

        The same question gives the same quote, id included; so a repeated call is no second quote.

        Raises:
            ValueError: ``valid_for`` is not above zero.
            AgencyRejected: ``no-tariff``: no tariff is effective on that day, which is no fault of the plugin's. Its
                reason is a sentence for the citizen.
            FeeError: As ``price``, but for ``NoTariff``.
        """
        if valid_for <= timedelta(0):
            raise ValueError("a quote is valid for some time")
        try:
            price = self.price(request.on, stage=request.stage, **dimensions)
        except NoTariff as error:
            raise AgencyRejected(NO_TARIFF, reason=error.sentence, layer=Layer.PLUGIN) from None
        choice = (f"{name}={dimensions[name]}" for name in sorted(dimensions))
        return Quote(
            id=quote_id(request, self.id, price.tariff.id, *choice),
            stage=request.stage,
            lines=price.lines,
            total=price.total,
            unpriced=price.unpriced,
            due=due,
            issued_at=request.at,
            expires_at=request.at + valid_for,
            source=price.tariff.source,
        )

    def _checked(self, given: Mapping[str, int | str]) -> dict[str, int | str]:
        declared = {dimension.dimension: dimension for dimension in self.dimensions}
        for name in given:
            if name not in declared:
                raise DimensionRejected(self.id, name, "undeclared", tuple(declared))
        for name, dimension in declared.items():
            if name not in given:
                raise DimensionRejected(self.id, name, "missing", dimension.labels)
            if not any(value.admits(given[name]) for value in dimension.values):
                raise DimensionRejected(self.id, name, "not-allowed", dimension.labels)
        return dict(given)
