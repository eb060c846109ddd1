"""One agency's pace in this process: instants at hand, and requests that wait for one.

Instants are of the database's clock. Each process reckons from when it took them, by what has passed since: its
calendar may be set back meanwhile.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from nagorik import AgencyUnavailable, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.instants import HORIZON, LATE, NOTHING, TakenInstants, interval_of, take_instants, time_of
from nagorik_host.engine.leases import elapsed_of
from nagorik_host.store.database import Database, DatabaseUnavailable
from nagorik_host.store.schema import MICROSECOND

AHEAD: Final = timedelta(milliseconds=200)
"""For how long a process takes instants that it has no request for yet, at most; what it does not use is lost."""
KEPT: Final = timedelta(milliseconds=20)
"""The longest interval of an agency whose instants are taken ahead."""
UNKNOWN: Final = "pace-unknown"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""


class DatabaseTime:
    """By how much the database's clock is ahead of what has passed here, at least and at most.

    Each reading lies between the question and the answer. Many readings together are much narrower than one.
    """

    DRIFT: Final = 1e-4
    """Seconds by which two clocks that are kept by NTP come apart in a second, at most."""

    def __init__(self) -> None:
        self._least = self._most = self._as_of = 0.0
        self._is_known = False

    def note(self, read: datetime, *, before: float, after: float) -> None:
        """The database's clock said ``read`` to a question between ``before`` and ``after``."""
        least, most = read.timestamp() - after, read.timestamp() - before
        if self._is_known:
            drift = self.DRIFT * max(0.0, after - self._as_of)
            narrower = max(least, self._least - drift), min(most, self._most + drift)
            # Where they do not fit together, one of the clocks was set.
            least, most = narrower if narrower[0] <= narrower[1] else (least, most)
        self._least, self._most, self._as_of, self._is_known = least, most, after, True

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
        self._time = time
        self._database = database
        self._clock = clock
        self._elapsed = elapsed_of(clock)
        self._plugin = plugin
        self.interval = interval_of(per_second)
        self._spare: deque[PaceSlot] = deque()
        self._turn = asyncio.Lock()
        self._waiting = self._used = 0
        self._taken_at = self._taken_to = 0.0
        self._is_known = False

    def early(self, slot: PaceSlot) -> float:
        """Seconds until an instant, by what has passed."""
        return slot.due - self._elapsed()

    def late(self, slot: PaceSlot) -> float:
        """Seconds since an instant, at most: by the calendar or by what has passed, where they differ the more.

        A machine that was stopped may show it by the one or by the other.
        """
        return max((self._clock.now() - slot.at).total_seconds(), self._elapsed() - slot.due) + slot.doubt

    @property
    def is_open(self) -> bool:
        """Whether there are instants within the horizon, as far as this process knows."""
        return self._until_open() <= 0

    def asked(self) -> float:
        """What has passed, before a transaction takes instants."""
        return self._elapsed()

    def note_taken(self, taken: TakenInstants, asked: float, stretch: timedelta = NOTHING) -> list[PaceSlot]:
        """Translate instants that a transaction took which was begun at ``asked`` into this process's clocks."""
        now, elapsed = self._clock.now(), self._elapsed()
        if time_of(self._clock) is None:
            self._time.note(taken.now, before=asked, after=elapsed)
            due, doubt = self._time.latest(taken.first), self._time.doubt
        else:
            due, doubt = elapsed + (taken.first - now).total_seconds(), 0.0
        step = self.interval.total_seconds()
        further = taken.number * self.interval + (stretch if taken.number else NOTHING)
        self._taken_at, self._taken_to, self._used, self._is_known = elapsed, due + further.total_seconds(), 0, True
        first, late = now + timedelta(seconds=due - elapsed), (LATE + stretch).total_seconds()
        return [
            PaceSlot(first + each * self.interval, due + each * step, doubt, late) for each in range(taken.number)
        ]

    async def take(self, deadline: Deadline, lead: timedelta = NOTHING, stretch: timedelta = NOTHING) -> PaceSlot:
        """Wait for the next instant, which may be ahead.

        Args:
            deadline: Of the call.
            lead: How far ahead the instant is, at least, and of no use to others: this request was late for one.
            stretch: How much later than others it may be sent: it was late again. Nobody else sends meanwhile.

        Raises:
            RateLimited: The agency's time is taken up to the deadline; nothing is used up.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached.
        """
        self._refuse_late(self._until_free() + self._waiting * self.interval.total_seconds(), deadline)
        self._waiting += 1
        try:
            async with self._turn:
                while lead or (slot := self._at_hand()) is None:
                    wait = self._until_open()
                    self._refuse_late(wait, deadline)
                    if wait > 0:
                        await self._clock.sleep(wait)
                    taken = await self._taken(lead, stretch)
                    if lead and taken:
                        return taken[0]
                    self._spare.extend(taken)
                return slot
        finally:
            self._waiting -= 1

    def give_back(self, slot: PaceSlot) -> None:
        """Let another request have an instant that was not used."""
        self._spare.appendleft(slot)

    def _refuse_late(self, wait: float, deadline: Deadline) -> None:
        if wait > 0 and wait >= deadline.remaining():
            raise RateLimited(retry_after=wait, layer=Layer.CORE)

    def _at_hand(self) -> PaceSlot | None:
        """An instant that was taken before and can still be used."""
        while self._spare:
            slot = self._spare.popleft()
            # Half of what it may be late is left to the request.
            if self.late(slot) <= slot.tolerance / 2:
                self._used += 1
                return slot
        return None

    async def _taken(self, lead: timedelta, stretch: timedelta) -> list[PaceSlot]:
        """Take instants for all requests that wait, and of a fast agency as many more as were used lately."""
        is_busy = self.interval <= KEPT and self._elapsed() - self._taken_at < AHEAD.total_seconds()
        ahead = min(self._used, int(AHEAD / self.interval)) if is_busy else 0
        asked = self.asked()
        unit = partial(
            take_instants,
            plugin=self._plugin,
            count=1 if lead else self._waiting + ahead,
            interval=self.interval,
            now=time_of(self._clock),
            lead=lead,
            stretch=stretch,
        )
        # Making its row takes a transaction.
        run = self._database.run_unbound if self._is_known else self._database.run
        try:
            taken = await run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        return self.note_taken(taken, asked, stretch)

    def _until_free(self) -> float:
        """Seconds until the agency's time is not taken, as far as is known; to the microsecond, as rows have it."""
        return max(round(self._taken_to - self._elapsed(), 6), 0.0) if self._is_known else 0.0

    def _until_open(self) -> float:
        # The horizon itself is not within it.
        return max(self._until_free() - (HORIZON - MICROSECOND).total_seconds(), 0.0)
