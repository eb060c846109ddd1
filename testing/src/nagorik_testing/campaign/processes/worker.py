"""A worker in a process of its own: as ``nagorik worker``, on a clock that jumps."""

import asyncio
import multiprocessing
import os
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from nagorik.clock import SystemClock
from nagorik.logs import configure_logging
from nagorik_host import open_host
from nagorik_host.engine.worker import Worker
from nagorik_host.store import DatabaseUnavailable
from nagorik_host.vault import read_keyring
from nagorik_testing.campaign.processes.setting import Setting
from nagorik_testing.shared_clock import SharedClock

GLANCE: Final = 0.02
"""Seconds between two glances at the clock."""
JUMP: Final = timedelta(seconds=1)
"""From here on the clock was moved; what is less is a call that waited for its turn."""


def work(setting: Setting, name: str, log: Path) -> None:
    """Work until SIGTERM, or until whoever started this process is gone; all that it says is added to ``log``."""
    writing = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    configure_logging(level="DEBUG", json=True)
    asyncio.run(_work(setting, name))


async def _work(setting: Setting, name: str) -> None:
    ending, stop = _ending(), asyncio.Event()
    clock = SharedClock(setting.clock)
    async with open_host(
        setting.database,
        read_keyring(setting.keys),
        setting.platform(clock),
        lease_clock=SystemClock(),
        lease=setting.lease,
    ) as host:
        worker = host.worker(name)
        working = asyncio.create_task(worker.run(stop))
        jumping = asyncio.create_task(_follow(clock, worker))
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait({working, jumping, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (jumping, waiting):
            task.cancel()
        stop.set()
        await working
        with suppress(asyncio.CancelledError):
            await jumping


async def _follow(clock: SharedClock, worker: Worker) -> None:
    """Look as soon as the clock was moved: the machine's time never jumps, and a timer knows nothing of it."""
    seen = clock.elapsed()
    while True:
        await asyncio.sleep(GLANCE)
        moved = clock.elapsed() - seen
        if moved >= JUMP:
            seen += moved
            # Where the books are away, the running worker waits for them.
            with suppress(DatabaseUnavailable):
                await worker.look()


def _ending() -> asyncio.Event:
    """Set by SIGTERM, and when the process that this one works for is gone."""
    ending, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def gone() -> None:
            loop.remove_reader(parent.sentinel)
            ending.set()

        loop.add_reader(parent.sentinel, gone)
    return ending
