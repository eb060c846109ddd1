"""Workers in processes of their own: started, killed and followed by others of the same name.

The processes are forked from a server that has imported everything and has done nothing else: no event loop, no
database and no thread ever ran in it. That each has its own memory, connections and end is what counts; importing
everything anew would cost each start two seconds. Which worker is killed, and when, is decided by what the agencies
see, which is spread more evenly than time.
"""

import asyncio
import multiprocessing
import random
import re
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from nagorik_platform import Platform
from nagorik_testing.campaign.processes.worker import WorkerSettings, work
from nagorik_testing.simulator.ledger import SeenRequest

_FORKS: Final = multiprocessing.get_context("forkserver")
_LATE: Final = ("httpcore", "anyio._backends._asyncio")
"""What httpx imports with the first connection, in every process anew."""
_DATABASES: Final = ("nagorik_host.store.sqlite", "nagorik_host.store.postgresql")
_POLL_SECONDS: Final = 0.005
_ERROR: Final = re.compile(r"(?:\w+\.)*(\w+)(?::|$)")


@dataclass(frozen=True, slots=True)
class WorkerExit:
    """A worker that came to an end by itself, which none does.

    Attributes:
        name: The worker's name.
        exit_code: That of its process.
        error: The type of the exception that it ended with, if there was one.
    """

    name: str
    exit_code: int
    error: str


class WorkerPool:
    """Workers on the same database, each known by a name.

    Attributes:
        killed: How many were killed.
        ended: Those that ended by themselves.
    """

    def __init__(self, setting: WorkerSettings, names: Iterable[str]) -> None:
        """Nobody works yet."""
        self._setting = setting
        self._processes: dict[str, BaseProcess | None] = dict.fromkeys(names)
        self._killed: set[BaseProcess] = set()
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

    async def start(self, *names: str) -> None:
        """Start these workers."""
        for name in names:
            arguments = (self._setting, name, self._setting.folder / f"{name}.log")
            process = _FORKS.Process(target=work, args=arguments, name=name)
            # The first start waits until the server has imported everything.
            await asyncio.to_thread(process.start)
            self._processes[name] = process

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
        """Start another for each that is dead."""
        for name, process in self._processes.items():
            if process is not None and process.exitcode is not None:
                self._reap(name, process)
                await self.start(name)

    async def wait_until_dead(self, name: str) -> None:
        """Wait until a killed worker is dead; nobody follows it."""
        process = self._processes[name]
        while process is not None and process.exitcode is None:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(_POLL_SECONDS)
        if process is not None:
            self._reap(name, process)

    async def stop(self) -> None:
        """Let all end as an operator does; whoever does not is killed."""
        living = {name: one for name, one in self._processes.items() if one is not None}
        for process in living.values():
            process.terminate()
        for name, process in living.items():
            await asyncio.to_thread(process.join, self._setting.lease.total_seconds() + 10)
            if process.exitcode is None:
                process.kill()
                await asyncio.to_thread(process.join)
            # One that was about to begin has no ear for a signal yet.
            if process.exitcode not in {0, -signal.SIGTERM} and process not in self._killed:
                self._record_exit(name, process)
            self._processes[name] = None

    def _record_exit(self, name: str, process: BaseProcess) -> None:
        self.ended.append(WorkerExit(name, process.exitcode or 0, _last_error(self._setting.folder / f"{name}.log")))

    def _reap(self, name: str, process: BaseProcess) -> None:
        if process not in self._killed:
            self._record_exit(name, process)
        self._killed.discard(process)
        self._processes[name] = None


def _last_error(log: Path) -> str:
    """The type that a traceback at the end of a log names; its text may hold anything and is left out."""
    lines = log.read_text("utf-8").splitlines()
    found = _ERROR.match(lines[-1]) if lines else None
    return found[1] if found is not None else "no exception"


def prepare_processes(platform: Platform) -> None:
    """Let the server that processes are forked from import the host, and the plugins of ``platform``.

    Of no effect once it runs.
    """
    plugins = {record.source.value.partition(":")[0] for record in platform.plugins}
    databases = [name for name in _DATABASES if name.endswith("sqlite") or find_spec("asyncpg") is not None]
    _FORKS.set_forkserver_preload([work.__module__, *_LATE, *databases, *sorted(plugins)])


_DELAYS: Final = (0.0, 0.003, 0.03, 0.3)
"""Seconds, each the longest of one kind: before the agency has processed the request, before its answer is heard,
before what it means is committed, and at any time."""


class WorkerKiller:
    """Kills any worker, now and then, in the middle of the work."""

    def __init__(self, pool: WorkerPool, *, seed: int, every: int) -> None:
        """Kill at every ``every``-th request, more or less, as ``seed`` has it."""
        self._pool = pool
        self._every = every
        self._rng = random.Random(f"killer:{seed}")  # noqa: S311 - reproducible on purpose
        self._left = self._next_interval()

    def on_request(self, _: SeenRequest) -> None:
        """An agency has received a request."""
        self._left -= 1
        if self._left == 0:
            self._left = self._next_interval()
            after = self._rng.uniform(0, self._rng.choice(_DELAYS))
            victim = self._rng.choice(self._pool.names)
            asyncio.get_running_loop().call_later(after, self._pool.kill, victim)

    def _next_interval(self) -> int:
        return self._rng.randint(1, 2 * self._every)
