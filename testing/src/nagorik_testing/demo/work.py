"""Where the demonstration's worker runs: in this process, or in one of its own that can be killed."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from nagorik import PlatformSettings, PluginConfiguration, hookimpl
from nagorik.clock import Clock
from nagorik.platform import Call
from nagorik_host.documents import FolderDocuments
from nagorik_host.engine.current import APPLICATION
from nagorik_host.engine.worker import Worker
from nagorik_host.vault import Vault, read_keyring
from nagorik_testing.loopback import LOOPBACK

Counted = Callable[[str, int], None]
"""Hears of each call's HTTP requests, by application."""


class WorkerKilled(Exception):
    """The worker's process is gone."""


class Work(Protocol):
    """A worker."""

    async def until_idle(self) -> datetime | None:
        """Work until nothing is due; when something falls due next.

        Raises:
            WorkerKilled: It died meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Setting:
    """What a host of the demonstration is opened with, in whichever process."""

    folder: str
    keys: str
    plugins: dict[str, dict[str, Any]]
    """The plugins' settings, by plugin id."""

    @property
    def database(self) -> str:
        """The URL of the books."""
        return f"sqlite:///{self.folder}/books.db"

    def platform(self, clock: Clock, counted: Counted) -> PlatformSettings:
        """A platform that reaches the simulated agencies, on ``clock``."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=settings, egress=frozenset({LOOPBACK}))
                for name, settings in self.plugins.items()
            },
            policies=(RequestCounter(counted),),
            documents=FolderDocuments(Path(self.folder) / "documents", Vault(read_keyring(self.keys))),
            clock=clock,
        )


class RequestCounter:
    """A host policy that tells the HTTP requests of each call."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Count the requests of every call that is made for an application."""
        return self._count(call)

    @asynccontextmanager
    async def _count(self, call: Call) -> AsyncIterator[None]:
        try:
            yield
        finally:
            application = APPLICATION.get()
            if application is not None:
                self._counted(application, call.requests)


class InProcess:
    """A worker of this process."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def until_idle(self) -> datetime | None:
        """As ``Work.until_idle``."""
        return await self._worker.run_until_idle()


class InOwnProcess:
    """A worker in a process of its own, which is told by a line when to look and answers with a line."""

    def __init__(self, process: Process, counted: Counted) -> None:
        self._process = process
        self._counted = counted

    @classmethod
    async def start(cls, setting: Setting, counted: Counted) -> "InOwnProcess":
        """Start a process with ``setting``."""
        words = (sys.executable, "-m", "nagorik_testing.demo.worker_process")
        process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
        started = cls(process, counted)
        await started._say(json.dumps(asdict(setting)))
        return started

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: it runs nothing more, and cleans nothing up."""
        self._process.kill()

    async def until_idle(self) -> datetime | None:
        """As ``Work.until_idle``."""
        await self._say("look")
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "requests" in told:
                self._counted(told["application"], told["requests"])
            else:
                return datetime.fromisoformat(told["due"]) if told["due"] is not None else None
        await self._process.wait()
        raise WorkerKilled

    async def end(self) -> None:
        """Let it end by itself, by closing what it reads."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        self._process.stdin.close()
        await self._process.wait()

    async def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        try:
            self._process.stdin.write(f"{line}\n".encode())
            await self._process.stdin.drain()
        except ConnectionError:
            raise WorkerKilled from None
