"""Ends a process whose event loop stands still, so that its supervisor starts another.

A plugin's code that never waits (a loop without an end, a blocking read, an expression that takes years to match)
holds up everything in its process, and nothing in asyncio can interrupt it. A thread of the interpreter that needs no
lock of Python's ends the process, and writes on standard error where it stands: files and functions, no values.
"""

import asyncio
import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from nagorik_platform.configuration import PlatformSettings


def patience_of(lease: timedelta) -> float:
    """Seconds for which a loop may stand still: the lease, and as long as an import may hold up others."""
    return lease.total_seconds() + PlatformSettings().import_seconds


@contextmanager
def watching(patience: float) -> Iterator[None]:
    """End the process when the running event loop does not turn for ``patience`` seconds within the block."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def beat() -> None:
        nonlocal timer
        faulthandler.dump_traceback_later(patience, exit=True, file=2)
        timer = loop.call_later(patience / 10, beat)

    beat()
    try:
        yield
    finally:
        timer.cancel()
        faulthandler.cancel_dump_traceback_later()
