"""Workers in processes of their own: started, killed and followed by others of the same name.

The processes are forked from a server that has imported everything and has done nothing else: no event loop, no
database and no thread ever ran in it. That each has its own memory, connections and end is what counts; importing
everything anew would cost each start two seconds.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Final

from nagorik_host.store import DatabaseUnavailable
from nagorik_platform import Platform
from nagorik_simulation.campaign.processes.worker import AS_ALL, WorkerError, WorkerSettings, WorkerVariant, work

_FORKS: Final = multiprocessing.get_context("forkserver")
_PRELOADED: Final = ("nagorik_simulation.campaign.processes.preloaded", "httpcore", "anyio._backends._asyncio")
"""What each process would otherwise do by itself; the last two are imported by httpx with its first connection."""
_DATABASES: Final = ("nagorik_host.store.sqlite", "nagorik_host.store.postgresql")
_POLL_SECONDS: Final = 0.005
_CHUNK: Final = 65_536
"""Bytes that are read at once of what a worker says."""
_UNTOLD: Final = WorkerError("no exception", "nowhere")
_STOPPING: Final = 60.0
"""Seconds that a worker has to end when it is told to, beyond its lease; nothing is under way by then, but the
machine may be slow."""


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """A worker that came to an end by itself, which none does.

    Attributes:
        name: The worker's name.
        exit_code: That of its process.
        error: The type of the exception that it ended with, if there was one.
        place: Where in Nagorik's code that was last.
    """

    name: str
    exit_code: int
    error: str
    place: str


class WorkerPool:
    """Workers on the same database, each known by a name.

    Attributes:
        killed: How many were killed.
        gave_up: How many ended because they had no database for longer than they may.
        ended: Those that ended by themselves.
    """

    def __init__(self, setting: WorkerSettings, names: Iterable[str], *, may_give_up: bool = False) -> None:
        """Nobody works yet.

        Args:
            setting: What all share.
            names: By which each is known.
            may_give_up: Whether a worker may end for lack of a database.
        """
        self._setting = setting
        self._may_give_up = may_give_up
        self._guests: dict[str, BaseProcess] = {}
        self._hearing: dict[BaseProcess, Thread] = {}
        self._endings: dict[BaseProcess, Connection] = {}
        self.gave_up = 0
        self._processes: dict[str, BaseProcess | None] = dict.fromkeys(names)
        self._killed: set[BaseProcess] = set()
        self._replaced: set[str] = set()
        self.killed = 0
        self.ended: list[WorkerExit] = []

    @property
    def names(self) -> Sequence[str]:
        """All names, in order."""
        return tuple(self._processes)

    @property
    def output(self) -> str:
        """All that the workers wrote, living or dead."""
        return "\n".join(path.read_text("utf-8") for path in sorted(self._setting.folder.glob("*.log")))

    async def start(self, *names: str, variant: WorkerVariant = AS_ALL) -> None:
        """Start these workers."""
        for name in names:
            self._processes[name] = await self._started(name, variant)

    async def invite(self, name: str, variant: WorkerVariant) -> None:
        """Start one more worker, who is not replaced and may end as it likes."""
        self._guests[name] = await self._started(name, variant)

    async def dismiss(self, name: str, *, after: float) -> None:
        """Kill that one, unless it ends by itself within so many seconds."""
        process = self._guests.pop(name)
        await asyncio.to_thread(process.join, after)
        if process.exitcode is None:
            process.kill()
            await asyncio.to_thread(process.join)
        self._last_words(process)

    async def _started(self, name: str, variant: WorkerVariant) -> BaseProcess:
        (heard, said), (told, ending) = _FORKS.Pipe(duplex=False), _FORKS.Pipe(duplex=False)
        process = _FORKS.Process(target=work, args=(self._setting, name, said, ending, variant), name=name)
        # The first start waits until the server has imported everything.
        await asyncio.to_thread(process.start)
        said.close()
        ending.close()
        self._endings[process] = told
        hearing = Thread(target=_write_down, args=(heard, self._setting.folder / f"{name}.log"), daemon=True)
        hearing.start()
        self._hearing[process] = hearing
        return process

    def pid(self, name: str) -> int | None:
        """The process of a worker that lives, and is not about to die."""
        process = self._processes[name]
        if process is None or process in self._killed or process.exitcode is not None:
            return None
        return process.pid

    def signal(self, name: str, number: signal.Signals, *, pid: int | None = None) -> int | None:
        """Send a signal to a worker that lives, and if ``pid`` is given, is still that process; to which."""
        living = self.pid(name)
        if living is None or pid not in {None, living}:
            return None
        os.kill(living, number)
        return living

    def kill(self, name: str) -> bool:
        """SIGKILL: it runs nothing more and cleans nothing up. Whether there was anybody to kill."""
        process = self._processes[name]
        if process is None or process in self._killed or process.exitcode is not None:
            return False
        process.kill()
        self._killed.add(process)
        self.killed += 1
        return True

    async def respawn_dead(self) -> None:
        """Start another for each that is dead and that nobody else is about to replace."""
        for name, process in self._processes.items():
            if process is not None and process.exitcode is not None and name not in self._replaced:
                self._reap(name, process)
                await self.start(name)

    async def replace(self, name: str, variant: WorkerVariant) -> bool:
        """Kill that worker and start another that is ``variant``. Whether there was anybody to kill."""
        if name in self._replaced or not self.kill(name):
            return False
        self._replaced.add(name)
        try:
            await self.wait_until_dead(name)
            await self.start(name, variant=variant)
        finally:
            self._replaced.discard(name)
        return True

    async def wait_until_dead(self, name: str) -> None:
        """Wait until a killed worker is dead; nobody follows it."""
        process = self._processes[name]
        while process is not None and process.exitcode is None:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(_POLL_SECONDS)
        if process is not None:
            self._reap(name, process)

    async def stop(self) -> None:
        """Let all end as an operator does; whoever does not is killed."""
        for name in tuple(self._guests):
            await self.dismiss(name, after=0)
        living = {name: one for name, one in self._processes.items() if one is not None}
        for process in living.values():
            process.terminate()
        for name, process in living.items():
            await asyncio.to_thread(process.join, self._setting.lease.total_seconds() + _STOPPING)
            if process.exitcode is None:
                process.kill()
                await asyncio.to_thread(process.join)
            # One that was about to begin has no ear for a signal yet.
            self._reap(name, process, may_end=process.exitcode in {0, -signal.SIGTERM})

    def _reap(self, name: str, process: BaseProcess, *, may_end: bool = False) -> None:
        """Note what a worker ended with that is gone, unless it was killed or ``may_end``."""
        error = self._last_words(process)
        self._processes[name] = None
        if process in self._killed:
            self._killed.discard(process)
        elif may_end:
            return
        elif self._may_give_up and error.name == DatabaseUnavailable.__name__:
            self.gave_up += 1
        else:
            self.ended.append(WorkerExit(name, process.exitcode or 0, error.name, error.place))

    def _last_words(self, process: BaseProcess) -> WorkerError:
        # It has said all that it will, if not everything is written down yet.
        self._hearing.pop(process).join()
        with self._endings.pop(process) as told:
            try:
                error: WorkerError = told.recv()
            except EOFError:
                return _UNTOLD
        return error


def _write_down(heard: Connection, log: Path) -> None:
    """Add to ``log`` what a worker says, until it is gone; a worker whose disk is full has no file to say it in."""
    with heard, log.open("ab", buffering=0) as file:
        while said := os.read(heard.fileno(), _CHUNK):
            file.write(said)


def prepare_processes(platform: Platform) -> None:
    """Let the server that processes are forked from import the host, and the plugins of ``platform``.

    Of no effect once it runs.
    """
    plugins = {record.source.value.partition(":")[0] for record in platform.plugins}
    databases = [name for name in _DATABASES if name.endswith("sqlite") or find_spec("asyncpg") is not None]
    _FORKS.set_forkserver_preload([work.__module__, *_PRELOADED, *databases, *sorted(plugins)])
