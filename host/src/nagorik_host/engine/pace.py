"""One agency's time, as far as a process has taken it: instants at hand, and requests that wait for one.

Instants are of the database's clock, and each process reckons from when it took them, by what has passed since: its
calendar may be set back meanwhile, and nobody waits for as long as it was.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from nagorik import AgencyUnavailable, NagorikError, RateLimited
from nagorik.clock import Clock, Deadline
from nagorik.errors import Layer
from nagorik_host.engine.instants import HORIZON, LATE, NOTHING, TakenInstants, interval_of, take_instants, time_of
from nagorik_host.engine.leases import elapsed_of
from nagorik_host.store.database import Database, DatabaseUnavailable
from nagorik_host.store.schema import MICROSECOND

AHEAD: Final = timedelta(milliseconds=200)
"""For how long a process takes instants that it has no request for yet, at most; what it does not use is lost."""
KEPT: Final = timedelta(milliseconds=20)
"""How much of an agency's time an instant may take up that is kept for the next call, though none may come."""
PASSING: Final = 0.01
"""Seconds of delay that are nothing to reckon with."""
UNKNOWN: Final = "pace-unknown"
"""Why an agency is not called while the database cannot be reached; says nothing of the agency."""


class DatabaseTime:
    """What the database's clock says, on the scale of what has passed here.

    Each time it is asked, the answer was given after the question and before it came: so its clock is ahead of this
    scale by something between the two. What many answers say together is much narrower than any one of them.
    """

    DRIFT: Final = 1e-4
    """Seconds by which two clocks that are kept by NTP come apart in a second, at most."""

    def __init__(self) -> None:
        self._least = self._most = self._as_of = 0.0
        self._is_known = False

    def note(self, told: datetime, *, before: float, after: float) -> None:
        """The database's clock said ``told`` to a question between ``before`` and ``after``."""
        least, most = told.timestamp() - after, told.timestamp() - before
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
    """One instant of an agency's time, as this process's clocks tell it.

    Attributes:
        at: By the calendar.
        due: On the scale of what has passed.
        doubt: Seconds that it may be earlier, at most.
        tolerance: Seconds after which a request that was not sent is overtaken.
    """

    at: datetime
    due: float
    doubt: float
    tolerance: float = LATE.total_seconds()


class _Waiter:
    """A request that waits for an instant; it ends with one, or with why it gets none."""

    __slots__ = ("deadline", "end", "woken")

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.end: PaceSlot | NagorikError | None = None
        self.woken = asyncio.Event()

    def finish(self, end: PaceSlot | NagorikError) -> None:
        self.end = end
        self.woken.set()


class AgencyPace:
    """One agency's time, as far as this process has taken it.

    Requests wait in memory, in the order in which they came. One of them takes instants for all; the others wait for
    what it brings.
    """

    def __init__(self, database: Database, clock: Clock, plugin: str, per_second: float, time: DatabaseTime) -> None:
        self._time = time
        self._database = database
        self._clock = clock
        self._elapsed = elapsed_of(clock)
        self._plugin = plugin
        self.interval = interval_of(per_second)
        self._most_ahead = int(AHEAD / self.interval)
        self._spare: deque[PaceSlot] = deque()
        self._waiting: deque[_Waiter] = deque()
        self._leading = False
        self._has_row = False
        """Whether the agency is known to have one in the database."""
        self._asking = 0
        self._refill: asyncio.Future[None] | None = None
        self._taken_to: float | None = None
        """Up to when the agency's time is known to be taken, on the scale of what has passed."""
        self._refilled_at = -AHEAD.total_seconds()
        self._used = 0
        """Instants that were used since they were taken last."""
        self._has_room = False
        """Whether the agency had time that nobody had taken, when some was taken last."""
        self._lag = 0.0
        """Seconds that pass here between taking an instant and using it, where that is too much."""

    def early(self, slot: PaceSlot) -> float:
        """Seconds until an instant, by what has passed: no more than it was ahead when it was taken."""
        return slot.due - self._elapsed()

    def late(self, slot: PaceSlot) -> float:
        """Seconds since an instant: by the calendar, or by what has passed, whichever is more.

        A machine that was stopped may not know it by the one or by the other.
        """
        return max((self._clock.now() - slot.at).total_seconds(), self._elapsed() - slot.due) + slot.doubt

    @property
    def lead(self) -> timedelta:
        """How far ahead instants are taken, so that they have not gone by when they are used."""
        return timedelta(seconds=self._lag)

    def note_use(self, late: float) -> None:
        """An instant was used, or was to be used, so many seconds after it was."""
        if late > LATE.total_seconds():
            self._lag = min(2 * late, 2 * AHEAD.total_seconds())
        else:
            # Forgotten soon: whoever waits for an instant that is ahead waits in the agency's place.
            self._lag = self._lag / 2 if self._lag > PASSING else 0.0

    def take_spare(self, count: int = 1) -> list[PaceSlot]:
        """Instants that are at hand, at most so many, without waiting for anybody."""
        found: list[PaceSlot] = []
        while self._spare and len(found) < count:
            slot = self._spare.popleft()
            # Half of what it may be late is for whoever uses it.
            if self.late(slot) <= slot.tolerance / 2:
                found.append(slot)
        self._used += len(found)
        return found

    async def take_now(self) -> PaceSlot | None:
        """An instant within the horizon, if one is free; who asks waits for one transaction, and for no agency.

        Those who ask meanwhile are served by one transaction together.
        """
        for _ in range(2):
            if found := self.take_spare():
                return found[0]
            if self._until_open() > 0:
                return None
            self._asking += 1
            if self._refill is None:
                await self._refill_now()
            else:
                # It may have counted before this one asked.
                await asyncio.wait({self._refill})
        found = self.take_spare()
        return found[0] if found else None

    async def _refill_now(self) -> None:
        refill = self._refill = asyncio.get_running_loop().create_future()
        try:
            await asyncio.sleep(0)  # whoever asks in the same turn of the loop is counted
            count, self._asking = self._asking + self._wanted_besides(), 0
            self._spare.extend(await self._taken(count, self.lead))
        except AgencyUnavailable:
            pass  # the database is away: there is none
        finally:
            self._refill = None
            refill.set_result(None)

    def give_back(self, slots: list[PaceSlot]) -> None:
        """Instants that were not used after all."""
        self._spare.extendleft(reversed(slots))
        self._used = max(0, self._used - len(slots))

    def note_given_back(self, count: int) -> None:
        """Others have so many of the instants that were taken last."""
        if self._taken_to is not None:
            self._taken_to -= count * self.interval.total_seconds()

    def wanted_ahead(self) -> int:
        """How many instants beside those that are waited for will be used soon, to judge by what was."""
        recently = self._elapsed() - self._refilled_at < AHEAD.total_seconds()
        return min(self._used, self._most_ahead) if recently else 0

    def _wanted_besides(self) -> int:
        """How many more instants to take than were asked for: only where they are small, and nobody waits for any."""
        return self.wanted_ahead() if self._has_room and self.interval <= KEPT else 0

    def asked(self) -> tuple[datetime, float]:
        """The time by both clocks, before a transaction takes instants."""
        return self._clock.now(), self._elapsed()

    def note_taken(
        self, taken: TakenInstants, asked: tuple[datetime, float], *, stretch: timedelta = NOTHING
    ) -> list[PaceSlot]:
        """Instants that a transaction took which was begun at ``asked``, as this process's clocks tell them."""
        self._has_row = True
        now, elapsed = self.asked()
        if time_of(self._clock) is None:
            self._time.note(taken.now, before=asked[1], after=elapsed)
            due, doubt = self._time.latest(taken.first), self._time.doubt
        else:
            due, doubt = elapsed + (taken.first - now).total_seconds(), 0.0
        first = now + timedelta(seconds=due - elapsed)
        self._refilled_at, self._used = elapsed, 0
        self._has_room = taken.first <= taken.now + self.lead
        further = taken.number * self.interval + (stretch if taken.number else NOTHING)
        self._taken_to = due + further.total_seconds()
        tolerance = (LATE + stretch).total_seconds()
        steps = [number * self.interval for number in range(taken.number)]
        return [PaceSlot(first + step, due + step.total_seconds(), doubt, tolerance) for step in steps]

    @property
    def opens_at(self) -> datetime:
        """From when on there are instants within the horizon, as far as is known."""
        return self._clock.now() + timedelta(seconds=self._until_open())

    async def take(self, deadline: Deadline) -> PaceSlot:
        """The next instant that this process gets.

        Raises:
            RateLimited: The agency's time is taken up to the deadline; nothing is used up.
            AgencyUnavailable: ``pace-unknown``: the database cannot be reached.
        """
        if not self._waiting:
            found = self.take_spare()
            if found:
                return found[0]
        waiter = _Waiter(deadline)
        self._waiting.append(waiter)
        self._turn_away()
        try:
            while waiter.end is None:
                if self._leading:
                    waiter.woken.clear()
                    await waiter.woken.wait()
                    continue
                self._leading = True
                try:
                    await self._serve()
                finally:
                    self._leading = False
        except BaseException:
            if isinstance(waiter.end, PaceSlot):
                self.give_back([waiter.end])
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            # Whoever is first now takes instants for the others.
            if self._waiting and not self._leading:
                self._waiting[0].woken.set()
        if isinstance(waiter.end, NagorikError):
            raise waiter.end
        return waiter.end

    async def take_alone(self, deadline: Deadline, lead: timedelta, stretch: timedelta) -> PaceSlot:
        """An instant for one that was late for others: so far ahead, and with so much of the agency's time.

        Raises:
            As ``take``.
        """
        while True:
            slots = await self._taken(1, lead, stretch)
            if slots:
                return slots[0]
            waiting = self._until_free()
            if waiting >= deadline.remaining():
                raise RateLimited(retry_after=waiting, layer=Layer.CORE)
            await self._until_horizon()

    async def _serve(self) -> None:
        """Take instants for all who wait, and wait for the horizon where there are none."""
        while self._waiting and (found := self.take_spare()):
            self._waiting.popleft().finish(found[0])
        if not self._waiting:
            return
        try:
            slots = await self._taken(len(self._waiting) + self.wanted_ahead(), self.lead)
        except AgencyUnavailable as unknown:
            while self._waiting:
                self._waiting.popleft().finish(unknown.copy())
            return
        self._spare.extend(slots)
        while self._waiting and (found := self.take_spare()):
            self._waiting.popleft().finish(found[0])
        self._turn_away()
        if not slots and self._waiting:
            await self._until_horizon()

    async def _taken(
        self,
        count: int,
        lead: timedelta = NOTHING,
        stretch: timedelta = NOTHING,
    ) -> list[PaceSlot]:
        asked = self.asked()
        unit = partial(
            take_instants,
            plugin=self._plugin,
            count=count,
            interval=self.interval,
            now=time_of(self._clock),
            lead=lead,
            stretch=stretch,
        )
        # Until it has a row, which takes a transaction to make.
        run = self._database.run_unbound if self._has_row else self._database.run
        try:
            taken = await run(unit)
        except DatabaseUnavailable:
            raise AgencyUnavailable(because=UNKNOWN, layer=Layer.CORE) from None
        return self.note_taken(taken, asked, stretch=stretch)

    async def _until_horizon(self) -> None:
        # From now, and not from when the agency's time was read: much may have passed since, and whoever then waits
        # longer takes its next instant later than others, who wait longer in their turn.
        await self._clock.sleep(self._until_open())

    def _until_free(self) -> float:
        """Seconds until the agency's time is not taken, as far as is known; to the microsecond, as rows tell it."""
        return 0.0 if self._taken_to is None else max(round(self._taken_to - self._elapsed(), 6), 0.0)

    def _until_open(self) -> float:
        """Seconds until there are instants within the horizon, as far as is known."""
        within = HORIZON - MICROSECOND  # a horizon is reached by whoever looks after it, not at it
        return max(self._until_free() - within.total_seconds(), 0.0)

    def _turn_away(self) -> None:
        """Tell those who cannot get an instant before their deadline, as far as can be told now."""
        first = self._until_free()
        left = deque[_Waiter]()
        for waiter in self._waiting:
            at = first + len(left) * self.interval.total_seconds()
            if at > 0 and at >= waiter.deadline.remaining():
                waiter.finish(RateLimited(retry_after=at, layer=Layer.CORE))
            else:
                left.append(waiter)
        self._waiting = left
