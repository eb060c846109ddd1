"""Workers in processes of their own, each followed by another of its name, and the course of time for them.

Time stands still while a worker has anything in hand. What is due and claimed by no worker waits as it does in life:
the second worker at an agency takes it when the first has left it due for a while, by the clock.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import exists, func, select

from nagorik_host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications, attempts
from nagorik_simulation.worker_process import JUMP, WorkerSettings
from nagorik_testing.simulator.clock import SimulatedClock

_MODULE: Final = "nagorik_simulation.worker_process"
_LONGEST_LINE: Final = 1 << 24
_ENDED: Final = b'{"event": "worker_ended"'
_STOPPING: Final = 60.0
"""Seconds that a worker has to end when it is asked to."""
_POLL_SECONDS: Final = 0.02
"""Seconds between two looks at the database; each look keeps others from writing for a moment."""
MOST_ENDED: Final = 4
"""Workers that ended by themselves, each a finding of its own, with which a campaign goes on."""
STUCK: Final = 300.0
"""Seconds of the machine after which workers that begin no call are taken to be stuck."""
ENDLESS: Final = 3600.0
"""Seconds of the machine after which workers that begin call after call are taken to do so without end."""
INTERRUPTED: Final = attempts.c.result.in_(["interrupted", "interrupted-alone"])
"""Attempts that a killed worker had in hand."""
_CALLS: Final = select(func.count()).select_from(attempts)
_CLAIMED: Final = select(exists().where(applications.c.lease.is_not(None)))


class NeverIdle(Exception):
    """The workers do not finish what is due; the text says why."""


class WorkerExit(NamedTuple):
    """A process that ended by itself.

    Attributes:
        name: The worker's name.
        exit_code: That of the process.
        error: Type and place of the exception that it ended with.
        is_away: Whether that is a database that it could not reach.
    """

    name: str
    exit_code: int
    error: str = "no exception"
    is_away: bool = False


class WorkerPool:
    """Workers on the same database, while the ``async with`` block runs.

    Attributes:
        names: The name of each.
        killed: How many were killed.
        gave_up: How many ended because they had no database for longer than they may.
        ended: Those that ended by themselves, which is a finding.
    """

    def __init__(self, setting: WorkerSettings, names: Iterable[str], *, may_give_up: bool = False) -> None:
        """Begin without processes; ``may_give_up`` says whether a worker may end for lack of a database."""
        self.setting, self.names = setting, tuple(names)
        self._may_give_up = may_give_up
        self._next: dict[str, WorkerSettings] = {}
        self._processes: dict[str, Process] = {}
        self._working: dict[str, Process] = {}
        self._doomed: set[Process] = set()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.killed = self.gave_up = 0
        self.ended: list[WorkerExit] = []

    async def __aenter__(self) -> Self:
        """Start a process for each name."""
        self._tasks = [asyncio.create_task(self._follow(name)) for name in self.names]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let all end; kill those that do not."""
        self._stopping.set()
        for process in self._processes.values():
            _stdin(process).close()
        await asyncio.wait(self._tasks, timeout=_STOPPING)
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(*self._tasks)

    @property
    def logs(self) -> Mapping[str, Path]:
        """The file that has all that a worker wrote, by its name; guests have theirs, too."""
        return {path.stem: path for path in sorted(Path(self.setting.folder).glob("*.log"))}

    def living(self, name: str) -> Process | None:
        """The process of that name that has begun to work, and is not about to die."""
        process = self._working.get(name)
        is_dying = process in self._doomed or (process is not None and process.returncode is not None)
        return None if is_dying else process

    def kill(self, name: str, followed_by: WorkerSettings | None = None) -> bool:
        """SIGKILL a worker, which cleans nothing up; whether there was one.

        Another takes its place, with the settings ``followed_by`` if they are given.
        """
        if (process := self.living(name)) is None:
            return False
        if followed_by is not None:
            self._next[name] = followed_by
        process.kill()
        self._doomed.add(process)
        self.killed += 1
        return True

    async def run(self, name: str, setting: WorkerSettings, *, longest: float | None = None) -> WorkerExit | None:
        """Run one process to its end, or kill it after ``longest`` seconds; ``None`` for one that was killed."""
        path = filter(None, (setting.site, os.environ.get("PYTHONPATH")))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _MODULE, name),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            limit=_LONGEST_LINE,
        )
        self._processes[name] = process
        _stdin(process).write(json.dumps(asdict(setting)).encode() + b"\n")
        if self._stopping.is_set():
            _stdin(process).close()
        try:
            async with asyncio.timeout(longest):
                end = await self._hear(name, process)
        except TimeoutError:
            return None
        finally:
            del self._processes[name]
            self._working.pop(name, None)
            with suppress(ProcessLookupError):
                process.kill()
            code = await process.wait()
        if process in self._doomed:
            self._doomed.discard(process)
            return None
        return WorkerExit(name, code, **end)

    async def _hear(self, name: str, process: Process) -> dict[str, Any]:
        """Write down what a worker says, until it is gone: one whose disk is full has no file to say it in."""
        end = {}
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with (Path(self.setting.folder) / f"{name}.log").open("ab", buffering=0) as log:
            async for line in process.stdout:
                self._working[name] = process
                log.write(line)
                if line.startswith(_ENDED):
                    end = {key: value for key, value in json.loads(line).items() if key in WorkerExit._fields}
        await process.wait()
        return end

    async def _follow(self, name: str) -> None:
        """Run one process after the other."""
        while not self._stopping.is_set():
            ended = await self.run(name, self._next.pop(name, self.setting))
            if ended is None or (self._stopping.is_set() and ended.exit_code == 0):
                continue
            if self._may_give_up and ended.is_away:
                self.gave_up += 1
            else:
                self.ended.append(ended)


def _stdin(process: Process) -> asyncio.StreamWriter:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    return process.stdin


def log_lines(log: Path) -> Iterator[dict[str, Any] | str]:
    """The lines of a worker's log: a record as it was written, anything else as text."""
    for line in log.read_text("utf-8", "replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        yield record if isinstance(record, dict) and "timestamp" in record else line


class ClockDriver:
    """Waits for a pool as ``Worker.run_until_idle`` does for one worker."""

    def __init__(self, host: Host, clock: SimulatedClock, pool: WorkerPool) -> None:
        """Look into the database of ``host``, which does no work, and move ``clock``, which all share."""
        self._host, self._clock, self._pool = host, clock, pool
        self._worker = host.worker()

    async def run_until_idle(self) -> datetime | None:
        """Wait until nothing is due and nothing is claimed; when to go on, if anything falls due ever.

        That is so much after it falls due that the workers see the clock jump, and poll at once.

        Raises:
            NeverIdle: There is no end to it.
        """
        # Before the first worker has polled, the database knows no agency, and nothing would seem due.
        await self._host.database.run(self._worker.next_due)
        loop, made = asyncio.get_running_loop(), 0
        began = moved_at = looked_at = loop.time()
        while True:
            # At one moment: an application that a worker lets go between two statements would be seen by neither.
            due, claimed, calls = await self._host.database.snapshot(self._look)
            if not claimed and (due is None or due > self._clock.now()):
                return due if due is None else due + JUMP
            now = loop.time()
            if calls != made:
                made, moved_at = calls, now
            if now > moved_at + STUCK or now > began + ENDLESS:
                raise NeverIdle("the workers did not finish what was due")
            if len(self._pool.ended) > MOST_ENDED:
                raise NeverIdle("worker after worker ended by itself")
            if not claimed:
                self._clock.advance(min(now - looked_at, _POLL_SECONDS))
            looked_at = now
            await asyncio.sleep(_POLL_SECONDS)

    def _look(self, transaction: Transaction) -> tuple[datetime | None, bool, int]:
        """What is due next, whether anything is claimed, and how many calls were begun so far."""
        scalar = transaction.connection.scalar
        return self._worker.next_due(transaction), bool(scalar(_CLAIMED)), scalar(_CALLS) or 0
