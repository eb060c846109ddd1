"""What a citizen is asked to pay."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from typing import Final

from nagorik import NagorikError, Operation, PluginFault, Quote, QuoteLine, Source, Text
from nagorik.manifest import AnyOffer
from nagorik.values import Money, dhaka_date, dhaka_time, dhaka_zone
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import (
    example_form,
    requests_made,
    schedule_of,
    wrong_scripts,
)
from nagorik_testing.contract.checks.priced_forms import priced_variations
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, Numbers, Price, Row, TariffStanding, Word

MOST_REQUESTS: Final = 3
"""Reads that one quote may take."""
_NOON: Final = time(12)
_HOURS: Final = (time(0, 1), _NOON, time(23, 59))
"""A day that is taken from UTC is another one at the first."""
MONTHS: Final = timedelta(days=61)
"""After them a day that stands in the code of a plugin has mostly come."""
LONGEST: Final = timedelta(days=366)
"""The longest that a price may be said to hold."""


@check("fees/effective-today")
async def _effective_today(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule = schedule_of(subject, offer)
    today = _today(subject)
    try:
        schedule.tariff_on(today)
    except NoTariff:
        return [f"no tariff is effective on {today}"]
    return []


@check("fees/sources")
async def _sources(subject: Subject, offer: AnyOffer) -> list[str]:
    try:
        schedule = schedule_of(subject, offer)
    except NotConcerned:
        if Operation.QUOTE not in offer.operations:
            raise
        async with open_rig(subject, offer.id) as rig:
            source = (await _quoted(rig)).source
            # What the agency has just said is of the day on which it is quoted.
            asked = requests_made(rig)
        return [] if asked else _undated("the source of the quote", source, _today(subject))
    wrong: list[str] = []
    for tariff in schedule.tariffs:
        wrong += _undated(f"the source of the tariff {tariff.id}", tariff.source, _today(subject))
        if tariff.note is not None:
            wrong += wrong_scripts(f"the note of the tariff {tariff.id}", tariff.note)
        for row in tariff.rows:
            wrong += wrong_scripts(f"the row {row.code} of the tariff {tariff.id}", row.text)
    return wrong


def _undated(what: str, source: Source, today: date) -> list[str]:
    if source.as_of is None:
        return [f"{what} has no date"]
    # A source may be newer than the last look at the whole manifest, by less than the host would put up with.
    return [f"{what} is dated {source.as_of}, which has not come"] if source.as_of > today + LONGEST else []


def _today(subject: Subject) -> date:
    """The day on which the manifest was last checked, or later."""
    return max(dhaka_date(START), subject.manifest.as_of)


@check("fees/expires")
async def _expires(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = []
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        first = rig.clock.now()
        late = datetime.combine(dhaka_date(first), time(23, 59), dhaka_zone()).astimezone(UTC)
        for instant in (first, late, late + MONTHS, first + LONGEST):
            rig.clock.set(max(instant, rig.clock.now()))
            asked = rig.clock.now()
            try:
                quote = await rig.platform.quote_fees(rig.draft)
            except PluginFault:
                raise
            except NagorikError:
                if instant == first:
                    raise
                continue  # such as out of hours, or after the last tariff
            when = "" if instant == first else f", asked for at {dhaka_time(instant):%H:%M} on {dhaka_date(instant)}"
            wrong += [problem + when for problem in _badly_limited(quote, asked, rig.clock.now())]
    return wrong


def _badly_limited(quote: Quote, asked: datetime, answered: datetime) -> Iterator[str]:
    if quote.issued_at > answered:
        yield "the quote is issued in the future"
    if quote.issued_at < asked:
        yield "the quote is issued before it is asked for"
    if quote.expires_at <= max(quote.issued_at, answered):
        yield "the quote has expired when it is issued"
    if quote.expires_at - quote.issued_at > LONGEST:
        yield f"the quote is said to hold for more than {LONGEST.days} days"


@check("fees/same-answer")
async def _same_answer(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        first, second = await _quoted(rig), await _quoted(rig)
    if (first.lines, first.total, first.due) != (second.lines, second.total, second.due):
        return ["the same question asked twice has two prices"]
    if first.issued_at == second.issued_at and first != second:
        return ["the same question at the same instant gives two quotes"]
    return []


@check("fees/bilingual")
async def _bilingual(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        quotes = [await _quoted(rig), *[quote async for quote in _quoted_otherwise(subject, offer, rig)]]
    if not all(quote.lines for quote in quotes):
        return ["the quote has no line that says what is paid for"]
    texts = {(line.code, part, text) for quote in quotes for line in quote.lines for part, text in _texts_of(line)}
    return sorted({problem for code, part, text in texts for problem in wrong_scripts(f"the {part} {code}", text)})


def _texts_of(line: QuoteLine) -> Iterator[tuple[str, Text]]:
    yield "line", line.text
    if line.payee is not None:
        yield "payee of the line", line.payee


async def _quoted_otherwise(subject: Subject, offer: AnyOffer, rig: Rig) -> AsyncIterator[Quote]:
    """What is quoted to who chooses otherwise than the example."""
    try:
        variations = list(priced_variations(subject, offer, rig))
    except NotConcerned:
        return
    for variation in variations:
        with suppress(NagorikError):  # to name no price is no guess
            yield await rig.platform.quote_fees(rig.draft.model_copy(update={"form": variation.form}))


@check("fees/no-effect")
async def _no_effect(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await _quoted(rig)
        made = [0, len(requests_made(rig))]
        made += [len(requests_made(rig)) async for _ in _quoted_otherwise(subject, offer, rig)]
        done = rig.effects()
    wrong = [f"a quote leaves at the agency: {kind}" for kind in sorted(done)]
    most = max(after - before for before, after in pairwise(made))
    return wrong if most <= MOST_REQUESTS else [*wrong, f"a quote takes {most} requests"]


@check("fees/tariff-days")
async def _tariff_days(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule = schedule_of(subject, offer)
    wrong: list[str] = []
    for day, hour in product(sorted(set(_edges(schedule))), _HOURS):
        async with open_rig(subject, offer.id) as rig:
            example_form(rig)
            rig.clock.set(datetime.combine(day, hour, dhaka_zone()).astimezone(UTC))
            try:
                quotes = [await rig.platform.quote_fees(rig.draft)]
            except PluginFault:
                raise
            except NagorikError:
                continue  # to name no price is no guess
            if hour == _NOON:
                others = [quote async for quote in _quoted_otherwise(subject, offer, rig)]
                quotes += [quote for quote in others if _is_from(schedule, quote)]
            wrong += [problem for quote in quotes for problem in _differs(quote, schedule, day)]
    return list(dict.fromkeys(wrong))


def _edges(schedule: FeeSchedule) -> Iterator[date]:
    for tariff in schedule.tariffs:
        if tariff.standing is TariffStanding.EFFECTIVE and tariff.effective_from is not None:
            yield from (tariff.effective_from - timedelta(days=1), tariff.effective_from)
            if tariff.effective_to is not None:
                yield from (tariff.effective_to, tariff.effective_to + timedelta(days=1))


def _is_from(schedule: FeeSchedule, quote: Quote) -> bool:
    """Whether all that is charged is called as the schedule's rows are: the agency's own demand is not."""
    known = {row.code for tariff in schedule.tariffs for row in tariff.rows}
    return {line.code for line in quote.lines} <= known


def _differs(quote: Quote, schedule: FeeSchedule, day: date) -> list[str]:
    try:
        tariff = schedule.tariff_on(day)
    except NoTariff:
        return [f"a price is named for {day}, when no tariff is effective"]
    if quote.source != tariff.source or not _is_of(quote, schedule, day):
        return [f"the price for {day} is not that of the tariff {tariff.id}"]
    return []


def _is_of(quote: Quote, schedule: FeeSchedule, day: date) -> bool:
    """Whether the quote is what the schedule charges on that day for some choice that a citizen can make."""
    rows = schedule.tariff_on(day).rows
    if any(row.times for row in rows):
        # A number multiplies the amount, and the numbers have no end.
        plain = schedule.vat is None and schedule.rounding == "none"
        return all(
            any(row.code == line.code and (not plain or _is_multiple(line.amount, row)) for row in rows)
            for line in quote.lines
        )
    return any(quote.lines == price.lines for price in _prices(schedule, day, quote.stage))


def _is_multiple(amount: Money, row: Row) -> bool:
    """Whether a row comes to an amount for some number; where parts of one are charged, any may be."""
    if not row.times:
        return amount.poisha == row.amount
    return row.per > 1 or row.rate is not None or not row.amount or amount.poisha % row.amount == 0


def _prices(schedule: FeeSchedule, day: date, stage: str) -> Iterator[Price]:
    names = [dimension.dimension for dimension in schedule.dimensions]
    values = [[_given(value) for value in dimension.values] for dimension in schedule.dimensions]
    for choice in product(*values):
        with suppress(NotPriced):
            yield schedule.price(day, stage=stage, **dict(zip(names, choice, strict=True)))


def _given(value: Word | Numbers) -> int | str:
    return value.word if isinstance(value, Word) else value.low


async def _quoted(rig: Rig) -> Quote:
    example_form(rig)
    return await rig.platform.quote_fees(rig.draft)
