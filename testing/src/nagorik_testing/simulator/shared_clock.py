"""A simulated clock that several processes of this machine share, as they share the machine's."""

import fcntl
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from nagorik_testing.simulator.clock import OrderlyClock

_SLOT: Final = struct.Struct("q")
"""Microseconds since the clock's beginning: one aligned word, which no reader sees half-written."""


class SharedClock(OrderlyClock):
    """The same time for everybody who opens the same file; whoever sleeps on it moves it for all."""

    def __init__(self, file: Path) -> None:
        """Share what ``file`` says, which is made if it is not there; every process begins with the same start."""
        super().__init__()
        if not file.exists():
            file.write_bytes(_SLOT.pack(0))
        self._file = file
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _SLOT.size)

    def elapsed(self) -> timedelta:
        """How far the clock has been moved, by whomever."""
        return timedelta(microseconds=_SLOT.unpack_from(self._memory)[0])

    def _pass(self, by: timedelta) -> None:
        with self._alone():
            moved = self.elapsed() + max(by, timedelta(0))
            _SLOT.pack_into(self._memory, 0, moved // timedelta(microseconds=1))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else moves it meanwhile: of two who do at once, the later would turn it back."""
        with self._file.open("rb") as locked:
            fcntl.flock(locked, fcntl.LOCK_EX)  # which a process that is killed lets go
            yield
