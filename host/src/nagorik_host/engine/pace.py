"""One agency's pace: instants of its time, taken by all processes from one row, and requests that wait for one.

Instants are of the database's clock. Each process reckons from when it took them, by what has passed since: its
calendar may be set back meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import BigInteger, bindparam, select, type_coerce, update

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.instants import HORIZON, LATE, ensure_row, interval_of, most_within, time_of
from nagorik_host.engine.leases import elapsed_of
from nagorik_host.store.clock import LEASE_NOW, NOW, Later
from nagorik_host.store.database import Database, DatabaseUnavailable, Transaction
from nagorik_host.store.schema import MICROSECOND, Instant, paces

T = TypeVar("T")

UNKNOWN: Final = "pace-unknown"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""
NOTHING: Final = timedelta(0)
_NEVER: Final = float("-inf")

# Statements are made once: making one costs SQLAlchemy more than running it costs SQLite.
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
_RESET: Final = update(paces).where(_NAMED, paces.c.next_at == bindparam("seen", type_=Instant))


async def within_reach(asked: Awaitable[T], because: str = UNKNOWN) -> T:
    """What the database responds; where it cannot be reached, the agency is not called.

    Raises:
        AgencyUnavailable: ``because``.
    """
    try:
        return await asked
    except DatabaseUnavailable:
        raise AgencyUnavailable(because=because, layer=Layer.CORE) from None


class DatabaseTime:
    """By how much the database's clock is ahead of what has passed here, at least and at most.

    Each reading lies between the question and the answer. Many together are much narrower than one, which a process
    that has too much to do takes long to hear of.
    """

    DRIFT: Final = 1e-4
    """Seconds by which two clocks that are kept by NTP come apart in a second, at most."""

    def __init__(self) -> None:
        self._least, self._most, self._as_of = float("-inf"), float("inf"), 0.0

    def note(self, read: datetime, *, before: float, after: float) -> None:
        """The database's clock said ``read`` to a question between ``before`` and ``after``."""
        least, most = read.timestamp() - after, read.timestamp() - before
        drift = self.DRIFT * max(0.0, after - self._as_of)
        narrower = max(least, self._least - drift), min(most, self._most + drift)
        # Where they do not fit together, one of the clocks was set.
        self._least, self._most = narrower if narrower[0] <= narrower[1] else (least, most)
        self._as_of = after

    def latest(self, instant: datetime) -> float:
        """When an instant of the database's clock is, at the latest."""
        return instant.timestamp() - self._least

    @property
    def doubt(self) -> float:
        """Seconds that it may be earlier than that."""
        return self._most - self._least


@dataclass(frozen=True, slots=True)
class PaceSlot:
    """One instant of an agency's time, as this process's clocks have it.

    Attributes:
        at: By the calendar.
        due: On the scale of what has passed.
        doubt: Seconds that it may be earlier, at most.
        tolerance: Seconds after which a request that was not sent needs another.
    """

    at: datetime
    due: float
    doubt: float
    tolerance: float = LATE.total_seconds()


class AgencyPace:
    """One agency's time, as far as this process has taken it; requests get instants in turn."""

    def __init__(self, database: Database, clock: Clock, plugin: str, per_second: float, time: DatabaseTime) -> None:
        self.interval = interval_of(per_second)
        self._database = database
        self._clock = clock
        self._plugin = plugin
        self._time = time
        self._elapsed = elapsed_of(clock)
        self._spare: deque[PaceSlot] = deque()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._taken_to = _NEVER

    def early(self, slot: PaceSlot) -> float:
        """Seconds until an instant, by what has passed."""
        return slot.due - self._elapsed()

    def late(self, slot: PaceSlot) -> float:
        """Seconds since an instant, at most: by the calendar or by what has passed, where they differ the more.

        A machine that was stopped may show it by the one or by the other.
        """
        return max((self._clock.now() - slot.at).total_seconds(), -self.early(slot)) + slot.doubt

    @property
    def until_open(self) -> float:
        """Seconds until there are instants within the horizon, as far as this process knows."""
        # The horizon itself is not within it.
        return max(self._until_free() - (HORIZON - MICROSECOND).total_seconds(), 0.0)

    def take_in(self, transaction: Transaction, count: int, stretch: timedelta = NOTHING) -> list[PaceSlot]:
        """Take up to ``count`` instants, of which the first lies within the horizon; none where all are taken.

        Each statement may stand without the others. ``stretch`` more of the agency's time is taken after the last.
        """
        now, taken = time_of(self._clock), min(count, most_within(HORIZON, self.interval)) * self.interval + stretch
        named, asked = {"name": self._plugin, LEASE_NOW: now}, self._elapsed()
        row = transaction.connection.execute(_TAKE, named | {"taken": taken // MICROSECOND}).one_or_none()
        elapsed, number = self._elapsed(), (taken - stretch) // self.interval
        if row is None:
            pace = transaction.connection.execute(_PACE, named).one_or_none()
            if pace is None:
                ensure_row(transaction, self._plugin, now)
                return self.take_in(transaction, count, stretch)
            next_at, farthest = pace.next_at, pace.now + 4 * HORIZON + 2 * self.interval
            if now is None and next_at > farthest:
                # The database's clock was set back since, and the agency would not be called until then. Of a
                # simulated time that is not known: others may have gone on since the question was asked.
                transaction.connection.execute(_RESET.values(next_at=farthest), named | {"seen": next_at})
                next_at = farthest
            self._taken_to = elapsed + (next_at - pace.now).total_seconds()
            return []
        # A simulated clock may have gone on while the statement ran.
        first, at = row.next_at - taken, self._clock.now()
        due, doubt = elapsed + (first - at).total_seconds(), 0.0
        if now is None:
            self._time.note(row.now, before=asked, after=elapsed)
            due, doubt = self._time.latest(first), self._time.doubt
        self._taken_to = due + taken.total_seconds()
        at, tolerance = at + timedelta(seconds=due - elapsed), (LATE + stretch).total_seconds()
        steps = [each * self.interval for each in range(number)]
        return [PaceSlot(at + step, due + step.total_seconds(), doubt, tolerance) for step in steps]

    async def take(self, deadline: Deadline, stretch: timedelta = NOTHING) -> PaceSlot:
        """Wait for the next instant, which may be ahead.

        With ``stretch``, the request was late for one, and may be later for this by so much: no other process sends
        meanwhile.

        Raises:
            RateLimited: The agency's time is taken up to the deadline; nothing is used up.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached.
        """
        self._refuse_late(self._until_free() + self._waiting * self.interval.total_seconds(), deadline)
        self._waiting += 1
        try:
            async with self._turn:
                while stretch or (slot := self._at_hand()) is None:
                    self._refuse_late(self.until_open, deadline)
                    if self.until_open > 0:
                        await self._clock.sleep(self.until_open)
                    taken = await self._taken(1 if stretch else self._waiting, stretch)
                    if taken:
                        # However late it came: the caller sees to that.
                        self._spare.extend(taken[1:])
                        return taken[0]
                return slot
        finally:
            self._waiting -= 1

    def give_back(self, slot: PaceSlot) -> None:
        """Let another request have an instant that was not used."""
        self._spare.appendleft(slot)

    @staticmethod
    def _refuse_late(wait: float, deadline: Deadline) -> None:
        if wait > 0 and wait >= deadline.remaining():
            raise RateLimited(retry_after=wait, layer=Layer.CORE)

    def _at_hand(self) -> PaceSlot | None:
        """An instant that was taken before and can still be used."""
        while self._spare:
            slot = self._spare.popleft()
            # Half of what it may be late is left to the request.
            if self.late(slot) <= slot.tolerance / 2:
                return slot
        return None

    async def _taken(self, count: int, stretch: timedelta) -> list[PaceSlot]:
        # Making its row takes a transaction.
        run = self._database.run_unbound if self._taken_to > _NEVER else self._database.run
        return await within_reach(run(partial(self.take_in, count=count, stretch=stretch)))

    def _until_free(self) -> float:
        """Seconds until the agency's time is not taken, as far as is known; to the microsecond, as rows have it."""
        return max(round(self._taken_to - self._elapsed(), 6), 0.0) if self._taken_to > _NEVER else 0.0
