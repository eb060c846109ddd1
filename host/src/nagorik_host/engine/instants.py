"""An agency's time, as rows of the database: who sends the next request to an agency, and when.

Each request has an instant of it, no two have the same, and instants are so far apart that no second sees more
requests than the plugin's manifest says, even when each is sent a little late. What is later than that was overtaken,
and takes a new instant.

The row is locked for nothing but to take instants, as many at once as a process has use for, in a transaction of its
own; what takes long, a commit of somebody's application, never holds it. Instants are of the database's clock.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Row, bindparam, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from nagorik.clock import Clock
from nagorik_host.store.clock import LEASE_NOW, NOW, Later
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import MICROSECOND, Instant, agencies
from nagorik_platform.agency_client.limits import burst_window
from nagorik_platform.system_clock import SystemClock

LATE: Final = timedelta(milliseconds=100)
"""How long after its instant a request may still be sent. An agency gets as much less of its rate, a tenth."""
HORIZON: Final = timedelta(seconds=1)
"""How far ahead instants are taken, by whomever: no process can push an agency's time ahead for the others."""

NOTHING: Final = timedelta(0)

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_NAMED: Final = agencies.c.plugin == bindparam("name")
_ROW: Final = select(agencies).where(_NAMED)
_ROW_TO_CHANGE: Final = _ROW.with_for_update()
_FREE: Final = select(agencies.c.paced_to, NOW.label("now")).where(_NAMED)
_NOW: Final = type_coerce(NOW, BigInteger)
_PACED_TO: Final = type_coerce(agencies.c.paced_to, BigInteger)
_FIRST: Final = Later(_PACED_TO, _NOW + bindparam("lead", type_=BigInteger))
_TAKE: Final = (
    update(agencies)
    .where(
        _NAMED,
        # The last of the instants lies within the horizon.
        Later(_PACED_TO, _NOW) + bindparam("before_last", type_=BigInteger)
        < _NOW + bindparam("horizon", type_=BigInteger),
    )
    .values(paced_to=type_coerce(_FIRST + bindparam("taken", type_=BigInteger), Instant))
    .returning(agencies.c.paced_to, NOW.label("now"))
)


_MEND: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.paced_to == bindparam("seen", type_=Instant))
    .values(paced_to=bindparam("allowed", type_=Instant))
)


def interval_of(per_second: float) -> timedelta:
    """How far apart the instants of an agency are.

    Of requests sent up to ``LATE`` after such instants, those that fall in one second have instants within a second
    and ``LATE``.
    """
    requests, seconds = burst_window(per_second)
    return ceil((timedelta(seconds=seconds) + LATE) / MICROSECOND / requests) * MICROSECOND


def farthest(interval: timedelta) -> timedelta:
    """How far ahead an agency's time can have been taken: up to the horizon, then an instant and its stretch.

    What is farther, nobody has taken: the database's clock was set back since, or somebody wrote into the row. The
    agency would be called by nobody until that time.
    """
    return 3 * HORIZON + interval


def time_of(clock: Clock) -> datetime | None:
    """The time that instants are taken by, where it is simulated; the database tells any other."""
    return None if isinstance(clock, SystemClock) else clock.now()


def ensure_row(transaction: Transaction, plugin: str, now: datetime | None) -> None:
    """Have a row for an agency."""
    if transaction.connection.execute(_ROW, {"name": plugin}).one_or_none() is None:
        try:
            with transaction.connection.begin_nested():
                values = {"plugin": plugin, "failures": 0, "probes": 0, LEASE_NOW: now}
                transaction.connection.execute(_MAKE, values)
        except IntegrityError:
            pass  # another process was first


_MAKE: Final = insert(agencies).values(paced_to=NOW)


def row_of(transaction: Transaction, plugin: str, now: datetime | None) -> Row[Any]:
    """An agency's row, locked; it is made where there is none."""
    row = transaction.connection.execute(_ROW_TO_CHANGE, {"name": plugin}).one_or_none()
    if row is None:
        ensure_row(transaction, plugin, now)
        row = transaction.connection.execute(_ROW_TO_CHANGE, {"name": plugin}).one()
    return row


class TakenInstants(NamedTuple):
    """Instants that a transaction took, the first of several that are an interval apart.

    Attributes:
        number: How many; none where the agency's time is taken up to the horizon.
        first: The first of them; where there is none, up to when the agency's time is taken.
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
    """Take up to ``count`` instants of an agency's time, no later than the horizon.

    Where the agency has a row, each statement may stand without the others.

    Args:
        transaction: One that does nothing but this, and what belongs to it.
        plugin: The agency's plugin.
        count: How many there is use for, at least one.
        interval: How far apart they are.
        now: The time, where it is simulated.
        lead: How far ahead of now the first is, at least.
        stretch: How much more of the agency's time is taken up after the last.
    """
    wanted = {"name": plugin, LEASE_NOW: now, "lead": lead // MICROSECOND, "horizon": HORIZON // MICROSECOND}
    count = min(count, most_within(HORIZON, interval))
    while True:
        parts = {
            "before_last": (count - 1) * interval // MICROSECOND,
            "taken": (count * interval + stretch) // MICROSECOND,
        }
        row = transaction.connection.execute(_TAKE, wanted | parts).one_or_none()
        if row is not None:
            return TakenInstants(count, row.paced_to - count * interval - stretch, row.now)
        free = transaction.connection.execute(_FREE, {"name": plugin, LEASE_NOW: now}).one_or_none()
        if free is None:
            ensure_row(transaction, plugin, now)
            continue
        # A simulated time is told from when the question was asked: others may have gone on since.
        if now is None and free.paced_to > free.now + farthest(interval):
            allowed = free.now + farthest(interval)
            transaction.connection.execute(_MEND, {"name": plugin, "seen": free.paced_to, "allowed": allowed})
            return TakenInstants(0, allowed, free.now)
        left = min(count - 1, ceil((free.now + HORIZON - max(free.paced_to, free.now)) / interval))
        if left <= 0:
            return TakenInstants(0, free.paced_to, free.now)
        count = left


_GIVE_BACK: Final = (
    update(agencies)
    .where(_NAMED, agencies.c.paced_to == bindparam("taken_to", type_=Instant))
    .values(paced_to=bindparam("used_to"))
)


def give_back_instants(
    transaction: Transaction, plugin: str, taken: TakenInstants, used: int, interval: timedelta
) -> bool:
    """Let others have those instants that follow the first ``used`` ones; whether nobody had taken later ones."""
    wanted = {
        "name": plugin,
        "taken_to": taken.first + taken.number * interval,
        "used_to": taken.first + used * interval,
    }
    return transaction.connection.execute(_GIVE_BACK, wanted).rowcount == 1


def most_within(span: timedelta, interval: timedelta) -> int:
    """How many instants lie within ``span``, one at least."""
    return max(1, ceil(span / interval))
