"""The other end of the process in which a plugin is watched: a platform whose methods are called there."""

import asyncio
import inspect
import os
import pickle
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from nagorik import Operation
from nagorik_platform import Platform
from nagorik_platform.registry import PluginRecord
from nagorik_testing.contract.observation.audit import PluginAct
from nagorik_testing.contract.observation.messages import (
    FROM_HEAD,
    BeginWatch,
    ClosePlatform,
    LookBack,
    OpenPlatform,
    RemoteCall,
    RemoteEnd,
    ResumeSleep,
)
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.clock import SimulatedClock

ZONE: Final = "Pacific/Pago_Pago"
"""Eleven hours behind UTC and seventeen behind Dhaka, so that the days differ for most of the day."""
LONGEST: Final = 60.0
"""Real seconds in which a call ends, or never."""
_PROGRAM: Final = """
import sys
sys.modules["pytest"] = None
from nagorik_testing.contract.observation.host_process import main
del sys.modules["pytest"]
main()
"""
"""time-machine imports pytest where it can, which takes an eighth of the process's beginning and is hidden again."""
_OF_TESTS: Final = ("PYTEST_", "NAGORIK_", "COVERAGE_", "COV_CORE_")
"""What the names of variables begin with that a host's environment does not have."""


IMPORT: Final = "the import"
OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "check_eligibility": Operation.ELIGIBILITY,
        "quote_fees": Operation.QUOTE,
        "submit": Operation.SUBMIT,
        "find_submission": Operation.FIND,
        "answer_correction": Operation.ANSWER_CORRECTION,
        "withdraw": Operation.WITHDRAW,
        "get_status": Operation.STATUS,
        "advise_payment": Operation.ADVISE_PAYMENT,
        "fetch_deliverable": Operation.DELIVERABLE,
        "start_payment": Operation.START_PAYMENT,
        "query_payment": Operation.QUERY_PAYMENT,
        "complete_payment": Operation.COMPLETE_PAYMENT,
        "list_payments": Operation.LIST_PAYMENTS,
        "refund_payment": Operation.REFUND_PAYMENT,
        "parse_payment_notice": Operation.PAYMENT_NOTICE,
        "list_slots": Operation.SLOTS,
        "book_slot": Operation.BOOK_SLOT,
        "parse_callback": Operation.CALLBACK,
        "check_health": Operation.HEALTH,
    }
)
"""The operation that a method of the platform calls."""


class ProcessLost(NotReachable):
    """The process in which the plugin is watched has ended, or does not answer."""


class HostProcess:
    """A process with the plugin in it. What it is told is answered in any order.

    Attributes:
        clocks: Those of the agencies, by rig, which go on while a platform sleeps there.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.clocks: dict[str, SimulatedClock] = {}
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[RemoteEnd]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def start(
        cls, record: PluginRecord, *, machine: float, foreign: Mapping[str, str]
    ) -> AsyncIterator["HostProcess"]:
        """Have a process until the block ends.

        Args:
            record: The plugin.
            machine: What the machine's clock tells there, in seconds since 1970.
            foreign: Packages of other plugins, with their folders.

        Raises:
            ProcessLost: It does not start.
        """
        usual = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**usual, "TZ": ZONE},
        )
        host = cls(process)
        try:
            await host.ask(BeginWatch(record, tuple(sys.path), machine, foreign))
            yield host
        finally:
            await host.end()

    async def ask(self, message: object) -> RemoteEnd:
        """What comes of a message.

        Raises:
            ProcessLost: Nothing, since the process has ended or does not answer.
        """
        number = next(self._numbers)
        self._waiting[number] = waiting = asyncio.get_running_loop().create_future()
        try:
            if self._reading.done():
                raise ProcessLost("the process in which the plugin runs has ended")
            self._say(number, message)
            async with asyncio.timeout(LONGEST):
                ended: RemoteEnd = await waiting
        except TimeoutError:
            raise ProcessLost(f"a call does not end within {LONGEST:.0f} real seconds") from None
        except ConnectionError:
            raise ProcessLost("the process in which the plugin runs has ended") from None
        finally:
            self._waiting.pop(number, None)
        if ended.error is not None and not isinstance(message, RemoteCall):
            raise ProcessLost(f"the plugin cannot be watched: {type(ended.error).__name__}")
        return ended

    async def end(self) -> None:
        """End the process, whatever it does."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def look(self, needles: Sequence[str]) -> Sequence[PluginAct]:
        """What is left of the calls so far."""
        return (await self.ask(LookBack(needles))).acts

    def _say(self, number: int, message: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        body = pickle.dumps((number, message))
        self._process.stdin.write(FROM_HEAD.pack(len(body)) + body)

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            while True:
                (size,) = FROM_HEAD.unpack(await self._process.stdout.readexactly(FROM_HEAD.size))
                # What runs there runs as this user does; it is trusted no less than what is imported here.
                number, plain = pickle.loads(await self._process.stdout.readexactly(size))  # noqa: S301
                if number == 0:
                    rig, seconds = plain
                    self.clocks[rig].advance(seconds)
                    self._say(0, ResumeSleep(rig))
                elif number in self._waiting:
                    self._waiting[number].set_result(RemoteEnd.of(plain))
        except asyncio.IncompleteReadError:
            for waiting in self._waiting.values():
                waiting.set_exception(ProcessLost("the process in which the plugin runs has ended"))


class RemotePlatform:
    """Stands for a platform in another process; what needs no plugin is answered by ``local``.

    Attributes:
        acts: What the plugin's code did so far, each with the operation that was called, or the import.
        longest_step: Real seconds of the longest step of the calls so far.
        needles: What no exception may carry to the host.
        partner: The rig whose call each of this one's alternates with, or ``None``.
    """

    def __init__(
        self, process: HostProcess, rig: str, local: Platform, clock: SimulatedClock, documents: MemoryDocuments
    ) -> None:
        self._process = process
        self._rig = rig
        self._local = local
        self._clock = clock
        self._documents = documents
        self._sent: set[str] = set()
        self.acts: list[tuple[str, PluginAct]] = []
        self.longest_step = 0.0
        self.needles: tuple[str, ...] = ()
        self.partner: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        process: HostProcess,
        rig: str,
        local: Platform,
        clock: SimulatedClock,
        documents: MemoryDocuments,
        where: tuple[Mapping[str, object], str, int],
    ) -> AsyncIterator["RemotePlatform"]:
        """Have a platform in ``process``; ``where`` is the plugin's settings, the name of its agency and its port."""
        process.clocks[rig] = clock
        platform = cls(process, rig, local, clock, documents)
        platform.acts += [(IMPORT, act) for act in (await process.ask(OpenPlatform(rig, *where))).acts]
        try:
            yield platform
        finally:
            await process.ask(ClosePlatform(rig))

    def __getattr__(self, name: str) -> Any:
        local = getattr(self._local, name)
        return self._calling(name) if inspect.iscoroutinefunction(local) else local

    def _calling(self, method: str) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            new = [one for one in self._documents.kept if one[0].id not in self._sent]
            self._sent |= {reference.id for reference, _ in new}
            ended = await self._process.ask(
                RemoteCall(self._rig, method, arguments, named, self._clock.now(), new, self.needles, self.partner)
            )
            self.acts += [(OPERATIONS.get(method, method), act) for act in ended.acts]
            self.longest_step = max(self.longest_step, ended.longest_step)
            for reference, content in ended.documents:
                self._documents.keep(reference.kind, reference.media_type, content)
                self._sent.add(reference.id)
            if ended.error is not None:
                raise ended.error
            return ended.result

        return call
