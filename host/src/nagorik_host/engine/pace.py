"""The rows of an agency that all processes share, and its pace: instants of its time, which requests wait for.

A claim holds the row of ``agencies`` until it is committed; the pace has a row of its own, so that no request waits
for another process's claim. Instants are of the database's clock. Each process counts from when it took them, by what
has passed since: its calendar may be set back meanwhile.
"""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import BigInteger, Row, bindparam, select, text, type_coerce, update

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.leases import elapsed_of
from nagorik_host.store.clock import LEASE_NOW, NOW, Later
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, Instant, agencies, paces
from nagorik_platform.agency_client.limits import burst_window
from nagorik_platform.system_clock import SystemClock

T = TypeVar("T")

DATABASE_AWAY: Final = "database-away"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""
LATE: Final = timedelta(milliseconds=40)
"""How long after its instant a request may still be sent. It costs the agency's rate 4 %."""
HORIZON: Final = timedelta(seconds=1)
"""How far ahead instants are taken; no process pushes an agency's time further ahead for the others."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
_ROW: Final = select(agencies).where(agencies.c.plugin == bindparam("name")).with_for_update()
_MAKE_ROWS: Final = (
    "INSERT INTO agencies (plugin, failures, violations, probes) VALUES (:name, 0, 0, 0) ON CONFLICT DO NOTHING",
    "INSERT INTO paces (plugin, next_at) VALUES (:name, 0) ON CONFLICT DO NOTHING",
)
_NAMED: Final = paces.c.plugin == bindparam("name")
_PACE: Final = select(paces.c.next_at, NOW.label("now")).where(_NAMED)
_NOW: Final = type_coerce(NOW, BigInteger)
_NEXT: Final = type_coerce(paces.c.next_at, BigInteger)
_TAKE: Final = (
    update(paces)
    .where(_NAMED, _NOW + HORIZON // MICROSECOND > _NEXT)
    .values(next_at=type_coerce(Later(_NEXT, _NOW) + bindparam("taken", type_=BigInteger), Instant))
    .returning(paces.c.next_at, NOW.label("now"))
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


def ensure_row(transaction: Transaction, plugin: str) -> None:
    """Make an agency's rows, where they are missing."""
    for make in _MAKE_ROWS:
        transaction.connection.execute(text(make), {"name": plugin})


def row_of(transaction: Transaction, plugin: str) -> Row[Any]:
    """An agency's row of ``agencies``, locked; it is made where there is none."""
    while (row := transaction.connection.execute(_ROW, {"name": plugin}).one_or_none()) is None:
        ensure_row(transaction, plugin)
    return row


async def within_reach(asked: Awaitable[T]) -> T:
    """What the database responds; ``AgencyUnavailable``, ``database-away``, where it cannot be reached."""
    try:
        return await asked
    except DatabaseUnavailable:
        raise AgencyUnavailable(because=DATABASE_AWAY, layer=Layer.CORE) from None


class PaceSlot(NamedTuple):
    """One instant of an agency's time, as this process's clocks have it.

    Attributes:
        at: By the calendar.
        due: In seconds that have passed.
        lasts: Seconds after which a request that was not sent needs another.
    """

    at: datetime
    due: float
    lasts: float = LATE.total_seconds()


class AgencyPace:
    """One agency's time, as far as this process has taken it; requests get instants in turn."""

    def __init__(self, database: Database, clock: Clock, plugin: str, per_second: float) -> None:
        self._plugin, self._interval = plugin, interval_of(per_second)
        self._database, self._clock, self._elapsed = database, clock, elapsed_of(clock)
        self._turn, self._taken_to = asyncio.Lock(), float("-inf")
        # When, by the database's clock, this process's count of seconds began, at least and at most.
        self._read_at, self._least, self._most = 0.0, _EPOCH, _EPOCH

    def early(self, slot: PaceSlot) -> float:
        """Seconds until an instant, by what has passed."""
        return slot.due - self._elapsed()

    def late(self, slot: PaceSlot) -> float:
        """Seconds since an instant, by the calendar or by what has passed, where they differ the more.

        A machine that was stopped may show it by the one or by the other.
        """
        return max((self._clock.now() - slot.at).total_seconds(), -self.early(slot))

    @property
    def until_open(self) -> float:
        """Seconds until there are instants within the horizon, as far as this process knows."""
        # To the microsecond, as rows have it; the horizon itself is not within it.
        return max(round(self._taken_to - self._elapsed() - HORIZON.total_seconds(), 6) + 1e-6, 0.0)

    def take_in(self, transaction: Transaction, count: int, stretch: float = 0.0) -> list[PaceSlot]:
        """Take up to ``count`` instants, of which the first lies within the horizon; an empty list if all are taken.

        Each statement may stand without the others. With ``stretch``, they are so many seconds further apart, and may
        be used so much later.
        """
        now, asked, step = time_of(self._clock), self._elapsed(), self._interval + timedelta(seconds=stretch)
        named, number = {"name": self._plugin, LEASE_NOW: now}, min(count, most_within(HORIZON, step))
        row = transaction.connection.execute(_TAKE, {**named, "taken": number * step // MICROSECOND}).one_or_none()
        if row is None:
            number, row = 0, transaction.connection.execute(_PACE, named).one_or_none()
        if row is None:
            ensure_row(transaction, self._plugin)
            return self.take_in(transaction, count, stretch)
        heard = asked if now is not None else self._elapsed()
        # Each reading lies between question and answer. Many together are much narrower than one, which a process
        # that has too much to do takes long to hear of. Clocks kept by NTP come apart by at most 0.1 ms in a second;
        # where readings do not fit together, one was set.
        least, most = row.now - timedelta(seconds=heard), row.now - timedelta(seconds=asked)
        drift = timedelta(seconds=1e-4 * (heard - self._read_at))
        narrower = max(least, self._least - drift), min(most, self._most + drift)
        self._least, self._most = narrower if narrower[0] <= narrower[1] else (least, most)
        self._read_at, self._taken_to = heard, (row.next_at - self._least).total_seconds()
        here = self._clock.now() - timedelta(seconds=heard)
        lasts = LATE + step - self._interval - (self._most - self._least)
        dues = [self._taken_to - left * step.total_seconds() for left in range(number, 0, -1)]
        return [PaceSlot(here + timedelta(seconds=due), due, lasts.total_seconds()) for due in dues]

    async def take(self, deadline: Deadline, stretch: float = 0.0) -> PaceSlot:
        """Take the next instant, which may be ahead; with ``stretch``, it may be used so much later.

        Raises:
            RateLimited: The agency's time is taken up to the deadline; nothing is used up.
            AgencyUnavailable: ``database-away``.
        """
        unit = partial(self.take_in, count=1, stretch=stretch)
        async with self._turn:
            slots: list[PaceSlot] = []
            while not slots:
                await self.sleep(self.until_open, deadline)
                slots = await within_reach(self._database.run_unbound(unit))
            return slots[0]

    async def sleep(self, seconds: float, deadline: Deadline) -> None:
        """Wait, if the deadline does not come first; else raise ``RateLimited``."""
        if 0 < seconds >= deadline.remaining():
            raise RateLimited(retry_after=seconds, layer=Layer.CORE)
        if seconds > 0:
            await self._clock.sleep(seconds)
