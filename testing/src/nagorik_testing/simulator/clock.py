"""Time that stands still until it is told to pass."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappush
from itertools import count
from typing import Final

START: Final = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Dhaka: agencies are open, and it is no public holiday."""

_MICROSECONDS: Final = 1_000_000


def duration(value: float | timedelta) -> timedelta:
    """A duration given in seconds or as a ``timedelta``.

    Raises:
        ValueError: For a negative one.
    """
    given = value if isinstance(value, timedelta) else timedelta(seconds=value)
    if given < timedelta(0):
        raise ValueError("a duration is zero or more")
    return given


class SimulatedClock:
    """A ``nagorik.clock.Clock`` that moves when it is advanced or when somebody sleeps on it.

    Sleeps overlap as they do in life: of two tasks that sleep at once for 5 and for 10 seconds, the clock has moved
    10 when both are awake. Platform and simulators of one test share one clock.
    """

    def __init__(self, start: datetime = START) -> None:
        self._origin = _aware(start)
        self._elapsed = timedelta(0)

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._origin + self.elapsed()

    def monotonic(self) -> float:
        """Seconds of this clock since it was made; setting it back does not turn this back."""
        return self.elapsed().total_seconds()

    def elapsed(self) -> timedelta:
        """How far this clock has moved since it was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Move to ``seconds`` from now, after the other tasks had a turn."""
        due = self._after(seconds)
        await asyncio.sleep(0)
        self._pass(due - self.elapsed())

    def advance(self, by: float | timedelta) -> datetime:
        """Let ``by`` pass, in seconds or as a ``timedelta``; the new present."""
        self._pass(duration(by))
        return self.now()

    def set(self, instant: datetime) -> datetime:
        """Make it ``instant`` (aware). Later lets the time between pass; earlier turns back the calendar alone."""
        difference = _aware(instant) - self.now()
        if difference >= timedelta(0):
            self._pass(difference)
        else:
            self._origin += difference
        return self.now()

    def _after(self, seconds: float) -> timedelta:
        # Up to the next microsecond: a loop that waits for what is left of a deadline must reach it.
        return self.elapsed() + timedelta(microseconds=math.ceil(round(seconds * _MICROSECONDS, 3)))

    def _pass(self, by: timedelta) -> None:
        self._elapsed += max(by, timedelta(0))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.now().isoformat()}>"


class OrderlyClock(SimulatedClock):
    """A simulated clock on which sleepers wake one after another, the earliest first.

    Time goes on to the next of them when the one before had turns enough to do what it woke for; so whoever does
    something at an instant does it at that instant, and not when the last of those who slept beside it wakes.
    """

    TURNS: Final = 25
    """Turns of the event loop; what takes a thread or a socket longer than that takes simulated time, too."""

    def __init__(self, start: datetime = START, *, turns: int = TURNS) -> None:
        """Begin at ``start``, with nobody asleep; each who wakes has ``turns`` of the event loop."""
        super().__init__(start)
        self._turns = turns
        self._asleep: list[tuple[timedelta, int, asyncio.Event]] = []
        self._numbers = count()

    async def sleep(self, seconds: float) -> None:
        """Wake ``seconds`` from now, when everybody who wakes sooner has had their turn."""
        due, _, is_next = own = (self._after(seconds), next(self._numbers), asyncio.Event())
        heappush(self._asleep, own)
        try:
            turns = 0
            while turns < self._turns:
                # The next one alone counts the turns: all of them would keep the loop busy with nothing else.
                if self._asleep[0] is own:
                    await asyncio.sleep(0)
                    turns += 1
                else:
                    turns = 0
                    is_next.clear()
                    await is_next.wait()
            self._pass(due - self.elapsed())
        finally:
            self._asleep.remove(own)
            heapify(self._asleep)
            if self._asleep:
                self._asleep[0][2].set()


class FlowingClock(SimulatedClock):
    """A simulated clock that also moves by itself, for a simulator that people try out.

    One of the few places that reads the machine's time; a test has no use for it.
    """

    def __init__(
        self, start: datetime = START, *, speed: float = 1.0, source: Callable[[], float] = time.monotonic
    ) -> None:
        """Make a clock that flows.

        Args:
            start: The instant at which it begins, aware.
            speed: Simulated seconds in one of the machine's.
            source: Seconds of the machine, never decreasing.
        """
        if not 0 < speed < math.inf:
            raise ValueError("a speed is above zero")
        super().__init__(start)
        self._speed = speed
        self._source = source
        self._began = source()

    def elapsed(self) -> timedelta:
        """What flowed since it was made, and what it was advanced by."""
        return self._elapsed + timedelta(seconds=(self._source() - self._began) * self._speed)

    async def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` of this clock have flowed."""
        await asyncio.sleep(seconds / self._speed)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant has an offset from UTC")
    return instant.astimezone(UTC)
