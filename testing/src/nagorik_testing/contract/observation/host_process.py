"""The process in which a plugin is watched: a platform as on a host, the plugin, and nothing of the kit to be found.

It is told over its standard input which methods of the platform to call, and says over its standard output how they
ended and what the plugin's code did meanwhile. Before the plugin is imported the machine's clock is put decades
ahead, in another zone; the platform's own clock tells the time of whoever calls.
"""

import asyncio
import io
import linecache
import os
import pickle
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
import time_machine

import nagorik
import nagorik_platform
import nagorik_toolkit
from nagorik.model.application import DocumentReference
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.agency_client.transport import shared_tls
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry import Registry
from nagorik_platform.system_clock import SystemClock
from nagorik_testing.contract.observation import messages
from nagorik_testing.contract.observation.audit import ACTING, CodeOwner, PluginAct, PluginActKind, ProcessWatch
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
from nagorik_testing.contract.observation.process_state import (
    Picture,
    changed_settings,
    library_picture,
    patched,
    settings,
)
from nagorik_testing.contract.observation.retention import (
    Needles,
    bindings,
    carries,
    holds,
    modules_of,
    rebound,
    retained,
)
from nagorik_testing.contract.observation.surroundings import (
    WRITES,
    hide_kit,
    load_libraries,
    tell_callers_time,
    watch_end,
    watch_environment,
    watch_output,
    watch_sleep,
)

CHUNK: Final = 65_536
AFTERWARDS: Final = 25
"""Turns of the event loop in which what a call has begun ends by itself."""
AFTER_FAILURE: Final = 0.5
"""Real seconds for the same after a failure: ``asyncio.gather`` tells of the first while others still wait."""
PATIENCE: Final = 400
"""Turns of the event loop for which one call waits for the other to make its step; it may wait for the agency."""
PARTNER: Final = 0.5
"""Real seconds for which a call waits for the one that it is interleaved with to begin."""


class HostDocuments:
    """The host's store, as its other end fills it."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.put_in: list[tuple[DocumentReference, bytes]] = []

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document.

        Raises:
            KeyError: There is none of this reference.
        """
        content = self.contents[document.id]
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """Keep a document under the hash of its content."""
        content = content if isinstance(content, bytes) else b"".join(content)
        digest = sha256(content).hexdigest()
        kept = DocumentReference(id=digest, kind=kind, media_type=media_type, bytes=len(content), sha256=digest)
        self.contents[digest] = content
        self.put_in.append((kept, content))
        return kept


class _ToPort(httpx.AsyncBaseTransport):
    """The network's own transport, which finds the agency of any name at one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._network = httpx.AsyncHTTPTransport(verify=shared_tls(), trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        # The headers are the request's own, so that the name which it asks for arrives.
        moved = httpx.Request(
            request.method,
            there,
            headers=request.headers.raw,
            stream=request.stream,
            extensions={name: value for name, value in request.extensions.items() if name != "sni_hostname"},
        )
        return await self._network.handle_async_request(moved)

    async def aclose(self) -> None:
        await self._network.aclose()


_RIG: Final[ContextVar[str | None]] = ContextVar("_RIG", default=None)
"""Whose call it is in which something runs."""


class Turns:
    """Lets two calls make one step each in turn."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}

    def join(self, rig: str) -> None:
        """A call begins that takes turns."""
        self._steps[rig] = 0

    def leave(self, rig: str) -> None:
        """It is over."""
        self._steps.pop(rig, None)

    def stepped(self, rig: str) -> int:
        """Count a step of a call; how many the other has made by now."""
        if rig in self._steps:
            self._steps[rig] += 1
        return self._of_other(rig)

    async def wait_for_partner(self, partner: str) -> None:
        """Give the other call time to begin."""
        until = time.perf_counter() + PARTNER
        while partner not in self._steps and time.perf_counter() < until:  # noqa: ASYNC110 - as every step waits
            await asyncio.sleep(0)

    async def wait(self, rig: str, seen: int) -> None:
        """Wait until the other has made a step since ``seen``, unless it waits for something itself."""
        if rig not in self._steps:
            return
        for _ in range(PATIENCE):
            if len(self._steps) == 1 or self._of_other(rig) != seen:
                return
            await asyncio.sleep(0)

    def _of_other(self, rig: str) -> int:
        return next((steps for name, steps in self._steps.items() if name != rig), 0)


@dataclass(slots=True)
class _Begun:
    """What the plugin's own code has begun and must have ended when its call is over."""

    what: str
    rig: str | None
    """In whose call; the other's may still be under way."""
    is_over: Callable[[], bool]


@dataclass(slots=True)
class _Rig:
    platform: Platform
    clock: SystemClock
    documents: HostDocuments
    longest_step: float = 0.0


def _settings_of(platform: Platform, plugin: str) -> object:
    """What a platform hands to its plugin as ``context.settings``; ``None`` before the first call."""
    runtime = platform._dispatcher._runtimes.get(plugin)
    return None if runtime is None else runtime.connection.settings


class _Host:
    """The platforms of this process, and who watches them."""

    def __init__(self, begin: BeginWatch, watch: ProcessWatch, tell: Callable[[int, Sequence[Any]], None]) -> None:
        self._tell = tell
        self._record = begin.record
        self._foreign = begin.foreign
        self._watch = watch
        self._registry = Registry([begin.record])
        self._rigs: dict[str, _Rig] = {}
        self._turns = Turns()
        self._sleepers: list[tuple[str, asyncio.Future[None]]] = []
        self._begun: list[_Begun] = []
        self._threads: set[int] = set()
        self._loaded: set[str] = set()
        self._settings: dict[str, object] = {}
        self._picture: Picture = {}
        self._bindings: dict[str, object] | None = None
        self._written = os.fstat(1).st_size

    async def answer(self, message: object) -> RemoteEnd:
        """Do what a message says."""
        if isinstance(message, OpenPlatform):
            return await self._open(message)
        if isinstance(message, ClosePlatform):
            await self._rigs.pop(message.rig).platform.aclose()
            return RemoteEnd()
        if isinstance(message, ResumeSleep):
            self._wake(message.rig)
            return RemoteEnd()
        if isinstance(message, LookBack):
            return RemoteEnd(acts=self._look(Needles(message.needles)))
        assert isinstance(message, RemoteCall)  # noqa: S101 - there is no other message
        return await self._call(message)

    def prepare(self) -> None:
        """Keep how everything was before the plugin came."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._make_task)
        self._watch_timers(loop)
        self._settings = settings()
        self._threads = {thread.ident or 0 for thread in threading.enumerate()}
        self._picture = library_picture()
        self._loaded = set(sys.modules)

    async def _open(self, message: OpenPlatform) -> RemoteEnd:
        clock, documents = SystemClock(), HostDocuments()
        vars(clock)["wait"] = partial(self._sleep, message.rig)
        configuration = PluginConfiguration(
            settings=message.settings,
            egress=frozenset({message.host}),
            transport_factory=lambda: _ToPort(message.port),
        )
        platform = Platform(
            self._registry,
            PlatformSettings(plugins={self._record.id: configuration}, documents=documents, clock=clock),
        )
        self._rigs[message.rig] = _Rig(platform, clock, documents)
        self._watch.begin()
        await platform.import_plugins([self._record.id])
        return RemoteEnd(acts=self._taken(await self._afterwards()))

    async def _sleep(self, rig: str, seconds: float) -> None:
        """Let the agency's time pass at the other end, and wait until it has."""
        self._tell(0, (rig, seconds))
        self._sleepers.append((rig, waiting := asyncio.get_running_loop().create_future()))
        await waiting

    def _wake(self, rig: str) -> None:
        sleeper = next(sleeper for sleeper in self._sleepers if sleeper[0] == rig)
        self._sleepers.remove(sleeper)
        if not sleeper[1].done():
            sleeper[1].set_result(None)

    async def _call(self, message: RemoteCall) -> RemoteEnd:
        rig = self._rigs[message.rig]
        clock: Any = rig.clock
        clock.instant, clock.passed_before = message.now, clock.passed
        rig.documents.contents.update({reference.id: content for reference, content in message.documents})
        rig.longest_step = 0.0
        if message.partner is not None:
            self._turns.join(message.rig)
            await self._turns.wait_for_partner(message.partner)
        self._watch.begin()
        context = copy_context()
        context.run(_RIG.set, message.rig)
        method: Callable[..., Coroutine[Any, Any, object]] = getattr(rig.platform, message.method)
        result, error = None, None
        try:
            result = await asyncio.get_running_loop().create_task(
                method(*message.arguments, **message.named), context=context
            )
        except BaseException as raised:  # noqa: BLE001 - it is the other end's to judge
            if carries(raised, Needles(message.needles)):
                self._watch.note(PluginActKind.CARRIED, "raises an exception that carries personal data")
            error = _sendable(raised)
        finally:
            self._turns.leave(message.rig)
        if holds(_settings_of(rig.platform, self._record.id), Needles(message.needles)):
            self._watch.note(PluginActKind.RETAINED, "leaves personal data in context.settings")
        left = await self._afterwards(message.rig, AFTER_FAILURE if error is not None else 0.0)
        put_in, rig.documents.put_in = rig.documents.put_in, []
        return RemoteEnd(result, error, self._taken(left), put_in, rig.longest_step)

    # What the plugin has begun

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, *, context: Any = None, **options: Any
    ) -> "asyncio.Task[Any]":
        place = self._watch.place()
        context = copy_context() if context is None else context
        if place is not None:
            context.run(ACTING.set, CodeOwner.PLUGIN)
        elif context.get(PLUGIN_CALL) not in {None, PLUGIN_CALL.get()}:
            context.run(ACTING.set, CodeOwner.PLUGIN)  # the platform begins a hook
        elif PLUGIN_CALL.get() is not None:
            context.run(ACTING.set, CodeOwner.PLATFORM)
        rig = context.get(_RIG)
        if rig in self._rigs:
            coroutine = self._in_steps(coroutine, rig)
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, context=context, **options)
        if place is not None:
            self._begun.append(_Begun(f"leaves a task behind that it began at {place}", rig, task.done))
        return task

    async def _in_steps(self, coroutine: Coroutine[Any, Any, Any], rig: str) -> Any:
        return await self._steps(coroutine, rig)

    @types.coroutine
    def _steps(self, coroutine: Coroutine[Any, Any, Any], rig: str) -> Generator[Any, Any, Any]:
        """Step by step, each timed, and between two of them one of the other call's."""
        held = self._rigs[rig]
        step: Callable[[Any], Any] = coroutine.send
        given: Any = None
        while True:
            began = time.perf_counter()
            try:
                awaited = step(given)
            except StopIteration as end:
                return end.value
            finally:
                held.longest_step = max(held.longest_step, time.perf_counter() - began)
                seen = self._turns.stepped(rig)
            try:
                given = yield awaited
                step = coroutine.send
                yield from self._turns.wait(rig, seen).__await__()
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as thrown:  # noqa: BLE001 - handed on to whom it is for
                given, step = thrown, coroutine.throw

    def _watch_timers(self, loop: asyncio.AbstractEventLoop) -> None:
        usual = loop.call_at

        def call_at(when: float, callback: Callable[..., object], *arguments: Any, context: Any = None) -> Any:
            place = self._watch.place()
            if place is None:
                return usual(when, callback, *arguments, context=context)
            seconds, fired = when - loop.time(), list[bool]()

            def fire() -> None:
                fired.append(True)
                self._watch.note(PluginActKind.WAIT, f"waits by the machine's clock at {place}", seconds)
                callback(*arguments)

            handle = usual(when, fire, context=context)
            self._begun.append(
                _Begun(
                    f"leaves a timer behind that it set at {place}",
                    _RIG.get(),
                    lambda: bool(fired) or handle.cancelled(),
                )
            )
            return handle

        loop.call_at = call_at  # type: ignore[method-assign, assignment]

    # What is looked at when a call is over

    async def _afterwards(self, rig: str | None = None, seconds: float = 0.0) -> list[PluginAct]:
        begun = [each for each in self._begun if each.rig in {rig, None}]
        turns, until = 0, time.perf_counter() + seconds
        while turns < AFTERWARDS or time.perf_counter() < until:
            if all(each.is_over() for each in begun) and not self._strange_threads():
                break
            turns += 1
            await asyncio.sleep(0)
        acts = [PluginAct(PluginActKind.LEFT, each.what) for each in begun if not each.is_over()]
        self._begun = [each for each in self._begun if each not in begun]
        acts += [PluginAct(PluginActKind.LEFT, "leaves a thread behind") for _ in self._strange_threads()]
        self._threads |= {thread.ident or 0 for thread in self._strange_threads()}
        now = settings()
        acts += [
            PluginAct(PluginActKind.SETTING, f"changes {name}") for name in changed_settings(self._settings, now)
        ]
        self._settings = now
        for name in sorted(set(sys.modules) - self._loaded):
            self._loaded.add(name)
            if name.partition(".")[0] in self._foreign:
                acts.append(PluginAct(PluginActKind.FOREIGN, f"imports {name}, which is another plugin's"))
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
        while frame is not None:
            if self._watch.owner_of(frame.f_code.co_filename) is CodeOwner.PLUGIN:
                return True
            frame = frame.f_back
        return False

    def _taken(self, acts: Sequence[PluginAct]) -> list[PluginAct]:
        taken = [*self._watch.take(), *dict.fromkeys(acts)]
        before, self._written = self._written, os.fstat(1).st_size
        if self._written != before and not any(act.what.startswith(WRITES) for act in taken):
            taken.append(PluginAct(PluginActKind.OUTPUT, WRITES))
        return taken

    def _look(self, needles: Needles) -> list[PluginAct]:
        package = self._record.package or ""
        modules = modules_of(package)
        acts = [
            PluginAct(PluginActKind.RETAINED, f"{name} holds personal data when the call is over")
            for name in retained(modules, needles)
        ]
        now = bindings(modules)
        if self._bindings is not None:
            acts += [
                PluginAct(PluginActKind.RETAINED, f"{name} is bound anew by a call")
                for name in rebound(self._bindings, now)
            ]
        self._bindings = now
        picture = library_picture()
        acts += [
            PluginAct(PluginActKind.PATCH, f"replaces {name}")
            for name in patched(self._picture, picture, lambda module: f"{module}.".startswith(f"{package}."))
        ]
        self._picture = picture
        return acts


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made just here
    except Exception:  # noqa: BLE001 - whatever an exception's class does when it is copied
        return RuntimeError(type(error).__name__)
    return error


# The conversation


class _Unpickler(pickle.Unpickler):
    """Finds the messages' classes, which nobody else finds any longer."""

    def find_class(self, module: str, name: str) -> Any:
        return vars(messages)[name] if module == messages.__name__ else super().find_class(module, name)


class _Line:
    """The pipe to the other end."""

    def __init__(self, reader: asyncio.StreamReader, out: io.BufferedWriter) -> None:
        self._reader = reader
        self._out = out

    async def read(self) -> tuple[int, object] | None:
        """The next message and its number; ``None`` when the other end is gone."""
        try:
            (size,) = FROM_HEAD.unpack(await self._reader.readexactly(FROM_HEAD.size))
            number, message = _Unpickler(io.BytesIO(await self._reader.readexactly(size))).load()
        except asyncio.IncompleteReadError:
            return None
        return number, message

    def write(self, number: int, told: Sequence[Any]) -> None:
        """Answer a message by its number; or, as 0, say for whom and for how long a platform sleeps."""
        body = pickle.dumps((number, told))
        self._out.write(FROM_HEAD.pack(len(body)) + body)
        self._out.flush()


async def _serve(incoming: io.BufferedReader, outgoing: io.BufferedWriter) -> None:
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
    line = _Line(reader, outgoing)
    first = await line.read()
    if first is None:
        return
    number, begin = first
    assert isinstance(begin, BeginWatch)  # noqa: S101 - what the other end says first
    host = _make_host(begin, line.write)
    host.prepare()
    line.write(number, RemoteEnd().plain())
    tasks: set[asyncio.Task[None]] = set()

    async def answer(number: int, message: object) -> None:
        try:
            ended = await host.answer(message)
        except Exception as failed:  # noqa: BLE001 - the other end says that nothing is known
            ended = RemoteEnd(error=_sendable(failed))
        if number:
            line.write(number, ended.plain())

    while (said := await line.read()) is not None:
        task = asyncio.create_task(answer(*said))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def _make_host(begin: BeginWatch, tell: Callable[[int, Sequence[Any]], None]) -> _Host:
    sys.path[:] = begin.path
    directory = begin.record.directory
    assert directory is not None  # noqa: S101 - a plugin that is usable has one
    kit = Path(__file__).parents[3]
    libraries = [Path(module.__file__ or "").parent for module in (nagorik, nagorik_toolkit, nagorik_platform)]
    watch = ProcessWatch(
        directory,
        [*libraries, kit / "nagorik_testing"],
        readable=[sys.prefix, sys.base_prefix, *map(str, libraries), *_zones()],
        foreign=list(begin.foreign.values()),
    )
    load_libraries()
    linecache.clearcache()
    tell_callers_time()
    watch_output(watch)
    watch_end(watch)
    watch_sleep(watch)
    watch_environment(watch, environment_prefix(begin.record.id))
    hide_kit()
    time_machine.travel(begin.machine, tick=True).start()
    return _Host(begin, watch, tell)


def _zones() -> tuple[str, ...]:
    import zoneinfo

    return zoneinfo.TZPATH


def main() -> None:
    """Serve whoever has started this process, until it closes the pipe."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    asyncio.run(_serve(incoming, outgoing))  # type: ignore[arg-type]
