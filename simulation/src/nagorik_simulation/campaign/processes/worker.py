"""A worker in a process of its own: as ``nagorik worker``, on a clock that jumps; and what it is opened with."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple, Self

from nagorik.clock import Clock
from nagorik_host import open_host
from nagorik_host.engine.claims import APPLICATION
from nagorik_host.engine.observers import WorkerObserver
from nagorik_host.engine.worker import Worker
from nagorik_host.store import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault, read_keyring
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.logs import configure_logging, get_logger
from nagorik_platform.registry import Admission
from nagorik_platform.tracebacks import frames_of, type_name
from nagorik_testing.simulator.loopback import LOOPBACK
from nagorik_testing.simulator.portal import PORTAL
from nagorik_testing.simulator.shared_clock import SharedClock

_log = get_logger("nagorik.testing")

BUSY: Final = 300.0
"""Seconds; the machine is kept busy on purpose, and a step that waits for its turn is no plugin's fault."""


def documents_in(folder: Path, keys: str) -> FolderDocumentStore:
    """The host's documents, in the ``folder`` that all processes share, sealed with ``keys``."""
    return FolderDocumentStore(folder / "documents", Vault(read_keyring(keys)))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WorkerSettings:
    """What all workers share."""

    database: str
    """The URL of the database."""
    keys: str
    """The host's keys, as ``nagorik keys new`` prints them."""
    site: Path
    """Holds the ward office's release."""
    folder: Path
    """Holds the shared clock, the documents, and what each worker's process writes."""
    lease: timedelta
    """How long a lost worker is waited for, by the database's clock, which no simulated time moves."""
    plugins: Mapping[str, dict[str, object]]
    """The plugins' settings, by plugin id."""

    @property
    def clock(self) -> Path:
        """The file of the clock that agencies and citizens live by."""
        return self.folder / "clock"

    def platform(self, clock: Clock) -> PlatformSettings:
        """A platform that reaches the simulated agencies over the loopback."""
        return PlatformSettings(
            plugins={
                name: PluginConfiguration(settings=settings, egress=frozenset({LOOPBACK}))
                for name, settings in self.plugins.items()
            },
            admission=Admission(allow=frozenset(self.plugins)),
            payment_addresses=PORTAL,
            documents=documents_in(self.folder, self.keys),
            clock=clock,
            longest_step=BUSY,
            import_seconds=BUSY,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WorkerVariant:
    """In what a worker differs from the others.

    Attributes:
        skew: By how much its machine's clock is ahead.
        keys: Other keys than the host's.
        site: Another folder than that of the ward office's release.
    """

    skew: timedelta = timedelta(0)
    keys: str | None = None
    site: Path | None = None


AS_ALL: Final = WorkerVariant()


class SkewedClock:
    """A clock whose calendar is wrong; how fast it goes is right."""

    def __init__(self, clock: Clock, skew: timedelta) -> None:
        """Be ahead of ``clock`` by ``skew``."""
        self._clock = clock
        self._skew = skew

    def now(self) -> datetime:
        """As ``Clock.now``."""
        return self._clock.now() + self._skew

    def monotonic(self) -> float:
        """As ``Clock.monotonic``."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """As ``Clock.sleep``."""
        await self._clock.sleep(seconds)


class AnnouncingObserver(WorkerObserver):
    """Says of each call whose it is, when it begins and how it ends: an operator's log does not name each."""

    def call_began(self, plugin: str, operation: str) -> None:
        """As ``WorkerObserver.call_began``."""
        _log.debug("call_began", application=APPLICATION.get(), plugin=plugin, operation=operation)

    def call_ended(self, plugin: str, operation: str, outcome: str, seconds: float) -> None:
        """As ``WorkerObserver.call_ended``."""
        facts = {"plugin": plugin, "operation": operation, "outcome": outcome, "seconds": round(seconds, 3)}
        _log.debug("call_ended", application=APPLICATION.get(), **facts)


class WorkerError(NamedTuple):
    """What a worker's process ended with, without its text, which may hold anything.

    Attributes:
        name: The exception's type.
        place: File and line of Nagorik's code that it passed last.
    """

    name: str
    place: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Of an exception; of a group of them, those that it holds."""
        if isinstance(error, BaseExceptionGroup):
            held = [cls.of(one) for one in error.exceptions]
            return cls(" and ".join(one.name for one in held), " and ".join(one.place for one in held))
        own = [f"{Path(frame.file).name}:{frame.line}" for frame in frames_of(error) if _OWN in frame.file]
        return cls(type_name(error), own[-1] if own else "elsewhere")


_OWN: Final = f"{os.sep}nagorik_"
"""In the path of every file of Nagorik's code."""
POLL_SECONDS: Final = 0.02
"""Seconds between two looks at the clock."""
JUMP: Final = timedelta(seconds=1)
"""From here on the clock was moved; what is less is a call that waited for its turn."""


def work(
    setting: WorkerSettings, name: str, said: Connection, ending: Connection, variant: WorkerVariant = AS_ALL
) -> None:
    """Work until SIGTERM, or until whoever started this process is gone.

    All that it says goes to ``said``. What it ends with, if it is an exception, is sent to ``ending``: what is said
    last is not always that.
    """
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    said.close()
    configure_logging(level="DEBUG", json=True)
    sys.path[:] = [str(variant.site or setting.site), *(one for one in sys.path if one != str(setting.site))]
    try:
        asyncio.run(_work(setting, name, variant))
    except BaseException as error:
        ending.send(WorkerError.of(error))
        raise


async def _work(setting: WorkerSettings, name: str, variant: WorkerVariant) -> None:
    ending, stop = _ending(), asyncio.Event()
    clock = SharedClock(setting.clock)
    seen: Clock = SkewedClock(clock, variant.skew) if variant.skew else clock
    async with open_host(
        setting.database,
        read_keyring(variant.keys or setting.keys),
        setting.platform(seen),
        lease=setting.lease,
    ) as host:
        worker = host.worker(name, AnnouncingObserver())
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
        await asyncio.sleep(POLL_SECONDS)
        moved = clock.elapsed() - seen
        if moved >= JUMP:
            seen += moved
            # Where the database is away, the running worker waits for it.
            with suppress(DatabaseUnavailable):
                await worker.poll()


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
