"""The process's signal handlers, which any code may change, and nobody is told."""

import signal
from collections.abc import Callable, Mapping
from typing import Any, Final

from nagorik_platform.tracebacks import file_of

_TIMERS: Final[Mapping[int, int]] = {
    signal.SIGALRM: signal.ITIMER_REAL,
    signal.SIGVTALRM: signal.ITIMER_VIRTUAL,
    signal.SIGPROF: signal.ITIMER_PROF,
}
"""By a signal that ends the process where nothing handles it, the timer that sends it."""


class SignalHandlers:
    """How the process handles signals, which any code may change, and nobody is told."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {
            number: signal.getsignal(number) for number in signal.valid_signals() if _is_caught(number)
        }
        self._kept: set[int] = set()
        self._delivery: tuple[int, set[int | signal.Signals]] | None = None
        """What the loop is woken through, and which signals do not reach it, while it handles any."""

    def keep(self, number: int) -> None:
        """The host handles a signal, as it should be from now on."""
        self._before[number] = signal.getsignal(number)
        self._kept.add(number)
        wakes = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(wakes)
        self._delivery = wakes, _masked()

    def forget(self, number: int) -> None:
        """The host does not handle a signal any more."""
        self._kept.discard(number)
        if not self._kept:
            self._delivery = None
        self._before[number] = signal.SIG_DFL

    def put_back_kept(self) -> list[str]:
        """Handle the host's signals again as it does; of each that was not, the file of the code that handled it."""
        return [file for number in self._kept if (file := self._put_back(number, lambda _: True)) is not None]

    def put_back(self, is_plugins: Callable[[str], bool]) -> list[str]:
        """As ``put_back_kept``, for all signals that code in a plugin's files handles."""
        return [file for number in self._before if (file := self._put_back(number, is_plugins)) is not None]

    def put_back_delivery(self) -> bool:
        """Let the host's signals reach its loop again as they did; whether they would not have."""
        if self._delivery is None:
            return False
        wakes, masked = self._delivery
        # In one act: a signal that came between two would wake nobody.
        is_changed = signal.set_wakeup_fd(wakes) != wakes
        if _masked() != masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
            is_changed = True
        return is_changed

    def _put_back(self, number: int, is_to_be: Callable[[str], bool]) -> str | None:
        found = signal.getsignal(number)
        if found is self._before[number]:
            return None
        file = file_of(found) or ""
        if not is_to_be(file):
            return None
        before = self._before[number]
        if number in _TIMERS:
            # What the handler was there for would come when there is none, and end the process.
            signal.setitimer(_TIMERS[number], 0)
        # What was not of Python's cannot be put back by it.
        signal.signal(number, signal.SIG_DFL if before is None else before)
        if number in self._kept:
            # As a loop has it: what waits for the system is not broken off.
            signal.siginterrupt(number, False)  # noqa: FBT003 - takes it by position alone
        return file


def _masked() -> set[int | signal.Signals]:
    """The signals that do not reach this thread."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def _is_caught(number: int) -> bool:
    return number not in {signal.SIGKILL, signal.SIGSTOP}
