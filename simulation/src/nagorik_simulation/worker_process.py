"""A worker in a process of its own: as ``nagorik worker``, on a clock that jumps. Settings come on standard input.

``python -m nagorik_simulation.worker_process NAME`` works until its standard input ends, which it also does where the
process that started it is gone.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from nagorik import hookimpl
from nagorik.clock import Clock
from nagorik_host import open_host
from nagorik_host.engine.claims import APPLICATION
from nagorik_host.engine.worker import Worker
from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, read_keyring
from nagorik_platform import Call, PlatformSettings, PluginConfiguration
from nagorik_platform.logs import configure_logging, get_logger
from nagorik_platform.tracebacks import failure
from nagorik_testing.simulator.loopback import LOOPBACK
from nagorik_testing.simulator.portal import PORTAL
from nagorik_testing.simulator.shared_clock import SharedClock

_log = get_logger("nagorik.simulation")

CallCallback = Callable[[str, str, Call], None]
"""Called with ``call_began`` or ``call_ended``, the application's id, and the call."""
BUSY: Final = 300.0
"""Seconds that one step of a plugin may take: the machine is kept busy on purpose."""
POLL_SECONDS: Final = 0.005
"""Seconds between two looks at the clock."""
JUMP: Final = timedelta(seconds=1)
"""A clock that moved so far was moved by the campaign; less is a call that waited for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WorkerSettings:
    """What each process opens a host with, as JSON has it.

    Attributes:
        database: The database's URL.
        keys: The host's keys, as ``nagorik keys new`` prints them.
        folder: Holds the shared clock, the documents, and what each worker writes.
        plugins: The plugins' settings, by plugin id.
        lease: Seconds that a lost worker is waited for, by the database's clock.
        site: A folder from which plugins are imported first.
        skew: Seconds by which the worker's clock is ahead.
    """

    database: str
    keys: str
    folder: str
    plugins: dict[str, dict[str, Any]]
    lease: float = 2.0
    site: str = ""
    skew: float = 0.0

    @property
    def documents(self) -> FolderDocumentStore:
        """The documents of all processes, sealed with the keys."""
        return FolderDocumentStore(Path(self.folder) / "documents", Vault(read_keyring(self.keys)))

    def platform(self, clock: Clock, calls: "CallWatch") -> PlatformSettings:
        """A platform that reaches the simulated agencies over the loopback, on ``clock``."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=settings, egress=frozenset({LOOPBACK}))
                for name, settings in self.plugins.items()
            },
            call_middleware=(calls,),
            payment_addresses=PORTAL,
            documents=self.documents,
            clock=clock,
            longest_step=BUSY,
            import_seconds=BUSY,
        )


class CallWatch:
    """A host policy that reports when each call begins and ends.

    Attributes:
        under_way: How many calls are under way now.
    """

    def __init__(self, report: CallCallback) -> None:
        """Report the calls that are made for an application."""
        self._report, self.under_way = report, 0

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Watch every call."""
        return self._watch(call)

    @asynccontextmanager
    async def _watch(self, call: Call) -> AsyncIterator[None]:
        application = APPLICATION.get()
        self.under_way += 1
        try:
            if application is not None:
                self._report("call_began", application, call)
            yield
        finally:
            self.under_way -= 1
            if application is not None:
                self._report("call_ended", application, call)


class SkewedClock(SharedClock):
    """The shared clock with a wrong calendar; how fast it goes is right."""

    def __init__(self, setting: WorkerSettings) -> None:
        """Be ahead as ``setting`` says."""
        super().__init__(Path(setting.folder) / "clock")
        self._skew = timedelta(seconds=setting.skew)

    def now(self) -> datetime:
        """As ``Clock.now``."""
        return super().now() + self._skew


def errors_in(error: BaseException) -> Iterator[BaseException]:
    """The error itself, or those of a group."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from errors_in(one)
    else:
        yield error


async def work(name: str, setting: WorkerSettings) -> None:
    """Work until standard input ends."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    loop.add_reader(sys.stdin, end)
    clock, lease = SkewedClock(setting), timedelta(seconds=setting.lease)
    settings = setting.platform(clock, CallWatch(_log_call))
    async with open_host(setting.database, read_keyring(setting.keys), settings, lease=lease) as host:
        worker = host.worker(name)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(_follow(clock, worker))
            await worker.run(stop)
            following.cancel()


async def _follow(clock: SharedClock, worker: Worker) -> None:
    """Poll as soon as the clock was moved: a timer of the machine knows nothing of it."""
    seen = clock.elapsed()
    while True:
        await asyncio.sleep(POLL_SECONDS)
        moved = clock.elapsed() - seen
        if moved >= JUMP:
            seen += moved
            # Where the database is away, the running worker waits for it.
            with suppress(DatabaseUnavailable):
                await worker.poll()


def _log_call(event: str, application: str, call: Call) -> None:
    facts = {"plugin": call.plugin, "operation": call.operation.value, "requests": call.requests}
    _log.debug(event, application=application, **facts)


if __name__ == "__main__":
    configure_logging(level="DEBUG", json=True)
    try:
        asyncio.run(work(sys.argv[1], WorkerSettings(**json.loads(sys.stdin.readline()))))
    except BaseException as ended:
        errors = list(errors_in(ended))
        end = {
            "event": "worker_ended",
            "error": " and ".join(map(failure, errors)),
            "is_away": all(isinstance(one, DatabaseUnavailable) for one in errors),
        }
        sys.stdout.write(f"{json.dumps(end)}\n")
        raise
