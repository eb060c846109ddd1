"""Ends a process whose event loop stands still, so that its supervisor starts another.

A plugin's code that never waits (a loop without an end, a blocking read) holds up everything in its process: no
heartbeat is sent, no signal is heeded, and nothing in asyncio can interrupt it. A thread of its own looks whether the
loop still turns. Where that thread does not get to run either, because what blocks never lets go of the interpreter
(an expression that takes years to match), the kernel ends the process by a timer of the processor time that it uses.
"""

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, Final

from nagorik_platform.configuration import PlatformSettings
from nagorik_platform.dispatch.plugin_call import PluginCall, responsible_for
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import Frame

_log = get_logger("nagorik.host")

STANDSTILL: Final = 4
"""Exit code of a process whose event loop stood still."""
WAKE_UPS: Final = 10
"""How often in a row the watchdog has to wake up and find that the loop has not turned. A process that was stopped,
or a machine that slept or has no processor to spare, holds up the watchdog as it holds up the loop: it wakes up late,
but then once only."""
FRAMES: Final = 10
"""The most places that are told of what the loop stands still in."""
TELLING: Final = 3.0
"""Seconds in which the log is told. What blocks may hold the log's lock, and the process ends all the same."""
_STDERR: Final = 2


def patience_of(lease: timedelta) -> float:
    """Seconds for which a loop may stand still: the lease, and as long as an import may.

    With the lease others take over what the worker has in hand. An import has a thread of its own, but may hold up
    whoever needs the same module.
    """
    return lease.total_seconds() + PlatformSettings().import_seconds


class Watchdog:
    """Looks from a thread of its own whether an event loop turns."""

    def __init__(
        self,
        patience: float,
        *,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        """Watch the running event loop, whose thread this is.

        Args:
            patience: Seconds for which it may stand still.
            wait: Waits for an event for so many seconds; whether it was set.
            end: Ends the process with an exit code.
        """
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._patience = patience
        self._wait = wait
        self._end = end
        self._turns = 0
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch within the block."""
        thread = threading.Thread(target=self._watch, name="nagorik-watchdog", daemon=True)
        self._beat()
        faulthandler.register(signal.SIGVTALRM, file=_STDERR, all_threads=False, chain=True)
        # Here too: what never lets go of the interpreter may do so before the thread wakes up for the first time.
        signal.setitimer(signal.ITIMER_VIRTUAL, self._patience)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            faulthandler.unregister(signal.SIGVTALRM)

    def _beat(self) -> None:
        self._turns += 1
        if not self._is_over.is_set():
            self._loop.call_later(self._patience / WAKE_UPS / 2, self._beat)

    def _watch(self) -> None:
        seen, in_vain = 0, 0
        while not self._wait(self._is_over, self._patience / WAKE_UPS):
            signal.setitimer(signal.ITIMER_VIRTUAL, self._patience)
            turns = self._turns
            seen, in_vain = turns, (in_vain + 1 if turns == seen else 0)
            if in_vain == WAKE_UPS:
                telling = threading.Thread(target=self._tell, name="nagorik-watchdog-log", daemon=True)
                telling.start()
                telling.join(TELLING)
                self._end(STANDSTILL)
                return

    def _tell(self) -> None:
        innermost = sys._current_frames().get(self._thread)
        call = responsible_for(innermost)
        _log.error(
            "event_loop_stands_still",
            seconds=round(self._patience),
            plugin=call.record.id if call is not None else None,
            operation=call.operation if call is not None else None,
            where=_places(innermost, call),
        )


def _places(innermost: FrameType | None, call: PluginCall | None) -> list[str]:
    """Where a thread is, innermost first: in the plugin of ``call`` alone, if it is there at all."""
    frames = list(_frames(innermost))
    directory = call.record.directory if call is not None else None
    inside = [frame for frame in frames if directory is not None and Path(frame.file).is_relative_to(directory)]
    return [f"{frame.place}:{frame.function}" for frame in islice(inside or frames, FRAMES)]


def _frames(innermost: FrameType | None) -> Iterator[Frame]:
    frame: Any = innermost
    while frame is not None:
        yield Frame(frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname)
        frame = frame.f_back
