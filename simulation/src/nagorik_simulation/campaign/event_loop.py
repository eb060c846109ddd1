"""An event loop for simulated time: how fast the machine is does not show on it."""

import asyncio
import selectors

_Ready = list[tuple[selectors.SelectorKey, int]]


class IdleTimeEventLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only while nothing is ready to run, and then from one timer to the next.

    Whatever waits for so many seconds of a loop, such as for a call's end beside its deadline, waits on the machine's
    time, which goes on while simulated time stands still. On this loop nobody's time is up for as long as anybody has
    something to do: a slow machine, or many who live side by side, cut nobody's call short. Where nobody has, a timer
    is waited for as on any loop. What a thread does takes none of its time.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self._idle = _IdleSelector()
        super().__init__(self._idle)

    def time(self) -> float:
        """Seconds for which this loop had nothing to do but to wait for a timer."""
        return self._idle.seconds


class _IdleSelector(selectors.DefaultSelector):
    """The system's own selector, and how long it has waited in vain.

    Attributes:
        seconds: So many, as they were asked for: what a system waits is never quite that.
    """

    seconds = 0.0

    def select(self, timeout: float | None = None) -> _Ready:
        ready = super().select(timeout)
        if not ready and timeout is not None:
            self.seconds += max(timeout, 0.0)
        return ready
