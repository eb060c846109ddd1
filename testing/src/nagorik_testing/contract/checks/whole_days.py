"""A day is one day, from its first minute to its last: as it is counted in Dhaka, and not in the zone of a server."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from nagorik import InputRejected, NagorikError
from nagorik.manifest import AnyOffer
from nagorik.values import NationalDataError, dhaka_date, dhaka_zone
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import example_form, leaves
from nagorik_testing.contract.form_fields import day_in
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.simulator.clock import START
from nagorik_toolkit.bangladesh import FiscalYear

NOON: Final = time(12)
EARLY: Final = time(0, 1)
"""Yesterday in UTC."""
LATE: Final = time(23, 59)
ONE_DAY: Final = timedelta(days=1)


@check("fees/same-all-day")
async def _price_all_day(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        named = set(_days_named(rig))
    for day in sorted(named | {dhaka_date(START) + ONE_DAY}):
        usual, *others = [await _price_at(subject, offer, day, hour) for hour in (NOON, EARLY, LATE)]
        for hour, price in zip((EARLY, LATE), others, strict=True):
            if None not in (usual, price) and price != usual:
                which = "of a day that the form names" if day in named else "of tomorrow"
                wrong.append(f"{hour:%H:%M} {which} has another answer than its noon")
    return list(dict.fromkeys(wrong))


def _days_named(rig: Rig) -> Iterator[date]:
    """Days on which something begins or has ended that the example names: fiscal years, and days themselves."""
    for _, value in leaves(example_form(rig)):
        if not isinstance(value, str):
            continue
        try:
            year = FiscalYear.parse(value)
        except NationalDataError:
            if (day := day_in(value)) is not None:
                yield from (day, day + ONE_DAY)
        else:
            yield from (year.first_day, year.last_day + ONE_DAY)


async def _price_at(subject: Subject, offer: AnyOffer, day: date, hour: time) -> object:
    """The lines of the quote, or that the form is refused; ``None`` where nothing is said, such as out of hours."""
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        rig.clock.set(datetime.combine(day, hour, dhaka_zone()).astimezone(UTC))
        try:
            quote = await rig.platform.quote_fees(rig.draft)
        except InputRejected as refused:
            return refused.code
        except NagorikError:
            return None
    return [(line.code, line.amount) for line in quote.lines]
