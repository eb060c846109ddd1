"""What a citizen is asked to pay."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Final

from nagorik import NagorikError, Operation, Quote
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date, dhaka_zone
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope
from nagorik_testing.contract.checks.inspection import (
    example_form,
    requests_made,
    schedule_of,
    wrong_scripts,
)
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, Numbers, Price, TariffStanding, Word

MOST_REQUESTS: Final = 3
"""Reads that one quote may take."""
LONGEST: Final = timedelta(days=366)
"""The longest that a price may be said to hold."""


async def _effective_today(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule = schedule_of(subject, offer)
    today = max(dhaka_date(START), subject.manifest.as_of)
    try:
        schedule.tariff_on(today)
    except NoTariff:
        return [f"no tariff is effective on {today}"]
    return []


async def _sources(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    for tariff in schedule_of(subject, offer).tariffs:
        if tariff.source.as_of is None:
            wrong.append(f"the source of the tariff {tariff.id} has no date")
        if tariff.note is not None:
            wrong += wrong_scripts(f"the note of the tariff {tariff.id}", tariff.note)
        for row in tariff.rows:
            wrong += wrong_scripts(f"the row {row.code} of the tariff {tariff.id}", row.text)
    return wrong


async def _expires(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        quote = await _quoted(rig)
        asked = rig.clock.now()
    wrong = []
    if quote.issued_at > asked:
        wrong.append("the quote is issued in the future")
    if quote.expires_at <= quote.issued_at:
        wrong.append("the quote has expired when it is issued")
    if quote.expires_at - quote.issued_at > LONGEST:
        wrong.append(f"the quote is said to hold for more than {LONGEST.days} days")
    return wrong


async def _same_answer(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        first, second = await _quoted(rig), await _quoted(rig)
    if (first.lines, first.total, first.due) != (second.lines, second.total, second.due):
        return ["the same question asked twice has two prices"]
    if first.issued_at == second.issued_at and first.id != second.id:
        return ["the same question at the same instant gives two quotes"]
    return []


async def _bilingual(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        quote = await _quoted(rig)
    if not quote.lines:
        return ["the quote has no line that says what is paid for"]
    return [problem for line in quote.lines for problem in wrong_scripts(f"the line {line.code}", line.text)]


async def _no_effect(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        await _quoted(rig)
        made, done = len(requests_made(rig)), rig.effects()
    wrong = [f"a quote leaves at the agency: {kind}" for kind in sorted(done)]
    return wrong if made <= MOST_REQUESTS else [*wrong, f"a quote takes {made} requests"]


async def _tariff_days(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule = schedule_of(subject, offer)
    wrong = []
    for day in sorted(set(_edges(schedule))):
        async with open_rig(subject, offer.id) as rig:
            example_form(rig)
            rig.clock.set(datetime.combine(day, time(12), dhaka_zone()).astimezone(UTC))
            try:
                quote = await rig.platform.quote_fees(rig.draft)
            except NagorikError:
                continue  # to name no price is no guess
            wrong += _differs(quote, schedule, day)
    return wrong


def _edges(schedule: FeeSchedule) -> Iterator[date]:
    for tariff in schedule.tariffs:
        if tariff.standing is TariffStanding.EFFECTIVE and tariff.effective_from is not None:
            yield from (tariff.effective_from - timedelta(days=1), tariff.effective_from)
            if tariff.effective_to is not None:
                yield from (tariff.effective_to, tariff.effective_to + timedelta(days=1))


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
    if any(row.times for row in schedule.tariff_on(day).rows):
        # A number multiplies the amount, and the numbers have no end: only the codes can be compared.
        return {line.code for line in quote.lines} <= {row.code for row in schedule.tariff_on(day).rows}
    return any(quote.lines == price.lines for price in _prices(schedule, day, quote.stage))


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


_NEEDS: Final = (Operation.QUOTE,)

FEES: Final = (
    Check(
        id="fees/effective-today",
        family=CheckFamily.FEES,
        title="the schedule can be read and holds a tariff for today",
        why="A schedule that ends before its successor is known leaves every citizen without a price.",
        modes=(20,),
        expected="one tariff that is effective on the day on which the manifest was last checked, or later",
        fix="Leave effective_to out while no end is known.",
        scope=CheckScope.SERVICES,
        examine=_effective_today,
    ),
    Check(
        id="fees/sources",
        family=CheckFamily.FEES,
        title="every tariff names its source with a day, and every row says what is paid for",
        why="Nobody can tell whether a figure is older than the circular that changed it.",
        modes=(20, 61),
        expected="a dated source for each tariff, and texts in both scripts",
        fix="Give source.as_of, the day of the document or of the reading, and write each text in both languages.",
        scope=CheckScope.SERVICES,
        examine=_sources,
    ),
    Check(
        id="fees/expires",
        family=CheckFamily.FEES,
        title="a quote expires after it is issued, and does expire",
        why="A price that never expires is paid after the fee has changed, and the agency refuses the sum.",
        modes=(14, 20),
        expected="issued now, expiring later, within a year",
        fix="Give the agency's own time limit as valid_for.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_expires,
    ),
    Check(
        id="fees/same-answer",
        family=CheckFamily.FEES,
        title="the same question has the same price",
        why="A citizen who asks twice is shown two prices, and the payment of one does not fit the other.",
        modes=(13, 14),
        expected="equal lines, totals and due times, and one id for one instant",
        fix="Compute the quote from the request and the agency's answer alone; FeeSchedule.quote does.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_same_answer,
    ),
    Check(
        id="fees/bilingual",
        family=CheckFamily.FEES,
        title="every line says in both scripts what is paid for",
        why="A citizen who cannot read what a sum is for cannot tell a fee from a bribe.",
        modes=(66,),
        expected="at least one line, each with texts in both scripts",
        fix="Take the lines from the schedule.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_bilingual,
    ),
    Check(
        id="fees/no-effect",
        family=CheckFamily.FEES,
        title="a quote leaves nothing at the agency and takes a few reads",
        why="A price list that opens a bill is paid twice, and one that asks for each row is refused as a storm of "
        "requests.",
        modes=(13, 31),
        expected=f"no effect in the agency's ledger, {MOST_REQUESTS} requests at most",
        fix="Ask the agency only for what it alone knows.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        presupposes=("quote/F00-safe",),
        examine=_no_effect,
    ),
    Check(
        id="fees/tariff-days",
        family=CheckFamily.FEES,
        title="the price changes with the tariff, on its first day and after its last",
        why="A fee that changed overnight is charged at the old price, and the agency refuses the payment.",
        modes=(14, 20),
        expected="on both sides of each date, the tariff of that day or no price at all",
        fix="Price by request.on, not by a date of your own.",
        scope=CheckScope.SERVICES,
        needs=_NEEDS,
        examine=_tariff_days,
    ),
)
