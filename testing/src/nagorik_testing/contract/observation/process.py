"""The process in which a plugin is watched, from outside, and what stands for a platform there."""

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import httpx

from nagorik.model.application import DocumentReference
from nagorik.operations import OPERATIONS
from nagorik_platform import Platform
from nagorik_platform.registry import PluginRecord
from nagorik_testing.contract.observation.forbidden import ObservedAct
from nagorik_testing.contract.observation.line import ChildLine, LineLost
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.simulator.in_process import SimulatorTransport

ZONE: Final = "Pacific/Pago_Pago"
"""Eleven hours behind UTC and seventeen behind Dhaka, so that the days differ for most of the day."""
LONGEST: Final = 60.0
"""Real seconds in which a call ends, or never."""
_PROGRAM: Final = """
import sys
sys.modules["pytest"] = None
from nagorik_testing.contract.observation.child import main
del sys.modules["pytest"]
main()
"""
"""time-machine imports pytest where it can, which takes an eighth of the process's beginning and is hidden again."""
_OF_TESTS: Final = ("PYTEST_", "NAGORIK_", "COVERAGE_", "COV_CORE_")
"""What the names of variables begin with that a host's environment does not have."""
_OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {spec.hook.removeprefix("nagorik_"): operation.value for operation, spec in OPERATIONS.items()}
)
"""The operation that a method of the platform calls."""


class ProcessLost(NotReachable):
    """The process in which the plugin is watched has ended, or does not answer."""


class Process:
    """A process with the plugin in it.

    Attributes:
        rigs: Whose agency and documents its platforms have, by their names there, and what listens meanwhile.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.rigs: dict[str, tuple[Rig, Wiretap]] = {}
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        self._line = ChildLine(process.stdout, process.stdin.write, self)
        self._answering = asyncio.create_task(self._line.serve())

    @classmethod
    @asynccontextmanager
    async def start(
        cls, record: PluginRecord, *, machine: float, foreign: Mapping[str, str]
    ) -> AsyncIterator["Process"]:
        """Have a process until the block ends.

        Args:
            record: The plugin.
            machine: What the machine's clock shows there, in seconds since 1970.
            foreign: Packages of other plugins, with their folders.

        Raises:
            ProcessLost: It does not start.
        """
        pipe = asyncio.subprocess.PIPE
        usual = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, stdin=pipe, stdout=pipe, env={**usual, "TZ": ZONE}
        )
        started = cls(process)
        try:
            await started.ask("begin", record, tuple(sys.path), machine, foreign)
            yield started
        finally:
            started._answering.cancel()
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def ask(self, function: str, *given: object) -> Any:
        """What a function of ``Child`` returns.

        Raises:
            ProcessLost: The process has ended, does not answer, or cannot watch the plugin.
        """
        try:
            async with asyncio.timeout(LONGEST):
                return await self._line.ask(function, *given)
        except TimeoutError:
            raise ProcessLost(f"a call does not end within {LONGEST:.0f} real seconds") from None
        except LineLost:
            raise ProcessLost("the process in which the plugin runs has ended") from None
        except Exception as failed:  # noqa: BLE001 - after any of them nothing is seen of the plugin
            raise ProcessLost(f"the plugin cannot be watched: {type(failed).__name__}") from None

    async def send(self, name: str, request: httpx.Request, now: datetime) -> tuple[object, ...]:
        """Called by the process: what an agency answers to a request of a platform there, and when."""
        rig, tap = self.rigs[name]
        rig.clock.set(max(now, rig.clock.now()))
        response = await tap.around(SimulatorTransport(rig.simulator)).handle_async_request(request)
        body = b"".join([part async for part in response.aiter_raw()])
        return response.status_code, response.headers.raw, body, rig.clock.now()

    async def content_of(self, name: str, document: DocumentReference) -> bytes:
        """Called by the process: a document of the host's."""
        return b"".join([part async for part in self.rigs[name][0].documents.open(document)])

    async def keep(self, name: str, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """Called by the process: put a document into the host's store."""
        return self.rigs[name][0].documents.keep(kind, media_type, content)


class RemotePlatform:
    """Stands for a platform in another process; what needs no plugin is answered by ``local``.

    Attributes:
        longest_step: Real seconds of the longest step of the calls so far.
        partner: The platform whose call each step of this one's alternates with, or ``None``.
    """

    def __init__(
        self,
        process: Process,
        name: str,
        rig: Rig,
        local: Platform,
        personal: Sequence[str],
        report: Callable[[str, Iterable[ObservedAct]], None],
    ) -> None:
        """Stand for one that is open there.

        Args:
            process: Where it is.
            name: Its name there.
            rig: Whose clock and documents it has.
            local: A platform here.
            personal: What no exception may carry to the host.
            report: Takes what the plugin's code did, and where.
        """
        self._process = process
        self._name = name
        self._rig = rig
        self._local = local
        self._personal = personal
        self._report = report
        self.longest_step = 0.0
        self.partner: str | None = None

    def __getattr__(self, name: str) -> Any:
        local = getattr(self._local, name)
        return self._calling(name) if inspect.iscoroutinefunction(local) else local

    def _calling(self, method: str) -> Callable[..., Any]:
        async def call(*given: Any, **named: Any) -> Any:
            clock = self._rig.clock
            result, error, acts, longest, now = await self._process.ask(
                "call", self._name, method, (given, named), clock.now(), self._personal, self.partner
            )
            clock.set(max(now, clock.now()))
            self._report(f"{_OPERATIONS.get(method, method)} of {self._rig.offer}", acts)
            self.longest_step = max(self.longest_step, longest)
            if error is not None:
                raise error
            return result

        return call
