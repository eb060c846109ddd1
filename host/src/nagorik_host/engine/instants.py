"""The rows of an agency that all processes share: its health and claim lock in ``agencies``, its pace in ``paces``.

A claim holds the row of ``agencies`` until it is committed. The pace has a row of its own, so that no request waits
for another process's claim.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.store.clock import LEASE_NOW, NOW
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import MICROSECOND, agencies, paces
from nagorik_platform.agency_client.limits import burst_window
from nagorik_platform.system_clock import SystemClock

LATE: Final = timedelta(milliseconds=40)
"""How long after its instant a request may still be sent. It costs the agency's rate 4 %."""
HORIZON: Final = timedelta(seconds=1)
"""How far ahead instants are taken; no process pushes an agency's time further ahead for the others."""

_ROW_TO_CHANGE: Final = select(agencies).where(agencies.c.plugin == bindparam("name")).with_for_update()
_MADE: Final = select(paces.c.plugin).where(paces.c.plugin == bindparam("name"))


def interval_of(per_second: float) -> timedelta:
    """How far apart the instants of an agency are.

    Of requests sent up to ``LATE`` after such instants, no second sees more than the rate.
    """
    requests, seconds = burst_window(per_second)
    return ceil((timedelta(seconds=seconds) + LATE) / MICROSECOND / requests) * MICROSECOND


def most_within(span: timedelta, interval: timedelta) -> int:
    """How many instants lie within ``span``, at least one."""
    return max(1, ceil(span / interval))


def time_of(clock: Clock) -> datetime | None:
    """The time that instants are taken by, where it is simulated; ``None`` for the database's own."""
    return None if isinstance(clock, SystemClock) else clock.now()


def ensure_row(transaction: Transaction, plugin: str, now: datetime | None) -> None:
    """Make an agency's rows, if there are none."""
    if transaction.connection.execute(_MADE, {"name": plugin}).one_or_none() is not None:
        return
    try:
        with transaction.connection.begin_nested():
            transaction.connection.execute(insert(agencies), {"plugin": plugin, "failures": 0, "probes": 0})
            transaction.connection.execute(insert(paces).values(next_at=NOW), {"plugin": plugin, LEASE_NOW: now})
    except IntegrityError:
        pass  # another process was first


def row_of(transaction: Transaction, plugin: str, now: datetime | None) -> Row[Any]:
    """An agency's row of ``agencies``, locked; it is made where there is none."""
    ensure_row(transaction, plugin, now)
    return transaction.connection.execute(_ROW_TO_CHANGE, {"name": plugin}).one()
