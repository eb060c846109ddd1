"""The process in which a plugin is watched: a platform as on a host, the plugin, and nothing of the kit to be found.

The other end of the line calls the methods of ``Child``. Before the plugin is imported the machine's clock is put
decades ahead, in another zone; the platform's own clock shows the time of the other end's agency.
"""

import asyncio
import decimal
import linecache
import os
import pkgutil
import sys
import threading
import time
import types
import zoneinfo
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.metadata import DistributionFinder
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import time_machine

import nagorik
import nagorik_platform
import nagorik_toolkit
from nagorik.model.application import DocumentReference
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry import PluginRecord, Registry
from nagorik_platform.system_clock import SystemClock
from nagorik_testing.contract.observation.forbidden import (
    ACTING,
    LONGEST_WAIT,
    WRITES,
    ObservedAct,
    ProcessWatch,
    listen,
)
from nagorik_testing.contract.observation.line import ChildLine, sendable
from nagorik_testing.contract.observation.state import (
    Needles,
    bindings,
    carries,
    changed_settings,
    holds,
    library_picture,
    modules_of,
    patched,
    rebound,
    retained,
    settings,
)
from nagorik_testing.simulator.clock import SimulatedClock

KIT: Final = frozenset({"nagorik_testing", "pytest", "_pytest", "respx", "hypothesis"})
"""What a host has not installed, and a plugin could know a test by."""
KIT_DISTRIBUTIONS: Final = frozenset({"nagorik-testing", "pytest", "respx", "hypothesis"})
CHUNK: Final = 65_536
AFTERWARDS: Final = 25
"""Turns of the event loop in which what a call has begun ends by itself."""
AFTER_FAILURE: Final = 0.5
"""Real seconds for the same after a failure: ``asyncio.gather`` ends with the first while others still wait."""
PATIENCE: Final = 400
"""Turns of the event loop for which one call waits for the other to make its step; it may wait for the agency."""
PARTNER: Final = 0.5
"""Real seconds for which a call waits for the one that it is interleaved with to begin."""

_RIG: Final[ContextVar[str | None]] = ContextVar("_RIG", default=None)
"""Whose call it is in which something runs."""


class HostDocuments:
    """The host's store, which is at the other end of the line."""

    def __init__(self, line: ChildLine, rig: str) -> None:
        self._line = line
        self._rig = rig

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document.

        Raises:
            KeyError: There is none of this reference.
        """
        content = await self._line.ask("content_of", self._rig, document)
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """Keep a document under the hash of its content."""
        whole = content if isinstance(content, bytes) else b"".join(content)
        kept: DocumentReference = await self._line.ask("keep", self._rig, kind, media_type, whole)
        return kept


@dataclass(slots=True, eq=False)
class _Rig:
    plugin: str
    platform: Platform
    time: SimulatedClock
    longest_step: float = 0.0
    partner: "_Rig | None" = None
    """Whose call each step of this one's alternates with."""
    steps: int = 0


class _Transport(httpx.AsyncBaseTransport):
    """Finds the agency at the other end of the line, and takes over the time there."""

    def __init__(self, line: ChildLine, rig: str, clock: SimulatedClock) -> None:
        self._line = line
        self._rig = rig
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        status, headers, body, now = await self._line.ask("send", self._rig, request, self._clock.now())
        self._clock.set(max(now, self._clock.now()))
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body), request=request)


class _Begun(NamedTuple):
    """What the plugin's own code has begun in a rig's call, and must have ended when that is over."""

    what: str
    rig: str | None
    is_over: Callable[[], bool]


@dataclass(eq=False)
class Child:
    """The platforms of this process, and who watches them."""

    line: ChildLine = field(init=False)
    _rigs: dict[str, _Rig] = field(default_factory=dict)
    _begun: list[_Begun] = field(default_factory=list)
    _bindings: dict[str, object] | None = None

    async def begin(
        self, record: PluginRecord, path: Sequence[str], machine: float, foreign: Mapping[str, str]
    ) -> None:
        """Have the plugin of a record, and keep how everything was before it came.

        Args:
            record: The plugin's.
            path: Where modules are looked for.
            machine: What the machine's clock shows, in seconds since 1970.
            foreign: Packages of other plugins, with their folders.
        """
        sys.path[:] = path
        libraries = [
            str(Path(module.__file__ or "").parent) for module in (nagorik, nagorik_toolkit, nagorik_platform)
        ]
        self._registry, self._package, self._foreign = Registry([record]), record.package or "", foreign
        self._watch = ProcessWatch(
            record.directory or Path(),
            [*map(Path, libraries), Path(__file__).parents[2]],
            readable=[sys.prefix, sys.base_prefix, *libraries, *zoneinfo.TZPATH],
            foreign=list(foreign.values()),
        )
        _load_libraries()
        linecache.clearcache()
        listen(self._watch, environment_prefix(record.id))
        _hide_kit()
        time_machine.travel(machine, tick=True).start()
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._make_task)
        self._watch_timers(loop)
        self._threads = {thread.ident for thread in threading.enumerate()}
        self._settings, self._picture, self._loaded = settings(), library_picture(), set(sys.modules)
        self._written = os.fstat(1).st_size

    async def open(self, name: str, plugin: str, given: Mapping[str, object], host: str) -> list[ObservedAct]:
        """Have a platform whose plugin has these settings and its agency at ``host``; what the import did."""
        clock, simulated, documents = SystemClock(), SimulatedClock(), HostDocuments(self.line, name)
        vars(clock).update(now=simulated.now, monotonic=simulated.monotonic, sleep=simulated.sleep)
        configuration = PluginConfiguration(
            settings=given,
            egress=frozenset({host}),
            transport_factory=lambda: _Transport(self.line, name, simulated),
        )
        platform = Platform(
            self._registry, PlatformSettings(plugins={plugin: configuration}, documents=documents, clock=clock)
        )
        self._rigs[name] = _Rig(plugin, platform, simulated)
        self._watch.begin()
        await platform.import_plugins([plugin])
        return self._taken(await self._afterwards())

    async def close(self, name: str) -> None:
        """Have a platform no longer."""
        await self._rigs.pop(name).platform.aclose()

    async def call(
        self,
        name: str,
        method: str,
        given: tuple[Sequence[Any], Mapping[str, Any]],
        now: datetime,
        personal: Sequence[str],
        partner: str | None,
    ) -> tuple[Any, ...]:
        """Call a method of a platform.

        Args:
            name: The platform's.
            method: The method's.
            given: What it is given, by place and by name.
            now: The time.
            personal: What no exception may carry to the host.
            partner: The platform that makes the same call at once, with which each step alternates.
        """
        rig, needles = self._rigs[name], Needles(personal)
        rig.time.set(now)
        rig.longest_step, rig.steps = 0.0, 0
        if partner is not None:
            await self._meet(rig, self._rigs[partner])
        self._watch.begin()
        context = copy_context()
        context.run(_RIG.set, name)
        coroutine: Coroutine[Any, Any, object] = getattr(rig.platform, method)(*given[0], **given[1])
        result, error = None, None
        try:
            result = await asyncio.get_running_loop().create_task(coroutine, context=context)
        except BaseException as raised:  # noqa: BLE001 - it is the other end's to judge
            if carries(raised, needles):
                self._watch.note("exceptions", "raises an exception that carries personal data")
            error = sendable(raised)
        finally:
            rig.partner = None
        runtime = rig.platform._dispatcher._runtimes.get(rig.plugin)
        if runtime is not None and holds(runtime.connection.settings, needles):
            self._watch.note("retained", "leaves personal data in context.settings")
        acts = self._taken(await self._afterwards(name, AFTER_FAILURE if error is not None else 0.0))
        return result, error, acts, rig.longest_step, rig.time.now()

    async def look(self, personal: Sequence[str]) -> list[ObservedAct]:
        """What is left of the calls so far: personal data, names that are bound anew, libraries that are others."""
        modules = modules_of(self._package)
        found = [
            ("retained", f"{name} holds personal data when the call is over")
            for name in retained(modules, Needles(personal))
        ]
        before, self._bindings = self._bindings, bindings(modules)
        if before is not None:
            found += [("retained", f"{name} is bound anew by a call") for name in rebound(before, self._bindings)]
        picture, self._picture = self._picture, library_picture()
        replaced = patched(picture, self._picture, lambda module: f"{module}.".startswith(f"{self._package}."))
        return [*found, *(("patched", f"replaces {name}") for name in replaced)]

    # Two calls at once

    async def _meet(self, rig: _Rig, partner: _Rig) -> None:
        """Give the other call time to begin."""
        rig.partner = partner
        until = time.perf_counter() + PARTNER
        while partner.partner is not rig and time.perf_counter() < until:  # noqa: ASYNC110 - as every step waits
            await asyncio.sleep(0)

    async def _in_steps(self, coroutine: Coroutine[Any, Any, Any], rig: _Rig) -> Any:
        return await self._steps(coroutine, rig)

    @types.coroutine
    def _steps(self, coroutine: Coroutine[Any, Any, Any], rig: _Rig) -> Generator[Any, Any, Any]:
        """Step by step, each timed, and between two of them one of the other call's."""
        step: Callable[[Any], Any] = coroutine.send
        given: Any = None
        while True:
            began = time.perf_counter()
            try:
                awaited = step(given)
            except StopIteration as end:
                return end.value
            finally:
                rig.longest_step = max(rig.longest_step, time.perf_counter() - began)
                rig.steps += 1
                seen = 0 if rig.partner is None else rig.partner.steps
            try:
                given = yield awaited
                step = coroutine.send
                for _ in range(PATIENCE):
                    # Until the other has made a step, unless it waits for something itself, or is over.
                    if rig.partner is None or rig.partner.partner is not rig or rig.partner.steps != seen:
                        break
                    yield
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as thrown:  # noqa: BLE001 - handed on to whom it is for
                given, step = thrown, coroutine.throw

    # What the plugin has begun

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, *, context: Any = None, **options: Any
    ) -> "asyncio.Task[Any]":
        place = self._watch.place()
        context = copy_context() if context is None else context
        begins_hook = context.get(PLUGIN_CALL) not in {None, PLUGIN_CALL.get()}
        if place is not None or begins_hook or PLUGIN_CALL.get() is not None:
            context.run(ACTING.set, place is not None or begins_hook)
        name = context.get(_RIG)
        if name in self._rigs:
            coroutine = self._in_steps(coroutine, self._rigs[name])
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, context=context, **options)
        if place is not None:
            self._begun.append(_Begun(f"leaves a task behind that it began at {place}", name, task.done))
        return task

    def _watch_timers(self, loop: asyncio.AbstractEventLoop) -> None:
        usual = loop.call_at

        def call_at(when: float, callback: Callable[..., object], *arguments: Any, context: Any = None) -> Any:
            place = self._watch.place()
            if place is None:
                return usual(when, callback, *arguments, context=context)
            seconds, fired = when - loop.time(), list[bool]()

            def fire() -> None:
                fired.append(True)
                if seconds >= LONGEST_WAIT:
                    self._watch.note("waits", f"waits for {seconds:.2f} seconds by the machine's clock at {place}")
                callback(*arguments)

            handle = usual(when, fire, context=context)
            what = f"leaves a timer behind that it set at {place}"
            self._begun.append(_Begun(what, _RIG.get(), lambda: bool(fired) or handle.cancelled()))
            return handle

        loop.call_at = call_at  # type: ignore[method-assign, assignment]

    # What is looked at when a call is over

    async def _afterwards(self, name: str | None = None, seconds: float = 0.0) -> list[ObservedAct]:
        begun = [each for each in self._begun if each.rig in {name, None}]
        turns, until = 0, time.perf_counter() + seconds
        while turns < AFTERWARDS or time.perf_counter() < until:
            if all(each.is_over() for each in begun) and not self._strange_threads():
                break
            turns += 1
            await asyncio.sleep(0)
        self._begun = [each for each in self._begun if each not in begun]
        threads, now, modules = self._strange_threads(), settings(), sorted(set(sys.modules) - self._loaded)
        foreign = [module for module in modules if module.partition(".")[0] in self._foreign]
        acts = [
            *(("left-behind", each.what) for each in begun if not each.is_over()),
            *(("left-behind", "leaves a thread behind") for _ in threads),
            *(("settings", f"changes {name}") for name in changed_settings(self._settings, now)),
            *(("foreign-imports", f"imports {module}, which is another plugin's") for module in foreign),
        ]
        self._threads.update(thread.ident for thread in threads)
        self._loaded.update(modules)
        self._settings = now
        return acts

    def _strange_threads(self) -> list[threading.Thread]:
        frames = sys._current_frames()
        return [
            thread
            for thread in threading.enumerate()
            if thread.ident not in self._threads
            and not thread.name.startswith("nagorik-import-")
            # The loop's own pool keeps idle threads.
            and not (thread.name.startswith("asyncio_") and not self._is_at_work(frames.get(thread.ident or 0)))
        ]

    def _is_at_work(self, frame: types.FrameType | None) -> bool:
        while frame is not None and not self._watch.is_of_plugin(frame):
            frame = frame.f_back
        return frame is not None

    def _taken(self, acts: Sequence[ObservedAct]) -> list[ObservedAct]:
        taken = [*self._watch.take(), *dict.fromkeys(acts)]
        before, self._written = self._written, os.fstat(1).st_size
        if self._written != before and not any(what.startswith(WRITES) for _, what in taken):
            taken.append(("output", WRITES))
        return taken


# Making the process one of a host's


def _load_libraries() -> None:
    """Import what a plugin may import of the libraries, so that they are known before it changes them."""
    for package in (nagorik, nagorik_toolkit):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):  # an extra that is not installed
                import_module(found.name)
    for name in ("httpcore", "nagorik_platform.agency_client.client", "nagorik_platform.dispatch.dispatcher"):
        import_module(name)


def _hide_kit() -> None:
    """Let nothing of the kit be found: no module, no distribution."""
    for name in [name for name in sys.modules if name.partition(".")[0] in KIT]:
        del sys.modules[name]
    sys.meta_path[:] = [_hiding(finder) for finder in sys.meta_path]
    vars(sys.modules["__main__"]).pop("main", None)
    sys.argv[:] = ["nagorik"]
    sys.orig_argv[:] = [sys.executable]


def _hiding(finder: Any) -> Any:
    class Hiding(DistributionFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            return None if name.partition(".")[0] in KIT else finder.find_spec(name, path, target)

        def find_distributions(self, *context: Any, **named: Any) -> Iterator[Any]:
            find = getattr(finder, "find_distributions", None)
            for found in find(*context, **named) if find is not None else ():
                if found.metadata["Name"].lower() not in KIT_DISTRIBUTIONS:
                    yield found

        def invalidate_caches(self) -> None:
            getattr(finder, "invalidate_caches", lambda: None)()

    return Hiding()


async def _serve(incoming: int, outgoing: int) -> None:
    reader = asyncio.StreamReader(limit=2**26)
    pipe, out = os.fdopen(incoming, "rb", buffering=0), os.fdopen(outgoing, "wb")

    def write(message: bytes) -> None:
        out.write(message)
        out.flush()

    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    decimal.getcontext()  # made here, it is that of all tasks, as on a host
    child = Child()
    child.line = ChildLine(reader, write, child)
    await child.line.serve()


def main() -> None:
    """Serve the process that has started this one, until it closes the pipe."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    asyncio.run(_serve(incoming, outgoing))
