"""An event loop for simulated time, on which the machine's speed does not show."""

import asyncio
import selectors

_Ready = list[tuple[selectors.SelectorKey, int]]


class IdleTimeEventLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only while nothing is ready to run, and then from one timer to the next.

    A wait for a number of seconds, such as for a call's deadline, is on the machine's time, which goes on while
    simulated time stands still. On this loop no timer ends while a task has something to do: neither a slow machine
    nor many tasks side by side cut a call short. Otherwise a timer is waited for as on any loop. A thread's work
    takes no time.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self._idle = _IdleSelector()
        super().__init__(self._idle)

    def time(self) -> float:
        """Seconds for which this loop had nothing to do but to wait for a timer."""
        return self._idle.seconds


class _IdleSelector(selectors.DefaultSelector):
    """The system's own selector, with the seconds that it has waited in vain, as they were asked for."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> _Ready:
        ready = super().select(timeout)
        if not ready and timeout is not None:
            self.seconds += max(timeout, 0.0)
        return ready
