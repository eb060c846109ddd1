"""The process's signal handlers, which any code may change, and nobody is told."""

import signal
from collections.abc import Callable
from typing import Any

from nagorik_platform.tracebacks import file_of


class SignalHandlers:
    """How the process handles signals, which any code may change, and nobody is told."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {
            number: signal.getsignal(number) for number in signal.valid_signals() if _is_caught(number)
        }
        self._kept: set[int] = set()

    def keep(self, number: int) -> None:
        """The host handles a signal, as it should be from now on."""
        self._before[number] = signal.getsignal(number)
        self._kept.add(number)

    def forget(self, number: int) -> None:
        """The host does not handle a signal any more."""
        self._kept.discard(number)
        self._before[number] = signal.SIG_DFL

    def put_back_kept(self) -> list[str]:
        """Handle the host's signals again as it does; of each that was not, the file of the code that handled it."""
        return [file for number in self._kept if (file := self._put_back(number, lambda _: True)) is not None]

    def put_back(self, is_plugins: Callable[[str], bool]) -> list[str]:
        """As ``put_back_kept``, for all signals that code in a plugin's files handles."""
        return [file for number in self._before if (file := self._put_back(number, is_plugins)) is not None]

    def _put_back(self, number: int, is_to_be: Callable[[str], bool]) -> str | None:
        found = signal.getsignal(number)
        if found is self._before[number]:
            return None
        file = file_of(found) or ""
        if not is_to_be(file):
            return None
        before = self._before[number]
        # What was not of Python's cannot be put back by it.
        signal.signal(number, signal.SIG_DFL if before is None else before)
        if number in self._kept:
            # As a loop has it: what waits for the system is not broken off.
            signal.siginterrupt(number, False)  # noqa: FBT003 - takes it by position alone
        return file


def _is_caught(number: int) -> bool:
    return number not in {signal.SIGKILL, signal.SIGSTOP}
