"""Rules about the price: what each quote says, on which day it changes, and that the agency takes the sum."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, time, timedelta
from itertools import product
from typing import Final, NamedTuple

from nagorik import (
    Accepted,
    ApplicationDraft,
    ContractViolation,
    InputRejected,
    NagorikError,
    Operation,
    Pending,
    PluginFault,
    Quote,
    Source,
)
from nagorik.manifest import AnyOffer
from nagorik.values import Money, NationalDataError, dhaka_date, dhaka_time
from nagorik_testing.contract.checks.answers.variations import DAY, MINUTE
from nagorik_testing.contract.checks.asked_prices import (
    FormAsked,
    PriceAsked,
    ask_prices,
    combined_choices,
    forms_at_bounds,
    in_dhaka,
    priced_forms,
)
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import Filings, open_filings
from nagorik_testing.contract.checks.inspection import books_of, case_of, leaves, schedule_of, wrong_scripts
from nagorik_testing.contract.form_fields import day_in
from nagorik_testing.contract.form_fillings import FilledForm
from nagorik_testing.contract.preparations import lodged_application
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.bangladesh import FiscalYear
from nagorik_toolkit.fees import FeeSchedule, NoTariff, NotPriced, Price, Row, TariffStanding, Word

MOST_REQUESTS: Final = 3
"""Reads that one quote may take."""
EARLY: Final = time(0, 1)
"""Yesterday in UTC."""
NOON: Final = time(12)
LATE: Final = time(23, 59)
MONTHS: Final = timedelta(days=61)
"""After them a day that stands in the code of a plugin has mostly come."""
LONGEST: Final = timedelta(days=366)
"""The longest that a price may be said to hold."""
ONE_TAKA: Final = 100
"""Poisha."""


@check("fees/schedule")
async def _schedule(subject: Subject, offer: AnyOffer) -> list[str]:
    # The day on which the manifest was last checked, or later.
    today = max(dhaka_date(START), subject.manifest.as_of)
    try:
        schedule = schedule_of(subject, offer)
    except NotConcerned:
        if Operation.QUOTE not in offer.operations:
            raise
        (asked,) = await ask_prices(subject, offer, (await subject.once(priced_forms, offer))[:1])
        # What the agency has just said is of the day on which it is quoted.
        return [] if asked.requests or asked.quote is None else _undated("the quote", asked.quote.source, today)
    wrong: list[str] = []
    try:
        schedule.tariff_on(today)
    except NoTariff:
        wrong.append(f"no tariff is effective on {today}")
    for tariff in schedule.tariffs:
        wrong += _undated(f"the tariff {tariff.id}", tariff.source, today)
        if tariff.note is not None:
            wrong += wrong_scripts(f"the note of the tariff {tariff.id}", tariff.note)
        for row in tariff.rows:
            wrong += wrong_scripts(f"the row {row.code} of the tariff {tariff.id}", row.text)
    return wrong


def _undated(what: str, source: Source, today: date) -> list[str]:
    if source.as_of is None:
        return [f"the source of {what} has no date"]
    # A source may be newer than the last look at the whole manifest, by less than the host would put up with.
    late = source.as_of > today + LONGEST
    return [f"the source of {what} is dated {source.as_of}, which has not come"] if late else []


@check("fees/quoted")
async def _quoted(subject: Subject, offer: AnyOffer) -> list[str]:
    forms = await subject.once(priced_forms, offer)
    first, second, *_ = rows = await ask_prices(subject, offer, [forms[0], *forms])
    late = in_dhaka(dhaka_date(START), LATE)
    for instant in (late, late + MONTHS, START + LONGEST):
        rows += await ask_prices(subject, offer, forms[:1], instant)
    wrong = [problem for row in rows if row.quote is not None for problem in _misquoted(row, row.quote)]
    # The first alone: what follows it may be the plugin's quarantine.
    broken = [row.what for row in rows if isinstance(row.end, PluginFault)][:1]
    wrong += [f"the price of another {what} ends in a fault of the plugin" for what in broken]
    one, other = first.quote, second.quote
    if one is None or other is None or (one.lines, one.total, one.due) != (other.lines, other.total, other.due):
        wrong.append("the same question asked twice has two prices")
    elif one.issued_at == other.issued_at and one != other:
        wrong.append("the same question at the same instant gives two quotes")
    wrong += [f"a quote leaves at the agency: {kind}" for row in rows for kind in sorted(row.effects)]
    most = max(row.requests for row in rows)
    return wrong if most <= MOST_REQUESTS else [*wrong, f"a quote takes {most} requests"]


def _misquoted(row: PriceAsked, quote: Quote) -> Iterator[str]:
    when = f", asked for at {dhaka_time(row.at):%H:%M} on {dhaka_date(row.at)}"
    if quote.issued_at > row.answered:
        yield f"the quote is issued in the future{when}"
    if quote.issued_at < row.at:
        yield f"the quote is issued before it is asked for{when}"
    if quote.expires_at <= max(quote.issued_at, row.answered):
        yield f"the quote has expired when it is issued{when}"
    if quote.expires_at - quote.issued_at > LONGEST:
        yield f"the quote is said to hold for more than {LONGEST.days} days{when}"
    if not quote.lines:
        yield "the quote has no line that says what is paid for"
    for line in quote.lines:
        yield from wrong_scripts(f"the line {line.code}", line.text)
        if line.payee is not None:
            yield from wrong_scripts(f"the payee of the line {line.code}", line.payee)


@check("fees/tariff-days")
async def _tariff_days(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule = schedule_of(subject, offer)
    forms = await subject.once(priced_forms, offer)
    known = {row.code for tariff in schedule.tariffs for row in tariff.rows}
    wrong: list[str] = []
    for day, hour in product(sorted(set(_edges(schedule))), (EARLY, NOON, LATE)):
        for row in await ask_prices(subject, offer, forms if hour == NOON else forms[:1], in_dhaka(day, hour)):
            # Of other forms, what the agency itself demands is not called as the schedule's rows are.
            if row.quote is not None and (not row.what or {line.code for line in row.quote.lines} <= known):
                wrong += _differs(row.quote, schedule, day)
    return list(dict.fromkeys(wrong))


def _edges(schedule: FeeSchedule) -> Iterator[date]:
    for tariff in schedule.tariffs:
        if tariff.standing is TariffStanding.EFFECTIVE and tariff.effective_from is not None:
            yield from (tariff.effective_from - DAY, tariff.effective_from)
            if tariff.effective_to is not None:
                yield from (tariff.effective_to, tariff.effective_to + DAY)


def _differs(quote: Quote, schedule: FeeSchedule, day: date) -> list[str]:
    try:
        tariff = schedule.tariff_on(day)
    except NoTariff:
        return [f"a price is named for {day}, when no tariff is effective"]
    if any(row.times for row in tariff.rows):
        # A number multiplies the amount, and the numbers have no end.
        plain = schedule.vat is None and schedule.rounding == "none"
        fits = all(
            any(row.code == line.code and (not plain or _is_multiple(line.amount, row)) for row in tariff.rows)
            for line in quote.lines
        )
    else:
        fits = any(quote.lines == price.lines for price in _prices(schedule, day, quote.stage))
    if quote.source == tariff.source and fits:
        return []
    return [f"the price for {day} is not that of the tariff {tariff.id}"]


def _is_multiple(amount: Money, row: Row) -> bool:
    """Whether a row comes to an amount for some number; where parts of one are charged, any may be."""
    if not row.times:
        return amount.poisha == row.amount
    return row.per > 1 or row.rate is not None or not row.amount or amount.poisha % row.amount == 0


def _prices(schedule: FeeSchedule, day: date, stage: str) -> Iterator[Price]:
    names = [dimension.dimension for dimension in schedule.dimensions]
    values = (
        [value.word if isinstance(value, Word) else value.low for value in dimension.values]
        for dimension in schedule.dimensions
    )
    for choice in product(*values):
        with suppress(NotPriced):
            yield schedule.price(day, stage=stage, **dict(zip(names, choice, strict=True)))


@check("fees/holds")
async def _holds(subject: Subject, offer: AnyOffer) -> list[str]:
    forms = list(await subject.once(priced_forms, offer))
    for bound in await subject.once(forms_at_bounds, offer):
        forms += [FormAsked(bound.place, form) for form in (bound.below, bound.at, bound.above)]
    rows = await ask_prices(subject, offer, forms)
    quotes = [(row, row.quote) for row in rows if row.quote is not None]
    for end in sorted({quote.expires_at for _, quote in quotes}):
        asked = [(FormAsked(row.what, row.form), quote) for row, quote in quotes if quote.expires_at == end]
        later = await ask_prices(subject, offer, [form for form, _ in asked], max(end - MINUTE, START))
        for row, (_, quote) in zip(later, asked, strict=True):
            if row.quote is not None and row.quote.total != quote.total:
                return ["a minute before a quote expires, the price is another"]
    return []


@check("fees/at-bounds")
async def _at_bounds(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    example, *_ = await subject.once(priced_forms, offer)
    named = set(_days_named(example.form))
    for day in sorted(named | {dhaka_date(START) + DAY}):
        hours = {
            hour: await ask_prices(subject, offer, [example], in_dhaka(day, hour)) for hour in (NOON, EARLY, LATE)
        }
        answers = {hour: _answer(row) for hour, (row,) in hours.items()}
        which = "of a day that the form names" if day in named else "of tomorrow"
        for hour, answer in answers.items():
            if None not in (answers[NOON], answer) and answer != answers[NOON]:
                wrong.append(f"{hour:%H:%M} {which} has another answer than its noon")
    bounds = await subject.once(forms_at_bounds, offer)
    rows = await ask_prices(subject, offer, [FormAsked(bound.place, bound.at) for bound in bounds])
    for bound, row in zip(bounds, rows, strict=True):
        if isinstance(row.end, NagorikError):
            beside = [FormAsked(bound.place, form) for form in (bound.below, bound.above)]
            if all(one.quote is not None for one in await ask_prices(subject, offer, beside)):
                how = (
                    "a fault of the plugin" if isinstance(row.end, PluginFault) else f"no price, but {row.end.code},"
                )
                wrong.append(f"{bound.place}: {how} {bound.where}")
    return wrong


def _days_named(example: FilledForm) -> Iterator[date]:
    """Days on which something begins or has ended that the example names: fiscal years, and days themselves."""
    for _, value in leaves(example):
        if not isinstance(value, str):
            continue
        try:
            year = FiscalYear.parse(value)
        except NationalDataError:
            if (day := day_in(value)) is not None:
                yield from (day, day + DAY)
        else:
            yield from (year.first_day, year.last_day + DAY)


def _answer(row: PriceAsked) -> object:
    """The lines of the quote, or that the form is refused; ``None`` where nothing is said, such as out of hours."""
    if row.quote is not None:
        return [(line.code, line.amount) for line in row.quote.lines]
    return row.end.code if isinstance(row.end, InputRejected) else None


class _Priced(NamedTuple):
    what: str
    draft: ApplicationDraft
    quote: Quote


@check("fees/taken-by-agency")
async def _taken_by_agency(subject: Subject, offer: AnyOffer) -> list[str]:
    example, *others = await subject.once(priced_forms, offer)
    async with open_filings(subject, offer) as filings:
        rig, seen = filings.rig, 0
        usual = await rig.platform.quote_fees(rig.draft)
        priced, wrong = await _priced(filings, [*others, *combined_choices(subject, offer, example.form)])
        for one in priced:
            filed = await filings.file_once(form=one.draft.form) if one.quote.total != usual.total else None
            if filed is not None and isinstance(filed.end, Accepted | Pending):
                seen += 1
                alike = not filings.changed(filed.sent)
                wrong += [f"{one.what}: two filings with different prices are sent alike"] if alike else []
        if Operation.ADVISE_PAYMENT in offer.operations and usual.total.poisha and books_of(rig):
            right, other = [await _paid(filings, _Priced("", rig.draft, usual), more) for more in (0, ONE_TAKA)]
            # Otherwise the agency does not look at the sum.
            for one in priced if right != other else ():
                if (end := await _paid(filings, one)) is not None:
                    seen += 1
                    wrong += [f"{one.what}: the agency wants another sum than is quoted"] if end == other else []
    if not seen and not wrong:
        raise NotConcerned("nothing that can be chosen in its form changes the price")
    return wrong


async def _priced(filings: Filings, forms: Sequence[FormAsked]) -> tuple[list[_Priced], list[str]]:
    """The forms that have a price, and what is wrong with those that have none."""
    priced, wrong, rig = list[_Priced](), list[str](), filings.rig
    for what, form in forms:
        draft = rig.draft.model_copy(update={"form": form})
        try:
            priced.append(_Priced(what, draft, await rig.platform.quote_fees(draft)))
        except ContractViolation:
            if isinstance((await filings.file_once(form=form)).end, Accepted | Pending):
                wrong.append(f"{what}: no price for a form that the agency takes")
        except NagorikError:
            continue  # to name no price is no guess
    return priced, wrong


async def _paid(filings: Filings, one: _Priced, more: int = 0) -> object:
    """What the agency makes of the quoted sum and so many poisha more; ``None`` where it does not take the form."""
    rig = filings.rig
    quote = await rig.platform.quote_fees(one.draft)  # what was paid before may be owed no more
    filed = await filings.file(one.draft)
    rig.references = filed.references or rig.references
    if not quote.total.poisha or filed.end is None or isinstance(filed.end, NagorikError):
        return None
    try:
        await lodged_application(rig, filed.end)
    except (NagorikError, NotReachable):
        return None
    case = case_of(rig)
    before = frozenset(case.traits)
    amount = Money(poisha=quote.total.poisha + more)
    sent = {"reference": f"RECEIPT-{rig.references.client_reference}", "amount": amount}
    try:
        await rig.platform.advise_payment(one.draft, rig.references, rig.receipt(quote).model_copy(update=sent))
    except NagorikError as error:
        return error.code
    return frozenset(case.traits) - before
