"""The rows of an agency that all processes share: its health and claim lock in ``agencies``, its pace in ``paces``.

A claim holds the row of ``agencies`` until it is committed. The pace has a row of its own, so that no request waits
for another process's claim.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Row, bindparam, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.store.clock import LEASE_NOW, NOW, Later
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import MICROSECOND, Instant, agencies, paces
from nagorik_platform.agency_client.limits import burst_window
from nagorik_platform.system_clock import SystemClock

LATE: Final = timedelta(milliseconds=40)
"""How long after its instant a request may still be sent. It costs the agency's rate 4 %."""
NOTHING: Final = timedelta(0)
HORIZON: Final = timedelta(seconds=1)
"""How far ahead instants are taken; no process pushes an agency's time further ahead for the others."""

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_ROW_TO_CHANGE: Final = select(agencies).where(agencies.c.plugin == bindparam("name")).with_for_update()
_MADE: Final = select(paces.c.plugin).where(paces.c.plugin == bindparam("name"))
_NAMED: Final = paces.c.plugin == bindparam("name")
_PACE: Final = select(paces.c.next_at, NOW.label("now")).where(_NAMED)
_NOW: Final = type_coerce(NOW, BigInteger)
_NEXT: Final = type_coerce(paces.c.next_at, BigInteger)
_TAKE: Final = (
    update(paces)
    .where(_NAMED, _NOW + bindparam("horizon", type_=BigInteger) > _NEXT)
    .values(
        next_at=type_coerce(
            Later(_NEXT, _NOW + bindparam("lead", type_=BigInteger)) + bindparam("taken", type_=BigInteger), Instant
        )
    )
    .returning(paces.c.next_at, NOW.label("now"))
)
_RESET: Final = (
    update(paces)
    .where(_NAMED, paces.c.next_at == bindparam("seen", type_=Instant))
    .values(next_at=bindparam("allowed", type_=Instant))
)


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
            made = {"plugin": plugin, "failures": 0, "probes": 0}
            transaction.connection.execute(insert(agencies).values(made))
            transaction.connection.execute(insert(paces).values(next_at=NOW), {"plugin": plugin, LEASE_NOW: now})
    except IntegrityError:
        pass  # another process was first


def row_of(transaction: Transaction, plugin: str, now: datetime | None) -> Row[Any]:
    """An agency's row of ``agencies``, locked; it is made where there is none."""
    row = transaction.connection.execute(_ROW_TO_CHANGE, {"name": plugin}).one_or_none()
    if row is None:
        ensure_row(transaction, plugin, now)
        row = transaction.connection.execute(_ROW_TO_CHANGE, {"name": plugin}).one()
    return row


class TakenInstants(NamedTuple):
    """Instants that a transaction took, each an interval after the one before.

    Attributes:
        number: How many; 0 where the agency's time is taken up to the horizon.
        first: The first of them; where there are none, up to when the agency's time is taken.
        now: The time when they were taken, by the same clock.
    """

    number: int
    first: datetime
    now: datetime


def take_instants(
    transaction: Transaction,
    plugin: str,
    count: int,
    interval: timedelta,
    now: datetime | None,
    *,
    lead: timedelta = NOTHING,
    stretch: timedelta = NOTHING,
) -> TakenInstants:
    """Take up to ``count`` instants of an agency's time, of which the first lies within the horizon.

    Args:
        transaction: Of the host's database; each statement may stand without the others.
        plugin: The agency's plugin.
        count: How many there is use for, at least one.
        interval: How far apart they are.
        now: The time, where it is simulated.
        lead: How far ahead of now the first is, at least.
        stretch: How much more of the agency's time is taken after the last.
    """
    count = min(count, most_within(HORIZON, interval))
    wanted = {"name": plugin, LEASE_NOW: now, "lead": lead // MICROSECOND, "horizon": HORIZON // MICROSECOND}
    while True:
        taken = count * interval + stretch
        row = transaction.connection.execute(_TAKE, wanted | {"taken": taken // MICROSECOND}).one_or_none()
        if row is not None:
            return TakenInstants(count, row.next_at - taken, row.now)
        pace = transaction.connection.execute(_PACE, {"name": plugin, LEASE_NOW: now}).one_or_none()
        if pace is not None:
            return TakenInstants(0, _allowed(transaction, plugin, pace, interval, now), pace.now)
        ensure_row(transaction, plugin, now)


def _allowed(
    transaction: Transaction, plugin: str, pace: Row[Any], interval: timedelta, now: datetime | None
) -> datetime:
    """Up to when an agency's time is taken; what is later than anybody takes it is put right.

    The database's clock was set back since, and the agency would be called by nobody until then. Of a simulated time
    that is not known: others may have gone on since the question was asked.
    """
    taken_to: datetime = pace.next_at
    farthest: datetime = pace.now + 4 * HORIZON + 2 * interval
    if now is None and taken_to > farthest:
        transaction.connection.execute(_RESET, {"name": plugin, "seen": taken_to, "allowed": farthest})
        return farthest
    return taken_to
