"""Dates as ekPay keeps them: it finds a payment by its id and the date in Dhaka on which the money was paid."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from nagorik import dhaka_date, dhaka_time
from nagorik_ekpay.gateway import gateway_facts
from nagorik_toolkit import read_instant

MOST_DATES: Final = 8
"""Dates that one question asks for, the first of them that of the beginning. No page takes money for a week."""

OURS_APART: Final = timedelta(hours=1)
"""How far the clock of one of the platform's machines may be from the true time. A payment that was begun by a clock
an hour ahead, after midnight by that one alone, must not be looked for on the day after it was paid."""

FURTHEST_AHEAD: Final = timedelta(days=1)
"""How far ahead of now a payment's instant may be: more than two clocks and a mistaken zone can explain."""

_PAID_AT: Final = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?"
    r"(?: ?(?:GMT)?\+0?6(?::?00)?)?"
)
"""With or without fractions, which are passed over, and the offset of Dhaka; with another offset it is not read."""


def request_time(now: datetime) -> str:
    """The time of a request as ekPay wants it: ``2026-01-31 09:05:00 GMT+6``, on the clocks in Dhaka."""
    return f"{dhaka_time(now):%Y-%m-%d %H:%M:%S} GMT+6"


def read_paid_at(written: object, now: datetime) -> datetime | None:
    """When the payer paid, in UTC; ``None`` where it is not told in a way that can be read for certain.

    An instant that is further ahead of ``now``, aware, than ``FURTHEST_AHEAD`` is no instant of a payment.
    """
    try:
        return read_instant(written, _PAID_AT, latest=now + FURTHEST_AHEAD)
    except ValueError:
        return None


def dates_to_ask(started_at: datetime, now: datetime) -> tuple[date, ...]:
    """The dates in Dhaka on which a payment that was begun at ``started_at`` may have been paid by ``now``.

    In order, at least one and ``MOST_DATES`` at most. So near to midnight that ekPay's clock or the right one may
    show another date than ours, the neighbouring one is among them.

    Args:
        started_at: When the payment was begun, aware.
        now: Aware; a clock that was put back behind ``started_at`` counts as ``started_at``.
    """
    apart = gateway_facts().clocks.span + OURS_APART
    first = dhaka_date(started_at - apart)
    last = dhaka_date(max(now, started_at) + apart)
    days = min((last - first).days + 1, MOST_DATES)
    return tuple(first + timedelta(days=day) for day in range(days))
