"""How long steps hold an event loop up, and whose they are; a step is what runs between two waits."""

import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class _Schedule(threading.local):
    """Where the kernel says how long this thread stood in line for a processor; ``None`` where it does not say."""

    def __init__(self) -> None:
        try:
            self.file: int | None = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.file = None


_SCHEDULE: Final = _Schedule()


def seconds_in_line() -> float:
    """Seconds that this thread was ready to run, and had no processor, since it began; 0.0 where nobody counts them.

    Linux counts them. Of a machine that is short of processors they are what it, and no code, is to answer for.
    """
    if _SCHEDULE.file is None:
        return 0.0
    _, waited, _ = os.pread(_SCHEDULE.file, 100, 0).split()
    return int(waited) / 1e9


class LongestStep:
    """The longest of some steps, in which nothing else in the process could run.

    Attributes:
        seconds: How long it was, without the time in which the machine had no processor for it.
    """

    __slots__ = ("_in_line", "_in_line_at_first", "_in_line_before", "excuse", "seconds")

    def __init__(self, in_line: Callable[[], float] = seconds_in_line) -> None:
        self.seconds = 0.0
        self.excuse: Callable[[float], float] | None = None
        """Tells how many seconds of a step that has just ended, and took so many, are others' to answer for."""
        self._in_line = in_line
        self._in_line_at_first = self._in_line_before = in_line()

    def note(self, took: float) -> None:
        """A step took so many seconds."""
        # Asked for the longest alone, so that a call of many steps does not pay for each.
        if took > self.seconds:
            net = self.net(took)
            if self.excuse is not None and net > self.seconds:
                net -= self.excuse(net)
            self.seconds = max(self.seconds, net)

    def net_of_all(self, took: float) -> float:
        """What several steps took, all of them since this was made, without the seconds in line since then."""
        return took - (self._in_line() - self._in_line_at_first)

    def net(self, took: float) -> float:
        """A step's seconds without those in line.

        All is taken off that the thread stood in line since it was asked before, though some may be of other steps.
        """
        in_line = self._in_line()
        took -= in_line - self._in_line_before
        self._in_line_before = in_line
        return took


WINDOW: Final = 5.0
"""Seconds over which it is reckoned how much of a loop's time steps take that are short each."""
MOST_OF_WINDOW: Final = 0.5
"""What part of the loop's time such steps may take that nobody waits for."""


class LoopShare:
    """How much of a loop's time short steps take, of which none by itself is to be noticed."""

    __slots__ = ("_began", "_held", "_in_line", "_in_line_before")

    def __init__(self, in_line: Callable[[], float] = seconds_in_line) -> None:
        self._began: float | None = None
        self._held = 0.0
        self._in_line = in_line
        self._in_line_before = 0.0

    def note(self, took: float, now: float) -> float | None:
        """A step that took so many seconds ended at ``now``, by the loop's time.

        Seconds that such steps took of the last window, where that is over and they took too much of it.
        """
        if self._began is None or now - self._began >= 2 * WINDOW:
            self._begin(now - took)
        self._held += took
        if self._began is None or now - self._began < WINDOW:
            return None
        held, lasted = self._held - (self._in_line() - self._in_line_before), now - self._began
        self._begin(now)
        return held if held > MOST_OF_WINDOW * lasted else None

    def _begin(self, now: float) -> None:
        self._began, self._held, self._in_line_before = now, 0.0, self._in_line()


class Charged(Protocol):
    """Whoever answers for steps."""

    def charge(self, took: float, now: float) -> None:
        """A step of its own took so many seconds, and ended at ``now``."""
        ...


_THREAD: Final[int] = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)
"""Only Linux tells how often a thread has waited; elsewhere it is told of all of them together."""


class CpuTime(NamedTuple):
    """Processor time so far, in seconds, and how often this thread has given way to wait for something."""

    process: float
    thread: float
    waits: int


def cpu_time() -> CpuTime:
    """As it is now, of the thread that asks."""
    return CpuTime(time.process_time(), time.thread_time(), resource.getrusage(_THREAD).ru_nvcsw)


FRESH: Final = 0.05
"""Seconds after which processor time is read anew at the beginning of a step: no step pays for it by itself."""
LONG_TURN: Final = 0.25
"""Seconds from which on a turn of a loop counts as one in which it stood still for whoever waits."""


class StepAccount:
    """Whose step a loop runs, and the time that such steps have taken from everything else on it.

    Attributes:
        held: Seconds of all that was charged so far.
        began: When the present step began, by the account's clock.
    """

    __slots__ = ("_clock", "_cpu", "_cpu_at", "_stood", "_turn_began", "_whose", "began", "held")

    def __init__(self, clock: Callable[[], float]) -> None:
        """Count by ``clock``, in seconds."""
        self.held = 0.0
        self._stood = 0.0
        self._turn_began: float | None = None
        self._clock = clock
        self._whose: Charged | None = None
        self.began = 0.0
        self._cpu = cpu_time()
        self._cpu_at = 0.0

    @property
    def whose(self) -> Charged | None:
        """Whose step runs at this moment; ``None`` while it is nobody's that is charged."""
        return self._whose

    def wait(self, select: Callable[[float | None], T], timeout: float | None) -> T:
        """End a turn of the loop, wait for the next by ``select``, and begin it.

        Whoever holds a turn up, a thread, a signal's handler or the machine itself, need be known to nobody. Waiting
        longer than was asked for is standing still, too: the process was stopped.
        """
        before = self._clock()
        if self._turn_began is not None:
            self._add(before - self._turn_began)
        found = select(timeout)
        self._turn_began = self._clock()
        if timeout is not None:
            self._add(self._turn_began - before - max(timeout, 0.0))
        return found

    def stood(self) -> float:
        """Seconds for which the loop has stood still so far: long turns, the present one among them."""
        turn = 0.0 if self._turn_began is None else self._clock() - self._turn_began
        return self._stood + (turn if turn >= LONG_TURN else 0.0)

    def _add(self, seconds: float) -> None:
        if seconds >= LONG_TURN:
            self._stood += seconds

    def switch(self, whose: Charged | None) -> Charged | None:
        """Charge who ran until now, and go on as a step of ``whose``; who ran until now."""
        before, now = self._whose, self._clock()
        began, self._whose, self.began = self.began, whose, now
        if now - self._cpu_at > FRESH and before is None:
            self._cpu, self._cpu_at = cpu_time(), now
        if before is not None:
            self.held += now - began
            before.charge(now - began, now)
        return before

    def waited_for_threads(self, took: float) -> float:
        """Seconds of ``took``, for which the present step has gone on, in which other threads had the interpreter.

        Whoever waits for it asks for it again and again, and somebody has it; whoever sleeps does neither. 0.0 where
        that was less than half of the time.
        """
        now, before = cpu_time(), self._cpu
        own = now.thread - before.thread
        waited, others = took - own, now.process - before.process - own
        asked = (now.waits - before.waits) * sys.getswitchinterval()
        # On a busy machine it asks less often than it could: twice as long is granted as it has asked for at least.
        return min(waited, 2 * asked) if waited > took / 2 and others > waited / 4 else 0.0
