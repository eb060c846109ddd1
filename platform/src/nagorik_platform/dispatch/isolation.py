"""What a plugin's code may do to the event loop that it shares with the host and with other plugins' calls.

asyncio lets any task cancel all others and stop the loop, and lets ``SystemExit`` through a task and end the
process. On a ``GuardedEventLoop`` a plugin's code reaches its own call alone: what would end more than that is not
done, and is the plugin's fault. What it does cannot be interrupted; but it is known whose code runs, and for how long
it has held up everybody else's. Whatever stops the loop all the same, ``run_guarded`` runs it again.
"""

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import partial
from pathlib import Path
from types import AsyncGeneratorType, BuiltinFunctionType, FrameType
from typing import Any, Final, NamedTuple, Protocol, TypeVar, TypeVarTuple

from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL, STRAY, PluginCall
from nagorik_platform.dispatch.process_changes import refuse_process_changes
from nagorik_platform.dispatch.signal_handlers import SignalHandlers
from nagorik_platform.dispatch.steps import StepAccount
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import file_of, frames_of, type_name

log: Final = get_logger("nagorik")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ts = TypeVarTuple("Ts")

CANCELLED_OTHERS: Final = "cancelled-others"
STOPPED_LOOP: Final = "stopped-loop"
CHANGED_EXECUTOR: Final = "changed-executor"
CHANGED_INTERPRETER: Final = "changed-interpreter"
CHANGED_LOOP: Final = "changed-loop"
CHANGED_SIGNALS: Final = "changed-signals"
GENERATOR: Final = "generator"
"""Stands in an operation's place for an asynchronous generator that is cleared away, whichever call had begun it."""
CLOSING: Final = 10.0
"""Seconds in which what was left behind has to end once all is done."""
MOST_FILES: Final = 10_000
"""Files of code of which it is remembered whose they are; code that is made up as it runs names any number."""
SIGNALS_AGAIN: Final = 1.0
"""Seconds after which it is looked again whether a plugin handles any of the process's signals."""
MOST_RESTARTS: Final = 10
"""How often a loop that something stopped, nobody knows what, is run again before the process ends."""


class SupportsFileno(Protocol):
    """What a loop can watch: it has a file descriptor."""

    def fileno(self) -> int:
        """The descriptor."""
        ...


class TaskExited(Exception):
    """Stands in a task's end for ``SystemExit`` and ``KeyboardInterrupt``, which would end the process."""


class _ExitsContained(Coroutine[Any, Any, T_co]):
    """A coroutine that a plugin made a task of, which cannot end the process."""

    def __init__(self, inner: Coroutine[Any, Any, T_co], call: PluginCall) -> None:
        self._inner = inner
        self._call = call
        # By these the event loop names a task in what it logs.
        self.__name__ = type_name(inner)
        self.__qualname__ = self.__name__

    def send(self, value: Any, /) -> Any:
        try:
            return self._inner.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        raise TaskExited

    def throw(self, *raised: Any) -> Any:
        try:
            return self._inner.throw(*raised)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        raise TaskExited

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Any:
        return self._inner.__await__()


class GuardedTask(asyncio.Task[T_co]):
    """A task that the host may cancel, and of plugins' code only that of the call to which the task belongs.

    Attributes:
        call: The call, unless the task is the host's own.
        expected: How many cancellations are on their way that were asked for by this class's own method.
    """

    call: PluginCall | None = None
    expected: int = 0

    def cancel(self, msg: Any | None = None) -> bool:
        """As ``asyncio.Task.cancel``; nothing is done for a stranger, whose fault it is."""
        canceller = PLUGIN_CALL.get()
        if canceller is not None and not self.done() and not canceller.covers(self.call):
            canceller.note(CANCELLED_OTHERS)
            return False
        is_asked = super().cancel(msg)
        self.expected += is_asked
        return is_asked

    def uncancel(self) -> int:
        """As ``asyncio.Task.uncancel``."""
        self.expected = max(0, self.expected - 1)
        return super().uncancel()

    @property
    def is_cancelled_by_force(self) -> bool:
        """Whether somebody called the method of the class before this one, which asks nobody."""
        return self.cancelling() > self.expected


class _Interpreter(NamedTuple):
    """How the interpreter is set for whoever runs, and who is told of each call and line of the code."""

    limit: int
    interval: float
    trace: Any
    profile: Any
    trace_of_threads: Any
    profile_of_threads: Any


def _interpreter() -> _Interpreter:
    return _Interpreter(
        sys.getrecursionlimit(),
        sys.getswitchinterval(),
        sys.gettrace(),
        sys.getprofile(),
        threading.gettrace(),
        threading.getprofile(),
    )


def _keeps_interpreter(call: PluginCall, before: _Interpreter) -> None:
    """See that the interpreter is set as it was before a step of ``call``, for whoever runs next.

    A tracer makes everybody's steps many times as slow. One that was there before, as a debugger's, stays.
    """
    limit, interval, trace, profile, trace_of_threads, profile_of_threads = before
    # Each by itself: whatever is compared but by identity is a plugin's code, too.
    if (
        sys.getrecursionlimit() == limit
        and sys.getswitchinterval() == interval
        and sys.gettrace() is trace
        and sys.getprofile() is profile
        and threading.gettrace() is trace_of_threads
        and threading.getprofile() is profile_of_threads
    ):
        return
    sys.settrace(trace)
    sys.setprofile(profile)
    threading.settrace(trace_of_threads)
    threading.setprofile(profile_of_threads)
    sys.setrecursionlimit(limit)
    sys.setswitchinterval(interval)
    call.note(CHANGED_INTERPRETER)


class _Step:
    """A callback of a plugin's code, or a step of one of its tasks, which cannot end the process."""

    __slots__ = ("_call", "_callback", "_loop")

    def __init__(self, loop: "GuardedEventLoop", call: PluginCall, callback: Callable[..., object]) -> None:
        self._loop = loop
        self._call = call
        self._callback = callback

    def __call__(self, *arguments: Any) -> None:
        interpreter = _interpreter()
        before = self._loop.account.switch(self._call)
        try:
            self._callback(*arguments)
        except (SystemExit, KeyboardInterrupt) as error:
            self._call.note("raised", error)
        finally:
            self._loop.account.switch(before)
            _keeps_interpreter(self._call, interpreter)
            self._loop.keep_signals(self._call)
            self._loop.note_cancelled_main(self._call)


class _StrayStep(_Step):
    """A step that nobody's context says whose it is; what it starts is the same plugin's."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> None:
        before = PLUGIN_CALL.set(self._call)
        try:
            super().__call__(*arguments)
        finally:
            PLUGIN_CALL.reset(before)


class _CountingSelector(selectors.DefaultSelector):
    """Tells a loop's account of its turns: a loop does nothing else between two of them."""

    loop: "GuardedEventLoop | None" = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As for any selector."""
        if self.loop is None:
            return super().select(timeout)
        self.loop.check_all_signals()
        return self.loop.account.wait(super().select, timeout)


class GuardedEventLoop(asyncio.SelectorEventLoop):
    """An event loop that no plugin's code ends, neither for the host nor for another call.

    Attributes:
        account: Whose code runs, and for how long plugins' code has held up the loop so far.
    """

    def __init__(self) -> None:
        """Make one, whose tasks are each a ``GuardedTask``."""
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self._calls: dict[Path, PluginCall] = {}
        """By the directory of its code, the call of each plugin that was begun last."""
        self._directories: dict[str, Path | None] = {}
        self._main: GuardedTask[Any] | None = None
        self._excuse = (-1.0, 0.0)
        """When the step began that was excused last, and for how many seconds."""
        self._signals = SignalHandlers()
        self._signals_at = 0.0
        selector = _CountingSelector()
        super().__init__(selector)
        self.account = StepAccount(self.time)
        selector.loop = self
        super().set_task_factory(_guarded_task)
        refuse_process_changes(self)

    def run_forever(self) -> None:
        """As for any loop; it is known whose code runs when an asynchronous generator is cleared away."""
        self.call_soon(self._heed_generators)
        super().run_forever()

    def stop(self) -> None:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if not self._is_refused(STOPPED_LOOP):
            super().stop()

    def set_exception_handler(self, handler: Callable[..., object] | None) -> None:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if not self._is_refused(CHANGED_LOOP):
            super().set_exception_handler(handler)

    def set_task_factory(self, factory: Any) -> None:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if not self._is_refused(CHANGED_LOOP):
            super().set_task_factory(factory)

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if not self._is_refused(CHANGED_SIGNALS):
            super().add_signal_handler(sig, callback, *args)
            self._signals.keep(sig)

    def remove_signal_handler(self, sig: int) -> bool:
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if self._is_refused(CHANGED_SIGNALS):
            return False
        self._signals.forget(sig)
        return super().remove_signal_handler(sig)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As for any loop; a plugin's calls share threads of the plugin's own, and fill nobody else's."""
        call = PLUGIN_CALL.get()
        if executor is None and call is not None:
            name = call.record.id
            executor = self._executors.get(name)
            if executor is None:
                executor = self._executors[name] = ThreadPoolExecutor(thread_name_prefix=f"nagorik-plugin-{name}")
        return super().run_in_executor(executor, func, *args)

    def set_default_executor(self, executor: ThreadPoolExecutor) -> None:  # type: ignore[override]
        """As for any loop; nothing is done for a plugin, whose fault it is."""
        if not self._is_refused(CHANGED_EXECUTOR):
            super().set_default_executor(executor)

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As for any loop, with the plugins' threads; nothing is done for a plugin, whose fault it is."""
        if self._is_refused(CHANGED_EXECUTOR):
            return
        left = list(self._executors.values())
        await asyncio.gather(*(asyncio.to_thread(executor.shutdown, cancel_futures=True) for executor in left))
        await super().shutdown_default_executor(*args)

    # Whatever runs on a loop was given to it by one of these.

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As for any loop; what a plugin's code calls is a step of its call."""
        return super().call_soon(self._step(callback, context), *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As ``call_soon``, also from a plugin's own thread, of which no context says whose it is."""
        step = self._step(callback, context)
        if step is callback and self._calls:
            stray = self.stray_in(sys._getframe(1))
            step = callback if stray is None else _StrayStep(self, stray, callback)
        return super().call_soon_threadsafe(step, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As ``call_soon``."""
        return super().call_at(when, self._step(callback, context), *args, context=context)

    # Transports use these two alone, and so do ``add_reader`` and ``add_writer``.

    def _add_reader(self, fd: int | SupportsFileno, callback: Callable[[*Ts], Any], *args: *Ts) -> Any:
        return super()._add_reader(fd, self._step(callback, None), *args)  # type: ignore[misc]

    def _add_writer(self, fd: int | SupportsFileno, callback: Callable[[*Ts], Any], *args: *Ts) -> Any:
        return super()._add_writer(fd, self._step(callback, None), *args)  # type: ignore[misc]

    # Whose code runs that belongs to no call, as far as its files tell

    def note_call(self, call: PluginCall) -> None:
        """A call of a plugin begins; whatever of its code belongs to none is told as what this one left behind."""
        directory = call.record.directory
        if directory is not None:
            if directory not in self._calls:
                self._directories.clear()
            self._calls[directory] = call
        call.longest.excuse = partial(self._excused, call)

    def _excused(self, call: PluginCall, took: float) -> float:
        """Seconds of a step of ``call`` for which another plugin's thread had the interpreter, which is charged."""
        if took <= call.longest_step:
            return 0.0
        began, seconds = self._excuse
        if began != self.account.began:
            seconds = self.account.waited_for_threads(took)
            stray = self._stray_in_threads(call) if seconds else None
            if stray is not None:
                stray.charge(seconds, self.time())
            else:
                seconds = 0.0
            self._excuse = self.account.began, seconds
        return seconds

    def _stray_in_threads(self, call: PluginCall) -> PluginCall | None:
        """What runs in other threads, if it is of a single plugin and not of that of ``call``."""
        own, found = threading.get_ident(), dict[str, PluginCall]()
        for thread, frame in sys._current_frames().items():
            # A thread that waits for work is within the standard library's own.
            if thread != own and frame.f_code.co_filename != threading.__file__:
                stray = self.stray_in(frame)
                if stray is not None:
                    found[stray.record.id] = stray
        return next(iter(found.values())) if len(found) == 1 and call.record.id not in found else None

    def stray_of(self, file: str, operation: str = STRAY) -> PluginCall | None:
        """What the code of a file runs as; ``None`` where it is of no plugin that was called on this loop."""
        directory = self._directories.get(file)
        if directory is None and file not in self._directories:
            if len(self._directories) >= MOST_FILES:
                self._directories.clear()
            path = Path(file)
            directory = next((one for one in tuple(self._calls) if path.is_relative_to(one)), None)
            self._directories[file] = directory
        return None if directory is None else self._calls[directory].stray(operation)

    def stray_in(self, frame: FrameType | None) -> PluginCall | None:
        """What the innermost code of a plugin runs as that is on a stack; from any thread."""
        while frame is not None:
            stray = self.stray_of(frame.f_code.co_filename)
            if stray is not None:
                return stray
            frame = frame.f_back
        return None

    def stray_that_raised(self, error: BaseException) -> PluginCall | None:
        """What the innermost code of a plugin runs as that an exception has passed."""
        for frame in reversed(list(frames_of(error))):
            stray = self.stray_of(frame.file)
            if stray is not None:
                return stray
        return None

    def keep_signals(self, call: PluginCall) -> None:
        """See that the host's signals reach it as before a step of ``call``."""
        if self._signals.put_back_delivery():
            call.note(CHANGED_SIGNALS)

    def watch_main(self, task: GuardedTask[Any]) -> None:
        """Know from whose step on ``task``, which all else hangs on, is cancelled by force."""
        self._main = task

    def note_cancelled_main(self, call: PluginCall) -> None:
        """Tell whose step it was that has cancelled the host's own task, which nothing can undo."""
        if self._main is not None and self._main.is_cancelled_by_force:
            self._main = None
            # Nobody is left who would take the call's own fault in.
            call.stray(call.operation).note(CANCELLED_OTHERS)

    def check_signals(self, call: PluginCall) -> None:
        """Handle the host's signals as it does, where a plugin has changed that; ``call`` is about to end."""
        for file in self._signals.put_back_kept():
            stray = self.stray_of(file)
            (call if stray is None or stray.record is call.record else stray).note(CHANGED_SIGNALS)

    def check_all_signals(self) -> None:
        """Let no plugin's code handle signals of the process: it would be run, and raise, within anybody's."""
        now = time.monotonic()
        if now < self._signals_at or not self._calls or threading.current_thread() is not threading.main_thread():
            return
        self._signals_at = now + SIGNALS_AGAIN
        for file in self._signals.put_back(lambda file: self.stray_of(file) is not None):
            stray = self.stray_of(file)
            if stray is not None:
                stray.note(CHANGED_SIGNALS)

    def _is_refused(self, fault: str) -> bool:
        """Whether what is asked of the loop is asked by a plugin, whose ``fault`` it is."""
        return self.refuses(fault, sys._getframe(2))

    def refuses(self, fault: str, frame: FrameType | None) -> bool:
        """Whether a plugin asks, whose ``fault`` it is then; ``frame`` is where, in any thread."""
        call = PLUGIN_CALL.get()
        if call is None and self._calls:
            call = self.stray_in(frame)
        if call is None:
            return False
        call.note(fault)
        return True

    def _heed_generators(self) -> None:
        began, left = sys.get_asyncgen_hooks()

        def clear_away(generator: AsyncGenerator[Any, Any]) -> None:
            # Nobody says in whose step the last reference to it was dropped.
            context = copy_context()
            file = generator.ag_code.co_filename if isinstance(generator, AsyncGeneratorType) else ""
            context.run(PLUGIN_CALL.set, self.stray_of(file, GENERATOR))
            if left is not None:
                context.run(left, generator)

        sys.set_asyncgen_hooks(began, clear_away)

    def _step(self, callback: Any, context: Context | None) -> Any:
        call = PLUGIN_CALL.get() if context is None else context.get(PLUGIN_CALL)
        if call is not None:
            return _Step(self, call, callback)
        if not self._calls:
            return callback
        file = file_of(callback)
        if file is not None:
            stray = self.stray_of(file)
        else:
            # A task's own steps say whose they are by their context; what a future wakes is not of whoever ends it.
            whose = self.account.whose if _is_plain_builtin(callback) else None
            stray = whose.stray() if isinstance(whose, PluginCall) else None
        return callback if stray is None else _StrayStep(self, stray, callback)


def _is_plain_builtin(callback: Any) -> bool:
    while type(callback) is partial:
        callback = callback.func
    return type(callback) is BuiltinFunctionType and not isinstance(callback.__self__, asyncio.Future)


def _guarded_task(
    loop: asyncio.AbstractEventLoop, coroutine: Any, *, context: Context | None = None, **options: Any
) -> GuardedTask[Any]:
    call = context.get(PLUGIN_CALL) if context is not None else PLUGIN_CALL.get()
    code = getattr(coroutine, "cr_code", None)
    if call is None and code is not None and isinstance(loop, GuardedEventLoop):
        call = loop.stray_of(code.co_filename)
        if call is not None:
            context = copy_context() if context is None else context.copy()
            context.run(PLUGIN_CALL.set, call)
    if call is not None and asyncio.iscoroutine(coroutine):
        coroutine = _ExitsContained(coroutine, call)
    task: GuardedTask[Any] = GuardedTask(coroutine, loop=loop, context=context, **options)
    task.call = call
    return task


def call_on_step(loop: asyncio.AbstractEventLoop) -> PluginCall | None:
    """The call whose code ``loop`` runs at this moment; from any thread."""
    whose = loop.account.whose if isinstance(loop, GuardedEventLoop) else None
    return whose if isinstance(whose, PluginCall) else None


def responsible_for(loop: asyncio.AbstractEventLoop, frame: FrameType | None) -> PluginCall | None:
    """The call whose code ``loop`` runs, or else whose plugin's code is on its thread's stack; from any thread."""
    call = call_on_step(loop)
    return loop.stray_in(frame) if call is None and isinstance(loop, GuardedEventLoop) else call


def run_as(call: PluginCall, code: Callable[[], T]) -> T:
    """What a plugin's code gives that needs no task, run at once as all there is to ``call``."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # an import's own thread
        loop = None
    context = copy_context()
    context.run(PLUGIN_CALL.set, call)
    try:
        if not isinstance(loop, GuardedEventLoop):
            return context.run(code)
        loop.note_call(call)
        interpreter = _interpreter()
        before = loop.account.switch(call)
        try:
            return context.run(code)
        finally:
            loop.account.switch(before)
            _keeps_interpreter(call, interpreter)
            loop.keep_signals(call)
            loop.note_cancelled_main(call)
    finally:
        call.end()


def held_by_others(call: PluginCall) -> Callable[[], float]:
    """Tells for how many seconds the running loop was held up so far, by whatever is not this call's code.

    Of a short step that runs at this moment nothing is told before it has ended, and of a loop that is not guarded
    nothing at all.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, GuardedEventLoop):
        return lambda: 0.0
    account = loop.account
    return lambda: max(account.held, account.stood()) - call.held


def run_guarded(
    main: Callable[[], Coroutine[Any, Any, T]], *, give_up: Callable[[T | None], object] | None = None
) -> T:
    """Run ``main`` to its end on a loop of its own, which is run again when something stops it.

    Args:
        main: What is run; from its beginning again where it was cancelled by no way that there is.
        give_up: Ends the process, from another thread, where the loop is not closed within ``CLOSING`` seconds after
            ``main`` has ended; it is given what ``main`` returned, if it did. A plugin's thread that hangs would be
            waited for without end.

    Raises:
        CancelledError: ``main`` was cancelled; or the loop was stopped too often, or ``main`` cancelled by force, and
            it is cancelled for that.
        SystemExit, KeyboardInterrupt: ``main`` raised it.
    """
    loop = GuardedEventLoop()
    runner = asyncio.Runner(loop_factory=lambda: loop)
    result: T | None = None
    try:
        runner.get_loop()
        result = ended = _run_on(loop, main)
    finally:
        waiting = None if give_up is None else threading.Timer(CLOSING, give_up, (result,))
        if waiting is not None:
            waiting.daemon = True
            waiting.start()
        runner.close()
        if waiting is not None:
            waiting.cancel()
    return ended


def _run_on(loop: GuardedEventLoop, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    task = _begun_on(loop, main)
    restarts = 0
    while True:
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            if task.expected or restarts >= MOST_RESTARTS:
                raise
            # Nobody asked for it by the way that there is: somebody's code did it by another, to this or what it
            # waits for. What was under way has come to an end as for any cancellation.
            task = _begun_on(loop, main, again=True)
        except (RuntimeError, SystemExit, KeyboardInterrupt) as stop:
            if task.done():
                raise
            stray = loop.stray_that_raised(stop)
            if stray is not None:
                stray.note("raised", stop)
                continue
            _tell_stop(stop)
        restarts += 1
        if restarts > MOST_RESTARTS:
            raise asyncio.CancelledError


def _begun_on(
    loop: GuardedEventLoop, main: Callable[[], Coroutine[Any, Any, T]], *, again: bool = False
) -> GuardedTask[T]:
    if again:
        log.error("main_begun_again")
    task = _guarded_task(loop, main())
    loop.watch_main(task)
    return task


def _tell_stop(stop: BaseException) -> None:
    frames = list(frames_of(stop))
    # Of a loop that was stopped from outside of all tasks, the frames are asyncio's own and say nothing.
    where = None if isinstance(stop, RuntimeError) or not frames else f"{frames[-1].place}:{frames[-1].function}"
    log.error("event_loop_stopped", exception=type_name(stop), where=where)
